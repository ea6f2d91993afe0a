"""What every part of the local SageMaker is given: where its state lies, how images run, and who and where it is.

`service.py` makes one `Context`; whoever keeps a kind of resource takes it, and the tuner has it from its job's folder.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestration.local.local_sagemaker.errors import ValidationException
from orchestration.local.local_sagemaker.objects import ObjectStore, open_objects

# Read by OpenBLAS, MKL, OpenMP, Accelerate, numexpr and TensorFlow when they are loaded.
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)

Document = dict[str, Any]  # a request or a response in botocore's shape


@dataclass(frozen=True, slots=True)
class Context:
    """The settings of one local SageMaker.

    Attributes:
        folder: where all state lies (`<state>/sagemaker`).
        objects: the S3 objects.
        images: the command line of each image, by the repository's name; read at each use.
        cwd: the working folder of every container.
        account: 12 digits.
        region: as in an ARN.
        max_parallel_jobs: how many training and processing containers may run at once.
        stop_grace_s: from SIGTERM to SIGKILL of such a container.
        endpoint_stop_grace_s: the same of a serving container.
        startup_timeout_s: how long a serving container may take to its first good /ping, unless its config says.
    """

    folder: Path
    objects: ObjectStore
    images: Mapping[str, Sequence[str]]
    cwd: Path
    account: str
    region: str
    max_parallel_jobs: int
    stop_grace_s: float
    endpoint_stop_grace_s: float
    startup_timeout_s: float

    def to_json(self) -> dict[str, Any]:
        """As a job's request.json keeps it, for a process of its own."""
        plain = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            **plain,
            "folder": str(self.folder),
            "cwd": str(self.cwd),
            "objects": self.objects.location,
            "images": {name: list(argv) for name, argv in self.images.items()},
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Context:
        """From what `to_json` gave."""
        paths = {"folder": Path(document["folder"]), "cwd": Path(document["cwd"])}
        return cls(**{**document, **paths, "objects": open_objects(document["objects"])})

    def arn(self, kind: str, name: str) -> str:
        """The ARN of a resource; `kind` as in the ARN, such as `training-job`."""
        return f"arn:aws:sagemaker:{self.region}:{self.account}:{kind}/{name}"

    def argv(self, image: str) -> tuple[str, ...]:
        """The command line that an image stands for.

        Raises:
            ValidationException: an image that is not known here.
        """
        repository = repository_name(image)
        argv = self.images.get(repository)
        if argv is None:
            known = ", ".join(sorted(self.images)) or "none"
            raise ValidationException(
                f"The image {image!r} is not known locally: its repository is {repository!r}; known are: {known}."
            )
        return tuple(argv)

    def container_environment(self) -> dict[str, str]:
        """What every container gets: output at once, and as many threads as fit when all slots are taken."""
        threads = str(max(1, usable_cores() // self.max_parallel_jobs))
        return {"PYTHONUNBUFFERED": "1", **dict.fromkeys(_THREAD_VARIABLES, threads)}


def repository_name(image: str) -> str:
    """`gp` of `123456789012.dkr.ecr.us-east-1.amazonaws.com/sagebuild/gp:1.0`, or of the same with `@sha256:...`."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]


def usable_cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def as_datetime(seconds: float) -> datetime:
    """Seconds since the epoch as boto3 gives times: aware, in UTC."""
    return datetime.fromtimestamp(seconds, UTC)
