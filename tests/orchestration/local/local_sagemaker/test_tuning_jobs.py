"""Tuning jobs that really run: what they try, how they end, and what is said of them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from orchestration.local.local_sagemaker.context import usable_cores
from orchestration.local.local_sagemaker.errors import ResourceInUse, ResourceNotFound, ValidationException
from tests.orchestration.local.local_sagemaker.house import BUCKET, House, until


def objective(trial: dict[str, Any]) -> float:
    value: float = trial["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
    return value


def overlapping(house: House, trials: list[dict[str, Any]]) -> int:
    """How many training programs ran at once, at most."""
    spans = [(trial["TrainingStartTime"], trial["TrainingEndTime"]) for trial in trials]
    return max(sum(start <= moment < end for start, end in spans) for moment, _ in spans)


def test_ten_jobs_three_at_once_end_with_the_best_and_its_artifact(house: House) -> None:
    """By default, however few processors there are; each job then has one thread at least."""
    house.settings["max_parallel_jobs"] = None
    house.service.close()
    house.start()
    arn = house.tune("tune", {"sleep": 0.6}, jobs=10, parallel=3)
    assert arn == "arn:aws:sagemaker:us-east-1:123456789012:hyper-parameter-tuning-job/tune"
    tuning = house.tuned("tune")
    trials = house.trials("tune")
    assert tuning["HyperParameterTuningJobStatus"] == "Completed"
    assert [trial["TrainingJobStatus"] for trial in trials] == ["Completed"] * 10
    assert overlapping(house, trials) == 3
    threads = house.facts(trials[0]["TrainingJobName"])["environment"]["OMP_NUM_THREADS"]
    assert int(threads) == max(1, usable_cores() // max(3, usable_cores()))
    assert all(re.fullmatch(rf"tune-{n:03d}-[0-9a-f]{{8}}", t["TrainingJobName"]) for n, t in enumerate(trials, 1))
    best = tuning["BestTrainingJob"]
    assert best == min(trials, key=objective)
    assert objective(best) == pytest.approx((float(best["TunedHyperParameters"]["x"]) - 0.3) ** 2 + 1)
    job = house.job(best["TrainingJobName"])
    assert house.objects.exists(job["ModelArtifacts"]["S3ModelArtifacts"])
    assert job["TuningJobArn"] == arn
    assert tuning["TrainingJobStatusCounters"]["Completed"] == 10
    assert tuning["ObjectiveStatusCounters"] == {"Succeeded": 10, "Pending": 0, "Failed": 0}
    until(lambda: house.tuning_changes == [("tune", "Completed")])
    until(lambda: len(house.training_changes) == 10)


def test_a_training_job_gets_static_and_tuned_values_and_the_tags(house: House) -> None:
    request = house.tuning_request("tune", {"q": "2"}, jobs=1, parallel=1)
    request["TrainingJobDefinition"]["CheckpointConfig"] = {"S3Uri": f"s3://{BUCKET}/checkpoints"}
    tags = [{"Key": "build", "Value": "12"}]
    arn = house.call("CreateHyperParameterTuningJob", **request, Tags=tags)["HyperParameterTuningJobArn"]
    house.tuned("tune")
    (trial,) = house.trials("tune")
    job = house.job(trial["TrainingJobName"])
    tuned = trial["TunedHyperParameters"]
    assert job["HyperParameters"] == {"q": "2", **tuned, "_tuning_objective_metric": "validation:RMSE"}
    assert job["CheckpointConfig"]["S3Uri"] == f"s3://{BUCKET}/checkpoints/{trial['TrainingJobName']}"
    assert house.call("ListTags", ResourceArn=job["TrainingJobArn"])["Tags"] == tags
    assert house.call("ListTags", ResourceArn=arn)["Tags"] == tags


def test_the_same_seed_tries_the_same_values(house: House) -> None:
    for name, seed in (("one", 7), ("two", 7), ("three", 8)):
        house.tune(name, jobs=3, parallel=1, RandomSeed=seed)
        house.tuned(name)
    one, two, three = ([t["TunedHyperParameters"] for t in house.trials(name)] for name in ("one", "two", "three"))
    assert one == two
    assert one != three


def test_a_grid_tries_each_combination_once(house: House) -> None:
    ranges = {
        "CategoricalParameterRanges": [
            {"Name": "x", "Values": ["0.1", "0.3", "0.9"]},
            {"Name": "q", "Values": ["1", "2"]},
        ]
    }
    limits = {"MaxParallelTrainingJobs": 3}
    house.tune("grid", Strategy="Grid", ParameterRanges=ranges, ResourceLimits=limits)
    tuning = house.tuned("grid")
    tried = {(each["TunedHyperParameters"]["x"], each["TunedHyperParameters"]["q"]) for each in house.trials("grid")}
    assert tried == {(x, q) for x in ("0.1", "0.3", "0.9") for q in ("1", "2")}
    assert len(house.trials("grid")) == 6
    assert tuning["BestTrainingJob"]["TunedHyperParameters"]["x"] == "0.3"


def test_the_bayesian_strategy_learns(house: House) -> None:
    """Past its random beginning, it keeps to where the objective was good."""
    house.settings["max_parallel_jobs"] = 4
    house.service.close()
    house.start()
    house.tune("tpe", Strategy="Bayesian", jobs=16, parallel=2)
    assert house.tuned("tpe", 90)["HyperParameterTuningJobStatus"] == "Completed"
    away = [abs(float(each["TunedHyperParameters"]["x"]) - 0.3) for each in house.trials("tpe")]
    begun, learned = sorted(away[:5]), sorted(away[8:])
    assert learned[len(learned) // 2] < begun[len(begun) // 2]


def test_failures_are_counted_and_the_rest_goes_on(house: House) -> None:
    ranges = {"CategoricalParameterRanges": [{"Name": "x", "Values": ["0.3", "not-a-number"]}]}
    limits = {"MaxParallelTrainingJobs": 1}
    house.tune("tune", Strategy="Grid", ParameterRanges=ranges, ResourceLimits=limits)
    tuning = house.tuned("tune")
    assert tuning["HyperParameterTuningJobStatus"] == "Completed"
    assert tuning["TrainingJobStatusCounters"]["NonRetryableError"] == 1
    assert tuning["ObjectiveStatusCounters"] == {"Succeeded": 1, "Pending": 0, "Failed": 1}
    (failed,) = house.trials("tune", StatusEquals="Failed")
    assert "ValueError" in failed["FailureReason"]
    assert tuning["BestTrainingJob"]["TunedHyperParameters"] == {"x": "0.3"}


@pytest.mark.parametrize(
    ("static", "reason"),
    [
        ({"fail": "no such column"}, "All training jobs failed.*no such column"),
        ({}, "No objective metrics found after"),
    ],
)
def test_a_tuning_job_without_any_objective_fails(house: House, static: dict[str, str], reason: str) -> None:
    request = house.tuning_request("tune", static, jobs=20, parallel=1)
    if not static:
        request["TrainingJobDefinition"]["AlgorithmSpecification"]["MetricDefinitions"][0]["Regex"] = "never=(.*)"
    house.call("CreateHyperParameterTuningJob", **request)
    tuning = house.tuned("tune")
    assert tuning["HyperParameterTuningJobStatus"] == "Failed"
    assert re.match(reason, tuning["FailureReason"])
    assert len(house.trials("tune")) == 5, "it gave up early"
    assert "BestTrainingJob" not in tuning


def test_stopping_stops_the_training_jobs_and_keeps_what_was_found(house: House) -> None:
    house.tune("tune", {"sleep": 60}, jobs=5)
    until(lambda: [t["TrainingJobStatus"] for t in house.trials("tune")] == ["InProgress"] * 2)
    names = [each["TrainingJobName"] for each in house.trials("tune")]
    for name in names:
        house.facts(name)
    house.call("StopHyperParameterTuningJob", HyperParameterTuningJobName="tune")
    assert house.tuning("tune")["HyperParameterTuningJobStatus"] in ("Stopping", "Stopped")
    assert house.tuned("tune")["HyperParameterTuningJobStatus"] == "Stopped"
    assert [each["TrainingJobStatus"] for each in house.trials("tune")] == ["Stopped"] * 2
    assert [house.job(name)["TrainingJobStatus"] for name in names] == ["Stopped"] * 2
    with pytest.raises(ValidationException, match="tuning job is in status Stopped"):
        house.service.call("StopHyperParameterTuningJob", {"HyperParameterTuningJobName": "tune"})


def test_a_target_that_is_reached_completes_the_job(house: House) -> None:
    house.tune("tune", jobs=50, parallel=1, TuningJobCompletionCriteria={"TargetObjectiveMetricValue": 1.6})
    assert house.tuned("tune")["HyperParameterTuningJobStatus"] == "Completed"
    assert len(house.trials("tune")) < 5


def test_no_improvement_completes_the_job(house: House) -> None:
    criteria = {"BestObjectiveNotImproving": {"MaxNumberOfTrainingJobsNotImproving": 3}}
    ranges = {"CategoricalParameterRanges": [{"Name": "q", "Values": [str(number) for number in range(12)]}]}
    limits = {"MaxParallelTrainingJobs": 1}
    house.tune(
        "tune",
        {"x": 0.3},
        Strategy="Grid",
        ParameterRanges=ranges,
        ResourceLimits=limits,
        TuningJobCompletionCriteria=criteria,
    )
    tuning = house.tuned("tune")
    assert len(house.trials("tune")) == 4, "the first one, and three that are no better"
    assert tuning["TuningJobCompletionDetails"] == {"NumberOfTrainingJobsObjectiveNotImproving": 3}


def test_a_hopeless_training_job_is_stopped_early(house: House) -> None:
    ranges = {"CategoricalParameterRanges": [{"Name": "x", "Values": ["0.3", "0.31", "0.32", "0.9"]}]}
    limits = {"MaxParallelTrainingJobs": 1}
    static = {"epochs": 6, "epoch_s": 0.25, "save_on_sigterm": 1}
    stopping = {"ParameterRanges": ranges, "ResourceLimits": limits, "TrainingJobEarlyStoppingType": "Auto"}
    house.tune("tune", static, Strategy="Grid", **stopping)
    tuning = house.tuned("tune")
    *good, bad = house.trials("tune")
    assert [each["TrainingJobStatus"] for each in good] == ["Completed"] * 3
    assert (bad["TrainingJobStatus"], bad["ObjectiveStatus"]) == ("Stopped", "Succeeded")
    assert tuning["HyperParameterTuningJobStatus"] == "Completed"
    assert tuning["TrainingJobStatusCounters"]["Stopped"] == 1


def test_hyperband_stops_most_and_lets_the_best_go_on(house: House) -> None:
    house.settings["max_parallel_jobs"] = 4
    house.service.close()
    house.start()
    static = {"epochs": 9, "epoch_s": 0.25, "save_on_sigterm": 1}
    house.tune("band", static, Strategy="Hyperband", jobs=8, parallel=4)
    tuning = house.tuned("band")
    stopped = house.trials("band", StatusEquals="Stopped")
    assert tuning["HyperParameterTuningJobStatus"] == "Completed"
    assert len(stopped) >= 3
    best = house.service.training_jobs.metrics(tuning["BestTrainingJob"]["TrainingJobName"])
    assert len(best) >= 8, "the best one came to the end, or was stopped there"


def test_a_warm_start_knows_its_parents(house: House) -> None:
    house.tune("parent", jobs=6, parallel=2, Strategy="Bayesian")
    parent = house.tuned("parent")
    parents = [{"HyperParameterTuningJobName": "parent"}]
    request = house.tuning_request("child", jobs=1, parallel=1, Strategy="Bayesian", RandomSeed=1)
    warm = {"ParentHyperParameterTuningJobs": parents, "WarmStartType": "IdenticalDataAndAlgorithm"}
    house.call("CreateHyperParameterTuningJob", **request, WarmStartConfig=warm)
    child = house.tuned("child")
    overall = min(parent["BestTrainingJob"], child["BestTrainingJob"], key=objective)
    assert child["OverallBestTrainingJob"]["TrainingJobName"] == overall["TrainingJobName"]
    assert child["OverallBestTrainingJob"]["TuningJobName"] in ("parent", "child")
    house.tune("cold", jobs=1, parallel=1, Strategy="Bayesian", RandomSeed=1)
    house.tuned("cold")
    assert house.trials("cold")[0]["TunedHyperParameters"] != house.trials("child")[0]["TunedHyperParameters"]


def test_tuning_jobs_are_listed_and_deleted(house: House) -> None:
    for name in ("tune-1", "tune-2"):
        house.tune(name, jobs=2)
        house.tuned(name)
    listed = house.call("ListHyperParameterTuningJobs")["HyperParameterTuningJobSummaries"]
    assert [each["HyperParameterTuningJobName"] for each in listed] == ["tune-2", "tune-1"]
    assert listed[0]["Strategy"] == "Random"
    by_objective = house.trials("tune-1", SortBy="FinalObjectiveMetricValue", SortOrder="Descending")
    assert objective(by_objective[0]) > objective(by_objective[1])
    page = {"HyperParameterTuningJobName": "tune-1", "SortBy": "FinalObjectiveMetricValue", "MaxResults": 1}
    token = house.call("ListTrainingJobsForHyperParameterTuningJob", **page)["NextToken"]
    assert house.trials("tune-1", **page, NextToken=token) == [by_objective[0]]
    with pytest.raises(ResourceInUse, match="Tuning job names must be unique"):
        house.tune("tune-1")
    house.call("DeleteHyperParameterTuningJob", HyperParameterTuningJobName="tune-1")
    with pytest.raises(ResourceNotFound, match="'tune-1'"):
        house.tuning("tune-1")
    assert house.job(by_objective[0]["TrainingJobName"])["TrainingJobStatus"] == "Completed"
    house.tune("tune-3", {"sleep": 60})
    with pytest.raises(ValidationException, match="stop it before it is deleted"):
        house.service.call("DeleteHyperParameterTuningJob", {"HyperParameterTuningJobName": "tune-3"})
