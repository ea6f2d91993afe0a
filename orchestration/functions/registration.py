"""Lambda: registering a candidate, and its approval. See `orchestration/steps/registration.py`."""

from __future__ import annotations

from typing import Any

from orchestration.builds import Json
from orchestration.ports import BadRequest
from orchestration.steps import registration
from orchestration.wiring import function_ports


def handler(event: dict[str, Any], context: object) -> dict[str, Json] | None:
    ports = function_ports()
    build = ports.builds.get(event["build"])
    match event["action"]:
        case "register":
            return registration.register(build, ports)
        case "ask":
            registration.ask(build, event["task_token"], event["wait_s"], ports)
        case "apply_decision":
            return registration.apply_decision(build, ports)
        case "expire":
            return registration.expire(build, ports)
        case action:
            raise BadRequest(f"There is no registration action {action!r}.")
    return None
