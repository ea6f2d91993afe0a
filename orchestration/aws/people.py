"""People in DynamoDB. Nobody listed, nobody served.

PEOPLE / <id>        who it is          IDENTITY#<channel identity> / PERSON        whose it is, with a copy of it

The copies make asking for somebody one read by key; every write of a person writes all of them, or none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from orchestration.aws.clients import Clients, error_code, translated
from orchestration.aws.codec import item, packed, unpacked, values
from orchestration.ports import Conflict, Person

PEOPLE = "PEOPLE"
SORT = "PERSON"


class DynamoPeople:
    """The port People on the builds table."""

    def __init__(self, clients: Clients, table: str) -> None:
        self._clients, self._table = clients, table

    def by_identity(self, identity: str) -> Person | None:
        return self._read(_identity_key(identity))

    def by_id(self, person_id: str) -> Person | None:
        return self._read(_person_key(person_id))

    def everybody(self) -> list[Person]:
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": item({":pk": PEOPLE}),
        }
        found: list[Person] = []
        while True:
            with translated("read who may use this"):
                answer = self._clients("dynamodb").query(**request)
            found += [_person(values(entry)) for entry in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                return found
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def put(self, person: Person) -> None:
        self._write(self.by_id(person.id), person)

    def link(self, person_id: str, identity: str) -> Person:
        person = self.by_id(person_id)
        if person is None:
            raise Conflict(f"Nobody has the id {person_id}.")
        linked = person if identity in person.identities else replace(person, identities=(*person.identities, identity))
        self._write(person, linked)
        return linked

    def _write(self, before: Person | None, after: Person) -> None:
        """All items or none; Conflict when an identity is another's or the person is not what was read."""
        gone = set(before.identities if before is not None else ()) - set(after.identities)
        writes = [
            self._put(
                {**_person_key(after.id), **_attributes(after)},
                "attribute_not_exists(pk)" if before is None else "document = :read",
                {} if before is None else {":read": _attributes(before)["document"]},
            ),
            *self._identities(after),
            *({"Delete": {"TableName": self._table, "Key": item(_identity_key(one))}} for one in sorted(gone)),
        ]
        try:
            with translated("write who may use this"):
                self._clients("dynamodb").transact_write_items(TransactItems=writes)
        except ClientError as error:
            if error_code(error) == "TransactionCanceledException":
                raise Conflict(
                    f"One of {', '.join(after.identities)} already belongs to somebody else, or {after.name} was "
                    "changed just now."
                ) from error
            raise

    def _identities(self, person: Person) -> Iterable[dict[str, Any]]:
        for identity in person.identities:
            copy = {**_identity_key(identity), **_attributes(person)}
            yield self._put(copy, "attribute_not_exists(pk) OR person_id = :mine", {":mine": person.id})

    def _put(self, values_: Mapping[str, Any], condition: str, bound: Mapping[str, Any]) -> dict[str, Any]:
        put: dict[str, Any] = {"TableName": self._table, "Item": item(values_), "ConditionExpression": condition}
        return {"Put": put | ({"ExpressionAttributeValues": item(bound)} if bound else {})}

    def _read(self, key: Mapping[str, str]) -> Person | None:
        with translated("read who may use this"):
            answer = self._clients("dynamodb").get_item(TableName=self._table, Key=item(key), ConsistentRead=True)
        return _person(values(answer["Item"])) if "Item" in answer else None


def _person_key(person_id: str) -> dict[str, str]:
    return {"pk": PEOPLE, "sk": person_id}


def _identity_key(identity: str) -> dict[str, str]:
    return {"pk": f"IDENTITY#{identity}", "sk": SORT}


def _attributes(person: Person) -> dict[str, Any]:
    document = {
        "name": person.name,
        "role": person.role,
        "identities": person.identities,
        "timezone": person.timezone,
        "environments": person.environments,
        "models": person.models,
        "commands_per_minute": person.commands_per_minute,
    }
    return {"person_id": person.id, "document": packed(document)}


def _person(found: Mapping[str, Any]) -> Person:
    document = unpacked(found["document"])
    for name in ("identities", "environments", "models"):
        document[name] = tuple(document[name]) if document.get(name) is not None else None
    return Person(id=found["person_id"], **{**document, "identities": document["identities"] or ()})
