"""Approvals in DynamoDB, on the builds table: a decision is kept as long as its build.

BUILD#<number> / APPROVAL      the approval           APPROVALS / <number, ten digits>      those that wait
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from orchestration.aws.clients import Clients, error_code, translated
from orchestration.aws.codec import item, moment, values
from orchestration.ports import AlreadyDecided, Approval, Unavailable, UnknownBuild

SORT = "APPROVAL"
WAITING = "APPROVALS"


class DynamoApprovals:
    """The port Approvals."""

    def __init__(self, clients: Clients, table: str) -> None:
        self._clients, self._table = clients, table

    def request(self, approval: Approval) -> Approval:
        waiting = self._put(_waiting_item(approval))
        undecided = "attribute_not_exists(pk) OR decision = :none"
        if self._write([self._put(_item(approval), undecided, {":none": ""}), waiting]):
            return approval
        return self._found(approval.number)

    def get(self, number: int) -> Approval | None:
        with translated("read an approval"):
            answer = self._clients("dynamodb").get_item(
                TableName=self._table, Key=item(_key(number)), ConsistentRead=True
            )
        return _approval(values(answer["Item"])) if "Item" in answer else None

    def decide(self, number: int, decision: str, decided_by: str, reason: str) -> Approval:
        decided = replace(self._found(number), decision=decision, decided_by=decided_by, reason=reason)
        gone = {"Delete": {"TableName": self._table, "Key": item(_waiting_key(number))}}
        if self._write([self._put(_item(decided), "decision = :none", {":none": ""}), gone]):
            return decided
        first = self._found(number)
        if (first.decision, first.decided_by) == (decision, decided_by):
            return first
        raise AlreadyDecided(
            f"Build {number} was {first.decision} by {first.decided_by} already.", first.decision, first.decided_by
        )

    def waiting(self) -> list[Approval]:
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": item({":pk": WAITING}),
            "ConsistentRead": True,
        }
        found: list[Approval] = []
        while True:
            with translated("read the approvals"):
                answer = self._clients("dynamodb").query(**request)
            found += [_approval(values(entry)) for entry in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                return found
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _found(self, number: int) -> Approval:
        found = self.get(number)
        if found is None:
            raise UnknownBuild(f"Build {number} does not wait for an approval.")
        return found

    def _put(
        self, values_: Mapping[str, Any], condition: str = "", bound: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        put: dict[str, Any] = {"TableName": self._table, "Item": item(values_)}
        if condition:
            put |= {"ConditionExpression": condition, "ExpressionAttributeValues": item(bound or {})}
        return {"Put": put}

    def _write(self, writes: list[dict[str, Any]]) -> bool:
        """All or nothing; False when the condition does not hold."""
        try:
            with translated("write an approval"):
                self._clients("dynamodb").transact_write_items(TransactItems=writes)
        except ClientError as error:
            if error_code(error) != "TransactionCanceledException":
                raise
            reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", ())}
            if "ConditionalCheckFailed" not in reasons:
                raise Unavailable("Somebody else is deciding about this build at this moment. Try again.") from error
            return False
        return True


def _key(number: int) -> dict[str, str]:
    return {"pk": f"BUILD#{number}", "sk": SORT}


def _waiting_key(number: int) -> dict[str, str]:
    return {"pk": WAITING, "sk": f"{number:010d}"}


def _attributes(approval: Approval) -> dict[str, Any]:
    return {
        "number_of_build": approval.number,
        "requested_at": approval.requested_at,
        "expires_at": approval.expires_at,
        "task_token": approval.task_token,
        "decision": approval.decision,
        "decided_by": approval.decided_by,
        "reason": approval.reason,
    }


def _item(approval: Approval) -> dict[str, Any]:
    return {**_key(approval.number), **_attributes(approval)}


def _waiting_item(approval: Approval) -> dict[str, Any]:
    return {**_waiting_key(approval.number), **_attributes(approval)}


def _approval(found: Mapping[str, Any]) -> Approval:
    return Approval(
        number=found["number_of_build"],
        requested_at=moment(found["requested_at"]),
        expires_at=moment(found["expires_at"]),
        task_token=found["task_token"],
        decision=found["decision"],
        decided_by=found["decided_by"],
        reason=found["reason"],
    )
