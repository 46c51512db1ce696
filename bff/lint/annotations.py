"""Checks of annotations: that Backstage takes them, and that the service can read those that are its own."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from bff.backstage.descriptor import PREFIX
from bff.governance import annotations as names
from bff.governance.claims import read_claims
from bff.governance.wording import quoted
from bff.lint.descriptors import Descriptor
from bff.lint.faults import Code, Fault
from bff.lint.nodes import Node

KNOWN = (
    names.GATEWAY_KEY_NAME,
    names.POLICY_TIER,
    names.DAILY_BUDGET,
    names.GATEWAY_TYPE,
    names.API_URL,
    names.TEAM,
)


def annotation_faults(descriptor: Descriptor) -> Iterator[Fault]:
    """What is wrong with an entity's annotations."""
    written = descriptor.node.at("metadata", "annotations")
    if written is None:
        return
    texts: dict[str, str] = {}
    for name, node in written.members.items():
        if node.text is None:
            yield descriptor.fault(node, Code.ANNOTATION_NOT_TEXT, _not_text(name, node))
        elif name in KNOWN:
            texts[name] = node.text
        elif name.startswith(PREFIX):
            yield descriptor.fault(node, Code.ANNOTATION_UNKNOWN, f"nothing reads the annotation {name}{_meant(name)}")
    for name, finding in read_claims(texts).malformed.items():
        yield descriptor.fault(
            written.members[name], Code.ANNOTATION_INVALID, f"{finding.message} {finding.hint or ''}"
        )
    if not texts.get(names.TEAM, "named").strip():
        message = f"{names.TEAM} is empty: write the name or the id of the group's Keeptrusts team"
        yield descriptor.fault(written.members[names.TEAM], Code.ANNOTATION_INVALID, message)


def _not_text(name: str, node: Node) -> str:
    how = f", in quotes: {quoted(node.written)}" if node.written else ""
    return f"the annotation {name} must be text{how}"


def _meant(name: str) -> str:
    close = difflib.get_close_matches(name[:200], KNOWN, n=1)
    return f"; did you mean {close[0]}?" if close else f"; there are {', '.join(KNOWN)}"
