"""The training loop in NumPy, one op after the other: the readable twin of the native kernel, and its oracle.

It keeps the protocol of `targets.llvm.training`, which says what each argument is, and computes in float64 throughout;
with dtype float32 only what is remembered is rounded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import GraphError, ShapeError
from chainrule.evaluate import bind_sizes, compile_plan
from chainrule.graph import Program
from chainrule.iterate import loop_inputs
from chainrule.node import Node, label_of
from chainrule.numbers.vectorised import numpy_numbers
from chainrule.ops.types import show_shape
from chainrule.quantity import Quantity, spell

if TYPE_CHECKING:
    from numpy.typing import NDArray


class ReferenceKernel:
    """A training program that is evaluated, not compiled; `run` makes updates."""

    __slots__ = ("_given", "_plans", "_roots", "_size", "dtype", "error", "program")
    block = 1

    def __init__(self, program: Program, *, error: Quantity, dtype: str = "float64") -> None:
        known = {**program.step.quantities(), **program.step.outputs}
        if error not in known:
            raise GraphError(f"{spell(error)} is no quantity of this program.")
        self.program, self.error, self.dtype = program, error, np.dtype(dtype)
        self._roots = [known[error], *[one.after for one in program.state.values()]]
        scalars = set(program.scalars.values())
        self._given = [one for one in loop_inputs(program, self._roots) if one not in scalars]
        leading = {str(one.type.shape[0]) for one in program.examples if one.type.shape}
        self._size = next((size for size in leading if not size.isdigit()), None)
        self._plans: dict[int, Callable[..., list[Any]]] = {}

    def run(
        self,
        state: Mapping[Quantity, NDArray[Any]],
        examples: Mapping[Quantity, NDArray[Any]],
        order: NDArray[Any],
        batch: int,
        scalars: Mapping[Quantity, NDArray[Any]],
        errors: NDArray[Any],
        *,
        given: Mapping[Quantity, Any] | None = None,
        epoch: int | None = None,
    ) -> int:
        """Make one update for every `batch` rows of `order`; the number made, fewer if an error is not finite."""
        held = [state[label] for label in self.program.state]
        parts = [examples[label_of(one)] for one in self.program.examples]
        self._check(held)
        fixed = [np.asarray((given or {})[label_of(one)], float) for one in self._given]
        rates = [np.asarray(scalars[label], float) for label in self.program.scalars]
        length = max(1, epoch or len(order))
        epochs = [order[start : start + length] for start in range(0, len(order), length)]
        batches = [one[start : start + batch] for one in epochs for start in range(0, len(one), batch)]
        for update, at in enumerate(batches):
            rows = [np.asarray(part[at if self._size else at[0]], float) for part in parts]
            now = [np.asarray(one, float) for one in held]
            with numpy_numbers().s.context():
                error, *after = self._plan(len(at))(*now, *rows, *[rate[update] for rate in rates], *fixed)
            errors[update] = error
            if not np.isfinite(errors[update]):
                return update
            for one, value in zip(held, after, strict=True):
                one[...] = value
        return len(batches)

    def _check(self, held: Sequence[NDArray[Any]]) -> None:
        for (label, one), found in zip(self.program.state.items(), held, strict=True):
            if found.shape != one.before.type.shape or found.dtype != self.dtype or not found.flags.writeable:
                due = f"{show_shape(one.before.type.shape)} of {self.dtype}"
                raise ShapeError(f"{spell(label)} is {show_shape(found.shape)} of {found.dtype}, expected {due}.")

    def _plan(self, rows: int) -> Callable[..., list[Any]]:
        """The step for so many rows: sizes are known from here on."""
        if self._size is None and rows != 1:
            raise ShapeError(f"found a batch of {rows} examples, but the program is for one.")
        if rows not in self._plans:
            program = self.program
            inputs: list[Node] = [one.before for one in program.state.values()]
            inputs += [*program.examples, *program.scalars.values(), *self._given]
            bound = bind_sizes([*self._roots, *inputs], {self._size: rows} if self._size else {})
            count = len(self._roots)
            self._plans[rows] = compile_plan(bound[:count], bound[count:], numbers=numpy_numbers())
        return self._plans[rows]
