"""The image's programs: those that the catalogue says, and a word where one cannot run."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from containers.common.program import main
from containers.gp_image.__main__ import VERBS as GP_VERBS
from containers.keras_image.__main__ import VERBS
from models.catalog import GP, KERAS


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("SAGEBUILD_CONTAINER_ROOT", str(tmp_path))
    before = signal.getsignal(signal.SIGTERM)
    yield tmp_path
    signal.signal(signal.SIGTERM, before)


def test_both_images_run_what_the_catalogue_says() -> None:
    assert tuple(GP_VERBS) == GP.programs
    assert tuple(VERBS) == KERAS.programs


def test_the_image_that_only_serves_says_so_when_asked_to_train(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    assert main(VERBS, argv=["train"]) == 1
    expected = (
        "There is no TensorFlow here, as in the image that was built with --target serve; train in the full image.\n"
    )
    assert (root / "output" / "failure").read_text() == expected
