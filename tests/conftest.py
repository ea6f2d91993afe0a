"""A clean environment around every test, and one local engine that the session's tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.wiring import LocalSession, close_local, open_local

FOREIGN = ("AWS_", "BOTO_", "SAGEBUILD_", "SLACK_", "MOTO_")
KEPT = ("SAGEBUILD_REQUIRE",)


@pytest.fixture(scope="session", autouse=True)
def clean_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No variable and no home folder of the machine reaches a test; a decoy profile lies where one is looked for."""
    home = tmp_path_factory.mktemp("home")
    (home / ".aws").mkdir()
    (home / ".aws" / "config").write_text("[default]\nregion = eu-north-1\nendpoint_url = http://192.0.2.1:1\n")
    (home / ".aws" / "credentials").write_text("[default]\naws_access_key_id = DECOY\naws_secret_access_key = decoy\n")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(FOREIGN) and name not in KEPT:
                patch.delenv(name)
        patch.setenv("HOME", str(home))
        patch.setenv("NO_COLOR", "1")
        yield


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSession]:
    """A local engine on a folder of its own; builds of earlier tests stay in it."""
    folder: Path = tmp_path_factory.mktemp("engine")
    with open_local(folder, "tester") as session:
        yield session
    close_local(folder)
