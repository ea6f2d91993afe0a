"""Terraform against moto: one server, one plan, one apply and one second plan a session, under way in a thread.

Nearly all of an apply is the provider's waiting, so it goes on while other tests run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from terraform.package import TABLES, function_table
from terraform.tools.workspace import ROOT, TIMEOUTS_S, TerraformFailed, Workspace

ARCHITECTURE = "arm64"
RUNTIME = "python3.12"
SKILL = "amzn1.ask.skill.00000000-0000-0000-0000-000000000000"
VARIABLES = ("-var-file=envs/dev.tfvars", f"-var=alexa_skill_id={SKILL}")
CHANNELS = Path(__file__).parent / "channels.json"


class Deployment:
    """What becomes of the development environment on moto."""

    def __init__(self, terraform: str, folder: Path) -> None:
        self.workspace = Workspace(terraform, folder)
        self._calls = folder / "calls.jsonl"
        self._calls.touch()
        self.endpoint = ""
        self.init_error = ""
        self._done = {stage: threading.Event() for stage in ("init", "plan", "apply", "again")}
        self._errors: list[str] = []
        self._is_clean = False
        self._closing = threading.Event()
        # What moto has not at all answers 500, and the provider would try again for minutes.
        (self.workspace.folder / "zz_override.tf").write_text('provider "aws" {\n  max_retries = 3\n}\n')
        self.functions = functions()
        (folder / "bot").mkdir()
        channels = {name: row for name, row in self.functions.items() if name not in json.loads(TABLES[0].read_text())}
        (folder / "bot" / "functions.json").write_text(json.dumps(channels))
        _stage_empty_zips(folder / "build", self.functions)
        self._thread = threading.Thread(target=self._work, name="terraform", daemon=True)
        self._thread.start()

    def wait_for_init(self) -> None:
        """Until `terraform init` is over, however it ended."""
        self._done["init"].wait(TIMEOUTS_S["init"] + 60)

    def wait(self, stage: str) -> None:
        """Until that stage is behind it. Raises TerraformFailed."""
        self._done[stage].wait(sum(TIMEOUTS_S.values()))
        if self._errors:
            raise TerraformFailed(self._errors[0])

    @cached_property
    def plan(self) -> Mapping[str, Any]:
        """`terraform show -json` of the plan."""
        self.wait("plan")
        return self._shown("first.plan")

    def plan_of(self, variables: str) -> Mapping[str, Any]:
        """`terraform show -json` of a plan of another environment, in the same account."""
        self.wait("plan")
        plan = f"{Path(variables).stem}.plan"
        self.workspace.run("plan", "-input=false", f"-var-file={variables}", f"-state={plan}.tfstate", f"-out={plan}")
        return self._shown(plan)

    @cached_property
    def changed(self) -> Mapping[str, Any]:
        """What a plan after the apply would change, by address: attribute to before and after."""
        self.wait("again")
        if self._is_clean:
            return {}
        return {
            change["address"]: _differences(change["change"]["before"] or {}, change["change"]["after"] or {})
            for change in self._shown("again.plan")["resource_changes"]
            if change["change"]["actions"] not in (["no-op"], ["read"])
        }

    @cached_property
    def state(self) -> str:
        """The text of the state after the apply."""
        self.wait("apply")
        return (self.workspace.folder / "terraform.tfstate").read_text()

    @cached_property
    def outputs(self) -> Mapping[str, Any]:
        """The root's outputs after the apply."""
        return {name: output["value"] for name, output in json.loads(self.state)["outputs"].items()}

    def calls(self, function: str) -> list[dict[str, Any]]:
        """The events that a function was called with so far, by its name in functions.json."""
        lines = [json.loads(line) for line in self._calls.read_text().splitlines()]
        return [line["event"] for line in lines if line["function"] == f"sagebuild-dev-{function}"]

    def close(self) -> None:
        """Without a destroy: the server is all there was."""
        self._closing.set()

    def _work(self) -> None:
        try:
            with moto("--calls", str(self._calls)) as self.endpoint:
                self._carry_out()
                for done in self._done.values():
                    done.set()
                self._closing.wait()
        except (TerraformFailed, OSError, ValueError) as error:
            self._errors.append(str(error))
        finally:
            for done in self._done.values():
                done.set()

    def _carry_out(self) -> None:
        self.workspace.environment = {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": self.endpoint,
        }
        try:
            self.workspace.init()
        except TerraformFailed as error:
            self.init_error = str(error)
            raise
        self._done["init"].set()
        self.workspace.run("plan", "-input=false", *VARIABLES, "-out=first.plan")
        self._done["plan"].set()
        self.workspace.run("apply", "-input=false", "-parallelism=30", "first.plan")
        self._done["apply"].set()
        said = self.workspace.run("plan", "-input=false", *VARIABLES, "-out=again.plan")
        self._is_clean = "No changes." in said

    def _shown(self, plan: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.workspace.run("show", "-json", plan))
        return document


@contextmanager
def moto(*arguments: str) -> Iterator[str]:
    """The address of a moto server that is a process of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.terraform.moto_server", *arguments],
        cwd=ROOT,
        env=kept | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        port = server.stdout.readline().strip() if server.stdout else ""
        if not port:
            raise ValueError("the moto server did not start")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.communicate(timeout=30)


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    names = before.keys() | after.keys()
    return {name: [before.get(name), after.get(name)] for name in names if before.get(name) != after.get(name)}


def functions() -> dict[str, dict[str, Any]]:
    """Every row that is applied: with channels of the tests' own, until the house has them, to drive the modules."""
    table = function_table()
    there = {event["type"] for row in table.values() for event in row.get("events", [])}
    missing = {
        name: row
        for name, row in json.loads(CHANNELS.read_text()).items()
        if {event["type"] for event in row["events"]} - there
    }
    return {**table, **missing}


def _stage_empty_zips(folder: Path, table: Mapping[str, Any]) -> None:
    """Zips as `make package` would leave them, without what takes seconds to put in."""
    folder.mkdir()
    for name in table:
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as archive:
            archive.writestr(zipfile.ZipInfo("nothing.py"), f"# {name}\n")
    (folder / "manifest.json").write_text(json.dumps({"runtime": RUNTIME, "architecture": ARCHITECTURE}))
