"""Sample data, made from code or from a built-in set of scikit-learn, so that nothing needs to be downloaded.

The files made of it have the form that tabular.py reads. Standard library only; scikit-learn is imported when
its data is asked for.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Row = tuple[float, ...]

TOY_SEED = 20
TOY_ROWS = {"train": 100, "validation": 50, "test": 50}
# y = 1.5 x1 + 5.2 x2 + noise
TOY_SLOPES = (1.5, 5.2)
_SHUFFLE_SEED = 20
_DIABETES_ROWS = {"train": 265, "validation": 88, "test": 89}
_BREAST_CANCER_ROWS = {"train": 341, "validation": 114, "test": 114}


@dataclass(frozen=True)
class SampleDataset:
    """Rows that a model can be trained, validated and tested on; no row is in two parts.

    columns: names in the order of each row, the target first, which is also what a program that is not told the
    target takes. target: one of the columns.
    """

    name: str
    description: str
    target: str
    columns: tuple[str, ...]
    train: tuple[Row, ...]
    validation: tuple[Row, ...]
    test: tuple[Row, ...]

    def to_csv(self, part: str) -> str:
        """One part as CSV text with a header row. part: train, validation or test. Raises KeyError for another."""
        return to_csv(self.columns, {"train": self.train, "validation": self.validation, "test": self.test}[part])


def toy(seed: int = TOY_SEED) -> SampleDataset:
    """The linear set: y = 1.5 x1 + 5.2 x2 + N(0, 1) with x1, x2 from N(0, 1); 100, 50 and 50 rows."""
    source = random.Random(seed)

    def rows(count: int) -> tuple[Row, ...]:
        return tuple(_toy_row(source) for _ in range(count))

    return SampleDataset(
        name="toy",
        description="y = 1.5 x1 + 5.2 x2 with noise of standard deviation 1, made from a fixed seed",
        target="y",
        columns=("y", "x1", "x2"),
        train=rows(TOY_ROWS["train"]),
        validation=rows(TOY_ROWS["validation"]),
        test=rows(TOY_ROWS["test"]),
    )


def diabetes() -> SampleDataset:
    """442 patients: ten measurements and how far diabetes had progressed a year later (Efron et al. 2004).

    Inputs in their own units, split 265, 88, 89 by a fixed seed. Raises ModuleNotFoundError without scikit-learn.
    """
    # Imported here: it takes most of a second, and only these functions need it.
    from sklearn.datasets import load_diabetes

    data = load_diabetes(scaled=False)
    rows = [(float(y), *map(float, x)) for x, y in zip(data.data, data.target, strict=True)]
    return _shuffled(
        "diabetes",
        "progression of diabetes after a year in 442 patients, from ten measurements",
        ("progression", *data.feature_names),
        rows,
        _DIABETES_ROWS,
    )


def breast_cancer() -> SampleDataset:
    """569 tumours: thirty measurements of cells, and whether the tumour was benign (1) or malignant (0) (Street 1993).

    Split 341, 114, 114 by a fixed seed. Raises ModuleNotFoundError without scikit-learn.
    """
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    rows = [(float(y), *map(float, x)) for x, y in zip(data.data, data.target, strict=True)]
    return _shuffled(
        "breast-cancer",
        "whether each of 569 tumours was benign, from thirty measurements: two classes",
        ("benign", *(str(name).replace(" ", "_") for name in data.feature_names)),
        rows,
        _BREAST_CANCER_ROWS,
    )


SAMPLES: Mapping[str, Callable[[], SampleDataset]] = {
    "toy": toy,
    "diabetes": diabetes,
    "breast-cancer": breast_cancer,
}


def to_csv(columns: Sequence[str], rows: Sequence[Row]) -> str:
    """CSV text with a header row; numbers are written so that they read back as the same number."""
    lines = [",".join(columns), *(",".join(repr(value) for value in row) for row in rows)]
    return "\n".join(lines) + "\n"


def _shuffled(
    name: str, description: str, columns: tuple[str, ...], rows: list[Row], sizes: Mapping[str, int]
) -> SampleDataset:
    """The rows in a fixed random order, cut into parts. The target is the first column."""
    random.Random(_SHUFFLE_SEED).shuffle(rows)
    first, second = sizes["train"], sizes["train"] + sizes["validation"]
    return SampleDataset(
        name=name,
        description=description,
        target=columns[0],
        columns=columns,
        train=tuple(rows[:first]),
        validation=tuple(rows[first:second]),
        test=tuple(rows[second:]),
    )


def _toy_row(source: random.Random) -> Row:
    x1, x2, noise = source.gauss(0.0, 1.0), source.gauss(0.0, 1.0), source.gauss(0.0, 1.0)
    return (TOY_SLOPES[0] * x1 + TOY_SLOPES[1] * x2 + noise, x1, x2)
