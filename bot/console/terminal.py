"""A person at a keyboard: history, completion of sentences, and how running builds stand in lines below the prompt.

The prompt is there at once; the bot is made meanwhile, since starting the local engine may take seconds. Nothing blocks
it: "tell me when it is done" is kept by the tracker while the conversation goes on.
"""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.input import Input
from prompt_toolkit.output import Output
from prompt_toolkit.patch_stdout import patch_stdout
from rich.console import Console

from bot.console import piped, render
from bot.console.completing import SentenceCompleter
from bot.console.speaker import CHANNEL, Speaker, is_leaving
from bot.console.tracker import Tracker
from bot.handlers.progress import Progress
from bot.handlers.wording import listed
from bot.wiring import Bot

GREETING = "SageBuild. Say 'start training', or 'help' for more. Ctrl-D leaves."
REDRAW_S = 0.5


class Terminal:
    """One conversation at a keyboard. folder: where history and pictures are kept; None keeps none. keyboard and
    screen: prompt_toolkit's, for tests."""

    def __init__(
        self,
        speaker: Speaker,
        console: Console,
        folder: Path | None = None,
        keyboard: Input | None = None,
        screen: Output | None = None,
    ) -> None:
        self._speaker, self._console = speaker, console
        self._pictures = folder / "pictures" if folder is not None else None
        self._tracker: Tracker | None = None
        kept: History = FileHistory(str(folder / "history")) if folder is not None else InMemoryHistory()
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
        with Tracker(opening, lambda progress: self._tell(opening.result(), progress), self._tell_promised) as tracker:
            self._tracker = tracker
            failed = self._turns(opening, tracker)
            self._say_what_goes_on(tracker)
        if opening.done() and (error := opening.exception()) is not None:
            raise error
        return 1 if failed else 0

    def _turns(self, opening: Future[Bot], tracker: Tracker) -> bool:
        """Whether the bot itself failed."""
        failed = False
        while (text := self._read()) is not None:
            # What was pasted may be several lines: each is said.
            lines = [line.strip() for line in text.splitlines() if line.strip()]
            for line in lines:
                if is_leaving(line):
                    return failed
                if len(lines) > 1:
                    self._console.print(f"{piped.PROMPT}{render.printable(line)}")
                bot = self._wait_for(opening)
                if bot is None:
                    break
                failed |= self._answer(bot, tracker, line)
        return failed

    def _answer(self, bot: Bot, tracker: Tracker, text: str) -> bool:
        """Say it; whether the bot itself failed."""
        with tracker.paused:
            try:
                said = piped.say_once(bot, text, self._speaker, self._console, waits=False, pictures=self._pictures)
            except KeyboardInterrupt:
                self._console.print("You interrupted me before I had answered; what you asked for may have been done.")
                return False
            for number in (said.reply.build, said.reply.follow):
                if number is not None:
                    tracker.follow(number)
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

    def _wait_for(self, opening: Future[Bot]) -> Bot | None:
        """The bot; None when the person would not wait for it. Raises what making it raised."""
        if opening.done():
            return opening.result()
        try:
            with self._console.status("Starting the local engine ..."):
                return opening.result()
        except KeyboardInterrupt:
            self._console.print("I said nothing yet: the local engine is still being started. Ctrl-D leaves.")
            return None

    def _catch_up(self, opening: Future[Bot]) -> None:
        """Once the bot is there, say what ended since the last time."""
        if opening.exception() is None:
            for reply in opening.result().since_last_time(self._speaker.identity, CHANNEL):
                render.show(reply, self._console, prefix="Since last time: ")

    def _tell(self, bot: Bot, progress: Progress) -> None:
        render.show(bot.outcome(progress.number, self._speaker.says("")), self._console)

    def _tell_promised(self, bot: Bot) -> None:
        """What an earlier conversation asked to be told, when nobody is there any more who would tell it."""
        for reply in bot.since_last_time(self._speaker.identity, CHANNEL, left_alone=True):
            render.show(reply, self._console)

    def _say_what_goes_on(self, tracker: Tracker) -> None:
        if running := tracker.running():
            builds = listed(str(number) for number in running)
            goes, it = ("goes", "it") if len(running) == 1 else ("go", "them")
            self._console.print(f"Build {builds} {goes} on without you; ask about {it} the next time.")
