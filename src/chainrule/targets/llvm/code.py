"""How a program runs: what the driver is written from, and what is needed to call it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chainrule.dataclasses import dataclass, field
from chainrule.node import Node
from chainrule.targets.llvm.emit import DType
from chainrule.targets.llvm.memory import Memory
from chainrule.transforms.schedule.blocked import BLOCK, EARLIER, ROWS, phases
from chainrule.transforms.schedule.stages import Plan, Stage


@dataclass(frozen=True, slots=True, eq=False)
class Code:
    """How a program runs, and how its memory is laid out.

    `direct` are the arrays that are used where they are, such as rows of examples; `parts` are those of a program that
    runs in blocks, by the names that `transforms.schedule.blocked.Block` gives them, and `wide` is the
    place among the examples of the one whose rows are taken together. `ahead` is what `transforms.schedule.ahead` tells
    of a program that is given the next example as well.
    """

    plan: Plan
    memory: Memory
    dtype: DType
    symbol: str | None
    given: tuple[Node, ...]
    direct: frozenset[int]
    parts: Mapping[str, int] = field(default_factory=dict)
    wide: int = 0
    ahead: Mapping[str, int] = field(default_factory=dict)

    @property
    def block(self) -> int:
        """How many updates are made together."""
        return BLOCK if self.parts or self.ahead else 1

    def functions(self) -> dict[str, Sequence[Stage]]:
        """The stages by the functions that run them: before and after the error is looked at, and around a block."""
        if self.parts:
            return dict(phases(self.plan, self.parts))
        stages, checked = self.plan.stages, self.plan.checked
        begin = [stage for stage in stages if stage.number == self.ahead.get("begin")]
        forward = [stage for stage in stages[:checked] if stage not in begin]
        update = [stage for stage in stages[checked:] if stage not in begin]
        return {**({"begin": begin} if begin else {}), "forward": forward, "update": update}

    def bound(self, batch: int) -> dict[str, int]:
        """The sizes that are bound by a call."""
        if self.parts:
            return {ROWS: BLOCK, EARLIER: BLOCK}
        return {} if self.symbol is None else {self.symbol: batch}
