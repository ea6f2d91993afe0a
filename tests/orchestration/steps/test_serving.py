"""Champions, rolling back, deploying an earlier build, retiring endpoints: over the fakes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orchestration.builds import BuildKind, BuildStatus, Service
from orchestration.ports import BadRequest, Change, Conflict, Ports
from orchestration.steps.candidate import propose
from orchestration.steps.champions import champion, previous
from orchestration.steps.record import record
from orchestration.steps.retire import after_deployment, idle
from orchestration.steps.start_build import start_build
from tests.fakes import FakeClock, fake_ports
from tests.fakes.endpoints import FakeEndpoints
from tests.orchestration.steps.making import order, ready, resolved, serving, settle, trained

TOY = Service("gp", "toy")


@pytest.fixture
def ports() -> Ports:
    return fake_ports()


def endpoints(ports: Ports) -> FakeEndpoints:
    assert isinstance(ports.endpoints, FakeEndpoints)
    return ports.endpoints


def test_the_champion_is_what_serves(ports: Ports) -> None:
    assert champion(TOY, ports) is None
    for delivery in "ab":
        build = ready(ports, delivery)
        assert champion(TOY, ports) == ports.builds.get(build.number)


def test_rolling_back_twice_goes_further_back_and_deploying_goes_forward(ports: Ports) -> None:
    for delivery in "abc":
        ready(ports, delivery)
    for delivery, expected in (("d", 2), ("e", 1)):
        back, _ = resolved(ports, delivery, BuildKind.ROLLBACK)
        assert back.source == expected
        serving(ports, back)
    with pytest.raises(BadRequest, match="none to roll back to"):
        previous(TOY, ports)
    forward, plan = resolved(ports, "f", BuildKind.DEPLOY, of=3)
    assert (forward.source, plan["steps"]["work"], plan["steps"]["evaluate"]) == (3, "none", True)


def test_a_deployment_takes_the_model_as_it_was_trained(ports: Ports) -> None:
    source = trained(ports, "a", hyperparameters={"q": 2})
    record(source.number, Change(BuildStatus.TRAINED, ports.clock.now()), ports)
    build, plan = resolved(ports, "b", BuildKind.DEPLOY, of=source.number)
    propose(build, plan["made"]["job"], plan["training"]["data"], True, ports)
    after = ports.builds.get(build.number)
    assert (after.artifacts["model"], after.image) == (source.artifacts["model"], source.image)
    assert after.hyperparameters["q"] == 2
    assert after.artifacts["test_data"] == source.artifacts["test_data"]


def test_a_deployment_without_a_number_takes_the_newest_model(ports: Ports) -> None:
    for delivery in "ab":
        record(trained(ports, delivery).number, Change(BuildStatus.TRAINED, ports.clock.now()), ports)
    start_build(order("c"), ports)  # runs: it has no model yet
    assert start_build(order("d", BuildKind.DEPLOY), ports).build.source == 2


@pytest.mark.parametrize(
    ("status", "said"),
    [(BuildStatus.REJECTED, "was rejected: too bad"), (None, "is EVALUATING; it can be deployed once it has ended")],
)
def test_what_was_rejected_or_still_runs_is_not_deployed(ports: Ports, status: BuildStatus | None, said: str) -> None:
    build = trained(ports, "a")
    if status is not None:
        record(build.number, Change(status, ports.clock.now(), cause="too bad"), ports)
    with pytest.raises(BadRequest, match=said):
        start_build(order("b", BuildKind.DEPLOY, of=build.number), ports)


def test_a_freeze_holds_deployments_but_no_rollback(ports: Ports) -> None:
    for delivery in "ab":
        ready(ports, delivery)
    settle(ports, deploy_freeze={"by": "Bo", "reason": "holidays", "until": "2999-01-01T00:00:00+00:00"})
    with pytest.raises(Conflict, match="frozen by Bo until 2999-01-01 00:00 UTC .holidays."):
        start_build(order("c", BuildKind.DEPLOY, of=1), ports)
    assert start_build(order("d", BuildKind.ROLLBACK), ports).build.source == 1


def serve_others(ports: Ports, count: int) -> None:
    assert isinstance(ports.clock, FakeClock)
    for index in range(count):
        ports.clock.forward(60)
        endpoints(ports).serve(f"test-gp-old{index}", Service("gp", f"old{index}"))


def test_the_oldest_go_beyond_the_number_and_the_new_one_stays(ports: Ports) -> None:
    settle(ports, endpoints_kept=5)
    build = ready(ports, "a")
    serve_others(ports, 6)
    assert after_deployment(ports.builds.get(build.number), ports) == ["test-gp-old0", "test-gp-old1"]
    assert "test-gp-toy" in {one.name for one in ports.endpoints.all()}
    assert after_deployment(ports.builds.get(build.number), ports) == []


def test_an_endpoint_that_is_being_deployed_to_is_not_retired(ports: Ports) -> None:
    settle(ports, endpoints_kept=1)
    build = ready(ports, "a")
    serve_others(ports, 2)
    endpoints(ports).set_status("test-gp-old0", "Updating")
    ports.claims.take("lease/gp/old1", "0000000009", 600)
    assert after_deployment(ports.builds.get(build.number), ports) == []


def test_the_build_of_a_retired_endpoint_says_so(ports: Ports) -> None:
    settle(ports, endpoints_kept=1)
    old = ready(ports, "a", dataset="diabetes")
    new = ready(ports, "b")
    after_deployment(new, ports)
    assert ports.builds.get(old.number).status is BuildStatus.ENDPOINT_DELETED


def test_the_configuration_before_goes_with_its_model(ports: Ports) -> None:
    build = serving(ports, trained(ports, "a"), {"previous_config": "before"})
    after_deployment(build, ports)
    assert endpoints(ports).discarded == ["before"]


def test_an_endpoint_that_nobody_asks_is_idle(ports: Ports) -> None:
    assert isinstance(ports.clock, FakeClock)
    serve_others(ports, 2)
    assert idle(ports) == []
    ports.clock.forward(timedelta(days=15).total_seconds())
    ports.endpoints.predict("test-gp-old0", [[1.0, 2.0]])
    assert [one.endpoint.name for one in idle(ports)] == ["test-gp-old1"]
