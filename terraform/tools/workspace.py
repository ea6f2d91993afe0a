"""A copy of this folder to run Terraform in, without the state, backend or variables that lie about in the original.

For `make check` (check.py) and for the tests. Every call is bounded in time: a provider that meets what it does not
understand tries again for ever.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
REGISTRY = "registry.terraform.io"
# Read now: tests take the machine's variables away.
GIVEN_MIRROR = os.environ.get("TERRAFORM_PROVIDER_MIRROR", "")
HOME = Path.home()
TIMEOUTS_S = {"init": 180, "validate": 60, "plan": 120, "show": 60, "apply": 240, "fmt": 30, "test": 120}


class TerraformFailed(Exception):
    """A command failed or took too long; the message holds what it said."""


def provider_mirror() -> str | None:
    """The folder to take providers from; None for the registry.

    $TERRAFORM_PROVIDER_MIRROR, else Terraform's implied mirrors
    (https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories), else the system
    folder for add-on packages.
    """
    data = [os.environ.get("XDG_DATA_HOME") or HOME / ".local" / "share"]
    data += (os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")
    implied = [HOME / ".terraform.d" / "plugins", *(Path(folder) / "terraform" / "plugins" for folder in data)]
    folders = [Path(GIVEN_MIRROR)] if GIVEN_MIRROR else [*implied, *sorted(Path("/opt").glob("*/"))]
    return next((str(folder) for folder in folders if (folder / REGISTRY / "hashicorp" / "aws").is_dir()), None)


MIRROR = provider_mirror()


class Workspace:
    """A copy of terraform/ in a folder, beside what it reads of the rest of the house."""

    def __init__(self, terraform: str, parent: Path) -> None:
        """terraform: the program. parent: an empty folder."""
        self._terraform, self._parent = terraform, parent
        self.folder = parent / "terraform"
        self.environment: dict[str, str] = {}  # besides what every command gets
        _copy(self.folder)
        (parent / "orchestration").symlink_to(ROOT / "orchestration")  # the tables and the state machine's template

    def run(self, *arguments: str, **variables: str) -> str:
        """Standard output of one command. Raises TerraformFailed."""
        try:
            done = subprocess.run(
                [self._terraform, *arguments],
                cwd=self.folder,
                env=self._always() | self.environment | variables,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=TIMEOUTS_S[arguments[0]],
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            said = (error.stdout or b"").decode(errors="replace")[-3000:]
            raise TerraformFailed(f"terraform {arguments[0]} took longer than {error.timeout} s:\n{said}") from error
        if done.returncode != 0:
            raise TerraformFailed(f"terraform {arguments[0]} failed:\n{done.stdout[-3000:]}{done.stderr[-5000:]}")
        return done.stdout

    def init(self) -> None:
        """Fetch the provider. Raises TerraformFailed."""
        self.run("init", "-input=false", "-backend=false", *([f"-plugin-dir={MIRROR}"] if MIRROR else []))

    def _always(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self._parent),
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
            "TF_CLI_CONFIG_FILE": os.devnull,
            "TF_IN_AUTOMATION": "1",
            "TF_CLI_ARGS": "-no-color",
            "CHECKPOINT_DISABLE": "1",
            **({} if MIRROR else {name: os.environ[name] for name in os.environ if name.lower().endswith("_proxy")}),
        }


def _copy(folder: Path) -> None:
    source = ROOT / "terraform"
    for name in ("modules", "envs", "tests"):
        shutil.copytree(source / name, folder / name)
    for path in [*source.glob("*.tf"), *source.glob("*.json")]:
        if path.name not in ("backend.tf", "terraform.tfvars.json"):
            shutil.copyfile(path, folder / path.name)
    # The committed lock file knows the provider's build for this system alone (README.md, "Other machines").
    if (platform.system(), platform.machine()) == ("Linux", "x86_64"):
        shutil.copyfile(source / ".terraform.lock.hcl", folder / ".terraform.lock.hcl")
