"""Stopping a build wherever it is, on the local engine: its job ends, nothing more is done, what served serves on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from orchestration.builds import Build, BuildKind, BuildStatus, Service
from orchestration.ports import Conflict
from orchestration.steps.lease import lease_key
from orchestration.steps.registration import decide
from orchestration.steps.resume_build import resume_build
from orchestration.steps.stop_build import stop_build
from tests.end_to_end.pipeline_house import (
    DECIDED,
    DEPLOYED,
    GRACE,
    JUDGED,
    PREPARED,
    REGISTERED,
    RESOLVED,
    SOMEBODY,
    TRAINED,
    UPDATED,
    House,
    eventually,
)

LEASE = lease_key(Service("gp", "stops"))
ANOTHER_BUILD = "0000000000"
ASKED = [*RESOLVED, *TRAINED, *JUDGED, *REGISTERED, "AskForApproval"]
WAITED = ["QUEUED", "TRAINING", "EVALUATING", "REGISTERING", "WAITING_FOR_APPROVAL"]
TUNING = {"kind": BuildKind.TUNE, "ranges": {"q": {}}, "settings": {"tuning_jobs": 2, "tuning_parallel_jobs": 2}}


@pytest.fixture(scope="module")
def champion(house: House) -> Build:
    """What serves before anything is stopped, and must serve after it."""
    return house.deployed("stops", 2)


def stopped(house: House, number: int) -> Build:
    stop_build(number, SOMEBODY, house.ports)
    build = house.ended(number)
    assert (build.status, build.error, build.cause) == (BuildStatus.STOPPED, "", "stopped by Tester")
    assert house.ports.pipeline.describe(build).status == "ABORTED"
    assert house.ports.claims.holder(lease_key(build.service)) in (None, ANOTHER_BUILD)
    with pytest.raises(Conflict, match="already ended: it is STOPPED"):
        stop_build(number, SOMEBODY, house.ports)
    return build


@pytest.mark.parametrize(
    ("state", "order", "states", "statuses", "job"),
    [
        ("Train", {}, [*RESOLVED, *TRAINED[:2]], ["QUEUED", "TRAINING"], ("Training", "train")),
        ("Tune", TUNING, [*RESOLVED, "RecordTuning", "Tune"], ["QUEUED", "TUNING"], ("HyperParameterTuning", "tune")),
        (
            "Evaluate",
            {"kind": BuildKind.DEPLOY},
            [*RESOLVED, "ProposeCandidate", *JUDGED[:2]],
            ["QUEUED", "EVALUATING"],
            ("Processing", "evaluate"),
        ),
    ],
    ids=["training", "tuning", "evaluating"],
)
def test_stopped_at_a_job_that_waits_for_its_place(
    state: str,
    order: dict[str, object],
    states: list[str],
    statuses: list[str],
    job: tuple[str, str],
    house: House,
    champion: Build,
) -> None:
    with house.no_free_slot():
        number = house.start("stops", **order)  # type: ignore[arg-type]
        house.waits_in(number, state)
        name = f"{house.prefix(number)}-{job[1]}-0"
        eventually(lambda: house.job(job[0], name) == "InProgress")
        build = stopped(house, number)
        eventually(lambda: house.job(job[0], name) == "Stopped")
    house.check(build, states, [*statuses, "STOPPED"])
    assert house.serves("stops") == 2


def test_stopped_while_data_is_prepared(house: House) -> None:
    house.raw("stops-raw", 2)
    with house.no_free_slot():
        number = house.start("stops-raw")
        house.waits_in(number, "PrepareData")
        build = stopped(house, number)
        eventually(lambda: house.job("Processing", f"{house.prefix(number)}-prepare-0") == "Stopped")
    house.check(build, PREPARED[:5], ["QUEUED", "PREPARING_DATA", "STOPPED"])
    assert house.serves("stops-raw") is None


def test_stopped_while_it_waits_for_a_person(house: House, champion: Build) -> None:
    number = house.start("stops")
    house.waits_in(number, "AskForApproval")
    build = stopped(house, number)
    house.check(build, ASKED, [*WAITED, "STOPPED"])
    with pytest.raises(Conflict, match="does not wait any more: it is STOPPED"):
        decide(number, "approved", GRACE, "", house.ports)
    assert house.serves("stops") == 2


@contextmanager
def lease_taken(house: House) -> Iterator[None]:
    assert house.ports.claims.take(LEASE, ANOTHER_BUILD, 600)
    try:
        yield
    finally:
        house.ports.claims.release(LEASE, ANOTHER_BUILD)


def approved(house: House, slope: float) -> int:
    house.line("stops", slope)
    number = house.start("stops")
    house.waits_in(number, "AskForApproval")
    decide(number, "approved", GRACE, "", house.ports)
    return number


def test_stopped_while_it_waits_for_another_deployment(house: House, champion: Build) -> None:
    """Its turn does not come any more: when the lease is given back, the next build gets it."""
    with lease_taken(house):
        number = approved(house, 2)
        house.waits_in(number, "TakeLease")
        eventually(lambda: [one.waiter for one in house.ports.waits.of(LEASE)] == [f"{number:010d}"])
        build = stopped(house, number)
        assert house.ports.waits.of(LEASE) == []
    house.check(build, [*ASKED[:-1], *DECIDED, *UPDATED[:2]], [*WAITED, "DEPLOYING", "STOPPED"])
    assert house.serves("stops") == 2


def test_stopped_while_its_endpoint_comes_up_it_is_taken_back(house: House, champion: Build) -> None:
    """An update cannot be called off: when the new version is there, the old one is deployed again."""
    before = house.deployments("stops")
    number = approved(house, 5)
    process = house.held_version("stops")
    try:
        house.waits_in(number, "DeployEndpoint")
        build = stopped(house, number)
        assert house.serves("stops") == 2
    finally:
        process.resume()
    house.check(build, [*ASKED[:-1], *DECIDED, *UPDATED], [*WAITED, "DEPLOYING", "STOPPED"])
    eventually(lambda: house.deployments("stops") == before + 2)
    eventually(lambda: house.ports.endpoints.describe("local-gp-stops").status == "InService")
    assert house.ports.endpoints.describe("local-gp-stops").build_number == champion.number
    assert house.serves("stops") == 2


@pytest.mark.slow
def test_a_training_that_was_stopped_goes_on_from_its_checkpoint(house: House) -> None:
    """The network's search keeps each trial: those that were made are not made again."""
    house.line("search", 2)
    search = {"mode": "search", "max_evals": "6", "trial_epochs": "1", "epochs": "2", "top_k": "1"}
    number = house.start("search", model="keras", hyperparameters=search)
    eventually(lambda: len(trials(house, number)) >= 2)
    before = stopped(house, number)
    eventually(lambda: house.job("Training", f"{house.prefix(number)}-train-0") == "Stopped")
    made = trials(house, number)
    resume_build(number, SOMEBODY, house.ports)
    build = house.ended(number)
    assert (build.status, build.cause, build.resume_count) == (BuildStatus.READY, "", 1)
    assert house.states(number) == [*RESOLVED, *TRAINED, *JUDGED, *REGISTERED, *DEPLOYED]
    assert before.jobs == {}
    assert build.jobs["train"] == f"{house.prefix(number)}-train-0"
    assert [*made, *trials(house, number)] == [f"Trial {each}" for each in range(1, 7)]
    assert house.announced(number)[:4] == ["QUEUED", "TRAINING", "STOPPED", "QUEUED"]


def trials(house: House, number: int) -> list[str]:
    """What the build's training has said of its search's trials."""
    job = f"{house.prefix(number)}-train-0"
    log = house.engine.state_dir / "sagemaker" / "training-jobs" / job / "log.txt"
    return re.findall(r"(?m)^(Trial \d+):", log.read_text()) if log.exists() else []
