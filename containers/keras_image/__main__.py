"""The image's entry point: `python -m containers.keras_image <program>`; see containers/common/program.py."""

from __future__ import annotations

import importlib.util
import os
import sys

from containers.common import environment
from containers.common.errors import ContractError
from containers.common.paths import Paths
from containers.common.program import Kind, Verb, main
from models.keras_net.errors import KerasNetError

# The programs are imported when they are called: TensorFlow, NumPy and the server come after the SIGTERM handler.


def _train(paths: Paths) -> None:
    if importlib.util.find_spec("tensorflow") is None:
        raise ContractError(
            "There is no TensorFlow here, as in the image that was built with --target serve; train in the full image."
        )
    _limit_threads()
    # Keras reads its settings there, and writes them where there are none; a job's home must not change its outcome.
    os.environ.setdefault("KERAS_HOME", str(paths.root / "keras"))
    from containers.keras_image.job import read

    # What is wrong with the request is said before the seconds that importing TensorFlow takes.
    job = read(paths)
    from containers.keras_image.train import train

    train(paths, job)


def _serve(paths: Paths) -> None:
    _limit_threads()
    from containers.keras_image.serve import serve

    serve(paths)


def _evaluate(paths: Paths) -> None:
    _limit_threads()
    from containers.keras_image.evaluate import evaluate

    evaluate(paths)


def _prepare(paths: Paths) -> None:
    from containers.common.preparing import prepare

    prepare(paths, numbers_only=False)


def _limit_threads() -> None:
    """One thread for NumPy's linear algebra, which reads this when it is imported: requests run beside each other, and
    in training NumPy only judges epochs."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", str(environment.blas_threads() or 1))


VERBS = {
    "train": Verb(_train),
    "serve": Verb(_serve, Kind.SERVER),
    "evaluate": Verb(_evaluate, Kind.PROCESSING),
    "prepare": Verb(_prepare, Kind.PROCESSING),
}

if __name__ == "__main__":
    sys.exit(main(VERBS, expected=(KerasNetError,)))
