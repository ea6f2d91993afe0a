"""When training stops and when the learning rate falls, epoch by epoch. Standard library only.

As Keras's EarlyStopping and ReduceLROnPlateau do it, with one state that goes into a checkpoint.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field

LR_FACTOR = 0.5
MIN_LR = 1e-7


@dataclass
class Patience:
    """stop_after and reduce_after: epochs without improvement, 0 for never. maximise: more is better."""

    stop_after: int
    reduce_after: int
    maximise: bool
    learning_rate: float
    best: float = field(default=math.inf)
    best_epoch: int = 0
    last_change: int = 0

    def improved(self, epoch: int, value: float) -> bool:
        """Takes the value of an epoch (counted from 1); whether it is the best so far."""
        loss = -value if self.maximise else value
        if not loss < self.best:
            return False
        self.best, self.best_epoch, self.last_change = loss, epoch, epoch
        return True

    def reduces(self, epoch: int) -> bool:
        """Whether the learning rate falls after this epoch; it then has."""
        if not self.reduce_after or epoch - self.last_change < self.reduce_after or self.learning_rate <= MIN_LR:
            return False
        self.learning_rate, self.last_change = max(MIN_LR, self.learning_rate * LR_FACTOR), epoch
        return True

    def stops(self, epoch: int) -> bool:
        """Whether training ends after this epoch."""
        return bool(self.stop_after) and epoch - self.best_epoch >= self.stop_after

    def to_json(self) -> dict[str, object]:
        """Plain values; the best value of no epoch is None."""
        return {**asdict(self), "best": self.best if math.isfinite(self.best) else None}

    @staticmethod
    def from_json(document: dict[str, object]) -> Patience:
        """What `to_json` gave. Raises TypeError or ValueError for anything else."""
        given: dict[str, object] = {**document, "best": math.inf if document["best"] is None else document["best"]}
        return Patience(**given)  # type: ignore[arg-type]  # the checkpoint's own, checked by its fingerprint
