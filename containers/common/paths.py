"""The folders and files of SageMaker's container contract, under /opt/ml or another root.

The root is another one when the engine of local mode, or a person, runs a program outside a container.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT_VARIABLE = "SAGEBUILD_CONTAINER_ROOT"
DEFAULT_ROOT = "/opt/ml"


@dataclass(frozen=True)
class Paths:
    """Every path of the contract below `root`. None of them needs to exist."""

    root: Path

    @staticmethod
    def from_environment(environ: Mapping[str, str] = os.environ) -> Paths:
        """The root that SAGEBUILD_CONTAINER_ROOT names, or /opt/ml."""
        return Paths(Path(environ.get(ROOT_VARIABLE) or DEFAULT_ROOT))

    @property
    def hyperparameters(self) -> Path:
        """A flat JSON object of strings."""
        return self.root / "input" / "config" / "hyperparameters.json"

    def channel(self, name: str) -> Path:
        """The folder of an input channel; read-only on SageMaker."""
        return self.root / "input" / "data" / name

    @property
    def checkpoints(self) -> Path:
        """What a job goes on from after a stop; there only when the request asks for checkpoints."""
        return self.root / "checkpoints"

    @property
    def model(self) -> Path:
        """What training leaves here becomes model.tar.gz; serving finds it unpacked here."""
        return self.root / "model"

    @property
    def failure(self) -> Path:
        """Why a job failed; its first 1024 characters become FailureReason."""
        return self.root / "output" / "failure"

    @property
    def message(self) -> Path:
        """Why a processing job failed; its first 1024 characters become ExitMessage."""
        return self.root / "output" / "message"

    def processing_input(self, name: str) -> Path:
        """The folder of a processing job's input, by the names that the state machine's requests give them."""
        return self.root / "processing" / "input" / name

    @property
    def processing_outputs(self) -> Path:
        """Where a processing job leaves its outputs, a folder each."""
        return self.root / "processing" / "output"

    def processing_output(self, name: str) -> Path:
        """The folder of one of them."""
        return self.processing_outputs / name
