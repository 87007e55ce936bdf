"""Numbers in and out: the leaves of arguments as values of a number system, and results in the form they came in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chainrule.errors import ShapeError
from chainrule.numbers.array import Array
from chainrule.numbers.array import to_nested as nested
from chainrule.numbers.floats import FLOATS
from chainrule.numbers.system import Numbers
from chainrule.tracing.arguments import Leaf


def numbers_for(leaves: Iterable[Leaf]) -> Numbers:
    """Python floats if all arguments are single numbers, NumPy arrays otherwise."""
    if not any(leaf.shape for leaf in leaves):
        return FLOATS
    from chainrule.numbers.vectorised import numpy_numbers  # NumPy is loaded only for arrays

    return numpy_numbers()


def to_input(leaf: Leaf, numbers: Numbers) -> Any:
    """The value of a leaf as the number system takes it."""
    try:
        return numbers.of_nested(leaf.value) if leaf.shape else float(leaf.value)
    except (TypeError, ValueError) as error:
        raise ShapeError(f"{'.'.join(leaf.path)} does not hold real numbers: {error}.") from error


def to_result(value: Any, form: str) -> Any:
    """A value as people get it back: a float, nested lists where lists were given, else a NumPy array."""
    if isinstance(value, Array):
        value = nested(value)
    elif not getattr(value, "shape", ()):
        return float(value)
    elif form == "list":
        return value.tolist()
    if form == "list":
        return value
    import numpy as np

    return np.array(value, float)
