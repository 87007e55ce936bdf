"""What is known of a value by how it is made: where that is little, less has to be done with it.

The powers of a softmax are of differences to the largest element, which cannot be too large: without the tests for that
10-10 makes 1.06 times the updates in batches of 128, and 20-50 1.05 times in batches of 32.
"""

from __future__ import annotations

from math import inf

from chainrule.node import Node
from chainrule.ops.arithmetic import SUB
from chainrule.targets.llvm.emit import Emitter, Value
from chainrule.transforms.schedule.layout import base_of


def note_bounds(e: Emitter, x: Node, value: Value) -> None:
    """Note between which numbers the value of a node lies, unless it is nan: x - largest(x) is not above zero."""
    if x.op is SUB:
        largest = base_of(x.args[1])
        if largest.op.name == "largest" and largest.args[0] is x.args[0]:
            e.bounds[value] = -inf, 0.0
