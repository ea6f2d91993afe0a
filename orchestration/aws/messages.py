"""Live messages in DynamoDB, beside the builds that they are about.

MESSAGE#<channel> / <number>
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

from botocore.exceptions import ClientError

from orchestration.aws.clients import Clients, error_code, translated
from orchestration.aws.codec import item, values
from orchestration.ports import Conflict, LiveMessage


class DynamoLiveMessages:
    """The port LiveMessages on the builds table."""

    def __init__(self, clients: Clients, table: str) -> None:
        self._clients, self._table = clients, table

    def get(self, channel: str, number: int) -> LiveMessage | None:
        with translated("read where a build is shown"):
            answer = self._clients("dynamodb").get_item(
                TableName=self._table, Key=item(_key(channel, number)), ConsistentRead=True
            )
        if "Item" not in answer:
            return None
        found = values(answer["Item"])
        document = json.loads(found["document"])
        shown_at = document.pop("shown_at")
        return LiveMessage(
            number=number,
            channel=channel,
            shown_at=datetime.fromisoformat(shown_at) if shown_at else None,
            said=frozenset(document.pop("said")),
            revision=found["revision"],
            **document,
        )

    def save(self, message: LiveMessage) -> LiveMessage:
        document = {
            "place": message.place,
            "id": message.id,
            "thread": message.thread,
            "shown": message.shown,
            "shown_at": message.shown_at.isoformat() if message.shown_at else "",
            "said": sorted(message.said),
        }
        kept = {
            **_key(message.channel, message.number),
            "document": json.dumps(document),
            "revision": message.revision + 1,
        }
        request = {"TableName": self._table, "Item": item(kept), "ConditionExpression": "attribute_not_exists(pk)"}
        if message.revision:
            request["ConditionExpression"] = "revision = :read"
            request["ExpressionAttributeValues"] = item({":read": message.revision})
        try:
            with translated("write where a build is shown"):
                self._clients("dynamodb").put_item(**request)
        except ClientError as error:
            if error_code(error) == "ConditionalCheckFailedException":
                raise Conflict(f"The message about build {message.number} was changed at the same time.") from error
            raise
        return replace(message, revision=message.revision + 1)


def _key(channel: str, number: int) -> dict[str, str]:
    return {"pk": f"MESSAGE#{channel}", "sk": f"{number:010d}"}
