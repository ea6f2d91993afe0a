"""`python -m containers.gp_image evaluate` as a processing job runs it: its inputs, its result, why it failed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from models.datasets import Row, toy
from models.gp import artifact
from models.gp.fitting import fit
from models.gp.metrics import rmse
from models.gp.settings import Settings

MODULE = "containers.gp_image"
TEST = toy().to_csv("test")


def model(folder: Path, rows: tuple[Row, ...] = toy().train, inputs: tuple[str, ...] = ("x1", "x2")) -> Path:
    """A model folder, of rows with the target first."""
    values = np.array(rows)
    folder.mkdir()
    artifact.save(
        fit(Settings(), values[:, 1:], values[:, 0], inputs=inputs, target="y").posterior, folder / "model.npz"
    )
    (folder / "metrics.json").write_text("{}")
    return folder


def test_a_candidate_and_the_champion_are_judged_on_the_same_rows(folder, programs, tmp_path: Path) -> None:
    candidate, champion = model(tmp_path / "new"), model(tmp_path / "old", toy().train[:20])
    folder.processing_input("model", candidate).processing_input("champion", champion).processing_input("test", TEST)
    code, log = programs.run(MODULE, "evaluate", folder, SAGEBUILD_TARGET="y")
    assert code == 0, log
    found = folder.output("evaluation", "evaluation.json")
    values = np.array(toy().test)
    expected = rmse(values[:, 0], artifact.load(candidate / "model.npz").predict(values[:, 1:]))
    assert (found["schema_version"], found["rows"], found["champion_note"]) == (1, 50, "")
    assert found["metrics"]["RMSE"] == pytest.approx(expected)
    assert set(found["metrics"]) == set(found["champion"]["metrics"]) == {"RMSE", "NLPD", "coverage95"}
    assert found["champion"]["metrics"]["RMSE"] > found["metrics"]["RMSE"]
    assert [row["inputs"] for row in found["probe"]] == [list(row[1:]) for row in toy().test[:3]]
    assert "Judged on 50 held-out rows: RMSE" in log
    assert [path.name for path in (folder.root / "processing" / "output").iterdir()] == ["evaluation"]


def test_the_probe_is_what_the_endpoint_answers(folder, programs, endpoint, tmp_path: Path) -> None:
    candidate = model(tmp_path / "new")
    folder.processing_input("model", candidate).processing_input("test", TEST)
    assert programs.run(MODULE, "evaluate", folder)[0] == 0
    found = folder.output("evaluation", "evaluation.json")
    assert (found["champion"], found["champion_note"]) == (None, "")
    candidate.rename(folder.root / "model")
    server = endpoint(MODULE, folder)
    server.wait_until_ready()
    body = {"instances": [row["inputs"] for row in found["probe"]], "return_std": True}
    answered = json.loads(server.ask(json.dumps(body))[1])["predictions"]
    # In one request, as the probe was made; in another number of rows the last digits may differ.
    assert [{"mean": row["mean"], "std": row["std"]} for row in found["probe"]] == answered


def test_columns_may_stand_in_another_order(folder, programs, tmp_path: Path) -> None:
    folder.processing_input("model", model(tmp_path / "new"))
    folder.processing_input("test", "x2,y,x1\n1,5.95,0.5\n2,11,0\n")
    code, log = programs.run(MODULE, "evaluate", folder)
    assert code == 0, log
    found = folder.output("evaluation", "evaluation.json")
    assert found["probe"][0]["inputs"] == [0.5, 1.0]
    assert found["metrics"]["RMSE"] < 1.5


@pytest.mark.parametrize(
    ("champion", "said"),
    [
        ("other columns", "The champion predicts y from x1, z, so it cannot be compared with this model, which"),
        ("damaged", "The champion cannot be judged: model.npz is damaged or pickled"),
        ("no archive", "The champion cannot be judged: The input 'champion' needs a model.tar.gz, but"),
    ],
)
def test_a_champion_that_cannot_be_judged_is_a_note(folder, programs, tmp_path: Path, champion: str, said: str) -> None:
    folder.processing_input("model", model(tmp_path / "new")).processing_input("test", TEST)
    if champion == "other columns":
        folder.processing_input("champion", model(tmp_path / "old", inputs=("x1", "z")))
    elif champion == "damaged":
        (tmp_path / "old").mkdir()
        (tmp_path / "old" / "model.npz").write_bytes(b"junk")
        folder.processing_input("champion", tmp_path / "old")
    else:
        folder.processing_input("champion", "text", "readme.txt")
    code, log = programs.run(MODULE, "evaluate", folder)
    assert code == 0, log
    found = folder.output("evaluation", "evaluation.json")
    assert found["champion"] is None
    assert said in found["champion_note"]
    assert "Traceback" not in log


BAD = {
    "no-model": (False, TEST, {}, "The input 'model' needs a model.tar.gz, but"),
    "no-rows": (True, "y,x1,x2\n", {}, "In the input 'test': data.csv has a header but no rows."),
    "columns": (True, "y,a,b\n1,2,3\n", {}, "The input 'test' has y from a, b, but the model predicts y from x1, x2."),
    "target": (True, TEST, {"SAGEBUILD_TARGET": "x1"}, "has x1 from y, x2, but the model predicts y from x1, x2."),
    "text": (True, "y,x1,x2\n1,a,3\n", {}, "row 2, column 'x1' has 'a', but must have a finite number."),
}


@pytest.mark.parametrize(("has_model", "rows", "environment", "said"), BAD.values(), ids=BAD.keys())
def test_what_cannot_be_judged_is_one_sentence(
    folder, programs, tmp_path: Path, has_model: bool, rows: str, environment: dict[str, str], said: str
) -> None:
    folder.processing_input("test", rows)
    if has_model:
        folder.processing_input("model", model(tmp_path / "new"))
    code, log = programs.run(MODULE, "evaluate", folder, **environment)
    assert code == 1
    assert said in folder.message
    assert folder.message.count("\n") == 1
    assert log == folder.message
    assert not (folder.root / "processing" / "output").exists()
