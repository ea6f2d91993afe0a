"""What a Gaussian process is fitted with, checked in one place, and which solver that makes of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from models.gp.errors import BadRows, BadSetting
from models.gp.factor import flat_length, panel_rows
from models.gp.sphere import PROJECTIONS

AUTO, EXACT, NYSTROM, CG = "auto", "exact", "nystrom", "cg"
SOLVERS = (AUTO, EXACT, NYSTROM, CG)
PROFILE = "profile"
# Above it "auto" takes inducing points: N^3 / 3 operations are 10 s there on one core, and grow eightfold by doubling.
AUTO_EXACT_ROWS = 12_000
# The exact solver's own limit: an hour on one core.
MAX_EXACT_ROWS = 60_000
# Of the memory that is free; the rest is for rows, predictions and others.
_MEMORY_SHARE = 0.8


@dataclass(frozen=True)
class Settings:
    """How to fit. The defaults are the catalogue's.

    q: order of the kernel, 0 to 4 measured. l: iterations after the first application. sigma2: noise variance over the
    signal variance. projection, norm_exponent, bias, length_scales, standardise: see sphere.py. normalise_target: False
    leaves the target as it is, with a prior mean of 0. signal_variance: "profile", the maximum of the likelihood in
    closed form, a = y' M^-1 y / N, or a number, in units of the scaled target's variance. solver: auto, exact, nystrom
    or cg. inducing_points: of nystrom, and at most of what cg takes for its preconditioner and variance. seed: of
    their choice. n_threads: BLAS threads; None decides by size.
    """

    q: int = 1
    l: int = 0  # noqa: E741 - the paper's symbol
    sigma2: float = 0.1
    projection: str = "lift"
    norm_exponent: int = 1
    bias: float = 0.5
    length_scales: tuple[float, ...] | None = None
    standardise: bool = True
    normalise_target: bool = True
    signal_variance: float | str = PROFILE
    solver: str = AUTO
    inducing_points: int = 2000
    seed: int = 0
    n_threads: int | None = None

    @staticmethod
    def published(q: int, l: int, sigma2: float, n_threads: int | None = None) -> Settings:  # noqa: E741
        """The plain published definition: x / |x|, no scaling of inputs or target, no amplitude; for comparison."""
        return Settings(
            q,
            l,
            sigma2,
            projection="unit",
            norm_exponent=0,
            standardise=False,
            normalise_target=False,
            signal_variance=1.0,
            solver=EXACT,
            n_threads=n_threads,
        )

    def check(self) -> None:
        """Raises BadSetting naming the first setting out of range. What sphere.py is told is checked there."""
        counts: tuple[tuple[str, object, int], ...] = (
            ("q", self.q, 0),
            ("l", self.l, 0),
            ("inducing_points", self.inducing_points, 1),
        )
        for name, value, least in counts:
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise BadSetting(f"{name} is {value!r}, but must be a whole number of at least {least}.")
        if not (math.isfinite(self.sigma2) and self.sigma2 > 0.0):
            raise BadSetting(f"sigma2 is {self.sigma2!r}, but must be a number above 0.")
        if self.solver not in SOLVERS:
            raise BadSetting(f"solver is {self.solver!r}, but must be one of {', '.join(SOLVERS)}.")
        given = self.signal_variance
        if given != PROFILE and not (isinstance(given, (int, float)) and math.isfinite(given) and given > 0.0):
            raise BadSetting(f"signal_variance is {given!r}, but must be {PROFILE!r} or a number above 0.")

    @property
    def loses_length(self) -> bool:
        """Whether the length of the inputs is thrown away."""
        return self.projection == PROJECTIONS[0] and self.norm_exponent == 0


def choose_solver(settings: Settings, rows: int, free_bytes: int | None = None) -> tuple[str, str]:
    """The solver for that many rows, and a sentence that says why when it was not asked for.

    free_bytes: free memory; None asks the system. Raises BadRows when the exact solver is asked for but cannot be had.
    """
    needed = 8 * flat_length(rows, panel_rows(rows))
    free = free_memory_bytes() if free_bytes is None else free_bytes
    fits = free is None or needed <= _MEMORY_SHARE * free
    if settings.solver == EXACT:
        if rows > MAX_EXACT_ROWS:
            raise BadRows(
                f"There are {rows} training rows, but the exact solver takes at most {MAX_EXACT_ROWS};"
                " the solvers nystrom and cg take more."
            )
        if not fits and free is not None:
            raise BadRows(
                f"The exact solver needs {needed / 1e9:.1f} GB for {rows} rows, but {free / 1e9:.1f} GB are free;"
                " the solvers nystrom and cg need less."
            )
    if settings.solver != AUTO:
        return settings.solver, ""
    if rows <= AUTO_EXACT_ROWS and fits:
        return EXACT, ""
    why = f"{rows} rows are more than {AUTO_EXACT_ROWS}" if rows > AUTO_EXACT_ROWS else "the memory is too small"
    points = min(settings.inducing_points, rows)
    return NYSTROM, f"Using {points} inducing points (Nyström), since {why} for the exact solver."


def free_memory_bytes() -> int | None:
    """Memory that can be had now, in bytes, within the container's limit; None where the system does not say."""
    found = [value for value in (_meminfo_available(), _cgroup_free()) if value is not None]
    return min(found) if found else None


def _meminfo_available() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:  # not Linux
        return None
    kilobytes = [int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")]
    return kilobytes[0] * 1024 if kilobytes else None


def _cgroup_free() -> int | None:
    folder = Path("/sys/fs/cgroup")
    try:
        limit, used = (folder / "memory.max").read_text().strip(), (folder / "memory.current").read_text().strip()
    except OSError:  # no version 2 control group with a memory limit
        return None
    return int(limit) - int(used) if limit.isdigit() and used.isdigit() else None
