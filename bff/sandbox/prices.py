"""What the stand-in's models cost: made up, of the size that such models cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

_MILLION = Decimal(1_000_000)
_CHARACTERS_A_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Price:
    """A model's provider and its prices in USD for a million tokens."""

    provider: str
    prompt: Decimal
    completion: Decimal

    def cost(self, prompt_tokens: int, completion_tokens: int) -> Decimal:
        """What a completion costs, exactly."""
        return (self.prompt * prompt_tokens + self.completion * completion_tokens) / _MILLION


PRICES: Mapping[str, Price] = {
    "gpt-4o": Price("openai", Decimal("2.50"), Decimal("10.00")),
    "gpt-4o-mini": Price("openai", Decimal("0.15"), Decimal("0.60")),
    "claude-3-5-sonnet": Price("anthropic", Decimal("3.00"), Decimal("15.00")),
    "claude-3-5-haiku": Price("anthropic", Decimal("0.80"), Decimal("4.00")),
    "mistral-small": Price("mistral", Decimal("0.10"), Decimal("0.30")),
}


def count_tokens(text: str) -> int:
    """Roughly how many tokens `text` is: one for four characters, at least one."""
    return max(1, -(-len(text) // _CHARACTERS_A_TOKEN))
