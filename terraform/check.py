"""`python -m terraform.check`, a part of `make check`: generated files, `terraform fmt`, `terraform validate`.

What needs Terraform says so when it is skipped, and fails where SAGEBUILD_REQUIRE names it.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from terraform import generate
from terraform.tools.workspace import TerraformFailed, Workspace


def main() -> int:
    stale = generate.main(["--check"])
    terraform = shutil.which("terraform")
    is_required = "terraform" in os.environ.get("SAGEBUILD_REQUIRE", "").split(",")
    if terraform is None:
        sys.stderr.write("terraform is not on the PATH: its format and validity are not checked.\n")
        return 1 if is_required else stale
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(terraform, Path(folder))
        try:
            workspace.run("fmt", "-check", "-recursive")
        except TerraformFailed as error:
            sys.stderr.write(f"Run `terraform fmt -recursive terraform`. {error}\n")
            return 1
        try:
            workspace.init()
        except TerraformFailed as error:
            sys.stderr.write(f"There is no AWS provider here, so validity is not checked. {str(error)[:300]}\n")
            return 1 if is_required else stale
        try:
            workspace.run("validate")
        except TerraformFailed as error:
            sys.stderr.write(f"{error}\n")
            return 1
    return stale


if __name__ == "__main__":
    sys.exit(main())
