"""FakeDatasets: registers CSV text, with the same checks as the real ones."""

from __future__ import annotations

import hashlib
import re
import threading

from models.tabular import Table, TabularError, parse_csv
from orchestration.ports import BadDataset, Clock, Dataset, NewDataset, UnknownDataset

SPLITS = ("train", "validation", "test")


class FakeDatasets:
    """Versions by name, in the order of registration."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._versions: dict[str, list[Dataset]] = {}

    def all(self) -> list[Dataset]:
        with self._lock:
            return [versions[-1] for _, versions in sorted(self._versions.items())]

    def get(self, name: str, version: str | None = None) -> Dataset:
        with self._lock:
            versions = self._versions.get(name, [])
            wanted = [one for one in versions if version in (None, one.version)]
            there = ", ".join(sorted(self._versions)) or "none yet"
        if not wanted:
            what = f"version {version} of the dataset {name!r}" if version else f"dataset {name!r}"
            raise UnknownDataset(f"There is no {what}; the datasets are: {there}.")
        return wanted[-1]

    def register(self, new: NewDataset) -> Dataset:
        tables = _checked(new)
        digest = hashlib.sha256(repr((new.target, sorted(new.splits.items()))).encode()).hexdigest()
        with self._lock:
            versions = self._versions.setdefault(new.name, [])
            if versions and versions[-1].digest == digest:
                return versions[-1]
            train = tables["train"]
            version = f"v{len(versions) + 1:04d}"
            dataset = Dataset(
                name=new.name,
                version=version,
                target=new.target,
                columns=tuple(train.columns),
                rows={split: table.rows for split, table in tables.items()},
                uris={split: f"s3://bucket/datasets/{new.name}/{version}/{split}.csv" for split in new.splits},
                created_at=self._clock.now(),
                digest=digest,
                description=new.description,
                example=tuple(float(train.columns[column][0]) for column in train.inputs),
            )
            versions.append(dataset)
            return dataset


def _checked(new: NewDataset) -> dict[str, Table]:
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?", new.name):
        raise BadDataset(f"{new.name!r} cannot be a dataset's name: it takes 1 to 32 of a-z, 0-9 and hyphens inside.")
    if unknown := [split for split in new.splits if split not in SPLITS]:
        raise BadDataset(f"The dataset {new.name} has the split {unknown[0]!r}; splits are {', '.join(SPLITS)}.")
    if "train" not in new.splits:
        raise BadDataset(f"The dataset {new.name} has no train rows.")
    tables = {}
    for split, text in new.splits.items():
        try:
            tables[split] = parse_csv(text, new.target, name=f"{new.name}'s {split} file")
        except TabularError as error:
            raise BadDataset(str(error)) from error
    for split, table in tables.items():
        if tuple(table.columns) != tuple(tables["train"].columns):
            raise BadDataset(f"{new.name}'s {split} file has other columns than its train file.")
    return tables
