"""A conversation from a script: one utterance a line, each echoed, the replies printed or given as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from bot.console import plotting, render, waiting
from bot.console.speaker import CHANNEL, Speaker, is_leaving
from bot.handlers import errors
from bot.replies import Problem, Reply
from bot.wiring import Bot, Turn
from orchestration.ports import SageBuildError

PROMPT = "> "


def converse(
    bot: Bot,
    lines: Iterable[str],
    speaker: Speaker,
    console: Console,
    *,
    as_json: bool,
    pictures: Path | None = None,
) -> int:
    """Say each line; blank ones and comments (#) are left out. 0 at the end; 1 when the bot itself failed once.

    pictures: the folder in which they are saved.
    """
    failed = False
    if not as_json:
        for reply in bot.since_last_time(speaker.identity, CHANNEL):
            render.show(reply, console, prefix="Since last time: ")
    for line in lines:
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if is_leaving(text):
            break
        if as_json:
            failed |= say_as_json(bot, text, speaker, console).failed
        else:
            console.print(f"{PROMPT}{render.printable(text)}", soft_wrap=True)
            failed |= say_once(bot, text, speaker, console, pictures=pictures).failed
    return 1 if failed else 0


@dataclass(frozen=True)
class Said:
    """One utterance and what was answered. told: how the build ended, when its end was waited for."""

    turn: Turn
    told: Reply | None = None

    @property
    def reply(self) -> Reply:
        """The last word."""
        return self.told or self.turn.reply

    @property
    def failed(self) -> bool:
        """Whether the bot itself failed."""
        return Problem.INTERNAL_ERROR in (self.turn.reply.error, self.reply.error)


def say_once(
    bot: Bot, text: str, speaker: Speaker, console: Console, *, waits: bool = True, pictures: Path | None = None
) -> Said:
    """Say it and print the answer. waits: a build that is to be reported is waited for, until it has ended or waits for
    a person itself."""
    turn = bot.say(speaker.says(text))
    render.show(turn.reply, console)
    if turn.reply.picture is not None:
        plotting.show(turn.reply.picture, console, pictures)
    if turn.reply.follow is None or not waits:
        return Said(turn)
    try:
        told = waiting.wait(bot, turn.reply.follow, speaker, console)
    except SageBuildError as error:
        told = errors.to_reply(error)
    render.show(told, console)
    return Said(turn, told)


def say_as_json(bot: Bot, text: str, speaker: Speaker, console: Console) -> Said:
    """Say it and print one JSON object on one line. A build that is to be reported is waited for without a word."""
    turn = bot.say(speaker.says(text))
    said = Said(turn)
    if turn.reply.follow is not None:
        try:
            said = Said(turn, waiting.wait_silently(bot, turn.reply.follow, speaker))
        except SageBuildError as error:
            said = Said(turn, errors.to_reply(error))
    document = {
        "utterance": text,
        "intent": turn.parse.intent,
        "slots": dict(turn.parse.slots),
        "reply": render.to_text(said.reply),
        "build": said.reply.build,
        "error": said.reply.error,
    }
    console.file.write(json.dumps(document, ensure_ascii=False) + "\n")
    console.file.flush()
    return said
