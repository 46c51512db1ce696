"""The part of a Kubernetes API server that Vault's Kubernetes auth method asks: TokenReview, over HTTPS."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from tests.harness.authority import Authority, key_pem
from tests.harness.openbao import LOOPBACK, OpenBao

ISSUER = "https://kubernetes.default.svc.cluster.local"
NAMESPACE = "keeptrusts"
ACCOUNT = "keeptrusts-bff"
AUDIENCE = "vault"
REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"


class Cluster:
    """Signs tokens of service accounts, and reviews them: `revoked` are no longer good."""

    def __init__(self) -> None:
        self.authority = Authority("Cluster Root")
        self.url = ""
        self.reviews = 0
        self.revoked: set[str] = set()
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._made = 0

    def account_token(self, account: str = ACCOUNT, *, audience: str = AUDIENCE, seconds: float = 3600) -> str:
        """A projected token, as the kubelet writes it; `seconds` until it ends."""
        self._made += 1
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "sub": f"system:serviceaccount:{NAMESPACE}:{account}",
            "aud": [audience],
            "iat": now - 3600,
            "nbf": now - 3600,
            "exp": int(now + seconds),
            "jti": str(self._made),
            "kubernetes.io": {"namespace": NAMESPACE, "serviceaccount": {"name": account, "uid": f"uid-of-{account}"}},
        }
        return jwt.encode(claims, key_pem(self._key).decode(), algorithm="ES256")

    def review(self, request: dict[str, Any]) -> dict[str, Any]:
        """The reply to a TokenReview."""
        self.reviews += 1
        token, audiences = request["spec"]["token"], request["spec"].get("audiences") or [AUDIENCE]
        try:
            claims = jwt.decode(token, self._key.public_key(), algorithms=["ES256"], audience=audiences, issuer=ISSUER)
        except jwt.InvalidTokenError as error:
            return {"authenticated": False, "error": str(error)}
        if token in self.revoked:
            return {"authenticated": False, "error": "the token was revoked"}
        uid = claims["kubernetes.io"]["serviceaccount"]["uid"]
        return {"authenticated": True, "user": {"username": claims["sub"], "uid": uid}, "audiences": claims["aud"]}

    def trusted_by(self, openbao: OpenBao, *policies: str, **role: Any) -> tuple[str, str]:
        """Make an auth method and a role for `ACCOUNT` in OpenBao; the method's mount and the role's name."""
        mount = f"kubernetes-{self._made}-{id(self)}"
        openbao.call("POST", f"sys/auth/{mount}", {"type": "kubernetes"})
        reviewer = self.account_token("reviewer")
        config = {"kubernetes_host": self.url, "kubernetes_ca_cert": self.authority.pem.decode()}
        openbao.call("POST", f"auth/{mount}/config", config | {"token_reviewer_jwt": reviewer})
        bound = {"bound_service_account_names": [ACCOUNT], "bound_service_account_namespaces": [NAMESPACE]}
        options = bound | {"audience": AUDIENCE, "token_policies": list(policies)} | role
        openbao.call("POST", f"auth/{mount}/role/bff", options)
        return mount, "bff"


@contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    """A cluster that reviews tokens meanwhile; `folder` is for its certificate."""
    cluster = Cluster()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status = 201 if self.path == REVIEWS else 404
            review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": cluster.review(body)}
            content = json.dumps(review).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*cluster.authority.sign().write(folder, "cluster"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    cluster.url = f"https://{LOOPBACK}:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield cluster
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
