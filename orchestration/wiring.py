"""Ports from settings: the only place that chooses adapters. AWS and local mode use the same ones, on another wire."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from models.catalog import BUILT_IN
from orchestration.aws.approvals import DynamoApprovals
from orchestration.aws.artifacts import S3Artifacts
from orchestration.aws.audit import DynamoAudit
from orchestration.aws.builds import DynamoBuilds
from orchestration.aws.clients import Clients, Wire, aws_clients
from orchestration.aws.datasets import S3Datasets
from orchestration.aws.endpoints import SageMakerEndpoints
from orchestration.aws.messages import DynamoLiveMessages
from orchestration.aws.notices import SnsNotices
from orchestration.aws.packages import SageMakerPackages
from orchestration.aws.parameters import ParameterSettings
from orchestration.aws.people import DynamoPeople
from orchestration.aws.pipeline import StepFunctionsPipeline
from orchestration.aws.state import (
    DynamoClaims,
    DynamoConversations,
    DynamoCounters,
    DynamoLinkCodes,
    DynamoWaits,
    DynamoWatches,
)
from orchestration.builds import Environment
from orchestration.ports import Clock, NewDataset, People, Ports
from orchestration.settings import environment_from_variables


class SystemClock:
    """The port Clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def make_ports(clients: Clients, environment: Environment, people: People, clock: Clock | None = None) -> Ports:
    """Every port of one environment on those clients."""
    clock = clock or SystemClock()
    builds, state = environment.builds_table, environment.state_table
    return Ports(
        builds=DynamoBuilds(clients, builds, clock),
        pipeline=StepFunctionsPipeline(clients, environment),
        endpoints=SageMakerEndpoints(clients, environment),
        datasets=S3Datasets(clients, environment.data_bucket, builds, clock),
        settings=ParameterSettings(clients, environment.settings_parameter),
        packages=SageMakerPackages(clients, environment),
        artifacts=S3Artifacts(clients),
        approvals=DynamoApprovals(clients, builds),
        notices=SnsNotices(clients, environment.notices_topic_arn),
        claims=DynamoClaims(clients, state, clock),
        waits=DynamoWaits(clients, state, clock),
        conversations=DynamoConversations(clients, state, clock),
        watches=DynamoWatches(clients, state, clock),
        messages=DynamoLiveMessages(clients, builds),
        audit=DynamoAudit(clients, builds, clock),
        people=people,
        codes=DynamoLinkCodes(clients, state, clock),
        counters=DynamoCounters(clients, state, clock),
        clock=clock,
        built_in=BUILT_IN,
        environment=environment,
    )


@lru_cache(maxsize=1)
def function_ports() -> Ports:
    """The ports of a Lambda, from its environment variables; made once a sandbox."""
    environment = environment_from_variables()
    clients = aws_clients(environment.region)
    return make_ports(clients, environment, DynamoPeople(clients, environment.builds_table))


@dataclass(frozen=True)
class LocalSession:
    """A conversation's ports on the local engine."""

    ports: Ports
    environment: str
    state_dir: Path


@contextmanager
def open_local(state_dir: Path | None, person: str) -> Iterator[LocalSession]:
    """The local engine of that folder, started if need be, with the sample data in it. Raises Unavailable.

    state_dir: None takes `default_state_dir`. person: who sits there. An engine that died meanwhile is started again
    when it is next needed.
    """
    # Imported here: a Lambda's zip holds no local mode.
    from orchestration.local import client, resources
    from orchestration.local.people import LocalPeople

    folder = state_dir or client.default_state_dir()
    with client.connect(folder):
        clients = local_clients(folder)
        people = LocalPeople(DynamoPeople(clients, resources.ENVIRONMENT.builds_table), folder / "people.json")
        ports = make_ports(clients, resources.ENVIRONMENT, people)
        register_samples(ports)
        yield LocalSession(ports, resources.ENVIRONMENT.name, folder)


def default_state_dir() -> Path:
    """Where local mode keeps its state: $SAGEBUILD_STATE_DIR, or ~/.sagebuild."""
    from orchestration.local import client

    return client.default_state_dir()


def close_local(state_dir: Path | None) -> str:
    """End the engine of that folder; a sentence about what was ended."""
    from orchestration.local import client

    return client.end(state_dir or client.default_state_dir())


def local_clients(state_dir: Path) -> Clients:
    """Clients of the engine of that folder, whichever process that is: an engine started anew is another address."""
    from orchestration.local import client, resources
    from orchestration.local.session import local_session

    def engine() -> Wire:
        connection = client.named(state_dir) or client.join(state_dir)
        return Wire(local_session(connection.access_key, resources.REGION), connection.url, connection.access_key)

    return Clients(engine, timeout_s=60.0)


def register_samples(ports: Ports) -> None:
    """The sample data as datasets, on the first start."""
    from models.datasets import SAMPLES

    there = {dataset.name for dataset in ports.datasets.all()}
    for name, make in SAMPLES.items():
        if name not in there:
            sample = make()
            splits = {split: sample.to_csv(split) for split in ("train", "validation", "test")}
            ports.datasets.register(NewDataset(sample.name, sample.target, splits, sample.description))
