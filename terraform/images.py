"""`make images ENVIRONMENT=dev`: CodeBuild builds the container images, and the settings name them by digest.

The source is what is committed (HEAD), unless the projects take it from a repository. Takes ten minutes or so; what a
build says is in its log, to which a failure leads.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from models.catalog import BUILT_IN
from orchestration.aws.clients import aws_clients
from orchestration.aws.parameters import ParameterSettings
from orchestration.builds import Json
from terraform.tools.workspace import ROOT

POLL_S = 10.0
TIMEOUT_S = 3600.0 * 2  # as long as a project may queue and build
Client = Callable[[str], Any]


class ImageFailed(Exception):
    """An image was not built; the message says where its log is."""


def build(
    client: Client, environment: str, images: list[str], source: Callable[[], bytes], sleep: Callable[[float], None]
) -> dict[str, str]:
    """Build those images and name them in the settings document; image to URI by digest. Raises ImageFailed.

    source: the committed source as a zip, asked for if a project takes it from a bucket.
    """
    codebuild = client("codebuild")
    names = {f"sagebuild-{environment}-{image}": image for image in images}
    projects = codebuild.batch_get_projects(names=list(names))["projects"]
    if missing := sorted(names.keys() - {project["name"] for project in projects}):
        raise ImageFailed(f"There is no CodeBuild project {missing[0]}: apply terraform/ first.")
    _upload(
        client, {project["source"]["location"] for project in projects if project["source"]["type"] == "S3"}, source
    )
    started = {codebuild.start_build(projectName=name)["build"]["id"]: image for name, image in names.items()}
    built = {started[id_]: uri for id_, uri in _wait(codebuild, list(started), sleep).items()}
    _name_in_settings(client, environment, built)
    return built


def _upload(client: Client, locations: set[str], source: Callable[[], bytes]) -> None:
    for location in locations:
        bucket, _, key = location.partition("/")
        client("s3").put_object(Bucket=bucket, Key=key, Body=source())


def _wait(codebuild: Any, ids: list[str], sleep: Callable[[float], None]) -> dict[str, str]:
    """Build id to the URI that it exported, once all of them are done."""
    waited_s = 0.0
    while True:
        builds = codebuild.batch_get_builds(ids=ids)["builds"]
        if failed := [one for one in builds if one["buildStatus"] not in ("IN_PROGRESS", "SUCCEEDED")]:
            where = failed[0].get("logs", {}).get("deepLink", "the console")
            raise ImageFailed(f"{failed[0]['id']} ended {failed[0]['buildStatus']}; its log: {where}")
        if all(one["buildStatus"] == "SUCCEEDED" for one in builds):
            return {one["id"]: _exported(one) for one in builds}
        if waited_s >= TIMEOUT_S:
            raise ImageFailed(f"{ids[0]} is not done after {TIMEOUT_S / 3600:g} hours.")
        sleep(POLL_S)
        waited_s += POLL_S


def _exported(one: Mapping[str, Any]) -> str:
    for variable in one.get("exportedEnvironmentVariables", []):
        if variable["name"] == "IMAGE_URI":
            return str(variable["value"])
    raise ImageFailed(f"{one['id']} has not told its image's digest (modules/image_build/buildspec.yml.tftpl).")


def _name_in_settings(client: Client, environment: str, built: Mapping[str, str]) -> None:
    settings = ParameterSettings(client, f"/sagebuild/{environment}/settings")  # type: ignore[arg-type]
    document: dict[str, Json] = dict(settings.load())
    named = document.get("images", {})
    ours: dict[str, Json] = {model.name: built[model.image] for model in BUILT_IN if model.image in built}
    document["images"] = {**(named if isinstance(named, dict) else {}), **ours}
    settings.save(document)


def _committed() -> bytes:
    """HEAD as a zip."""
    return subprocess.run(
        ["git", "archive", "--format=zip", "HEAD"], cwd=ROOT, capture_output=True, check=True, timeout=120
    ).stdout


def main(arguments: list[str]) -> int:
    there = sorted({model.image for model in BUILT_IN})
    parser = argparse.ArgumentParser(description="Build the container images with CodeBuild.")
    parser.add_argument("environment", help="such as dev")
    parser.add_argument("images", nargs="*", default=there, help=f"of {', '.join(there)}; all of them without")
    given = parser.parse_args(arguments)
    try:
        built = build(aws_clients(), given.environment, given.images, _committed, time.sleep)
    except ImageFailed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for image, uri in built.items():
        sys.stdout.write(f"{image}  {uri}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
