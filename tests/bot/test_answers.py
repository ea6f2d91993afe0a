"""What the handlers of production, data, settings and money answer where the conversations do not go."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.access import memory
from bot.handlers import measures, ordering
from bot.handlers.dispatch import answer
from bot.handlers.helping import not_understood
from bot.handlers.starting import search_switch
from bot.handlers.sweeping import places
from bot.language.parse import Parse
from bot.replies import Fact, Reply
from models.catalog import BUILT_IN
from orchestration.builds import Service
from orchestration.ports import BadPrediction, NewDataset, Person, Prediction
from orchestration.settings import BuildSettings
from orchestration.steps.estimates import Cost, TimeLeft
from tests.bot.commands import READY, RUNNING, SPARE, WAITING, populated
from tests.bot.test_dispatch import Broken, refuse, request
from tests.bot.world import World
from tests.fakes import ADA


def say(world: World, intent: str, slots: dict[str, Any] | None = None, **changes: Any) -> Reply:
    return answer(request(intent, slots, **changes), world.ports)


def flower(row: Any) -> Prediction:
    share = 0.1 + 0.8 * float(row[0])
    return Prediction(0.0, None, {"rose": share, "lily": 0.9 - share, "iris": 0.1})


class TestClasses:
    @pytest.fixture
    def garden(self, world: World) -> World:
        rows = "kind,x1,x2\nrose,1,2\nlily,2,1\niris,3,3\n"
        world.ports.datasets.register(NewDataset("flowers", "kind", {"train": rows, "validation": rows}))
        world.endpoints.serve("test-keras-flowers", Service("keras", "flowers"), None, flower)
        return world

    def test_a_prediction_is_the_class_and_every_probability(self, garden: World) -> None:
        reply = say(garden, "Predict", {"numbers": [0.5, 1]})
        assert reply.text == (
            "kind = rose, with probability 50 % (lily 40 % and iris 10 %), says the keras on flowers for x1 = 0.5 "
            "and x2 = 1."
        )
        assert reply.aloud == "kind is rose, with a probability of 50 percent."
        assert reply.table is not None
        assert reply.table.rows == (("rose", "50 %"), ("lily", "40 %"), ("iris", "10 %"))

    def test_a_sweep_has_a_line_a_class(self, garden: World) -> None:
        reply = say(garden, "Sweep", {"input": "X1", "from": 0, "to": 1, "points": 3, "numbers": {"X2": 5}})
        assert reply.text.startswith("kind goes from lily to rose as x1 goes from 0 to 1")
        assert reply.picture is not None
        assert [series.name for series in reply.picture.series] == ["rose", "lily", "iris"]
        assert reply.picture.y.name == "probability of kind"
        assert garden.endpoints.invoked == [("test-keras-flowers", [[0.0, 5.0], [0.5, 5.0], [1.0, 5.0]])]

    def test_the_dataset_says_which_classes(self, garden: World) -> None:
        reply = say(garden, "DescribeDataset", {"dataset": "flowers"})
        assert "to predict kind, which is one of 3 classes" in reply.text
        assert Fact("classes", "iris, lily and rose") in reply.facts
        assert "classes" in str(say(garden, "ListDatasets").table)


class TestSweep:
    @pytest.mark.parametrize(
        ("start", "end", "step", "points", "expected"),
        [
            (0, 1, 0.5, None, [0, 0.5, 1]),
            (0, 1, 0.3, None, [0, 0.3, 0.6, 0.9, 1]),
            (1, 0, 0.5, None, [1, 0.5, 0]),
            (0, 1, -0.5, None, [0, 0.5, 1]),
            (0, 1, 5, None, [0, 1]),
            (0, 1, None, 2, [0, 1]),
            (-1, 1, None, 5, [-1, -0.5, 0, 0.5, 1]),
            (0, 1, 0.1, 3, [0, 0.5, 1]),
        ],
    )
    def test_both_ends_are_included(
        self, start: float, end: float, step: float | None, points: int | None, expected: list[float]
    ) -> None:
        assert places(start, end, step, points) == pytest.approx(expected)

    def test_ten_tenths_are_eleven_points(self) -> None:
        assert len(places(0, 1, 0.1, None)) == 11
        assert len(places(0, 2, 0.1, None)) == 21
        assert len(places(0, 1, None, None)) == 21

    @pytest.mark.parametrize(
        ("start", "end", "step", "points"),
        [(0, 0, None, None), (0, math.inf, None, None), (0, 1, 1e-9, None), (0, 1, None, 1), (0, 1, None, 10**9)],
    )
    def test_what_is_no_sweep_is_refused(
        self, start: float, end: float, step: float | None, points: int | None
    ) -> None:
        with pytest.raises(BadPrediction):
            places(start, end, step, points)

    def test_one_request_with_the_deviation_around_it(self, world: World) -> None:
        world.endpoints.serve("e", Service("gp", "toy"))
        reply = say(world, "Sweep", {"input": "x1", "from": 0, "to": 1, "points": 3, "numbers": {"x2": 1}})
        assert len(world.endpoints.invoked) == 1
        assert reply.picture is not None
        mean, below, above = reply.picture.series
        assert [y for _, y in mean.points] == pytest.approx([5.2, 5.95, 6.7])
        assert [y for _, y in below.points] == pytest.approx([4.18, 4.93, 5.68])
        assert [y for _, y in above.points] == pytest.approx([6.22, 6.97, 7.72])

    def test_what_lies_outside_of_the_ends_is_said(self, world: World) -> None:
        world.endpoints.serve("e", Service("gp", "toy"), None, lambda row: Prediction(float(row[0]) ** 2))
        text = say(world, "Sweep", {"input": "x1", "from": -1, "to": 1, "points": 3}).text
        assert text.startswith("y goes from 1 to 1 (lowest 0) as x1 goes from -1 to 1")

    def test_text_is_not_varied_and_what_is_not_known_is_asked_for(self, world: World) -> None:
        rows = "y,colour,x\n1,red,2\n2,blue,3\n"
        world.ports.datasets.register(NewDataset("paint", "y", {"train": rows, "validation": rows}))
        world.endpoints.serve("e", Service("keras", "paint"), None, lambda row: Prediction(1.0))
        assert "is text" in say(world, "Sweep", {"input": "colour", "from": 0, "to": 1}).text
        assert say(world, "Sweep", {"input": "x", "from": 0, "to": 1}).error == ""
        assert world.endpoints.invoked[0][1][0] == ["red", 0.0]
        world.endpoints.serve("e", None)
        assert "I do not know the inputs" in say(world, "Sweep", {"input": "x", "from": 0, "to": 1}).text


class TestEndpoints:
    def test_one_that_is_changing_is_not_deleted(self) -> None:
        world = populated()
        world.endpoints.set_status("test-gp-toy", "Updating")
        reply = say(world, "DeleteEndpoint", {"endpoint": "test-gp-toy"}, confirmed=True)
        assert (reply.error, "Updating" in reply.text) == ("Conflict", True)

    @pytest.mark.parametrize("said", ["test-gp-toy", "gp-toy", "toy-gp"])
    def test_people_say_its_name_in_any_order(self, said: str) -> None:
        reply = say(populated(), "DeleteEndpoint", {"endpoint": said})
        assert reply.text.startswith("Delete the endpoint test-gp-toy (gp on toy, build 1)?")

    def test_several_are_told_apart(self) -> None:
        reply = say(populated(), "DeleteEndpoint", {"model": "gp"})
        assert (reply.error, reply.ask is not None) == ("Ambiguous", True)
        assert len(reply.choices) == 2
        assert say(populated(), "DeleteEndpoint", {"model": "keras"}).error == "UnknownEndpoint"
        assert say(World(), "DeleteEndpoint").text.startswith("There is no endpoint at all; there is none.")

    def test_only_what_was_confirmed_is_retired(self) -> None:
        world = populated()
        world.clock.forward(timedelta(days=15).total_seconds())
        asked = say(world, "RetireEndpoints")
        assert "2 endpoints that nobody asked for 14 days: test-gp-diabetes and test-gp-toy" in asked.text
        world.endpoints.predict("test-gp-toy", [[1.0, 2.0]])
        assert say(world, "Yes").text == "1 endpoint deleted: test-gp-diabetes."
        assert [one.name for one in world.ports.endpoints.all()] == ["test-gp-toy"]

    def test_a_rollback_asks_which_service(self) -> None:
        world = populated()
        reply = say(world, "Rollback", conversation="fresh")
        assert (reply.error, "Which one: gp on diabetes or gp on toy?" in reply.text) == ("Ambiguous", True)
        say(world, "BuildStatus", {"build": 7}, conversation="fresh")
        assert say(world, "Rollback", conversation="fresh").text.startswith("Roll gp on diabetes back from build 7 to")


class TestOrders:
    def test_a_list_is_written_as_the_catalogue_reads_it(self, world: World) -> None:
        slots = {"model": "keras", "hyperparameters": {"nodes": [64, 32]}}
        reply = say(world, "StartTraining", slots)
        assert reply.error in ("", "BadHyperparameters")  # whatever the list is called in the catalogue
        assert ordering.values({"a": [64, 32], "b": True, "c": 0.5, "d": {"no": 1}}) == {
            "a": "64,32",
            "b": "True",
            "c": 0.5,
        }
        assert ordering.values(None) == {}

    def test_a_bare_tune_means_what_the_catalogue_says(self, world: World) -> None:
        assert search_switch(BUILT_IN.model("keras")) == {"mode": "search"}
        assert search_switch(BUILT_IN.model("gp")) == {}
        assert say(world, "Tune", {"model": "keras"}).build == 1
        build = world.build(1)
        assert (build.kind, build.hyperparameters) == ("train", {"mode": "search"})
        say(world, "Tune", {"model": "keras", "jobs": 4})
        assert world.build(2).kind == "tune"

    def test_a_range_says_which_model(self, world: World) -> None:
        say(world, "Tune", {"ranges": {"dropout": {}}, "strategy": "random", "parallel": 3})
        build = world.build(1)
        assert (build.service.model, build.overrides) == (
            "keras",
            {"tuning_strategy": "Random", "tuning_parallel_jobs": 3},
        )

    def test_a_chosen_dataset_that_was_deleted_is_not_meant(self, world: World) -> None:
        memory.choose("ada", "dataset", "gone", world.ports.conversations)
        assert say(world, "StartTraining").text == "Build 1 started: gp on toy."

    def test_a_choice_that_cannot_be_kept_is_said(self, world: World) -> None:
        class Deaf:
            load = staticmethod(world.ports.conversations.load)

            def save(self, *_: object) -> None:
                refuse()

        deaf: Any = Deaf()
        reply = answer(request("UseDataset", {"dataset": "toy"}), replace(world.ports, conversations=deaf))
        assert reply.error == "Unavailable"

    def test_what_a_tuned_build_is_repeated_with(self) -> None:
        world = World()
        say(world, "Tune", {"ranges": {"q": {}, "l": {}}, "jobs": 4})
        world.begins(1)
        assert say(world, "RepeatBuild", {"build": 1}).text.startswith("Build 2 started: tuning gp on toy, q from 0")
        say(world, "RepeatBuild", {"build": 1, "hyperparameters": {"q": 1, "depth": 2}})
        build = world.build(3)
        assert (build.kind, build.hyperparameters, build.overrides) == ("train", {"q": 1, "l": 2}, {})


class TestComparing:
    def test_the_better_one_by_the_goal_of_the_metric(self) -> None:
        reply = say(populated(), "CompareBuilds", {"builds": [READY, SPARE]})
        assert reply.text == "Build 1 is better: RMSE 1.05 on held-out rows, against build 5's 1.06."
        assert reply.table is not None
        assert ("RMSE", "1.02", "1.1") in reply.table.rows
        assert not any(row[0] == "model" for row in reply.table.rows)

    def test_without_held_out_rows_of_both_it_is_by_validation(self) -> None:
        world = populated()
        world.happens({"build": RUNNING, "status": "TRAINING", "metrics": {"validation:RMSE": 0.9}})
        text = say(world, "CompareBuilds", {"builds": [READY, RUNNING, "it"]}).text
        assert text == "Build 4 is better: RMSE 0.9 on validation rows, against build 1's 1.02."

    def test_what_cannot_be_compared_is_said(self) -> None:
        world = populated()
        assert "not two of them with a metric" in say(world, "CompareBuilds", {"builds": [READY, 3]}).text
        assert say(world, "CompareBuilds", {"builds": list(range(1, 8))}).error == "BadRequest"
        assert say(World(), "CompareBuilds", {"builds": ["last", "it"]}).error == "MissingSlot"


class TestSettings:
    @pytest.mark.parametrize(
        ("setting", "value", "kept"),
        [
            ("training timeout", 7200.0, 7200),
            ("approval required", "on", True),
            ("approval required", False, False),
            ("two person approval", "off", False),
            ("tuning strategy", "random", "Random"),
            ("daily spending limit", 5, 5),
            ("gate threshold", 1.5, 1.5),
        ],
    )
    def test_values_are_read_in_the_type_of_the_setting(
        self, world: World, setting: str, value: Any, kept: Any
    ) -> None:
        world.ports.settings.save({"approval_required": value is False, "two_person_approval": True})
        reply = say(world, "ChangeSetting", {"setting": setting, "value": value}, confirmed=True)
        assert reply.error == "", reply
        changed = {name: found for name, found in world.ports.settings.load().items() if found == kept}
        assert kept in changed.values()

    def test_a_limit_is_taken_away(self, world: World) -> None:
        world.ports.settings.save({"daily_spending_limit_usd": 5.0})
        reply = say(world, "ChangeSetting", {"setting": "daily spending limit", "value": "none"}, confirmed=True)
        assert "is none from now on; it was $5.00" in reply.text
        assert world.ports.settings.load()["daily_spending_limit_usd"] is None

    @pytest.mark.parametrize(
        ("setting", "value"),
        [
            ("training timeout", "soon"),
            ("approval required", "perhaps"),
            ("tuning strategy", "guessing"),
            ("prices", 5),
            ("tuning parallel jobs", 50),
            ("nonsense", 5),
            ("training instance count", 2.5),
        ],
    )
    def test_what_may_not_be_is_refused_before_it_is_asked_about(self, world: World, setting: str, value: Any) -> None:
        reply = say(world, "ChangeSetting", {"setting": setting, "value": value})
        assert (reply.error, reply.confirm) == ("BadSettings", None)
        assert world.ports.settings.load() == {}

    def test_every_setting_is_shown(self, world: World) -> None:
        reply = say(world, "ShowSettings")
        assert reply.text == "Every setting of test is the default."
        assert reply.table is not None
        shown = {row[0] for row in reply.table.rows}
        assert set(BuildSettings.__dataclass_fields__) - shown == {"prices", "images", "models", "deploy_freeze"}

    def test_one_that_is_not_there_names_others(self, world: World) -> None:
        assert "Near it: training timeout" in say(world, "ShowSettings", {"setting": "trainin timeout"}).text
        assert "show the settings" in say(world, "ShowSettings", {"setting": "zzz"}).text


class TestMoney:
    @pytest.mark.parametrize(
        ("cost", "words"),
        [
            (Cost(0.123), "about $0.12"),
            (Cost(0.0001), "less than $0.01"),
            (Cost(0.0), "nothing"),
            (Cost(18.4, bound=True), "at most $18.40"),
            (Cost(None, ("ml.x", "ml.y")), "an unknown amount: the settings have no price for ml.x and ml.y"),
        ],
    )
    def test_in_words(self, cost: Cost, words: str) -> None:
        assert measures.money(cost) == words

    def test_time_left(self) -> None:
        assert measures.left(None) == ""
        two = TimeLeft(timedelta(minutes=2), timedelta(minutes=5), 3)
        assert measures.left(two) == "about 2 minutes left, by 3 builds like it"
        assert measures.left(replace(two, left=timedelta())) == "longer than the usual 5 minutes, by 3 builds like it"

    def test_a_served_endpoint_goes_on_costing(self) -> None:
        world = populated()
        world.ports.settings.save({"prices": {"ml.m5.large": 0.115}})
        assert "Its endpoint costs about $0.12 an hour." in say(world, "Cost", {"build": READY}).text

    def test_some_without_a_price(self) -> None:
        world = populated()
        world.clock.forward(60)
        world.happens({"build": RUNNING, "status": "TRAINING"})
        assert "1 of them has no price." in say(world, "Cost", {"when": "today"}).text
        assert say(world, "Cost", {"when": "yesterday"}).text == "No builds yesterday, so they cost nothing."
        assert say(world, "Cost", {"when": "yesterday", "model": "gp"}).text.startswith("No builds of gp yesterday")


class TestDetails:
    def test_what_the_gate_found_and_what_it_cost(self) -> None:
        facts = {fact.label: fact.value for fact in say(populated(), "BuildDetails", {"build": WAITING}).facts}
        assert facts["RMSE"] == "1"
        assert facts["RMSE held out"] == "1.04"
        assert facts["RMSE of the champion"] == "1.05"
        assert facts["champion"] == "build 1"
        assert facts["gate"] == "passed"

    def test_what_differs_from_the_defaults_comes_first(self, world: World) -> None:
        say(world, "StartTraining", {"hyperparameters": {"solver": "exact"}, "spot": True})
        world.begins(1)
        world.change(1, None, report={"rows": 12, "image_build": "The image is x.", "split": {"a": 1}})
        facts = [fact.label for fact in say(world, "BuildDetails", {"build": 1}).facts]
        assert facts.index("solver") < facts.index("q")
        assert "asked: spot" in facts
        assert "data: rows" in facts
        assert "data: split" not in facts

    def test_what_cannot_be_priced_is_left_out(self) -> None:
        world = populated()
        ports = replace(world.ports, settings=Broken(refuse))
        reply = answer(request("BuildDetails", {"build": READY}), ports)
        assert reply.error == ""
        assert not any(fact.label == "cost" for fact in reply.facts)


def test_several_that_wait_are_told_apart_by_what_was_spoken_of() -> None:
    world = populated()
    world.ports.settings.save({"approval_required": True})
    say(world, "StartTraining", {"dataset": "diabetes"})
    world.trained(8, {"validation:RMSE": 50})
    world.judged(8, {"RMSE": 50}, None)
    world.registered(8)
    carol = Person("carol", "Carol", "approver")
    assert say(world, "Approve", person=carol, conversation="c").error == "Ambiguous"
    say(world, "BuildStatus", {"build": WAITING}, person=carol, conversation="c")
    asked = say(world, "Approve", {"build": "it"}, person=carol, conversation="c")
    assert asked.text.startswith(f"Approve build {WAITING} (gp on toy")


@pytest.mark.parametrize("said", ["train xgboost", "please fit a resnet", "tune the transformer"])
def test_who_would_train_what_there_is_not_hears_what_there_is(world: World, said: str) -> None:
    assert "The models are gp and keras." in not_understood(Parse(said), world.ports).text
    assert "The models are" not in not_understood(Parse("train the gp sideways"), world.ports).text
    assert "The models are" not in not_understood(Parse("flurb the wug"), world.ports).text
    unknown = say(world, "StartTraining", {"dataset": "xgboost"})
    assert unknown.text.startswith("There is no model and no dataset 'xgboost'. The models are gp and keras, the data")


def test_help_aloud_is_short(world: World) -> None:
    assert len(say(world, "Help").aloud) < 400
    assert ADA.role == "admin"
