"""The table of ops: the whole calculus of the project, one record each.

Add passes the gradient on, mul swaps its inputs, max routes it to the larger one. How to add an op: CONTRIBUTING.md.
"""

from __future__ import annotations

from chainrule.node import CONST, INPUT, NAME, Op
from chainrule.ops import arithmetic, choices, functions, matrix, reduction

ALL_OPS: tuple[Op, ...] = (
    CONST, INPUT, NAME, *arithmetic.OPS, *functions.OPS, *choices.OPS, *reduction.OPS, *matrix.OPS,
)  # fmt: skip
TABLE: dict[str, Op] = {op.name: op for op in ALL_OPS}
