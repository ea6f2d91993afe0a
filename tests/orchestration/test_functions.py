"""functions.json, the one table of Lambdas: it agrees with the files, the handlers and the settings."""

from __future__ import annotations

import importlib
import json
from dataclasses import fields
from pathlib import Path

import pytest

from orchestration.builds import Environment
from orchestration.settings import variable_of

FOLDER = Path(importlib.import_module("orchestration.functions").__file__ or "").parent
TABLE = json.loads((FOLDER / "functions.json").read_text())


@pytest.mark.parametrize("name", TABLE)
def test_every_handler_imports_and_can_be_called(name: str) -> None:
    module, _, function = TABLE[name]["handler"].rpartition(".")
    assert callable(getattr(importlib.import_module(module), function))


def test_every_file_is_listed() -> None:
    files = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}
    assert files == {
        name.replace("-", "_") for name, row in TABLE.items() if row["handler"].startswith("orchestration.")
    }


@pytest.mark.parametrize("name", TABLE)
def test_environment_names_are_fields_of_the_settings(name: str) -> None:
    known = {variable_of(field.name) for field in fields(Environment)} - {"AWS_REGION"}
    assert set(TABLE[name]["environment"]) <= known
    assert "SAGEBUILD_ENVIRONMENT" in TABLE[name]["environment"]
