"""Audit in DynamoDB: append-only, by month, and again under each build it is about and under its person.

AUDIT#<yyyy-mm> / <time>#<id>        BUILD#<number> / AUDIT#<time>#<id>        ASKER#<person> / AUDIT#<time>#<id>
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from orchestration.aws.clients import Clients, translated
from orchestration.aws.codec import item, moment, packed, text_of, unpacked, values
from orchestration.ports import AuditEntry, Clock

MONTHS_BACK = 12  # how far `entries` looks when the newest months are quiet
AFTER_ALL = "~"  # sorts after every time


class DynamoAudit:
    """The port Audit on the builds table."""

    def __init__(self, clients: Clients, table: str, clock: Clock) -> None:
        self._clients, self._table, self._clock = clients, table, clock

    def append(self, entry: AuditEntry) -> None:
        at = text_of(entry.at)
        line = f"{at}#{uuid.uuid4().hex[:12]}"
        keys = [
            {"pk": f"AUDIT#{at[:7]}", "sk": line},
            {"pk": f"ASKER#{entry.person}", "sk": f"AUDIT#{line}"},
            *({"pk": f"BUILD#{number}", "sk": f"AUDIT#{line}"} for number in sorted(entry.builds)),
        ]
        writes = [{"Put": {"TableName": self._table, "Item": item(key | _attributes(entry))}} for key in keys]
        with translated("write the audit"):
            self._clients("dynamodb").transact_write_items(TransactItems=writes)

    def entries(
        self,
        *,
        build_number: int | None = None,
        person: str | None = None,
        intents: frozenset[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 25,
    ) -> list[AuditEntry]:
        low, high = text_of(since) if since else "", text_of(until) if until else AFTER_ALL
        if build_number is not None or person is not None:
            pk = f"BUILD#{build_number}" if build_number is not None else f"ASKER#{person}"
            found = self._newest(pk, f"AUDIT#{low}", f"AUDIT#{high}")
        else:
            found = self._of_all(low, high)
        wanted = (entry for entry in found if intents is None or entry.intent in intents)
        return list(islice(wanted, limit))

    def _of_all(self, low: str, high: str) -> Iterator[AuditEntry]:
        now = self._clock.now()
        for back in range(MONTHS_BACK):
            count = now.year * 12 + now.month - 1 - back
            month = f"{count // 12:04d}-{count % 12 + 1:02d}"
            if month < low[:7]:
                return
            if month <= high:
                yield from self._newest(f"AUDIT#{month}", low, high)

    def _newest(self, pk: str, low: str, high: str) -> Iterator[AuditEntry]:
        """What that key holds between the two, page by page, as far as it is read."""
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :low AND :high",
            "ExpressionAttributeValues": item({":pk": pk, ":low": low or " ", ":high": high}),
            "ScanIndexForward": False,
            "Limit": 100,
        }
        while True:
            with translated("read the audit"):
                answer = self._clients("dynamodb").query(**request)
            for found in answer["Items"]:
                yield _entry(values(found))
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _attributes(entry: AuditEntry) -> dict[str, Any]:
    return {
        "at": entry.at,
        "asker": entry.person,
        "asker_name": entry.name,
        "via": entry.channel,
        "words": entry.words,
        "intent": entry.intent,
        "slots": packed(entry.slots),
        "outcome": entry.outcome,
        "build_number": entry.build_number,
    }


def _entry(found: Mapping[str, Any]) -> AuditEntry:
    return AuditEntry(
        at=moment(found["at"]),
        person=found["asker"],
        channel=found["via"],
        words=found["words"],
        intent=found["intent"],
        slots=unpacked(found["slots"]),
        outcome=found["outcome"],
        build_number=found["build_number"],
        name=found.get("asker_name", ""),
    )
