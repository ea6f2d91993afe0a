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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType

from containers.common.errors import ContractError
from containers.common.output import PARTIAL, write_failure
from containers.common.paths import Paths
from models.catalog import CatalogueError
from models.tabular import TabularError

# 128 + 15, as a shell reports it: neither success, which would register the job as completed, nor a failure of ours.
STOPPED_EXIT_CODE = 143

_EXPECTED = (ContractError, CatalogueError, TabularError)


@dataclass(frozen=True)
class Verb:
    """A program of an image.

    run: does the work and returns when it is done. is_job: True for work with an end (train, evaluate): a failure is
    written to the failure file, and being stopped is not success. False for a server, which is meant to be stopped.
    """

    run: Callable[[Paths], None]
    is_job: bool = True


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
        _fail(paths, True, f"This image runs {_either(verbs)}, but was asked for {found[:200]!r}.", "")
        return 1
    name, verb = given[0], verbs[given[0]]
    signal.signal(signal.SIGTERM, _on_sigterm(name, verb, paths))
    if verb.is_job:
        with contextlib.suppress(OSError):
            paths.failure.unlink()
    expected_errors: tuple[type[Exception], ...] = (*_EXPECTED, *expected)
    try:
        verb.run(paths)
    except expected_errors as error:
        _fail(paths, verb.is_job, str(error), "")
        return 1
    # The boundary of the process: whatever else went wrong must reach the failure file and the log.
    except Exception as error:
        _fail(paths, verb.is_job, f"{type(error).__name__}: {error}", traceback.format_exc())
        return 1
    return 0


def _on_sigterm(name: str, verb: Verb, paths: Paths) -> Callable[[int, FrameType | None], None]:
    def stop(number: int, frame: FrameType | None) -> None:
        line = f"{name} was stopped by SIGTERM" + (" before it was done." if verb.is_job else ".")
        # os.write and os._exit: the signal may have interrupted a print or an import, where an exception can be lost.
        os.write(1, f"{line}\n".encode())
        if verb.is_job:
            for partial in paths.model.glob(PARTIAL + "*"):
                partial.unlink(missing_ok=True)
            write_failure(paths.failure, line)
        os._exit(STOPPED_EXIT_CODE if verb.is_job else 0)

    return stop


def _fail(paths: Paths, is_job: bool, cause: str, details: str) -> None:
    sys.stdout.flush()
    sys.stderr.write(f"{details}{cause}\n")
    sys.stderr.flush()
    if is_job:
        write_failure(paths.failure, cause, details)


def _either(verbs: Mapping[str, Verb]) -> str:
    return " or ".join(verbs)
