"""What CreateHyperParameterTuningJob refuses beyond its model; `rules.py` does the same for training jobs and says how.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateHyperParameterTuningJob.html; limits:
https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-limits.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from orchestration.local.local_sagemaker.bayesian import HYPEROPT
from orchestration.local.local_sagemaker.context import Context
from orchestration.local.local_sagemaker.early_stopping import Hyperband
from orchestration.local.local_sagemaker.errors import ResourceLimitExceeded, ValidationException
from orchestration.local.local_sagemaker.proposals import combinations
from orchestration.local.local_sagemaker.ranges import Choice, Range, RangeError, parse_ranges
from orchestration.local.local_sagemaker.rules import check_training_job, refuse_unsupported
from orchestration.local.local_sagemaker.trials import Objective

OBJECTIVE_VARIABLE = "_tuning_objective_metric"  # a hyperparameter that the service adds
_CONFIG = "HyperParameterTuningJobConfig"
_UNSUPPORTED = (
    "TrainingJobDefinitions",
    "Autotune",
    f"{_CONFIG}.ParameterRanges.AutoParameters",
    "TrainingJobDefinition.HyperParameterTuningResourceConfig",
    "TrainingJobDefinition.HyperParameterRanges",
    "TrainingJobDefinition.TuningObjective",
)
_MAX_JOBS = 750
_MAX_PARALLEL = 100
_MAX_RANGES = 30
_MAX_HYPERPARAMETERS = 100
_MAX_RESOURCE = 20_000
_EPOCHS = ("epochs", "numepochs", "n-epochs", "n_epochs", "num_epochs")

# Members of the definition that a training job's request has too.
_SHARED = (
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "VpcConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "StoppingCondition",
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
    "RetryStrategy",
    "Environment",
)


def check_tuning_job(request: Mapping[str, Any], context: Context) -> None:
    """Check a request that fits the model; `tuning.py` checks what it says of parent jobs.

    Raises:
        ValidationException: a rule is broken, or what a training job of it needs is missing.
        ResourceLimitExceeded: more jobs than the service takes.
    """
    if "TrainingJobDefinition" not in request and "TrainingJobDefinitions" not in request:
        raise ValidationException("TrainingJobDefinition is needed.")
    refuse_unsupported(request, _UNSUPPORTED)
    _check_objective(request)
    ranges = _ranges(request)
    _check_hyperparameters(request, ranges)
    _check_strategy(request, ranges)
    _check_limits(request, ranges)
    criteria = request[_CONFIG].get("TuningJobCompletionCriteria", {})
    if criteria.get("ConvergenceDetected", {}).get("CompleteOnConvergence", "Disabled") != "Disabled":
        raise ValidationException("TuningJobCompletionCriteria.ConvergenceDetected is not supported locally.")
    first = {each.name: each.value(0.0) for each in ranges}
    check_training_job(training_request(request, f"{request['HyperParameterTuningJobName']}-001", first), context)


def objective_of(request: Mapping[str, Any]) -> Objective:
    """What a request that was checked looks for."""
    given = request[_CONFIG]["HyperParameterTuningJobObjective"]
    return Objective(given["MetricName"], given["Type"])


def ranges_of(request: Mapping[str, Any]) -> list[Range]:
    """The ranges of a request that was checked, by name."""
    return parse_ranges(request[_CONFIG].get("ParameterRanges", {}))


def max_jobs(request: Mapping[str, Any], ranges: Sequence[Range]) -> int:
    """How many training jobs there will be at most; a grid has as many as it has combinations."""
    if request[_CONFIG]["Strategy"] == "Grid":
        return int(combinations(ranges))
    limit: int = request[_CONFIG]["ResourceLimits"]["MaxNumberOfTrainingJobs"]
    return limit


def hyperband_of(request: Mapping[str, Any]) -> Hyperband:
    """Hyperband's settings; MaxResource is the number of epochs when the request does not say.

    Raises:
        ValidationException: MaxResource is not known, or not within the limits.
    """
    given = request[_CONFIG].get("StrategyConfig", {}).get("HyperbandStrategyConfig", {})
    static = request["TrainingJobDefinition"].get("StaticHyperParameters", {})
    epochs = next((static[name] for name in _EPOCHS if static.get(name, "").isdecimal()), None)
    most = given.get("MaxResource", None if epochs is None else int(epochs))
    if most is None:
        raise ValidationException(
            "Hyperband needs HyperbandStrategyConfig.MaxResource, or one of these static hyperparameters: "
            f"{', '.join(_EPOCHS)}."
        )
    least = given.get("MinResource", 1)
    if not least <= most <= _MAX_RESOURCE:
        raise ValidationException(
            f"HyperbandStrategyConfig: MinResource is {least} and MaxResource {most}; expected MinResource <= "
            f"MaxResource <= {_MAX_RESOURCE}."
        )
    return Hyperband(objective_of(request), least, most)


def training_request(request: Mapping[str, Any], name: str, values: Mapping[str, str]) -> dict[str, Any]:
    """The CreateTrainingJob request of one training job of a tuning job."""
    definition = request["TrainingJobDefinition"]
    metric = objective_of(request).metric
    made: dict[str, Any] = {
        "TrainingJobName": name,
        "HyperParameters": {**definition.get("StaticHyperParameters", {}), **values, OBJECTIVE_VARIABLE: metric},
        **{member: definition[member] for member in _SHARED if member in definition},
    }
    if "CheckpointConfig" in definition:
        config = definition["CheckpointConfig"]
        # One job must not go on from another's checkpoints.
        made["CheckpointConfig"] = {**config, "S3Uri": f"{config['S3Uri'].rstrip('/')}/{name}"}
    if "Tags" in request:
        made["Tags"] = request["Tags"]
    return made


def _check_objective(request: Mapping[str, Any]) -> None:
    if "HyperParameterTuningJobObjective" not in request[_CONFIG]:
        raise ValidationException(f"{_CONFIG}.HyperParameterTuningJobObjective is needed.")
    metrics = request["TrainingJobDefinition"]["AlgorithmSpecification"].get("MetricDefinitions", [])
    metric = objective_of(request).metric
    if metric not in [each["Name"] for each in metrics]:
        defined = ", ".join(each["Name"] for each in metrics) or "none"
        raise ValidationException(
            "A metric is required for this hyperparameter tuning job objective. Provide a metric in the metric "
            f"definitions. The objective is {metric!r}; defined are: {defined}."
        )


def _ranges(request: Mapping[str, Any]) -> list[Range]:
    try:
        ranges = ranges_of(request)
    except RangeError as error:
        raise ValidationException(str(error)) from error
    if not 1 <= len(ranges) <= _MAX_RANGES:
        raise ValidationException(f"ParameterRanges: expected 1 to {_MAX_RANGES} hyperparameters, got {len(ranges)}.")
    return ranges


def _check_hyperparameters(request: Mapping[str, Any], ranges: Sequence[Range]) -> None:
    static = request["TrainingJobDefinition"].get("StaticHyperParameters", {})
    both = sorted(each.name for each in ranges if each.name in static)
    if both:
        raise ValidationException(f"A hyperparameter is either static or has a range; both are: {', '.join(both)}.")
    if len(static) + len(ranges) >= _MAX_HYPERPARAMETERS:
        raise ValidationException(
            f"A tuning job has fewer than {_MAX_HYPERPARAMETERS} hyperparameters; this has {len(static) + len(ranges)}."
        )


def _check_strategy(request: Mapping[str, Any], ranges: Sequence[Range]) -> None:
    config = request[_CONFIG]
    strategy = config["Strategy"]
    if strategy == "Hyperband":
        hyperband_of(request)
        if config.get("TrainingJobEarlyStoppingType", "Off") != "Off":
            raise ValidationException("TrainingJobEarlyStoppingType must be Off for the strategy Hyperband.")
    elif "StrategyConfig" in config:
        raise ValidationException(f"StrategyConfig belongs to the strategy Hyperband; the strategy is {strategy}.")
    if strategy == "Grid" and not all(isinstance(each, Choice) for each in ranges):
        raise ValidationException("The strategy Grid searches categorical ranges only.")
    if strategy == "Bayesian" and find_spec(HYPEROPT) is None:
        raise ValidationException("The strategy Bayesian needs the package hyperopt locally: pip install hyperopt.")


def _check_limits(request: Mapping[str, Any], ranges: Sequence[Range]) -> None:
    limits, strategy = request[_CONFIG]["ResourceLimits"], request[_CONFIG]["Strategy"]
    jobs, parallel, found = (
        limits.get("MaxNumberOfTrainingJobs"),
        limits["MaxParallelTrainingJobs"],
        combinations(ranges),
    )
    if strategy == "Grid":
        if jobs not in (None, found):
            raise ValidationException(
                f"A grid runs each of its {found:.0f} combinations; MaxNumberOfTrainingJobs is {jobs}. Leave it out."
            )
        jobs = int(found)
    if jobs is None:
        raise ValidationException(f"ResourceLimits.MaxNumberOfTrainingJobs is needed by the strategy {strategy}.")
    if found < jobs:
        raise ValidationException(
            "You don't have enough combinations of hyperparameter ranges. The total number of hyperparameter "
            f"combinations for the provided ranges [{found:.0f}] must be equal or greater than the value of "
            f"MaxNumberOfJobs, [{jobs}]. Provide additional ranges."
        )
    if parallel > jobs:
        raise ValidationException(
            f"MaxParallelTrainingJobs must not be more than MaxNumberOfTrainingJobs; they are {parallel} and {jobs}."
        )
    for value, most, member in (
        (jobs, _MAX_JOBS, "training jobs"),
        (parallel, _MAX_PARALLEL, "parallel training jobs"),
    ):
        if value > most:
            raise ResourceLimitExceeded(f"A tuning job has at most {most} {member}; the request has {value}.")


def check_warm_start(request: Mapping[str, Any], parent: Mapping[str, Any], status: str) -> None:
    """What a warm start asks of a parent job: that it has ended and, when data and algorithm are said to be the same,
    that they are. https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-warm-start.html

    Raises:
        ValidationException: it is not so.
    """
    name = parent["HyperParameterTuningJobName"]
    if status not in ("Completed", "Stopped", "Failed"):
        raise ValidationException(f"WarmStartConfig: the parent job {name} has not ended; it is {status}.")
    if request["WarmStartConfig"]["WarmStartType"] != "IdenticalDataAndAlgorithm":
        return
    for what, find in (
        ("objective", objective_of),
        ("training image", lambda each: each["TrainingJobDefinition"]["AlgorithmSpecification"]["TrainingImage"]),
        ("input data", lambda each: each["TrainingJobDefinition"].get("InputDataConfig", [])),
        ("number of static and tuned hyperparameters", _count_hyperparameters),
    ):
        if find(request) != find(parent):
            raise ValidationException(
                f"WarmStartConfig: for IdenticalDataAndAlgorithm the {what} must be the same as in {name}; use "
                "TransferLearning, or change it back."
            )


def _count_hyperparameters(request: Mapping[str, Any]) -> int:
    return len(request["TrainingJobDefinition"].get("StaticHyperParameters", {})) + len(ranges_of(request))
