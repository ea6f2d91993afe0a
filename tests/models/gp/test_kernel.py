"""models/gp/kernel.py against the published definition (sympy) and against mpmath at 120 digits."""

from __future__ import annotations

from collections.abc import Iterator

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from models.gp.errors import BadSetting
from models.gp.kernel import (
    NEAR_DUPLICATE,
    arc_cosine,
    arc_cosine_iterated,
    arc_cosine_slope,
    cosines,
    covariance,
    fill_lower,
)
from models.gp.layers import apply_layers, apply_layers_with_slope
from tests.models.gp.test_native import compiled_layers


@pytest.fixture(scope="module", params=["numpy", "compiled"], autouse=True)
def layers_by(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Every test here is of both forms of layers.py, whether or not this machine's is compiled."""
    made = compiled_layers(tmp_path_factory) if request.param == "compiled" else None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("models.gp.layers._compiled", lambda: made)
        yield


ORDERS = [0, 1, 2, 3, 4]
THETA = sympy.symbols("theta", positive=True)
# Cho & Saul 2009, equations 5 to 7, and orders 3 and 4 worked out from their definition.
PUBLISHED = [
    sympy.pi - THETA,
    sympy.sin(THETA) + (sympy.pi - THETA) * sympy.cos(THETA),
    3 * sympy.sin(THETA) * sympy.cos(THETA) + (sympy.pi - THETA) * (1 + 2 * sympy.cos(THETA) ** 2),
    4 * sympy.sin(THETA)
    + 11 * sympy.sin(THETA) * sympy.cos(THETA) ** 2
    + (sympy.pi - THETA) * (9 * sympy.cos(THETA) + 6 * sympy.cos(THETA) ** 3),
    (160 * sympy.sin(2 * THETA) + 25 * sympy.sin(4 * THETA)) / 4
    + (sympy.pi - THETA) * (24 * sympy.cos(2 * THETA) ** 2 + 192 * sympy.cos(2 * THETA) + 204) / 4,
]
AT_ZERO = [sympy.pi, sympy.pi, 3 * sympy.pi, 15 * sympy.pi, 105 * sympy.pi]


def defined(q: int) -> sympy.Expr:
    """J_q = (-1)^q sin^(2q+1) ((1/sin) d/dtheta)^q ((pi - theta) / sin)."""
    inner = (sympy.pi - THETA) / sympy.sin(THETA)
    for _ in range(q):
        inner = sympy.diff(inner, THETA) / sympy.sin(THETA)
    return (-1) ** q * sympy.sin(THETA) ** (2 * q + 1) * inner


def cosine_samples() -> list[float]:
    near = [10.0**-k for k in range(1, 17)]
    inner = [float(t) for t in np.linspace(-1.0, 1.0, 41)]
    ends = [np.nextafter(1.0, 0.0), np.nextafter(-1.0, 0.0), 0.0]
    return [*inner, *(1.0 - d for d in near), *(-1.0 + d for d in near), *map(float, ends)]


def reference(q: int, l: int, t: float) -> mpmath.mpf:  # noqa: E741 - the paper's symbol
    """k_{q,l} from the published closed form, at 120 digits; called inside workdps(120)."""
    formula = sympy.lambdify(THETA, PUBLISHED[q] / AT_ZERO[q], "mpmath")
    value = mpmath.mpf(t)
    for _ in range(l + 1):
        value = formula(mpmath.acos(value))
    return value


@pytest.mark.parametrize("q", [0, 1, 2, 3])
def test_the_closed_forms_are_the_published_definition(q: int) -> None:
    assert sympy.simplify(sympy.expand_trig(defined(q) - PUBLISHED[q])) == 0


@pytest.mark.parametrize("q", ORDERS)
def test_one_application_is_within_1e_15_of_120_digits(q: int) -> None:
    samples = cosine_samples()
    with mpmath.workdps(120):
        errors = [abs(k - reference(q, 0, t)) for t, k in zip(samples, arc_cosine(samples, q), strict=True)]
        assert max(errors) <= 1e-15


def recurrence(q: int, t: mpmath.mpf) -> mpmath.mpf:
    """k_q at the working precision, for orders without a published closed form; checked against one below."""
    angle, sine = mpmath.pi - mpmath.acos(t), mpmath.sqrt((1 - t) * (1 + t))
    values = [angle / mpmath.pi, (sine + angle * t) / mpmath.pi]
    for j in range(1, q):
        step = mpmath.mpf(j * j) / ((2 * j + 1) * (2 * j - 1))
        values.append(t * values[-1] + step * (1 - t * t) * values[-2])
    return values[q]


def test_the_recurrence_of_the_tests_is_the_published_kernel() -> None:
    with mpmath.workdps(120):
        for t in (-0.9, 0.1, 0.999):
            assert abs(recurrence(4, mpmath.mpf(t)) - reference(4, 0, t)) < mpmath.mpf(10) ** -100


@pytest.mark.parametrize("q", [0, 1, 2, 3, 4, 5])
def test_up_to_order_5_values_are_within_1e_15_and_small_ones_to_their_last_digits(q: int) -> None:
    samples = cosine_samples()
    with mpmath.workdps(250):
        exact = [recurrence(q, mpmath.mpf(t)) for t in samples]
        found = arc_cosine(samples, q)
        assert max(abs(k - e) for k, e in zip(found, exact, strict=True)) <= 1e-15
        low = [abs(k - e) / e for t, k, e in zip(samples, found, exact, strict=True) if -1 < t < -0.5]
        assert max(low) <= 2e-15


@pytest.mark.parametrize("q", [0, 1, 2, 3, 4, 5])
def test_slopes_are_within_2e_15(q: int) -> None:
    samples = [t for t in cosine_samples() if abs(t) < 1.0]
    with mpmath.workdps(250):
        for t, slope in zip(samples, arc_cosine_slope(samples, q), strict=True):
            exact_t = mpmath.mpf(t)
            if q == 0:  # unbounded, so the relative error counts
                exact = 1 / (mpmath.pi * mpmath.sqrt((1 - exact_t) * (1 + exact_t)))
                assert abs(slope / exact - 1) <= 2e-15
            else:
                exact = mpmath.mpf(q * q) / (2 * q - 1) * recurrence(q - 1, exact_t)
                assert abs(slope - exact) <= 2e-15


@pytest.mark.parametrize(("q", "l"), [(0, 0), (0, 2), (1, 0), (1, 3), (4, 4)], ids=lambda v: str(v))
def test_slopes_along_the_chain_are_those_of_the_values(q: int, l: int) -> None:  # noqa: E741
    t = np.linspace(-0.95, 0.95, 39)
    h = 1e-6
    expected = (arc_cosine_iterated(t + h, q, l) - arc_cosine_iterated(t - h, q, l)) / (2.0 * h)
    np.testing.assert_allclose(arc_cosine_slope(t, q, l), expected, rtol=1e-6, atol=1e-8)
    values = t.copy()
    slope = apply_layers_with_slope(values, q, l + 1)
    np.testing.assert_allclose(slope, arc_cosine_slope(t, q, l), rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(values, arc_cosine_iterated(t, q, l), atol=1e-14)


def test_layers_are_the_same_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    t = np.linspace(-1.0, 1.0, 1001)
    whole, parts = t.copy(), t.copy()
    apply_layers(whole, 3, 2)
    monkeypatch.setattr("models.gp.layers._PIECE", 100)
    apply_layers(parts, 3, 2)
    np.testing.assert_array_equal(whole, parts)


@pytest.mark.parametrize("start", [0, 130])
def test_the_lower_half_is_the_covariance_with_an_exact_diagonal(start: int) -> None:
    source = np.random.default_rng(0)
    z, r = unit_rows(source, 300), source.uniform(0.5, 2.0, size=300)
    out = np.zeros((170, start + 170))
    fill_lower(out, start, z, r, 0, 4)
    rows = slice(start, start + 170)
    expected = covariance(z[rows], r[rows], z[: start + 170], r[: start + 170], 0, 4)
    np.fill_diagonal(expected[:, start:], np.square(r[rows]))
    np.testing.assert_allclose(np.tril(out, start), np.tril(expected, start), atol=1e-9)
    assert (np.diagonal(out[:, start:]) == np.square(r[rows])).all()


@pytest.mark.parametrize(("q", "l"), [(1, 1), (1, 4), (2, 3), (4, 4)], ids=lambda v: str(v))
def test_l_counts_from_zero(q: int, l: int) -> None:  # noqa: E741 - the paper's symbol
    samples = [-0.9, -0.3, 0.0, 0.4, 0.99]
    with mpmath.workdps(120):
        expected = [float(reference(q, l, t)) for t in samples]
    np.testing.assert_allclose(arc_cosine_iterated(samples, q, l), expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("q", ORDERS)
@pytest.mark.parametrize("l", [0, 4])
def test_the_ends_are_exact(q: int, l: int) -> None:  # noqa: E741 - the paper's symbol
    assert arc_cosine_iterated(1.0, q, l) == 1.0
    assert arc_cosine(-1.0, q) == pytest.approx(0.0, abs=1e-15)
    assert arc_cosine_iterated(1.0 + 1e-15, q, l) == 1.0


@pytest.mark.parametrize(("q", "l"), [(-1, 0), (0, -1)], ids=["q", "l"])
def test_a_negative_order_is_refused(q: int, l: int) -> None:  # noqa: E741 - the paper's symbol
    with pytest.raises(BadSetting, match="must be 0 or more"):
        arc_cosine_iterated(0.5, q, l)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 4), st.integers(0, 4), st.integers(0, 2**32 - 1))
def test_covariances_are_symmetric_bounded_and_positive(q: int, l: int, seed: int) -> None:  # noqa: E741
    z = unit_rows(np.random.default_rng(seed), 12)
    ones = np.ones(len(z))
    k = covariance(z, ones, z, ones, q, l)
    np.testing.assert_allclose(k, k.T, rtol=0, atol=1e-12)
    assert k.min() >= -1e-15
    assert k.max() <= 1.0 + 1e-15
    assert np.linalg.eigvalsh(k).min() >= -1e-12


@pytest.mark.parametrize(("q", "l"), [(0, 0), (0, 4), (1, 0), (4, 4)], ids=lambda v: str(v))
def test_equal_rows_have_covariance_exactly_one(q: int, l: int) -> None:  # noqa: E741 - the paper's symbol
    # With a plain dot product k_{0,4} of most of these pairs would be 0.93, not 1.
    z = unit_rows(np.random.default_rng(3), 200)
    ones = np.ones(len(z))
    assert (np.diagonal(covariance(z, ones, z.copy(), ones, q, l)) == 1.0).all()


@pytest.mark.parametrize("angle", [1e-7, 1e-5, 1e-3])
def test_nearly_equal_rows_keep_their_digits(angle: float) -> None:
    left, right = np.array([[0.6, 0.8]]), np.array([[0.0, 0.0]])
    right[0] = [0.6 * np.cos(angle) - 0.8 * np.sin(angle), 0.8 * np.cos(angle) + 0.6 * np.sin(angle)]
    t = cosines(left, right)
    assert t[0, 0] > NEAR_DUPLICATE
    # 1 - k_0 = angle / pi; one ulp of error in t would already be a relative error of 1e-2 at the smallest angle.
    assert 1.0 - arc_cosine(t, 0)[0, 0] == pytest.approx(angle / np.pi, rel=2e-2 if angle < 1e-6 else 1e-5)


def test_many_repeated_rows_are_recomputed_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.gp.kernel._PAIRS_AT_ONCE", 7)
    z = np.repeat(unit_rows(np.random.default_rng(1), 3), 5, axis=0)
    same = np.repeat(np.arange(3), 5)
    assert (cosines(z, z)[same[:, None] == same] == 1.0).all()


def test_norms_scale_rows_and_columns() -> None:
    z = unit_rows(np.random.default_rng(2), 4)
    ones, r = np.ones(4), np.array([1.0, 2.0, 3.0, 4.0])
    np.testing.assert_allclose(covariance(z, r, z, r, 1, 1), np.outer(r, r) * covariance(z, ones, z, ones, 1, 1))


def unit_rows(source: np.random.Generator, rows: int) -> np.ndarray:
    x = source.normal(size=(rows, 5))
    return x / np.linalg.norm(x, axis=1, keepdims=True)
