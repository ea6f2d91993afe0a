"""Each port's contract is run on every implementation: the fakes, the AWS adapters on moto, and the local engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from threading import Lock
from typing import Any

import pytest
from botocore.client import BaseClient

from orchestration.aws.clients import Clients, Wire
from orchestration.aws.people import DynamoPeople
from orchestration.local import resources
from orchestration.local.session import local_session
from orchestration.ports import Ports
from orchestration.wiring import LocalSession, local_clients, make_ports
from tests.contracts.clock import SettableClock
from tests.contracts.stage import MACHINE, FakeStage, WireStage
from tests.fakes import fake_ports


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


# Tables of their own, so that a local engine does not take the builds of these tests for builds to start and announce.
ENVIRONMENT = replace(
    resources.ENVIRONMENT,
    builds_table="contract-builds",
    state_table="contract-state",
    state_machine_arn=resources.ENVIRONMENT.state_machine_arn.rpartition(":")[0] + f":{MACHINE}",
)


@pytest.fixture(scope="session")
def engine_clients(engine: LocalSession) -> Clients:
    """Clients of the local engine, with the tables made."""
    clients = local_clients(engine.state_dir)
    _make_tables(clients)
    WireStage.prepare(clients)
    return clients


@pytest.fixture(params=["fake", "moto", "local"])
def ports(request: pytest.FixtureRequest, clock: SettableClock) -> Iterator[Ports]:
    """Ports of each kind on `clock`. The local engine keeps what earlier tests wrote: use fresh names."""
    if request.param == "fake":
        yield fake_ports(clock)
    elif request.param == "moto":
        yield from _on_moto(clock)
    else:
        yield _ports(request.getfixturevalue("engine_clients"), clock)


@pytest.fixture
def stage(request: pytest.FixtureRequest, ports: Ports) -> FakeStage | WireStage:
    """What is around the ports of that kind."""
    kind = request.node.callspec.params["ports"]
    if kind == "fake":
        return FakeStage(ports)
    clients = request.getfixturevalue("engine_clients") if kind == "local" else _clients_on_moto()
    return WireStage(clients, ENVIRONMENT, is_engine=kind == "local")


@pytest.fixture
def not_moto(request: pytest.FixtureRequest) -> None:
    """Skips what stock moto cannot do: see the faults in tests/orchestration/local/stock_moto.py."""
    if request.node.callspec.params["ports"] == "moto":
        pytest.skip("not on stock moto: UpdateEndpoint, models that answer, a stop's cause, thousands of transactions")


def _ports(clients: Clients, clock: SettableClock) -> Ports:
    return make_ports(clients, ENVIRONMENT, DynamoPeople(clients, ENVIRONMENT.builds_table), clock)


def _make_tables(clients: Clients) -> None:
    for logical, name in (("builds", ENVIRONMENT.builds_table), ("state", ENVIRONMENT.state_table)):
        clients("dynamodb").create_table(**resources.table(logical, name))


def _one_at_a_time(call: Callable[..., Any]) -> Callable[..., Any]:
    """moto's DynamoDB is not atomic across threads; the engine serialises its requests for the same reason."""
    lock = Lock()

    def locked(*args: Any, **kwargs: Any) -> Any:
        with lock:
            return call(*args, **kwargs)

    return locked


def _clients_on_moto() -> Clients:
    wire = Wire(local_session("testing", resources.REGION))
    return Clients(lambda: wire)


def _on_moto(clock: SettableClock) -> Iterator[Ports]:
    from moto import mock_aws

    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setattr(BaseClient, "_make_api_call", _one_at_a_time(BaseClient._make_api_call))
        clients = _clients_on_moto()
        _make_tables(clients)
        WireStage.prepare(clients)
        clients("s3").create_bucket(Bucket=ENVIRONMENT.data_bucket)
        clients("sns").create_topic(Name=ENVIRONMENT.notices_topic_arn.rsplit(":", 1)[1])
        yield _ports(clients, clock)
