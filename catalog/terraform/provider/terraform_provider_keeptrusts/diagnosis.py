"""What went wrong, as one Terraform diagnostic: what was being done, why not, what is true now, and what to do."""

from __future__ import annotations

from dataclasses import dataclass

from tf.utils import Diagnostics

from bff.keeptrusts.errors import (
    KeeptrustsError,
    UpstreamContractError,
    UpstreamDeniedError,
    UpstreamRejectedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from bff.vault.errors import (
    VaultConflictError,
    VaultDeniedError,
    VaultError,
    VaultMountError,
    VaultUnavailableError,
)


@dataclass(frozen=True, slots=True)
class Deed:
    """What a resource is doing. `argument` is the one to blame when Keeptrusts refuses it, `taken` what to do about a 409."""

    summary: str
    argument: str | None = None
    taken: str = "Change it, or bring what is there under Terraform with terraform import."


class RefusalError(Exception):
    """Our own refusal, before or after anything was asked; `argument` is the one at fault."""

    def __init__(self, message: str, *, argument: str | None = None) -> None:
        super().__init__(message)
        self.argument = argument


class diagnosed:  # noqa: N801 - it is read as a word: with diagnosed(...)
    """Turns what goes wrong within the block into one error; what follows the block is what remains true then."""

    def __init__(self, diags: Diagnostics, deed: Deed) -> None:
        self._diags = diags
        self._deed = deed

    def __enter__(self) -> None:
        """Nothing has gone wrong yet."""

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> bool:
        """Whether it was one of the failures that we know; others go on as what they are, faults of this provider."""
        match error:
            case RefusalError():
                self._add(str(error), error.argument)
            case KeeptrustsError():
                blamed = self._deed.argument if isinstance(error, UpstreamRejectedError) else None
                self._add(explain(error, taken=self._deed.taken), blamed)
            case VaultError():
                self._add(explain_vault(error), "vault_path" if isinstance(error, VaultConflictError) else None)
            case _:
                return False
        return True

    def _add(self, detail: str, argument: str | None) -> None:
        self._diags.add_error(f"Cannot {self._deed.summary}", detail, path=[argument] if argument else None)


def explain(error: KeeptrustsError, *, taken: str = "") -> str:
    """Say why a call failed, and what to do; no token or key is in it."""
    match error:
        case UpstreamDeniedError(status=401):
            advice = "Keeptrusts does not accept the provider's api_key: set it to a token of this Keeptrusts that is in force."
        case UpstreamDeniedError():
            advice = "The provider's api_key may not do this: it needs to write teams, tokens and configurations, and org:billing."
        case UpstreamRejectedError(status=409):
            advice = f"It is taken. {taken}".rstrip()
        case UpstreamRejectedError():
            advice = "Keeptrusts refuses what was sent."
        case UpstreamTimeoutError():
            advice = f"Keeptrusts does not answer at the provider's api_url.{_perhaps(error)}"
        case UpstreamUnavailableError(status=429):
            wait = f"in {error.retry_after:.0f} seconds" if error.retry_after is not None else "later"
            advice = f"Keeptrusts asks for fewer calls: try again {wait}, perhaps with -parallelism=2."
        case UpstreamUnavailableError():
            advice = f"Keeptrusts cannot be had at the provider's api_url now.{_perhaps(error)}"
        case UpstreamContractError():
            advice = f"The reply is not what this provider understands.{_perhaps(error)}"
        case _:
            advice = ""
    return f"{error}. {advice}".strip()


def explain_vault(error: VaultError) -> str:
    """Say why Vault does not do what it should, and what to do; no token or key is in it."""
    match error:
        case VaultDeniedError():
            advice = "Check the provider's vault block: its token or AppRole, and that its policy covers the path."
        case VaultMountError():
            advice = "Check mount in the provider's vault block: it must be a KV engine of version 2."
        case VaultUnavailableError():
            advice = "It is asked at address in the provider's vault block."
        case _:
            advice = ""
    return f"{error} {advice}".strip()


def _perhaps(error: KeeptrustsError) -> str:
    return "" if error.method == "GET" else " It may have been done all the same: the next terraform apply tells."
