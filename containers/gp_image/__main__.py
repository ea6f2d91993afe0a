"""The image's entry point: `python -m containers.gp_image <program>`. containers/common/program.py has the rest."""

from __future__ import annotations

import sys

from containers.common.paths import Paths
from containers.common.program import Kind, Verb, main
from models.gp.errors import GPError

# The programs are imported when they are called: NumPy and the server come after the SIGTERM handler.


def _train(paths: Paths) -> None:
    from containers.gp_image.train import train

    train(paths)


def _serve(paths: Paths) -> None:
    from containers.gp_image.serve import serve

    serve(paths)


def _evaluate(paths: Paths) -> None:
    from containers.gp_image.evaluate import evaluate

    evaluate(paths)


def _prepare(paths: Paths) -> None:
    from containers.common.preparing import prepare

    prepare(paths, numbers_only=True)


VERBS = {
    "train": Verb(_train),
    "serve": Verb(_serve, Kind.SERVER),
    "evaluate": Verb(_evaluate, Kind.PROCESSING),
    "prepare": Verb(_prepare, Kind.PROCESSING),
}

if __name__ == "__main__":
    sys.exit(main(VERBS, expected=(GPError,)))
