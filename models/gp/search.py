"""The whole search for kernels inside one job: grid, length scales by gradient, leave-one-out weights, final fits.

It sees training rows only, and does the same for every data set:

1. grid      every (q, l, norm exponent, sigma2) on at most GRID_ROWS rows, inputs on equal scales (grid.py)
2. choose    the best (l, norm exponent) of *every* order q, then the next best: small subsets prefer smooth kernels, so
             that the rough ones (q = 0) must not be dropped here
3. refine    length scales, amplitude and noise by L-BFGS on the marginal likelihood: first on FIRST_ROWS rows, then
             shorter on REFINE_ROWS, the best of them longer (likelihood.py)
4. average   of the best few by the criterion on those rows, with weights that maximise the leave-one-out density of
             their mixture (stacking: Yao, Vehtari, Simpson & Gelman 2018)
5. fit       those kernels on all rows

The noise has a floor, so that no kernel is chosen for remembering single rows; with repeated input rows, whose copies
would reward it for that, a hundred times higher.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
from scipy.optimize import minimize

from models.figure import Axis, Figure, Series
from models.gp.errors import BadSetting, NotPositiveDefinite
from models.gp.fitting import Fit, fit, standardised, training_data
from models.gp.grid import GridPoint, grid_search
from models.gp.kernel import FloatArray
from models.gp.likelihood import KernelChoice, Likelihood
from models.gp.metrics import log_normal_density
from models.gp.mixture import Mixture, Model
from models.gp.nystrom import random_rows
from models.gp.settings import Settings
from models.gp.sphere import SphereMap
from models.gp.threads import blas_threads

LML, LOO = "lml", "loo"
CRITERIA = (LML, LOO)
# What a criterion is called on an axis, and its unit.
_SCORES = {LML: ("log marginal likelihood", "nats"), LOO: ("leave-one-out log density", "nats a row")}
ORDERS = ITERATIONS = range(5)
SIGMA2S = tuple(float(s) for s in np.logspace(-4.0, 0.0, 20))
GRID_ROWS = 1000
FIRST_ROWS = 500
REFINE_ROWS = 2000
# Kernels that are refined: one an order at least.
CANDIDATES = 8
# Smallest noise variance, as a share of the target's variance, without and with repeated input rows.
NOISE_FLOOR = 1e-4
NOISE_FLOOR_REPEATED = 1e-2
# L-BFGS steps on FIRST_ROWS, on REFINE_ROWS for every candidate, and again for the best.
_STEPS = (30, 8, 20)
# Weak log-normal priors (mean, standard deviation) of weights, amplitude and noise, and the box that they live in.
_PRIORS = ((0.0, 2.0), (0.0, 3.0), (-3.0, 3.0))
_WEIGHT_BOX, _AMPLITUDE_BOX, _MOST_NOISE = (-7.0, 5.0), (-6.0, 12.0), 1.5
_STACKING_STEPS = 300
# Over the amplitude. Without it, kernels with large amplitudes and norms, the best on factorial designs, are lost to
# rounding: on the energy data the error is 0.48 instead of 0.34.
_JITTER = 1e-8


@dataclass(frozen=True)
class SearchSettings:
    """criterion: lml or loo. average: how many kernels at most. refine: whether length scales are learnt.

    base: solver, seed, threads and the like of the final fits; its kernel is replaced by what is found, on lifted
    inputs with a bias of 1, which the length scales are relative to.
    """

    criterion: str = LML
    average: int = 3
    refine: bool = True
    base: Settings = Settings()


@dataclass(frozen=True, eq=False)
class Candidate:
    """A kernel with its parameters (likelihood.py) and its score, higher being better: nats per row."""

    choice: KernelChoice
    parameters: FloatArray
    score: float


@dataclass(frozen=True, eq=False)
class SearchResult:
    """model: what was found, fitted to all rows. fits: its parts. record: the whole search as JSON content."""

    model: Model
    fits: tuple[Fit, ...]
    record: dict[str, object]


def search(
    settings: SearchSettings,
    x: np.typing.ArrayLike,
    y: np.typing.ArrayLike,
    *,
    inputs: Sequence[str] | None = None,
    target: str = "target",
    report: Callable[[str], None] = lambda line: None,
) -> SearchResult:
    """Searches and fits on x: (N, D) and y: (N,), in the units of the data. report: is told what is done, in lines.

    Raises BadSetting, and as models.gp.fitting.fit.
    """
    if settings.criterion not in CRITERIA:
        raise BadSetting(f"criterion is {settings.criterion!r}, but must be one of {', '.join(CRITERIA)}.")
    if settings.average < 1:
        raise BadSetting(f"average is {settings.average}, but must be at least 1.")
    rows, targets = training_data(x, y)
    floor = noise_floor(rows)
    seed = settings.base.seed
    with blas_threads(settings.base.n_threads, min(len(rows), REFINE_ROWS)):
        grid = _grid(settings, rows, targets, random_rows(len(rows), GRID_ROWS, seed), floor)
        report(f"Compared {len(grid)} kernels and noises; the best is {_named(grid[0])}.")
        chosen = _choose(grid, settings.criterion, CANDIDATES)
        refining = _Refining(settings, rows, targets, floor)
        candidates = refining.run(chosen, report)
        best = candidates[: settings.average]
        weights = refining.weights(best)
    kept = [(c, w) for c, w in zip(best, weights, strict=True) if w > 0.01]
    total = sum(w for _, w in kept)
    fits = tuple(fit(refining.settings_of(c), rows, targets, inputs=inputs, target=target) for c, _ in kept)
    shares = tuple(w / total for _, w in kept)
    model = fits[0].posterior if len(fits) == 1 else Mixture(tuple(f.posterior for f in fits), shares)
    report(
        "Averaging " + ", ".join(f"{_choice_name(c.choice)} ({s:.0%})" for (c, _), s in zip(kept, shares, strict=True))
    )
    record = _record(settings, floor, grid, candidates, [(c, s) for (c, _), s in zip(kept, shares, strict=True)])
    return SearchResult(model, fits, record)


def noise_floor(x: FloatArray) -> float:
    """The smallest noise variance, as a share of the target's variance, for inputs x: (N, D)."""
    return NOISE_FLOOR_REPEATED if len(np.unique(x, axis=0)) < len(x) else NOISE_FLOOR


def stacking_weights(log_densities: FloatArray) -> FloatArray:
    """Weights (K,) that maximise sum_i log sum_k w_k p_ik, for log densities: (K, N): the mixture's EM steps."""
    densities = np.exp(log_densities - log_densities.max(axis=0))
    weights = np.full(len(densities), 1.0 / len(densities))
    for _ in range(_STACKING_STEPS):
        shares = weights[:, None] * densities
        weights = (shares / shares.sum(axis=0)).mean(axis=1)
    return np.asarray(weights / weights.sum())


class _Refining:
    """Steps 3 and 4 on scaled rows."""

    def __init__(self, settings: SearchSettings, rows: FloatArray, targets: FloatArray, floor: float) -> None:
        self._settings = settings
        self._floor = floor
        self._sphere = SphereMap.fit(rows, "lift", 0)
        scaled = (rows - self._sphere.x_mean) / self._sphere.x_scale
        _, _, y = standardised(targets)
        seed = settings.base.seed
        few = random_rows(len(rows), FIRST_ROWS, seed + 1)
        many = random_rows(len(rows), REFINE_ROWS, seed + 2)
        self._few, self._many = (scaled[few], y[few]), (scaled[many], y[many])
        self._is_small = len(rows) <= FIRST_ROWS

    def run(self, chosen: Sequence[GridPoint], report: Callable[[str], None]) -> list[Candidate]:
        """The chosen kernels refined and scored, the best first. Kernels that cannot be factorised are left out."""
        first, short, long = _STEPS if self._settings.refine else (0, 0, 0)
        candidates: list[Candidate] = []
        for point in chosen:
            choice, start = self._start(point)
            try:
                start = self._optimised(choice, start, self._few, first)
                steps = long if self._is_small else short
                candidates.append(self._scored(choice, self._optimised(choice, start, self._many, steps)))
            except NotPositiveDefinite:
                report(f"{_choice_name(choice)} cannot be factorised and is left out.")
        if not candidates:
            raise NotPositiveDefinite("None of the kernels could be factorised on these rows; are they all the same?")
        candidates.sort(key=lambda c: -c.score)
        if not self._is_small:
            best = [
                self._scored(c.choice, self._optimised(c.choice, c.parameters, self._many, long))
                for c in candidates[: self._settings.average]
            ]
            candidates[: self._settings.average] = sorted(best, key=lambda c: -c.score)
        report(f"Refined {len(candidates)} kernels; the best is {_choice_name(candidates[0].choice)}.")
        return candidates

    def weights(self, best: Sequence[Candidate]) -> FloatArray:
        """The share of each candidate, (K,), by stacking on the rows of the refinement."""
        if len(best) == 1:
            return np.ones(1)
        x, y = self._many
        densities = [
            log_normal_density(y, *Likelihood(c.choice, x, y, _JITTER).leave_one_out(c.parameters)) for c in best
        ]
        return stacking_weights(np.array(densities))

    def settings_of(self, candidate: Candidate) -> Settings:
        """How the candidate is fitted to all rows."""
        choice, parameters = candidate.choice, candidate.parameters
        x, _ = self._many
        weights = np.exp(parameters[:-2])
        ratio = math.exp(parameters[-1] - parameters[-2]) + _JITTER
        if choice.norm_exponent:
            # fit() divides norms by their root mean square; the ratio of noise to signal changes with that.
            ratio /= float(np.mean(np.square(x * weights).sum(axis=1) + choice.bias**2))
        return replace(
            self._settings.base,
            q=choice.q,
            l=choice.l,
            sigma2=ratio,
            projection="lift",
            norm_exponent=choice.norm_exponent,
            bias=choice.bias,
            length_scales=tuple(float(1.0 / w) for w in weights),
        )

    def _start(self, point: GridPoint) -> tuple[KernelChoice, FloatArray]:
        """The grid's best parameters of a kernel: equal weights, for norms as they are."""
        choice = KernelChoice(point.q, point.l, point.norm_exponent)
        inputs = self._few[0].shape[1]
        amplitude, noise = point.signal_variance, max(point.signal_variance * point.sigma2, 1.01 * self._floor)
        if point.norm_exponent:
            amplitude /= inputs + choice.bias**2
        return choice, np.concatenate([np.zeros(inputs), np.log([amplitude, noise])])

    def _scored(self, choice: KernelChoice, parameters: FloatArray) -> Candidate:
        x, y = self._many
        likelihood = Likelihood(choice, x, y, _JITTER)
        if self._settings.criterion == LOO:
            score = float(np.mean(log_normal_density(y, *likelihood.leave_one_out(parameters))))
        else:
            score = likelihood.value(parameters) / len(y)
        return Candidate(choice, parameters, score)

    def _optimised(
        self, choice: KernelChoice, start: FloatArray, data: tuple[FloatArray, FloatArray], steps: int
    ) -> FloatArray:
        if steps == 0:
            return start
        likelihood = Likelihood(choice, *data, _JITTER)
        count = len(start) - 2
        means = np.array([_PRIORS[0][0]] * count + [_PRIORS[1][0], _PRIORS[2][0]])
        deviations = np.array([_PRIORS[0][1]] * count + [_PRIORS[1][1], _PRIORS[2][1]])

        def objective(parameters: FloatArray) -> tuple[float, FloatArray]:
            away = (parameters - means) / deviations
            try:
                value, gradient = likelihood.value_and_gradient(parameters)
            except NotPositiveDefinite:
                # L-BFGS takes a shorter step.
                return 1e25, np.zeros_like(parameters)
            return 0.5 * float(away @ away) - value, away / deviations - gradient

        box = [_WEIGHT_BOX] * count + [_AMPLITUDE_BOX, (math.log(self._floor), _MOST_NOISE)]
        inside = np.clip(start, [low for low, _ in box], [high for _, high in box])
        found = minimize(objective, inside, jac=True, method="L-BFGS-B", bounds=box, options={"maxiter": steps})
        return np.asarray(found.x)


def _grid(
    settings: SearchSettings,
    rows: FloatArray,
    targets: FloatArray,
    some: np.typing.NDArray[np.intp],
    floor: float,
) -> list[GridPoint]:
    """All points of the grid, the best first."""
    _, _, y = standardised(targets[some])
    kernels = [(q, l, p) for p in (0, 1) for q in ORDERS for l in ITERATIONS]  # noqa: E741 - the paper's symbol
    sigma2s = [s for s in SIGMA2S if s >= floor]
    grid = grid_search(rows[some], y, kernels, sigma2s)
    return sorted(grid, key=lambda point: -_grid_score(point, settings.criterion))


def _grid_score(point: GridPoint, criterion: str) -> float:
    return point.loo_log_density if criterion == LOO else point.log_marginal_likelihood


def _choose(grid: Sequence[GridPoint], criterion: str, count: int) -> list[GridPoint]:
    """The best point of each order, then the best points of other kernels; `grid` has the best first."""
    by_kernel: dict[tuple[int, int, int], GridPoint] = {}
    for point in grid:
        by_kernel.setdefault((point.q, point.l, point.norm_exponent), point)
    points = list(by_kernel.values())
    firsts = [next(p for p in points if p.q == q) for q in ORDERS]
    others = [p for p in points if p not in firsts]
    return sorted((firsts + others)[:count], key=lambda p: -_grid_score(p, criterion))


def _named(point: GridPoint) -> str:
    return f"q={point.q}, l={point.l}, norm_exponent={point.norm_exponent}, sigma2={point.sigma2:.2g}"


def _choice_name(choice: KernelChoice) -> str:
    return f"q={choice.q}, l={choice.l}, norm_exponent={choice.norm_exponent}"


def _record(
    settings: SearchSettings,
    floor: float,
    grid: Sequence[GridPoint],
    candidates: Sequence[Candidate],
    kept: Sequence[tuple[Candidate, float]],
) -> dict[str, object]:
    """The search as JSON content."""
    return {
        "criterion": settings.criterion,
        "noise_floor": floor,
        "plot": _plot(grid, settings.criterion),
        "grid": [asdict(point) for point in grid],
        "candidates": [_candidate_record(c) for c in candidates],
        "average": [{"weight": weight, **_candidate_record(c)} for c, weight in kept],
    }


def _plot(grid: Sequence[GridPoint], criterion: str) -> dict[str, object]:
    """The criterion over the noise, a line an order: that of its best kernel. `grid` has the best first."""
    series = []
    for q in ORDERS:
        best = next(point for point in grid if point.q == q)
        same = [p for p in grid if (p.q, p.l, p.norm_exponent) == (q, best.l, best.norm_exponent)]
        points = sorted((point.sigma2, _grid_score(point, criterion)) for point in same)
        series.append(Series(f"q={q}, l={best.l}, norm_exponent={best.norm_exponent}", tuple(points)))
    name, unit = _SCORES[criterion]
    noise = Axis("sigma2", "of the signal variance", log=True)
    return Figure("What each order of the kernel comes to", noise, Axis(name, unit), tuple(series)).to_json()


def _candidate_record(candidate: Candidate) -> dict[str, object]:
    return {
        **asdict(candidate.choice),
        "score": candidate.score,
        "length_scales": [float(v) for v in np.exp(-candidate.parameters[:-2])],
        "amplitude": float(np.exp(candidate.parameters[-2])),
        "noise": float(np.exp(candidate.parameters[-1])),
    }
