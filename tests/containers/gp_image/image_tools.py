"""Builds and runs an image with Debian's buildah, podman and runc, as root; a Debian base stands in for Docker Hub's.

The odd flags are for a machine whose root may not raise limits (--ulimit), whose control groups are of both versions
(runc, cgroupfs) and whose network inspects TLS (the host's certificates).
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.tools import tool

REPOSITORY = Path(__file__).parents[3]
BASE_IMAGE = "docker.io/library/python:3.11-slim-bookworm"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
# Making the base takes two minutes; it is kept for the next run.
CACHE = Path(tempfile.gettempdir()) / "sagebuild-images"
_LIMITS = ["--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096"]


@dataclass(frozen=True)
class ImageTools:
    """folder: where images and containers are stored."""

    folder: Path

    @staticmethod
    def here(folder: Path) -> ImageTools:
        """The tools of this machine; the test is skipped, saying why, where one or root is missing."""
        for name in ("buildah", "podman", "runc", "mmdebstrap"):
            tool(name)
        if os.geteuid() != 0:
            pytest.skip("building images needs root")
        return ImageTools(folder)

    def import_base(self) -> None:
        """A minimal Debian with Python 3.11 under the official image's name."""
        base = CACHE / "base.tar"
        if not base.is_file():
            CACHE.mkdir(parents=True, exist_ok=True)
            partial = CACHE / "base.part.tar"
            excluded = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("man", "locale", "doc")]
            packages = "--include=ca-certificates,python3,python3-venv"
            self._run("mmdebstrap", "--mode=root", "--variant=minbase", packages, *excluded, "bookworm", str(partial))
            partial.replace(base)
        self._podman("import", str(base), BASE_IMAGE)

    def build(self, dockerfile: str, tag: str, *more: str) -> None:
        """Builds a Dockerfile with the repository as its context. The host's certificates are lent, not left.

        more: further options, such as --target.
        """
        pip = self.folder / "pip.conf"
        pip.write_text(f"[global]\ncert = {CERTIFICATES}\ntimeout = 180\n")
        lent = ["-v", f"{CERTIFICATES}:{CERTIFICATES}:ro", "-v", f"{pip}:/etc/pip.conf:ro"]
        options = ["--isolation", "chroot", "--network", "host", "--pull-never", "--layers", *lent, *more]
        self._run("buildah", *self._storage(), "bud", *options, "-t", tag, "-f", dockerfile, ".")

    def run(self, tag: str, verb: str, root: Path) -> subprocess.CompletedProcess[str]:
        """Runs a program of the image to its end, without a network, with `root` as /opt/ml."""
        options = ["--rm", "--network", "none", *_LIMITS, "-v", f"{root}:/opt/ml"]
        command = [*self._podman_command(), "run", *options, tag, verb]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    def start(self, tag: str, verb: str, root: Path, *options: str) -> str:
        """Starts a program of the image and returns the container's id."""
        return self._podman(
            "run", "-d", "--network", "host", *_LIMITS, *options, "-v", f"{root}:/opt/ml", tag, verb
        ).strip()

    def stop(self, container: str) -> tuple[int, str]:
        """SIGTERM, and the exit code and log that came of it."""
        self._podman("stop", "-t", "30", container)
        code = int(self._podman("inspect", container, "--format", "{{.State.ExitCode}}"))
        log = self._podman("logs", container)
        self._podman("rm", container)
        return code, log

    def end(self) -> None:
        """Removes everything that was stored, mounts included."""
        self._podman("rm", "--all", "--force")
        self._podman("rmi", "--all", "--force")

    def _storage(self) -> list[str]:
        folders = ["--root", str(self.folder / "storage"), "--runroot", str(self.folder / "run")]
        return [*folders, "--storage-driver", "overlay"]

    def _podman_command(self) -> list[str]:
        return ["podman", *self._storage(), "--cgroup-manager", "cgroupfs", "--runtime", "runc"]

    def _podman(self, *arguments: str) -> str:
        return self._run(*self._podman_command(), *arguments)

    def _run(self, *command: str) -> str:
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=900, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command[:8])} ... ended with {done.returncode}: {done.stderr[-2000:]}")
        return done.stdout
