"""One processing job from its first to its last status, as a program: `python -m ...processor JOBDIR`.

`supervision.py` has what it shares with training jobs. /opt/ml is the folder `ml/` of the job, also where the command
line or the environment names a path below it. The container finds

    config/{processingjobconfig,resourceconfig}.json   processing/...: its inputs, and its outputs' empty folders

and leaves what it says in output/message. `evaluate` of this house's images is a ContainerArgument. Contract:
https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from orchestration.local.files import write_json_atomic
from orchestration.local.local_sagemaker.checkpoints import Checkpoints
from orchestration.local.local_sagemaker.container_files import below_root, command_line, resources
from orchestration.local.local_sagemaker.job_folder import JobFolder
from orchestration.local.local_sagemaker.objects import ObjectError
from orchestration.local.local_sagemaker.supervision import JobFailed, Supervision, beginning, run_program


class ProcessingSupervisor(Supervision):
    """The work on one processing job; the caller holds the job's lock."""

    what = "processing"
    running = "Processing"
    ticket = "processing-"

    def __init__(self, job: JobFolder, document: Mapping[str, Any], asked_to_stop: Callable[[], bool]) -> None:
        super().__init__(job, document, asked_to_stop)
        self._outputs: list[tuple[Checkpoints, bool]] = []

    def prepare(self) -> None:
        try:
            config = self.job.ml / "config"
            for folder in (config, self.job.ml / "output"):
                folder.mkdir(parents=True, exist_ok=True)
            cluster = self.request["ProcessingResources"]["ClusterConfig"]
            write_json_atomic(config / "processingjobconfig.json", {"ProcessingJobArn": self.arn, **self.request})
            write_json_atomic(config / "resourceconfig.json", resources(cluster))
            for each in self.request.get("ProcessingInputs", []):
                folder = self._folder(each["S3Input"])
                self.objects.copy_prefix_to(each["S3Input"]["S3Uri"], folder)
            for each in self.request.get("ProcessingOutputConfig", {}).get("Outputs", []):
                output = each["S3Output"]
                copying = Checkpoints(self._folder(output), output["S3Uri"], self.objects)
                self._outputs.append((copying, output["S3UploadMode"] == "Continuous"))
        except (ObjectError, OSError) as error:
            raise JobFailed(f"ClientError: Data download failed: {error}") from error

    def command(self) -> list[str]:
        return command_line(self.launch.argv, self.request["AppSpecification"], [], self.job.ml)

    def tick(self) -> None:
        for copying, is_continuous in self._outputs:
            if is_continuous:
                self._upload(copying.save_when_due)

    def container_ended(self) -> None:
        message = beginning(self.job.ml / "output" / "message")
        if message:
            self.status = replace(self.status, exit_message=message)
        for copying, is_continuous in self._outputs:
            if is_continuous:
                self._upload(copying.save)

    def keep(self) -> None:
        for copying, _ in self._outputs:
            self._upload(copying.save)

    def failure_text(self) -> str:
        return super().failure_text() or self.status.exit_message or ""

    def _folder(self, place: Mapping[str, Any]) -> Path:
        folder = below_root(self.job.ml, place["LocalPath"])
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _upload(self, save: Callable[[], None]) -> None:
        try:
            save()
        except (ObjectError, OSError) as error:
            raise JobFailed(f"ClientError: Output upload failed: {error}") from error


def _work(job: JobFolder, document: Mapping[str, Any], asked_to_stop: Callable[[], bool]) -> None:
    ProcessingSupervisor(job, document, asked_to_stop).work()


def main(argv: Sequence[str]) -> int:
    """Work on the processing job in the folder that the arguments name; see `supervision.run_program`."""
    return run_program(argv, "processing job", _work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
