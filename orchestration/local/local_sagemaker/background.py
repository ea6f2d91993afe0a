"""Work in threads that never die in silence, and whose end can be waited for. `deployment.py` works so."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

_log = logging.getLogger(__name__)


class Background:
    """Threads that each do one piece of work on a named thing. Safe for several threads."""

    def __init__(self, on_failure: Callable[[str, Exception], None]) -> None:
        """`on_failure(name, error)` is told of whatever a piece of work raises, after it was logged."""
        self._on_failure = on_failure
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()
        self._closing = threading.Event()

    def start(self, work: Callable[[str], None], name: str) -> None:
        """Begin `work(name)`; after `close`, nothing is begun any more."""
        thread = threading.Thread(target=self._run, args=(work, name), name=f"sagemaker-{name}", daemon=True)
        with self._lock:
            if self._closing.is_set():
                return
            self._threads.add(thread)
            thread.start()

    def is_closing(self) -> bool:
        """Whether `close` was called: work that waits shall give up."""
        return self._closing.is_set()

    def is_idle(self) -> bool:
        """Whether no work is under way."""
        with self._lock:
            return not self._threads

    def close(self, timeout_s: float) -> None:
        """Begin nothing any more, and wait for what is under way, at most `timeout_s`."""
        with self._lock:
            self._closing.set()
            threads = list(self._threads)
        deadline = time.monotonic() + timeout_s
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self, work: Callable[[str], None], name: str) -> None:
        try:
            work(name)
        except Exception as error:
            _log.exception("the work on %s broke", name)
            self._on_failure(name, error)
        finally:
            with self._lock:
                self._threads.discard(threading.current_thread())
