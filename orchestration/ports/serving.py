"""Endpoints that predict, and the datasets that models are made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from orchestration.builds import Service

# The statuses in which an endpoint is on its way to another.
CHANGING = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})


@dataclass(frozen=True)
class Endpoint:
    """A service's endpoint. status: Creating, Updating, InService, Failed, Deleting."""

    name: str
    status: str
    config_name: str
    created_at: datetime
    updated_at: datetime
    service: Service | None
    build_number: int | None
    failure_reason: str = ""


@dataclass(frozen=True)
class Prediction:
    """One row's prediction in the target's unit; std is None when the model gives none."""

    mean: float
    std: float | None = None
    probabilities: Mapping[str, float] = field(default_factory=dict)


class Endpoints(Protocol):
    """Our endpoints (those with our tag). Every list is complete, whatever the number."""

    def all(self) -> list[Endpoint]:
        """Newest first."""
        ...

    def describe(self, name: str) -> Endpoint:
        """Raises UnknownEndpoint."""
        ...

    def deploy(self, name: str, config_name: str, tags: Mapping[str, str]) -> None:
        """Create the endpoint with that configuration, or update it in place: the old one serves until the new does.

        One that has the configuration already, or is on its way to it, is left as it is. Raises NotSettled while it is
        changing to another; one that failed to come up serves nobody and is deleted first (NotSettled until it is
        gone). Raises Conflict when an endpoint of that name is not ours.
        """
        ...

    def predict(self, name: str, rows: Sequence[Sequence[float | str]], with_std: bool = True) -> list[Prediction]:
        """One prediction a row, in one request. rows: each the model's inputs in the order of its columns.

        Raises UnknownEndpoint, BadPrediction with the model's own sentence, Unavailable when it is not in service.
        """
        ...

    def delete(self, name: str) -> None:
        """Delete the endpoint with its configuration and model. Raises UnknownEndpoint."""
        ...


@dataclass(frozen=True)
class Dataset:
    """A named, versioned CSV with its manifest.

    version: "v0001", "v0002" ... columns: in file order, the target among them. rows: split ("train", "validation",
    "test") to number of rows. uris: split to the S3 URI of its CSV. example: one row of inputs, without the target.
    """

    name: str
    version: str
    target: str
    columns: tuple[str, ...]
    rows: Mapping[str, int]
    uris: Mapping[str, str]
    created_at: datetime
    digest: str
    description: str = ""
    example: tuple[float | str, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        return tuple(column for column in self.columns if column != self.target)


@dataclass(frozen=True)
class NewDataset:
    """What is registered: CSV text with a header row, a split each."""

    name: str
    target: str
    splits: Mapping[str, str]
    description: str = ""


class Datasets(Protocol):
    """Registered datasets. A version never changes once it is registered."""

    def all(self) -> list[Dataset]:
        """The newest version of each, by name."""
        ...

    def get(self, name: str, version: str | None = None) -> Dataset:
        """The newest version, or that one. Raises UnknownDataset, naming those there are."""
        ...

    def register(self, new: NewDataset) -> Dataset:
        """A new version, or the newest one when its content is the same.

        Raises BadDataset, naming the column and row, before anything is written: no rows, a missing target, text in a
        number column, ragged rows, splits with different columns, a name that is not `[a-z0-9-]{1,32}`.
        """
        ...
