"""Prints the peak memory of one exact fit above that of its inputs and imports, in bytes: `... gp_memory ROWS`.

A process of its own, since the peak of a process never falls.
"""

from __future__ import annotations

import resource
import sys

import numpy as np

# Imported first, so that they do not count.
from scipy.linalg import lapack  # noqa: F401

from models.gp.fitting import fit
from models.gp.settings import EXACT, Settings

INPUTS = 8


def main(rows: int) -> None:
    source = np.random.default_rng(0)
    x, y = source.normal(size=(rows, INPUTS)), source.normal(size=rows)
    settings = Settings(1, 2, solver=EXACT, n_threads=1)
    fit(settings, x[:100], y[:100])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    fit(settings, x, y)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Kilobytes on Linux, bytes on a Mac.
    print((after - before) * (1 if sys.platform == "darwin" else 1024))


if __name__ == "__main__":
    main(int(sys.argv[1]))
