"""The `sagemaker` SDK as an independent witness: asked for the same jobs, it sends what the state machine sends.

Sockets are refused, and each request is written down where botocore would send it. What differs is listed with its
reason; anything else that differs fails. Needs the extra `sdk`: requirements/sdk.txt.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any
from unittest.mock import ANY

import boto3
import pytest
from botocore.client import BaseClient

from orchestration.builds import BuildKind, Requester
from orchestration.local import resources
from orchestration.ports import NewDataset
from orchestration.steps.start_build import Order, start_build
from tests.fakes import fake_ports
from tests.orchestration.machine_walker import Walk, walk

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("sagemaker") is None, reason="the extra `sdk` is not installed: requirements/sdk.txt"),
    pytest.mark.filterwarnings("ignore"),
]

ROWS = "y,x1,x2\n1.5,1.0,0.0\n5.2,0.0,1.0\n6.7,1.0,1.0\n8.2,2.0,1.0\n"
ASSUMED = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
TRUST = {"Version": "2012-10-17", "Statement": [ASSUMED]}
DEFAULT = "the service's own default, which the SDK writes out"
TRAINING: Mapping[str, tuple[Any, str]] = {
    "TrainingJobName": (ANY, "the SDK puts the time behind a name, the state machine the build and the attempt"),
    "InputDataConfig[].InputMode": ("File", "that of AlgorithmSpecification holds for every channel without its own"),
}
# What the SDK sends otherwise than the state machine, by where it is in the request: its value, and why ours differs.
DIFFERENCES: Mapping[str, Mapping[str, tuple[Any, str]]] = {
    "train": TRAINING,
    "spot": TRAINING,
    "tune": {},
    "process": {
        "ProcessingInputs[].S3Input.S3DataDistributionType": ("FullyReplicated", DEFAULT),
        "ProcessingInputs[].S3Input.S3CompressionType": ("None", DEFAULT),
    },
}


class Sent(Exception):
    """The request that was looked for, in place of its answer."""

    def __init__(self, request: dict[str, Any]) -> None:
        super().__init__("sent")
        self.request = request


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], dict[str, Any]]:
    """What a call of the SDK asks SageMaker to create."""

    def refused(*args: Any, **kwargs: Any) -> None:
        raise OSError("no socket is opened in this test")

    def answer(self: Any, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if operation.startswith("Create"):
            raise Sent(request)
        if operation == "GetRole":  # the SDK looks whether SageMaker may assume it,
            return {"Role": {"Arn": request["RoleName"], "AssumeRolePolicyDocument": TRUST}}
        if operation == "SimulatePrincipalPolicy":  # and whether it may do what a job needs
            actions = request["ActionNames"]
            return {"EvaluationResults": [{"EvalActionName": one, "EvalDecision": "allowed"} for one in actions]}
        raise AssertionError(f"{operation} {json.dumps(request, default=str)}")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(BaseClient, "_make_api_call", answer)
    monkeypatch.setenv("AWS_DEFAULT_REGION", resources.REGION)

    def of(call: Callable[[], object]) -> dict[str, Any]:
        with pytest.raises(Sent) as caught:
            call()
        return caught.value.request

    return of


@pytest.fixture
def session() -> Any:
    from sagemaker.core.helper.session_helper import Session

    own = boto3.Session(region_name=resources.REGION, aws_access_key_id="x", aws_secret_access_key="x")
    return Session(own, default_bucket="bucket")


def walked(kind: BuildKind = BuildKind.TRAIN, dataset: str = "line", **settings: Any) -> Walk:
    """What the state machine asks for on the way of such a build."""
    ports = fake_ports()
    ports.datasets.register(NewDataset("line", "y", dict.fromkeys(("train", "validation", "test"), ROWS)))
    ports.datasets.register(NewDataset("raw", "y", {"data": ROWS}))
    ranges: dict[str, Any] = {"q": {"low": 0, "high": 3}, "sigma2": {"low": 0.001, "high": 1}}
    requester = Requester("ada", "Ada", "console", "c1")
    given = Order(kind, "gp", dataset, {}, settings, requester, "test", "1", ranges if kind is BuildKind.TUNE else {})
    build = start_build(given, ports).build
    return walk(build.execution_name, {"build": build.number}, ports)


def trainer(request: dict[str, Any], session: Any, static: dict[str, str], **more: Any) -> Any:
    """The SDK's trainer for a CreateTrainingJob request, or a tuning job's TrainingJobDefinition."""
    from sagemaker.core.shapes import MetricDefinition, OutputDataConfig
    from sagemaker.core.training.configs import Compute, StoppingCondition
    from sagemaker.train import ModelTrainer

    places, stopping = request["ResourceConfig"], request["StoppingCondition"]
    made = ModelTrainer(
        training_image=request["AlgorithmSpecification"]["TrainingImage"],
        training_input_mode=request["AlgorithmSpecification"]["TrainingInputMode"],
        role=request["RoleArn"],
        sagemaker_session=session,
        base_job_name="sdk",
        compute=Compute(
            instance_type=places["InstanceType"],
            instance_count=places["InstanceCount"],
            volume_size_in_gb=places["VolumeSizeInGB"],
            enable_managed_spot_training=request.get("EnableManagedSpotTraining", False),
        ),
        output_data_config=OutputDataConfig(s3_output_path=request["OutputDataConfig"]["S3OutputPath"]),
        stopping_condition=StoppingCondition(
            max_runtime_in_seconds=stopping["MaxRuntimeInSeconds"],
            max_wait_time_in_seconds=stopping.get("MaxWaitTimeInSeconds"),
        ),
        hyperparameters=static,
        environment=request["Environment"],
        **more,
    )
    metrics = request["AlgorithmSpecification"]["MetricDefinitions"]
    return made.with_metric_definitions([MetricDefinition(name=one["Name"], regex=one["Regex"]) for one in metrics])


def channels(request: dict[str, Any]) -> list[Any]:
    from sagemaker.core.training.configs import InputData

    return [
        InputData(
            channel_name=one["ChannelName"],
            data_source=one["DataSource"]["S3DataSource"]["S3Uri"],
            content_type=one["ContentType"],
        )
        for one in request["InputDataConfig"]
    ]


def differences(ours: Any, theirs: Any, path: str = "") -> dict[str, Any]:
    """The SDK's value wherever the two are not the same: members by name, what is in a list by []."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        pairs = [(f"{path}.{name}", ours.get(name), theirs.get(name)) for name in {*ours, *theirs}]
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = [(f"{path}[]", *pair) for pair in zip(ours, theirs, strict=True)]
    else:
        return {} if ours == theirs else {path.removeprefix("."): theirs}
    return {where: value for inner, own, other in pairs for where, value in differences(own, other, inner).items()}


def listed(kind: str) -> dict[str, Any]:
    return {path: value for path, (value, _) in DIFFERENCES[kind].items()}


Ask = Callable[[Callable[[], object]], dict[str, Any]]


@pytest.mark.parametrize("way", ["train", "spot"])
def test_the_same_training_job(way: str, sent: Ask, session: Any) -> None:
    from sagemaker.core.shapes import CheckpointConfig, Tag

    ours = walked(**({"spot": True} if way == "spot" else {})).request("Train")
    made = trainer(
        ours,
        session,
        ours["HyperParameters"],
        tags=[Tag(key=tag["Key"], value=tag["Value"]) for tag in ours["Tags"]],
        checkpoint_config=CheckpointConfig(s3_uri=ours["CheckpointConfig"]["S3Uri"]),
    )
    theirs = sent(lambda: made.train(channels(ours), wait=False, logs=False))
    assert differences(ours, theirs) == listed(way)


def test_the_same_tuning_job(sent: Ask, session: Any) -> None:
    from sagemaker.core.parameter import ContinuousParameter, IntegerParameter
    from sagemaker.train.tuner import HyperparameterTuner

    ours = walked(BuildKind.TUNE, tuning_jobs=4, tune_only=True).request("Tune")
    config, definition = ours["HyperParameterTuningJobConfig"], ours["TrainingJobDefinition"]
    ranges = config["ParameterRanges"]
    (whole,), (real,) = ranges["IntegerParameterRanges"], ranges["ContinuousParameterRanges"]
    tuner = HyperparameterTuner(
        trainer(definition, session, definition["StaticHyperParameters"]),
        config["HyperParameterTuningJobObjective"]["MetricName"],
        {
            whole["Name"]: IntegerParameter(int(whole["MinValue"]), int(whole["MaxValue"]), whole["ScalingType"]),
            real["Name"]: ContinuousParameter(float(real["MinValue"]), float(real["MaxValue"]), real["ScalingType"]),
        },
        metric_definitions=definition["AlgorithmSpecification"]["MetricDefinitions"],
        strategy=config["Strategy"],
        objective_type=config["HyperParameterTuningJobObjective"]["Type"],
        max_jobs=config["ResourceLimits"]["MaxNumberOfTrainingJobs"],
        max_parallel_jobs=config["ResourceLimits"]["MaxParallelTrainingJobs"],
        early_stopping_type=config["TrainingJobEarlyStoppingType"],
        random_seed=config["RandomSeed"],
        tags=ours["Tags"],
    )
    name = ours["HyperParameterTuningJobName"]
    theirs = sent(lambda: tuner.tune(channels(definition), job_name=name, wait=False))
    assert differences(ours, theirs) == listed("tune")


@pytest.mark.parametrize(("dataset", "state"), [("line", "Evaluate"), ("raw", "PrepareData")])
def test_the_same_processing_job(dataset: str, state: str, sent: Ask, session: Any) -> None:
    from sagemaker.core.processing import Processor
    from sagemaker.core.shapes import ProcessingInput, ProcessingOutput, ProcessingS3Input, ProcessingS3Output

    ours = walked(dataset=dataset).request(state)
    cluster = ours["ProcessingResources"]["ClusterConfig"]
    processor = Processor(
        role=ours["RoleArn"],
        image_uri=ours["AppSpecification"]["ImageUri"],
        instance_count=cluster["InstanceCount"],
        instance_type=cluster["InstanceType"],
        volume_size_in_gb=cluster["VolumeSizeInGB"],
        max_runtime_in_seconds=ours["StoppingCondition"]["MaxRuntimeInSeconds"],
        env=ours["Environment"],
        tags=ours["Tags"],
        sagemaker_session=session,
    )
    inputs = [
        ProcessingInput(
            input_name=one["InputName"],
            s3_input=ProcessingS3Input(
                s3_uri=one["S3Input"]["S3Uri"],
                local_path=one["S3Input"]["LocalPath"],
                s3_data_type=one["S3Input"]["S3DataType"],
                s3_input_mode=one["S3Input"]["S3InputMode"],
            ),
        )
        for one in ours["ProcessingInputs"]
    ]
    outputs = [
        ProcessingOutput(
            output_name=one["OutputName"],
            s3_output=ProcessingS3Output(
                s3_uri=one["S3Output"]["S3Uri"],
                local_path=one["S3Output"]["LocalPath"],
                s3_upload_mode=one["S3Output"]["S3UploadMode"],
            ),
        )
        for one in ours["ProcessingOutputConfig"]["Outputs"]
    ]
    arguments, name = ours["AppSpecification"]["ContainerArguments"], ours["ProcessingJobName"]
    theirs = sent(lambda: processor.run(inputs, outputs, arguments, wait=False, logs=False, job_name=name))
    assert differences(ours, theirs) == listed("process")
