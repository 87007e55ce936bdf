"""Graphs of single numbers as functions: straight-line code, or tables where there are too many nodes to compile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any, Final

from chainrule.errors import ShapeError
from chainrule.node import Node, label_of, order
from chainrule.ops.types import show_shape
from chainrule.quantity import Quantity, spell
from chainrule.targets.llvm.emit import DType
from chainrule.targets.llvm.levels import Tables
from chainrule.targets.llvm.straight_line import straight_line
from chainrule.targets.llvm.work import CALL, Work

LARGE: Final = 10_000  # nodes from which a function becomes a table: LLVM takes about 50 microseconds a node


class ScalarFunction:
    """A compiled graph of single numbers; called like `function.Function`.

    `entry_work` is the same for an entry, with memory of its own; if it is `long`, other threads should run meanwhile.
    """

    __slots__ = ("_call", "_lock", "_tables", "_work", "dtype", "entry_work", "inputs", "long", "outputs")

    def __init__(
        self, outputs: Sequence[Quantity], roots: Sequence[Node], inputs: Sequence[Node], dtype: DType
    ) -> None:
        self.dtype = dtype
        self.inputs = {label_of(n): n for n in inputs}
        self.outputs = dict(zip(outputs, roots, strict=True))
        self.long = len(order(roots)) > LARGE
        self._tables = Tables(roots, inputs, dtype) if self.long else None
        self._work = self._tables.work() if self._tables else straight_line(roots, inputs, dtype)
        self.entry_work = self.own_work()
        self._call = CALL(self._work.address)
        self._lock = Lock()

    def own_work(self) -> Work:
        """The work, in memory that nobody else works in."""
        return self._tables.work() if self._tables else self._work

    @property
    def text(self) -> str:
        """The code as LLVM's text."""
        return self._work.text

    def __call__(
        self, values: Mapping[Quantity, Any], *, sizes: Mapping[str, int] | None = None
    ) -> dict[Quantity, Any]:
        """The outputs for the values of the inputs, all single numbers; `sizes` is there to be called alike.

        Raises `ShapeError` for an input that is missing or no number.
        """
        import numpy as np

        given = np.array([_number_of(label, values) for label in self.inputs] or [0], self.dtype)
        results = self.run(given)
        return {
            label: np.array(value != 0 if root.type.kind == "boolean" else value)
            for (label, root), value in zip(self.outputs.items(), results, strict=False)
        }

    def run(self, given: Any) -> Any:
        """The outputs in an array, from an array of the inputs."""
        import numpy as np

        results = np.empty(max(1, len(self.outputs)), self.dtype)
        with self._lock:
            self._call(self._work.context, given.ctypes.data, results.ctypes.data)
        return results


def _number_of(label: Quantity, values: Mapping[Quantity, Any]) -> Any:
    """The value of an input. Raises `ShapeError` if there is none, or it is an array."""
    import numpy as np

    if label not in values:
        raise ShapeError(f"the input {spell(label)} has no value.")
    value = values[label]
    if not isinstance(value, float) and np.shape(value):
        raise ShapeError(f"{spell(label)} has the shape {show_shape(np.shape(value))}, expected ().")
    return value
