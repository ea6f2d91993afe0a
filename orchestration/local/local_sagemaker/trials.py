"""What a tuning job has tried: one record a training job, in `trials.json` of the job's folder, written by the tuner.

A trial is written down before its training job is created, so that a tuner that is killed between the two creates it
when it is started again, and none twice. Together with the seed (in request.json) the number of trials is the whole
state of the random generator: the numbers of trial n come from a generator of their own, seeded with both
(`proposals.py`). JSON throughout, no pickle. Times are seconds since the epoch.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from orchestration.local.files import read_json, write_json_atomic
from orchestration.local.local_sagemaker.context import Document, as_datetime
from orchestration.local.local_sagemaker.job_folder import FORMAT_VERSION, TERMINAL

PLANNED = "Planned"  # ours: written down, and its training job perhaps not created yet


@dataclass(frozen=True, slots=True)
class Trial:
    """One training job of a tuning job.

    Attributes:
        number: counts the trials of the tuning job from 1.
        name: of the training job.
        values: the tuned hyperparameters, as text.
        bracket: Hyperband's, see `early_stopping.py`.
        status: TrainingJobStatus, or PLANNED.
        objective: the last value of the objective metric; None while it runs and when there is none.
        series: every value of the objective so far, as far as somebody needs them.
        has_artifact: whether the training job has left its model.
        created_at, started_at, ended_at: of the training job.
        failure_reason: of the training job.
    """

    number: int
    name: str
    values: Mapping[str, str]
    bracket: int = 0
    status: str = PLANNED
    objective: float | None = None
    series: Sequence[float] = field(default=())
    has_artifact: bool = False
    created_at: float | None = None
    started_at: float | None = None
    ended_at: float | None = None
    failure_reason: str | None = None

    @property
    def has_ended(self) -> bool:
        """Whether nothing about it will change any more."""
        return self.status in TERMINAL

    @property
    def objective_status(self) -> str:
        """ObjectiveStatus: a training job that failed has failed, whatever it has printed."""
        if not self.has_ended:
            return "Pending"
        return "Succeeded" if self.objective is not None and self.status != "Failed" else "Failed"


@dataclass(frozen=True, slots=True)
class Objective:
    """What a tuning job looks for: the metric's name, and whether small values are good."""

    metric: str
    kind: str

    def loss(self, value: float) -> float:
        """The value as something to be made small."""
        return value if self.kind == "Minimize" else -value


def read_trials(path: Path) -> list[Trial]:
    """The trials in this file, by number; none when there is no file."""
    document = read_json(path)
    return [] if document is None else trials_from_json(document["trials"])


def trials_from_json(records: Iterable[Mapping[str, Any]]) -> list[Trial]:
    """The trials that `trials_to_json` made records of."""
    return [Trial(**{**record, "series": tuple(record["series"])}) for record in records]


def trials_to_json(trials: Iterable[Trial]) -> list[dict[str, Any]]:
    """As state files keep them."""
    return [{**asdict(trial), "series": list(trial.series)} for trial in trials]


def write_trials(path: Path, trials: Sequence[Trial]) -> None:
    """Replace the trials."""
    write_json_atomic(path, {"version": FORMAT_VERSION, "trials": trials_to_json(trials)})


def best(trials: Iterable[Trial], objective: Objective) -> Trial | None:
    """The trial with the best objective; one without a model, stopped before it saved one, only when none has any."""
    good = [trial for trial in trials if trial.objective_status == "Succeeded"]
    usable = [trial for trial in good if trial.status == "Completed" or trial.has_artifact] or good
    return min(usable, key=lambda trial: objective.loss(trial.objective or 0.0), default=None)


def not_improving(trials: Iterable[Trial], objective: Objective) -> int:
    """How many training jobs in a row, up to now, did not better the best before them by 1 % or more."""
    ended = sorted((each for each in trials if each.has_ended), key=lambda each: (each.ended_at or 0.0, each.number))
    best_loss, count = math.inf, 0
    for trial in ended:
        loss = objective.loss(trial.objective or 0.0) if trial.objective_status == "Succeeded" else math.inf
        enough = best_loss - 0.01 * abs(best_loss) if math.isfinite(best_loss) else best_loss
        count = 0 if loss < enough or (loss == enough and loss < best_loss) else count + 1
        best_loss = min(best_loss, loss)
    return count


def counters(trials: Sequence[Trial]) -> Document:
    """TrainingJobStatusCounters and ObjectiveStatusCounters of what was created so far."""
    created = [trial for trial in trials if trial.status != PLANNED]
    statuses = [trial.status for trial in created]
    objectives = [trial.objective_status for trial in created]
    return {
        "TrainingJobStatusCounters": {
            "Completed": statuses.count("Completed"),
            "InProgress": sum(not trial.has_ended for trial in created),
            "RetryableError": 0,
            "NonRetryableError": statuses.count("Failed"),
            "Stopped": statuses.count("Stopped"),
        },
        "ObjectiveStatusCounters": {status: objectives.count(status) for status in ("Succeeded", "Pending", "Failed")},
    }


def summary(trial: Trial, arn: str, objective: Objective, tuning_job: str | None = None) -> Document:
    """HyperParameterTrainingJobSummary; `arn` is the training job's, `tuning_job` named when it is another one's."""
    described: Document = {
        "TrainingJobName": trial.name,
        "TrainingJobArn": arn,
        "CreationTime": as_datetime(trial.created_at or 0.0),
        "TrainingJobStatus": trial.status,
        "TunedHyperParameters": dict(trial.values),
        "ObjectiveStatus": trial.objective_status,
    }
    if tuning_job is not None:
        described["TuningJobName"] = tuning_job
    if trial.started_at is not None:
        described["TrainingStartTime"] = as_datetime(trial.started_at)
    if trial.ended_at is not None:
        described["TrainingEndTime"] = as_datetime(trial.ended_at)
    if trial.failure_reason is not None:
        described["FailureReason"] = trial.failure_reason
    if trial.objective_status == "Succeeded":
        described["FinalHyperParameterTuningJobObjectiveMetric"] = {
            "Type": objective.kind,
            "MetricName": objective.metric,
            "Value": trial.objective,
        }
    return described


def without_series(trial: Trial) -> Trial:
    """The trial as another tuning job needs it."""
    return replace(trial, series=())
