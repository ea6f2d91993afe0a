"""AWS Signature Version 4 with the standard library alone: for what must answer before boto3 could be imported.

https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True)
class Credentials:
    """An access key; token is "" for one that does not expire."""

    access_key: str
    secret_key: str
    token: str = ""

    def __repr__(self) -> str:
        return f"Credentials({self.access_key!r})"  # no secret in a log


def credentials_from_variables(variables: Mapping[str, str] = os.environ) -> Credentials:
    """Those of a Lambda's role. Raises KeyError, naming the variable that is missing."""
    return Credentials(
        variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"], variables.get("AWS_SESSION_TOKEN", "")
    )


@dataclass(frozen=True)
class Scope:
    """What a signature is for."""

    region: str
    service: str


def signed_headers(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    scope: Scope,
    credentials: Credentials,
    at: datetime,
) -> dict[str, str]:
    """The headers with host, date, token and signature. at: in UTC. Every given header is signed.

    url: its query encoded, each name with a `=`. Not for S3, whose paths are signed otherwise.
    """
    parts = urlsplit(url)
    stamp = at.strftime("%Y%m%dT%H%M%SZ")
    sent = {**headers, "Host": parts.netloc, "X-Amz-Date": stamp}
    if credentials.token:
        sent["X-Amz-Security-Token"] = credentials.token
    canonical = {name.lower(): " ".join(value.split()) for name, value in sent.items()}
    names = ";".join(sorted(canonical))
    request = "\n".join((
        method,
        quote(parts.path or "/", safe="/~"),
        "&".join(sorted(parts.query.split("&"), key=lambda pair: pair.partition("="))),
        *(f"{name}:{canonical[name]}" for name in sorted(canonical)),
        "",
        names,
        hashlib.sha256(body).hexdigest(),
    ))  # fmt: skip
    reach = f"{stamp[:8]}/{scope.region}/{scope.service}/aws4_request"
    to_sign = "\n".join((ALGORITHM, stamp, reach, hashlib.sha256(request.encode()).hexdigest()))
    signature = hmac.new(_key(credentials.secret_key, reach), to_sign.encode(), hashlib.sha256).hexdigest()
    sent["Authorization"] = (
        f"{ALGORITHM} Credential={credentials.access_key}/{reach}, SignedHeaders={names}, Signature={signature}"
    )
    return sent


def _key(secret: str, reach: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in reach.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
