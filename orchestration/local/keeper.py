"""Keeps on disk what a request to moto changed, before it is answered, and brings it back; tells `events.py` of it.

Items and parameters go to `storage.py`, objects to the folder that the jobs share (`local_sagemaker/objects.py`). An
object that is on disk and not in moto, because a job wrote it or the engine was started again, is brought into moto
when it is asked for; what was asked for last stays there. An object that a job writes is no event.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs
from xml.etree import ElementTree

from orchestration.local.events import Events, Notice
from orchestration.local.local_sagemaker.objects import FolderObjects
from orchestration.local.moto_adapter.data import MotoData, parse, touched_items
from orchestration.local.resources import ENVIRONMENT, OUTBOX_KEY
from orchestration.local.storage import ItemChange, Storage

MAX_OBJECTS_BYTES = 32 * 2**20  # of copies in moto; the objects themselves are on disk

_ATTRIBUTE_NAME = re.compile(r"MessageAttributes\.entry\.\d+\.Name")

Record = Mapping[str, Any]


class Keeper:
    """Called around every request to moto, under its service's lock."""

    def __init__(self, data: MotoData, storage: Storage, objects: FolderObjects, events: Events) -> None:
        self._data, self._storage, self._objects, self._events = data, storage, objects, events
        self._restoring = False
        # Of each object in moto: when the file was written that it is a copy of, and its size. Used last comes last.
        self._copies: OrderedDict[tuple[str, str], tuple[float, int]] = OrderedDict()

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
            self._bring(bucket, one)

    def _bring(self, bucket: str, key: str) -> None:
        uri = f"s3://{bucket}/{key}"
        if not self._objects.exists(uri):
            return
        written_at = self._objects.head(bucket, key).modified_at
        if not self._data.has_object(bucket, key) or self._copies.get((bucket, key), (None, 0))[0] != written_at:
            value = self._objects.read(uri)
            self._data.restore_object(bucket, key, value)
            self._copies[bucket, key] = (written_at, len(value))
        self._copies.move_to_end((bucket, key))

    def _forget_copies(self) -> None:
        """Let go the copies that were not asked for lately."""
        total = sum(size for _, size in self._copies.values())
        while total > MAX_OBJECTS_BYTES and len(self._copies) > 1:
            (bucket, key), (_, size) = self._copies.popitem(last=False)
            self._data.forget_object(bucket, key)
            total -= size

    def after(self, service: str, operation: str, body: bytes, environ: Mapping[str, Any], answer: bytes) -> None:
        """Keep what a request that succeeded has changed, and tell of it."""
        if self._restoring:
            return
        if service == "dynamodb":
            self._keep_items(operation, parse(body))
        elif service == "ssm":
            self._keep_parameter(operation, parse(body))
        elif service == "sns":
            for notice in _notices(body, answer):
                self._events.published(notice)
        elif service == "s3":
            if environ["REQUEST_METHOD"] in ("PUT", "POST", "DELETE"):
                self._keep_objects(body, environ)
            self._forget_copies()

    def _keep_items(self, operation: str, request: Mapping[str, Any]) -> None:
        changes: list[ItemChange] = []
        records: list[Record] = []
        for table, key, put in touched_items(operation, request):
            if not self._data.has_table(table):
                continue  # a table of another shape is its maker's to keep
            attributes = self._data.item(table, key)
            changes.append(ItemChange(table, key["pk"]["S"], key["sk"]["S"], attributes))
            if put and table == ENVIRONMENT.builds_table and key["pk"]["S"] == OUTBOX_KEY:
                keys = {"pk": key["pk"], "sk": key["sk"]}
                records.append({"eventName": "INSERT", "dynamodb": {"Keys": keys, "NewImage": attributes}})
        if changes:
            self._storage.save_items(changes)
        if records:
            self._events.outbox_filled(records)

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
            if bucket == ENVIRONMENT.data_bucket and _makes_object(environ["REQUEST_METHOD"], query):
                made = self._objects.head(bucket, key)
                self._events.object_created(bucket, key, made.size_bytes, made.modified_at)
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
            self._copies[bucket, key] = (self._objects.put(bucket, key, value).modified_at, len(value))
            self._copies.move_to_end((bucket, key))
        elif self._objects.exists(f"s3://{bucket}/{key}"):
            self._objects.delete(bucket, key)
            self._copies.pop((bucket, key), None)


def _makes_object(method: str, query: str) -> bool:
    """Whether a request for a key that succeeded has made the object: a put, a copy, or the last part of one."""
    asked = parse_qs(query, keep_blank_values=True).keys() - {"x-id"}
    return (method == "PUT" and not asked) or (method == "POST" and asked == {"uploadId"})


def _notices(body: bytes, answer: bytes) -> Iterator[Notice]:
    """What a Publish request published (https://docs.aws.amazon.com/sns/latest/api/API_Publish.html), or nothing."""
    given = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    if given.get("Action") != "Publish" or "TopicArn" not in given:
        return
    found = (element.text for element in ElementTree.fromstring(answer).iter() if element.tag.endswith("MessageId"))
    names = {name.split(".")[2]: value for name, value in given.items() if _ATTRIBUTE_NAME.fullmatch(name)}
    attributes = {
        name: (
            given.get(f"MessageAttributes.entry.{number}.Value.DataType", "String"),
            given.get(f"MessageAttributes.entry.{number}.Value.StringValue", ""),
        )
        for number, name in names.items()
    }
    subject = given.get("Subject")
    yield Notice(given["TopicArn"], next(found, None) or "", given.get("Message", ""), subject, attributes)


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
