"""Simplified formulas: the form a person would write, and never another value."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.evaluate import evaluate
from chainrule.graph import Graph, verify
from chainrule.node import Node, const, input_node, is_quantity, name_node, node, order, type_of
from chainrule.numbers.exact import exact_numbers
from chainrule.ops.arithmetic import ADD, DIV, MUL, NEG, POWER, SUB
from chainrule.ops.choices import ABS
from chainrule.ops.functions import EULER, EXP, LOG, SIN, SQRT, TANH
from chainrule.ops.reduction import SUM
from chainrule.quantity import Derivative, Name
from chainrule.transforms.reverse import reverse
from chainrule.transforms.simplify import erase_names, simplify, simplify_node
from chainrule.transforms.stabilise import stabilise

A, B, C, X, T = (Name(text) for text in "abcxt")
a, b, c, x, t = map(input_node, (A, B, C, X, T))
v = input_node(Name("v"), type_of("real", (3,)))


def plain(op: Any, *args: Any) -> Node:
    return node(op, tuple([u if isinstance(u, Node) else const(u) for u in args]))


def add(*args: Any) -> Node:
    return plain(ADD, *args)


def sub(*args: Any) -> Node:
    return plain(SUB, *args)


def mul(*args: Any) -> Node:
    return plain(MUL, *args)


def div(*args: Any) -> Node:
    return plain(DIV, *args)


def neg(u: Any) -> Node:
    return plain(NEG, u)


def power(*args: Any) -> Node:
    return plain(POWER, *args)


half = Fraction(1, 2)
CASES: dict[str, tuple[Node, Node]] = {
    "5*(2*t)": (mul(5, mul(2, t)), mul(10, t)),
    "x*2": (mul(x, 2), mul(2, x)),
    "x*2*y*3": (mul(mul(mul(x, 2), a), 3), mul(mul(6, x), a)),
    "x*(2*a)": (mul(x, mul(2, a)), mul(mul(2, x), a)),
    "x + 2*x": (add(x, mul(2, x)), mul(3, x)),
    "x + a + x": (add(add(x, a), x), add(mul(2, x), a)),
    "x*a + a*x": (add(mul(x, a), mul(a, x)), mul(mul(2, x), a)),
    "x*x": (mul(x, x), power(x, 2)),
    "x*x*x": (mul(mul(x, x), x), power(x, 3)),
    "x*a*x": (mul(mul(x, a), x), mul(power(x, 2), a)),
    "x^a*x^b": (mul(power(x, a), power(x, b)), power(x, add(a, b))),
    "x^a/x^b": (div(power(x, a), power(x, b)), power(x, sub(a, b))),
    "x^2*x^3": (mul(power(x, 2), power(x, 3)), power(x, 5)),
    "x^a*x": (mul(power(x, a), x), power(x, add(a, 1))),
    "x^3/x": (div(power(x, 3), x), power(x, 2)),
    "x^2/x^2": (div(power(x, 2), power(x, 2)), const(1)),
    "(x^3)^2": (power(power(x, 3), 2), power(x, 6)),
    "(x^(1/2))^2": (power(power(x, half), 2), x),
    "(2*x)^2": (power(mul(2, x), 2), mul(4, power(x, 2))),
    "(-x)^3": (power(neg(x), 3), neg(power(x, 3))),
    "e^a*e^b": (mul(power(EULER(), a), power(EULER(), b)), power(EULER(), add(a, b))),
    "2^(1/2)*2^(1/2)": (mul(power(2, half), power(2, half)), const(2)),
    "x^-1*a": (mul(power(x, neg(1)), a), div(a, x)),
    "a/b*b": (mul(div(a, b), b), a),
    "a*b/b": (div(mul(a, b), b), a),
    "a/(a*b)": (div(a, mul(a, b)), div(1, b)),
    "a/b/c*b": (mul(div(div(a, b), c), b), div(a, c)),
    "(a + b)/(a + b)": (div(add(a, b), add(a, b)), const(1)),
    "4*(x/2)": (mul(4, div(x, 2)), mul(2, x)),
    "3*(x/2)": (mul(3, div(x, 2)), mul(Fraction(3, 2), x)),
    "2*a/(4*b)": (div(mul(2, a), mul(4, b)), div(a, mul(2, b))),
    "-(-x)": (neg(neg(x)), x),
    "(-a)*(-b)": (mul(neg(a), neg(b)), mul(a, b)),
    "(-a)/(-b)": (div(neg(a), neg(b)), div(a, b)),
    "a*(-b)": (mul(a, neg(b)), neg(mul(a, b))),
    "(-a)*b": (mul(neg(a), b), neg(mul(a, b))),
    "a*(-2*b)": (mul(a, mul(neg(2), b)), mul(mul(-2, a), b)),
    "log(exp(x))": (plain(LOG, EXP(x)), x),
    "exp(log(x))": (plain(EXP, LOG(x)), x),
    "sqrt(x^2)": (plain(SQRT, power(x, 2)), ABS(x)),
    "sqrt(x*x)": (plain(SQRT, mul(x, x)), ABS(x)),
    "x + 0": (add(x, 0), x),
    "0 - x": (sub(0, x), neg(x)),
    "0*x + a": (add(mul(0, x), a), a),
    "1*x": (mul(1, x), x),
    "a - b + b": (add(sub(a, b), b), a),
    "a + b - a": (sub(add(a, b), a), b),
    "a - (a - b)": (sub(a, sub(a, b)), b),
    "1 - (1 - x)": (sub(1, sub(1, x)), x),
    "x + 2 + 3": (add(add(x, 2), 3), add(x, 5)),
    "-(a - b)": (neg(sub(a, b)), sub(b, a)),
    "-(1 - x)": (neg(sub(1, x)), sub(x, 1)),
    "-a + b": (add(neg(a), b), sub(b, a)),
    "a + (-b)": (add(a, neg(b)), sub(a, b)),
    "a - (-b)": (sub(a, neg(b)), add(a, b)),
    "x - x": (sub(x, x), const(0)),
    "a*b - b*a": (sub(mul(a, b), mul(b, a)), const(0)),
    "(a+b) - (a+b)": (sub(add(a, b), add(a, b)), const(0)),
    "2*x - 5*x": (sub(mul(2, x), mul(5, x)), mul(-3, x)),
    "-a - a": (sub(neg(a), a), mul(-2, a)),
    "x/2 + x/2": (add(div(x, 2), div(x, 2)), x),
    "sin(x*2 - x)": (plain(SIN, sub(mul(x, 2), x)), SIN(x)),
    "v + v*2": (add(v, mul(v, 2)), mul(3, v)),
}
KEPT: dict[str, Node] = {
    "x": x,
    "x/2": div(x, 2),
    "a/b": div(a, b),
    "1/x": div(1, x),
    "1 - x": sub(1, x),
    "x*(1 - x)": mul(x, sub(1, x)),
    "(a + b)*c": mul(add(a, b), c),
    "a*b + a*c": add(mul(a, b), mul(a, c)),  # nothing is factored out or multiplied out
    "(a + b)^2": power(add(a, b), 2),
    "(x^2)^(1/2)": power(power(x, 2), half),  # |x|, not x
    "(x*a)^2": power(mul(x, a), 2),
    "x^(1/2)": power(x, half),
    "2^(1/2)": power(2, half),
    "-2*x + a": add(mul(-2, x), a),
    "a - (b - c)": sub(a, sub(b, c)),
    "-a - b": sub(neg(a), b),
    "x/0": div(x, 0),
    "0^-1": power(0, -1),
    "t - x": sub(t, x),
    "v - v*t": sub(v, mul(v, t)),
}


@pytest.mark.parametrize("case", CASES)
def test_each_case_becomes_what_a_person_writes(case: str) -> None:
    given_, expected = CASES[case]
    assert simplify_node(given_) is expected
    assert simplify_node(expected) is expected


@pytest.mark.parametrize("case", KEPT)
def test_what_is_simple_stays_as_written(case: str) -> None:
    assert simplify_node(KEPT[case]) is KEPT[case]


def test_shapes_stay() -> None:
    s = input_node(Name("s"))
    for body in (sub(add(v, s), v), mul(div(v, v), s), sub(v, v), power(v, 0), div(v, v)):
        assert simplify_node(body).type is body.type


ONES: list[Callable[[Node], Node]] = [neg, SIN, EXP, lambda u: mul(u, u), lambda u: power(u, 3), lambda u: div(u, 2)]
TWOS: list[Callable[[Node, Node], Node]] = [add, sub, mul, div, add, sub, mul]
step = st.tuples(st.integers(0, 19), st.integers(0, 9), st.integers(0, 9), st.booleans())


@st.composite
def formulas(draw: Any) -> Node:
    made: list[Node] = [x, a, const(draw(st.fractions(-3, 3, max_denominator=4)))]
    for k, (which, i, j, named) in enumerate(draw(st.lists(step, min_size=1, max_size=10))):
        left, right = made[-1 - i % len(made)], made[-1 - j % len(made)]
        if which < len(ONES):
            new = ONES[which](left)
        elif which < len(ONES) + len(TWOS):
            new = TWOS[which - len(ONES)](left, right)
        else:
            new = power(left, which - 16)
        made.append(name_node(Name(f"u{k}"), new) if named else new)
    return made[-1]


@given(formulas(), st.fractions(-3, 3), st.fractions(-3, 3))
def test_values_are_the_same_where_there_are_values(formula: Node, at_x: Fraction, at_a: Fraction) -> None:
    """On balls of 400 bits, where rounding hides nothing."""
    exact = exact_numbers(400)
    simple = simplify_node(formula)
    with exact.s.context():
        values = {X: exact.s.of(at_x), A: exact.s.of(at_a)}
        old, new = evaluate([formula, simple], values, numbers=exact)
        if old.is_finite() and abs(old) < 10**50:
            assert new.is_finite()
            assert old.overlaps(new)


@given(formulas())
def test_simplifying_is_done_once_and_never_lengthens(formula: Node) -> None:
    simple = simplify_node(formula)
    assert is_quantity(simple) or simplify_node(simple) is simple  # a quantity has a formula of its own
    assert simple.type is formula.type
    assert len(order([simple])) <= len(order([formula])) + 6  # a number or an exponent that is not in the formula


@given(formulas())
def test_graphs_stay_graphs(formula: Node) -> None:
    y = Name("y")
    graph = reverse(Graph({y: name_node(y, formula)}), y)
    simple = verify(simplify(graph))
    assert list(simple.outputs) == list(graph.outputs)
    assert [entry.of for entry in simple.ledger] == [entry.of for entry in graph.ledger]
    erased = verify(erase_names(graph))
    assert list(erased.outputs) == list(graph.outputs)
    assert all(n.op.name != "name" for root in erased.outputs.values() for n in order(root.args))


def test_the_chain_rule_example_of_the_lecture() -> None:
    """y = 5x + 3 and x = t^2: dy/dt = 5 * (2*t) = 10*t."""
    y = Name("y")
    inner = name_node(X, power(t, 2))
    graph = reverse(Graph({y: name_node(y, add(mul(5, inner), 3))}), y)
    erased = verify(simplify(erase_names(graph)))
    assert erased.outputs[Derivative(y, T)] is mul(10, t)


def test_a_written_sigmoid_and_a_written_tanh() -> None:
    s = Name("s")
    for written, expected in (
        (div(1, add(1, EXP(neg(x)))), lambda out: mul(out, sub(1, out))),
        (div(sub(EXP(x), EXP(neg(x))), add(EXP(x), EXP(neg(x)))), lambda out: sub(1, power(out, 2))),
    ):
        graph = reverse(stabilise(Graph({s: name_node(s, written)})), s)
        assert simplify(graph).outputs[Derivative(s, X)].args[0] is expected(graph.outputs[s])


def test_the_derivative_of_a_written_tanh_without_stable_forms() -> None:
    y = Name("y")
    written = div(sub(EXP(x), EXP(neg(x))), add(EXP(x), EXP(neg(x))))
    graph = simplify(reverse(Graph({y: name_node(y, written)}), y))
    for at in (-2.0, 0.0, 0.5, 3.0):
        assert evaluate([graph.outputs[Derivative(y, X)]], {X: at})[0] == pytest.approx(1 - math.tanh(at) ** 2)


def test_names_are_never_looked_through() -> None:
    u = name_node(Name("u"), mul(2, x))
    assert simplify_node(add(u, mul(2, x))) is add(u, mul(2, x))
    assert simplify_node(add(u, u)) is mul(2, u)


def test_erased_names_share_what_is_equal() -> None:
    y = Name("y")
    first, second = name_node(Name("p"), SIN(x)), name_node(Name("q"), SIN(x))
    graph = erase_names(Graph({y: name_node(y, TANH(first) * TANH(second)), Name("p"): first}))
    body = verify(graph).outputs[y]
    assert body.args[0] is body.args[1]
    assert graph.outputs[Name("p")] is SIN(x)


def test_an_output_that_is_only_another_input_keeps_its_name() -> None:
    y = Name("y")
    erased = verify(erase_names(Graph({y: name_node(y, name_node(Name("u"), x)), X: x})))
    assert erased.outputs[y] is name_node(y, x)
    assert erased.outputs[X] is x
    assert verify(simplify(Graph({y: add(x, 0)}))).outputs[y] is name_node(y, x)


@pytest.mark.parametrize("wrap", [lambda u: add(u, x), lambda u: mul(u, SIN(u)), neg, lambda u: power(u, 2)])
def test_a_long_chain(wrap: Callable[[Node], Node]) -> None:
    chain: Node = a
    for _ in range(5_000):
        chain = wrap(chain)
    assert simplify_node(chain).type is chain.type


def test_a_sum_of_many_terms_is_left_alone() -> None:
    chain: Node = x
    for k in range(3_000):
        chain = add(chain, input_node(Name(f"y{k}")))
    assert simplify_node(sub(chain, x)) is sub(chain, x)


def test_powers_of_powers_do_not_fill_the_page() -> None:
    tower, product = const(2), 2 * x
    for _ in range(8):
        tower, product = power(tower, 64), power(mul(3, product), 64)
    for body in (tower, product):
        for n in order([simplify_node(body)]):
            assert n.op.name != "const" or n.attribute.numerator.bit_length() <= 1200


def test_reductions_and_their_arguments() -> None:
    assert simplify_node(node(SUM, (add(v, v),), (0,))) is node(SUM, (mul(2, v),), (0,))
