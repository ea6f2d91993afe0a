"""The Cholesky factor of K + noise I, in panels of rows: half the memory of a square matrix, NumPy only.

Made by `factorise` during training; saved with the model; `forward` gives the variance of predictions. Every step is
one matrix product of at most a few gigaflops, after which Python looks for signals, so that SIGTERM is answered at once
even while a large factor is made. Large squares on the diagonal are left to LAPACK where SciPy is there (lapack.py).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.gp import lapack
from models.gp.errors import NotPositiveDefinite

FloatArray = npt.NDArray[np.float64]

# Rows in a panel: a matrix of at most so many is one square; of a larger one a panel is a shorter step.
PANEL = 4096
_PANEL_OF_MANY = 1024
# Columns worked on at once inside: small, since work on diagonal blocks is less efficient and their inverses are full.
BLOCK = 128
# Added to the diagonal, relative to its mean, when factorising fails; times 10 at each further attempt.
FIRST_JITTER = 1e-10
_ATTEMPTS = 7
# Below this size a triangular matrix is inverted by LAPACK.
_SMALL = 48
# Rows of a square above which dpotrf saves more than the 0.15 s that importing SciPy takes.
_WORTH_SCIPY = 3000

FillRows = Callable[[FloatArray, int], None]


@dataclass(frozen=True, eq=False)
class Panel:
    """Rows start to stop of the factor. rows: (stop - start, stop), up to the diagonal.

    Blocks of `block` rows on the diagonal hold the *inverse* of the factor's block, so that substitution is made of
    products alone; nothing above the diagonal is used.
    """

    start: int
    stop: int
    rows: FloatArray
    block: int

    def blocks(self) -> Iterator[tuple[int, int, FloatArray, FloatArray]]:
        """(begin, end, left, inverse) of each block of rows, as views; left: the factor's rows before the block."""
        for begin in range(self.start, self.stop, self.block):
            end = min(begin + self.block, self.stop)
            rows = self.rows[begin - self.start : end - self.start]
            yield begin, end, rows[:, :begin], rows[:, begin:end]


@dataclass(frozen=True, eq=False)
class BlockFactor:
    """L with L L' = K + noise I. size: N. panel, block: rows in each. flat: (flat_length(N, panel),), see `Panel`."""

    size: int
    flat: FloatArray
    panel: int
    block: int = BLOCK

    def panels(self) -> Iterator[Panel]:
        """The panels in order, as views."""
        offset = 0
        for start, stop in _bounds(self.size, self.panel):
            length = (stop - start) * stop
            yield Panel(start, stop, self.flat[offset : offset + length].reshape(stop - start, stop), self.block)
            offset += length

    def forward(self, b: FloatArray, first: int = 0) -> FloatArray:
        """L^-1 b, for b: (N,) or (N, S) whose rows before `first`, a multiple of `panel`, are 0. The same shape."""
        x = np.array(b, dtype=np.float64)
        for panel in self.panels():
            if panel.start < first:
                continue
            part = x[panel.start : panel.stop]
            part -= panel.rows[:, first : panel.start] @ x[first : panel.start]
            for begin, end, left, inverse in panel.blocks():
                known = x[begin:end] - left[:, panel.start :] @ x[panel.start : begin]
                x[begin:end] = inverse @ known
        return x

    def backward(self, b: FloatArray) -> FloatArray:
        """L'^-1 b, for b: (N,) or (N, S). Returns the same shape."""
        x = np.array(b, dtype=np.float64)
        for panel in reversed(list(self.panels())):
            for begin, end, left, inverse in reversed(list(panel.blocks())):
                x[begin:end] = inverse.T @ x[begin:end]
                x[panel.start : begin] -= left[:, panel.start :].T @ x[begin:end]
            x[: panel.start] -= panel.rows[:, : panel.start].T @ x[panel.start : panel.stop]
        return x

    def solve(self, b: FloatArray) -> FloatArray:
        """(K + noise I)^-1 b, for b: (N,) or (N, S). Returns the same shape."""
        return self.backward(self.forward(b))

    def log_det(self) -> float:
        """log |K + noise I|, in nats."""
        return -2.0 * float(
            sum(np.log(np.diagonal(inverse)).sum() for panel in self.panels() for _, _, _, inverse in panel.blocks())
        )

    def inverse_diagonal(self) -> FloatArray:
        """The diagonal of (K + noise I)^-1, (N,), in N^3 / 3 operations: what leave-one-out predictions need."""
        diagonal = np.empty(self.size)
        for start, stop in _bounds(self.size, self.panel):
            unit = np.zeros((self.size, stop - start))
            unit[start:stop] = np.eye(stop - start)
            columns = self.forward(unit, first=start)[start:]
            diagonal[start:stop] = np.einsum("ij,ij->j", columns, columns)
        return diagonal


def panel_rows(size: int) -> int:
    """How many rows a panel has in the factor of a matrix of that size."""
    return PANEL if size <= PANEL else _PANEL_OF_MANY


def flat_length(size: int, panel: int) -> int:
    """How many numbers the factor of a matrix of that size takes: N^2 / 2, and half a panel for each row."""
    return sum((stop - start) * stop for start, stop in _bounds(size, panel))


def compact(factor: BlockFactor) -> BlockFactor:
    """The same factor with panels of one block: N^2 / 2 numbers with nothing above the diagonal, to be saved."""
    small = BlockFactor(factor.size, np.zeros(flat_length(factor.size, factor.block)), factor.block, factor.block)
    for target, source in zip(
        small.panels(), (block for panel in factor.panels() for block in panel.blocks()), strict=True
    ):
        begin, _, left, inverse = source
        target.rows[:, :begin] = left
        target.rows[:, begin:] = inverse
    return small


def factorise(fill_rows: FillRows, size: int, noise: float, mean_diagonal: float) -> tuple[BlockFactor, float]:
    """The factor of K + (noise + jitter) I and the jitter that it took, 0 if none.

    fill_rows(out, start): writes rows start to start + len(out) of K, up to the diagonal at least, into out, whose
    columns are those of K; it is called in order, and again from the beginning when jitter is needed. Warns when jitter
    is added. Raises NotPositiveDefinite when the largest does not help, MemoryError when the factor does not fit.
    """
    panel = panel_rows(size)
    factor = BlockFactor(size, np.empty(flat_length(size, panel)), panel)
    jitter = 0.0
    for attempt in range(_ATTEMPTS + 1):
        if _fill(factor, fill_rows, noise + jitter):
            if jitter:
                warnings.warn(
                    f"The covariance was nearly singular: {jitter:.1e} was added to its diagonal.", stacklevel=2
                )
            return factor, jitter
        jitter = FIRST_JITTER * mean_diagonal * 10.0**attempt
    raise NotPositiveDefinite(
        f"The covariance of the {size} training rows could not be factorised, even with {jitter / 10.0:.1e} added to"
        " its diagonal; a larger sigma2 helps."
    )


def factorise_dense(matrix: FloatArray) -> tuple[BlockFactor, float]:
    """`factorise` for a symmetric matrix at hand, (N, N); only its lower half is read."""

    def fill_rows(out: FloatArray, start: int) -> None:
        out[:] = matrix[start : start + len(out), : out.shape[1]]

    return factorise(fill_rows, len(matrix), 0.0, float(np.mean(np.diagonal(matrix))))


def _bounds(size: int, step: int) -> Iterator[tuple[int, int]]:
    for start in range(0, size, step):
        yield start, min(start + step, size)


def _fill(factor: BlockFactor, fill_rows: FillRows, noise: float) -> bool:
    """Factorises panel by panel into factor.flat. False when a diagonal block is not positive definite."""
    done: list[Panel] = []
    for panel in factor.panels():
        rows, start = panel.rows, panel.start
        fill_rows(rows, start)
        for above in done:
            # Columns of block j: L_ij = (K_ij - sum_k<j L_ik L_jk') L_jj^-T.
            for begin, end, left, inverse in above.blocks():
                column = rows[:, begin:end]
                column -= rows[:, :begin] @ left.T
                column[:] = column @ inverse.T
        square = rows[:, start:]
        if start:
            square -= rows[:, :start] @ rows[:, :start].T
        square[np.diag_indices(len(square))] += noise
        if not _factorise_square(square, panel.block):
            return False
        done.append(panel)
    return True


def _factorise_square(square: FloatArray, block: int) -> bool:
    """The factor of a panel's square, in place, with its diagonal blocks inverted. False when it does not exist."""
    if len(square) > _WORTH_SCIPY and lapack.is_available():
        done = lapack.cholesky_in_place(square)
        if done:
            for begin, end in _bounds(len(square), block):
                own = square[begin:end, begin:end]
                if not lapack.triangular_inverse_in_place(own):
                    own[:] = _triangular_inverse(np.tril(own))
        if done is not None:
            return done
    for begin, end in _bounds(len(square), block):
        column = square[begin:, begin:end]
        if begin:
            column -= square[begin:, :begin] @ square[begin:end, :begin].T
        try:
            lower = np.linalg.cholesky(column[: end - begin])
        except np.linalg.LinAlgError:
            return False
        inverse = _triangular_inverse(np.asarray(lower, dtype=np.float64))
        column[: end - begin] = inverse
        below = column[end - begin :]
        below[:] = below @ inverse.T
    return True


def _triangular_inverse(lower: FloatArray) -> FloatArray:
    """The inverse of a lower triangular matrix, exactly triangular, by halves."""
    size = len(lower)
    if size <= _SMALL:
        # Elimination with pivoting leaves rounding above the diagonal.
        return np.tril(np.linalg.inv(lower))
    half = size // 2
    inverse = np.zeros_like(lower)
    upper_left = inverse[:half, :half] = _triangular_inverse(lower[:half, :half])
    lower_right = inverse[half:, half:] = _triangular_inverse(lower[half:, half:])
    inverse[half:, :half] = -lower_right @ (lower[half:, :half] @ upper_left)
    return inverse
