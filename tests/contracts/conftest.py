"""Each port's contract is run on every implementation: the fakes, the AWS adapters on moto, and the local engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from threading import Lock
from typing import Any

import pytest
from botocore.client import BaseClient

from orchestration.aws.clients import Clients, Wire
from orchestration.local import resources
from orchestration.local.people import LocalPeople
from orchestration.local.session import local_session
from orchestration.ports import Ports
from orchestration.wiring import LocalSession, local_clients, make_ports
from tests.contracts.clock import SettableClock
from tests.fakes import fake_ports


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


# Tables of their own, so that a local engine does not take the builds of these tests for builds to start and announce.
ENVIRONMENT = replace(resources.ENVIRONMENT, builds_table="contract-builds", state_table="contract-state")


@pytest.fixture(scope="session")
def engine_clients(engine: LocalSession) -> Clients:
    """Clients of the local engine, with the tables made."""
    clients = local_clients(engine.state_dir)
    _make_tables(clients)
    return clients


@pytest.fixture(params=["fake", "moto", "local"])
def ports(request: pytest.FixtureRequest, clock: SettableClock) -> Iterator[Ports]:
    """Ports of each kind on `clock`. The local engine keeps what earlier tests wrote: use fresh names."""
    if request.param == "fake":
        yield fake_ports(clock)
    elif request.param == "moto":
        yield from _on_moto(clock)
    else:
        yield make_ports(request.getfixturevalue("engine_clients"), ENVIRONMENT, LocalPeople(), clock)


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


def _on_moto(clock: SettableClock) -> Iterator[Ports]:
    from moto import mock_aws

    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setattr(BaseClient, "_make_api_call", _one_at_a_time(BaseClient._make_api_call))
        wire = Wire(local_session("testing", resources.REGION))
        clients = Clients(lambda: wire)
        _make_tables(clients)
        clients("s3").create_bucket(Bucket=ENVIRONMENT.data_bucket)
        clients("sns").create_topic(Name=ENVIRONMENT.notices_topic_arn.rsplit(":", 1)[1])
        yield make_ports(clients, ENVIRONMENT, LocalPeople(), clock)
