"""The catalog's entities: whole, without a dangling reference, and in agreement with the sandbox."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_spec_validator import validate

from bff.sandbox.scenario import TEAMS
from bff.status.claims import DAILY_BUDGET, GATEWAY_KEY_NAME, POLICY_TIER, TEAM, read_claims
from bff.values import EntityRef

CATALOG = Path(__file__).parents[2] / "catalog"
Entity = dict[str, Any]

# Which kind a reference has when it does not say: Backstage's own rule for each field.
REFERENCES = {
    "owner": "group",
    "system": "system",
    "domain": "domain",
    "providesApis": "api",
    "consumesApis": "api",
    "dependsOn": "component",
    "memberOf": "group",
    "members": "user",
    "children": "group",
    "parent": "group",
}
KEYS = {key.name: (team, key) for team in TEAMS for key in team.keys}


def documents(path: Path) -> list[Entity]:
    return list(yaml.safe_load_all(path.read_text("utf-8")))


def listed() -> list[tuple[Path, Entity]]:
    location = documents(CATALOG / "all.yaml")[0]
    paths = [CATALOG / target for target in location["spec"]["targets"]]
    return [(path, entity) for path in paths for entity in documents(path)]


def ref(entity: Entity) -> EntityRef:
    metadata = entity["metadata"]
    return EntityRef(entity["kind"], metadata.get("namespace", "default"), metadata["name"])


ENTITIES = {ref(entity): entity for _, entity in listed()}
COMPONENTS = [entity for entity in ENTITIES.values() if entity["kind"] == "Component"]


def named(name: str) -> Entity:
    return next(entity for entity in COMPONENTS if entity["metadata"]["name"] == name)


def annotations(entity: Entity) -> dict[str, str]:
    return entity["metadata"].get("annotations", {})


def team_of(owner: str) -> str:
    group = ENTITIES[EntityRef.parse(owner, default_kind="group")]
    return annotations(group).get(TEAM, group["metadata"]["name"])


def test_every_example_is_registered() -> None:
    """No file of examples lies around without being in all.yaml."""
    paths = {path.resolve() for path, _ in listed()}
    assert paths >= {path.resolve() for path in (CATALOG / "examples").glob("*.yaml")}


def test_every_entity_is_there_once() -> None:
    """Backstage keeps only one of two entities with the same reference."""
    assert [found for found, count in Counter(ref(entity) for _, entity in listed()).items() if count > 1] == []


def test_every_file_says_what_it_is_for() -> None:
    """Each file says at its top why it is there."""
    for path in {path for path, _ in listed()} | {CATALOG / "all.yaml"}:
        assert path.read_text("utf-8").startswith("# "), path


@pytest.mark.parametrize("entity", ENTITIES.values(), ids=lambda entity: str(ref(entity)))
def test_no_reference_dangles(entity: Entity) -> None:
    """Owners, systems, APIs and groups that an entity names are in the catalog too."""
    for field, kind in REFERENCES.items():
        value = entity["spec"].get(field, [])
        for text in [value] if isinstance(value, str) else value:
            assert EntityRef.parse(text, default_kind=kind) in ENTITIES, f"{field}: {text}"


@pytest.mark.parametrize("entity", ENTITIES.values(), ids=lambda entity: str(ref(entity)))
def test_annotations_are_text(entity: Entity) -> None:
    """Backstage refuses an annotation that YAML made a number."""
    assert all(isinstance(value, str) for value in annotations(entity).values())


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda entity: entity["metadata"]["name"])
def test_a_component_has_what_backstage_requires(component: Entity) -> None:
    """Type, lifecycle and owner are required; each component that uses the gateway says so."""
    assert component["spec"].keys() >= {"type", "lifecycle", "owner"}
    if GATEWAY_KEY_NAME in annotations(component):
        assert "keeptrusts-gateway-api" in component["spec"]["consumesApis"]


def test_the_api_is_valid_openapi() -> None:
    """The definition validates, secures completions with a bearer key, and describes replies."""
    api = ENTITIES[EntityRef("api", "default", "keeptrusts-gateway-api")]
    definition = yaml.safe_load(api["spec"]["definition"])
    validate(definition)
    operation = definition["paths"]["/v1/chat/completions"]["post"]
    assert operation["security"] == [{"gatewayKey": []}]
    assert definition["components"]["securitySchemes"]["gatewayKey"]["scheme"] == "bearer"
    assert {"200", "401", "402", "409", "422", "429"} <= operation["responses"].keys()


def test_the_guides_entities_are_as_in_the_guide() -> None:
    """The gateway and the customer support bot carry the guide's own annotations."""
    assert annotations(named("customer-support-bot")) == {
        GATEWAY_KEY_NAME: "support-team-gw-key",
        POLICY_TIER: "tier-3-customer-facing",
        DAILY_BUDGET: "500",
    }
    assert annotations(named("keeptrusts-gateway"))["backstage.io/techdocs-ref"] == "dir:."
    assert named("keeptrusts-gateway")["spec"]["providesApis"] == ["keeptrusts-gateway-api"]


CLAIMING = [entity for entity in COMPONENTS if annotations(entity).get(GATEWAY_KEY_NAME) in KEYS]


@pytest.mark.parametrize(
    "component",
    [entity for entity in CLAIMING if entity["metadata"]["name"] not in {"lead-scorer", "translation-service"}],
    ids=lambda entity: entity["metadata"]["name"],
)
def test_claims_agree_with_the_sandbox(component: Entity) -> None:
    """Budget, team and, but for the example of drift, tier are those that the scenario was made for."""
    claims = read_claims(annotations(component))
    team, key = KEYS[annotations(component)[GATEWAY_KEY_NAME]]
    assert claims.daily_budget is not None
    assert claims.daily_budget.amount == key.budget
    assert team_of(component["spec"]["owner"]) == team.name
    if component["metadata"]["name"] == "campaign-writer":
        assert str(claims.policy_tier) != team.tier
    elif component["metadata"]["name"] == "brand-checker":
        assert claims.policy_tier is None
    else:
        assert str(claims.policy_tier) == team.tier


def test_every_key_of_the_sandbox_is_claimed() -> None:
    """Nothing is made that the demo does not show."""
    assert {annotations(entity)[GATEWAY_KEY_NAME] for entity in CLAIMING} == set(KEYS)


def test_the_catalog_shows_what_only_it_can_show() -> None:
    """No annotation, a malformed one, an unknown key, and a key of somebody else's team."""
    assert read_claims(annotations(named("billing-service"))).names_a_key is False
    assert set(read_claims(annotations(named("translation-service"))).malformed) == {DAILY_BUDGET}
    assert annotations(named("api-docs-helper"))[GATEWAY_KEY_NAME] not in KEYS
    stranger = named("lead-scorer")
    assert KEYS[annotations(stranger)[GATEWAY_KEY_NAME]][0].name != team_of(stranger["spec"]["owner"])


def test_one_group_is_called_otherwise_in_keeptrusts() -> None:
    """The annotation keeptrusts.dev/team leads from that group to a team of the scenario."""
    groups = [entity for entity in ENTITIES.values() if entity["kind"] == "Group" and TEAM in annotations(entity)]
    (group,) = groups
    assert annotations(group)[TEAM] in {team.name for team in TEAMS}
    assert annotations(group)[TEAM] != group["metadata"]["name"]


def test_the_guest_belongs_to_the_support_team() -> None:
    """The demo's guest is an owner of the customer support bot."""
    guest = ENTITIES[EntityRef("user", "default", "guest")]
    assert guest["spec"]["memberOf"] == ["support-team"]
