"""The BLAS that SciPy brings: where its matrix product begins, and on how many threads it runs.

Nobody needs SciPy to train: without it, or without threadpoolctl, which keeps one thread one, there is no address.
"""

from __future__ import annotations

import ctypes
from contextlib import AbstractContextManager
from functools import cache
from typing import Any, Final

_NAMES: Final = {4: "sgemm", 8: "dgemm"}  # by the bytes of a number


@cache
def gemm_address(item: int) -> int:
    """Where the product of two matrices of such numbers begins, by Fortran's conventions; 0 if there is none."""
    try:
        import threadpoolctl  # noqa: F401
        from scipy.linalg import cython_blas
    except ImportError:
        return 0
    capsule = cython_blas.__pyx_capi__[_NAMES[item]]
    name = _function("GetName", ctypes.c_char_p)(capsule)
    if name is None or not name.startswith(b"void (char *, char *, int *, int *, int *, "):
        return 0  # whole numbers of another size
    found: int | None = _function("GetPointer", ctypes.c_void_p, ctypes.c_char_p)(capsule, name)
    return found or 0


def _function(name: str, result: Any, *others: Any) -> Any:
    return ctypes.PYFUNCTYPE(result, ctypes.py_object, *others)((f"PyCapsule_{name}", ctypes.pythonapi))


def limited(threads: int) -> AbstractContextManager[Any]:
    """Have the BLAS use so many threads and no more; afterwards as many as before."""
    found: AbstractContextManager[Any] = _controller().limit(limits=threads, user_api="blas")
    return found


@cache
def _controller() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
