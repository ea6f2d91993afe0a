"""EventBridge's patterns as far as ours go: exact values and prefixes.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether every key of the pattern is in the event with one of its values. Raises ValueError for other matchers."""
    for key, wanted in pattern.items():
        if key not in event:
            return False
        if isinstance(wanted, dict):
            if not isinstance(event[key], Mapping) or not matches(wanted, event[key]):
                return False
        elif not any(_is(one, event[key]) for one in wanted):
            return False
    return True


def _is(wanted: Any, value: Any) -> bool:
    if not isinstance(wanted, dict):
        return bool(wanted == value)
    if wanted.keys() != {"prefix"}:
        raise ValueError(f"{wanted} is a matcher that is not known here")
    return isinstance(value, str) and value.startswith(wanted["prefix"])
