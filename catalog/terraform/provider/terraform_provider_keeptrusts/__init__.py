"""A Terraform provider for Keeptrusts, at the source address `keeptrusts/keeptrusts`.

It is this project's own, not the vendor's: no provider with these resources can be fetched. See the README beside it.
"""

__version__ = "1.0.0"

SOURCE = "keeptrusts/keeptrusts"
"""The provider's address, without its registry: what `required_providers` says."""
