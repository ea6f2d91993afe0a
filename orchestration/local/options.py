"""The engine's own settings, in `settings.json` of the state folder: what belongs to this machine and to no build.

    {"max_parallel_jobs": 3, "kept_builds": 20}

They are in the folder and not in a variable, so that every terminal's engine has the same. Read once, at the start.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from orchestration.local.files import StateFileError, read_json

FILE = "settings.json"
_BOUNDS = {"max_parallel_jobs": (1, 64), "kept_builds": (0, 100_000)}


class BadOptions(Exception):
    """The file cannot be used; the message says why, and what is allowed."""


@dataclass(frozen=True, slots=True)
class Options:
    """The settings.

    Attributes:
        max_parallel_jobs: how many training and processing containers run at once; None: as many as there are
            processors, and at least three. Each gets its share of the processors as threads, and at least one.
        kept_builds: of how many ended builds the jobs' folders are kept (`housekeeping.py`).
    """

    max_parallel_jobs: int | None = None
    kept_builds: int = 20


def read_options(state_dir: Path) -> Options:
    """The settings of a state folder; the defaults where it has none.

    Raises:
        BadOptions: the file is not JSON, or names something that there is not, or a value is not allowed.
    """
    path = state_dir / FILE
    try:
        given = read_json(path) or {}
    except StateFileError as error:
        raise BadOptions(str(error)) from error
    known = [each.name for each in fields(Options)]
    for name, value in given.items():
        if name not in known:
            raise BadOptions(f"{path}: there is no setting {name!r}; there are {', '.join(known)}.")
        low, high = _BOUNDS[name]
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise BadOptions(f"{path}: {name} is {value!r}, but must be a whole number from {low} to {high}.")
    return Options(**given)
