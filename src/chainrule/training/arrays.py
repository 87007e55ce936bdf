"""Examples as people hold them - arrays, lists, dicts of columns - checked, and cut into the inputs of a graph.

Nothing is copied that need not be: a file mapped into memory stays on the disk until its rows are used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from chainrule.errors import ShapeError
from chainrule.node import Node, label_of
from chainrule.ops.types import show_shape
from chainrule.quantity import spell

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK: Final = 1 << 16  # numbers that are looked at at a time: the second look finds them in the cache
_KINDS: Final = "biuf"


def columns(what: str, data: object, inputs: Sequence[Node]) -> list[NDArray[Any]]:
    """The values of each input, one row an example: from one array, or from a dict with an array for each name.

    An array holds the only input, or a column for each of several numbers. Raises ShapeError for what does not fit.
    """
    names = [spell(label_of(one)) for one in inputs]
    if isinstance(data, Mapping):
        wrong = [str(key) for key in data if key not in names]
        missing = [name for name in names if name not in data]
        if wrong or missing:
            found = (
                f"{what} has no {missing[0]!r}" if missing else f"{what} has {wrong[0]!r}, which is no name of its own"
            )
            raise ShapeError(f"{found}.", hint=f"It needs {', '.join(names)}.")
        parts = [_fitted(name, _array(name, data[name]), one) for name, one in zip(names, inputs, strict=True)]
    elif len(inputs) == 1:
        parts = [_fitted(what, _array(what, data), inputs[0])]
    else:
        parts = _split(what, _array(what, data), inputs)
    _same_length(what, names, parts)
    return parts


def _array(what: str, data: object) -> NDArray[Any]:
    try:
        found = data if isinstance(data, np.ndarray) else np.asarray(data)
    except (ValueError, TypeError):
        raise ShapeError(f"{what} has rows of different lengths.", hint="Give one row an example, all alike.") from None
    if found.dtype.kind not in _KINDS:
        raise ShapeError(
            f"{what} holds {found.dtype}, expected real numbers.", hint="Convert it: numpy.asarray(..., float)."
        )
    if not found.ndim:
        raise ShapeError(f"{what} is a single number, expected one row an example.")
    return found


def _fitted(what: str, found: NDArray[Any], one: Node) -> NDArray[Any]:
    """The array with one row an example, each of the input's shape."""
    shape = one.type.shape
    if found.shape[1:] == shape:
        return found
    if found.ndim == 1 and shape == (1,):
        return found[:, None]
    if found.shape[1:] == (1,) and not shape:
        return found[:, 0]
    due = show_shape(("examples", *shape))
    hint = "It seems to be a single example: put it into a list." if found.shape == shape else None
    raise ShapeError(f"{what} has the shape {show_shape(found.shape)}, expected {due}.", hint=hint)


def _split(what: str, found: NDArray[Any], inputs: Sequence[Node]) -> list[NDArray[Any]]:
    names = ", ".join(spell(label_of(one)) for one in inputs)
    if any(one.type.shape for one in inputs):
        raise ShapeError(f"{what} is one array for {names}.", hint=f"Give a dict: {{'{names.split(', ')[0]}': ...}}.")
    if found.ndim != 2 or found.shape[1] != len(inputs):
        due = show_shape(("examples", len(inputs)))
        raise ShapeError(
            f"{what} has the shape {show_shape(found.shape)}, expected {due}: a column for each of {names}."
        )
    return [found[:, k] for k in range(len(inputs))]


def _same_length(what: str, names: Sequence[str], parts: Sequence[NDArray[Any]]) -> None:
    for name, part in zip(names, parts, strict=True):
        if len(part) != len(parts[0]):
            raise ShapeError(f"{what} has {len(parts[0])} rows of {names[0]}, but {len(part)} of {name}.")


def as_classes(data: object, inputs: Sequence[Node]) -> object:
    """Targets with class numbers 0, 1, ... made rows with a 1 at the class, where the network has an output a class."""
    if isinstance(data, Mapping) or len(inputs) != 1 or len(inputs[0].type.shape) != 1 or inputs[0].type.shape == (1,):
        return data
    found = np.asarray(data)
    (size,) = inputs[0].type.shape
    if found.ndim != 1 or found.dtype.kind not in "biu" or not len(found) or not isinstance(size, int):
        return data
    low, high = int(found.min()), int(found.max())
    if low < 0 or high >= size:
        raise ShapeError(f"T has class {low if low < 0 else high}, expected 0 to {size - 1}: there are {size} outputs.")
    rows = np.zeros((len(found), size), np.float32)
    rows[np.arange(len(found)), found.astype(np.int64)] = 1
    return rows


def check_finite(what: str, part: NDArray[Any], dtype: str) -> None:
    """Raises ShapeError naming the first row with nan, inf, or a number too large for the dtype."""
    if part.dtype.kind != "f":
        return
    largest = min(float(np.finfo(dtype).max), float(np.finfo(part.dtype).max))
    for start, block in _blocks(part):
        if block.size and not (block.min() >= -largest and block.max() <= largest):
            at = tuple(int(i) for i in np.argwhere(~(np.abs(block) <= largest))[0])
            where = ", ".join(map(str, (at[0] + start, *at[1:])))
            large = f", too large for {dtype}" if np.isfinite(block[at]) else ""
            raise ShapeError(
                f"{what} has {block[at]} in row {at[0] + start}, at {what}[{where}]{large}.",
                hint="Remove such rows, or put numbers in.",
            )


def are_finite(parts: Iterable[NDArray[Any]]) -> bool:
    """Whether all numbers of some arrays are finite, found without another array: mostly by their sums."""
    with np.errstate(all="ignore"):
        return all(isfinite(part.sum()) or (isfinite(part.min()) and isfinite(part.max())) for part in parts)


def _blocks(part: NDArray[Any]) -> Iterator[tuple[int, NDArray[Any]]]:
    """The rows of an array a block at a time, each with the number of its first row."""
    rows = max(1, BLOCK // max(1, part[:1].size))
    for start in range(0, len(part), rows):
        yield start, part[start : start + rows]
