"""A request from beginning to end: permission, confirmation, audit, memory, and errors of every kind."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from bot.access import confirmations, memory, permissions
from bot.handlers.dispatch import answer
from bot.intents.catalog import BY_NAME, INTENTS, Intent, Tier
from bot.intents.request import Request
from bot.replies import Command, Question
from orchestration.builds import Json
from orchestration.ports import Conflict, Conversation, NotAllowed, Person, Ports, Unavailable
from tests.bot.commands import SLOTS, populated
from tests.bot.world import World
from tests.fakes import ADA

EVE = Person("eve", "Eve", "viewer", ("console:eve",))
COUNT = iter(range(1_000_000))


def request(intent: str, slots: dict[str, Json] | None = None, **changes: Any) -> Request:
    made = Request(
        intent=intent,
        slots=slots or {},
        words=f"words for {intent}",
        person=ADA,
        channel="console",
        conversation="here",
        delivery_id=f"delivery-{next(COUNT)}",
        heard=f"heard for {intent}",
    )
    return replace(made, **changes)


def refuse(*_: object, **__: object) -> Any:
    raise Unavailable("The table is throttling.")


def crash(*_: object, **__: object) -> Any:
    raise ZeroDivisionError


class Broken:
    """A port of which every operation fails in one way."""

    def __init__(self, failure: Any) -> None:
        self._failure = failure

    def __getattr__(self, name: str) -> Any:
        return self._failure


def test_who_is_not_known_may_nothing(world: World) -> None:
    with pytest.raises(NotAllowed, match="console:mallory"):
        permissions.identify("console:mallory", world.ports.people)


def test_every_change_leaves_an_audit_entry(world: World) -> None:
    answer(request("StartTraining", {"model": "gp"}, words="train the gp"), world.ports)
    answer(request("StartTraining", {"dataset": "nowhere"}), world.ports)
    answer(request("StartTraining", person=EVE), world.ports)
    answer(request("BuildStatus"), world.ports)
    answer(request("StopBuild", {"build": 1}), world.ports)
    entries = world.ports.audit.entries()
    assert [(entry.intent, entry.outcome, entry.build_number) for entry in reversed(entries)] == [
        ("StartTraining", "done", 1),
        ("StartTraining", "refused: UnknownDataset", None),
        ("StartTraining", "refused: NotAllowed", None),
        ("StopBuild", "done", 1),
    ]
    first = entries[-1]
    assert (first.person, first.channel, first.words, first.slots) == (
        "ada",
        "console",
        "train the gp",
        {"model": "gp", "dataset": "toy"},
    )


def test_a_long_text_is_cut_in_the_audit(world: World) -> None:
    answer(request("StartTraining", words="x" * 3000), world.ports)
    assert len(world.ports.audit.entries()[0].words) == 500


def test_a_redelivery_answers_with_the_same_build(world: World) -> None:
    same = request("StartTraining")
    first, second = answer(same, world.ports), answer(same, world.ports)
    assert (first.build, second.build) == (1, 1)
    assert "already started" in second.text


def test_eight_at_once_are_one_build_or_eight(world: World) -> None:
    same = request("StartTraining")
    with ThreadPoolExecutor(8) as pool:
        assert {reply.build for reply in pool.map(lambda _: answer(same, world.ports), range(8))} == {1}
        others = pool.map(lambda _: answer(request("StartTraining"), world.ports), range(8))
        assert {reply.build for reply in others} == set(range(2, 10))


def test_a_repaired_command_waits_for_yes(world: World) -> None:
    asked = answer(request("StartTraining", {"model": "gp"}, repaired=True), world.ports)
    assert asked.text == "Did you mean: 'heard for StartTraining'? That starts a build. Say yes or no."
    assert [choice.say for choice in asked.choices] == ["yes", "no"]
    assert world.ports.builds.latest() == []
    assert world.ports.audit.entries() == []
    assert answer(request("Yes"), world.ports).build == 1
    assert world.ports.audit.entries()[0].words == "words for StartTraining"


def test_a_repaired_question_is_answered_at_once(world: World) -> None:
    assert answer(request("BuildStatus", repaired=True), world.ports).confirm is None


def test_of_eight_yes_at_once_one_works(world: World) -> None:
    answer(request("StartTraining", repaired=True), world.ports)
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: answer(request("Yes"), world.ports), range(8)))
    assert [reply.build for reply in replies if reply.build] == [1]
    assert [build.number for build in world.ports.builds.latest(10)] == [1]


def test_a_confirmation_is_checked_again_when_it_is_used(world: World) -> None:
    """The person lost the role in between."""
    answer(request("StartTraining", repaired=True), world.ports)
    reply = answer(request("Yes", person=replace(ADA, role="viewer")), world.ports)
    assert reply.error == "NotAllowed"
    assert world.ports.builds.latest() == []


def test_what_touches_production_is_always_asked_about() -> None:
    production = replace(BY_NAME["StopBuild"], tier=Tier.PRODUCTION)
    meant = confirmations.Meant({})
    assert confirmations.is_needed(production, request("StopBuild"), meant)
    assert not confirmations.is_needed(production, request("StopBuild", confirmed=True), meant)
    assert not confirmations.is_needed(BY_NAME["StopBuild"], request("StopBuild"), meant)
    assert not confirmations.is_needed(BY_NAME["BuildStatus"], request("BuildStatus", channel="alexa"), meant)


def test_what_costs_money_is_read_back_where_it_is_heard_and_where_it_is_dear(world: World) -> None:
    assert answer(request("StartTraining", channel="alexa"), world.ports).text.startswith("Train gp on toy?")
    assert world.ports.builds.latest() == []
    dear = confirmations.Meant({}, asks=True)
    assert confirmations.is_needed(BY_NAME["StartTraining"], request("StartTraining"), dear)


def test_a_repaired_stop_is_bound_to_the_build_that_runs_now(world: World) -> None:
    answer(request("StartTraining"), world.ports)
    asked = answer(request("StopBuild", {"build": "last"}, repaired=True), world.ports)
    assert "(build 1)" in asked.text
    answer(request("StartTraining", conversation="elsewhere"), world.ports)
    assert answer(request("Yes"), world.ports).text.startswith("Build 1 is STOPPED")


@pytest.mark.parametrize("intent", INTENTS, ids=lambda intent: intent.name)
@pytest.mark.parametrize(
    "port",
    "builds endpoints datasets pipeline conversations settings watches approvals audit codes counters claims".split(),
)
def test_a_port_that_is_away_or_broken_is_a_reply(intent: Intent, port: str) -> None:
    for failure, error in ((refuse, "Unavailable"), (crash, "InternalError")):
        ports = populated().ports
        object.__setattr__(ports, port, Broken(failure))
        reply = answer(request(intent.name, SLOTS.get(intent.name), confirmed=True), ports)
        assert reply.error in {"", "NothingToConfirm", error}, reply


@pytest.mark.parametrize("intent", INTENTS, ids=lambda intent: intent.name)
def test_a_complete_command_is_carried_out(intent: Intent) -> None:
    reply = answer(request(intent.name, SLOTS.get(intent.name), confirmed=True), populated().ports)
    assert reply.error == ("NothingToConfirm" if intent.name == "Yes" else ""), reply
    assert reply.ask is None


def test_an_audit_that_is_away_does_not_undo_what_was_done(world: World, caplog: pytest.LogCaptureFixture) -> None:
    reply = answer(request("StartTraining"), replace(world.ports, audit=Broken(refuse)))
    assert (reply.build, reply.error) == (1, "")
    assert "audit entry could not be written" in caplog.text


class Forgetful:
    """Conversations that load and do not save."""

    def __init__(self, ports: Ports, failure: Exception) -> None:
        self.load, self._failure = ports.conversations.load, failure

    def save(self, conversation: Conversation, ttl_s: float) -> Conversation:
        raise self._failure


@pytest.mark.parametrize("failure", [Unavailable("away"), Conflict("somebody else")])
def test_a_memory_that_is_away_does_not_undo_what_was_done(world: World, failure: Exception) -> None:
    forgetful: Any = Forgetful(world.ports, failure)
    reply = answer(request("StartTraining"), replace(world.ports, conversations=forgetful))
    assert (reply.build, reply.error) == (1, "")


def test_a_memory_changed_meanwhile_is_written_over(world: World) -> None:
    conversations = world.ports.conversations
    mine = memory.load("here", "ada", conversations)
    conversations.save(conversations.load("here#ada"), 60)
    memory.save(replace(mine, build=7), conversations)
    assert memory.load("here", "ada", conversations).build == 7


def test_a_crash_of_a_change_is_audited(world: World) -> None:
    reply = answer(request("StartTraining"), replace(world.ports, pipeline=Broken(crash)))
    assert reply.error == "InternalError"
    assert world.ports.audit.entries()[0].outcome == "InternalError"


def test_a_missing_slot_is_asked_for(world: World) -> None:
    reply = answer(request("Predict", {"model": "gp"}), world.ports)
    assert (reply.text, reply.error) == ("Which numbers? For example: 'predict 0.5 1.0'.", "MissingSlot")
    assert reply.ask == Question(Command("Predict", {"model": "gp"}, "words for Predict"), "numbers")
    assert memory.load("here", "ada", world.ports.conversations).asked is not None
