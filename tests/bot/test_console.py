"""The terminal channel without a terminal: transcripts, JSON, exit codes, waiting, rendering."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from bot.console import piped, render, waiting
from bot.console.speaker import Speaker, in_new_conversation, in_standing_conversation, is_leaving
from bot.replies import Choice, Fact, Reply, Table
from bot.wiring import Bot
from orchestration.ports import Unavailable, Watch
from tests.bot.test_dispatch import Broken, crash, refuse
from tests.bot.world import World

ADA = Speaker("ada", "here")


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)


def converse(bot: Bot, *lines: str, as_json: bool = False) -> tuple[int, str]:
    out = io.StringIO()
    code = piped.converse(bot, lines, ADA, render.make_console(out), as_json=as_json)
    return code, out.getvalue()


def while_sleeping(world: World, *events: dict[str, Any]) -> None:
    """Each time somebody sleeps, the next event happens."""
    left = list(events)
    sleep: Callable[[float], None] = world.clock.sleep

    def happen(seconds: float) -> None:
        sleep(seconds)
        if left:
            world.happens(left.pop(0))

    world.clock.sleep = happen  # type: ignore[method-assign]


BUILT: tuple[dict[str, Any], ...] = (
    {},
    {"build": 1, "status": "TRAINING", "after_s": 1},
    {"printed": {"validation:RMSE": 1.5}, "build": 1},
    {"build": 1, "status": "DEPLOYING", "metrics": {"validation:RMSE": 1.02}},
    {"build": 1, "status": "READY", "serves": "gp/toy"},
)


def test_the_conversation_of_issue_2(world: World, bot: Bot) -> None:
    while_sleeping(world, *BUILT)
    lines = ("start training", "tell me when it is done", "is my build done?", "predict 0.5 1.0", "list endpoints")
    code, out = converse(bot, *lines)
    assert code == 0
    assert [line for line in out.splitlines() if line.startswith("> ")] == [f"> {line}" for line in lines]
    assert "  build 1  QUEUED  0 s" in out
    assert "  build 1  TRAINING  2 s" in out
    assert out.count("Build 1 is READY") == 2
    assert "y = 5.95 ± 1.02" in out
    assert "test-gp-toy" in out


def test_as_json_one_object_a_line_and_the_outcome_of_a_wait(world: World, bot: Bot) -> None:
    while_sleeping(world, *BUILT)
    code, out = converse(bot, "start training", "tell me when it is done", "flurb", "list builds", as_json=True)
    documents = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [list(document) for document in documents] == [
        ["utterance", "intent", "slots", "reply", "build", "error"]
    ] * 4
    assert documents[1]["reply"].startswith("Build 1 is READY")
    assert (documents[1]["build"], documents[1]["error"]) == (1, "")
    assert (documents[2]["intent"], documents[2]["error"]) == (None, "NotUnderstood")
    assert "1 | READY | gp | toy | Ada" in documents[3]["reply"]


def test_blank_lines_and_comments_are_left_out_and_exit_leaves(world: World, bot: Bot) -> None:
    code, out = converse(bot, "", "  ", "# a comment", "status\n", "exit", "start training")
    assert (code, out.count("> ")) == (0, 1)
    assert world.ports.builds.latest() == []


@pytest.mark.parametrize("text", ["exit", "quit", " Quit. ", "bye!", ":q"])
def test_leaving(text: str) -> None:
    assert is_leaving(text)
    assert not is_leaving("exit the build")


def test_the_exit_code_says_when_the_bot_itself_failed(world: World, bot: Bot) -> None:
    assert converse(bot, "train the gp with q 99", "flurb")[0] == 0
    object.__setattr__(world.ports, "builds", Broken(crash))
    code, out = converse(bot, "status", "help")
    assert code == 1
    assert "our side" in out
    assert "Traceback" not in out
    assert "You can say" in out
    assert converse(bot, "status", as_json=True)[0] == 1


def test_since_last_time(world: World, bot: Bot) -> None:
    converse(bot, "start training")
    world.ports.watches.add(Watch(1, world.ports.builds.get(1).requester, world.clock.now()))
    converse(bot, "stop the build")
    assert converse(bot, "help", as_json=True)[1].count("Since last time") == 0
    assert "Since last time: Build 1 is STOPPED" in converse(bot, "help")[1]
    assert "Since last time" not in converse(bot, "help")[1]


def test_an_engine_that_is_away_for_a_moment_is_waited_for(world: World, bot: Bot) -> None:
    converse(bot, "start training")
    while_sleeping(world, *BUILT)
    progress, failures = bot.progress, iter([True, True, False, True])

    def sometimes(number: int) -> Any:
        if next(failures, False):
            raise Unavailable("away")
        return progress(number)

    bot.progress = sometimes  # type: ignore[method-assign]
    assert waiting.wait_silently(bot, 1, ADA).text.startswith("Build 1 is READY")


@pytest.mark.parametrize("as_json", [True, False])
def test_an_engine_that_stays_away_is_given_up(bot: Bot, as_json: bool) -> None:
    converse(bot, "start training")
    bot.progress = refuse  # type: ignore[method-assign]
    code, out = converse(bot, "tell me when it is done", as_json=as_json)
    assert code == 0
    assert "try again in a moment" in out


class TestOnATerminal:
    """A console that believes it is one."""

    def console(self, width: int = 80) -> Console:
        return Console(file=io.StringIO(), force_terminal=True, width=width, highlight=False, markup=False, emoji=False)

    def test_waiting_draws_and_tells(self, world: World, bot: Bot) -> None:
        converse(bot, "start training")
        while_sleeping(world, *BUILT)
        console = self.console()
        assert waiting.wait(bot, 1, ADA, console).text.startswith("Build 1 is READY")
        assert "build 1" in console.file.getvalue()  # type: ignore[attr-defined]

    def test_ctrl_c_stops_waiting_and_not_the_build(self, world: World, bot: Bot) -> None:
        converse(bot, "start training", as_json=True)
        world.ports.watches.add(Watch(1, world.ports.builds.get(1).requester, world.clock.now()))

        def interrupt(seconds: float) -> None:
            raise KeyboardInterrupt

        bot.wait = interrupt  # type: ignore[method-assign]
        reply = waiting.wait(bot, 1, ADA, self.console())
        assert reply.text == "I stopped waiting; build 1 goes on. I will tell you next time."
        assert not world.ports.builds.get(1).has_ended
        assert len(world.ports.watches.of_build(1)) == 1

    def test_colours_and_none_with_no_color(self, monkeypatch: pytest.MonkeyPatch) -> None:
        reply = Reply("Build 1 is READY: fine.")
        coloured = self.console()
        render.show(reply, coloured)
        assert "\x1b[1;32mREADY" in coloured.file.getvalue()  # type: ignore[attr-defined]
        monkeypatch.setenv("NO_COLOR", "1")
        without = self.console()
        render.show(reply, without)
        assert "32m" not in without.file.getvalue()  # type: ignore[attr-defined]

    def test_it_fits_80_columns(self) -> None:
        console = self.console()
        rows = tuple(
            (str(i), "READY", "word " * 12, "endpoint-" * 8, "by", "12 minutes ago", "RMSE 1.234") for i in range(3)
        )
        headings = ("build", "status", "model", "dataset", "by", "started", "result")
        render.show(Reply("word " * 60, table=Table(headings, rows)), console)
        lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
        assert max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in lines) <= 80
        assert len(lines) > 10


def shown(reply: Reply) -> str:
    out = io.StringIO()
    render.show(reply, render.make_console(out))
    return out.getvalue()


def test_without_a_terminal_a_sentence_stays_on_one_line() -> None:
    text = "q is 99, but must be a whole number from 0 to 4. " * 8
    assert text.strip() in shown(Reply(text.strip()))


def test_facts_that_the_sentence_has_are_not_repeated() -> None:
    out = shown(
        Reply("Build 1 is READY.", facts=(Fact("status", "READY"), Fact("NLPD", "0.5", "nats"), Fact("none", "")))
    )
    assert out.split() == ["Build", "1", "is", "READY.", "NLPD", "0.5", "nats"]


def test_nothing_that_was_said_steers_the_terminal() -> None:
    reply = Reply("There is no dataset '\x1b[31mred\x07'.", table=Table(("a",), (("\x1b]0;title\x07",),)))
    out = shown(reply)
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "[31mred" in out
    assert render.printable("two\nlines\ud800") == "two\nlines\ufffd"


def test_markup_is_text() -> None:
    assert "[bold]x[/bold] :smile:" in shown(Reply("[bold]x[/bold] :smile:"))


def test_an_empty_table_is_not_drawn() -> None:
    assert shown(Reply("Nothing.", table=Table(("a",), ()), choices=(Choice("Help", "help"),))) == "Nothing.\n"


def test_conversations_are_apart_and_single_utterances_together() -> None:
    assert in_new_conversation("ada").conversation != in_new_conversation("ada").conversation
    assert in_standing_conversation("ada") == in_standing_conversation("ada")
    first, second = ADA.says("x"), ADA.says("x")
    assert first.delivery_id != second.delivery_id
    assert first.identity == "console:ada"
