"""The image's entry point: `python -m containers.gp_image train|serve`. containers/common/program.py has the rest."""

from __future__ import annotations

import sys

from containers.common.paths import Paths
from containers.common.program import Verb, main
from models.gp.errors import GPError

# The programs are imported when they are called: NumPy and the server come after the SIGTERM handler.


def _train(paths: Paths) -> None:
    from containers.gp_image.train import train

    train(paths)


def _serve(paths: Paths) -> None:
    from containers.gp_image.serve import serve

    serve(paths)


VERBS = {"train": Verb(_train), "serve": Verb(_serve, is_job=False)}

if __name__ == "__main__":
    sys.exit(main(VERBS, expected=(GPError,)))
