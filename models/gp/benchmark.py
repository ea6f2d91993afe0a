"""`python -m models.gp.benchmark --data DIR`: the default search on UCI sets with their standard splits, as a table.

One protocol for every set, the default search of search.py: nothing is chosen per set, and only training rows are seen
before a split is judged. DIR has a folder a set: data.txt (whitespace-separated), index_features.txt, index_target.txt,
index_train_K.txt and index_test_K.txt. Mean and standard error over the splits; the log-likelihood is that of the
mixture, in nats and the target's own unit.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.gp.kernel import FloatArray
from models.gp.metrics import coverage95, rmse
from models.gp.published import DROPOUT_2016, DROPOUT_2018, Published
from models.gp.search import SearchSettings, search
from models.gp.settings import Settings
from models.gp.threads import available_cores


@dataclass(frozen=True)
class SplitResult:
    """One split of one set. RMSE in the target's unit, mean log-likelihood in nats, share of test rows in 95 %."""

    rmse: float
    log_likelihood: float
    coverage: float
    kernels: str
    cpu_s: float


def run_split(folder: Path, split: int) -> SplitResult:
    """Searches on the split's training rows and judges on its test rows. Raises OSError when a file is missing."""
    started_s = time.process_time()
    x, y, train, test = _read(folder, split)
    base = Settings(n_threads=1)
    found = search(SearchSettings(base=base), x[train], y[train])
    mean, std = found.model.predict_with_std(x[test])
    kernels = " ".join(f"({f.posterior.q},{f.posterior.l},{f.posterior.sphere.norm_exponent})" for f in found.fits)
    return SplitResult(
        rmse(y[test], mean),
        float(np.mean(found.model.log_density(x[test], y[test]))),
        coverage95(y[test], mean, std),
        kernels,
        time.process_time() - started_s,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Runs and prints. Returns 0, or 1 when the folder holds no set."""
    parser = argparse.ArgumentParser(
        prog="python -m models.gp.benchmark", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--data", type=Path, required=True, help="the folder with a folder a set")
    parser.add_argument("--sets", default="", help="names of sets, separated by commas; all without it")
    parser.add_argument("--splits", type=int, default=20, help="how many splits at most (20)")
    parser.add_argument("--jobs", type=int, default=available_cores(), help="processes, one core each")
    given = parser.parse_args(argv)
    wanted = [name for name in given.sets.split(",") if name]
    folders = [
        f for f in sorted(given.data.glob("*")) if (f / "data.txt").is_file() and (not wanted or f.name in wanted)
    ]
    if not folders:
        _say(f"There is no set below {given.data}: a set is a folder with data.txt and the index files.")
        return 1
    _say(_HEADER)
    # A fresh interpreter a process: a copy of one with BLAS threads in it can hang.
    with ProcessPoolExecutor(given.jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        for folder in folders:
            splits = [k for k in range(given.splits) if (folder / f"index_train_{k}.txt").is_file()]
            results = list(pool.map(run_split, [folder] * len(splits), splits))
            for line in _table_rows(folder, results):
                _say(line)
    return 0


def _read(
    folder: Path, split: int
) -> tuple[FloatArray, FloatArray, np.typing.NDArray[np.intp], np.typing.NDArray[np.intp]]:
    data = np.loadtxt(folder / "data.txt", ndmin=2)
    features = np.loadtxt(folder / "index_features.txt", ndmin=1).astype(np.intp)
    target = int(np.loadtxt(folder / "index_target.txt", ndmin=1)[0])
    train, test = (
        np.loadtxt(folder / f"index_{part}_{split}.txt", ndmin=1).astype(np.intp) for part in ("train", "test")
    )
    return data[:, features], data[:, target], train, test


_HEADER = (
    f"{'set':<28}{'splits':>7}  {'RMSE':<17}{'log-likelihood':<19}{'in 95 %':>8}"
    f"  {'dropout 2016':<15}{'dropout 2018':<15}{'better than 2016 / 2018':<24}{'CPU s a split':>13}"
)


def _table_rows(folder: Path, results: Sequence[SplitResult]) -> Iterator[str]:
    errors = np.array([r.rmse for r in results])
    likelihoods = np.array([r.log_likelihood for r in results])
    rows = [DROPOUT_2016.get(folder.name), DROPOUT_2018.get(folder.name)]
    verdicts = " / ".join(_verdict(float(errors.mean()), float(likelihoods.mean()), row) for row in rows)
    yield (
        f"{folder.name:<28}{len(results):>7}  {_with_error(errors):<17}{_with_error(likelihoods):<19}"
        f"{np.mean([r.coverage for r in results]):>8.3f}  {_shown(rows[0]):<15}{_shown(rows[1]):<15}{verdicts:<24}"
        f"{np.mean([r.cpu_s for r in results]):>13.1f}"
    )
    counts: dict[str, int] = {}
    for result in results:
        for kernel in result.kernels.split():
            counts[kernel] = counts.get(kernel, 0) + 1
    often = ", ".join(f"{kernel} {n}x" for kernel, n in sorted(counts.items(), key=lambda item: -item[1])[:6])
    yield f"  kernels (q, l, norm exponent): {often}"


def _with_error(values: FloatArray) -> str:
    error = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")
    return f"{values.mean():.3f} +- {error:.3f}"


def _shown(row: Published | None) -> str:
    return "-" if row is None else f"{row.rmse:.2f} / {row.log_likelihood:.2f}"


def _verdict(error: float, likelihood: float, row: Published | None) -> str:
    if row is None:
        return "-"
    better = [name for name, yes in (("RMSE", error < row.rmse), ("LL", likelihood > row.log_likelihood)) if yes]
    return "both" if len(better) == 2 else (better[0] if better else "neither")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
