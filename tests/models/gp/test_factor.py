"""models/gp/factor.py against SciPy's Cholesky, over one and over several panels, and what happens when it fails."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
import scipy.linalg

from models.gp import factor as factor_module
from models.gp import lapack
from models.gp.errors import NotPositiveDefinite
from models.gp.factor import (
    BLOCK,
    FIRST_JITTER,
    BlockFactor,
    compact,
    factorise,
    factorise_dense,
    flat_length,
    panel_rows,
)
from models.gp.lapack import cholesky_in_place


def covariance(size: int) -> np.ndarray:
    x = np.random.default_rng(size).normal(size=(size, size + 3))
    return x @ x.T / size


def rows_of(matrix: np.ndarray):
    def fill_rows(out: np.ndarray, start: int) -> None:
        out[:] = matrix[start : start + len(out), : out.shape[1]]

    return fill_rows


@pytest.fixture
def small_panels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Panels and squares so small that a few hundred rows take every path."""
    monkeypatch.setattr(factor_module, "PANEL", 200)
    monkeypatch.setattr(factor_module, "_PANEL_OF_MANY", 2 * BLOCK)
    monkeypatch.setattr(factor_module, "_WORTH_SCIPY", 220)


@pytest.mark.usefixtures("small_panels")
@pytest.mark.parametrize("size", [1, 5, BLOCK, BLOCK + 1, 199, 3 * BLOCK + 40, 5 * BLOCK])
def test_it_agrees_with_scipy(size: int) -> None:
    k = covariance(size)
    factor, jitter = factorise(rows_of(k), size, 0.1, 1.0)
    lower = scipy.linalg.cholesky(k + 0.1 * np.eye(size), lower=True)
    b = np.random.default_rng(1).normal(size=(size, 3))
    assert jitter == 0.0
    for made in (factor, compact(factor)):
        np.testing.assert_allclose(made.forward(b), scipy.linalg.solve_triangular(lower, b, lower=True), atol=1e-11)
        np.testing.assert_allclose(made.solve(b[:, 0]), scipy.linalg.cho_solve((lower, True), b[:, 0]), atol=1e-10)
        assert made.log_det() == pytest.approx(2.0 * np.log(np.diagonal(lower)).sum(), abs=1e-9)
    inverse = np.linalg.inv(k + 0.1 * np.eye(size))
    np.testing.assert_allclose(factor.inverse_diagonal(), np.diagonal(inverse), rtol=1e-9)
    np.testing.assert_allclose(factorise_dense(k + 0.1 * np.eye(size))[0].solve(b), factor.solve(b), atol=1e-10)


def test_a_factor_of_one_panel_is_made_in_the_memory_of_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    # The fast path must not copy: with a copy, the memory of a fit would be twice that of the matrix.
    monkeypatch.setattr(factor_module, "_WORTH_SCIPY", 100)
    seen: list[np.ndarray] = []
    k = covariance(300)

    def fill_rows(out: np.ndarray, start: int) -> None:
        seen.append(out)
        rows_of(k)(out, start)

    factor, _ = factorise(fill_rows, 300, 0.1, 1.0)
    assert np.shares_memory(seen[0], factor.flat)
    assert factor.flat.size == 300 * 300


@pytest.mark.parametrize("missing", [["dpotrf"], ["dtrtri"], ["dpotrf", "dtrtri"]], ids=" ".join)
def test_without_scipys_bare_functions_the_factor_is_the_same(
    monkeypatch: pytest.MonkeyPatch, missing: list[str]
) -> None:
    monkeypatch.setattr(factor_module, "_WORTH_SCIPY", 100)
    k, b = covariance(300), np.ones(300)
    with_it = factorise(rows_of(k), 300, 0.1, 1.0)[0].solve(b)
    there = lapack._function
    monkeypatch.setattr(lapack, "_function", lambda name, *rest: None if name in missing else there(name, *rest))
    np.testing.assert_allclose(factorise(rows_of(k), 300, 0.1, 1.0)[0].solve(b), with_it, rtol=1e-10)


def test_a_triangle_is_inverted_in_place_and_nothing_around_it_changes() -> None:
    whole = np.random.default_rng(0).normal(size=(40, 60)) + 3.0
    before = whole.copy()
    own = whole[5:35, 10:40]
    expected = np.linalg.inv(np.tril(own))
    assert lapack.triangular_inverse_in_place(own)
    np.testing.assert_allclose(own, expected, rtol=1e-9, atol=1e-12)
    assert not np.triu(own, 1).any()
    changed = whole != before
    changed[5:35, 10:40] = False
    assert not changed.any()


def test_pythons_lock_is_free_while_lapack_works() -> None:
    square = np.eye(3000) + 0.5
    seen: list[float] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            seen.append(time.monotonic())
            time.sleep(0.001)

    thread = threading.Thread(target=watch)
    thread.start()
    started = time.monotonic()
    assert cholesky_in_place(square) is True
    ended = time.monotonic()
    done.set()
    thread.join()
    # A hundred milliseconds and more of work, during which another thread goes on.
    assert sum(started < moment < ended for moment in seen) >= 5


def test_many_rows_take_about_half_the_memory_of_the_matrix_and_their_artifact_less() -> None:
    assert flat_length(10_000, panel_rows(10_000)) <= 0.56 * 10_000**2
    assert flat_length(10_000, BLOCK) <= 0.51 * 10_000**2


def test_a_singular_covariance_is_factorised_with_jitter_and_a_warning() -> None:
    k = np.ones((300, 300))
    with pytest.warns(UserWarning, match="nearly singular"):
        factor, jitter = factorise(rows_of(k), 300, 1e-18, 1.0)
    assert jitter >= FIRST_JITTER
    np.testing.assert_allclose((k + jitter * np.eye(300)) @ factor.solve(np.ones(300)), 1.0, atol=1e-3)


@pytest.mark.usefixtures("small_panels")
@pytest.mark.parametrize("size", [20, 600])
def test_an_indefinite_matrix_is_refused(size: int) -> None:
    with pytest.raises(NotPositiveDefinite, match=f"{size} training rows could not be factorised.*larger sigma2"):
        factorise(rows_of(-np.eye(size)), size, 0.1, 1.0)


def test_a_factor_remembers_its_own_panels_and_blocks() -> None:
    small = BlockFactor(50, np.empty(flat_length(50, 32)), 32, 16)
    assert [(p.start, p.stop, p.rows.shape) for p in small.panels()] == [(0, 32, (32, 32)), (32, 50, (18, 50))]
    blocks = [(begin, end, left.shape) for p in small.panels() for begin, end, left, _ in p.blocks()]
    assert blocks == [(0, 16, (16, 0)), (16, 32, (16, 16)), (32, 48, (16, 32)), (48, 50, (2, 48))]
