"""Settings in SSM Parameter Store: one JSON document an environment, versioned by the service."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

from botocore.exceptions import ClientError

from orchestration.aws.clients import Clients, error_code, translated
from orchestration.builds import Json
from orchestration.ports import BadSettings

KEPT_S = 2.0
MAX_DOCUMENT_BYTES = 8192  # an advanced parameter


class ParameterSettings:
    """The port Settings."""

    def __init__(self, clients: Clients, parameter: str) -> None:
        self._clients, self._parameter = clients, parameter
        self._kept: tuple[float, Mapping[str, Json]] | None = None

    def load(self) -> Mapping[str, Json]:
        """Read at most once in KEPT_S: one answer asks for the settings several times."""
        kept = self._kept
        if kept is None or time.monotonic() - kept[0] > KEPT_S:
            kept = self._kept = (time.monotonic(), self._read())
        return kept[1]

    def _read(self) -> Mapping[str, Json]:
        try:
            with translated("read the settings"):
                answer = self._clients("ssm").get_parameter(Name=self._parameter, WithDecryption=True)
        except ClientError as error:
            if error_code(error) == "ParameterNotFound":
                return {}
            raise
        try:
            document = json.loads(answer["Parameter"]["Value"])
        except ValueError as error:
            raise BadSettings(f"The settings in {self._parameter} are not JSON: {error}.") from error
        if not isinstance(document, dict):
            raise BadSettings(f"The settings in {self._parameter} must be a JSON object.")
        return document

    def save(self, document: Mapping[str, Json]) -> int:
        value = json.dumps(document, sort_keys=True)
        if len(value.encode()) > MAX_DOCUMENT_BYTES:
            raise BadSettings(f"The settings have {len(value):,} bytes; a parameter takes {MAX_DOCUMENT_BYTES:,}.")
        with translated("save the settings"):
            answer = self._clients("ssm").put_parameter(
                Name=self._parameter, Value=value, Type="String", Tier="Intelligent-Tiering", Overwrite=True
            )
        self._kept = None
        return int(answer["Version"])
