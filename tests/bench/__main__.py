"""`make bench`: every `bench_*.py` here, as one table on the terminal and in bench.json.

Usage: python -m tests.bench [NAME ...], a name being what follows `bench_`.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
import time
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.row import Row

FOLDER = Path(__file__).parent
RESULT = Path("bench.json")


def main(names: list[str]) -> int:
    there = sorted(path.stem.removeprefix("bench_") for path in FOLDER.glob("bench_*.py"))
    if unknown := [name for name in names if name not in there]:
        sys.stderr.write(f"There is no benchmark {unknown[0]!r}; there are {', '.join(there)}.\n")
        return 2
    console = Console()
    rows: list[Row] = []
    for name in names or there:
        started = time.monotonic()
        console.print(f"{name} ...", style="dim")
        rows += importlib.import_module(f"tests.bench.bench_{name}").rows()
        console.print(f"{name}: {time.monotonic() - started:.0f} s", style="dim")
    machine = {"python": platform.python_version(), "machine": platform.machine(), "processors": os.cpu_count()}
    RESULT.write_text(json.dumps({"machine": machine, "rows": [asdict(row) for row in rows]}, indent=1) + "\n")
    console.print(_table(rows))
    return 1 if any(row.ok is False for row in rows) else 0


def _table(rows: list[Row]) -> Table:
    table = Table("what", "measured", "budget", "")
    for row in rows:
        verdict = {True: "ok", False: "MISSED", None: ""}[row.ok]
        table.add_row(row.name, f"{row.value:.4g} {row.unit}", row.budget, verdict)
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
