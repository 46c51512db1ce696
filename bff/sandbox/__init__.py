"""An embedded stand-in for Keeptrusts, for the demo and for tests; never started by `serve`.

It follows the same contract page as the client: control plane and gateway are two ASGI apps over one `State` that keeps
real accounts. Wherever it shows itself it says that it is a stand-in.
"""

SERVER = "keeptrusts-sandbox"
"""The `server` header of every reply and the name in every health report."""

READ_TOKEN = "sandbox-read-token"  # noqa: S105 - opens nothing but the stand-in on this machine
ADMIN_TOKEN = "sandbox-admin-token"  # noqa: S105 - as above
"""The demo's fixed control plane tokens: the first may read, the second may also write and move money."""
