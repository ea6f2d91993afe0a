"""Lambda: a state tells the record. See `orchestration/steps/record_status.py`."""

from __future__ import annotations

from typing import Any

from orchestration.builds import Json
from orchestration.steps.record_status import record_status
from orchestration.wiring import function_ports


def handler(event: dict[str, Any], context: object) -> dict[str, Json]:
    build = record_status(event, function_ports())
    return {"build": build.number, "status": build.status}
