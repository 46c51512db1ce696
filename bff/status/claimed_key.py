"""Which gateway key an entity's claim means, and whether its numbers may be shown.

Under enforced ownership only keys of the owner's team count. A key of that name elsewhere is a mismatch, and then nothing
of it is shown: an annotation is only a claim, and copying another team's key name must not show that team's numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bff.keeptrusts.facts import GatewayKey, Team
from bff.status.claims import GATEWAY_KEY_NAME, Owner
from bff.status.findings import SEE_DOCTOR, TRIED_AGAIN, Code, Finding, Rules, params
from bff.status.organisation import Organisation
from bff.status.ownership import mapping_hint, owner_team, team_may_be_hidden
from bff.status.wire import KeyState
from bff.wording import date_and_time, duration, quoted


@dataclass(frozen=True, slots=True)
class ClaimedKey:
    """The key that a claim means, and what of it may be shown.

    `state` is None when the claimed name cannot be read. `key` is set only when it was found and may be shown; `keys` are
    then all of its name in its team, revoked and expired ones too, newest first: what one of them has spent counts. `previous`
    is an older one that works beside `key`, as during a rotation's grace; of several the one that was used last. `team` and
    `team_id` are of the team whose tier and wallet may be shown, which is the owner's when there is no key. `known` is
    False when the facts that decide could not be read, so that the entity as a whole has no state.
    """

    state: KeyState | None
    key: GatewayKey | None = None
    team_id: str | None = None
    team: Team | None = None
    known: bool = True
    findings: tuple[Finding, ...] = ()
    keys: tuple[GatewayKey, ...] = ()
    previous: GatewayKey | None = None


def find_claimed_key(
    name: str | None, owner: Owner, organisation: Organisation, *, now: datetime, rules: Rules
) -> ClaimedKey:
    """Find the key called `name` for an entity of `owner`; None stands for a claim whose name cannot be read."""
    if rules.ownership_enforced:
        hidden = _unless_owner_is_known(name, owner, organisation)
        if hidden is not None:
            return hidden
    facts = organisation.facts
    team = owner_team(owner, organisation)
    team_id = team.id if team is not None else None
    known = facts.teams.value is not None and facts.keys.value is not None
    if name is None or facts.keys.value is None:
        return ClaimedKey(None if name is None else "unknown", None, team_id, team, known)
    candidates = organisation.keys_of_team.get((name, team_id), ()) if team_id is not None else ()
    if not candidates and not rules.ownership_enforced:
        candidates = organisation.keys_by_name.get(name, ())
    wanted = {"name": name} if team_id is None else {"name": name, "team_id": team_id}
    if facts.keys.may_hide(**wanted) and not any(_works(key, now) for key in candidates):
        # What is left out may be the key that works, so that no key here may be called the last.
        return ClaimedKey("unknown", None, team_id, team, known=False, findings=(_row_unreadable(name),))
    if candidates:
        return _found(candidates, organisation, now=now, rules=rules, known=known)
    return _not_owned(name, owner, team, organisation, known=known)


def _unless_owner_is_known(name: str | None, owner: Owner, organisation: Organisation) -> ClaimedKey | None:
    """What to say when the owner's team cannot be known now; None when it can."""
    teams = organisation.facts.teams
    if owner.unreadable:
        return _withheld(name, _owner_unreadable(owner), known=False)
    if teams.value is None:
        # Without the list of teams, no key can be assigned to an owner. The missing list makes its own finding.
        return ClaimedKey("unknown" if name is not None else None, known=False)
    if owner_team(owner, organisation) is None:
        if not teams.complete:
            return _withheld(name, _TEAMS_INCOMPLETE, known=False)
        if team_may_be_hidden(owner, teams):
            return _withheld(name, _TEAM_UNREADABLE, known=False)
    return None


def _not_owned(name: str, owner: Owner, team: Team | None, organisation: Organisation, *, known: bool) -> ClaimedKey:
    """Distinguish a key of another team, one that does not exist, and one that may be on a page that is missing."""
    elsewhere = name in organisation.keys_by_name
    if elsewhere and team is None:
        return _withheld(name, _owner_without_team(name, owner), known=known)
    team_id = team.id if team is not None else None
    if not organisation.facts.keys.complete:
        return ClaimedKey("unknown", None, team_id, team, known=False, findings=(_keys_incomplete(name),))
    if elsewhere:
        return _withheld(name, _mismatch(name, owner), known=known)
    return ClaimedKey("not-found", None, team_id, team, known, (_not_found(name),))


def _found(
    candidates: Sequence[GatewayKey], organisation: Organisation, *, now: datetime, rules: Rules, known: bool
) -> ClaimedKey:
    # Newest first: a key that was rotated under the same name is the newer one, and one that works beats one that does not.
    # One whose status is not known may work too, which those that are revoked or expired do not.
    alive = [key for key in candidates if not key.revoked and not _expired(key, now)]
    key = next((key for key in candidates if _works(key, now)), (alive or candidates)[0])
    state, findings = _standing(key, now=now, rules=rules)
    team = organisation.teams_by_id.get(key.team_id) if key.team_id is not None else None
    # Without enforced ownership keys of several teams may bear the name: only those of one are one key's life.
    keys = tuple(each for each in candidates if each.team_id == key.team_id)
    return ClaimedKey(state, key, key.team_id, team, known, findings, keys, _previous(key, keys, now))


def _previous(key: GatewayKey, keys: Sequence[GatewayKey], now: datetime) -> GatewayKey | None:
    # `key` is the newest that works where any does, so that each other one that works is older.
    others = [each for each in keys if each is not key and _works(each, now)]
    # One that was never used comes last; of equals the first, which is the newest.
    return max(others, key=lambda each: each.last_used_at or _NEVER, default=None)


def _standing(key: GatewayKey, *, now: datetime, rules: Rules) -> tuple[KeyState, tuple[Finding, ...]]:
    if key.revoked:
        message = f"The gateway key {quoted(key.name)} is revoked: requests with it are refused."
        return "revoked", (Finding(Code.KEY_REVOKED, message, _RENEW, params(key=key.name)),)
    if _expired(key, now):
        expired, values = "has expired", None
        if key.expires_at is not None and key.expires_at <= now:
            expired = f"expired on {date_and_time(key.expires_at, rules.timezone)}"
            values = params(key=key.name, expires_at=key.expires_at)
        message = f"The gateway key {quoted(key.name)} {expired}: requests with it are refused."
        return "expired", (Finding(Code.KEY_EXPIRED, message, _RENEW, values),)
    if key.unknown_status is not None:
        return "unknown", (_status_unknown(key.name, key.unknown_status),)
    if key.expires_at is None or key.expires_at - now > rules.expiring_within:
        return "active", ()
    moment = date_and_time(key.expires_at, rules.timezone)
    message = f"The gateway key {quoted(key.name)} expires on {moment}, in {duration(key.expires_at - now)}."
    hint = "Make its successor in time and hand it to the service."
    values = params(key=key.name, expires_at=key.expires_at)
    return "expiring", (Finding(Code.KEY_EXPIRING, message, hint, values),)


def _expired(key: GatewayKey, now: datetime) -> bool:
    return key.expired or (key.expires_at is not None and key.expires_at <= now)


def _works(key: GatewayKey, now: datetime) -> bool:
    return not key.revoked and key.unknown_status is None and not _expired(key, now)


def _withheld(name: str | None, finding: Finding, *, known: bool) -> ClaimedKey:
    return ClaimedKey("withheld" if name is not None else None, known=known, findings=(finding,))


_NEVER = datetime.min.replace(tzinfo=UTC)

_RENEW = f"Make a new key in Keeptrusts; if it has another name, write that in {GATEWAY_KEY_NAME}."

_TEAMS_INCOMPLETE = Finding(
    Code.UPSTREAM_UNAVAILABLE,
    "The owner's team is not among the teams that could be read, and the list is not whole: numbers are withheld.",
    TRIED_AGAIN,
)

_TEAM_UNREADABLE = Finding(
    Code.UPSTREAM_CONTRACT,
    "The owner's team may be in a row of Keeptrusts' teams that is not of the form expected: numbers are withheld.",
    SEE_DOCTOR,
)


_CATALOG_DENIED = Finding(
    Code.CATALOG_DENIED,
    "Backstage refuses this service's own token, so whose key this is cannot be known: numbers are withheld.",
    "The platform team must renew BACKSTAGE_TOKEN; Keeptrusts has no part in it.",
    params(),
)


def _owner_unreadable(owner: Owner) -> Finding:
    if owner.denied:
        return _CATALOG_DENIED
    whose = f"The owner {owner.ref}" if owner.ref is not None else "This entity's owner"
    return Finding(
        Code.UPSTREAM_UNAVAILABLE,
        f"{whose} could not be read from the Backstage catalog, so the key cannot be assigned to a team: numbers are withheld.",
        TRIED_AGAIN,
    )


def _row_unreadable(name: str) -> Finding:
    return Finding(
        Code.UPSTREAM_CONTRACT,
        f"The gateway key {quoted(name)} may be in a row of Keeptrusts' keys that is not of the form expected.",
        SEE_DOCTOR,
    )


def _status_unknown(name: str, status: str) -> Finding:
    return Finding(
        Code.UPSTREAM_CONTRACT,
        f"Keeptrusts says {quoted(status)} of the gateway key {quoted(name)}. This service does not know that status, and "
        "cannot say whether requests with the key are accepted.",
        SEE_DOCTOR,
    )


def _owner_without_team(name: str, owner: Owner) -> Finding:
    whose = f"The owner {owner.ref}" if owner.ref is not None else "This entity"
    lacks = "has no Keeptrusts team" if owner.ref is not None else "has no owner"
    message = f"{whose} {lacks}, so the gateway key {quoted(name)} is not its own: numbers are withheld."
    return Finding(Code.OWNER_MISMATCH, message, mapping_hint(owner))


def _mismatch(name: str, owner: Owner) -> Finding:
    return Finding(
        Code.OWNER_MISMATCH,
        f"The gateway key {quoted(name)} is not one of the owner's, {owner.ref}: numbers are withheld.",
        f"Claim a key of the owner's own team in {GATEWAY_KEY_NAME}, or let the group whose key it is own the entity.",
        params(key=name, owner=str(owner.ref)),
    )


def _not_found(name: str) -> Finding:
    return Finding(
        Code.KEY_NOT_FOUND,
        f"Keeptrusts has no gateway key {quoted(name)}.",
        f"Check the name in {GATEWAY_KEY_NAME}, or make the key.",
        params(key=name),
    )


def _keys_incomplete(name: str) -> Finding:
    return Finding(
        Code.UPSTREAM_UNAVAILABLE,
        f"The gateway key {quoted(name)} is not among the keys that could be read, and the list is not whole.",
        TRIED_AGAIN,
    )
