"""Python values as DynamoDB attribute values and back. Times are ISO 8601 in UTC.

Whatever may hold a float is kept as JSON text (`packed`): DynamoDB's numbers know neither 1e-200 nor NaN, and no
training may fail over a metric that cannot be stored.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


def item(values: Mapping[str, Any]) -> dict[str, Any]:
    """An item, or the values of an expression, as attribute values."""
    return {key: _serialize(_to_dynamo(value)) for key, value in values.items()}


def values(item_: Mapping[str, Any]) -> dict[str, Any]:
    """What an item holds."""
    return {key: _from_dynamo(_deserialize(value)) for key, value in item_.items()}


def moment(text: str) -> datetime:
    """The time that `item` wrote."""
    return datetime.fromisoformat(text)


def text_of(when: datetime) -> str:
    """ISO 8601 in UTC with microseconds: sorts as time does."""
    return when.astimezone(UTC).isoformat(timespec="microseconds")


def packed(document: Any) -> str:
    """JSON text of a mapping or list: floats keep every digit, NaN and infinities stay what they are."""
    return json.dumps(_plain(document))


def unpacked(text: str) -> Any:
    """What was packed."""
    return json.loads(text)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return value


def _to_dynamo(value: Any) -> Any:
    if isinstance(value, datetime):
        return text_of(value)
    if isinstance(value, Enum):
        return str(value)
    return value


def _from_dynamo(value: Any) -> Any:
    return int(value) if isinstance(value, Decimal) else value
