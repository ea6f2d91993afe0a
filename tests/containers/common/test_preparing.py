"""`prepare` of both images as a processing job runs it: its inputs, outputs and report, why it failed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from models.tabular import parse_text_csv

GP, KERAS = "containers.gp_image", "containers.keras_image"


def shops(count: int = 200, seed: int = 0) -> str:
    source = random.Random(seed)
    lines = ["kind,size,town"]
    for _ in range(count):
        size = source.gauss(0, 1)
        lines.append(
            f"{'large' if size > 0 else 'small'},{size if size < 1.5 else ''},{source.choice(['Oslo', 'Bergen'])}"
        )
    return "\n".join(lines) + "\n"


def numbers(count: int = 200, seed: int = 0) -> str:
    source = random.Random(seed)
    return "y,x\n" + "".join(f"{source.random()},{source.random()}\n" for _ in range(count))


def split(folder, name: str) -> Path:
    return folder.root / "processing" / "output" / name / f"{name}.csv"


def test_text_classes_and_empty_cells_are_kept_for_the_network(folder, programs) -> None:
    folder.processing_input("raw", shops(150), "a.csv").processing_input("raw", shops(50, 1), "b.csv")
    code, log = programs.run(KERAS, "prepare", folder, SAGEBUILD_TARGET="kind", SAGEBUILD_SPLIT_SEED="5")
    assert code == 0, log
    report = folder.output("report", "report.json")
    assert (report["schema_version"], report["target"], report["split_seed"]) == (1, "kind", 5)
    assert (report["rows"]["in"], report["rows"]["kept"], report["dropped"]) == (200, 200, {})
    assert {column["name"]: column["kind"] for column in report["columns"]} == {
        "kind": "text",
        "size": "number",
        "town": "text",
    }
    assert set(report["classes"]) == {"large", "small"}
    assert report["columns"][1]["nulls"] > 0
    rows = {
        name: parse_text_csv(split(folder, name).read_text(), "kind").rows for name in ("train", "validation", "test")
    }
    assert rows == {name: report["rows"][name] for name in rows}
    assert sum(rows.values()) == 200
    assert log.startswith(f"Of 200 rows {rows['train']} are for training")
    assert not (folder.root / "output" / "message").exists()


def test_the_gaussian_process_gets_whole_rows_and_hears_of_drift(folder, programs) -> None:
    folder.processing_input("raw", numbers() + "0.5,\n,0.5\n").processing_input("reference", numbers(200, 1))
    code, log = programs.run(GP, "prepare", folder)
    assert code == 0, log
    report = folder.output("report", "report.json")
    assert report["rows"]["kept"] == 200
    assert sum(report["dropped"].values()) == 2
    assert report["drift"]["verdict"] == "The data is distributed as the champion's training rows are."
    assert "1 row of 202 left out: the target is missing." in log


def test_what_was_prepared_can_be_trained_on(folder, programs) -> None:
    programs.run(GP, "prepare", folder.processing_input("raw", numbers(60)))
    for channel in ("train", "validation"):
        folder.channel(channel, split(folder, channel).read_text())
    code, log = programs.run(GP, "train", folder)
    assert code == 0, log


def test_a_reference_that_cannot_be_read_is_a_note(folder, programs) -> None:
    folder.processing_input("raw", numbers()).processing_input("reference", "", "nothing.txt")
    code, log = programs.run(GP, "prepare", folder)
    assert code == 0, log
    report = folder.output("report", "report.json")
    assert report["drift"] is None
    assert report["notes"][-1].startswith("Nothing is said about drift: The input 'reference' needs a .csv file")


BAD = {
    "text": (GP, shops(), {}, "In the input 'raw': The column 'kind' holds text, such as"),
    "few": (KERAS, "y,x\n1,2\n3,4\n", {}, "2 rows can be used, too few"),
    "target": (KERAS, numbers(), {"SAGEBUILD_TARGET": "z"}, "has no target column 'z'; the columns are y, x."),
    "seed": (KERAS, numbers(), {"SAGEBUILD_SPLIT_SEED": "-1"}, "SAGEBUILD_SPLIT_SEED is '-1', but must be a whole"),
    "outliers": (KERAS, numbers(), {"SAGEBUILD_OUTLIERS": "mend"}, "SAGEBUILD_OUTLIERS is 'mend', but must be report"),
    "mixed": (KERAS, numbers() + "1,a\n", {}, "The column 'x' has 'a' in row 202, but numbers in most others"),
}


@pytest.mark.parametrize(("module", "text", "environment", "said"), BAD.values(), ids=BAD.keys())
def test_what_cannot_be_prepared_is_one_sentence(folder, programs, module, text, environment, said) -> None:
    code, log = programs.run(module, "prepare", folder.processing_input("raw", text), **environment)
    assert (code, log) == (1, folder.message)
    assert said in log
    assert log.count("\n") == 1
    assert not (folder.root / "processing" / "output").exists()


def test_outliers_leave_the_training_rows_when_asked_for(folder, programs) -> None:
    text = numbers() + "".join(f"0.{i},{10**6 + i}\n" for i in range(10, 30))
    code, log = programs.run(GP, "prepare", folder.processing_input("raw", text), SAGEBUILD_OUTLIERS="drop")
    assert code == 0, log
    assert ",10000" not in split(folder, "train").read_text()
    assert "left out: an input is far out" in log
