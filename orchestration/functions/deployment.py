"""Lambda: the states around an endpoint. See `orchestration/steps/lease.py` and `orchestration/steps/endpoint.py`."""

from __future__ import annotations

from typing import Any

from orchestration.ports import BadRequest
from orchestration.steps import endpoint, lease
from orchestration.wiring import function_ports


def handler(event: dict[str, Any], context: object) -> None:
    ports = function_ports()
    match event["action"]:
        case "take_lease":
            lease.take(ports.builds.get(event["build"]), event["task_token"], event["wait_s"], ports)
        case "deploy_endpoint":
            endpoint.deploy_endpoint(
                event["endpoint"],
                event["endpoint_config"],
                event["tags"],
                event["task_token"],
                event["timeout_s"],
                ports,
            )
        case "verify_endpoint":
            endpoint.verify_endpoint(event["endpoint"], event["endpoint_config"], event["example"], ports)
        case action:
            raise BadRequest(f"There is no deployment action {action!r}.")
