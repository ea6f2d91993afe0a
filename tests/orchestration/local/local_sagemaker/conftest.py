"""Fixture: a local SageMaker in a temporary folder (`house.py`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.orchestration.local.local_sagemaker.house import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Ends everything that a test started, however the test ends."""
    house = House(tmp_path)
    yield house
    house.clear()
