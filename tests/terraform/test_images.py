"""`make images`: what is uploaded, waited for and written into the settings, against a CodeBuild in memory."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orchestration.settings import effective
from terraform.images import ImageFailed, build

URI = "123456789012.dkr.ecr.us-east-1.amazonaws.com/sagebuild-dev-{}@sha256:" + "0" * 64


class Account:
    """What of CodeBuild, S3 and Parameter Store is asked; each build is done at the third look."""

    def __init__(self, status: str = "SUCCEEDED", source: str = "S3", exports: bool = True) -> None:
        self.status, self.source, self.exports = status, source, exports
        self.objects: dict[str, bytes] = {}
        self.document = '{"schema_version": 1, "images": {"other": "kept"}}'
        self.looks = 0

    def __call__(self, service: str) -> Any:
        return self

    def batch_get_projects(self, names: list[str]) -> dict[str, Any]:
        source = {"type": self.source, "location": "bucket/source/source.zip"}
        return {"projects": [{"name": name, "source": source} for name in names if name.endswith(("-gp", "-keras"))]}

    def start_build(self, projectName: str) -> dict[str, Any]:
        return {"build": {"id": f"{projectName}:1"}}

    def batch_get_builds(self, ids: list[str]) -> dict[str, Any]:
        self.looks += 1
        status = self.status if self.looks > 2 else "IN_PROGRESS"
        return {"builds": [self._build(id_, status) for id_ in ids]}

    def _build(self, id_: str, status: str) -> dict[str, Any]:
        image = id_.split(":")[0].rpartition("-")[2]
        exported = [{"name": "IMAGE_URI", "value": URI.format(image)}] if self.exports else []
        logs = {"deepLink": "https://example.com/log"}
        return {"id": id_, "buildStatus": status, "exportedEnvironmentVariables": exported, "logs": logs}

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:
        self.objects[f"{Bucket}/{Key}"] = Body

    def get_parameter(self, **request: Any) -> dict[str, Any]:
        assert request["Name"] == "/sagebuild/dev/settings"
        return {"Parameter": {"Value": self.document}}

    def put_parameter(self, **request: Any) -> dict[str, Any]:
        self.document = request["Value"]
        return {"Version": 2}


def run(account: Account, images: list[str] | None = None) -> dict[str, str]:
    return build(account, "dev", images or ["gp", "keras"], lambda: b"the source", lambda seconds: None)


def test_settings_name_what_was_built_by_digest() -> None:
    account = Account()
    assert run(account) == {"gp": URI.format("gp"), "keras": URI.format("keras")}
    document = json.loads(account.document)
    assert document["images"] == {"other": "kept", "gp": URI.format("gp"), "keras": URI.format("keras")}
    assert effective(document, {}).images["gp"].endswith("@sha256:" + "0" * 64)


def test_the_committed_source_is_what_is_built() -> None:
    account = Account()
    run(account)
    assert account.objects == {"bucket/source/source.zip": b"the source"}


def test_a_repository_needs_no_upload() -> None:
    account = Account(source="GITHUB")
    run(account, ["gp"])
    assert account.objects == {}


@pytest.mark.parametrize(
    ("account", "said"),
    [(Account(status="FAILED"), "https://example.com/log"), (Account(exports=False), "digest")],
    ids=["failed", "without digest"],
)
def test_what_was_not_built_is_not_named(account: Account, said: str) -> None:
    before = account.document
    with pytest.raises(ImageFailed, match=said):
        run(account)
    assert account.document == before


def test_a_project_that_is_not_there_is_named() -> None:
    with pytest.raises(ImageFailed, match="sagebuild-dev-other"):
        run(Account(), ["other"])
