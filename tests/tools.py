"""External tools of tests: skipped with a word where absent, required where SAGEBUILD_REQUIRE names them."""

from __future__ import annotations

import os
import shutil

import pytest


def tool(name: str) -> str:
    """The tool's path; the test is skipped without it, and fails where SAGEBUILD_REQUIRE names it."""
    path = shutil.which(name)
    if path is not None:
        return path
    if name in os.environ.get("SAGEBUILD_REQUIRE", "").split(","):
        pytest.fail(f"SAGEBUILD_REQUIRE names {name}, but it is not on the PATH")
    pytest.skip(f"{name} is not on the PATH")
