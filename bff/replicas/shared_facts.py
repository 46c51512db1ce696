"""The form in which replicas hand facts to each other: JSON that only the same form of facts can read."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from bff.governance.facts import Facts

MOST_BYTES = 16 * 1024 * 1024
"""What is handed over at the most: about 50,000 keys. Who has more facts than that reads them itself."""


class UnreadableFactsError(Exception):
    """Bytes that are no shared facts, or too many; the message quotes none of them."""


@dataclass(frozen=True, slots=True)
class SharedFacts:
    """Facts, and the moment for which they are assessed: with both the same, all replicas answer with the same bytes."""

    facts: Facts
    assessed_at: AwareDatetime


_ADAPTER = TypeAdapter(SharedFacts)

FORM = hashlib.blake2b(
    json.dumps(_ADAPTER.json_schema(mode="serialization"), sort_keys=True).encode(), digest_size=6
).hexdigest()
"""Changes with every change of the facts' types, so that during a rollout old and new replicas do not read each other's."""


def encoded(shared: SharedFacts) -> bytes:
    """`shared` as bytes. Raises `UnreadableFactsError` when they are more than are handed over."""
    body = _ADAPTER.dump_json(shared)
    if len(body) > MOST_BYTES:
        raise UnreadableFactsError(f"{len(body)} bytes of facts are more than the {MOST_BYTES} that are shared")
    return body


def decoded(body: bytes) -> SharedFacts:
    """What `encoded` has made bytes of. Raises `UnreadableFactsError`."""
    try:
        return _ADAPTER.validate_json(body)
    except ValidationError as error:
        raise UnreadableFactsError(f"shared facts are not of their form in {error.error_count()} places") from None
