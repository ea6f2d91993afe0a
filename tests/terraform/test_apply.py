"""The applied environment: nothing left to change, and each thing is told where the others are."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.terraform.deployment import Deployment

# What moto cannot be brought to tell as it was told: address to the reason. Nothing is left of it.
DRIFTING: dict[str, str] = {}


def test_a_second_plan_changes_nothing(deployment: Deployment) -> None:
    changed = {
        change["address"]: change["change"]
        for change in deployment.second_plan["resource_changes"]
        if change["change"]["actions"] not in (["no-op"], ["read"])
    }
    assert changed.keys() == DRIFTING.keys(), json.dumps(changed, indent=1)[:3000]
