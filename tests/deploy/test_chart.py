"""The Helm chart: rendered by Helm, valid for Kubernetes, at one with the service, and without rights that nothing needs."""

from __future__ import annotations

import base64
import copy
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import helm_python
import kubernetes_validate
import pytest
import yaml

import bff
from bff.cli.server import CLOSE_SECONDS
from bff.settings import Settings, documented
from bff.web.openapi import ROUTES
from tests.deploy.chart import CHART, VARIANTS, Manifest, container, manifests, texts, values
from tests.deploy.conftest import ALERTS, RECORDED, program
from tests.harness.authority import Authority

VERSIONS = ("1.29", "1.37")
"""The oldest and the newest Kubernetes that is claimed to run it."""

PROVISIONING = "keeptrusts-bff-provisioning"
SECRETS_FOLDER = "/run/secrets/keeptrusts-bff"


@pytest.fixture(params=VARIANTS)
def release(request: pytest.FixtureRequest) -> dict[str, Manifest]:
    """The manifests of one variant of `ci/`."""
    return manifests(values(request.param))


def known_settings() -> set[str]:
    """The names under which the service takes a setting from the environment."""
    return {item.name for item in documented()} | {f"{name}_FILE" for name in secrets()}


def secrets() -> set[str]:
    """The settings whose values are secrets."""
    return {item.name for item in documented() if item.secret}


def environment(release: dict[str, Manifest]) -> dict[str, str]:
    """The environment of the release's container: its config maps and its own variables."""
    given = container(release)
    maps = {item["metadata"]["name"]: item["data"] for item in release.values() if item["kind"] == "ConfigMap"}
    found: dict[str, str] = {}
    for source in given["envFrom"]:
        found |= maps[source["configMapRef"]["name"]]
    return found | {item["name"]: item["value"] for item in given["env"]}


def provisioning(release: dict[str, Manifest]) -> dict[str, Manifest]:
    """The release with the pods that provision in place of those that show numbers."""
    end = f" {PROVISIONING}"
    own = {kind.removesuffix(end): manifest for kind, manifest in release.items() if kind.endswith(end)}
    return own | {"ConfigMap of both": release["ConfigMap"]}


@pytest.mark.parametrize("variant", VARIANTS)
def test_helm_finds_nothing_to_complain_of(variant: str) -> None:
    """`helm lint --strict` gives no warning; it would like an icon, which this project has none of."""
    report = helm_python.lint(CHART, values(variant), strict=True, kube_version=f"v{VERSIONS[0]}.0")
    assert report["errors"] == []
    assert [message["error"] for message in report["messages"]] == ["icon is recommended"]


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_accepts_it(release: dict[str, Manifest], version: str) -> None:
    """Each manifest of a kind that Kubernetes itself has is valid against its schema, without an unknown field."""
    own = [
        item
        for item in release.values()
        if "." not in item["apiVersion"].partition("/")[0] or ".k8s.io" in item["apiVersion"]
    ]
    assert len(own) >= 5
    for manifest in own:
        kubernetes_validate.validate(manifest, version, strict=True)


def test_each_variant_makes_what_it_is_for() -> None:
    """The least of values makes what one replica needs; all of them make every kind that the chart has."""
    least = {"ConfigMap", "Deployment", "PersistentVolumeClaim", "Service", "ServiceAccount"}
    apart = {"ConfigMap", "Deployment", "NetworkPolicy", "PodDisruptionBudget", "Service", "ServiceAccount"}
    assert manifests(values("minimal")).keys() == least
    assert manifests(values("provisioning")).keys() == least | {"NetworkPolicy"}
    assert manifests(values("everything")).keys() == (least - {"PersistentVolumeClaim"}) | {
        *(f"{kind} {PROVISIONING}" for kind in apart),
        "ConfigMap keeptrusts-bff-dashboard",
        "ExternalSecret",
        "HorizontalPodAutoscaler",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "PodMonitor",
        "PrometheusRule",
    }


def test_chart_and_service_are_of_one_version() -> None:
    """The chart deploys the version that this project is, never `latest`."""
    metadata = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert (metadata["version"], metadata["appVersion"]) == (bff.__version__, bff.__version__)
    assert container(manifests(values("minimal")))["image"] == f"keeptrusts-bff:{bff.__version__}"


def test_a_digest_wins_over_the_tag() -> None:
    """An image that is named by digest is that very image, whatever the tag says."""
    given = values("everything")
    given["image"]["tag"] = "moved"
    assert container(manifests(given))["image"] == f"{given['image']['repository']}@{given['image']['digest']}"


@pytest.mark.parametrize("part", ["minimal", "provisioning", "everything", PROVISIONING])
def test_the_service_starts_with_these_settings(part: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Config map and secret files make settings that the service accepts, and that are enough to serve."""
    release = provisioning(manifests(values("everything"))) if part == PROVISIONING else manifests(values(part))
    for name in known_settings():
        monkeypatch.delenv(name, raising=False)
    shown = Authority("Corporate Root").sign()
    contents = {
        "DATABASE_URL_FILE": b"postgresql://bff@database/bff",
        "KEEPTRUSTS_PROXY_URL_FILE": b"http://proxy:3128",
        "BFF_NOTIFY_WEBHOOK_SECRET_FILE": b"whsec_" + base64.b64encode(b"x" * 32),
        "BFF_CA_FILE": Authority("Corporate Root").pem,
        "BFF_TLS_CERT_FILE": shown.certificate,
        "BFF_TLS_KEY_FILE": shown.key,
    }
    for name, value in environment(release).items():
        if name in contents or value.startswith("/run/secrets/"):
            path = tmp_path / Path(value).name
            path.write_bytes(contents.get(name, b"a-token"))
            value = str(path)  # noqa: PLW2901 - the file that the pod would have
        monkeypatch.setenv(name, value)
    settings = Settings.load()
    settings.require_for_serving()
    assert (settings.bff_auth, settings.bff_host) == ("backstage", "0.0.0.0")
    assert settings.bff_port == container(release)["ports"][0]["containerPort"]


def test_only_the_pods_that_provision_can() -> None:
    """With pods of its own for provisioning the others have no admin token, nothing of Vault's, and no way there."""
    release = manifests(values("everything"))
    shows, makes = environment(release), environment(provisioning(release))
    only = {"KEEPTRUSTS_ADMIN_TOKEN_FILE", "VAULT_ADDR", "VAULT_KUBERNETES_ROLE", "VAULT_KUBERNETES_TOKEN_FILE"}
    assert makes.keys() - shows.keys() == only
    assert not shows.keys() - makes.keys()
    (volume,) = (
        item for item in release["Deployment"]["spec"]["template"]["spec"]["volumes"] if item["name"] == "secrets"
    )
    assert "keeptrusts-admin-token" not in [item["key"] for item in volume["secret"]["items"]]
    ports = {
        name: {port["port"] for rule in release[name]["spec"]["egress"] for port in rule["ports"]}
        for name in ("NetworkPolicy", f"NetworkPolicy {PROVISIONING}")
    }
    assert ports[f"NetworkPolicy {PROVISIONING}"] - ports["NetworkPolicy"] == {8200}


def test_pods_that_provision_are_apart() -> None:
    """Neither Service reaches the other's pods, each kind has an account of its own, and Prometheus finds both."""
    release = manifests(values("everything"))
    both = [release, provisioning(release)]
    selectors = [each["Service"]["spec"]["selector"] for each in both]
    labels = [each["Deployment"]["spec"]["template"]["metadata"]["labels"] for each in both]
    for number, selector in enumerate(selectors):
        assert [selector.items() <= each.items() for each in labels] == [number == 0, number == 1]
    accounts = [each["Deployment"]["spec"]["template"]["spec"]["serviceAccountName"] for each in both]
    assert accounts == ["keeptrusts-bff", PROVISIONING]
    wanted = release["PodMonitor"]["spec"]["selector"]
    (one_of,) = wanted["matchExpressions"]
    for each in labels:
        assert wanted["matchLabels"].items() <= each.items()
        assert each[one_of["key"]] in one_of["values"]


def test_vault_gets_a_token_of_the_service_account() -> None:
    """The file that the setting names is a projected token with Vault's audience, of the pods that provision alone."""
    release = manifests(values("everything"))
    makes = provisioning(release)
    (mount,) = (item for item in container(makes)["volumeMounts"] if item["name"] == "vault-token")
    (volume,) = (
        item for item in makes["Deployment"]["spec"]["template"]["spec"]["volumes"] if item["name"] == "vault-token"
    )
    (source,) = (item["serviceAccountToken"] for item in volume["projected"]["sources"])
    assert environment(makes)["VAULT_KUBERNETES_TOKEN_FILE"] == f"{mount['mountPath']}/{source['path']}"
    assert (source["audience"], source["expirationSeconds"]) == ("https://vault.internal", 3600)
    assert "vault-token" not in [item["name"] for item in container(release)["volumeMounts"]]


def test_it_sets_what_the_service_knows(release: dict[str, Manifest]) -> None:
    """Every variable of the container is a setting of the service or of OpenTelemetry."""
    assert {name for name in environment(release) if not name.startswith("OTEL_")} <= known_settings()


def test_every_secret_of_the_service_can_be_given_as_a_file() -> None:
    """The chart has a place for each secret setting but the token that Kubernetes makes, and for nothing else."""
    given = secrets() - {"VAULT_KUBERNETES_TOKEN"}
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    assert set(schema["properties"]["secret"]["properties"]["files"]["properties"]) == given
    assert set(yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))["secret"]["files"]) == given


def test_secrets_are_files_of_the_secret_that_is_named(release: dict[str, Manifest]) -> None:
    """No manifest holds a secret: each is a key of the Secret, mounted where its variable points, unreadable for others."""
    given = environment(release)
    assert not given.keys() & secrets()
    assert not any(manifest["kind"] == "Secret" for manifest in release.values())
    (volume,) = (
        item for item in release["Deployment"]["spec"]["template"]["spec"]["volumes"] if item["name"] == "secrets"
    )
    mounted = {f"{SECRETS_FOLDER}/{item['path']}" for item in volume["secret"]["items"]}
    assert mounted == {value for name, value in given.items() if name.removesuffix("_FILE") in secrets()}
    assert volume["secret"]["defaultMode"] & 0o007 == 0


def test_external_secrets_fill_the_secret_that_the_pods_mount() -> None:
    """Each key that the pods mount comes from a place in the store, into the Secret of the same name."""
    release = manifests(values("everything"))
    external = release["ExternalSecret"]["spec"]
    (volume,) = (
        item
        for item in provisioning(release)["Deployment"]["spec"]["template"]["spec"]["volumes"]
        if item["name"] == "secrets"
    )
    assert external["target"]["name"] == volume["secret"]["secretName"]
    assert {item["secretKey"] for item in external["data"]} == {item["key"] for item in volume["secret"]["items"]}
    assert all(item["remoteRef"]["key"] for item in external["data"])


def test_numbers_arrive_as_they_were_written() -> None:
    """Helm reads every number as a float; a large one reaches the service without an exponent, a fraction with its digits."""
    data = manifests(values("everything"))["ConfigMap"]["data"]
    assert data["BFF_STALE_LIMIT_SECONDS"] == "604800"
    assert data["BFF_REFRESH_SECONDS"] == "12.5"


def test_one_replica_keeps_its_data_in_a_volume() -> None:
    """Without a database there is one replica with a volume of its own, which ends before its successor starts."""
    release = manifests(values("minimal"))
    deployment = release["Deployment"]["spec"]
    assert (deployment["replicas"], deployment["strategy"]) == (1, {"type": "Recreate"})
    folder = release["ConfigMap"]["data"]["BFF_DATA_DIR"]
    (mount,) = (item for item in container(release)["volumeMounts"] if item["name"] == "data")
    assert (mount["mountPath"], mount.get("readOnly", False)) == (folder, False)
    (volume,) = (item for item in deployment["template"]["spec"]["volumes"] if item["name"] == "data")
    assert volume["persistentVolumeClaim"]["claimName"] == release["PersistentVolumeClaim"]["metadata"]["name"]


@pytest.mark.parametrize(
    ("persistence", "volume"),
    [
        ({"enabled": False}, {"emptyDir": {}}),
        ({"existingClaim": "kept"}, {"persistentVolumeClaim": {"claimName": "kept"}}),
    ],
)
def test_the_volume_may_be_another(persistence: dict[str, Any], volume: dict[str, Any]) -> None:
    """Without persistence, or with a claim that exists, no claim is made."""
    release = manifests(values("minimal") | {"persistence": persistence})
    volumes = release["Deployment"]["spec"]["template"]["spec"]["volumes"]
    assert {"name": "data", **volume} in volumes
    assert "PersistentVolumeClaim" not in release


def test_with_a_database_nothing_is_kept_in_the_pods() -> None:
    """Replicas on a database have no volume for data, and are replaced one after the other."""
    release = manifests(values("everything"))
    deployment = release["Deployment"]["spec"]
    assert deployment["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert "data" not in [item["name"] for item in deployment["template"]["spec"]["volumes"]]
    assert "BFF_DATA_DIR" not in release["ConfigMap"]["data"]
    assert "replicas" not in deployment


WITH_A_STORE = {"secret": {"externalSecret": {"enabled": True, "store": {"name": "vault"}}}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"replicaCount": 3},
            "replicaCount: 3 needs a database: name its key in the Secret with secret.files.DATABASE_URL",
        ),
        ({"autoscaling": {"enabled": True}}, "autoscaling.enabled needs a database"),
        ({"settings": {"BACKSTAGE_TOKEN": "x"}}, "settings.BACKSTAGE_TOKEN is a secret"),
        ({"settings": {"BFF_DATA_DIR": "/data"}}, "settings.BFF_DATA_DIR is set by the chart itself"),
        ({"settings": {"BFF_TLS_KEY_FILE": "/key"}}, "settings.BFF_TLS_KEY_FILE is set by the chart itself"),
        (WITH_A_STORE, "secret.externalSecret.remote.BACKSTAGE_TOKEN is missing"),
        ({"prometheusRule": {"enabled": True}}, "prometheusRule.runbookUrl is not set"),
        ({"settings": {"KEEPTRUSTS_API_URL": "keeptrusts:8080"}}, "at '/settings/KEEPTRUSTS_API_URL'"),
        ({"settings": {"REDIS_URL": "redis://redis"}}, "invalid propertyName 'REDIS_URL'"),
        ({"provisioning": {"separate": True}}, "provisioning.separate needs a database"),
        (
            {"settings": {"VAULT_KUBERNETES_TOKEN_FILE": "/t"}},
            "settings.VAULT_KUBERNETES_TOKEN_FILE is set by the chart",
        ),
        ({"replicas": 2}, "additional properties 'replicas' not allowed"),
    ],
)
def test_what_cannot_work_is_refused(change: dict[str, Any], message: str) -> None:
    """Values that cannot work end the rendering with a line that names the value and what to do."""
    given = values("minimal")
    for name, value in change.items():
        given[name] = given.get(name, {}) | value if isinstance(value, dict) else value
    with pytest.raises(helm_python.HelmError, match=re.escape(message)):
        texts(given)


def test_a_change_of_settings_starts_new_pods() -> None:
    """The pods carry a checksum of their settings, which no other value changes."""
    given = values("minimal")
    other = copy.deepcopy(given)
    other["settings"]["BFF_LOG_LEVEL"] = "debug"
    same = copy.deepcopy(given) | {"replicaCount": 1, "service": {"port": 80}}
    first, second, third = (
        manifests(each)["Deployment"]["spec"]["template"]["metadata"]["annotations"]["checksum/config"]
        for each in (given, other, same)
    )
    assert first != second
    assert first == third


@pytest.mark.parametrize(("kind", "source"), [("ConfigMap", "configMap"), ("Secret", "secret")])
def test_a_private_authority_is_a_file(kind: str, source: str) -> None:
    """The certificate of `ca` is mounted where its setting points, be it in a config map or in a secret."""
    release = manifests(values("minimal") | {"ca": {"kind": kind, "name": "corporate-ca", "key": "root.pem"}})
    (mount,) = (item for item in container(release)["volumeMounts"] if item["name"] == "ca")
    (volume,) = (item for item in release["Deployment"]["spec"]["template"]["spec"]["volumes"] if item["name"] == "ca")
    assert release["ConfigMap"]["data"]["BFF_CA_FILE"] == f"{mount['mountPath']}/root.pem"
    assert volume[source]["items"] == [{"key": "root.pem", "path": "root.pem"}]


def test_probes_ask_what_the_service_answers(release: dict[str, Manifest]) -> None:
    """Liveness is about this process alone, readiness is what drains; both are routes of the service."""
    given = container(release)
    paths = {name: given[name]["httpGet"]["path"] for name in ("livenessProbe", "readinessProbe", "startupProbe")}
    assert paths == {"livenessProbe": "/livez", "readinessProbe": "/readyz", "startupProbe": "/livez"}
    assert set(paths.values()) <= {route.path for route in ROUTES}


def test_a_pod_may_finish_its_requests(release: dict[str, Manifest]) -> None:
    """A pod is given longer to stop than it may take, and its drain outlasts the noticing that it is not ready."""
    drain = float(release["ConfigMap"]["data"]["BFF_DRAIN_SECONDS"])
    probe = container(release)["readinessProbe"]
    assert (
        release["Deployment"]["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] >= drain + CLOSE_SECONDS + 5
    )
    assert drain > probe["periodSeconds"] * probe["failureThreshold"] + probe["timeoutSeconds"]


def test_the_pod_has_no_rights(release: dict[str, Manifest]) -> None:
    """Not root, a root that is read only, no capability, no way to more, no token for Kubernetes, and a bound for memory."""
    deployments = [manifest for manifest in release.values() if manifest["kind"] == "Deployment"]
    for pod in [manifest["spec"]["template"]["spec"] for manifest in deployments]:
        (given,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["securityContext"]["runAsUser"] == pod["securityContext"]["fsGroup"] == 10001
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert given["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert pod["automountServiceAccountToken"] is False
        assert given["resources"]["limits"].keys() == {"memory"}
    assert release["ServiceAccount"]["automountServiceAccountToken"] is False


def test_everything_is_about_the_same_pods(release: dict[str, Manifest]) -> None:
    """Service, budget, monitor, spread and network policy select the pods of the deployment."""
    spec = release["Deployment"]["spec"]
    selector = spec["selector"]["matchLabels"]
    assert selector.items() <= spec["template"]["metadata"]["labels"].items()
    assert release["Service"]["spec"]["selector"] == selector
    for constraint in spec["template"]["spec"]["topologySpreadConstraints"]:
        assert constraint["labelSelector"]["matchLabels"] == selector
    others = {"PodDisruptionBudget": "selector", "PodMonitor": "selector", "NetworkPolicy": "podSelector"}
    for kind, field in others.items():
        if kind in release:
            assert release[kind]["spec"][field]["matchLabels"].items() <= selector.items()


def test_two_releases_share_a_namespace() -> None:
    """Names and selectors carry the release's name, so that staging and production can stand side by side."""
    first, second = (manifests(values("minimal"), name=name) for name in ("staging", "production"))
    for kind, manifest in first.items():
        assert manifest["metadata"]["name"] != second[kind]["metadata"]["name"]
    assert first["Service"]["spec"]["selector"] != second["Service"]["spec"]["selector"]


def test_nodes_can_be_emptied() -> None:
    """One replica at a time may be evicted, and one that is not ready always."""
    release = manifests(values("everything"))
    for each in (release, provisioning(release)):
        budget = each["PodDisruptionBudget"]["spec"]
        assert (budget["maxUnavailable"], budget["unhealthyPodEvictionPolicy"]) == (1, "AlwaysAllow")
        assert budget["selector"] == each["Deployment"]["spec"]["selector"]


def test_the_network_policy_opens_what_is_configured() -> None:
    """Out go names, Backstage, Keeptrusts, and database, Vault and collector where they are configured; in come two."""
    given = values("everything")
    given["provisioning"] = {"separate": False}
    assert {53, 7007, 443, 8080, 41002, 5432, 8200, 4318, 3128} == _egress_ports(given)
    least = values("minimal") | {"networkPolicy": {"enabled": True}}
    assert {53, 7007, 443, 8080, 41002} == _egress_ports(least)
    (ingress,) = manifests(least)["NetworkPolicy"]["spec"]["ingress"]
    assert (len(ingress["from"]), ingress["ports"]) == (2, [{"port": "http", "protocol": "TCP"}])


def test_backstage_does_not_reach_the_admin_port() -> None:
    """With a port for operators the network policy opens that one to Prometheus alone, and the other to Backstage alone."""
    policy = manifests(values("everything"))["NetworkPolicy"]["spec"]["ingress"]
    peers = {rule["ports"][0]["port"]: [next(iter(peer)) for peer in rule["from"]] for rule in policy}
    assert peers == {"http": ["podSelector"], "admin": ["namespaceSelector"]}


@pytest.mark.parametrize(("port", "asked"), [(None, ("http", "HTTPS", "https")), (8788, ("admin", None, None))])
def test_operators_ask_where_the_service_answers_them(
    port: int | None, asked: tuple[str, str | None, str | None]
) -> None:
    """Probes and monitor use the admin port in plain HTTP where there is one, else the other port as it is."""
    given = values("everything")
    del given["settings"]["BFF_ADMIN_PORT"]
    given["settings"] |= {"BFF_ADMIN_PORT": port} if port else {}
    release = manifests(given)
    (endpoint,) = release["PodMonitor"]["spec"]["podMetricsEndpoints"]
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        probe = container(release)[name]["httpGet"]
        assert (probe["port"], probe.get("scheme"), endpoint.get("scheme")) == asked
    assert endpoint["port"] == asked[0]
    assert {item["name"] for item in container(release)["ports"]} == {"http", asked[0]}


def test_a_service_monitor_finds_the_admin_port() -> None:
    """The Service has the admin port only where a ServiceMonitor needs its name."""
    given = values("everything")
    pods = manifests(given)["Service"]["spec"]["ports"]
    given["monitor"]["kind"] = "ServiceMonitor"
    release = manifests(given)
    (endpoint,) = release["ServiceMonitor"]["spec"]["endpoints"]
    assert [item["name"] for item in pods] == ["http"]
    assert endpoint["port"] in [item["name"] for item in release["Service"]["spec"]["ports"]]


def test_the_certificate_is_a_mounted_secret() -> None:
    """Certificate and key are files of the Secret that `tls` names, mounted whole, so that a renewal reaches the pod."""
    release = manifests(values("everything"))
    (mount,) = (item for item in container(release)["volumeMounts"] if item["name"] == "tls")
    (volume,) = (item for item in release["Deployment"]["spec"]["template"]["spec"]["volumes"] if item["name"] == "tls")
    data = release["ConfigMap"]["data"]
    assert data["BFF_TLS_CERT_FILE"] == f"{mount['mountPath']}/tls.crt"
    assert data["BFF_TLS_KEY_FILE"] == f"{mount['mountPath']}/tls.key"
    assert (volume["secret"]["secretName"], "subPath" in mount) == ("keeptrusts-bff-tls", False)


@pytest.mark.parametrize(("kind", "field"), [("PodMonitor", "podMetricsEndpoints"), ("ServiceMonitor", "endpoints")])
def test_prometheus_names_the_job_as_the_rules_do(kind: str, field: str) -> None:
    """Monitor and rules have the job's name of the values, so that no alert asks for a job that is not there."""
    given = values("everything")
    given["monitor"]["kind"] = kind
    release = manifests(given)
    (endpoint,) = release[kind]["spec"][field]
    assert {"targetLabel": "job", "replacement": "ai-governance"} in endpoint["relabelings"]
    rules = [rule for group in release["PrometheusRule"]["spec"]["groups"] for rule in group["rules"]]
    asked = {name for rule in rules for name in re.findall(r'job="([^"]*)"', rule["expr"])}
    assert asked == {"ai-governance"}


def test_prometheus_accepts_the_rules_of_the_chart(tmp_path: Path) -> None:
    """The rules of the release are all rules there are, valid, with an absolute address of each alert's section."""
    spec = manifests(values("everything"))["PrometheusRule"]["spec"]
    path = tmp_path / "rules.yml"
    path.write_text(yaml.safe_dump(spec), encoding="utf-8")
    tool = program("promtool", "prometheus")
    done = subprocess.run([tool, "check", "rules", path], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    rules = [rule for group in spec["groups"] for rule in group["rules"]]
    assert len(rules) == len(ALERTS) + len(RECORDED)
    base = values("everything")["prometheusRule"]["runbookUrl"]
    addresses = {rule["alert"]: rule["annotations"]["runbook_url"] for rule in rules if "alert" in rule}
    assert addresses == {alert.name: f"{base}#{alert.name.lower()}" for alert in ALERTS}


def test_the_dashboard_is_the_projects_own() -> None:
    """Grafana's sidecar gets the dashboard of the project, whole."""
    data = manifests(values("everything"))["ConfigMap keeptrusts-bff-dashboard"]["data"]
    assert {name: json.loads(text) for name, text in data.items()} == {
        path.name: json.loads(path.read_text(encoding="utf-8")) for path in (CHART / "dashboards").glob("*.json")
    }


def test_every_value_is_described() -> None:
    """Each value of the chart stands in its schema and in its README, and no other does."""
    given = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    assert set(schema["properties"]) == {*given, "global"}
    readme = (CHART / "README.md").read_text(encoding="utf-8")
    described = {name.partition(".")[0] for name in re.findall(r"^\| `([A-Za-z.]+)`", readme, re.MULTILINE)}
    assert described == set(given)


def test_the_notes_say_how_to_make_the_secret() -> None:
    """After an installation Helm shows the keys that the Secret needs, and where Backstage finds the service."""
    notes = texts(values("minimal"))["NOTES.txt"]
    assert "--from-file=backstage-token --from-file=keeptrusts-api-token" in notes
    assert "http://keeptrusts-bff.backstage:8787" in notes


def _egress_ports(given: dict[str, Any]) -> set[int]:
    rules = manifests(given)["NetworkPolicy"]["spec"]["egress"]
    return {port["port"] for rule in rules for port in rule["ports"]}
