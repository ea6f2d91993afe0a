"""How many threads BLAS may take. Unbounded, three tuning jobs on two cores run tens of times slower than in turn."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager

from threadpoolctl import threadpool_limits

# Below this many training rows, handing work to a second thread costs more than it saves.
_WORTH_THREADS_ROWS = 2000


def blas_threads(n_threads: int | None, rows: int) -> AbstractContextManager[object]:
    """Bounds BLAS to n_threads while the block runs; None means one for small problems, else every core we may use."""
    if n_threads is None:
        n_threads = 1 if rows < _WORTH_THREADS_ROWS else available_cores()
    limits: AbstractContextManager[object] = threadpool_limits(limits=n_threads, user_api="blas")
    return limits


def available_cores() -> int:
    """The cores that this process may run on, which a container can make fewer than the machine's."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
