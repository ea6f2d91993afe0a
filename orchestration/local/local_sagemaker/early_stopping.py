"""When a training job of a tuning job is stopped before its end: the median rule, and Hyperband.

Both look at the objective's values as the training program prints them, one a unit of resource (an epoch). The median
rule: https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-early-stopping.html. Hyperband is the
asynchronous form, in which a job that is not among the best third of those that came as far is stopped there and then:
Li et al., A System for Massively Parallel Hyperparameter Tuning, 2020.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from orchestration.local.local_sagemaker.trials import Objective, Trial

_MIN_COMPLETED = 3  # the median of fewer says nothing
_REDUCTION = 3  # Hyperband's eta


class MedianRule:
    """Stops a job whose value is worse than the median of the others' running averages up to the same epoch."""

    def __init__(self, objective: Objective) -> None:
        self._objective = objective

    def should_stop(self, trial: Trial, trials: Sequence[Trial]) -> bool:
        """Whether the trial, which runs, is to be stopped now; `trials` are all of the tuning job."""
        epoch = len(trial.series)
        others = [
            each.series[:epoch]
            for each in trials
            if each.status == "Completed" and each.number != trial.number and len(each.series) >= epoch
        ]
        if epoch == 0 or len(others) < _MIN_COMPLETED:
            return False
        averages = [statistics.fmean(map(self._objective.loss, series)) for series in others]
        return self._objective.loss(trial.series[-1]) > statistics.median(averages)


@dataclass(frozen=True, slots=True)
class Hyperband:
    """Stops a job at the rungs of its bracket unless it is among the best third there, and all at the top.

    Attributes:
        objective: of the tuning job.
        min_resource, max_resource: in values of the objective.
    """

    objective: Objective
    min_resource: int
    max_resource: int

    def rungs(self, bracket: int) -> list[int]:
        """After how many values a job of this bracket is judged; a higher bracket begins to judge later."""
        found, rung = [], self.min_resource * _REDUCTION**bracket
        while rung < self.max_resource:
            found.append(rung)
            rung *= _REDUCTION
        return found

    def bracket(self, number: int) -> int:
        """The bracket of the trial of this number: in turn, the bold ones as often as Hyperband has jobs in them."""
        sizes = [_REDUCTION**exponent for exponent in range(len(self.rungs(0)), -1, -1)]
        turn = (number - 1) % sum(sizes)
        for bracket, size in enumerate(sizes):
            if turn < size:
                return bracket
            turn -= size
        raise RuntimeError(f"no bracket has room for trial {number}")

    def should_stop(self, trial: Trial, trials: Sequence[Trial]) -> bool:
        """Whether the trial, which runs, is to be stopped now; `trials` are all of the tuning job."""
        come = len(trial.series)
        if come >= self.max_resource:
            return True
        reached = [rung for rung in self.rungs(trial.bracket) if rung <= come]
        return bool(reached) and not self._is_good(trial, trials, reached[-1])

    def _is_good(self, trial: Trial, trials: Sequence[Trial], rung: int) -> bool:
        losses = sorted(
            self.objective.loss(each.series[rung - 1])
            for each in trials
            if each.bracket == trial.bracket and len(each.series) >= rung
        )
        # Of fewer than three, none is among the best third: nobody is stopped for being the first to come there.
        kept = max(1, len(losses) // _REDUCTION)
        return len(losses) < _REDUCTION or self.objective.loss(trial.series[rung - 1]) <= losses[kept - 1]
