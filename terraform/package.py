"""Stage the Lambdas' zips: `python terraform/package.py [FUNCTION ...]` writes build/<function>.zip and a manifest.

Reads `orchestration/functions/functions.json` and, where there is one, `bot/functions.json`: each zip holds the row's
folders and the locked requirements of its extra, as wheels for the Lambdas' processor and Python, whatever machine this
is. Entries are sorted and have fixed dates and modes, so an unchanged function gives the same bytes and Terraform plans
no change. Terraform only reads build/; it does not build.

Byte code is made by a Python of the runtime's own minor version, where there is one: a Lambda's folder is read-only, so
what is not compiled here is compiled again at every cold start. Standard library only.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TABLES = tuple(ROOT / path for path in ("orchestration/functions/functions.json", "bot/functions.json"))
BUILD = ROOT / "build"
MANIFEST = "manifest.json"
# Never in a Lambda: local mode and its engine, the terminal, what trains.
LEFT_OUT = tuple(
    Path(name) for name in ("bot/cli.py", "bot/console", "models/gp", "models/keras_net", "orchestration/local")
)
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip can hold
MODE = 0o644 << 16
PIP_TIMEOUT_S = 600
# Ours: what is downloaded at a cold start. Lambda's own limit is 250 MB unpacked.
MAX_ZIP_BYTES = 15_000_000
MAX_ZIP_BYTES_OF = {"slack-pictures": 55_000_000}  # by extra: matplotlib and NumPy
RUNTIMES = ("python3.12", "python3.13")
ARCHITECTURES = {"arm64": "aarch64", "x86_64": "x86_64"}
GLIBC_MINORS = range(17, 35)  # Amazon Linux 2023, which both runtimes run on, has glibc 2.34
CLIENT = re.compile(r'[cC]lients\("([a-z0-9-]+)"\)')


@dataclass(frozen=True)
class Target:
    """What the Lambdas run on. python: an interpreter of that version on this machine, "" for none."""

    runtime: str
    architecture: str
    python: str

    @property
    def version(self) -> str:
        return self.runtime.removeprefix("python")


def main(arguments: list[str]) -> int:
    given = _parser().parse_args(arguments)
    table = function_table()
    if unknown := [name for name in given.functions if name not in table]:
        sys.stderr.write(f"There is no function {unknown[0]!r}; there are {', '.join(table)}.\n")
        return 2
    target = Target(given.runtime, given.architecture, find_python(given.runtime))
    if given.functions and (other := _staged_for(given.out)) not in (None, (target.runtime, target.architecture)):
        sys.stderr.write(f"The zips in {given.out} are for {' on '.join(other or ())}: stage all of them anew.\n")
        return 2
    if not target.python:
        sys.stderr.write(
            f"There is no {target.runtime} here: the zips hold no byte code, so cold starts take longer.\n"
        )
    given.out.mkdir(parents=True, exist_ok=True)
    staged: dict[tuple[str, ...], Path] = {}
    for name in given.functions or list(table):
        row = table[name]
        contents = (*row["folders"], row["extra"])
        archive = given.out / f"{name}.zip"
        if contents in staged:
            shutil.copyfile(staged[contents], archive)
        else:
            _stage(row["folders"], row["extra"], target, archive)
            staged[contents] = archive
        size = archive.stat().st_size
        sys.stdout.write(f"{archive.name}  {size / 1e6:.1f} MB\n")
        if size > (most := max_zip_bytes(row["extra"])):
            sys.stderr.write(f"{archive.name} has {size:,} bytes; {most:,} are allowed (terraform/package.py).\n")
            return 1
    _write_manifest(given.out, target, list(table))
    return 0


def function_table() -> dict[str, dict[str, Any]]:
    """Every function's row, by name."""
    return {name: row for path in TABLES if path.exists() for name, row in json.loads(path.read_text()).items()}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Stage the Lambdas' zips.")
    parser.add_argument("functions", nargs="*", metavar="FUNCTION", help="those alone; all of them without")
    parser.add_argument("--runtime", choices=RUNTIMES, default=RUNTIMES[0], help="as the variable lambda_runtime")
    parser.add_argument("--architecture", choices=ARCHITECTURES, default="arm64", help="as lambda_architecture")
    parser.add_argument("--out", type=Path, default=BUILD, help="the folder for the zips")
    return parser


def find_python(runtime: str) -> str:
    """An interpreter of the runtime's minor version: on the PATH, or among pyenv's and uv's; "" when there is none."""
    homes = [
        Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions",
        Path(os.environ.get("UV_PYTHON_INSTALL_DIR", Path.home() / ".local" / "share" / "uv" / "python")),
    ]
    candidates = [runtime, *(str(path) for home in homes for path in sorted(home.glob(f"*/bin/{runtime}")))]
    ask = "import sys; print('python%d.%d' % sys.version_info[:2])"
    for candidate in candidates:
        try:
            said = subprocess.run([candidate, "-c", ask], capture_output=True, text=True, timeout=30, check=False)
        except OSError:
            continue
        if said.stdout.strip() == runtime:  # pyenv's command of that name may not lead to one
            return candidate
    return ""


def max_zip_bytes(extra: str) -> int:
    """How large the zip of functions with that extra may be."""
    return MAX_ZIP_BYTES_OF.get(extra, MAX_ZIP_BYTES)


def this_architecture() -> str:
    """This machine's processor by Lambda's name; zips for it can be tried here."""
    return "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"


def _stage(folders: list[str], extra: str, target: Target, archive: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        stage = Path(name)
        _install(extra, target, stage)
        for folder in folders:
            _copy(folder, stage)
        _drop_unused_services(stage, folders)
        _compile(stage, target)
        _zip(stage, archive)


def _install(extra: str, target: Target, stage: Path) -> None:
    machine = ARCHITECTURES[target.architecture]
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in GLIBC_MINORS] + [f"manylinux2014_{machine}"]
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"),
            *("--implementation", "cp", "--python-version", target.version, "--only-binary", ":all:"),
            *(word for platform in platforms for word in ("--platform", platform)),
            *("--require-hashes", "--no-deps", "--target", str(stage)),
            *("-r", str(ROOT / "requirements" / f"{extra}.txt")),
        ],
        check=True,
        timeout=PIP_TIMEOUT_S,
    )
    # Console scripts name this machine's interpreter, and a Lambda calls none; nor does it test or type-check.
    for path in [stage / "bin", *stage.rglob("tests")]:
        shutil.rmtree(path, ignore_errors=True)
    for path in stage.rglob("*.pyi"):
        path.unlink()


def _copy(folder: str, stage: Path) -> None:
    for path in sorted((ROOT / folder).rglob("*")):
        relative = path.relative_to(ROOT)
        skipped = "__pycache__" in relative.parts or any(relative.is_relative_to(out) for out in LEFT_OUT)
        if path.is_file() and not skipped:
            (stage / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, stage / relative)


def _drop_unused_services(stage: Path, folders: list[str]) -> None:
    """botocore describes four hundred services in 15 MB; the code makes clients of a few, by name."""
    used = {
        name
        for folder in folders
        for path in (stage / folder).rglob("*.py")
        for name in CLIENT.findall(path.read_text())
    }
    for path in (stage / "botocore" / "data").glob("*/"):
        if path.name not in used:
            shutil.rmtree(path)


def _compile(stage: Path, target: Target) -> None:
    if not target.python:
        return
    subprocess.run(
        [
            *(target.python, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"),
            # Files are named as they will be: no path of this machine, the same bytes wherever it is staged.
            *("-s", str(stage), "-p", "/var/task", str(stage)),
        ],
        check=True,
        timeout=PIP_TIMEOUT_S,
        env={**os.environ, "PYTHONHASHSEED": "0"},  # sets among constants are written in their order
    )


def _zip(stage: Path, archive: Path) -> None:
    partial = archive.with_suffix(".partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as file:
        for path in sorted(stage.rglob("*")):
            # pip's RECORD lists the scripts that were removed, in an order of its own; nothing reads it in a Lambda.
            if path.is_file() and path.name != "RECORD":
                entry = zipfile.ZipInfo(path.relative_to(stage).as_posix(), EPOCH)
                entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, MODE
                file.writestr(entry, path.read_bytes())
    partial.replace(archive)


def _staged_for(folder: Path) -> tuple[str, str] | None:
    """Runtime and architecture of the zips that are there."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
    except FileNotFoundError:
        return None
    return manifest["runtime"], manifest["architecture"]


def _write_manifest(folder: Path, target: Target, names: list[str]) -> None:
    """What the zips were staged for, which Terraform compares with what it deploys."""
    document = {
        "runtime": target.runtime,
        "architecture": target.architecture,
        "byte_code": bool(target.python),
        "functions": dict(_digests(folder, names)),
    }
    partial = folder / f"{MANIFEST}.partial"
    partial.write_text(json.dumps(document, indent=2) + "\n")
    partial.replace(folder / MANIFEST)


def _digests(folder: Path, names: list[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        archive = folder / f"{name}.zip"
        if archive.exists():
            yield name, hashlib.sha256(archive.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
