"""The Lambdas' zips: how large they are, and how long a cold start imports, with byte code as on AWS."""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from terraform import package
from tests.bench.row import Row

RUNS = 7
RUNTIME = package.RUNTIMES[0]
IMPORT = """
import importlib, sys, time
sys.path.append(sys.argv[1])
started = time.perf_counter()
importlib.import_module(sys.argv[2])
print(time.perf_counter() - started)
"""


def rows() -> list[Row]:
    """A row of each content: the other functions' zips are the same."""
    table = package.function_table()
    contents = {(*row["folders"], row["extra"]): name for name, row in table.items()}
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["--runtime", RUNTIME, "--architecture", package.this_architecture(), "--out", folder]
        if package.main([*arguments, *contents.values()]) != 0:
            raise RuntimeError("the zips cannot be staged here")
        return [row for name in contents.values() for row in _measured(name, table[name], Path(folder))]


def _measured(name: str, row: dict[str, Any], folder: Path) -> list[Row]:
    archive = folder / f"{name}.zip"
    size, most = archive.stat().st_size / 1e6, package.max_zip_bytes(row["extra"]) / 1e6
    found = [Row(f"zip of {name}", size, "MB", f"<= {most:g} MB", size <= most)]
    python = package.find_python(RUNTIME)
    if not python:
        return found
    stage = folder / name
    with zipfile.ZipFile(archive) as files:
        files.extractall(stage)
    whole = _import_s(python, stage, row["handler"].rpartition(".")[0])
    return [*found, Row(f"import of {name}", whole * 1e3, "ms")]


def _import_s(python: str, stage: Path, module: str) -> float:
    """Seconds, the median; the first run, which reads the disk, does not count."""
    command = [python, "-I", "-B", "-c", IMPORT, str(stage), module]
    times = [
        float(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout) for _ in range(RUNS + 1)
    ]
    return statistics.median(times[1:])
