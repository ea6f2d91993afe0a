"""Lambda on EventBridge's "Step Functions Execution Status Change". See `orchestration/steps/close_build.py`."""

from __future__ import annotations

from typing import Any

from orchestration.steps.close_build import close_build
from orchestration.wiring import function_ports


def handler(event: dict[str, Any], context: object) -> None:
    detail = event["detail"]
    close_build(
        detail["name"], detail["status"], detail.get("error") or "", detail.get("cause") or "", function_ports()
    )
