"""hyperparameters.json, read and parsed by the catalogue, before any work is done."""

from __future__ import annotations

import json

from containers.common.errors import ContractError
from containers.common.paths import Paths
from models.catalog import Model, Value

# Keys that SageMaker's tuner and SDK add to those of the request.
_PLATFORM_PREFIXES = ("_tuning", "sagemaker_")


def read_hyperparameters(paths: Paths, model: Model) -> dict[str, Value]:
    """Every hyperparameter of `model` by name, typed; defaults for those not given, and for all without a file.

    Raises ContractError when the file is not a JSON object of strings, models.catalog.BadHyperparameters naming every
    value that is unknown, unparsable or out of range.
    """
    try:
        text = paths.hyperparameters.read_text(encoding="utf-8")
    except FileNotFoundError:
        return model.parse({})
    try:
        given = json.loads(text)
    except ValueError as error:
        raise ContractError(f"hyperparameters.json is not JSON: {error}.") from None
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise ContractError("hyperparameters.json must be a JSON object whose values are all strings.")
    return model.parse({name: value for name, value in given.items() if not name.startswith(_PLATFORM_PREFIXES)})
