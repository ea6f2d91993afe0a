"""A trained model from its files to predictions: preparation, network, target. NumPy only; what the server uses.

Two files: preprocess.json (preparation.py, target.py) and weights.npz (forward.py).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.keras_net import forward
from models.keras_net.errors import BadArtifact, BadRows
from models.keras_net.forward import DenseNetwork
from models.keras_net.preparation import Cell, Preparation
from models.keras_net.target import ClassTarget, Float64, Target, target_from_json


@dataclass(frozen=True)
class Predictor:
    """A network with what its inputs and outputs mean."""

    preparation: Preparation
    target: Target
    network: DenseNetwork

    def __post_init__(self) -> None:
        """Raises BadArtifact when the parts are not of one model."""
        if self.network.features != self.preparation.features:
            raise BadArtifact(
                f"The network takes {self.network.features} features, but the preparation makes"
                f" {self.preparation.features}; the files are of two models."
            )

    @property
    def classes(self) -> tuple[str, ...] | None:
        """The C classes, None for a number."""
        return self.target.classes if isinstance(self.target, ClassTarget) else None

    def predict(self, rows: Sequence[Sequence[Cell]]) -> Float64:
        """For a number values (S,) in the target's unit, for classes probabilities (S, C), of S rows of D cells.

        Raises BadRows for text where a number belongs, and for inputs so far out that the output is not finite.
        """
        # Overflow is looked for in the result; a warning a request would say less.
        with np.errstate(over="ignore", invalid="ignore"):
            predicted = self.target.decode(self.network.predict(self.preparation.transform(rows)))
        if not np.isfinite(predicted).all():
            wrong = np.flatnonzero(~np.isfinite(predicted.reshape(len(predicted), -1)).all(axis=1))[0]
            raise BadRows(f"Row {wrong + 1} is too far from the training inputs.")
        return predicted

    def preprocess_json(self) -> dict[str, object]:
        """The content of preprocess.json."""
        return {"inputs": self.preparation.to_json(), "target": self.target.to_json()}


def load(preprocess: Path, weights: Path) -> Predictor:
    """The model in two files. Raises BadArtifact when one is missing, damaged or of another format."""
    try:
        document = json.loads(preprocess.read_text(encoding="utf-8"))
        inputs, target = document["inputs"], document["target"]
    except FileNotFoundError:
        raise BadArtifact(f"There is no model file {preprocess}.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadArtifact(f"{preprocess} is not the preparation of a model: {error}.") from None
    return Predictor(Preparation.from_json(inputs), target_from_json(target), forward.load(weights))
