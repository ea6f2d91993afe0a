"""A person at a keyboard, played by prompt_toolkit's own pipe: history, completion, following builds, leaving."""

from __future__ import annotations

import io
import threading
from concurrent.futures import Future
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from bot.console import render
from bot.console.speaker import Speaker
from bot.console.terminal import SentenceCompleter, Terminal, Tracker
from bot.handlers.progress import Progress
from bot.wiring import Bot
from orchestration.ports import Unavailable, Watch
from tests.bot.conversations import World
from tests.bot.test_dispatch import Broken, crash, refuse, request

ADA = Speaker("ada", "here")


def done(bot: Bot) -> Future[Bot]:
    future: Future[Bot] = Future()
    future.set_result(bot)
    return future


def type_in(opening: Future[Bot], typed: str, history: Path | None = None) -> tuple[int, str]:
    out = io.StringIO()
    with create_pipe_input() as keyboard, create_app_session(input=keyboard, output=DummyOutput()):
        return _converse(keyboard, opening, typed, history, out), out.getvalue()


def _converse(keyboard: PipeInput, opening: Future[Bot], typed: str, history: Path | None, out: io.StringIO) -> int:
    terminal = Terminal(ADA, render.make_console(out), history, keyboard, DummyOutput())
    keyboard.send_text(typed)
    return terminal.converse(opening)


def test_a_conversation(bot: Bot, world: World) -> None:
    code, out = type_in(done(bot), "start training\rstatus\r\rexit\rnever said\r")
    assert code == 0
    assert "Build 1 started" in out
    assert "Build 1 is QUEUED" in out
    assert out.startswith("SageBuild.")


def test_ctrl_d_leaves_and_ctrl_c_clears_the_line(bot: Bot, world: World) -> None:
    code, out = type_in(done(bot), "start trai\x03status\r\x04")
    assert code == 0
    assert "No builds yet" in out
    assert world.ports.builds.latest() == []


def test_what_was_said_is_kept_for_next_time(bot: Bot, tmp_path: Path) -> None:
    type_in(done(bot), "status\rexit\r", tmp_path / "history")
    assert "+status" in (tmp_path / "history").read_text()


def test_a_bot_that_fails_gives_exit_code_1(world: World, bot: Bot) -> None:
    object.__setattr__(world.ports, "builds", Broken(crash))
    code, out = type_in(done(bot), "status\rexit\r")
    assert code == 1
    assert "our side" in out


def test_the_prompt_is_there_before_the_bot(bot: Bot) -> None:
    opening: Future[Bot] = Future()
    threading.Timer(0.3, opening.set_result, [bot]).start()
    code, out = type_in(opening, "status\rexit\r")
    assert code == 0
    assert "No builds yet" in out


def test_a_bot_that_cannot_be_made_is_an_error_and_leaving_early_is_none() -> None:
    opening: Future[Bot] = Future()
    opening.set_exception(Unavailable("the engine did not start"))
    with pytest.raises(Unavailable, match="did not start"):
        type_in(opening, "status\r")
    assert type_in(Future(), "exit\r")[0] == 0


def test_what_ended_meanwhile_is_told_first(world: World, bot: Bot) -> None:
    bot.answer(request("StartTraining"))
    world.ports.watches.add(Watch(1, world.ports.builds.get(1).requester, world.clock.now()))
    bot.answer(request("StopBuild", {"build": 1}))
    assert "Since last time: Build 1 is STOPPED" in type_in(done(bot), "exit\r")[1]


def test_ctrl_c_during_an_answer_does_not_leave(bot: Bot) -> None:
    say = bot.say
    interrupted: list[bool] = []

    def once(utterance: object) -> object:
        if not interrupted:
            interrupted.append(True)
            raise KeyboardInterrupt
        return say(utterance)  # type: ignore[arg-type]

    bot.say = once  # type: ignore[method-assign, assignment]
    code, out = type_in(done(bot), "start training\rstatus\rexit\r")
    assert code == 0
    assert "You interrupted me" in out
    assert "No builds yet" in out


def test_completion_offers_sentences() -> None:
    def offered(text: str) -> list[str]:
        return [c.text for c in SentenceCompleter().get_completions(Document(text), CompleteEvent())]

    assert "start training" in offered("sta")
    assert "train the gp on diabetes" in offered("Train the gp on")
    assert offered("xyz") == []
    assert "yes" not in offered("")


class TestTracker:
    def test_a_build_seen_running_is_told_when_it_ends(self, world: World, bot: Bot) -> None:
        ended: list[Progress] = []
        tracker = Tracker(bot, ended.append)
        bot.answer(request("StartTraining"))
        tracker.follow(1)
        assert tracker.line() == ""
        tracker.look()
        assert tracker.line() == "build 1  QUEUED  0 s"
        bot.answer(request("StopBuild", {"build": 1}))
        tracker.look()
        tracker.look()
        assert [progress.status for progress in ended] == ["STOPPED"]
        assert tracker.line() == ""

    def test_what_was_just_said_is_not_repeated(self, world: World, bot: Bot) -> None:
        ended: list[Progress] = []
        tracker = Tracker(bot, ended.append)
        bot.answer(request("StartTraining"))
        tracker.follow(1)
        tracker.look()
        bot.answer(request("StopBuild", {"build": 1}))
        tracker.follow(1)
        tracker.look()
        assert ended == []

    def test_an_engine_that_is_away_is_asked_again(self, world: World, bot: Bot) -> None:
        tracker = Tracker(bot, lambda progress: None)
        bot.answer(request("StartTraining"))
        tracker.follow(1)
        progress, bot.progress = bot.progress, refuse  # type: ignore[method-assign]
        tracker.look()
        bot.progress = progress  # type: ignore[method-assign]
        tracker.look()
        assert "QUEUED" in tracker.line()

    def test_the_thread_ends_with_the_conversation(self, bot: Bot) -> None:
        with Tracker(bot, lambda progress: None):
            assert any(thread.name == "tracker" for thread in threading.enumerate())
        assert not any(thread.name == "tracker" for thread in threading.enumerate())
