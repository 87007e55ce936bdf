"""What a model learns: arrays under names, which may be looked at, changed and replaced, but not in shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ShapeError, nearest
from chainrule.ops.types import show_shape

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Parameters(MutableMapping[str, "NDArray[Any]"]):
    """A dict of arrays of fixed names, shapes and dtype; assigning copies the values in.

    Raises ShapeError for another name, another shape, and numbers that are not finite.

    >>> learned = Parameters({"w": np.zeros(2)})
    >>> learned["w"] = [1, 2]
    >>> learned
    {'w': array([1., 2.])}
    """

    __slots__ = ("_arrays",)

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._arrays = dict(arrays)

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self._arrays:
            raise KeyError(name)
        return self._arrays[name]

    def __setitem__(self, name: str, value: object) -> None:
        if name not in self._arrays:
            near = nearest(name, self._arrays)
            hint = f"Did you mean {near!r}?" if near else f"The parameters are {', '.join(self._arrays)}."
            raise ShapeError(f"there is no parameter {name!r}.", hint=hint)
        held = self._arrays[name]
        try:
            found = np.asarray(value, held.dtype)
        except (ValueError, TypeError):
            raise ShapeError(f"{name} does not get numbers in rows of one length.") from None
        if found.shape != held.shape:
            raise ShapeError(f"{name} has the shape {show_shape(found.shape)}, expected {show_shape(held.shape)}.")
        if not np.isfinite(found).all():
            raise ShapeError(f"{name} gets a number that is not finite.")
        held[...] = found

    def __delitem__(self, name: str) -> None:
        raise ShapeError(f"{name} cannot be removed: the model needs it.")

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __repr__(self) -> str:
        return repr(self._arrays)

    def copy(self) -> dict[str, NDArray[Any]]:
        """The values as they are now, in arrays of their own."""
        return {name: value.copy() for name, value in self._arrays.items()}
