"""The tables that Terraform reads agree with the code: names, variables, images, event sources, permissions."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

import pytest

from models.catalog import BUILT_IN
from orchestration import builds
from orchestration.builds import Build, BuildKind, BuildStatus, Environment, Requester, Service
from orchestration.local.sources import read_sources
from orchestration.machines.render import BUILD_MACHINE
from orchestration.settings import SCHEMA_VERSION, effective, variable_of
from terraform import generate
from terraform.package import function_table
from terraform.tools import calls
from terraform.tools.workspace import ROOT

FOLDER = ROOT / "terraform"
NAMES = (FOLDER / "names.tf").read_text()
LOCALS = (FOLDER / "functions.tf").read_text()
FUNCTIONS: dict[str, dict[str, Any]] = function_table()
ROLES: dict[str, dict[str, Any]] = json.loads((FOLDER / "roles.json").read_text())
UNSCOPED: dict[str, str] = json.loads((FOLDER / "unscoped.json").read_text())
STATES: dict[str, dict[str, Any]] = json.loads(BUILD_MACHINE.read_text())["States"]
# Stage of the state machine to the logical resource of its jobs.
STAGES = {"train": "training-jobs", "tune": "tuning-jobs", "prepare": "processing-jobs", "evaluate": "processing-jobs"}


def a_build(resumed: int = 0) -> Build:
    """One whose names are to be allowed."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    requester = Requester("someone", "Someone", "console", "here")
    return Build(
        12,
        BuildKind.TRAIN,
        Service("gp", "toy-data"),
        requester,
        BuildStatus.QUEUED,
        "sns-1",
        now,
        now,
        resume_count=resumed,
    )


def last_part(resource: str) -> str:
    """The pattern at the end of a logical resource's ARN, for the environment dev."""
    line = re.search(rf'(?m)^    "{resource}" += \["(.+)"\]$', NAMES)
    assert line is not None, resource
    return line[1].rpartition("/")[2].replace("${var.environment}", "dev").replace("${local.prefix}", "sagebuild-dev")


@pytest.mark.parametrize("path", generate.files(), ids=lambda path: path.name)
def test_what_is_generated_is_as_generated(path: Any) -> None:
    assert path.read_text() == generate.files()[path], "run `make generate-terraform`"


def test_every_field_of_the_environment_has_a_value() -> None:
    given = set(re.findall(r"(?m)^    (SAGEBUILD_[A-Z_]+) +=", NAMES))
    assert {variable_of(field.name) for field in fields(Environment)} - {"AWS_REGION"} <= given


def test_the_images_are_the_catalogues() -> None:
    variables = {block.name: block for block in generate.blocks(FOLDER / "variables.tf")}
    names = re.findall(r"(\w+) = \{ dockerfile = \"([^\"]+)\" \}", variables["images"].default or "")
    assert {name for name, _ in names} == {model.image for model in BUILT_IN}
    for _, dockerfile in names:
        assert (ROOT / dockerfile).exists()


def test_event_sources_are_those_that_local_mode_knows() -> None:
    """Those of the channels are Terraform's alone: `sagebuild up` has its own way to each."""
    channels = set(re.findall(r'"(\w+)"', re.findall(r"channel_events += \[(.*)\]", LOCALS)[0]))
    text = (FOLDER / "modules" / "triggers" / "main.tf").read_text()
    for name, row in FUNCTIONS.items():
        for event in row.get("events", []):
            if event["type"] not in channels:
                assert read_sources({name: {"events": [event]}}).functions() == [name]
                assert f'"{event["type"]}"' in text


@pytest.mark.parametrize("resumed", [0, 3])
def test_names_that_the_code_makes_are_within_the_permissions(resumed: int) -> None:
    build = a_build(resumed)
    prefix = builds.build_prefix("dev", build)
    for stage, resource in STAGES.items():
        assert fnmatchcase(f"{prefix}-{stage}-0", last_part(resource))
    assert fnmatchcase(builds.model_name("dev", build), last_part("models"))
    assert fnmatchcase(builds.config_name("dev", build), last_part("endpoint-configs"))
    assert fnmatchcase(builds.endpoint_name("dev", build.service), last_part("endpoints"))
    assert fnmatchcase(builds.package_group("dev", build.service), last_part("package-groups"))


def test_names_of_another_environment_are_not() -> None:
    build = a_build()
    for other in ("dev2", "prod", "de"):
        assert not fnmatchcase(builds.model_name(other, build), last_part("models"))
        assert not fnmatchcase(builds.endpoint_name(other, build.service), last_part("endpoints"))


def test_the_image_projects_are_named_as_the_plan_names_them() -> None:
    text = (ROOT / "orchestration" / "steps" / "plan.py").read_text()
    assert 'f"sagebuild-{environment.name}-{model.image}"' in text
    assert fnmatchcase("sagebuild-dev-gp", last_part("image-builds"))


def integrations() -> list[str]:
    """Every service integration of the machine's states but Lambda's: service:action, with .sync."""
    found = {state["Resource"].partition(":states:::")[2] for state in STATES.values() if "Resource" in state}
    return sorted(one for one in found if not one.startswith("lambda:"))


@pytest.mark.parametrize("integration", integrations())
def test_the_state_machine_may_do_what_its_states_do(integration: str) -> None:
    allowed = {action for actions in ROLES["state-machine"]["iam"].values() for action in actions}
    service, _, action = integration.partition(":")
    name = action.removesuffix(".sync")
    assert f"{service}:{name[0].upper()}{name[1:]}" in allowed
    if action.endswith(".sync") and service == "sagemaker":
        noun = name.removeprefix("create")
        assert {f"sagemaker:Describe{noun}", f"sagemaker:Stop{noun}", "events:PutRule", "iam:PassRole"} <= allowed
    if action.endswith(".sync") and service == "codebuild":
        assert {"codebuild:StopBuild", "codebuild:BatchGetBuilds", "events:PutTargets"} <= allowed


def granted() -> list[tuple[str, str, str]]:
    """(who, logical resource, action) of every role."""
    found = []
    of_functions = {name: calls.permissions(row["handler"]) for name, row in FUNCTIONS.items()}
    of_roles: Mapping[str, Any] = {name: role["iam"] for name, role in ROLES.items()}
    for who, iam in {**of_functions, **of_roles}.items():
        found += [(who, resource, action) for resource, actions in iam.items() for action in actions]
    return found


def test_every_function_has_its_permissions() -> None:
    permissions = json.loads((FOLDER / "permissions.json").read_text())["functions"]
    assert permissions.keys() == FUNCTIONS.keys()


def test_no_action_is_a_pattern() -> None:
    assert [one for one in granted() if "*" in one[2]] == []


def test_what_is_on_everything_has_its_reason_and_nothing_else_has() -> None:
    on_everything = {action for _, resource, action in granted() if resource == "unscoped"}
    assert on_everything <= UNSCOPED.keys()
    assert UNSCOPED.keys() - on_everything == set(), "a reason for what nobody may do any more"


def test_every_logical_resource_is_known_and_used() -> None:
    block = re.search(r"(?ms)^  resources = \{\n(.*?)^  \}", NAMES)
    known = set(re.findall(r'(?m)^    "([a-z-]+)" +=', block[1] if block else ""))
    used = {resource for _, resource, _ in granted()} - {"own-log", "own-queue", "own-secret"}
    assert used - known == set()
    assert known - used == set(), "nobody may do anything on it"


def test_the_root_holds_module_calls_only() -> None:
    blocks = set(re.findall(r"(?m)^([a-z]+)\b", (FOLDER / "main.tf").read_text()))
    assert blocks == {"module"}


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("variables.tf")), ids=lambda path: path.parent.name)
def test_every_variable_is_typed_and_described(path: Any) -> None:
    found = generate.blocks(path)
    assert len(found) == len(re.findall(r'(?m)^variable "', path.read_text()))
    assert [block.name for block in found if not block.type or not block.description.endswith(".")] == []


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("variables.tf")), ids=lambda path: path.parent.name)
def test_every_variable_is_used(path: Any) -> None:
    text = "".join(other.read_text() for other in path.parent.glob("*.tf"))
    # A condition of its own is no use.
    used = set(re.findall(r"\bvar\.([a-z_]+)", re.sub(r"(?ms)^variable .*?^\}", "", text)))
    assert {block.name for block in generate.blocks(path)} - used == set()


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.tf")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_files_are_short(path: Any) -> None:
    assert len(path.read_text().splitlines()) <= 400


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_the_settings_of_each_environment_are_accepted(environment: str) -> None:
    text = (FOLDER / "envs" / f"{environment}.tfvars").read_text()
    block = re.search(r"(?ms)^initial_settings = \{\n(.*?)^\}", text)
    given = {name: json.loads(value) for name, value in re.findall(r"(?m)^  (\w+) += (.+)$", block[1] if block else "")}
    settings = effective({"schema_version": SCHEMA_VERSION, **given}, {})
    assert settings.approval_required is (environment == "prod")
    assert settings.deploy_after_training is True
    assert f'environment = "{environment}"' in re.sub(" +", " ", text)
