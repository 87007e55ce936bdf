"""The gradient checker, checked: rules wrong by 0.1 % are caught and named, right ones and kinks are not blamed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule import functions as fn
from chainrule.errors import GradientError
from chainrule.graph import Graph
from chainrule.node import Node, Op, input_node, name_node, node, type_of
from chainrule.ops import ALL_OPS
from chainrule.ops.arithmetic import MUL
from chainrule.ops.choices import GREATER, STOP_GRADIENT
from chainrule.ops.functions import EXP, SIGMOID
from chainrule.ops.reduction import SUM
from chainrule.quantity import Name

X, E, H = Name("x"), Name("E"), Name("h")

# Shapes and an attribute for what is not elementwise.
SHAPES: dict[str, tuple[list[tuple[int, ...]], Any]] = {
    **dict.fromkeys(["sum", "mean", "norm", "largest", "smallest", "logsumexp"], ([(2, 3)], (1,))),
    "softmax": ([(2, 3)], (1,)),
    "softmax_unit": ([(), (), ()], 1),
    "logsumexp_unit": ([(), ()], None),
    "matmul": ([(2, 3), (3, 2)], None),
    "outer": ([(2,), (3,)], None),
    "dot": ([(3,), (3,)], None),
    "transpose": ([(2, 3)], (1, 0)),
    "reshape": ([(2, 3)], (6,)),
    "broadcast": ([(3,)], (2, 3)),
    "index": ([(2, 3)], (1, (0, 2))),
    "scatter": ([(2,)], ((2, 3), (1, (0, 2)))),
    "concat": ([(2,), (3,)], 0),
    "stack": ([(2,), (2,)], None),
}
APART = {"name": "reverse itself cuts at names and asks no rule"}
RULES = [op for op in ALL_OPS if op.vjp is not None and op.arity != 0 and op.name not in APART]
each_rule = pytest.mark.parametrize("op", RULES, ids=lambda op: op.name)


def around(op: Op) -> tuple[Graph, dict[str, Any]]:
    """E = (the sum of weighted elements of op(...))^2 / 7 at a point in its domain."""
    shapes, attribute = SHAPES.get(op.name, ([(2,)] * (op.arity or 1), None))
    args: list[Node] = []
    values: dict[str, Any] = {}
    place = 0
    for k, shape in enumerate(shapes):
        x = input_node(Name(f"x{k}"), type_of("real", shape))
        low, high = op.domain[min(k, len(op.domain) - 1)]
        numbers = []
        for _ in range(int(np.prod(shape))):
            place += 1
            numbers.append(round(low + (high - low) * (place * 0.381966 % 1), 3))
        values[f"x{k}"] = np.array(numbers).reshape(shape)
        args.append(GREATER(x, 0) if op.name == "where" and k == 0 else x)
    out = node(op, tuple(args), attribute)
    size = int(np.prod(out.type.shape))
    values["weights"] = (np.arange(1, size + 1) / 3).reshape(out.type.shape)
    product = node(MUL, (out, input_node(Name("weights"), type_of("real", out.type.shape))))
    h = name_node(H, SUM(product, attribute=tuple(range(len(product.type.shape)))))
    return Graph({E: name_node(E, h * h / 7)}), values


def spoilt(op: Op, how: Callable[[Node], Node]) -> Op:
    """The op with a rule that passes on `how(cotangent)` instead of each cotangent."""
    rule = op.vjp
    assert rule is not None
    return replace(op, vjp=lambda *args: tuple([None if c is None else how(c) for c in rule(*args)]))


@each_rule
def test_a_right_rule_is_right_at_both_orders(op: Op) -> None:
    graph, values = around(op)
    report = cr.gradcheck(graph, values, order=2)
    assert report.ok, str(report)
    assert report.magnitude < 1e-15
    assert report.worst is None
    assert not report.kinks


@each_rule
def test_a_rule_wrong_by_a_thousandth_is_caught_and_named(op: Op) -> None:
    graph, values = around(spoilt(op, lambda c: c * Fraction(1001, 1000)))
    report = cr.gradcheck(graph, values)
    assert not report.ok
    assert report.worst is not None
    assert report.worst.op == op.name
    assert report.worst.magnitude == pytest.approx(1e-3, rel=0.01)
    assert {fault.op for fault in report.faults} == {op.name}
    assert op.name in report.reason
    assert "0.0999 %" in report.reason


@each_rule
def test_a_rule_wrong_in_the_second_derivative_only_is_caught_and_named(op: Op) -> None:
    # The value of the cotangent is right, a thousandth of it is hidden from the next derivative.
    graph, values = around(spoilt(op, lambda c: c * Fraction(999, 1000) + STOP_GRADIENT(c) * Fraction(1, 1000)))
    assert cr.gradcheck(graph, values).ok
    report = cr.gradcheck(graph, values, order=2)
    assert not report.ok
    assert report.worst is not None
    assert (report.worst.op, report.worst.order) == (op.name, 2)


def test_every_op_with_a_rule_is_tried() -> None:
    assert all(op.elementwise or op.name in SHAPES for op in RULES)


def test_the_argument_the_element_and_the_quantity_are_named() -> None:
    x, y = (input_node(Name(t), type_of("real", (3,))) for t in "xy")

    def rule(g: Node, out: Node, a: Node, b: Node) -> tuple[Node, Node]:
        return g * b, g * a * fn.lift([1, 1, Fraction(1001, 1000)]).node

    h = name_node(H, node(replace(MUL, vjp=rule), (x, y)))
    report = cr.gradcheck(Graph({E: name_node(E, SUM(EXP(h), attribute=(0,)))}), {"x": [1, 2, 3], "y": [0.1, 0.2, 0.3]})
    (fault,) = report.faults
    assert (fault.op, fault.argument, fault.element, fault.inside) == ("mul", 2, (3,), "h")
    assert str(report).splitlines()[0] == "wrong: the rule of mul is wrong by 0.0999 %."
    assert "the rule of mul in h, by its argument 2[3]: the derivative should be" in str(report)


def test_a_kink_is_recognised_and_not_blamed() -> None:
    report = cr.gradcheck(lambda x: 3 * fn.relu(x), 0.0)
    assert report.ok
    (kink,) = report.kinks
    assert (kink.left, kink.right, kink.found) == (0.0, 1.0, 0.0)
    assert "left slope 0, right slope 1, any value between is acceptable; found 0" in str(report)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: fn.abs(x - 1),
        lambda x: fn.maximum(x, 1),
        lambda x: fn.minimum(x, 2 - x),
        lambda x: fn.leaky_relu(x - 1),
        lambda x: fn.max(fn.stack([x, 2 - x])),
        lambda x: fn.where(x > 1, x**2, x),
        lambda x: fn.elu(x - 1),
    ],
)
def test_kinks_of_every_kind_pass_at_both_orders(f: Callable[[Any], Any]) -> None:
    assert cr.gradcheck(f, 1).ok
    assert cr.gradcheck(f, 1, order=2).ok


def test_a_value_outside_the_two_slopes_of_a_kink_is_a_fault() -> None:
    relu = next(op for op in ALL_OPS if op.name == "relu")
    bad = replace(relu, vjp=lambda g, out, x: (g * -1,))
    report = cr.gradcheck(Graph({E: name_node(E, node(bad, (input_node(X),)))}), {"x": 0})
    assert not report.ok
    assert report.worst is not None
    assert report.worst.op == "relu"


def test_a_fault_beside_a_kink_is_still_found() -> None:
    bad = spoilt(SIGMOID, lambda c: c * Fraction(1001, 1000))
    x = input_node(X)
    relu = next(op for op in ALL_OPS if op.name == "relu")
    report = cr.gradcheck(Graph({E: name_node(E, node(relu, (x,)) + node(bad, (x,)))}), {"x": 0})
    assert not report.ok
    assert report.kinks
    assert report.worst is not None
    assert report.worst.op == "sigmoid"


def test_stop_gradient_is_taken_at_its_word() -> None:
    assert cr.gradcheck(lambda x: x * fn.stop_gradient(x**2), 1.5, order=2).ok


def test_a_problem_is_checked_by_its_units() -> None:
    x = input_node(X)
    graph = Graph({E: name_node(E, EXP(x) * x)})
    problem = SimpleNamespace(units=graph, values={X: Fraction(1, 3)}, minimise=E)
    assert cr.gradcheck(problem, order=2).ok


def test_a_network_of_arrays_in_a_dict() -> None:
    def loss(params: Any, x: Any) -> Any:
        hidden = np.tanh(params["W"] @ x + params["b"])
        return np.sum((hidden - 1) ** 2) / 2

    params = {"W": np.arange(6.0).reshape(3, 2) / 7, "b": [0.1, 0.2, -0.3]}
    assert cr.gradcheck(loss, params, np.array([0.5, -1.0]), order=2).ok


# One's own pair


def logistic(w: Any) -> Any:
    return np.sum(np.log1p(np.exp(w)))


POINT = np.array([0.3, -1.2, 2.0])


def test_a_right_pair_passes_and_says_how_good_the_step_is() -> None:
    report = cr.gradcheck((logistic, lambda w: 1 / (1 + np.exp(-w))), POINT, order=2)
    assert report.ok
    assert report.magnitude < 1e-8
    assert 0 < report.step_error < 1e-6


def test_a_wrong_pair_says_which_element_and_by_how_much() -> None:
    report = cr.gradcheck((logistic, lambda w: np.array([1, 1, 1.001]) / (1 + np.exp(-w))), POINT)
    assert not report
    (fault,) = report.faults
    assert (fault.argument, fault.element) == ("argument 1", (3,))
    assert fault.magnitude == pytest.approx(1e-3, rel=0.01)
    assert "by argument 1[3]: the derivative should be 0.88" in str(report)


def test_a_pair_of_several_arguments_lists_and_floats() -> None:
    def f(a: float, b: list[float]) -> float:
        return a * (b[0] ** 2 + b[1])

    def right(a: float, b: list[float]) -> Any:
        return b[0] ** 2 + b[1], [2 * a * b[0], a]

    assert cr.gradcheck((f, right), 0.5, [1.0, 2.0], order=2)
    assert not cr.gradcheck((f, lambda a, b: (right(a, b)[0], [a * b[0], a])), 0.5, [1.0, 2.0])
    assert cr.gradcheck((f, lambda a, b: right(a, b)[0]), 0.5, [1.0, 2.0]), "by the first argument, as jax.grad"


def test_a_kink_of_a_pair() -> None:
    def relu(x: Any) -> Any:
        return np.sum(np.maximum(x, 0))

    point = np.array([1.0, 0.0])
    report = cr.gradcheck((relu, lambda x: 1.0 * (x > 0)), point)
    assert report.ok
    assert report.kinks[0].right == pytest.approx(1)
    assert report.kinks[0].where == "argument 1[2] = 0"
    assert not cr.gradcheck((relu, lambda x: 1.0 * (x > 0) + 2 * (x == 0)), point)


def test_a_gradient_of_no_function_is_caught_at_second_order() -> None:
    # Right at the point itself, but not around it.
    def field(x: Any) -> Any:
        return 2 * x + (x[0] - 1.0) * np.array([0.0, 1.0])

    pair, point = (lambda x: np.sum(x**2), field), np.array([1.0, 2.0])
    assert cr.gradcheck(pair, point).ok
    assert not cr.gradcheck(pair, point, order=2).ok


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: cr.gradcheck(lambda x: x, 1.0, order=3), "found order=3"),
        (lambda: cr.gradcheck(lambda x: x, 1.0, directions=0), "directions=0"),
        (lambda: cr.gradcheck("x"), "expected a graph, a problem, a function"),
        (lambda: cr.gradcheck(lambda x: np.log(x), 0.0), "not a finite number"),
        (lambda: cr.gradcheck(lambda x: 1 / x, 0.0), "not a finite number"),
        (lambda: cr.gradcheck(lambda x: x, float("nan")), "finite number was expected"),
        (lambda: cr.gradcheck(lambda x: (x, x), 1.0), "found 2 outputs"),
        (lambda: cr.gradcheck(lambda x: x, [1.0, 2.0]), "only a single number has a gradient"),
        (lambda: cr.gradcheck(cr.trace(lambda x: x * x), 1.0), "at one dict of values"),
        (lambda: cr.gradcheck(cr.trace(lambda x: x * x), {"y": 1.0}), "the input x has no value"),
        (lambda: cr.gradcheck((lambda x: x, lambda x: x), POINT), "expected a single number"),
        (lambda: cr.gradcheck((logistic, lambda x: x[:2]), POINT), "the gradient has the shape"),
    ],
)
def test_what_cannot_be_checked_is_one_clear_line(call: Callable[[], Any], text: str) -> None:
    with pytest.raises(GradientError, match=text) as caught:
        call()
    assert "\n" not in str(caught.value)
