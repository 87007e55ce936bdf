"""Number systems: floats, NumPy and balls agree, and each has IEEE's answer at the edges."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import ShapeError
from chainrule.evaluate import compile_plan, evaluate
from chainrule.graph import Graph
from chainrule.node import input_node, name_node, node, type_of
from chainrule.numbers.array import Array, of_nested, to_nested
from chainrule.numbers.exact import exact_numbers
from chainrule.numbers.floats import FLOAT_SCALARS, FLOATS
from chainrule.numbers.vectorised import numpy_numbers
from chainrule.ops import TABLE
from chainrule.ops.functions import EXP
from chainrule.ops.reduction import LOGSUMEXP, SOFTMAX
from chainrule.quantity import Derivative, Name
from chainrule.transforms.reverse import reverse

INF, NAN = math.inf, math.nan
X, Y, E = Name("x"), Name("y"), Name("E")

# op, arguments, value: overflow, poles, signs, and what has no meaning.
EDGES: list[tuple[str, tuple[float, ...], float]] = [
    ("sigmoid", (1000.0,), 1.0),
    ("sigmoid", (-1000.0,), 0.0),
    ("sigmoid", (INF,), 1.0),
    ("sigmoid", (-INF,), 0.0),
    ("softplus", (1000.0,), 1000.0),
    ("softplus", (-1000.0,), 0.0),
    ("tanh", (1000.0,), 1.0),
    ("tanh", (-INF,), -1.0),
    ("exp", (1000.0,), INF),
    ("exp", (-1000.0,), 0.0),
    ("exp", (-INF,), 0.0),
    ("log", (0.0,), -INF),
    ("log", (-1.0,), NAN),
    ("log10", (0.0,), -INF),
    ("log10", (-1.0,), NAN),
    ("sqrt", (-1.0,), NAN),
    ("sqrt", (0.0,), 0.0),
    ("sqrt", (INF,), INF),
    ("div", (1.0, 0.0), INF),
    ("div", (-1.0, 0.0), -INF),
    ("div", (1.0, -0.0), -INF),
    ("div", (0.0, 0.0), NAN),
    ("power", (0.0, 0.0), 1.0),
    ("power", (-2.0, 3.0), -8.0),
    ("power", (-2.0, -2.0), 0.25),
    ("power", (-2.0, 0.5), NAN),
    ("power", (0.0, -1.0), INF),
    ("power", (-0.0, -1.0), -INF),
    ("power", (-0.0, -2.0), INF),
    ("power", (10.0, 400.0), INF),
    ("power", (-10.0, 401.0), -INF),
    ("power", (NAN, 0.0), 1.0),
    ("relu", (-0.0,), 0.0),
    ("relu", (INF,), INF),
    ("elu", (1000.0,), 1000.0),
    ("elu", (-1000.0,), -1.0),
    ("gelu", (-INF,), NAN),
    ("gelu", (-40.0,), 0.0),
    ("gelu", (1000.0,), 1000.0),
    ("sin", (INF,), NAN),
    ("cos", (-INF,), NAN),
    ("max", (NAN, 1.0), NAN),
    ("max", (1.0, NAN), NAN),
    ("min", (NAN, 1.0), NAN),
    ("min", (1.0, NAN), NAN),
    ("relu", (NAN,), NAN),
    ("leaky_relu", (NAN,), NAN),
    ("abs", (-INF,), INF),
    ("sigmoid", (NAN,), NAN),
    ("tanh", (NAN,), NAN),
    ("softplus", (NAN,), NAN),
    ("softplus", (INF,), INF),
    ("sub", (INF, INF), NAN),
    ("mul", (0.0, INF), NAN),
    ("leaky_relu", (-INF,), -INF),
    ("erf", (INF,), 1.0),
    ("elu", (NAN,), NAN),
    ("exp", (NAN,), NAN),
    ("log", (INF,), INF),
]


def value(name: str, args: tuple[float, ...], numbers: Any) -> float:
    inputs = [input_node(Name(f"x{k}")) for k in range(len(args))]
    given = {Name(f"x{k}"): a for k, a in enumerate(args)}
    return float(evaluate([node(TABLE[name], tuple(inputs))], given, numbers=numbers)[0])


@pytest.mark.parametrize(("name", "args", "expected"), EDGES)
def test_edges(name: str, args: tuple[float, ...], expected: float) -> None:
    for numbers in (FLOATS, numpy_numbers()):
        found = value(name, args, numbers)
        assert found == expected or (found != found and expected != expected), f"{numbers.s.name}: {found}"


wild = st.one_of(st.floats(), st.sampled_from([0.0, -0.0, INF, -INF, NAN, 1e308, -1e308, 5e-324, 1.0, -1.0]))
ELEMENTWISE = [op.name for op in TABLE.values() if op.elementwise and op.name != "where"]


@pytest.mark.parametrize("name", ELEMENTWISE)
@given(data=st.data())
def test_floats_and_numpy_agree_everywhere(name: str, data: st.DataObject) -> None:
    args = tuple([data.draw(wild) for _ in range(TABLE[name].arity or 0)])
    a, b = value(name, args, FLOATS), value(name, args, numpy_numbers())
    assert a == pytest.approx(b, rel=1e-14, abs=1e-300, nan_ok=True)


@given(st.integers(-(10**6), 10**6), st.integers(1, 10**6))
def test_a_constant_is_the_nearest_float_in_each_system(top: int, bottom: int) -> None:
    exact = exact_numbers(200)
    with exact.s.context():
        ball = exact.s.of(Fraction(top, bottom))
    assert FLOAT_SCALARS.of(Fraction(top, bottom)) == top / bottom == float(numpy_numbers().s.of(Fraction(top, bottom)))
    assert float(ball) == top / bottom


def test_constants_beyond_floats_are_infinite() -> None:
    assert FLOAT_SCALARS.of(Fraction(10) ** 400) == INF
    assert numpy_numbers().s.of(-(Fraction(10) ** 400)) == -INF


@pytest.mark.parametrize("numbers", [FLOATS, numpy_numbers()], ids=lambda n: n.s.name)
def test_softmax_and_logsumexp_never_overflow(numbers: Any) -> None:
    x = input_node(X, type_of("real", (3,)))
    given = {X: numbers.of_nested([1000.0, -1000.0, 1000.0])}
    soft, log = evaluate([SOFTMAX(x, attribute=(0,)), LOGSUMEXP(x, attribute=(0,))], given, numbers=numbers)
    assert list(numbers.to_nested(soft)) == [0.5, 0.0, 0.5]
    assert float(log) == pytest.approx(1000 + math.log(2))


def test_derivatives_at_the_ends_are_finite() -> None:
    for name, at, expected in [("sigmoid", 1000, 0), ("softplus", 1000, 1), ("softplus", -1000, 0), ("tanh", -1000, 0)]:
        x = input_node(X)
        graph = reverse(Graph({E: name_node(E, node(TABLE[name], (x,)))}), E)
        assert evaluate([graph.outputs[Derivative(E, X)]], {X: float(at)}) == [expected]


def test_the_power_of_a_negative_base_has_its_derivative() -> None:
    x = input_node(X)
    graph = reverse(Graph({E: name_node(E, x**3)}), E)
    assert evaluate([graph.outputs[Derivative(E, X)]], {X: -2.0}) == [12.0]


# Arrays


@given(st.lists(st.integers(1, 3), max_size=3), st.data())
def test_arrays_do_what_numpy_does(shape: list[int], data: st.DataObject) -> None:
    a = np.arange(1.0, 1 + math.prod(shape)).reshape(shape)
    mine = of_nested(a.tolist())
    assert FLOATS.shape(mine) == a.shape
    permutation = tuple(data.draw(st.permutations(range(len(shape)))))
    axes = tuple(sorted(data.draw(st.sets(st.sampled_from(range(len(shape)))) if shape else st.just(set()))))
    wide = (2, *shape)
    for found, expected in [
        (FLOATS.transpose(mine, permutation), a.transpose(permutation)),
        (FLOATS.sum(mine, axes), a.sum(axis=axes)),
        (FLOATS.fold(max, mine, axes), a.max(axis=axes)),
        (FLOATS.broadcast(mine, wide), np.broadcast_to(a, wide)),
        (FLOATS.reshape(mine, (1, a.size)), a.reshape(1, a.size)),
        (FLOATS.stack(mine, mine), np.stack([a, a])),
    ]:
        assert FLOATS.shape(found) == expected.shape
        assert np.array_equal(to_nested(found), expected.tolist())


def test_ragged_rows_and_empty_folds_are_errors() -> None:
    with pytest.raises(ShapeError, match="rows of an array differ in shape"):
        of_nested([[1.0], [2.0, 3.0]])
    with pytest.raises(ShapeError, match="empty array"):
        FLOATS.fold(max, Array((0,), []), (0,))
    assert FLOATS.sum(Array((0,), []), (0,)) == 0


def test_a_wrong_shape_is_named() -> None:
    x = input_node(X, type_of("real", ("N", 2)))
    y = input_node(Y, type_of("real", ("N",)))
    with pytest.raises(ShapeError, match=r"x has the shape \(3\), expected \(N, 2\)"):
        evaluate([x], {X: of_nested([1.0, 2.0, 3.0])})
    with pytest.raises(ShapeError, match=r"y has the shape \(3\)"):
        evaluate([x, y], {X: of_nested([[1.0, 2.0]]), Y: of_nested([1.0, 2.0, 3.0])})
    with pytest.raises(ShapeError, match="the input x has no value"):
        evaluate([x], {})


def test_a_plan_gives_the_values_of_evaluate() -> None:
    x, y = input_node(X), input_node(Y)
    roots = [name_node(E, EXP(x) * y + 1), x]
    plan = compile_plan(roots, [x, y])
    assert plan(0.5, 2.0) == evaluate(roots, {X: 0.5, Y: 2.0})
    with pytest.raises(ShapeError, match="the input y has no value"):
        compile_plan(roots, [x])


# Balls


@given(st.fractions(-3, 3, max_denominator=50))
def test_balls_hold_the_float_value(x: Fraction) -> None:
    exact = exact_numbers(200)
    for name in ("exp", "sin", "cos", "tanh", "sigmoid", "softplus", "erf", "gelu", "elu", "relu", "abs", "leaky_relu"):
        with exact.s.context():
            given = {X: exact.s.of(x)}
            (ball,) = evaluate([node(TABLE[name], (input_node(X),))], given, numbers=exact)
            assert ball.rad() < 1e-50
        assert float(ball) == pytest.approx(value(name, (float(x),), FLOATS), rel=1e-13, abs=1e-15)


def test_balls_of_integer_powers_take_negative_bases() -> None:
    exact = exact_numbers(100).s
    with exact.context():
        assert float(exact.power(exact.of(-2), exact.of(3))) == -8
        assert math.isnan(float(exact.power(exact.of(-2), exact.of(Fraction(1, 2)))))
        assert float(exact.power(exact.of(0), exact.of(0))) == 1
        assert float(exact.sigmoid(exact.of(-(10**6)))) == 0
