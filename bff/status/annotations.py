"""The annotations that this project reads, as the guide names them."""

GATEWAY_KEY_NAME = "keeptrusts.dev/gateway-key-name"
POLICY_TIER = "keeptrusts.dev/policy-tier"
DAILY_BUDGET = "keeptrusts.dev/daily-budget"

GATEWAY_TYPE = "keeptrusts.dev/gateway-type"
"""Marks the entity of the gateway itself."""

API_URL = "keeptrusts.dev/api-url"
"""For readers only: no address is ever taken from an annotation."""

TEAM = "keeptrusts.dev/team"
"""On a group: the Keeptrusts team, by name or id, that is this group."""
