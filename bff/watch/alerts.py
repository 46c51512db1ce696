"""Which alerts are to be sent: a pure rule over what was assessed and what was sent before.

An alert is about one thing (the budget of an entity, the wallet of a team, a key, a tier) and has a step: the higher, the
worse. Each step is sent once in a window, and only upwards: a higher step replaces the lower one, which a lower step never
does. When what it was about is over, that is said once. What is not known changes nothing: no alert is raised and none is
over because facts are old, incomplete or missing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from typing import Literal

from bff.backstage.entities import Watched
from bff.keeptrusts.facts import Cause, Facts
from bff.status.claims import NOTIFY, Owner
from bff.status.findings import Code, Severity, State
from bff.status.numbers import findings_without_amounts
from bff.status.wire import Finding, GovernanceStatus
from bff.values import BudgetWindow, EntityRef
from bff.wording import listed

MOST_AT_ONCE = 50
"""Alerts in one round; those beyond are summed up in one, for the platform groups."""

EXPIRES_SOON = timedelta(days=3)
"""How long before its end a key has its second alert."""

STORM = "storm"
"""The code of the one alert for all that are beyond `MOST_AT_ONCE`."""

SPEND_TAB = "/ai-spend"
"""The path of the spend tab below an entity's page, as the plugin has it."""

GOVERNANCE_PAGE = "/ai-governance"
"""The path of the plugin's page."""

_LONGEST_TITLE = 255

Subject = Literal["budget", "month", "wallet", "key", "tier", "unusual", "owner", "service", "storm"]
Part = Literal["teams", "keys", "configurations", "wallets", "spend", "days", "month"]
"""Parts of the facts by their names there; `month` stands for all closed days of the running month, each of them whole."""

Paced = frozenset[tuple[EntityRef, str, str]]
"""What would run out: the entity, the code of the forecast, and its window."""

UNUSUAL_FOR = timedelta(days=7)
"""For how long an unusual day is remembered: longer than it is a finding."""

_FORECASTS = frozenset({Code.BUDGET_PACE, Code.MONTH_BUDGET_PACE})
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


# --- what is assessed, and what was sent -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Assessed:
    """One entity with its owner, and its status with all numbers."""

    entity: Watched
    owner: Owner
    status: GovernanceStatus


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent.

    `recipient` is the owner's reference, None for the platform groups. `name` is what the title begins with. `text` is for
    those who see the owner's amounts, `plain` holds none. `link` is a path of the Backstage app. `until` is when the message
    means nothing any more.
    """

    recipient: EntityRef | None
    entity: EntityRef | None
    name: str
    said: str
    text: str
    plain: str
    link: str
    bad: bool = True
    until: datetime | None = None

    @property
    def title(self) -> str:
        """One line, as long as Backstage takes."""
        line = f"{self.name}: {self.said}"
        return "".join(character if character.isprintable() else " " for character in line)[:_LONGEST_TITLE]


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that is the case, of which somebody is to be notified.

    `scope` says what it is about and for whom. `window` is a day, a month, or the id of what it is about: in another window
    a step may be sent again.
    """

    scope: str
    subject: Subject
    code: str
    step: int
    window: str
    message: Message


@dataclass(frozen=True, slots=True)
class Sent:
    """What is stored of the last alert of a scope.

    `step` is 0 once it is over, `peak` is the highest step that was raised in the window, and `reached` the highest that left
    on any channel. `since` is when the last one was raised.
    """

    scope: str
    code: str
    step: int
    peak: int
    window: str
    message: Message
    reached: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Conditions:
    """What is the case, by scope; which scopes are known to be in order; and all scopes that there are."""

    holding: Mapping[str, Condition]
    clear: frozenset[str]
    known: frozenset[str]
    paced: Paced = frozenset()
    """For the next assessment: a forecast counts once two in a row make it."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do: send `raised` and `over`, forget `forgotten`, and mark `summarised` as sent without sending them.

    `summary` is the one message for all that are beyond `MOST_AT_ONCE`.
    """

    raised: tuple[Condition, ...] = ()
    over: tuple[Sent, ...] = ()
    summarised: tuple[Condition, ...] = ()
    over_unsaid: tuple[Sent, ...] = ()
    forgotten: tuple[Sent, ...] = ()
    summary: Condition | None = None


# --- what is the case ------------------------------------------------------------------------------------------------

_STEPS: Mapping[str, tuple[Subject, int]] = {
    Code.BUDGET_PACE: ("budget", 1),
    Code.BUDGET_NEAR: ("budget", 2),
    Code.BUDGET_EXCEEDED: ("budget", 3),
    Code.MONTH_BUDGET_PACE: ("month", 1),
    Code.MONTH_BUDGET_NEAR: ("month", 2),
    Code.MONTH_BUDGET_EXCEEDED: ("month", 3),
    Code.WALLET_LOW: ("wallet", 1),
    Code.WALLET_DEPLETED: ("wallet", 2),
    Code.KEY_EXPIRING: ("key", 1),
    Code.KEY_EXPIRED: ("key", 3),
    Code.KEY_REVOKED: ("key", 3),
    Code.KEY_NOT_FOUND: ("key", 3),
    Code.TIER_DRIFT: ("tier", 1),
    Code.SPEND_UNUSUAL: ("unusual", 1),
    Code.OWNER_MISMATCH: ("owner", 1),
}
"""The subject and the step of each finding that is alerted, by its code."""

NEEDS: Mapping[Subject, frozenset[Part]] = {
    "budget": frozenset({"teams", "keys", "spend"}),
    "month": frozenset({"teams", "keys", "spend", "days"}),
    "unusual": frozenset({"teams", "keys", "spend", "days"}),
    "wallet": frozenset({"teams", "keys", "wallets"}),
    "key": frozenset({"teams", "keys"}),
    "owner": frozenset({"teams", "keys"}),
    "tier": frozenset({"teams", "keys", "configurations"}),
}
"""The facts that must be as Keeptrusts has them now for anything to be said about a subject."""

_SAID: Mapping[str, str] = {
    Code.BUDGET_PACE: "its daily budget will run out before it resets",
    Code.BUDGET_NEAR: "most of its daily budget is spent",
    Code.BUDGET_EXCEEDED: "its daily budget is spent",
    Code.MONTH_BUDGET_PACE: "the month will end above its monthly budget",
    Code.MONTH_BUDGET_NEAR: "most of its monthly budget is spent",
    Code.MONTH_BUDGET_EXCEEDED: "its monthly budget is spent",
    Code.WALLET_LOW: "the wallet is low",
    Code.WALLET_DEPLETED: "the wallet is empty",
    Code.KEY_EXPIRING: "its gateway key expires soon",
    Code.KEY_EXPIRED: "its gateway key has expired",
    Code.KEY_REVOKED: "its gateway key is revoked",
    Code.KEY_NOT_FOUND: "its gateway key does not exist",
    Code.TIER_DRIFT: "another policy tier is enforced than it declares",
    Code.SPEND_UNUSUAL: "its spend is unusual",
    Code.OWNER_MISMATCH: "it has no owner",
}
_OVER: Mapping[str, str] = {
    "budget": "its spend is within the daily budget again",
    "month": "its spend is within the monthly budget again",
    "wallet": "the wallet has money again",
    "key": "its gateway key is in order again",
    "tier": "the declared policy tier is enforced again",
    "owner": "it has an owner again",
    "service": "the token is accepted again",
}
_NOTHING_TO_DO = "What was reported before is over."


def conditions(
    assessed: Iterable[Assessed],
    *,
    current: Collection[Part],
    now: datetime,
    zone: tzinfo,
    muted: Collection[str] = (),
    paced_before: Paced = frozenset(),
) -> Conditions:
    """What of `assessed` is to be alerted.

    `current` names the facts that are as Keeptrusts has them now; `muted` the codes that are never alerted. A forecast counts
    where the assessment before made it too (`paced_before`).
    """
    holding: dict[str, Condition] = {}
    clear: set[str] = set()
    known: set[str] = set()
    unclear: set[str] = set()
    paced: set[tuple[EntityRef, str, str]] = set()
    day = BudgetWindow.containing(now, zone)
    for each in assessed:
        if each.entity.annotations.get(NOTIFY, "").strip().lower() == "off":
            continue
        found = {finding.code.value: finding for finding in each.status.findings}
        paced.update(_forecast(each, code, day) for code in _FORECASTS if code in found)
        scopes = _scopes(each)
        known.update(scopes.values())
        for subject, scope in scopes.items():
            if not NEEDS[subject] <= set(current) or each.status.state is State.UNKNOWN:
                unclear.add(scope)
                continue
            worst = _worst(subject, found, each, muted, paced_before, day)
            if worst is None:
                (clear if _is_known(subject, each.status, current) else unclear).add(scope)
                continue
            condition = _condition(scope, subject, worst, each, day=day, now=now, zone=zone)
            before = holding.get(scope)
            if before is None or condition.step > before.step:
                holding[scope] = condition
    return Conditions(holding, frozenset(clear - unclear - set(holding)), frozenset(known), frozenset(paced))


def service_conditions(facts: Facts | None, *, backstage_denied: str | None) -> Conditions:
    """What is wrong with the service's own tokens, for the platform groups.

    `facts` is None where they could not be had. `backstage_denied` is why Backstage refuses the token, None where it does
    not, and empty where that is not known.
    """
    holding, clear = {}, set()
    keeptrusts, backstage = "service|keeptrusts", "service|backstage"
    if facts is not None:
        denied = [name for name, part in facts.parts().items() if part.cause is Cause.DENIED]
        if denied:
            text = (
                f"Keeptrusts refuses the token of this service for {listed(denied)}: cards show less, and alerts stop."
            )
            holding[keeptrusts] = _of_service(keeptrusts, Code.UPSTREAM_DENIED, "KEEPTRUSTS_API_TOKEN", text)
        else:
            clear.add(keeptrusts)
    if backstage_denied:
        text = "Backstage refuses the token of this service for its catalog: amounts are withheld, and alerts stop."
        holding[backstage] = _of_service(backstage, Code.CATALOG_DENIED, "BACKSTAGE_TOKEN", text)
    elif backstage_denied is None:
        clear.add(backstage)
    return Conditions(holding, frozenset(clear), frozenset({keeptrusts, backstage}))


def _of_service(scope: str, code: Code, setting: str, text: str) -> Condition:
    message = Message(None, None, setting, "the token is refused", text, text, GOVERNANCE_PAGE)
    return Condition(scope, "service", code.value, 1, setting, message)


def _scopes(each: Assessed) -> dict[Subject, str]:
    """The scope of each subject that an entity has, by subject."""
    ref, owner = each.entity.ref, each.owner.ref
    scopes: dict[Subject, str] = {
        subject: f"{subject}|{ref}" for subject in ("budget", "month", "unusual", "tier", "owner")
    }
    key = each.status.gateway_key
    if key is not None:
        # Entities of one owner that share a key or a wallet have one alert of it.
        scopes["key"] = f"key|{each.status.team.id if each.status.team else ''}|{key.declared}|{owner}"
    if each.status.team is not None:
        scopes["wallet"] = f"wallet|{each.status.team.id}|{owner}"
    return scopes


def _worst(
    subject: Subject,
    found: Mapping[str, Finding],
    each: Assessed,
    muted: Collection[str],
    paced_before: Paced,
    day: BudgetWindow,
) -> Finding | None:
    """The finding of `subject` with the highest step, of those that are alerted."""
    candidates = []
    for code, finding in found.items():
        of, step = _STEPS.get(code, (None, 0))
        if of != subject or code in muted:
            continue
        if code in _FORECASTS and _forecast(each, code, day) not in paced_before:
            continue
        if code == Code.OWNER_MISMATCH and each.owner.ref is not None:
            # Whose it is stands on the card. Here it is about entities without any owner.
            continue
        candidates.append((step, finding))
    return max(candidates, key=lambda pair: pair[0])[1] if candidates else None


def _forecast(each: Assessed, code: str, day: BudgetWindow) -> tuple[EntityRef, str, str]:
    return each.entity.ref, code, _window(_STEPS[code][0], day)


def _window(subject: Subject, day: BudgetWindow) -> str:
    return day.day.isoformat()[:7] if subject == "month" else day.day.isoformat()


def _is_known(subject: Subject, status: GovernanceStatus, current: Collection[Part]) -> bool:
    """Whether the absence of a finding means that the subject is in order."""
    match subject:
        case "budget":
            return status.budget is not None and status.budget.complete
        case "month":
            return status.budget is not None and status.budget.complete and "month" in current
        case "wallet":
            return status.wallet is not None
        case "key":
            return status.gateway_key is not None and status.gateway_key.state in {"active", "expiring"}
        case "tier":
            return status.policy_tier is not None and status.policy_tier.enforced is not None
    return True


def _condition(
    scope: str, subject: Subject, finding: Finding, each: Assessed, *, day: BudgetWindow, now: datetime, zone: tzinfo
) -> Condition:
    status, code = each.status, finding.code.value
    step, name = _STEPS[code][1], each.entity.ref.name
    window, until = _window(subject, day), None
    if subject == "budget":
        until = day.end
    elif subject == "unusual":
        # The day that was unusual: it stays a finding for some days, and is one alert.
        window, until = (finding.params or {}).get("date") or _date_in(finding.message) or window, day.end + UNUSUAL_FOR
    elif subject == "month":
        until = _month_end(day, zone)
    elif subject == "wallet" and status.team is not None:
        window, name = status.team.id, status.team.name
    elif subject == "key" and (key := status.gateway_key) is not None:
        window = f"{key.id or key.declared}"
        if code == Code.KEY_EXPIRING.value and key.expires_at is not None and key.expires_at - now <= EXPIRES_SOON:
            step = 2
    elif subject == "tier" and status.policy_tier is not None:
        window = f"{status.policy_tier.declared} {status.policy_tier.enforced}"
    plain = findings_without_amounts((finding,))[0].message
    message = Message(
        recipient=each.owner.ref,
        entity=each.entity.ref,
        name=name,
        said=_SAID[code],
        # Members of a group that may claim no team see no amounts, whatever it owns.
        text=finding.message if each.owner.may_claim_team else plain,
        plain=plain,
        link=link_to(each.entity.ref),
        until=until,
    )
    return Condition(scope, subject, code, step, window, message)


def _date_in(text: str) -> str | None:
    found = _DAY.match(text)
    return found[0] if found is not None else None


def _month_end(day: BudgetWindow, zone: tzinfo) -> datetime:
    first = day.day.replace(day=1)
    return BudgetWindow.of((first + timedelta(days=32)).replace(day=1), zone).start


def link_to(ref: EntityRef) -> str:
    """The path of an entity's spend tab in the Backstage app."""
    return f"/catalog/{ref.namespace}/{ref.kind}/{ref.name}{SPEND_TAB}"


# --- what to send ----------------------------------------------------------------------------------------------------


def decide(
    found: Conditions, sent: Mapping[str, Sent], *, now: datetime, zone: tzinfo, whole: bool, most: int = MOST_AT_ONCE
) -> Decision:
    """What to send, given what was `sent` before.

    `whole` says that `found` is about every entity that there is: what was sent about others is then forgotten.
    """
    today = _day(now, zone)
    raised = [
        condition
        for scope, condition in found.holding.items()
        if _is_news(condition, sent.get(scope), today=today, zone=zone)
    ]
    over: list[Sent] = []
    forgotten: list[Sent] = []
    for row in sent.values():
        if row.scope in found.holding:
            continue
        if _has_passed(row, now) or _is_gone(row, found, whole=whole):
            forgotten.append(row)
        elif row.scope not in found.clear:
            continue
        elif row.step and row.reached and _ends(row):
            over.append(row)
        elif row.step and not row.reached:
            # It is over before it reached any person.
            forgotten.append(row)
        elif not row.step and row.message.until is None and _day(row.since, zone) < today:
            forgotten.append(row)
    raised.sort(key=_worth)
    room = max(most - len(raised), 0)
    beyond, over_unsaid = raised[most:], over[room:]
    summary = _summary(beyond, over_unsaid, now) if beyond or over_unsaid else None
    return Decision(
        tuple(raised[:most]), tuple(over[:room]), tuple(beyond), tuple(over_unsaid), tuple(forgotten), summary
    )


def over_message(row: Sent) -> Message:
    """What is said of an alert that is over."""
    said = _OVER[_subject(row)]
    return replace(row.message, said=said, text=_NOTHING_TO_DO, plain=_NOTHING_TO_DO, bad=False)


def _is_news(condition: Condition, row: Sent | None, *, today: date, zone: tzinfo) -> bool:
    if row is None or row.window != condition.window or condition.step > row.peak:
        return True
    # What was over and is back: on the same day that is no news, and in a window that ends it was sent already.
    return row.step == 0 and condition.message.until is None and _day(row.since, zone) != today


def _has_passed(row: Sent, now: datetime) -> bool:
    return row.message.until is not None and row.message.until <= now


def _is_gone(row: Sent, found: Conditions, *, whole: bool) -> bool:
    return whole and row.scope not in found.known and _subject(row) not in {"service", "storm"}


def _ends(row: Sent) -> bool:
    # A forecast was no more than that, and an unusual day stays what it was: neither has an end to wait for.
    return _subject(row) in _OVER and row.code not in _FORECASTS


def _subject(row: Sent) -> str:
    return row.scope.partition("|")[0]


def _day(moment: datetime, zone: tzinfo) -> date:
    return BudgetWindow.containing(moment, zone).day


def _worth(condition: Condition) -> tuple[bool, int, str]:
    """Service first, then what stops requests, then the rest, each by scope."""
    error = condition.code in _ERRORS
    return (condition.subject != "service", 0 if error else 1, condition.scope)


_ERRORS = frozenset(code.value for code in Code if code.severity is Severity.ERROR)


def _summary(beyond: Collection[Condition], over: Collection[Sent], now: datetime) -> Condition:
    counts = Counter(condition.code for condition in beyond)
    parts = [f"{code} {number:,}" for code, number in counts.most_common()]
    if over:
        parts.append(f"over {len(over):,}")
    number = len(beyond) + len(over)
    said = f"{number:,} more alerts at once"
    text = f"They were not sent one by one: {', '.join(parts)}."
    # A minute in the name, so that two storms are two messages.
    moment = now.isoformat(timespec="minutes")
    message = Message(None, None, "AI governance", said, text, text, GOVERNANCE_PAGE, until=now + timedelta(days=1))
    return Condition(f"storm|{moment}", "storm", STORM, 1, moment, message)


def joined(first: Conditions, second: Conditions) -> Conditions:
    """Both, which are about different scopes."""
    return Conditions(
        {**first.holding, **second.holding},
        first.clear | second.clear,
        first.known | second.known,
        first.paced | second.paced,
    )


def current_parts(facts: Facts, *, stale: bool, now: datetime, zone: tzinfo) -> frozenset[Part]:
    """The facts that are as Keeptrusts has them now: read without a fault, in a snapshot that is not stale."""
    if stale:
        return frozenset()
    names: tuple[Part, ...] = ("teams", "keys", "configurations", "wallets", "spend", "days")
    readings = facts.parts()
    found = {name for name in names if readings[name].cause is None and readings[name].value is not None}
    days, month = facts.days.value, _day(now, zone).replace(day=1)
    if days is not None and days.first <= month:
        incomplete = (*days.incomplete, *(day for each in days.incomplete_by_key.values() for day in each))
        if all(day < month for day in incomplete):
            found.add("month")
    return frozenset(found)
