"""One meaning in every form: the reading graph, the running graph and the matrix graph have the same derivatives.

The reading graph is as the person wrote it and keeps every name; the running graph is stabilised and has no names; the
matrix graph has whole arrays. Second derivatives are compared with JAX's Hessian.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import isclose, isfinite
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import pytest

from chainrule import Problem
from chainrule.evaluate import evaluate
from chainrule.explanation.asked import value_of
from chainrule.explanation.passes import default_result
from chainrule.graph import Graph, verify
from chainrule.lectures import lecture_names, lecture_text
from chainrule.node import INPUT, NAME, Node, label_of, name_node
from chainrule.numbers.array import items_of, of_nested, shape_of
from chainrule.numbers.floats import FLOATS
from chainrule.problem import load, loads
from chainrule.quantity import Derivative, Quantity, spell
from chainrule.transforms.recognise import recognise
from chainrule.transforms.reverse import reverse
from chainrule.transforms.simplify import erase_names, simplify
from chainrule.transforms.stabilise import stabilise
from chainrule.transforms.units import element_labels

jax.config.update("jax_enable_x64", True)

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.toml"))

# -- problems


def network(layers: list[int], activation: str, loss: str, extra: str = "", over: str = "") -> Problem:
    """A network with drawn weights; targets are proper probabilities, so that every loss is defined.

    With `over` ("sum" or "mean") it has three examples.
    """
    inputs = [0.3 + 0.4 * k for k in range(layers[0])]
    parts = [0.7**k for k in range(layers[-1])]
    target = [round(0.9 * part / sum(parts), 3) for part in parts]
    rows = [[round(x * (1 - 0.3 * n), 4) for x in inputs] for n in range(3)]
    targets = [target[n % len(target) :] + target[: n % len(target)] for n in range(3)]
    data = f"[examples]\nx = {rows}\nt = {targets}" if over else f"[given]\nx = {inputs}\nt = {target}"
    training = f'[training]\nrate = 0.1\nbatch = "all"\nover = "{over or "mean"}"'
    return loads(
        f"""
minimise = "E"
[network]
layers = {layers}
activation = {activation}
loss = "{loss}"
init = "uniform(-0.8, 0.8)"
seed = 7
{extra}
{data}
{training}
"""
    )


HIDDEN = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "softplus", "softmax", "linear")
ERRORS = ("half squared error", "squared error", "mean squared error", "absolute error", "huber")


def networks() -> Iterator[Any]:
    """Every activation with every loss that is defined for its outputs, and some shapes, notations and examples."""
    for one in HIDDEN:
        for loss in ERRORS:
            yield pytest.param([2, 3, 2], f'["{one}", "{one}"]', loss, "", "", id=f"{one}-{loss}")
        for output, loss in (("sigmoid", "binary cross entropy"), ("softmax", "cross entropy")):
            yield pytest.param([2, 3, 3], f'["{one}", "{output}"]', loss, "", "", id=f"{one}-{output}-{loss}")
    for layers in ([1, 1], [3, 1], [1, 3], [2, 4, 3, 2], [2, 1, 1, 1, 2]):
        yield pytest.param(layers, '"tanh"', "half squared error", "", "", id=f"shape-{layers}")
    for notation in ("matrix", "nptel", "numbered"):
        for bias in ("true", "false"):
            extra = f'notation = "{notation}"\nbias = {bias}'
            yield pytest.param([2, 2, 2], '"sigmoid"', "half squared error", extra, "", id=f"{notation}-bias-{bias}")
    extra = 'notation = "numbered"\nbias = "per layer"'
    yield pytest.param([2, 2, 2], '"sigmoid"', "half squared error", extra, "", id="numbered-per-layer")
    for over in ("sum", "mean"):
        yield pytest.param([2, 2, 2], '["tanh", "softmax"]', "cross entropy", "", over, id=f"examples-{over}")


NETWORKS = list(networks())

FORMULAS = (
    ("softplus-by-hand", "E = log(1 + exp(x)) + log(1 + exp(-y))", {"x": 1.5, "y": -0.5}),
    ("softplus-far-out", "E = log(1 + exp(x))", {"x": 30}),
    ("tanh-by-hand", "a = (exp(x) - exp(-x))/(exp(x) + exp(-x))\nE = a^2*y", {"x": 0.4, "y": 3}),
    ("sigmoid-by-hand", "a = 1/(1 + e^(-x))\nb = e^y/(1 + e^y)\nE = (a - b)^2", {"x": 0.4, "y": -2}),
    ("log-of-sigmoid", "a = sigmoid(x)\nE = -(y*ln(a) + (1 - y)*ln(1 - a))", {"x": 1.25, "y": 0.3}),
    ("logsumexp-by-hand", "s = exp(x) + exp(y)\nE = ln(s) - x", {"x": 2, "y": 3}),
    ("equal-quantities", "b = 2*a\nc = 2*a\nE = b*c + 3*(2*a)", {"a": 1.5}),
    ("powers", "E = x^y + x^3 + x^(-2) + sqrt(x^2) + 2^x", {"x": 1.7, "y": 2.3}),
    ("kinks", "E = relu(x) + max(x, y)^2 + abs(y) + min(x, y, 1)", {"x": 0.7, "y": -0.3}),
    ("fork-and-join", "u = x^2\nv = x*u\nw = u*v + u\nE = w*v/u", {"x": 1.3}),
    ("trigonometry", "E = sin(x)*cos(y) + exp(-x)*tanh(y) + log10(x) + gelu(y) + elu(-x)", {"x": 0.9, "y": 1.1}),
    ("stopped", "E = stop_gradient(x)*x + y", {"x": 0.9, "y": 1.1}),
    ("arrays", "v = W @ [x, y]\nE = sum(softmax(v)^2) + norm(v) + dot(v, v) + mean(W)",
     {"x": 0.9, "y": 1.1, "W": [[1, 2], [0.5, -1]]}),
)  # fmt: skip


def by_formulas(formulas: str, values: dict[str, Any]) -> Problem:
    return Problem.from_dict({"formulas": formulas, "minimise": "E", "parameters": values})


def named_problems() -> Iterator[Any]:
    for name in lecture_names():
        yield pytest.param(lambda name=name: loads(lecture_text(name) or ""), id=name)
    for path in EXAMPLES:
        yield pytest.param(lambda path=path: load(path), id=path.stem)
    for name, formulas, values in FORMULAS:
        yield pytest.param(lambda f=formulas, v=values: by_formulas(f, v), id=name)


# -- the forms


def first_values(problem: Problem) -> dict[Quantity, float]:
    """The inputs' values; symbols get some."""
    numbers = {symbol: 0.6 + 0.25 * k for k, symbol in enumerate(problem.symbols)}
    return {**numbers, **{label: float(value) for label, value in problem.values.items()}}


def target_of(problem: Problem) -> Quantity:
    found = problem.minimise or default_result(problem.units)
    assert found is not None
    return found


def inputs_below(graph: Graph, of: Quantity) -> list[Quantity]:
    return [label_of(n) for n in Graph({of: graph.outputs[of]}).nodes() if n.op is INPUT]


def derivatives(graph: Graph, of: Quantity, by: list[Quantity], values: dict[Quantity, Any]) -> list[float]:
    grown = reverse(Graph({of: graph.outputs[of]}), of, by)
    verify(grown)
    return evaluate([grown.outputs[of], *(grown.outputs[Derivative(of, label)] for label in by)], values)


def assert_same(found: list[float], expected: list[float], labels: list[str], *, relative: float = 1e-10) -> None:
    assert len(found) == len(expected) == len(labels)
    for own, other, label in zip(found, expected, labels, strict=True):
        assert isfinite(own), label
        assert isclose(own, other, rel_tol=relative, abs_tol=1e-13), f"{label}: {own!r} and {other!r}"


def nameless(graph: Graph, of: Quantity) -> Graph:
    """The graph of one quantity in which nothing but that has a name, so that what is equal is one node."""
    bare = erase_names(Graph({of: graph.outputs[of]}))
    assert not any(n.op is NAME for n in bare.nodes())
    return Graph({of: name_node(of, bare.outputs[of])})


def check_all_forms(problem: Problem) -> None:
    of, values = target_of(problem), first_values(problem)
    reading = problem.units
    by = inputs_below(reading, of)
    labels = [spell(of), *(spell(Derivative(of, label)) for label in by)]
    expected = derivatives(reading, of, by, values)
    bare = nameless(reading, of)
    forms = [
        stabilise(bare),
        stabilise(reading),
        nameless(stabilise(reading), of),
        recognise(reading),
        simplify(reading),
    ]
    for graph in forms:
        assert_same(derivatives(graph, of, by, values), expected, labels)


@pytest.mark.parametrize("make", list(named_problems()))
def test_reading_and_running_graph_agree(make: Any) -> None:
    check_all_forms(make())


@pytest.mark.parametrize(("layers", "activation", "loss", "extra", "over"), NETWORKS)
def test_reading_and_running_graph_agree_on_networks(
    layers: list[int], activation: str, loss: str, extra: str, over: str
) -> None:
    check_all_forms(network(layers, activation, loss, extra, over))


def test_a_reading_graph_that_overflows_has_a_running_graph_that_does_not() -> None:
    problem = by_formulas("E = log(1 + exp(x))", {"x": 1000})
    of, values = target_of(problem), first_values(problem)
    found = derivatives(stabilise(nameless(problem.units, of)), of, inputs_below(problem.units, of), values)
    assert found == [1000.0, 1.0]


# -- matrix level and unit level


@pytest.mark.parametrize(("layers", "activation", "loss", "extra", "over"), NETWORKS)
def test_matrix_and_unit_level_agree(layers: list[int], activation: str, loss: str, extra: str, over: str) -> None:
    problem = network(layers, activation, loss, extra, over)
    of, values = target_of(problem), first_values(problem)
    by = list(problem.parameter_arrays)
    unit_labels = {array: unit_labels_of(problem, array) for array in by}
    flat = [label for array in by for label in unit_labels[array]]
    by_units = derivatives(problem.units, of, flat, values)
    totals = [0.0] * len(by_units)
    examples = max(1, problem.examples)
    share = 1 / examples if problem.training.over == "mean" else 1.0
    for number in range(examples):
        found = of_one_example(problem, of, by, number)
        totals = [total + share * item for total, item in zip(totals, found, strict=True)]
    assert_same(by_units, totals, list(map(spell, [of, *flat])))


def unit_labels_of(problem: Problem, array: Quantity) -> list[Quantity]:
    return element_labels(array, shape_of(of_nested(problem.arrays[array])), problem.element)


def of_one_example(problem: Problem, of: Quantity, by: list[Quantity], number: int) -> list[float]:
    """The error of one example and its derivatives, from the graph of arrays, one number after the other."""
    graph = problem.graph
    present = graph.quantities()
    arrays = {
        label: as_floats(value[number] if label in problem.varying else value)
        for label, value in problem.arrays.items()
        if label in present
    }
    grown = reverse(graph, of, by)
    verify(grown)
    roots: list[Node] = [grown.outputs[of], *(grown.outputs[Derivative(of, label)] for label in by)]
    return [item for value in evaluate(roots, arrays) for item in items_of(value)]


def as_floats(nested: Any) -> Any:
    if isinstance(nested, list | tuple):
        return FLOATS.of_nested([as_floats(item) for item in nested])
    return float(nested) if isinstance(nested, Fraction | int) else nested


# -- second derivatives


def jax_error(w: Any) -> Any:
    x, t, b1, b2 = jnp.array([0.05, 0.1]), jnp.array([0.01, 0.99]), 0.35, 0.6
    hidden = jax.nn.sigmoid(w[:4].reshape(2, 2) @ x + b1)
    output = jax.nn.sigmoid(w[4:].reshape(2, 2) @ hidden + b2)
    return jnp.sum((t - output) ** 2) / 2


def test_all_second_derivatives_of_004_are_those_of_jax() -> None:
    weights = jnp.array([0.15, 0.2, 0.25, 0.3, 0.4, 0.45, 0.5, 0.55])
    expected = jax.hessian(jax_error)(weights)
    problem = loads(lecture_text("004") or "")
    for i in range(8):
        for j in range(8):
            found = value_of(problem, f"d(dE/dw{i + 1})/dw{j + 1}")
            assert abs(found - float(expected[i, j])) < 1e-10, (i, j)
            assert isclose(found, float(expected[i, j]), rel_tol=1e-10)


def test_first_derivatives_of_004_are_those_of_jax() -> None:
    weights = jnp.array([0.15, 0.2, 0.25, 0.3, 0.4, 0.45, 0.5, 0.55])
    expected = jax.grad(jax_error)(weights)
    problem = loads(lecture_text("004") or "")
    for i in range(8):
        assert isclose(value_of(problem, f"dE/dw{i + 1}"), float(expected[i]), rel_tol=1e-12)


def test_a_third_derivative() -> None:
    problem = by_formulas("E = x^3*y^2", {"x": 2, "y": 3})
    assert value_of(problem, "d(d(dE/dx)/dy)/dx") == 6 * 2 * 2 * 3


def test_tanh_written_with_exp_derives_to_one_minus_its_square() -> None:
    from chainrule.display import text
    from chainrule.explanation import explain

    problem = Problem.from_dict({"formulas": "a = (e^x - e^(-x))/(e^x + e^(-x))", "symbols": ["x"]})
    assert "da/dx = 1 - a^2\n" in text(explain(problem))


def test_softplus_by_hand_at_one_hundred_has_the_derivative_one() -> None:
    problem = Problem.from_dict({"formulas": "y = log(1 + exp(x))", "given": {"x": 100}})
    assert value_of(problem, "dy/dx") == 1.0
    far = Problem.from_dict({"formulas": "y = log(1 + exp(x))", "given": {"x": 1000}})
    assert value_of(far, "y") == 1000.0
    assert value_of(far, "dy/dx") == 1.0
