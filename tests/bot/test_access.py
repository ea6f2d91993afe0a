"""Who may do what, walked: role by intent by environment on every channel; limits; one person on several channels."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.access import limits, matrix
from bot.access.confirmations import Meant
from bot.handlers import linking
from bot.handlers.dispatch import answer
from bot.handlers.registry import HANDLERS
from bot.intents.catalog import INTENTS, Intent, Role, Tier
from bot.intents.request import Utterance
from bot.language.parse import Language
from bot.wiring import Bot
from orchestration.local.people import LocalPeople
from orchestration.ports import BadSettings, Person, Ports, Unavailable
from tests.bot.commands import BOB, SLOTS, SPARE, WAITING, populated
from tests.bot.test_dispatch import Broken, refuse, request
from tests.bot.world import World
from tests.fakes import ADA, FakePeople

CHANNELS = ("console", "slack", "alexa", "web", "sns")
ROLES = (*Role, "intern", "")
PRICES = {"prices": {"ml.m5.large": 0.115}, "prices_date": "2026-11-01"}


def is_allowed(role: str, intent: Intent, environment: str) -> bool:
    """What the table in bot/access/README.md says."""
    row = next(line for line in matrix.table().splitlines() if line.startswith(f"| {intent.name} |"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    of_role = dict(zip(Role, cells[2:6], strict=True)).get(role, "-")  # type: ignore[call-overload]
    return of_role == "yes" and (environment == "own" or cells[6] == "yes")


def everything(ports: Ports) -> str:
    """All that a command could have changed."""
    builds = [(build.number, build.status, build.revision) for build in ports.builds.latest(100)]
    endpoints = sorted(one.name for one in ports.endpoints.all())
    datasets = [one.name for one in ports.datasets.all()]
    waiting = [one.number for one in ports.approvals.waiting()]
    return json.dumps([builds, endpoints, datasets, waiting, dict(ports.settings.load())])


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("intent", INTENTS, ids=lambda intent: intent.name)
def test_the_matrix_is_what_happens(intent: Intent, channel: str) -> None:
    for role in ROLES:
        for environment in ("own", "another"):
            ports = populated().ports
            before = everything(ports)
            environments = ("test",) if environment == "own" else ("prod",)
            person = Person("p", "P", role, (f"{channel}:p",), environments=environments)
            asked = request(intent.name, SLOTS.get(intent.name), person=person, channel=channel, confirmed=True)
            reply = answer(asked, ports)
            allowed = is_allowed(role, intent, environment)
            assert (reply.error != "NotAllowed") == allowed, (role, environment, reply)
            if not allowed or not intent.changes:
                assert everything(ports) == before, (role, environment)
            if not allowed and intent.changes:
                assert ports.audit.entries(limit=1)[0].outcome == "refused: NotAllowed"


def test_the_table_in_the_readme_is_current() -> None:
    text = matrix.README.read_text(encoding="utf-8")
    assert matrix.with_table(text) == text, "write it anew: .venv/bin/python -m bot.access.matrix"


def test_writing_the_table_twice_is_writing_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix, "README", tmp_path / "README.md")
    matrix.README.write_text(f"before\n{matrix.BEGIN}\nold\n{matrix.END}\nafter\n")
    matrix.main()
    once = matrix.README.read_text()
    matrix.main()
    assert matrix.README.read_text() == once
    assert once.startswith("before\n")
    assert once.endswith("\nafter\n")
    assert "old" not in once


def test_what_changes_anything_says_what_it_means_before_it_is_done() -> None:
    changing = {intent.name for intent in INTENTS if intent.changes}
    assert {name for name, handler in HANDLERS.items() if handler.means is not None} == changing


@pytest.mark.parametrize("intent", [one for one in INTENTS if one.tier is Tier.PRODUCTION], ids=lambda one: one.name)
def test_production_is_always_read_back_and_done_after_one_yes(intent: Intent) -> None:
    ports = populated().ports
    if intent.name == "UnfreezeDeploys":
        ports.settings.save({"deploy_freeze": {"by": "Bob"}})
    before = everything(ports)
    asked = answer(request(intent.name, SLOTS.get(intent.name)), ports)
    if intent.name == "RetireEndpoints":  # each was asked just now, so there is nothing to ask about
        assert asked.confirm is None
        return
    assert asked.confirm is not None, asked
    assert asked.text.endswith(f"{intent.confirmation} Say yes or no.")
    assert everything(ports) == before
    assert answer(request("Yes"), ports).error == ""
    assert everything(ports) != before
    assert answer(request("Yes"), ports).error == "NothingToConfirm"
    assert ports.audit.entries(limit=1)[0].intent == intent.name


class TestModels:
    """A person who is limited to some models."""

    def ask(self, intent: str, models: tuple[str, ...], world: World | None = None) -> str:
        ports = (world or populated()).ports
        person = replace(ADA, models=models)
        return answer(request(intent, SLOTS.get(intent), person=person, confirmed=True), ports).error

    @pytest.mark.parametrize("intent", [one for one in INTENTS if one.changes], ids=lambda one: one.name)
    def test_nothing_of_another_model_is_changed(self, intent: Intent) -> None:
        world = populated()
        world.clock.forward(timedelta(days=15).total_seconds())  # so that RetireEndpoints has something to retire
        world.ports.settings.save({"deploy_freeze": {"by": "Ada"}} if intent.name == "UnfreezeDeploys" else {})
        before = everything(world.ports)
        assert self.ask(intent.name, ("keras",), world) == "NotAllowed"
        assert everything(world.ports) == before

    @pytest.mark.parametrize("intent", ["StartTraining", "StopBuild", "Approve", "Deploy", "DeleteEndpoint"])
    def test_of_the_own_model_all_is(self, intent: str) -> None:
        assert self.ask(intent, ("gp",)) == ""

    @pytest.mark.parametrize("intent", ["ChangeSetting", "FreezeDeploys", "DeleteDataset"])
    def test_the_whole_environment_takes_somebody_without_a_limit(self, intent: str) -> None:
        assert self.ask(intent, ("gp", "keras")) == "NotAllowed"

    def test_reading_is_not_limited(self) -> None:
        assert self.ask("BuildStatus", ()) == ""


def test_a_refusal_says_who_may(world: World) -> None:
    reply = answer(request("StartTraining", person=Person("eve", "Eve", "viewer")), world.ports)
    assert reply.text == "To train a model takes a builder; you are 'viewer'. Ask Ada."
    broken = replace(world.ports, people=Broken(refuse))
    assert answer(request("StartTraining", person=Person("eve", "Eve", "viewer")), broken).error == "NotAllowed"


class TestSecondPerson:
    def test_who_asked_for_it_is_refused_before_anything_is_asked(self) -> None:
        ports = populated().ports
        own = replace(BOB, role="approver")
        reply = answer(request("Approve", {"build": WAITING}, person=own), ports)
        assert (reply.error, reply.confirm) == ("NotAllowed", None)
        assert "asked for by you" in reply.text
        assert answer(request("Reject", {"build": WAITING}, person=own, confirmed=True), ports).error == ""

    def test_a_builder_neither_repeats_nor_resumes_a_deployment(self) -> None:
        world = populated()
        deployed = answer(request("Deploy", {"build": SPARE}, confirmed=True), world.ports)
        assert deployed.build is not None
        world.happens({"build": deployed.build, "failure": ["DeploymentFailed", "why"]})
        for intent, error in (("ResumeBuild", "NotAllowed"), ("RepeatBuild", "BadRequest")):
            reply = answer(request(intent, {"build": deployed.build}, person=BOB, confirmed=True), world.ports)
            assert reply.error == error


class TestRate:
    def test_one_too_many_in_a_minute_does_nothing(self, world: World) -> None:
        hasty = replace(ADA, commands_per_minute=3)
        replies = [answer(request("StartTraining", person=hasty), world.ports) for _ in range(5)]
        assert [reply.error for reply in replies] == ["", "", "", "TooManyCommands", "TooManyCommands"]
        assert len(world.ports.builds.latest(10)) == 3
        assert "3 commands in one minute" in replies[-1].text
        world.clock.forward(60)
        assert answer(request("StartTraining", person=hasty), world.ports).error == ""

    def test_what_is_not_understood_counts_too(self, world: World, language: Language) -> None:
        ports = replace(world.ports, people=FakePeople(replace(ADA, commands_per_minute=2)))
        bot = Bot(ports, language)
        said = [bot.say(Utterance("flurb", "console:ada", "console", "here", str(n))).reply.error for n in range(3)]
        assert said == ["NotUnderstood", "NotUnderstood", "TooManyCommands"]

    def test_a_store_that_is_away_stops_nobody(self, world: World) -> None:
        person = replace(ADA, commands_per_minute=1)
        ports = replace(world.ports, counters=Broken(refuse))
        assert [answer(request("ListModels", person=person), ports).error for _ in range(3)] == ["", "", ""]


class TestMoney:
    def test_a_day_has_an_end(self, world: World) -> None:
        """Without builds like it, a training is expected to take its limit: 4 hours of 11.5 cents."""
        world.ports.settings.save({**PRICES, "daily_spending_limit_usd": 1.0})
        replies = [answer(request("StartTraining"), world.ports) for _ in range(3)]
        assert [reply.error for reply in replies] == ["", "", "OverTheLimit"]
        assert "It will cost at most $0.46." in replies[0].text
        assert "about $0.46, and of today's $1.00 there is $0.08 left" in replies[2].text
        assert len(world.ports.builds.latest(10)) == 2
        world.clock.forward(timedelta(days=1).total_seconds())
        assert answer(request("StartTraining"), world.ports).error == ""

    def test_what_was_not_started_is_not_spent(self, world: World) -> None:
        world.ports.settings.save({**PRICES, "daily_spending_limit_usd": 0.5})
        assert (
            answer(request("StartTraining", {"hyperparameters": {"q": 99}}), world.ports).error == "BadHyperparameters"
        )
        same = request("StartTraining")
        replies = [answer(same, world.ports) for _ in range(3)]
        assert [(reply.build, reply.error) for reply in replies] == [(1, "")] * 3
        assert answer(request("StartTraining"), world.ports).error == "OverTheLimit"

    def test_eight_at_once_spend_no_more(self, world: World) -> None:
        world.ports.settings.save({**PRICES, "daily_spending_limit_usd": 1.0})
        with ThreadPoolExecutor(8) as pool:
            errors = [
                reply.error for reply in pool.map(lambda _: answer(request("StartTraining"), world.ports), range(8))
            ]
        assert len(world.ports.builds.latest(10)) == errors.count("") <= 2

    def test_an_unknown_price_never_blocks_and_is_said(self, world: World) -> None:
        world.ports.settings.save({"daily_spending_limit_usd": 1.0, "prices": {"ml.p4d.24xlarge": 32.0}})
        reply = answer(request("StartTraining"), world.ports)
        assert reply.error == ""
        assert "no price for ml.m5.large, so it does not count towards today's limit" in reply.text

    def test_what_is_dear_is_asked_about(self, world: World) -> None:
        world.ports.settings.save({**PRICES, "confirm_above_usd": 0.4})
        asked = answer(request("StartTraining", {"model": "gp"}), world.ports)
        assert asked.text == "Train gp on toy? That starts a build. It will cost at most $0.46. Say yes or no."
        assert answer(request("Yes"), world.ports).build == 1
        world.ports.settings.save({**PRICES, "confirm_above_usd": 0.5})
        assert answer(request("StartTraining"), world.ports).build == 2

    def test_a_store_that_is_away_blocks_what_costs(self, world: World) -> None:
        world.ports.settings.save({**PRICES, "daily_spending_limit_usd": 1.0})
        ports = replace(world.ports, counters=Broken(refuse))
        assert answer(request("StartTraining"), ports).error == "Unavailable"
        assert issubclass(limits.OverTheLimit, Exception)


class TestLinking:
    def code(self, ports: Ports, channel: str = "", made_in: str = "slack") -> str:
        slots = {"channel": channel} if channel else {}
        text = answer(request("LinkAccount", slots, channel=made_in), ports).text
        return text.partition("Your code is ")[2][:6]

    def hear(self, ports: Ports, code: str, identity: str = "alexa:amzn1", channel: str = "alexa") -> str:
        said = Utterance("link my account", identity, channel, "room", "d")
        return Bot(ports).hear(said, "LinkAccount", {"code": code}).error

    def test_a_code_makes_two_identities_one_person(self, world: World) -> None:
        code = self.code(world.ports, "alexa")
        assert len(code) == linking.DIGITS
        assert code.isdigit()
        assert self.hear(world.ports, code) == ""
        person = world.ports.people.by_identity("alexa:amzn1")
        assert person is not None
        assert (person.id, person.role) == ("ada", "admin")
        assert Bot(world.ports).hear(Utterance("", "alexa:amzn1", "alexa", "r", "d"), "ListModels", {}).error == ""

    def test_it_works_once_and_for_ten_minutes(self, world: World) -> None:
        code = self.code(world.ports)
        assert self.hear(world.ports, code) == ""
        assert self.hear(world.ports, code, "alexa:other") == "BadCode"
        late = self.code(world.ports)
        world.clock.forward(601)
        assert self.hear(world.ports, late, "alexa:late") == "BadCode"

    def test_only_on_the_channel_it_is_for_and_never_where_it_was_made(self, world: World) -> None:
        assert self.hear(world.ports, self.code(world.ports, "alexa"), "web:x", "web") == "BadCode"
        assert self.hear(world.ports, self.code(world.ports), "slack:T1:U9", "slack") == "BadCode"

    def test_nobody_finds_a_code_by_trying(self, world: World) -> None:
        code = self.code(world.ports)
        wrong = f"{(int(code) + 1) % 10**6:06d}"
        assert [self.hear(world.ports, wrong) for _ in range(linking.MAX_TRIES)] == ["BadCode"] * linking.MAX_TRIES
        assert self.hear(world.ports, code) == "BadCode"  # the right one comes too late
        assert world.ports.people.by_identity("alexa:amzn1") is None
        for n in range(linking.MAX_TRIES_OF_ALL):
            self.hear(world.ports, wrong, f"alexa:{n}")
        assert self.hear(world.ports, code, "alexa:fresh") == "BadCode"
        world.clock.forward(linking.LIFETIME_S + 2)
        assert self.hear(world.ports, self.code(world.ports), "alexa:fresh") == ""

    def test_of_eight_at_once_one_is_linked(self, world: World) -> None:
        code = self.code(world.ports)
        with ThreadPoolExecutor(8) as pool:
            errors = list(pool.map(lambda n: self.hear(world.ports, code, f"alexa:{n}"), range(8)))
        assert errors.count("") == 1

    def test_somebody_elses_identity_is_not_taken(self) -> None:
        world = World((ADA, replace(BOB, identities=("alexa:bobs",))))
        assert self.hear(world.ports, self.code(world.ports), "alexa:bobs") == "Conflict"

    def test_a_code_is_the_only_thing_a_stranger_may_say(self, world: World) -> None:
        stranger = Utterance("x", "alexa:nobody", "alexa", "room", "d")
        for intent in INTENTS:
            assert Bot(world.ports).hear(stranger, intent.name, SLOTS.get(intent.name, {})).error == "NotAllowed"

    def test_it_is_written_down_without_the_code(self, world: World) -> None:
        code = self.code(world.ports)
        self.hear(world.ports, code)
        self.hear(world.ports, "000000", "alexa:x")
        refused, done = world.ports.audit.entries(limit=2)
        assert (done.person, done.outcome, refused.outcome) == ("ada", "done", "refused: BadCode")
        assert code not in str(done)

    def test_codes_that_run_out_are_said(self, world: World) -> None:
        class Full:
            def put(self, *_: object) -> bool:
                return False

        ports = replace(world.ports, codes=Full())  # type: ignore[arg-type]
        assert answer(request("LinkAccount"), ports).error == "Unavailable"


class TestLocalPeople:
    def test_whoever_sits_there_is_the_admin(self, tmp_path: Path) -> None:
        people = LocalPeople(FakePeople(), tmp_path / "people.json")
        person = people.by_identity("console:ada")
        assert person is not None
        assert (person.id, person.role, person.commands_per_minute) == ("ada", "admin", None)
        assert people.by_identity("slack:T1:U2") is None
        assert people.by_identity("console:") is None
        assert people.everybody() == []

    def test_a_file_says_who_may_what(self, tmp_path: Path) -> None:
        file = tmp_path / "people.json"
        file.write_text(
            '[{"id": "ada", "role": "viewer"}, {"id": "bob", "name": "Bob", "role": "builder", '
            '"identities": ["slack:T1:U2"], "models": ["gp"], "environments": ["local"], "timezone": "Asia/Tokyo"}]'
        )
        people = LocalPeople(FakePeople(), file)
        ada, bob = people.by_identity("console:ada"), people.by_id("bob")
        assert ada is not None
        assert ada.role == "viewer"
        assert bob == Person("bob", "Bob", "builder", ("slack:T1:U2",), "Asia/Tokyo", ("local",), ("gp",), None)
        assert people.by_identity("console:mallory") is None
        assert [person.id for person in people.everybody()] == ["ada", "bob"]

    @pytest.mark.parametrize("text", ["{", "[1]", '[{"id": "x"}]', '[{"id": "x", "role": "king"}]'])
    def test_a_file_that_says_nothing_is_not_everybody(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "people.json").write_text(text)
        with pytest.raises(BadSettings, match=r"people\.json"):
            LocalPeople(FakePeople(), tmp_path / "people.json").by_identity("console:ada")

    def test_links_are_kept_in_the_engines_table(self, tmp_path: Path) -> None:
        stored = FakePeople()
        people = LocalPeople(stored, tmp_path / "people.json")
        linked = people.link("ada", "slack:T1:U2")
        assert linked.identities == ("console:ada", "slack:T1:U2")
        again = LocalPeople(stored, tmp_path / "people.json").by_identity("slack:T1:U2")
        assert again is not None
        assert (again.id, again.role) == ("ada", "admin")

    def test_the_zone_is_the_machines(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for zone, expected in (("Europe/Berlin", "Europe/Berlin"), (":Asia/Tokyo", "Asia/Tokyo"), ("No/Where", "UTC")):
            monkeypatch.setenv("TZ", zone)
            person = LocalPeople().by_identity("console:ada")
            assert person is not None
            assert person.timezone == expected


def test_an_unavailable_store_of_people_is_a_reply(world: World, language: Language) -> None:
    bot = Bot(replace(world.ports, people=Broken(refuse)), language)
    assert bot.hear(Utterance("x", "alexa:a", "alexa", "r", "d"), "ListModels", {}).error == Unavailable.__name__
    assert Meant({}).build is None
