"""A job's checkpoints, kept among the objects so that a later job with the same CheckpointConfig goes on from them.

As on SageMaker (https://docs.aws.amazon.com/sagemaker/latest/dg/model-checkpoints.html): what lies under the S3Uri is
there before the container starts, and what the container writes is copied there while it runs. `container_files.py`
says where the folder is; `supervisor.py` calls this.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from orchestration.local.local_sagemaker.objects import ObjectStore

_INTERVAL_S = 2.0


class Checkpoints:
    """The copying between one folder and one `s3://bucket/prefix`."""

    def __init__(self, folder: Path, uri: str, objects: ObjectStore) -> None:
        self._folder = folder
        self._uri = uri.rstrip("/")
        self._objects = objects
        self._copied: dict[str, tuple[int, int]] = {}
        self._due_at = time.monotonic() + _INTERVAL_S

    def restore(self) -> int:
        """Fill the folder from the objects; returns how many files there were."""
        self._folder.mkdir(parents=True, exist_ok=True)
        count = self._objects.copy_prefix_to(self._uri + "/", self._folder)
        self._copied = {name: stamp for name, stamp, _ in self._files()}
        return count

    def save_when_due(self) -> None:
        """Copy what changed, at most every two seconds; a file that changes between two looks waits for the next."""
        if time.monotonic() >= self._due_at:
            self._due_at = time.monotonic() + _INTERVAL_S
            self._save(unsettled_after_ns=time.time_ns() - int(_INTERVAL_S * 1e9 / 2))

    def save(self) -> None:
        """Copy what changed, all of it: the container has ended."""
        self._save(unsettled_after_ns=None)

    def _save(self, unsettled_after_ns: int | None) -> None:
        for name, stamp, path in list(self._files()):
            if self._copied.get(name) == stamp:
                continue
            # Written a moment ago: perhaps it is still being written, and half a checkpoint is worse than an older one.
            if unsettled_after_ns is not None and stamp[0] > unsettled_after_ns:
                continue
            try:
                self._objects.put_file(f"{self._uri}/{name}", path)
            except FileNotFoundError:
                continue  # replaced or removed by the container since it was listed
            self._copied[name] = stamp

    def _files(self) -> Iterator[tuple[str, tuple[int, int], Path]]:
        for path in self._folder.rglob("*"):
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(self._folder).as_posix(), (stat.st_mtime_ns, stat.st_size), path
