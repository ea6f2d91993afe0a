"""FakePackages, FakeArtifacts and FakeApprovals."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace

from orchestration.builds import Json
from orchestration.ports import AlreadyDecided, Approval, BadRequest, NewPackage, UnknownBuild


class FakePackages:
    """`registered` by ARN; `decided`: the ARN's decision and its reason."""

    def __init__(self) -> None:
        self.registered: dict[str, NewPackage] = {}
        self.decided: dict[str, tuple[bool, str]] = {}

    def register(self, package: NewPackage) -> str:
        for arn, there in self.registered.items():
            if there.token == package.token:
                return arn
        arn = (
            f"arn:aws:sagemaker:us-east-1:123456789012:model-package/{package.service.model}/{len(self.registered) + 1}"
        )
        self.registered[arn] = package
        return arn

    def decide(self, arn: str, approved: bool, reason: str) -> None:
        self.decided[arn] = (approved, reason)


class FakeArtifacts:
    """`documents` by URI, `members` by URI and name."""

    def __init__(self) -> None:
        self.documents: dict[str, Mapping[str, Json]] = {}
        self.members: dict[tuple[str, str], Mapping[str, Json]] = {}

    def document(self, uri: str) -> Mapping[str, Json]:
        if uri not in self.documents:
            raise BadRequest(f"There is nothing at {uri}.")
        return self.documents[uri]

    def archived(self, uri: str, member: str) -> Mapping[str, Json]:
        if (uri, member) not in self.members:
            raise BadRequest(f"There is no {member} in {uri}.")
        return self.members[uri, member]


class FakeApprovals:
    """The port Approvals."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._approvals: dict[int, Approval] = {}

    def request(self, approval: Approval) -> Approval:
        with self._lock:
            there = self._approvals.get(approval.number)
            if there is not None and there.decision:
                return there
            self._approvals[approval.number] = approval
            return approval

    def get(self, number: int) -> Approval | None:
        with self._lock:
            return self._approvals.get(number)

    def decide(self, number: int, decision: str, decided_by: str, reason: str) -> Approval:
        with self._lock:
            there = self._approvals.get(number)
            if there is None:
                raise UnknownBuild(f"Build {number} does not wait for an approval.")
            if there.decision:
                if (there.decision, there.decided_by) == (decision, decided_by):
                    return there
                raise AlreadyDecided(
                    f"Build {number} was {there.decision} by {there.decided_by} already.",
                    there.decision,
                    there.decided_by,
                )
            self._approvals[number] = replace(there, decision=decision, decided_by=decided_by, reason=reason)
            return self._approvals[number]

    def waiting(self) -> list[Approval]:
        with self._lock:
            return sorted((one for one in self._approvals.values() if not one.decision), key=lambda one: one.number)
