"""Graphs of single numbers alone: from some size on they run as tables, because compiling them would take too long.

Whether one is so is asked of every graph, so that `levels`, which makes the tables, is loaded for few.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from chainrule.node import CONST, INPUT, Node

LARGE_PROGRAM: Final = 5_000  # nodes from which a program becomes a table


def fits(nodes: Sequence[Node], least: int) -> bool:
    """Whether a graph is that large, and all of it single numbers that are made element by element."""
    return len(nodes) > least and all(
        not n.type.shape and (n.op.elementwise or n.op is INPUT or n.op is CONST or n.op.name in ("pi", "e"))
        for n in nodes
    )
