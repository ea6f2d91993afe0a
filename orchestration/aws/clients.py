"""Clients of one session, made when first used and kept; botocore's errors become the port errors here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from orchestration.ports import Unavailable

INVOKE_TIMEOUT_S = 65  # InvokeEndpoint's own limit is 60 s
THROTTLES = frozenset(
    {"ThrottlingException", "Throttling", "TooManyRequestsException", "ProvisionedThroughputExceededException"}
)


@dataclass(frozen=True)
class Wire:
    """What clients are made from. endpoint_url: None is AWS itself. name: tells one wire from another."""

    session: Any
    endpoint_url: str | None = None
    name: str = ""


class Clients:
    """boto3 clients by service name, made when first used and kept for as long as the wire stays; safe to share."""

    def __init__(self, wire: Callable[[], Wire], timeout_s: float = 10.0) -> None:
        """wire is asked each time, and answers at once: a local engine that was started again is another one."""
        self._wire, self._timeout_s = wire, timeout_s
        self._made: dict[tuple[str, str], Any] = {}
        self._lock = Lock()

    def __call__(self, service: str) -> Any:
        wire = self._wire()
        with self._lock:
            key = (wire.name, service)
            if key not in self._made:
                self._made = {made: client for made, client in self._made.items() if made[0] == wire.name}
                config = self._config(service, wire)
                self._made[key] = wire.session.client(service, endpoint_url=wire.endpoint_url, config=config)
            return self._made[key]

    def _config(self, service: str, wire: Wire) -> Config:
        read_timeout_s = INVOKE_TIMEOUT_S if service == "sagemaker-runtime" else self._timeout_s
        return Config(
            connect_timeout=self._timeout_s,
            read_timeout=read_timeout_s,
            retries={"mode": "standard", "total_max_attempts": 1 if wire.endpoint_url else 3},
            parameter_validation=True,
            ignore_configured_endpoint_urls=True if wire.endpoint_url else None,
            # None: the machine's proxies; an explicit endpoint is on this machine, so none is asked.
            proxies={} if wire.endpoint_url else None,
        )


def aws_clients(region: str | None = None, profile: str | None = None) -> Clients:
    """Clients with the caller's own credentials, in that region or the profile's."""
    wire = Wire(boto3.Session(region_name=region, profile_name=profile))
    return Clients(lambda: wire)


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raise Unavailable for a service that is away, slow or throttling; other client errors pass as they are."""
    try:
        yield
    except ClientError as error:
        code = error_code(error)
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in THROTTLES or status >= 500:
            raise Unavailable(f"It was not possible to {what} just now ({code}).") from error
        raise
    except BotoCoreError as error:
        raise Unavailable(f"The service could not be reached to {what}: {error}.") from error


def error_code(error: ClientError) -> str:
    """The service's name for the error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def error_message(error: ClientError) -> str:
    """The service's sentence about it."""
    return str(error.response.get("Error", {}).get("Message", ""))
