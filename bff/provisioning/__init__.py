"""Provisioning: a team, its gateway key in Vault, its policy configuration, its money. Each act can be repeated."""
