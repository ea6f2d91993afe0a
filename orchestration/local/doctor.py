"""What `sagebuild doctor` shows of local mode: where the state is, who runs on it, how large it is, and what would go.

Only looks: it starts no engine and changes nothing.
"""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from orchestration.builds import Json
from orchestration.local import client
from orchestration.local.housekeeping import Survey, survey
from orchestration.local.options import FILE, read_options
from orchestration.ports import Unavailable


@dataclass(frozen=True)
class Report:
    """What was found. engine: its process id, None when none runs; running: builds; free_bytes: of the disk."""

    state_dir: Path
    engine: int | None
    running: int
    survey: Survey
    free_bytes: int

    def to_json(self) -> dict[str, Json]:
        """For programs; sizes in bytes."""
        gone = self.survey.superfluous()
        return {
            "state_dir": str(self.state_dir),
            "engine": self.engine,
            "running": self.running,
            "settings": dict(asdict(self.survey.options)),
            "sizes": dict(self.survey.sizes),
            "free": self.free_bytes,
            "kept": dict(Counter(job.kept for job in self.survey.jobs if job.kept)),
            "superfluous": {"jobs": [job.name for job in gone], "size": sum(job.size_bytes for job in gone)},
            "given_up_events": [
                {"function": function, "at": at, "reason": reason} for function, at, reason in self.survey.given_up
            ],
        }

    def lines(self) -> list[str]:
        """For people."""
        options, gone = self.survey.options, self.survey.superfluous()
        running = f"runs as process {self.engine}, with {_count(self.running, 'running build')}"
        lines = [
            f"State folder      {self.state_dir} ({_size(self.free_bytes)} free)",
            f"Engine            {running if self.engine is not None else 'is not running'}",
            *(f"{area.capitalize():<18}{_size(size)}" for area, size in self.survey.sizes.items()),
            f"Settings ({FILE})  max_parallel_jobs {options.max_parallel_jobs or 'by the processors, at least 3'}, "
            f"kept_builds {options.kept_builds}",
        ]
        reasons = Counter(job.kept for job in self.survey.jobs if job.kept)
        lines += [f"Working files of {_count(count, 'job')} stay: {reason}." for reason, count in reasons.most_common()]
        size = sum(job.size_bytes for job in gone)
        lines.append(
            f"Working files of {_count(len(gone), 'job')} would go ({_size(size)}): their builds are old ones."
        )
        for function, at, reason in self.survey.given_up:
            when = f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
            lines.append(f"An event for {function} was given up at {when}: {reason[:200]}")
        return lines


def examine(state_dir: Path) -> Report:
    """Look at a state folder, which need not exist. Raises BadOptions."""
    found = client.named(state_dir) if state_dir.is_dir() else None
    try:
        running = 0 if found is None else int(found.ask("GET", "/_engine/health")["running"])
    except Unavailable:
        running = 0  # it is starting or ending
    looked = survey(state_dir, read_options(state_dir), with_sizes=True)
    disk = next(folder for folder in (state_dir, *state_dir.parents) if folder.is_dir())
    return Report(
        state_dir, None if found is None else found.process.pid, running, looked, shutil.disk_usage(disk).free
    )


def _size(size_bytes: int) -> str:
    value, units = float(size_bytes), ["bytes", "kB", "MB", "GB"]
    while value >= 1000 and len(units) > 1:
        value, units = value / 1000, units[1:]
    return f"{value:.3g} {units[0]}" if value < 1000 else f"{value:.0f} {units[0]}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
