"""Random graphs of any op and shape, as hypothesis draws them, for comparing a target with the reference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from chainrule.node import Node, const, input_node, node, type_of
from chainrule.ops import TABLE
from chainrule.ops.choices import GREATER, WHERE
from chainrule.quantity import Name

SIZES = (1, 2, 3, 5, 8, 16, 17, 33)
# Ops that are smooth and bounded enough that rounding stays rounding, however they are put together.
UNARY = ("sigmoid", "tanh", "softplus", "erf", "sin", "cos", "neg", "abs", "relu", "leaky_relu", "elu", "gelu")
BINARY = ("add", "sub", "mul", "max", "min")
KINDS = (
    "unary", "binary", "stretched", "where", "softmax", "reduce", "product", "turn", "part", "join", "put", "flat",
)  # fmt: skip
REDUCTIONS = ("sum", "mean", "largest", "smallest", "logsumexp", "norm")


@st.composite
def graphs(draw: Any, *, rows: bool = True, ops: int = 8) -> Node:
    """A graph of a few ops on a few inputs; some of the inputs have N rows."""
    count = 0

    def fresh(shape: Sequence[int | str]) -> Node:
        nonlocal count
        count += 1
        return input_node(Name(f"x{count}"), type_of("real", tuple(shape)))

    def size() -> int | str:
        return draw(st.sampled_from(("N", *SIZES) if rows else SIZES))

    def shape() -> list[int | str]:
        found = [draw(st.sampled_from(SIZES)) for _ in range(draw(st.integers(0, 2)))]
        return ["N", *found] if rows and draw(st.booleans()) else found

    pool: list[Node] = [fresh(shape()), fresh(shape())]
    for _ in range(draw(st.integers(1, ops))):
        x = draw(st.sampled_from(pool))
        pool.append(_grown(draw, x, pool, fresh))
    return _tamed(pool[-1])


def _tamed(x: Node) -> Node:
    return node(TABLE["tanh"], (x,)) if x.type.kind == "real" else node(WHERE, (x, const(1), const(0)))


def _grown(draw: Any, x: Node, pool: Sequence[Node], fresh: Any) -> Node:
    shape = x.type.shape
    kinds = [
        "unary",
        "binary",
        "stretched",
        "where",
        "softmax",
        "reduce",
        "product",
        "turn",
        "part",
        "join",
        "put",
        "flat",
    ]
    kind = draw(st.sampled_from(kinds))
    axes = range(len(shape))
    if kind == "unary":
        return node(TABLE[draw(st.sampled_from(UNARY))], (x,))
    if kind == "binary":
        same = [other for other in pool if other.type.shape == shape] or [fresh(shape)]
        return node(TABLE[draw(st.sampled_from(BINARY))], (x, draw(st.sampled_from(same))))
    if kind == "stretched":
        cut = draw(st.integers(0, len(shape)))
        other = [1 if size != "N" and draw(st.booleans()) else size for size in shape[cut:]]
        pair = (x, fresh(other))
        return node(TABLE["mul"], pair if draw(st.booleans()) else pair[::-1])
    if kind == "where":
        return node(WHERE, (node(GREATER, (x, fresh(shape))), x, fresh(shape)))
    if kind == "softmax" and shape:
        return node(TABLE["softmax"], (x,), (draw(st.sampled_from(axes)),))
    if kind == "reduce" and shape:
        chosen = draw(st.sets(st.sampled_from(axes), min_size=1))
        return node(TABLE[draw(st.sampled_from(REDUCTIONS))], (_tamed(x),), tuple(sorted(chosen)))
    if kind == "product" and 1 <= len(shape) <= 2:
        left = draw(st.booleans())
        inner = shape[-1] if left else shape[0]
        extra = draw(st.sampled_from(SIZES))
        other = fresh([inner, extra] if left else [extra, inner]) if draw(st.booleans()) else fresh([inner])
        return node(TABLE["matmul"], (_tamed(x), other) if left else (other, _tamed(x)))
    if kind == "turn" and shape:
        return node(TABLE["transpose"], (x,), tuple(draw(st.permutations(axes))))
    if kind == "part" and shape:
        return node(TABLE["index"], (x,), tuple([_picked(draw, size) for size in shape]))
    if kind == "join" and shape:
        axis = draw(st.sampled_from(axes))
        if shape[axis] != "N":
            return node(TABLE["concat"], (x, fresh(shape), x), axis)
        return node(TABLE["stack"], (x, x))
    if kind == "put" and shape and "N" not in shape:
        index = tuple([draw(st.sampled_from([None, 2, (1, 1 + int(size))])) for size in shape])
        pairs = list(zip(index, shape, strict=True))
        whole = tuple([size if at is None else 3 if at == 2 else size + 2 for at, size in pairs])
        kept = [size for at, size in pairs if at != 2]
        return node(TABLE["scatter"], (fresh(kept),), (whole, index))
    if kind == "flat" and len(shape) == 2 and shape[0] != "N":
        return node(
            TABLE["reshape"], (x,), (int(shape[0]) * int(shape[1]),) if shape[1] != "N" else (shape[1], shape[0])
        )
    return node(TABLE["add"], (x, const(1)))


def _picked(draw: Any, size: int | str) -> Any:
    if isinstance(size, str):
        return None
    start = draw(st.integers(0, size - 1))
    return draw(st.sampled_from([None, start, (start, draw(st.integers(start + 1, size)))]))


def described(x: Node) -> str:
    """A small graph in one line, for the message of a test that fails."""
    if x.op.name == "input":
        return f"{x.attribute[0].text}{list(x.type.shape)}"
    about = "" if x.attribute is None else f" {x.attribute}"
    return f"{x.op.name}{about}({', '.join(map(described, x.args))})"
