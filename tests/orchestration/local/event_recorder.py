"""A function for tests: prints each event that it gets, as one line of its log."""

from __future__ import annotations

import json
import sys
from typing import Any


def handler(event: dict[str, Any], context: object) -> None:
    sys.stdout.write(f"EVENT {json.dumps(event)}\n")
    sys.stdout.flush()
