"""How the builds stand that were spoken of at a prompt, looked at in a thread of its own; their ends are told."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future

from bot.handlers.progress import Progress
from bot.wiring import Bot
from orchestration.builds import BuildStatus
from orchestration.ports import SageBuildError

POLL_S = 0.5
MAX_LINES = 5  # builds below the prompt
LOOKS_BETWEEN_PROMISES = 4  # an earlier conversation's promises are looked at each fourth time

_log = logging.getLogger(__name__)


class Tracker:
    """Follows the builds that were spoken of here, and tells when one has ended or waits for a person.

    opening: the bot, which may still be being made. told: what is called with such a build. also: what else is looked
    at now and then. paused: held while an answer is being made, which may itself say how a build ended.
    """

    def __init__(
        self, opening: Future[Bot], told: Callable[[Progress], None], also: Callable[[Bot], None] = lambda bot: None
    ) -> None:
        self._opening, self._told, self._also = opening, told, also
        self.paused = threading.Lock()
        self._lock = threading.Lock()
        self._progress: dict[int, Progress | None] = {}
        self._is_blind = False
        self._looks = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tracker", daemon=True)

    def __enter__(self) -> Tracker:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=5)

    def follow(self, number: int) -> None:
        """Follow that build, of which was just spoken: its end is told if it is seen running from now on."""
        with self._lock:
            self._progress[number] = None

    def line(self) -> str:
        """How the followed builds stand, a line each."""
        with self._lock:
            lines = [progress.line for progress in self._progress.values() if progress is not None]
            blind = ["(how the builds stand cannot be seen just now)"] if self._is_blind and lines else []
        more = [f"... and {len(lines) - MAX_LINES} more"] if len(lines) > MAX_LINES else []
        return "\n".join([*lines[-MAX_LINES:], *more, *blind])

    def running(self) -> list[int]:
        """The followed builds that were running when they were last looked at."""
        with self._lock:
            return [number for number, progress in self._progress.items() if progress is not None]

    def look(self) -> None:
        """Ask once how each followed build stands."""
        bot = self._opening.result()
        with self._lock:
            numbers = list(self._progress)
        blind = False
        for number in numbers:
            try:
                progress = bot.progress(number)
            except SageBuildError:
                blind = True  # it is asked again; a question about the build says what is wrong
                continue
            self._seen(number, progress)
        self._is_blind = blind
        self._looks += 1
        if self._looks % LOOKS_BETWEEN_PROMISES == 0:
            self._also(bot)

    def _seen(self, number: int, progress: Progress) -> None:
        with self._lock:
            if number not in self._progress:
                return
            before = self._progress[number]
            if progress.has_ended:
                del self._progress[number]
            else:
                self._progress[number] = progress
        if before is None:
            return
        waits = progress.status is BuildStatus.WAITING_FOR_APPROVAL and progress.status != before.status
        if progress.has_ended or waits:
            self._told(progress)

    def _run(self) -> None:
        while not self._stop.wait(POLL_S):
            if not self._opening.done():
                continue
            if self._opening.exception() is not None:
                return  # whoever waits for the bot says why there is none
            try:
                with self.paused:
                    self.look()
            except Exception:  # whatever one look met, the next one may not
                self._is_blind = True
                _log.exception("the builds could not be looked at")
