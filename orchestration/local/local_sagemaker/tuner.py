"""One tuning job from its first to its last status, as a program: `python -m ...tuner JOBDIR`.

It is the job's own process and owns the job's folder: it proposes hyperparameters (`proposals.py`, `bayesian.py`),
creates training jobs, follows them, stops those that are not worth their time (`early_stopping.py`), and keeps what was
tried in `trials.json` (`trials.py`). It needs no engine. Killed, it is started again by `tuning.py` and goes on: what
it was about to create is in that file, and training jobs know the tuning job that they belong to.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from orchestration.local.local_sagemaker.bayesian import Bayesian
from orchestration.local.local_sagemaker.context import Context
from orchestration.local.local_sagemaker.early_stopping import Hyperband, MedianRule
from orchestration.local.local_sagemaker.errors import LocalSageMakerError, ValidationException
from orchestration.local.local_sagemaker.job_folder import JobFolder, JobStatus, Owner
from orchestration.local.local_sagemaker.proposals import Proposer, Values, grid
from orchestration.local.local_sagemaker.supervision import run_program
from orchestration.local.local_sagemaker.training import TrainingJobs
from orchestration.local.local_sagemaker.trials import (
    PLANNED,
    Trial,
    best,
    not_improving,
    read_trials,
    trials_from_json,
    write_trials,
)
from orchestration.local.local_sagemaker.tuning_rules import (
    hyperband_of,
    max_jobs,
    objective_of,
    ranges_of,
    training_request,
)
from orchestration.local.processes import reap, this_process

_POLL_S = 0.1
_HOPELESS_AFTER = 5  # ended training jobs of which none has an objective: the service gives up


class TuningFailed(Exception):
    """The tuning job ends as Failed with this reason."""


class Tuner:
    """The work on one tuning job; the caller holds the job's lock."""

    def __init__(self, job: JobFolder, document: Mapping[str, Any], asked_to_stop: Callable[[], bool]) -> None:
        """Take the job's folder, its request.json, and what says whether this process was told to stop."""
        self._job = job
        self._arn: str = document["arn"]
        self._request: Mapping[str, Any] = document["request"]
        self._config: Mapping[str, Any] = self._request["HyperParameterTuningJobConfig"]
        self._created_at: float = document["created_at"]
        self._asked_to_stop = asked_to_stop
        self._context = Context.from_json(document["launch"])
        self._training = TrainingJobs(self._context, lambda name, status: None)
        self._objective = objective_of(self._request)
        self._ranges = ranges_of(self._request)
        self._max_jobs = max_jobs(self._request, self._ranges)
        self._proposer = self._make_proposer(document)
        self._rule = self._make_rule()
        self._trials = read_trials(job.trials_file)
        self._told_to_stop: set[str] = set()

    def work(self) -> None:
        """Bring the job to its end and write that down.

        Raises:
            Exception: what kept it from that and is no outcome of the job; `supervision.run_program` writes it down.
        """
        status = self._job.read_status() or JobStatus.created(self._created_at)
        if status.is_terminal:
            return
        self._job.write_owner(Owner(this_process()))
        try:
            outcome = self._run()
        except TuningFailed as failure:
            self._stop_all()
            self._job.write_status(status.failed(str(failure)))
        except Exception:
            self._abandon_all()
            raise
        else:
            self._job.write_status(status.moved(outcome, outcome))

    def _run(self) -> str:
        """Returns the status that the job ends with."""
        while True:
            self._look()
            outcome = self._outcome()
            if outcome is not None:
                self._stop_all()
                return outcome
            self._stop_early()
            self._create_more()
            if len(self._trials) >= self._max_jobs and not self._running():
                self._give_up_if_hopeless(at_the_end=True)
                return "Completed"
            time.sleep(_POLL_S)

    def _outcome(self) -> str | None:
        """Stopped when somebody asked, Completed when a completion criterion holds."""
        if self._asked_to_stop() or self._job.stop_file.exists():
            return "Stopped"
        self._give_up_if_hopeless()
        criteria = self._config.get("TuningJobCompletionCriteria", {})
        target, found = criteria.get("TargetObjectiveMetricValue"), best(self._trials, self._objective)
        patience = criteria.get("BestObjectiveNotImproving", {}).get("MaxNumberOfTrainingJobsNotImproving")
        runtime_s = self._config["ResourceLimits"].get("MaxRuntimeInSeconds")
        holds = (
            (runtime_s is not None and time.time() - self._created_at >= runtime_s)
            or (patience is not None and not_improving(self._trials, self._objective) >= patience)
            or (target is not None and found is not None and self._reaches(found, target))
        )
        return "Completed" if holds else None

    def _reaches(self, trial: Trial, target: float) -> bool:
        return trial.objective is not None and self._objective.loss(trial.objective) <= self._objective.loss(target)

    def _give_up_if_hopeless(self, at_the_end: bool = False) -> None:
        ended = [trial for trial in self._trials if trial.has_ended]
        if len(ended) < (1 if at_the_end else _HOPELESS_AFTER):
            return
        if any(trial.objective_status == "Succeeded" for trial in ended):
            return
        if all(trial.status == "Failed" for trial in ended):
            raise TuningFailed(
                "All training jobs failed. Please take a look at the training jobs failures to get more details. "
                f"The first: {ended[0].name}: {ended[0].failure_reason}"
            )
        raise TuningFailed(
            f"No objective metrics found after running {len(ended)} training jobs. Please ensure that the custom "
            "algorithm is emitting the objective metric as defined by the regular expression provided."
        )

    def _look(self) -> None:
        """Bring the trials up to date with their training jobs."""
        reap()
        looked = [self._looked_at(trial) for trial in self._trials]
        if looked != self._trials:
            self._keep(looked)

    def _looked_at(self, trial: Trial) -> Trial:
        if trial.has_ended or trial.status == PLANNED:
            return trial
        status = self._training.settled_status(trial.name)
        final = {metric.name: metric.value for metric in status.metrics}
        series = trial.series if self._rule is None else self._series(trial.name)
        return replace(
            trial,
            status=status.status,
            objective=final.get(self._objective.metric),
            series=series,
            has_artifact=status.is_terminal and self._has_artifact(trial.name),
            started_at=status.training_started_at,
            ended_at=status.ended_at,
            failure_reason=status.failure_reason,
        )

    def _series(self, name: str) -> tuple[float, ...]:
        return tuple(each.value for each in self._training.metrics(name) if each.name == self._objective.metric)

    def _has_artifact(self, name: str) -> bool:
        output = self._request["TrainingJobDefinition"]["OutputDataConfig"]["S3OutputPath"].rstrip("/")
        return self._context.objects.exists(f"{output}/{name}/output/model.tar.gz")

    def _stop_early(self) -> None:
        for trial in self._running():
            if self._rule is not None and self._rule.should_stop(trial, self._trials):
                self._stop(trial)

    def _create_more(self) -> None:
        for trial in [trial for trial in self._trials if trial.status == PLANNED]:
            self._begin(trial)
        parallel: int = self._config["ResourceLimits"]["MaxParallelTrainingJobs"]
        while len(self._trials) < self._max_jobs and len(self._running()) < parallel:
            values = self._next_values()
            number = len(self._trials) + 1
            bracket = self._rule.bracket(number) if isinstance(self._rule, Hyperband) else 0
            trial = Trial(number, self._name(number), values, bracket)
            self._keep([*self._trials, trial])
            self._begin(trial)

    def _name(self, number: int) -> str:
        """As the service names them; at most 32 + 14 characters."""
        return f"{self._job.name}-{number:03d}-{os.urandom(4).hex()}"

    def _next_values(self) -> Values:
        if self._proposer is None:
            return grid(self._ranges, self._trials)
        try:
            return self._proposer.propose(self._trials)
        except ImportError as error:
            raise TuningFailed(f"InternalServerError: the strategy Bayesian needs hyperopt: {error}") from error

    def _begin(self, trial: Trial) -> None:
        """Create the trial's training job, unless a tuner before us did."""
        try:
            if self._owner(trial.name) is None:
                request = training_request(self._request, trial.name, trial.values)
                self._training.create(request, tuning_job_arn=self._arn)
            created_at = self._training.created_at(trial.name)
        except LocalSageMakerError as error:
            raise TuningFailed(f"ClientError: {trial.name} could not be created: {error.message}") from error
        begun = replace(trial, status="InProgress", created_at=created_at)
        self._keep([begun if each.number == trial.number else each for each in self._trials])

    def _owner(self, name: str) -> str | None:
        """Our ARN when there is such a training job and it is ours; None when there is none."""
        try:
            owner = self._training.tuning_job_arn(name)
        except ValidationException:
            return None
        if owner != self._arn:
            raise TuningFailed(f"ClientError: the training job {name} belongs to somebody else: {owner}")
        return owner

    def _stop_all(self) -> None:
        """Stop what runs and wait for its end. What was never created does not count any more."""
        for trial in [trial for trial in self._trials if trial.status == PLANNED]:
            if self._owner(trial.name) is None:
                self._keep([each for each in self._trials if each.number != trial.number])
            else:
                self._begin(trial)
        self._ask_all_to_stop()
        while self._running():
            time.sleep(_POLL_S)
            self._look()

    def _abandon_all(self) -> None:
        """Ask what runs to stop, as far as that can be done: something unforeseen has happened."""
        for trial in self._running():
            try:
                self._stop(trial)
            except Exception:
                sys.stderr.write(f"{trial.name} could not be stopped\n{traceback.format_exc()}")

    def _ask_all_to_stop(self) -> None:
        for trial in self._running():
            self._stop(trial)

    def _stop(self, trial: Trial) -> None:
        if trial.name in self._told_to_stop:
            return
        self._told_to_stop.add(trial.name)
        try:
            self._training.stop(trial.name)
        except ValidationException:
            return  # it has ended meanwhile

    def _running(self) -> list[Trial]:
        return [trial for trial in self._trials if trial.status != PLANNED and not trial.has_ended]

    def _keep(self, trials: list[Trial]) -> None:
        self._trials = trials
        write_trials(self._job.trials_file, trials)

    def _make_proposer(self, document: Mapping[str, Any]) -> Proposer | None:
        """None for a grid, which proposes by itself."""
        strategy = self._config["Strategy"]
        if strategy == "Grid":
            return None
        if strategy != "Bayesian":
            return Proposer(self._ranges, document["seed"])
        parents = trials_from_json(each["trial"] for each in document["parents"])
        bayesian = Bayesian(self._ranges, self._objective, self._max_jobs, parents)
        return Proposer(self._ranges, document["seed"], bayesian.suggest)

    def _make_rule(self) -> MedianRule | Hyperband | None:
        if self._config["Strategy"] == "Hyperband":
            return hyperband_of(self._request)
        is_auto = self._config.get("TrainingJobEarlyStoppingType", "Off") == "Auto"
        return MedianRule(self._objective) if is_auto else None


def _work(job: JobFolder, document: Mapping[str, Any], asked_to_stop: Callable[[], bool]) -> None:
    Tuner(job, document, asked_to_stop).work()


def main(argv: Sequence[str]) -> int:
    """Work on the tuning job in the folder that the arguments name; see `supervision.run_program`."""
    return run_program(argv, "tuning job", _work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
