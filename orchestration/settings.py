"""Typed settings: what a build is run with (`BuildSettings`), and how a process is told where things are.

Effective build settings are defaults < the environment's stored document < the overrides of a sentence or message.
The document is versioned by SCHEMA_VERSION: a newer one is refused, an older one is migrated here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields

from orchestration.builds import Environment, Json
from orchestration.ports import BadSettings

SCHEMA_VERSION = 1

MAX_TRAINING_TIMEOUT_S = 28 * 24 * 3600  # CreateTrainingJob: MaxRuntimeInSeconds, 28 days


@dataclass(frozen=True)
class BuildSettings:
    """What one build is run with. Every field can be overridden within the bounds of `BOUNDS`."""

    default_model: str = "gp"
    default_dataset: str = "toy"
    training_instance_type: str = "ml.m5.large"
    training_instance_count: int = 1
    training_volume_gb: int = 10
    training_timeout_s: int = 4 * 3600
    endpoint_instance_type: str = "ml.m5.large"
    endpoint_instance_count: int = 1
    endpoint_timeout_s: int = 1800
    deploy_after_training: bool = True
    lease_wait_s: int = 4 * 3600
    images: Mapping[str, str] = field(default_factory=dict)
    models: tuple[Mapping[str, Json], ...] = ()

    def to_json(self) -> dict[str, Json]:
        document = asdict(self)
        document["models"] = [dict(entry) for entry in self.models]
        return document


# Inclusive bounds of the numbers, by field; the unit is in the field's name.
BOUNDS: Mapping[str, tuple[int, int]] = {
    "training_instance_count": (1, 20),
    "training_volume_gb": (1, 16_384),
    "training_timeout_s": (60, MAX_TRAINING_TIMEOUT_S),
    "endpoint_instance_count": (1, 20),
    "endpoint_timeout_s": (30, 4 * 3600),
    "lease_wait_s": (60, 24 * 3600),
}


def effective(stored: Mapping[str, Json], overrides: Mapping[str, Json]) -> BuildSettings:
    """Defaults < stored document < overrides.

    Raises BadSettings, naming the setting and what is allowed: unknown, of another type, or out of bounds.
    """
    version = stored.get("schema_version", SCHEMA_VERSION)
    if version != SCHEMA_VERSION:
        raise BadSettings(
            f"The settings document has schema version {version}; this SageBuild reads version {SCHEMA_VERSION}."
        )
    merged = {key: value for key, value in stored.items() if key != "schema_version"} | dict(overrides)
    known = {f.name: f.default for f in fields(BuildSettings)}
    for name, value in merged.items():
        if name not in known:
            raise BadSettings(f"There is no setting {name!r}; there are {', '.join(known)}.")
        _check(name, value, known[name])
    models = merged.pop("models", ())
    return BuildSettings(**merged, models=tuple(models))  # type: ignore[arg-type]  # checked one by one above


def _check(name: str, value: Json, default: object) -> None:
    if name == "images" and isinstance(value, dict):
        return
    if name == "models" and isinstance(value, list):
        return
    wanted = {bool: "yes or no", int: "a whole number", str: "text"}.get(type(default), "a JSON object")
    if type(value) is not type(default):
        raise BadSettings(f"{name} is {value!r}, but must be {wanted}.")
    if name in BOUNDS and isinstance(value, int):
        low, high = BOUNDS[name]
        if not low <= value <= high:
            raise BadSettings(f"{name} is {value}, but must be from {low} to {high}.")


def environment_from_variables(variables: Mapping[str, str] = os.environ) -> Environment:
    """From SAGEBUILD_<FIELD> variables and AWS_REGION. Raises BadSettings naming the one that is missing."""
    values = {}
    for f in fields(Environment):
        variable = variable_of(f.name)
        if variable in variables:
            values[f.name] = variables[variable]
        elif f.name in {"name", "region"}:
            raise BadSettings(f"The environment variable {variable} is not set.")
    try:
        return Environment(**values)
    except ValueError as error:
        raise BadSettings(f"{error}.") from error


def environment_variables(environment: Environment) -> dict[str, str]:
    """What a process is given so that `environment_from_variables` gives that environment there."""
    return {variable_of(f.name): str(getattr(environment, f.name)) for f in fields(environment)}


def variable_of(field_name: str) -> str:
    """The environment variable of a field of Environment."""
    if field_name == "region":
        return "AWS_REGION"
    return "SAGEBUILD_ENVIRONMENT" if field_name == "name" else f"SAGEBUILD_{field_name.upper()}"
