"""The optimised CodeBuild integration: there is no CodeBuild here, so a build is skipped, and the answer says so.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-codebuild.html: `startBuild` and `startBuild.sync` answer
with `Build`. Its `Note`, which AWS does not have, is what a record may keep; nothing is exported, so the image stays
what it was.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)

NOTE = "No image was built: there is no CodeBuild in local mode, where programs run from this folder."

log = logging.getLogger(__name__)


class CodeBuild(StateTaskServiceCallback):
    """`codebuild:startBuild`, with and without `.sync`."""

    def __init__(self) -> None:
        super().__init__(supported_integration_patterns={ResourceCondition.Sync})

    def _get_supported_parameters(self) -> set[str] | None:
        return set() if self.resource.api_action.lower() == "startbuild" else None

    def _normalise_parameters(
        self, parameters: Any, boto_service_name: Any = None, service_action_name: Any = None
    ) -> None:
        """CodeBuild's parameters are not looked at."""

    def _eval_service_task(
        self, env: Any, resource_runtime_part: Any, normalised_parameters: dict[str, Any], state_credentials: Any
    ) -> None:
        project, at = str(normalised_parameters.get("ProjectName", "")), int(time.time() * 1000)
        log.info("the build of the project %s is skipped", project)
        build = {
            "Id": f"{project}:local",
            "Arn": f"arn:aws:codebuild:us-east-1:123456789012:build/{project}:local",
            "ProjectName": project,
            "BuildStatus": "SUCCEEDED",
            "BuildComplete": True,
            "CurrentPhase": "COMPLETED",
            "StartTime": at,
            "EndTime": at,
            "ExportedEnvironmentVariables": [],
            "Note": NOTE,
        }
        env.stack.append({"Build": build})

    def _eval_integration_pattern(
        self, env: Any, resource_runtime_part: Any, normalised_parameters: dict[str, Any], state_credentials: Any
    ) -> None:
        """It is over when it begins."""
