"""The house's rules that no other tool checks: sizes, the single writer, READMEs, no path of a machine."""

from __future__ import annotations

import ast
import re
import subprocess
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("bot", "orchestration", "models", "containers")
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 40
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_files_and_functions_are_short(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= MAX_FILE_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            lines = node.end_lineno - node.lineno + 1
            assert lines <= MAX_FUNCTION_LINES, f"{node.name} has {lines} lines"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_every_module_says_what_is_here(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


def test_only_record_writes_a_status() -> None:
    """`Builds.apply` has one caller: every status change goes through one function."""
    callers = [name_of(path) for path in SOURCES if re.search(r"builds\.apply\(", path.read_text())]
    assert callers == ["orchestration/steps/record.py"]


def test_packages_that_must_be_light_hold_a_docstring_only() -> None:
    for package in ("models", "containers"):
        body = ast.parse((ROOT / package / "__init__.py").read_text()).body
        assert len(body) == 1
        assert isinstance(body[0], ast.Expr)


def test_no_distribution_provides_our_package_names() -> None:
    provided = packages_distributions()
    for package in PACKAGES:
        assert set(provided.get(package, [])) <= {"sagebuild"}


def test_no_dangerous_call() -> None:
    """No eval, no pickle: what comes from outside is parsed."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"eval", "exec"}, name_of(path)
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {alias.name for alias in node.names} | {getattr(node, "module", "")}
                assert not names & {"pickle", "cloudpickle", "joblib", "shelve", "marshal"}, name_of(path)


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout, so what is committed cannot be listed")
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_nothing_committed_names_a_machine_or_an_index() -> None:
    wrong = re.compile(r"(?m)^(--index-url|--extra-index-url|-i )|\"resolved\": *\"http|/home/[a-z]+/|/Users/[a-z]+/")
    for path in tracked_files():
        if path.suffix in {".txt", ".json", ".toml", ".py", ".md", ".yaml", ".sh", ".tf"} and path.is_file():
            found = wrong.search(path.read_text(errors="replace"))
            assert found is None or path == Path(__file__), f"{name_of(path)}: {found}"
