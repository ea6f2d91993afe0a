"""Tags of any resource: AddTags, ListTags, DeleteTags.

The tags that a resource was created with are part of its record; what is changed later is a file of its own,
`tags/<arn, encoded as an object's key>.json`, which then holds all of them.
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AddTags.html
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping

from orchestration.local.files import read_json, write_json_atomic
from orchestration.local.local_sagemaker.context import Context
from orchestration.local.local_sagemaker.errors import ValidationException
from orchestration.local.local_sagemaker.objects import encode_key

_MAX_TAGS = 50
_ARN_PARTS = 6

_NAME = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9/-]*[a-zA-Z0-9])?")

Tag = dict[str, str]


class Tags:
    """The tags of all resources of one local SageMaker. Safe for several threads."""

    def __init__(self, context: Context, created_with: Mapping[str, Callable[[str], list[Tag]]]) -> None:
        """`created_with`, by the kind in the ARN: the first tags of a resource by name; raises when there is none."""
        self._context = context
        self._folder = context.folder / "tags"
        self._created_with = created_with
        self._lock = threading.Lock()

    def list_tags(self, arn: str) -> list[Tag]:
        """All tags of a resource.

        Raises:
            ValidationException: no such resource.
        """
        first = self._first(arn)
        document = read_json(self._folder / encode_key(arn))
        return first if document is None else [{"Key": key, "Value": document[key]} for key in document]

    def add(self, arn: str, tags: list[Tag]) -> list[Tag]:
        """Add tags, or replace those with the same keys; returns all.

        Raises:
            ValidationException: no such resource, or more than 50 tags.
        """
        return self._change(arn, lambda kept: {**kept, **{tag["Key"]: tag["Value"] for tag in tags}})

    def delete(self, arn: str, keys: list[str]) -> None:
        """Remove the tags with these keys, as far as there are any.

        Raises:
            ValidationException: no such resource.
        """
        self._change(arn, lambda kept: {key: value for key, value in kept.items() if key not in keys})

    def forget(self, arn: str) -> None:
        """Remove what is kept of a resource that was deleted."""
        (self._folder / encode_key(arn)).unlink(missing_ok=True)

    def _change(self, arn: str, change: Callable[[dict[str, str]], dict[str, str]]) -> list[Tag]:
        with self._lock:
            changed = change({tag["Key"]: tag["Value"] for tag in self.list_tags(arn)})
            if len(changed) > _MAX_TAGS:
                raise ValidationException(f"A resource has at most {_MAX_TAGS} tags; it would have {len(changed)}.")
            path = self._folder / encode_key(arn)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_json_atomic(path, changed)
        return [{"Key": key, "Value": value} for key, value in changed.items()]

    def _first(self, arn: str) -> list[Tag]:
        kind, _, name = arn.split(":", _ARN_PARTS - 1)[-1].partition("/")
        created_with = self._created_with.get(kind)
        if created_with is None:
            raise ValidationException(
                f"Tags of {arn!r} are not kept; known are: {', '.join(sorted(self._created_with))}."
            )
        # The name becomes part of a path, and the model says nothing of it.
        if arn != self._context.arn(kind, name) or not _NAME.fullmatch(name):
            raise ValidationException(f"Could not find a resource {arn!r}.")
        return created_with(name)
