"""Models and endpoint configs: records that are created, described, listed and deleted, and never changed.

One file each, `models/<name>.json` and `endpoint-configs/<name>.json`. `endpoints.py` is what makes processes of them.
As on the service, either may be deleted while an endpoint uses it: the endpoint has copied what it needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orchestration.local.files import create_json, read_json
from orchestration.local.local_sagemaker.context import Context, Document, as_datetime
from orchestration.local.local_sagemaker.errors import ValidationException
from orchestration.local.local_sagemaker.job_folder import FORMAT_VERSION, now
from orchestration.local.local_sagemaker.listing import Entry, list_page
from orchestration.local.local_sagemaker.rules import check_endpoint_config, check_model
from orchestration.local.local_sagemaker.tags import Tag

_MODEL_MEMBERS = ("PrimaryContainer", "Containers", "ExecutionRoleArn", "VpcConfig")
_CONFIG_MEMBERS = ("ProductionVariants", "DataCaptureConfig", "KmsKeyId", "ExecutionRoleArn", "VpcConfig")


class Records:
    """One folder of records of one kind, one file each, by name."""

    def __init__(self, folder: Path, what: str) -> None:
        self._folder = folder
        self._what = what

    def create(self, name: str, arn: str, request: Document) -> None:
        """Keep a record. Raises ValidationException when the name is taken."""
        self._folder.mkdir(parents=True, exist_ok=True)
        record = {"version": FORMAT_VERSION, "name": name, "arn": arn, "created_at": now(), "request": request}
        if not create_json(self._path(name), record):
            raise ValidationException(f'Cannot create already existing {self._what} "{arn}".')

    def read(self, name: str, arn: str) -> dict[str, Any]:
        """One record. Raises ValidationException when there is none."""
        record = read_json(self._path(name))
        # A file system that ignores case finds other names too.
        if record is None or record["name"] != name:
            raise ValidationException(f'Could not find {self._what} "{arn}".')
        return record

    def delete(self, name: str, arn: str) -> None:
        """Forget a record. Raises ValidationException when there is none."""
        self.read(name, arn)
        self._path(name).unlink(missing_ok=True)

    def all(self) -> Iterator[dict[str, Any]]:
        """All records, in no order."""
        for path in self._folder.glob("*.json") if self._folder.is_dir() else ():
            record = read_json(path)
            if record is not None:
                yield record

    def entries(self, prefix: str) -> Iterator[Entry]:
        """All records for a listing; `prefix` of their members' names, such as `Model`."""
        for record in self.all():
            summary = {
                f"{prefix}Name": record["name"],
                f"{prefix}Arn": record["arn"],
                "CreationTime": as_datetime(record["created_at"]),
            }
            yield Entry(record["name"], record["created_at"], record["created_at"], "", summary)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"


class Models:
    """All models. Safe for several threads."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._records = Records(context.folder / "models", "model")

    def create(self, request: Document) -> str:
        """Keep a model; returns its ARN. The request is validated against the service model already.

        Raises:
            ValidationException: see `rules.check_model`; or the name is taken.
        """
        check_model(request, self._context)
        name: str = request["ModelName"]
        self._records.create(name, self.arn(name), request)
        return self.arn(name)

    def describe(self, name: str) -> Document:
        """The DescribeModel response. Raises ValidationException when there is no such model."""
        record = self._records.read(name, self.arn(name))
        request = record["request"]
        return {
            "ModelName": name,
            "ModelArn": record["arn"],
            "CreationTime": as_datetime(record["created_at"]),
            "EnableNetworkIsolation": request.get("EnableNetworkIsolation", False),
            **{member: request[member] for member in _MODEL_MEMBERS if member in request},
        }

    def request(self, name: str) -> Document:
        """The request that created the model. Raises ValidationException when there is no such model."""
        request: Document = self._records.read(name, self.arn(name))["request"]
        return request

    def delete(self, name: str) -> None:
        """Forget a model. Raises ValidationException when there is no such model."""
        self._records.delete(name, self.arn(name))

    def list_models(self, request: Document) -> Document:
        """The ListModels response."""
        return list_page(self._records.entries("Model"), request, "Models", descending=True)

    def tags(self, name: str) -> list[Tag]:
        """The tags that the model was created with. Raises ValidationException when there is no such model."""
        tags: list[Tag] = self.request(name).get("Tags", [])
        return tags

    def arn(self, name: str) -> str:
        """The ARN of the model of that name, whether there is one or not."""
        return self._context.arn("model", name)


class EndpointConfigs:
    """All endpoint configs. Safe for several threads."""

    def __init__(self, context: Context, models: Models) -> None:
        self._context = context
        self._models = models
        self._records = Records(context.folder / "endpoint-configs", "endpoint configuration")

    def create(self, request: Document) -> str:
        """Keep an endpoint config; returns its ARN. The request is validated against the service model already.

        Raises:
            ValidationException: see `rules.check_endpoint_config`; its model does not exist; or the name is taken.
        """
        check_endpoint_config(request)
        self._models.request(request["ProductionVariants"][0]["ModelName"])
        name: str = request["EndpointConfigName"]
        self._records.create(name, self.arn(name), request)
        return self.arn(name)

    def describe(self, name: str) -> Document:
        """The DescribeEndpointConfig response. Raises ValidationException when there is no such config."""
        record = self._records.read(name, self.arn(name))
        request = record["request"]
        return {
            "EndpointConfigName": name,
            "EndpointConfigArn": record["arn"],
            "CreationTime": as_datetime(record["created_at"]),
            "EnableNetworkIsolation": request.get("EnableNetworkIsolation", False),
            **{member: request[member] for member in _CONFIG_MEMBERS if member in request},
        }

    def variant(self, name: str) -> Document:
        """The production variant of a config. Raises ValidationException when there is no such config."""
        variant: Document = self._records.read(name, self.arn(name))["request"]["ProductionVariants"][0]
        return variant

    def delete(self, name: str) -> None:
        """Forget an endpoint config. Raises ValidationException when there is no such config."""
        self._records.delete(name, self.arn(name))

    def list_configs(self, request: Document) -> Document:
        """The ListEndpointConfigs response."""
        return list_page(self._records.entries("EndpointConfig"), request, "EndpointConfigs", descending=True)

    def tags(self, name: str) -> list[Tag]:
        """The tags that the config was created with. Raises ValidationException when there is no such config."""
        tags: list[Tag] = self._records.read(name, self.arn(name))["request"].get("Tags", [])
        return tags

    def arn(self, name: str) -> str:
        """The ARN of the config of that name, whether there is one or not."""
        return self._context.arn("endpoint-config", name)
