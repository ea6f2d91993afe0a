"""The import contracts catch what they are there for: checked on a copy of the tree with one wrong thing in it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINT = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for package in ("bot", "orchestration", "models", "containers"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    return tmp_path


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(tree)!r}); {LINT}", "--no-cache"],
        cwd=tree,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def add_import(module: str, line: str) -> Callable[[Path], None]:
    def change(tree: Path) -> None:
        path = tree / module
        path.write_text(path.read_text() + f"\n{line}\n")

    return change


def add_package(name: str) -> Callable[[Path], None]:
    def change(tree: Path) -> None:
        (tree / name).mkdir()
        (tree / name / "__init__.py").write_text('"""New."""\n')

    return change


def test_the_tree_as_it_is_keeps_them(tree: Path) -> None:
    result = lint(tree)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    "change",
    [
        add_import("bot/handlers/registry.py", "import boto3"),
        add_import("bot/handlers/registry.py", "import orchestration.wiring"),
        add_import("orchestration/steps/record.py", "import orchestration.aws.builds"),
        add_import("models/catalog.py", "import numpy"),
        add_import("containers/common/paths.py", "import orchestration.builds"),
        add_import("orchestration/aws/builds.py", "import moto"),
        add_package("bot/teams"),
        add_package("orchestration/azure"),
        add_package("orchestration/local/extras"),
        add_package("models/forest"),
        add_package("containers/forest_image"),
    ],
    ids=[
        "boto3 in a handler",
        "adapters behind a handler's back",
        "an adapter in a step",
        "numpy in the catalogue",
        "a container that knows builds",
        "moto outside the adapter",
        "a new package in bot",
        "a new package in orchestration",
        "a new package in the engine",
        "a new package in models",
        "a new package in containers",
    ],
)
def test_what_breaks_a_wall_is_caught(tree: Path, change: Callable[[Path], None]) -> None:
    change(tree)
    result = lint(tree)
    assert result.returncode == 1
    assert "BROKEN" in result.stdout or "not listed" in result.stdout.lower(), result.stdout
