"""The parts of tuning by themselves: what is refused, ranges and their scales, proposals, early stopping, the best."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.local.local_sagemaker.bayesian import Bayesian
from orchestration.local.local_sagemaker.early_stopping import Hyperband, MedianRule
from orchestration.local.local_sagemaker.errors import ResourceLimitExceeded, ValidationException
from orchestration.local.local_sagemaker.proposals import Proposer
from orchestration.local.local_sagemaker.ranges import Choice, Numbers, parse_ranges
from orchestration.local.local_sagemaker.trials import Objective, Trial, best, not_improving
from tests.orchestration.local.local_sagemaker.house import BUCKET, House
from tests.orchestration.local.local_sagemaker.test_validation import changed

CONFIG = "HyperParameterTuningJobConfig"
LIMITS = f"{CONFIG}.ResourceLimits"
CONTINUOUS = f"{CONFIG}.ParameterRanges.ContinuousParameterRanges"
INTEGER = f"{CONFIG}.ParameterRanges.IntegerParameterRanges"
CATEGORICAL = f"{CONFIG}.ParameterRanges.CategoricalParameterRanges"
DEFINITION = "TrainingJobDefinition"
RMSE = Objective("validation:RMSE", "Minimize")

REFUSED: list[tuple[str, Any, str]] = [
    ("HyperParameterTuningJobName", "x" * 33, "length less than or equal to 32"),
    (f"{CONFIG}.Strategy", "Genetic", r"enum value set: \[Bayesian"),
    (DEFINITION, ..., "TrainingJobDefinition is needed"),
    (f"{CONFIG}.HyperParameterTuningJobObjective", ..., "HyperParameterTuningJobObjective is needed"),
    (
        f"{CONFIG}.HyperParameterTuningJobObjective.MetricName",
        "loss",
        "Provide a metric in the metric definitions.*'loss'",
    ),
    (f"{DEFINITION}.AlgorithmSpecification.MetricDefinitions", ..., "A metric is required.*defined are: none"),
    (f"{CONFIG}.ParameterRanges", ..., "expected 1 to 30 hyperparameters, got 0"),
    (f"{CONTINUOUS}.0.MinValue", "1", "'x': MinValue must be less than MaxValue; they are 1 and 1"),
    (f"{CONTINUOUS}.0.MaxValue", "many", "'x': MaxValue must be a number; it is 'many'"),
    (f"{CONTINUOUS}.0.MaxValue", "nan", "MaxValue must be a number"),
    (INTEGER, [{"Name": "q", "MinValue": "1.5", "MaxValue": "3"}], "'q': MinValue must be an integer"),
    (f"{CONTINUOUS}.0.ScalingType", "Logarithmic", "Logarithmic scaling needs values greater than 0; MinValue is 0"),
    (f"{CONTINUOUS}.0.ScalingType", "ReverseLogarithmic", "within 0 <= x < 1; this goes from 0 to 1"),
    (INTEGER, [{"Name": "x", "MinValue": "1", "MaxValue": "3"}], "'x' has more than one range"),
    (CATEGORICAL, [{"Name": "c", "Values": ["a", "a"]}], "'c' has a value twice"),
    (CATEGORICAL, [{"Name": "c", "Values": [str(n) for n in range(31)]}], "length less than or equal to 30"),
    (CATEGORICAL, [{"Name": f"c{n}", "Values": ["a"]} for n in range(30)], "expected 1 to 30 hyperparameters, got 31"),
    (f"{DEFINITION}.StaticHyperParameters.x", "1", "either static or has a range; both are: x"),
    (f"{DEFINITION}.StaticHyperParameters", {f"s{n}": "1" for n in range(100)}, "fewer than 100 hyperparameters"),
    (f"{LIMITS}.MaxParallelTrainingJobs", 5, "MaxParallelTrainingJobs must not be more .* they are 5 and 4"),
    (f"{LIMITS}.MaxParallelTrainingJobs", 0, "greater than or equal to 1"),
    (f"{LIMITS}.MaxNumberOfTrainingJobs", ..., "MaxNumberOfTrainingJobs is needed by the strategy Random"),
    (f"{CONFIG}.Strategy", "Grid", "Grid searches categorical ranges only"),
    (f"{CONFIG}.Strategy", "Hyperband", "Hyperband needs HyperbandStrategyConfig.MaxResource"),
    (f"{CONFIG}.StrategyConfig", {"HyperbandStrategyConfig": {"MaxResource": 9}}, "belongs to the strategy Hyperband"),
    ("Autotune", {"Mode": "Enabled"}, "Autotune is not supported locally"),
    (f"{DEFINITION}.OutputDataConfig.S3OutputPath", "s3://absent/x", "bucket 'absent'"),
    (f"{DEFINITION}.InputDataConfig.0.DataSource.S3DataSource.S3Uri", f"s3://{BUCKET}/none", "No S3 objects"),
    (f"{DEFINITION}.AlgorithmSpecification.TrainingImage", "repo/other:1", "'repo/other:1' is not known"),
]


@pytest.mark.parametrize(("path", "value", "message"), REFUSED)
def test_a_bad_tuning_job_is_refused_by_the_members_name(house: House, path: str, value: Any, message: str) -> None:
    with pytest.raises(ValidationException, match=message):
        house.service.call("CreateHyperParameterTuningJob", changed(house.tuning_request("tune"), path, value))
    assert house.call("ListHyperParameterTuningJobs")["HyperParameterTuningJobSummaries"] == []


def test_fewer_combinations_than_jobs_are_refused(house: House) -> None:
    ranges = {"IntegerParameterRanges": [{"Name": "q", "MinValue": "1", "MaxValue": "3"}]}
    with pytest.raises(ValidationException, match=r"enough combinations .* \[3\] must be equal .*, \[4\]"):
        house.tune("tune", ParameterRanges=ranges)


def test_too_many_jobs_are_a_limit(house: House) -> None:
    with pytest.raises(ResourceLimitExceeded, match="at most 750 training jobs; the request has 751"):
        house.tune("tune", jobs=751)
    with pytest.raises(ResourceLimitExceeded, match="at most 100 parallel"):
        house.tune("tune", jobs=750, parallel=101)


def test_a_strategy_says_what_it_needs(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationException, match="must be Off for the strategy Hyperband"):
        house.tune("tune", {"epochs": 9}, Strategy="Hyperband", TrainingJobEarlyStoppingType="Auto")
    ranges = {"CategoricalParameterRanges": [{"Name": "c", "Values": ["a", "b"]}]}
    with pytest.raises(ValidationException, match="A grid runs each of its 2 combinations; MaxNumberOf.* is 4"):
        house.tune("tune", Strategy="Grid", ParameterRanges=ranges)
    monkeypatch.setattr("orchestration.local.local_sagemaker.tuning_rules.find_spec", lambda name: None)
    with pytest.raises(ValidationException, match="needs the package hyperopt locally"):
        house.tune("tune", Strategy="Bayesian")


@pytest.mark.parametrize(
    ("name", "kind", "path", "value", "message"),
    [
        ("none", "TransferLearning", "HyperParameterTuningJobName", "t", "there is no tuning job 'none'"),
        ("running", "TransferLearning", "HyperParameterTuningJobName", "t", "running has not ended; it is InProgress"),
        ("parent", "IdenticalDataAndAlgorithm", f"{DEFINITION}.StaticHyperParameters.q", "1", "number of static and"),
        (
            "parent",
            "IdenticalDataAndAlgorithm",
            f"{CONFIG}.HyperParameterTuningJobObjective.Type",
            "Maximize",
            "the objective must be the same as in parent",
        ),
    ],
)
def test_a_warm_start_from_what_does_not_fit_is_refused(
    house: House, name: str, kind: str, path: str, value: str, message: str
) -> None:
    house.tune("parent", jobs=1, parallel=1)
    house.tune("running", {"sleep": 60}, jobs=1, parallel=1)
    house.tuned("parent")
    warm = {"ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": name}], "WarmStartType": kind}
    request = {**changed(house.tuning_request("child"), path, value), "WarmStartConfig": warm}
    with pytest.raises(ValidationException, match=message):
        house.service.call("CreateHyperParameterTuningJob", request)


def number_range(kind: str, low: str, high: str, scale: str) -> Numbers:
    (found,) = parse_ranges({kind: [{"Name": "p", "MinValue": low, "MaxValue": high, "ScalingType": scale}]})
    assert isinstance(found, Numbers)
    return found


RANGES = [
    number_range("ContinuousParameterRanges", "-2", "3", "Linear"),
    number_range("ContinuousParameterRanges", "1e-6", "10", "Logarithmic"),
    number_range("ContinuousParameterRanges", "0", "0.9999", "ReverseLogarithmic"),
    number_range("IntegerParameterRanges", "0", "4", "Linear"),
    number_range("IntegerParameterRanges", "1", "1000", "Logarithmic"),
    Choice("p", ("a", "b", "c")),
]


@pytest.mark.parametrize("each", RANGES)
@given(share=st.floats(0, 1))
def test_a_place_has_a_value_within_the_range_and_is_found_again(each: Numbers | Choice, share: float) -> None:
    text = each.value(share)
    if isinstance(each, Numbers):
        assert each.low <= float(text) <= each.high
    place = each.share(text)
    assert place is not None
    assert each.value(place) == text or abs(float(each.value(place)) - float(text)) < 1e-9
    assert each.share("nothing") is None


def test_scales_are_what_they_are_called() -> None:
    log = number_range("ContinuousParameterRanges", "0.001", "10", "Logarithmic")
    assert float(log.value(0.5)) == pytest.approx(0.1)
    reverse = number_range("ContinuousParameterRanges", "0", "0.99", "ReverseLogarithmic")
    assert float(reverse.value(0.5)) == pytest.approx(0.9)
    whole = number_range("IntegerParameterRanges", "1", "3", "Linear")
    assert [whole.value(share) for share in (0.0, 0.33, 0.34, 0.66, 0.67, 1.0)] == ["1", "1", "2", "2", "3", "3"]
    assert number_range("ContinuousParameterRanges", "0.001", "10", "Auto").scale == "Logarithmic"
    assert number_range("ContinuousParameterRanges", "1", "10", "Auto").scale == "Linear"
    assert number_range("ContinuousParameterRanges", "0", "1000", "Auto").scale == "Linear"


def ended(number: int, values: dict[str, str], objective: float, **changes: Any) -> Trial:
    known: dict[str, Any] = {"status": "Completed", "objective": objective, "ended_at": float(number), **changes}
    return Trial(number, f"t-{number}", values, **known)


@pytest.mark.parametrize("is_bayesian", [False, True])
def test_no_combination_is_proposed_twice_and_all_are_found(is_bayesian: bool) -> None:
    ranges = [Choice("c", ("a", "b", "c")), number_range("IntegerParameterRanges", "1", "4", "Auto")]
    suggest = Bayesian(ranges, RMSE, max_jobs=12).suggest if is_bayesian else None
    proposer = Proposer(ranges, 3, suggest)
    trials: list[Trial] = []
    for number in range(1, 13):
        values = proposer.propose(trials)
        trials.append(ended(number, values, float(values["p"])))
    assert Counter((trial.values["c"], trial.values["p"]) for trial in trials).most_common(1)[0][1] == 1


def test_random_values_spread_over_the_range() -> None:
    proposer = Proposer([RANGES[0]], seed=1)
    trials: list[Trial] = []
    for number in range(1, 201):
        trials.append(ended(number, proposer.propose(trials), 0.0))
    quarters = Counter(int((float(trial.values["p"]) + 2) / 1.2500001) for trial in trials)
    assert min(quarters[quarter] for quarter in range(4)) >= 30


def test_trials_of_other_ranges_teach_nothing() -> None:
    """A parent of a warm start may have searched elsewhere."""
    ranges = [number_range("ContinuousParameterRanges", "0", "1", "Linear")]
    parents = [ended(number, {"p": "7.5"}, 0.0) for number in range(30)]
    assert Bayesian(ranges, RMSE, 30, parents).suggest([], 5) == Bayesian(ranges, RMSE, 30).suggest([], 5)


def test_the_median_rule_waits_for_three_and_spares_the_good() -> None:
    rule = MedianRule(RMSE)
    done = [ended(number, {}, 1.0, series=(3.0, 2.0, 1.0)) for number in (1, 2, 3)]
    bad, good = (Trial(9, "t", {}, status="InProgress", series=series) for series in ((3.0, 2.6), (3.0, 2.4)))
    assert rule.should_stop(bad, done)
    assert not rule.should_stop(good, done)
    assert not rule.should_stop(bad, done[:2])
    assert not rule.should_stop(Trial(9, "t", {}, status="InProgress"), done)
    up = MedianRule(Objective("accuracy", "Maximize"))
    assert up.should_stop(good, [ended(number, {}, 9.0, series=(8.0, 9.0)) for number in (1, 2, 3)])


def test_hyperband_judges_at_its_rungs_and_stops_all_at_the_top() -> None:
    band = Hyperband(RMSE, 1, 27)
    assert [band.rungs(bracket) for bracket in range(4)] == [[1, 3, 9], [3, 9], [9], []]
    assert Counter(band.bracket(number) for number in range(1, 41)) == {0: 27, 1: 9, 2: 3, 3: 1}
    running = [Trial(n, f"t-{n}", {}, status="InProgress", series=(float(n),)) for n in range(1, 7)]
    assert [trial.number for trial in running if not band.should_stop(trial, running)] == [1, 2]
    assert not band.should_stop(running[5], running[4:]), "of two, none is the worst third"
    assert band.should_stop(Trial(9, "t", {}, bracket=3, status="InProgress", series=(1.0,) * 27), running)


def test_the_best_has_a_model_when_any_has() -> None:
    stopped, kept, failed = (
        ended(1, {}, 0.1, status="Stopped"),
        ended(2, {}, 0.2, status="Stopped", has_artifact=True),
        ended(3, {}, 0.0, status="Failed"),
    )
    completed = ended(4, {}, 0.3)
    assert best([stopped, kept, failed, completed], RMSE) == kept
    assert best([stopped, failed], RMSE) == stopped
    assert best([failed], RMSE) is None
    assert best([kept, completed], Objective("accuracy", "Maximize")) == completed


def test_less_than_a_hundredth_is_no_improvement() -> None:
    def count(*objectives: float) -> int:
        return not_improving([ended(number, {}, value) for number, value in enumerate(objectives)], RMSE)

    assert count() == 0
    assert count(1.0, 0.98) == 0
    assert count(1.0, 0.995, 0.999) == 2
    assert count(0.0, 0.0) == 1
