"""What the gate and people let through, on the local engine: refused, rejected, approved, expired; who may say so."""

from __future__ import annotations

import pytest

from orchestration.builds import Build, BuildKind
from orchestration.ports import AlreadyDecided, BadRequest, NotAllowed, Person, UnknownBuild
from orchestration.steps.registration import decide
from tests.end_to_end.pipeline_house import (
    DECIDED,
    DEPLOYED,
    GRACE,
    JUDGED,
    REGISTERED,
    RESOLVED,
    SOMEBODY,
    TRAINED,
    House,
)

MADE = [*RESOLVED, *TRAINED, *JUDGED]
ASKED = [*MADE, *REGISTERED, *DECIDED]
WAITED = ["QUEUED", "TRAINING", "EVALUATING", "REGISTERING", "WAITING_FOR_APPROVAL"]
REQUESTER = Person(SOMEBODY.person, SOMEBODY.name, "admin")


def waiting(house: House, name: str, slope: float = 2) -> int:
    """A build of that service that waits for a person."""
    house.line(name, slope)
    number = house.start(name)
    house.waits_in(number, "AskForApproval")
    return number


def package_of(house: House, build: Build) -> dict[str, str]:
    described: dict[str, str] = house.clients("sagemaker").describe_model_package(
        ModelPackageName=build.resources["package"]
    )
    return described


def test_a_model_beyond_the_threshold_is_refused(house: House) -> None:
    house.line("strict", 2)
    build = house.built("strict")
    house.check(build, [*MADE, "Done"], ["QUEUED", "TRAINING", "EVALUATING", "REJECTED"])
    assert (build.error, build.verdict["passed"], build.verdict["threshold"]) == ("", False, 1e-6)
    assert build.cause == build.verdict["reason"] == build.timeline[-1].note
    assert "at most 1e-06 passes" in build.cause
    assert house.ports.pipeline.describe(build).status == "SUCCEEDED"
    assert "package" not in build.resources
    assert house.serves("strict") is None
    with pytest.raises(UnknownBuild, match="does not wait for an approval"):
        decide(build.number, "approved", GRACE, "", house.ports)
    with pytest.raises(BadRequest, match="was rejected"):
        house.start("strict", BuildKind.DEPLOY, of=build.number)


def test_a_model_worse_than_the_champion_is_refused_and_the_champion_serves_on(house: House) -> None:
    champion = house.deployed("champion", 2)
    build = house.built("champion", hyperparameters={"sigma2": "100"})
    house.check(build, [*MADE, "Done"], ["QUEUED", "TRAINING", "EVALUATING", "REJECTED"])
    assert build.verdict["champion"] == champion.number
    own, its = build.verdict["value"], build.verdict["champion_value"]
    assert isinstance(own, float)
    assert isinstance(its, float)
    assert own > its == pytest.approx(champion.metrics["test:RMSE"])
    assert "worse by more than 2%" in build.cause
    assert house.ports.endpoints.describe("local-gp-champion").build_number == champion.number
    assert house.serves("champion") == 2


def test_another_person_approves_and_it_is_deployed(house: House) -> None:
    number = waiting(house, "approved")
    assert number in [one.number for one in house.ports.approvals.waiting()]
    assert package_of(house, house.ports.builds.get(number))["ModelApprovalStatus"] == "PendingManualApproval"
    assert house.serves("approved") is None
    with pytest.raises(NotAllowed, match="somebody else has to approve"):
        decide(number, "approved", REQUESTER, "", house.ports)
    decide(number, "approved", GRACE, "looks right", house.ports)
    build = house.ended(number)
    house.check(build, [*ASKED, *DEPLOYED], [*WAITED, "DEPLOYING", "READY"])
    assert build.timeline[-2].note == "Approved by Grace."
    package = package_of(house, build)
    assert (package["ModelApprovalStatus"], "Grace" in package["ApprovalDescription"]) == ("Approved", True)
    assert number not in [one.number for one in house.ports.approvals.waiting()]
    assert house.serves("approved") == 2
    # What comes late is told who was first.
    with pytest.raises(AlreadyDecided, match=r"approved by Grace"):
        decide(number, "rejected", Person("ada", "Ada", "approver"), "", house.ports)


def test_a_person_rejects_and_what_served_serves_on(house: House) -> None:
    house.deployed("rejected", 2)
    number = waiting(house, "rejected", 5)
    decide(number, "rejected", REQUESTER, "too steep", house.ports)  # whoever asked may always say no
    build = house.ended(number)
    house.check(build, [*ASKED, "Done"], [*WAITED, "REJECTED"])
    assert (build.cause, build.error) == ("Rejected by Tester: too steep.", "")
    assert package_of(house, build)["ModelApprovalStatus"] == "Rejected"
    assert house.serves("rejected") == 2


def test_an_approval_that_nobody_gives_expires(house: House) -> None:
    build = house.ended(waiting(house, "expires"))
    expired = [*MADE, *REGISTERED, "AskForApproval", "ExpireApproval", "AfterDecision", "Done"]
    house.check(build, expired, [*WAITED, "REJECTED"])
    assert build.cause == "The approval expired: nobody decided in time."
    assert package_of(house, build)["ModelApprovalStatus"] == "Rejected"
    with pytest.raises(AlreadyDecided, match="expired by nobody"):
        decide(build.number, "approved", GRACE, "", house.ports)
    assert house.serves("expires") is None
