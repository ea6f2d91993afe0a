"""One measured figure of `make bench`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """What was measured, in its unit, against its budget in words; ok is None where there is no budget."""

    name: str
    value: float
    unit: str
    budget: str = ""
    ok: bool | None = None
