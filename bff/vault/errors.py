"""What can go wrong when Vault is called, one class for each cause. No message ever holds a token or a secret."""

from __future__ import annotations


class VaultError(Exception):
    """Base of all failures; the message names what was asked and is safe to show."""


class VaultUnavailableError(VaultError):
    """No connection, no answer in time, or a 5xx reply that does not say that Vault is sealed."""


class VaultSealedError(VaultError):
    """Vault answers, but is sealed: somebody has to unseal it."""


class VaultDeniedError(VaultError):
    """The credentials are not accepted, or the policy forbids it, also after logging in afresh."""


class VaultMountError(VaultError):
    """There is no KV engine of version 2 at the mount, or no such namespace."""


class VaultConflictError(VaultError):
    """Something else stands at the path already."""


class VaultContractError(VaultError):
    """The reply is not what Vault is known to send."""
