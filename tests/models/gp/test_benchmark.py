"""models/gp/benchmark.py on a small set made here: what it prints, and that test rows reach it only to be judged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.gp import benchmark
from models.gp.published import DROPOUT_2016, DROPOUT_2018


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two splits of 80 rows with the target in the middle column."""
    for name, value in (("ORDERS", range(2)), ("ITERATIONS", range(1)), ("CANDIDATES", 2)):
        monkeypatch.setattr(f"models.gp.search.{name}", value)
    source = np.random.default_rng(0)
    x = source.normal(size=(80, 2))
    y = 3.0 * x[:, 0] - x[:, 1] + 0.1 * source.normal(size=80)
    one = tmp_path / "yacht"
    one.mkdir()
    np.savetxt(one / "data.txt", np.column_stack([x[:, 0], y, x[:, 1]]))
    (one / "index_features.txt").write_text("0\n2\n")
    (one / "index_target.txt").write_text("1\n")
    for split in range(2):
        order = source.permutation(80)
        np.savetxt(one / f"index_train_{split}.txt", order[:60])
        np.savetxt(one / f"index_test_{split}.txt", order[60:])
    return tmp_path


def test_a_split_is_judged_on_its_test_rows(folder: Path) -> None:
    result = benchmark.run_split(folder / "yacht", 0)
    assert result.rmse < 0.3
    assert result.log_likelihood > -0.5
    assert 0.7 <= result.coverage <= 1.0


def test_what_is_learnt_does_not_depend_on_the_targets_of_test_rows(folder: Path) -> None:
    before = benchmark.run_split(folder / "yacht", 0)
    data = np.loadtxt(folder / "yacht" / "data.txt")
    test = np.loadtxt(folder / "yacht" / "index_test_0.txt").astype(int)
    data[test, 1] += 1000.0
    np.savetxt(folder / "yacht" / "data.txt", data)
    after = benchmark.run_split(folder / "yacht", 0)
    assert after.kernels == before.kernels
    # The predictions are the same, so that every error is 1000 larger.
    assert after.rmse == pytest.approx(1000.0, abs=1.0)


def test_the_table_has_a_row_a_set_with_the_published_ones_beside_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert benchmark.main(["--data", str(folder), "--splits", "2", "--jobs", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("yacht                             2  0.")
    assert "1.11 / -1.55" in lines[1]
    assert lines[1].count("both") == 2
    assert lines[2].startswith("  kernels (q, l, norm exponent): (")


def test_a_folder_without_sets_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmark.main(["--data", str(tmp_path)]) == 1
    assert "There is no set below" in capsys.readouterr().out


def test_the_published_tables_have_the_same_sets() -> None:
    assert DROPOUT_2016.keys() == DROPOUT_2018.keys()
