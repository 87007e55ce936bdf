"""Compiled kernels, kept: a network that is trained again, from other weights or on other data, compiles nothing.

In this process the kernel itself is kept, on disk what it takes to have it again: see `targets.llvm.cached`.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

from chainrule.graph import Program
from chainrule.quantity import Quantity

if TYPE_CHECKING:
    from chainrule.training.model import DType
    from chainrule.training.sessions import Kernel

KEPT: Final = 16  # programs a thread, because a kernel makes one call at a time


class _Held(threading.local):
    def __init__(self) -> None:
        self.kernels: OrderedDict[Any, Kernel] = OrderedDict()


_held: Final = _Held()


def native_kernel(program: Program, *, error: Quantity, dtype: DType, precise: bool = True) -> Kernel:
    """The native kernel of a program; equal programs have equal nodes, so what they start from does not matter.

    Raises what `cached_training` raises.
    """
    from chainrule.targets.llvm.cached import cached_training

    state = tuple([(label, one.before, one.after) for label, one in program.state.items()])
    root = program.step.outputs.get(error)
    key = (state, program.examples, tuple(program.scalars.items()), root, dtype, precise)
    found = _held.kernels.get(key)
    if found is None:
        found = _held.kernels[key] = cached_training(program, error=error, dtype=dtype, precise=precise)
        if len(_held.kernels) > KEPT:
            _held.kernels.popitem(last=False)
    _held.kernels.move_to_end(key)
    return found
