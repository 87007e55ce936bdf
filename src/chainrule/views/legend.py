"""What a reader needs beside the lines to do them again: functions no calculator has, and how figures are rounded.

The views say it once, at the top, and only where a line below depends on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isclose, isfinite

from chainrule.explanation.steps import Step
from chainrule.node import Node, order
from chainrule.printing.document import Block, Items, Prose
from chainrule.printing.figures import figure

_DEFINITIONS = {
    "sigmoid": "sigmoid(x) = 1/(1 + e^(-x))",
    "softplus": "softplus(x) = log(1 + e^x)",
    "relu": "relu(x) = max(x, 0)",
}
_ROUNDED = (
    "Figures are worked out with all digits and shown rounded: done again from what is shown, a line may differ in"
    " its last digit."
)


def functions(roots: Iterable[Node]) -> list[Block]:
    """The definitions of the functions that occur below these nodes, if a reader may not know them.

    >>> from chainrule.node import const
    >>> from chainrule.ops.functions import SIGMOID
    >>> [block.items for block in functions([SIGMOID(const(2))])]
    [('sigmoid(x) = 1/(1 + e^(-x))',)]
    """
    used = {node.op.name for node in order(roots)}
    texts = tuple([text for name, text in _DEFINITIONS.items() if name in used])
    return [Items("Functions", texts)] if texts else []


def rounding(steps: Iterable[Step], digits: int) -> list[Block]:
    """A word on rounded figures, if there are any among the results of these steps."""
    return rounded([step.value for step in steps if step.value is not None], digits)


def rounded(values: Iterable[float], digits: int) -> list[Block]:
    """A word on rounded figures, if one of these values has more digits than are shown."""
    return [Prose(_ROUNDED)] if any(_is_rounded(value, digits) for value in values) else []


def _is_rounded(value: float, digits: int) -> bool:
    # A float's last digits are an accident: 0.30000000000000004 is shown in full as 0.3.
    return isfinite(value) and not isclose(float(figure(value, digits=digits)), value, rel_tol=1e-14)
