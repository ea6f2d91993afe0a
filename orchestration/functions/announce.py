"""Lambda on the builds table's stream, filtered to the outbox. See `orchestration/steps/announce.py`.

The records only say that there is something to do: what to announce is read from the outbox itself.
"""

from __future__ import annotations

from typing import Any

from orchestration.builds import Json
from orchestration.steps.announce import announce
from orchestration.wiring import function_ports


def handler(event: dict[str, Any], context: object) -> dict[str, Json]:
    return {"published": announce(function_ports())}
