"""What a text means after a question or a command: bare answers, and corrections."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.intents.catalog import INTENTS
from bot.language.parse import Language


@pytest.mark.parametrize(
    ("text", "intent", "slot", "value"),
    [
        ("diabetes", "UseDataset", "dataset", "diabetes"),
        ("the breast cancer data please", "UseDataset", "dataset", "breast-cancer"),
        ("0.3 1.2", "Predict", "numbers", [0.3, 1.2]),
        ("zero point three and one", "Predict", "numbers", [0.3, 1]),
        ("x1 0.5 and x2 1", "Predict", "numbers", {"x1": 0.5, "x2": 1}),
        ("ten", "Tune", "jobs", 10),
        ("make it ten", "Tune", "jobs", 10),
        ("ten and a half", "Tune", "jobs", None),
        ("2 hours", "StartTraining", "timeout_s", 7200),
        ("the gp", "DescribeModel", "model", "gp"),
        ("12", "BuildStatus", "build", 12),
        ("my last build", "BuildStatus", "build", "mine"),
        ("3 and 4", "CompareBuilds", "builds", [3, 4]),
        ("3", "CompareBuilds", "builds", None),
        ("the training timeout", "ChangeSetting", "setting", "training timeout"),
        ("30 minutes", "ChangeSetting", "value", 1800),
        ("on", "ChangeSetting", "value", True),
        ("ml.m5.large", "ChangeSetting", "value", "ml.m5.large"),
        ("x1", "Sweep", "input", "x1"),
        ("from zero", "Sweep", "from", 0),
        ("because it is Too Slow", "Reject", "reason", "it is Too Slow"),
        ("012 345", "LinkAccount", "code", "012345"),
        ("q 2 and l 3", "StartTraining", "hyperparameters", {"q": 2, "l": 3}),
        ("q from 0 to 4", "Tune", "ranges", {"q": {"low": 0, "high": 4}}),
        ("yes", "StartTraining", "deploy", True),
        ("today", "ListBuilds", "when", "today"),
        ("stop the build", "UseDataset", "dataset", None),
        ("not diabetes", "UseDataset", "dataset", None),
        ("", "UseDataset", "dataset", None),
        ("diabetes", "UseDataset", "nothing", None),
    ],
)
def test_fill(language: Language, text: str, intent: str, slot: str, value: Any) -> None:
    assert language.fill(text, intent, slot) == value


QUARTER = {"q": {"low": 0, "high": 4}}


@pytest.mark.parametrize(
    ("text", "intent", "slots", "amended"),
    [
        ("no, l", "Tune", {"ranges": QUARTER}, {"ranges": {"l": {"low": 0, "high": 4}}}),
        ("not q, l", "Tune", {"ranges": {"q": {}}}, {"ranges": {"l": {}}}),
        ("l instead of q", "StartTraining", {"hyperparameters": {"q": 2}}, {"hyperparameters": {"l": 2}}),
        ("not q, l", "StartTraining", {"hyperparameters": {"l": 2}}, None),
        ("with q 3 instead", "StartTraining", {"hyperparameters": {"q": 2}}, {"hyperparameters": {"q": 3}}),
        ("with l 1", "StartTraining", {"hyperparameters": {"q": 2}}, {"hyperparameters": {"q": 2, "l": 1}}),
        (
            "make it 20 epochs",
            "StartTraining",
            {"model": "keras"},
            {"model": "keras", "hyperparameters": {"epochs": 20}},
        ),
        ("no, on diabetes", "StartTraining", {"model": "gp"}, {"model": "gp", "dataset": "diabetes"}),
        ("actually keras", "StartTraining", {"model": "gp"}, {"model": "keras"}),
        ("but without deploying", "StartTraining", {"model": "gp"}, {"model": "gp", "deploy": False}),
        ("I meant build 7", "Deploy", {"build": 6}, {"build": 7}),
        ("no, 7", "Deploy", {"build": 6}, {"build": 7}),
        ("no, housing", "UseDataset", {"dataset": "toy"}, {"dataset": "housing"}),
        ("no, 0.8", "ChangeSetting", {"setting": "x", "value": 0.9}, {"setting": "x", "value": 0.8}),
        ("from 0 to 3", "Tune", {"ranges": QUARTER}, {"ranges": {"q": {"low": 0, "high": 3}}}),
        ("no, from 1 to 2", "Sweep", {"input": "x1", "from": 0, "to": 1}, {"input": "x1", "from": 1, "to": 2}),
        ("no, q from 1 to 3", "Tune", {"ranges": QUARTER}, {"ranges": {"q": {"low": 1, "high": 3}}}),
        ("20 jobs", "Tune", {"jobs": 10}, {"jobs": 20}),
        ("for at most 2 hours", "StartTraining", {}, {"timeout_s": 7200}),
        ("use ml.m5.large instead", "StartTraining", {}, {"instance": "ml.m5.large"}),
        ("I meant build 6", "Deploy", {"build": 6}, None),
        ("on diabetes", "Deploy", {"build": 6}, None),
        ("yes", "Deploy", {"build": 6}, None),
        ("no", "Deploy", {"build": 6}, None),
        ("do not deploy build 7", "Deploy", {"build": 6}, None),
        ("", "Deploy", {"build": 6}, None),
    ],
)
def test_amend(
    language: Language, text: str, intent: str, slots: dict[str, Any], amended: dict[str, Any] | None
) -> None:
    before = {name: dict(value) if isinstance(value, dict) else value for name, value in slots.items()}
    assert language.amend(text, intent, slots) == amended
    assert slots == before


WORDS = st.sampled_from(
    "no not q l 3 from to instead of with gp build and on diabetes , 20 jobs it yes foo make".split()
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.one_of(st.text(max_size=200), st.lists(WORDS, max_size=12).map(" ".join)),
    intent=st.sampled_from(INTENTS),
    data=st.data(),
)
def test_any_text_is_an_answer_or_none(language: Language, text: str, intent: Any, data: st.DataObject) -> None:
    amended = language.amend(text, intent.name, {})
    assert amended is None or set(amended) <= {slot.name for slot in intent.slots}
    if intent.slots:
        language.fill(text, intent.name, data.draw(st.sampled_from(intent.slots)).name)
