"""Lambda: the states around an endpoint. See `orchestration/steps/lease.py`, `endpoint.py` and `retire.py` there."""

from __future__ import annotations

from typing import Any

from orchestration.builds import Json
from orchestration.ports import BadRequest
from orchestration.steps import endpoint, lease, retire
from orchestration.wiring import function_ports


def handler(event: dict[str, Any], context: object) -> dict[str, Json] | None:
    ports = function_ports()
    build = ports.builds.get(event["build"])
    match event["action"]:
        case "take_lease":
            lease.take(build, event["task_token"], event["wait_s"], ports)
        case "deploy_endpoint":
            endpoint.deploy_endpoint(build, event["tags"], event["task_token"], event["timeout_s"], ports)
        case "verify_endpoint":
            endpoint.verify_endpoint(build, event["probe"], ports)
        case "restore_endpoint":
            endpoint.restore_endpoint(build, event["tags"], ports)
        case "retire":
            return {"retired": list[Json](retire.after_deployment(build, ports))}
        case action:
            raise BadRequest(f"There is no deployment action {action!r}.")
    return None
