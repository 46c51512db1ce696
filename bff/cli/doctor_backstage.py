"""Tries Backstage: its signing keys and issuer, the groups, and what one person may see. Changes nothing there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from pydantic import SecretStr

from bff.app_connections import trusting
from bff.backstage.by_refs import ByRefs
from bff.backstage.caller import Caller, IdentityUnavailableError, UnauthenticatedError
from bff.backstage.catalog import BackstageCatalog
from bff.backstage.client import BackstageClient
from bff.backstage.entities import CatalogError
from bff.backstage.identity import PLUGIN_KEYS, USER_KEYS, BackstageIdentity
from bff.cli.bff_client import TOKEN_VARIABLE
from bff.cli.doctor_keeptrusts import Trial, Verdict
from bff.secret_files import Secret
from bff.settings import Settings
from bff.values import EntityRef
from bff.wording import quoted

CONFIGURATION = "/api/auth/.well-known/openid-configuration"
"""Where Backstage's auth backend names its issuer, as OpenID Connect Discovery has it."""

AUTHORIZE = "/api/permission/authorize"
"""Where Backstage's permission backend decides."""

_NOT_THERE = EntityRef("group", "default", "keeptrusts-bff-doctor")
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
    backstage = BackstageClient(settings.backstage_url, tls=trusting(settings))
    try:
        yield await _signing_keys(backstage, "auth", USER_KEYS, failing=Verdict.FAIL)
        for plugin, path in PLUGIN_KEYS.items():
            # Without them only the calls of that plugin are refused.
            yield await _signing_keys(backstage, plugin, path, failing=Verdict.WARN)
        issuer = f"{settings.backstage_public_url or backstage.base_url}/api/auth"
        yield await _issuer(backstage, expected=issuer)
        own = settings.secret("backstage_token")
        if settings.bff_catalog == "backstage" and own is not None:
            yield await _groups(backstage, own, settings.platform_groups)
        if person is not None:
            async for trial in _person(backstage, settings, person, entity, issuer=issuer):
                yield trial
    finally:
        await backstage.aclose()


async def _signing_keys(backstage: BackstageClient, plugin: str, path: str, *, failing: Verdict) -> Trial:
    subject = f"signing keys of {plugin}"
    try:
        document = await backstage.get(path, operation="keys")
    except CatalogError as error:
        return Trial(failing, subject, str(error))
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list):
        return Trial(failing, subject, f"Backstage GET {path}: a reply without a list of keys")
    return Trial(Verdict.OK, subject, f"{len(keys):,} {'key' if len(keys) == 1 else 'keys'}")


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


async def _person(
    backstage: BackstageClient, settings: Settings, token: SecretStr, entity: EntityRef | None, *, issuer: str
) -> AsyncIterator[Trial]:
    """The way of a request of a person, step by step, as far as it leads."""
    try:
        caller = await BackstageIdentity(backstage, issuer=issuer).caller(f"Bearer {token.get_secret_value()}")
    except (UnauthenticatedError, IdentityUnavailableError) as error:
        hint = "it must be a Backstage user token that has not expired, of the issuer above"
        yield Trial(Verdict.FAIL, _PERSON, f"{error}: {hint}")
        return
    yield Trial(Verdict.OK, _PERSON, f"accepted as {caller.user}")
    yield await _permission(backstage, token)
    if settings.bff_catalog != "backstage":
        return
    catalog = BackstageCatalog(backstage, service_token=settings.secret("backstage_token"))
    yield await _memberships(catalog, caller, settings.platform_groups)
    if entity is not None:
        yield await _entity(catalog, caller, entity)


async def _permission(backstage: BackstageClient, token: SecretStr) -> Trial:
    """What the policy says of an entity that is not there: only a policy without conditions allows that."""
    subject = "permission mode"
    item = {
        "id": "1",
        "permission": {
            "type": "resource",
            "name": "catalog.entity.read",
            "attributes": {"action": "read"},
            "resourceType": "catalog-entity",
        },
        "resourceRef": str(_NOT_THERE),
    }
    try:
        result = await backstage.query_as(_decision, AUTHORIZE, {"items": [item]}, operation="authorize", token=token)
    except CatalogError as error:
        return Trial(Verdict.WARN, subject, f"not known, the permission backend may not be installed: {error}")
    said = {
        "ALLOW": "the policy lets this person read every entity",
        "DENY": "the policy decides by entity, or denies this person all",
    }.get(result or "")
    if said is None:
        return Trial(Verdict.WARN, subject, f"not known: Backstage POST {AUTHORIZE}: a reply without a decision")
    return Trial(Verdict.OK, subject, f"{said}; it applies where Backstage has permission.enabled")


def _decision(reply: Any) -> str | None:
    match reply:
        case {"items": [{"result": str(result)}]}:
            return result
    return None


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
