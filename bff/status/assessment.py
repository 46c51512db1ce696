"""The assessment of one entity: what it claims, put beside what Keeptrusts knows.

A pure function of its arguments, and the heart of the project. It reads top-down: claims, the key they mean, then a section
at a time; each section says what is wrong with it, and the worst of that is the state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta, tzinfo
from decimal import Context, Decimal
from typing import Any, Literal
from urllib.parse import quote

from bff.keeptrusts.facts import Activity, Facts, GatewayKey, Reading, SpendDays, SpendToday, Team, Wallet, WalletScope
from bff.status import wire
from bff.status.claimed_key import ClaimedKey, find_claimed_key
from bff.status.claims import DAILY_BUDGET, NO_KEY, POLICY_TIER, Claims, Owner, Subject, read_claims
from bff.status.findings import (
    PACE_FROM,
    SEE_DOCTOR,
    TRIED_AGAIN,
    Code,
    Finding,
    Rules,
    Section,
    is_kept,
    is_unexplained,
    params,
    state_of,
    upstream_findings,
    worst_first,
)
from bff.status.months import DaySum, month_findings, month_of
from bff.status.organisation import Organisation
from bff.status.unusual import LATELY, ModelDays, lately, may_be_unusual, unusual_days
from bff.status.wire import (
    ActivityStatus,
    Amount,
    Attribution,
    BudgetStatus,
    Freshness,
    GatewayKeyStatus,
    GovernanceStatus,
    Links,
    PolicyTierStatus,
    PreviousKeyStatus,
    Remedy,
    TeamStatus,
    WalletState,
    WalletStatus,
)
from bff.values import DEFAULT_NAMESPACE, USD, BudgetWindow, Money
from bff.wording import clock_time, duration, percent, quoted, sentence


def assess(subject: Subject, organisation: Organisation, now: datetime, rules: Rules) -> GovernanceStatus:
    """Assess `subject` at the aware instant `now`. Never raises for anything that annotations or facts hold."""
    claims = read_claims(subject.annotations)
    facts = organisation.facts
    if not claims.names_a_key:
        # The other annotations mean nothing without a key, and a missing one is no error: the entity may use no AI at all.
        return GovernanceStatus(
            entity_ref=str(subject.ref),
            state=state_of((NO_KEY,), known=True),
            findings=findings_on_wire((NO_KEY,), subject, claims, None, organisation, rules),
            links=links_to(None, rules),
            freshness=freshness(facts, now, rules),
        )

    claimed = find_claimed_key(claims.gateway_key_name, subject.owner, organisation, now=now, rules=rules)
    window = BudgetWindow.containing(now, rules.timezone)
    spent = spent_today(claimed.keys, claimed.team_id, organisation, window) if claimed.key is not None else None
    tier = assess_tier(claims, claimed, organisation)
    budget: Section[BudgetStatus] = Section()
    if spent is not None:
        budget = assess_budget(spent, claims.daily_budget, window, now=now, rules=rules)
    usual = assess_days(claims, claimed, spent, organisation, window, now=now, rules=rules)
    wallet = assess_wallet(claimed, organisation, rules)
    activity = assess_activity(claimed, organisation, window)
    findings = worst_first(
        (
            *claims.malformed.values(),
            *claimed.findings,
            *tier.findings,
            *wallet.findings,
            *budget.findings,
            *usual,
            *upstream_findings(_parts_used(claimed, facts), zone=rules.timezone, stale=is_unexplained(facts, rules)),
        )
    )
    return GovernanceStatus(
        entity_ref=str(subject.ref),
        state=state_of(findings, known=claimed.known),
        findings=findings_on_wire(findings, subject, claims, claimed, organisation, rules),
        gateway_key=_key_status(claims.gateway_key_name, claimed),
        policy_tier=tier.status,
        team=TeamStatus(id=claimed.team.id, name=claimed.team.name) if claimed.team is not None else None,
        budget=budget.status,
        wallet=wallet.status,
        activity=activity,
        tightest_limit=_tightest_limit(claims.daily_budget, spent, _wallet_of(claimed, organisation)),
        links=links_to(claimed.team_id, rules),
        freshness=freshness(facts, now, rules),
    )


def _parts_used(claimed: ClaimedKey, facts: Facts) -> dict[str, Reading[Any]]:
    parts: dict[str, Reading[Any]] = {"teams": facts.teams, "gateway keys": facts.keys}
    if claimed.team_id is not None:
        parts |= {"configurations": facts.configurations, "wallets": facts.wallets}
    if claimed.key is not None:
        parts |= {"spend": facts.spend, "activity": facts.activity}
    return parts


_SHOWN_OF_KEY = tuple(part.name for part in fields(GatewayKey) if part.name in GatewayKeyStatus.model_fields)
"""The fields of a gateway key that the wire has under the same name."""


def _key_status(declared: str | None, claimed: ClaimedKey) -> GatewayKeyStatus | None:
    if declared is None or claimed.state is None:
        return None
    key = claimed.key
    if key is None:
        return GatewayKeyStatus(declared=declared, state=claimed.state)
    return GatewayKeyStatus(
        declared=declared,
        state=claimed.state,
        count=len(claimed.keys),
        previous=_previous_key(claimed.previous),
        **{name: getattr(key, name) for name in _SHOWN_OF_KEY},
    )


def _previous_key(key: GatewayKey | None) -> PreviousKeyStatus | None:
    if key is None:
        return None
    return PreviousKeyStatus(id=key.id, prefix=key.prefix, last_used_at=key.last_used_at, revokes_at=key.revokes_at)


def _wallet_of(claimed: ClaimedKey, organisation: Organisation) -> Wallet | None:
    return organisation.wallets.get(claimed.team_id) if claimed.team_id is not None else None


def _tightest_limit(
    daily: Money | None, spent: Spent | None, wallet: Wallet | None
) -> Literal["budget", "wallet"] | None:
    """What runs out first. Only what is known competes, and only dollars compare with the budget's dollars."""
    budget_left = daily - spent.money if daily is not None and spent is not None else None
    wallet_left = wallet.available if wallet is not None and wallet.available.currency == USD else None
    if wallet_left is None:
        return "budget" if budget_left is not None else None
    return "wallet" if budget_left is None or wallet_left < budget_left else "budget"


# --- policy tier ---


def assess_tier(claims: Claims, claimed: ClaimedKey, organisation: Organisation) -> Section[PolicyTierStatus]:
    """Compare the two. Without a team to look at, only what the entity declares can be said."""
    declared = str(claims.policy_tier) if claims.policy_tier is not None else None
    enforced = None
    findings: list[Finding] = []
    if claimed.team_id is not None:
        configuration = organisation.configurations.get(claimed.team_id)
        if configuration is None:
            findings += _nothing_enforced(claimed.team_id, declared, claimed, organisation)
        elif organisation.facts.configurations.names(team_id=claimed.team_id):
            # It may be the newer one, and then the other is not what is enforced.
            findings.append(_configuration_unreadable(_team_named(claimed)))
        else:
            enforced = configuration.template_id
    if not claims.names_a_tier:
        findings.append(_tier_undeclared(enforced))
    elif declared is not None and enforced is not None and declared != enforced:
        findings.append(_tier_drift(declared, enforced))
    if declared is None and claimed.team_id is None:
        return Section(None, tuple(findings))
    return Section(PolicyTierStatus(declared=declared, enforced=enforced), tuple(findings))


def _nothing_enforced(
    team_id: str, declared: str | None, claimed: ClaimedKey, organisation: Organisation
) -> list[Finding]:
    reading = organisation.facts.configurations
    if reading.value is None:
        return []  # The missing part makes its own finding.
    whose = _team_named(claimed)
    if not reading.complete:
        message = (
            f"{whose} has no enabled policy configuration among those that could be read, and the list is not whole."
        )
        return [Finding(Code.UPSTREAM_UNAVAILABLE, message, TRIED_AGAIN)]
    if reading.may_hide(team_id=team_id):
        return [_configuration_unreadable(whose)]
    message = f"{whose} has no enabled policy configuration, so no tier is enforced."
    return [
        Finding(
            Code.TIER_UNENFORCED,
            message,
            "The platform team must enable a configuration made from the tier's template.",
            # The translated sentence names the declared tier.
            params(declared=declared) if declared is not None else None,
        )
    ]


def _team_named(claimed: ClaimedKey) -> str:
    return f"The team {quoted(claimed.team.name)}" if claimed.team is not None else "The key's team"


def _configuration_unreadable(whose: str) -> Finding:
    message = (
        f"{whose} may have a policy configuration in a row that is not of the form expected, so which tier is enforced is "
        "not known."
    )
    return Finding(Code.UPSTREAM_CONTRACT, message, SEE_DOCTOR)


def _tier_undeclared(enforced: str | None) -> Finding:
    message = "The entity declares no policy tier."
    if enforced is None or not enforced.isprintable():
        # The translated hint is to declare the tier that is enforced.
        return Finding(
            Code.TIER_UNDECLARED, message, f"Set the annotation {POLICY_TIER} to the tier that the entity needs."
        )
    return Finding(Code.TIER_UNDECLARED, message, f'Set the annotation {POLICY_TIER} to "{enforced}".', params())


def _tier_drift(declared: str, enforced: str) -> Finding:
    return Finding(
        Code.TIER_DRIFT,
        f"The entity declares {quoted(declared)}, but its team's configuration enforces {quoted(enforced)}.",
        f"Correct {POLICY_TIER}, or let the platform team enable a configuration of the declared tier.",
        params(declared=declared, enforced=enforced),
    )


# --- today's spend ---


@dataclass(frozen=True, slots=True)
class Spent:
    """Spend of one budget day in USD.

    With `attribution` "key" it is what events that name one of the keys add up to. With "team" it also holds what events of
    the team that name no key cost: any of that may be these keys', so it is an upper bound for them. `missing` says why the
    sum is a lower bound; empty when it is whole. `observed_at` is when the events were read.
    """

    money: Money
    attribution: Attribution
    missing: tuple[str, ...] = ()
    observed_at: datetime | None = None

    @property
    def complete(self) -> bool:
        """Whether every event that counts could be read."""
        return not self.missing


def spent_today(
    keys: Sequence[GatewayKey], team_id: str | None, organisation: Organisation, window: BudgetWindow
) -> Spent | None:
    """What `keys` of the team have spent in `window`; None when spend could not be read at all.

    The keys are all of one name: a key that was replaced under its name has spent of the same budget.
    """
    reading: Reading[SpendToday] = organisation.facts.spend
    spend = reading.value
    if spend is None:
        return None
    if spend.day != window.day:
        # The last good sums are of another day and say nothing about this one.
        missing = f"no event of {window.day.isoformat()} could be read yet, the last are of {spend.day.isoformat()}"
        return Spent(Money.zero(), "key", (missing,), reading.observed_at)
    total = sum((spend.by_key[key.id] for key in keys if key.id in spend.by_key), Money.zero())
    reasons = (spend.missing, *(spend.missing_by_key.get(key.id) for key in keys))
    missing_parts = tuple(dict.fromkeys(reason for reason in reasons if reason is not None))
    nameless = spend.unattributed_by_team.get(team_id) if team_id is not None else None
    # A correction that names no key may belong to another key: it must not lower the sum of these keys' own events.
    if nameless is not None and nameless.amount > 0:
        return Spent(total + nameless, "team", missing_parts, reading.observed_at)
    return Spent(total, "key", missing_parts, reading.observed_at)


# --- daily budget ---

_SPEND_LESS = f"Raise {DAILY_BUDGET}, or see which model spends it."


def assess_budget(
    spent: Spent, daily: Money | None, window: BudgetWindow, *, now: datetime, rules: Rules
) -> Section[BudgetStatus]:
    """The budget section; `daily` is None when no budget is declared, or none that can be read.

    A budget of 0 means that nothing may be spent. Over 100 % is possible (spend is settled after a request) and shown so.
    """
    exhausts_at = None
    findings = [_spend_incomplete(spent)] if spent.missing else []
    if daily is not None:
        exhausts_at = exhaustion(
            window, spent=spent.money, budget=daily, observed_at=spent.observed_at or now, pace_from=rules.pace_from
        )
        findings += _budget_use(spent, daily, rules)
        if exhausts_at is not None:
            findings.append(_budget_pace(exhausts_at, window, now=now, zone=rules.timezone))
    status = BudgetStatus(
        daily=Amount.of(daily) if daily is not None else None,
        spent=Amount.of(spent.money),
        used_ratio=spent.money.ratio_to(daily) if daily is not None else None,
        elapsed_ratio=window.elapsed_ratio(now),
        window_start=window.start,
        resets_at=window.end,
        exhausts_at=exhausts_at,
        attribution=spent.attribution,
        complete=spent.complete,
    )
    return Section(status, tuple(findings))


def _budget_use(spent: Spent, daily: Money, rules: Rules) -> list[Finding]:
    ratio = spent.money.ratio_to(daily)
    at_least = "" if spent.complete else "at least "
    shared = ", with what its team spent without naming a key," if spent.attribution == "team" else ""
    # The translated sentences call the sum neither a lower nor an upper bound.
    exact = spent.complete and spent.attribution == "key"
    if spent.money.amount > 0 and spent.money >= daily:
        share = (
            f"{percent(ratio)} of the daily budget of {daily}"
            if ratio is not None
            else "more than the daily budget of 0 USD"
        )
        message = f"Today's spend of {at_least}{spent.money}{shared} is {share}."
        # They say "more than the budget", which exactly all of it is not.
        values = params(spent=spent.money, budget=daily) if exact and daily < spent.money else None
        return [Finding(Code.BUDGET_EXCEEDED, message, _SPEND_LESS, values)]
    if ratio is not None and ratio >= rules.budget_near_from:
        message = (
            f"Today's spend of {at_least}{spent.money}{shared} is {percent(ratio)} of the daily budget of {daily}."
        )
        values = params(spent=spent.money, budget=daily, ratio=ratio) if exact else None
        return [Finding(Code.BUDGET_NEAR, message, _SPEND_LESS, values)]
    return []


def _budget_pace(exhausts_at: datetime, window: BudgetWindow, *, now: datetime, zone: tzinfo) -> Finding:
    # With old numbers, the predicted moment may have passed.
    ahead = exhausts_at > now
    verb = "runs" if ahead else "ran"
    before = duration(window.end - exhausts_at)
    message = f"At this pace the daily budget {verb} out at {clock_time(exhausts_at, zone)}, {before} before it resets."
    values = params(exhausts_at=exhausts_at, resets_at=window.end) if ahead else None
    return Finding(Code.BUDGET_PACE, message, _SPEND_LESS, values)


def _spend_incomplete(spent: Spent) -> Finding:
    first, *others = spent.missing
    more = f" {len(others)} more like it." if others else ""
    return Finding(Code.SPEND_INCOMPLETE, f"Today's spend is a lower bound: {sentence(first)}{more}", TRIED_AGAIN)


_MICROSECOND = timedelta(microseconds=1)
_ONE_DAY = timedelta(days=1)
_EXACT = Context(prec=80)
_UNITS = 10**12
"""Of 1e-12 USD in a dollar."""


def exhaustion(
    window: BudgetWindow, *, spent: Money, budget: Money, observed_at: datetime, pace_from: Decimal = PACE_FROM
) -> datetime | None:
    """The instant, in whole seconds, at which `budget` is used up if spending goes on as it did until `observed_at`.

    None when it lasts until the window ends, when it is used up already, or when less than `pace_from` of the window had
    passed. Time counts to when the spend was seen and not to now: old numbers must not look like slow ones.

    Linear: `start + elapsed * budget / spent`.
    """
    if not Money.zero(budget.currency) < spent < budget or window.elapsed_ratio(observed_at) < pace_from:
        return None
    elapsed = Decimal(window.elapsed(observed_at) // _MICROSECOND)
    needed = elapsed * budget.amount / spent.amount
    # Compared before it becomes a date: a budget of billions would otherwise run out after the calendar ends.
    if needed >= window.length // _MICROSECOND:
        return None
    return (window.start + int(needed) * _MICROSECOND).replace(microsecond=0)


# --- the days before ---


def assess_days(
    claims: Claims,
    claimed: ClaimedKey,
    spent: Spent | None,
    organisation: Organisation,
    window: BudgetWindow,
    *,
    now: datetime,
    rules: Rules,
) -> list[Finding]:
    """Return what there is to say of the month's budget and of unusual days; nothing where the closed days are not known."""
    recent = organisation.facts.days.value
    if recent is None or spent is None or recent.first + recent.count * _ONE_DAY != window.day:
        return []
    nameless = recent.unattributed_by_team.get(claimed.team_id or "")
    elapsed = window.elapsed_ratio(spent.observed_at or now)
    amounts = _closed_amounts(claimed.keys, nameless, recent)
    incomplete = {
        *recent.incomplete,
        *(day for key in claimed.keys for day in recent.incomplete_by_key.get(key.id, ())),
    }
    if claims.monthly_budget is None:
        # Most entities end here with every snapshot: the rest costs more than all else of an assessment.
        today = int(spent.money.amount * _UNITS)
        if not may_be_unusual((*amounts, today), recent.first, elapsed=elapsed, incomplete=len(incomplete)):
            return []
    days = {
        recent.first + place * _ONE_DAY: DaySum(Money(_EXACT.scaleb(Decimal(amount), -12)), complete=True)
        for place, amount in enumerate(amounts)
    }
    days |= {day: DaySum(days[day].spent, complete=False) for day in incomplete}
    days[window.day] = DaySum(spent.money, spent.complete)
    findings: list[Finding] = []
    if claims.monthly_budget is not None:
        month = month_of(days, today=window.day, elapsed=elapsed, budget=claims.monthly_budget)
        past = nameless[-window.day.day + 1 :] if nameless is not None and window.day.day > 1 else ()
        shared = spent.attribution == "team" or any(amount > 0 for amount in past)
        findings += month_findings(month, rules, shared=shared)
    unusual = unusual_days(
        days,
        first=window.day - LATELY * _ONE_DAY,
        today=window.day,
        elapsed=elapsed,
        by_model=_model_days(claimed.keys, recent),
    )
    for each in lately(unusual, today=window.day):
        place = (each.day - recent.first).days
        of_team = spent.attribution == "team" if each.partial else nameless is not None and nameless[place] > 0
        findings.append(each.finding(shared=of_team))
    return findings


def _closed_amounts(keys: Sequence[GatewayKey], nameless: Sequence[int] | None, recent: SpendDays) -> Sequence[int]:
    """Return what `keys` together have cost on each closed day, in units of 1e-12 USD.

    `nameless` is what the team's requests that name no key cost: it counts where it is above zero, as in today's spend.
    """
    rows: list[Sequence[int]] = [recent.by_key[key.id] for key in keys if key.id in recent.by_key]
    if nameless is not None:
        rows.append([max(amount, 0) for amount in nameless])
    if len(rows) == 1:
        return rows[0]
    return [sum(amounts) for amounts in zip(*rows, strict=True)] if rows else (0,) * recent.count


def _model_days(keys: Sequence[GatewayKey], recent: SpendDays) -> ModelDays:
    found: dict[date, dict[str | None, Money]] = {}
    for key in keys:
        for model, amounts in recent.models.get(key.id, {}).items():
            for place, amount in enumerate(amounts):
                if amount:
                    of_day = found.setdefault(recent.first + place * _ONE_DAY, {})
                    more = Money(_EXACT.scaleb(Decimal(amount), -12))
                    of_day[model or None] = of_day.get(model or None, Money.zero()) + more
    return found


# --- wallet ---

# The scope that pays is the first of user, team and organisation with enough balance; with too little everywhere the gateway
# holds the request. An empty team wallet therefore stops nothing while the organisation's wallet has money.

_ALLOCATE = "Ask the platform team to allocate money to the team's wallet."


def assess_wallet(claimed: ClaimedKey, organisation: Organisation, rules: Rules) -> Section[WalletStatus]:
    """The wallet of the claimed key's team; nothing without a team or without any wallets read."""
    reading = organisation.facts.wallets
    if claimed.team_id is None or reading.value is None:
        return Section()
    wallet = organisation.wallets.get(claimed.team_id)
    if wallet is None:
        return Section(None, (_wallet_missing(claimed.team_id, claimed.team, organisation),))
    whose = _wallet_owner(claimed.team)
    state = wallet_state(wallet, rules.wallet_low_below)
    status = WalletStatus(
        scope=wallet.scope.value,
        state=state,
        available=Amount.of(wallet.available),
        reserved=Amount.of(wallet.reserved),
        allocated=Amount.of(wallet.allocated),
        spent=Amount.of(wallet.spent),
    )
    if state == "depleted":
        return Section(status, (_wallet_depleted(wallet, whose, organisation),))
    if state == "low":
        return Section(status, (_wallet_low(wallet, whose),))
    return Section(status)


def wallet_state(wallet: Wallet, low_below: Decimal) -> WalletState:
    """The worse of Keeptrusts' own word and what the balance says: a word may lag behind, a balance may be spoken for."""
    word = wallet.status.lower()
    if word == "depleted" or wallet.available.amount <= 0:
        return "depleted"
    share = wallet.available.ratio_to(wallet.allocated) if wallet.allocated.amount > 0 else None
    return "low" if word == "low" or (share is not None and share < low_below) else "healthy"


def _wallet_owner(team: Team | None) -> str:
    return f"the team {quoted(team.name)}" if team is not None else "the key's team"


def _wallet_missing(team_id: str, team: Team | None, organisation: Organisation) -> Finding:
    whose = _wallet_owner(team)
    if not organisation.facts.wallets.complete:
        message = f"The wallet of {whose} is not among those that could be read, and the list is not whole."
        return Finding(Code.UPSTREAM_UNAVAILABLE, message, TRIED_AGAIN)
    if organisation.facts.wallets.may_hide(scope=WalletScope.TEAM, team_id=team_id):
        message = f"The wallet of {whose} may be in a row of Keeptrusts' wallets that is not of the form expected."
        return Finding(Code.UPSTREAM_CONTRACT, message, SEE_DOCTOR)
    if USD not in organisation.organisation_wallets:
        # The translated sentence does not say that requests are held.
        return Finding(Code.WALLET_MISSING, f"There is no wallet of {whose}: {_held(organisation)}.", _ALLOCATE)
    message = f"There is no wallet of {whose}: the organisation's wallet pays for it."
    values = params(team=team.name) if team is not None else None
    return Finding(Code.WALLET_MISSING, message, _ALLOCATE, values)


def _wallet_depleted(wallet: Wallet, whose: str, organisation: Organisation) -> Finding:
    said = f"The wallet of {whose} is empty ({wallet.available} available)"
    if wallet.available.currency in organisation.organisation_wallets:
        # The translated sentence of this code is about a wallet with money in it.
        return Finding(Code.WALLET_LOW, f"{said}; the organisation's wallet pays meanwhile.", _ALLOCATE)
    # The translated sentence says without a condition that requests are held.
    values = None if _organisation_may_pay(organisation) else params()
    return Finding(Code.WALLET_DEPLETED, f"{said}: {_held(organisation)}.", _ALLOCATE, values)


def _wallet_low(wallet: Wallet, whose: str) -> Finding:
    share = wallet.available.ratio_to(wallet.allocated) if wallet.allocated.amount > 0 else None
    of_all = f", {percent(share)} of what was allocated" if share is not None else ""
    message = f"The wallet of {whose} is low: {wallet.available} available{of_all}."
    return Finding(Code.WALLET_LOW, message, _ALLOCATE, params(available=wallet.available))


def _organisation_may_pay(organisation: Organisation) -> bool:
    """Whether the organisation's wallet may be one that could not be read."""
    wallets = organisation.facts.wallets
    return not wallets.complete or wallets.may_hide(scope=WalletScope.ORGANIZATION)


def _held(organisation: Organisation) -> str:
    if _organisation_may_pay(organisation):
        return "requests are held, unless the organisation's wallet, which could not be read, pays"
    return "requests are being held until there is money"


# --- activity ---

_NONE_YET = Activity()


def assess_activity(claimed: ClaimedKey, organisation: Organisation, window: BudgetWindow) -> ActivityStatus | None:
    """Counts for all keys of the claimed name since the budget day began; None without a key or without any events read.

    Counts are lower bounds when events are missing, when they are of an earlier day, and when some of the team's requests
    name no key: those may be this key's.
    """
    reading = organisation.facts.activity
    if claimed.key is None or reading.value is None:
        return None
    today = window.contains(reading.value.since)
    counts = _NONE_YET
    for key in claimed.keys if today else ():
        counts = counts.plus(reading.value.by_key.get(key.id, _NONE_YET))
    return ActivityStatus(
        since=reading.value.since if today else window.start,
        requests=counts.requests,
        blocked=counts.blocked,
        redacted=counts.redacted,
        escalated=counts.escalated,
        last_request_at=counts.last_request_at,
        complete=today
        and reading.complete
        and reading.value.complete
        and claimed.team_id not in organisation.nameless_activity,
    )


# --- remedies ---

_ONBOARDING = frozenset({Code.ANNOTATION_MISSING, Code.KEY_NOT_FOUND})


def findings_on_wire(
    findings: Iterable[Finding],
    subject: Subject,
    claims: Claims,
    claimed: ClaimedKey | None,
    organisation: Organisation,
    rules: Rules,
) -> tuple[wire.Finding, ...]:
    """Return `findings` as the wire has them, each with the template that mends it and what is known for its form.

    `claimed` is None where the entity names no key.
    """
    known = _template_values(subject, claims, claimed, organisation)
    return tuple(wire.Finding.of(finding, _remedy(finding.code, known, rules)) for finding in findings)


def _remedy(code: Code, known: Mapping[str, str], rules: Rules) -> Remedy | None:
    template = rules.remedies.get(code)
    if not template:
        return None
    if code not in _ONBOARDING:
        return Remedy(template=template, parameters=known)
    # The form of the guide's own template has other names for these.
    also = {"teamName": known.get("team"), "policyTier": known.get("tier")}
    return Remedy(template=template, parameters={**known, **{name: value for name, value in also.items() if value}})


def _template_values(
    subject: Subject, claims: Claims, claimed: ClaimedKey | None, organisation: Organisation
) -> dict[str, str]:
    tier = str(claims.policy_tier) if claims.policy_tier is not None else None
    if tier is None and claimed is not None and claimed.team_id is not None:
        configuration = organisation.configurations.get(claimed.team_id)
        tier = configuration.template_id if configuration is not None else None
    values = {
        "team": _team_of(subject.owner, claimed),
        "entityRef": str(subject.ref),
        "keyName": claims.gateway_key_name,
        "tier": tier,
    }
    return {name: value for name, value in values.items() if value}


def _team_of(owner: Owner, claimed: ClaimedKey | None) -> str | None:
    """The name of the team: Keeptrusts' own where it is known, else the one that the owner's group stands for."""
    if claimed is not None and claimed.team is not None:
        return claimed.team.name
    if owner.ref is None or owner.ref.kind != "group":
        return None
    if owner.group_team is not None:
        return owner.group_team.strip()
    return owner.ref.name if owner.ref.namespace == DEFAULT_NAMESPACE else None


# --- links ---

# Only configured addresses and ids that Keeptrusts made are used: nothing that an annotation says gets into an address.
# A browser takes these for steps in the path, even when they are percent-encoded.
_STEPS = frozenset({"", ".", ".."})


def links_to(team_id: str | None, rules: Rules) -> Links:
    """Links to the team's page in the console, or to its front where there is no team to show."""
    console = rules.console_url
    if console is not None and team_id is not None and team_id not in _STEPS:
        console = f"{console.rstrip('/')}/settings/teams/{quote(team_id, safe='')}"
    return Links(console=console, gateway=rules.gateway_url)


# --- freshness ---


def freshness(facts: Facts, now: datetime, rules: Rules) -> Freshness:
    """When the oldest part was observed, and whether any is only the last good value."""
    parts = tuple(facts.parts().values())
    observed = [part.observed_at for part in parts if part.value is not None and part.observed_at is not None]
    return Freshness(
        observed_at=min(observed, default=None),
        assessed_at=now,
        stale=rules.stale or any(is_kept(part) for part in parts),
    )
