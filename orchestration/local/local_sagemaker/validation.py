"""A request against botocore's service model: required members, types, enumerations, lengths, ranges and patterns.

botocore's own check knows required members, types and minima only; the service refuses more, and so do we. The messages
are the service's ("1 validation error detected: Value ... at ... failed to satisfy constraint: ..."). What the model
cannot say is in `rules.py`. The model comes with botocore and is read from there, never from `~/.aws/models`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import botocore
from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape

from orchestration.local.local_sagemaker.context import Document
from orchestration.local.local_sagemaker.errors import UnknownOperation

_SHOWN_CHARS = 200
_SHOWN_ENUM_VALUES = 20

# The model's patterns are Java's; `re` has no Unicode properties. What is put in their place takes a little more.
_JAVA_TO_PYTHON = (
    (r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010ffff"),  # as pairs of surrogates
    (r"\p{Alnum}", "a-zA-Z0-9"),
    (r"\p{L}", r"\w"),
    (r"\p{N}", r"\d"),
    (r"\p{M}", r"\u0300-\u036f"),
    (r"\p{Z}", r"\s"),
    (r"\p{S}", r"$+<=>^`|~"),
    (r"\p{P}", r"!-/:-@\[-`{-~"),
    (r"\p{Print}", r"\x20-\x7e"),
    (r"\z", r"\Z"),
)


def validated(service: str, operation: str, request: Mapping[str, Any]) -> Document:
    """The request, copied, without members that are null, and with times in seconds since the epoch.

    Args:
        service: botocore's name, `sagemaker` or `sagemaker-runtime`.
        operation: as in the model, `CreateTrainingJob`.
        request: in boto3's form.

    Raises:
        UnknownOperation: the model has no such operation.
        RequestRefused: it breaks the model; its message names each member.
    """
    model = service_model(service)
    if operation not in model.operation_names:
        raise UnknownOperation(f"The service {service!r} has no operation {operation!r}.")
    shape = model.operation_model(operation).input_shape
    errors: list[str] = []
    cleaned = {} if shape is None else _Walker(errors).walk(shape, request, "")
    if errors:
        count = f"{len(errors)} validation error{'' if len(errors) == 1 else 's'} detected: "
        raise RequestRefused(count + "; ".join(errors))
    return cleaned if isinstance(cleaned, dict) else {}


class RequestRefused(ValueError):
    """A request breaks the service model. The caller makes the service's own error of it."""


@lru_cache(maxsize=8)
def service_model(service: str) -> ServiceModel:
    """botocore's model of a service. The first call takes some 0.2 s for SageMaker.

    Raises:
        botocore.exceptions.UnknownServiceError: there is none of that name.
    """
    data = str(Path(botocore.__file__).parent / "data")
    loader = Loader(extra_search_paths=[data], include_default_search_paths=False)
    return ServiceModel(loader.load_service_model(service, "service-2"), service)


@lru_cache(maxsize=512)
def compiled_pattern(pattern: str) -> re.Pattern[str]:
    """A pattern of the model, for `fullmatch`."""
    translated = re.sub(r"(?<!\[)\\p\{ASCII\}", r"[\\x00-\\x7f]", pattern)
    translated = re.sub(r"^\\p\{Print\}", r"[\\x20-\\x7e]", translated)
    for java, python in _JAVA_TO_PYTHON:
        translated = translated.replace(java, python)
    # An end that is repeated, which some patterns have after their group, is an error to Python.
    translated = re.sub(r"(?<!\\)\$\{\d+,\d+\}", "$", translated)
    return re.compile(translated)


class _Walker:
    """One walk through a request; collects what is wrong, by the members' paths."""

    def __init__(self, errors: list[str]) -> None:
        self._errors = errors

    def walk(self, shape: Shape, value: Any, path: str) -> Any:
        check: Callable[[Shape, Any, str], Any] | None = getattr(self, f"_{shape.type_name}", None)
        if check is None:
            raise TypeError(f"no check for the type {shape.type_name!r} of {path}")
        return check(shape, value, path)

    def _structure(self, shape: Shape, value: Any, path: str) -> Document:
        if not self._is(value, Mapping, path, "a structure"):
            return {}
        members: Mapping[str, Shape] = shape.members
        for name in value:
            if name not in members:
                self._errors.append(f"Unknown member '{_join(path, str(name))}'; known are: {', '.join(members)}")
        for name in shape.required_members:
            if value.get(name) is None:
                self._fail(None, _join(path, name), "Member must not be null")
        return {
            name: self.walk(member, value[name], _join(path, name))
            for name, member in members.items()
            if value.get(name) is not None
        }

    def _list(self, shape: Shape, value: Any, path: str) -> list[Any]:
        if not self._is(value, (list, tuple), path, "a list"):
            return []
        self._length(shape, value, path)
        return [self.walk(shape.member, each, f"{path}.{index}.member") for index, each in enumerate(value, start=1)]

    def _map(self, shape: Shape, value: Any, path: str) -> Document:
        if not self._is(value, Mapping, path, "a map"):
            return {}
        self._length(shape, value, path)
        return {
            self.walk(shape.key, key, f"{path}.key"): self.walk(shape.value, each, f"{path}.{key}.member")
            for key, each in value.items()
        }

    def _string(self, shape: Shape, value: Any, path: str) -> str:
        if not self._is(value, str, path, "a string"):
            return ""
        text: str = value
        if not self._length(shape, text, path):
            return text
        if shape.enum and text not in shape.enum:
            shown = ", ".join(shape.enum[:_SHOWN_ENUM_VALUES])
            more = f", ... ({len(shape.enum)} values)" if len(shape.enum) > _SHOWN_ENUM_VALUES else ""
            self._fail(text, path, f"Member must satisfy enum value set: [{shown}{more}]")
        pattern = shape.metadata.get("pattern")
        if pattern and not compiled_pattern(pattern).fullmatch(text):
            self._fail(text, path, f"Member must satisfy regular expression pattern: {pattern}")
        return text

    def _blob(self, shape: Shape, value: Any, path: str) -> bytes:
        if not self._is(value, (bytes, bytearray), path, "bytes"):
            return b""
        self._length(shape, value, path)
        return bytes(value)

    def _boolean(self, shape: Shape, value: Any, path: str) -> bool:
        return self._is(value, bool, path, "a boolean") and bool(value)

    def _integer(self, shape: Shape, value: Any, path: str) -> int:
        if not self._is(value, int, path, "an integer"):
            return 0
        number = int(value)
        self._range(shape, number, path)
        return number

    def _float(self, shape: Shape, value: Any, path: str) -> float:
        if not self._is(value, (int, float), path, "a number"):
            return 0.0
        number = float(value)
        self._range(shape, number, path)
        return number

    def _timestamp(self, shape: Shape, value: Any, path: str) -> float:
        """A time as boto3 takes it, or as the wire brings it: seconds since the epoch."""
        if isinstance(value, datetime):
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
        if isinstance(value, str):
            try:
                return self._timestamp(shape, datetime.fromisoformat(value), path)
            except ValueError:
                self._fail(value, path, "Member must be a time")
                return 0.0
        return float(value) if self._is(value, (int, float), path, "a time") else 0.0

    _long = _integer
    _double = _float

    def _is(self, value: Any, kind: type | tuple[type, ...], path: str, what: str) -> bool:
        # To Python a boolean is an integer; to the service it is not.
        if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
            return True
        self._fail(value, path, f"Member must be {what}")
        return False

    def _length(self, shape: Shape, value: Any, path: str) -> bool:
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        for bound, broken, words in (
            (low, low is not None and len(value) < low, "greater than or equal to"),
            (high, high is not None and len(value) > high, "less than or equal to"),
        ):
            if broken:
                self._fail(value, path, f"Member must have length {words} {bound}")
                return False
        return True

    def _range(self, shape: Shape, value: float, path: str) -> None:
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if low is not None and value < low:
            self._fail(value, path, f"Member must have value greater than or equal to {low}")
        if high is not None and value > high:
            self._fail(value, path, f"Member must have value less than or equal to {high}")

    def _fail(self, value: Any, path: str, constraint: str) -> None:
        shown = "null" if value is None else f"'{_shown(value)}'"
        self._errors.append(f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}")


def _join(path: str, name: str) -> str:
    """A member's path in the service's spelling: the first letter of each name is small."""
    return f"{path}.{name[:1].lower()}{name[1:]}".lstrip(".")


def _shown(value: Any) -> str:
    if isinstance(value, (bytes, bytearray)):
        return f"{len(value)} bytes"
    if isinstance(value, (Mapping, list, tuple)):
        return f"{len(value)} entries"
    text = str(value)
    return text if len(text) <= _SHOWN_CHARS else text[:_SHOWN_CHARS] + "..."
