"""Keeps on disk what a request to moto changed, before it is answered, and brings it back.

Items and parameters go to `storage.py`, objects to the folder that the jobs share (`local_sagemaker/objects.py`). An
object that is on disk and not in moto, because a job wrote it or the engine was started again, is brought into moto
when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs
from xml.etree import ElementTree

from orchestration.local.local_sagemaker.objects import FolderObjects
from orchestration.local.moto_adapter.data import MotoData, parse, touched_items
from orchestration.local.resources import ENVIRONMENT
from orchestration.local.storage import ItemChange, Storage

OUTBOX = "OUTBOX"

Record = Mapping[str, Any]


class Keeper:
    """Called around every request to moto, under its service's lock."""

    def __init__(
        self, data: MotoData, storage: Storage, objects: FolderObjects, outbox_filled: Callable[[list[Record]], None]
    ) -> None:
        """outbox_filled hears of new outbox lines as stream records, once they are on disk."""
        self._data, self._storage, self._objects = data, storage, objects
        self._outbox_filled = outbox_filled
        self._restoring = False
        self._written_at: dict[tuple[str, str], float] = {}  # the file that moto's copy of an object was made from

    def restore(self, put_parameter: Callable[..., Any]) -> None:
        """Bring back what was kept; the tables exist already. put_parameter: of a client of the engine."""
        for bucket in self._objects.buckets():
            if not self._data.has_bucket(bucket):
                self._data.restore_bucket(bucket)
        for table, attributes in self._storage.items():
            if self._data.has_table(table):
                self._data.restore_item(table, attributes)
        self._restoring = True
        try:
            for request in self._storage.parameters():
                put_parameter(**request)
        finally:
            self._restoring = False

    def before(self, service: str, environ: Mapping[str, Any]) -> None:
        """Bring the objects that a request may read into moto."""
        if service != "s3":
            return
        bucket, key = _bucket_and_key(environ)
        if not self._data.has_bucket(bucket) or not self._objects.bucket_exists(bucket):
            return
        wanted = [key] if key else [found.key for found in self._objects.list_objects(bucket, _prefix(environ))]
        for one in wanted:
            uri = f"s3://{bucket}/{one}"
            if not self._objects.exists(uri):
                continue
            written_at = self._objects.head(bucket, one).modified_at
            if not self._data.has_object(bucket, one) or self._written_at.get((bucket, one)) != written_at:
                self._data.restore_object(bucket, one, self._objects.read(uri))
                self._written_at[bucket, one] = written_at

    def after(self, service: str, operation: str, body: bytes, environ: Mapping[str, Any]) -> None:
        """Keep what a request that succeeded has changed."""
        if self._restoring:
            return
        if service == "dynamodb":
            self._keep_items(operation, parse(body))
        elif service == "ssm":
            self._keep_parameter(operation, parse(body))
        elif service == "s3" and environ["REQUEST_METHOD"] in ("PUT", "POST", "DELETE"):
            self._keep_objects(body, environ)

    def _keep_items(self, operation: str, request: Mapping[str, Any]) -> None:
        changes: list[ItemChange] = []
        records: list[Record] = []
        for table, key, put in touched_items(operation, request):
            if not self._data.has_table(table):
                continue  # a table of another shape is its maker's to keep
            attributes = self._data.item(table, key)
            changes.append(ItemChange(table, key["pk"]["S"], key["sk"]["S"], attributes))
            if put and table == ENVIRONMENT.builds_table and key["pk"]["S"] == OUTBOX:
                keys = {"pk": key["pk"], "sk": key["sk"]}
                records.append({"eventName": "INSERT", "dynamodb": {"Keys": keys, "NewImage": attributes}})
        if changes:
            self._storage.save_items(changes)
        if records:
            self._outbox_filled(records)

    def _keep_parameter(self, operation: str, request: Mapping[str, Any]) -> None:
        if operation == "PutParameter":
            self._storage.save_parameter(request["Name"], request)
        elif operation == "DeleteParameter":
            self._storage.delete_parameter(request["Name"])
        elif operation == "DeleteParameters":
            for name in request["Names"]:
                self._storage.delete_parameter(name)

    def _keep_objects(self, body: bytes, environ: Mapping[str, Any]) -> None:
        bucket, key = _bucket_and_key(environ)
        query = str(environ.get("QUERY_STRING", ""))
        if key:
            self._keep_object(bucket, key)
        elif query not in ("", "delete", "delete="):
            return  # a bucket's policy, versioning and the like, which are made again at boot
        elif environ["REQUEST_METHOD"] == "PUT":
            self._objects.create_bucket(bucket)
        elif environ["REQUEST_METHOD"] == "DELETE":
            self._objects.delete_bucket(bucket)
        else:
            for named in _keys_named(body):
                self._keep_object(bucket, named)

    def _keep_object(self, bucket: str, key: str) -> None:
        """On disk as in moto. Only what a request named is ever deleted."""
        value = self._data.object(bucket, key)
        if value is not None:
            self._written_at[bucket, key] = self._objects.put(bucket, key, value).modified_at
        elif self._objects.exists(f"s3://{bucket}/{key}"):
            self._objects.delete(bucket, key)


def _keys_named(body: bytes) -> list[str]:
    """The keys of a DeleteObjects request."""
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        return []
    return [element.text for element in root.iter() if element.tag.endswith("Key") and element.text]


def _bucket_and_key(environ: Mapping[str, Any]) -> tuple[str, str]:
    """Of a path-style request, which an address of numbers makes every S3 request."""
    path = str(environ["PATH_INFO"]).encode("latin-1").decode()  # as WSGI carries UTF-8
    bucket, _, key = path.lstrip("/").partition("/")
    return bucket, key


def _prefix(environ: Mapping[str, Any]) -> str:
    query = str(environ.get("QUERY_STRING", ""))
    return parse_qs(query).get("prefix", [""])[0]
