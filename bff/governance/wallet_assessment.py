"""The team's prepaid wallet, and who pays when it cannot.

The scope that pays is the first of user, team and organisation with enough balance; with too little everywhere the gateway
holds the request. An empty team wallet therefore stops nothing while the organisation's wallet has money.
"""

from __future__ import annotations

from decimal import Decimal

from bff.governance.claimed_key import ClaimedKey
from bff.governance.facts import Wallet, WalletScope
from bff.governance.findings import Code, Finding, Section
from bff.governance.money import USD
from bff.governance.organisation import Organisation
from bff.governance.rules import Rules
from bff.governance.upstream import SEE_DOCTOR, TRIED_AGAIN
from bff.governance.wire import Amount, WalletState, WalletStatus
from bff.governance.wording import percent, quoted

_ALLOCATE = "Ask the platform team to allocate money to the team's wallet."


def assess_wallet(claimed: ClaimedKey, organisation: Organisation, rules: Rules) -> Section[WalletStatus]:
    """The wallet of the claimed key's team; nothing without a team or without any wallets read."""
    reading = organisation.facts.wallets
    if claimed.team_id is None or reading.value is None:
        return Section()
    whose = f"the team {quoted(claimed.team.name)}" if claimed.team is not None else "the key's team"
    wallet = organisation.wallets.get(claimed.team_id)
    if wallet is None:
        return Section(None, (_missing(claimed.team_id, whose, organisation),))
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


def _missing(team_id: str, whose: str, organisation: Organisation) -> Finding:
    if not organisation.facts.wallets.complete:
        message = f"The wallet of {whose} is not among those that could be read, and the list is not whole."
        return Finding(Code.UPSTREAM_UNAVAILABLE, message, TRIED_AGAIN)
    if organisation.facts.wallets.may_hide(scope=WalletScope.TEAM, team_id=team_id):
        message = f"The wallet of {whose} may be in a row of Keeptrusts' wallets that is not of the form expected."
        return Finding(Code.UPSTREAM_CONTRACT, message, SEE_DOCTOR)
    pays = "the organisation's wallet pays for it" if USD in organisation.organisation_wallets else _held(organisation)
    return Finding(Code.WALLET_MISSING, f"There is no wallet of {whose}: {pays}.", _ALLOCATE)


def _depleted(wallet: Wallet, whose: str, organisation: Organisation) -> Finding:
    said = f"The wallet of {whose} is empty ({wallet.available} available)"
    if wallet.available.currency in organisation.organisation_wallets:
        return Finding(Code.WALLET_LOW, f"{said}; the organisation's wallet pays meanwhile.", _ALLOCATE)
    return Finding(Code.WALLET_DEPLETED, f"{said}: {_held(organisation)}.", _ALLOCATE)


def _low(wallet: Wallet, whose: str) -> Finding:
    share = wallet.available.ratio_to(wallet.allocated) if wallet.allocated.amount > 0 else None
    of_all = f", {percent(share)} of what was allocated" if share is not None else ""
    return Finding(Code.WALLET_LOW, f"The wallet of {whose} is low: {wallet.available} available{of_all}.", _ALLOCATE)


def _held(organisation: Organisation) -> str:
    wallets = organisation.facts.wallets
    if not wallets.complete or wallets.may_hide(scope=WalletScope.ORGANIZATION):
        return "requests are held, unless the organisation's wallet, which could not be read, pays"
    return "requests are being held until there is money"
