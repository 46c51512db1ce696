"""The Helm chart, rendered by Helm's own library."""

from __future__ import annotations

from typing import Any

import helm_python
import yaml

from tests.deploy.conftest import DEPLOY

CHART = DEPLOY / "helm/keeptrusts-bff"
NAME = "keeptrusts-bff"
VARIANTS = {path.name.removesuffix("-values.yaml"): path for path in sorted((CHART / "ci").glob("*-values.yaml"))}
"""The values of `ci/` by what they show: `minimal` and `everything`."""

Manifest = dict[str, Any]


def values(variant: str) -> dict[str, Any]:
    """The values of one variant, to be changed at will."""
    document: dict[str, Any] = yaml.safe_load(VARIANTS[variant].read_text(encoding="utf-8"))
    return document


def texts(given: dict[str, Any], *, name: str = NAME) -> dict[str, str]:
    """What Helm renders for a release, by the template's file name. Raises `helm_python.HelmError`."""
    with helm_python.Chart.load(CHART) as chart:
        rendered = chart.render(given, name=name, namespace="backstage")
    return {path.rpartition("/")[2]: text for path, text in rendered.items()}


def manifests(given: dict[str, Any], *, name: str = NAME) -> dict[str, Manifest]:
    """The manifests of a release by their kind, of which the chart makes one each (config maps: by kind and name)."""
    found: dict[str, Manifest] = {}
    for path, text in texts(given, name=name).items():
        for document in yaml.safe_load_all(text) if path.endswith(".yaml") else ():
            if document:
                kind = document["kind"]
                key = f"{kind} {document['metadata']['name']}" if kind in found else kind
                found[key] = document
    return found


def container(release: dict[str, Manifest]) -> Manifest:
    """The one container of the release's pods."""
    (only,) = release["Deployment"]["spec"]["template"]["spec"]["containers"]
    return dict(only)
