"""The environment variables that the programs read, each in one place. paths.py reads the root's.

SAGEBUILD_TARGET            jobs: the target's column name; without it the first column, and for `evaluate` the model's
SAGEBUILD_SPLIT_SEED        preparing: which rows are for training, validation and testing; 0 without it
SAGEBUILD_OUTLIERS          preparing: report (the default), or drop to leave rows far out away from the training rows
SAGEBUILD_BLAS_THREADS      threads for linear algebra; without it training decides by size and serving takes one
SAGEMAKER_BIND_TO_PORT      serving: the port, 8080 without it; 0 takes a free one and says which
SAGEBUILD_BIND_HOST         serving: the address, 0.0.0.0 without it, as a container needs; 127.0.0.1 on a laptop
SAGEBUILD_MAX_BODY_BYTES    serving: the largest request body; without it SAGEMAKER_MAX_PAYLOAD_IN_MB (batch
                            transform), without both 25 MiB
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from containers.common.errors import ContractError

MIB = 1024 * 1024
# SageMaker itself stops a real-time body at 6 MB; batch transform sends up to 100 MB and says so in a variable.
DEFAULT_MAX_BODY_BYTES = 25 * MIB
_MOST_BODY_BYTES = 1024 * MIB
_MOST_THREADS = 1024
_MOST_SEED = 2**31 - 1


def target(environ: Mapping[str, str] = os.environ) -> str | None:
    """The target's column name, or None when the request leaves it to the file."""
    return environ.get("SAGEBUILD_TARGET") or None


def split_seed(environ: Mapping[str, str] = os.environ) -> int:
    """What the split of rows is keyed by. Raises ContractError."""
    return _whole_number(environ, "SAGEBUILD_SPLIT_SEED", None, 0, _MOST_SEED) or 0


def drop_outliers(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether rows that are far out are to be left out of the training rows. Raises ContractError."""
    wanted = environ.get("SAGEBUILD_OUTLIERS", "").strip() or "report"
    if wanted not in ("report", "drop"):
        raise ContractError(f"SAGEBUILD_OUTLIERS is {wanted[:40]!r}, but must be report or drop.")
    return wanted == "drop"


def blas_threads(environ: Mapping[str, str] = os.environ) -> int | None:
    """How many threads linear algebra may take, or None when the program decides. Raises ContractError."""
    return _whole_number(environ, "SAGEBUILD_BLAS_THREADS", None, 1, _MOST_THREADS)


def bind_host(environ: Mapping[str, str] = os.environ) -> str:
    """The address that the server listens on."""
    return environ.get("SAGEBUILD_BIND_HOST") or "0.0.0.0"


def bind_port(environ: Mapping[str, str] = os.environ) -> int:
    """The port that the server listens on; 0 means a free one. Raises ContractError."""
    port = _whole_number(environ, "SAGEMAKER_BIND_TO_PORT", 8080, 0, 65535)
    return 8080 if port is None else port


def max_body_bytes(environ: Mapping[str, str] = os.environ) -> int:
    """The largest request body that is read. Raises ContractError."""
    limit = _whole_number(environ, "SAGEBUILD_MAX_BODY_BYTES", None, 1, _MOST_BODY_BYTES)
    if limit is not None:
        return limit
    # SageMaker's 0 means chunked bodies without a limit; ours is the limit then.
    payload_mb = _whole_number(environ, "SAGEMAKER_MAX_PAYLOAD_IN_MB", None, 0, _MOST_BODY_BYTES // MIB)
    return payload_mb * MIB if payload_mb else DEFAULT_MAX_BODY_BYTES


def _whole_number(environ: Mapping[str, str], name: str, default: int | None, low: int, high: int) -> int | None:
    text = environ.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 12 and low <= int(text) <= high):
        raise ContractError(f"{name} is {text[:40]!r}, but must be a whole number from {low} to {high}.")
    return int(text)
