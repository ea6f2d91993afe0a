"""What is forgotten after its time, in DynamoDB with TTL: Claims, Waits, Conversations, Watches, LinkCodes, Counters.

DynamoDB deletes expired items late, so each read and condition looks at the time itself.

    CLAIM#<key> / -            WAIT#<topic> / <waiter>            CONVERSATION#<id> / -
    WATCH#<number> / <conversation>, and WATCHER#<person> / <number>#<conversation>
    LINK#<digest> / -          COUNTER#<key> / -
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from orchestration.aws.clients import Clients, error_code, translated
from orchestration.aws.codec import item, moment, values
from orchestration.builds import Requester
from orchestration.ports import Clock, Conflict, Conversation, LinkCode, Waiting, Watch

WATCH_TTL = timedelta(days=60)  # a training job may take 28 days; being told may take a while longer


class _Table:
    """One conditional request each, on the state table."""

    def __init__(self, clients: Clients, table: str, clock: Clock) -> None:
        self._clients, self._table, self._clock = clients, table, clock

    def now(self) -> datetime:
        return self._clock.now()

    def now_s(self) -> float:
        return self._clock.now().timestamp()

    def get(self, pk: str, sk: str = "-") -> dict[str, Any] | None:
        with translated("read its state"):
            answer = self._clients("dynamodb").get_item(
                TableName=self._table, Key=item({"pk": pk, "sk": sk}), ConsistentRead=True
            )
        found = values(answer["Item"]) if "Item" in answer else None
        return found if found is not None and found["expires_at"] > self.now_s() else None

    def put(self, values_: Mapping[str, Any], condition: str = "", bound: Mapping[str, Any] | None = None) -> bool:
        """False when the condition does not hold."""
        request: dict[str, Any] = {"TableName": self._table, "Item": item({"sk": "-", **values_})}
        return self._conditional("put_item", request, condition, bound)

    def delete(self, pk: str, sk: str = "-", condition: str = "", bound: Mapping[str, Any] | None = None) -> bool:
        """False when the condition does not hold."""
        request: dict[str, Any] = {"TableName": self._table, "Key": item({"pk": pk, "sk": sk})}
        return self._conditional("delete_item", request, condition, bound)

    def update(self, pk: str, sk: str, update: str, condition: str, bound: Mapping[str, Any]) -> bool:
        """False when the condition does not hold."""
        request = {"TableName": self._table, "Key": item({"pk": pk, "sk": sk}), "UpdateExpression": update}
        return self._conditional("update_item", request, condition, bound)

    def add(self, pk: str, amount: int, expires_at: int) -> int | None:
        """The item's sum with that amount, in one request; None when the item's time is over."""
        try:
            with translated("write its state"):
                answer = self._clients("dynamodb").update_item(
                    TableName=self._table,
                    Key=item({"pk": pk, "sk": "-"}),
                    UpdateExpression="SET expires_at = if_not_exists(expires_at, :end) ADD amount :amount",
                    ConditionExpression="attribute_not_exists(pk) OR expires_at > :now",
                    ExpressionAttributeValues=item({":end": expires_at, ":amount": amount, ":now": int(self.now_s())}),
                    ReturnValues="UPDATED_NEW",
                )
        except ClientError as error:
            if error_code(error) == "ConditionalCheckFailedException":
                return None
            raise
        return int(values(answer["Attributes"])["amount"])

    def query(self, pk: str) -> list[dict[str, Any]]:
        """Every live item of that partition, in sort order."""
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": item({":pk": pk}),
            "ConsistentRead": True,
        }
        found: list[dict[str, Any]] = []
        while True:
            with translated("read its state"):
                answer = self._clients("dynamodb").query(**request)
            found += [values(entry) for entry in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                return [entry for entry in found if entry["expires_at"] > self.now_s()]
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _conditional(
        self, operation: str, request: dict[str, Any], condition: str, bound: Mapping[str, Any] | None
    ) -> bool:
        if condition:
            request["ConditionExpression"] = condition
        if bound:
            request["ExpressionAttributeValues"] = item(bound)
        try:
            with translated("write its state"):
                getattr(self._clients("dynamodb"), operation)(**request)
        except ClientError as error:
            if error_code(error) == "ConditionalCheckFailedException":
                return False
            raise
        return True


class DynamoClaims:
    """The port Claims."""

    def __init__(self, clients: Clients, table: str, clock: Clock) -> None:
        self._rows = _Table(clients, table, clock)

    def take(self, key: str, holder: str, ttl_s: float) -> bool:
        now_s = self._rows.now_s()
        return self._rows.put(
            {"pk": f"CLAIM#{key}", "holder": holder, "expires_at": int(now_s + ttl_s) + 1},
            "attribute_not_exists(pk) OR holder = :holder OR expires_at <= :now",
            {":holder": holder, ":now": int(now_s)},
        )

    def holder(self, key: str) -> str | None:
        found = self._rows.get(f"CLAIM#{key}")
        return str(found["holder"]) if found else None

    def release(self, key: str, holder: str) -> None:
        self._rows.delete(f"CLAIM#{key}", condition="holder = :holder", bound={":holder": holder})


class DynamoWaits:
    """The port Waits."""

    def __init__(self, clients: Clients, table: str, clock: Clock) -> None:
        self._rows = _Table(clients, table, clock)

    def put(self, topic: str, waiting: Waiting, ttl_s: float) -> None:
        expires_at = int(self._rows.now_s() + ttl_s) + 1
        row = {"pk": f"WAIT#{topic}", "sk": waiting.waiter, "task_token": waiting.task_token, "expires_at": expires_at}
        self._rows.put(row)

    def of(self, topic: str) -> list[Waiting]:
        return [Waiting(found["sk"], found["task_token"]) for found in self._rows.query(f"WAIT#{topic}")]

    def remove(self, topic: str, waiting: Waiting) -> None:
        bound = {":token": waiting.task_token}
        self._rows.delete(f"WAIT#{topic}", waiting.waiter, "task_token = :token", bound)


class DynamoConversations:
    """The port Conversations. The state is kept as JSON text: its floats keep every digit and its size is bounded."""

    def __init__(self, clients: Clients, table: str, clock: Clock) -> None:
        self._rows = _Table(clients, table, clock)

    def load(self, conversation_id: str) -> Conversation:
        found = self._rows.get(f"CONVERSATION#{conversation_id}")
        if found is None:
            return Conversation(conversation_id, {})
        return Conversation(
            conversation_id, json.loads(found["memory"]), found["revision"], found.get("consumed_by", "")
        )

    def save(self, conversation: Conversation, ttl_s: float) -> Conversation:
        now_s = self._rows.now_s()
        revision = conversation.revision + 1
        saved = self._rows.put(
            {
                "pk": f"CONVERSATION#{conversation.id}",
                "memory": json.dumps(conversation.state),
                "revision": revision,
                "expires_at": int(now_s + ttl_s) + 1,
            },
            "attribute_not_exists(pk) OR revision = :read OR expires_at <= :now",
            {":read": conversation.revision, ":now": int(now_s)},
        )
        if not saved:
            raise Conflict("This conversation went on somewhere else at the same time. Please say it again.")
        return Conversation(conversation.id, conversation.state, revision)

    def consume(self, conversation: Conversation, delivery_id: str) -> bool:
        return self._rows.update(
            f"CONVERSATION#{conversation.id}",
            "-",
            "SET consumed_by = :delivery",
            "revision = :read AND (attribute_not_exists(consumed_by) OR consumed_by = :delivery)",
            {":read": conversation.revision, ":delivery": delivery_id},
        )


class DynamoWatches:
    """The port Watches: each under its build and under its person."""

    def __init__(self, clients: Clients, table: str, clock: Clock) -> None:
        self._rows = _Table(clients, table, clock)

    def add(self, watch: Watch) -> None:
        expires_at = int(self._rows.now_s() + WATCH_TTL.total_seconds())
        shared = {
            "number": watch.number,
            "person": watch.requester.person,
            "name": watch.requester.name,
            "channel": watch.requester.channel,
            "conversation": watch.requester.conversation,
            "place": watch.requester.place,
            "created_at": watch.created_at,
            "expires_at": expires_at,
        }
        self._rows.put({"pk": _by_build(watch.number), "sk": watch.requester.conversation or "-", **shared})
        self._rows.put({"pk": f"WATCHER#{watch.requester.person}", "sk": _by_person(watch), **shared})

    def of_build(self, number: int) -> list[Watch]:
        return [_watch(found) for found in self._rows.query(_by_build(number))]

    def of_person(self, person: str) -> list[Watch]:
        return [_watch(found) for found in self._rows.query(f"WATCHER#{person}")]

    def take(self, watch: Watch, until: datetime) -> bool:
        return self._rows.update(
            _by_build(watch.number),
            watch.requester.conversation or "-",
            "SET held_until = :until",
            "attribute_exists(pk) AND (attribute_not_exists(held_until) OR held_until < :now)",
            {":until": until, ":now": self._rows.now()},
        )

    def told(self, watch: Watch) -> None:
        self._rows.delete(f"WATCHER#{watch.requester.person}", _by_person(watch))
        self._rows.delete(_by_build(watch.number), watch.requester.conversation or "-")


class DynamoLinkCodes:
    """The port LinkCodes."""

    def __init__(self, clients: Clients, table: str, clock: Clock) -> None:
        self._rows = _Table(clients, table, clock)

    def put(self, digest: str, code: LinkCode, ttl_s: float) -> bool:
        now_s = self._rows.now_s()
        return self._rows.put(
            {
                "pk": f"LINK#{digest}",
                "person": code.person,
                "made_in": code.made_in,
                "channel": code.channel,
                "expires_at": int(now_s + ttl_s) + 1,
            },
            "attribute_not_exists(pk) OR expires_at <= :now",
            {":now": int(now_s)},
        )

    def take(self, digest: str) -> LinkCode | None:
        found = self._rows.get(f"LINK#{digest}")
        if found is None or not self._rows.delete(f"LINK#{digest}", condition="attribute_exists(pk)"):
            return None
        return LinkCode(found["person"], found["made_in"], found["channel"])


class DynamoCounters:
    """The port Counters."""

    def __init__(self, clients: Clients, table: str, clock: Clock) -> None:
        self._rows = _Table(clients, table, clock)

    def add(self, key: str, amount: int, ttl_s: float) -> int:
        while True:
            expires_at = int(self._rows.now_s() + ttl_s) + 1
            total = self._rows.add(f"COUNTER#{key}", amount, expires_at)
            if total is not None:
                return total
            # Its time is over, and DynamoDB has not deleted it yet.
            bound = {":now": int(self._rows.now_s())}
            self._rows.delete(f"COUNTER#{key}", condition="expires_at <= :now", bound=bound)


def _by_build(number: int) -> str:
    return f"WATCH#{number}"


def _by_person(watch: Watch) -> str:
    return f"{watch.number:010d}#{watch.requester.conversation}"


def _watch(found: Mapping[str, Any]) -> Watch:
    requester = Requester(found["person"], found["name"], found["channel"], found["conversation"], found["place"])
    return Watch(found["number"], requester, moment(found["created_at"]))
