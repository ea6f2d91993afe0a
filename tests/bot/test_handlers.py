"""What the handlers answer where the conversations of tests/conversations do not go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.handlers import measures, standing, wording
from bot.handlers.dispatch import answer
from bot.handlers.progress import progress
from bot.handlers.watching import ended_meanwhile, outcome
from bot.replies import Fact, Reply, readable
from models.catalog import BUILT_IN
from orchestration.builds import Build, BuildKind, BuildStatus, Requester, Service
from orchestration.ports import Person, Prediction, UnknownBuild, Watch
from orchestration.steps.record import record
from tests.bot.test_dispatch import EVE, request
from tests.bot.world import FOREST, World
from tests.fakes import ADA


def say(world: World, intent: str, slots: dict[str, Any] | None = None, **changes: Any) -> Reply:
    return answer(request(intent, slots, **changes), world.ports)


def started(world: World, count: int = 1, **slots: Any) -> None:
    for _ in range(count):
        say(world, "StartTraining", slots)


class TestStarting:
    def test_what_was_ordered_is_on_record(self, world: World) -> None:
        reply = say(
            world, "StartTraining", {"dataset": "diabetes", "hyperparameters": {"q": 2, "noise": 0.01}, "deploy": False}
        )
        build = world.ports.builds.get(1)
        assert build.hyperparameters == {"q": 2, "sigma2": 0.01}
        assert build.overrides == {"deploy_after_training": False}
        assert build.requester == Requester("ada", "Ada", "console", "here")
        assert reply.text == "Build 1 started: gp on diabetes with q 2 and sigma2 0.01, and will not be deployed."
        assert Fact("sigma2", "0.01") in reply.facts
        assert [choice.say for choice in reply.choices] == ["tell me when it is done", "stop build 1"]

    def test_a_hyperparameter_says_which_model(self, world: World) -> None:
        other = replace(
            BUILT_IN.models[0], name="other", words=(), hyperparameters=BUILT_IN.models[0].hyperparameters[1:]
        )
        ports = replace(world.ports, built_in=replace(BUILT_IN, models=(other, *BUILT_IN.models)))
        answer(request("StartTraining", {"hyperparameters": {"q": 2}}), ports)
        assert world.ports.builds.get(1).service.model == "gp"


class TestStatus:
    @pytest.mark.parametrize("status", list(BuildStatus))
    def test_each_status_has_its_sentence(self, world: World, status: BuildStatus) -> None:
        now = world.clock.now()
        build = Build(3, BuildKind.TRAIN, Service("gp", "toy"), Requester("a", "A", "c", "d"), status, "x", now, now)
        text = standing.sentence(build, {}, now, BUILT_IN)
        assert text.startswith(f"Build 3 is {status}: ")
        assert text.endswith(".")
        assert "gp on toy" in text

    def test_every_metric_is_a_fact(self, world: World) -> None:
        started(world)
        world.happens({"build": 1, "status": "TRAINING", "printed": {"validation:RMSE": 1.0, "validation:NLPD": 0.5}})
        assert {Fact("RMSE", "1"), Fact("NLPD", "0.5")} <= set(say(world, "BuildStatus").facts)

    def test_of_a_model(self, world: World) -> None:
        started(world)
        assert say(world, "BuildStatus", {"model": "gp"}).build == 1
        assert say(world, "BuildStatus", {"model": "wug"}).error == "UnknownModel"

    def test_a_remembered_build_that_is_gone_is_not_meant(self, world: World) -> None:
        conversations = world.ports.conversations
        conversations.save(replace(conversations.load("here#ada"), state={"build": 12}), 60)
        assert say(world, "BuildStatus", {"build": "it"}).text == wording.NO_BUILDS

    def test_details_have_everything(self, world: World) -> None:
        started(world)
        world.happens({"after_s": 2, "build": 1, "status": "TRAINING"})
        world.happens({"after_s": 3, "build": 1, "failure": ["TrainingFailed", "why"]})
        reply = say(world, "BuildDetails", {"build": 1}, person=replace(ADA, timezone="Europe/Berlin"))
        facts = {fact.label: fact.value for fact in reply.facts}
        assert facts["dataset"] == "toy v0001"
        assert facts["asked for by"] == "Ada (console)"
        assert facts["started"] == "20 Nov 13:00:00 CET"
        assert (facts["error"], facts["cause"]) == ("TrainingFailed", "why")
        assert reply.table is not None
        assert [row[0] for row in reply.table.rows] == ["QUEUED", "TRAINING", "ERROR"]
        assert [row[2] for row in reply.table.rows] == ["2 seconds", "3 seconds", ""]


class TestLists:
    def test_limit_status_and_period(self, world: World) -> None:
        started(world, 12)
        assert (
            say(world, "ListBuilds").text
            == "10 builds, the newest first. There are more: say 'list the last 50 builds'."
        )
        assert say(world, "ListBuilds", {"limit": 3}).text == "3 builds, the newest first."
        assert say(world, "ListBuilds", {"status": "failed"}).text == "No failed builds."
        assert say(world, "ListBuilds", {"whose": "mine", "status": "ready"}).text == "You have no ready builds."
        assert say(world, "ListBuilds", {"when": "today"}).text == "12 builds today, the newest first."
        for period in ("this week", "this month"):
            assert say(world, "ListBuilds", {"when": period, "limit": 2}).text.startswith("2 builds")
        world.clock.forward(86400)
        assert say(world, "ListBuilds", {"when": "today"}).text == "No builds today."
        assert say(world, "ListBuilds", {"when": "yesterday"}).text.startswith("12 builds")

    def test_days_are_the_speakers(self, world: World) -> None:
        world.clock.forward(11.5 * 3600)  # 23:30 in UTC, the next day in Tokyo
        started(world)
        world.clock.forward(3600)
        tokyo = replace(ADA, timezone="Asia/Tokyo")
        assert say(world, "ListBuilds", {"when": "today"}).text == "No builds today."
        assert say(world, "ListBuilds", {"when": "today"}, person=tokyo).text.startswith("1 build today")
        assert say(world, "ListBuilds", {"when": "today"}, person=replace(ADA, timezone="No/Where")).text.startswith(
            "No"
        )

    def test_a_row_says_how_it_went(self, world: World) -> None:
        started(world)
        world.happens({"build": 1, "status": "TRAINING", "metrics": {"validation:RMSE": 1.5}})
        table = say(world, "ListBuilds").table
        assert table is not None
        assert table.rows == (("1", "TRAINING", "gp", "toy", "Ada", "just now", "RMSE 1.5"),)

    def test_endpoints(self, world: World) -> None:
        world.endpoints.serve("test-gp-toy", Service("gp", "toy"), 4)
        world.clock.forward(60)
        world.endpoints.serve("strange", None)
        table = say(world, "ListEndpoints").table
        assert table is not None
        assert table.rows == (
            ("strange", "InService", "", "", "", "just now"),
            ("test-gp-toy", "InService", "gp", "toy", "4", "1 minute ago"),
        )

    def test_models_of_the_settings_are_listed(self, world: World) -> None:
        world.ports.settings.save({"models": [FOREST]})
        assert "forest, the Forest: Many trees." in say(world, "ListModels").text
        described = say(world, "DescribeModel", {"model": "trees"})
        assert described.text.startswith("forest, the Forest, also called trees: Many trees.")
        assert described.table is not None
        assert described.table.rows[0] == ("max_depth", "a whole number", "3", "depth")
        assert say(world, "DescribeModel", {"model": "xgboost"}).text.startswith(
            "There is no model 'xgboost'; there is gp and keras and forest."
        )


class TestStopping:
    def test_of_a_model(self, world: World) -> None:
        started(world)
        assert say(world, "StopBuild", {"model": "gp", "build": "last"}).text.startswith("Build 1 is STOPPED")
        assert world.ports.pipeline.describe(world.ports.builds.get(1)).status == "ABORTED"
        assert world.pipeline.stopped_jobs == [1]

    def test_nobody_elses_is_meant(self, world: World) -> None:
        started(world)
        bob = Person("bob", "Bob", "builder")
        reply = say(world, "StopBuild", {"build": "last"}, person=bob, conversation="elsewhere")
        assert reply.error == "NothingToStop"
        assert say(world, "Cancel", person=bob, conversation="elsewhere").confirm is None


class TestPredicting:
    def test_the_answer(self, world: World) -> None:
        world.endpoints.serve("e", Service("gp", "toy"), None, lambda row: Prediction(1234.5678, 0.0123))
        reply = say(world, "Predict", {"numbers": [0.5, 1]})
        assert reply.text == "y = 1234.5678 ± 0.0123, says the gp on toy for x1 = 0.5 and x2 = 1."
        assert reply.spoken == "y is about 1234.5678, give or take 0.0123."
        assert world.endpoints.invoked == [("e", [[0.5, 1.0]])]

    def test_without_a_deviation(self, world: World) -> None:
        world.endpoints.serve("e", Service("gp", "toy"), None, lambda row: Prediction(1 / 3))
        reply = say(world, "Predict", {"numbers": [0.5, 1]})
        assert reply.text.startswith("y = 0.3333, says")
        assert reply.aloud == "y is about 0.333."

    def test_an_endpoint_of_which_nothing_is_known_is_asked_as_it_is(self, world: World) -> None:
        world.endpoints.serve("strange", None, 77)
        assert say(world, "Predict", {"numbers": [1, 2, 3]}).error == "BadPrediction"
        assert "input 1 = 1 and input 2 = 2" in say(world, "Predict", {"numbers": [1, 2], "endpoint": "strange"}).text
        assert "give the numbers in order" in say(world, "Predict", {"numbers": {"x1": 1}}).text
        world.endpoints.serve("gone", Service("gp", "gone"))
        assert say(world, "Predict", {"numbers": [1, 2], "dataset": "gone"}).text.startswith("the target = ")

    def test_one_that_does_not_serve_is_not_asked(self, world: World) -> None:
        world.endpoints.serve("e", Service("gp", "toy"))
        world.endpoints.set_status("e", "Creating")
        assert say(world, "Predict", {"numbers": [1, 2]}).error == "NothingServed"
        world.endpoints.set_status("e", "Updating")
        assert say(world, "Predict", {"numbers": [1, 2]}).error == ""

    def test_the_models_own_refusal_is_told(self, world: World) -> None:
        world.endpoints.serve("e", None)
        reply = say(world, "Predict", {"numbers": [1]})
        assert (reply.text, reply.error) == ("The model takes 2 inputs, not 1.", "BadPrediction")

    def test_the_version_that_was_trained_on_counts(self, world: World) -> None:
        started(world)
        world.endpoints.serve("e", Service("gp", "toy"), 1)
        register = world.ports.datasets.get("toy")
        assert register.version == "v0001"
        from orchestration.ports import NewDataset

        world.ports.datasets.register(NewDataset("toy", "y", {"train": "y,a,b,c\n1,2,3,4\n"}))
        assert "x1 = 1 and x2 = 2" in say(world, "Predict", {"numbers": [1, 2]}).text


class TestHelp:
    def test_shows_what_may_be_done(self, world: World) -> None:
        def offered(person: Person) -> set[str]:
            table = say(world, "Help", person=person).table
            assert table is not None
            return {row[1] for row in table.rows}

        assert "'start training'" in offered(ADA)
        assert "'start training'" not in offered(EVE)
        assert "'is my build done'" in offered(EVE)
        assert "'yes'" not in offered(ADA)

    def test_about_a_topic(self, world: World) -> None:
        reply = say(world, "Help", {"about": "training"})
        assert "Models: gp" in reply.text
        assert "Datasets: diabetes and toy." in reply.text
        assert reply.table is not None
        assert say(world, "Help", {"about": "endpoints"}).table is None
        unknown = say(world, "Help", {"about": "gardening"})
        assert unknown.error == "UnknownTopic"
        assert "training" in unknown.text
        assert say(world, "Help", {"about": "training"}, person=EVE).error == "UnknownTopic"


class TestWatching:
    def test_a_promise_is_kept_once(self, world: World) -> None:
        started(world)
        reply = say(world, "TellMeWhenDone")
        assert (reply.follow, reply.text) == (1, "I will tell you when build 1 has ended.")
        assert len(world.ports.watches.of_build(1)) == 1
        world.happens({"build": 1, "status": "TRAINING"})
        assert list(ended_meanwhile("ada", "console", world.ports)) == []
        world.happens({"build": 1, "status": "TRAINED"})
        told = list(ended_meanwhile("ada", "console", world.ports))
        assert [one.text.split(":")[0] for one in told] == ["Build 1 is TRAINED"]
        assert list(ended_meanwhile("ada", "console", world.ports)) == []

    def test_what_was_not_shown_is_told_again(self, world: World) -> None:
        started(world)
        say(world, "TellMeWhenDone")
        world.happens({"build": 1, "status": "TRAINING"})
        world.happens({"build": 1, "status": "TRAINED"})
        assert next(ended_meanwhile("ada", "console", world.ports)).build == 1  # and the channel dies
        assert list(ended_meanwhile("ada", "console", world.ports)) == []  # it may still be at it
        world.clock.forward(61)
        assert [reply.build for reply in ended_meanwhile("ada", "console", world.ports)] == [1]

    def test_waiting_for_it_keeps_the_promise_too(self, world: World) -> None:
        started(world)
        say(world, "TellMeWhenDone")
        say(world, "TellMeWhenDone", conversation="elsewhere")
        assert outcome(1, "ada", "here", world.ports).build == 1  # it runs still: the promise stays
        assert len(world.ports.watches.of_build(1)) == 2
        say(world, "StopBuild", {"build": 1}, conversation="third")
        assert outcome(1, "ada", "here", world.ports).build == 1
        assert [watch.requester.conversation for watch in world.ports.watches.of_build(1)] == ["elsewhere"]

    def test_other_channels_keep_their_own(self, world: World) -> None:
        started(world)
        say(world, "TellMeWhenDone", channel="slack")
        say(world, "StopBuild", {"build": 1})
        assert list(ended_meanwhile("ada", "console", world.ports)) == []

    def test_a_watch_of_a_build_that_is_gone_is_dropped(self, world: World) -> None:
        world.ports.watches.add(Watch(99, Requester("ada", "Ada", "console", "here"), world.clock.now()))
        assert list(ended_meanwhile("ada", "console", world.ports)) == []
        assert world.ports.watches.of_person("ada") == []

    def test_progress_is_one_line(self, world: World) -> None:
        started(world)
        world.happens({"build": 1, "status": "TRAINING", "printed": {"validation:RMSE": 0.9312}, "after_s": 12})
        assert progress(1, world.ports).line == "build 1  TRAINING  12 s  RMSE 0.9312"
        with pytest.raises(UnknownBuild):
            progress(2, world.ports)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (59.4, "59 seconds"),
        (60, "1 minute"),
        (125, "2 minutes 5 seconds"),
        (7200, "2 hours"),
        (8000, "2 hours 13 minutes"),
        (90000, "1 day 1 hour"),
        (-5, "0 seconds"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert wording.duration(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("mean", "std", "expected"),
    [
        (5.94999, 1.0234, ("5.95", "1.02")),
        (1234.5678, 0.01234, ("1234.5678", "0.0123")),
        (1234.5678, 456.7, ("1235", "457")),
        (0.5, 0.0, ("0.5", "0")),
        (0.123456, None, ("0.1235", "")),
        (3, None, ("3", "")),
        (float("inf"), 1.0, ("inf", "1")),
        (1e-7, float("nan"), ("1e-07", "nan")),
    ],
)
def test_rounding(mean: float, std: float | None, expected: tuple[str, str]) -> None:
    assert wording.with_deviation(mean, std) == expected


@pytest.mark.parametrize(
    ("words", "expected"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_lists_of_words(words: Sequence[str], expected: str) -> None:
    assert wording.listed(words) == expected


def test_many_columns_are_cut() -> None:
    assert wording.columns([str(i) for i in range(20)]).endswith("10, 11 and 8 more")


def test_an_unknown_model_or_zone_does_not_stop_a_sentence(world: World) -> None:
    started(world)
    build = replace(world.ports.builds.get(1), service=Service("gone", "toy"))
    assert measures.objective(build, {"validation:Loss": 2.0}, BUILT_IN) == "Loss 2"
    assert wording.clock_time(datetime(2026, 11, 20, 12, 0, tzinfo=UTC), "No/Where") == "20 Nov 12:00:00 UTC"


def test_a_progress_that_cannot_be_read_leaves_the_status(world: World) -> None:
    from tests.bot.test_dispatch import refuse

    started(world)
    world.pipeline.progress = refuse  # type: ignore[method-assign]
    assert say(world, "BuildStatus").text.startswith("Build 1 is QUEUED")


def test_record_is_what_moves_a_build(world: World) -> None:
    """The fakes refuse what the machine would never do."""
    from orchestration.ports import Change, TransitionRefused

    started(world)
    with pytest.raises(TransitionRefused):
        record(1, Change(BuildStatus.READY, world.clock.now()), world.ports)


def test_nobody_sees_the_traceback_that_a_cause_may_have(world: World) -> None:
    started(world)
    world.happens({"build": 1, "status": "TRAINING"})
    cause = "AlgorithmError: TypeError: not a number.\nTraceback (most recent call last):\n  File x\nTypeError: not"
    world.happens({"build": 1, "failure": ["TrainingFailed", cause]})
    for intent in ("BuildStatus", "BuildDetails", "WhyFailed"):
        reply = say(world, intent)
        assert "AlgorithmError: TypeError: not a number." in reply.text + "."
        assert "Traceback" not in reply.text + " ".join(map(str, reply.facts))
    assert readable("Traceback (most recent call last):\n  File x\nKeyError: 'a'") == "KeyError: 'a'"
    assert len(readable("x" * 9000)) < 510
