"""models/gp/sphere.py: scaling, the three projections, norms, and rows without an image."""

from __future__ import annotations

import numpy as np
import pytest

from models.gp.errors import BadRows, BadSetting
from models.gp.sphere import PROJECTIONS, SphereMap

X = np.random.default_rng(0).normal([10.0, -3.0, 0.5], [5.0, 0.1, 1e-3], size=(40, 3))


@pytest.mark.parametrize("projection", PROJECTIONS)
@pytest.mark.parametrize("exponent", [0, 1])
def test_every_row_lands_on_the_sphere(projection: str, exponent: int) -> None:
    z, r = SphereMap.fit(X, projection, exponent)(X)
    assert z.shape == (40, 3 if projection == "unit" else 4)
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), 1.0, rtol=0, atol=4e-16)
    assert np.mean(np.square(r)) == pytest.approx(1.0)
    assert (r == 1.0).all() == (exponent == 0)


def test_the_units_of_the_inputs_do_not_matter() -> None:
    z, r = SphereMap.fit(X, "lift", 1)(X)
    other_z, other_r = SphereMap.fit(X * 1000.0 + 7.0, "lift", 1)(X * 1000.0 + 7.0)
    np.testing.assert_allclose(other_z, z, rtol=0, atol=1e-9)
    np.testing.assert_allclose(other_r, r, rtol=0, atol=1e-9)


@pytest.mark.parametrize("projection", ["lift", "stereographic"])
def test_lift_and_stereographic_tell_lengths_apart(projection: str) -> None:
    z, _ = SphereMap(projection, 0, np.zeros(2), np.ones(2), 1.0)(np.array([[1.0, 1.0], [2.0, 2.0]]))
    assert abs(z[0] @ z[1]) < 0.99


@pytest.mark.parametrize("bias", [1.0, 3.0])
def test_stereographic_is_the_inverse_of_its_projection(bias: float) -> None:
    x = np.array([[0.5, -2.0]])
    z, _ = SphereMap("stereographic", 0, np.zeros(2), np.ones(2), 1.0, bias)(x)
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), 1.0)
    np.testing.assert_allclose(bias * z[:, :2] / (1.0 - z[:, 2:]), x)


def test_length_scales_divide_standardised_inputs_and_published_inputs_stay_as_they_are() -> None:
    scales = [1.0, 2.0, 4.0]
    z, r = SphereMap.fit(X, "lift", 1, bias=2.0, length_scales=scales)(X)
    u = np.column_stack([(X - X.mean(0)) / X.std(0) / scales, np.full(40, 2.0)])
    np.testing.assert_allclose(z, u / np.linalg.norm(u, axis=1, keepdims=True))
    np.testing.assert_allclose(r, np.linalg.norm(u, axis=1) / np.sqrt(np.mean(np.square(u).sum(1))))
    z, r = SphereMap.fit(X, "unit", 0, standardise=False)(X)
    np.testing.assert_allclose(z, X / np.linalg.norm(X, axis=1, keepdims=True))


def test_a_constant_column_is_left_in_its_place() -> None:
    x = np.column_stack([X[:, 0], np.full(40, 0.1)])
    sphere = SphereMap.fit(x, "lift", 0)
    assert sphere.x_scale[1] == 1.0
    assert np.isfinite(sphere(x)[0]).all()


def test_unit_refuses_a_row_at_the_mean_and_lift_takes_it() -> None:
    x = np.array([[1.0], [3.0], [2.0]])
    with pytest.raises(BadRows, match="Row 3 is zero after scaling.*lift"):
        SphereMap.fit(x, "unit", 0)(x)
    assert np.isfinite(SphereMap.fit(x, "lift", 1)(x)[0]).all()


@pytest.mark.parametrize("value", [1e60, 1e200, -1e308], ids=str)
def test_a_row_too_far_away_is_named(value: float) -> None:
    sphere = SphereMap.fit(X, "lift", 1)
    with pytest.raises(BadRows, match="Row 2 is too far from the training inputs"):
        sphere(np.array([[1.0, 1.0, 1.0], [1.0, value, 1.0]]))


def test_training_inputs_too_large_to_scale_are_refused() -> None:
    with pytest.raises(BadRows, match="too large to scale"):
        SphereMap.fit(np.array([[1e308], [-1e308]]), "lift", 1)


@pytest.mark.parametrize(
    ("projection", "exponent", "words"),
    [("sphere", 0, "unit, lift, stereographic"), ("lift", 2, "0 or 1")],
    ids=["projection", "exponent"],
)
def test_unknown_settings_are_refused(projection: str, exponent: int, words: str) -> None:
    with pytest.raises(BadSetting, match=words):
        SphereMap.fit(X, projection, exponent)
