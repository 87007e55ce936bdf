"""What a compiled function may be bound to: memory of others, looked at once and then taken as it is."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ShapeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.training.model import DType


def memory_of(name: str, memory: Any, dtype: DType, *, written: bool) -> NDArray[Any]:
    """The numbers of an object with a buffer, one after the other, in the same memory.

    Raises ShapeError unless they lie so, are of the dtype, and may be written if they have to.
    """
    try:
        seen = memoryview(memory)  # as long as it lives, the memory stays where it is
    except (TypeError, ValueError):
        found = f"{name} is a {type(memory).__name__}, expected an array of {dtype}."
        raise ShapeError(found, hint="Make one: numpy.zeros(...).") from None
    if seen.format != np.dtype(dtype).char:
        raise ShapeError(f"{name} does not hold {dtype}.", hint="Give such an array: a copy would not be looked at.")
    if not seen.c_contiguous:
        raise ShapeError(f"the numbers of {name} do not lie one after the other.", hint="Give an array in C order.")
    if written and seen.readonly:
        raise ShapeError(f"{name} is read-only.")
    array = np.asarray(seen).reshape(-1)
    if array.ctypes.data % array.itemsize:
        raise ShapeError(f"the numbers of {name} do not lie at multiples of {array.itemsize} bytes.")
    return array


def arguments_of(
    given: NDArray[Any], results: NDArray[Any], shapes: Sequence[tuple[int, ...]] | None
) -> list[tuple[int, ...]]:
    """The shape of each argument. Raises ShapeError unless both arrays have room for what is said."""
    found: list[tuple[int, ...]] = [()] * given.size if shapes is None else [tuple(shape) for shape in shapes]
    due = sum(map(prod, found))
    if given.size != due:
        raise ShapeError(f"given has {given.size} numbers, expected {due} for these shapes.")
    if results.size not in (1, 1 + due):
        raise ShapeError(
            f"results has {results.size} numbers, expected 1 for the value, or {1 + due} with the derivatives."
        )
    if np.shares_memory(given, results):
        raise ShapeError("given and results share memory.", hint="Give two arrays.")
    return found
