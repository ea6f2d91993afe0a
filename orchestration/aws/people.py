"""People in DynamoDB. Nobody listed, nobody served.

PERSON#<id> / PERSON        who it is          IDENTITY#<channel identity> / PERSON       whose it is
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from orchestration.aws.clients import Clients, error_code, translated
from orchestration.aws.codec import item, packed, unpacked, values
from orchestration.ports import Conflict, Person

SORT = "PERSON"


class DynamoPeople:
    """The port People on the builds table."""

    def __init__(self, clients: Clients, table: str) -> None:
        self._clients, self._table = clients, table

    def by_identity(self, identity: str) -> Person | None:
        found = self._read(f"IDENTITY#{identity}")
        return self.by_id(found["person"]) if found else None

    def by_id(self, person_id: str) -> Person | None:
        found = self._read(f"PERSON#{person_id}")
        return _person(found) if found else None

    def link(self, person_id: str, identity: str) -> Person:
        person = self.by_id(person_id)
        if person is None:
            raise Conflict(f"Nobody has the id {person_id}.")
        linked = person if identity in person.identities else replace(person, identities=(*person.identities, identity))
        if not self._write(person, linked, identity):
            raise Conflict(f"{identity} already belongs to somebody else, or {person.name} was changed just now.")
        return linked

    def _write(self, before: Person, after: Person, identity: str) -> bool:
        """Both items or neither; False when the identity is another's or the person is not what was read."""
        claim = {"pk": f"IDENTITY#{identity}", "sk": SORT, "person": after.id}
        writes = [
            self._put(claim, "attribute_not_exists(pk) OR person = :mine", {":mine": after.id}),
            self._put(
                {"pk": f"PERSON#{after.id}", "sk": SORT, **_attributes(after)},
                "identities = :read",
                {":read": packed(before.identities)},
            ),
        ]
        try:
            with translated("link an identity"):
                self._clients("dynamodb").transact_write_items(TransactItems=writes)
        except ClientError as error:
            if error_code(error) == "TransactionCanceledException":
                return False
            raise
        return True

    def _put(self, values_: Mapping[str, Any], condition: str, bound: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "Put": {
                "TableName": self._table,
                "Item": item(values_),
                "ConditionExpression": condition,
                "ExpressionAttributeValues": item(bound),
            }
        }

    def _read(self, pk: str) -> dict[str, Any] | None:
        with translated("read who may use this"):
            answer = self._clients("dynamodb").get_item(
                TableName=self._table, Key=item({"pk": pk, "sk": SORT}), ConsistentRead=True
            )
        return values(answer["Item"]) if "Item" in answer else None


def _attributes(person: Person) -> dict[str, Any]:
    return {
        "person_id": person.id,
        "person_name": person.name,
        "role": person.role,
        "timezone": person.timezone,
        "identities": packed(person.identities),
    }


def _person(found: Mapping[str, Any]) -> Person:
    identities = tuple(unpacked(found["identities"]))
    return Person(found["person_id"], found["person_name"], found["role"], identities, found["timezone"])
