"""Formulas as people write them overflow: here the unstable forms are recognised and put into the stable ops.

The running graph is `stabilise`, then `reverse`. Each form is a few lines below with its reason; all are found in one
walk, arguments first, and names are looked through: log(a2) with a2 = softmax(z2) is z2 - logsumexp(z2).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TypeAlias

from chainrule.graph import Graph
from chainrule.node import CONST, NAME, Node, Op, const, node
from chainrule.ops.arithmetic import ADD, DIV, MUL, NEG, POWER, SUB, constant
from chainrule.ops.choices import ABS
from chainrule.ops.functions import EULER, EXP, LOG, LOG10, SIGMOID, SOFTPLUS, SQRT, TANH
from chainrule.ops.matrix import BROADCAST, INDEX, RESHAPE
from chainrule.ops.reduction import (
    COUNT,
    LOGSUMEXP,
    LOGSUMEXP_UNIT,
    MEAN,
    SOFTMAX,
    SOFTMAX_UNIT,
    SUM,
    spread,
)
from chainrule.quantity import Quantity
from chainrule.transforms.mapping import map_graph

Rule: TypeAlias = Callable[..., Node | None]  # the arguments of a node -> what it should be, or None

MOST_TERMS = 64  # a longer sum of powers is left alone, so that the cost stays linear
ZERO, ONE = const(0), const(1)


def stabilise(graph: Graph) -> Graph:
    """The graph with log(1 + e^x) as softplus(x), e^z/sum(e^z) as softmax(z), and all other forms of the table `RULES`.

    Wherever the given formula has a finite value, the result has the same up to rounding; it also has values where
    e^x overflows, where a logarithm's argument underflows to 0, and at sqrt(x^2) and exp(log(x)) for x <= 0.
    Named quantities keep their names and values. Cost: linear in the number of nodes.

    >>> from chainrule.node import input_node
    >>> from chainrule.quantity import Name
    >>> stabilise(Graph({Name("y"): LOG(1 + EXP(input_node(Name("x"))))})).outputs[Name("y")]
    <softplus of 1: real>
    """
    return map_graph(graph, stable_form)


def running(graph: Graph, labels: Sequence[Quantity]) -> Graph:
    """These quantities in the form that is computed: stable."""
    known = graph.quantities()
    return stabilise(Graph({label: known.get(label) or graph.outputs[label] for label in labels}))


def stable_form(old: Node, args: tuple[Node, ...]) -> Node:
    """The node `old` with these arguments, in the first form of `RULES` that fits it."""
    for rule in RULES.get(old.op, ()):
        found = rule(*args)
        if found is not None and found.type is old.type:
            return found
    return node(old.op, args, old.attribute)


# -- what the forms are made of


def bare(x: Node) -> Node:
    """What a quantity stands for, its names taken away."""
    while x.op is NAME:
        x = x.args[0]
    return x


def exponent(x: Node) -> Node | None:
    """a, where x is a power e^a; 0 where x is 1."""
    x = bare(x)
    if x.op is EXP:
        return x.args[0]
    if x.op is POWER and bare(x.args[0]).op is EULER:
        return x.args[1]
    if x.op is DIV and constant(bare(x.args[0])) == 1:
        below = bare(x.args[1])
        return -below.args[0] if below.op is EXP else None
    return ZERO if x.op is CONST and constant(x) == 1 else None


def exponents(x: Node) -> list[Node] | None:
    """a, b, ..., where x is e^a + e^b + ... with at least two terms; 1 counts as e^0."""
    found: list[Node] = []
    waiting = [x]
    while waiting:
        current = bare(waiting.pop())
        if current.op is ADD:
            waiting += [current.args[1], current.args[0]]
            if len(waiting) > MOST_TERMS:
                return None
            continue
        power = exponent(current)
        if power is None or len(found) == MOST_TERMS:
            return None
        found.append(power)
    return found if len(found) > 1 else None


def multiple(x: Node) -> tuple[Fraction, Node]:
    """x as a number times the rest: -2*t, t*(-2) and -(2*t) are all (-2, t)."""
    factor = Fraction(1)
    for _ in range(MOST_TERMS):
        inner = bare(x)
        if inner.op is NEG:
            factor, x = -factor, inner.args[0]
        elif inner.op is MUL and (value := constant(bare(inner.args[0]))) is not None:
            factor, x = factor * value, inner.args[1]
        elif inner.op in (MUL, DIV) and (value := constant(bare(inner.args[1]))):
            factor, x = factor * (value if inner.op is MUL else 1 / value), inner.args[0]
        else:
            break
    return factor, x


def difference(a: Node, b: Node) -> Node:
    """a - b, collected: x - (-x) is 2*x."""
    (c, u), (d, v) = multiple(a), multiple(b)
    return const(c - d) * u if u is v else const(c) * u - const(d) * v


def total_of_powers(x: Node, z: Node) -> tuple[int, ...] | None:
    """The axes, where x is sum(e^z) along them, standing so that it stretches over z again."""
    x = bare(x)
    if x.op is BROADCAST and x.type.shape == z.type.shape:
        x = bare(x.args[0])
    kept_shape = x.type.shape if x.op is RESHAPE else None
    if kept_shape is not None:
        x = bare(x.args[0])
    if x.op is not SUM or exponent(x.args[0]) is not z:
        return None
    axes: tuple[int, ...] = x.attribute
    kept = tuple([1 if axis in axes else size for axis, size in enumerate(z.type.shape)])
    leading = set(axes) == set(range(len(axes)))  # then the sum stretches by itself
    return axes if (leading if kept_shape is None else kept_shape == kept) else None


# -- logarithms


def log_of_sigmoid(x: Node) -> Node | None:
    """log(sigmoid(x)) = -softplus(-x): the sigmoid underflows to 0 at x = -745, its logarithm is x."""
    inner = bare(x)
    return -SOFTPLUS(-inner.args[0]) if inner.op is SIGMOID else None


def log_of_counter_probability(x: Node) -> Node | None:
    """log(1 - sigmoid(x)) = -softplus(x): from x = 37 on the difference is 0, its logarithm is -x."""
    inner = bare(x)
    if inner.op is not SUB or constant(bare(inner.args[0])) != 1:
        return None
    p = bare(inner.args[1])
    if p.op is SIGMOID:
        return -SOFTPLUS(p.args[0])
    if p.op is not SOFTMAX_UNIT or len(p.args) < 2:
        return None
    others = _log_of_sum([z for k, z in enumerate(p.args) if k != p.attribute])
    return None if others is None else others - LOGSUMEXP_UNIT(*p.args)


def log_of_softmax(x: Node) -> Node | None:
    """log(softmax(z)) = z - logsumexp(z): softmax underflows to 0 once z lies 745 below the largest."""
    inner = bare(x)
    if inner.op is SOFTMAX:
        z = inner.args[0]
        return z - spread(LOGSUMEXP(z, attribute=inner.attribute), inner.attribute, z.type.shape)
    if inner.op is SOFTMAX_UNIT:
        unit: int = inner.attribute
        return inner.args[unit] - LOGSUMEXP_UNIT(*inner.args)
    return None


def log_of_element(x: Node) -> Node | None:
    """log(p[i]) = log(p)[i], if log(p) has a stable form: softmax(z)[i] for the class i."""
    picked: list[tuple[Op, object]] = []
    inner = bare(x)
    while inner.op in (INDEX, RESHAPE, BROADCAST) and len(picked) < MOST_TERMS:
        picked.append((inner.op, inner.attribute))
        inner = bare(inner.args[0])
    found = first(inner, LOG_RULES) if picked and inner.op not in (INDEX, RESHAPE, BROADCAST) else None
    if found is None or found.type is not inner.type:
        return None
    for op, attribute in reversed(picked):
        found = op(found, attribute=attribute)
    return found


def log_of_sum_of_powers(x: Node) -> Node | None:
    """log(1 + e^x) = softplus(x), log(e^a + e^b + ...) = logsumexp(a, b, ...): e^x overflows from x = 710 on."""
    found = exponents(x)
    return None if found is None else _log_of_sum(found)


def _log_of_sum(found: list[Node]) -> Node | None:
    if len(found) == 1:
        return found[0]
    if len(found) == 2:
        a, b = found
        if a is ZERO or b is ZERO:
            return SOFTPLUS(b if a is ZERO else a)
        if a.type is not b.type:
            return None
        return a + SOFTPLUS(difference(b, a)) if a.type.shape else LOGSUMEXP_UNIT(a, b)
    return LOGSUMEXP_UNIT(*found) if all(not a.type.shape for a in found) else None


def log_of_total(x: Node) -> Node | None:
    """log(sum(e^z)) = logsumexp(z), and log(mean(e^z)) the same less the logarithm of the count."""
    inner = bare(x)
    z = exponent(inner.args[0]) if inner.op in (SUM, MEAN) else None
    if z is None or z.type is not inner.args[0].type:
        return None
    result = LOGSUMEXP(z, attribute=inner.attribute)
    return result if inner.op is SUM else result - LOG(COUNT(z, attribute=inner.attribute))


def log_of_power(x: Node) -> Node | None:
    """log(e^x) = x, also through names: e^x overflows from x = 710 on."""
    inner = bare(x)
    return exponent(inner) if inner.op is not CONST else None


def log10_of(x: Node) -> Node | None:
    """The common logarithm of any of these."""
    found = first(x, LOG_RULES)
    return None if found is None else found / LOG(const(10))


# -- quotients of powers


def quotient(x: Node, y: Node) -> Node | None:
    """Any of the quotients below, times a number: sinh and cosh each come with a half."""
    (c, u), (d, v) = multiple(x), multiple(y)
    found = None if d == 0 else next((f for rule in QUOTIENTS if (f := rule(u, v)) is not None), None)
    return None if found is None else const(c / d) * found


def tanh_of_quotient(x: Node, y: Node) -> Node | None:
    """(e^a - e^b)/(e^a + e^b) = tanh((a - b)/2): inf/inf where e^a or e^b overflows; 1 counts as e^0."""
    terms, top = exponents(y), bare(x)
    if terms is None or len(terms) != 2 or top.op is not SUB:
        return None
    a, b = exponent(top.args[0]), exponent(top.args[1])
    if a is None or b is None or {a, b} != set(terms):
        return None
    return TANH(difference(a, b) / 2)


def sigmoid_of_quotient(x: Node, y: Node) -> Node | None:
    """1/(1 + e^-x) and e^x/(1 + e^x) are sigmoid(x): one has the derivative inf/inf, the other is itself inf/inf."""
    terms = exponents(y)
    if terms is None or len(terms) != 2:
        return None
    a, b = terms
    top = bare(x)
    for factor, rest in (x, ONE), *((top.args, top.args[::-1]) if top.op is MUL else ()):
        power = exponent(factor)
        if power is not None and (power is a or power is b):  # c*e^a/(e^a + e^b) with any c
            share = SIGMOID(difference(a, b) if power is a else difference(b, a))
            return share if rest is ONE else rest * share
    if a is ZERO or b is ZERO:  # c/(1 + e^x) with any c
        return x * SIGMOID(-b if a is ZERO else -a)
    return None


def softmax_of_quotient(x: Node, y: Node) -> Node | None:
    """e^z/sum(e^z) = softmax(z), as a whole or unit by unit: inf/inf where a power overflows."""
    z = exponent(x)
    if z is None:
        return None
    axes = total_of_powers(y, z)
    if axes is not None:
        return SOFTMAX(z, attribute=axes)
    terms = exponents(y)
    if terms is None or z not in terms or any(a.type.shape for a in terms):
        return None
    return SOFTMAX_UNIT(*terms, attribute=terms.index(z))


def sigmoid_of_inverse(x: Node, y: Node) -> Node | None:
    """(1 + e^-x)^(-1) is 1/(1 + e^-x)."""
    return sigmoid_of_quotient(ONE, x) if constant(bare(y)) == -1 else None


# -- roots and inverse functions


def root_of_square(x: Node) -> Node | None:
    """sqrt(x^2) = |x|: the derivative of the first is 0/0 at 0, and x^2 overflows from 1e154 on."""
    inner = bare(x)
    square = inner.op is POWER and constant(bare(inner.args[1])) == 2
    if square or (inner.op is MUL and inner.args[0] is inner.args[1]):
        return ABS(inner.args[0])
    return None


def power_of_log(x: Node) -> Node | None:
    """exp(log(x)) = x: the logarithm of 0 is -inf, and its derivative 1/0."""
    inner = bare(x)
    return inner.args[0] if inner.op is LOG else None


LOG_RULES: tuple[Rule, ...] = (
    log_of_power,
    log_of_sigmoid,
    log_of_counter_probability,
    log_of_softmax,
    log_of_sum_of_powers,
    log_of_total,
    log_of_element,
)
QUOTIENTS: tuple[Rule, ...] = (tanh_of_quotient, sigmoid_of_quotient, softmax_of_quotient)
RULES: dict[Op, tuple[Rule, ...]] = {
    LOG: LOG_RULES,
    LOG10: (log10_of,),
    DIV: (quotient,),
    POWER: (sigmoid_of_inverse,),
    SQRT: (root_of_square,),
    EXP: (power_of_log,),
}


def first(x: Node, rules: tuple[Rule, ...]) -> Node | None:
    """What the first rule that fits makes of an argument."""
    return next((found for rule in rules if (found := rule(x)) is not None), None)
