"""Waiting for a build: a live line on a terminal, one line a status change elsewhere. Ctrl-C ends the waiting only."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner

from bot.console.render import printable
from bot.console.speaker import Speaker
from bot.handlers.progress import Progress
from bot.replies import Reply
from bot.wiring import Bot
from orchestration.builds import BuildStatus
from orchestration.ports import Unavailable

POLL_S = 0.4
MAX_SILENCE_S = 60.0  # how long the engine may be away before waiting is given up


def wait(bot: Bot, number: int, speaker: Speaker, console: Console) -> Reply:
    """Wait until the build has ended, and say how; or until it waits for a person.

    On a terminal, Ctrl-C stops waiting and leaves the build alone.

    Raises SageBuildError when the build cannot be looked at any more.
    """
    if not console.is_terminal:
        _wait_quietly(bot, number, lambda progress: console.print(f"  {printable(progress.line)}", soft_wrap=True))
        return bot.outcome(number, speaker.says(""))
    try:
        _wait_live(bot, number, console)
    except KeyboardInterrupt:
        return Reply(f"I stopped waiting; build {number} goes on. I will tell you next time.", build=number)
    return bot.outcome(number, speaker.says(""))


def wait_silently(bot: Bot, number: int, speaker: Speaker) -> Reply:
    """Wait without a word, for output that is read by programs. Raises SageBuildError."""
    _wait_quietly(bot, number, lambda progress: None)
    return bot.outcome(number, speaker.says(""))


def _wait_quietly(bot: Bot, number: int, changed: Callable[[Progress], None]) -> None:
    last = None
    for progress in _until_ended(bot, number):
        if progress.status != last:
            changed(progress)
        last = progress.status


def _wait_live(bot: Bot, number: int, console: Console) -> None:
    spinner = Spinner("line", text=f"build {number}")
    with Live(spinner, console=console, transient=True, refresh_per_second=8):
        for progress in _until_ended(bot, number):
            spinner.update(text=f"{printable(progress.line)}   (Ctrl-C stops waiting)")


def _until_ended(bot: Bot, number: int) -> Iterator[Progress]:
    """How the build stands, again and again until it has ended or waits for a person.

    An engine that is away for a moment is waited for.
    """
    silence_s = 0.0
    while True:
        try:
            progress = bot.progress(number)
        except Unavailable:
            silence_s += POLL_S
            if silence_s >= MAX_SILENCE_S:
                raise
        else:
            silence_s = 0.0
            yield progress
            # What waits for a person waits for days; whoever is to decide may be the one who reads this.
            if progress.has_ended or progress.status is BuildStatus.WAITING_FOR_APPROVAL:
                return
        bot.wait(POLL_S)
