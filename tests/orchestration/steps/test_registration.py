"""Registering a candidate and deciding about it, over the fakes."""

from __future__ import annotations

import threading

import pytest

from orchestration.builds import Build, BuildKind, BuildStatus, Json
from orchestration.ports import AlreadyDecided, Conflict, NotAllowed, Person, Ports, UnknownBuild
from orchestration.steps import registration
from orchestration.steps.registration import apply_decision, ask, decide, expire, register
from orchestration.steps.stop_build import stop_build
from tests.fakes import fake_ports
from tests.fakes.pipeline import FakePipeline
from tests.fakes.registry import FakePackages
from tests.orchestration.steps.making import ADA, ready, resolved, settle, trained

BO = Person("bo", "Bo", "approver")
CY = Person("cy", "Cy", "approver")
ASKER = Person("ada", "Ada", "approver")


@pytest.fixture
def ports() -> Ports:
    return fake_ports()


def completed(ports: Ports) -> dict[str, Json]:
    assert isinstance(ports.pipeline, FakePipeline)
    return {token: dict(output) for token, output in ports.pipeline.completed.items()}


def packages(ports: Ports) -> FakePackages:
    assert isinstance(ports.packages, FakePackages)
    return ports.packages


def test_a_candidate_becomes_a_version_with_what_it_was_made_of_once(ports: Ports) -> None:
    build = trained(ports, "a")
    for _ in range(2):
        assert register(ports.builds.get(build.number), ports) == {"next": "deploy", "note": ""}
    (package,) = packages(ports).registered.values()
    assert (package.service, package.artifact, package.approved) == (build.service, build.artifacts["model"], True)
    assert package.facts["dataset_version"] == build.dataset_version
    assert ports.builds.get(build.number).resources["package"] in packages(ports).registered


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"deploy_after_training": False}, "keep"),
        ({"approval_required": True}, "approve"),
        ({"deploy_freeze": {"by": "Bo", "reason": "holidays"}}, "keep"),
        ({"deploy_freeze": {"by": "Bo", "until": "2001-01-01T00:00:00+00:00"}}, "deploy"),
    ],
    ids=["kept", "approval", "frozen", "frozen no more"],
)
def test_what_comes_after_registration(ports: Ports, document: dict[str, Json], expected: str) -> None:
    settle(ports, **document)
    assert register(trained(ports, "a"), ports)["next"] == expected


def test_a_freeze_says_who_and_why(ports: Ports) -> None:
    settle(ports, deploy_freeze={"by": "Bo", "reason": "holidays"})
    assert "frozen by Bo (holidays)" in str(register(trained(ports, "a"), ports)["note"])


def waiting(ports: Ports, token: str = "token") -> Build:
    settle(ports, approval_required=True)
    build = trained(ports, "a")
    register(build, ports)
    ask(ports.builds.get(build.number), token, 600, ports)
    return ports.builds.get(build.number)


def test_an_approval_lets_the_build_go_on_and_is_written_on_the_version(ports: Ports) -> None:
    build = waiting(ports)
    assert (build.status, completed(ports)) == (BuildStatus.WAITING_FOR_APPROVAL, {})
    assert [one.number for one in ports.approvals.waiting()] == [build.number]
    decide(build.number, "approved", BO, "", ports)
    assert completed(ports) == {"token": {"decision": "approved"}}
    assert apply_decision(build, ports) == {"next": "deploy", "note": "Approved by Bo."}
    assert packages(ports).decided[build.resources["package"]] == (True, "by Bo")
    assert ports.approvals.waiting() == []


def test_a_rejection_ends_the_build_with_its_reason(ports: Ports) -> None:
    build = waiting(ports)
    decide(build.number, "rejected", BO, "too slow", ports)
    assert apply_decision(build, ports)["next"] == "end"
    after = ports.builds.get(build.number)
    assert (after.status, after.cause) == (BuildStatus.REJECTED, "Rejected by Bo: too slow.")
    assert packages(ports).decided[build.resources["package"]] == (False, "by Bo: too slow")


def test_the_first_decision_wins_and_the_late_one_is_told_who_decided(ports: Ports) -> None:
    build = waiting(ports)
    decide(build.number, "rejected", BO, "", ports)
    with pytest.raises(AlreadyDecided, match="rejected by Bo"):
        decide(build.number, "approved", CY, "", ports)
    assert decide(build.number, "rejected", BO, "", ports).number == build.number  # a redelivery of the first
    assert completed(ports) == {"token": {"decision": "rejected"}}


def test_many_at_once_decide_once(ports: Ports) -> None:
    build = waiting(ports)
    people = [Person(f"p{n}", f"P{n}", "approver") for n in range(16)]
    outcomes: list[bool] = []

    def one(person: Person) -> None:
        try:
            decide(build.number, "approved" if person.id < "p5" else "rejected", person, "", ports)
            outcomes.append(True)
        except AlreadyDecided:
            outcomes.append(False)

    threads = [threading.Thread(target=one, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False] * 15 + [True]


def test_who_asked_may_not_approve_but_may_reject(ports: Ports) -> None:
    build = waiting(ports)
    with pytest.raises(NotAllowed, match="somebody else"):
        decide(build.number, "approved", ASKER, "", ports)
    decide(build.number, "rejected", ASKER, "", ports)


def test_one_person_is_enough_where_the_settings_say_so(ports: Ports) -> None:
    settle(ports, approval_required=True, two_person_approval=False)
    build = trained(ports, "a")
    ask(build, "token", 600, ports)
    decide(build.number, "approved", ASKER, "", ports)
    assert completed(ports) == {"token": {"decision": "approved"}}


def test_nobody_decided_in_time(ports: Ports) -> None:
    build = waiting(ports)
    assert expire(build, ports)["next"] == "end"
    assert "expired" in ports.builds.get(build.number).cause
    with pytest.raises(AlreadyDecided, match="expired"):
        decide(build.number, "approved", BO, "", ports)


def test_a_decision_in_the_last_moment_stands(ports: Ports) -> None:
    build = waiting(ports)
    decide(build.number, "approved", BO, "", ports)
    assert expire(build, ports)["next"] == "deploy"


def test_a_state_that_asks_again_is_answered_at_once(ports: Ports) -> None:
    build = waiting(ports)
    decide(build.number, "approved", BO, "", ports)
    ask(build, "second", 600, ports)
    assert completed(ports)["second"] == {"decision": "approved"}


def test_what_does_not_wait_cannot_be_decided(ports: Ports) -> None:
    build, _ = resolved(ports, "a")
    with pytest.raises(UnknownBuild, match="does not wait"):
        decide(build.number, "approved", BO, "", ports)
    stopped = waiting(ports)
    assert [one.number for one in registration.waiting(ports)] == [stopped.number]
    stop_build(stopped.number, ADA, ports)
    assert registration.waiting(ports) == []
    with pytest.raises(Conflict, match="STOPPED"):
        decide(stopped.number, "approved", BO, "", ports)


def test_an_approval_during_a_freeze_deploys_nothing(ports: Ports) -> None:
    build = waiting(ports)
    decide(build.number, "approved", BO, "", ports)
    settle(ports, approval_required=True, deploy_freeze={"by": "Cy"})
    assert apply_decision(build, ports)["next"] == "keep"


def test_a_rollback_waits_for_nobody_and_no_freeze(ports: Ports) -> None:
    ready(ports, "a")
    ready(ports, "b")
    settle(ports, approval_required=True, deploy_freeze={"by": "Cy"})
    back, _ = resolved(ports, "c", BuildKind.ROLLBACK)
    assert (back.source, register(back, ports)["next"]) == (1, "deploy")
