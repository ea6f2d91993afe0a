"""Which IAM actions a boto3 operation needs, and on which of our logical resources (terraform/names.tf).

By the Service Authorization Reference, https://docs.aws.amazon.com/service-authorization/latest/reference/.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol


class Operation(Protocol):
    """See calls.py."""

    @property
    def port(self) -> str: ...
    @property
    def service(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def table(self) -> str: ...
    @property
    def index(self) -> bool: ...
    @property
    def tagged(self) -> bool: ...


PREFIXES = {"stepfunctions": "states", "sagemaker-runtime": "sagemaker"}
# What a name ends with, longest first: "list_training_jobs" is none of these.
SAGEMAKER = {
    "hyper_parameter_tuning_job": "tuning-jobs",
    "training_job": "training-jobs",
    "processing_job": "processing-jobs",
    "endpoint_config": "endpoint-configs",
    "endpoint": "endpoints",
    "model_package_group": "package-groups",
    "model_package": "packages",
    "model": "models",
}
# Objects by who reads or writes them: datasets are also copied from what arrives, and from buckets of others.
S3 = {"artifacts": ("build-files",), "datasets": ("datasets", "incoming", "foreign-files")}
WRITES = frozenset({"put_object", "delete_objects"})
OTHERS = {
    ("stepfunctions", "start_execution"): "state-machine",
    ("stepfunctions", "stop_execution"): "executions",
    ("stepfunctions", "describe_execution"): "executions",
    ("stepfunctions", "get_execution_history"): "executions",
    ("ssm", "get_parameter"): "settings",
    ("ssm", "put_parameter"): "settings",
    ("sns", "publish"): "notices-topic",
    ("sagemaker", "list_tags"): "endpoints",
    ("application-autoscaling", "register_scalable_target"): "scaling-targets",
    ("application-autoscaling", "put_scaling_policy"): "scaling-targets",
    ("application-autoscaling", "deregister_scalable_target"): "scaling-targets",
}
# Where AWS has no resource level: terraform/permissions.json says so one by one.
UNSCOPED = "unscoped"
# Actions that a call needs besides its own.
ALSO = {
    # Without it an object that is not there is AccessDenied.
    ("s3", "get_object"): (("bucket", "s3:ListBucket"),),
    ("sagemaker", "create_endpoint"): (("endpoint-configs", "sagemaker:CreateEndpoint"),),
    ("sagemaker", "update_endpoint"): (("endpoint-configs", "sagemaker:UpdateEndpoint"),),
    ("sagemaker", "create_model_package"): (("package-groups", "sagemaker:CreateModelPackage"),),
    # https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-prerequisites.html
    ("application-autoscaling", "register_scalable_target"): (
        ("endpoints", "sagemaker:DescribeEndpoint"),
        ("endpoint-configs", "sagemaker:DescribeEndpointConfig"),
        ("endpoints", "sagemaker:UpdateEndpointWeightsAndCapacities"),
        ("scaling-role", "iam:CreateServiceLinkedRole"),
    ),
    ("application-autoscaling", "put_scaling_policy"): (
        ("scaling-alarms", "cloudwatch:PutMetricAlarm"),
        ("scaling-alarms", "cloudwatch:DescribeAlarms"),
        ("scaling-alarms", "cloudwatch:DeleteAlarms"),
    ),
}


def needed(operation: Operation) -> Iterator[tuple[str, str]]:
    """(logical resource, IAM action) pairs."""
    action = _action(operation)
    for resource in _resources(operation):
        yield resource, action
        if operation.tagged:
            yield resource, "sagemaker:AddTags"
    yield from ALSO.get((operation.service, operation.name), ())


def _action(operation: Operation) -> str:
    name = "".join(part.title() for part in operation.name.split("_"))
    if operation.service == "s3":
        name = name.replace("DeleteObjects", "DeleteObject")
    return f"{PREFIXES.get(operation.service, operation.service)}:{name}"


def _resources(operation: Operation) -> tuple[str, ...]:
    if operation.service == "dynamodb":
        return (operation.table.replace("-table", "-indexes") if operation.index else operation.table,)
    if operation.service == "s3":
        return S3[operation.port][:1] if operation.name in WRITES else S3[operation.port]
    if known := OTHERS.get((operation.service, operation.name)):
        return (known,)
    if operation.service.startswith("sagemaker"):
        for ending, resource in SAGEMAKER.items():
            if operation.name.endswith(ending):
                return (resource,)
    return (UNSCOPED,)
