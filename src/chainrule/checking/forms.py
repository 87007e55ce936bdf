"""Expressions as people compare them: sums and products flattened, signs and divisions taken out.

A link of numbers and the formula it stands for rarely have the same brackets; as forms they have the same parts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import reduce
from typing import Literal

from chainrule.checking.figures import Figure, minus, read_figure
from chainrule.dataclasses import dataclass, replace
from chainrule.formula.syntax import Binary, Call, FunctionPrime, ListExpr, Number, Ref, Span, Tree, Unary, ungroup
from chainrule.node import CONST, Node, const, is_quantity, node
from chainrule.ops.arithmetic import ADD, DIV, MUL, NEG, POWER, SUB
from chainrule.ops.functions import EULER, EXP
from chainrule.ops.matrix import INDEX, STACK

DEEPEST = 60  # brackets in brackets of a working; a deeper part is one piece


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """A piece of an expression.

    `node` is its value, sign and all; `powers` are those of the parts of a product, 1 or -1. A leaf is a figure, or
    whatever is not taken apart further: a quantity, a constant.
    """

    kind: Literal["leaf", "sum", "product", "power", "call"]
    node: Node
    sign: int = 1
    parts: tuple[Form, ...] = ()
    powers: tuple[int, ...] = ()
    name: str = ""  # of a call
    figure: Figure | None = None
    span: Span | None = None


def form_of_tree(tree: Tree, lower: Callable[[Tree], Node], *, index: tuple[int, ...] = (), depth: int = 0) -> Form:
    """The form of what a person wrote, of an array the element at `index` (from 1).

    `lower` makes the nodes, with figures as constants.
    """
    tree = ungroup(tree)
    if index:
        return _element(tree, index, lower, depth)
    figure = read_figure(tree)
    if figure is not None:
        return Form("leaf", const(figure.value), figure=figure, span=tree.span)
    if depth < DEEPEST:
        inner = _below(tree, lower, depth)
        if inner is not None:
            return replace(inner, span=tree.span)
    return _leaf(lower(tree), tree.span)


def _leaf(at: Node, span: Span) -> Form:
    """What is not taken apart further; a delta that is minus a derivative has its sign in front, like any other."""
    return Form("leaf", at, -1 if at.op is NEG else 1, span=span)


def _below(tree: Tree, lower: Callable[[Tree], Node], depth: int) -> Form | None:
    def form(part: Tree) -> Form:
        return form_of_tree(part, lower, depth=depth + 1)

    match tree:
        case Unary(op="-"):
            return negated(form(tree.operand))
        case Unary():
            return form(tree.operand)
        case Binary(op="+" | "-" | "*" | "/"):
            terms = _spine(tree, "+-" if tree.op in "+-" else "*/")
            forms = [form(part) for part, _ in terms]
            return joined_sum(forms, [s for _, s in terms]) if tree.op in "+-" else joined(forms, [s for _, s in terms])
        case Binary(op="^"):
            base, exponent = ungroup(tree.left), form(tree.right)
            if isinstance(base, Ref) and base.name == "e" and lower(base).op is EULER:
                return Form("call", node(EXP, (exponent.node,)), parts=(exponent,), name="exp")
            inner = form(base)
            return Form("power", node(POWER, (inner.node, exponent.node)), parts=(inner, exponent))
        case FunctionPrime():
            return Form("call", lower(tree), parts=tuple([form(part) for part in tree.args]), name=f"{tree.function}'")
        case Call() if tree.args:
            whole, args = lower(tree), tuple([form(part) for part in tree.args])
            if len(whole.args) == len(args):
                return Form("call", whole, parts=args, name=whole.op.name)
    return None


def _element(tree: Tree, index: tuple[int, ...], lower: Callable[[Tree], Node], depth: int) -> Form:
    """One element of an array as a person wrote it: of a matrix product, the sum of a row's products."""

    def element(part: Tree, at: tuple[int, ...]) -> Form:
        own = at[len(at) - len(lower(part).shape) :] if lower(part).shape else ()
        return form_of_tree(part, lower, index=own, depth=depth + 1)

    match tree:
        case _ if depth >= DEEPEST:
            pass
        case ListExpr():
            return element(tree.items[index[0] - 1], index[1:])
        case Unary(op="-"):
            return negated(element(tree.operand, index))
        case Binary(op="+" | "-"):
            return joined_sum([element(tree.left, index), element(tree.right, index)], [1, 1 if tree.op == "+" else -1])
        case Binary(op="*" | "/"):
            return joined([element(tree.left, index), element(tree.right, index)], [1, 1 if tree.op == "*" else -1])
        case Binary(op="@"):
            rows, columns = len(lower(tree.left).shape) - 1, len(lower(tree.right).shape) - 1
            size = lower(tree.left).shape[-1]
            row, column = index[:rows], index[len(index) - columns :] if columns else ()
            terms = [
                joined([element(tree.left, (*row, k)), element(tree.right, (k, *column))], [1, 1])
                for k in range(1, (size if isinstance(size, int) else 0) + 1)
            ]
            return joined_sum(terms, [1] * len(terms))
        case Call() if len(tree.args) == 1 and lower(tree.args[0]).shape == lower(tree).shape:
            inner = element(tree.args[0], index)
            return Form("call", element_of(lower(tree), index), parts=(inner,), name=lower(tree).op.name)
    return _leaf(element_of(lower(tree), index), tree.span)


def element_of(array: Node, index: tuple[int, ...]) -> Node:
    """The element of an array at an index from 1: the very node that was stacked there, if it was."""
    while index and array.op is STACK:
        array, index = array.args[index[0] - 1], index[1:]
    return node(INDEX, (array,), tuple([i - 1 for i in index])) if index else array


def _spine(tree: Tree, signs: str) -> list[tuple[Tree, int]]:
    """The terms of a sum, or the factors of a product, as written; -1 where they are taken away or divided by."""
    result: list[tuple[Tree, int]] = []
    current: Tree = tree
    while isinstance(current, Binary) and current.op in signs and read_figure(current) is None:
        result.append((current.right, -1 if current.op in "-/" else 1))
        current = current.left
    result.append((current, 1))
    return _with_powers_of_ten(result[::-1])


def _with_powers_of_ten(terms: list[tuple[Tree, int]]) -> list[tuple[Tree, int]]:
    """The factors with 5.38*10^-3 put together again, which is one figure also without brackets around it."""
    result: list[tuple[Tree, int]] = []
    for part, sign in terms:
        before = result[-1] if result else None
        if before is not None and sign > 0 and isinstance(ungroup(part), Binary):
            span = Span(before[0].span.start, part.span.end)
            joint = Binary("*", before[0], part, span)
            if isinstance(before[0], Number) and read_figure(joint) is not None:
                result[-1] = (joint, before[1])
                continue
        result.append((part, sign))
    return result


def form_of_node(root: Node, *, depth: int = 0) -> Form:
    """The form of a formula of the graph, down to its quantities."""
    if is_quantity(root) or not root.args or root.op is CONST or depth >= DEEPEST:
        return Form("leaf", root)
    forms = [form_of_node(a, depth=depth + 1) for a in _flat(root)]
    if root.op is NEG:
        return negated(forms[0])
    if root.op in (ADD, SUB):
        return joined_sum(forms, _signs(root))
    if root.op in (MUL, DIV):
        return joined(forms, _signs(root))
    if root.op is POWER and root.args[0].op is EULER:
        return Form("call", node(EXP, (root.args[1],)), parts=(forms[1],), name="exp")
    if root.op is POWER:
        return Form("power", root, parts=tuple(forms))
    return Form("call", root, parts=tuple(forms), name=root.op.name)


def _flat(root: Node) -> list[Node]:
    """The arguments, of a long sum or product all of them at once."""
    return [one for one, _ in _node_spine(root)] if root.op in (ADD, SUB, MUL, DIV) else list(root.args)


def _signs(root: Node) -> list[int]:
    return [sign for _, sign in _node_spine(root)]


def _node_spine(root: Node) -> list[tuple[Node, int]]:
    family = (ADD, SUB) if root.op in (ADD, SUB) else (MUL, DIV)
    result, current = list[tuple[Node, int]](), root
    while current.op in family:
        result.append((current.args[1], -1 if current.op in (SUB, DIV) else 1))
        current = current.args[0]
    result.append((current, 1))
    return result[::-1]


def negated(form: Form) -> Form:
    """Minus a form: the sign of a product, of every term of a sum."""
    if form.kind == "sum":
        return joined_sum(form.parts, [-1] * len(form.parts))
    if form.figure is not None:
        return Form("leaf", const(-form.figure.value), figure=minus(form.figure), span=form.span)
    if form.node.op is NEG:
        return replace(form, node=form.node.args[0], sign=-form.sign)
    return replace(form, node=node(NEG, (form.node,)), sign=-form.sign)


def joined_sum(forms: Sequence[Form], signs: Sequence[int]) -> Form:
    """The sum of forms, sums among them flattened."""
    parts: list[Form] = []
    for form, sign in zip(forms, signs, strict=True):
        form = form if sign > 0 else negated(form)
        parts += form.parts if form.kind == "sum" else [form]
    if len(parts) == 1:
        return parts[0]
    return Form("sum", reduce(lambda a, b: node(ADD, (a, b)), [part.node for part in parts]), parts=tuple(parts))


def joined(forms: Sequence[Form], powers: Sequence[int]) -> Form:
    """The product of forms, products among them flattened, their signs in front; a factor 1 is left out."""
    parts: list[tuple[Form, int]] = []
    sign = 1
    for form, power in zip(forms, powers, strict=True):
        sign *= form.sign
        if form.kind == "product":
            parts += [(part, p * power) for part, p in zip(form.parts, form.powers, strict=True)]
        elif form.figure is None and form.node.op is CONST and form.node.attribute:
            sign *= 1 if form.node.attribute > 0 else -1
            parts += _fraction(abs(form.node.attribute), power)
        else:
            parts.append((_positive(form), power))
    ones = parts[:1] or [(Form("leaf", const(1)), 1)]
    kept = [(part, p) for part, p in parts if not _is_one(part)] or ones
    if len(kept) == 1 and kept[0][1] == 1:
        return kept[0][0] if sign > 0 else negated(kept[0][0])
    value = value_of(kept)
    whole = value if sign > 0 else node(NEG, (value,))
    return Form("product", whole, sign, tuple([part for part, _ in kept]), tuple([p for _, p in kept]))


def _fraction(value: Fraction, power: int) -> list[tuple[Form, int]]:
    """A constant as people write it in a product: 2/3 is 2 and 1/3."""
    ends = [(value.numerator, power), (value.denominator, -power)]
    return [(Form("leaf", const(end)), p) for end, p in ends if end != 1]


def _is_one(part: Form) -> bool:
    """Whether a factor may be left out: the number 1, but not 1.0, which is the figure of something."""
    return part.node is const(1) and (part.figure is None or part.figure.whole)


def _positive(form: Form) -> Form:
    return replace(form, node=form.node.args[0], sign=1) if form.sign < 0 and form.node.op is NEG else form


def value_of(parts: Sequence[tuple[Form, int]]) -> Node:
    """The node of a product of parts."""
    value: Node | None = None
    for part, power in parts:
        if value is None:
            value = part.node if power > 0 else node(DIV, (const(1), part.node))
        else:
            value = node(MUL if power > 0 else DIV, (value, part.node))
    return const(1) if value is None else value


def leaves(form: Form) -> list[Form]:
    """The leaves of a form, from left to right."""
    found, stack = list[Form](), [form]
    while stack:
        current = stack.pop()
        if current.kind == "leaf":
            found.append(current)
        stack.extend(reversed(current.parts))
    return found
