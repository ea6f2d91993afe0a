"""Endpoints that predict, and the datasets that models are made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from orchestration.builds import Service

# The split of a dataset that is one file, and how many bytes a dataset's file may have.
RAW_SPLIT = "data"
MAX_DATASET_BYTES = 100 * 1000 * 1000
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

    def keep_scaling(self, name: str, variant: str, least: int, most: int, invocations_per_instance: int) -> None:
        """Let the variant scale between least and most instances by its invocations a minute; most 0: it does not.

        Doing so again changes nothing. An update of the endpoint keeps it, since the variant's name stays.
        """
        ...

    def invocations(self, name: str, since: datetime) -> int:
        """How often the endpoint was asked since then, as far as the metrics know (they lag by minutes)."""
        ...

    def predict(self, name: str, rows: Sequence[Sequence[float | str]], with_std: bool = True) -> list[Prediction]:
        """One prediction a row, in one request. rows: each the model's inputs in the order of its columns.

        Raises UnknownEndpoint, BadPrediction with the model's own sentence, Unavailable when it is not in service.
        """
        ...

    def delete(self, name: str) -> None:
        """Delete the endpoint with its configuration and model. Raises UnknownEndpoint."""
        ...

    def discard(self, config_name: str) -> None:
        """Delete a configuration that no endpoint has any more, with its model. Doing so twice is fine."""
        ...


@dataclass(frozen=True)
class Dataset:
    """A named, versioned CSV with its manifest.

    version: "v0001", "v0002" ... columns: in file order, the target among them. rows: split ("train", "validation",
    "test", or "data" for one file that is not split yet) to number of rows. uris: split to the S3 URI of its CSV.
    example: one row of inputs, without the target. kinds: column to "number" or "text". classes: those of a text
    target, in order; () for numbers, and when there are more than 100. split_seed: how `prepare` splits "data".
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
    kinds: Mapping[str, str] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    split_seed: int = 0

    @property
    def inputs(self) -> tuple[str, ...]:
        return tuple(column for column in self.columns if column != self.target)

    @property
    def is_split(self) -> bool:
        """Whether it has rows for training and the like; otherwise it is one file, "data", to be prepared."""
        return RAW_SPLIT not in self.uris

    @property
    def text_columns(self) -> tuple[str, ...]:
        """The columns of text, which a model must take (`Model.takes_text`)."""
        return tuple(column for column in self.columns if self.kinds.get(column) == "text")


@dataclass(frozen=True)
class NewDataset:
    """What is registered: CSV text with a header row, a split each; or one text under "data", to be split later."""

    name: str
    target: str
    splits: Mapping[str, str]
    description: str = ""
    split_seed: int = 0


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

        Columns may hold text, and cells may be empty. Raises BadDataset, naming the column and row, before anything is
        written: no rows, a missing target, a few texts in a column of numbers, ragged rows, splits with different
        columns or kinds, "data" beside other splits, too many bytes, a name that is not `[a-z0-9-]{1,32}`.
        """
        ...

    def register_uri(self, name: str, target: str, uri: str, description: str = "", split_seed: int = 0) -> Dataset:
        """As `register`, of one CSV file that is not split, at `s3://bucket/key`: ours, or one that we may read.

        The file is copied, so that the version does not change with it. Raises BadDataset also for what is no such URI,
        an object that is not there or may not be read, one that is not UTF-8 text, or has more than 100 MB.
        """
        ...

    def delete(self, name: str) -> None:
        """Forget all versions and their files; whoever asks for it makes sure that nothing uses them.

        A dataset registered under that name later goes on counting versions, so that none means two things. Raises
        UnknownDataset, and Conflict when somebody registers another version at the same time.
        """
        ...
