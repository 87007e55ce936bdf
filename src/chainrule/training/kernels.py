"""Compiled kernels, kept: a network that is trained again, from other weights or on other data, compiles nothing.

In this process the kernel itself is kept, on disk what it takes to have it again: see `targets.llvm.cached`.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from math import inf
from typing import TYPE_CHECKING, Any, Final

from chainrule.dataclasses import dataclass, replace
from chainrule.graph import Program, collector_paused
from chainrule.quantity import Quantity
from chainrule.training.haste import LIMIT
from chainrule.transforms.schedule.rows import most_rows

if TYPE_CHECKING:
    from chainrule.training.model import DType
    from chainrule.training.sessions import Kernel

KEPT: Final = 16  # programs a thread, because a kernel makes one call at a time


@dataclass(slots=True, eq=False)
class _Kept:
    """A kernel, whether it was made in haste, and the seconds that all its runs lose or would have lost by that."""

    kernel: Kernel
    hasty: bool
    lost: float = 0.0


class _Held(threading.local):
    def __init__(self) -> None:
        self.kernels: OrderedDict[Any, _Kept] = OrderedDict()


_held: Final = _Held()


def native_kernel(
    program: Program,
    *,
    error: Quantity,
    dtype: DType,
    precise: bool = True,
    rows: float = inf,
    lost: float = inf,
    team: bool = False,
) -> Kernel:
    """The native kernel of a program; equal programs have equal nodes, so what they start from does not matter.

    An update has so many `rows`; a `team` of threads makes it. `lost` are the seconds that the run would take longer in
    code made in haste. As long as those of all runs of this process are few, the kernel is made so. Raises what
    `cached_training` raises.
    """
    of_any_size = any(isinstance(size, str) for one in program.examples for size in one.type.shape[:1])
    most = most_rows(rows, dtype) if of_any_size else None
    state = tuple([(label, one.before, one.after) for label, one in program.state.items()])
    root = program.step.outputs.get(error)
    key = (state, program.examples, tuple(program.scalars.items()), root, dtype, precise, most, team)
    kept = _held.kernels.get(key)
    lost += kept.lost if kept is not None else 0.0
    if kept is None or (kept.hasty and lost > LIMIT):
        hasty = lost <= LIMIT
        with collector_paused():  # also while all that it takes is loaded
            from chainrule.targets.llvm.cached import cached_training

            made = cached_training(_plain(program, most, team), error=error, dtype=dtype, precise=precise, hasty=hasty)
        kept = _held.kernels[key] = _Kept(made, hasty)
        if len(_held.kernels) > KEPT:
            _held.kernels.popitem(last=False)
    kept.lost = lost
    _held.kernels.move_to_end(key)
    return kept.kernel


def _plain(program: Program, most: int | None, team: bool) -> Program:
    """The program without the numbers that it starts from, so that nothing keeps them."""
    state = {label: replace(one, initial=None) for label, one in program.state.items()}
    return replace(program, state=state, most=most, team=team)
