"""What an entity claims in its annotations: a gateway key, a policy tier, a daily and a monthly budget.

Anyone who can edit a catalog file can write these, so each value is read strictly, and what cannot be read is never
guessed at: it becomes a finding that names the annotation, shows the value and says how to write it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

from bff.backstage import entities
from bff.status.findings import Code, Finding, params
from bff.values import USD, EntityRef, Money
from bff.wording import listed, quoted, shortened

T = TypeVar("T")

# --- the annotations, as the guide names them ---

"""The annotations that this project reads, as the guide names them."""

GATEWAY_KEY_NAME = entities.GATEWAY_KEY_NAME
POLICY_TIER = "keeptrusts.dev/policy-tier"
DAILY_BUDGET = "keeptrusts.dev/daily-budget"
MONTHLY_BUDGET = "keeptrusts.dev/monthly-budget"

NOTIFY = "keeptrusts.dev/notify"
"""Switches the alerts of an entity off, with the value `off`."""

GATEWAY_TYPE = "keeptrusts.dev/gateway-type"
"""Marks the entity of the gateway itself."""

API_URL = "keeptrusts.dev/api-url"
"""For readers only: no address is ever taken from an annotation."""

TEAM = "keeptrusts.dev/team"
"""On a group: the Keeptrusts team, by name or id, that is this group."""


# --- the entity that carries them ---


@dataclass(frozen=True, slots=True)
class Owner:
    """An entity's owner.

    `ref` is None when the entity has no owner. `group_team` is the owner group's `keeptrusts.dev/team` annotation, None
    when the group carries none or does not exist. `may_claim_team` is False for a group of an origin outside
    `BFF_GROUP_ORIGINS`. `unreadable` says that the catalog could not be asked for the group, so that its team cannot be known
    now; `denied` that this is because Backstage refuses the service's own token.
    """

    ref: EntityRef | None = None
    group_team: str | None = None
    unreadable: bool = False
    denied: bool = False
    may_claim_team: bool = True


@dataclass(frozen=True, slots=True)
class Subject:
    """One entity. `annotations` holds text only, as it stands in the catalog."""

    ref: EntityRef
    annotations: Mapping[str, str]
    owner: Owner


# --- policy tiers ---

LONGEST_TIER = 63
EXAMPLES = ("tier-1-exploration", "tier-2-internal", "tier-3-customer-facing")
"""The guide's own tiers; a platform team may have others of the same form."""

_TIER = re.compile(r"tier-(0|[1-9][0-9]{0,2})-([a-z0-9]+(?:-[a-z0-9]+)*)", re.ASCII)


class PolicyTierError(ValueError):
    """A text is not the name of a tier."""


@dataclass(frozen=True, slots=True)
class PolicyTier:
    """A tier by its number and its name, both as they stand in `tier-3-customer-facing`."""

    level: int
    name: str

    @classmethod
    def parse(cls, text: str) -> PolicyTier:
        """Read `tier-<number>-<name>`, lower case, at most 63 characters; raises `PolicyTierError`."""
        form = _TIER.fullmatch(text) if len(text) <= LONGEST_TIER else None
        if form is None:
            raise PolicyTierError("a tier has the form tier-<number>-<name>")
        return cls(int(form[1]), form[2])

    def __str__(self) -> str:
        return f"tier-{self.level}-{self.name}"


# --- claims ---

LONGEST_KEY_NAME = 128
MOST_DIGITS = 12
MOST_DECIMALS = 6
"""A budget may reach 999,999,999,999 USD, and go down to a millionth, which is finer than any price of a token."""

# No sign, no exponent, no separators: `1e9999` is a number to a parser and a mistake to a budget.
_BUDGET = re.compile(rf"[0-9]{{1,{MOST_DIGITS}}}(?:\.[0-9]{{1,{MOST_DECIMALS}}})?", re.ASCII)


NO_KEY = Finding(
    Code.ANNOTATION_MISSING,
    f"The entity has no annotation {GATEWAY_KEY_NAME}.",
    "If it uses AI models through the gateway, name its gateway key there, or onboard its team with the template.",
    params(),
)


@dataclass(frozen=True, slots=True)
class Claims:
    """The annotations of one entity; a part is None when it is absent or malformed.

    `malformed` maps the names of the malformed annotations to their `annotation-invalid` findings.
    """

    gateway_key_name: str | None = None
    policy_tier: PolicyTier | None = None
    daily_budget: Money | None = None
    monthly_budget: Money | None = None
    malformed: Mapping[str, Finding] = field(default_factory=dict)

    @property
    def names_a_key(self) -> bool:
        """Whether there is a gateway key annotation at all, well formed or not."""
        return self.gateway_key_name is not None or GATEWAY_KEY_NAME in self.malformed

    @property
    def names_a_tier(self) -> bool:
        """Whether there is a policy tier annotation at all, well formed or not."""
        return self.policy_tier is not None or POLICY_TIER in self.malformed


def read_claims(annotations: Mapping[str, str]) -> Claims:
    """The claims in an entity's annotations. Never raises: `Claims.malformed` holds what cannot be read."""
    malformed: dict[str, Finding] = {}

    def part(annotation: str, read: Callable[[str], T], form: _Form) -> T | None:
        text = annotations.get(annotation)
        if text is None:
            return None
        try:
            return read(text)
        except ValueError:
            message = f"The annotation {annotation} is {quoted(text)}, which is not {form.name}."
            values = params(annotation=annotation, value=shortened(text), expected=form.code, **form.limits)
            malformed[annotation] = Finding(Code.ANNOTATION_INVALID, message, form.hint, values)
            return None

    return Claims(
        gateway_key_name=part(GATEWAY_KEY_NAME, _key_name, _KEY_NAME_FORM),
        policy_tier=part(POLICY_TIER, PolicyTier.parse, _TIER_FORM),
        daily_budget=part(DAILY_BUDGET, _budget, _BUDGET_FORM),
        monthly_budget=part(MONTHLY_BUDGET, _budget, _BUDGET_FORM),
        malformed=malformed,
    )


def _key_name(text: str) -> str:
    # `isprintable` refuses control characters, line breaks, lone surrogates and marks that change the direction of text.
    if not (0 < len(text) <= LONGEST_KEY_NAME and text.isprintable() and text == text.strip()):
        raise ValueError("not the name of a gateway key")
    return text


def _budget(text: str) -> Money:
    if not _BUDGET.fullmatch(text):
        raise ValueError("not an amount of US dollars")
    return Money(Decimal(text), USD)


@dataclass(frozen=True, slots=True)
class _Form:
    """How a value is to be written: `name` and `hint` in English, `code` and `limits` for clients that say it in their own words."""

    code: str
    name: str
    hint: str
    limits: Mapping[str, str] = field(default_factory=dict)


_KEY_NAME_FORM = _Form(
    "key-name",
    "the name of a gateway key",
    f"Write the key's name as Keeptrusts lists it: 1 to {LONGEST_KEY_NAME} printable characters on one line, "
    "without blanks at either end, for example support-team-gw-key.",
    {"longest": str(LONGEST_KEY_NAME)},
)
_TIER_FORM = _Form(
    "policy-tier",
    "a policy tier",
    f"Write it as tier-<number>-<name> in lower case, for example {listed(EXAMPLES)}.",
)
_BUDGET_FORM = _Form(
    "amount",
    "an amount of US dollars",
    'Write it as a quoted decimal with a point, for example "500" or "0.25": no sign, currency, separator or exponent, '
    f'at most {MOST_DIGITS} digits before the point and {MOST_DECIMALS} after it; "0" means that nothing may be spent.',
    {"digits": str(MOST_DIGITS), "decimals": str(MOST_DECIMALS)},
)
