"""Formulas taken apart and put together again, and what their parts are to a person: a half, a slope, a difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chainrule.checking.forms import Form, joined, joined_sum, negated
from chainrule.dataclasses import replace
from chainrule.errors import ChainruleError
from chainrule.node import CONST, Node, Op, const, node
from chainrule.ops import TABLE
from chainrule.ops.arithmetic import NEG
from chainrule.quantity import Derivative, Quantity

# Making forms ---------------------------------------------------------------------------------------------------


def with_part(form: Form, i: int, part: Form) -> Form | None:
    """A form with one of its parts replaced; None where that makes no sense."""
    parts = [part if k == i else one for k, one in enumerate(form.parts)]
    if form.kind == "sum":
        return summed(parts)
    if form.kind == "product":
        return multiplied(list(zip(parts, form.powers, strict=True)), form.sign)
    whole = form.node.args[0] if form.sign < 0 and form.node.op is NEG else form.node
    try:
        if form.name == "exp" and len(whole.args) == 2:
            new = node(TABLE["exp"], (part.node,))
        else:
            new = node(whole.op, tuple([one.node for one in parts]), whole.attribute)
    except ChainruleError:
        return None
    return signed(replace(form, node=new, sign=1, parts=tuple(parts)), form.sign)


def replaced(form: Form, new: Mapping[Node, Node]) -> Form | None:
    """A form with quantities replaced wherever they stand."""
    if form.kind == "leaf":
        at = form.node.args[0] if form.node.op is NEG else form.node
        return form if at not in new else signed(Form("leaf", new[at]), -1 if at is not form.node else 1)
    whole: Form | None = form
    for i, part in enumerate(form.parts):
        inner = replaced(part, new)
        if inner is None or whole is None:
            return None
        if inner is not part:
            whole = with_part(whole, i, inner) if len(whole.parts) == len(form.parts) else None
    return whole


def positive(form: Form) -> Form:
    """A form without the minus before it."""
    return negated(form) if form_sign(form) < 0 else form


def form_sign(form: Form) -> int:
    """-1 for a form with a minus before it."""
    if form.figure is not None:
        return -1 if form.figure.value < 0 else 1
    return form.sign


def signed(form: Form, sign: int) -> Form:
    """A form with a sign before it."""
    return form if sign > 0 else negated(form)


def summed(parts: Sequence[Form]) -> Form:
    """The sum of parts, 0 of none."""
    return joined_sum(parts, [1] * len(parts)) if parts else Form("leaf", const(0))


def multiplied(factors: Sequence[tuple[Form, int]], sign: int) -> Form:
    """The product of factors with a sign before it, 1 of none."""
    if not factors:
        return Form("leaf", const(sign))
    return signed(joined([part for part, _ in factors], [power for _, power in factors]), sign)


def called(op: Op, form: Form) -> Form | None:
    """Another function of the same arguments; None if it takes others."""
    try:
        whole = node(op, tuple([part.node for part in form.parts]))
    except (ChainruleError, TypeError):
        return None
    return signed(Form("call", whole, parts=form.parts, name=op.name), form.sign)


def unfold(form: Form) -> Form | None:
    """sigmoid(h) as 1/(1 + e^-h), and a unit of softmax as e^z over a sum, as they are worked out by hand."""
    exp = TABLE["exp"]
    if form.kind != "call" or form.name not in ("sigmoid", "softmax_unit"):
        return None
    if form.name == "sigmoid":
        inner = negated(form.parts[0])
        below = summed([Form("leaf", const(1)), Form("call", exp(inner.node), parts=(inner,), name="exp")])
        return multiplied([(below, -1)], form.sign)
    whole = form.node.args[0] if form.sign < 0 else form.node
    above = [Form("call", exp(part.node), parts=(part,), name="exp") for part in form.parts]
    return multiplied([(above[whole.attribute], 1), (summed(above), -1)], form.sign)


# What a part is -------------------------------------------------------------------------------------------------


def slopes_in(form: Form) -> list[tuple[int, int]]:
    """Where a product holds out * (1 - out): the places of both factors."""
    found = []
    for i, part in enumerate(form.parts):
        for j, other in enumerate(form.parts):
            if i != j and form.powers[i] == form.powers[j] == 1 and one_minus(other) is part.node:
                found.append((i, j))
    return found


def one_minus(form: Form) -> Node | None:
    """out, of 1 - out."""
    if form.kind != "sum" or len(form.parts) != 2 or form.parts[0].node is not const(1):
        return None
    last = form.parts[1].node
    return last.args[0] if last.op is NEG else None


def squared_in(form: Form) -> Node | None:
    """out, of 1 - out^2."""
    inner = one_minus(form)
    if inner is None or len(inner.args) != 2:
        return None
    square = inner.op.name == "power" and inner.args[1] is const(2)
    return inner.args[0] if square or (inner.op.name == "mul" and inner.args[0] is inner.args[1]) else None


def differences(form: Form) -> frozenset[frozenset[tuple[Node, int]]]:
    """The differences of two parts in a form, in whatever order they are written."""
    found: set[frozenset[tuple[Node, int]]] = set()
    stack = [form]
    while stack:
        current = stack.pop()
        stack.extend(current.parts)
        if current.kind == "sum" and len(current.parts) == 2:
            found.add(frozenset((positive(part).node, form_sign(part)) for part in current.parts))
    return frozenset(found)


def is_small(form: Form) -> bool:
    """Whether a sum holds a constant, as 1 - out does: nobody thinks of it as two terms."""
    return any(part.node.op is CONST and part.figure is None for part in form.parts)


def is_half(part: Form, power: int) -> bool:
    """Whether a factor is 1/2, or the 2 of a square's derivative."""
    return part.node.op is CONST and part.node.attribute * 2 == 1 if power > 0 else part.node is const(2)


def bare_of(label: Quantity | None) -> Quantity | None:
    """A quantity apart from the update and the example it is of."""
    while label is not None and hasattr(label, "of") and not isinstance(label, Derivative):
        label = label.of
    return label
