"""Datasets: each split's CSV in S3, the manifests in DynamoDB.

s3://<bucket>/datasets/<name>/<digest>/<split>.csv      named by content, so that two at once never mix
DATASET#<name> / <version>       a version, never changed          DATASETS / <name>    the newest version
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from models.tabular import Table, TabularError, parse_csv
from orchestration.aws.clients import Clients, error_code, translated
from orchestration.aws.codec import item, moment, packed, unpacked, values
from orchestration.ports import BadDataset, Clock, Conflict, Dataset, NewDataset, UnknownDataset

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")
SPLITS = ("train", "validation", "test")


class S3Datasets:
    """The port Datasets."""

    def __init__(self, clients: Clients, bucket: str, table: str, clock: Clock) -> None:
        self._clients, self._bucket, self._table, self._clock = clients, bucket, table, clock

    def all(self) -> list[Dataset]:
        found: list[dict[str, Any]] = []
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": item({":pk": "DATASETS"}),
            "ConsistentRead": True,
        }
        while True:
            with translated("list the datasets"):
                answer = self._clients("dynamodb").query(**request)
            found += [values(entry) for entry in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                return [_dataset(entry) for entry in found]
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def get(self, name: str, version: str | None = None) -> Dataset:
        key = {"pk": f"DATASET#{name}", "sk": version} if version else {"pk": "DATASETS", "sk": name}
        with translated("read a dataset"):
            answer = self._clients("dynamodb").get_item(TableName=self._table, Key=item(key), ConsistentRead=True)
        if "Item" in answer:
            return _dataset(values(answer["Item"]))
        there = ", ".join(dataset.name for dataset in self.all()) or "none yet"
        what = f"version {version} of the dataset {name!r}" if version else f"dataset {name!r}"
        raise UnknownDataset(f"There is no {what}; the datasets are: {there}.")

    def register(self, new: NewDataset) -> Dataset:
        tables = _checked(new)
        digest = _digest(new)
        newest = self._newest(new.name)
        if newest is not None and newest.digest == digest:
            return newest
        version = f"v{int(newest.version[1:]) + 1 if newest else 1:04d}"
        dataset = Dataset(
            name=new.name,
            version=version,
            target=new.target,
            columns=tuple(tables["train"].columns),
            rows={split: table.rows for split, table in tables.items()},
            uris={split: f"s3://{self._bucket}/{_key(new.name, digest, split)}" for split in new.splits},
            created_at=self._clock.now(),
            digest=digest,
            description=new.description,
            example=tuple(float(tables["train"].columns[column][0]) for column in tables["train"].inputs),
        )
        for split, text in new.splits.items():
            with translated("store a dataset"):
                self._clients("s3").put_object(
                    Bucket=self._bucket,
                    Key=_key(new.name, digest, split),
                    Body=text.encode(),
                    ContentType="text/csv",
                )
        return self._write(dataset)

    def _newest(self, name: str) -> Dataset | None:
        try:
            return self.get(name)
        except UnknownDataset:
            return None

    def _write(self, dataset: Dataset) -> Dataset:
        """The version and the pointer to it, in one transaction: a version that exists is never overwritten.

        Somebody else may have registered the same at the same time: then theirs is the dataset.
        """
        manifest = _manifest(dataset)
        put = {"TableName": self._table}
        version = {"pk": f"DATASET#{dataset.name}", "sk": dataset.version}
        try:
            with translated("register a dataset"):
                self._clients("dynamodb").transact_write_items(
                    TransactItems=[
                        {
                            "Put": put
                            | {"Item": item(version | manifest), "ConditionExpression": "attribute_not_exists(pk)"}
                        },
                        {"Put": put | {"Item": item({"pk": "DATASETS", "sk": dataset.name} | manifest)}},
                    ]
                )
        except ClientError as error:
            if error_code(error) == "TransactionCanceledException":
                newest = self._newest(dataset.name)
                if newest is not None and newest.digest == dataset.digest:
                    return newest
                raise Conflict(
                    f"The dataset {dataset.name} was registered by somebody else just now. Try again."
                ) from error
            raise
        return dataset


def _key(name: str, digest: str, split: str) -> str:
    return f"datasets/{name}/{digest[:16]}/{split}.csv"


def _checked(new: NewDataset) -> dict[str, Table]:
    """Each split's table. Raises BadDataset, naming the split, the column and the row."""
    if not NAME.fullmatch(new.name):
        raise BadDataset(
            f"{new.name!r} cannot be a dataset's name: it takes 1 to 32 lower-case letters, digits and hyphens inside."
        )
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
    columns = tuple(tables["train"].columns)
    for split, table in tables.items():
        if tuple(table.columns) != columns:
            raise BadDataset(
                f"{new.name}'s {split} file has the columns {', '.join(table.columns)}; "
                f"its train file has {', '.join(columns)}."
            )
    return tables


def _digest(new: NewDataset) -> str:
    content = json.dumps({"target": new.target, "splits": dict(new.splits)}, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _manifest(dataset: Dataset) -> dict[str, Any]:
    return {
        "name": dataset.name,
        "version": dataset.version,
        "target": dataset.target,
        "columns": packed(dataset.columns),
        "split_rows": packed(dataset.rows),
        "uris": packed(dataset.uris),
        "created_at": dataset.created_at,
        "digest": dataset.digest,
        "description": dataset.description,
        "example": packed(dataset.example),
    }


def _dataset(found: Mapping[str, Any]) -> Dataset:
    return Dataset(
        name=found["name"],
        version=found["version"],
        target=found["target"],
        columns=tuple(unpacked(found["columns"])),
        rows=unpacked(found["split_rows"]),
        uris=unpacked(found["uris"]),
        created_at=moment(found["created_at"]),
        digest=found["digest"],
        description=found["description"],
        example=tuple(unpacked(found["example"])),
    )
