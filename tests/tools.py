"""External tools of tests: skipped with a word where absent, required where SAGEBUILD_REQUIRE names them."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest


def tool(name: str) -> str:
    """The tool's path; the test is skipped without it, and fails where SAGEBUILD_REQUIRE names it."""
    # Some come as wheels, whose programs lie beside this Python and not on the PATH of who did not activate it.
    path = shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))
    if path is not None:
        return path
    if name in os.environ.get("SAGEBUILD_REQUIRE", "").split(","):
        pytest.fail(f"SAGEBUILD_REQUIRE names {name}, but it is not on the PATH")
    pytest.skip(f"{name} is not on the PATH")
