"""Datasets: their files in S3 (dataset_files.py), the manifests in DynamoDB.

DATASET#<name> / <version>       a version, never changed          DATASETS / <name>    the newest version
DATASETS-DELETED / <name>        the last version of a dataset that was deleted: versions are counted on from there
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from models.columns import Summary
from orchestration.aws.clients import Clients, error_code, translated
from orchestration.aws.codec import item, moment, packed, unpacked, values
from orchestration.aws.dataset_files import DatasetFiles
from orchestration.ports import RAW_SPLIT, Clock, Conflict, Dataset, NewDataset, UnknownDataset
from orchestration.ports.dataset_checks import bucket_and_key, checked, main_of

NEWEST, DELETED = "DATASETS", "DATASETS-DELETED"


class S3Datasets:
    """The port Datasets."""

    def __init__(self, clients: Clients, bucket: str, table: str, clock: Clock) -> None:
        self._clients, self._table, self._clock = clients, table, clock
        self._files = DatasetFiles(clients, bucket)

    def all(self) -> list[Dataset]:
        return [_dataset(found) for found in self._partition(NEWEST)]

    def get(self, name: str, version: str | None = None) -> Dataset:
        found = self._item(_partition_of(name), version) if version else self._item(NEWEST, name)
        if found is not None:
            return _dataset(found)
        there = ", ".join(dataset.name for dataset in self.all()) or "none yet"
        what = f"version {version} of the dataset {name!r}" if version else f"dataset {name!r}"
        raise UnknownDataset(f"There is no {what}; the datasets are: {there}.")

    def register(self, new: NewDataset) -> Dataset:
        return self._register(new, {split: text.encode() for split, text in new.splits.items()})

    def register_uri(self, name: str, target: str, uri: str, description: str = "", split_seed: int = 0) -> Dataset:
        bucket_and_key(uri)
        new = NewDataset(name, target, {}, description, split_seed)
        return self._register(new, {RAW_SPLIT: self._files.read(uri)})

    def delete(self, name: str) -> None:
        newest = self.get(name)
        versions = [_dataset(found) for found in self._partition(_partition_of(name))]
        self._write(
            "delete a dataset",
            name,
            {
                "Delete": {
                    "Key": item({"pk": NEWEST, "sk": name}),
                    "ConditionExpression": "version = :version",
                    "ExpressionAttributeValues": item({":version": newest.version}),
                }
            },
            {"Put": {"Item": item({"pk": DELETED, "sk": name, "version": newest.version})}},
        )
        # The pointer is gone, so whoever is interrupted here has left nothing that is found.
        for version in versions:
            with translated("delete a dataset"):
                self._clients("dynamodb").delete_item(
                    TableName=self._table, Key=item({"pk": _partition_of(name), "sk": version.version})
                )
        self._files.delete(uri for version in versions for uri in version.uris.values())

    def _register(self, new: NewDataset, files: Mapping[str, bytes]) -> Dataset:
        found = checked(new, files)
        digest = _digest(new, files)
        newest = self._newest(new.name)
        if newest is not None and newest.digest == digest:
            return newest
        dataset = self._new_version(new, found, digest, newest)
        self._files.write(new.name, digest, files)
        return self._write_version(dataset)

    def _new_version(
        self, new: NewDataset, found: Mapping[str, Summary], digest: str, newest: Dataset | None
    ) -> Dataset:
        main = main_of(found)
        last = newest.version if newest else (self._item(DELETED, new.name) or {}).get("version", "v0000")
        return Dataset(
            name=new.name,
            version=f"v{int(last[1:]) + 1:04d}",
            target=main.target,
            columns=tuple(main.columns),
            rows={split: summary.rows for split, summary in found.items()},
            uris={split: self._files.uri(new.name, digest, split) for split in found},
            created_at=self._clock.now(),
            digest=digest,
            description=new.description,
            example=main.example,
            kinds=main.kinds,
            classes=main.classes,
            split_seed=new.split_seed,
        )

    def _newest(self, name: str) -> Dataset | None:
        found = self._item(NEWEST, name)
        return None if found is None else _dataset(found)

    def _write_version(self, dataset: Dataset) -> Dataset:
        """The version and the pointer to it, in one transaction: a version that exists is never overwritten.

        Somebody else may have registered the same at the same time: then theirs is the dataset.
        """
        manifest = _manifest(dataset)
        version = {"pk": _partition_of(dataset.name), "sk": dataset.version}
        pointer = {"pk": NEWEST, "sk": dataset.name}
        try:
            self._write(
                "register a dataset",
                dataset.name,
                {"Put": {"Item": item(version | manifest), "ConditionExpression": "attribute_not_exists(pk)"}},
                {"Put": {"Item": item(pointer | manifest)}},
            )
        except Conflict:
            newest = self._newest(dataset.name)
            if newest is not None and newest.digest == dataset.digest:
                return newest
            raise
        return dataset

    def _write(self, what: str, name: str, *actions: dict[str, dict[str, Any]]) -> None:
        """All or none. Raises Conflict when a condition does not hold."""
        table = {"TableName": self._table}
        items = [{kind: table | request for kind, request in action.items()} for action in actions]
        try:
            with translated(what):
                self._clients("dynamodb").transact_write_items(TransactItems=items)
        except ClientError as error:
            if error_code(error) == "TransactionCanceledException":
                raise Conflict(f"The dataset {name} was changed by somebody else just now. Try again.") from error
            raise

    def _item(self, partition: str, key: str) -> dict[str, Any] | None:
        with translated("read a dataset"):
            answer = self._clients("dynamodb").get_item(
                TableName=self._table, Key=item({"pk": partition, "sk": key}), ConsistentRead=True
            )
        return values(answer["Item"]) if "Item" in answer else None

    def _partition(self, partition: str) -> Iterator[dict[str, Any]]:
        """All items of a partition, by their sort key."""
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": item({":pk": partition}),
            "ConsistentRead": True,
        }
        while True:
            with translated("list the datasets"):
                answer = self._clients("dynamodb").query(**request)
            yield from (values(found) for found in answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _partition_of(name: str) -> str:
    return f"DATASET#{name}"


def _digest(new: NewDataset, files: Mapping[str, bytes]) -> str:
    """The same for the same content: target, files and, where it matters, the seed."""
    content: dict[str, Any] = {
        "target": new.target,
        "splits": {split: hashlib.sha256(file).hexdigest() for split, file in files.items()},
    }
    if RAW_SPLIT in files:
        content["split_seed"] = new.split_seed
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


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
        "kinds": packed(dataset.kinds),
        "classes": packed(dataset.classes),
        "split_seed": dataset.split_seed,
    }


def _dataset(found: Mapping[str, Any]) -> Dataset:
    """A manifest read back; those of before kinds were kept have numbers only."""
    columns = tuple(unpacked(found["columns"]))
    return Dataset(
        name=found["name"],
        version=found["version"],
        target=found["target"],
        columns=columns,
        rows=unpacked(found["split_rows"]),
        uris=unpacked(found["uris"]),
        created_at=moment(found["created_at"]),
        digest=found["digest"],
        description=found["description"],
        example=tuple(unpacked(found["example"])),
        kinds=unpacked(found["kinds"]) if "kinds" in found else dict.fromkeys(columns, "number"),
        classes=tuple(unpacked(found.get("classes", "[]"))),
        split_seed=found.get("split_seed", 0),
    )
