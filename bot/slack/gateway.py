"""An HTTP request on its way to the Bolt app: size, signature and age first, and only then is it parsed.

Bolt's own adapter for Lambda imports boto3, and Bolt takes a slash command that says "payload" for an empty one: so
parsing is here, and the app gets the parsed body as it would over Socket Mode.
"""

from __future__ import annotations

import base64
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from slack_bolt import App, BoltRequest
from slack_sdk.signature import Clock, SignatureVerifier

MAX_BODY_BYTES = 512 * 1024
MAX_FORM_FIELDS = 50
JSON_TYPE, FORM_TYPE = "application/json", "application/x-www-form-urlencoded"
SIGNED = ("x-slack-request-timestamp", "x-slack-signature")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class HttpRequest:
    """headers: names in lower case."""

    method: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class HttpResponse:
    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class _Clock(Clock):
    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s

    def now(self) -> float:
        return self._now_s()


class Gateway:
    """What stands before the app. Never raises."""

    def __init__(self, app: App, signing_secret: str, now_s: Callable[[], float] = time.time) -> None:
        self._app = app
        self._verifier = SignatureVerifier(signing_secret, _Clock(now_s))

    def answer(self, request: HttpRequest) -> HttpResponse:
        """401: not signed by Slack within the last five minutes; 405, 413, 415, 400 as HTTP has them."""
        if request.method != "POST":
            return _refused(405, "POST only")
        if len(request.body) > MAX_BODY_BYTES:
            return _refused(413, "too large")
        if not self._is_from_slack(request):
            return _refused(401, "not signed by Slack")
        try:
            body = parsed(request.body, request.headers.get("content-type", ""))
        except UnknownType:
            return _refused(415, "neither JSON nor a form")
        except (ValueError, RecursionError):
            return _refused(400, "malformed")
        return self._dispatched(body)

    def _is_from_slack(self, request: HttpRequest) -> bool:
        try:
            signed = {name: request.headers[name] for name in SIGNED}
            return self._verifier.is_valid_request(request.body, signed)
        except (KeyError, ValueError, TypeError):  # no header, an odd timestamp or signature, a body that is no UTF-8
            return False

    def _dispatched(self, body: dict[str, Any]) -> HttpResponse:
        try:
            # The mode in which a body is parsed already.
            answer = self._app.dispatch(BoltRequest(body=body, mode="socket_mode"))
        except (AttributeError, KeyError, TypeError, ValueError, LookupError):
            # Bolt looks into a payload for its parts, without asking whether they have the form they must have.
            _log.info("a signed payload of another form than Slack's was refused")
            return _refused(400, "malformed")
        headers = {name: values[0] for name, values in answer.headers.items() if values}
        if answer.status in (400, 403):
            headers["x-slack-no-retry"] = "1"
        return HttpResponse(answer.status, answer.body, headers)


class UnknownType(ValueError):
    """A content type that Slack does not send."""


def parsed(body: bytes, content_type: str) -> dict[str, Any]:
    """The payload: of JSON, of a form with `payload`, or the form itself (a slash command).

    Raises UnknownType, ValueError, RecursionError.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == JSON_TYPE:
        return _document(body.decode())
    if kind != FORM_TYPE:
        raise UnknownType(kind)
    pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS, errors="strict")
    fields: dict[str, Any] = dict(pairs)
    return fields if "payload" not in fields or "command" in fields else _document(fields["payload"])


def _document(text: str) -> dict[str, Any]:
    document = json.loads(text, parse_constant=_no_constant)
    if not isinstance(document, dict):
        raise ValueError("not an object")
    return document


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def request_of_lambda(event: Mapping[str, Any]) -> HttpRequest:
    """An event of API Gateway's HTTP API, payload format 2.0. Raises ValueError.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    try:
        method = event["requestContext"]["http"]["method"]
        headers = {str(name).lower(): str(value) for name, value in event.get("headers", {}).items()}
        body = event.get("body") or ""
        raw = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not an event of an HTTP API") from error
    return HttpRequest(method, headers, raw)


def response_of_lambda(response: HttpResponse) -> dict[str, Any]:
    """As an HTTP API takes it."""
    headers = {"content-type": "application/json", **response.headers}
    return {"statusCode": response.status, "headers": headers, "body": response.body, "isBase64Encoded": False}


def _refused(status: int, reason: str) -> HttpResponse:
    return HttpResponse(status, json.dumps({"error": reason}), {"content-type": JSON_TYPE})
