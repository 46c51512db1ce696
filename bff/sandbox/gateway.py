"""The gateway as an ASGI app: the policy decides on chat completions; they are reserved, answered by no model, settled, logged.

Three phrases in a prompt stand for what a real policy would find.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NoReturn

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bff import __version__
from bff.keeptrusts import contract
from bff.sandbox import SERVER
from bff.sandbox.accounts import State
from bff.sandbox.edge import Chat, Edge, json_reply, on_failure, on_http_error, on_refusal, read_body
from bff.sandbox.errors import (
    BudgetExceededError,
    InvalidError,
    PolicyViolationError,
    SandboxError,
    UnauthenticatedError,
)
from bff.sandbox.faults import Faults
from bff.sandbox.records import PRICES, Charge, Cost, Key, Verdict, count_tokens

ANSWER = "This is the Keeptrusts sandbox: no model was asked. "
REDACTED_ANSWER = "This is the Keeptrusts sandbox: no model was asked, and [REDACTED] was taken out of the prompt. "

_LONGEST_ANSWER = 120
"""In tokens."""

_FREE = Cost(Decimal(0))


def create_gateway(state: State, *, faults: Faults) -> ASGIApp:
    """The gateway over `state`; its callers are the gateway keys that the control plane makes."""
    gateway = _Gateway(state)
    routes = [
        Route(contract.CHAT_COMPLETIONS, gateway.complete, methods=["POST"]),
        Route(contract.GATEWAY_HEALTH, gateway.health),
        Route(contract.HEALTHZ, _alive),
        Route(contract.READYZ, _alive),
        Route("/metrics", gateway.metrics),
    ]
    app = Starlette(
        routes=routes,
        exception_handlers={SandboxError: on_refusal, HTTPException: on_http_error, Exception: on_failure},
    )
    return Edge(app, surface="gateway", routes=routes, faults=faults, calls=state.calls["gateway"])


class _Gateway:
    def __init__(self, state: State) -> None:
        self._state = state

    async def complete(self, request: Request) -> Response:
        key = self._key(request)
        chat = await read_body(request, Chat)
        price = PRICES.get(chat.model)
        if price is None:
            raise InvalidError(f"model: must be one of {', '.join(PRICES)}, not {chat.model!r}")
        # From here on nothing waits: ruling, reservation and settlement are one step.
        self._state.advance()
        asked = _Asked(key, Charge(request.state.request_id, key.id, chat.model, price.provider), self._state.clock())
        self._state.key_used(key.id, at=asked.at)
        ruling = rule_on(chat.text)
        if ruling.code is not None:
            self._stop(asked, ruling)
        answer = _answer(ruling, chat.max_tokens)
        prompt_tokens, answer_tokens = count_tokens(chat.text), count_tokens(answer)
        cost = self._pay(
            asked,
            estimate=price.cost(prompt_tokens, chat.max_tokens),
            cost=price.cost(prompt_tokens, answer_tokens),
        )
        self._log(asked, ruling.verdict, cost=cost, reason_code=ruling.policy)
        return json_reply(_completion(chat.model, answer, prompt_tokens, answer_tokens, asked.at))

    async def health(self, _request: Request) -> Response:
        reply = contract.GatewayHealthReply(
            status="healthy",
            uptime_seconds=max(0.0, (self._state.clock() - self._state.started_at).total_seconds()),
            version=f"{SERVER}/{__version__} (stand-in)",
            providers={price.provider: "reachable" for price in PRICES.values()},
            policies_loaded=sum(configuration.enabled for configuration in self._state.configurations),
            requests_processed=self._processed,
        )
        return json_reply({**reply.model_dump(), "cache": {"entries": 0, "hit_rate_pct": 0}})

    async def metrics(self, _request: Request) -> Response:
        text = (
            "# HELP keeptrusts_sandbox_requests_total Chat completions that reached the stand-in.\n"
            "# TYPE keeptrusts_sandbox_requests_total counter\n"
            f"keeptrusts_sandbox_requests_total {self._processed}\n"
        )
        return PlainTextResponse(text, media_type="text/plain; version=0.0.4")

    @property
    def _processed(self) -> int:
        return self._state.calls["gateway"][f"POST {contract.CHAT_COMPLETIONS}"]

    def _key(self, request: Request) -> Key:
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        key = self._state.key_behind(secret.strip()) if scheme.lower() == "bearer" else None
        if key is None:
            raise UnauthenticatedError("a valid gateway key is needed as bearer token", code="invalid_key")
        if key.revoked_at is not None:
            raise UnauthenticatedError("this gateway key is revoked", code="key_revoked")
        if key.expires_at is not None and key.expires_at <= self._state.clock():
            raise UnauthenticatedError("this gateway key has expired", code="key_expired")
        return key

    def _stop(self, asked: _Asked, ruling: Ruling) -> NoReturn:
        self._log(asked, ruling.verdict, reason_code=ruling.code)
        raise PolicyViolationError(
            f"the sandbox's policy {ruling.policy} stopped this request",
            code=ruling.code or "input_blocked",
            policy=ruling.policy or "sandbox",
        )

    def _pay(self, asked: _Asked, *, estimate: Decimal, cost: Decimal) -> Cost:
        cascade = self._state.wallets.cascade(asked.key.team_id)
        account = next((account for account in cascade if account.balance >= estimate), None)
        if account is None:
            # The documentation has requests held here, not refused: someone has to decide about money.
            self._log(asked, "escalate", reason_code=BudgetExceededError.code)
            raise BudgetExceededError(
                "no wallet can pay for this request; it is held until money is allocated",
                cost_ticket=f"tkt_{secrets.token_hex(6)}",
            )
        reservation = account.reserve(estimate, asked.at, asked.charge)
        account.release(reservation, asked.at, asked.charge)
        return Cost(cost, account.post("settle", -cost, asked.at, charge=asked.charge).id)

    def _log(self, asked: _Asked, verdict: Verdict, *, cost: Cost = _FREE, reason_code: str | None = None) -> None:
        self._state.decide(asked.key, verdict, asked.charge, at=asked.at, cost=cost, reason_code=reason_code)


@dataclass(frozen=True, slots=True)
class _Asked:
    key: Key
    charge: Charge
    at: datetime


async def _alive(_request: Request) -> Response:
    return json_reply({"status": "ok"})


def _answer(ruling: Ruling, most_tokens: int) -> str:
    sentence = REDACTED_ANSWER if ruling.verdict == "redact" else ANSWER
    tokens = min(most_tokens, _LONGEST_ANSWER)
    return (sentence * tokens)[: tokens * 4]


def _completion(model: str, answer: str, prompt_tokens: int, answer_tokens: int, at: datetime) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{secrets.token_hex(8)}",
        "object": "chat.completion",
        "created": int(at.timestamp()),
        "model": model,
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": answer}, "finish_reason": "stop"},
        ],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": answer_tokens,
            "total_tokens": prompt_tokens + answer_tokens,
        },
    }


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the policy decides; `policy` names the rule, `code` is the documented error code where the request stops."""

    verdict: Verdict
    policy: str | None = None
    code: str | None = None


_ALLOW = Ruling("allow")
_PHRASES = {
    "block me": Ruling("block", "prompt-injection", "input_blocked"),
    "escalate me": Ruling("escalate", "human-review", "escalation_required"),
    "redact me": Ruling("redact", "personal-data"),
}


def rule_on(prompt: str) -> Ruling:
    """The strictest ruling that a phrase in `prompt` calls for."""
    said = prompt.casefold()
    return next((ruling for phrase, ruling in _PHRASES.items() if phrase in said), _ALLOW)
