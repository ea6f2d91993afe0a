"""Items, parameters and objects as moto holds them: what a request changed, to be kept; what was kept, brought back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.s3.models import s3_backends


class MotoData:
    """One account's and region's data inside moto."""

    def __init__(self, account: str, region: str) -> None:
        self._dynamodb = dynamodb_backends[account][region]
        self._s3 = s3_backends[account]["aws"]
        self._region = region

    def item(self, table: str, key: Mapping[str, Any]) -> dict[str, Any] | None:
        """The item as attribute values, or None. key: of a table with pk and sk."""
        found = self._dynamodb.get_table(table).get_item(DynamoType(key["pk"]), DynamoType(key["sk"]))
        attributes: dict[str, Any] | None = found.to_json()["Attributes"] if found is not None else None
        return attributes

    def has_table(self, table: str) -> bool:
        """Whether there is a table of that name with our keys."""
        found = self._dynamodb.tables.get(table)
        return found is not None and found.hash_key_attr == "pk" and found.range_key_attr == "sk"

    def restore_item(self, table: str, attributes: dict[str, Any]) -> None:
        self._dynamodb.put_item(table, attributes, overwrite=True)

    def has_bucket(self, bucket: str) -> bool:
        return bucket in self._s3.buckets

    def restore_bucket(self, bucket: str) -> None:
        self._s3.create_bucket(bucket, self._region)

    def has_object(self, bucket: str, key: str) -> bool:
        return self.has_bucket(bucket) and self._s3.buckets[bucket].keys.get(key) is not None

    def object(self, bucket: str, key: str) -> bytes | None:
        """The object's bytes, or None."""
        if not self.has_object(bucket, key):
            return None
        value: bytes = self._s3.buckets[bucket].keys.get(key).value
        return value

    def forget_object(self, bucket: str, key: str) -> None:
        """Let go moto's copy of an object."""
        if self.has_object(bucket, key):
            self._s3.buckets[bucket].keys.pop(key)

    def restore_object(self, bucket: str, key: str, value: bytes) -> None:
        self._s3.put_object(bucket, key, value, disable_notification=True)


def touched_items(operation: str, request: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """Table, key and whether it was put, of every item that a DynamoDB request may have changed."""
    if operation == "PutItem":
        yield request["TableName"], request["Item"], True
    elif operation in ("UpdateItem", "DeleteItem"):
        yield request["TableName"], request["Key"], False
    elif operation == "TransactWriteItems":
        for write in request["TransactItems"]:
            for verb, one in write.items():
                if verb != "ConditionCheck":
                    yield one["TableName"], one["Item"] if verb == "Put" else one["Key"], verb == "Put"
    elif operation == "BatchWriteItem":
        for table, writes in request["RequestItems"].items():
            for write in writes:
                put = "PutRequest" in write
                yield table, write["PutRequest"]["Item"] if put else write["DeleteRequest"]["Key"], put


def parse(body: bytes) -> dict[str, Any]:
    """A request of the AWS JSON protocol; empty when it is not a JSON object."""
    try:
        document = json.loads(body or b"{}")
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
