"""One training job from its first to its last status, as a program: `python -m ...supervisor JOBDIR`.

`supervision.py` has what it shares with other kinds of jobs. Its own are the channels and hyperparameters that the
container finds (`container_files.py`), the metrics in its output (`metrics.py`), checkpoints (`checkpoints.py`) and
model.tar.gz (`archive.py`).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from orchestration.local.local_sagemaker.archive import ArchiveError, is_empty, pack
from orchestration.local.local_sagemaker.checkpoints import Checkpoints
from orchestration.local.local_sagemaker.container_files import checkpoint_folder, command_line, lay_out
from orchestration.local.local_sagemaker.job_folder import JobFolder
from orchestration.local.local_sagemaker.metrics import MetricReader
from orchestration.local.local_sagemaker.objects import ObjectError
from orchestration.local.local_sagemaker.supervision import JobFailed, Supervision, run_program


class TrainingSupervisor(Supervision):
    """The work on one training job; the caller holds the job's lock."""

    what = "training"
    running = "Training"

    def __init__(self, job: JobFolder, document: Mapping[str, Any], asked_to_stop: Callable[[], bool]) -> None:
        super().__init__(job, document, asked_to_stop)
        definitions = self.request["AlgorithmSpecification"].get("MetricDefinitions", [])
        self._metrics = MetricReader(definitions, job.metrics_file)
        self._checkpoints: Checkpoints | None = None

    def prepare(self) -> None:
        try:
            lay_out(self.job.ml, self.request, self.objects)
            folder = checkpoint_folder(self.job.ml, self.request)
            if folder is not None:
                self._checkpoints = Checkpoints(folder, self.request["CheckpointConfig"]["S3Uri"], self.objects)
                self._checkpoints.restore()
        except (ObjectError, OSError) as error:
            raise JobFailed(f"ClientError: Data download failed: {error}") from error

    def command(self) -> list[str]:
        return command_line(self.launch.argv, self.request["AlgorithmSpecification"], ["train"], self.job.ml)

    def environment(self) -> dict[str, str]:
        return {"TRAINING_JOB_NAME": self.job.name, "TRAINING_JOB_ARN": self.arn}

    def lines(self, lines: list[str]) -> None:
        self._metrics.feed(lines, time.time())

    def tick(self) -> None:
        self._save(ended=False)

    def container_ended(self) -> None:
        self._save(ended=True)
        self.status = replace(self.status, metrics=self._metrics.final())

    def keep(self) -> None:
        output = self.request["OutputDataConfig"]["S3OutputPath"].rstrip("/") + f"/{self.job.name}/output"
        try:
            for folder, name in ((self.job.ml / "model", "model"), (self.job.ml / "output" / "data", "output")):
                if not is_empty(folder):
                    archive = self.job.path / f"{name}.tar.gz"
                    pack(folder, archive)
                    self.objects.put_file(f"{output}/{name}.tar.gz", archive)
                    archive.unlink()
        except (ArchiveError, ObjectError, OSError) as error:
            raise JobFailed(f"ClientError: Artifact upload failed: {error}") from error

    def _save(self, ended: bool) -> None:
        if self._checkpoints is None:
            return
        try:
            if ended:
                self._checkpoints.save()
            else:
                self._checkpoints.save_when_due()
        except (ObjectError, OSError) as error:
            raise JobFailed(f"ClientError: Checkpoint upload failed: {error}") from error


def _work(job: JobFolder, document: Mapping[str, Any], asked_to_stop: Callable[[], bool]) -> None:
    TrainingSupervisor(job, document, asked_to_stop).work()


def main(argv: Sequence[str]) -> int:
    """Work on the training job in the folder that the arguments name; see `supervision.run_program`."""
    return run_program(argv, "training job", _work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
