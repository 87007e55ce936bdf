"""Where the code being written stands along an axis, and which part of it a thread of a team has."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from chainrule.dataclasses import dataclass
from chainrule.targets.llvm.emit import Value

THREAD: Final = Value("%thread", "index")  # the number of the one that runs a stage,
THREADS: Final = Value("%threads", "index")  # of so many


Divided: TypeAlias = Literal["rows", "columns"] | None


@dataclass(slots=True)
class Point:
    """Where along an axis the code being written stands: a register and a constant, and how many lanes from there on.

    `live` of the lanes are inside of the axis; None if that is known only when the code runs, by the `count` of all.
    """

    index: Value
    shift: int = 0
    lanes: int = 1
    live: int | None = 1
    count: Value | None = None


def live_lanes(part: Point) -> Value:
    """Which lanes of a vector are inside of its axis."""
    live = part.live or 0
    lanes = ", ".join("i1 1" if lane < live else "i1 0" for lane in range(part.lanes))
    return Value(f"<{lanes}>", "condition", part.lanes)
