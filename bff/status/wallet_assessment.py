"""The team's prepaid wallet, and who pays when it cannot.

The scope that pays is the first of user, team and organisation with enough balance; with too little everywhere the gateway
holds the request. An empty team wallet therefore stops nothing while the organisation's wallet has money.
"""

from __future__ import annotations

from decimal import Decimal

from bff.keeptrusts.facts import Team, Wallet, WalletScope
from bff.status.causes import SEE_DOCTOR, TRIED_AGAIN
from bff.status.claimed_key import ClaimedKey
from bff.status.findings import Code, Finding, Section
from bff.status.organisation import Organisation
from bff.status.params import params
from bff.status.rules import Rules
from bff.status.wire import Amount, WalletState, WalletStatus
from bff.values import USD
from bff.wording import percent, quoted

_ALLOCATE = "Ask the platform team to allocate money to the team's wallet."


def assess_wallet(claimed: ClaimedKey, organisation: Organisation, rules: Rules) -> Section[WalletStatus]:
    """The wallet of the claimed key's team; nothing without a team or without any wallets read."""
    reading = organisation.facts.wallets
    if claimed.team_id is None or reading.value is None:
        return Section()
    wallet = organisation.wallets.get(claimed.team_id)
    if wallet is None:
        return Section(None, (_missing(claimed.team_id, claimed.team, organisation),))
    whose = _whose(claimed.team)
    state = wallet_state(wallet, rules.wallet_low_below)
    status = WalletStatus(
        scope=wallet.scope.value,
        state=state,
        available=Amount.of(wallet.available),
        reserved=Amount.of(wallet.reserved),
        allocated=Amount.of(wallet.allocated),
        spent=Amount.of(wallet.spent),
    )
    if state == "depleted":
        return Section(status, (_depleted(wallet, whose, organisation),))
    if state == "low":
        return Section(status, (_low(wallet, whose),))
    return Section(status)


def wallet_state(wallet: Wallet, low_below: Decimal) -> WalletState:
    """The worse of Keeptrusts' own word and what the balance says: a word may lag behind, a balance may be spoken for."""
    word = wallet.status.lower()
    if word == "depleted" or wallet.available.amount <= 0:
        return "depleted"
    share = wallet.available.ratio_to(wallet.allocated) if wallet.allocated.amount > 0 else None
    return "low" if word == "low" or (share is not None and share < low_below) else "healthy"


def _whose(team: Team | None) -> str:
    return f"the team {quoted(team.name)}" if team is not None else "the key's team"


def _missing(team_id: str, team: Team | None, organisation: Organisation) -> Finding:
    whose = _whose(team)
    if not organisation.facts.wallets.complete:
        message = f"The wallet of {whose} is not among those that could be read, and the list is not whole."
        return Finding(Code.UPSTREAM_UNAVAILABLE, message, TRIED_AGAIN)
    if organisation.facts.wallets.may_hide(scope=WalletScope.TEAM, team_id=team_id):
        message = f"The wallet of {whose} may be in a row of Keeptrusts' wallets that is not of the form expected."
        return Finding(Code.UPSTREAM_CONTRACT, message, SEE_DOCTOR)
    if USD not in organisation.organisation_wallets:
        # The translated sentence does not say that requests are held.
        return Finding(Code.WALLET_MISSING, f"There is no wallet of {whose}: {_held(organisation)}.", _ALLOCATE)
    message = f"There is no wallet of {whose}: the organisation's wallet pays for it."
    values = params(team=team.name) if team is not None else None
    return Finding(Code.WALLET_MISSING, message, _ALLOCATE, values)


def _depleted(wallet: Wallet, whose: str, organisation: Organisation) -> Finding:
    said = f"The wallet of {whose} is empty ({wallet.available} available)"
    if wallet.available.currency in organisation.organisation_wallets:
        # The translated sentence of this code is about a wallet with money in it.
        return Finding(Code.WALLET_LOW, f"{said}; the organisation's wallet pays meanwhile.", _ALLOCATE)
    # The translated sentence says without a condition that requests are held.
    values = None if _organisation_may_pay(organisation) else params()
    return Finding(Code.WALLET_DEPLETED, f"{said}: {_held(organisation)}.", _ALLOCATE, values)


def _low(wallet: Wallet, whose: str) -> Finding:
    share = wallet.available.ratio_to(wallet.allocated) if wallet.allocated.amount > 0 else None
    of_all = f", {percent(share)} of what was allocated" if share is not None else ""
    message = f"The wallet of {whose} is low: {wallet.available} available{of_all}."
    return Finding(Code.WALLET_LOW, message, _ALLOCATE, params(available=wallet.available))


def _organisation_may_pay(organisation: Organisation) -> bool:
    """Whether the organisation's wallet may be one that could not be read."""
    wallets = organisation.facts.wallets
    return not wallets.complete or wallets.may_hide(scope=WalletScope.ORGANIZATION)


def _held(organisation: Organisation) -> str:
    if _organisation_may_pay(organisation):
        return "requests are held, unless the organisation's wallet, which could not be read, pays"
    return "requests are being held until there is money"
