"""moto as AWS for Terraform: `python -m tests.terraform.moto_server`, which prints its port.

A process of its own: what the local engine's adapter does to moto (orchestration/local/moto_adapter) must not meet what
is done to it here. Each mend below says what moto lacks; test_moto_mends.py fails once moto no longer needs one.
"""

from __future__ import annotations

import json
import sys
import threading
import types
from pathlib import Path
from typing import Any

CALLS = sys.argv[sys.argv.index("--calls") + 1 :][:1] if "--calls" in sys.argv else []


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


def write_redrive_policies_compactly() -> None:
    """SQS: a queue's redrive policy is told with spaces, which the provider takes for another."""
    from moto.sqs.models import Queue

    told = Queue.__dict__["attributes"].fget

    def attributes(self: Any) -> dict[str, Any]:
        found: dict[str, Any] = told(self)
        if "RedrivePolicy" in found:
            found["RedrivePolicy"] = json.dumps(self.redrive_policy, separators=(",", ":"))
        return found

    Queue.attributes = property(attributes)


def note_calls_of_functions() -> None:
    """Lambda: functions run in Docker. Here each call is noted, a line of JSON in the file that `--calls` names.

    Not a fault of moto's.
    """
    from moto.awslambda.models import LambdaFunction

    def invoke(self: Any, body: str | bytes, request_headers: Any, response_headers: Any) -> str:
        if CALLS:
            line = json.dumps({"function": self.function_name, "event": json.loads(body or "{}")})
            with Path(CALLS[0]).open("a") as file:
                file.write(f"{line}\n")
        return "null"

    LambdaFunction.invoke = invoke


def spare_openapi() -> None:
    """API Gateway: imports a validator of OpenAPI documents, of which there is none here."""
    for name in ("", ".validation", ".validation.exceptions"):
        stub = types.ModuleType(f"openapi_spec_validator{name}")
        stub.validate, stub.OpenAPIValidationError = None, Exception  # type: ignore[attr-defined]
        sys.modules.setdefault(stub.__name__, stub)


MENDS = (
    spare_openapi,
    note_calls_of_functions,
    write_redrive_policies_compactly,
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
