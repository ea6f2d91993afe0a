"""What a build's jobs left, and the gate, over the fakes."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest

from orchestration.builds import BuildKind, BuildStatus, Json
from orchestration.ports import BadRequest, Change, Ports, Training
from orchestration.steps.candidate import judge, propose, take_image, take_report, take_tuned
from orchestration.steps.plan import data_folder
from orchestration.steps.record import record
from orchestration.steps.resolve_settings import resolve_settings
from orchestration.steps.resume_build import resume_build
from tests.fakes import fake_ports
from tests.fakes.pipeline import FakePipeline
from tests.fakes.registry import FakeArtifacts
from tests.orchestration.steps.making import ADA, IMAGE, evaluated, ready, resolved, settle, trained


@pytest.fixture
def ports() -> Ports:
    return fake_ports()


def test_a_candidate_is_on_the_record_with_what_it_was_made_of(ports: Ports) -> None:
    build = trained(ports, "a")
    assert (build.status, build.image, build.metrics) == (BuildStatus.EVALUATING, IMAGE, {"validation:RMSE": 1.0})
    assert set(build.artifacts) == {"model", "train_data", "test_data"}
    assert build.jobs["train"].endswith("-train-0")


def test_without_held_out_rows_it_is_not_evaluated_and_says_so(ports: Ports) -> None:
    build = trained(ports, "a", test="")
    assert build.status is BuildStatus.TRAINING
    assert build.verdict == {"passed": True, "reason": "It was not evaluated: the dataset has no test rows."}


def test_the_evaluation_gets_the_champion_when_there_is_one(ports: Ports) -> None:
    first = ready(ports, "a")
    build = trained(ports, "b")
    answer = propose(build, build.jobs["train"], {"test_data": "s3://bucket/test.csv"}, True, ports)
    inputs = {entry["InputName"]: entry["S3Input"]["S3Uri"] for entry in answer["inputs"]}  # type: ignore[index,union-attr,call-overload]
    assert inputs == {
        "model": build.artifacts["model"],
        "test": "s3://bucket/test.csv",
        "champion": first.artifacts["model"],
    }


# value, champion, settings of the document, whether it passes, and what the reason says
CASES: list[tuple[float, float | None, dict[str, Json], bool, str]] = [
    (1.0, None, {}, True, "threshold alone"),
    (1.0, 1.0, {}, True, "the champion 1 on the same rows"),
    (1.02, 1.0, {"gate_margin": 0.02}, True, "1.02"),
    (1.03, 1.0, {"gate_margin": 0.02}, False, "worse by more than 2%"),
    (0.5, 1.0, {"gate_margin": 0.0}, True, "0.5"),
    (1.3, None, {"gate_threshold": 1.2}, False, "at most 1.2 passes"),
    (1.2, None, {"gate_threshold": 1.2}, True, "1.2"),
    (math.nan, None, {}, False, "no finite number"),
    (1.0, math.inf, {}, True, ""),
]


@pytest.mark.parametrize(("value", "champion", "document", "passed", "said"), CASES)
def test_the_gate(
    ports: Ports, value: float, champion: float | None, document: dict[str, Json], passed: bool, said: str
) -> None:
    settle(ports, **document)
    build = trained(ports, "a")
    evaluated(ports, build, value, champion)
    answer = judge(build, "job", ports)
    after = ports.builds.get(build.number)
    assert answer["passed"] is passed
    assert (after.status is BuildStatus.REJECTED) is not passed
    assert said in str(after.verdict["reason"])
    assert after.cause == ("" if passed else after.verdict["reason"])
    assert after.metrics.get("test:RMSE") == pytest.approx(value, nan_ok=True)


def test_a_classifier_is_judged_by_the_first_metric_it_has_and_more_may_be_better(ports: Ports) -> None:
    keras = ports.built_in.model("keras")
    metric = next(one for one in keras.metrics if one.goal == "Maximize")
    name = metric.name.rpartition(":")[2]
    build = trained(ports, "a", model="keras")
    better: Json = {"metrics": {name: 0.97}}
    assert isinstance(ports.artifacts, FakeArtifacts)
    evaluated(ports, build, 0, metrics={name: 0.9})
    (uri,) = ports.artifacts.documents
    ports.artifacts.documents[uri] = {**ports.artifacts.documents[uri], "champion": better}
    judge(build, "job", ports)
    after = ports.builds.get(build.number)
    assert (after.status, after.verdict["metric"]) == (BuildStatus.REJECTED, name)


def test_a_champion_of_another_schema_leaves_the_threshold_and_is_said(ports: Ports) -> None:
    build = trained(ports, "a")
    evaluated(ports, build, 1.0, champion_note="The champion takes other columns.")
    judge(build, "job", ports)
    assert "other columns" in str(ports.builds.get(build.number).verdict["reason"])


DATA: Mapping[str, Json] = {"test_data": "s3://bucket/test.csv"}


def tuned(ports: Ports, **document: Json) -> tuple[Mapping[str, Json], int]:
    settle(ports, **document)
    build, _ = resolved(ports, "a", BuildKind.TUNE, ranges={"q": {}, "l": {"low": 0, "high": 2}})
    record(build.number, Change(BuildStatus.TUNING, ports.clock.now()), ports)
    assert isinstance(ports.pipeline, FakePipeline)
    ports.pipeline.trained["best"] = Training("best", IMAGE, "s3://bucket/best.tar.gz", {}, {"validation:RMSE": 0.9})
    best: Json = {"TrainingJobName": "best", "TunedHyperParameters": {"q": "2", "l": "1"}}
    return take_tuned(build, {"HyperParameterTuningJobName": "t", "BestTrainingJob": best}, DATA, ports), build.number


def test_the_best_trial_is_the_candidate(ports: Ports) -> None:
    answer, number = tuned(ports)
    build = ports.builds.get(number)
    assert (answer["job"], answer["next"]) == ("best", "evaluate")
    assert (build.jobs, build.artifacts["model"]) == ({"tune": "t", "train": "best"}, "s3://bucket/best.tar.gz")
    assert (build.hyperparameters["q"], build.hyperparameters["l"]) == (2, 1)


def test_only_tuning_ends_there(ports: Ports) -> None:
    answer, number = tuned(ports, tune_only=True)
    assert (answer["next"], ports.builds.get(number).status) == ("end", BuildStatus.TUNED)


def test_what_was_only_tuned_is_judged_on_its_held_out_rows_when_it_is_deployed(ports: Ports) -> None:
    _, number = tuned(ports, tune_only=True)
    build, plan = resolved(ports, "b", BuildKind.DEPLOY, of=number)
    answer = propose(build, "", plan["training"]["data"], plan["steps"]["evaluate"], ports)
    assert answer["evaluate"] is True


def test_a_resumed_tuning_keeps_the_best_it_found(ports: Ports) -> None:
    _, number = tuned(ports, retrain_after_tuning=True)
    record(number, Change(BuildStatus.ERROR, ports.clock.now(), error="E", cause="c"), ports)
    again = resume_build(number, ADA, ports)
    plan = resolve_settings({"build": number}, again.current_execution, ports)
    training = plan["training"]
    assert isinstance(training, dict)
    assert training["hyperparameters"]["q"] == "2"  # type: ignore[index,call-overload]
    assert ports.builds.get(number).hyperparameters["l"] == 1


def test_training_again_with_the_best_is_an_option(ports: Ports) -> None:
    answer, number = tuned(ports, retrain_after_tuning=True)
    assert answer["next"] == "retrain"
    assert answer["hyperparameters"]["q"] == "2"  # type: ignore[index,call-overload]
    assert "model" not in ports.builds.get(number).artifacts


def test_a_tuning_without_a_best_job_is_a_failure(ports: Ports) -> None:
    build, _ = resolved(ports, "a", BuildKind.TUNE)
    with pytest.raises(BadRequest, match="no training job printed its objective"):
        take_tuned(build, {"HyperParameterTuningJobName": "t"}, DATA, ports)


def test_an_image_that_was_built_is_the_one_used(ports: Ports) -> None:
    build, _ = resolved(ports, "a")
    exported: Json = [{"Name": "IMAGE_URI", "Value": "gp@sha256:2"}]
    assert take_image(build, {"ExportedEnvironmentVariables": exported}, "gp:latest", ports) == {"image": "gp@sha256:2"}
    assert ports.builds.get(build.number).image == "gp@sha256:2"


def test_where_no_image_can_be_built_the_note_is_on_the_record(ports: Ports) -> None:
    build, _ = resolved(ports, "a")
    assert take_image(build, {"Note": "No CodeBuild here."}, "gp:latest", ports) == {"image": "gp:latest"}
    assert ports.builds.get(build.number).report["image_build"] == "No CodeBuild here."


def test_the_data_report_is_on_the_record(ports: Ports) -> None:
    build, _ = resolved(ports, "a")
    assert isinstance(ports.artifacts, FakeArtifacts)
    folder = data_folder(build, ports.environment)
    ports.artifacts.documents[f"{folder}/prepared/report/report.json"] = {"rows": 100, "dropped": 3}
    assert take_report(build, "job", ports) == {"rows": 100}
    after = ports.builds.get(build.number)
    assert (after.report["dropped"], after.jobs["prepare"]) == (3, "job")
