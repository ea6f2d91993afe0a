"""Transactions of moto's DynamoDB, which copies whole tables to be able to undo one: here, the items that it touches.

With ten thousand builds, that would be seconds and hundreds of MB for each new one. The engine lets in one request a
service at a time (`front.py`), so nobody sees a transaction half done.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from moto.dynamodb import models
from moto.dynamodb.models.table import Table

from orchestration.local.moto_adapter.data import touched_items


def install() -> None:
    """Mend moto in this process."""
    whole = models.DynamoDBBackend.transact_write_items
    # All that this module of moto's copies are items, and, in a transaction, tables.
    models.copy = SimpleNamespace(deepcopy=lambda one: one if isinstance(one, Table) else copy.deepcopy(one))

    def transact_write_items(self: Any, transact_items: list[dict[str, Any]]) -> None:
        before = list(_touched(self, transact_items))
        try:
            whole(self, transact_items)
        except Exception:
            for rows, key, item in before:
                if item is None:
                    rows.pop(key, None)
                else:
                    rows[key] = item
            raise

    models.DynamoDBBackend.transact_write_items = transact_write_items


def _touched(backend: Any, transact_items: list[dict[str, Any]]) -> Iterator[tuple[dict[Any, Any], Any, Any]]:
    """Of each item that a transaction may change: the rows it is among, its key there, and a copy of it, or None."""
    for name, request, _ in touched_items("TransactWriteItems", {"TransactItems": transact_items}):
        table = backend.tables.get(name)
        if table is None or not {table.hash_key_attr, table.range_key_attr or table.hash_key_attr} <= request.keys():
            continue  # refused by moto before it changes anything
        keys = {part: request[part] for part in (table.hash_key_attr, table.range_key_attr) if part}
        hash_key, range_key = backend.get_keys_value(table, keys)
        rows, key = (table.items, hash_key) if range_key is None else (table.items[hash_key], range_key)
        yield rows, key, copy.deepcopy(rows.get(key))
