"""Annotations are read strictly, and what cannot be read is explained."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff.status.claims import DAILY_BUDGET, GATEWAY_KEY_NAME, MONTHLY_BUDGET, POLICY_TIER, PolicyTier, read_claims
from bff.status.findings import Code
from bff.values import Money

any_text = st.text(alphabet=st.characters())


def test_the_guides_annotations_are_claims() -> None:
    """The example of the guide is read whole."""
    claims = read_claims(
        {GATEWAY_KEY_NAME: "support-team-gw-key", POLICY_TIER: "tier-3-customer-facing", DAILY_BUDGET: "500"}
    )
    assert claims.gateway_key_name == "support-team-gw-key"
    assert claims.policy_tier == PolicyTier(3, "customer-facing")
    assert claims.daily_budget == Money(Decimal(500))
    assert not claims.malformed


def test_absent_annotations_are_no_mistakes() -> None:
    """An entity that claims nothing has done nothing wrong."""
    claims = read_claims({"backstage.io/techdocs-ref": "dir:."})
    assert not claims.malformed
    assert not claims.names_a_key
    assert not claims.names_a_tier


@pytest.mark.parametrize("text", ["0", "0.0", "500", "0.25", "0.000001", "999999999999.999999", "007"])
def test_a_decimal_is_a_budget(text: str) -> None:
    """Budgets from nothing to a trillion, down to a millionth, are read exactly."""
    claims = read_claims({DAILY_BUDGET: text, MONTHLY_BUDGET: text})
    assert claims.daily_budget == claims.monthly_budget == Money(Decimal(text))


@pytest.mark.parametrize(
    "text",
    ["", " ", "-1", "-0", "+5", "NaN", "nan", "Infinity", "-Infinity", "1e9999", "1E2", "5,00", "1,000.00", "$5", "5 USD", "500\n",
     " 500", "1_000", ".5", "5.", "0x10", "1234567890123", "0.0000001", "\u0665", "\uff15\uff10\uff10", "1" * 10_000, "500; DROP", "\ud800"],
)  # fmt: skip
@pytest.mark.parametrize("annotation", [DAILY_BUDGET, MONTHLY_BUDGET])
def test_anything_else_is_no_budget(text: str, annotation: str) -> None:
    """Nothing is guessed: a budget that is not plain is refused with the annotation's name and the form to write."""
    claims = read_claims({annotation: text})
    finding = claims.malformed[annotation]
    assert claims.daily_budget is claims.monthly_budget is None
    assert finding.code is Code.ANNOTATION_INVALID
    assert annotation in finding.message
    assert finding.hint is not None
    assert '"500"' in finding.hint


@pytest.mark.parametrize(
    "text", ["", " ", " key", "key ", "ke\ny", "key\r\nx: y", "k\x00ey", "k\u202eey", "\ud800", "x" * 129]
)
def test_a_key_name_is_one_printable_line_without_outer_blanks(text: str) -> None:
    """Names that could hide something, or match nothing, are refused."""
    claims = read_claims({GATEWAY_KEY_NAME: text})
    assert claims.gateway_key_name is None
    assert claims.names_a_key
    assert claims.malformed[GATEWAY_KEY_NAME].code is Code.ANNOTATION_INVALID


@pytest.mark.parametrize("text", ["k", "Team key (blue) ☃", "x" * 128, "../../admin", "${jndi:x}"])
def test_a_key_name_may_hold_anything_that_prints(text: str) -> None:
    """A name is only ever compared: signs that mean something elsewhere mean nothing here."""
    assert read_claims({GATEWAY_KEY_NAME: text}).gateway_key_name == text


@given(
    st.dictionaries(st.sampled_from([GATEWAY_KEY_NAME, POLICY_TIER, DAILY_BUDGET, MONTHLY_BUDGET, "other"]), any_text)
)
def test_any_annotation_is_a_claim_or_a_finding(annotations: dict[str, str]) -> None:
    """Each of the four is either read or refused, never both and never neither."""
    claims = read_claims(annotations)
    read = {
        GATEWAY_KEY_NAME: claims.gateway_key_name,
        POLICY_TIER: claims.policy_tier,
        DAILY_BUDGET: claims.daily_budget,
        MONTHLY_BUDGET: claims.monthly_budget,
    }
    for annotation, value in read.items():
        assert (annotation in annotations) == ((value is not None) != (annotation in claims.malformed))


@given(any_text)
def test_a_refusal_shows_the_value_in_a_short_printable_line(text: str) -> None:
    """Log lines and cards survive whatever was written."""
    for finding in read_claims({DAILY_BUDGET: text, GATEWAY_KEY_NAME: text + "\n"}).malformed.values():
        assert finding.message.isprintable()
        assert len(finding.message) < 1000


@pytest.mark.parametrize(
    ("annotation", "text", "values"),
    [
        (GATEWAY_KEY_NAME, " key", {"value": " key", "expected": "key-name", "longest": "128"}),
        (POLICY_TIER, "x" * 81, {"value": "x" * 80 + "…", "expected": "policy-tier"}),
        (DAILY_BUDGET, "5 EUR", {"value": "5 EUR", "expected": "amount", "digits": "12", "decimals": "6"}),
    ],
)
def test_a_refusal_can_be_said_in_other_words(annotation: str, text: str, values: dict[str, str]) -> None:
    """A client gets the annotation, the short value and the form expected, for a sentence of its own."""
    assert read_claims({annotation: text}).malformed[annotation].params == {"annotation": annotation, **values}


def test_a_value_that_cannot_be_printed_is_left_to_the_message() -> None:
    """The message shows it escaped, which a client's sentence would not."""
    assert read_claims({GATEWAY_KEY_NAME: "k\u202eey"}).malformed[GATEWAY_KEY_NAME].params is None


@given(st.decimals(min_value=0, max_value=Decimal(999999999999), places=6))
def test_every_amount_in_range_is_read_exactly(amount: Decimal) -> None:
    """What is written is what is meant."""
    claims = read_claims({DAILY_BUDGET: f"{amount:f}"})
    assert claims.daily_budget == Money(amount)
