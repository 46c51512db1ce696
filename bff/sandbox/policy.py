"""The stand-in's policy: three phrases in a prompt stand for what a real policy would find."""

from __future__ import annotations

from dataclasses import dataclass

from bff.sandbox.records import Verdict


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the policy decides; `policy` names the rule, `code` is the documented error code where the request stops."""

    verdict: Verdict
    policy: str | None = None
    code: str | None = None


_ALLOW = Ruling("allow")
_PHRASES = {
    "block me": Ruling("block", "prompt-injection", "input_blocked"),
    "escalate me": Ruling("escalate", "human-review", "escalation_required"),
    "redact me": Ruling("redact", "personal-data"),
}


def rule_on(prompt: str) -> Ruling:
    """The strictest ruling that a phrase in `prompt` calls for."""
    said = prompt.casefold()
    return next((ruling for phrase, ruling in _PHRASES.items() if phrase in said), _ALLOW)
