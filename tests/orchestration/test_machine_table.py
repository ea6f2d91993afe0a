"""The README's table of states is the definition's, and what it says of loops is so."""

from __future__ import annotations

import json

import pytest

from orchestration.machines.render import BUILD_MACHINE
from orchestration.machines.table import README, longest_way, tables, with_tables

STATES = json.loads(BUILD_MACHINE.read_text())["States"]


def test_the_readme_has_the_table_of_the_definition() -> None:
    text = README.read_text()
    made = with_tables(text, BUILD_MACHINE.read_text())
    assert text == made, "run python -m orchestration.machines.table"


def test_every_state_has_its_row_with_limit_and_ways_out() -> None:
    rows = {line.split("`")[1]: line for line in tables(STATES).splitlines() if line.startswith("| `")}
    assert rows.keys() == STATES.keys()
    assert "`sagemaker:createTrainingJob.sync`" in rows["Train"]
    assert "`waits.training_state_timeout_s`" in rows["Train"]
    assert "States.Timeout: ExpireApproval<br>anything: RecordFailure" in rows["AskForApproval"]
    assert '`steps.work` is "train": RecordTraining<br>' in rows["WhatToDo"]


def test_no_way_through_enters_a_state_twice_or_has_more_than_forty() -> None:
    """So the number of transitions, which AWS charges for, does not grow with the time that anything takes."""
    assert len(longest_way("ResolveSettings", STATES)) <= 40
    looped = {**STATES, "Judge": {**STATES["Judge"], "Next": "Evaluate"}}
    with pytest.raises(ValueError, match="a loop: Evaluate -> Judge -> Evaluate"):
        longest_way("ResolveSettings", looped)
