"""Starting a build from a message: the start topic, a file that arrived in the data bucket, a schedule, a code push.

    {"kind": "train", "model": "gp", "dataset": "toy", "hyperparameters": {}, "ranges": {}, "settings": {}, "of": 3}
    {"Records": [{"s3": {"bucket": {"name": ...}, "object": {"key": "incoming/<dataset>/<file>.csv", ...}}}]}
    {"source": "aws.events" | "sagebuild.schedule", "id": ..., "detail": {the first form}}

Everything in the first form may be left out: defaults are the environment's. `{"say": "..."}` is the conversation's
(`bot/inbox`). What is none of these raises BadRequest, and its delivery ends in the dead-letter queue.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote_plus

from orchestration.builds import Build, BuildKind, Json, Requester
from orchestration.ports import BadDataset, BadRequest, Dataset, Ports, UnknownDataset
from orchestration.settings import effective
from orchestration.steps.start_build import Order, start_build

FIELDS = frozenset({"kind", "model", "dataset", "hyperparameters", "ranges", "settings", "of"})
INCOMING = re.compile(r"incoming/([a-z0-9][a-z0-9-]{0,31})/[^/]+\.csv", re.IGNORECASE)
SCHEDULES = frozenset({"aws.events", "sagebuild.schedule"})
TARGETS = ("target", "y")  # what the column to predict may be called in a dataset that nobody has registered before


def start_from_message(message: Mapping[str, Json], delivery_id: str, ports: Ports) -> list[Build]:
    """The builds that it starts: none for S3's test event. A redelivery gives the same builds.

    Raises BadRequest for what is not understood, and what `start_build` raises.
    """
    if message.get("Event") == "s3:TestEvent":
        return []
    if isinstance(records := message.get("Records"), list):
        return [_arrived(record, ports) for record in records if isinstance(record, dict)]
    if message.get("source") in SCHEDULES:
        detail = message.get("detail")
        if not isinstance(detail, dict):
            raise BadRequest('A schedule\'s detail must be an order, such as {"kind": "train"}.')
        requester = Requester("schedule", "the schedule", "schedule", "")
        return [
            start_build(order_of(detail, requester, "schedule", str(message.get("id") or delivery_id)), ports).build
        ]
    requester = Requester("sns", "the start topic", "sns", "")
    return [start_build(order_of(message, requester, "sns", delivery_id), ports).build]


def order_of(message: Mapping[str, Json], requester: Requester, source: str, delivery_id: str) -> Order:
    """The order that a message of the first form gives. Raises BadRequest naming what is wrong."""
    if unknown := sorted(message.keys() - FIELDS):
        raise BadRequest(f"A start message has no {unknown[0]!r}; it has {', '.join(sorted(FIELDS))}, or say.")
    kind = message.get("kind", BuildKind.TRAIN)
    if kind not in list(BuildKind):
        raise BadRequest(f"There is no kind {kind!r} of build; there are {', '.join(BuildKind)}.")
    of = message.get("of")
    if of is not None and (not isinstance(of, int) or isinstance(of, bool)):
        raise BadRequest(f"of is {of!r}, but must be the number of the build whose model is deployed.")
    values = {key: str(value) for key, value in _object(message, "hyperparameters").items()}
    return Order(
        kind=BuildKind(str(kind)),
        model=_text(message, "model"),
        dataset=_text(message, "dataset"),
        hyperparameters=values,
        settings=_object(message, "settings"),
        ranges=_object(message, "ranges"),
        of=of,
        requester=requester,
        source=source,
        delivery_id=delivery_id,
    )


def _object(message: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    value = message.get(name, {})
    if not isinstance(value, dict):
        raise BadRequest(f"{name} in a start message must be a JSON object.")
    return value


def _text(message: Mapping[str, Json], name: str) -> str | None:
    value = message.get(name)
    if value is not None and not isinstance(value, str):
        raise BadRequest(f"{name} in a start message must be text.")
    return value or None


def _arrived(record: Mapping[str, Json], ports: Ports) -> Build:
    """A CSV that was put under incoming/<dataset>/: the dataset's next version, and a training on it."""
    s3 = record.get("s3")
    bucket, object_ = (s3.get("bucket"), s3.get("object")) if isinstance(s3, dict) else (None, None)
    if not isinstance(bucket, dict) or not isinstance(object_, dict):
        raise BadRequest("An S3 event names no bucket and object.")
    key = unquote_plus(str(object_.get("key", "")))
    match = INCOMING.fullmatch(key)
    if match is None:
        raise BadRequest(f"{key!r} is no data for a build: put CSV files under incoming/<dataset>/<file>.csv.")
    name = match[1].lower()
    uri = f"s3://{bucket.get('name')}/{key}"
    dataset = _register(name, uri, ports)
    delivery = f"{key}#{object_.get('versionId') or object_.get('sequencer') or object_.get('eTag') or dataset.version}"
    settings = effective(ports.settings.load(), {})
    requester = Requester("s3", "a file that arrived", "s3", "")
    order = Order(BuildKind.TRAIN, settings.default_model, name, {}, {}, requester, "s3", delivery)
    return start_build(order, ports).build


def _register(name: str, uri: str, ports: Ports) -> Dataset:
    """With the target that the dataset had so far; a new one's is the first of TARGETS that is a column of it."""
    try:
        return ports.datasets.register_uri(name, ports.datasets.get(name).target, uri)
    except UnknownDataset:
        pass  # registered for the first time
    for target in TARGETS[:-1]:
        try:
            return ports.datasets.register_uri(name, target, uri)
        except BadDataset:
            continue
    return ports.datasets.register_uri(name, TARGETS[-1], uri)
