"""Time left and cost, over the fakes."""

from __future__ import annotations

import pytest

from orchestration.builds import Build, BuildKind, BuildStatus, Json, Service
from orchestration.ports import Change, Ports, Trial
from orchestration.settings import effective
from orchestration.steps.estimates import Cost, cost_before, cost_of, endpoint_cost_an_hour, time_left
from orchestration.steps.record import record
from tests.fakes import FakeClock, fake_ports
from tests.fakes.pipeline import FakePipeline
from tests.orchestration.steps.making import resolved, settle

PRICES: dict[str, Json] = {"prices": {"ml.m5.large": 0.36}, "prices_date": "2026-11-01"}


@pytest.fixture
def ports() -> Ports:
    return fake_ports()


def worked(
    ports: Ports, delivery: str, training_s: float, waiting_s: float = 0, kind: BuildKind = BuildKind.TRAIN
) -> Build:
    """A build that trained so long, waited so long for a person, and is READY."""
    assert isinstance(ports.clock, FakeClock)
    build, _ = resolved(ports, delivery, kind)
    doing = BuildStatus.TUNING if kind is BuildKind.TUNE else BuildStatus.TRAINING
    for status, seconds in ((doing, training_s), (BuildStatus.WAITING_FOR_APPROVAL, waiting_s), (BuildStatus.READY, 0)):
        record(build.number, Change(status, ports.clock.now()), ports)
        ports.clock.forward(seconds)
    return ports.builds.get(build.number)


def test_time_left_is_the_median_of_builds_like_it_without_their_waits(ports: Ports) -> None:
    assert isinstance(ports.clock, FakeClock)
    for delivery, seconds in (("a", 100), ("b", 300), ("c", 120)):
        worked(ports, delivery, seconds, waiting_s=10_000)
    build, _ = resolved(ports, "d")
    ports.clock.forward(500)  # queued: no work
    record(build.number, Change(BuildStatus.TRAINING, ports.clock.now()), ports)
    ports.clock.forward(50)
    left = time_left(ports.builds.get(build.number), ports)
    assert left is not None
    assert (left.usual.total_seconds(), left.left.total_seconds(), left.builds) == (120, 70, 3)
    ports.clock.forward(500)
    late = time_left(ports.builds.get(build.number), ports)
    assert late is not None
    assert late.left.total_seconds() == 0


def test_without_builds_like_it_nothing_is_said(ports: Ports) -> None:
    worked(ports, "a", 100, kind=BuildKind.TUNE)
    build, _ = resolved(ports, "b")
    assert time_left(build, ports) is None
    assert time_left(worked(ports, "c", 10), ports) is None  # it has ended


def test_a_build_costs_its_hours_of_training(ports: Ports) -> None:
    settle(ports, **PRICES)
    cost = cost_of(worked(ports, "a", 3600, waiting_s=50_000), ports)
    assert cost == Cost(pytest.approx(0.36), (), "2026-11-01")


def test_a_tuning_costs_what_its_jobs_trained(ports: Ports) -> None:
    settle(ports, **PRICES)
    build = worked(ports, "a", 60, kind=BuildKind.TUNE)
    assert isinstance(ports.pipeline, FakePipeline)
    ports.pipeline.tried[build.number] = [Trial(f"t{n}", "Completed", {}, 1.0, 1800) for n in range(4)]
    assert cost_of(build, ports).usd == pytest.approx(0.72)


def test_without_a_price_it_is_unknown_and_the_type_is_named(ports: Ports) -> None:
    cost = cost_of(worked(ports, "a", 3600), ports)
    assert (cost.usd, cost.without_price) == (None, ("ml.m5.large",))


def test_before_spending_it_is_what_builds_like_it_took_or_the_most_there_can_be(ports: Ports) -> None:
    settle(ports, **PRICES)
    settings = effective(ports.settings.load(), {"training_timeout_s": 7200})
    service = Service("gp", "toy")
    assert cost_before(BuildKind.TRAIN, service, settings, ports) == Cost(
        pytest.approx(0.72), (), "2026-11-01", bound=True
    )
    worked(ports, "a", 1800)
    assert cost_before(BuildKind.TRAIN, service, settings, ports).usd == pytest.approx(0.18)


def test_an_endpoint_costs_by_the_hour_but_a_serverless_one_nothing_at_rest() -> None:
    assert endpoint_cost_an_hour(effective(PRICES, {"endpoint_instance_count": 2})).usd == pytest.approx(0.72)
    assert endpoint_cost_an_hour(effective(PRICES, {"endpoint_serverless": True})).usd == 0
