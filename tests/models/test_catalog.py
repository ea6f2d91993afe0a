"""models/catalog.py: entries of an environment's settings beside the built-in ones."""

from __future__ import annotations

import pytest

from models.catalog import BUILT_IN, GP, KERAS, BadEntry

FOREST = {
    "name": "forest",
    "title": "Forest",
    "description": "Trees.",
    "words": ["trees"],
    "image": "forest",
    "program": "forest",
    "objective": "validation:RMSE",
    "metrics": [{"name": "validation:RMSE", "goal": "Minimize", "meaning": "error"}],
}


def test_an_entry_runs_train_and_serve_unless_it_says_more() -> None:
    assert BUILT_IN.with_entries([FOREST]).model("trees").programs == ("train", "serve")
    more = {**FOREST, "programs": ["train", "serve", "evaluate"], "takes_text": False}
    found = BUILT_IN.with_entries([more]).model("forest")
    assert (found.programs, found.takes_text) == (("train", "serve", "evaluate"), False)


@pytest.mark.parametrize("programs", [["train"], ["train", "serve", "explain"], "train serve"])
def test_an_entry_that_keeps_no_contract_is_refused(programs: object) -> None:
    with pytest.raises(BadEntry, match="programs of 'forest'"):
        BUILT_IN.with_entries([{**FOREST, "programs": programs}])


def test_the_built_in_models_judge_and_prepare_and_only_the_network_takes_text() -> None:
    assert GP.programs == KERAS.programs == ("train", "serve", "evaluate", "prepare")
    assert (GP.takes_text, KERAS.takes_text) == (False, True)
