"""The program is the lecture's, is valid Python, and running it gives the numbers of the reference evaluator."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chainrule.errors import GradientError, GraphError, ShapeError
from chainrule.evaluate import evaluate_all
from chainrule.formula.definitions import parse_definitions
from chainrule.formula.lowering import Block, define
from chainrule.graph import Graph
from chainrule.node import Node, const, input_node, label_of, name_node, node, type_of
from chainrule.ops import TABLE
from chainrule.printing.python_code import identifier
from chainrule.quantity import Derivative, Element, Name, Quantity, Updated, spell
from chainrule.transforms.reverse import reverse
from chainrule.views.code import code

LECTURE_002 = """\
# Set input
w = 5; x = 3; y = 2; z = 4
# Forward pass
v = x * y
u = w + v
f = u * z
# Backward pass
dfdu = z
dfdz = u
dfdw = 1 * dfdu  # dudw = 1
dfdv = 1 * dfdu  # dudv = 1
dfdx = y * dfdv  # dvdx = y
dfdy = x * dfdv  # dvdy = x
"""

NETWORK = """
h1 = w1*x1 + w2*x2 + b1
out_h1 = sigmoid(h1)
h2 = w3*x1 + w4*x2 + b1
out_h2 = sigmoid(h2)
o1 = w5*out_h1 + w6*out_h2 + b2
out_o1 = sigmoid(o1)
o2 = w7*out_h1 + w8*out_h2 + b2
out_o2 = sigmoid(o2)
E1 = 1/2*(t1 - out_o1)^2
E2 = 1/2*(t2 - out_o2)^2
E = E1 + E2
"""
GIVEN = {
    "x1": "0.05", "x2": "0.10", "t1": "0.01", "t2": "0.99", "b1": "0.35", "b2": "0.60", "rate": "0.5",
    "w1": "0.15", "w2": "0.20", "w3": "0.25", "w4": "0.30", "w5": "0.40", "w6": "0.45", "w7": "0.50", "w8": "0.55",
}  # fmt: skip
WEIGHTS = [f"w{k}" for k in range(1, 9)]


def definitions(text: str, inputs: Mapping[str, object]) -> tuple[dict[str, Node], dict[str, Node]]:
    scope = {name: input_node(Name(name)) for name in inputs}
    return scope, define([Block(text, parse_definitions(text))], scope)


def numbers(inputs: Mapping[str, object]) -> dict[Quantity, Fraction | float]:
    return {Name(name): Fraction(str(value)) for name, value in inputs.items()}


def backward_of(defined: Mapping[str, Node], of: str, by: Sequence[str] | None = None) -> Graph:
    graph = Graph({Name(name): n for name, n in defined.items()})
    return reverse(graph, Name(of), None if by is None else [Name(name) for name in by])


def program(text: str, of: str, **inputs: object) -> str:
    _, defined = definitions(text, inputs)
    return code(list(defined.values()), inputs=numbers(inputs), backward=backward_of(defined, of))


def run(text: str) -> dict[str, Any]:
    space: dict[str, Any] = {}
    exec(compile(text, "program", "exec"), space)
    return space


def test_lecture_002() -> None:
    text = program("v = x*y\nu = w + v\nf = u*z", "f", w=5, x=3, y=2, z=4)
    assert text == LECTURE_002
    found = run(text)
    assert [found[n] for n in ("f", "dfdw", "dfdz", "dfdx", "dfdy")] == [44, 4, 11, 8, 12]


def network() -> tuple[str, dict[str, Node], dict[Quantity, Fraction | float]]:
    scope, defined = definitions(NETWORK, GIVEN)
    backward = backward_of(defined, "E", WEIGHTS)
    labels: list[Quantity] = [Derivative(Name("E"), Name(w)) for w in WEIGHTS]
    updates = [
        name_node(Updated(Name(w)), scope[w] - scope["rate"] * backward.outputs[label])
        for w, label in zip(WEIGHTS, labels, strict=True)
    ]
    inputs = numbers(GIVEN)
    text = code(list(defined.values()), inputs=inputs, backward=backward, shown=labels, updates=updates)
    return text, {**defined, **{f"{w}_new": n for w, n in zip(WEIGHTS, updates, strict=True)}}, inputs


def test_lecture_004_has_the_figures() -> None:
    found = run(network()[0])
    assert f"{found['E']:.9f}" == "0.298371109"
    assert f"{found['dEdw5']:.9f}" == "0.082167041"
    assert f"{found['dEdout_h1']:.9f}" == "0.036350306"
    assert f"{found['w5_new']:.9f}" == "0.358916480"
    assert f"{found['w1_new']:.9f}" == "0.149780716"


def test_lecture_004_reads_like_the_board() -> None:
    text = network()[0]
    for line in (
        "dEdout_h1 = w5 * dEdo1 + w7 * dEdo2  # do1dout_h1 = w5, do2dout_h1 = w7",
        "dEdh1 = (out_h1 * (1 - out_h1)) * dEdout_h1  # dout_h1dh1 = out_h1 * (1 - out_h1)",
        "E1 = 1/2 * (t1 - out_o1)**2",
        "w1_new = w1 - rate * dEdw1",
        "# Update",
    ):
        assert line in text.splitlines()
    assert text.startswith("from math import exp\n\n\ndef sigmoid(z):\n")
    setting = text.partition("# Set input\n")[2].partition("# Forward")[0].splitlines()
    assert len(setting) == 3
    assert max(map(len, setting)) <= 79
    assert text.index("dEdo1 = ") < text.index("dEdw5 = ") < text.index("dEdh1 = ") < text.index("dEdw1 = ")


def test_lecture_004_agrees_with_the_evaluator() -> None:
    text, defined, inputs = network()
    values = {label: float(value) for label, value in inputs.items()}
    table = evaluate_all(list(defined.values()), values)
    found = run(text)
    for name, n in defined.items():
        assert found[name] == pytest.approx(table[n], rel=1e-13)


def test_only_what_was_asked_for_and_what_it_needs() -> None:
    scope, defined = definitions("v = x*y\nu = w + v\nf = u*z", dict.fromkeys("wxyz"))
    backward = backward_of(defined, "f")
    inputs = numbers({"w": 5, "x": 3, "y": 2, "z": 4})
    text = code([defined["f"]], inputs=inputs, backward=backward, shown=[Derivative(Name("f"), Name("x"))])
    assert "dfdw" not in text
    assert "dfdz" not in text
    assert run(text)["dfdx"] == 8
    assert code([scope["x"]], inputs={}) == "# Set input\n# without a value: x\n"


def test_names_without_a_value_are_listed() -> None:
    _, defined = definitions("x = t^2\ny = 5*x + 3", {"t": 0})
    text = code(list(defined.values()), inputs={})
    assert text == "# Set input\n# without a value: t\n# Forward pass\nx = t**2\ny = 5 * x + 3\n"


def test_numbers_are_given_as_they_were_printed() -> None:
    inputs: dict[Quantity, Fraction | float] = {
        Name("a"): Fraction("0.10"),
        Name("b"): Fraction(1, 3),
        Name("c"): Fraction(0.1),
        Name("d"): -1e-7,
        Name("g"): Fraction("-1.7"),
        Name("h"): Fraction(10) ** 20,
    }
    text = code([], inputs=inputs)
    assert text == "# Set input\na = 0.1; b = 1 / 3; c = 0.1; d = -1e-07; g = -1.7; h = 1e+20\n"


def test_contributions_are_added_and_factors_bracketed() -> None:
    text = program("s = a - b\np = (a + b)*a\nf = s*p - s", "f", a=2, b=3)
    assert "dfda = 1 * dfds + (a + b + a) * dfdp  # dsda = 1, dpda = a + b + a" in text.splitlines()
    assert "dfdb = -1 * dfds + a * dfdp  # dsdb = -1, dpdb = a" in text.splitlines()


def test_a_factor_that_is_only_direct_says_so() -> None:
    _, defined = definitions("u = x^2\nv = x*u\nE = 2*v", {"x": 3})
    text = code(
        list(defined.values()),
        inputs=numbers({"x": 3}),
        backward=backward_of(defined, "E"),
        other_route=lambda through, by: (through, by) == (Name("v"), Name("x")),
    )
    assert "dvdx (direct) = u" in text
    assert run(text)["dEdx"] == 54


def test_names_of_deltas() -> None:
    _, defined = definitions("o = sigmoid(h)\nE = (t - o)^2", {"h": 0, "t": 1})
    delta = Derivative(Name("E"), Name("h"))
    text = code(
        list(defined.values()),
        inputs=numbers({"h": 0, "t": 1}),
        backward=backward_of(defined, "E", ["h"]),
        rename=lambda q: Name("delta_h") if q == delta else q,
    )
    assert "delta_h = (o * (1 - o)) * dEdo" in text
    with pytest.raises(GraphError, match="same name"):
        code(list(defined.values()), inputs={}, rename=lambda q: Name("a"))


def test_names_python_would_misread() -> None:
    text = program("max = max(lambda, exp)\nf = max*exp(lambda)", "f", exp=2, **{"lambda": 1})
    found = run(text)
    assert found["f"] == pytest.approx(2 * math.e)
    assert found["max_"] == 2


@pytest.mark.parametrize(
    ("formula", "x", "y", "dx", "dy"),
    [
        ("max(x, y)", 2, 1, 1, 0),
        ("max(x, y)", 1, 2, 0, 1),
        ("max(x, y)", 2, 2, 0.5, 0.5),
        ("min(x, y)", 2, 1, 0, 1),
        ("relu(x) + 0*y", 0, 1, 0, 0),
        ("relu(x) + y", 3, 1, 1, 1),
        ("where(x > y, x*y, x - y)", 3, 1, 1, 3),
        ("where(x > y, x*y, x - y)", 1, 3, 1, -1),
        ("abs(x)*abs(y)", -2, 3, -3, 2),
        ("leaky_relu(x) + elu(y)", -1, 2, 0.01, 1),
        ("stop_gradient(x)*y", 3, 5, 0, 3),
    ],
)
def test_kinks(formula: str, x: int, y: int, dx: float, dy: float) -> None:
    found = run(program(f"m = {formula}\nf = 2*m + 0*x*y", "f", x=x, y=y))
    assert (found["dfdx"], found["dfdy"]) == (2 * dx, 2 * dy)


def test_a_max_reads_as_a_choice() -> None:
    text = program("m = max(x, y)\nf = m*z", "f", x=1, y=2, z=3)
    assert "dfdx = (1 if x > y else (0 if x < y else 1/2)) * dfdm" in text


def test_units_of_a_softmax() -> None:
    z = [input_node(Element(Name("z"), (k,))) for k in (1, 2, 3)]
    p = [name_node(Element(Name("p"), (k + 1,)), node(TABLE["softmax_unit"], tuple(z), k)) for k in range(3)]
    loss = name_node(Name("E"), -TABLE["log"](p[1]))
    inputs: dict[Quantity, Fraction | float] = {label_of(n): Fraction(k) for k, n in enumerate(z)}
    text = code([*p, loss], inputs=inputs, backward=reverse(Graph({Name("E"): loss}), Name("E")))
    found = run(text)
    assert found["dEdz_1"] == pytest.approx(found["p_1"])
    assert found["dEdz_2"] == pytest.approx(found["p_2"] - 1)


def test_second_derivatives() -> None:
    _, defined = definitions("u = x^2*y\nf = u^2", {"x": 0, "y": 0})
    first = backward_of(defined, "f", ["x"])
    slope = Derivative(Name("f"), Name("x"))
    second = reverse(first, slope, [Name("y")])
    found = run(
        code(
            list(defined.values()),
            inputs=numbers({"x": 2, "y": 3}),
            backward=second,
            shown=[slope, Derivative(slope, Name("y"))],
        )
    )
    assert found["dfdx"] == pytest.approx(4 * 2**3 * 3**2)
    assert found["ddfdxdy"] == pytest.approx(8 * 2**3 * 3)


def test_what_cannot_be_printed_is_refused() -> None:
    w = input_node(Name("W"), type_of("real", (2, 2)))
    total = name_node(Name("E"), TABLE["sum"](w, attribute=(0, 1)))
    with pytest.raises(ShapeError, match="W is an array"):
        code([total], inputs={}, backward=reverse(Graph({Name("E"): total}), Name("E")))
    with pytest.raises(GradientError, match="dE/dq"):
        code([], inputs={}, backward=Graph({}), shown=[Derivative(Name("E"), Name("q"))])


def test_long_sums_and_long_chains_are_programs_python_can_read() -> None:
    x = input_node(Name("x"))
    many = [name_node(Name(f"a{k}"), x * k + 1) for k in range(3000)]
    total, factors = many[0], x
    for k, term in enumerate(many[1:]):
        total = total - term if k % 2 else total + term
        factors = factors * (x + k)
    last = name_node(Name("E"), total)
    power = name_node(Name("p"), factors / 3)
    backward = reverse(Graph({Name("E"): last}), Name("E"), [Name("x")])
    text = code([*many, last, power], inputs={Name("x"): Fraction(1, 8)}, backward=backward)
    ast.parse(text)
    table = evaluate_all([last, power, *backward.outputs.values()], {Name("x"): 0.125})
    found = run(text)
    assert found["E"] == table[last]
    assert found["p"] == table[power]
    assert found["dEdx"] == table[backward.outputs[Derivative(Name("E"), Name("x"))]]


def test_a_chain_of_20000_definitions() -> None:
    current = input_node(Name("x"))
    for k in range(20_000):
        current = name_node(Name(f"v{k}"), current + Fraction(1, 2))
    graph = Graph({label_of(current): current})
    text = code([current], inputs={Name("x"): 1.0}, backward=reverse(graph, label_of(current), [Name("x")]))
    assert run(text)["dv19999dx"] == 1


# Random graphs.


OPS = ["add", "sub", "mul", "div", "max", "sigmoid", "tanh", "relu", "where", "neg", "exp"]


@st.composite
def graphs(draw: st.DrawFn) -> list[Node]:
    nodes: list[Node] = [input_node(Name(name)) for name in ("x", "y", "e")]
    for k in range(draw(st.integers(1, 8))):
        args = [draw(st.sampled_from(nodes)) for _ in range(4)]
        constant = const(draw(st.fractions(-2, 2, max_denominator=6)))
        op = draw(st.sampled_from(OPS))
        if op == "where":
            body = node(TABLE[op], (node(TABLE["greater"], (args[0], args[1])), args[2], args[3]))
        else:
            body = node(TABLE[op], tuple(args[: TABLE[op].arity or 1]))
        other = draw(st.sampled_from([constant, args[0], args[1]]))
        outer = draw(st.sampled_from(["add", "mul", "sub"]))
        body = node(TABLE[outer], (body, other) if draw(st.booleans()) else (other, body))
        nodes.append(name_node(Name(f"v{k}"), body))
    return nodes[3:]


POINT = st.sampled_from([-1.5, -1.0, -0.25, 0.0, 0.5, 1.0, 2.0])


@given(graphs(), POINT, POINT, POINT)
def test_a_program_has_the_values_of_the_graph(defined: list[Node], x: float, y: float, e: float) -> None:
    inputs: dict[Quantity, Fraction | float] = {Name("x"): Fraction(x), Name("y"): y, Name("e"): Fraction(e)}
    graph = Graph({label_of(n): n for n in defined})
    of = label_of(defined[-1])
    backward = reverse(graph, of)
    values = {label: float(value) for label, value in inputs.items()}
    roots = backward.roots()
    table = evaluate_all(roots, values)
    assume(all(isinstance(v, bool) or (math.isfinite(v) and abs(v) < 1e100) for v in table.values()))
    text = code(defined, inputs=inputs, backward=backward)
    assert text == code(defined, inputs=inputs, backward=backward)
    found = run(text)
    for label, root in backward.outputs.items():
        assert found[identifier(label)] == pytest.approx(table[root], rel=1e-9, abs=1e-9), spell(label)
