"""What a picture shows, before anything has a place: nodes with captions, and wires with labels above and below."""

from __future__ import annotations

from typing import Any, Literal

from chainrule.dataclasses import dataclass
from chainrule.node import Node
from chainrule.printing.figures import figure

Role = Literal["plain", "value", "gradient"]
Shape = Literal["circle", "box"]

MOST_LABELS = 24  # wires; a picture with more of them shows weights by colour and width


@dataclass(frozen=True, slots=True)
class Spot:
    """A unit, a gate or an input: the text in it, and captions below it."""

    text: str
    shape: Shape = "circle"
    captions: tuple[tuple[str, Role], ...] = ()


@dataclass(frozen=True, slots=True)
class Wire:
    """A connection between two spots by their numbers, with its value above and its gradient below.

    `strength` is the weight, or None where the wire has none.
    """

    source: int
    target: int
    above: str = ""
    below: str = ""
    strength: float | None = None


@dataclass(frozen=True, slots=True)
class Diagram:
    """Spots and wires between them; every wire goes from an earlier spot to a later one."""

    title: str
    kind: Literal["network", "gates"]
    spots: tuple[Spot, ...]
    wires: tuple[Wire, ...]

    @property
    def dense(self) -> bool:
        """Whether there are too many weights to write them all."""
        return self.kind == "network" and len(self.wires) > MOST_LABELS


def shown_value(at: Node | None, table: dict[Node, Any], digits: int) -> str:
    """A node's value as printed; nothing for what depends on a symbol.

    >>> from chainrule.node import const
    >>> shown_value(const(2), {const(2): 2.0}, 4), shown_value(const(2), {}, 4)
    ('2', '')
    """
    return figure(table[at], digits=digits) if at in table else ""
