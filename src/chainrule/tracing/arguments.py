"""Arguments as people pass them - numbers, arrays, nested lists, dicts and tuples of these - taken apart and put back.

Each leaf is one input of the graph; results come back in the form in which the arguments were given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from chainrule.dataclasses import dataclass
from chainrule.errors import ShapeError
from chainrule.node import Shape
from chainrule.tracing.traced import Traced

Rebuild = Callable[[Iterator[Any]], Any]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One number or array among the arguments; `form` is "number", "list", "array" or "traced"."""

    path: tuple[str, ...]
    shape: Shape
    form: str
    value: Any = None  # None: only the shape is known


def take_apart(path: tuple[str, ...], value: Any, *, shapes: bool = False) -> tuple[list[Leaf], Rebuild]:
    """The leaves of an argument, and the function that puts values of the leaves together again.

    With `shapes`, a tuple of sizes such as (2, 3) or ("N", 3) stands for an array of this shape.
    """
    if shapes and isinstance(value, tuple) and all(_is_size(part) for part in value):
        return [Leaf(path, value, "array" if value else "number")], next
    if isinstance(value, Mapping):
        return _branches(path, list(map(str, value)), list(value.values()), shapes, _mapping_like(value))
    if isinstance(value, list | tuple) and _rectangle(value) is None:
        numbers = [str(k + 1) for k in range(len(value))]
        return _branches(path, numbers, list(value), shapes, _sequence_like(value))
    return [_leaf(path, value)], next


def _is_size(part: object) -> bool:
    return isinstance(part, str) or (isinstance(part, int) and not isinstance(part, bool) and part >= 0)


def _mapping_like(value: Mapping[Any, Any]) -> Callable[[list[Any]], Any]:
    keys = list(value)
    return lambda parts: dict(zip(keys, parts, strict=True))


def _sequence_like(value: list[Any] | tuple[Any, ...]) -> Callable[[list[Any]], Any]:
    if hasattr(value, "_fields"):  # a named tuple
        return lambda parts: type(value)(*parts)
    return list if isinstance(value, list) else tuple


def _branches(
    path: tuple[str, ...], keys: list[str], values: list[Any], shapes: bool, like: Callable[[list[Any]], Any]
) -> tuple[list[Leaf], Rebuild]:
    taken = [take_apart((*path, key), part, shapes=shapes) for key, part in zip(keys, values, strict=True)]
    leaves = [leaf for found, _ in taken for leaf in found]
    rebuilds = [rebuild for _, rebuild in taken]
    return leaves, lambda parts: like([rebuild(parts) for rebuild in rebuilds])


def _leaf(path: tuple[str, ...], value: Any) -> Leaf:
    if isinstance(value, Traced):
        return Leaf(path, value.shape, "traced", value)
    if isinstance(value, list):
        return Leaf(path, _rectangle(value) or (), "list", value)
    if isinstance(value, int | float | Fraction | Decimal):
        return Leaf(path, (), "number", value)
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and hasattr(value, "tolist"):
        return Leaf(path, shape, "array" if shape else "number", value)
    raise ShapeError(
        f"found {type(value).__name__} {value!r:.40} for {'.'.join(path)}",
        hint="Pass numbers, arrays, lists, or dicts and tuples of these.",
    )


def _rectangle(value: object) -> Shape | None:
    """The shape of nested lists of numbers; None for a tuple, and for lists of anything else."""
    if not isinstance(value, list):
        return None
    if all(isinstance(item, int | float | Fraction | Decimal) for item in value):
        return (len(value),)
    inner = {_rectangle(item) for item in value}
    shape = inner.pop() if len(inner) == 1 else None
    return None if shape is None else (len(value), *shape)


def names_of(leaves: Iterable[Leaf]) -> list[str]:
    """A short name for every leaf: `W1` for params["W1"], `x_2` for x[1]; the whole path where that is not unique."""
    paths = [leaf.path for leaf in leaves]
    short = [_short(path) for path in paths]
    return [name if short.count(name) == 1 else "_".join(path) for name, path in zip(short, paths, strict=True)]


def _short(path: tuple[str, ...]) -> str:
    start = len(path) - 1
    while start > 0 and not path[start].isidentifier():
        start -= 1
    return "_".join(path[start:])
