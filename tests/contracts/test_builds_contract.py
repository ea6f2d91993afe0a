"""The contract of `orchestration.ports.Builds`."""

from __future__ import annotations

import math
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from orchestration.builds import Build, BuildKind, BuildStatus, Requester, Service
from orchestration.ports import Announcement, Change, NewBuild, Ports, TransitionRefused, UnknownBuild
from tests.contracts.clock import SettableClock


def new_build(ports: Ports, name: str = "", **changes: object) -> NewBuild:
    person = uuid.uuid4().hex
    new = NewBuild(
        kind=BuildKind.TRAIN,
        service=Service("gp", f"toy-{person[:6]}"),
        requester=Requester(person, "Ada", "console", f"console-{person}"),
        execution_name=name or f"console-{uuid.uuid4().hex}",
        created_at=ports.clock.now(),
        dataset_version="v0001",
        hyperparameters={"q": 1, "sigma2": 0.1},
        overrides={"deploy_after_training": True},
    )
    return replace(new, **changes)  # type: ignore[arg-type]


def create(ports: Ports, **changes: object) -> Build:
    return ports.builds.create(new_build(ports, **changes))[0]


def test_a_new_build_is_queued_with_what_was_ordered(ports: Ports) -> None:
    new = new_build(ports)
    build, is_new = ports.builds.create(new)
    assert is_new
    assert (build.status, build.number) == (BuildStatus.QUEUED, ports.builds.latest()[0].number)
    assert ports.builds.get(build.number) == build
    assert (build.service, build.requester, build.hyperparameters) == (new.service, new.requester, new.hyperparameters)
    assert [change.status for change in build.timeline] == [BuildStatus.QUEUED]


def test_the_same_execution_is_one_build(ports: Ports) -> None:
    new = new_build(ports)
    first, _ = ports.builds.create(new)
    again, is_new = ports.builds.create(new)
    assert (again.number, is_new) == (first.number, False)
    assert ports.builds.by_execution(new.execution_name).number == first.number


def test_of_eight_threads_none_loses_a_number(ports: Ports) -> None:
    create_from_eight_threads(ports, 5)


@pytest.mark.slow
@pytest.mark.usefixtures("not_moto")
@pytest.mark.timeout(900)
def test_of_eight_threads_none_loses_one_of_a_thousand_numbers(ports: Ports) -> None:
    """Not on moto, which copies its tables for each of them."""
    create_from_eight_threads(ports, 125)


def create_from_eight_threads(ports: Ports, each: int) -> None:
    def create_some(_: int) -> list[int]:
        return [create(ports).number for _ in range(each)]

    before = create(ports).number
    with ThreadPoolExecutor(8) as pool:
        numbers = sorted(number for some in pool.map(create_some, range(8)) for number in some)
    assert numbers == list(range(before + 1, before + 1 + 8 * each))
    while lines := ports.builds.unannounced(100):  # of the engine's outbox, other tests see the first hundred only
        for line in lines:
            ports.builds.announced(line)


def test_eight_at_once_with_one_name_are_one_build(ports: Ports) -> None:
    new = new_build(ports)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: ports.builds.create(new), range(8)))
    assert len({build.number for build, _ in made}) == 1
    assert [is_new for _, is_new in made].count(True) == 1


def test_eight_at_once_get_eight_numbers_without_a_gap(ports: Ports) -> None:
    before = create(ports).number
    with ThreadPoolExecutor(8) as pool:
        numbers = sorted(build.number for build in pool.map(lambda _: create(ports), range(8)))
    assert numbers == list(range(before + 1, before + 9))


def test_an_unknown_build_is_refused_with_the_latest_number(ports: Ports) -> None:
    latest = create(ports).number
    with pytest.raises(UnknownBuild, match=rf"999999.*{latest}"):
        ports.builds.get(999999)
    with pytest.raises(UnknownBuild):
        ports.builds.by_execution("console-nothing")


def test_latest_by_person_conversation_and_service(ports: Ports) -> None:
    mine = new_build(ports)
    first = ports.builds.create(mine)[0]
    second = ports.builds.create(replace(mine, execution_name=f"console-{uuid.uuid4().hex}"))[0]
    create(ports)
    numbers = [second.number, first.number]
    assert [b.number for b in ports.builds.latest(5, person=mine.requester.person)] == numbers
    assert [b.number for b in ports.builds.latest(5, place=mine.requester.conversation)] == numbers
    assert [b.number for b in ports.builds.latest(5, service=mine.service)] == numbers
    assert [b.number for b in ports.builds.latest(1, person=mine.requester.person)] == numbers[:1]
    assert [b.number for b in ports.builds.latest(5, person=mine.requester.person, before=second.number)] == numbers[1:]


def test_latest_by_status_looks_beyond_the_first_page(ports: Ports) -> None:
    mine = new_build(ports)
    builds = [ports.builds.create(replace(mine, execution_name=f"console-{uuid.uuid4().hex}"))[0] for _ in range(27)]
    ports.builds.apply(builds[0].number, Change(BuildStatus.ERROR, ports.clock.now()))
    failed = ports.builds.latest(1, person=mine.requester.person, statuses=frozenset({BuildStatus.ERROR}))
    assert [build.number for build in failed] == [builds[0].number]


def test_a_change_moves_the_status_and_merges_facts(ports: Ports) -> None:
    number = create(ports).number
    ports.builds.apply(number, Change(BuildStatus.TRAINING, ports.clock.now(), jobs={"train": "local-b1-train-0"}))
    change = Change(
        BuildStatus.DEPLOYING,
        ports.clock.now(),
        metrics={"validation:RMSE": 0.1 + 0.2},
        artifacts={"model": "s3://b/k"},
    )
    ports.builds.apply(number, change)
    build = ports.builds.get(number)
    assert [c.status for c in build.timeline] == [BuildStatus.QUEUED, BuildStatus.TRAINING, BuildStatus.DEPLOYING]
    assert build.metrics == {"validation:RMSE": 0.1 + 0.2}
    assert (build.jobs, build.artifacts) == ({"train": "local-b1-train-0"}, {"model": "s3://b/k"})


def test_the_same_status_again_merges_and_adds_no_line(ports: Ports) -> None:
    number = create(ports).number
    ports.builds.apply(number, Change(BuildStatus.TRAINING, ports.clock.now()))
    ports.builds.apply(number, Change(BuildStatus.TRAINING, ports.clock.now(), metrics={"a": 1.0}))
    build = ports.builds.get(number)
    assert [c.status for c in build.timeline] == [BuildStatus.QUEUED, BuildStatus.TRAINING]
    assert build.metrics == {"a": 1.0}
    assert len(lines_of(ports, number)) == 2


@pytest.mark.parametrize("end", [BuildStatus.READY, BuildStatus.STOPPED, BuildStatus.ERROR, BuildStatus.REJECTED])
def test_what_has_ended_stays_ended(ports: Ports, end: BuildStatus) -> None:
    number = create(ports).number
    ports.builds.apply(number, Change(BuildStatus.TRAINING, ports.clock.now()))
    ports.builds.apply(number, Change(end, ports.clock.now()))
    with pytest.raises(TransitionRefused, match=f"{number} is {end}"):
        ports.builds.apply(number, Change(BuildStatus.DEPLOYING, ports.clock.now()))


def test_of_two_ends_at_once_one_wins(ports: Ports) -> None:
    number = create(ports).number
    ports.builds.apply(number, Change(BuildStatus.TRAINING, ports.clock.now()))

    def finish(status: BuildStatus) -> bool:
        try:
            ports.builds.apply(number, Change(status, ports.clock.now()))
        except TransitionRefused:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(finish, [BuildStatus.READY, BuildStatus.STOPPED] * 4))
    final = ports.builds.get(number)
    assert len(final.timeline) == 3
    assert any(won)


def test_concurrent_facts_are_all_kept(ports: Ports) -> None:
    number = create(ports).number
    with ThreadPoolExecutor(6) as pool:
        list(
            pool.map(
                lambda i: ports.builds.apply(
                    number, Change(BuildStatus.QUEUED, ports.clock.now(), metrics={f"m{i}": i})
                ),
                range(6),
            )
        )
    assert set(ports.builds.get(number).metrics) == {f"m{i}" for i in range(6)}


def test_a_place_is_an_index_of_its_own(ports: Ports) -> None:
    """A thread of a channel is a conversation; the channel is the place."""
    mine = new_build(ports)
    place = uuid.uuid4().hex
    build = create(ports, requester=replace(mine.requester, place=place))
    assert [b.number for b in ports.builds.latest(5, place=place)] == [build.number]
    assert ports.builds.latest(5, place=mine.requester.conversation) == []
    assert ports.builds.get(build.number).requester.place == place


def test_a_resumed_build_queues_again_and_forgets_its_error(ports: Ports) -> None:
    number = create(ports).number
    ports.builds.apply(number, Change(BuildStatus.ERROR, ports.clock.now(), error="E", cause="why"))
    build = ports.builds.apply(number, Change(BuildStatus.QUEUED, ports.clock.now(), resumes=True))
    assert (build.status, build.resume_count, build.error, build.cause) == (BuildStatus.QUEUED, 1, "", "")
    assert build.current_execution == f"{build.execution_name}-r1"


@pytest.mark.parametrize("end", [BuildStatus.STOPPED, BuildStatus.ERROR])
def test_a_step_that_comes_late_brings_no_build_back_to_life(ports: Ports, end: BuildStatus) -> None:
    number = create(ports).number
    ports.builds.apply(number, Change(end, ports.clock.now()))
    for late in (Change(BuildStatus.QUEUED, ports.clock.now()), Change(None, ports.clock.now(), metrics={"a": 1.0})):
        with pytest.raises(TransitionRefused):
            ports.builds.apply(number, late)


def test_facts_alone_add_no_line(ports: Ports) -> None:
    number = create(ports).number
    build = ports.builds.apply(number, Change(None, ports.clock.now(), settings={"training_timeout_s": 600}))
    assert (len(build.timeline), build.settings) == (1, {"training_timeout_s": 600})


@pytest.mark.parametrize("value", [0.1 + 0.2, 1e-200, -1e300, 3.0], ids=str)
def test_metrics_keep_every_digit(ports: Ports, value: float) -> None:
    number = create(ports, hyperparameters={"sigma2": value}).number
    ports.builds.apply(number, Change(None, ports.clock.now(), metrics={"m": value}))
    build = ports.builds.get(number)
    assert (build.metrics["m"], build.hyperparameters["sigma2"]) == (value, value)


def test_a_metric_that_is_no_number_is_kept_too(ports: Ports) -> None:
    number = create(ports).number
    ports.builds.apply(number, Change(None, ports.clock.now(), metrics={"m": math.nan}))
    assert math.isnan(ports.builds.get(number).metrics["m"])


def lines_of(ports: Ports, number: int) -> list[Announcement]:
    return [line for line in ports.builds.unannounced(100) if line.build.number == number]


def test_each_line_of_the_outbox_is_taken_by_one_and_announced_once(ports: Ports) -> None:
    number = create(ports).number
    # A clock that is behind must not put the lines out of order.
    earlier = ports.clock.now() - timedelta(seconds=1)
    ports.builds.apply(number, Change(BuildStatus.TRAINING, earlier, metrics={"m": 1.5}))
    lines = lines_of(ports, number)
    assert [line.sequence for line in lines] == [0, 1]
    assert [line.build.status for line in lines] == [BuildStatus.QUEUED, BuildStatus.TRAINING]
    until = ports.clock.now() + timedelta(seconds=30)
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: ports.builds.take_announcement(lines[0], until), range(8)))
    assert taken.count(True) == 1
    ports.builds.announced(lines[0])
    ports.builds.announced(lines[0])
    assert not ports.builds.take_announcement(lines[0], until)
    assert lines_of(ports, number) == lines[1:]


def test_a_line_holds_the_record_as_it_was_then(ports: Ports) -> None:
    number = create(ports).number
    now = ports.clock.now()
    trained = ports.builds.apply(number, Change(BuildStatus.TRAINING, now, metrics={"m": 1.5}))
    ports.builds.apply(number, Change(BuildStatus.ERROR, now, error="E", cause="why"))
    assert lines_of(ports, number)[1].build == trained


def test_a_line_that_was_not_published_is_free_at_once_or_when_its_publisher_died(
    ports: Ports, clock: SettableClock
) -> None:
    line = lines_of(ports, create(ports).number)[0]
    until = ports.clock.now() + timedelta(seconds=30)
    assert ports.builds.take_announcement(line, until)
    ports.builds.release_announcement(line)
    assert ports.builds.take_announcement(line, until)
    assert not ports.builds.take_announcement(line, until)
    clock.forward(31)
    assert ports.builds.take_announcement(line, until + timedelta(seconds=31))
