"""The trials of a search as plain values: kept as JSON, and compared for pruning.

Standard library only. A search that is resumed from the file proposes what it would have proposed: the generator's
state is the seed, which is part of the mark, and the number of trials.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

from models.keras_net.space import Choice

FORMAT = "sagebuild-keras-search/1"
# Before so many earlier curves, a median says little; and the first epoch says little about the last.
MIN_CURVES = 5
MIN_EPOCH = 2


@dataclass(frozen=True)
class Trial:
    """One network tried.

    vals: Hyperopt's indices and values, from which it goes on; choices: what they mean. loss: the least so far of what
    is minimised, None when the trial failed, and then error says why. curve: the least so far after each epoch.
    """

    number: int
    vals: Mapping[str, int | float]
    choices: Mapping[str, Choice]
    loss: float | None
    curve: Sequence[float] = field(default=())
    pruned: bool = False
    error: str = ""
    cpu_s: float = 0.0

    @property
    def is_complete(self) -> bool:
        """Whether it ran to its end."""
        return self.loss is not None and not self.pruned


@dataclass
class Notebook:
    """What a search has found so far. mark: which search it is."""

    mark: str
    trials: list[Trial] = field(default_factory=list)

    def save(self, path: Path) -> None:
        """Replaces the file. Raises OSError."""
        document = {
            "format": FORMAT,
            "mark": self.mark,
            "trials": [asdict(trial) for trial in self.trials],
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".partial-{path.name}")
        partial.write_text(json.dumps(document, allow_nan=False), encoding="utf-8")
        partial.replace(path)

    @staticmethod
    def load(path: Path, mark: str) -> Notebook:
        """The notebook of the search with that mark; an empty one when there is none, or the file is another's."""
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            if document["format"] == FORMAT and document["mark"] == mark:
                trials = [Trial(**{**entry, "curve": tuple(entry["curve"])}) for entry in document["trials"]]
                return Notebook(mark, trials)
        except (OSError, ValueError, KeyError, TypeError):
            return Notebook(mark)
        return Notebook(mark)

    def best(self, count: int) -> list[Trial]:
        """The best complete trials, the best first, none with the same choices as another."""
        ranked = sorted((trial for trial in self.trials if trial.is_complete), key=lambda trial: trial.loss or 0.0)
        found: list[Trial] = []
        for trial in ranked:
            if all(dict(trial.choices) != dict(other.choices) for other in found):
                found.append(trial)
        return found[:count]


def should_prune(curve: Sequence[float], earlier: Sequence[Trial]) -> bool:
    """Whether a trial is worse after its latest epoch than the median of earlier trials was after the same one.

    curve: the least so far after each epoch of the trial.
    """
    epoch = len(curve)
    others = [trial.curve[epoch - 1] for trial in earlier if len(trial.curve) >= epoch]
    return epoch >= MIN_EPOCH and len(others) >= MIN_CURVES and curve[-1] > median(others)
