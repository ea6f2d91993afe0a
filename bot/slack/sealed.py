"""What a button, a picker or a form carries to itself: opaque, and ours, so that nothing made elsewhere is obeyed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

MAC_BYTES = 16
_PURPOSE = b"sagebuild slack buttons 1"


class NotOurs(ValueError):
    """It was not sealed with this key, or was changed since."""


def seal(key: str, content: Mapping[str, Any]) -> str:
    """The content as one opaque word."""
    body = json.dumps(content, separators=(",", ":"), sort_keys=True).encode()
    return base64.urlsafe_b64encode(_mac(key, body) + body).decode().rstrip("=")


def unseal(key: str, word: str) -> dict[str, Any]:
    """What was sealed. Raises NotOurs."""
    try:
        raw = base64.b64decode(word + "=" * (-len(word) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise NotOurs("it is not a sealed word") from error
    mac, body = raw[:MAC_BYTES], raw[MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(key, body)):
        raise NotOurs("its seal is broken")
    content: dict[str, Any] = json.loads(body)
    return content


def _mac(key: str, body: bytes) -> bytes:
    if not key:
        raise ValueError("there is no key to seal with")
    derived = hmac.new(key.encode(), _PURPOSE, hashlib.sha256).digest()
    return hmac.new(derived, body, hashlib.sha256).digest()[:MAC_BYTES]
