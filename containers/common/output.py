"""What a program leaves behind: log lines, metric lines, and files that appear whole or not at all."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from containers.common.errors import ContractError

# Files being written are called so; the dispatcher removes them when it is stopped in the middle.
PARTIAL = ".partial-"


def say(line: str) -> None:
    """One line of the log, at once: whoever follows the job must not wait for a buffer."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def metric(name: str, value: float) -> None:
    """Prints `<name>=<value>;`, the form that the catalogue's regex reads. Raises ContractError when not finite."""
    if not math.isfinite(value):
        raise ContractError(f"The metric {name} came out as {value}, so these settings do not suit the data.")
    say(f"{name}={value!r};")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path to write to; at the end of the block it takes the place of `path` in one step. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(PARTIAL + path.name)
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_json(path: Path, content: object) -> None:
    """`content` as JSON, in one step. Raises OSError, and ValueError for a number that is not finite."""
    text = json.dumps(content, indent=2, allow_nan=False) + "\n"
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_failure(path: Path, cause: str, details: str = "") -> None:
    """The failure file: the cause first, cut to the 1024 characters that SageMaker reads, details after it."""
    text = cause[:1024] + (f"\n\n{details}" if details else "\n")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        # The job has failed already; that it cannot say so here must not hide why.
        os.write(2, f"The failure file {path} cannot be written: {error}\n".encode())
