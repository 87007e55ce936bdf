"""The gates view: the lecture's circuit, gate by gate; naming gates changes no value and no derivative."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chainrule import Problem
from chainrule.display import text
from chainrule.errors import ChainruleError
from chainrule.evaluate import evaluate
from chainrule.explanation import explain
from chainrule.explanation.passes import build_passes
from chainrule.graph import verify
from chainrule.lectures import lecture_names, lecture_text
from chainrule.node import NAME, is_quantity
from chainrule.problem import loads
from chainrule.quantity import Derivative
from chainrule.transforms.reverse import reverse
from chainrule.views.gates import name_gates


def lecture(name: str) -> Problem:
    return loads(lecture_text(name) or "", file=f"{name}.toml")


def page(problem: Problem, *of: str, **options: str) -> str:
    return text(explain(problem), view="gates", of=of, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", lecture_names())
def test_golden(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"lectures/{name}.gates.txt", page(lecture(name)))


@pytest.mark.parametrize("name", ["000", "001", "003", "004", "002", "order"])
def test_naming_gates_changes_no_value_and_no_derivative(name: str) -> None:
    problem = lecture(name)
    passes = build_passes(problem)
    assert passes.of is not None
    named = name_gates(passes.forward, passes.of)
    grown = verify(reverse(named, passes.of))
    values = {label: float(value) for label, value in problem.values.items()}
    for label, root in passes.backward.outputs.items():
        if isinstance(label, Derivative):
            expected, found = evaluate([root, grown.outputs[label]], values)
            assert found == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("name", ["000", "001", "003", "004"])
def test_every_gate_is_one_operation(name: str) -> None:
    passes = build_passes(lecture(name))
    assert passes.of is not None
    for root in name_gates(passes.forward, passes.of).outputs.values():
        assert root.op is NAME
        below = [a for a in root.args[0].args if not is_quantity(a)]
        assert all(not any(map(is_quantity, n.args)) for n in below)  # only constants are left in a formula


def test_gates_of_002() -> None:
    shown = page(lecture("002"))
    assert "Multiply gate f = u*z = 44" in shown
    assert "swaps its inputs" in shown
    assert "    u     11     df/du = z = 4                    1 * 4 = 4" in shown
    assert "Add gate u = w + v = 11" in shown
    assert shown.index("Multiply gate f") < shown.index("Add gate u") < shown.index("Multiply gate v")


def test_the_max_gate_routes() -> None:
    shown = " ".join(page(lecture("002-max")).split())
    assert "routes the incoming gradient to the larger input; the other gets nothing. Here x > y." in shown
    assert "y 2 df/dy = 0" in shown


def test_a_tie_is_said() -> None:
    problem = loads("formulas = 'f = max(x, y)'\n[given]\nx = 2\ny = 2")
    assert "x = y: a tie" in " ".join(page(problem).split())


def test_gradients_of_a_fork_add_up() -> None:
    shown = page(lecture("order"))
    assert "dc/db = dc/dc * dc/db (direct) + dc/ds * ds/db\n      = 1 + 4\n      = 5" in shown
    assert "gradients add up" in shown


def test_names_of_gates_avoid_those_of_the_problem() -> None:
    problem = loads("formulas = 'y = (g1 + gate1*x)*x'\n[given]\ng1 = 2\ngate1 = 3\nx = 4")
    shown = page(problem)
    assert "gate_1 = gate1*x" in shown
    assert "y = gate_2*x" in shown


def test_equal_anonymous_values_are_one_gate_that_forks() -> None:
    shown = page(loads("formulas = 'y = sigmoid(a*b) * (a*b)'\n[given]\na = 1\nb = 0"))
    assert shown.count("= a*b") == 2  # once forward, once backward
    assert "Fork g1" in shown


def test_a_formula_that_is_also_a_part_of_another_has_a_gate_of_its_own() -> None:
    # The rule of the project: what a person named keeps its own derivative.
    shown = page(loads("formulas = '''\nb = 2*a\nE = b*(2*a)\n'''\n[given]\na = 3"))
    assert "Multiply gate E = b*g1 = 36" in shown


def test_constants_have_no_gate() -> None:
    shown = page(lecture("004"))
    assert "E1 = 1/2*g" in shown
    assert "divide" not in shown


def test_a_dead_end() -> None:
    shown = page(loads("formulas = 'y = step(x)'\n[given]\nx = 3"))
    assert "no input that a gradient could reach" in " ".join(shown.split())


def test_single_gates_and_until() -> None:
    problem = lecture("004")
    one = page(problem, "dE/dw5")
    assert "= w5*out_h1" in one
    assert "out_o2" not in one
    ended = page(problem, until="out_o1")
    assert ended.rstrip().splitlines()[-1].split()[0] == "o1"
    with pytest.raises(ChainruleError, match="no gate of E"):
        page(problem, "rate")


def test_a_softmax_has_a_gate_for_every_unit() -> None:
    problem = loads(
        'minimise = "E"\n[network]\nlayers = [2, 3]\nactivation = "softmax"\nloss = "cross entropy"\n[given]\n'
        "x = [1, 2]\nt = [0, 1, 0]\n[parameters]\nW1 = [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]\nb1 = [0, 0, 0]\n"
    )
    assert page(problem).count("Softmax gate") == 3
