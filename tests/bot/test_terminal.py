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
from bot.console import tracker as tracking
from bot.console.completing import SentenceCompleter
from bot.console.speaker import Speaker
from bot.console.terminal import Terminal
from bot.console.tracker import Tracker
from bot.handlers.progress import Progress
from bot.intents.request import Utterance
from bot.wiring import Bot, Turn
from orchestration.ports import Unavailable, Watch
from tests.bot.test_dispatch import Broken, crash, refuse, request
from tests.bot.world import World

ADA = Speaker("ada", "here")


def done(bot: Bot) -> Future[Bot]:
    future: Future[Bot] = Future()
    future.set_result(bot)
    return future


def type_in(opening: Future[Bot], typed: str, folder: Path | None = None) -> tuple[int, str]:
    out = io.StringIO()
    with create_pipe_input() as keyboard, create_app_session(input=keyboard, output=DummyOutput()):
        return _converse(keyboard, opening, typed, folder, out), out.getvalue()


def _converse(keyboard: PipeInput, opening: Future[Bot], typed: str, folder: Path | None, out: io.StringIO) -> int:
    terminal = Terminal(ADA, render.make_console(out), folder, keyboard, DummyOutput())
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
    type_in(done(bot), "status\rexit\r", tmp_path)
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


def test_what_runs_when_the_person_leaves_goes_on_and_is_said(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking, "POLL_S", 0.01)
    say = bot.say

    def slowly(utterance: Utterance) -> Turn:
        turn = say(utterance)
        if utterance.text == "help":
            threading.Event().wait(0.2)
        return turn

    bot.say = slowly  # type: ignore[method-assign]
    out = type_in(done(bot), "start training\rstart training\r\rhelp\r\x04")[1]
    assert "goes on without you" in out or "go on without you" in out


def test_a_promise_does_not_stop_the_conversation(world: World, bot: Bot) -> None:
    code, out = type_in(done(bot), "start training\rtell me when it is done\rstatus\rexit\r")
    assert code == 0
    assert out.index("I will tell you when build 1 has ended.") < out.index("Build 1 is QUEUED")
    assert len(world.ports.watches.of_build(1)) == 1


def test_what_an_earlier_conversation_promised_is_told_in_the_next_once(world: World, bot: Bot) -> None:
    """The first one died before the build had ended; the second was there when it did."""
    bot.answer(request("StartTraining"))
    bot.answer(request("TellMeWhenDone", {"build": 1}))
    bot.answer(request("StopBuild", {"build": 1}, conversation="third"))
    out = io.StringIO()
    with create_pipe_input() as keyboard, create_app_session(input=keyboard, output=DummyOutput()):
        terminal = Terminal(ADA, render.make_console(out), None, keyboard, DummyOutput())
        terminal._tell_promised(bot)
        assert out.getvalue() == ""  # whoever asked may still be there, and tell it
        world.clock.forward(6)
        terminal._tell_promised(bot)
        terminal._tell_promised(bot)
    assert out.getvalue().count("Build 1 is STOPPED") == 1


def test_several_pasted_lines_are_each_said(bot: Bot, world: World) -> None:
    pasted = "\x1b[200~start training\nstatus\n\nlist builds\x1b[201~"
    code, out = type_in(done(bot), f"{pasted}\rexit\r")
    assert code == 0
    assert [line for line in out.splitlines() if line.startswith("> ")] == [
        "> start training",
        "> status",
        "> list builds",
    ]
    assert "Build 1 started" in out
    assert "1 build, the newest first." in out


def test_ctrl_c_while_the_engine_starts_says_nothing_and_goes_on(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(Future[Bot]):
        """Interrupted at the first wait, there at the second."""

        waits = 0

        def done(self) -> bool:
            return Interrupted.waits > 0

        def result(self, timeout: float | None = None) -> Bot:
            Interrupted.waits += 1
            if Interrupted.waits == 1:
                raise KeyboardInterrupt
            return bot

        def exception(self, timeout: float | None = None) -> BaseException | None:
            return None

    code, out = type_in(Interrupted(), "start training\rstatus\rexit\r")
    assert code == 0
    assert "I said nothing yet" in out
    assert "No builds yet" in out


def test_completion_offers_sentences() -> None:
    def offered(text: str) -> list[str]:
        return [c.text for c in SentenceCompleter().get_completions(Document(text), CompleteEvent())]

    assert "start training" in offered("sta")
    assert "train the gp on diabetes" in offered("Train the gp on")
    assert offered("xyz") == []
    assert "yes" not in offered("")
    assert "diabetes" in offered("train the gp with q 2 on dia")
    assert "sigma2" in offered("train the gp with si")
    assert "dropout" in offered("tune keras dr")
    assert offered("tune keras d") == []


class TestTracker:
    def test_a_build_seen_running_is_told_when_it_ends(self, world: World, bot: Bot) -> None:
        ended: list[Progress] = []
        tracker = Tracker(done(bot), ended.append)
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
        tracker = Tracker(done(bot), ended.append)
        bot.answer(request("StartTraining"))
        tracker.follow(1)
        tracker.look()
        bot.answer(request("StopBuild", {"build": 1}))
        tracker.follow(1)
        tracker.look()
        assert ended == []

    def test_an_engine_that_is_away_is_asked_again(self, world: World, bot: Bot) -> None:
        tracker = Tracker(done(bot), lambda progress: None)
        bot.answer(request("StartTraining"))
        tracker.follow(1)
        progress, bot.progress = bot.progress, refuse  # type: ignore[method-assign]
        tracker.look()
        bot.progress = progress  # type: ignore[method-assign]
        tracker.look()
        assert "QUEUED" in tracker.line()

    def test_several_builds_have_a_line_each(self, bot: Bot) -> None:
        tracker = Tracker(done(bot), lambda progress: None)
        for _ in range(7):
            bot.answer(request("StartTraining"))
        for number in range(1, 8):
            tracker.follow(number)
        tracker.look()
        lines = tracker.line().splitlines()
        assert [line.split("  ")[0] for line in lines] == [*(f"build {n}" for n in range(3, 8)), "... and 2 more"]
        assert tracker.running() == list(range(1, 8))

    def test_a_build_that_waits_for_a_person_is_told_once(self, world: World, bot: Bot) -> None:
        told: list[Progress] = []
        tracker = Tracker(done(bot), told.append)
        world.ports.settings.save({"approval_required": True})
        bot.answer(request("StartTraining"))
        tracker.follow(1)
        tracker.look()
        world.happens({"build": 1, "trained": {"validation:RMSE": 1.0}})
        world.happens({"build": 1, "judged": {"RMSE": 1.1}})
        world.happens({"build": 1, "registered": True})
        tracker.look()
        tracker.look()
        assert [progress.status for progress in told] == ["WAITING_FOR_APPROVAL"]

    def test_a_look_that_crashes_is_logged_and_not_the_last(
        self, world: World, bot: Bot, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tracking, "POLL_S", 0.01)
        bot.answer(request("StartTraining"))
        looked = threading.Event()
        progress = bot.progress

        def once_crashing(number: int) -> Progress:
            if not looked.is_set():
                looked.set()
                raise ZeroDivisionError
            return progress(number)

        bot.progress = once_crashing  # type: ignore[method-assign]
        with Tracker(done(bot), lambda progress: None) as tracker:
            tracker.follow(1)
            for _ in range(500):
                if "QUEUED" in tracker.line():
                    break
                threading.Event().wait(0.01)
            assert "QUEUED" in tracker.line()
        assert "could not be looked at" in caplog.text

    def test_the_thread_ends_with_the_conversation(self, bot: Bot) -> None:
        with Tracker(done(bot), lambda progress: None):
            assert any(thread.name == "tracker" for thread in threading.enumerate())
        assert not any(thread.name == "tracker" for thread in threading.enumerate())
