"""Values that Terraform does not know yet, since they depend on what has not been made."""

from __future__ import annotations

from typing import Any

from msgpack.ext import ExtType
from tf.types import Unknown


def is_unknown(value: Any) -> bool:
    """Whether a value is not known yet.

    Terraform may say something of it all the same, such as that it is not null; the framework leaves that as an extension of
    msgpack, where it knows no better.
    """
    return value is Unknown or isinstance(value, ExtType)
