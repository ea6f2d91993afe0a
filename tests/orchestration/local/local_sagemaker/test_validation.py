"""Requests against the service model and the service's rules: the refusal names the member and what is allowed."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

from orchestration.local.local_sagemaker.errors import (
    LocalSageMakerError,
    ResourceLimitExceeded,
    RuntimeValidationError,
    UnknownOperation,
    ValidationException,
)
from orchestration.local.local_sagemaker.validation import RequestRefused, compiled_pattern, validated
from tests.orchestration.local.local_sagemaker.house import BUCKET, IMAGE, ROLE, House


def changed(request: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of a request with one member set, or removed when the value is `...`."""
    request = copy.deepcopy(request)
    *parents, last = path.split(".")
    place: Any = request
    for name in parents:
        place = place[int(name)] if name.isdigit() else place.setdefault(name, {})
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return request


BY_THE_MODEL = [
    ("RoleArn", ..., "at 'roleArn' failed to satisfy constraint: Member must not be null"),
    ("OutputDataConfig.S3OutputPath", ..., "at 'outputDataConfig.s3OutputPath'.*must not be null"),
    ("TrainingJobName", "under_score", "Value 'under_score' at 'trainingJobName'.*regular expression pattern"),
    ("TrainingJobName", "ends-", "trainingJobName.*pattern"),
    ("TrainingJobName", "x" * 64, "trainingJobName.*length less than or equal to 63"),
    ("TrainingJobName", "newline\n", "trainingJobName.*pattern"),
    ("TrainingJobName", 7, "Value '7' at 'trainingJobName'.*must be a string"),
    ("RoleArn", "arn:aws:iam::1:role/x-and-more", "roleArn.*pattern"),
    ("HyperParameters.q", 2, "Value '2' at 'hyperParameters.q.member'.*must be a string"),
    ("HyperParameters.q", "x" * 2501, "hyperParameters.q.member.*less than or equal to 2500"),
    ("HyperParameters", {f"k{n}": "1" for n in range(101)}, "'hyperParameters'.*length less than or equal to 100"),
    ("AlgorithmSpecification.TrainingInputMode", "Fax", r"trainingInputMode.*enum value set: \[Pipe, File, FastFile\]"),
    ("ResourceConfig.InstanceType", "ml.m5.tiny", r"instanceType.*enum value set: \[ml\.m4\.xlarge.*values\)\]"),
    ("ResourceConfig.InstanceCount", "1", "instanceCount.*must be an integer"),
    ("ResourceConfig.InstanceCount", True, "instanceCount.*must be an integer"),
    ("StoppingCondition.MaxRuntimeInSeconds", 0, "maxRuntimeInSeconds.*value greater than or equal to 1"),
    ("EnableManagedSpotTraining", "yes", "enableManagedSpotTraining.*must be a boolean"),
    ("InputDataConfig", {}, "inputDataConfig.*must be a list"),
    ("InputDataConfig", [], "inputDataConfig.*length greater than or equal to 1"),
    ("InputDataConfig.0.DataSource", ..., r"inputDataConfig\.1\.member\.dataSource.*must not be null"),
    ("Environment", {"1BAD": "x"}, "environment.key.*pattern"),
    ("Tags", [{"Key": "k"}], r"tags\.1\.member\.value.*must not be null"),
    ("Tags", [{"Key": "bad*", "Value": ""}], r"tags\.1\.member\.key.*pattern"),
    ("Colour", "red", "Unknown member 'colour'; known are: TrainingJobName"),
]

IMAGE_MEMBER = "AlgorithmSpecification.TrainingImage"
SOURCE = "InputDataConfig.0.DataSource.S3DataSource"
BY_THE_RULES = [
    (IMAGE_MEMBER, "repo/other:1", "'repo/other:1' is not known locally.*'other'.*known are: fake"),
    (IMAGE_MEMBER, ..., "TrainingImage is needed"),
    ("AlgorithmSpecification.TrainingInputMode", "Pipe", "Pipe .* is not supported locally"),
    ("AlgorithmSpecification.AlgorithmName", "market", "AlgorithmName is not supported locally"),
    ("AlgorithmSpecification.MetricDefinitions.0.Regex", "(", r"'\('.*validation:RMSE.*does not compile"),
    ("ResourceConfig", ..., "ResourceConfig is needed"),
    ("StoppingCondition.MaxWaitTimeInSeconds", 60, "only supported when EnableManagedSpotTraining is set to true"),
    ("StoppingCondition.MaxRuntimeInSeconds", 2_419_201, "Invalid MaxRuntimeInSeconds.*2419200"),
    ("EnableManagedSpotTraining", True, "Invalid MaxWaitTimeInSeconds.*got None and 60"),
    ("OutputDataConfig.S3OutputPath", "s3://absent/models", "bucket 'absent'.*does not exist"),
    ("OutputDataConfig.S3OutputPath", "https://bucket/models", "S3OutputPath: expected s3://bucket/key"),
    ("OutputDataConfig.CompressionType", "NONE", "only GZIP"),
    (f"{SOURCE}.S3Uri", f"s3://{BUCKET}/nothing", f'No S3 objects.*"s3://{BUCKET}/nothing"'),
    (f"{SOURCE}.S3Uri", "https://b/k", "the channel 'train': expected s3://"),
    (f"{SOURCE}.S3DataType", "ManifestFile", "only an S3DataSource of S3DataType S3Prefix"),
    ("InputDataConfig.0.DataSource", {}, "The channel 'train': only an S3DataSource"),
    ("InputDataConfig.0.CompressionType", "Gzip", "CompressionType is used in Pipe"),
    ("InputDataConfig.0.ChannelName", "..", "cannot name a folder"),
    ("CheckpointConfig.S3Uri", "s3://absent/x", "CheckpointConfig.S3Uri: the bucket 'absent'"),
    ("CheckpointConfig", {"S3Uri": f"s3://{BUCKET}/c", "LocalPath": "/tmp/x"}, "expected a LocalPath below /opt/ml"),
    ("CheckpointConfig", {"S3Uri": f"s3://{BUCKET}/c", "LocalPath": "/opt/ml/../x"}, "expected a LocalPath below"),
]


@pytest.mark.parametrize(("path", "value", "message"), [*BY_THE_MODEL, *BY_THE_RULES])
def test_a_bad_training_job_is_refused_by_the_members_name(house: House, path: str, value: Any, message: str) -> None:
    request = changed(house.job_request("job", {"q": 1}), path, value)
    with pytest.raises(ValidationException, match=f"(?s){message}"):
        house.service.call("CreateTrainingJob", request)
    assert house.call("ListTrainingJobs")["TrainingJobSummaries"] == []


def test_all_faults_are_counted_in_one_message(house: House) -> None:
    request = {**house.job_request("bad_name", {}), "RoleArn": "no role"}
    with pytest.raises(ValidationException, match=r"^3 validation errors detected: .*trainingJobName.*; .*roleArn"):
        house.service.call("CreateTrainingJob", {**request, "Environment": {"A": 1}})


def test_more_hosts_than_there_are_is_a_limit(house: House) -> None:
    with pytest.raises(ResourceLimitExceeded, match="one host locally; ResourceConfig.InstanceCount is 2"):
        house.service.call(
            "CreateTrainingJob", changed(house.job_request("job", {}), "ResourceConfig.InstanceCount", 2)
        )


def test_spot_with_enough_waiting_time_is_taken(house: House) -> None:
    stopping = {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60}
    house.train("spot", {}, EnableManagedSpotTraining=True, StoppingCondition=stopping)
    assert house.ended("spot")["EnableManagedSpotTraining"] is True


def test_null_members_are_absent_and_times_come_as_seconds() -> None:
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    for given in (moment, moment.replace(tzinfo=None), moment.timestamp(), "2026-01-02T00:00:00+00:00"):
        cleaned = validated("sagemaker", "ListModels", {"CreationTimeAfter": given, "SortBy": None})
        assert cleaned == {"CreationTimeAfter": moment.timestamp()}
    with pytest.raises(RequestRefused, match="creationTimeAfter.*must be a time"):
        validated("sagemaker", "ListModels", {"CreationTimeAfter": "yesterday"})


def patterns_of(shape: Any, seen: set[str]) -> set[str]:
    """All patterns that a walk through values of this shape may meet."""
    if shape is None or shape.name in seen:
        return set()
    seen.add(shape.name)
    children = [*getattr(shape, "members", {}).values()]
    children += [getattr(shape, part) for part in ("member", "key", "value") if hasattr(shape, part)]
    found = {shape.metadata["pattern"]} if "pattern" in shape.metadata else set()
    return found.union(*(patterns_of(child, seen) for child in children))


def test_every_pattern_that_a_request_may_meet_compiles(house: House) -> None:
    loader = Loader()
    operations = [("sagemaker", name) for name in house.service.operations] + [("sagemaker-runtime", "InvokeEndpoint")]
    patterns: set[str] = set()
    for service, name in operations:
        patterns |= patterns_of(
            ServiceModel(loader.load_service_model(service, "service-2")).operation_model(name).input_shape, set()
        )
    assert len(patterns) > 40
    for pattern in patterns:
        compiled_pattern(pattern)


def test_unknown_operations_are_named(house: House) -> None:
    with pytest.raises(UnknownOperation, match="'CreateUnicorn'; it has: .*CreateTrainingJob"):
        house.service.call("CreateUnicorn", {})
    with pytest.raises(UnknownOperation, match="'CreateUnicorn'"):
        validated("sagemaker", "CreateUnicorn", {})


BAD_MODELS = [
    ({}, "one container locally.*has 0"),
    ({"PrimaryContainer": {"Image": IMAGE}, "Containers": [{"Image": IMAGE}]}, "one container locally.*has 2"),
    ({"PrimaryContainer": {}}, "needs an Image"),
    ({"PrimaryContainer": {"Image": "nobody/other"}}, "'nobody/other' is not known locally"),
    ({"PrimaryContainer": {"Image": IMAGE, "Mode": "MultiModel"}}, "only SingleModel"),
    ({"PrimaryContainer": {"Image": IMAGE, "ModelPackageName": "p"}}, "ModelPackageName is not supported locally"),
    ({"PrimaryContainer": {"Image": IMAGE, "ModelDataUrl": f"s3://{BUCKET}/none.tar.gz"}}, "Could not find model data"),
    ({"PrimaryContainer": {"Image": IMAGE, "ModelDataUrl": "https://x/y"}}, "expected s3://bucket/key"),
    ({"ModelName": "under_score", "PrimaryContainer": {"Image": IMAGE}}, "modelName.*pattern"),
]
BAD_CONFIGS = [
    ({"ProductionVariants": []}, "productionVariants.*greater than or equal to 1"),
    ({"ModelName": "none"}, 'Could not find model "arn:aws:sagemaker:us-east-1:123456789012:model/none"'),
    ({"ModelName": ...}, "needs ModelName"),
    ({"InstanceType": ...}, "needs InstanceType"),
    ({"ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1}}, "serverless, so it takes no InstanceType"),
    ({"ContainerStartupHealthCheckTimeoutInSeconds": 5}, "greater than or equal to 60"),
]


@pytest.mark.parametrize(("request_", "message"), BAD_MODELS)
def test_a_bad_model_is_refused(house: House, request_: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationException, match=message):
        house.service.call("CreateModel", {"ModelName": "m", "ExecutionRoleArn": ROLE, **request_})
    assert house.call("ListModels")["Models"] == []


@pytest.mark.parametrize(("changes", "message"), BAD_CONFIGS)
def test_a_bad_endpoint_config_is_refused(house: House, changes: dict[str, Any], message: str) -> None:
    house.add_model("m")
    good = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    variant = {name: value for name, value in {**good, **changes}.items() if value is not ...}
    request = {"EndpointConfigName": "c", "ProductionVariants": changes.get("ProductionVariants", [variant])}
    with pytest.raises(ValidationException, match=message):
        house.service.call("CreateEndpointConfig", request)


def test_several_variants_and_data_capture_are_refused(house: House) -> None:
    house.add_model("m")
    variant = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    two = {"EndpointConfigName": "c", "ProductionVariants": [variant, {**variant, "VariantName": "w"}]}
    with pytest.raises(ValidationException, match="one production variant locally; the request has 2"):
        house.service.call("CreateEndpointConfig", two)
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 1,
        "DestinationS3Uri": "s3://b",
        "CaptureOptions": [{"CaptureMode": "Input"}],
    }
    with pytest.raises(ValidationException, match="EnableCapture is not supported locally"):
        house.service.call(
            "CreateEndpointConfig",
            {"EndpointConfigName": "c", "ProductionVariants": [variant], "DataCaptureConfig": capture},
        )


def test_a_bad_invocation_is_refused_by_the_runtimes_own_name(house: House) -> None:
    with pytest.raises(RuntimeValidationError, match="Endpoint none of account 123456789012 not found"):
        house.service.invoke_endpoint("none", b"")
    with pytest.raises(RuntimeValidationError, match=r"6291457 bytes.*'body'.*less than or equal to 6291456"):
        house.service.invoke_endpoint("none", b"x" * 6_291_457)
    with pytest.raises(RuntimeValidationError, match="'contentType'.*1024"):
        house.service.invoke_endpoint("none", b"", "x" * 1025)
    with pytest.raises(RuntimeValidationError, match="'accept'.*pattern"):
        house.service.invoke_endpoint("none", b"", None, "text/plain; ü")


def test_every_refusal_has_a_code_and_a_status() -> None:
    def tree(kind: type[LocalSageMakerError]) -> list[type[LocalSageMakerError]]:
        return [kind, *(each for child in kind.__subclasses__() for each in tree(child))]

    codes = {kind.code: kind.http_status for kind in tree(LocalSageMakerError)}
    assert codes["ModelError"] == 424
    assert codes["ModelNotReadyException"] == 429
    assert codes["ValidationException"] == codes["ResourceInUse"] == 400
