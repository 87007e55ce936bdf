"""The matrix view: its arrays are the numbers of the steps view, and large networks stay readable."""

from __future__ import annotations

import math
import random
import re
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule import Problem
from chainrule.display import Request, document, text
from chainrule.errors import ChainruleError, ProblemError
from chainrule.evaluate import evaluate
from chainrule.explanation import explain
from chainrule.explanation.array_steps import array_steps
from chainrule.explanation.array_units import Slicer, place_of, unit_steps
from chainrule.explanation.arrays import explain_arrays
from chainrule.explanation.asked import value_of
from chainrule.explanation.passes import run_updates
from chainrule.lectures import lecture_names, lecture_text
from chainrule.node import INPUT, NAME, is_quantity, label_of, order
from chainrule.numbers.array import items_of, positions, shape_of
from chainrule.problem import loads
from chainrule.quantity import Derivative, Name, Updated, spell

EXAMPLES = """
minimise = "E"
rate     = 0.1
[network]
layers     = [2, 3, 2]
activation = ["relu", "softmax"]
loss       = "cross entropy"
init       = "glorot uniform"
[examples]
x = [[0, 1], [1, 1], [1, 0]]
t = [[1, 0], [0, 1], [1, 0]]
"""


def lecture(name: str) -> Problem:
    return loads(lecture_text(name) or "", file=f"{name}.toml")


def page(problem: Problem, **options: Any) -> str:
    steps = options.pop("steps", 1)
    request = Request(problem=problem, update=steps, digits=options.pop("digits", 9))
    return text(request, view="matrix", **options)


def network(layers: list[int], activation: str, loss: str, seed: int, extra: str = "") -> Problem:
    draw = random.Random(seed)
    x, t = ([round(draw.uniform(0.1, 0.9), 2) for _ in range(size)] for size in (layers[0], layers[-1]))
    return loads(
        f'minimise = "E"\nrate = 0.5\n[network]\nlayers = {layers}\nactivation = "{activation}"\nloss = "{loss}"\n'
        f'init = "uniform(-1, 1)"\nseed = {seed}\n{extra}\n[given]\nx = {x}\nt = {t}\n'
    )


def large() -> str:
    draw = random.Random(1)
    x = [round(draw.random(), 2) for _ in range(784)]
    t = [int(k == 3) for k in range(10)]
    return (
        'title = "Large"\nminimise = "E"\nrate = 0.1\n[network]\nlayers = [784, 300, 100, 10]\n'
        'activation = ["relu", "relu", "softmax"]\nloss = "cross entropy"\ninit = "glorot uniform"\n'
        f"[given]\nx = {x}\nt = {t}\n"
    )


@pytest.mark.parametrize("name", [name for name in lecture_names() if name != "000"])
def test_a_problem_without_arrays_is_sent_to_the_steps(name: str) -> None:
    with pytest.raises(ProblemError, match="--view steps"):
        page(lecture(name))


def test_lecture_000(golden: Callable[[str, str], None]) -> None:
    golden("lectures/000-matrix.txt", page(lecture("000")))


def test_lecture_000_second_update(golden: Callable[[str, str], None]) -> None:
    golden("lectures/000-matrix-update-2.txt", page(lecture("000"), steps=2, digits=4, width=72))


def test_examples_are_rows(golden: Callable[[str, str], None]) -> None:
    golden("views/matrix-examples.txt", page(loads(EXAMPLES, file="rows.toml"), digits=4, width=80))


def test_the_board_of_lecture_000() -> None:
    found = page(lecture("000"), digits=3)
    block = """\
                          [ 1   ]
       = [ 0.5 1.5  0.8 ] [ 0.7 ] = [  2.51 ]
         [ 0.8 0.2 -1.6 ] [ 1.2 ]   [ -0.98 ]
"""
    assert block in found
    assert "dE/dW2 = outer(delta2, x1)" in found
    assert "delta1 = (transpose(W2) @ delta2) * dx1/dtheta1" in found


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "softplus"])
@pytest.mark.parametrize("notation", ["matrix", "nptel", "numbered"])
def test_arrays_and_units_agree(activation: str, notation: str) -> None:
    problem = network([3, 4, 2], activation, "half squared error", 3, f'notation = "{notation}"')
    found = explain_arrays(problem, steps=2)
    (units,) = [explain(problem, steps=2)]
    single = {label_of(n): value for n, value in units.table.items() if is_quantity(n)}
    checked = 0
    for n, value in found.table.items():
        if not is_quantity(n):
            continue
        for at, item in zip(positions(shape_of(value)), items_of(value), strict=True):
            label = _label(found, label_of(n), at)
            if label in single:
                assert item == pytest.approx(single[label], rel=1e-12, abs=1e-14), spell(label)
                checked += 1
    assert checked > 60


def _label(found: Any, label: Any, at: tuple[int, ...]) -> Any:
    from chainrule.explanation.array_units import label_at

    return label_at(found, label, at)


@pytest.mark.parametrize("over", ["sum", "mean"])
def test_all_examples_at_once_give_the_gradient_of_the_steps(over: str) -> None:
    problem = loads(EXAMPLES.replace("rate     = 0.1", "") + f'[training]\nrate = 0.1\nover = "{over}"\n')
    found = explain_arrays(problem)
    for name in ("W1", "b1", "W2", "b2"):
        node = found.passes.graph.outputs[Derivative(Name("E"), Name(name))]
        assert_nested(found.numbers.to_nested(found.table[node]), value_of(problem, f"dE/d{name}"))
    assert found.after == pytest.approx(run_updates(problem, 1).errors[1], rel=1e-12)


def assert_nested(found: Any, expected: Any) -> None:
    if isinstance(expected, list):
        for one, other in zip(found, expected, strict=True):
            assert_nested(one, other)
    else:
        assert found == pytest.approx(expected, rel=1e-12, abs=1e-15)


def test_one_example_after_the_other() -> None:
    problem = loads(EXAMPLES.replace("rate     = 0.1", "") + "[training]\nrate = 0.1\nbatch = 1\nmomentum = 0.9\n")
    for steps in (1, 3, 5):
        found = explain_arrays(problem, steps=steps)
        assert found.passes.example == (steps - 1) % 3 + 1
        expected = run_updates(problem, steps).inputs
        (after,) = [found.table[n] for n in found.passes.update if label_of(n) == Updated(Name("W1"))]
        for at, item in zip(positions(shape_of(after)), items_of(after), strict=True):
            label = problem.element(Name("W1"), tuple([i + 1 for i in at]))
            assert item == pytest.approx(expected[label], rel=1e-12)
    assert "E{2}" in page(problem, steps=2)


def test_more_updates_without_an_update_are_refused() -> None:
    problem = loads('formulas = "y = sum(x^2)"\n[given]\nx = [1, 2]')
    assert "y = sum(x^2)" in page(problem)
    with pytest.raises(ProblemError, match="no update"):
        page(problem, steps=2)


# -- single units


@given(
    st.lists(st.integers(1, 3), min_size=2, max_size=4),
    st.sampled_from(["sigmoid", "tanh", "softplus"]),
    st.sampled_from(["half squared error", "mean squared error", "cross entropy"]),
    st.booleans(),
    st.data(),
)
def test_an_element_is_what_its_formula_gives(
    layers: list[int], activation: str, loss: str, rows: bool, data: st.DataObject
) -> None:
    if loss == "cross entropy":
        activation = "sigmoid"  # whose outputs have a logarithm
    problem = network(layers, activation, loss, 5)
    if rows:
        x, t = problem.arrays[Name("x")], problem.arrays[Name("t")]
        problem = loads(
            f'minimise = "E"\nrate = 0.5\n[network]\nlayers = {layers}\nactivation = "{activation}"\n'
            f'loss = "{loss}"\ninit = "uniform(-1, 1)"\n[examples]\n'
            f"x = [{[float(v) for v in x]}, {[float(v) / 2 for v in x]}]\n"
            f"t = [{[float(v) for v in t]}, {[float(v) / 3 for v in t]}]\n"
        )
    found = explain_arrays(problem)
    names = [n for n in order(found.passes.roots()) if n.op is NAME and n in found.table]
    node = data.draw(st.sampled_from(names))
    index = data.draw(st.sampled_from(list(positions(shape_of(found.table[node])))))
    slicer = Slicer(found)
    formula = slicer.element(node, index)
    inputs = {label_of(n): found.item(*slicer.origin[n]) for n in slicer.origin if n.op is INPUT}
    known = {n: found.item(*place) for n, place in slicer.origin.items() if n.op is not INPUT}
    (value,) = evaluate([formula], inputs, known=known)
    assert value == pytest.approx(found.item(node, index), rel=1e-12, abs=1e-15)
    assert unit_steps(found, node, index)[-1].quantity == _label(found, label_of(node), index)


def test_long_sums_are_shortened_and_say_so() -> None:
    problem = network([20, 9, 2], "sigmoid", "half squared error", 1)
    found = page(problem, of=["dE/dW1[3,5]"], digits=4)
    assert "W1[3,1]*x[1] + W1[3,2]*x[2] + ... + W1[3,20]*x[20] + b1[3]" in found
    assert "20 terms" in found
    assert "dE/dz1[3] = dE/da1[3] * da1[3]/dz1[3]" in found
    assert "dE/dW1[3,5] = dE/dz1[3] * x[5]" in found
    assert "W1[4" not in found
    value = value_of(problem, "dE/dW1[3,5]")
    assert float(found.rstrip().rpartition("= ")[2]) == pytest.approx(value, abs=5e-5)


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        ("dE/dW1[9,1]", "1 to 3"),
        ("dE/dq", "q"),
        ("dz1[1]/dW1[1,1]", "--view steps"),
        ("E@5", "--view steps"),
        ("x + t", None),
    ],
)
def test_what_has_no_place_is_refused_in_one_line(of: str, expected: str | None) -> None:
    with pytest.raises(ChainruleError) as error:
        page(network([2, 3, 2], "sigmoid", "half squared error", 1), of=[of])
    assert "\n" not in str(error.value)
    assert expected is None or expected in str(error.value)


def test_of_keeps_what_an_array_follows_from() -> None:
    problem = network([2, 3, 2], "sigmoid", "half squared error", 1)
    found = page(problem, of=["dE/dW2"])
    assert "dE/dW2 = outer(dE/dz2, a1)" in found
    assert "dE/dW1" not in found
    assert "W1'" not in found
    assert "dE/dx = transpose(W1) @ dE/dz1" in page(problem, of=["dE/dx"])


def test_until() -> None:
    problem = lecture("000")
    assert page(problem, until="E").rstrip().endswith("0.613362535\n             [ 0.956377741 ]   [ 0 ]")
    with pytest.raises(ProblemError, match="cannot stop there"):
        page(problem, until="W1")


def test_every_element_can_be_asked_for_in_every_notation() -> None:
    for name, of in (("nptel", "dE/dW1_21"), ("numbered", "dE/dw2"), ("matrix", "dE/dW1[1,2]")):
        problem = network([2, 2, 2], "sigmoid", "half squared error", 1, f'notation = "{name}"')
        assert f"\n{of} = " in page(problem, of=[of])


def test_arrays_of_three_axes_and_lists_are_told_in_words() -> None:
    problem = loads('formulas = "y = sum(x^2)"\n[given]\nx = [[[1, 2], [3, 4]]]')
    assert "an array of 1 x 2 x 2 numbers" in page(problem)


# -- large networks


def test_a_large_network_is_told_by_corners(golden: Callable[[str, str], None]) -> None:
    golden("views/matrix-large.txt", page(loads(large(), file="large.toml"), width=90))


def test_unit_by_unit_it_is_refused_and_the_hint_works(tmp_path: Path) -> None:
    file = tmp_path / "large.toml"
    file.write_text(large(), encoding="utf-8")
    command = [sys.executable, "-m", "chainrule", "explain", str(file)]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert refused.returncode == 2
    hint = re.search(r"--view matrix", refused.stderr)
    assert hint is not None
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([*command, *hint[0].split()], capture_output=True, text=True, timeout=60)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0
    assert "shapes: (300 x 784) @ (784) + (300) = (300)" in done.stdout
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert spent < 3, f"{spent:.1f} s of processor time"


def test_corner_figures_are_the_array_s() -> None:
    problem = network([30, 20, 12], "sigmoid", "half squared error", 2)
    found = explain_arrays(problem)
    steps = {spell(step.quantity): step for step in array_steps(found)}
    rows = steps["dE/dW1"].rights[-1][0]
    assert len(rows) == 7
    assert len(rows[0]) == 7
    assert rows[3] == ("...",) * 7
    node, _ = place_of(found, "dE/dW1")
    assert float(rows[6][6]) == pytest.approx(found.item(node, (19, 29)), rel=1e-4)
    norm = math.sqrt(sum(found.item(node, at) ** 2 for at in positions((20, 30))))
    assert float(steps["dE/dW1"].note.rpartition(" ")[2]) == pytest.approx(norm, rel=1e-5)


def test_a_document_of_an_explanation_and_of_a_request_are_one() -> None:
    problem = lecture("000")
    assert document(explain(problem), view="matrix") == document(Request(problem=problem), view="matrix")
