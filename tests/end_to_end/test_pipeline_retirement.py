"""Retirement in an account that is not ours alone, on moto's SageMaker: many endpoints, several pages, foreign ones."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.client import BaseClient
from moto import mock_aws

from orchestration.aws.clients import Clients, Wire
from orchestration.builds import Build, BuildKind, BuildStatus, Requester, Service, config_name, model_name
from orchestration.local import resources
from orchestration.local.session import local_session
from orchestration.ports import Change, NewBuild, Ports
from orchestration.steps.record import record
from orchestration.steps.retire import after_deployment
from orchestration.wiring import make_ports
from tests.fakes.records import FakePeople

PAGE = 3
OURS = ("oldest", "older", "old", "middle", "new", "newer", "newest")
TAG = "sagebuild:environment"
# Endpoint to its tags: what only looks like ours.
FOREIGN: dict[str, dict[str, str]] = {
    "local-gp-untagged": {},
    "local-gp-others": {TAG: "prod"},
    "local-gp-similar": {"sagebuild": "local"},
    "prod-gp-toy": {TAG: "prod"},
    "recommender": {"team": "shop"},
}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    """An empty account whose lists come in small pages."""
    call = BaseClient._make_api_call

    def in_pages(self: Any, operation: str, request: dict[str, Any]) -> Any:
        return call(self, operation, request | ({"MaxResults": PAGE} if operation == "ListEndpoints" else {}))

    monkeypatch.setattr(BaseClient, "_make_api_call", in_pages)
    with mock_aws():
        wire = Wire(local_session("testing", resources.REGION))
        clients = Clients(lambda: wire)
        for logical, name in (
            ("builds", resources.ENVIRONMENT.builds_table),
            ("state", resources.ENVIRONMENT.state_table),
        ):
            clients("dynamodb").create_table(**resources.table(logical, name))
        yield clients


def serve(clients: Clients, endpoint: str, config: str, model: str, tags: dict[str, str]) -> None:
    sagemaker = clients("sagemaker")
    role = "arn:aws:iam::123456789012:role/x"
    sagemaker.create_model(ModelName=model, ExecutionRoleArn=role, PrimaryContainer={"Image": "image"})
    variant = {"VariantName": "main", "ModelName": model, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName=config, ProductionVariants=[variant])
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=config, Tags=listed)
    time.sleep(0.002)  # so that no two are of one millisecond, which is all that the service tells of a time


def served(name: str, clients: Clients, ports: Ports) -> Build:
    """A build that is READY with its endpoint."""
    requester = Requester("ada", "Ada", "console", "c")
    new = NewBuild(BuildKind.TRAIN, Service("gp", name), requester, f"test-{name}", ports.clock.now())
    build = ports.builds.create(new)[0]
    names = {
        "endpoint": f"local-gp-{name}",
        "endpoint_config": config_name("local", build),
        "model": model_name("local", build),
    }
    serve(clients, names["endpoint"], names["endpoint_config"], names["model"], {TAG: "local"})
    record(build.number, Change(BuildStatus.TRAINING, ports.clock.now(), settings={"endpoints_kept": 5}), ports)
    return record(build.number, Change(BuildStatus.READY, ports.clock.now(), resources=names), ports)


def names(clients: Clients) -> set[str]:
    pages = clients("sagemaker").get_paginator("list_endpoints").paginate()
    return {endpoint["EndpointName"] for page in pages for endpoint in page["Endpoints"]}


def test_of_seven_endpoints_of_ours_among_twelve_the_two_oldest_go_and_no_other(account: Clients) -> None:
    ports = make_ports(account, resources.ENVIRONMENT, FakePeople())
    foreign = iter(FOREIGN.items())
    builds = {}
    for name in OURS:
        for other, tags in [next(foreign)] if len(builds) < len(FOREIGN) else []:  # one before each, the older ones too
            serve(account, other, f"{other}-config", f"{other}-model", tags)
        builds[name] = served(name, account, ports)
    assert len(names(account)) == 12
    assert after_deployment(builds["newest"], ports) == ["local-gp-oldest", "local-gp-older"]
    assert names(account) == {*FOREIGN, *(f"local-gp-{name}" for name in OURS[2:])}
    statuses = {name: ports.builds.get(build.number).status for name, build in builds.items()}
    assert statuses == dict.fromkeys(OURS, "READY") | dict.fromkeys(OURS[:2], "ENDPOINT_DELETED")
    # Configuration and model went with their endpoint, and everybody else's stayed.
    for kind, key in (("endpoint_configs", "EndpointConfigName"), ("models", "ModelName")):
        pages = account("sagemaker").get_paginator(f"list_{kind}").paginate()
        left = {one[key] for page in pages for one in page[kind.title().replace("_", "")]}
        resource = {"endpoint_configs": "endpoint_config", "models": "model"}[kind]
        kept = {builds[name].resources[resource] for name in OURS[2:]}
        assert left == kept | {f"{name}-{kind.removesuffix('s').split('_')[-1]}" for name in FOREIGN}
    assert after_deployment(builds["newest"], ports) == []


def test_what_this_build_deployed_stays_although_it_is_the_oldest(account: Clients) -> None:
    """An endpoint that is updated in place may be the oldest by its creation."""
    ports = make_ports(account, resources.ENVIRONMENT, FakePeople())
    builds = {name: served(name, account, ports) for name in OURS}
    retired = after_deployment(builds["oldest"], ports)
    assert retired == ["local-gp-older", "local-gp-old"]
    assert "local-gp-oldest" in names(account)
