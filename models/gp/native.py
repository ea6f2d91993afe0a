"""The compiled form of layers.py, where there is one: `python -m models.gp.native` makes it with the C compiler.

The image is built with it, and `make` makes it where there is a C compiler; without it NumPy does the same, a few times
slower. It lies beside this file, named after the machine, so that nothing is compiled, and nobody waits, while fitting.
"""

from __future__ import annotations

import argparse
import ctypes
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

SOURCE = Path(__file__).with_name("layers.c")
# Not -ffast-math: as a linker's option it would change how the whole process treats the smallest numbers.
_FLAGS = ("-O3", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast", "-shared", "-fPIC")
_COMPILERS = ("cc", "gcc", "clang")
_COMPILE_S = 120

# Address of the numbers, how many, order, applications.
Layers = Callable[[int, int, int, int], None]


class CannotCompile(OSError):
    """There is no compiler, or it refused; the message says which."""


def library() -> Path:
    """Where the compiled form is, if there is one."""
    return SOURCE.with_name(f"layers-{sys.platform}-{platform.machine()}.so")


def compile_to(path: Path) -> None:
    """Compiles layers.c, and puts it at `path` in one step. Raises CannotCompile."""
    compiler = _compiler()
    partial = path.with_name(f".partial-{path.name}")
    command = [compiler, *_FLAGS, str(SOURCE), "-o", str(partial), "-lm"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_COMPILE_S, check=False)
        if done.returncode != 0:
            raise CannotCompile(f"{compiler} cannot compile {SOURCE.name}: {done.stderr.strip()[:500]}")
        partial.replace(path)
    except subprocess.TimeoutExpired:
        raise CannotCompile(f"{compiler} took more than {_COMPILE_S} s over {SOURCE.name}.") from None
    finally:
        partial.unlink(missing_ok=True)


def _compiler() -> str:
    found = next((found for name in _COMPILERS if (found := shutil.which(name))), None)
    # On a Mac without developer tools /usr/bin/cc is there, but only asks in a window to install them.
    if found is None or (sys.platform == "darwin" and _ends_badly("xcode-select", "-p")):
        raise CannotCompile(f"There is no C compiler here ({', '.join(_COMPILERS)}).")
    return found


def _ends_badly(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, timeout=_COMPILE_S, check=False).returncode != 0


def load(path: Path | None = None) -> Layers | None:
    """The compiled function, None where there is none, it is of another machine, or older than its source."""
    found = library() if path is None else path
    if not _is_current(found):
        return None
    try:
        function = ctypes.CDLL(str(found)).sagebuild_layers
    except (OSError, AttributeError):
        return None
    function.argtypes = (ctypes.c_void_p, ctypes.c_int64, ctypes.c_int32, ctypes.c_int32)
    function.restype = None
    layers: Layers = function
    return layers


def _is_current(path: Path) -> bool:
    if not path.is_file():
        return False
    return not SOURCE.is_file() or path.stat().st_mtime >= SOURCE.stat().st_mtime


def main(argv: Sequence[str] | None = None) -> int:
    """Compiles, unless it is done. Returns 1 and says why when it cannot, 0 and nothing with --if-possible."""
    parser = argparse.ArgumentParser(description="Compile the Gaussian process's kernel for this machine.")
    parser.add_argument("--if-possible", action="store_true", help="it is no error when there is no compiler")
    given = parser.parse_args(argv)
    path = library()
    if _is_current(path):
        return 0
    try:
        compile_to(path)
    except OSError as error:
        if given.if_possible:
            return 0
        sys.stderr.write(f"The kernel stays with NumPy: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
