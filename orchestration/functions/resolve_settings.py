"""Lambda: the first state of the machine. See `orchestration/steps/resolve_settings.py`."""

from __future__ import annotations

from typing import Any

from orchestration.builds import Json
from orchestration.steps.resolve_settings import resolve_settings
from orchestration.wiring import function_ports


def handler(event: dict[str, Any], context: object) -> dict[str, Json]:
    input_ = event["input"] if isinstance(event["input"], dict) else {}
    return resolve_settings(input_, event["execution_name"], function_ports())
