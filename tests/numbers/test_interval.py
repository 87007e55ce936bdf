"""Intervals hold every value their expression takes: against mpmath at 60 digits and exact fractions."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from copy import deepcopy
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import ChainruleError
from chainrule.evaluate import compile_plan, evaluate
from chainrule.graph import Graph
from chainrule.node import INPUT, NAME, Node, Op, const, input_node, name_node, node, order, type_of
from chainrule.numbers.floats import FLOATS
from chainrule.numbers.interval import (
    EVERYTHING,
    FARTHEST,
    MOST_BITS,
    Interval,
    hull,
    interval,
    interval_numbers,
    point,
)
from chainrule.ops import ALL_OPS, TABLE
from chainrule.quantity import Derivative, Name
from chainrule.transforms.reverse import reverse

NUMBERS = interval_numbers()
S = NUMBERS.s
X, Y, E = Name("x"), Name("y"), Name("E")
F = Fraction

fractions = st.one_of(
    st.fractions(-6, 6, max_denominator=1000),
    st.fractions(-(10**6), 10**6, max_denominator=10),
    st.sampled_from([F(0), F(1), F(-1), F(1, 2), F(1, 10**40), F(-1, 10**40)]),
)


@st.composite
def boxes(draw: st.DrawFn, ends: st.SearchStrategy[Fraction] = fractions) -> tuple[Interval, Fraction]:
    """An interval, perhaps a point or not bounded, and a number inside."""
    lo, at, hi = sorted([draw(ends), draw(ends), draw(ends)])
    if draw(st.booleans()):
        lo = hi = at
    elif draw(st.integers(0, 9)) == 0:
        lo, hi = draw(st.sampled_from([(None, hi), (lo, None), (None, None)]))
    return interval(lo, hi), at


def apply(name: str, *args: Any) -> Any:
    with S.context():
        return getattr(S, name)(*args)


def exact(end: Fraction | None) -> Any:
    return None if end is None else mpmath.mpf(end.numerator) / end.denominator


def holds(found: Interval, value: Any) -> bool:
    """Whether a value of mpmath lies inside, up to the error of its own last digits."""
    lo, hi = map(exact, found.bounds)
    slack = mpmath.mpf(10) ** -300 + abs(value) * mpmath.mpf(10) ** -55
    return (lo is None or lo - slack <= value) and (hi is None or value <= hi + slack)


# Arithmetic, against fractions

ARITHMETIC: dict[str, Callable[..., Fraction]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "max": max,
    "min": min,
}


@pytest.mark.parametrize("name", ARITHMETIC)
@given(boxes(), boxes())
def test_arithmetic_holds_every_result(name: str, a: tuple[Interval, Fraction], b: tuple[Interval, Fraction]) -> None:
    (x, p), (y, q) = a, b
    found = apply(name, x, y)
    if name != "div" or q:
        expected = ARITHMETIC[name](p, q)
        assert expected in found
        if x.is_point() and y.is_point():
            assert found == point(expected)
    elif x.is_point() and y.is_point():
        assert found == EVERYTHING


@pytest.mark.parametrize("name", ARITHMETIC)
@given(boxes(), boxes())
def test_arithmetic_is_tight(name: str, a: tuple[Interval, Fraction], b: tuple[Interval, Fraction]) -> None:
    """The result of bounded intervals is the hull of the results of their ends."""
    x, y = a[0], b[0]
    if not x.is_finite() or not y.is_finite() or (name == "div" and 0 in y):
        return
    corners = [ARITHMETIC[name](p, q) for p, q in product(x.bounds, y.bounds)]
    assert apply(name, x, y).bounds == (min(corners), max(corners))


@given(boxes())
def test_signs_and_absolute_values(a: tuple[Interval, Fraction]) -> None:
    x, p = a
    assert -p in apply("neg", x)
    assert apply("neg", apply("neg", x)) == x
    size = apply("abs", x)
    assert abs(p) in size
    assert -1 not in size
    if x.is_finite():
        least = F(0) if 0 in x else min(map(abs, x.bounds))
        assert size.bounds == (least, max(map(abs, x.bounds)))


@given(boxes(st.fractions(-6, 6, max_denominator=20)), st.integers(-7, 7))
def test_whole_powers_are_exact_and_tight(a: tuple[Interval, Fraction], n: int) -> None:
    x, p = a
    found = apply("power", x, point(n))
    if p or n >= 0:
        assert p**n in found
    if x.is_finite() and (n >= 0 or 0 not in x):
        values = [end**n for end in x.bounds] + ([F(0)] if 0 in x and n > 0 else [])
        assert found.bounds == (min(values), max(values))


def test_division_by_what_touches_zero() -> None:
    one = point(1)
    assert apply("div", one, interval(0, 2)) == interval(F(1, 2), None)
    assert apply("div", one, interval(-2, 0)) == interval(None, F(-1, 2))
    assert apply("div", one, interval(2, None)) == interval(0, F(1, 2))
    assert apply("div", one, interval(None, -2)) == interval(F(-1, 2), 0)
    assert apply("div", one, interval(0, None)) == interval(0, None)
    assert apply("div", one, interval(None, 0)) == interval(None, 0)
    for y in (point(0), interval(-1, 2), EVERYTHING):
        assert apply("div", one, y) == EVERYTHING


def test_what_is_not_bounded_multiplies_by_its_sign() -> None:
    assert apply("mul", interval(2, None), interval(-3, 1)) == EVERYTHING
    assert apply("mul", interval(2, None), interval(-3, -1)) == interval(None, -2)
    assert apply("mul", interval(None, -2), interval(-3, -1)) == interval(2, None)
    assert apply("mul", interval(2, None), point(0)) == point(0)
    assert apply("mul", EVERYTHING, point(0)) == EVERYTHING  # log(-1) has no value, and neither has 0 log(-1)
    assert apply("sub", interval(2, None), interval(2, None)) == EVERYTHING
    assert apply("add", interval(2, None), interval(2, None)) == interval(4, None)


# Functions, against mpmath

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "exp": mpmath.exp,
    "expm1": mpmath.expm1,
    "log": mpmath.log,
    "log1p": mpmath.log1p,
    "log10": mpmath.log10,
    "sqrt": mpmath.sqrt,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "tanh": mpmath.tanh,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "erf": mpmath.erf,
}
DOMAIN = {"log": F(0), "log10": F(0), "log1p": F(-1), "sqrt": F(0)}
KNOWN = {
    "exp": (0, 1), "expm1": (0, 0), "log": (1, 0), "log1p": (0, 0), "log10": (F(1, 1000), -3),
    "sqrt": (F(9, 4), F(3, 2)), "sin": (0, 0), "cos": (0, 1), "tanh": (0, 0), "sigmoid": (0, F(1, 2)), "erf": (0, 0),
}  # fmt: skip


def has_value(name: str, at: Fraction) -> bool:
    return name not in DOMAIN or at > DOMAIN[name] or (name == "sqrt" and at == 0)


@pytest.mark.parametrize("name", FUNCTIONS)
@given(boxes())
def test_functions_hold_every_value(name: str, a: tuple[Interval, Fraction]) -> None:
    x, p = a
    found = apply(name, x)
    if not has_value(name, p):
        assert not x.is_point() or found == EVERYTHING
        return
    with mpmath.workdps(60):
        assert holds(found, FUNCTIONS[name](exact(p)))


@pytest.mark.parametrize("name", FUNCTIONS)
@given(st.fractions(-30, 30, max_denominator=1000))
def test_functions_of_points_are_thin(name: str, at: Fraction) -> None:
    if not has_value(name, at):
        return
    lo, hi = apply(name, point(at)).bounds
    assert 0 <= hi - lo < F(1, 2**150) * max(1, abs(hi))


@pytest.mark.parametrize("name", FUNCTIONS)
@given(st.fractions(F(-9, 10), 3, max_denominator=100), st.fractions(0, 2, max_denominator=100))
def test_functions_of_intervals_are_tight(name: str, lo: Fraction, width: Fraction) -> None:
    """No wider than the values on a fine grid, up to its mesh; the slopes here are at most e^5."""
    if not has_value(name, lo - F(1, 1000)) and name != "sqrt":
        return
    steps = 200
    grid = [lo + width * k / steps for k in range(steps + 1)]
    with mpmath.workdps(30):
        values = [FUNCTIONS[name](exact(p)) for p in grid if has_value(name, p)]
        found = list(map(exact, apply(name, interval(lo, lo + width)).bounds))
        if not values:
            assert found == [None, None]
            return
        mesh = 150 * exact(width) / steps if name != "sqrt" else mpmath.mpf(1) / 9
        mesh += mpmath.mpf(10) ** -25
        assert min(values) - mesh <= found[0]
        assert found[1] <= max(values) + mesh


@pytest.mark.parametrize("name", FUNCTIONS)
def test_rational_values_are_exact(name: str) -> None:
    at, value = KNOWN[name]
    assert apply(name, point(at)) == point(value)
    if name not in ("sin", "cos"):
        wide = apply(name, interval(at, at + 1))
        assert wide.bounds[0] == value
        assert not wide.is_point()


def test_waves_reach_their_crests_and_troughs() -> None:
    assert apply("sin", interval(1, 2)).bounds[1] == 1
    assert apply("sin", interval(-2, -1)).bounds[0] == -1
    assert apply("sin", interval(4, 5)).bounds[0] == -1
    assert apply("cos", interval(-1, 1)).bounds[1] == 1
    assert apply("cos", interval(3, 4)).bounds[0] == -1
    assert apply("cos", interval(3, 7)) == interval(-1, 1)
    assert apply("sin", interval(0, 100)) == apply("sin", EVERYTHING) == interval(-1, 1)
    assert apply("sin", interval(0, 1)).bounds[1] < 1


def test_what_has_no_value_is_everything() -> None:
    for name in ("log", "log10"):
        assert apply(name, point(0)) == apply(name, interval(-2, -1)) == apply(name, interval(-1, 0)) == EVERYTHING
        lo, hi = apply(name, interval(-1, 2)).bounds
        assert lo is None
        assert hi < 1
    assert apply("log1p", point(-1)) == EVERYTHING
    assert apply("log1p", point(F(1, 10**100) - 1)).is_finite()
    assert apply("sqrt", interval(-2, -1)) == EVERYTHING
    assert apply("sqrt", interval(-2, 4)) == interval(0, 2)
    assert apply("power", point(0), point(-1)) == EVERYTHING
    assert apply("power", point(-2), point(F(1, 3))) == EVERYTHING
    assert apply("power", interval(-2, 1), interval(1, 2)) == EVERYTHING
    assert apply("power", point(0), point(F(-1, 3))) == EVERYTHING


@pytest.mark.parametrize("zeros", [6, 9, 30, 400, 4000])
def test_huge_arguments(zeros: int) -> None:
    size = 10**zeros
    small, large = interval(0, F(1, 2**FARTHEST)), point(size)
    far = apply("neg", large)
    near_one = interval(1 - F(1, 2**190), 1)
    for name in ("exp", "sigmoid"):
        assert apply(name, far) == small
    assert apply("exp", large).bounds[1] is None
    assert apply("expm1", large).bounds[1] is None
    for name in ("tanh", "sigmoid", "erf"):
        found = apply(name, large)
        assert found.bounds[0] in near_one
        assert found.bounds[1] == 1
    for name in ("tanh", "erf", "expm1"):
        found = apply("neg", apply(name, far))
        assert found.bounds[0] in near_one
        assert found.bounds[1] == 1
    for name in ("sin", "cos"):
        assert apply(name, large).is_finite()
    assert apply("sigmoid", apply("neg", interval(size, None))) == small


@pytest.mark.parametrize("zeros", [6, 9, 15])
def test_huge_powers(zeros: int) -> None:
    small, n = interval(0, F(1, 2**FARTHEST)), 10**zeros
    assert apply("power", point(2), point(n)) == interval(2**FARTHEST, None)
    assert apply("power", point(F(1, 2)), point(n)) == apply("power", point(2), point(-n)) == small
    assert apply("power", point(-1), point(n)) == point(1)
    assert apply("power", point(-1), point(n + 1)) == point(-1)
    assert apply("power", point(-2), point(n + 1)) == interval(None, -(2**FARTHEST))
    assert apply("power", interval(-2, 0), point(n)) == interval(0, None)


def test_powers_beyond_what_arb_can_write_claim_little() -> None:
    for n in (10**400, 10**4000):
        for sign in (1, -1):
            lo, hi = apply("power", point(3), point(sign * n)).bounds
            assert lo in (0, 2**FARTHEST)
            assert hi in (None, F(1, 2**FARTHEST))
        assert apply("power", point(-3), point(n + 1)).bounds[0] is None


@given(st.fractions(F(1, 50), 6, max_denominator=50), st.fractions(0, 3), boxes(st.fractions(-4, 4, max_denominator=7)))
def test_real_powers_hold_every_value(base: Fraction, width: Fraction, b: tuple[Interval, Fraction]) -> None:
    y, q = b
    for x in (interval(base, base + width), interval(0, base + width), interval(base, None)):
        with mpmath.workdps(60):
            assert holds(apply("power", x, y), mpmath.power(exact(base), exact(q)))


def test_the_power_one_half_is_the_root() -> None:
    assert apply("power", point(F(1, 4)), point(F(1, 2))) == point(F(1, 2))
    assert apply("power", interval(-1, 4), point(F(1, 2))) == interval(0, 2)
    assert apply("power", interval(0, 1), point(F(1, 3))) == interval(0, 1)


# Comparisons and branches


@given(boxes(), boxes())
def test_comparisons_never_claim_what_is_false(a: tuple[Interval, Fraction], b: tuple[Interval, Fraction]) -> None:
    (x, p), (y, q) = a, b
    for name, truth in [("less", p < q), ("less_equal", p <= q), ("equal", p == q)]:
        found = apply(name, x, y)
        assert found is None or found is truth
        if x.is_point() and y.is_point():
            assert found is truth


def test_comparisons_at_touching_ends() -> None:
    x, y = interval(0, 1), interval(1, 2)
    assert apply("less", x, y) is None
    assert apply("less_equal", x, y) is True
    assert apply("less", y, x) is False
    assert apply("equal", x, y) is None
    assert apply("equal", x, x) is None
    assert apply("less", x, point(F(1) + F(1, 10**60))) is True
    assert apply("less", point(F(1, 3)), point(F(1, 3))) is False


def test_what_is_not_decided_takes_both_branches() -> None:
    x, y = point(3), interval(0, 1)
    assert apply("where", True, x, y) == x
    assert apply("where", False, x, y) == y
    assert apply("where", None, x, y) == interval(0, 3)
    assert apply("where", None, False, True) is None
    assert apply("where", None, True, True) is True
    assert hull(x, y, EVERYTHING) == EVERYTHING


BRANCHES: list[tuple[str, tuple[Interval, ...], Any]] = [
    ("relu", (interval(-1, 2),), interval(0, 2)),
    ("leaky_relu", (interval(-1, 2),), interval(F(-1, 100), 2)),
    ("step", (interval(-1, 2),), interval(0, 1)),
    ("step", (interval(-1, 0),), point(0)),
    ("step", (interval(F(1, 9), 2),), point(1)),
    ("sign", (interval(-1, 2),), interval(-1, 1)),
    ("sign", (interval(0, 2),), interval(0, 1)),
    ("sign", (point(0),), point(0)),
    ("not_equal", (interval(0, 2), point(1)), None),
    ("not_equal", (point(2), point(1)), True),
    ("not_equal", (point(1), point(1)), False),
    ("greater", (point(2), interval(0, 1)), True),
    ("max", (interval(0, 3), interval(1, 2)), interval(1, 3)),
    ("min", (interval(0, 3), interval(1, 2)), interval(0, 2)),
    ("abs", (interval(-3, 1),), interval(0, 3)),
]


@pytest.mark.parametrize(("name", "args", "expected"), BRANCHES)
def test_branches_by_evaluate(name: str, args: tuple[Interval, ...], expected: Any) -> None:
    inputs = {Name(f"x{k}"): x for k, x in enumerate(args)}
    root = node(TABLE[name], tuple([input_node(label) for label in inputs]))
    assert evaluate([root], inputs, numbers=NUMBERS) == [expected]


@pytest.mark.parametrize(
    ("name", "slopes"),
    [("relu", (F(0), F(1))), ("leaky_relu", (F(1, 100), F(1))), ("abs", (F(-1), F(1)))],
)
def test_the_derivative_across_a_kink_holds_both_sides(name: str, slopes: tuple[Fraction, Fraction]) -> None:
    x = input_node(X)
    graph = reverse(Graph({E: name_node(E, node(TABLE[name], (x,)))}), E)
    (found,) = evaluate([graph.outputs[Derivative(E, X)]], {X: interval(-1, 1)}, numbers=NUMBERS)
    assert found.bounds == slopes


# Every op of the table, on points and in boxes, against the float evaluator

ARRAYS: dict[str, tuple[Any, tuple[tuple[int, ...], ...]]] = {
    "sum": ((0,), ((2, 3),)), "mean": ((1,), ((2, 3),)), "norm": ((0, 1), ((2, 3),)), "largest": ((1,), ((2, 3),)),
    "smallest": ((0,), ((2, 3),)), "logsumexp": ((1,), ((2, 3),)), "softmax": ((1,), ((2, 3),)),
    "count": ((0,), ((2, 3),)),
    "softmax_unit": (1, ((), (), ())), "logsumexp_unit": (None, ((), ())), "matmul": (None, ((2, 3), (3, 2))),
    "outer": (None, ((2,), (3,))), "dot": (None, ((3,), (3,))), "transpose": ((1, 0), ((2, 3),)),
    "reshape": ((3, 2), ((2, 3),)), "broadcast": ((2, 3), ((3,),)), "index": ((0, (1, 3)), ((2, 3),)),
    "scatter": (((2, 3), (0,)), ((3,),)), "concat": (0, ((2, 3), (1, 3))), "stack": (None, ((3,), (3,))),
    "one_hot": (3, ((2,),)), "uniform": ((2, 3), ((), ())),
}  # fmt: skip
OPS = [op for op in ALL_OPS if op not in (INPUT, NAME)]


def built(op: Op) -> tuple[Node, list[Node]]:
    """The op on inputs of its own."""
    if op.name == "const":
        return const(F(1, 3)), []
    attribute, shapes = ARRAYS.get(op.name, (None, ((),) * (op.arity or 0)))
    inputs = [input_node(Name(f"x{k}"), type_of("real", shape)) for k, shape in enumerate(shapes)]
    if op.name == "where":
        return node(op, (node(TABLE["less"], (inputs[0], const(0))), *inputs[1:])), inputs
    return node(op, tuple(inputs), attribute), inputs


def nested(shape: tuple[int, ...], items: list[Any]) -> Any:
    if not shape:
        return items[0]
    size = prod(shape[1:])
    return [nested(shape[1:], items[k * size : (k + 1) * size]) for k in range(shape[0])]


def leaves(data: Any) -> list[Any]:
    return [leaf for part in data for leaf in leaves(part)] if isinstance(data, list) else [data]


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
@given(data=st.data())
def test_every_op_holds_its_float_value(op: Op, data: st.DataObject) -> None:
    root, inputs = built(op)
    whole = op.name in ("one_hot", "uniform")
    positive = op.name in ("log", "log10", "sqrt", "power", "div")
    ends = st.integers(0, 3).map(F) if whole else st.fractions(F(1, 4) if positive else -2, 2, max_denominator=64)
    width = data.draw(st.sampled_from([F(0), F(0), F(1, 10**6), F(1, 8)])) if op.name != "uniform" else F(0)
    floats, intervals = {}, {}
    for x in inputs:
        shape = tuple(x.type.shape)
        drawn = [data.draw(ends) for _ in range(prod(shape))]
        floats[x.attribute[0]] = FLOATS.of_nested(nested(shape, [float(v) for v in drawn]))
        boxed = [interval(v - width, v + width / 2) for v in drawn]
        intervals[x.attribute[0]] = NUMBERS.of_nested(nested(shape, boxed))
    expected = FLOATS.to_nested(evaluate([root], floats, numbers=FLOATS)[0])
    found = NUMBERS.to_nested(evaluate([root], intervals, numbers=NUMBERS)[0])
    assert NUMBERS.shape(NUMBERS.of_nested(found)) == FLOATS.shape(FLOATS.of_nested(expected))
    for value, box in zip(leaves(expected), leaves(found), strict=True):
        if isinstance(value, bool):
            assert box is value or (box is None and width)
        else:
            near = interval(*[F(value) + sign * F(1, 10**12) * max(1, abs(F(value))) for sign in (-1, 1)])
            assert apply("equal", box, near) is not False
            if not width:
                assert box.bounds[1] - box.bounds[0] < F(1, 2**150) * max(1, abs(box.bounds[1]))


@pytest.mark.parametrize("op", [op for op in OPS if op.elementwise and op.vjp], ids=lambda op: op.name)
@given(data=st.data())
def test_derivatives_of_every_op_evaluate(op: Op, data: st.DataObject) -> None:
    root, inputs = built(op)
    graph = reverse(Graph({E: name_node(E, root)}), E)
    wide = {x.attribute[0]: data.draw(boxes(st.fractions(-2, 2, max_denominator=8))) for x in inputs}
    roots = list(graph.outputs.values())
    found = evaluate(roots, {label: box for label, (box, _) in wide.items()}, numbers=NUMBERS)
    inner = evaluate(roots, {label: point(at) for label, (_, at) in wide.items()}, numbers=NUMBERS)
    for box, value in zip(found, inner, strict=True):
        assert value == EVERYTHING or apply("equal", box, value) is not False


# Long numbers


def test_a_linear_net_stays_short_and_thin_over_many_updates() -> None:
    """Exact fractions triple in length with every update of a product of two weights."""
    w, v, x, t = (input_node(Name(name)) for name in "wvxt")
    graph = reverse(Graph({E: name_node(E, (t - v * (w * x)) ** 2 / 2)}), E)
    slopes = [graph.outputs[Derivative(E, Name(name))] for name in "wv"]
    roots = [w - const(F(1, 10)) * slopes[0], v - const(F(1, 10)) * slopes[1]]
    plan = compile_plan(roots, [w, v, x, t], numbers=NUMBERS)
    boxes = [point(F("0.37")), point(F("-0.21"))]
    with mpmath.workdps(150):
        a, b, at, to = mpmath.mpf(37) / 100, mpmath.mpf(-21) / 100, mpmath.mpf(13) / 10, mpmath.mpf(7) / 10
        for _ in range(60):
            with S.context():
                boxes = plan(*boxes, point(F("1.3")), point(F("0.7")))
            short = to - b * a * at
            a, b = a + short * b * at / 10, b + short * a * at / 10
            for box, value in zip(boxes, (a, b), strict=True):
                lo, hi = box.bounds
                assert exact(lo) - mpmath.mpf(10) ** -140 <= value <= exact(hi) + mpmath.mpf(10) ** -140
                assert hi - lo < F(1, 2**150)
                assert max(end.numerator.bit_length() + end.denominator.bit_length() for end in (lo, hi)) <= MOST_BITS


def test_a_short_chain_of_updates_stays_exact() -> None:
    w = F("0.3")
    box = point(w)
    with S.context():
        for _ in range(5):
            w = w - F("0.1") * w * w * (w - 1)
            box = S.sub(box, S.mul(S.mul(S.mul(S.of(F("0.1")), box), box), S.sub(box, S.of(1))))
    assert box == point(w)


@given(st.integers(-(2**5000), 2**5000), st.integers(2**4500, 2**4600))
def test_long_ends_are_rounded_outward(top: int, bottom: int) -> None:
    value = F(top, bottom)
    found = apply("add", point(value), point(0))
    assert value in found
    lo, hi = found.bounds
    assert hi - lo <= abs(value) / 2**190
    assert apply("of", value) == found


def test_products_of_tiny_numbers_neither_vanish_nor_grow() -> None:
    box = apply("exp", point(-1000))
    for _ in range(20):
        box = apply("mul", box, box)
    assert box == interval(0, F(1, 2**FARTHEST)) or box.bounds[0] > 0
    assert box.bounds[1] <= F(1, 2**FARTHEST)
    assert apply("sub", point(0), box).bounds[1] <= 0


# The value itself


@given(boxes())
def test_pickles_and_copies(a: tuple[Interval, Fraction]) -> None:
    x, _ = a
    assert pickle.loads(pickle.dumps(x)) == deepcopy(x) == x
    assert hash(pickle.loads(pickle.dumps(x))) == hash(x)
    assert interval(*x.bounds) == x


def test_an_interval_is_frozen_and_in_order() -> None:
    with pytest.raises(AttributeError):
        point(1).lo = 2  # type: ignore[misc]
    with pytest.raises(ChainruleError, match=r"found the interval \[2, 1\]"):
        interval(2, 1)
    with pytest.raises(ChainruleError, match=r"found \[1, 2\] where a whole number"):
        int(interval(1, 2))
    with pytest.raises(ChainruleError, match="found 1/2 where"):
        int(point(F(1, 2)))
    assert int(point(-7)) == -7
    assert [str(x) for x in (interval(None, 1), EVERYTHING)] == ["(-infinity, 1]", "(-infinity, infinity)"]


def test_the_number_systems_are_cached() -> None:
    assert interval_numbers(200) is interval_numbers(200)
    more = interval_numbers(400).s
    with more.context():
        lo, hi = more.pi().bounds
    assert 0 < hi - lo < F(1, 2**390)
    with mpmath.workdps(150):
        assert holds(interval(lo, hi), mpmath.pi)


def test_every_op_is_tried() -> None:
    assert {op.name for op in OPS if not op.elementwise and op.arity != 0} <= ARRAYS.keys() | {"const"}
    assert all(n.op in ALL_OPS for op in OPS for n in order([built(op)[0]]))
