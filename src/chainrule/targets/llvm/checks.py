"""What is given to native code is looked at here, because it takes addresses on trust."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chainrule.errors import ShapeError
from chainrule.graph import Program
from chainrule.node import Dim, Node, label_of
from chainrule.ops.types import show_shape
from chainrule.quantity import Name, Quantity, spell
from chainrule.targets.llvm.emit import DType


def check_state(program: Program, dtype: DType, state: Mapping[Quantity, Any]) -> None:
    """Raises `ShapeError` for a state that breaks the protocol of `training`."""
    for label, kept in program.state.items():
        _fits(label, _value(label, state), dtype, kept.before.type.shape, written=True)


def check_updates(
    program: Program, symbol: str | None, order: Any, batch: int, scalars: Mapping[Quantity, Any], errors: Any,
    epoch: int | None = None,
) -> tuple[int, int]:  # fmt: skip
    """The number of the last row that `order` names (-1: it is empty), and the number of updates.

    Raises `ShapeError` for whatever breaks the protocol of `training`.
    """
    import numpy as np

    if batch < 1 or (symbol is None and batch != 1 and program.examples):
        raise ShapeError(f"found a batch of {batch}, expected {'1' if symbol is None else '1 or more'}.")
    _fits(Name("order"), order, "int64", (None,))
    if epoch is not None and epoch < 1:
        raise ShapeError(f"found an epoch of {epoch} rows, expected 1 or more.")
    updates = updates_of(len(order), batch, epoch)
    _fits(Name("errors"), errors, "float64", (None,), least=updates, written=True)
    for label in program.scalars:
        _fits(label, _value(label, scalars), "float64", (None,), least=updates)
    # One look at numbers without a sign, among which those below 0 are the largest, tells both ends.
    last = int(order.view(np.uint64).max()) if len(order) else -1
    if last >= 1 << 63:
        raise ShapeError(f"order names the row {order.min()}, expected 0 or more.")
    return last, updates


def updates_of(rows: int, batch: int, epoch: int | None = None) -> int:
    """How many updates it takes to go through rows, where each epoch begins a new one."""
    whole, rest = divmod(rows, epoch or max(1, rows))
    return whole * -(-(epoch or rows) // batch) + -(-rest // batch)


def check_examples(
    program: Program, symbol: str | None, dtype: DType, examples: Mapping[Quantity, Any], last: int
) -> list[Any]:
    """The arrays of the examples, of which row number `last` is used. Raises `ShapeError` as `check_updates` does."""
    found = []
    for node in program.examples:
        label = label_of(node)
        rows = _value(label, examples)
        _fits(label, rows, dtype, (None, *(node.type.shape if symbol is None else node.type.shape[1:])))
        if last >= len(rows):
            raise ShapeError(f"order names the row {last}, but {spell(label)} has {len(rows)} rows, from 0.")
        found.append(rows)
    return found


def given_value(node: Node, values: Mapping[Quantity, Any]) -> Any:
    """The value of an input that stays the same. Raises `ShapeError` if there is none, or of another shape."""
    import numpy as np

    array = np.asarray(_value(label_of(node), values))
    if tuple(array.shape) != node.type.shape:
        due = show_shape(node.type.shape)
        raise ShapeError(f"{spell(label_of(node))} has the shape {show_shape(array.shape)}, expected {due}.")
    return array


def _value(label: Quantity, values: Mapping[Quantity, Any]) -> Any:
    if label not in values:
        raise ShapeError(f"{spell(label)} has no value.")
    return values[label]


def _fits(
    label: Quantity, array: Any, dtype: str, shape: Sequence[Dim | None], *, least: int = 0, written: bool = False
) -> None:
    import numpy as np

    if not isinstance(array, np.ndarray):
        raise ShapeError(f"{spell(label)} is a {type(array).__name__}, expected a NumPy array.")
    if array.dtype != dtype:
        raise ShapeError(f"{spell(label)} is of {array.dtype}, expected {dtype}.")
    if array.shape != shape and not _matches(array.shape, shape):
        due = tuple(["rows" if size is None else size for size in shape])
        raise ShapeError(f"{spell(label)} has the shape {show_shape(array.shape)}, expected {show_shape(due)}.")
    if least and len(array) < least:
        raise ShapeError(f"{spell(label)} has {len(array)} numbers, expected at least {least}: one for each update.")
    if not array.flags.c_contiguous:
        raise ShapeError(f"{spell(label)} is not C-contiguous.", hint="Use numpy.ascontiguousarray.")
    if written and not array.flags.writeable:
        raise ShapeError(f"{spell(label)} is read-only, but is written to.")


def _matches(found: Sequence[int], due: Sequence[Dim | None]) -> bool:
    return len(found) == len(due) and all(d in (None, n) for n, d in zip(found, due, strict=True))
