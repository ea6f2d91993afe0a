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
    from containers.keras_image.job import read

    # What is wrong with the request is said before the seconds that importing TensorFlow takes.
    job = read(paths)
    from containers.keras_image.train import train

    train(paths, job)


def _serve(paths: Paths) -> None:
    # Read by NumPy's linear algebra when it is imported. One thread a request: requests run beside each other.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", str(environment.blas_threads() or 1))
    from containers.keras_image.serve import serve

    serve(paths)


VERBS = {"train": Verb(_train), "serve": Verb(_serve, is_job=False)}

if __name__ == "__main__":
    sys.exit(main(VERBS, expected=(KerasNetError,)))
