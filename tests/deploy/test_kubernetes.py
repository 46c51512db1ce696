"""The manifests: valid for Kubernetes, at one with the service, and without rights that nobody needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

import bff
from bff.cli.server import CLOSE_SECONDS
from bff.settings import Settings, documented
from bff.web.openapi import OPERATIONS
from tests.deploy.conftest import DEPLOY, documents

FOLDER = DEPLOY / "kubernetes"
VERSIONS = ("1.29", "1.37")
"""The oldest and the newest Kubernetes that is claimed to run it."""

KUSTOMIZATION = documents(FOLDER / "kustomization.yaml")[0]
MANIFESTS = {name: documents(FOLDER / name)[0] for name in KUSTOMIZATION["resources"]}
POD = MANIFESTS["deployment.yaml"]["spec"]["template"]
CONTAINER = POD["spec"]["containers"][0]
PATCHED = documents(FOLDER / "provisioning/deployment.patch.yaml")[0]["spec"]["template"]["spec"]["containers"][0]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", MANIFESTS)
def test_kubernetes_accepts_it(name: str, version: str) -> None:
    """Each manifest is valid against Kubernetes' own schema, without a field that it does not know."""
    kubernetes_validate.validate(MANIFESTS[name], version, strict=True)


def test_no_manifest_is_forgotten() -> None:
    """Every manifest in the folder is part of the kustomization."""
    assert sorted([*MANIFESTS, "kustomization.yaml"]) == sorted(path.name for path in FOLDER.glob("*.yaml"))


def test_the_image_is_this_version() -> None:
    """The kustomization deploys the version that this project is, never `latest`."""
    assert KUSTOMIZATION["images"] == [{"name": CONTAINER["image"], "newTag": bff.__version__}]


def test_the_service_starts_with_these_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Config map and secrets make settings that the service accepts, and that are enough to serve."""
    environment = _environment(CONTAINER, tmp_path)
    for item in documented():
        monkeypatch.delenv(item.name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings = Settings.load()
    settings.require_for_serving()
    assert (settings.bff_auth, settings.bff_host) == ("backstage", "0.0.0.0")
    assert settings.bff_port == CONTAINER["ports"][0]["containerPort"]


def test_provisioning_adds_settings_that_exist() -> None:
    """The component for provisioning patches the container that there is, with settings that the service knows."""
    known = {item.name for item in documented()} | {f"{item.name}_FILE" for item in documented() if item.secret}
    assert PATCHED["name"] == CONTAINER["name"]
    assert {variable["name"] for variable in PATCHED["env"]} <= known


def test_no_secret_stands_in_a_manifest() -> None:
    """Secrets come as files from a secret that is made elsewhere; no manifest has one, or a variable for its value."""
    secrets = {item.name for item in documented() if item.secret}
    given = {
        *MANIFESTS["configmap.yaml"]["data"],
        *(variable["name"] for variable in CONTAINER["env"] + PATCHED["env"]),
    }
    assert not given & secrets
    assert not any(manifest["kind"] == "Secret" for manifest in MANIFESTS.values())
    mount = CONTAINER["volumeMounts"][0]["mountPath"]
    files = [variable["value"] for variable in CONTAINER["env"] + PATCHED["env"] if variable["name"].endswith("_FILE")]
    assert files
    assert all(path.startswith(f"{mount}/") for path in files)


def test_probes_ask_what_the_service_answers() -> None:
    """Liveness is about this process alone, readiness is what drains; both are routes of the service."""
    paths = {name: CONTAINER[name]["httpGet"]["path"] for name in ("livenessProbe", "readinessProbe", "startupProbe")}
    assert paths == {"livenessProbe": "/livez", "readinessProbe": "/readyz", "startupProbe": "/livez"}
    assert set(paths.values()) <= {operation.path for operation in OPERATIONS}


def test_a_pod_may_finish_what_it_has_begun() -> None:
    """A pod is given longer to stop than it may take, and its drain outlasts the noticing that it is not ready."""
    drain = float(MANIFESTS["configmap.yaml"]["data"]["BFF_DRAIN_SECONDS"])
    probe = CONTAINER["readinessProbe"]
    assert POD["spec"]["terminationGracePeriodSeconds"] >= drain + CLOSE_SECONDS + 5
    assert drain > probe["periodSeconds"] * probe["failureThreshold"] + probe["timeoutSeconds"]


def test_the_pod_has_no_rights() -> None:
    """Not root, nothing to write to, no capability, no way to more, no token for Kubernetes, and a bound for memory."""
    pod, container = POD["spec"]["securityContext"], CONTAINER["securityContext"]
    assert pod["runAsNonRoot"]
    assert pod["runAsUser"] > 0
    assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert POD["spec"]["automountServiceAccountToken"] is False
    assert MANIFESTS["serviceaccount.yaml"]["automountServiceAccountToken"] is False
    assert {"requests", "limits"} <= CONTAINER["resources"].keys()
    assert POD["spec"]["volumes"][0]["secret"]["defaultMode"] & 0o007 == 0


def test_everything_is_about_the_same_pods() -> None:
    """Service, budget and network policy select the pods of the deployment."""
    labels = POD["metadata"]["labels"]
    selectors = [
        MANIFESTS["deployment.yaml"]["spec"]["selector"]["matchLabels"],
        MANIFESTS["service.yaml"]["spec"]["selector"],
        MANIFESTS["poddisruptionbudget.yaml"]["spec"]["selector"]["matchLabels"],
        MANIFESTS["networkpolicy.yaml"]["spec"]["podSelector"]["matchLabels"],
    ]
    assert selectors == [labels] * 4
    assert (
        MANIFESTS["poddisruptionbudget.yaml"]["spec"]["minAvailable"] < MANIFESTS["deployment.yaml"]["spec"]["replicas"]
    )


def _environment(container: dict[str, Any], folder: Path) -> dict[str, str]:
    """The container's environment, with its secret files made in `folder`."""
    environment: dict[str, str] = dict(MANIFESTS["configmap.yaml"]["data"])
    for variable in container["env"]:
        path = folder / Path(variable["value"]).name
        path.write_text("a-token", encoding="utf-8")
        environment[variable["name"]] = str(path)
    return environment
