"""The pipeline's house on the session's engine."""

from __future__ import annotations

import pytest

from orchestration.wiring import LocalSession
from tests.end_to_end.pipeline_house import House


@pytest.fixture(scope="module")
def house(engine: LocalSession) -> House:
    """With the settings of its services saved."""
    return House(engine)
