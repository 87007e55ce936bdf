"""The memory of one training run: its state lies where updates are made, from the first call of the kernel to the last.

So a call costs what its updates cost, whatever the size of the network: nothing is copied in or out around it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any, Final

from chainrule.errors import ShapeError
from chainrule.graph import Program
from chainrule.quantity import Quantity
from chainrule.targets.llvm.arrays import Space
from chainrule.targets.llvm.checks import check_examples, check_updates, given_value
from chainrule.targets.llvm.code import Code
from chainrule.targets.llvm.machine import Compiled
from chainrule.targets.native.blas import limited

_CALL: Final = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_void_p] * 4, *[ctypes.c_int64] * 4, *[ctypes.c_void_p] * 2)


class Session:
    """A kernel with memory of its own, for batches of one size.

    `state` has a view of that memory for each label of the program's state: whoever assigns to it changes what the next
    update starts from.
    """

    __slots__ = (
        "_call", "_code", "_compiled", "_examples", "_fixed", "_program", "_rows", "batch", "space", "state", "threads",
    )  # fmt: skip

    def __init__(self, program: Program, code: Code, compiled: Compiled, batch: int, threads: int = 1) -> None:
        if program.most is not None and batch > program.most:
            raise ShapeError(
                f"found a batch of {batch}, but this program is one for batches of at most {program.most}.",
                hint="Compile it for larger ones.",
            )
        self.threads = threads  # of a team
        self.batch, self._program, self._code = batch, program, code
        self._compiled = compiled  # the code is gone when nothing holds it
        self._call = _CALL(compiled.address("run"))
        self.space = Space(code.plan, code.memory, code.dtype, code.bound(batch), code.direct, threads=threads)
        found = code.plan.found
        self.state = {label: self.space.view(found[kept.before]) for label, kept in program.state.items()}
        self._fixed = self.space.arena.ctypes.data, self.space.table.ctypes.data
        self._examples: list[Any] = []
        self._rows: Any = None

    def run(
        self,
        examples: Mapping[Quantity, Any],
        order: Any,
        scalars: Mapping[Quantity, Any],
        errors: Any,
        *,
        given: Mapping[Quantity, Any] | None = None,
        epoch: int | None = None,
    ) -> int:
        """Make the updates that `order` names; how is told at the top of `training`."""
        import numpy as np

        program, code, batch = self._program, self._code, self.batch
        last, updates = check_updates(program, code.symbol, order, batch, scalars, errors, epoch)
        self._look_at(examples, last)
        if not updates:
            return 0
        for node in code.given:
            self.space.view(code.plan.found[node])[...] = given_value(node, given or {})
        rates = np.array([scalars[label].ctypes.data for label in program.scalars] or [0], np.uint64)
        with limited(1) if self.space.calls_blas else nullcontext():
            done: int = self._call(
                *self._fixed, self._rows.ctypes.data, order.ctypes.data, len(order), epoch or len(order), batch,
                code.memory.rounded(batch), rates.ctypes.data, errors.ctypes.data,
            )  # fmt: skip
        return done

    def forget(self) -> None:
        """Hold no examples any more."""
        self._examples, self._rows = [], None

    def _look_at(self, examples: Mapping[Quantity, Any], last: int) -> None:
        """Check the examples, of which row number `last` is used; arrays that have been checked keep their places."""
        import numpy as np

        code = self._code
        found = check_examples(self._program, code.symbol, code.dtype, examples, last)
        if self._rows is None or any(a is not b for a, b in zip(found, self._examples, strict=True)):
            self._examples = found
            self._rows = np.array([part.ctypes.data for part in found] or [0], np.uint64)
