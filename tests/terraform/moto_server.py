"""moto as AWS for Terraform: `python -m tests.terraform.moto_server`, which prints its port.

A process of its own: what the local engine's adapter does to moto (orchestration/local/moto_adapter) must not meet what
is done to it here. Each mend below says what moto lacks; test_moto_mends.py fails once moto no longer needs one.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import Any

os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "false")


def mend() -> None:
    """All of them."""
    for one in MENDS:
        one()


def validate_definitions() -> None:
    """Step Functions: ValidateStateMachineDefinition and ListStateMachineVersions, which the provider always asks."""
    from moto.stepfunctions.responses import StepFunctionResponse

    StepFunctionResponse.validate_state_machine_definition = lambda self: json.dumps(
        {"result": "OK", "diagnostics": [], "truncated": False}
    )
    StepFunctionResponse.list_state_machine_versions = lambda self: json.dumps({"stateMachineVersions": []})


def ignore_bucket_policies() -> None:
    """S3: policies are followed without their conditions, so that "deny without TLS" denies everything."""
    from moto.iam.access_control import PermissionResult
    from moto.s3.models import FakeBucket

    FakeBucket.get_permission = lambda self, action, resource: PermissionResult.NEUTRAL


def keep_logging_of_functions() -> None:
    """Lambda: LoggingConfig is forgotten."""
    from moto.awslambda.models import LambdaFunction

    made, told = LambdaFunction.__init__, LambdaFunction.get_configuration

    def init(self: Any, account_id: str, spec: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        made(self, account_id, spec, *args, **kwargs)
        self.sagebuild_logging = spec.get("LoggingConfig")

    def get_configuration(self: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        answer = told(self, *args, **kwargs)
        logging = getattr(self, "sagebuild_logging", None)
        return answer | ({"LoggingConfig": logging} if logging else {})

    LambdaFunction.__init__, LambdaFunction.get_configuration = init, get_configuration


def keep_keys_of_projects() -> None:
    """CodeBuild: encryptionKey and concurrentBuildLimit are forgotten."""
    from moto.codebuild.responses import CodeBuildResponse

    create = CodeBuildResponse.create_project

    def create_project(self: Any) -> Any:
        answer = create(self)
        project = self.codebuild_backend.codebuild_projects[self._get_param("name")].project_metadata
        for key in ("encryptionKey", "concurrentBuildLimit"):
            if self._get_param(key):
                project[key] = self._get_param(key)
        return answer

    CodeBuildResponse.create_project = create_project


def keep_aliases_of_mappings() -> None:
    """Lambda: an event source mapping on an alias tells the alias's version instead."""
    from moto.awslambda.models import EventSourceMapping

    told = EventSourceMapping.get_configuration

    def get_configuration(self: Any) -> dict[str, Any]:
        named = {"FunctionArn": self.function_name} if self.function_name.startswith("arn:") else {}
        return told(self) | named

    EventSourceMapping.get_configuration = get_configuration


MENDS = (
    validate_definitions,
    ignore_bucket_policies,
    keep_logging_of_functions,
    keep_keys_of_projects,
    keep_aliases_of_mappings,
)


def main() -> None:
    from moto.server import ThreadedMotoServer

    if "--as-it-is" not in sys.argv:
        mend()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    main()
