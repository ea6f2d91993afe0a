"""The dispatcher that every image's __main__ calls: which program, SIGTERM, the failure file, the exit code.

Standard library only, so that the SIGTERM handler is in place before anything heavy is imported: until there is one,
process 1 of a container ignores the signal and the stop lasts until SIGKILL. An image's programs are therefore
functions that import what they need when they are called.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import FrameType

from containers.common.errors import ContractError
from containers.common.output import PARTIAL, write_failure
from containers.common.paths import Paths
from models.catalog import CatalogueError
from models.tabular import TabularError

# 128 + 15, as a shell reports it: neither success, which would register the job as completed, nor a failure of ours.
STOPPED_EXIT_CODE = 143

_EXPECTED = (ContractError, CatalogueError, TabularError)


class Kind(Enum):
    """What SageMaker runs a program as, which says where it reads why the program failed, if anywhere.

    Work with an end (training, processing) leaves a reason, and being stopped is not success; a server is meant to be
    stopped.
    """

    TRAINING = "training"
    PROCESSING = "processing"
    SERVER = "server"

    @property
    def is_job(self) -> bool:
        """Whether it is work with an end."""
        return self is not Kind.SERVER


@dataclass(frozen=True)
class Verb:
    """A program of an image. run: does the work and returns when it is done."""

    run: Callable[[Paths], None]
    kind: Kind = Kind.TRAINING


def main(
    verbs: Mapping[str, Verb], expected: tuple[type[Exception], ...] = (), argv: Sequence[str] | None = None
) -> int:
    """Runs the program that the one argument names and returns the exit code: 0 done, 1 failed.

    expected: the image's own errors whose message is a sentence for the person who asked; like those of the contract
    they are reported without a traceback. When SIGTERM comes the process ends: a job with STOPPED_EXIT_CODE, a server
    with 0, unless the program installs a handler of its own (uvicorn does, to answer what is under way).
    """
    given = list(sys.argv[1:] if argv is None else argv)
    paths = Paths.from_environment()
    if len(given) != 1 or given[0] not in verbs:
        found = " ".join(given) or "nothing"
        sentence = f"This image runs {_either(verbs)}, but was asked for {found[:200]!r}."
        # As what SageMaker runs it is not known here, so the reason is left where either kind of job has it.
        _fail((paths.failure, paths.message), sentence, "")
        return 1
    name, verb = given[0], verbs[given[0]]
    signal.signal(signal.SIGTERM, _on_sigterm(name, verb, paths))
    reasons = _reasons(paths, verb.kind)
    for reason in reasons:
        with contextlib.suppress(OSError):
            reason.unlink()
    expected_errors: tuple[type[Exception], ...] = (*_EXPECTED, *expected)
    try:
        verb.run(paths)
    except expected_errors as error:
        _fail(reasons, str(error), "")
        return 1
    # The boundary of the process: whatever else went wrong must reach the failure file and the log.
    except Exception as error:
        _fail(reasons, f"{type(error).__name__}: {error}", traceback.format_exc())
        return 1
    return 0


def _on_sigterm(name: str, verb: Verb, paths: Paths) -> Callable[[int, FrameType | None], None]:
    def stop(number: int, frame: FrameType | None) -> None:
        line = f"{name} was stopped by SIGTERM" + (" before it was done." if verb.kind.is_job else ".")
        # os.write and os._exit: the signal may have interrupted a print or an import, where an exception can be lost.
        os.write(1, f"{line}\n".encode())
        for partial in _partials(paths, verb.kind):
            partial.unlink(missing_ok=True)
        for reason in _reasons(paths, verb.kind):
            write_failure(reason, line)
        os._exit(STOPPED_EXIT_CODE if verb.kind.is_job else 0)

    return stop


def _reasons(paths: Paths, kind: Kind) -> tuple[Path, ...]:
    """The files in which SageMaker looks for why such a program failed."""
    return {Kind.TRAINING: (paths.failure,), Kind.PROCESSING: (paths.message,), Kind.SERVER: ()}[kind]


def _partials(paths: Paths, kind: Kind) -> Iterator[Path]:
    """Files that were being written."""
    if kind is Kind.TRAINING:
        yield from paths.model.glob(PARTIAL + "*")
    if kind is Kind.PROCESSING:
        yield from paths.processing_outputs.rglob(PARTIAL + "*")


def _fail(reasons: tuple[Path, ...], cause: str, details: str) -> None:
    sys.stdout.flush()
    sys.stderr.write(f"{details}{cause}\n")
    sys.stderr.flush()
    for reason in reasons:
        write_failure(reason, cause, details)


def _either(verbs: Mapping[str, Verb]) -> str:
    *most, last = verbs
    return f"{', '.join(most)} or {last}" if most else last
