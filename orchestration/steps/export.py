"""Every build as a table: what was tried, with what, and what came of it, for a spreadsheet or a data frame."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import TextIO

from orchestration.builds import Build
from orchestration.ports import Ports

PAGE = 100
FIXED = (
    "number", "kind", "model", "dataset", "dataset_version", "status", "requester", "created_at", "updated_at",
    "seconds", "source", "verdict", "error",
)  # fmt: skip


def export_builds(target: TextIO, ports: Ports) -> int:
    """Write all builds as CSV, oldest first, a column each hyperparameter ("hp:q") and metric; how many they were."""
    builds = sorted(_all(ports), key=lambda build: build.number)
    hyperparameters = sorted({name for build in builds for name in build.hyperparameters})
    metrics = sorted({name for build in builds for name in build.metrics})
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow([*FIXED, *(f"hp:{name}" for name in hyperparameters), *metrics])
    for build in builds:
        values = [build.hyperparameters.get(name, "") for name in hyperparameters]
        measured = [build.metrics.get(name, "") for name in metrics]
        writer.writerow([*(_harmless(cell) for cell in (*_fixed(build), *values)), *measured])
    return len(builds)


def _all(ports: Ports) -> Iterator[Build]:
    before: int | None = None
    while page := ports.builds.latest(PAGE, before=before):
        yield from page
        before = page[-1].number


def _fixed(build: Build) -> tuple[object, ...]:
    return (
        build.number,
        build.kind,
        build.service.model,
        build.service.dataset,
        build.dataset_version,
        build.status,
        build.requester.name,
        build.created_at.isoformat(),
        build.updated_at.isoformat(),
        (build.updated_at - build.created_at).total_seconds(),
        build.source or "",
        build.verdict.get("reason", ""),
        build.error,
    )


def _harmless(cell: object) -> object:
    """Text that a spreadsheet would take for a formula is marked as text (OWASP, CSV injection)."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
