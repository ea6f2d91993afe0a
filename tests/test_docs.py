"""What is documented exists, and what exists is documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    path for path in ROOT.rglob("*.md") if not set(path.relative_to(ROOT).parts) & {".venv", "build", "node_modules"}
]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_link_to_a_file_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#\s]+)[^)]*\)", path.read_text()):
        assert (path.parent / target).exists(), f"{name_of(path)} links to {target}"


@pytest.mark.parametrize("folder", ["bot", "orchestration", "models", "containers", "tests", "terraform"])
def test_every_top_level_folder_has_a_readme_of_a_page(folder: str) -> None:
    text = (ROOT / folder / "README.md").read_text()
    assert 3 < len(text.splitlines()) <= 80


@pytest.mark.parametrize("target", re.findall(r"`make ([a-z-]+)`", (ROOT / "README.md").read_text()))
def test_every_make_target_of_the_readme_exists(target: str) -> None:
    assert re.search(rf"(?m)^{target}:", (ROOT / "Makefile").read_text())


def test_the_readmes_map_names_folders_that_exist() -> None:
    text = (ROOT / "README.md").read_text()
    for folder in re.findall(r"(?m)^\| `([a-z_/]+)/?` \|", text):
        assert (ROOT / folder).exists(), folder


def test_the_changelog_has_an_unreleased_part() -> None:
    assert "## Unreleased" in (ROOT / "CHANGELOG.md").read_text()
