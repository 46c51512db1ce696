"""Tries Backstage: its signing keys and issuer, the groups, and what one person may see. Changes nothing there."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

from pydantic import SecretStr

from bff.app_connections import Backstage, World, open_backstage, trusting
from bff.backstage.by_refs import ByRefs
from bff.backstage.caller import Caller, IdentityUnavailableError, UnauthenticatedError
from bff.backstage.catalog import BackstageCatalog
from bff.backstage.client import BackstageClient
from bff.backstage.entities import CatalogContractError, CatalogError, DescriptorError, Entity, read_entity
from bff.backstage.groups import QUERY, comes_from
from bff.backstage.identity import BY_ACTIONS, BY_PROXY, PLUGIN_KEYS, USER_KEYS, BackstageIdentity
from bff.backstage.jwks import ALGORITHMS, usable_keys
from bff.backstage.notifications import NotificationError, Notifications
from bff.cli.bff_client import TOKEN_VARIABLE
from bff.cli.doctor_keeptrusts import Trial, Verdict
from bff.secret_files import Secret
from bff.settings import Settings
from bff.status.claims import TEAM
from bff.telemetry.calls import Unobserved
from bff.values import DEFAULT_NAMESPACE, EntityRef, EntityRefError
from bff.wording import quoted

CONFIGURATION = "/api/auth/.well-known/openid-configuration"
"""Where Backstage's auth backend names its issuer, as OpenID Connect Discovery has it."""

AUTHORIZE = "/api/permission/authorize"
"""Where Backstage's permission backend decides."""

_NOT_THERE = EntityRef("group", "default", "keeptrusts-bff-doctor")
_OUTSIDE = "BFF_GROUP_ORIGINS does not cover it, so it claims nothing"
_MOST_PAGES = 100
_TRIED_AT_MOST = 200
"""Entities whose decisions are held against what the catalog shows: one page of it."""

_PERSON = f"person of {TOKEN_VARIABLE}"


async def examine_backstage(
    settings: Settings, *, person: SecretStr | None = None, entity: EntityRef | None = None
) -> AsyncIterator[Trial]:
    """Try Backstage where the settings name it and callers are verified.

    `person` is a Backstage token of a person, with which the way of a request is tried: who they are, their groups, what
    the permission policy lets them see, and `entity` in the catalog.
    """
    if settings.backstage_url is None or settings.bff_auth == "none":
        return
    backstage = open_backstage(settings, World(), Unobserved(), trusting(settings))
    if backstage is None:
        return
    try:
        yield await _signing_keys(backstage.auth, "auth", USER_KEYS, failing=Verdict.FAIL)
        for plugin in dict.fromkeys((*BY_PROXY.plugins, *(BY_ACTIONS.plugins if settings.bff_actions == "on" else ()))):
            # Without them only the calls of that plugin are refused.
            yield await _signing_keys(backstage.of(plugin), plugin, PLUGIN_KEYS[plugin], failing=Verdict.WARN)
        issuer = f"{settings.backstage_public_url or backstage.auth.base_url}/api/auth"
        yield await _issuer(backstage.auth, expected=issuer)
        own = settings.secret("backstage_token")
        if settings.bff_catalog == "backstage" and own is not None:
            trial = await _groups(backstage.catalog, own, settings.platform_groups)
            yield trial
            accepted = trial.verdict is not Verdict.FAIL
            for trial in await _team_claims(backstage.catalog, own, settings.group_origins) if accepted else ():
                yield trial
        if person is not None:
            async for trial in _person(backstage, settings, person, entity, issuer=issuer):
                yield trial
    finally:
        await backstage.aclose()


async def examine_notifications(settings: Settings) -> AsyncIterator[Trial]:
    """Find out whether owners could be notified, where that is on. Sends nothing."""
    token = settings.secret("backstage_token")
    if settings.bff_notify == "off" or settings.backstage_url is None or token is None:
        return
    subject = "notifications, by BACKSTAGE_TOKEN"
    notifications = Notifications(settings.backstage_url, token=token, tls=trusting(settings))
    try:
        await notifications.may_send()
    except NotificationError as error:
        yield Trial(Verdict.FAIL, subject, str(error))
    else:
        groups = settings.platform_groups
        unclaimed = "" if groups else "; BFF_PLATFORM_GROUPS is not set, so alerts without an owner reach no person"
        yield Trial(Verdict.OK if groups else Verdict.WARN, subject, f"may be sent; none was{unclaimed}")
    finally:
        await notifications.aclose()


async def _signing_keys(backstage: BackstageClient, plugin: str, path: str, *, failing: Verdict) -> Trial:
    subject = f"signing keys of {plugin}"
    try:
        document = await backstage.get(path, operation="keys")
    except CatalogError as error:
        return Trial(failing, subject, str(error))
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list):
        return Trial(failing, subject, f"Backstage GET {path}: a reply without a list of keys")
    try:
        usable = usable_keys(document)
    except CatalogContractError as error:
        return Trial(failing, subject, str(error))
    if keys and not usable:
        accepted = ", ".join(sorted(ALGORITHMS))
        return Trial(
            failing, subject, f"none of {len(keys):,} keys is for signatures by an accepted algorithm ({accepted})"
        )
    by = f", by {', '.join(sorted({key.algorithm_name for key in usable.values()}))}" if usable else ""
    return Trial(Verdict.OK, subject, f"{len(usable):,} {'key' if len(usable) == 1 else 'keys'}{by}")


async def _issuer(backstage: BackstageClient, *, expected: str) -> Trial:
    subject = "issuer of tokens"
    try:
        document = await backstage.get(CONFIGURATION, operation="issuer")
    except CatalogError as error:
        return Trial(Verdict.WARN, subject, f"not compared: {error}")
    issuer = document.get("issuer") if isinstance(document, dict) else None
    if not isinstance(issuer, str):
        return Trial(Verdict.WARN, subject, f"not compared: Backstage GET {CONFIGURATION}: a reply without an issuer")
    if issuer != expected:
        public = issuer.removesuffix("/api/auth")
        return Trial(
            Verdict.FAIL,
            subject,
            f"Backstage names {quoted(issuer)}, this service expects {quoted(expected)}, so every caller is refused: "
            f"set BACKSTAGE_PUBLIC_URL to {quoted(public)}, which is Backstage's backend.baseUrl",
        )
    return Trial(Verdict.OK, subject, issuer)


async def _groups(backstage: BackstageClient, token: Secret, wanted: frozenset[EntityRef]) -> Trial:
    subject = "groups, by BACKSTAGE_TOKEN"
    try:
        found = await ByRefs(backstage, operation="groups").read("doctor", token, wanted or {_NOT_THERE})
    except CatalogError as error:
        return Trial(Verdict.FAIL, subject, str(error))
    absent = sorted(str(ref) for ref in wanted if found[ref] is None)
    if absent:
        return Trial(Verdict.WARN, subject, f"of BFF_PLATFORM_GROUPS not there, or not readable: {', '.join(absent)}")
    return Trial(Verdict.OK, subject, "the token is accepted")


async def _team_claims(backstage: BackstageClient, token: Secret, origins: tuple[str, ...]) -> list[Trial]:
    """Groups that claim a team: from where they may not, and two the same."""
    subject = "groups that claim a team"
    try:
        groups = await _claiming_groups(backstage, token)
        counting = [group for group in groups if not origins or comes_from(group.origin, origins)]
        claims = {group.ref: group.annotations[TEAM].strip() for group in counting}
        namesakes = await _namesakes(backstage, token, claims.values())
    except CatalogError as error:
        return [Trial(Verdict.WARN, subject, f"not listed: {error}")]
    trials = [
        Trial(
            Verdict.WARN,
            subject,
            f"{group.ref} claims {quoted(group.annotations[TEAM])} from {_origin(group)}: {_OUTSIDE}",
        )
        for group in groups
        if group not in counting
    ]
    for team in sorted(set(claims.values())):
        by = sorted({str(ref) for ref, claimed in claims.items() if claimed == team} | namesakes.get(team, set()))
        if len(by) > 1:
            trials.append(Trial(Verdict.WARN, subject, f"the team {quoted(team)} is claimed twice: by {', '.join(by)}"))
    if trials:
        return trials
    where = "of BFF_GROUP_ORIGINS" if origins else "of any origin, since BFF_GROUP_ORIGINS is not set"
    return [Trial(Verdict.OK, subject, f"{len(counting):,} by annotation, {where}; no team twice")]


async def _claiming_groups(backstage: BackstageClient, token: Secret) -> list[Entity]:
    found: list[Entity] = []
    page = [
        ("filter", f"kind=group,metadata.annotations.{TEAM}"),
        ("fields", "kind,metadata.name,metadata.namespace,metadata.annotations"),
        ("limit", "500"),
    ]
    for _ in range(_MOST_PAGES):
        items, cursor = await backstage.get_as(_queried, f"{QUERY}?{urlencode(page)}", operation="groups", token=token)
        found += [item for item in items if TEAM in item.annotations]
        if cursor is None:
            break
        page = [("cursor", cursor), *page[1:]]
    return sorted(found, key=lambda group: group.ref)


def _queried(reply: Any) -> tuple[list[Entity], str | None]:
    match reply:
        case {"items": [*items]}:
            cursor = (reply.get("pageInfo") or {}).get("nextCursor")
            try:
                return [read_entity(item) for item in items], cursor if isinstance(cursor, str) else None
            except DescriptorError:
                pass
    raise CatalogContractError(f"Backstage GET {QUERY}: a reply that is no list of entities")


async def _namesakes(backstage: BackstageClient, token: Secret, teams: Iterable[str]) -> dict[str, set[str]]:
    """Groups that are called like one of `teams` and carry no annotation: their name is their claim."""
    refs: dict[EntityRef, str] = {}
    for team in teams:
        # A team's name that cannot be a group's has no namesake.
        with contextlib.suppress(EntityRefError):
            refs[EntityRef("group", DEFAULT_NAMESPACE, team)] = team
    found = await ByRefs(backstage, operation="groups").read("doctor", token, refs)
    return {
        refs[ref]: {str(ref)} for ref, group in found.items() if group is not None and TEAM not in group.annotations
    }


def _origin(group: Entity) -> str:
    return quoted(group.origin) if group.origin is not None else "an origin that the catalog does not say"


async def _person(
    backstage: Backstage, settings: Settings, token: SecretStr, entity: EntityRef | None, *, issuer: str
) -> AsyncIterator[Trial]:
    """The way of a request of a person, step by step, as far as it leads."""
    try:
        identity = BackstageIdentity(backstage.auth, plugins={"scaffolder": backstage.scaffolder}, issuer=issuer)
        caller = await identity.caller(f"Bearer {token.get_secret_value()}")
    except (UnauthenticatedError, IdentityUnavailableError) as error:
        hint = "it must be a Backstage user token that has not expired, of the issuer above"
        yield Trial(Verdict.FAIL, _PERSON, f"{error}: {hint}")
        return
    yield Trial(Verdict.OK, _PERSON, f"accepted as {caller.user}")
    mode = await _permission(backstage.base, token)
    yield mode
    if settings.bff_catalog != "backstage":
        return
    own = settings.secret("backstage_token")
    if own is not None and mode.verdict is Verdict.OK:
        yield await _applied(backstage, own, token, entity)
    catalog = BackstageCatalog(
        backstage.catalog,
        service_token=settings.secret("backstage_token"),
        group_origins=settings.group_origins,
        auth=backstage.auth,
    )
    yield await _memberships(catalog, caller, settings.platform_groups)
    if entity is not None:
        yield await _entity(catalog, caller, entity)


async def _permission(backstage: BackstageClient, token: SecretStr) -> Trial:
    """What the policy says of an entity that is not there: only a policy without conditions allows that."""
    subject = "permission mode"
    try:
        [result] = await _decisions(backstage, token, [_NOT_THERE])
    except CatalogError as error:
        return Trial(Verdict.WARN, subject, f"not known, the permission backend may not be installed: {error}")
    said = {
        "ALLOW": "the policy lets this person read every entity",
        "DENY": "the policy decides by entity, or denies this person all",
    }.get(result)
    if said is None:
        return Trial(Verdict.WARN, subject, f"not known: Backstage POST {AUTHORIZE}: a reply without a decision")
    return Trial(Verdict.OK, subject, f"{said}; it applies where Backstage has permission.enabled")


async def _applied(backstage: Backstage, own: Secret, token: SecretStr, entity: EntityRef | None) -> Trial:
    """Whether the catalog hides from a person what the policy denies them.

    Backstage's permission backend decides with `permission.enabled: false` too, and then no plugin asks it. So the two are
    held against each other, for the first entities of the catalog and the one that is asked for.
    """
    subject = "permission.enabled"
    page = urlencode({"fields": "kind,metadata.name,metadata.namespace", "limit": _TRIED_AT_MOST})
    try:
        found, _ = await backstage.catalog.get_as(_queried, f"{QUERY}?{page}", operation="groups", token=own)
        refs = sorted({each.ref for each in found} | ({entity} if entity is not None else set()))
        decisions = await _decisions(backstage.base, token, refs) if refs else []
        denied = [ref for ref, decision in zip(refs, decisions, strict=True) if decision == "DENY"]
        seen = await ByRefs(backstage.catalog, operation="entities").read("person", token, denied) if denied else {}
    except CatalogError as error:
        return Trial(Verdict.WARN, subject, f"not tried: {error}")
    shown = [str(ref) for ref in denied if seen[ref] is not None]
    if shown:
        return Trial(
            Verdict.WARN,
            subject,
            f"not on: the policy denies this person {shown[0]}, and the catalog shows it to them. Every signed-in user may see "
            "every entity until Backstage has permission.enabled: true",
        )
    if denied:
        return Trial(Verdict.OK, subject, f"on: hidden from this person: {len(denied):,} of {len(refs):,} entities")
    message = f"not seen: the policy denies this person none of the {len(refs):,} entities that were tried"
    return Trial(Verdict.OK, subject, message)


async def _decisions(backstage: BackstageClient, token: SecretStr, refs: Sequence[EntityRef]) -> list[str]:
    """What the permission policy says of the reading of each entity by a person: `ALLOW` or `DENY`. Raises `CatalogError`."""
    permission = {
        "type": "resource",
        "name": "catalog.entity.read",
        "attributes": {"action": "read"},
        "resourceType": "catalog-entity",
    }
    items = [{"id": str(n), "permission": permission, "resourceRef": str(ref)} for n, ref in enumerate(refs)]

    def decided(reply: Any) -> list[str]:
        match reply:
            case {"items": [*answers]}:
                by_id = {answer.get("id"): answer.get("result") for answer in answers if isinstance(answer, dict)}
                return [str(by_id.get(item["id"])) for item in items]
        raise CatalogContractError(f"Backstage POST {AUTHORIZE}: a reply without a decision")

    return await backstage.query_as(decided, AUTHORIZE, {"items": items}, operation="authorize", token=token)


async def _memberships(catalog: BackstageCatalog, caller: Caller, platform_groups: frozenset[EntityRef]) -> Trial:
    subject = "groups of the person"
    try:
        memberships = await catalog.memberships(caller)
    except CatalogError as error:
        return Trial(Verdict.FAIL, subject, str(error))
    groups = sorted(str(ref) for ref in memberships if ref.kind == "group")
    named = ", ".join(groups) or "none, so that numbers of no team are this person's"
    platform = "; may provision for every team" if memberships & platform_groups else ""
    return Trial(Verdict.OK if groups else Verdict.WARN, subject, f"{named}{platform}")


async def _entity(catalog: BackstageCatalog, caller: Caller, ref: EntityRef) -> Trial:
    subject = f"catalog, {ref}"
    try:
        entity = await catalog.entity(caller, ref)
    except CatalogError as error:
        return Trial(Verdict.FAIL, subject, str(error))
    if entity is None:
        return Trial(Verdict.WARN, subject, "not in the catalog, or this person may not see it")
    return Trial(
        Verdict.OK, subject, f"seen, with {len(entity.annotations)} annotations; owner {entity.owner or 'none'}"
    )
