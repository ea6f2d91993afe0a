"""Lambda on EventBridge's "SageMaker Endpoint State Change". See `orchestration/steps/endpoint.py`."""

from __future__ import annotations

from typing import Any

from orchestration.steps.endpoint import endpoint_changed
from orchestration.wiring import function_ports


def handler(event: dict[str, Any], context: object) -> None:
    endpoint_changed(event["detail"]["EndpointName"], function_ports())
