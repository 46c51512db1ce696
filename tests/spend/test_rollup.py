"""A roll-up adds each key once, however many claim it, and says what is missing of its total."""

from __future__ import annotations
