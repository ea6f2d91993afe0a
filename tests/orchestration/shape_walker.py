"""A request or response against botocore's shape: what a strict reader of the service model would find wrong with it.

Written apart from `orchestration/local/local_sagemaker/validation.py`, which checks requests, so that neither repeats
the other's faults. `check_response` and `check_request` are what tests call, with Python values as boto3 takes them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape


def check_response(service: str, operation: str, response: Mapping[str, Any]) -> None:
    """Fail unless the response fits the operation's output shape: required members, types, enums, bounds, patterns.

    Members that the model does not have are faults too, except ResponseMetadata.
    """
    shape = _model(service).operation_model(operation).output_shape
    body = {name: value for name, value in response.items() if name != "ResponseMetadata"}
    faults = sorted(body) if shape is None else list(_faults(shape, body, operation))
    assert not faults, f"{operation} answered what its shape does not allow: {faults}"


def check_request(service: str, operation: str, request: Mapping[str, Any]) -> None:
    """Fail unless the request fits the operation's input shape: required members, types, enums, bounds, patterns."""
    shape = _model(service).operation_model(operation).input_shape
    faults = _faults(shape, request, operation)
    assert not faults, f"{operation} is asked for what its shape does not allow: {faults}"


@lru_cache
def _model(service: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


_TYPES: Mapping[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "timestamp": (datetime,),
    "blob": (bytes,),
}


def _faults(shape: Shape, value: Any, path: str) -> list[str]:
    if not _is_of(shape, value):
        return [f"{path}: {type(value).__name__} instead of {shape.type_name}"]
    found = _bounds(shape, value, path)
    if shape.type_name == "structure":
        found += [f"{path}.{name}: required" for name in shape.required_members if name not in value]
        found += [f"{path}.{name}: not in the model" for name in value if name not in shape.members]
        for name, member in shape.members.items():
            found += _faults(member, value[name], f"{path}.{name}") if name in value else []
    elif shape.type_name == "list":
        for index, each in enumerate(value):
            found += _faults(shape.member, each, f"{path}[{index}]")
    elif shape.type_name == "map":
        for key, each in value.items():
            found += _faults(shape.key, key, f"{path} key") + _faults(shape.value, each, f"{path}[{key}]")
    elif shape.type_name == "string":
        found += _text_faults(shape, value, path)
    elif shape.type_name == "timestamp" and value.tzinfo is None:
        found.append(f"{path}: a time without a zone")
    return found


def _is_of(shape: Shape, value: object) -> bool:
    """To Python a boolean is an integer; to the service it is not."""
    return isinstance(value, _TYPES[shape.type_name]) and (isinstance(value, bool) == (shape.type_name == "boolean"))


def _bounds(shape: Shape, value: Any, path: str) -> list[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if shape.type_name in ("integer", "long", "float", "double"):
        size = value
    elif shape.type_name in ("string", "list", "map", "blob"):
        size = len(value)
    else:
        return []
    if (low is not None and size < low) or (high is not None and size > high):
        return [f"{path}: {size} is not within {low} and {high}"]
    return []


def _text_faults(shape: Shape, value: str, path: str) -> list[str]:
    found = []
    if shape.enum and value not in shape.enum:
        found.append(f"{path}: {value!r} is none of {shape.enum}")
    pattern = shape.metadata.get("pattern")
    # Java's Unicode properties and pairs of surrogates are not Python's; tags and XML's characters have them here.
    is_pythons = pattern and r"\p{" not in pattern and r"\uD800" not in pattern
    if is_pythons and not re.fullmatch(pattern, value):
        found.append(f"{path}: {value!r} does not match {pattern}")
    return found
