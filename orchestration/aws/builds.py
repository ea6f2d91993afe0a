"""Builds in DynamoDB. Keys and indexes: `orchestration/tables.json`.

BUILD#<number> / RECORD          the record            COUNTER / BUILD   the last number given
EXECUTION#<name> / BUILD         whose execution it is: the claim of a delivery, kept for good
OUTBOX / <number>#<line of its timeline>                what is still to be announced, with the record of then
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from orchestration.aws.clients import Clients, error_code, translated
from orchestration.aws.codec import item, moment, packed, text_of, unpacked, values
from orchestration.builds import Build, BuildKind, BuildStatus, Requester, Service, StatusChange
from orchestration.ports import Announcement, Change, Clock, NewBuild, Unavailable, UnknownBuild
from orchestration.records import changed, first_record, newest_line

MAX_ATTEMPTS = 40  # of a contended number or record
OUTBOX = "OUTBOX"
NOBODY = "-"  # an index's key may not be empty
COUNTER = {"pk": "COUNTER", "sk": "BUILD"}
PAGE = 25
LOOKED_AT = 100  # builds that a filter by status goes through at most
FREE_LINE = "attribute_exists(pk) AND (attribute_not_exists(held_until) OR held_until < :now)"


class DynamoBuilds:
    """The port Builds on one table."""

    def __init__(self, clients: Clients, table: str, clock: Clock) -> None:
        self._clients, self._table, self._clock = clients, table, clock

    def create(self, new: NewBuild) -> tuple[Build, bool]:
        for attempt in range(MAX_ATTEMPTS):
            claimed = self._number_of(new.execution_name)
            if claimed is not None:
                return self.get(claimed), False
            number = self._last_number() + 1
            build = first_record(number, new)
            if self._write_new(build):
                return build, True
            self._clock.sleep(random.uniform(0, 0.01 * (attempt + 1)))
        raise Unavailable("Too many builds are being started at once.")

    def _write_new(self, build: Build) -> bool:
        """Claim, number and record in one transaction; False when somebody else took the claim or the number."""
        claim = {"pk": f"EXECUTION#{build.execution_name}", "sk": "BUILD", "number": build.number}
        writes: list[dict[str, Any]] = [
            {
                "Update": {
                    "TableName": self._table,
                    "Key": item(COUNTER),
                    "UpdateExpression": "SET last_number = :new",
                    "ConditionExpression": "attribute_not_exists(last_number) OR last_number = :old",
                    "ExpressionAttributeValues": item({":new": build.number, ":old": build.number - 1}),
                }
            },
            self._put_once(claim),
            self._put_once(_record_item(build)),
            self._put_once(_outbox_item(build)),
        ]
        return self._transact(writes, "start a build")

    def _put_once(self, values_: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "Put": {"TableName": self._table, "Item": item(values_), "ConditionExpression": "attribute_not_exists(pk)"}
        }

    def _transact(self, writes: list[dict[str, Any]], what: str) -> bool:
        try:
            with translated(what):
                self._clients("dynamodb").transact_write_items(TransactItems=writes)
        except ClientError as error:
            if error_code(error) in ("TransactionCanceledException", "TransactionConflictException"):
                return False
            raise
        return True

    def get(self, number: int) -> Build:
        found = self._read(_key(number))
        if found is None:
            last = self._last_number()
            there = f"the latest is build {last}" if last else "there are no builds yet"
            raise UnknownBuild(f"There is no build {number}; {there}.")
        return _build(found)

    def by_execution(self, execution_name: str) -> Build:
        number = self._number_of(execution_name)
        if number is None:
            raise UnknownBuild(f"No build has the execution {execution_name}.")
        return self.get(number)

    def latest(
        self,
        limit: int = 1,
        *,
        person: str | None = None,
        place: str | None = None,
        service: Service | None = None,
        statuses: frozenset[BuildStatus] | None = None,
        before: int | None = None,
    ) -> list[Build]:
        index, key, value = _index(person, place, service)
        found: list[Build] = []
        looked_at = 0
        while len(found) < limit and (statuses is None or looked_at < LOOKED_AT):
            page = self._page(index, key, value, before, min(PAGE, limit - len(found)) if statuses is None else PAGE)
            found += [build for build in page if statuses is None or build.status in statuses]
            if not page:
                break
            before, looked_at = page[-1].number, looked_at + len(page)
        return found[:limit]

    def _page(self, index: str, key: str, value: str, before: int | None, limit: int) -> list[Build]:
        condition, bound = "#k = :k", {":k": value}
        names = {"#k": key}
        if before is not None:
            condition, names["#n"] = condition + " AND #n < :n", "number"
        with translated("read the builds"):
            answer = self._clients("dynamodb").query(
                TableName=self._table,
                IndexName=index,
                KeyConditionExpression=condition,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=item(bound | ({":n": before} if before is not None else {})),
                ScanIndexForward=False,
                Limit=limit,
            )
        return [_build(values(found)) for found in answer["Items"]]

    def apply(self, number: int, change: Change) -> Build:
        for attempt in range(MAX_ATTEMPTS):
            build = self.get(number)
            after = changed(build, change)
            if self._write_change(build, after):
                return after
            self._clock.sleep(random.uniform(0, 0.01 * (attempt + 1)))
        raise Unavailable(f"The record of build {number} is being changed by too many at once.")

    def _write_change(self, before: Build, after: Build) -> bool:
        """The changed record with its line of the outbox, if the record is still the one that was read."""
        attributes = {name: value for name, value in _attributes(after).items() if name != "number"}
        names = {f"#{i}": key for i, key in enumerate(attributes)}
        bound = {f":{i}": value for i, value in enumerate(attributes.values())}
        update = {
            "TableName": self._table,
            "Key": item(_key(before.number)),
            "UpdateExpression": "SET " + ", ".join(f"#{i} = :{i}" for i in range(len(attributes))),
            "ConditionExpression": "#revision = :read",
            "ExpressionAttributeNames": names | {"#revision": "revision"},
            "ExpressionAttributeValues": item(bound | {":read": before.revision}),
        }
        writes: list[dict[str, Any]] = [{"Update": update}]
        if len(after.timeline) > len(before.timeline):
            writes.append(self._put_once(_outbox_item(after)))
        return self._transact(writes, "record a status")

    def unannounced(self, limit: int = 25) -> list[Announcement]:
        with translated("read the outbox"):
            answer = self._clients("dynamodb").query(
                TableName=self._table,
                KeyConditionExpression="pk = :outbox",
                ExpressionAttributeValues=item({":outbox": OUTBOX}),
                ConsistentRead=True,
                Limit=limit,
            )
        return [_announcement(values(found)) for found in answer["Items"]]

    def take_announcement(self, announcement: Announcement, until: datetime) -> bool:
        bound = {":until": until, ":now": self._clock.now()}
        return self._update_line(announcement, "SET held_until = :until", FREE_LINE, bound)

    def release_announcement(self, announcement: Announcement) -> None:
        self._update_line(announcement, "REMOVE held_until", "attribute_exists(pk)", {})

    def _update_line(self, line: Announcement, update: str, condition: str, bound: Mapping[str, Any]) -> bool:
        request: dict[str, Any] = {
            "TableName": self._table,
            "Key": item({"pk": OUTBOX, "sk": line.id}),
            "UpdateExpression": update,
            "ConditionExpression": condition,
        }
        if bound:
            request["ExpressionAttributeValues"] = item(bound)
        try:
            with translated("take an announcement"):
                self._clients("dynamodb").update_item(**request)
        except ClientError as error:
            if error_code(error) == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def announced(self, announcement: Announcement) -> None:
        with translated("clear an announcement"):
            self._clients("dynamodb").delete_item(
                TableName=self._table, Key=item({"pk": OUTBOX, "sk": announcement.id})
            )

    def _read(self, key: Mapping[str, str]) -> dict[str, Any] | None:
        with translated("read a build"):
            answer = self._clients("dynamodb").get_item(TableName=self._table, Key=item(key), ConsistentRead=True)
        return values(answer["Item"]) if "Item" in answer else None

    def _last_number(self) -> int:
        found = self._read(COUNTER)
        return int(found["last_number"]) if found else 0

    def _number_of(self, execution_name: str) -> int | None:
        found = self._read({"pk": f"EXECUTION#{execution_name}", "sk": "BUILD"})
        return int(found["number"]) if found else None


def _key(number: int) -> dict[str, str]:
    return {"pk": f"BUILD#{number}", "sk": "RECORD"}


def _index(person: str | None, place: str | None, service: Service | None) -> tuple[str, str, str]:
    given = [
        ("by-person", "person", person),
        ("by-place", "place", place),
        ("by-service", "service", service.key if service else None),
    ]
    named = [(index, key, value) for index, key, value in given if value is not None]
    if len(named) > 1:
        raise ValueError("at most one of person, place and service may be given")
    return named[0] if named else ("by-time", "listing", "BUILDS")


# Attributes of the record that are kept as JSON text.
PACKED = (
    "hyperparameters", "overrides", "ranges", "settings", "jobs", "metrics", "verdict", "report", "artifacts",
    "resources",
)  # fmt: skip
PLAIN = ("execution_name", "dataset_version", "image", "source", "error", "cause", "resume_count", "revision")


def _attributes(build: Build) -> dict[str, Any]:
    return {
        "listing": "BUILDS",
        "number": build.number,
        "kind": build.kind,
        "service": build.service.key,
        "person": build.requester.person or NOBODY,
        "person_name": build.requester.name,
        "channel": build.requester.channel,
        "conversation": build.requester.conversation,
        "place": build.requester.place_or_conversation or NOBODY,
        "status": build.status,
        "created_at": build.created_at,
        "updated_at": build.updated_at,
        "timeline": packed([[c.status, text_of(c.at), c.note] for c in build.timeline]),
        **{name: packed(getattr(build, name)) for name in PACKED},
        **{name: getattr(build, name) for name in PLAIN},
    }


def _record_item(build: Build) -> dict[str, Any]:
    return {**_key(build.number), **_attributes(build)}


def _build(found: Mapping[str, Any]) -> Build:
    conversation, place = found["conversation"], found["place"]
    return Build(
        number=found["number"],
        kind=BuildKind(found["kind"]),
        service=Service.from_key(found["service"]),
        requester=Requester(
            person="" if found["person"] == NOBODY else found["person"],
            name=found["person_name"],
            channel=found["channel"],
            conversation=conversation,
            place="" if place in (conversation, NOBODY) else place,
        ),
        status=BuildStatus(found["status"]),
        created_at=moment(found["created_at"]),
        updated_at=moment(found["updated_at"]),
        timeline=tuple(StatusChange(BuildStatus(s), moment(at), note) for s, at, note in unpacked(found["timeline"])),
        **{name: unpacked(found[name]) for name in PACKED if name in found},
        **{name: found[name] for name in PLAIN if name in found},
    )


def _outbox_item(build: Build) -> dict[str, Any]:
    """The line, with the record as it is now under names that no index reads."""
    line = newest_line(build)
    snapshot = {f"was_{name}": value for name, value in _attributes(build).items()}
    return {"pk": OUTBOX, "sk": line.id, "sequence": line.sequence, **snapshot}


def _announcement(found: Mapping[str, Any]) -> Announcement:
    snapshot = {name.removeprefix("was_"): value for name, value in found.items() if name.startswith("was_")}
    return Announcement(found["sk"], found["sequence"], _build(snapshot))
