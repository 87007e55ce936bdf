"""Training of very large graphs of single numbers, by the tables of `levels`: nothing is compiled for the program.

It keeps the protocol of `training`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chainrule.graph import Program
from chainrule.node import INPUT, Node, order
from chainrule.quantity import Quantity
from chainrule.targets.llvm.checks import check_examples, check_state, check_updates, given_value
from chainrule.targets.llvm.emit import DType
from chainrule.targets.llvm.levels import Tables
from chainrule.transforms.schedule.lower import lower


class LevelUpdates:
    """The updates of a program as tables; one goes through them once, which takes far longer than what is done here."""

    __slots__ = ("_after", "_before", "_error", "_examples", "_given", "_scalars", "_tables", "dtype", "program")
    block = 1

    def __init__(self, program: Program, error: Node, dtype: DType) -> None:
        import numpy as np

        states = program.state.values()
        error, *after = lower([error, *[kept.after for kept in states]])
        before = [kept.before for kept in states]
        examples, scalars = list(program.examples), list(program.scalars.values())
        changing = {*before, *examples, *scalars}
        self._given = [n for n in order([error, *after]) if n.op is INPUT and n not in changing]
        self._tables = Tables([error, *after], [*before, *examples, *scalars, *self._given], dtype)
        where = self._tables.where
        self.program, self.dtype = program, dtype
        self._error = where[error]
        self._before, self._after, self._examples, self._scalars = (
            np.array([where[n] for n in group], np.int64) for group in (before, after, examples, scalars)
        )

    def run(
        self,
        state: Mapping[Quantity, Any],
        examples: Mapping[Quantity, Any],
        order: Any,
        batch: int,
        scalars: Mapping[Quantity, Any],
        errors: Any,
        *,
        given: Mapping[Quantity, Any] | None = None,
        epoch: int | None = None,
    ) -> int:
        """Make the updates that `order` names; how is told at the top of `training`."""
        import numpy as np

        program, tables = self.program, self._tables
        check_state(program, self.dtype, state)
        last, _ = check_updates(program, None, order, batch, scalars, errors, epoch)
        data = check_examples(program, None, self.dtype, examples, last)
        values = tables.values
        values[self._before] = [state[label] for label in program.state]
        for node in self._given:
            values[tables.where[node]] = given_value(node, given or {})
        columns = [scalars[label] for label in program.scalars]
        done = len(order)
        with np.errstate(all="ignore"):
            for k, row in enumerate(order):
                values[self._examples] = [column[row] for column in data]
                values[self._scalars] = [column[k] for column in columns]
                tables.run()
                errors[k] = values[self._error]
                if not np.isfinite(errors[k]):
                    done = k
                    break
                values[self._before] = values[self._after]
        for label, value in zip(program.state, values[self._before], strict=True):
            state[label][...] = value
        return done
