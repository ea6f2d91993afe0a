"""Lambda: the states between a build's jobs. See `orchestration/steps/candidate.py`."""

from __future__ import annotations

from typing import Any

from orchestration.builds import Json
from orchestration.ports import BadRequest
from orchestration.steps import candidate
from orchestration.wiring import function_ports


def handler(event: dict[str, Any], context: object) -> dict[str, Json]:
    ports = function_ports()
    build = ports.builds.get(event["build"])
    match event["action"]:
        case "take_image":
            return candidate.take_image(build, event["built"], event["image"], ports)
        case "take_report":
            return candidate.take_report(build, event["job"], ports)
        case "take_tuned":
            return candidate.take_tuned(build, event["tuned"], event["data"], ports)
        case "propose":
            return candidate.propose(build, event["job"], event["data"], event["evaluate"], ports)
        case "judge":
            return candidate.judge(build, event["job"], ports)
        case action:
            raise BadRequest(f"There is no candidate action {action!r}.")
