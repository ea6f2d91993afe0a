"""What is predicted: a number on a scale that suits the network, or a class. NumPy only.

Fitted on training rows by fitting.py, kept as JSON beside the inputs' preparation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.keras_net.errors import BadArtifact
from models.keras_net.preparation import Float32

Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class NumberTarget:
    """The network learns (y - offset) / scale, y in the target's unit."""

    name: str
    offset: float
    scale: float

    @property
    def outputs(self) -> int:
        """K, the width of the network's output."""
        return 1

    def encode(self, y: Float64) -> Float32:
        """What the network learns, (N, 1), of values (N,) in the target's unit."""
        return ((y - self.offset) / self.scale).astype(np.float32)[:, None]

    def decode(self, outputs: Float32) -> Float64:
        """Values (S,) in the target's unit, of outputs (S, 1)."""
        return outputs[:, 0].astype(np.float64) * self.scale + self.offset

    def to_json(self) -> dict[str, object]:
        """Plain values, for preprocess.json."""
        return {"kind": "number", "name": self.name, "offset": self.offset, "scale": self.scale}


@dataclass(frozen=True)
class ClassTarget:
    """Two classes are one output, the probability of the second; more are an output each."""

    name: str
    classes: tuple[str, ...]

    @property
    def outputs(self) -> int:
        """K, the width of the network's output."""
        return 1 if len(self.classes) == 2 else len(self.classes)

    def encode(self, positions: Float64) -> Float32:
        """What the network learns, (N, K), of positions (N,) in `classes`."""
        if self.outputs == 1:
            return positions.astype(np.float32)[:, None]
        return np.eye(len(self.classes), dtype=np.float32)[positions.astype(np.intp)]

    def decode(self, outputs: Float32) -> Float64:
        """Probabilities (S, C), each row of sum 1, of outputs (S, K)."""
        probabilities = outputs.astype(np.float64)
        if self.outputs == 1:
            return np.concatenate([1.0 - probabilities, probabilities], axis=1)
        # The network's sums are 1 to single precision; to those who add them up here they are exact.
        total: Float64 = probabilities.sum(axis=1, keepdims=True)
        return probabilities / total

    def number_of(self, position: int) -> float:
        """A class as a number: itself where classes are numbers, else its position. For those who take numbers only."""
        try:
            return float(self.classes[position])
        except ValueError:
            return float(position)

    def to_json(self) -> dict[str, object]:
        """Plain values, for preprocess.json."""
        return {"kind": "class", "name": self.name, "classes": list(self.classes)}


Target = NumberTarget | ClassTarget


def target_from_json(document: object) -> Target:
    """The target that `to_json` wrote. Raises BadArtifact for anything else."""
    try:
        if isinstance(document, dict) and document["kind"] == "number":
            offset, scale = float(document["offset"]), float(document["scale"])
            if not (math.isfinite(offset) and math.isfinite(scale) and scale > 0):
                raise ValueError("its scaling is not finite")
            return NumberTarget(str(document["name"]), offset, scale)
        if isinstance(document, dict) and document["kind"] == "class":
            classes: Sequence[object] = document["classes"]
            if len(classes) < 2:
                raise ValueError("it has fewer than two classes")
            return ClassTarget(str(document["name"]), tuple(str(each) for each in classes))
    except (KeyError, TypeError, ValueError) as error:
        raise BadArtifact(f"The target's preparation is damaged: {error}.") from None
    raise BadArtifact("The target's preparation is neither that of a number nor of classes.")
