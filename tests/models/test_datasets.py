"""models/datasets.py: the same rows each time, no row twice, and files that tabular.py reads back exactly."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from models.datasets import SAMPLES, toy
from models.tabular import parse_csv


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_files_read_back_exactly(name: str, part: str) -> None:
    sample = SAMPLES[name]()
    table = parse_csv(sample.to_csv(part), sample.target)
    assert sample.name == name
    assert tuple(table.columns) == sample.columns
    assert list(zip(*table.columns.values(), strict=True)) == list(getattr(sample, part))


@pytest.mark.parametrize(
    ("name", "sizes"), [("toy", (100, 50, 50)), ("diabetes", (265, 88, 89)), ("breast-cancer", (341, 114, 114))]
)
def test_parts_have_their_sizes_and_share_no_row(name: str, sizes: tuple[int, int, int]) -> None:
    sample = SAMPLES[name]()
    parts = (sample.train, sample.validation, sample.test)
    assert tuple(len(part) for part in parts) == sizes
    assert len(set().union(*parts)) == sum(sizes)
    assert SAMPLES[name]() == sample


def test_the_target_comes_first_so_that_a_program_that_is_not_told_takes_it() -> None:
    for make in SAMPLES.values():
        assert parse_csv(make().to_csv("train")).target == make().target


def test_the_toy_set_is_the_line_it_says() -> None:
    rows = np.array([row for seed in range(20) for row in toy(seed).train])
    (slope1, slope2, offset), residual, *_ = np.linalg.lstsq(np.c_[rows[:, 1:], np.ones(len(rows))], rows[:, 0])
    assert (slope1, slope2, offset) == (
        pytest.approx(1.5, abs=0.1),
        pytest.approx(5.2, abs=0.1),
        pytest.approx(0, abs=0.1),
    )
    assert residual[0] / len(rows) == pytest.approx(1.0, abs=0.1)
    assert toy(1) != toy(2)


def test_the_orchestration_can_import_it_without_numpy() -> None:
    code = "import sys, models.datasets, models.tabular, models.catalog; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=30, check=False).returncode == 0
