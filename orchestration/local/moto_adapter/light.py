"""moto without what the engine never uses: its EC2, which others of its modules import, is 120 MB and 0.7 s at start.

Step Functions' Batch integration imports moto's Batch for the names of job statuses, Batch and SSM import EC2. While
the two are imported here, stand-ins take the place of Batch's package and of EC2; afterwards the stand-ins are gone, so
that whoever asks for EC2 gets all of it. This runs before anything else of the adapter (`__init__.py`).
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import moto

_BATCH, _EC2 = "moto.batch", "moto.ec2"


class _Later:
    """A table of backends that is imported when it is first looked into."""

    def __getitem__(self, account: str) -> Any:
        return importlib.import_module(_EC2).ec2_backends[account]


def import_lightly() -> None:
    """Import Step Functions' interpreter and SSM; does nothing for what is imported already."""
    with _standing_in():
        importlib.import_module("moto.stepfunctions.parser.models")
        importlib.import_module("moto.ssm")


@contextmanager
def _standing_in() -> Iterator[None]:
    stand_ins = {_BATCH: _package_without_init("batch"), _EC2: ModuleType(_EC2)}
    stand_ins[_EC2].__dict__["ec2_backends"] = _Later()
    put = {name: module for name, module in stand_ins.items() if name not in sys.modules}
    sys.modules.update(put)
    try:
        yield
    finally:
        for name in [name for name in sys.modules if any(name == one or name.startswith(f"{one}.") for one in put)]:
            del sys.modules[name]
        for name in put:
            moto.__dict__.pop(name.rpartition(".")[2], None)


def _package_without_init(name: str) -> ModuleType:
    """A package of moto's whose modules can be imported and whose own `__init__` is not run."""
    package = ModuleType(f"moto.{name}")
    package.__path__ = [str(Path(part) / name) for part in moto.__path__]
    return package
