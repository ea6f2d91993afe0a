"""The wire: every request's access key and Host are checked, then it goes to what is ours or to moto.

Ours are SageMaker (`local_sagemaker/`), Application Auto Scaling (`scaling.py`), what CloudWatch knows of endpoints
(`monitoring.py`), Lambda's Invoke (`lambdas.py`) and the engine's own paths under /_engine. All else is moto's, one
request a service at a time, because moto's DynamoDB is not atomic across threads; what a request changed is on disk
before it is answered. Waits and InvokeEndpoint are never behind a lock.
"""

from __future__ import annotations

import hmac
import io
import json
import logging
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import escape

from orchestration.local.keeper import Keeper
from orchestration.local.lambdas import Lambdas, UnknownFunction
from orchestration.local.local_sagemaker.errors import LocalSageMakerError
from orchestration.local.local_sagemaker.service import LocalSageMaker
from orchestration.local.moto_adapter.data import parse

MAX_BODY_BYTES = 1024**3
SHARED = frozenset({"monitoring"})  # services of which moto has the operations that ours has not
KEY_HEADER = "HTTP_X_SAGEBUILD_KEY"  # of the engine's own paths, which are not signed
CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/[^/]*/([^/]+)/")
INVOKE_FUNCTION = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")
INVOKE_ENDPOINT = re.compile(r"/endpoints/([^/]+)/invocations")

log = logging.getLogger(__name__)

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
App = Callable[[Environ, StartResponse], Iterable[bytes]]


@dataclass(frozen=True)
class Answer:
    """A response: status line, body, headers."""

    status: str
    body: bytes
    headers: list[tuple[str, str]] = field(default_factory=list)


class JsonService(Protocol):
    """A service of ours that speaks AWS's JSON protocol."""

    @property
    def operations(self) -> Collection[str]:
        """The names of the operations that it has."""
        ...

    def call(self, operation: str, request: Mapping[str, object]) -> dict[str, Any]:
        """Carry out one operation. Raises LocalSageMakerError."""
        ...


@dataclass
class Front:
    """The WSGI application of the engine. services: ours, by the name that requests are signed for; own: the engine's
    own paths, by method and path."""

    access_key: str
    hosts: frozenset[str]
    moto: App
    keeper: Keeper
    sagemaker: LocalSageMaker
    services: Mapping[str, JsonService]
    lambdas: Lambdas
    own: dict[tuple[str, str], Callable[[dict[str, Any]], dict[str, Any]]]
    _locks: dict[str, threading.Lock] = field(default_factory=lambda: defaultdict(threading.Lock))

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        refused = self._refusal(environ)
        if refused is not None:
            return _send(refused, start_response)
        path = environ["PATH_INFO"]
        if path.startswith("/_engine/"):
            return _send(self._own(environ, path), start_response)
        service = _service(environ)
        body = _body(environ)
        if len(body) > MAX_BODY_BYTES:
            return _send(
                _json("413 Content Too Large", {"message": f"At most {MAX_BODY_BYTES} bytes."}), start_response
            )
        operation = environ.get("HTTP_X_AMZ_TARGET", "").rsplit(".", 1)[-1]
        if match := INVOKE_FUNCTION.fullmatch(path):
            return _send(self._invoke_function(unquote(match[1]), body), start_response)
        if service == "sagemaker" and (match := INVOKE_ENDPOINT.fullmatch(path)):
            return _send(self._invoke_endpoint(unquote(match[1]), body, environ), start_response)
        ours = self.services.get(service)
        if ours is not None and (operation in ours.operations or service not in SHARED):
            return _send(_json_answer(ours, operation, body), start_response)
        return self._moto(service, operation, body, environ, start_response)

    def _refusal(self, environ: Environ) -> Answer | None:
        """A page in somebody's browser can reach loopback too: it knows neither the key nor the right Host."""
        if environ.get("HTTP_HOST", "") not in self.hosts:
            return _json("403 Forbidden", {"message": "This engine answers on its loopback address only."})
        signed = CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
        given = signed[1] if signed else environ.get(KEY_HEADER, "")
        if not hmac.compare_digest(given.encode(), self.access_key.encode()):
            return _json("403 Forbidden", {"message": "The access key is not this engine's."})
        return None

    def _own(self, environ: Environ, path: str) -> Answer:
        action = self.own.get((environ["REQUEST_METHOD"], path))
        if action is None:
            return _json("404 Not Found", {"message": f"There is no {path}."})
        return _json("200 OK", action(parse(_body(environ))))

    def _invoke_function(self, name: str, body: bytes) -> Answer:
        try:
            answer = self.lambdas.invoke(name.rsplit(":", 1)[-1], body)
        except UnknownFunction as error:
            headers = [("x-amzn-errortype", "ResourceNotFoundException")]
            return _json("404 Not Found", {"Type": "User", "Message": str(error)}, headers)
        headers = [("Content-Type", "application/json")]
        if answer.is_error:
            headers.append(("X-Amz-Function-Error", "Unhandled"))
        return Answer("200 OK", answer.payload, headers)

    def _invoke_endpoint(self, name: str, body: bytes, environ: Environ) -> Answer:
        accept = environ.get("HTTP_ACCEPT") or None
        try:
            invoked = self.sagemaker.invoke_endpoint(name, body, environ.get("CONTENT_TYPE", ""), accept)
        except LocalSageMakerError as error:
            document = {"message": error.message, "Message": error.message, **error.members}
            return _json(f"{error.http_status} Error", document, [("x-amzn-errortype", error.code)])
        return Answer("200 OK", invoked.body, [("Content-Type", invoked.content_type)])

    def _moto(
        self, service: str, operation: str, body: bytes, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
            started[:] = [(status, headers)]

        with self._locks[service]:
            self.keeper.before(service, environ)
            try:
                chunks = list(self.moto(environ, start))
            except NotImplementedError as error:
                log.warning("%s was asked for what nobody here can do: %s", service, error)
                return _send(_denied(operation, body), start_response)
            status, headers = started[0]
            if status.startswith("2"):
                self.keeper.after(service, operation, body, environ, b"".join(chunks))
        start_response(status, headers)
        return chunks


def _denied(operation: str, body: bytes) -> Answer:
    """What moto cannot do is not allowed here: clients take that for an answer, and do not ask again and again."""
    asked = operation or parse_qs(body.decode(errors="replace")).get("Action", ["this"])[0]
    message = f"The local engine has no {asked}."
    if operation:
        return _json("403 Forbidden", {"__type": "AccessDeniedException", "message": message})
    error = f"<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>{escape(message)}</Message></Error>"
    return Answer("403 Forbidden", f"<ErrorResponse>{error}</ErrorResponse>".encode(), [("Content-Type", "text/xml")])


def _json_answer(service: JsonService, operation: str, body: bytes) -> Answer:
    try:
        answer = service.call(operation, parse(body))
    except LocalSageMakerError as error:
        return _json(f"{error.http_status} Error", {"__type": error.code, "message": error.message})
    text = json.dumps(answer, default=lambda value: value.timestamp())
    return Answer("200 OK", text.encode(), [("Content-Type", "application/x-amz-json-1.1")])


def _service(environ: Environ) -> str:
    signed = CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    return signed[2].lower() if signed else "s3"


def _body(environ: Environ) -> bytes:
    if environ.get("wsgi.input_terminated"):
        return bytes(environ["wsgi.input"].read(MAX_BODY_BYTES + 1))
    length = min(int(environ.get("CONTENT_LENGTH") or 0), MAX_BODY_BYTES + 1)
    return bytes(environ["wsgi.input"].read(length)) if length else b""


def _json(status: str, document: dict[str, Any], headers: list[tuple[str, str]] | None = None) -> Answer:
    return Answer(status, json.dumps(document).encode(), [("Content-Type", "application/json"), *(headers or [])])


def _send(answer: Answer, start_response: StartResponse) -> Iterable[bytes]:
    start_response(answer.status, [*answer.headers, ("Content-Length", str(len(answer.body)))])
    return [answer.body]
