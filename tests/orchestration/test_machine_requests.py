"""What the state machine asks of the services, on every way through it: valid by botocore's model of each operation.

The machine is walked over the fakes with the real steps (`machine_walker.py`), so that each request is made from a
real plan. cfn-lint checks the definition as a whole.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint
from cfnlint.config import ManualArgs

from orchestration.builds import Build, BuildKind, BuildStatus, Requester, endpoint_name
from orchestration.local import resources
from orchestration.local.local_sagemaker.context import Context
from orchestration.local.local_sagemaker.processing_rules import check_processing_job
from orchestration.local.local_sagemaker.rules import check_endpoint_config, check_model, check_training_job
from orchestration.local.local_sagemaker.tuning_rules import check_tuning_job
from orchestration.ports import BadRequest, NewDataset, Person, Ports
from orchestration.settings import effective
from orchestration.steps.plan import plan
from orchestration.steps.registration import decide
from orchestration.steps.resume_build import resume_build
from orchestration.steps.start_build import Order, start_build
from tests.fakes import fake_ports
from tests.fakes.endpoints import FakeEndpoints
from tests.orchestration.machine_walker import Jobs, Request, Walk, evaluated, walk
from tests.orchestration.shape_walker import check_request

ADA = Requester("ada", "Ada", "console", "c1")
GRACE = Person("grace", "Grace", "approver")
ROWS = "y,x1,x2\n1.5,1.0,0.0\n5.2,0.0,1.0\n6.7,1.0,1.0\n8.2,2.0,1.0\n"
SPLITS = {"train": ROWS, "validation": ROWS, "test": ROWS}
MADE = ["ProposeCandidate", "IsEvaluated", "Evaluate", "Judge", "IsGood", "Register", "AfterRegistration"]
DEPLOYED = [
    "RecordDeploying",
    "TakeLease",
    "CreateModel",
    "CreateEndpointConfig",
    "DeployEndpoint",
    "VerifyEndpoint",
    "RecordReady",
    "Retire",
    "Done",
]


@dataclass(frozen=True)
class Way:
    """A way through the machine: what is ordered under which settings document, what it ends as, what it asks for."""

    end: BuildStatus
    asked: tuple[str, ...]
    kind: BuildKind = BuildKind.TRAIN
    model: str = "gp"
    dataset: str = "line"
    settings: dict[str, Any] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)
    ranges: dict[str, Any] = field(default_factory=dict)
    served: int = 0  # how many builds serve before


TRAIN, TUNE, PREPARE, EVALUATE = (
    "CreateTrainingJob",
    "CreateHyperParameterTuningJob",
    "CreateProcessingJob",
    "CreateProcessingJob",
)
MODEL, CONFIG = "CreateModel", "CreateEndpointConfig"
READY = BuildStatus.READY
BOTH = {"q": {"low": 0, "high": 4}, "sigma2": {"low": 0.001, "high": 1, "scale": "log"}}
NUMBERS = ("Bayesian", "Random")  # Grid takes no numbers that are not whole, Hyperband wants epochs
WAYS = {
    "train": Way(READY, (TRAIN, EVALUATE, MODEL, CONFIG)),
    "train beside a champion": Way(READY, (TRAIN, EVALUATE, MODEL, CONFIG), served=1),
    "spot": Way(READY, (TRAIN, EVALUATE, MODEL, CONFIG), settings={"spot": True}),
    "serverless": Way(READY, (TRAIN, EVALUATE, MODEL, CONFIG), settings={"endpoint_serverless": True}),
    "one file": Way(READY, (PREPARE, TRAIN, EVALUATE, MODEL, CONFIG), dataset="raw"),
    "one file beside a champion": Way(READY, (PREPARE, TRAIN, EVALUATE, MODEL, CONFIG), dataset="raw", served=1),
    "without test rows": Way(READY, (TRAIN, MODEL, CONFIG), dataset="untested"),
    "another model": Way(READY, (TRAIN, EVALUATE, MODEL, CONFIG), model="keras"),
    "image": Way(READY, ("StartBuild", TRAIN, EVALUATE, MODEL, CONFIG), settings={"build_image": True}),
    "not deployed": Way(BuildStatus.TRAINED, (TRAIN, EVALUATE), settings={"deploy_after_training": False}),
    "refused": Way(BuildStatus.REJECTED, (TRAIN, EVALUATE), document={"gate_threshold": 0.5}),
    "approved": Way(READY, (TRAIN, EVALUATE, MODEL, CONFIG), document={"approval_required": True}),
    "tune only": Way(BuildStatus.TUNED, (TUNE,), BuildKind.TUNE, settings={"tune_only": True}, ranges=BOTH),
    "tune and retrain": Way(
        READY,
        (TUNE, TRAIN, EVALUATE, MODEL, CONFIG),
        BuildKind.TUNE,
        settings={"retrain_after_tuning": True},
        ranges=BOTH,
    ),
    **{
        f"tune by {strategy}": Way(
            READY,
            (TUNE, EVALUATE, MODEL, CONFIG),
            BuildKind.TUNE,
            settings={"tuning_strategy": strategy, "tuning_jobs": 4},
            ranges=BOTH,
        )
        for strategy in NUMBERS
    },
    "tune by Grid": Way(
        READY,
        (TUNE, EVALUATE, MODEL, CONFIG),
        BuildKind.TUNE,
        settings={"tuning_strategy": "Grid"},
        ranges={"q": {"low": 0, "high": 2}, "l": {}},
    ),
    "tune by Hyperband": Way(
        READY,
        (TUNE, EVALUATE, MODEL, CONFIG),
        BuildKind.TUNE,
        model="keras",
        settings={"tuning_strategy": "Hyperband"},
        ranges={"optimizer": {}, "dropout": {}, "batch_size": {"low": 16, "high": 64}},
    ),
    "deploy": Way(READY, (EVALUATE, MODEL, CONFIG), BuildKind.DEPLOY, served=1),
    "roll back": Way(READY, (MODEL, CONFIG), BuildKind.ROLLBACK, served=2),
}


@pytest.fixture
def ports() -> Ports:
    return house()


def house() -> Ports:
    ports = fake_ports()
    for name, splits in (
        ("line", SPLITS),
        ("raw", {"data": ROWS}),
        ("untested", {"train": ROWS, "validation": ROWS}),
    ):
        ports.datasets.register(NewDataset(name, "y", splits))
    return ports


def order(way: Way, delivery_id: str = "1") -> Order:
    return Order(way.kind, way.model, way.dataset, {}, way.settings, ADA, "test", delivery_id, way.ranges)


def carried_out(order: Order, ports: Ports, jobs: Jobs | None = None) -> tuple[Build, Walk]:
    """Start it and walk its execution; what serves then is on its endpoint, as a real one would say."""
    started = start_build(order, ports).build

    def approve(state: str) -> None:
        if state == "AskForApproval":
            decide(started.number, "approved", GRACE, "", ports)

    walked = walk(started.execution_name, {"build": started.number}, ports, jobs or Jobs(while_waiting=approve))
    build = ports.builds.get(started.number)
    if build.status is READY:
        assert isinstance(ports.endpoints, FakeEndpoints)
        ports.endpoints.serve(endpoint_name("test", build.service), build.service, build)
    return build, walked


def walked_way(way: Way, ports: Ports) -> tuple[Build, Walk]:
    for number in range(way.served):
        before = replace(way, kind=BuildKind.TRAIN, settings={}, ranges={})
        assert carried_out(order(before, f"before-{number}"), ports)[0].status is READY
    ports.settings.save(way.document)
    return carried_out(order(way), ports)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_every_request_on_the_way_is_valid_by_the_services_own_model(way: Way, ports: Ports) -> None:
    build, walked = walked_way(way, ports)
    assert (build.status, build.cause if way.end is READY else "") == (way.end, "")
    assert tuple(request.operation for request in walked.requests) == way.asked
    for request in walked.requests:
        check_request(request.service, request.operation, _in_its_own_case(request))


def _in_its_own_case(request: Request) -> dict[str, Any]:
    """Step Functions writes CodeBuild's members with a capital, the service does not."""
    if request.service != "codebuild":
        return request.parameters
    return {name[0].lower() + name[1:]: value for name, value in request.parameters.items()}


class _EverythingIsThere:
    """S3 objects: whatever a request names exists."""

    location: Any = {}

    def bucket_exists(self, bucket: str) -> bool:
        return True

    def has_prefix(self, uri: str) -> bool:
        return True

    def exists(self, uri: str) -> bool:
        return True


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_every_request_on_the_way_keeps_the_rules_that_the_model_does_not_say(
    way: Way, ports: Ports, tmp_path: Path
) -> None:
    """The service's own refusals as our SageMaker knows them: of a spot wait, a strategy, ranges, paths."""
    images = resources.programs("python")
    places = {"folder": tmp_path, "objects": _EverythingIsThere(), "images": images, "cwd": tmp_path}
    context = Context(
        **places,  # type: ignore[arg-type]
        account=resources.ACCOUNT,
        region=resources.REGION,
        max_parallel_jobs=1,
        stop_grace_s=1,
        endpoint_stop_grace_s=1,
        startup_timeout_s=1,
    )
    checks: dict[str, Callable[[dict[str, Any]], None]] = {
        TRAIN: lambda request: check_training_job(request, context),
        TUNE: lambda request: check_tuning_job(request, context),
        PREPARE: lambda request: check_processing_job(request, context),
        MODEL: lambda request: check_model(request, context),
        CONFIG: check_endpoint_config,
    }
    for request in walked_way(way, ports)[1].requests:
        if request.operation in checks:
            checks[request.operation](request.parameters)


def test_the_walk_goes_the_way_of_the_definition(ports: Ports) -> None:
    _, walked = walked_way(WAYS["train"], ports)
    first = ["ResolveSettings", "IsImageBuilt", "IsDataPrepared", "WhatToDo", "RecordTraining", "Train"]
    assert walked.states == [*first, *MADE, *DEPLOYED]
    assert walked.end == "Succeed"


def test_every_service_task_is_on_one_of_the_ways() -> None:
    """So that no request is left unchecked."""
    asked = {request.state for way in WAYS.values() for request in walked_way(way, house())[1].requests}
    states = json.loads(resources.definition())["States"]
    tasks = {name for name, state in states.items() if state["Type"] == "Task"}
    assert asked == {name for name in tasks if ":lambda:" not in states[name]["Resource"]}


def test_training_knows_what_it_was_ordered_with(ports: Ports) -> None:
    """What the request is made of: the dataset's files, the image, the build's folder, tags, limits of the settings."""
    way = replace(WAYS["spot"], settings={"spot": True, "training_timeout_s": 600, "spot_wait_s": 100})
    build, walked = walked_way(way, ports)
    asked = walked.request("Train")
    assert [channel["ChannelName"] for channel in asked["InputDataConfig"]] == ["train", "validation"]
    dataset = ports.datasets.get("line")
    uris = [channel["DataSource"]["S3DataSource"]["S3Uri"] for channel in asked["InputDataConfig"]]
    assert uris == [dataset.uris["train"], dataset.uris["validation"]]
    assert asked["StoppingCondition"] == {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 700}
    assert asked["EnableManagedSpotTraining"] is True
    assert asked["CheckpointConfig"]["S3Uri"].startswith("s3://bucket/builds/test-b1-")
    assert asked["HyperParameters"]["q"] == "1"
    assert {"Key": "sagebuild:build", "Value": str(build.number)} in asked["Tags"]


def test_the_evaluation_sees_candidate_and_champion_on_the_test_rows(ports: Ports) -> None:
    _, walked = walked_way(WAYS["train beside a champion"], ports)
    inputs = {one["InputName"]: one["S3Input"]["S3Uri"] for one in walked.request("Evaluate")["ProcessingInputs"]}
    assert inputs == {
        "model": ports.builds.get(2).artifacts["model"],
        "test": ports.datasets.get("line").uris["test"],
        "champion": ports.builds.get(1).artifacts["model"],
    }


def test_a_small_range_trains_no_more_jobs_than_there_are_values(ports: Ports) -> None:
    """The service refuses ten jobs on five values of q."""
    way = Way(READY, (), BuildKind.TUNE, ranges={"q": {}}, settings={"tuning_jobs": 10, "tuning_parallel_jobs": 7})
    _, walked = walked_way(way, ports)
    limits = walked.request("Tune")["HyperParameterTuningJobConfig"]["ResourceLimits"]
    assert limits == {"MaxNumberOfTrainingJobs": 5, "MaxParallelTrainingJobs": 5}


@pytest.mark.parametrize(
    ("strategy", "ranges", "said"),
    [
        ("Grid", {"sigma2": {}}, "sigma2 goes from 0.0001 to 1"),
        ("Hyperband", {"q": {}}, "gp has none"),
    ],
)
def test_a_strategy_that_cannot_search_the_ranges_is_refused_before_anything_starts(
    strategy: str, ranges: dict[str, Any], said: str, ports: Ports
) -> None:
    way = Way(READY, (), BuildKind.TUNE, ranges=ranges, settings={"tuning_strategy": strategy})
    with pytest.raises(BadRequest, match=said):
        start_build(order(way), ports)
    assert ports.builds.latest() == []


def test_text_is_refused_to_a_model_that_takes_none_before_anything_starts(ports: Ports) -> None:
    rows = "y,colour\n1.5,red\n5.2,blue\n6.7,red\n8.2,green\n"
    ports.datasets.register(NewDataset("colours", "y", {"data": rows}))
    with pytest.raises(BadRequest, match=r"holds text \(colour\); gp takes numbers only"):
        start_build(order(Way(READY, (), dataset="colours")), ports)
    assert ports.builds.latest() == []
    assert start_build(order(Way(READY, (), model="keras", dataset="colours")), ports).is_new


def test_a_resumed_training_has_another_name_and_the_same_checkpoints(ports: Ports) -> None:
    """SageMaker takes no name twice; what the first job kept is where the second one looks for it."""
    failed, first = carried_out(order(WAYS["train"]), ports, Jobs(fails={"Train": "out of memory"}))
    assert (failed.status, failed.error, failed.cause) == (BuildStatus.ERROR, "TrainingFailed", "out of memory")
    resumed = resume_build(failed.number, ADA, ports)
    second = walk(resumed.current_execution, {"build": resumed.number}, ports)
    assert ports.builds.get(failed.number).status is READY
    one, other = first.request("Train"), second.request("Train")
    assert one["TrainingJobName"] != other["TrainingJobName"]
    assert one["CheckpointConfig"] == other["CheckpointConfig"]


@pytest.mark.parametrize("hours", [1, 24])
def test_a_longer_training_enters_no_more_states(hours: int, ports: Ports) -> None:
    _, short = carried_out(order(WAYS["train"]), ports)
    build, long = carried_out(order(WAYS["train"], "2"), house(), Jobs(seconds=hours * 3600))
    assert (build.status, long.states) == (READY, short.states)


def test_the_longest_name_that_there_can_be_is_taken(ports: Ports) -> None:
    """Ten million builds into an environment with a long name, resumed nine times."""
    ports = replace(ports, environment=replace(ports.environment, name="abcdefgh"))
    started = start_build(order(WAYS["tune by Random"]), ports).build
    build = replace(started, number=9_999_999, resume_count=9)
    model = ports.models().model("gp")
    planned = plan(build, effective({}, {}), model, ports)
    task = json.loads(resources.definition())["States"]["Tune"]["Parameters"]
    request = evaluated(task, planned, {"State": {"RetryCount": 5}})
    assert request["HyperParameterTuningJobName"].startswith("abcdefgh-b9999999-")
    check_request("sagemaker", TUNE, request)


def findings(definition: dict[str, Any]) -> list[str]:
    """What cfn-lint says of a template with that state machine."""
    properties = {"RoleArn": "arn:aws:iam::123456789012:role/x", "DefinitionString": json.dumps(definition)}
    machine = {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}
    template = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"Machine": machine}}
    return [str(one) for one in lint(json.dumps(template), config=ManualArgs(regions=["us-east-1"]))]


def test_the_definition_passes_cfn_lint() -> None:
    definition = json.loads(resources.definition())
    assert findings(definition) == []
    broken = copy.deepcopy(definition)
    del broken["States"]["Train"]["Next"]
    assert "States/Train" in findings(broken)[0]
