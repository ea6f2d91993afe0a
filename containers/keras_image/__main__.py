"""The image's entry point: `python -m containers.keras_image train|serve`; see containers/common/program.py."""

from __future__ import annotations

import os
import sys

from containers.common import environment
from containers.common.paths import Paths
from containers.common.program import Verb, main
from models.keras_net.errors import KerasNetError

# The programs are imported when they are called: TensorFlow, NumPy and the server come after the SIGTERM handler.


def _train(paths: Paths) -> None:
    _limit_threads()
    from containers.keras_image.job import read

    # What is wrong with the request is said before the seconds that importing TensorFlow takes.
    job = read(paths)
    from containers.keras_image.train import train

    train(paths, job)


def _serve(paths: Paths) -> None:
    _limit_threads()
    from containers.keras_image.serve import serve

    serve(paths)


def _limit_threads() -> None:
    """One thread for NumPy's linear algebra, which reads this when it is imported: requests run beside each other, and
    in training NumPy only judges epochs."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", str(environment.blas_threads() or 1))


VERBS = {"train": Verb(_train), "serve": Verb(_serve, is_job=False)}

if __name__ == "__main__":
    sys.exit(main(VERBS, expected=(KerasNetError,)))
