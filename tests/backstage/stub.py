"""A Backstage backend for tests: its keys, its tokens, its auth and catalog endpoints, and its failures.

Follows what a real Backstage 1.55 was seen to send.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from bff.backstage.client import BackstageClient
from bff.telemetry.calls import CallObserver

URL = "https://backstage.test/portal"
ISSUER = f"{URL}/api/auth"
SERVICE_TOKEN = "static-external-token"
START = 1_800_000_000.0


def segment(content: Any) -> str:
    """Bytes, or JSON, as a part of a token."""
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Clock:
    """A clock that stands still until it is set; good for wall and monotonic time alike."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


_CURVES: dict[str, type[ec.EllipticCurve]] = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}


class Key:
    """A key pair with an id, for one algorithm."""

    def __init__(self, kid: str, algorithm: str = "ES256", *, bits: int = 2048) -> None:
        self.kid = kid
        self.algorithm = algorithm
        self.private: Any
        if algorithm in _CURVES:
            self.private = ec.generate_private_key(_CURVES[algorithm]())
        elif algorithm == "EdDSA":
            self.private = ed25519.Ed25519PrivateKey.generate()
        else:
            self.private = rsa.generate_private_key(65537, bits)

    @property
    def public_jwk(self) -> dict[str, Any]:
        algorithm = jwt.get_algorithm_by_name(self.algorithm)
        jwk: dict[str, Any] = algorithm.to_jwk(self.private.public_key(), as_dict=True)
        jwk.pop("key_ops", None)
        return jwk | {"kid": self.kid, "alg": self.algorithm}

    def sign(self, typ: object, claims: Mapping[str, Any], *, by: str | None = None, **header: Any) -> str:
        """A token with any header and any claims, signed `by` another algorithm than the key's own where given.

        Libraries refuse to write what attackers do.
        """
        algorithm = by or self.algorithm
        signed = f"{segment({'typ': typ, 'alg': algorithm, 'kid': self.kid} | header)}.{segment(claims)}"
        return f"{signed}.{segment(jwt.get_algorithm_by_name(algorithm).sign(signed.encode(), self.private))}"


class Observed:
    """Remembers what the client reported."""

    def __init__(self) -> None:
        self.attempts: list[tuple[str, str, str]] = []
        self.retries: list[str] = []
        self.states: list[str] = []
        self.refused: list[tuple[str, str]] = []

    def attempt(self, system: str, operation: str, outcome: str, seconds: float) -> None:
        assert seconds >= 0
        self.attempts.append((system, operation, outcome))

    def retried(self, system: str, operation: str) -> None:
        assert system == "backstage"
        self.retries.append(operation)

    def breaker(self, system: str, state: str) -> None:
        assert system == "backstage"
        self.states.append(str(state))

    def own_token_refused(self, system: str, operation: str) -> None:
        self.refused.append((system, operation))


class StubBackstage:
    """Answers as Backstage does. `calls` counts requests by the path below the base URL."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.auth_key = Key("auth-1")
        self.scaffolder_key = Key("scaffolder-1")
        self.mcp_key = Key("mcp-1")
        self.own_keys: list[dict[str, Any]] = []
        """The public keys of the service, as Backstage reads them at its address: a token signed with one is the person's in it."""
        self.denied_spend: set[str] = set()
        """Users whom the permission policy denies `keeptrusts.spend.read`."""
        self.documents: dict[str, dict[str, Any]] = {}
        self.hidden: set[tuple[str, str]] = set()
        """(user, entity) that the permission policy denies."""
        self.ownership: dict[str, list[str]] = {}
        """The groups that a user's sign-in claims."""
        self.parents: dict[str, list[str]] = {}
        """The groups above a group, by the catalog's relations."""
        self.calls: Counter[str] = Counter()
        self.requests: list[httpx.Request] = []
        self.lost: set[str] = set()
        """Paths that answer 503, as a plugin that is down does."""
        self.echoes = False
        """Whether a refusal repeats the request's headers, as a proxy that wants to help may."""
        self.reply: httpx.Response | Exception | None = None
        """What every request meets instead of an answer, if set."""
        self.gate: asyncio.Event | None = None
        """Requests wait for it, if set."""
        self._bearers: dict[str, str] = {SERVICE_TOKEN: "service"}
        self._limited: dict[str, str] = {}

    def client(self, observer: CallObserver | None = None, **options: Any) -> BackstageClient:
        async def no_sleep(seconds: float) -> None:
            assert 0 <= seconds <= 1

        transport = httpx.MockTransport(self._answer)
        return BackstageClient(
            f"{URL}/", observer=observer, sleep=no_sleep, monotonic=self.clock, transport=transport, **options
        )

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(self.clock.now)
        return {"iss": ISSUER, "sub": "user:default/dev", "aud": "backstage", "iat": now, "exp": now + 3600} | changes

    def user_token(self, user: str = "user:default/dev", **changes: Any) -> str:
        token = self.auth_key.sign("vnd.backstage.user", self.claims(sub=user, uip="proof", **changes))
        self._bearers[token] = user
        self._limited[token] = user
        return token

    def limited_token(self, user: str = "user:default/dev", **changes: Any) -> str:
        now = int(self.clock.now)
        claims = {"sub": user, "iat": now, "exp": now + 3600} | changes
        token = self.auth_key.sign("vnd.backstage.limited-user", claims)
        self._limited[token] = user
        return token

    def plugin_token(self, **changes: Any) -> str:
        """A token of the scaffolder; of the plugin that `sub` names, where that is another one with a key."""
        now = int(self.clock.now)
        claims = {
            "sub": "scaffolder",
            "aud": "proxy",
            "iat": now,
            "exp": now + 600,
            "obo": self.limited_token(),
        } | changes
        key = self.mcp_key if claims["sub"] == "mcp-actions" else self.scaffolder_key
        return key.sign("vnd.backstage.plugin", {n: v for n, v in claims.items() if v is not None})

    def add(self, ref: str, *, owner: str | None = None, **annotations: str) -> None:
        kind, _, rest = ref.partition(":")
        namespace, _, name = rest.partition("/")
        metadata = {"name": name, "namespace": namespace}
        if annotations:
            metadata |= {
                "annotations": {f"keeptrusts.dev/{key.replace('_', '-')}": text for key, text in annotations.items()}
            }
        self.documents[ref] = {
            "kind": kind.capitalize(),
            "metadata": metadata,
            "spec": {"owner": owner} if owner else {},
        }

    def register(self, ref: str, origin: str) -> None:
        """Say where an entity that was added comes from."""
        annotations = self.documents[ref]["metadata"].setdefault("annotations", {})
        annotations["backstage.io/managed-by-origin-location"] = origin

    def join(self, *groups: str, user: str = "user:default/dev") -> None:
        """Let `user` be in `groups` by the catalog's relations, and in no others."""
        self.add(user)
        self.documents[user]["relations"] = [{"type": "memberOf", "targetRef": group} for group in groups]

    def relate(self, source: str, relation: str, *targets: str) -> None:
        """Give an entity that was added relations to others."""
        related = self.documents[source].setdefault("relations", [])
        related += [{"type": relation, "targetRef": target} for target in targets]

    async def _answer(self, request: httpx.Request) -> httpx.Response:  # noqa: C901, PLR0911 - one return a route
        path = request.url.path.removeprefix("/portal")
        self.calls[path] += 1
        self.requests.append(request)
        if self.gate is not None:
            await self.gate.wait()
        if isinstance(self.reply, Exception):
            raise self.reply
        if self.reply is not None:
            return httpx.Response(self.reply.status_code, headers=self.reply.headers, content=self.reply.content)
        if path in self.lost:
            return httpx.Response(503, json={})
        if (key := self._signing_keys().get(path)) is not None:
            return httpx.Response(200, json={"keys": [key.public_jwk]})
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        if (person := self._person_in(bearer, plugin=path.split("/")[2])) is not None:
            self._bearers[bearer] = person
        if path == "/api/permission/authorize" and self._bearers.get(bearer, "service") != "service":
            return httpx.Response(200, json=self._decided(self._bearers[bearer], json.loads(request.content)["items"]))
        if path == "/api/auth/v1/userinfo" and bearer in self._limited:
            user = self._limited[bearer]
            return httpx.Response(200, json={"claims": {"sub": user, "ent": [user, *self.ownership.get(user, [])]}})
        if path == "/api/catalog/entities/by-refs" and bearer in self._bearers:
            asked = json.loads(request.content)["entityRefs"]
            return httpx.Response(200, json={"items": [self._seen(self._bearers[bearer], ref) for ref in asked]})
        if path == "/api/catalog/entities/by-query" and bearer in self._bearers:
            return httpx.Response(200, json=self._queried(self._bearers[bearer], request.url.params))
        said = str(request.headers.raw) if self.echoes else "no"
        return httpx.Response(401, json={"error": {"name": "AuthenticationError", "message": said}})

    def _signing_keys(self) -> dict[str, Key]:
        plugins = {"scaffolder": self.scaffolder_key, "mcp-actions": self.mcp_key}
        by_plugin = {f"/api/{plugin}/.backstage/auth/v1/jwks.json": key for plugin, key in plugins.items()}
        return {"/api/auth/.well-known/jwks.json": self.auth_key} | by_plugin

    def _decided(self, user: str, items: list[dict[str, Any]]) -> dict[str, Any]:
        denied = {"keeptrusts.spend.read"} if user in self.denied_spend else set()
        results = ["DENY" if item["permission"]["name"] in denied else "ALLOW" for item in items]
        return {"items": [{"id": item["id"], "result": result} for item, result in zip(items, results, strict=True)]}

    def _person_in(self, bearer: str, *, plugin: str) -> str | None:
        """The person in a token of the service's own for `plugin`, as Backstage's `PluginTokenHandler` reads it."""
        for key in self.own_keys:
            try:
                header = jwt.get_unverified_header(bearer)
                claims = jwt.decode(
                    bearer, jwt.PyJWK(key), algorithms=["ES256"], audience=plugin, options={"verify_exp": False}
                )
            except jwt.PyJWTError:
                continue
            whole = header["typ"] == "vnd.backstage.plugin" and header["kid"] == key["kid"]
            if whole and claims["sub"] == "keeptrusts" and claims["exp"] > self.clock.now:
                return self._limited.get(claims["obo"])
        return None

    def _queried(self, user: str, params: httpx.QueryParams) -> dict[str, Any]:
        """The page that a query asks for; a cursor holds the rest of the query, as a real one does."""
        asked = (
            json.loads(params["cursor"]) if "cursor" in params else {"filters": params.get_list("filter"), "from": 0}
        )
        if any("parentof=" in text for text in asked["filters"]):
            return self._above(asked["filters"])
        found = [
            document
            for ref, document in sorted(self.documents.items())
            if (user, ref) not in self.hidden
            and (not asked["filters"] or any(_passes(document, text) for text in asked["filters"]))
        ]
        start, limit = asked["from"], int(params.get("limit", "20"))
        more = {"nextCursor": json.dumps(asked | {"from": start + limit})} if len(found) > start + limit else {}
        return {"items": found[start : start + limit], "totalItems": len(found), "pageInfo": more}

    def _above(self, filters: list[str]) -> dict[str, Any]:
        children = {
            part.removeprefix("relations.parentof=")
            for text in filters
            for part in text.split(",")
            if "parentof=" in part
        }
        found = sorted({parent for child in children for parent in self.parents.get(child, [])})
        items = [{"kind": "Group", "metadata": {"name": ref.partition("/")[2]}} for ref in found]
        return {"items": items, "totalItems": len(items), "pageInfo": {}}

    def _seen(self, user: str, ref: str) -> dict[str, Any] | None:
        return None if (user, ref) in self.hidden else self.documents.get(ref)


def _passes(document: dict[str, Any], text: str) -> bool:
    """Whether a filter lets a document through: every key must be met, by any of its values where it has some."""
    wanted: dict[str, set[str]] = {}
    for part in text.split(","):
        key, _, value = part.partition("=")
        wanted.setdefault(key.lower(), set()).update({value} if value else set())
    return all(_has(document, key, values) for key, values in wanted.items())


def _has(document: dict[str, Any], key: str, values: set[str]) -> bool:
    if key == "kind":
        return str(document["kind"]).lower() in values
    if key.startswith("relations."):
        relation = key.removeprefix("relations.")
        targets = {each["targetRef"] for each in document.get("relations", []) if each["type"].lower() == relation}
        return not targets.isdisjoint(values)
    return key.removeprefix("metadata.annotations.") in document["metadata"].get("annotations", {})
