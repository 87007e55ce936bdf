from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import ChainruleError, GradientError, ProblemError, ShapeError
from chainrule.graph import Graph, Program, verify
from chainrule.iterate import run_program
from chainrule.node import Node, const, input_node, label_of, name_node, node, type_of
from chainrule.numbers.exact import exact_numbers
from chainrule.ops.arithmetic import ADD, MUL, SUB
from chainrule.ops.functions import SIGMOID
from chainrule.ops.reduction import SUM
from chainrule.optimizers import OPTIMIZERS, Optimizer, find_optimizer, training_program
from chainrule.quantity import Change, Derivative, Name, Quantity, Updated, spell

E, RATE = Name("E"), Name("rate")
HALF = Fraction(1, 2)
GIVEN = {"x1": "0.05", "x2": "0.10", "t1": "0.01", "t2": "0.99", "rate": "0.5"}
WEIGHTS = {
    "w1": "0.15", "w2": "0.20", "w3": "0.25", "w4": "0.30", "w5": "0.40", "w6": "0.45", "w7": "0.50", "w8": "0.55",
}  # fmt: skip
BIASES = {"b1": "0.35", "b2": "0.60"}
FOUR_BIASES = {"b1": "0.35", "b2": "0.35", "b3": "0.60", "b4": "0.60"}


def lecture_004(biases: tuple[str, str, str, str] = ("b1", "b1", "b2", "b2")) -> Graph:
    """The network of lecture 004, unit by unit; `biases` names those of h1, h2, o1, o2."""
    named: dict[Quantity, Node] = {}

    def define(name: str, body: Node) -> Node:
        named[Name(name)] = name_node(Name(name), body)
        return named[Name(name)]

    def unit(name: str, w: str, u: Node, v: str, x: Node, bias: str) -> Node:
        net = define(name, given(w) * u + given(v) * x + given(bias))
        return define(f"out_{name}", SIGMOID(net))

    def given(name: str) -> Node:
        return input_node(Name(name))

    h1 = unit("h1", "w1", given("x1"), "w2", given("x2"), biases[0])
    h2 = unit("h2", "w3", given("x1"), "w4", given("x2"), biases[1])
    o1 = unit("o1", "w5", h1, "w6", h2, biases[2])
    o2 = unit("o2", "w7", h1, "w8", h2, biases[3])
    e1 = define("E1", const(HALF) * (given("t1") - o1) ** 2)
    e2 = define("E2", const(HALF) * (given("t2") - o2) ** 2)
    define("E", e1 + e2)
    return Graph(named)


def exactly(texts: dict[str, str]) -> dict[Quantity, Any]:
    return {Name(name): Fraction(text) for name, text in texts.items()}


def program_004(learns: dict[str, str], graph: Graph, optimizer: Optimizer | None = None) -> Program:
    parameters = exactly(WEIGHTS | learns)
    program = training_program(
        graph, minimise=E, parameters=list(parameters), rate=input_node(RATE),
        optimizer=optimizer or find_optimizer("sgd"), initial=parameters,
    )  # fmt: skip
    verify(program.step)
    return program


@pytest.mark.parametrize(
    ("learns", "graph", "expected"),
    [
        ({}, lecture_004(), 0.291027773694),
        (BIASES, lecture_004(), 0.285750886699),
        (FOUR_BIASES, lecture_004(("b1", "b2", "b3", "b4")), 0.280471446791),
    ],
    ids=["biases fixed", "shared biases learn", "a bias for each unit"],
)
def test_lecture_004_after_one_update(learns: dict[str, str], graph: Graph, expected: float) -> None:
    run = run_program(program_004(learns, graph), 2, values=exactly(GIVEN | BIASES), watch=[E])
    assert run.watched[E] == pytest.approx([0.298371108760, expected], abs=6e-13)


def test_lecture_004_after_10000_updates_in_time() -> None:
    program, values = program_004({}, lecture_004()), exactly(GIVEN | BIASES)
    begin = time.process_time()
    state = run_program(program, 10_000, values=values).state
    assert time.process_time() - begin < 2
    assert run_program(program, 1, values=values, state=state, watch=[E]).watched[E][0] == pytest.approx(
        3.510187783e-05, rel=5e-10
    )


def test_lecture_004_exactly() -> None:
    exact = exact_numbers(200)
    run = run_program(program_004({}, lecture_004()), 11, values=exactly(GIVEN | BIASES), watch=[E], numbers=exact)
    floats = run_program(program_004({}, lecture_004()), 11, values=exactly(GIVEN | BIASES), watch=[E])
    assert [float(ball) for ball in run.watched[E]] == pytest.approx(floats.watched[E], rel=1e-13)
    assert all(ball.rel_accuracy_bits() > 150 for ball in run.watched[E])


def test_an_update_reads_as_the_lecture_writes_it() -> None:
    program = program_004({}, lecture_004())
    w5, rate = input_node(Name("w5")), input_node(RATE)
    gradient = program.step.outputs[Derivative(E, Name("w5"))]
    after = program.step.outputs[Updated(Name("w5"))]
    assert after is name_node(Updated(Name("w5")), node(SUB, (w5, node(MUL, (rate, gradient)))))
    assert program.scalars == {RATE: rate}
    assert program.step.ledger
    assert [spell(label) for label in program.state] == list(WEIGHTS)


def test_momentum_reads_as_the_paper_writes_it() -> None:
    program = program_004({}, lecture_004(), find_optimizer("momentum", {"momentum": 0.9}))
    label = Name("w5")
    state, velocity = program.state[label], program.state[Change(label)]
    gradient = program.step.outputs[Derivative(E, label)]
    kept = node(MUL, (const(Fraction(9, 10)), velocity.before))
    change = name_node(Change(label), node(SUB, (kept, node(MUL, (input_node(RATE), gradient)))))
    assert velocity.after is change
    assert velocity.initial == 0
    assert state.after is name_node(Updated(label), node(ADD, (state.before, change)))
    assert spell(label_of(velocity.before)) == "Δw5(n-1)"


def bowl(shape: tuple[int, ...] = ()) -> tuple[Graph, Name]:
    """E = x/2 * sum(w^2), whose derivative by w is x*w."""
    w, x = input_node(Name("w"), type_of("real", shape)), input_node(Name("x"))
    squares = SUM(w * w, attribute=tuple(range(len(shape))))
    return Graph({E: name_node(E, x * HALF * squares)}), Name("w")


@given(
    momentum=st.fractions(0, Fraction(99, 100), max_denominator=100),
    rate=st.fractions(Fraction(1, 100), 1, max_denominator=100),
    rows=st.lists(st.floats(-2, 2), min_size=1, max_size=3),
    updates=st.integers(0, 7),
)
def test_momentum_against_a_loop_by_hand(momentum: Fraction, rate: Fraction, rows: list[float], updates: int) -> None:
    graph, w = bowl((2,))
    program = training_program(
        graph, minimise=E, parameters=[w], rate=const(rate), optimizer=find_optimizer("sgd", {"momentum": momentum}),
        initial={w: [1, Fraction(-1, 2)]}, examples=[Name("x")],
    )  # fmt: skip
    verify(program.step)
    state = run_program(program, updates, values={}, examples=[{Name("x"): x} for x in rows]).state
    weights, change = [1.0, -0.5], [0.0, 0.0]
    for n in range(updates):
        change = [
            float(momentum) * v - float(rate) * rows[n % len(rows)] * a for v, a in zip(change, weights, strict=True)
        ]
        weights = [a + v for a, v in zip(weights, change, strict=True)]
    assert state[w].items == pytest.approx(weights, rel=1e-9, abs=1e-12)
    assert state[Change(w)].items == pytest.approx(change, rel=1e-9, abs=1e-12)


def test_without_momentum_it_is_gradient_descent() -> None:
    graph, w = bowl()
    options = {"minimise": E, "parameters": [w], "rate": const(HALF), "initial": {w: 1}}
    plain = training_program(graph, optimizer=find_optimizer("sgd"), **options)  # type: ignore[arg-type]
    none = training_program(graph, optimizer=find_optimizer("momentum", {"momentum": 0}), **options)  # type: ignore[arg-type]
    one, other = (run_program(p, 5, values={Name("x"): 1}).state[w] for p in (plain, none))
    assert one == other == 0.5**5


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_goes_downhill(name: str) -> None:
    graph, w = bowl((2, 3))
    rate = const(Fraction(1, 50) if name in ("sgd", "momentum", "nesterov", "quickprop") else Fraction(1, 2))
    program = training_program(
        graph, minimise=E, parameters=[w], rate=rate, optimizer=find_optimizer(name),
        initial={w: [[1, 2, 3], [4, 5, 6]]},
    )  # fmt: skip
    errors = run_program(verified(program), 30, values={Name("x"): 1}, watch=[E]).watched[E]
    assert errors[-1] < errors[0] / 2


def test_a_parameter_that_no_gradient_reaches_stays() -> None:
    w, v = input_node(Name("w")), input_node(Name("v"))
    graph = Graph({E: name_node(E, w * w), Name("y"): name_node(Name("y"), v + 1)})
    program = training_program(
        graph, minimise=E, parameters=[Name("w"), Name("v")], rate=const(1), optimizer=find_optimizer("momentum"),
        initial={Name("w"): 1, Name("v"): 3},
    )  # fmt: skip
    assert run_program(verified(program), 3, values={}).state[Name("v")] == 3


def test_the_order_of_outputs_hangs_on_nothing_but_the_graph() -> None:
    names = [Name(f"v{k}") for k in range(30)]
    unreached = {Name(f"y{k}"): name_node(Name(f"y{k}"), input_node(name) + 1) for k, name in enumerate(names)}
    graph = Graph({E: name_node(E, const(1)), **unreached})
    program = training_program(
        graph, minimise=E, parameters=names, rate=const(1), optimizer=find_optimizer("sgd"),
        initial=dict.fromkeys(names, 0),
    )  # fmt: skip
    assert [label.by for label in program.step.outputs if isinstance(label, Derivative)] == names


def verified(program: Program) -> Program:
    verify(program.step)
    return program


@pytest.mark.parametrize(
    ("change", "kind", "found"),
    [
        ({"parameters": [Name("q")]}, GradientError, "q learns, but no formula uses it"),
        ({"parameters": [E]}, GradientError, "E learns, but a formula defines it"),
        ({"examples": [Name("q")]}, GradientError, "q changes with the example, but no formula uses it"),
        ({"minimise": Name("F")}, GradientError, "found F, which is not a quantity"),
        ({"initial": {}}, ShapeError, "the parameter w has no value to start from"),
        ({"initial": {Name("w"): [1, 2]}}, ShapeError, "w has the shape (2), expected (2, 3)"),
        ({"initial": {Name("w"): 1}}, ShapeError, "w has the shape (), expected (2, 3)"),
        ({"rate": input_node(RATE, type_of("real", (2,)))}, ShapeError, "the rate has the shape (2)"),
    ],
)
def test_what_cannot_be_trained(change: dict[str, Any], kind: type[ChainruleError], found: str) -> None:
    graph, w = bowl((2, 3))
    options: dict[str, Any] = {
        "minimise": E, "parameters": [w], "rate": const(1), "optimizer": find_optimizer("sgd"),
        "initial": {w: [[1, 2, 3], [4, 5, 6]]},
    }  # fmt: skip
    with pytest.raises(kind) as caught:
        training_program(graph, **(options | change))
    assert found in str(caught.value)


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda: find_optimizer("sgdd"), "there is no optimizer 'sgdd'. Did you mean 'sgd'?"),
        (lambda: find_optimizer("adm"), "The optimizers are sgd, momentum"),
        (lambda: find_optimizer(3), "optimizer is 3, expected a name in quotes"),
        (lambda: find_optimizer("momentum", {"momentm": 0.9}), "no option 'momentm'. Did you mean 'momentum'?"),
        (lambda: find_optimizer("momentum", {"beta": 0.9}), "Its options are momentum, decay, clip, clip_norm."),
        (lambda: find_optimizer("sgd", {"beta": 0.9}), "the optimizer sgd has no option 'beta'. Its options are decay"),
        (lambda: find_optimizer("momentum", {"momentum": 1}), "momentum is 1, expected a number from 0"),
        (lambda: find_optimizer("momentum", {"momentum": -0.1}), "momentum is -0.1, expected a number from 0"),
        (lambda: find_optimizer("momentum", {"momentum": True}), "momentum is True, expected a number"),
        (lambda: find_optimizer("momentum", {"momentum": float("nan")}), "momentum is nan, expected a number"),
        (lambda: find_optimizer("momentum", {"momentum": "1/0"}), "momentum is '1/0', expected a number"),
        (lambda: find_optimizer("momentum", {"momentum": [1]}), "momentum is [1], expected a number"),
    ],
)
def test_unknown_optimizers_and_options(make: Callable[[], object], found: str) -> None:
    with pytest.raises(ProblemError) as caught:
        make()
    assert found in str(caught.value)


def test_options_are_the_numbers_people_wrote() -> None:
    for written in (0.9, "0.9", Fraction(9, 10)):
        assert find_optimizer("SGD", {"momentum": written}).options == {"momentum": Fraction(9, 10)}
    assert find_optimizer("Momentum").options == {"momentum": Fraction(9, 10)}
