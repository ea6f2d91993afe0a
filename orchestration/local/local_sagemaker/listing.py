"""What all List* operations share: filters, order, and pages.

A page's token names the last entry of the page before, not a position, so that what is created or deleted between two
requests makes no entry come twice. Defaults are those of the service's documentation, 10 entries a page among them:
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListEndpoints.html
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from orchestration.local.local_sagemaker.context import Document
from orchestration.local.local_sagemaker.errors import ValidationException

OBJECTIVE = "FinalObjectiveMetricValue"
_DEFAULT_PAGE = 10


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource in a listing; times in seconds since the epoch; `summary` is its element of the response.

    `objective` is the final objective of a tuning job's training job, None of anything else.
    """

    name: str
    created_at: float
    modified_at: float
    status: str
    summary: Document
    objective: float | None = None

    def key(self, sort_by: str) -> tuple[str | float, str]:
        """Where it stands in an order; the name makes it unique."""
        values: dict[str, str | float] = {
            "Name": self.name,
            "Status": self.status,
            "CreationTime": self.created_at,
            OBJECTIVE: self.objective or 0.0,
        }
        return values[sort_by], self.name


def list_page(entries: Iterable[Entry], request: Mapping[str, Any], member: str, descending: bool) -> Document:
    """The response to a List* request: one page under `member`, and NextToken when there is more.

    Args:
        entries: all resources of the kind.
        request: the validated request.
        member: name of the response's list.
        descending: the operation's default order.

    Raises:
        ValidationException: a NextToken that is none of ours.
    """
    sort_by = request.get("SortBy", "CreationTime")
    reverse = request.get("SortOrder", "Descending" if descending else "Ascending") == "Descending"
    chosen = sorted(
        (entry for entry in entries if _matches(entry, request)), key=lambda entry: entry.key(sort_by), reverse=reverse
    )
    token = request.get("NextToken")
    if token:
        last = _decode(token, sort_by)
        chosen = [entry for entry in chosen if (entry.key(sort_by) < last if reverse else entry.key(sort_by) > last)]
    page = chosen[: request.get("MaxResults", _DEFAULT_PAGE)]
    response: Document = {member: [entry.summary for entry in page]}
    if len(page) < len(chosen):
        response["NextToken"] = _encode(sort_by, page[-1].key(sort_by))
    return response


def _matches(entry: Entry, request: Mapping[str, Any]) -> bool:
    """Whether no filter excludes it. `After` includes its moment, as the documentation of ListModels says."""
    infinite = float("inf")
    return (
        request.get("NameContains", "") in entry.name
        and request.get("StatusEquals", entry.status) == entry.status
        and request.get("CreationTimeAfter", -infinite) <= entry.created_at
        and request.get("CreationTimeBefore", infinite) > entry.created_at
        and request.get("LastModifiedTimeAfter", -infinite) <= entry.modified_at
        and request.get("LastModifiedTimeBefore", infinite) > entry.modified_at
    )


def _encode(sort_by: str, key: tuple[str | float, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps([sort_by, *key]).encode()).decode("ascii")


def _decode(token: str, sort_by: str) -> tuple[str | float, str]:
    try:
        by, value, name = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (binascii.Error, ValueError, TypeError) as error:
        raise ValidationException("NextToken is not one that this operation gave.") from error
    expected = (int, float) if sort_by in ("CreationTime", OBJECTIVE) else str
    if by != sort_by or not isinstance(value, expected) or not isinstance(name, str):
        raise ValidationException(f"NextToken does not belong to a listing that is sorted by {sort_by}.")
    return value, name
