"""The Lambdas' zips: each imports its handler with nothing but itself, again and again the same, and small."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from terraform import package
from terraform.package import find_python, function_table

FUNCTIONS: dict[str, dict[str, Any]] = function_table()
MACHINE = package.this_architecture()
RUNTIME = "python3.12"
# A function for each content: the others' zips are copies. What is large takes long to stage.
CONTENTS = {(*row["folders"], row["extra"]): name for name, row in FUNCTIONS.items()}
LARGE = {name for name in CONTENTS.values() if FUNCTIONS[name]["extra"] in package.MAX_ZIP_BYTES_OF}
each_content = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in LARGE else name for name in CONTENTS.values()]
)
pytestmark = pytest.mark.timeout(420)  # pip asks an index, on a machine that others use too
IMPORT = """
import importlib, sys
sys.path[:] = [path for path in sys.path if "site-packages" not in path] + [sys.argv[1]]
module, _, name = sys.argv[2].rpartition(".")
assert callable(getattr(importlib.import_module(module), name))
if sys.argv[3]:
    from orchestration.wiring import aws_clients
    clients = aws_clients("eu-central-1")
    for service in sys.argv[3].split(","):
        clients(service)
foreign = [m.__file__ for m in sys.modules.values() if "site-packages" in (getattr(m, "__file__", None) or "")]
assert not foreign, foreign
"""


def extra_of(name: str) -> str:
    """What its zip installs."""
    return str(FUNCTIONS[name]["extra"])


def staged(folder: Path, *arguments: str) -> Mapping[str, Any]:
    """The manifest of what was staged there."""
    assert package.main(["--architecture", MACHINE, "--runtime", RUNTIME, "--out", str(folder), *arguments]) == 0
    manifest: Mapping[str, Any] = json.loads((folder / package.MANIFEST).read_text())
    return manifest


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Gives a function's zip for this machine's processor, staged once."""
    folder = tmp_path_factory.mktemp("zips")

    def zip_of(name: str) -> Path:
        archive = folder / f"{name}.zip"
        if not archive.exists():
            manifest = staged(folder, name)
            assert (manifest["runtime"], manifest["architecture"]) == (RUNTIME, MACHINE)
        return archive

    return zip_of


@pytest.mark.skipif(sys.platform != "linux", reason="a Lambda's wheels are for Linux")
@each_content
def test_a_zip_imports_its_handler_with_nothing_else(name: str, stage: Callable[[str], Path], tmp_path: Path) -> None:
    python = find_python(RUNTIME)
    if not python:
        pytest.skip(f"there is no {RUNTIME} on this machine")
    with zipfile.ZipFile(stage(name)) as archive:
        archive.extractall(tmp_path)
    used = {one for path in tmp_path.rglob("*.py") for one in package.CLIENT.findall(path.read_text(errors="replace"))}
    services = ",".join(used) if (tmp_path / "boto3").exists() else ""
    done = subprocess.run(
        [python, "-I", "-c", IMPORT, str(tmp_path), FUNCTIONS[name]["handler"], services],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_same_source_gives_the_same_bytes(stage: Callable[[str], Path], tmp_path: Path) -> None:
    """Of the function with the fewest requirements."""
    requirements = package.ROOT / "requirements"
    name = min(CONTENTS.values(), key=lambda one: (requirements / f"{extra_of(one)}.txt").stat().st_size)
    (digest,) = staged(tmp_path, name)["functions"].values()
    assert digest == hashlib.sha256(stage(name).read_bytes()).hexdigest()


@each_content
def test_a_zip_holds_what_its_function_needs_and_nothing_of_this_machine(
    name: str, stage: Callable[[str], Path]
) -> None:
    with zipfile.ZipFile(stage(name)) as archive:
        names = archive.namelist()
        here = str(package.ROOT).encode()
        assert [entry for entry in names if here in archive.read(entry)] == []
    unwanted = ("tests/", "orchestration/local/", "models/gp/", "bin/")
    assert [entry for entry in names if entry.startswith(unwanted) or "/tests/" in entry] == []
    if find_python(RUNTIME):
        assert "orchestration/__pycache__/wiring.cpython-312.pyc" in names
    services = {entry.split("/")[2] for entry in names if entry.startswith("botocore/data/") and entry.count("/") > 2}
    assert "ec2" not in services
    assert not services or "dynamodb" in services


def test_a_function_that_is_not_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert package.main(["--out", str(tmp_path), "no-such"]) == 2
    assert "There is no function 'no-such'" in capsys.readouterr().err


def test_zips_of_two_processors_are_not_mixed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / package.MANIFEST).write_text(json.dumps({"runtime": RUNTIME, "architecture": MACHINE}))
    other = "x86_64" if MACHINE == "arm64" else "arm64"
    assert package.main(["--architecture", other, "--out", str(tmp_path), "announce"]) == 2
    assert "stage all of them" in capsys.readouterr().err


def test_a_python_that_is_not_there_is_not_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path))
    assert find_python(RUNTIME) == ""
