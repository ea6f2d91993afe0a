"""The Bayesian strategy: Hyperopt's tree of Parzen estimators, asked for one place of the unit cube at a time.

Only the tuner's process imports this module, and only for this strategy: Hyperopt and NumPy take a second and 100 MB.
Hyperopt's own Trials are made anew from ours for each question, so nothing of it is ever stored.
Bergstra et al., Algorithms for Hyper-Parameter Optimization, 2011; https://hyperopt.github.io/hyperopt/
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from orchestration.local.local_sagemaker.ranges import Choice, Range
from orchestration.local.local_sagemaker.trials import Objective, Trial

HYPEROPT = "hyperopt"  # what `tuning_rules.py` looks for; the import rules let this module alone have it
_MIN_STARTUP, _MAX_STARTUP = 5, 20  # random trials before the estimators are asked: a third of all, within these


class Bayesian:
    """Suggests places in the unit cube, given the trials so far."""

    def __init__(
        self, ranges: Sequence[Range], objective: Objective, max_jobs: int, parents: Sequence[Trial] = ()
    ) -> None:
        """Take the ranges in their order, and the trials of parent jobs to begin with."""
        self._ranges = ranges
        self._objective = objective
        self._parents = parents
        self._startup = max(_MIN_STARTUP, min(_MAX_STARTUP, max_jobs // 3))

    def suggest(self, trials: Sequence[Trial], seed: int) -> list[float]:
        """The next place, one share a range; at random until enough trials have ended.

        Raises:
            ImportError: Hyperopt is not installed.
        """
        known = [*self._parents, *trials]
        told = [(number, values, loss) for number, trial in enumerate(known) for values, loss in self._lesson(trial)]
        if len(told) < self._startup:
            generator = random.Random(seed)
            return [generator.random() for _ in self._ranges]
        from hyperopt import base, tpe

        history = base.trials_from_docs([_document(base, *each) for each in told])
        (new,) = tpe.suggest([len(known)], self._domain, history, seed, n_startup_jobs=0, verbose=False)
        return [self._share(each, new["misc"]["vals"][each.name][0]) for each in self._ranges]

    @cached_property
    def _domain(self) -> Any:
        from hyperopt import base, hp

        space = {
            each.name: hp.randint(each.name, len(each.values))
            if isinstance(each, Choice)
            else hp.uniform(each.name, 0, 1)
            for each in self._ranges
        }
        return base.Domain(lambda values: 0.0, space)

    @staticmethod
    def _share(each: Range, value: Any) -> float:
        return (int(value) + 0.5) / len(each.values) if isinstance(each, Choice) else float(value)

    def _lesson(self, trial: Trial) -> Iterator[tuple[dict[str, float], float]]:
        """Place and loss of a trial that has an objective, unless it tells nothing about these ranges."""
        if trial.objective_status != "Succeeded" or trial.objective is None:
            return
        place: dict[str, float] = {}
        for each in self._ranges:
            share = each.share(trial.values.get(each.name, ""))
            if share is None:
                return
            place[each.name] = int(share * len(each.values)) if isinstance(each, Choice) else share
        yield place, self._objective.loss(trial.objective)


def _document(base: Any, number: int, place: dict[str, float], loss: float) -> dict[str, Any]:
    """A trial in Hyperopt's form."""
    return {
        "tid": number,
        "state": base.JOB_STATE_DONE,
        "spec": None,
        "result": {"status": base.STATUS_OK, "loss": loss},
        "misc": {
            "tid": number,
            "cmd": ("domain_attachment", "FMinIter_Domain"),
            "workdir": None,
            "idxs": {name: [number] for name in place},
            "vals": {name: [value] for name, value in place.items()},
        },
        "exp_key": None,
        "owner": None,
        "version": 0,
        "book_time": None,
        "refresh_time": None,
    }
