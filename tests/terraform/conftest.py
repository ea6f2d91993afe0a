"""One deployment a session, begun with the first test here that needs it; what it is at is awaited by each."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import boto3
import pytest

from tests.terraform.deployment import Deployment
from tests.tools import tool

# A test may be the one that waits for the whole apply, on a machine that others use too.
APPLY_TIMEOUT_S = 420
NEEDED_BY = {"deployment", "plan", "planned", "aws"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if NEEDED_BY & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.timeout(APPLY_TIMEOUT_S))


@pytest.fixture(scope="session")
def _begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment | None]:
    terraform = shutil.which("terraform")
    deployment = Deployment(terraform, tmp_path_factory.mktemp("deployment")) if terraform else None
    yield deployment
    if deployment is not None:
        deployment.close()


@pytest.fixture(scope="session", autouse=True)
def begin_early(request: pytest.FixtureRequest) -> None:
    """An apply takes a minute of waiting: other tests run meanwhile."""
    if any(NEEDED_BY & set(getattr(item, "fixturenames", ())) for item in request.session.items):
        request.getfixturevalue("_begun")


@pytest.fixture(scope="session")
def deployment(_begun: Deployment | None) -> Deployment:
    """The deployment, with Terraform initialised."""
    if _begun is None:
        tool("terraform")
    assert _begun is not None
    _begun.wait_for_init()
    if _begun.init_error and "terraform" not in os.environ.get("SAGEBUILD_REQUIRE", "").split(","):
        pytest.skip(
            f"there is no AWS provider here, neither in a mirror nor from the registry: {_begun.init_error[:300]}"
        )
    _begun.wait("init")
    return _begun


@pytest.fixture(scope="session")
def plan(deployment: Deployment) -> Mapping[str, Any]:
    """The plan's JSON."""
    return deployment.plan


@pytest.fixture(scope="session")
def planned(plan: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Address to the planned values of each resource that is made."""
    return {
        change["address"]: change["change"]["after"]
        for change in plan["resource_changes"]
        if change["change"]["actions"] == ["create"]
    }


@pytest.fixture(scope="session")
def aws(deployment: Deployment) -> Callable[[str], Any]:
    """Clients of the account that was applied to."""
    deployment.wait("apply")
    session = boto3.Session("test", "test", region_name="us-east-1")
    return lambda service: session.client(service, endpoint_url=deployment.endpoint)
