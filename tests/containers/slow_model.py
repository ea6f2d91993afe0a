"""A stand-in for a server whose model loads slowly and fails on 13; run as a process by gp_image/test_serve.py."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from containers.common import environment
from containers.common.paths import Paths
from containers.common.program import Kind, Verb, main
from containers.common.serving import Server


class Echo:
    """Predicts its one input."""

    @property
    def inputs(self) -> Sequence[str]:
        return ("x",)

    def predict(self, rows: list[list[float]], return_std: bool) -> tuple[list[float], list[float] | None]:
        return [row[0] / (row[0] != 13) for row in rows], None


def _serve(paths: Paths) -> None:
    def load() -> Echo:
        paths.root.mkdir(parents=True, exist_ok=True)
        while not (paths.root / "go").exists():
            time.sleep(0.01)
        return Echo()

    Server(load, 1000, workers=1).run(environment.bind_host(), environment.bind_port())


if __name__ == "__main__":
    sys.exit(main({"serve": Verb(_serve, kind=Kind.SERVER)}))
