"""The local engine's wire, spoken to by a client that nobody here wrote: AWS's `sagemaker` SDK, version 3.

It is the development extra `sdk`, with a lock file of its own: `pip install -r requirements/sdk.txt`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from orchestration.local import client
from orchestration.wiring import LocalSession
from tests.end_to_end.test_engine_life import WATCHER

ROOT = Path(__file__).parents[2]
ROLE = "arn:aws:iam::123456789012:role/sdk"
IS_INSTALLED = find_spec("sagemaker") is not None and find_spec("sagemaker.train") is not None
NO_TELEMETRY = "SchemaVersion: '1.0'\nSageMaker:\n  PythonSDK:\n    Modules:\n      TelemetryOptOut: true\n"


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(not IS_INSTALLED, reason="the extra `sdk` is not installed: requirements/sdk.txt")
def test_it_trains_tunes_deploys_and_asks(engine: LocalSession, tmp_path: Path) -> None:
    hosts, watcher, settings = tmp_path / "hosts", tmp_path / "watcher", tmp_path / "settings.yaml"
    watcher.mkdir()
    (watcher / "sitecustomize.py").write_text(WATCHER)
    settings.write_text(NO_TELEMETRY)
    found = client.find(engine.state_dir)
    assert found is not None
    environment = {
        **os.environ,
        "PYTHONPATH": f"{watcher}{os.pathsep}{ROOT}",
        "SAGEBUILD_TEST_HOSTS": str(hosts),
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(settings),
        "AWS_ENDPOINT_URL": found.url,
        "AWS_ACCESS_KEY_ID": found.access_key,
        "AWS_SECRET_ACCESS_KEY": found.access_key,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
    }
    toy = engine.ports.datasets.get("toy")
    data = toy.uris["train"].rpartition("/")[0]
    bucket, prefix = engine.ports.environment.data_bucket, engine.ports.environment.image_prefix
    result = subprocess.run(
        [
            sys.executable,
            str(Path(__file__).with_name("sdk_program.py")),
            data,
            f"s3://{bucket}/sdk",
            f"{prefix}sagebuild/gp:1",
            ROLE,
        ],
        capture_output=True,
        text=True,
        timeout=800,
        cwd=ROOT,
        env=environment,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-6000:]
    said: dict[str, Any] = json.loads(result.stdout.rpartition("RESULT ")[2])
    assert said["trained"]["status"] == "Completed"
    assert said["trained"]["metrics"]["validation:RMSE"] > 0
    assert (said["tuned"]["status"], said["tuned"]["completed"]) == ("Completed", 4)
    assert said["tuned"]["best"].startswith("sdk-tune")
    [prediction] = said["predicted"]["predictions"]
    assert abs(prediction["mean"] - (1.5 * 0.5 + 5.2)) < 1
    assert prediction["std"] > 0
    assert set(hosts.read_text().split()) <= {"127.0.0.1", "localhost", "::1", "None"}
