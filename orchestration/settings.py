"""Typed settings: what a build is run with (`BuildSettings`), and how a process is told where things are.

Effective build settings are defaults < the environment's stored document < the document's entry for the service (under
"services") < the overrides of a sentence or message. The document is versioned by SCHEMA_VERSION: a newer one is
refused, an older one is migrated here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from types import MappingProxyType
from typing import Any

from orchestration.builds import Environment, Json
from orchestration.ports import BadSettings

SCHEMA_VERSION = 1

MAX_TRAINING_TIMEOUT_S = 28 * 24 * 3600  # CreateTrainingJob: MaxRuntimeInSeconds, 28 days
MEMORY_MB = tuple(range(1024, 6145, 1024))  # ServerlessConfig: MemorySizeInMB
INSTANCE_TYPE = re.compile(r"ml\.[a-z0-9-]{1,20}\.[a-z0-9-]{1,20}")
STRATEGIES = ("Bayesian", "Random", "Grid", "Hyperband")  # CreateHyperParameterTuningJob


@dataclass(frozen=True)
class BuildSettings:
    """What one build is run with.

    spot: train on spot instances; spot_wait_s: what may be waited for one beyond the training's own time.
    tune_only: end TUNED, without evaluation. retrain_after_tuning: train once more with the best hyperparameters.
    gate_threshold: what the objective metric may be at worst (null: none); gate_margin: by which share of the
    champion's metric a candidate may be worse on the same rows. endpoint_max_count: autoscaling's upper end (0: none).
    prices: US dollars an hour by instance type, as of prices_date. images: model to image URI, by digest.
    """

    default_model: str = "gp"
    default_dataset: str = "toy"
    build_image: bool = False
    training_instance_type: str = "ml.m5.large"
    training_instance_count: int = 1
    training_volume_gb: int = 10
    training_timeout_s: int = 4 * 3600
    spot: bool = False
    spot_wait_s: int = 2 * 3600
    processing_instance_type: str = "ml.m5.large"
    processing_timeout_s: int = 3600
    tuning_jobs: int = 10
    tuning_parallel_jobs: int = 2
    tuning_strategy: str = "Bayesian"
    tuning_timeout_s: int = 24 * 3600
    tune_only: bool = False
    retrain_after_tuning: bool = False
    evaluate: bool = True
    gate_threshold: float | None = None
    gate_margin: float = 0.02
    register: bool = True
    approval_required: bool = False
    approval_timeout_s: int = 7 * 24 * 3600
    two_person_approval: bool = True
    deploy_after_training: bool = True
    lease_wait_s: int = 4 * 3600
    endpoint_instance_type: str = "ml.m5.large"
    endpoint_instance_count: int = 1
    endpoint_timeout_s: int = 1800
    endpoint_max_count: int = 0
    endpoint_invocations_per_instance: int = 1000
    endpoint_serverless: bool = False
    endpoint_memory_mb: int = 2048
    endpoint_max_concurrency: int = 5
    endpoints_kept: int = 5
    endpoint_idle_s: int = 14 * 24 * 3600
    daily_spending_limit_usd: float | None = None
    confirm_above_usd: float | None = None
    prices_date: str = ""
    prices: Mapping[str, float] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    models: tuple[Mapping[str, Json], ...] = ()
    deploy_freeze: Mapping[str, Json] = field(default_factory=dict)

    def to_json(self) -> dict[str, Json]:
        """The settings as a record keeps them: without what belongs to the environment alone."""
        document = asdict(self)
        for name in ("models", "prices", "deploy_freeze"):
            del document[name]
        return document


# Inclusive bounds of the numbers, by field; the unit is in the field's name.
BOUNDS: Mapping[str, tuple[float, float]] = MappingProxyType({
    "training_instance_count": (1, 20),
    "training_volume_gb": (1, 16_384),
    "training_timeout_s": (60, MAX_TRAINING_TIMEOUT_S),
    "spot_wait_s": (1, MAX_TRAINING_TIMEOUT_S),
    "processing_timeout_s": (60, 5 * 24 * 3600),
    "tuning_jobs": (1, 750),
    "tuning_parallel_jobs": (1, 100),
    "tuning_timeout_s": (60, 30 * 24 * 3600),
    "gate_margin": (0.0, 10.0),
    "approval_timeout_s": (10, 30 * 24 * 3600),
    "lease_wait_s": (60, 24 * 3600),
    "endpoint_instance_count": (1, 20),
    "endpoint_timeout_s": (30, 4 * 3600),
    "endpoint_max_count": (0, 100),
    "endpoint_invocations_per_instance": (1, 1_000_000),
    "endpoint_memory_mb": (1024, 6144),
    "endpoint_max_concurrency": (1, 200),
    "endpoints_kept": (1, 1000),
    "endpoint_idle_s": (3600, 365 * 24 * 3600),
    "daily_spending_limit_usd": (0.0, 1e6),
    "confirm_above_usd": (0.0, 1e6),
})  # fmt: skip
CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType({"tuning_strategy": STRATEGIES})

# What only the environment's document sets: a request may not lift the gate, the approval or a limit on itself.
DOCUMENT_ONLY = frozenset({
    "gate_threshold", "gate_margin", "evaluate", "register", "approval_required", "approval_timeout_s",
    "two_person_approval", "endpoints_kept", "endpoint_idle_s", "daily_spending_limit_usd", "confirm_above_usd",
    "prices", "prices_date", "images", "models", "deploy_freeze", "default_model", "default_dataset",
})  # fmt: skip
_MAPPINGS = frozenset({"prices", "images", "deploy_freeze"})
SERVICES = "services"  # of the document: service key to the settings that differ there


def effective(stored: Mapping[str, Json], overrides: Mapping[str, Json], service: str = "") -> BuildSettings:
    """Defaults < stored document < its entry for that service ("<model>/<dataset>") < overrides.

    Raises BadSettings, naming the setting and what is allowed: unknown, of another type, out of bounds, contradicting
    another, or an override of what only the document may set.
    """
    if forbidden := sorted(DOCUMENT_ONLY & overrides.keys()):
        raise BadSettings(
            f"{forbidden[0]} belongs to the environment: change it with 'set {forbidden[0]} to ...', not for one build."
        )
    own = _own(stored, service)
    document = {name: value for name, value in stored.items() if name not in ("schema_version", SERVICES)}
    merged: dict[str, Any] = {**document, **own, **overrides}
    for name, value in merged.items():
        check_setting(name, value)
    models = merged.pop("models", ())
    settings = BuildSettings(**merged, models=tuple(models))
    _check_together(settings)
    return settings


def _own(stored: Mapping[str, Json], service: str) -> Mapping[str, Json]:
    version = stored.get("schema_version", SCHEMA_VERSION)
    if version != SCHEMA_VERSION:
        raise BadSettings(
            f"The settings document has schema version {version}; this SageBuild reads version {SCHEMA_VERSION}."
        )
    services = stored.get(SERVICES, {})
    own = services.get(service, {}) if isinstance(services, dict) else None
    if not isinstance(own, dict):
        raise BadSettings(f"The setting {SERVICES} must be an object: '<model>/<dataset>' to the settings that differ.")
    return own


def check_setting(name: str, value: Json) -> None:
    """Raises BadSettings unless there is such a setting and the value may be its."""
    known = {f.name: f.default for f in fields(BuildSettings)}
    if name not in known:
        raise BadSettings(f"There is no setting {name!r}; there are {', '.join(known)}.")
    if name in _MAPPINGS or name == "models":
        if not isinstance(value, list if name == "models" else dict):
            raise BadSettings(f"{name} is {value!r}, but must be a JSON {'list' if name == 'models' else 'object'}.")
        return
    _check_type(name, value, known[name])
    if name in BOUNDS and isinstance(value, (int, float)):
        low, high = BOUNDS[name]
        if not low <= value <= high:
            raise BadSettings(f"{name} is {value}, but must be from {low} to {high}.")
    if name == "endpoint_memory_mb" and value not in MEMORY_MB:
        raise BadSettings(f"{name} is {value}, but must be one of {', '.join(map(str, MEMORY_MB))}.")
    if name.endswith("_instance_type") and not INSTANCE_TYPE.fullmatch(str(value)):
        raise BadSettings(f"{name} is {value!r}, but must be a SageMaker instance type such as ml.m5.large.")
    if name in CHOICES and value not in CHOICES[name]:
        raise BadSettings(f"{name} is {value!r}, but must be one of {', '.join(CHOICES[name])}.")


def _check_type(name: str, value: Json, default: object) -> None:
    if default is None or type(default) is float:
        allowed = isinstance(value, (int, float)) and not isinstance(value, bool) or (default is None and value is None)
        wanted = "a number or null" if default is None else "a number"
    else:
        allowed = type(value) is type(default)
        wanted = {bool: "yes or no", int: "a whole number"}.get(type(default), "text")
    if not allowed:
        raise BadSettings(f"{name} is {value!r}, but must be {wanted}.")


def _check_together(settings: BuildSettings) -> None:
    """What each setting alone cannot show."""
    if settings.spot and settings.training_timeout_s + settings.spot_wait_s > MAX_TRAINING_TIMEOUT_S:
        raise BadSettings(
            f"training_timeout_s and spot_wait_s together are {settings.training_timeout_s + settings.spot_wait_s}; "
            f"a job may take {MAX_TRAINING_TIMEOUT_S} seconds (28 days) with its waiting."
        )
    if settings.tuning_parallel_jobs > settings.tuning_jobs:
        raise BadSettings(
            f"tuning_parallel_jobs is {settings.tuning_parallel_jobs}, more than the {settings.tuning_jobs} jobs."
        )
    if 0 < settings.endpoint_max_count < settings.endpoint_instance_count:
        raise BadSettings(
            f"endpoint_max_count is {settings.endpoint_max_count}, less than the "
            f"{settings.endpoint_instance_count} instances to begin with; 0 turns autoscaling off."
        )


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
