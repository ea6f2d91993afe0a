"""boto3 sessions of the local engine and of nothing else.

They have explicit keys and read neither ~/.aws nor AWS_* variables; with the explicit endpoint that every client is
made with, no host but loopback is ever addressed, whatever profile or endpoint the machine is set up for.
"""

from __future__ import annotations

import os
from typing import Any

import boto3
import botocore.session

_NOTHING = (None, None, None, None)


def local_session(access_key: str, region: str) -> Any:
    """A session whose credentials are the engine's access key."""
    alone = botocore.session.Session(
        session_vars={
            "profile": _NOTHING,
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
            "use_fips_endpoint": _NOTHING,
            "use_dualstack_endpoint": _NOTHING,
        }
    )
    return boto3.Session(
        aws_access_key_id=access_key,
        aws_secret_access_key=access_key,
        region_name=region,
        botocore_session=alone,
    )
