"""What a training container finds under its root (`ml/` in the job's folder, `/opt/ml` on SageMaker).

    input/config/{hyperparameters,resourceconfig,inputdataconfig}.json   input/data/<channel>/   model/   output/data/
    checkpoints/   only when the request has a CheckpointConfig, as on SageMaker

Contract: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html.
`supervisor.py` calls this before it starts the container; `checkpoints.py` fills the checkpoints.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from orchestration.local.files import write_json_atomic
from orchestration.local.local_sagemaker.objects import ObjectStore

SERVICE_ROOT = PurePosixPath("/opt/ml")
_DEFAULT_CHECKPOINTS = "/opt/ml/checkpoints"
_HOST = "algo-1"
_INTERPRETERS = ("python", "python3")
# As a path of its own, also within a shell's text: not the end or the beginning of another name.
_ROOT_IN_TEXT = re.compile(r"(?<![\w/.-])" + re.escape(str(SERVICE_ROOT)) + r"(?![\w.-])")


def lay_out(ml: Path, request: Mapping[str, Any], objects: ObjectStore) -> None:
    """Make the folders and files and copy the data of every channel.

    Raises:
        ObjectError: data that cannot be had, or of which there is none.
        OSError: the disk refused.
    """
    for folder in ("input/config", "input/data", "model", "output/data"):
        (ml / folder).mkdir(parents=True, exist_ok=True)
    config = ml / "input" / "config"
    write_json_atomic(config / "hyperparameters.json", request.get("HyperParameters", {}))
    write_json_atomic(config / "resourceconfig.json", resources(request["ResourceConfig"]))
    write_json_atomic(config / "inputdataconfig.json", _channels(request))
    for channel in request.get("InputDataConfig", []):
        folder = ml / "input" / "data" / channel["ChannelName"]
        folder.mkdir(exist_ok=True)
        objects.copy_prefix_to(channel["DataSource"]["S3DataSource"]["S3Uri"], folder)


def checkpoint_folder(ml: Path, request: Mapping[str, Any]) -> Path | None:
    """Where the container keeps its checkpoints; None when the request has no CheckpointConfig.

    Raises:
        ValueError: a LocalPath that is not below /opt/ml.
    """
    config = request.get("CheckpointConfig")
    if config is None:
        return None
    return below_root(ml, config.get("LocalPath") or _DEFAULT_CHECKPOINTS)


def below_root(ml: Path, local_path: str, folder: PurePosixPath = SERVICE_ROOT) -> Path:
    """Where a container's path lies here: below `ml`, which stands for /opt/ml.

    Raises:
        ValueError: a path that is not below `folder`.
    """
    path = PurePosixPath(local_path)
    if folder not in path.parents or ".." in path.parts:
        raise ValueError(f"expected a LocalPath below {folder}, got {str(path)!r}")
    return ml / path.relative_to(SERVICE_ROOT)


def command_line(argv: Sequence[str], specification: Mapping[str, Any], default: Sequence[str], ml: Path) -> list[str]:
    """The container's command line. As in Docker, ContainerEntrypoint takes the place of the image's own command line
    (`argv`), and ContainerArguments that of its default arguments. In both, /opt/ml is `ml`.
    """
    entrypoint, arguments = specification.get("ContainerEntrypoint"), specification.get("ContainerArguments")
    rooted = [_ROOT_IN_TEXT.sub(lambda _: str(ml), word) for word in (*(entrypoint or ()), *(arguments or ()))]
    if entrypoint is None:
        return [*argv, *(default if arguments is None else rooted)]
    # An image's interpreter is the one that its own command line begins with, wherever that lies on this machine.
    if rooted[0] in _INTERPRETERS and Path(argv[0]).name.startswith("python"):
        rooted[0] = argv[0]
    return rooted


def resources(config: Mapping[str, Any]) -> dict[str, Any]:
    """resourceconfig.json; `config` is a ResourceConfig, or a processing job's ClusterConfig."""
    instance_type = config.get("InstanceType", "local")
    group = {"instance_group_name": "homogeneousCluster", "instance_type": instance_type, "hosts": [_HOST]}
    return {
        "current_host": _HOST,
        "current_instance_type": instance_type,
        "current_group_name": "homogeneousCluster",
        "hosts": [_HOST],
        "instance_groups": [group],
        "network_interface_name": "lo",
    }


def _channels(request: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    channels: dict[str, dict[str, str]] = {}
    for channel in request.get("InputDataConfig", []):
        source = channel["DataSource"]["S3DataSource"]
        entry = {
            "TrainingInputMode": "File",
            "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
        }
        if "ContentType" in channel:
            entry["ContentType"] = channel["ContentType"]
        channels[channel["ChannelName"]] = entry
    return channels
