"""Where a training stands, in one file without pickle: every variable, the best weights so far, the history.

A file that appears whole or not at all, so a job that is killed while writing resumes from the one before.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.keras_net.fitting import Rows
from models.keras_net.network import Network, Training

FORMAT = "sagebuild-keras-checkpoint/1"
Array = NDArray[Any]


@dataclass(frozen=True)
class Checkpoint:
    """now: all variables of model and optimizer. best: those of the model after its best epoch. state: plain values."""

    now: Sequence[Array]
    best: Sequence[Array]
    state: dict[str, Any]


def fingerprint(network: Network, training: Training, rows: Rows, validation: Rows) -> str:
    """What a checkpoint belongs to: another network, setting or row is another training."""
    settings = {"format": FORMAT, "network": network.to_json(), "training": training.to_json()}
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for part in (rows, validation):
        for array in (part.x, part.y):
            digest.update(str(array.shape).encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def save(path: Path, mark: str, checkpoint: Checkpoint) -> None:
    """Replaces the file. mark: the fingerprint. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {f"now_{i}": value for i, value in enumerate(checkpoint.now)}
    arrays |= {f"best_{i}": value for i, value in enumerate(checkpoint.best)}
    header = {"mark": mark, "now": len(checkpoint.now), "best": len(checkpoint.best), "state": checkpoint.state}
    partial = path.with_name(f".partial-{path.name}")
    with partial.open("wb") as file:
        np.savez(file, allow_pickle=False, header=np.array(json.dumps(header)), **arrays)
    partial.replace(path)


def load(path: Path, mark: str) -> Checkpoint | None:
    """The checkpoint of the training with that fingerprint; None when there is none, or the file is another's."""
    try:
        # Opened here: NumPy leaves a file that it cannot read open.
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            header = json.loads(str(file["header"]))
            if header["mark"] != mark:
                return None
            now = [file[f"now_{i}"] for i in range(header["now"])]
            best = [file[f"best_{i}"] for i in range(header["best"])]
            return Checkpoint(now, best, header["state"])
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return None
