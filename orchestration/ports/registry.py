"""Registered model versions, and the files that jobs leave behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from orchestration.builds import Json, Service


@dataclass(frozen=True)
class NewPackage:
    """A version of a service's model, as it is registered. token: the same one registers the same version, once.

    metrics: by name; facts: what else is to be read on the version ("dataset_version", "image", "code_version" ...).
    approved: whether no person needs to decide.
    """

    service: Service
    token: str
    image: str
    artifact: str
    description: str
    approved: bool
    metrics: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)


class Packages(Protocol):
    """The model registry: a group a service, a version a build."""

    def register(self, package: NewPackage) -> str:
        """The version's ARN; its group is made when it is the first. The same token gives the same version."""
        ...

    def decide(self, arn: str, approved: bool, reason: str) -> None:
        """Write the decision on the version. Doing so twice is fine."""
        ...


class Artifacts(Protocol):
    """What jobs wrote to the data bucket."""

    def document(self, uri: str) -> Mapping[str, Json]:
        """A JSON object of at most 4 MB. Raises BadRequest when there is none, or when it is not a JSON object."""
        ...

    def archived(self, uri: str, member: str) -> Mapping[str, Json]:
        """A JSON object inside a model.tar.gz (at most 4 MB of it, of an archive of at most 500 MB).

        Raises BadRequest when there is none.
        """
        ...
