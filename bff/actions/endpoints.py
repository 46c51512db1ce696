"""Backstage's actions over HTTP: the list, an invocation, and the key of this service's own tokens.

The paths and forms are those that Backstage's `DefaultActionsService` asks for, below an address of its own that holds nothing
else: whatever forwards requests to a plugin's address forwards all that is below it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import orjson
from starlette import routing
from starlette.requests import Request
from starlette.responses import Response

from bff.actions.action import Action, Asked, listed
from bff.actions.entity_access import EntityAccess
from bff.actions.own_key import KeySource, SigningKeyUnavailableError
from bff.backstage.caller import Identity, NoPersonError
from bff.fair_places import FairPlaces
from bff.telemetry.logs import logger
from bff.web.answers import JSON, NO_STORE, read_body
from bff.web.problems import ProblemError, ProblemType, problem_of
from bff.web.routes import Call, Service, authorization

log = logger("actions")

BASE = "/backstage"
"""What `discovery` names as this plugin's address, below the service's own."""

LIST = f"{BASE}/.backstage/actions/v1/actions"
INVOKE = f"{LIST}/{{action}}/invoke"
STATUS = f"{BASE}/.backstage/actions/v1/status"
KEYS = f"{BASE}/.backstage/auth/v1/jwks.json"

LONGEST = 20.0
"""Seconds for an invocation: Backstage's own command gives up after 30, and its plugins wait for 300."""

PLACES = 16
MOST_PLACES_EACH = 4
"""Invocations at once, in all and of one person; the others wait for their turn. They take turns with the list, which must not wait for them."""

_STATUSES = {
    "InputError": 400,
    "AuthenticationError": 401,
    "NotAllowedError": 403,
    "NotFoundError": 404,
    "ConflictError": 409,
    "ServiceUnavailableError": 503,
}
"""The names whose messages Backstage's MCP server passes on, and their statuses; of any other name it hides the message."""

_NAMES = {status: name for name, status in _STATUSES.items()} | dict.fromkeys((408, 413, 415, 422), "InputError")

_A_PERSON_ALONE = ProblemError(
    ProblemType.FORBIDDEN,
    "This is answered to people alone: sign in to Backstage, since a static token stands for no person.",
)


class Actions:
    """Answers Backstage's questions about `actions`. Without `keys` nothing is signed, and no key is served."""

    def __init__(
        self,
        actions: Iterable[Action],
        *,
        service: Service,
        identity: Identity,
        access: EntityAccess,
        keys: KeySource | None,
    ) -> None:
        self._actions = {each.id: each for each in actions}
        self._list = listed(tuple(self._actions.values()))
        self._service = service
        self._identity = identity
        self._access = access
        self._keys = keys
        self._places = FairPlaces(PLACES, most_each=MOST_PLACES_EACH)

    def routes(self) -> list[routing.Route]:
        """The routes, for the service's application."""
        made = [
            routing.Route(LIST, _answering(self.list), methods=["GET"]),
            routing.Route(INVOKE, _answering(self.invoke), methods=["POST"]),
            routing.Route(STATUS, _answering(self.status), methods=["GET"]),
        ]
        if self._keys is not None:
            made.append(routing.Route(KEYS, _answering(self.jwks), methods=["GET"]))
        return made

    async def list(self, request: Request) -> Response:
        """Answer with the list, which is the same for everybody and says nothing of an organisation.

        Nothing is asked for it, not even who the caller is: to know that can take a call, and all sources wait meanwhile.
        """
        del request
        return Response(self._list, media_type=JSON, headers=NO_STORE)

    async def status(self, request: Request) -> Response:
        """Answer whether there are actions, as newer releases of Backstage ask first."""
        del request
        return Response(b'{"hasActions":true}', media_type=JSON, headers=NO_STORE)

    async def invoke(self, request: Request) -> Response:
        """Answer one invocation within `LONGEST` seconds."""
        try:
            async with asyncio.timeout(LONGEST):
                return await self._invoked(request)
        except TimeoutError:
            raise ProblemError(ProblemType.UPSTREAM_UNAVAILABLE, f"There was no answer within {LONGEST:g} s.") from None

    async def _invoked(self, request: Request) -> Response:
        try:
            caller = await self._identity.caller(authorization(request.scope))
        except NoPersonError:
            raise _A_PERSON_ALONE from None
        action = self._actions.get(request.path_params["action"])
        if action is None:
            raise ProblemError(ProblemType.NOT_FOUND, "There is no such action.")
        # A call without arguments has no body.
        given = await read_body(request, action.takes, empty=b"{}")
        await self._places.take(caller.key)
        try:
            acting = await self._access.acting(caller)
            output = await action.handler(
                Asked(Call(request.scope, request.receive, self._service, acting), self._access), given
            )
        finally:
            self._places.give_back(caller.key)
        return Response(b'{"output":' + output + b"}", media_type=JSON, headers=NO_STORE)

    async def jwks(self, request: Request) -> Response:
        """Answer with the public key by which Backstage verifies this service's tokens."""
        del request
        if self._keys is None:
            raise ProblemError(ProblemType.NOT_FOUND)
        key = await self._keys.current()
        return Response(orjson.dumps({"keys": [key.public_jwk]}), media_type=JSON, headers=NO_STORE)


def _answering(handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """`handler`, whose errors become answers in Backstage's form."""

    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except SigningKeyUnavailableError:
            # What of this service's database or settings is wrong is for its log, and not for every caller.
            return _refusal(ProblemError(ProblemType.RECORDS_UNAVAILABLE, "This service cannot sign its tokens now."))
        except Exception as error:
            problem = problem_of(error)
            if problem.kind is ProblemType.INTERNAL:
                log.exception("action failed", request_id=request.scope["request_id"])
            return _refusal(problem)

    return answered


def _refusal(problem: ProblemError) -> Response:
    name = _NAMES.get(problem.status, "ServiceUnavailableError")
    status = _STATUSES[name]
    document = {
        "error": {"name": name, "message": problem.detail or f"{problem.kind.title}."},
        "response": {"statusCode": status},
    }
    headers = {**NO_STORE, **(problem.headers or {})}
    return Response(orjson.dumps(document), status_code=status, media_type=JSON, headers=headers)
