"""A stand-in for an image whose imports take long (TensorFlow's take 9 s); a process in gp_image/test_train.py."""

from __future__ import annotations

import sys
import time

from containers.common.output import PARTIAL, say
from containers.common.paths import Paths
from containers.common.program import Verb, main


def _train(paths: Paths) -> None:
    paths.model.mkdir(parents=True)
    (paths.model / f"{PARTIAL}model.npz").write_text("half")
    say("importing")
    time.sleep(60)


if __name__ == "__main__":
    sys.exit(main({"train": Verb(_train)}))
