"""What was sent, in the database: written before a message leaves, with its outcome after, by the process that watches."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime, TypeAdapter
from pydantic.dataclasses import dataclass as pydantic_dataclass
from sqlalchemy import and_, case, delete, select, update

from bff.store.database import Database
from bff.store.lease import Held
from bff.store.tables import alerts
from bff.telemetry.metrics import ALERT_CHANNELS as CHANNELS
from bff.values import EntityRef
from bff.watch.alerts import Condition, Decision, Message, Sent, over_message

_IN_A_TRANSACTION = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Delivery(StrEnum):
    """How far a message has come on one channel."""

    DUE = "due"
    SENDING = "sending"
    """It was on its way when this was written; whether it arrived is not known until the outcome stands here."""
    SENT = "sent"
    REFUSED = "refused"
    """The other side does not take it, and would not take it later."""
    SUMMARISED = "summarised"
    """It is part of a summary, and not sent by itself."""


_LEFT = frozenset({Delivery.SENDING, Delivery.SENT})
_TO_SEND = frozenset({Delivery.DUE, Delivery.SENDING})


@dataclass(frozen=True, slots=True)
class Stored:
    """One row: what was raised, its message's id, and how far it has come on each channel that is on."""

    sent: Sent
    message_id: str
    deliveries: Mapping[str, Delivery]

    def to_send(self, channel: str) -> bool:
        """Whether the message is still to be sent on `channel`."""
        return self.deliveries.get(channel) in _TO_SEND


@pydantic_dataclass(frozen=True)
class _Written:
    recipient: str | None
    entity: str | None
    name: str
    said: str
    text: str
    plain: str
    link: str
    bad: bool
    until: AwareDatetime | None


_WRITTEN = TypeAdapter(_Written)


class AlertStore:
    """The alerts of one organisation, sent on `channels`. Methods raise `StoreError`; those that write, `LeaseLostError` too.

    `new_id` makes the id of a message.
    """

    def __init__(
        self,
        database: Database,
        organisation: str,
        *,
        channels: Iterable[str],
        new_id: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        self._database = database
        self._organisation = organisation
        self._channels = tuple(channel for channel in CHANNELS if channel in set(channels))
        self._new_id = new_id

    async def load(self) -> dict[str, Stored]:
        """Every row, by its scope."""
        query = select(alerts).where(alerts.c.organisation == self._organisation)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        # In a thread: after a storm there are thousands.
        return await asyncio.to_thread(lambda: {row.scope: _stored(row) for row in rows})

    async def write(self, decision: Decision, held: Held, *, now: datetime) -> None:
        """Write what is to be sent, and then what is summed up or forgotten, in transactions of a bounded size."""
        rows = [self._raised(each, now, Delivery.DUE) for each in decision.raised]
        rows += [self._over(each, now, Delivery.DUE) for each in decision.over]
        if decision.summary is not None:
            rows.append(self._raised(decision.summary, now, Delivery.DUE))
        rows += [self._raised(each, now, Delivery.SUMMARISED) for each in decision.summarised]
        rows += [self._over(each, now, Delivery.SUMMARISED) for each in decision.over_unsaid]
        forgotten = list(decision.forgotten)
        while rows or forgotten:
            await self._write(rows[:_IN_A_TRANSACTION], forgotten[:_IN_A_TRANSACTION], held)
            del rows[:_IN_A_TRANSACTION], forgotten[:_IN_A_TRANSACTION]

    async def _write(self, rows: Sequence[Mapping[str, Any]], forgotten: Sequence[Sent], held: Held) -> None:
        mine = alerts.c.organisation == self._organisation
        async with self._database.write(held) as connection:
            for row in forgotten:
                await connection.execute(delete(alerts).where(and_(mine, alerts.c.scope == row.scope)))
            for values in rows:
                statement = self._database.upsert(alerts).values(organisation=self._organisation, **values)
                # What left in this window stays known when a higher step replaces it.
                reached = case((alerts.c.window == statement.excluded.window, alerts.c.reached), else_=0)
                await connection.execute(
                    statement.on_conflict_do_update(
                        index_elements=["organisation", "scope"], set_={**values, "reached": reached}
                    )
                )

    async def mark(self, channel: str, marks: Iterable[tuple[Stored, Delivery]], held: Held) -> None:
        """Write how far messages have come; nothing for one that a newer one has replaced."""
        async with self._database.write(held) as connection:
            for row, delivery in marks:
                values: dict[str, object] = {channel: delivery.value}
                if delivery in _LEFT:
                    values["reached"] = max(row.sent.reached, row.sent.step)
                mine = and_(
                    alerts.c.organisation == self._organisation,
                    alerts.c.scope == row.sent.scope,
                    alerts.c.message_id == row.message_id,
                )
                await connection.execute(update(alerts).where(mine).values(values))

    def _raised(self, condition: Condition, now: datetime, delivery: Delivery) -> dict[str, Any]:
        return self._row(
            condition.scope,
            condition.message,
            delivery,
            now,
            code=condition.code,
            step=condition.step,
            peak=condition.step,
            window=condition.window,
        )

    def _over(self, row: Sent, now: datetime, delivery: Delivery) -> dict[str, Any]:
        return self._row(
            row.scope, over_message(row), delivery, now, code=row.code, step=0, peak=row.reached, window=row.window
        )

    def _row(self, scope: str, message: Message, delivery: Delivery, now: datetime, **values: Any) -> dict[str, Any]:
        return {
            "scope": scope,
            "until": None if message.until is None else (message.until - _EPOCH) // _MICROSECOND,
            "message_id": self._new_id(),
            "message": _WRITTEN.dump_json(_written(message)).decode(),
            "made_at": (now - _EPOCH) // _MICROSECOND,
            **{channel: delivery.value if channel in self._channels else "" for channel in CHANNELS},
            **values,
        }


def _stored(row: Any) -> Stored:
    deliveries = {channel: Delivery(getattr(row, channel)) for channel in CHANNELS if getattr(row, channel)}
    sent = Sent(
        row.scope,
        row.code,
        row.step,
        row.peak,
        row.window,
        _message(_WRITTEN.validate_json(row.message)),
        reached=row.reached,
        since=_EPOCH + row.made_at * _MICROSECOND,
    )
    return Stored(sent, row.message_id, deliveries)


def _written(message: Message) -> _Written:
    return _Written(
        None if message.recipient is None else str(message.recipient),
        None if message.entity is None else str(message.entity),
        message.name,
        message.said,
        message.text,
        message.plain,
        message.link,
        message.bad,
        message.until,
    )


def _message(written: _Written) -> Message:
    return Message(
        None if written.recipient is None else EntityRef.parse(written.recipient),
        None if written.entity is None else EntityRef.parse(written.entity),
        written.name,
        written.said,
        written.text,
        written.plain,
        written.link,
        written.bad,
        written.until,
    )
