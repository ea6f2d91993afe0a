"""Audit in DynamoDB: append-only, by month, and again under its build.

AUDIT#<yyyy-mm> / <time>#<id>            BUILD#<number> / AUDIT#<time>#<id>
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from orchestration.aws.clients import Clients, translated
from orchestration.aws.codec import item, moment, packed, text_of, unpacked, values
from orchestration.ports import AuditEntry, Clock

MONTHS_BACK = 12  # how far `entries` looks when the newest months are quiet


class DynamoAudit:
    """The port Audit on the builds table."""

    def __init__(self, clients: Clients, table: str, clock: Clock) -> None:
        self._clients, self._table, self._clock = clients, table, clock

    def append(self, entry: AuditEntry) -> None:
        at = text_of(entry.at)
        line = f"{at}#{uuid.uuid4().hex[:12]}"
        keys = [{"pk": f"AUDIT#{at[:7]}", "sk": line}]
        if entry.build_number is not None:
            keys.append({"pk": f"BUILD#{entry.build_number}", "sk": f"AUDIT#{line}"})
        writes = [{"Put": {"TableName": self._table, "Item": item(key | _attributes(entry))}} for key in keys]
        with translated("write the audit"):
            self._clients("dynamodb").transact_write_items(TransactItems=writes)

    def entries(self, *, build_number: int | None = None, limit: int = 25) -> list[AuditEntry]:
        if build_number is not None:
            return self._newest(f"BUILD#{build_number}", "AUDIT#", limit)
        now = self._clock.now()
        found: list[AuditEntry] = []
        for back in range(MONTHS_BACK):
            month = now.year * 12 + now.month - 1 - back
            found += self._newest(f"AUDIT#{month // 12:04d}-{month % 12 + 1:02d}", "", limit - len(found))
            if len(found) >= limit:
                break
        return found

    def _newest(self, pk: str, prefix: str, limit: int) -> list[AuditEntry]:
        condition = "pk = :pk" + (" AND begins_with(sk, :prefix)" if prefix else "")
        with translated("read the audit"):
            answer = self._clients("dynamodb").query(
                TableName=self._table,
                KeyConditionExpression=condition,
                ExpressionAttributeValues=item({":pk": pk} | ({":prefix": prefix} if prefix else {})),
                ScanIndexForward=False,
                Limit=limit,
            )
        return [_entry(values(found)) for found in answer["Items"]]


def _attributes(entry: AuditEntry) -> dict[str, Any]:
    return {
        "at": entry.at,
        "asker": entry.person,
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
    )
