"""The short way: the status of one entity from memory, answered before the request has become a task.

It asks those who decide, and does not wait: who the caller is, whether they may see the entity, whose amounts they see,
which group owns it, and what the facts are now. Where one of them does not know, the request goes the long way, through
`Envelope` and the routes, which answers the same. Nothing is decided here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import inf

from bff.backstage.caller import Caller
from bff.backstage.catalog import BackstageCatalog
from bff.status.answers import Answer
from bff.status.numbers import EVERYTHING, NOTHING
from bff.status.organisation_cache import Moment
from bff.telemetry.logs import AccessLog
from bff.telemetry.traces import Traces, trace_named_by
from bff.values import EntityRef, EntityRefError
from bff.web.answers import CACHE_CONTROL, CONTENT_TYPE, VARY, insists, matches
from bff.web.envelope import NOSNIFF, REQUEST_ID, TRACEPARENT, request_id_of
from bff.web.governance import entity_status
from bff.web.routes import Service, cache_status

Short = Callable[[bytes, dict[bytes, bytes], bytes, Callable[[bytes], object], bytes], bool]
"""What `Hits.answer` is: it answers a request at the end of its head, or returns False."""

_ROUTE = entity_status.path
# No escape and no query: what is written otherwise goes the long way.
_PATH = re.compile(
    re.sub(r"\\\{\w+\\\}", "([A-Za-z0-9._-]+)", re.escape(_ROUTE)).encode(),
)


def _lines(*headers: tuple[bytes, bytes]) -> bytes:
    return b"".join(b"%b: %b\r\n" % header for header in headers)


# In the order in which the long way sends them.
_OK = b"HTTP/1.1 200 OK\r\n"
_NOT_MODIFIED = b"HTTP/1.1 304 Not Modified\r\n"
_TYPE = _lines(CONTENT_TYPE) + b"content-length: "
_TAG = _lines(CACHE_CONTROL, VARY) + b"etag: "
_END = b"\r\n" + _lines(NOSNIFF)


class Hits:
    """Answers `GET` requests for the status of an entity from memory. Needs callers that are verified, and a catalog that knows them."""

    def __init__(
        self,
        service: Service,
        catalog: BackstageCatalog,
        *,
        access: AccessLog,
        traces: Traces,
        monotonic: Callable[[], float],
    ) -> None:
        self._service = service
        self._records = service.reads is not None
        self._numbers = service.numbers
        self._answers = service.answers
        self._refs = service.refs
        self._traced = traces.on
        self._monotonic = monotonic
        # What is asked with each hit, found once.
        self._known_caller = service.identity.known
        self._known_entity = catalog.known_entity
        self._known_group = catalog.known_group
        self._known_memberships = catalog.known_memberships
        self._kept_ref = service.refs.get
        self._current_moment = service.cache.moment
        self._known_answer = service.answers.known
        self._count_answer = service.metrics.answered
        self._count_request = service.metrics.request
        self._log_request = access.request
        self._moment: Moment | None = None
        self._moment_lines = b""

    def answer(
        self, target: bytes, fields: dict[bytes, bytes], lines: bytes, write: Callable[[bytes], object], end: bytes
    ) -> bool:
        """Answer a `GET` request of HTTP/1.1 without a body and return True, or do nothing and return False.

        `target` is as it was sent. `fields` are the headers by name in lower case, none of which came twice. `lines` are
        the server's own header lines, `end` what the head ends with: an empty line, after `connection: close` where that
        is due. `write` is called once, with all of the answer.
        """
        started = self._monotonic()
        if b"cache-control" in fields and insists(fields.items()):
            return False
        trace_id = None
        if (traceparent := fields.get(TRACEPARENT)) is not None and (trace_id := trace_named_by(traceparent)) is None:
            return False
        if (known := self._known(target, fields.get(b"authorization"), started)) is None:
            return False
        answer, moment, shown = known
        if moment is not self._moment:
            self._moment, self._moment_lines = moment, _lines_of(moment)
        request_id = request_id_of(fields.get(REQUEST_ID))
        if shown is not None:
            caller, ref = shown
            # Before the answer, as on the long way: what cannot be recorded in its file is in the log then.
            self._service.record_read("status", caller, request_id.decode(), entity=str(ref))
        tail = (_TAG, answer.etag, self._moment_lines, request_id, _END, end)
        if b"if-none-match" in fields and matches(fields.items(), answer.etag):
            status = 304
            write(b"".join((_NOT_MODIFIED, lines, *tail)))
        else:
            status = 200
            write(b"".join((_OK, lines, _TYPE, b"%d\r\n" % len(answer.body), *tail, answer.body)))

        seconds = self._monotonic() - started
        self._count_answer(moment.served)
        self._count_request(_ROUTE, "GET", status, seconds)
        self._log_request("GET", _ROUTE, status, seconds, request_id, trace_id)
        return True

    def _known(
        self, target: bytes, authorization: bytes | None, now: float
    ) -> tuple[Answer, Moment, tuple[Caller, EntityRef] | None] | None:
        """The answer for this caller at `now`, and the moment that it is true for; None where anything takes more than memory.

        The last item is who is shown amounts of what, where that is to be recorded.
        """
        kept = self._kept_ref(target)
        ref = kept.value if kept is not None else _ref_of(target)
        if ref is None or authorization is None or self._traced:
            return None
        caller = self._known_caller(authorization)
        if caller is None or (entity := self._known_entity(caller, ref, now)) is None:
            return None
        group, numbers = None, self._sees_numbers(caller, entity.owner, now)
        if entity.owner is not None:
            if (read := self._known_group(entity.owner, now)) is None:
                return None
            group = read.group
        if numbers is None or (moment := self._current_moment()) is None:
            return None
        if ref is not entity.ref:
            # From now on the same object as in every table.
            self._refs.put(target, entity.ref, until=inf)
        if (answer := self._known_answer(entity, group, moment.snapshot, numbers=numbers)) is None:
            viewer = EVERYTHING if numbers else NOTHING
            answer = self._answers.of_group(entity, group, moment.snapshot, viewer)
        return answer, moment, (caller, entity.ref) if self._records and numbers else None

    def _sees_numbers(self, caller: Caller, owner: EntityRef | None, now: float) -> bool | None:
        """Whether the amounts of what `owner` owns are for `caller`; None where that takes more than memory."""
        permitted = self._numbers.known_permission(caller)
        if not permitted or self._numbers.every_viewer:
            return permitted
        acts_for = self._known_memberships(caller, now)
        return None if acts_for is None else self._numbers.owns(acts_for, owner)


def _ref_of(target: bytes) -> EntityRef | None:
    found = _PATH.fullmatch(target)
    if found is None:
        return None
    try:
        return EntityRef(*(part.decode() for part in found.groups()))
    except EntityRefError:
        return None


def _lines_of(moment: Moment) -> bytes:
    status = cache_status(moment.served, moment.ttl)
    return b"\r\nage: %d\r\ncache-status: %b\r\n%b: " % (moment.age, status, REQUEST_ID)
