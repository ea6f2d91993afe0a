"""One function's process: `python -m orchestration.local.function_program HANDLER`, which is `awslambdaric HANDLER`.

AWS builds the native half of awslambdaric (`runtime_client`) for Linux only. Where it is not there, the four functions
below are in its place; they speak the same Runtime API: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import http.client
import importlib
import os
import sys
from collections.abc import Mapping
from types import ModuleType

API = "/2018-06-01/runtime/invocation"


def initialize_client(user_agent: str) -> None:
    """Nothing to do: each request makes a connection."""


def next() -> tuple[bytes, Mapping[str, str]]:
    """The next event and its headers; waits for it."""
    return _ask("GET", f"{API}/next")


def post_invocation_result(request_id: str, result: bytes, content_type: str, invocation_id: str | None = None) -> None:
    """What the function has answered."""
    _ask("POST", f"{API}/{request_id}/response", result, content_type)


def post_error(request_id: str, error: str, xray_fault: str, invocation_id: str | None = None) -> None:
    """That the function has failed, as JSON text."""
    _ask("POST", f"{API}/{request_id}/error", error.encode(), "application/json")


def _ask(method: str, path: str, body: bytes | None = None, content_type: str = "") -> tuple[bytes, Mapping[str, str]]:
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        connection.request(method, path, body, {"Content-Type": content_type} if content_type else {})
        response = connection.getresponse()
        answer = response.read()
    finally:
        connection.close()
    if response.status not in (http.client.OK, http.client.ACCEPTED):
        raise RuntimeError(f"the Runtime API answered {response.status} to {path}")
    return answer, dict(response.headers)


def main(arguments: list[str]) -> None:
    """Serve the handler that the arguments name, until the process is ended."""
    try:
        importlib.import_module("runtime_client")
    except ImportError:
        stand_in = ModuleType("runtime_client")
        for function in (initialize_client, next, post_invocation_result, post_error):
            setattr(stand_in, function.__name__, function)
        sys.modules["runtime_client"] = stand_in
    from awslambdaric.__main__ import main as serve

    serve(["awslambdaric", *arguments])


if __name__ == "__main__":
    main(sys.argv[1:])
