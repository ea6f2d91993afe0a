"""What a tuning job tries next: Random, Grid, Hyperband (random too) and, with `bayesian.py`, Bayesian.

A proposal depends on the seed, the trial's number and, if Bayesian, on the trials that have ended: so a tuner that is
started again goes on as the one before would have. No combination is proposed twice; the rules refuse a tuning job that
has fewer combinations than jobs. https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-how-it-works.html
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from orchestration.local.local_sagemaker.ranges import Choice, Range
from orchestration.local.local_sagemaker.trials import Trial

_ATTEMPTS = 200  # draws before the combinations that are left are counted out
_MAX_COUNTED = 100_000

Values = dict[str, str]
Suggest = Callable[[Sequence[Trial], int], Sequence[float]]  # trials so far and a seed -> a place in the unit cube
_Key = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Proposer:
    """Where the values of the next trial come from.

    Attributes:
        ranges: by name.
        seed: of the tuning job.
        suggest: makes a place in the unit cube of a seed and the trials so far; None: at random.
    """

    ranges: Sequence[Range]
    seed: int
    suggest: Suggest | None = None

    def propose(self, trials: Sequence[Trial]) -> Values:
        """The values of the trial after these."""
        tried = {_key(trial.values) for trial in trials}
        # Text as a seed: Python hashes it by SHA-512, the same on every machine.
        generator = random.Random(f"{self.seed}:{len(trials) + 1}")
        for _ in range(_ATTEMPTS):
            values = self._draw(trials, generator)
            if _key(values) not in tried:
                return values
        return self._untried(tried, generator) or values

    def _draw(self, trials: Sequence[Trial], generator: random.Random) -> Values:
        if self.suggest is None:
            place: Sequence[float] = [generator.random() for _ in self.ranges]
        else:
            place = self.suggest(trials, generator.randrange(2**31 - 1))
        return {each.name: each.value(share) for each, share in zip(self.ranges, place, strict=True)}

    def _untried(self, tried: set[_Key], generator: random.Random) -> Values | None:
        """Any combination that is left of a few."""
        if combinations(self.ranges) > _MAX_COUNTED:
            return None
        names = [each.name for each in self.ranges]
        every = [dict(zip(names, row, strict=True)) for row in itertools.product(*map(_all_values, self.ranges))]
        left = [values for values in every if _key(values) not in tried]
        return generator.choice(left) if left else None


def grid(ranges: Sequence[Range], trials: Sequence[Trial]) -> Values:
    """The combination after these trials, in the order of the request's values."""
    rows = itertools.product(*map(_all_values, ranges))
    row = next(itertools.islice(rows, len(trials), None))
    return dict(zip([each.name for each in ranges], row, strict=True))


def combinations(ranges: Sequence[Range]) -> float:
    """How many combinations there are; infinite with a continuous range."""
    return math.prod(each.size for each in ranges)


def _key(values: Mapping[str, str]) -> _Key:
    return tuple(sorted(values.items()))


def _all_values(each: Range) -> Sequence[str]:
    if isinstance(each, Choice):
        return each.values
    return [str(number) for number in range(int(each.low), int(each.high) + 1)]
