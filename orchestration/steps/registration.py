"""Registering a candidate, and the approval by a person.

The decision is stored first, under the build's number, and then sent to the state that waits: the first one wins, and a
sender that died is made good by the next.
"""

from __future__ import annotations

from datetime import timedelta

from orchestration.builds import Build, BuildKind, BuildStatus, Json
from orchestration.ports import (
    AlreadyDecided,
    Approval,
    Change,
    Conflict,
    NewPackage,
    NotAllowed,
    Person,
    Ports,
    TransitionRefused,
    Unavailable,
)
from orchestration.steps.champions import freeze
from orchestration.steps.record import record

NOBODY = "nobody"  # who decided when the time ran out
DECISIONS = ("approved", "rejected", "expired")


def register(build: Build, ports: Ports) -> dict[str, Json]:
    """Register the candidate and say what comes next: "approve", "deploy" or "keep" (trained, and not deployed)."""
    next_, note = _after_registration(build, ports)
    resources = {"package": package} if (package := _package(build, next_, ports)) else {}
    change = Change(
        to=BuildStatus.REGISTERING if build.source is None else None,
        at=ports.clock.now(),
        note=note,
        resources=resources,
    )
    record(build.number, change, ports)
    return {"next": next_, "note": note}


def _package(build: Build, next_: str, ports: Ports) -> str:
    """The registered version; a deployment is of the one that its source registered."""
    if build.source is not None:
        return ports.builds.get(build.source).resources.get("package", "")
    if not build.settings.get("register", True):
        return ""
    return ports.packages.register(
        NewPackage(
            service=build.service,
            token=f"{build.execution_name}-{build.resume_count}",
            image=build.image,
            artifact=build.artifacts["model"],
            description=f"Build {build.number} of {build.service.key}, asked for by {build.requester.name}.",
            approved=next_ != "approve" and not build.settings.get("approval_required"),
            metrics=build.metrics,
            facts={
                "build": str(build.number),
                "dataset_version": build.dataset_version,
                "image": build.image,
                "code_version": str(build.settings.get("code_version", "")),
                "verdict": str(build.verdict.get("reason", "")),
            },
        )
    )


def _after_registration(build: Build, ports: Ports) -> tuple[str, str]:
    wanted = build.source is not None or bool(build.settings.get("deploy_after_training"))
    if not wanted:
        return "keep", ""
    if build.kind is not BuildKind.ROLLBACK:
        if why := freeze(ports):
            return "keep", f"{why} The model is kept; deploy it with 'deploy build {build.number}'."
        if build.settings.get("approval_required"):
            return "approve", ""
    return "deploy", ""


def ask(build: Build, task_token: str, wait_s: float, ports: Ports) -> None:
    """Let the waiting state go on once a person has decided, at once when one has before."""
    now = ports.clock.now()
    approval = Approval(build.number, now, now + timedelta(seconds=wait_s), task_token)
    try:
        record(build.number, Change(BuildStatus.WAITING_FOR_APPROVAL, now), ports)
    except TransitionRefused:
        if ports.builds.get(build.number).has_ended:
            raise
    asked = ports.approvals.request(approval)
    if asked.decision:
        ports.pipeline.complete(task_token, {"decision": asked.decision})


def waiting(ports: Ports) -> list[Build]:
    """The builds that wait for a person now, oldest first: one that was stopped meanwhile waits for nobody."""
    builds = [ports.builds.get(approval.number) for approval in ports.approvals.waiting()]
    return [build for build in builds if build.status is BuildStatus.WAITING_FOR_APPROVAL]


def decide(number: int, decision: str, person: Person, reason: str, ports: Ports) -> Build:
    """A person's decision. decision: "approved" or "rejected".

    Raises UnknownBuild when none waits, Conflict when the build has ended meanwhile, NotAllowed for the requester where
    two persons are needed, AlreadyDecided with who was first.
    """
    build = ports.builds.get(number)
    if decision == "approved" and build.settings.get("two_person_approval") and build.requester.person == person.id:
        raise NotAllowed(f"Build {number} was asked for by you; somebody else has to approve it.")
    asked = ports.approvals.get(number)
    if asked is not None and not asked.decision and build.has_ended:
        raise Conflict(f"Build {number} does not wait any more: it is {build.status}.")
    try:
        decided = ports.approvals.decide(number, decision, person.name, reason)
    except AlreadyDecided:
        first = ports.approvals.get(number)
        if first is not None:
            ports.pipeline.complete(first.task_token, {"decision": first.decision})
        raise
    ports.pipeline.complete(decided.task_token, {"decision": decision})
    return build


def expire(build: Build, ports: Ports) -> dict[str, Json]:
    """Nobody decided in time, unless somebody did just now."""
    try:
        ports.approvals.decide(build.number, "expired", NOBODY, "nobody decided in time")
    except AlreadyDecided:
        pass  # the first decision stands
    return apply_decision(build, ports)


def apply_decision(build: Build, ports: Ports) -> dict[str, Json]:
    """Carry out what was decided: on the registered version, and REJECTED on the record. Answers with what is next."""
    approval = ports.approvals.get(build.number)
    if approval is None or not approval.decision:
        raise Unavailable(f"Nobody has decided about build {build.number} yet.")
    approved, by, reason = approval.decision == "approved", approval.decided_by, approval.reason
    if package := build.resources.get("package"):
        ports.packages.decide(package, approved, f"by {by}{': ' + reason if reason else ''}")
    if approved:
        if why := freeze(ports):
            return {"next": "keep", "note": f"Approved by {by}. {why}"}
        return {"next": "deploy", "note": f"Approved by {by}."}
    cause = f"Rejected by {by}{': ' + reason if reason else ''}."
    if approval.decision == "expired":
        cause = "The approval expired: nobody decided in time."
    record(build.number, Change(BuildStatus.REJECTED, ports.clock.now(), note=cause, cause=cause), ports)
    return {"next": "end", "note": cause}
