"""One InvokeEndpoint request, carried to a serving process and back.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html: 6,291,456 bytes either way,
60 s. `endpoints.Endpoints.invoke` says which process; `serving.py` starts it.
"""

from __future__ import annotations

import http.client
import socket
import time
from dataclasses import dataclass

from orchestration.local.local_sagemaker.errors import ModelError
from orchestration.local.local_sagemaker.serving import HOST

MAX_BODY_BYTES = 6_291_456
TIMEOUT_S = 60.0
_BLOCK_BYTES = 64 * 1024
_SHOWN_CHARS = 2048
_ATTRIBUTES_HEADER = "X-Amzn-SageMaker-Custom-Attributes"


class NotReached(Exception):
    """No connection was made, so the process has not seen the request: it may be sent again."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """What to send. `content_type`, `accept` and `custom_attributes` are headers, left out when None."""

    body: bytes
    content_type: str | None = None
    accept: str | None = None
    custom_attributes: str | None = None

    def headers(self) -> dict[str, str]:
        """The HTTP headers."""
        named = {
            "Content-Type": self.content_type,
            "Accept": self.accept,
            _ATTRIBUTES_HEADER: self.custom_attributes,
        }
        return {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True)
class InvocationResult:
    """A good answer: `status` is 2xx, `variant` the production variant that gave it."""

    body: bytes
    content_type: str
    status: int
    variant: str
    custom_attributes: str | None = None


def send(invocation: Invocation, port: int, variant: str, timeout_s: float, log: str) -> InvocationResult:
    """Send a request to the process on this port and wait for the whole answer, at most `timeout_s`.

    Args:
        log: where the container's log is, for messages.

    Raises:
        NotReached: no connection was made.
        ModelError: an answer other than 2xx, none in time, or too large a one.
    """
    deadline = time.monotonic() + timeout_s
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout_s)
    try:
        try:
            connection.connect()
        except OSError as error:
            raise NotReached(str(error)) from error
        status, headers, body = _exchange(connection, invocation, deadline)
    except TimeoutError as error:
        message = (
            "Your invocation timed out while waiting for a response from container primary. Review the latency metrics "
            "for each container, resolve the issue, and try again."
        )
        raise _model_error(0, message, log) from error
    except (OSError, http.client.HTTPException) as error:
        raise _model_error(500, f"The container broke the connection: {type(error).__name__} {error}", log) from error
    finally:
        connection.close()
    if not 200 <= status < 300:
        raise _model_error(status, body.decode(errors="replace")[:_SHOWN_CHARS], log)
    if len(body) > MAX_BODY_BYTES:
        raise _model_error(500, f"The answer is larger than {MAX_BODY_BYTES} bytes", log)
    content_type = headers.get("Content-Type", "application/octet-stream")
    return InvocationResult(body, content_type, status, variant, headers.get(_ATTRIBUTES_HEADER))


def _exchange(
    connection: http.client.HTTPConnection, invocation: Invocation, deadline: float
) -> tuple[int, http.client.HTTPMessage, bytes]:
    # Kept: the connection gives it up when an answer announces that it will close.
    sock = connection.sock
    connection.request("POST", "/invocations", body=invocation.body, headers=invocation.headers())
    _limit(sock, deadline)
    response = connection.getresponse()
    body = bytearray()
    # A socket's time limit is for one read; the invocation's is for all of them.
    while len(body) <= MAX_BODY_BYTES and not response.isclosed():
        _limit(sock, deadline)
        block = response.read1(_BLOCK_BYTES)
        if not block:
            break
        body += block
    if response.length and len(body) <= MAX_BODY_BYTES:
        raise http.client.IncompleteRead(bytes(body), response.length)
    return response.status, response.headers, bytes(body)


def _limit(sock: socket.socket, deadline: float) -> None:
    left_s = deadline - time.monotonic()
    if left_s <= 0:
        raise TimeoutError
    sock.settimeout(left_s)


def _model_error(status: int, message: str, log: str) -> ModelError:
    side = "client" if 400 <= status < 500 else "server"
    return ModelError(
        f'Received {side} error ({status}) from primary with message "{message}". See {log} for more information.',
        {"OriginalStatusCode": status, "OriginalMessage": message},
    )
