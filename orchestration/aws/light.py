"""The two AWS calls of an acknowledging Lambda, without boto3: a message onto a FIFO queue, and a secret.

`sigv4.py` signs them. Nothing here imports the ports either, whose models take longer than the whole call: the errors
are LightError; `queues.py` has the port.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from orchestration.aws.sigv4 import Credentials, Scope, credentials_from_variables, signed_headers

TIMEOUT_S = 1.0  # each of connecting and answering: Slack waits 3 s in all
MAX_ANSWER_BYTES = 1_000_000
MAX_MESSAGE_BYTES = 262_144  # SQS SendMessage

Send = Callable[[str, str, Mapping[str, Any]], None]


class LightError(Exception):
    """The service is away, or refused: its own name for that is in the message."""


class LightClient:
    """JSON requests to one service over one kept connection. Safe to share; one request at a time."""

    def __init__(
        self,
        service: str,
        region: str,
        credentials: Callable[[], Credentials] = credentials_from_variables,
        endpoint: str = "",
    ) -> None:
        """endpoint: "" is AWS itself, or what AWS_ENDPOINT_URL says. credentials are asked each time: they change."""
        ending = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        self._url = endpoint or os.environ.get("AWS_ENDPOINT_URL", "") or f"https://{service}.{region}.{ending}"
        self._scope, self._credentials = Scope(region, service), credentials
        self._connection: http.client.HTTPConnection | None = None
        self._lock = threading.Lock()

    def call(self, target: str, version: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer. target: "AmazonSQS.SendMessage"; version: of the JSON protocol, "1.0". Raises LightError."""
        body = json.dumps(request).encode()
        headers = {"Content-Type": f"application/x-amz-json-{version}", "X-Amz-Target": target}
        with self._lock:
            for last in (False, True):
                # Signed anew at each try. A kept connection may have been closed meanwhile: then one more, new one.
                signed = signed_headers(
                    "POST", f"{self._url}/", headers, body, self._scope, self._credentials(), datetime.now(UTC)
                )
                was_kept = self._connection is not None
                try:
                    return self._ask(body, signed)
                except (OSError, http.client.HTTPException) as error:
                    self._drop()
                    if last or not was_kept:
                        raise LightError(f"{target}: {type(error).__name__}: {error}") from error
        raise LightError(f"{target}: not asked")

    def close(self) -> None:
        """Let the connection go; the next call makes another."""
        with self._lock:
            self._drop()

    def _ask(self, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
        if self._connection is None:
            parts = urlsplit(self._url)
            kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
            self._connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
        self._connection.request("POST", "/", body, dict(headers))
        response = self._connection.getresponse()
        answer = response.read(MAX_ANSWER_BYTES)
        document = _document(answer)
        if response.status != 200:
            name = str(document.get("__type", "")).rpartition("#")[2] or f"HTTP {response.status}"
            raise LightError(f"{self._scope.service} refused ({name}): {document.get('message', '')}")
        return document

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def fifo_sender(client: LightClient, queue_url: str) -> Send:
    """What puts (group, delivery id, body) onto the FIFO queue; the same delivery id within five minutes counts once.

    Raises LightError, ValueError for a body that no message holds.
    """

    def send(group: str, delivery_id: str, body: Mapping[str, Any]) -> None:
        text = json.dumps({"group": group, "delivery_id": delivery_id, "body": body})
        if len(text.encode()) > MAX_MESSAGE_BYTES:
            raise ValueError(f"a message of {len(text):,} characters is too large for the queue")
        request = {
            "QueueUrl": queue_url,
            "MessageBody": text,
            # Digests: ids and groups of a channel may hold more characters, and other ones, than SQS takes.
            "MessageGroupId": hashlib.sha256(group.encode()).hexdigest(),
            "MessageDeduplicationId": hashlib.sha256(delivery_id.encode()).hexdigest(),
        }
        client.call("AmazonSQS.SendMessage", "1.0", request)

    return send


def secret_document(client: LightClient, arn: str) -> dict[str, Any]:
    """The JSON object in a secret of Secrets Manager. Raises LightError, without a word of what is in it."""
    answer = client.call("secretsmanager.GetSecretValue", "1.1", {"SecretId": arn})
    document = _document(str(answer.get("SecretString", "")).encode())
    if not document:
        raise LightError(f"the secret {arn} holds no JSON object")
    return document


def _document(text: bytes) -> dict[str, Any]:
    try:
        document = json.loads(text or b"{}")
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
