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

from terraform.tools.workspace import ROOT, TIMEOUTS_S, TerraformFailed, Workspace

ARCHITECTURE = "arm64"
RUNTIME = "python3.12"
VARIABLES = "-var-file=envs/dev.tfvars"


class Deployment:
    """What becomes of the development environment on moto."""

    def __init__(self, terraform: str, folder: Path) -> None:
        self.workspace = Workspace(terraform, folder)
        self.endpoint = ""
        self.init_error = ""
        self._done = {stage: threading.Event() for stage in ("init", "plan", "apply", "again")}
        self._errors: list[str] = []
        self._plan: dict[str, Any] = {}
        self._closing = threading.Event()
        _stage_empty_zips(folder / "build")
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

    @property
    def plan(self) -> Mapping[str, Any]:
        """`terraform show -json` of the plan."""
        self.wait("plan")
        return self._plan

    @cached_property
    def second_plan(self) -> Mapping[str, Any]:
        """`terraform show -json` of the plan after the apply."""
        self.wait("again")
        return self._shown("again.plan")

    @cached_property
    def state(self) -> str:
        """The text of the state after the apply."""
        self.wait("apply")
        return (self.workspace.folder / "terraform.tfstate").read_text()

    @cached_property
    def outputs(self) -> Mapping[str, Any]:
        """The root's outputs after the apply."""
        return {name: output["value"] for name, output in json.loads(self.state)["outputs"].items()}

    def close(self) -> None:
        """Without a destroy: the server is all there was."""
        self._closing.set()

    def _work(self) -> None:
        try:
            with moto() as self.endpoint:
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
        self.workspace.run("plan", "-input=false", VARIABLES, "-out=first.plan")
        self._plan = self._shown("first.plan")
        self._done["plan"].set()
        self.workspace.run("apply", "-input=false", "-parallelism=30", "first.plan")
        self._done["apply"].set()
        self.workspace.run("plan", "-input=false", VARIABLES, "-out=again.plan")

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


def _stage_empty_zips(folder: Path) -> None:
    """Zips as `make package` would leave them, without what takes seconds to put in."""
    folder.mkdir()
    for name in json.loads((ROOT / "orchestration" / "functions" / "functions.json").read_text()):
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as archive:
            archive.writestr(zipfile.ZipInfo("nothing.py"), f"# {name}\n")
    (folder / "manifest.json").write_text(json.dumps({"runtime": RUNTIME, "architecture": ARCHITECTURE}))
