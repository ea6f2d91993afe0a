"""Where the functions' events come from: the key `events` of the rows of `functions/functions.json`.

Read by the engine and, for the same functions, by Terraform. `type` says which other keys there are:

| `type`              | keys                                 | locally                  | on AWS                       |
| ------------------- | ------------------------------------ | ------------------------ | ---------------------------- |
| `execution-changed` | `statuses`, such as FAILED           | the interpreter's ends   | EventBridge, `aws.states`    |
| `endpoint-changed`  | -                                    | our SageMaker            | EventBridge, `aws.sagemaker` |
| `job-changed`       | `jobs`: training, processing, tuning | our SageMaker            | EventBridge, `aws.sagemaker` |
| `outbox`            | `every_s`: a look beside the stream  | as items are written     | DynamoDB stream and schedule |
| `topic`             | `topic`: the end of the topic's name | SNS Publish              | SNS subscription             |
| `object-created`    | `prefix`, in the data bucket         | S3 puts through the wire | S3 notification              |
| `schedule`          | `every_s`                            | while the engine runs    | EventBridge schedule         |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

EXECUTION, ENDPOINT, JOB, OUTBOX = "execution-changed", "endpoint-changed", "job-changed", "outbox"
TOPIC, OBJECT, SCHEDULE = "topic", "object-created", "schedule"

_KEYS: Mapping[str, frozenset[str]] = {
    EXECUTION: frozenset({"statuses"}),
    ENDPOINT: frozenset(),
    JOB: frozenset({"jobs"}),
    OUTBOX: frozenset({"every_s"}),
    TOPIC: frozenset({"topic"}),
    OBJECT: frozenset({"prefix"}),
    SCHEDULE: frozenset({"every_s"}),
}


@dataclass(frozen=True, eq=False)
class Source:
    """One entry of the table: events of that type go to that function; given: the entry's other keys."""

    type: str
    function: str
    given: Mapping[str, Any] = field(default_factory=dict)


class Sources:
    """All entries of functions.json."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self._sources = tuple(sources)

    def of(self, type_: str, accepts: Callable[[Mapping[str, Any]], bool] = lambda given: True) -> list[str]:
        """The functions that get events of that type whose keys are accepted, each once."""
        found = (one.function for one in self._sources if one.type == type_ and accepts(one.given))
        return list(dict.fromkeys(found))

    def entries(self, type_: str) -> list[Source]:
        """All entries of that type."""
        return [one for one in self._sources if one.type == type_]

    def functions(self) -> list[str]:
        """Every function that gets events, each once."""
        return list(dict.fromkeys(one.function for one in self._sources))


def read_sources(table: Mapping[str, Mapping[str, Any]]) -> Sources:
    """From functions.json as it was parsed.

    Raises:
        ValueError: an entry of a type that is not known, or with other keys than its type has; names it.
    """
    return Sources(_source(name, entry) for name, row in table.items() for entry in row.get("events", []))


def _source(function: str, entry: Mapping[str, Any]) -> Source:
    type_, given = str(entry.get("type")), {key: value for key, value in entry.items() if key != "type"}
    if type_ not in _KEYS:
        raise ValueError(f"{function}: there are no events of type {type_!r}; there are {', '.join(_KEYS)}")
    if given.keys() != _KEYS[type_]:
        wanted = ", ".join(sorted(_KEYS[type_])) or "no other keys"
        raise ValueError(f"{function}: an event source of type {type_} has {wanted}; got {', '.join(given) or 'none'}")
    return Source(type_, function, given)
