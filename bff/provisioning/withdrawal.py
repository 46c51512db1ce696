"""Takes back a gateway key that nobody could ever read, and says what became of it."""

from __future__ import annotations

from bff.breaker import BreakerOpenError
from bff.keeptrusts.client import KeeptrustsClient
from bff.keeptrusts.errors import KeeptrustsError, UpstreamContractError, UpstreamUnavailableError
from bff.provisioning.errors import NotStoredError
from bff.provisioning.organisation import CurrentOrganisation
from bff.telemetry.logs import logger

log = logger("onboarding")


class Withdrawal:
    """Revokes keys whose secret is lost. What it gives is for raising."""

    def __init__(self, client: KeeptrustsClient, organisation: CurrentOrganisation) -> None:
        self._client = client
        self._organisation = organisation

    async def of_an_unstored_key(self, token_id: str, why: str, *, left: str | None) -> NotStoredError:
        """For a key that Vault refused; `left` is the place where it may stand all the same, if that cannot be told."""
        try:
            await self._client.revoke_token(token_id)
        except KeeptrustsError as error:
            log.critical("orphaned gateway key", token_id=token_id, problem=error.reason)
            return NotStoredError(
                f"The key was made, could not be stored ({why}) and could not be revoked: revoke {token_id} by hand.",
                orphan=token_id,
            )
        end = (
            "nothing is left behind."
            if left is None
            else f"look whether Vault took it at {left} without saying so, and remove it there: it opens nothing."
        )
        return NotStoredError(f"The key was made, could not be stored ({why}) and was revoked again: {end}")

    async def of_a_lost_key(
        self, name: str, team_id: str, error: UpstreamUnavailableError | UpstreamContractError, *, spared: str | None
    ) -> Exception:
        """For a key that may have been made though `error` came instead of its secret; `error` itself when none was.

        There was no key of this name before, so one that is there now is the lost one, but for the id that is `spared`.
        """
        if isinstance(error.__cause__, BreakerOpenError):
            return error
        try:
            found = [
                key for key in await self._organisation.keys_named(name) if key.team_id == team_id and key.id != spared
            ]
        except KeeptrustsError as unread:
            log.critical("gateway key possibly orphaned", name=name, team_id=team_id, problem=unread.reason)
            return NotStoredError(
                f"Keeptrusts' answer is lost ({error.reason}), and whether it made the key {name!r} cannot be told now: "
                "look there, and revoke it before this is run again."
            )
        if not found:
            return error
        return await self.of_an_unstored_key(found[0].id, f"Keeptrusts' answer is lost: {error.reason}", left=None)
