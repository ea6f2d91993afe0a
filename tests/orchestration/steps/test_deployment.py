"""The deploy lease, and finding, awaiting and verifying an endpoint, over the fakes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest

from orchestration.builds import Build, BuildKind, BuildStatus, Json, Requester
from orchestration.ports import Change, Conflict, DeploymentFailed, NotSettled, Ports, Prediction, Unavailable
from orchestration.settings import BuildSettings
from orchestration.steps import endpoint, lease
from orchestration.steps.record import record
from orchestration.steps.start_build import Order, start_build
from tests.fakes import fake_ports
from tests.fakes.endpoints import FakeEndpoints, Predictor, toy_line
from tests.fakes.pipeline import FakePipeline

ADA = Requester("ada", "Ada", "console", "c1")


@pytest.fixture
def ports() -> Ports:
    return fake_ports()


def pipeline(ports: Ports) -> FakePipeline:
    assert isinstance(ports.pipeline, FakePipeline)
    return ports.pipeline


def endpoints(ports: Ports) -> FakeEndpoints:
    assert isinstance(ports.endpoints, FakeEndpoints)
    return ports.endpoints


def deploying(ports: Ports, delivery_id: str, dataset: str = "toy") -> Build:
    order = Order(BuildKind.TRAIN, "gp", dataset, {}, {}, ADA, "console", delivery_id)
    number = start_build(order, ports).build.number
    settings = BuildSettings(endpoint_timeout_s=600).to_json()
    record(number, Change(BuildStatus.TRAINING, ports.clock.now(), settings=settings), ports)
    names = {"endpoint": "e", "endpoint_config": f"e-config-{number}"}
    return record(number, Change(BuildStatus.DEPLOYING, ports.clock.now(), resources=names), ports)


def test_one_build_a_service_deploys_and_the_oldest_waiting_one_is_next(ports: Ports) -> None:
    first, second, third = (deploying(ports, name) for name in "abc")
    for build in (first, second, third):
        lease.take(build, f"token-{build.number}", 600, ports)
    assert set(pipeline(ports).completed) == {"token-1"}
    record(first.number, Change(BuildStatus.READY, ports.clock.now()), ports)
    assert set(pipeline(ports).completed) == {"token-1", "token-2"}
    record(second.number, Change(BuildStatus.ERROR, ports.clock.now(), error="E", cause="c"), ports)
    assert set(pipeline(ports).completed) == {"token-1", "token-2", "token-3"}


def test_another_service_does_not_wait(ports: Ports) -> None:
    for build in (deploying(ports, "a"), deploying(ports, "b", "diabetes")):
        lease.take(build, f"token-{build.number}", 600, ports)
    assert set(pipeline(ports).completed) == {"token-1", "token-2"}


def test_a_build_that_was_stopped_while_it_waited_is_passed_over(ports: Ports) -> None:
    first, second, third = (deploying(ports, name) for name in "abc")
    for build in (first, second, third):
        lease.take(build, f"token-{build.number}", 600, ports)
    record(second.number, Change(BuildStatus.STOPPED, ports.clock.now()), ports)
    record(first.number, Change(BuildStatus.READY, ports.clock.now()), ports)
    assert set(pipeline(ports).completed) == {"token-1", "token-3"}


def test_taking_it_twice_completes_each_token(ports: Ports) -> None:
    """A state that runs again after a crash has a new token and already holds the lease."""
    build = deploying(ports, "a")
    lease.take(build, "before", 600, ports)
    lease.take(build, "after", 600, ports)
    assert set(pipeline(ports).completed) == {"before", "after"}


def test_a_grant_that_could_not_be_told_is_told_at_the_next_try(ports: Ports) -> None:
    """Throttled between the lease and the token: the step is retried, and the token must still be there."""

    class Throttled(FakePipeline):
        throttled = False

        def complete(self, task_token: str, output: Mapping[str, Json]) -> None:
            if self.throttled:
                raise Unavailable("throttled")
            super().complete(task_token, output)

    throttled = Throttled(ports.clock)
    world = replace(ports, pipeline=throttled)
    first, second = deploying(world, "a"), deploying(world, "b")
    for build in (first, second):
        lease.take(build, f"token-{build.number}", 600, world)
    throttled.throttled = True
    with pytest.raises(Unavailable):
        record(first.number, Change(BuildStatus.READY, ports.clock.now()), world)
    throttled.throttled = False
    record(first.number, Change(BuildStatus.READY, ports.clock.now()), world)
    assert set(throttled.completed) == {"token-1", "token-2"}


TAGS = {"sagebuild:environment": "test"}


def deploy(ports: Ports, build: Build, token: str = "token") -> None:
    endpoint.deploy_endpoint(ports.builds.get(build.number), TAGS, token, 600, ports)


def test_a_waiting_state_goes_on_when_the_endpoint_is_in_service(ports: Ports) -> None:
    deploy(ports, deploying(ports, "a"))
    assert pipeline(ports).completed == {}
    endpoints(ports).set_status("e", "InService")
    for _ in range(2):  # EventBridge may deliver twice
        endpoint.endpoint_changed("e", ports)
    assert set(pipeline(ports).completed) == {"token"}


def test_a_state_that_runs_again_deploys_nothing_twice_and_answers_its_new_token(ports: Ports) -> None:
    build = deploying(ports, "a")
    deploy(ports, build, "before")
    deploy(ports, build, "after")
    endpoints(ports).set_status("e", "InService")
    endpoint.endpoint_changed("e", ports)
    assert set(pipeline(ports).completed) == {"after"}
    deploy(ports, build, "late")  # it is in service already: an endpoint that was faster than the state
    assert "late" in pipeline(ports).completed


def test_a_waiting_state_fails_with_the_endpoints_reason(ports: Ports) -> None:
    deploy(ports, deploying(ports, "a"))
    endpoints(ports).set_status("e", "Failed", "the image has no serve")
    endpoint.endpoint_changed("e", ports)
    error, cause = pipeline(ports).failed["token"]
    assert error == "DeploymentFailed"
    assert "the image has no serve" in cause


def test_an_endpoint_that_is_changing_to_something_else_is_left_to_settle(ports: Ports) -> None:
    first = deploying(ports, "a")
    deploy(ports, first)
    second = deploying(ports, "b")
    with pytest.raises(Conflict, match="does not hold the deploy lease"):
        deploy(ports, second)
    record(first.number, Change(BuildStatus.STOPPED, ports.clock.now()), ports)
    with pytest.raises(NotSettled):
        deploy(ports, second)


def test_an_event_about_an_endpoint_that_is_gone_or_that_nobody_waits_for_does_nothing(ports: Ports) -> None:
    endpoint.endpoint_changed("gone", ports)
    endpoints(ports).serve("e", None)
    endpoint.endpoint_changed("e", ports)
    assert (pipeline(ports).completed, pipeline(ports).failed) == ({}, {})


def deployed(ports: Ports, predictor: Predictor = toy_line) -> Build:
    """A build whose configuration is in service, after one that served before it."""
    endpoints(ports).serve("e", None)
    build = deploying(ports, "a")
    deploy(ports, build)
    endpoints(ports).set_status("e", "InService")
    endpoints(ports).predict_with("e", predictor)
    return ports.builds.get(build.number)


PROBE: list[Mapping[str, Json]] = [{"inputs": [0.5, 1.0], "mean": 5.95}]


def test_what_serves_and_predicts_as_evaluated_is_proven(ports: Ports) -> None:
    endpoint.verify_endpoint(deployed(ports), PROBE, ports)
    assert endpoints(ports).invoked == [("e", [[0.5, 1.0]])]


def test_a_silent_rollback_is_not_a_success(ports: Ports) -> None:
    endpoints(ports).serve("e", None)
    with pytest.raises(DeploymentFailed, match="e-config.*should serve e-config-1"):
        endpoint.verify_endpoint(deploying(ports, "a"), PROBE, ports)


def test_an_endpoint_that_the_service_maintains_is_proven_later(ports: Ports) -> None:
    build = deployed(ports)
    endpoints(ports).set_status("e", "SystemUpdating")
    with pytest.raises(NotSettled, match="SystemUpdating"):
        endpoint.verify_endpoint(build, PROBE, ports)


@pytest.mark.parametrize(("mean", "said"), [(math.nan, "nan"), (5.96, "not serve what was evaluated")])
def test_another_prediction_than_the_evaluations_is_not_a_success(ports: Ports, mean: float, said: str) -> None:
    build = deployed(ports, lambda row: Prediction(mean))
    with pytest.raises(DeploymentFailed, match=said):
        endpoint.verify_endpoint(build, PROBE, ports)


def test_autoscaling_is_set_at_each_deployment_and_taken_away_by_the_setting(ports: Ports) -> None:
    build = deployed(ports)
    scaled = BuildSettings(endpoint_max_count=4, endpoint_invocations_per_instance=70).to_json()
    endpoint.verify_endpoint(replace(build, settings=scaled), PROBE, ports)
    assert endpoints(ports).scaling == {"e": (1, 4, 70)}
    endpoint.verify_endpoint(build, PROBE, ports)
    assert endpoints(ports).scaling == {}


def test_what_served_before_serves_again_when_the_proof_fails(ports: Ports) -> None:
    build = deployed(ports)
    endpoint.restore_endpoint(build, TAGS, ports)
    assert ports.endpoints.describe("e").config_name == "e-config"


def test_with_nothing_before_it_the_endpoint_that_failed_its_proof_is_gone(ports: Ports) -> None:
    build = deploying(ports, "a")
    deploy(ports, build)
    with pytest.raises(NotSettled):
        endpoint.restore_endpoint(ports.builds.get(build.number), TAGS, ports)
    endpoints(ports).set_status("e", "InService")
    endpoint.restore_endpoint(ports.builds.get(build.number), TAGS, ports)
    endpoint.restore_endpoint(ports.builds.get(build.number), TAGS, ports)
    assert ports.endpoints.all() == []


def test_nothing_is_restored_where_another_configuration_is_live(ports: Ports) -> None:
    endpoints(ports).serve("e", None)
    endpoint.restore_endpoint(deploying(ports, "a"), TAGS, ports)
    assert ports.endpoints.describe("e").config_name == "e-config"


@pytest.mark.parametrize("status", [BuildStatus.STOPPED, BuildStatus.ERROR])
def test_what_comes_into_service_after_its_build_has_ended_is_taken_back(ports: Ports, status: BuildStatus) -> None:
    before = endpoints(ports).serve("e", None).config_name
    build = deploying(ports, "a")
    deploy(ports, build)
    record(build.number, Change(status, ports.clock.now(), error="E", cause="c"), ports)
    endpoints(ports).serve("e", build.service, build, config=f"e-config-{build.number}")
    for _ in range(2):
        endpoint.endpoint_changed("e", ports)
    assert ports.endpoints.describe("e").config_name == before


def test_what_serves_for_a_build_that_is_ready_stays(ports: Ports) -> None:
    build = deployed(ports)
    endpoints(ports).serve("e", build.service, build, config=f"e-config-{build.number}")
    record(build.number, Change(BuildStatus.READY, ports.clock.now()), ports)
    endpoint.endpoint_changed("e", ports)
    assert ports.endpoints.describe("e").config_name == f"e-config-{build.number}"


def test_what_is_ready_is_never_taken_back(ports: Ports) -> None:
    build = deployed(ports)
    ready = record(build.number, Change(BuildStatus.READY, ports.clock.now()), ports)
    config = ports.endpoints.describe("e").config_name
    endpoint.restore_endpoint(ready, TAGS, ports)
    assert ports.endpoints.describe("e").config_name == config
