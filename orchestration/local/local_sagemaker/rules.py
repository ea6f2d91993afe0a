"""What the service refuses beyond its model, and what this machine cannot do: one function an operation that creates.

`validation.py` has checked the request against the model before. What we refuse although the service would take it says
"locally" in its message, so that nothing is ignored in silence. Sources: the API reference of the operation, and the
messages that the service gives. `training.py`, `hosting.py` and `endpoints.py` check what depends on other resources.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from orchestration.local.local_sagemaker.container_files import checkpoint_folder
from orchestration.local.local_sagemaker.context import Context
from orchestration.local.local_sagemaker.errors import ResourceLimitExceeded, ValidationException
from orchestration.local.local_sagemaker.objects import parse_uri

_MAX_RUNTIME_S = 28 * 86_400  # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StoppingCondition.html

# Members that would change what runs, and that nothing here carries out.
_TRAINING_UNSUPPORTED = (
    "AlgorithmSpecification.AlgorithmName",
    "ResourceConfig.InstanceGroups",
    "ServerlessJobConfig",
    "ModelPackageConfig",
    "StoppingCondition.MaxPendingTimeInSeconds",
)
_MODEL_UNSUPPORTED = ("InferenceExecutionConfig",)
_CONTAINER_UNSUPPORTED = ("ModelPackageName", "MultiModelConfig", "AdditionalModelDataSources")
_ENDPOINT_CONFIG_UNSUPPORTED = ("AsyncInferenceConfig", "ExplainerConfig", "ShadowProductionVariants")
_PACKAGE_UNSUPPORTED = ("SourceAlgorithmSpecification", "ValidationSpecification", "ManagedStorageType")
_VARIANT_UNSUPPORTED = ("InstancePools",)


def check_training_job(request: Mapping[str, Any], context: Context) -> None:
    """CreateTrainingJob: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html

    Raises:
        ValidationException: a rule is broken, or a bucket or data that the job needs is missing.
        ResourceLimitExceeded: more than one host.
    """
    refuse_unsupported(request, _TRAINING_UNSUPPORTED)
    _check_algorithm(request.get("AlgorithmSpecification", {}), context)
    resources = _needed(request, "ResourceConfig")
    if resources.get("InstanceCount", 1) != 1:
        raise ResourceLimitExceeded(
            f"A training job runs on one host locally; ResourceConfig.InstanceCount is {resources['InstanceCount']}."
        )
    _check_stopping(request)
    _check_channels(request, context)
    output = request["OutputDataConfig"]
    if output.get("CompressionType", "GZIP") != "GZIP":
        raise ValidationException("OutputDataConfig.CompressionType: only GZIP is supported locally.")
    check_bucket(output["S3OutputPath"], "OutputDataConfig.S3OutputPath", context)
    if "CheckpointConfig" in request:
        check_bucket(request["CheckpointConfig"]["S3Uri"], "CheckpointConfig.S3Uri", context)
        try:
            checkpoint_folder(context.folder, request)
        except ValueError as error:
            raise ValidationException(f"CheckpointConfig: {error}.") from error


def check_model(request: Mapping[str, Any], context: Context) -> None:
    """CreateModel: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModel.html

    Raises:
        ValidationException: a rule is broken, or the model's data is missing.
    """
    refuse_unsupported(request, _MODEL_UNSUPPORTED)
    container = primary_container(request)
    refuse_unsupported(container, _CONTAINER_UNSUPPORTED)
    if container.get("Mode", "SingleModel") != "SingleModel":
        raise ValidationException("A container's Mode: only SingleModel is supported locally.")
    if "Image" not in container:
        raise ValidationException("A container needs an Image.")
    context.argv(container["Image"])
    data = model_data(container)
    if data is None:
        return
    _check_model_data(*data, context)


def check_endpoint_config(request: Mapping[str, Any]) -> None:
    """CreateEndpointConfig: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html

    Raises:
        ValidationException: a rule is broken.
    """
    refuse_unsupported(request, _ENDPOINT_CONFIG_UNSUPPORTED)
    if request.get("DataCaptureConfig", {}).get("EnableCapture", False):
        raise ValidationException("DataCaptureConfig.EnableCapture is not supported locally.")
    variants = request["ProductionVariants"]
    if len(variants) != 1:
        raise ValidationException(f"An endpoint has one production variant locally; the request has {len(variants)}.")
    refuse_unsupported(variants[0], _VARIANT_UNSUPPORTED)
    name, on_instances = variants[0]["VariantName"], ("InstanceType", "InitialInstanceCount")
    if "ServerlessConfig" in variants[0]:  # a process as any other here: it is there all the time
        needed: tuple[str, ...] = ("ModelName",)
        if both := [member for member in on_instances if member in variants[0]]:
            raise ValidationException(f"The production variant {name!r} is serverless, so it takes no {both[0]}.")
    else:
        needed = ("ModelName", *on_instances)
    for member in needed:
        if member not in variants[0]:
            raise ValidationException(f"The production variant {name!r} needs {member}.")


def check_model_package(request: Mapping[str, Any], context: Context) -> None:
    """CreateModelPackage: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackage.html

    Raises:
        ValidationException: a rule is broken, or a model's data is missing.
    """
    refuse_unsupported(request, _PACKAGE_UNSUPPORTED)
    if "ModelPackageGroupName" not in request:
        raise ValidationException("ModelPackageGroupName is needed: only versioned model packages are kept locally.")
    if "ModelPackageName" in request:
        raise ValidationException("A model package has either ModelPackageName or ModelPackageGroupName.")
    if request.get("Tags"):
        raise ValidationException("Tags are those of the model package group; a version has none of its own.")
    if "InferenceSpecification" not in request:
        raise ValidationException("InferenceSpecification is needed.")
    if request.get("SkipModelValidation", "None") == "All":
        return
    for container in request["InferenceSpecification"]["Containers"]:
        data = model_data(container)
        if data is not None:
            _check_model_data(*data, context)


def primary_container(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """The one container of a CreateModel request.

    Raises:
        ValidationException: none, or several.
    """
    containers = [
        *request.get("Containers", []),
        *([request["PrimaryContainer"]] if "PrimaryContainer" in request else []),
    ]
    if len(containers) != 1:
        raise ValidationException(
            f"A model has one container locally, in PrimaryContainer or Containers; the request has {len(containers)}."
        )
    container: Mapping[str, Any] = containers[0]
    return container


def model_data(container: Mapping[str, Any]) -> tuple[str, bool] | None:
    """Where a container's model lies and whether it is an archive (else a prefix); None when it has none.

    Raises:
        ValidationException: both ModelDataUrl and ModelDataSource, or a source of a kind that is not known here.
    """
    url, source = container.get("ModelDataUrl"), container.get("ModelDataSource", {}).get("S3DataSource")
    if url is not None and source is not None:
        raise ValidationException("A container has either ModelDataUrl or ModelDataSource.")
    if url is not None:
        return url, True
    if source is None:
        return None
    kind = (source["S3DataType"], source["CompressionType"])
    if kind not in (("S3Object", "Gzip"), ("S3Prefix", "None")):
        raise ValidationException(
            f"ModelDataSource.S3DataSource: S3Object with Gzip or S3Prefix with None; got {kind[0]} with {kind[1]}."
        )
    return source["S3Uri"], kind[0] == "S3Object"


def _check_model_data(uri: str, is_archive: bool, context: Context) -> None:
    bucket, _ = _parsed(uri, "the model's data")
    exists = context.objects.exists(uri) if is_archive else context.objects.has_prefix(uri)
    if not exists:
        raise ValidationException(
            f"Could not find model data at {uri}: there is no such object in the bucket {bucket!r}."
        )


def _check_algorithm(algorithm: Mapping[str, Any], context: Context) -> None:
    if "TrainingImage" not in algorithm:
        raise ValidationException("AlgorithmSpecification.TrainingImage is needed.")
    context.argv(algorithm["TrainingImage"])
    _check_input_mode(algorithm["TrainingInputMode"], "AlgorithmSpecification.TrainingInputMode")
    for metric in algorithm.get("MetricDefinitions", []):
        try:
            re.compile(metric["Regex"])
        except re.error as error:
            raise ValidationException(
                f"The regular expression {metric['Regex']!r} of the metric {metric['Name']!r} does not compile: {error}"
            ) from error


def _check_stopping(request: Mapping[str, Any]) -> None:
    condition = request.get("StoppingCondition", {})
    max_runtime_s, max_wait_s = condition.get("MaxRuntimeInSeconds"), condition.get("MaxWaitTimeInSeconds")
    if max_runtime_s is not None and max_runtime_s > _MAX_RUNTIME_S:
        raise ValidationException(
            f"Invalid MaxRuntimeInSeconds. It is {max_runtime_s}; at most {_MAX_RUNTIME_S} (28 days) is allowed."
        )
    if not request.get("EnableManagedSpotTraining", False):
        if max_wait_s is not None:
            raise ValidationException(
                "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set to true"
            )
    elif max_wait_s is None or max_runtime_s is None or max_wait_s < max_runtime_s:
        raise ValidationException(
            "Invalid MaxWaitTimeInSeconds. With EnableManagedSpotTraining it must be present and not less than "
            f"MaxRuntimeInSeconds; got {max_wait_s} and {max_runtime_s}."
        )


def _check_channels(request: Mapping[str, Any], context: Context) -> None:
    names: set[str] = set()
    for channel in request.get("InputDataConfig", []):
        name = channel["ChannelName"]
        if name in names or name in (".", ".."):
            raise ValidationException(f"The channel name {name!r} is used twice or cannot name a folder.")
        names.add(name)
        _check_input_mode(channel.get("InputMode", "File"), f"the channel {name!r}")
        if channel.get("CompressionType", "None") != "None":
            raise ValidationException(f"The channel {name!r}: CompressionType is used in Pipe input mode only.")
        source = channel["DataSource"].get("S3DataSource")
        if source is None or source["S3DataType"] != "S3Prefix":
            raise ValidationException(
                f"The channel {name!r}: only an S3DataSource of S3DataType S3Prefix works locally."
            )
        check_data(source["S3Uri"], f"the channel {name!r}", context)


def _check_input_mode(mode: str, where: str) -> None:
    if mode == "Pipe":
        raise ValidationException(f"The input mode Pipe ({where}) is not supported locally; use File or FastFile.")


def check_data(uri: str, where: str, context: Context) -> None:
    """Raises ValidationException unless there are objects under this uri; `where` says what names it."""
    _parsed(uri, where)
    if not context.objects.has_prefix(uri):
        raise ValidationException(
            f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the bucket '
            "exists and that objects exist under that S3 prefix."
        )


def check_bucket(uri: str, where: str, context: Context) -> None:
    """Raises ValidationException unless the bucket of this uri exists; `where` says what names it."""
    bucket, _ = _parsed(uri, where)
    if not context.objects.bucket_exists(bucket):
        raise ValidationException(f"{where}: the bucket {bucket!r} of {uri} does not exist.")


def _parsed(uri: str, where: str) -> tuple[str, str]:
    try:
        return parse_uri(uri)
    except ValueError as error:
        raise ValidationException(f"{where}: {error}.") from error


def _needed(request: Mapping[str, Any], member: str) -> Mapping[str, Any]:
    value: Mapping[str, Any] | None = request.get(member)
    if value is None:
        raise ValidationException(f"{member} is needed.")
    return value


def refuse_unsupported(request: Mapping[str, Any], members: tuple[str, ...]) -> None:
    """Raises ValidationException when the request has one of these members, which nothing here carries out."""
    for path in members:
        if any(value is not None for value in _values_at(request, path.split("."))):
            raise ValidationException(f"{path} is not supported locally.")


def _values_at(value: Any, path: list[str]) -> Iterator[Any]:
    if not path:
        yield value
    elif isinstance(value, Mapping) and path[0] in value:
        yield from _values_at(value[path[0]], path[1:])
