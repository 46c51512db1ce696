"""What a route is: one declaration, from which its address, its OpenAPI operation and its row of the reference are made.

A handler stands below its declaration and becomes a `Route`:

    @route("GET", "/v1/gateway", "Health of Keeptrusts", access=Access.SIGNED_IN, replies=(Reply(PlatformStatus),))
    async def gateway(call: Call) -> Prepared: ...

`bff.web.openapi` lists all routes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, Literal, Required, TypedDict, TypeVar, Unpack

from pydantic import BaseModel
from starlette import routing
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from bff.backstage.caller import Caller, Identity, UnauthenticatedError
from bff.backstage.entities import Catalog, Entity
from bff.expiring import Expiring
from bff.platform.health import PlatformStatuses
from bff.provisioning.errors import ProvisioningOffError
from bff.provisioning.provisioner import Provisioner
from bff.spend.exports import SpendExports
from bff.spend.reports import SpendReports
from bff.spend.rollups import RollUps
from bff.status.answers import Answer, Answers
from bff.status.numbers import NumbersAccess, Viewer
from bff.status.organisation_cache import OrganisationCache, Served, Snapshot
from bff.telemetry.health import HealthCheck
from bff.telemetry.logs import AuditLog
from bff.telemetry.metrics import Metrics
from bff.values import EntityRef
from bff.watch.coverage_reports import CoverageReports
from bff.web.answers import JSON, Prepared, read_body
from bff.web.problems import ProblemError, ProblemType

Body = TypeVar("Body", bound=BaseModel)
Value = TypeVar("Value")
Tag = Literal["governance", "provisioning", "operations"]
Shown = Literal["status", "statuses", "spend", "rollup", "export", "coverage"]
"""What shows amounts."""

_CACHE_STATUS = {
    "read": b"keeptrusts-bff; fwd=miss; stored; ttl=%d",
    "fresh": b"keeptrusts-bff; hit; ttl=%d",
    "revalidating": b"keeptrusts-bff; hit; ttl=%d; detail=stale-while-revalidate",
    "stale": b"keeptrusts-bff; hit; ttl=%d; detail=stale-if-error",
}


def cache_status(served: Served, ttl: int) -> bytes:
    """The value of `Cache-Status` (RFC 9211); `ttl` is in seconds."""
    return _CACHE_STATUS[served] % ttl


NOT_OF_PLATFORM = ProblemError(
    ProblemType.FORBIDDEN, "This is for members of the platform groups (BFF_PLATFORM_GROUPS)."
)
NOT_FOUND = ProblemError(ProblemType.NOT_FOUND, "No such entity, or it is not yours to see.")


MOST_REFS = 40_000
"""Ways to write references that are remembered: about 15 MB."""

MOST_BATCHES_EACH = 2
"""Batches of one caller that are answered at once."""


class Batches:
    """Counts the batches of each caller that are being answered, so that one caller cannot take all the work there is."""

    def __init__(self) -> None:
        self._under_way: Counter[str] = Counter()

    @contextmanager
    def one(self, caller: Caller) -> Iterator[None]:
        """Answer one batch of `caller`. Raises `ProblemError` 429 where there are too many already."""
        if self._under_way[caller.key] >= MOST_BATCHES_EACH:
            detail = f"{MOST_BATCHES_EACH} batches of this caller are being answered: wait for one of them."
            raise ProblemError(ProblemType.TOO_MANY_REQUESTS, detail, {"retry-after": "1"})
        self._under_way[caller.key] += 1
        try:
            yield
        finally:
            self._under_way[caller.key] -= 1
            if not self._under_way[caller.key]:
                del self._under_way[caller.key]


@dataclass(slots=True)
class Service:
    """What the routes of one service share.

    `provisioner` is None where provisioning is off, and `reads` where reads of amounts are not recorded. `draining`
    becomes true when the process was asked to stop.
    """

    identity: Identity
    catalog: Catalog
    numbers: NumbersAccess
    cache: OrganisationCache
    answers: Answers
    spend: SpendReports
    rollups: RollUps
    exports: SpendExports
    coverage: CoverageReports
    platform: PlatformStatuses
    metrics: Metrics
    provisioner: Provisioner | None
    checks: Callable[[], dict[str, HealthCheck]]
    reads: AuditLog | None = None
    draining: bool = False
    batches: Batches = field(default_factory=Batches)
    refs: Expiring[str | bytes, EntityRef] = field(default_factory=lambda: Expiring(MOST_REFS, clock=lambda: 0.0))
    """References by how they are written in batches, and by path. Only of entities that a caller saw: invented names leave nothing."""

    def record_read(self, what: Shown, caller: Caller, request_id: str, **of_what: str | int) -> None:
        """Record that `caller` is shown amounts, where reads are recorded; `of_what` says of which entities."""
        if self.reads is not None:
            user = str(caller.user) if caller.user else None
            self.reads.write("read", what=what, **of_what, user=user, via=caller.via, request_id=request_id)

    def cache_status(self, snapshot: Snapshot, served: Served) -> bytes:
        """How an answer came by its facts, as `Cache-Status` says it (RFC 9211)."""
        return cache_status(served, int(self.cache.ttl(snapshot)))

    def prepared(self, answer: Answer, snapshot: Snapshot, served: Served) -> Prepared:
        """`answer` as it is sent, with the age of `snapshot`, from which it was made."""
        return Prepared(
            answer.body,
            answer.etag,
            age=self.cache.age_of(snapshot),
            cache_status=self.cache_status(snapshot, served),
        )


# --- who may ---------------------------------------------------------------------------------------------------------


class Access(Enum):
    """Who may use a route, in words for the reference, and the problems that others get.

    `Endpoint` refuses callers without a valid token on every route that is not public, and on those of `PLATFORM` people of
    no platform group. `ENTITY` is refused by `Call.entity`, and the team of `PROVISIONING` by the provisioner, since both
    depend on what is asked for.
    """

    PUBLIC = ("everything that reaches the port", ())
    SIGNED_IN = (
        "every caller with a valid Backstage token",
        (ProblemType.UNAUTHENTICATED, ProblemType.FORBIDDEN, ProblemType.IDENTITY_UNAVAILABLE),
    )
    ENTITY = (
        "callers who may see the entity in Backstage",
        (*SIGNED_IN[1], ProblemType.CATALOG_UNAVAILABLE, ProblemType.CATALOG_CONTRACT),
    )
    PLATFORM = (
        "members of `BFF_PLATFORM_GROUPS`; with `BFF_AUTH=none` every caller",
        ENTITY[1],
    )
    PROVISIONING = (
        "people of the group that owns the team, or of `BFF_PLATFORM_GROUPS`",
        (*ENTITY[1], ProblemType.CONFLICT, ProblemType.PROVISIONING_OFF),
    )

    def __init__(self, words: str, problems: tuple[ProblemType, ...]) -> None:
        self.words = words
        self.problems = problems


# --- parameters and replies ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Parameter:
    """A part of the path, of the query or of the headers; `schema` is its JSON schema."""

    name: str
    place: Literal["path", "query", "header"]
    schema: Mapping[str, Any]
    description: str | None = None
    example: str | None = None
    required: bool = True


@dataclass(frozen=True, slots=True)
class Query(Parameter, Generic[Value]):
    """A parameter of the query that may be left out.

    `parse` gives the value of a text, and raises `ValueError` with the form expected, as in "a whole number from 1 to 90".
    """

    default: Value = None  # type: ignore[assignment]  # fields after those of `Parameter` need one
    parse: Callable[[str], Value] = None  # type: ignore[assignment]  # as above

    def of(self, request: Request) -> Value:
        """Its value in `request`, the last one where there are several. Raises `ProblemError` 422."""
        given = request.query_params.getlist(self.name)
        if not given:
            return self.default
        try:
            return self.parse(given[-1])
        except ValueError as error:
            shown = given[-1][:20]
            raise ProblemError(ProblemType.INVALID, f"{self.name}: {shown!r} must be {error}") from None


def whole_number(name: str, description: str, *, least: int, most: int, default: int) -> Query[int]:
    """A number of the query, `least` to `most`."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return int(text)

    schema = {"type": "integer", "minimum": least, "maximum": most, "default": default}
    return Query(name, "query", schema, description, required=False, default=default, parse=parse)


def choice(name: str, description: str, *words: str) -> Query[str]:
    """One of `words` in the query; the first one unless given."""

    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(f"one of {', '.join(words)}")
        return text

    schema = {"type": "string", "enum": list(words), "default": words[0]}
    return Query(name, "query", schema, description, required=False, default=words[0], parse=parse)


@dataclass(frozen=True, slots=True)
class Reply:
    """A success: its form, the statuses that have it, and its media type.

    The form is a `model`, a JSON `schema`, or both where the reply has members beside the model's. Two replies may share a
    status when their media types differ. `description` is the route's summary unless given.
    """

    model: type[BaseModel] | None = None
    schema: Mapping[str, Any] | None = None
    statuses: tuple[int, ...] = (200,)
    media_type: str = JSON
    description: str | None = None


def _of_path(name: str, pattern: str, example: str) -> Parameter:
    return Parameter(name, "path", {"type": "string", "maxLength": 63, "pattern": pattern}, example=example)


ENTITY_PATH = "/v1/entities/{kind}/{namespace}/{name}"
ENTITY = (
    _of_path("kind", r"^[a-zA-Z][a-zA-Z0-9]*$", "component"),
    _of_path("namespace", r"^[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*$", "default"),
    _of_path("name", r"^[a-zA-Z0-9]([-_.a-zA-Z0-9]*[a-zA-Z0-9])?$", "customer-support-bot"),
)
"""The parameters of `ENTITY_PATH`."""

OF_AN_ENTITY = (ProblemType.INVALID_ENTITY_REF, ProblemType.NOT_FOUND)
"""What `Call.entity` may answer with, beside the problems of `Access.ENTITY`."""

_OF_A_BODY = (
    ProblemType.MALFORMED,
    ProblemType.TOO_SLOW,
    ProblemType.TOO_LARGE,
    ProblemType.UNSUPPORTED_MEDIA_TYPE,
    ProblemType.INVALID,
)


# --- declarations ----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Call:
    """One request to a route, as its handler gets it. Not frozen: making a frozen one takes four times as long."""

    scope: Scope
    receive: Receive
    service: Service
    verified: Caller | None
    """None on public routes alone."""

    @property
    def request(self) -> Request:
        """The request in Starlette's form, with query and headers; made each time, since the hot path needs none."""
        return Request(self.scope, self.receive)

    @property
    def caller(self) -> Caller:
        """Who calls. Raises `RuntimeError` on a public route, which verifies no caller."""
        if self.verified is None:
            raise RuntimeError(f"{self.scope['path']} is public: its caller is not known")
        return self.verified

    async def entity(self) -> Entity:
        """The entity that the path names (`ENTITY_PATH`), if the caller may see it.

        Raises `ProblemError` 404 otherwise, before anything is looked up in memory, and `EntityRefError`.
        """
        kept = self.service.refs.get(self.scope.get("raw_path", b""))
        ref = kept.value if kept is not None else EntityRef(**self.scope["path_params"])
        entity = await self.service.catalog.entity(self.caller, ref)
        if entity is None:
            raise NOT_FOUND
        return entity

    async def viewer(self) -> Viewer:
        """The caller as far as numbers go; asked for after `entity`, since a stranger's groups are not read for a 404."""
        return await self.service.numbers.viewer(self.caller)

    def record_read(self, what: Shown, **of_what: str | int) -> None:
        """Record that the caller is shown amounts, as `Service.record_read` does."""
        self.service.record_read(what, self.caller, self.scope["request_id"], **of_what)


Handler = Callable[[Call], Awaitable[ASGIApp]]
BodyHandler = Callable[[Call, Body], Awaitable[ASGIApp]]


class Declared(TypedDict, total=False):
    """What a route declares beside method, path, summary and body; `Route` describes each."""

    access: Required[Access]
    replies: Required[tuple[Reply, ...]]
    parameters: tuple[Parameter, ...]
    problems: tuple[ProblemType, ...]
    conditional: bool
    tag: Tag
    quiet: bool
    any_host: bool


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path.

    `problems` are those of the route beside what body and access bring. `conditional` answers may be 304. Routes of the
    tag `operations` are for orchestrators and monitoring, and move to `BFF_ADMIN_PORT`. `quiet` ones are asked every few
    seconds and say nothing new: they have no spans, and log lines at debug level alone. `any_host` ones are answered also
    where `LocalNames` refuses the request's `Host`. Raises `ValueError` when path and path parameters differ.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    summary: str
    handler: Callable[..., Awaitable[ASGIApp]]
    access: Access
    replies: tuple[Reply, ...]
    body: type[BaseModel] | None = None
    parameters: tuple[Parameter, ...] = ()
    problems: tuple[ProblemType, ...] = ()
    conditional: bool = False
    tag: Tag = "governance"
    quiet: bool = False
    any_host: bool = False

    def __post_init__(self) -> None:
        described = [each.name for each in self.parameters if each.place == "path"]
        if re.findall(r"\{(\w+)\}", self.path) != described:
            raise ValueError(f"{self.method} {self.path}: its path parameters are described as {described}")

    @property
    def all_problems(self) -> tuple[ProblemType, ...]:
        """Every problem that it may answer with, each once."""
        of_a_body = _OF_A_BODY if self.body is not None else ()
        found = (*of_a_body, *self.problems, *self.access.problems, ProblemType.INTERNAL)
        return tuple(dict.fromkeys(found))

    def bound(self, service: Service) -> routing.Route:
        """The route of a running service."""
        return routing.Route(self.path, Endpoint(self, service), methods=[self.method])


def route(
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"], path: str, summary: str, **declared: Unpack[Declared]
) -> Callable[[Handler], Route]:
    """Declare the route of a handler that reads no body."""
    return lambda handler: Route(method, path, summary, handler, **declared)


def route_with_body(
    method: Literal["POST", "PUT", "PATCH"], path: str, summary: str, *, body: type[Body], **declared: Unpack[Declared]
) -> Callable[[BodyHandler[Body]], Route]:
    """Declare the route of a handler that gets the body as `body`."""
    return lambda handler: Route(method, path, summary, handler, body=body, **declared)


class Endpoint:
    """The ASGI application of a route: verifies the caller, reads the body, and sends what the handler answers."""

    __slots__ = ("_queries", "_route", "_service")

    def __init__(self, declared: Route, service: Service) -> None:
        self._route = declared
        self._service = service
        self._queries = tuple(each.name for each in declared.parameters if isinstance(each, Query))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. What is refused or fails is raised; `Envelope` makes it a problem."""
        declared = self._route
        call = Call(scope, receive, self._service, await self._verified(scope))
        if self._queries and scope["query_string"]:
            self._refuse_unknown(call.request.query_params)
        if declared.body is None:
            answer = await declared.handler(call)
        else:
            answer = await declared.handler(call, await read_body(call.request, declared.body))
        await answer(scope, receive, send)

    def _refuse_unknown(self, given: QueryParams) -> None:
        """Raise `ProblemError` 422 for a parameter that the route does not have: a misspelled one would be ignored."""
        for name in given:
            if name not in self._queries:
                known = ", ".join(self._queries)
                raise ProblemError(
                    ProblemType.INVALID, f"{name[:20]!r} is no parameter of this request: there are {known}"
                )

    async def _verified(self, scope: Scope) -> Caller | None:
        access = self._route.access
        if access is Access.PUBLIC:
            return None
        caller = await self._service.identity.caller(authorization(scope))
        if access is Access.PROVISIONING and self._service.provisioner is None:
            raise ProvisioningOffError("Provisioning is off: this service has no KEEPTRUSTS_ADMIN_TOKEN.")
        if access is Access.PLATFORM and not await self._service.numbers.is_of_platform(caller):
            raise NOT_OF_PLATFORM
        return caller


def authorization(scope: Scope) -> str | None:
    """The value of the one `Authorization` header; None without one. Raises `UnauthenticatedError` for several."""
    found = [value for name, value in scope["headers"] if name == b"authorization"]
    if len(found) > 1:
        # Which of the two a proxy in front has checked cannot be known.
        raise UnauthenticatedError("more than one Authorization header")
    return found[0].decode("latin-1") if found else None
