"""Render a state machine's template exactly as Terraform's `templatefile` does.

Only `${lower_snake}` is a placeholder; `$.path`, `$$.Execution.Id` and `States.Format('{}')` stay as they are.
(`string.Template` would turn `$$.` into `$.`.) `tests/orchestration/test_machines.py` compares with Terraform itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

PLACEHOLDER = re.compile(r"\$\{([a-z][a-z0-9_]*)\}")
BUILD_MACHINE = Path(__file__).parent / "build.asl.json"


def placeholders(template: str) -> frozenset[str]:
    """The names that the template needs."""
    return frozenset(PLACEHOLDER.findall(template))


def render(template: str, values: Mapping[str, str]) -> str:
    """The definition, valid JSON.

    Raises ValueError naming the placeholders without a value, the values without a placeholder, or a Terraform
    directive (`%{`), which this renderer does not know.
    """
    needed = placeholders(template)
    if missing := sorted(needed - values.keys()):
        raise ValueError(f"the template needs a value for {', '.join(missing)}")
    if unknown := sorted(values.keys() - needed):
        raise ValueError(f"the template has no placeholder {', '.join(unknown)}")
    if "%{" in template or "$${" in template:
        raise ValueError(
            "the template holds a Terraform directive or escape; only ${lower_snake} placeholders may be used"
        )
    definition = PLACEHOLDER.sub(lambda match: values[match[1]], template)
    json.loads(definition)
    return definition
