"""models/gp/layers.c, compiled: it says what NumPy says, and NumPy stays where it is not there or not right."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from models.gp import layers, native
from models.gp.layers import apply_layers
from tests.tools import tool


def compiled_layers(tmp_path_factory: pytest.TempPathFactory) -> native.Layers:
    """The compiled form, made anew from the source; the test is skipped where there is no compiler."""
    tool("cc")
    path = tmp_path_factory.mktemp("native") / "layers.so"
    native.compile_to(path)
    found = native.load(path)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> native.Layers:
    return compiled_layers(tmp_path_factory)


@pytest.fixture
def fresh() -> Iterator[None]:
    """Whether there is a compiled form is asked once a process; here it is asked anew, before and after."""
    layers._compiled.cache_clear()
    yield
    layers._compiled.cache_clear()


@pytest.mark.parametrize("q", range(6))
@pytest.mark.parametrize("count", [1, 511, 512, 513, 2000])
def test_it_says_what_numpy_says_and_touches_nothing_else(compiled: native.Layers, q: int, count: int) -> None:
    values = np.random.default_rng(q).uniform(-1.0, 1.0, count + 2)
    ours, theirs = values.copy(), values[1:-1].copy()
    compiled(ours.ctypes.data + 8, count, q, 2)
    layers._apply_layers(theirs, q, 2)
    np.testing.assert_allclose(ours[1:-1], theirs, rtol=0, atol=2e-15)
    assert (ours[[0, -1]] == values[[0, -1]]).all()


@pytest.mark.parametrize("q", range(6))
def test_the_ends_are_exact_and_roundings_beyond_them_are_cut(compiled: native.Layers, q: int) -> None:
    ends = np.array([1.0, np.nextafter(1.0, 2.0), -1.0, np.nextafter(-1.0, -2.0)])
    compiled(ends.ctypes.data, 4, q, 1)
    assert ends.tolist() == [1.0, 1.0, 0.0, 0.0]
    deep = np.ones(3)
    compiled(deep.ctypes.data, 3, q, 9)
    assert (deep == 1.0).all()


def test_numpy_stays_where_there_is_none(fresh: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other.so").write_bytes(b"of another machine")
    assert native.load(tmp_path / "none.so") is None
    assert native.load(tmp_path / "other.so") is None
    monkeypatch.setattr(native, "library", lambda: tmp_path / "none.so")
    assert layers._compiled() is None
    t = np.array([0.5])
    apply_layers(t, 0, 1)
    assert t[0] == pytest.approx(2.0 / 3.0)


def test_one_that_is_wrong_is_not_used_and_said(fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "load", lambda: lambda *arguments: None)
    with pytest.warns(UserWarning, match="disagrees with NumPy's and is not used"):
        assert layers._compiled() is None


def test_without_a_compiler_it_is_said_unless_that_is_fine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(native, "library", lambda: tmp_path / "layers.so")
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert native.main(["--if-possible"]) == 0
    assert capsys.readouterr().err == ""
    assert native.main([]) == 1
    assert "There is no C compiler here (cc, gcc, clang)" in capsys.readouterr().err


def test_it_is_compiled_once_and_again_when_the_source_is_newer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool("cc")
    path = tmp_path / "layers.so"
    monkeypatch.setattr(native, "library", lambda: path)
    assert native.main([]) == 0
    made = path.stat().st_mtime_ns
    assert native.main([]) == 0
    assert path.stat().st_mtime_ns == made
    assert native.load() is not None
    source = tmp_path / "layers.c"
    source.write_text("nonsense")
    monkeypatch.setattr(native, "SOURCE", source)
    os.utime(path, (0, 0))
    assert native.load() is None
    assert native.main([]) == 1
    assert [each.name for each in tmp_path.iterdir() if each.suffix == ".so"] == ["layers.so"]
