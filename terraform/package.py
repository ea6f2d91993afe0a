"""Stage the Lambdas' zips: `python terraform/package.py [FUNCTION ...]` writes build/<function>.zip.

Reads `orchestration/functions/functions.json`: each zip holds the row's folders and the locked requirements of its
extra, nothing else. Entries are sorted and have fixed dates and modes, so an unchanged function gives the same bytes
and Terraform plans no change. Terraform only reads build/; it does not build.

Standard library only. Byte code and wheels for another platform than this one are not made here yet.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "orchestration" / "functions" / "functions.json"
BUILD = ROOT / "build"
# Never in a Lambda: local mode and its engine.
LEFT_OUT = (Path("orchestration/local"), Path("models/gp"))
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip can hold
MODE = 0o644 << 16
PIP_TIMEOUT_S = 600


def main(names: list[str]) -> int:
    table = json.loads(TABLE.read_text())
    if unknown := [name for name in names if name not in table]:
        sys.stderr.write(f"There is no function {unknown[0]!r}; there are {', '.join(table)}.\n")
        return 2
    BUILD.mkdir(exist_ok=True)
    staged: dict[tuple[str, ...], Path] = {}
    for name in names or list(table):
        row = table[name]
        contents = (*row["folders"], row["extra"])
        target = BUILD / f"{name}.zip"
        if contents in staged:
            shutil.copyfile(staged[contents], target)
        else:
            _stage(row["folders"], row["extra"], target)
            staged[contents] = target
        sys.stdout.write(f"{target.relative_to(ROOT)}  {target.stat().st_size / 1e6:.1f} MB\n")
    return 0


def _stage(folders: list[str], extra: str, target: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        stage = Path(name)
        _install(extra, stage)
        for folder in folders:
            _copy(folder, stage)
        _zip(stage, target)


def _install(extra: str, stage: Path) -> None:
    requirements = ROOT / "requirements" / f"{extra}.txt"
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"),
            *("--require-hashes", "--no-deps", "--target", str(stage), "-r", str(requirements)),
        ],
        check=True,
        timeout=PIP_TIMEOUT_S,
    )
    # Console scripts name this machine's interpreter, and a Lambda calls none.
    shutil.rmtree(stage / "bin", ignore_errors=True)


def _copy(folder: str, stage: Path) -> None:
    for path in sorted((ROOT / folder).rglob("*")):
        relative = path.relative_to(ROOT)
        skipped = "__pycache__" in relative.parts or any(relative.is_relative_to(out) for out in LEFT_OUT)
        if path.is_file() and not skipped:
            (stage / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, stage / relative)


def _zip(stage: Path, target: Path) -> None:
    partial = target.with_suffix(".partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path in sorted(stage.rglob("*")):
            # pip's RECORD lists the scripts that were removed, in an order of its own; nothing reads it in a Lambda.
            if path.is_file() and path.name != "RECORD":
                entry = zipfile.ZipInfo(path.relative_to(stage).as_posix(), EPOCH)
                entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, MODE
                archive.writestr(entry, path.read_bytes())
    partial.replace(target)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
