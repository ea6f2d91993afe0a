"""What is kept of an endpoint: `endpoints/<name>/endpoint.json`, and a folder `<generation>/` beside it a deployment.

A generation is one deployment of one endpoint config: it has everything that is needed to start its process again,
since the config, the model and the model's archive may be deleted while it serves. `<generation>/ml/` is its
container's root, `<generation>/log.txt` what it wrote. Times are seconds since the epoch. `endpoints.py` and
`deployment.py` change records.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from orchestration.local.files import create_json, read_json, write_json_atomic
from orchestration.local.local_sagemaker.job_folder import FORMAT_VERSION, MAX_FAILURE_REASON_CHARS
from orchestration.local.processes import ProcessIdentity

# Statuses of DescribeEndpoint; the last is ours, for the announcement that an endpoint is gone.
CREATING = "Creating"
UPDATING = "Updating"
SYSTEM_UPDATING = "SystemUpdating"  # it had failed, and a new engine tries it again
IN_SERVICE = "InService"
DELETING = "Deleting"
FAILED = "Failed"
DELETED = "Deleted"

SERVING = frozenset({IN_SERVICE, UPDATING, SYSTEM_UPDATING})


@dataclass(frozen=True, slots=True)
class Generation:
    """One deployment of an endpoint.

    Attributes:
        number: counts the deployments of the endpoint from 1.
        config_name: the endpoint config that it was made from.
        variant: ProductionVariant as the config has it.
        image: the model's image.
        environment: the model's Environment.
        model_data: `s3://...` of the model, or None when it has none.
        model_is_archive: whether that is a tar.gz; else a prefix.
        requested_at: when the deployment was asked for.
        process: the serving process; None while there is none.
        port: where on 127.0.0.1 that process listens.
    """

    number: int
    config_name: str
    variant: Mapping[str, Any]
    image: str
    environment: Mapping[str, str]
    model_data: str | None
    model_is_archive: bool
    requested_at: float
    process: ProcessIdentity | None = None
    port: int | None = None

    @property
    def variant_name(self) -> str:
        name: str = self.variant["VariantName"]
        return name

    def to_json(self) -> dict[str, Any]:
        """As endpoint.json keeps it."""
        return {
            "number": self.number,
            "config_name": self.config_name,
            "variant": dict(self.variant),
            "image": self.image,
            "environment": dict(self.environment),
            "model_data": self.model_data,
            "model_is_archive": self.model_is_archive,
            "requested_at": self.requested_at,
            "process": None if self.process is None else self.process.to_json(),
            "port": self.port,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Generation:
        """From what `to_json` gave."""
        process = document["process"]
        identity = None if process is None else ProcessIdentity.from_json(process)
        return cls(**{**document, "process": identity})


@dataclass(frozen=True, slots=True)
class EndpointRecord:
    """An endpoint as it is kept.

    Attributes:
        live: the generation that requests go to; None before the first.
        pending: the one that is being deployed; the first one also after it failed.
        retiring: those that were replaced and whose processes may still run.
        deployments: how many generations there ever were.
        tags: those that the endpoint was created with.
    """

    name: str
    arn: str
    created_at: float
    modified_at: float
    status: str
    tags: tuple[Mapping[str, str], ...] = ()
    live: Generation | None = None
    pending: Generation | None = None
    retiring: tuple[Generation, ...] = ()
    deployments: int = 0
    failure_reason: str | None = None

    @property
    def config_name(self) -> str:
        """The live config's name; that of the first one while it is being deployed or when it failed."""
        generation = self.live or self.pending
        return generation.config_name if generation is not None else ""

    def generations(self) -> tuple[Generation, ...]:
        """All that may have a process."""
        return tuple(each for each in (self.live, self.pending, *self.retiring) if each is not None)

    def switched(self, started: Generation) -> EndpointRecord:
        """After the pending generation was brought up: it is live, and the one before retires."""
        retiring = self.retiring if self.live is None else (*self.retiring, self.live)
        return replace(self, status=IN_SERVICE, live=started, pending=None, retiring=retiring, failure_reason=None)

    def deployment_failed(self, reason: str) -> EndpointRecord:
        """Back to what served before, as on the service; Failed when nothing did, and the pending one stays named."""
        reason = reason[:MAX_FAILURE_REASON_CHARS]
        if self.live is not None:
            return replace(self, status=IN_SERVICE, pending=None, failure_reason=reason)
        return replace(self, status=FAILED, pending=_idle(self.pending), failure_reason=reason)

    def retired(self, number: int) -> EndpointRecord:
        """After the process of a replaced generation was ended."""
        return replace(self, retiring=tuple(each for each in self.retiring if each.number != number))

    def reviving(self) -> EndpointRecord:
        """While the live generation's process, which has ended by itself, is started again: as on the service, a
        container that is started again changes no status. Requests wait for it.
        """
        return replace(self, live=_idle(self.live))

    def with_live(self, started: Generation) -> EndpointRecord:
        """With the live generation's new process, unless a deployment has replaced that generation meanwhile."""
        return replace(self, live=started) if self.live is not None and self.live.number == started.number else self

    def revived(self, started: Generation) -> EndpointRecord:
        """After that new process is ready."""
        status = IN_SERVICE if self.status == SYSTEM_UPDATING else self.status
        return replace(self, status=status).with_live(started)

    def revival_failed(self, number: int, reason: str) -> EndpointRecord:
        """Failed, unless a deployment has replaced that generation, or is under way: then its outcome decides."""
        if self.live is None or self.live.number != number:
            return self
        if self.status == UPDATING:
            return replace(self, live=None)
        return replace(self, status=FAILED, live=_idle(self.live), failure_reason=reason[:MAX_FAILURE_REASON_CHARS])

    def resumed(self) -> EndpointRecord:
        """For a new engine, once it has ended the retiring and pending processes. What has served is tried again."""
        resumed = replace(self, retiring=(), pending=_idle(self.pending))
        if self.status == FAILED and self.live is not None:
            return replace(resumed, status=SYSTEM_UPDATING, failure_reason=None)
        return resumed

    def without_processes(self) -> EndpointRecord:
        """After all processes were ended because the engine ends."""
        return replace(self, live=_idle(self.live), pending=_idle(self.pending), retiring=())

    def to_json(self) -> dict[str, Any]:
        """As endpoint.json keeps it."""
        return {
            "version": FORMAT_VERSION,
            "name": self.name,
            "arn": self.arn,
            "created_at": self.created_at,
            "modified_at": self.modified_at,
            "status": self.status,
            "tags": [dict(tag) for tag in self.tags],
            "live": None if self.live is None else self.live.to_json(),
            "pending": None if self.pending is None else self.pending.to_json(),
            "retiring": [each.to_json() for each in self.retiring],
            "deployments": self.deployments,
            "failure_reason": self.failure_reason,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> EndpointRecord:
        """From what `to_json` gave."""
        live, pending = document["live"], document["pending"]
        members = {name: value for name, value in document.items() if name != "version"}
        return cls(
            **{
                **members,
                "tags": tuple(document["tags"]),
                "live": None if live is None else Generation.from_json(live),
                "pending": None if pending is None else Generation.from_json(pending),
                "retiring": tuple(Generation.from_json(each) for each in document["retiring"]),
            }
        )


class EndpointFolders:
    """The files of all endpoints. One process at a time may change them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self) -> list[EndpointRecord]:
        """All records; folders without one (killed while created or deleted) are removed."""
        records = []
        for folder in sorted(self._folder.iterdir()) if self._folder.is_dir() else ():
            document = read_json(folder / "endpoint.json")
            if document is None:
                shutil.rmtree(folder)
            else:
                records.append(EndpointRecord.from_json(document))
        return records

    def create(self, record: EndpointRecord) -> bool:
        """Keep a new record; returns False when the name is taken."""
        folder = self._folder / record.name
        folder.mkdir(parents=True, exist_ok=True)
        return create_json(folder / "endpoint.json", record.to_json())

    def write(self, record: EndpointRecord) -> None:
        """Replace a record."""
        write_json_atomic(self._folder / record.name / "endpoint.json", record.to_json())

    def delete(self, name: str) -> None:
        """Remove an endpoint: its record first, so that no crash leaves half of it."""
        (self._folder / name / "endpoint.json").unlink(missing_ok=True)
        shutil.rmtree(self._folder / name)

    def generation(self, name: str, number: int) -> Path:
        """The folder of a generation."""
        return self._folder / name / str(number)

    def remove_others(self, record: EndpointRecord) -> None:
        """Remove the folders of generations that are none of the record's any more, as far as they can be."""
        kept = {str(each.number) for each in record.generations()}
        for path in (self._folder / record.name).iterdir():
            if path.is_dir() and path.name not in kept:
                # Two updates may end in one moment and remove the same folder; what stays goes with the next.
                shutil.rmtree(path, ignore_errors=True)


def _idle(generation: Generation | None) -> Generation | None:
    """The generation without a process."""
    return None if generation is None else replace(generation, process=None, port=None)
