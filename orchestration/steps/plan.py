"""The plan of a build: its names, images, channels, waits and which steps it takes.

The plan is the input of every later state of `machines/build.asl.json`, which names each of its fields by path. What is
known only later (`image`, `made`, `candidate`, `gate`) has a first value here, so that every path exists on every way
through the machine.
"""

from __future__ import annotations

from collections.abc import Mapping

from models.catalog import Model
from orchestration.builds import (
    VARIANT,
    Build,
    BuildKind,
    Environment,
    Json,
    build_prefix,
    config_name,
    data_prefix,
    endpoint_name,
    model_name,
)
from orchestration.ports import BadRequest, Dataset, Ports
from orchestration.settings import BuildSettings
from orchestration.steps.champions import champion
from orchestration.steps.ranges import combinations, for_strategy, parameter_ranges

# What a state waits beyond the job's own limit, which ends a job that runs too long: capacity, a spot instance, or a
# free slot on a laptop may be long in coming.
GRACE_S = 24 * 3600
SPLITS = ("train", "validation", "test")
INPUT = "/opt/ml/processing/input"
OUTPUT = "/opt/ml/processing/output"


def plan(build: Build, settings: BuildSettings, model: Model, ports: Ports) -> dict[str, Json]:
    """Raises UnknownDataset, UnknownBuild, and BadRequest when the data cannot be used by the model."""
    environment = ports.environment
    dataset = ports.datasets.get(build.service.dataset, build.dataset_version)
    tags = _tags(build, environment)
    folder = data_folder(build, environment)
    uris = _uris(build, dataset, folder, ports)
    image = _image(build, settings, model, ports)
    return {
        "build": build.number,
        "kind": build.kind,
        "service": build.service.key,
        "job_prefix": build_prefix(environment.name, build),
        "steps": _steps(build, settings, dataset),
        "image": {"uri": image, "project": f"sagebuild-{environment.name}-{model.image}"},
        "preparation": _preparation(build, dataset, folder, ports),
        "training": _training(build, settings, model, dataset, uris, folder),
        "tuning": _tuning(build, settings, model),
        "processing": {
            "instance_type": settings.processing_instance_type,
            "timeout_s": settings.processing_timeout_s,
            "environment": {"SAGEBUILD_TARGET": dataset.target, "SAGEBUILD_SPLIT_SEED": str(dataset.split_seed)},
        },
        "names": {
            "model": model_name(environment.name, build),
            "endpoint_config": config_name(environment.name, build),
            "endpoint": endpoint_name(environment.name, build.service),
        },
        "endpoint": {"variants": [_variant(build, settings, environment)]},
        "waits": _waits(settings),
        "tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        "endpoint_tags": tags,
        "made": {"job": build.jobs.get("train", ""), "next": "", "hyperparameters": {}},
        "candidate": {"artifact": "", "image": image, "inputs": []},
        "gate": {"probe": [{"inputs": list(dataset.example)}] if dataset.example else []},
    }


def data_folder(build: Build, environment: Environment) -> str:
    """Where everything of the build lies in the data bucket."""
    return f"s3://{environment.data_bucket}/builds/{data_prefix(environment.name, build)}"


def needs_preparation(build: Build, dataset: Dataset) -> bool:
    """Whether the build splits the dataset's one file itself."""
    return build.source is None and "train" not in dataset.uris


def _steps(build: Build, settings: BuildSettings, dataset: Dataset) -> dict[str, Json]:
    """Which steps the build takes. One that was resumed does not do again what is on its record."""
    return {
        "build_image": settings.build_image and build.source is None and "image_build" not in build.report,
        "prepare": needs_preparation(build, dataset) and "prepare" not in build.jobs,
        "work": _work(build),
        # A rollback goes back to what was proven: it is compared with nothing.
        "evaluate": settings.evaluate and build.kind is not BuildKind.ROLLBACK,
    }


def _work(build: Build) -> str:
    if build.source is not None or "model" in build.artifacts:
        return "none"
    return BuildKind.TRAIN if "tune" in build.jobs else build.kind


def still_to_tune(build: Build) -> frozenset[str]:
    """The hyperparameters that have no value yet: those of a tuning that has not found its best."""
    return frozenset() if "tune" in build.jobs else frozenset(build.ranges)


def _uris(build: Build, dataset: Dataset, folder: str, ports: Ports) -> dict[str, str]:
    """Split to URI: the dataset's own, those this build prepares, or those that the source build was made with."""
    if needs_preparation(build, dataset):
        return {split: f"{folder}/prepared/{split}/" for split in SPLITS}
    if build.source is not None:
        source = ports.builds.get(build.source)
        return {split: source.artifacts[f"{split}_data"] for split in SPLITS if f"{split}_data" in source.artifacts}
    return dict(dataset.uris)


def _image(build: Build, settings: BuildSettings, model: Model, ports: Ports) -> str:
    if build.source is not None:
        return ports.builds.get(build.source).image
    if build.image:
        return build.image  # resumed
    return settings.images.get(model.name, f"{ports.environment.image_prefix}{model.image}:latest")


def _preparation(build: Build, dataset: Dataset, folder: str, ports: Ports) -> dict[str, Json]:
    if not needs_preparation(build, dataset):
        return {"inputs": [], "outputs": []}
    inputs = [processing_input("raw", dataset.uris["data"])]
    serving = champion(build.service, ports)
    if serving is not None and "train_data" in serving.artifacts:
        inputs.append(processing_input("reference", serving.artifacts["train_data"]))
    outputs = [processing_output(split, f"{folder}/prepared/{split}") for split in SPLITS]
    return {"inputs": inputs, "outputs": [*outputs, processing_output("report", f"{folder}/prepared/report")]}


def processing_input(name: str, uri: str) -> Json:
    """An entry of ProcessingInputs, copied to /opt/ml/processing/input/<name>."""
    source = {"S3Uri": uri, "LocalPath": f"{INPUT}/{name}", "S3DataType": "S3Prefix", "S3InputMode": "File"}
    return {"InputName": name, "S3Input": dict(source)}


def processing_output(name: str, uri: str) -> Json:
    """An entry of ProcessingOutputConfig.Outputs, copied from /opt/ml/processing/output/<name>."""
    target = {"S3Uri": uri, "LocalPath": f"{OUTPUT}/{name}", "S3UploadMode": "EndOfJob"}
    return {"OutputName": name, "S3Output": dict(target)}


def _training(
    build: Build, settings: BuildSettings, model: Model, dataset: Dataset, uris: Mapping[str, str], folder: str
) -> dict[str, Json]:
    for split in ("train", "validation"):
        if split not in uris and build.source is None:
            raise BadRequest(f"The dataset {dataset.name} has no {split} rows, which training needs.")
    parsed = model.parse(build.hyperparameters)
    stopping: dict[str, Json] = {"MaxRuntimeInSeconds": settings.training_timeout_s}
    if settings.spot and build.kind is BuildKind.TRAIN:
        stopping["MaxWaitTimeInSeconds"] = settings.training_timeout_s + settings.spot_wait_s
    return {
        "hyperparameters": {name: str(value) for name, value in parsed.items() if name not in still_to_tune(build)},
        "metric_definitions": [{"Name": metric.name, "Regex": metric.regex} for metric in model.metrics],
        "channels": [_channel(split, uris[split]) for split in ("train", "validation") if split in uris],
        "test_uri": uris.get("test", ""),
        "data": {f"{split}_data": uri for split, uri in uris.items()},
        "output_uri": f"{folder}/output",
        "checkpoint_uri": f"{folder}/checkpoints",
        "instance_type": settings.training_instance_type,
        "instance_count": settings.training_instance_count,
        "volume_gb": settings.training_volume_gb,
        "spot": settings.spot and build.kind is BuildKind.TRAIN,
        "stopping": stopping,
        "environment": {"SAGEBUILD_TARGET": dataset.target},
    }


def _channel(name: str, uri: str) -> Json:
    source = {"S3DataType": "S3Prefix", "S3DataDistributionType": "FullyReplicated", "S3Uri": uri}
    return {"ChannelName": name, "ContentType": "text/csv", "DataSource": {"S3DataSource": dict(source)}}


def _tuning(build: Build, settings: BuildSettings, model: Model) -> dict[str, Json]:
    """HyperParameterTuningJobConfig; empty for another kind of build."""
    if build.kind is not BuildKind.TUNE:
        return {"config": {}}
    goal = next(metric.goal for metric in model.metrics if metric.name == model.objective)
    ranges = for_strategy(build.ranges, settings.tuning_strategy, model)
    most, grid = combinations(ranges, model), settings.tuning_strategy == "Grid"
    jobs = int(most) if grid else int(min(settings.tuning_jobs, most))  # no more than there is to try
    limits: dict[str, Json] = {"MaxParallelTrainingJobs": min(settings.tuning_parallel_jobs, jobs)}
    if not grid:  # it trains every combination: the service takes no number for it
        limits["MaxNumberOfTrainingJobs"] = jobs
    config: dict[str, Json] = {
        "Strategy": settings.tuning_strategy,
        "HyperParameterTuningJobObjective": {"Type": goal, "MetricName": model.objective},
        "ResourceLimits": limits,
        "ParameterRanges": parameter_ranges(ranges, model),
        "TrainingJobEarlyStoppingType": "Off" if settings.tuning_strategy == "Hyperband" else "Auto",
        "RandomSeed": build.number,
    }
    return {"config": config}


def _variant(build: Build, settings: BuildSettings, environment: Environment) -> dict[str, Json]:
    variant: dict[str, Json] = {"VariantName": VARIANT, "ModelName": model_name(environment.name, build)}
    if settings.endpoint_serverless:
        serverless = {
            "MemorySizeInMB": settings.endpoint_memory_mb,
            "MaxConcurrency": settings.endpoint_max_concurrency,
        }
        return variant | {"ServerlessConfig": dict(serverless)}
    return variant | {
        "InstanceType": settings.endpoint_instance_type,
        "InitialInstanceCount": settings.endpoint_instance_count,
    }


def _waits(settings: BuildSettings) -> dict[str, Json]:
    training_s = settings.training_timeout_s + (settings.spot_wait_s if settings.spot else 0)
    return {
        "training_state_timeout_s": training_s + GRACE_S,
        "tuning_state_timeout_s": settings.tuning_timeout_s + GRACE_S,
        "processing_state_timeout_s": settings.processing_timeout_s + GRACE_S,
        "approval_timeout_s": settings.approval_timeout_s,
        "endpoint_timeout_s": settings.endpoint_timeout_s,
        "lease_wait_s": settings.lease_wait_s,
    }


def _tags(build: Build, environment: Environment) -> dict[str, Json]:
    return {
        "sagebuild:environment": environment.name,
        "sagebuild:build": str(build.number),
        "sagebuild:service": build.service.key,
        "sagebuild:dataset-version": build.dataset_version,
    }
