"""The state machine's template: its rules, and that our renderer is Terraform's templatefile."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from orchestration import ports
from orchestration.local import resources
from orchestration.machines.render import BUILD_MACHINE, placeholders, render
from tests.tools import tool

TEMPLATE = BUILD_MACHINE.read_text()
STATES: dict[str, dict[str, Any]] = json.loads(TEMPLATE)["States"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}
# Of the services, from their Step Functions pages; all else in ErrorEquals must be ours.
FOREIGN = ("States.", "Lambda.", "SageMaker.", "CodeBuild.", "Sandbox.", "Runtime.")


# Where a failure goes that no other rule names: to the record, but for what must happen before it, or fails nothing.
LAST_RESORT = {
    "RecordFailure": "Failed",
    "VerifyEndpoint": "RestoreEndpoint",
    "RecordReady": "RestoreEndpoint",
    "Retire": "Done",
}


@pytest.mark.parametrize("name", TASKS)
def test_every_task_has_retry_time_limit_and_catch(name: str) -> None:
    task = TASKS[name]
    assert task["Retry"]
    assert "TimeoutSeconds" in task or "TimeoutSecondsPath" in task
    assert task["Catch"][-1]["ErrorEquals"] == ["States.ALL"]
    assert task["Catch"][-1]["Next"] == LAST_RESORT.get(name, "RecordFailure")


def test_every_state_is_reached_and_every_next_exists() -> None:
    document = json.loads(TEMPLATE)
    reached, todo = set(), [document["StartAt"]]
    while todo:
        name = todo.pop()
        if name in reached:
            continue
        reached.add(name)
        state = STATES[name]
        rules = [*state.get("Choices", []), *state.get("Catch", []), state]
        todo += [rule[key] for rule in rules for key in ("Next", "Default") if key in rule]
    assert reached == set(STATES)


@pytest.mark.parametrize("name", TASKS)
def test_every_error_that_is_matched_is_one_that_exists(name: str) -> None:
    for rule in TASKS[name]["Retry"] + TASKS[name]["Catch"]:
        for error in rule["ErrorEquals"]:
            if not error.startswith(FOREIGN):
                assert issubclass(getattr(ports, error), ports.SageBuildError)


def test_waits_come_from_settings_by_path() -> None:
    for name in ("Train", "Tune", "PrepareData", "Evaluate", "AskForApproval", "TakeLease", "DeployEndpoint"):
        assert TASKS[name]["TimeoutSecondsPath"].startswith("$.waits.")


def test_placeholders_stand_only_inside_strings_and_every_function_exists() -> None:
    table = json.loads((BUILD_MACHINE.parents[1] / "functions" / "functions.json").read_text())
    for name in placeholders(TEMPLATE) - {"partition", "job_role_arn"}:
        assert name.removesuffix("_function").replace("_", "-") in table


def test_a_failure_ends_with_a_literal_error() -> None:
    assert STATES["Failed"]["Error"] == "BuildFailed"


@pytest.mark.parametrize(
    ("template", "values", "said"),
    [
        ('{"a": "${one}"}', {}, "needs a value for one"),
        ('{"a": "${one}"}', {"one": "1", "two": "2"}, "no placeholder two"),
        ('{"a": "%{ if x }${one}"}', {"one": "1"}, "directive"),
    ],
    ids=["missing", "unknown", "directive"],
)
def test_what_terraform_would_refuse_is_refused(template: str, values: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        render(template, values)


def test_paths_and_context_stay_as_they_are() -> None:
    text = '{"a.$": "$$.Execution.Id", "b.$": "States.Format(\'{}-${x}\', $.y)"}'
    assert json.loads(render(text, {"x": "z"})) == {"a.$": "$$.Execution.Id", "b.$": "States.Format('{}-z', $.y)"}


def test_our_rendering_is_terraforms(tmp_path: Path) -> None:
    terraform = tool("terraform")
    values = {name: f"value-of-{name}" for name in placeholders(TEMPLATE)}
    expression = f"jsonencode(templatefile({json.dumps(str(BUILD_MACHINE))}, {json.dumps(values)}))"
    environment = {**os.environ, "TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
    result = subprocess.run(
        [terraform, "console"],
        input=expression,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
        timeout=60,
        check=True,
    )
    theirs = result.stdout.strip()
    for _ in range(3):  # console prints a string literal of a JSON string
        theirs = json.loads(theirs)
        if isinstance(theirs, dict):
            break
    assert theirs == json.loads(render(TEMPLATE, values))


def test_the_local_definition_calls_functions_by_their_names() -> None:
    definition = json.loads(resources.definition())
    names = {
        state["Parameters"]["FunctionName"]
        for state in definition["States"].values()
        if "FunctionName" in state.get("Parameters", {})
    }
    assert names == {"resolve-settings", "record-status", "candidate", "registration", "deployment"}
