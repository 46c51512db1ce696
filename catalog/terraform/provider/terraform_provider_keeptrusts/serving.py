"""Serving Terraform, so that an interrupt loses nothing.

On Ctrl-C, Terraform asks its providers to stop and waits for the calls that are running. A key whose reply is lost would be
in no state. The framework breaks off every call at that request, and a terminal sends the interrupt to the provider as well.
Here neither ends a call; Terraform ends the process when it has all answers.
"""

from __future__ import annotations

import signal
import sys
from typing import Any

from tf import runner
from tf.iface import Provider

_ASKED_TO_STOP = "/tfplugin6.Provider/StopProvider"


class _Patient(runner._ShutdownInterceptor):  # noqa: SLF001 - the framework has no other place to say it
    def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        if handler_call_details.method == _ASKED_TO_STOP:
            return continuation(handler_call_details)
        return super().intercept_service(continuation, handler_call_details)  # type: ignore[no-untyped-call]


def serve(provider: Provider) -> None:
    """Answer Terraform until it is done."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    runner._ShutdownInterceptor = _Patient  # type: ignore[misc]  # noqa: SLF001 - as above
    runner.run_provider(provider, [sys.argv[0]])
