"""A person at a keyboard: history, completion of sentences, and how running builds stand in a line below the prompt.

The prompt is there at once; the bot is made meanwhile, since starting the local engine may take seconds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.input import Input
from prompt_toolkit.output import Output
from prompt_toolkit.patch_stdout import patch_stdout
from rich.console import Console

from bot.console import piped, render
from bot.console.speaker import CHANNEL, Speaker, is_leaving
from bot.handlers.progress import Progress
from bot.intents.catalog import INTENTS
from bot.wiring import Bot
from orchestration.ports import SageBuildError

GREETING = "SageBuild. Say 'start training', or 'help' for more. Ctrl-D leaves."
POLL_S = 0.5
REDRAW_S = 0.5
SENTENCES = tuple(dict.fromkeys(example for intent in INTENTS if intent.listed for example in intent.examples))


class SentenceCompleter(Completer):
    """Completes what has been typed to a sentence of the catalogue."""

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        typed = document.text_before_cursor.lower().lstrip()
        for sentence in SENTENCES:
            if sentence.startswith(typed) and sentence != typed:
                yield Completion(sentence, start_position=-len(document.text_before_cursor))


class Tracker:
    """Follows the builds that were spoken of here, in a thread of its own, and tells when one has ended.

    paused: held while an answer is being made, which may itself say how a build ended.
    """

    def __init__(self, bot: Bot, ended: Callable[[Progress], None]) -> None:
        self._bot, self._ended = bot, ended
        self.paused = threading.Lock()
        self._lock = threading.Lock()
        self._progress: dict[int, Progress | None] = {}
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
        """How the followed builds stand."""
        with self._lock:
            return "   ".join(progress.line for progress in self._progress.values() if progress is not None)

    def look(self) -> None:
        """Ask once how each followed build stands."""
        with self._lock:
            numbers = list(self._progress)
        for number in numbers:
            try:
                progress = self._bot.progress(number)
            except SageBuildError:
                continue  # it is asked again; a question about the build says what is wrong
            with self._lock:
                was_running = self._progress[number] is not None
                if progress.has_ended:
                    del self._progress[number]
                else:
                    self._progress[number] = progress
            if progress.has_ended and was_running:
                self._ended(progress)

    def _run(self) -> None:
        while not self._stop.wait(POLL_S):
            with self.paused:
                self.look()


class Terminal:
    """One conversation at a keyboard. keyboard and screen: prompt_toolkit's, for tests."""

    def __init__(
        self,
        speaker: Speaker,
        console: Console,
        history: Path | None = None,
        keyboard: Input | None = None,
        screen: Output | None = None,
    ) -> None:
        self._speaker, self._console = speaker, console
        self._tracker: Tracker | None = None
        kept: History = FileHistory(str(history)) if history is not None else InMemoryHistory()
        self._session: PromptSession[str] = PromptSession(
            history=kept,
            completer=SentenceCompleter(),
            complete_while_typing=False,
            auto_suggest=AutoSuggestFromHistory(),
            bottom_toolbar=lambda: (self._tracker.line() if self._tracker is not None else "") or None,
            refresh_interval=REDRAW_S,
            input=keyboard,
            output=screen,
        )

    def converse(self, opening: Future[Bot]) -> int:
        """Talk until the person leaves: 0, or 1 when the bot could not be made or failed once.

        opening: the bot, which may still be being made. Raises what making it raised.
        """
        self._console.print(GREETING)
        opening.add_done_callback(self._catch_up)
        failed = False
        with ExitStack() as stack:
            while (text := self._read()) is not None and not is_leaving(text):
                if not text.strip():
                    continue
                bot = self._wait_for(opening)
                if self._tracker is None:
                    self._tracker = stack.enter_context(Tracker(bot, partial(self._tell, bot)))
                failed |= self._answer(bot, self._tracker, text)
        if opening.done() and (error := opening.exception()) is not None:
            raise error
        return 1 if failed else 0

    def _answer(self, bot: Bot, tracker: Tracker, text: str) -> bool:
        """Say it; whether the bot itself failed."""
        with tracker.paused:
            try:
                said = piped.say_once(bot, text, self._speaker, self._console)
            except KeyboardInterrupt:
                self._console.print("You interrupted me before I had answered; what you asked for may have been done.")
                return False
            if said.reply.build is not None:
                tracker.follow(said.reply.build)
        return said.failed

    def _read(self) -> str | None:
        """The next line; "" when Ctrl-C cleared it, None for Ctrl-D."""
        try:
            with patch_stdout(raw=True):
                return self._session.prompt(piped.PROMPT)
        except KeyboardInterrupt:
            return ""
        except EOFError:
            return None

    def _wait_for(self, opening: Future[Bot]) -> Bot:
        if opening.done():
            return opening.result()
        with self._console.status("Starting the local engine ..."):
            return opening.result()

    def _catch_up(self, opening: Future[Bot]) -> None:
        """Once the bot is there, say what ended since the last time."""
        if opening.exception() is None:
            for reply in opening.result().since_last_time(self._speaker.identity, CHANNEL):
                render.show(reply, self._console, prefix="Since last time: ")

    def _tell(self, bot: Bot, progress: Progress) -> None:
        render.show(bot.outcome(progress.number, self._speaker.says("")), self._console)
