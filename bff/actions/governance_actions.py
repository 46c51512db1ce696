"""The actions: what the card, the spend tab and the platform's health say, for agents, templates and terminals.

They answer from the same services as the HTTP API, so that their numbers are those of the page.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Annotated

import orjson
from pydantic import Field

from bff.actions.action import Asked, Input, action
from bff.actions.budget_check import BudgetCheck, check_budget, not_found, unknown
from bff.backstage.entities import Entity
from bff.status.answers import owners_of
from bff.status.findings import State
from bff.status.organisation_cache import FactsUnavailableError
from bff.status.wire import Coverage, Finding, GovernanceStatus, PlatformStatus, SpendReport, WireModel
from bff.values import EntityRef
from bff.web.problems import ProblemError, ProblemType
from bff.web.routes import NOT_OF_PLATFORM

_MOST_LISTED = 200
_LISTED = 50

EntityName = Annotated[
    str,
    Field(
        max_length=200,
        pattern=r"^([a-zA-Z][a-zA-Z0-9]*:)?([a-zA-Z0-9-]+/)?[a-zA-Z0-9][-_.a-zA-Z0-9]*$",
        description="The entity as Backstage refers to it, `kind:namespace/name`, or the name alone of a component in the namespace "
        "`default`",
        examples=["component:default/customer-support-bot"],
    ),
]


class OfEntity(Input):
    """One entity of the catalog."""

    entity_ref: EntityName


@action(
    "get-ai-governance-status",
    "AI governance status",
    """Tells how the AI access of one catalog entity is: whether it is in order (ok, warning, error, unconfigured, unknown), what
    is wrong and what to do about it, its gateway key, its policy tier as declared and as enforced, today's spend against its daily
    budget, its team's wallet, and today's requests. Use it to explain or debug one service: "why are my requests blocked?", "which
    key does this service use?", "is its tier enforced?". Do not use it to decide whether to start something that costs money: use
    check-ai-budget, which answers yes or no. For spend over several days use get-ai-spend. Amounts are exact decimals as text with a
    currency; sections are null where the amounts are not for the person who asks, and a finding says so.""",
    takes=OfEntity,
    gives=GovernanceStatus,
)
async def governance_status(asked: Asked, given: OfEntity) -> bytes:
    """Answer with the body of the card."""
    entity, viewer = await asked.entity(given.entity_ref), await asked.viewer()
    answer = await asked.service.answers.of(entity, await asked.snapshot(), viewer)
    if viewer.sees_numbers(entity.owner):
        asked.call.record_read("status", entity=str(entity.ref))
    return answer.body


class Cost(OfEntity):
    """An entity, and what is about to be spent in its name."""

    cost: str | None = Field(
        default=None,
        pattern=r"^[0-9]{1,12}(\.[0-9]{1,12})?$",
        description="What you are about to spend, in US dollars, as a decimal; leave it out where you cannot estimate it",
        examples=["12.50"],
    )


@action(
    "check-ai-budget",
    "May it still spend on AI?",
    """Answers yes or no: may this catalog entity still spend on AI models today? Says why, how much is left, of what (its daily budget
    or its team's wallet), when the budget begins again, and what to do where the answer is no. Use it before a batch run, an
    evaluation, a re-indexing or anything else that will make many model calls, with `cost` where you can estimate it, and in a
    pipeline or template before a deploy. `allowed` is false also where the facts cannot be had (`reason` is then `unknown`), where the
    entity names no gateway key (`annotation-missing`), and where there is no such entity for the person who asks (`not-found`). It
    reserves nothing, and settles nothing: ask again before the next run. Do not use it to explain spend: use get-ai-spend.""",
    takes=Cost,
    gives=BudgetCheck,
)
async def budget_check(asked: Asked, given: Cost) -> bytes:
    """Answer, also where it is no: a template shows the output of a step, and of a refusal nothing but its status."""
    ref = EntityRef.parse(given.entity_ref, default_kind="component")
    try:
        entity, viewer = await asked.entity(given.entity_ref), await asked.viewer()
        answer = await asked.service.answers.of(entity, await asked.snapshot(), viewer)
    except ProblemError as problem:
        if problem.kind is not ProblemType.NOT_FOUND:
            raise
        return _body(not_found(ref, problem.detail or problem.kind.title))
    except FactsUnavailableError as error:
        return _body(unknown(ref, str(error)))
    if viewer.sees_numbers(entity.owner):
        asked.call.record_read("status", entity=str(entity.ref))
    cost = Decimal(given.cost) if given.cost is not None else None
    return _body(check_budget(GovernanceStatus.model_validate_json(answer.body), cost=cost))


DayCount = Annotated[int, Field(ge=1, le=90, description="How many budget days, today included")]


class OverDays(OfEntity):
    """An entity and a number of days."""

    days: DayCount = 30


@action(
    "get-ai-spend",
    "AI spend",
    """Reports what one catalog entity has spent on AI models: over the last days, by day and by model, against the period before, and
    by month, with a forecast to the month's end where there is one, unusual days and what is missing. Use it for questions about cost
    over time: "what did this service cost this week?", "where will this month end?", "which model is the expensive one?", "on which
    day did it jump?". For today alone, and for whether it may go on, use check-ai-budget. Amounts are exact decimals as text with a
    currency. Where `complete` is false the sums are lower bounds: say so when you repeat them. Sums are null where the amounts are not
    for the person who asks.""",
    takes=OverDays,
    gives=SpendReport,
)
async def spend(asked: Asked, given: OverDays) -> bytes:
    """Answer with the body of the spend tab."""
    entity, viewer = await asked.entity(given.entity_ref), await asked.viewer()
    answer = await asked.service.spend.of(entity, await asked.snapshot(), viewer, days=given.days)
    if viewer.sees_numbers(entity.owner):
        asked.call.record_read("spend", entity=str(entity.ref))
    return answer.body


class OfOwner(Input):
    """Whose entities, and how many of them."""

    owner: EntityName | None = Field(
        default=None,
        description="The group whose entities are looked at, such as `group:default/support-team`; without it everything that the person "
        "who asks owns, in person and by their groups",
        examples=["group:default/support-team"],
    )
    limit: int = Field(
        default=_LISTED, ge=1, le=_MOST_LISTED, description="At most so many entities that are not in order"
    )


class EntityFindings(WireModel):
    """An entity that is not in order."""

    entity_ref: str = Field(examples=["component:default/customer-support-bot"])
    state: State
    findings: tuple[Finding, ...] = Field(description="Worst first")


class OwnedFindings(WireModel):
    """What is wrong with the AI access of the entities of some owners."""

    owners: tuple[str, ...] = Field(description="Whose entities were looked at")
    states: dict[State, int] = Field(description="How many entities with a gateway key are in each state")
    entities: tuple[EntityFindings, ...] = Field(description="Those that are not in order, worst first")
    left_out: int = Field(ge=0, description="How many more of those there are, past `limit`")
    complete: bool = Field(
        description="False: the owners own more entities than are looked at, so that there may be more findings"
    )


_WORST_FIRST = (State.ERROR, State.WARNING, State.UNKNOWN, State.UNCONFIGURED)


@action(
    "list-ai-findings",
    "AI findings of what I own",
    """Lists what is wrong, or soon will be, with the AI access of all catalog entities that the person who asks owns (or that one
    group owns), worst first, each finding with a sentence that says what to do; and counts how many entities are in which state.
    Use it for "what needs my attention?", for a weekly review, or to find the services whose key expires, whose budget is gone or
    whose tier is not enforced. Entities that name no gateway key are not looked at. For one entity use get-ai-governance-status.""",
    takes=OfOwner,
    gives=OwnedFindings,
)
async def findings(asked: Asked, given: OfOwner) -> bytes:
    """Answer with the entities that are not in order."""
    caller, service = asked.call.caller, asked.service
    if given.owner is not None:
        owners = frozenset({EntityRef.parse(given.owner, default_kind="group")})
    else:
        owners = await asked.access.acts_for(caller)
    with service.batches.one(caller):
        owned = await asked.access.owned(caller, owners)
        statuses = await _statuses(asked, owned.entities)
    pressing = sorted(
        (status for status in statuses if status.state in _WORST_FIRST),
        key=lambda status: (_WORST_FIRST.index(status.state), status.entity_ref),
    )
    shown = pressing[: given.limit]
    found = OwnedFindings(
        owners=tuple(str(owner) for owner in sorted(owners)),
        states={state: count for state in State if (count := sum(each.state is state for each in statuses))},
        entities=tuple(
            EntityFindings(entity_ref=each.entity_ref, state=each.state, findings=each.findings) for each in shown
        ),
        left_out=len(pressing) - len(shown),
        complete=not owned.truncated,
    )
    return _body(found)


async def _statuses(asked: Asked, entities: tuple[Entity, ...]) -> list[GovernanceStatus]:
    service, viewer, snapshot = asked.service, await asked.viewer(), await asked.snapshot()
    owners = await owners_of(entities, service.catalog)
    statuses = []
    for entity in entities:
        answer = service.answers.of_owned(entity, owners[entity.owner], snapshot, viewer)
        statuses.append(GovernanceStatus.model_validate_json(answer.body))
        if not len(statuses) % 50:
            # Others get their turn in between.
            await asyncio.sleep(0)
    if shown := sum(viewer.sees_numbers(entity.owner) for entity in entities):
        asked.call.record_read("statuses", refs=len(entities), shown=shown)
    return statuses


class Nothing(Input):
    """No input."""


@action(
    "get-ai-platform-health",
    "Health of the AI platform",
    """Tells whether the AI gateway and its control plane work at all, which model providers the gateway reaches, and since when it has
    been running. Use it first when several services fail at once, or when check-ai-budget answers `unknown`: it tells a fault of the
    platform from a fault of one service. It needs no input and names no service.""",
    takes=Nothing,
    gives=PlatformStatus,
)
async def platform_health(asked: Asked, given: Nothing) -> bytes:
    """Answer with the body of the gateway's card."""
    del given
    return (await asked.service.platform.current()).answer.body


class Days(Input):
    """A number of days."""

    days: DayCount = 30


@action(
    "get-ai-coverage",
    "AI spend that entities claim",
    """Tells, for members of the platform groups, which share of the organisation's AI spend catalog entities claim, which gateway keys
    spend and stand in no entity, with the annotation to paste, which entities claim keys that are not there, and which keys several
    entities share. Use it to find spend without an owner, and before costs are charged to teams. For one entity use get-ai-spend; for
    what is wrong with the entities of one group use list-ai-findings. Anyone else gets NotAllowedError.""",
    takes=Days,
    gives=Coverage,
)
async def coverage(asked: Asked, given: Days) -> bytes:
    """Answer with the body of the coverage report."""
    service = asked.service
    if not await service.numbers.is_of_platform(asked.call.caller):
        raise NOT_OF_PLATFORM
    answer = await service.coverage.of(await asked.snapshot(), days=given.days)
    asked.call.record_read("coverage", days=given.days)
    return answer.body


ACTIONS = (governance_status, budget_check, spend, findings, platform_health, coverage)


def _body(model: WireModel) -> bytes:
    return orjson.dumps(model.model_dump(mode="json"))
