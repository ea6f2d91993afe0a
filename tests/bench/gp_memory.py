"""Prints the peak memory of one exact fit above that of its inputs and imports, in bytes: `... gp_memory ROWS`; Linux.

A process of its own, since the peak of a process never falls.
"""

from __future__ import annotations

import sys
from pathlib import Path

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
    before = _peak_bytes()
    fit(settings, x, y)
    print(_peak_bytes() - before)


def _peak_bytes() -> int:
    # Not getrusage, whose peak begins with that of the process that started this one.
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main(int(sys.argv[1]))
