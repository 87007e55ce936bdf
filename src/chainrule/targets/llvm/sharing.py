"""Stages that do the same to different arrays are one function: the layers of a deep network share their code.

A stage is written with the addresses of its arrays as parameters; where the same text has come out before, the function
that is there is called. So code, and LLVM's time, grow with the kinds of layers and not with their number: 0.5 s where
LLVM took 4 for 300 equal layers of 16 units, and three times the updates a second, because code stays in the cache.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from chainrule.dataclasses import dataclass
from chainrule.targets.llvm.nest import Nest
from chainrule.transforms.schedule.stages import Buffer

_LEAST: Final = 40  # lines of a stage for which a call is little


@dataclass(frozen=True, slots=True)
class Shared:
    """The function that runs a stage and others like it, and the arrays whose addresses this one gives it."""

    name: str
    arrays: tuple[Buffer, ...]

    @property
    def parameters(self) -> str:
        """How the function takes them; no two arrays of a stage overlap."""
        return "".join(f", ptr noalias %array{k}" for k in range(len(self.arrays)))

    def arguments(self, nest: Nest) -> str:
        """How the call passes them."""
        return "".join(f", ptr {nest.base(array).text}" for array in self.arrays)


def shared_stages(nests: Sequence[Nest], name: str) -> dict[int, Shared]:
    """Those of many stages, each written by itself with `Nest.arrays`, that came out like others; by their numbers."""
    bodies = {nest.stage.number: tuple(nest.emitter.levels[0].lines) for nest in nests}
    often = Counter(bodies.values())
    names: dict[tuple[str, ...], str] = {}
    found: dict[int, Shared] = {}
    for nest in nests:
        body = bodies[nest.stage.number]
        if often[body] > 1 and len(body) >= _LEAST:
            title = names.setdefault(body, f"{name}.same.{len(names)}")
            found[nest.stage.number] = Shared(title, tuple(nest.arrays or ()))
    return found
