"""LAPACK's Cholesky factor in place, without Python's lock, so that signals are answered while it is made.

SciPy's own wrapper holds the lock to the end, half a second for 4000 rows, and copies a matrix whose rows are not next
to each other. SciPy offers the bare function to Cython; a call through ctypes lets go of the lock.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import importlib.util
import threading
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

_Function = Callable[..., None]


def is_available() -> bool:
    """Whether SciPy is there; it is not imported for that."""
    return importlib.util.find_spec("scipy") is not None


def cholesky_in_place(square: FloatArray) -> bool | None:
    """The lower Cholesky factor in place of the lower half of `square`: (n, n), rows contiguous. Imports SciPy.

    What is above the diagonal stays. Returns False when the matrix is not positive definite, None when this SciPy does
    not offer the function; nothing is changed then.
    """
    # Character, size, matrix, leading dimension, result.
    dpotrf = _function("dpotrf", "void (char *, int *, ", ", int *, int *)", 5)
    if dpotrf is None:
        return None
    size, stride, info = _integers(square)

    def work() -> None:
        # Rows of ours are columns to LAPACK, so that our lower half is its upper one. The memory is held from here, so
        # that it outlives a waiting thread that is interrupted.
        matrix = ctypes.c_void_p(square.ctypes.data)
        dpotrf(ctypes.byref(ctypes.c_char(b"U")), ctypes.byref(size), matrix, ctypes.byref(stride), ctypes.byref(info))

    # A thread, since Python answers signals in the main one, which only waits here.
    thread = threading.Thread(target=work, name="cholesky", daemon=True)
    thread.start()
    thread.join()
    return info.value == 0


def triangular_inverse_in_place(square: FloatArray) -> bool:
    """The inverse of the lower half of `square` in its place: (n, n), rows contiguous, nothing 0 on the diagonal.

    What is above the diagonal becomes 0. Returns False, and changes nothing, when this SciPy does not offer the
    function. For small matrices: signals wait until it is done.
    """
    # Two characters, size, matrix, leading dimension, result.
    dtrtri = _function("dtrtri", "void (char *, char *, int *, ", ", int *, int *)", 6)
    if dtrtri is None:
        return False
    size, stride, info = _integers(square)
    upper, usual = ctypes.c_char(b"U"), ctypes.c_char(b"N")
    matrix = ctypes.c_void_p(square.ctypes.data)
    scalars = (ctypes.byref(each) for each in (upper, usual, size))
    dtrtri(*scalars, matrix, ctypes.byref(stride), ctypes.byref(info))
    square[:] = np.tril(square)
    return True


def _integers(square: FloatArray) -> tuple[ctypes.c_int, ctypes.c_int, ctypes.c_int]:
    """Size, leading dimension and room for the result."""
    return ctypes.c_int(len(square)), ctypes.c_int(square.strides[0] // square.itemsize), ctypes.c_int(0)


@functools.cache
def _function(name: str, start: str, end: str, arguments: int) -> _Function | None:
    """The function of that name. start, end: of the signature that SciPy must say it has; between is the matrix."""
    offered = importlib.import_module("scipy.linalg.cython_lapack").__pyx_capi__
    capsule = offered.get(name)
    if capsule is None:
        return None
    name_of = ctypes.pythonapi.PyCapsule_GetName
    name_of.restype, name_of.argtypes = ctypes.c_char_p, [ctypes.py_object]
    pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
    pointer_of.restype, pointer_of.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    signature: bytes = name_of(capsule)
    # Another width of integers, for one, would be another signature.
    if not (signature.decode().startswith(start) and signature.decode().endswith(end)):
        return None
    return ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * arguments)(pointer_of(capsule, signature))
