"""What a person does to a derivative at the end: 5*(2*t) is 10*t, x*x is x^2, a - b + b is a.

Like terms and like factors are collected, and nothing is multiplied out, so that no expression grows.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from fractions import Fraction
from typing import TypeAlias

from chainrule.dataclasses import dataclass, field
from chainrule.graph import Graph, collector_paused
from chainrule.node import NAME, Node, Op, const, is_quantity, node, order, rebuild
from chainrule.ops.arithmetic import ADD, DIV, MAX_FOLDED_EXPONENT, MUL, NEG, POWER, SUB, constant, is_short_power
from chainrule.ops.choices import ABS
from chainrule.ops.functions import EXP, LOG, SQRT
from chainrule.transforms.mapping import as_output, map_graph

MOST_PARTS = 32  # a longer sum or product is left alone, so that the cost stays linear
ZERO, ONE = const(0), const(1)

Key: TypeAlias = Hashable  # equal for x*y and y*x
MOST_ROUNDS = 4  # what one round brings together, the next may shorten


def simplify(graph: Graph) -> Graph:
    """The graph with every formula simplified; quantities keep their names, and a name is never looked through.

    Wherever the given graph has a value, the result has the same, but for rounding and overflow. It may also have one
    where the given has none: a/b*b at b = 0, x/x at 0, exp(log(x)) and x^(1/2)*x^(1/2) for x <= 0, x - x at infinity.
    Sums and products of more than 32 parts are left alone. Cost: linear in the number of nodes.

    >>> from chainrule.node import input_node
    >>> from chainrule.quantity import Name
    >>> t = input_node(Name("t"))
    >>> simplify(Graph({Name("v"): node(MUL, (const(5), node(MUL, (const(2), t))))})).outputs[Name("v")] is 10 * t
    True
    """
    return map_graph(graph, _simpler)


def simplify_node(root: Node) -> Node:
    """One formula simplified, as `simplify` does it; the quantities it uses, and their own formulas, stay.

    >>> from chainrule.node import input_node
    >>> from chainrule.quantity import Name
    >>> x = input_node(Name("x"))
    >>> simplify_node(x - 2 + x * x / x + 2) is 2 * x
    True
    """
    with collector_paused():
        used = {n: n for n in order([root], cut=is_quantity) if is_quantity(n) and n is not root}
        for _ in range(MOST_ROUNDS):
            simpler = rebuild([root], _simpler, known=used)[root]
            if simpler is root or simpler in used:
                return simpler
            root = simpler
        return root


def erase_names(graph: Graph) -> Graph:
    """The graph without `name` nodes, in which all that is equal is one node; its ledger, which speaks of names, goes.

    Outputs keep their labels in `outputs`; only one that is no more than another input stays named. The derivative by a
    quantity in the middle cannot be asked for afterwards, so use it after `reverse`, or for inputs only.

    >>> from chainrule.node import input_node, name_node
    >>> from chainrule.quantity import Name
    >>> x, y = input_node(Name("x")), Name("y")
    >>> erase_names(Graph({y: name_node(y, name_node(Name("u"), 2 * x) + 2 * x)})).outputs[y].args
    (<mul of 2: real>, <mul of 2: real>)
    """
    with collector_paused():
        done = rebuild(
            list(graph.outputs.values()),
            lambda old, args: args[0] if old.op is NAME else node(old.op, args, old.attribute),
        )
    return Graph({label: as_output(label, done[root]) for label, root in graph.outputs.items()})


def _simpler(old: Node, args: tuple[Node, ...]) -> Node:
    """One node made again from its simplified arguments, with the type it had."""
    if old.op is NAME or not args:
        return node(old.op, args, old.attribute)
    plain = old.op(*args, attribute=old.attribute)
    if plain.type is not old.type:
        plain = node(old.op, args, old.attribute)
    if plain.op in _COLLECTED:
        found = _COLLECTED[plain.op](plain)
        if found is not None and found.type is old.type:
            return found
    return plain


# -- products: a number times powers of what cannot be taken apart


@dataclass(slots=True)
class _Product:
    """coefficient * base^exponent * ..., and what it was written with."""

    coefficient: Fraction = Fraction(1)
    powers: dict[Node, Node] = field(default_factory=dict)
    parts: int = 0  # numbers and bases as they stand, each time they occur
    ops: int = 0
    misplaced: bool = False  # a number or a sign stands behind a factor, or within a power

    def scale(self, value: Fraction) -> None:
        self.coefficient *= value
        self.parts += 1

    def put(self, base: Node, exponent: Node) -> None:
        before = self.powers.get(base)
        self.powers[base] = exponent if before is None else _collected(before + exponent)
        self.parts += 1


def _collect_product(root: Node) -> Node | None:
    """A product with like factors collected, if that is shorter; None if it stays as it is."""
    found = _product(root)
    if found is None or found.coefficient == 0:
        return None
    built = _build(found.coefficient, found.powers)
    if built is root:
        return None
    again = _product(built)
    if again is None:
        return None
    old, new = (found.parts, found.ops), (again.parts, again.ops)
    return built if new < old or (new == old and found.misplaced) else None


def _product(root: Node) -> _Product | None:
    """The factors of a node, left to right; None if there are too many."""
    result = _Product()
    waiting = [(root, 1)]  # factors with the exponent 1 or -1
    while waiting:
        current, sign = waiting.pop()
        if result.parts + len(waiting) > MOST_PARTS or result.ops > 2 * MOST_PARTS:
            return None
        value = constant(current)
        if value:
            result.misplaced = result.misplaced or (result.parts > 0 and sign > 0)
            result.scale(value**sign)
            continue
        if current.op in (MUL, DIV):
            right = -sign if current.op is DIV else sign
            waiting += [(current.args[1], right), (current.args[0], sign)]
            result.ops += 1
        elif current.op is NEG:
            result.misplaced = result.misplaced or current is not root
            result.coefficient = -result.coefficient
            waiting.append((current.args[0], sign))
            result.ops += 1
        else:
            _put_power(result, current, sign)
    return result


def _put_power(result: _Product, base: Node, sign: int) -> None:
    """One factor that is no product, its whole powers multiplied out: (-2*x)^3 is -8*x^3, (x^a)^2 is x^(2*a)."""
    exponent = const(sign)
    while True:
        value = constant(exponent)
        whole = int(value) if value is not None and value.denominator == 1 else 0
        if not 0 < abs(whole) <= MAX_FOLDED_EXPONENT:
            break
        factor = constant(base.args[0]) if base.op is MUL else None
        if base.op is POWER:  # only whole powers: (x^2)^(1/2) is not x
            base, exponent = base.args[0], exponent * base.args[1]
            result.ops += 1
        elif base.op is NEG:
            base, result.coefficient = base.args[0], result.coefficient * (-1 if whole % 2 else 1)
            result.ops, result.misplaced = result.ops + 1, True
        elif factor and abs(whole) > 1 and is_short_power(factor, whole):
            base = base.args[1]
            result.scale(factor**whole)
            result.ops, result.misplaced = result.ops + 1, True
        else:
            break
    result.put(base, exponent)


def _build(coefficient: Fraction, powers: dict[Node, Node]) -> Node:
    """The product as a person writes it: the number first, then what is above and what is below the line."""
    above: list[Node] = []
    below: list[Node] = []
    for base, exponent in powers.items():
        value, number = constant(exponent), constant(base)
        if number and value is not None and value.denominator == 1 and is_short_power(number, int(value)):
            coefficient *= number ** int(value)
        elif value == 0:
            continue  # x^0 is 1, also at x = 0
        elif _is_negative(exponent):
            below.append(_power(base, -exponent))
        else:
            above.append(_power(base, exponent))
    top, bottom = abs(coefficient.numerator), coefficient.denominator
    minus = coefficient < 0 and top == 1 and bool(above or below)
    if not minus:
        top = coefficient.numerator
    if bottom != 1 and not below and not (above and abs(top) == 1):
        numerator, denominators = [const(Fraction(top, bottom)), *above], []
    else:
        numerator = [const(top), *above] if top != 1 or not above else above
        denominators = [const(bottom), *below] if bottom != 1 else below
    result = _chain(numerator)
    if denominators:
        result = node(DIV, (result, _chain(denominators)))
    return node(NEG, (result,)) if minus else result


def _chain(factors: list[Node]) -> Node:
    result = factors[0]
    for factor in factors[1:]:
        result = node(MUL, (result, factor))
    return result


def _power(base: Node, exponent: Node) -> Node:
    return base if exponent is ONE else node(POWER, (base, exponent))


def _is_negative(x: Node) -> bool:
    value = constant(x.args[0] if x.op is MUL else x)
    return x.op is NEG if value is None else value < 0


# -- sums: numbers times products


@dataclass(slots=True)
class _Term:
    """What one product occurs with in a sum: how often, and as which node the only time if it is only once."""

    coefficient: Fraction
    powers: dict[Node, Node]
    written: Node
    single: bool = True


def _collect_sum(root: Node) -> Node | None:
    """A sum with like terms collected, if that is shorter; None if it stays as it is."""
    flat = _summands(root)
    if flat is None:
        return None
    summands, ops = flat
    terms: dict[Key, _Term] = {}
    for written, sign in summands:
        found = _product(written) or _Product(powers={written: ONE}, parts=1)
        key = frozenset(found.powers.items())
        before = terms.get(key)
        if before is None:
            terms[key] = _Term(sign * found.coefficient, found.powers, written if sign > 0 else -written)
        else:
            before.coefficient += sign * found.coefficient
            before.single = False
    kept = [t.written if t.single else _build(t.coefficient, t.powers) for t in terms.values() if t.coefficient != 0]
    signed = [(-t, True) if _is_negative(t) else (t, False) for t in kept]
    lead = next((k for k, (_, minus) in enumerate(signed) if not minus), None)
    # With a number in front a sign costs nothing: -2*x + y may stay.
    new_ops = len(kept) - 1 + (lead is None and bool(kept) and kept[0].op is NEG)
    if (len(kept), new_ops) >= (len(summands), ops):
        return None
    return _sum(kept, signed, lead)


def _sum(kept: list[Node], signed: list[tuple[Node, bool]], lead: int | None) -> Node:
    if not kept:
        return ZERO
    result = kept[lead or 0]
    for k, (positive, minus) in enumerate(signed):
        if k != (lead or 0):
            result = node(SUB if minus else ADD, (result, positive))
    return result


def _summands(root: Node) -> tuple[list[tuple[Node, int]], int] | None:
    """The terms of a sum with their signs, left to right, and how many ops were written; None if there are too many."""
    found: list[tuple[Node, int]] = []
    ops = 0
    waiting = [(root, 1)]
    while waiting:
        current, sign = waiting.pop()
        if len(found) + len(waiting) > MOST_PARTS or ops > 2 * MOST_PARTS:
            return None
        if current.op in (ADD, SUB):
            waiting += [(current.args[1], -sign if current.op is SUB else sign), (current.args[0], sign)]
            ops += 1
        elif current.op is NEG:
            waiting.append((current.args[0], -sign))
            ops += 1
        else:
            found.append((current, sign))
    return found, ops


def _collect_negative(root: Node) -> Node | None:
    return _collect_sum(root) if root.args[0].op in (ADD, SUB) else _collect_product(root)


def _collected(exponent: Node) -> Node:
    """A sum of exponents, collected."""
    return (_collect_sum(exponent) or exponent) if exponent.op in (ADD, SUB) else exponent


# -- functions that undo one another


def _undone_log(root: Node) -> Node | None:
    return root.args[0].args[0] if root.args[0].op is LOG else None


def _root_of_square(root: Node) -> Node | None:
    square = root.args[0]
    return ABS(square.args[0]) if square.op is POWER and constant(square.args[1]) == 2 else None


_COLLECTED: dict[Op, Callable[[Node], Node | None]] = {
    ADD: _collect_sum,
    SUB: _collect_sum,
    MUL: _collect_product,
    DIV: _collect_product,
    POWER: _collect_product,
    NEG: _collect_negative,
    EXP: _undone_log,
    SQRT: _root_of_square,
}
