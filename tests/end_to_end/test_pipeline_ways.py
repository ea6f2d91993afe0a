"""Every way to a model that serves, on the local engine: what the build enters, records, says and serves."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models.catalog import GP
from orchestration.builds import Build, BuildKind, BuildStatus, Service
from orchestration.ports import Conflict
from orchestration.steps import lease
from orchestration.steps.lease import lease_key
from tests.end_to_end.pipeline_house import (
    DEPLOYED,
    JUDGED,
    PREPARED,
    REGISTERED,
    RESOLVED,
    TRAINED,
    TUNED,
    House,
    eventually,
)

MADE = ["QUEUED", "TRAINING", "EVALUATING", "REGISTERING"]
READY = [*MADE, "DEPLOYING", "READY"]
TRAIN_AND_DEPLOY = [*RESOLVED, *TRAINED, *JUDGED, *REGISTERED, *DEPLOYED]


def test_trained_and_deployed(house: House) -> None:
    house.line("plain", 2)
    build = house.built("plain", hyperparameters={"q": "2"})
    house.check(build, TRAIN_AND_DEPLOY, READY)
    assert build.hyperparameters == GP.parse({"q": 2})
    assert set(build.jobs) == {"train", "evaluate"}
    assert house.job("Training", build.jobs["train"]) == "Completed"
    assert set(build.artifacts) == {"model", "evaluation", "train_data", "validation_data", "test_data"}
    assert {"validation:RMSE", "test:RMSE"} <= set(build.metrics)
    assert build.verdict["passed"] is True
    assert build.verdict["value"] == build.metrics["test:RMSE"]
    assert build.verdict["champion"] is None
    assert build.resources["endpoint"] == "local-gp-plain"
    package = house.clients("sagemaker").describe_model_package(ModelPackageName=build.resources["package"])
    assert package["ModelApprovalStatus"] == "Approved"
    assert package["CustomerMetadataProperties"]["dataset_version"] == build.dataset_version
    assert house.serves("plain") == 2


def test_a_second_version_is_compared_with_the_first_and_takes_its_place(house: House) -> None:
    house.deployed("second", 2)
    first = house.ports.builds.latest(1, service=Service("gp", "second"))[0]
    house.line("second", 5)
    build = house.built("second")
    house.check(build, TRAIN_AND_DEPLOY, READY)
    assert build.verdict["champion"] == first.number
    worse, better = build.verdict["champion_value"], build.verdict["value"]
    assert isinstance(worse, float)
    assert isinstance(better, float)
    assert worse > 10 * better
    assert build.resources["endpoint"] == first.resources["endpoint"]
    assert house.serves("second") == 5
    # The configuration that served before went with its model: nothing piles up.
    assert _configs(house, first) == []


def _configs(house: House, build: Build) -> list[str]:
    name = build.resources["endpoint_config"]
    found = house.clients("sagemaker").list_endpoint_configs(NameContains=name)["EndpointConfigs"]
    return [one["EndpointConfigName"] for one in found]


def test_tuned_and_deployed(house: House) -> None:
    """Ten jobs, three at a time; the best of them is evaluated and serves."""
    house.line("tuned", 3)
    ranges = {"q": {"low": 0, "high": 3}, "sigma2": {"low": 0.0001, "high": 1}}
    settings = {"tuning_jobs": 10, "tuning_parallel_jobs": 3, "tuning_strategy": "Random"}
    build = house.built("tuned", BuildKind.TUNE, ranges=ranges, settings=settings, hyperparameters={"l": "0"})
    house.check(
        build,
        [*RESOLVED, *TUNED, "ProposeCandidate", *JUDGED, *REGISTERED, *DEPLOYED],
        ["QUEUED", "TUNING", "EVALUATING", "REGISTERING", "DEPLOYING", "READY"],
    )
    trials = house.ports.pipeline.trials(build)
    assert len(trials) == 10
    assert {trial.status for trial in trials} <= {"Completed", "Stopped"}
    best = min((trial for trial in trials if trial.objective is not None), key=lambda trial: trial.objective or 0.0)
    assert build.jobs["train"] == best.job
    assert build.metrics["validation:RMSE"] == pytest.approx(best.objective)
    assert {name: str(build.hyperparameters[name]) for name in best.hyperparameters} == pytest.approx(
        best.hyperparameters
    )
    assert build.hyperparameters["l"] == 0
    assert house.serves("tuned") == 3


def test_tuned_only_leaves_a_model_that_can_be_deployed_later(house: House) -> None:
    house.line("tunedonly", 4)
    settings = {"tuning_jobs": 3, "tuning_strategy": "Grid", "tune_only": True}
    build = house.built("tunedonly", BuildKind.TUNE, ranges={"q": {"low": 1, "high": 3}}, settings=settings)
    house.check(build, [*RESOLVED, *TUNED, "Done"], ["QUEUED", "TUNING", "TUNED"])
    assert sorted(trial.hyperparameters["q"] for trial in house.ports.pipeline.trials(build)) == ["1", "2", "3"]
    assert set(build.jobs) == {"tune", "train"}
    assert "model" in build.artifacts
    assert house.serves("tunedonly") is None
    later = house.built("tunedonly", BuildKind.DEPLOY)
    assert (later.status, later.source) == (BuildStatus.READY, build.number)
    assert house.serves("tunedonly") == 4


def test_tuned_and_trained_once_more_with_the_best(house: House) -> None:
    house.line("retrained", 4)
    settings = {"tuning_jobs": 2, "tuning_strategy": "Random", "retrain_after_tuning": True}
    build = house.built("retrained", BuildKind.TUNE, ranges={"q": {}}, settings=settings)
    assert house.states(build.number) == [*RESOLVED, *TUNED, "UseBest", *TRAINED, *JUDGED, *REGISTERED, *DEPLOYED]
    assert build.jobs["train"].endswith("-train-0")
    best = next(iter(house.ports.pipeline.trials(build)))
    described = house.clients("sagemaker").describe_training_job(TrainingJobName=build.jobs["train"])
    assert described["HyperParameters"]["q"] == best.hyperparameters["q"] == str(build.hyperparameters["q"])
    assert house.serves("retrained") == 4


def test_one_file_is_prepared_first_and_reported_on(house: House) -> None:
    house.raw("onefile", 2)
    first = house.built("onefile")
    house.check(
        first,
        [*PREPARED, *TRAINED, *JUDGED, *REGISTERED, *DEPLOYED],
        ["QUEUED", "PREPARING_DATA", "TRAINING", "EVALUATING", "REGISTERING", "DEPLOYING", "READY"],
    )
    rows = first.report["rows"]
    assert isinstance(rows, dict)
    assert rows["in"] == 60
    assert first.verdict["rows"] == rows["test"]
    assert first.report["drift"] is None
    assert set(first.jobs) == {"prepare", "train", "evaluate"}
    assert house.serves("onefile") == 2
    house.raw("onefile", 9)
    second = house.built("onefile")
    # Beside a champion, what has changed since its training rows is said.
    assert second.report["drift"] is not None
    assert house.serves("onefile") == 9


def test_serverless_serves_as_well_and_an_image_that_cannot_be_built_here_is_noted(house: House) -> None:
    house.line("image", 2)
    settings = {"build_image": True, "endpoint_serverless": True, "endpoint_memory_mb": 1024}
    build = house.built("image", settings=settings)
    assert (build.status, build.cause) == (BuildStatus.READY, "")
    assert house.states(build.number)[:5] == [
        "ResolveSettings",
        "IsImageBuilt",
        "RecordBuildingImage",
        "BuildImage",
        "TakeImage",
    ]
    assert house.announced(build.number)[:3] == ["QUEUED", "BUILDING_IMAGE", "TRAINING"]
    assert build.report["image_build"]
    described = house.clients("sagemaker").describe_endpoint(EndpointName="local-gp-image")
    assert described["ProductionVariants"][0]["CurrentServerlessConfig"]["MemorySizeInMB"] == 1024
    assert house.serves("image") == 2


def test_autoscaling_is_kept_over_a_second_deployment(house: House) -> None:
    """It belongs to the variant, whose name stays; what the settings say is set again after each deployment."""
    scaled = {"endpoint_max_count": 3, "endpoint_invocations_per_instance": 70}
    house.line("scaled", 2)
    first = house.built("scaled", settings=scaled)
    policy = _policy(house)
    house.line("scaled", 5)
    second = house.built("scaled", settings=scaled)
    assert (first.status, second.status) == ("READY", "READY")
    assert house.serves("scaled") == 5
    assert _policy(house) == policy
    assert (policy["least"], policy["most"], policy["each"]) == (1, 3, 70.0)
    assert house.built("scaled").status == "READY"
    assert _policy(house) == {}


def _policy(house: House) -> dict[str, object]:
    """What scales the endpoint of `scaled`; empty when nothing does."""
    client, place = house.clients("application-autoscaling"), "endpoint/local-gp-scaled/variant/main"
    targets = client.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[place])["ScalableTargets"]
    found = client.describe_scaling_policies(ServiceNamespace="sagemaker", ResourceId=place)["ScalingPolicies"]
    if not targets:
        assert found == []
        return {}
    (target,), (policy,) = targets, found
    return {
        "least": target["MinCapacity"],
        "most": target["MaxCapacity"],
        "each": policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"],
    }


def test_a_deploy_freeze_keeps_the_model_and_refuses_a_deployment(house: House) -> None:
    house.line("frozen", 2)
    until = house.ports.clock.now() + timedelta(hours=1)
    house.save_settings({"deploy_freeze": {"by": "Ada", "reason": "a fair", "until": until.isoformat()}})
    try:
        build = house.built("frozen")
        with pytest.raises(Conflict, match="frozen by Ada"):
            house.start("frozen", BuildKind.DEPLOY, of=build.number)
    finally:
        house.save_settings({"deploy_freeze": {}})
    house.check(build, [*RESOLVED, *TRAINED, *JUDGED, *REGISTERED, "RecordTrained", "Done"], [*MADE, "TRAINED"])
    assert "frozen by Ada" in build.timeline[-1].note
    assert house.serves("frozen") is None
    later = house.built("frozen", BuildKind.DEPLOY, of=build.number)
    assert (later.status, house.serves("frozen")) == ("READY", 2)


def test_services_do_not_wait_for_each_other_and_builds_of_one_deploy_in_turns(house: House) -> None:
    """Who has the lease, here nobody's build, keeps those of its service waiting, no other's; then one at a time."""
    key = lease_key(Service("gp", "queue"))
    house.line("queue", 2)
    house.line("beside", 5)
    assert house.ports.claims.take(key, "0000000000", 600)
    numbers = [house.start("queue"), house.start("queue")]
    beside = house.built("beside")
    house.check(beside, TRAIN_AND_DEPLOY, READY)
    for number in numbers:
        house.waits_in(number, "TakeLease")
    eventually(lambda: len(house.ports.waits.of(key)) == 2)
    house.ports.claims.release(key, "0000000000")
    waiting = house.ports.waits.of(key)[0]  # its state runs again, and gets the lease
    lease.take(house.ports.builds.get(int(waiting.waiter)), waiting.task_token, 600, house.ports)
    builds = [house.ended(number) for number in numbers]
    for build in builds:
        house.check(build, TRAIN_AND_DEPLOY, READY)
    one, other = (_deployment(house, build) for build in builds)
    assert one[1] <= other[0]
    assert house.ports.endpoints.describe("local-gp-queue").build_number == numbers[1]
    assert (house.serves("queue"), house.serves("beside")) == (2, 5)
    eventually(lambda: house.ports.claims.holder(key) is None)


def _deployment(house: House, build: Build) -> tuple[float, float]:
    """When the build got the lease, and when it was READY, by the execution's history."""
    arn = house.ports.pipeline.describe(build).arn
    events = house.clients("stepfunctions").get_execution_history(executionArn=arn, maxResults=1000)["events"]
    entered = {
        event["stateEnteredEventDetails"]["name"]: event["timestamp"].timestamp()
        for event in events
        if "stateEnteredEventDetails" in event
    }
    return entered["CreateModel"], build.timeline[-1].at.timestamp()
