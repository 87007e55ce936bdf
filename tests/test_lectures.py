"""The packaged lectures: what they print is kept in golden files, and their key results are those of the lectures.

A change of any line that a reader sees shows here; `pytest --update-golden` accepts it after it has been read.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from chainrule import Problem
from chainrule.display import code_text, json_text, text
from chainrule.explanation import explain
from chainrule.explanation.asked import value_of
from chainrule.explanation.spelling import relabelled
from chainrule.lectures import lecture_names, lecture_text
from chainrule.printing.python_code import identifiers
from chainrule.problem import loads
from chainrule.quantity import Name, spell

NAMES = lecture_names()

# The pseudo code of lecture 002 with its two slips corrected: f = u * z, and dvdx, dvdy in the last two comments.
PROGRAM_OF_002 = """\
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


def lecture(name: str) -> Problem:
    return loads(lecture_text(name) or "", file=f"{name}.toml")


def page_of(name: str) -> str:
    return text(explain(lecture(name)))


def run_program(program: str, **values: float) -> dict[str, Any]:
    """Runs a printed program; `values` are set first, for inputs that have none."""
    found: dict[str, Any] = dict(values)
    exec(compile(program, "program", "exec"), found)
    return found


def close(found: float, expected: float) -> bool:
    """Equal in the twelve digits in which the expected values are known."""
    return f"{found:.11e}" == f"{expected:.11e}"


# -- golden files


@pytest.mark.parametrize("name", NAMES)
def test_text(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"lectures/{name}.txt", text(explain(lecture(name))))


@pytest.mark.parametrize("name", NAMES)
def test_code(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"lectures/{name}.py.txt", code_text(explain(lecture(name))))


@pytest.mark.parametrize("name", NAMES)
def test_json(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"lectures/{name}.json", json_text(explain(lecture(name))))


def test_every_step(golden: Callable[[str, str], None]) -> None:
    golden("lectures/004-every-step.txt", text(explain(lecture("004"), every_step=True)))


def test_the_second_update_of_an_online_problem(golden: Callable[[str, str], None]) -> None:
    golden("lectures/003-update-2.txt", text(explain(lecture("003"), steps=2)))


ALL_OUTPUTS = """
import sys
from chainrule.display import code_text, json_text, text
from chainrule.explanation import explain
from chainrule.lectures import lecture_names, lecture_text
from chainrule.problem import loads
for name in lecture_names():
    worked_out = explain(loads(lecture_text(name), file=name))
    sys.stdout.write(text(worked_out) + code_text(worked_out) + json_text(worked_out, of=["1 + 1"]))
"""


def test_the_same_bytes_whatever_the_hash_seed() -> None:
    outputs = {run_with_hash_seed(seed) for seed in ("0", "1", "4242")}
    assert len(outputs) == 1
    assert len(outputs.pop()) > 10_000


def run_with_hash_seed(seed: str) -> bytes:
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", ALL_OUTPUTS]
    return subprocess.run(command, capture_output=True, check=True, env=environment, timeout=60).stdout


# -- the code view


def test_the_program_of_002_is_the_lectures_own_corrected() -> None:
    assert code_text(explain(lecture("002"))) == PROGRAM_OF_002


def test_the_program_of_002_gives_its_results() -> None:
    found = run_program(code_text(explain(lecture("002"))))
    expected = {"f": 44, "dfdw": 4, "dfdz": 11, "dfdx": 8, "dfdy": 12}
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize("name", NAMES)
def test_every_program_runs_and_gives_the_numbers_of_the_steps(name: str) -> None:
    problem = lecture(name)
    values = {spell(symbol): 1.5 + number for number, symbol in enumerate(problem.symbols)}
    found = run_program(code_text(explain(problem)), **values)
    steps = explain(with_givens(name, values)).steps
    names = identifiers([step.quantity for step in steps])
    assert len(steps) > 2
    for step in steps:
        if relabelled(step.quantity) in map(Name, problem.aliases):
            continue  # the program is about derivatives; what [names] calls by other names is not in it
        assert step.value is not None
        # Deltas have the names of the notation in the program.
        variable = names[step.quantity] if names[step.quantity] in found else step.left
        assert found[variable] == pytest.approx(step.value, rel=1e-12, abs=1e-15), step.left


def with_givens(name: str, values: dict[str, float]) -> Problem:
    """A lecture with its symbols given these values."""
    source = (lecture_text(name) or "").replace("symbols = ", "# ")
    table = "".join(f"{symbol} = {value}\n" for symbol, value in values.items())
    return loads(
        source.replace("[given]\n", f"[given]\n{table}") if "[given]" in source else f"{source}\n[given]\n{table}"
    )


# -- the lectures' results


def test_the_chain_rule_of_lecture_001_in_symbols() -> None:
    assert "dy/dt = dy/dx * dx/dt\n      = 5 * (2*t)\n      = 10*t\n" in page_of("001-chain-rule")


def test_the_gates_of_002() -> None:
    add, multiply = page_of("002-add"), page_of("002-multiply")
    assert "dL/dx = dL/df * df/dx\n      = g\n" in add
    assert "dL/dy = dL/df * df/dy\n      = g\n" in add
    assert "dL/dx = dL/df * df/dx\n      = g * y\n      = g*y\n" in multiply
    assert "dL/dy = dL/df * df/dy\n      = g * x\n      = g*x\n" in multiply


@pytest.mark.parametrize(
    ("x", "y", "by_x", "by_y"),
    [(3, 2, "g", "0"), (2, 3, "0", "g"), (2, 2, "1/2*g", "1/2*g"), (-1, -1, "1/2*g", "1/2*g")],
)
def test_the_max_gate_in_all_three_cases(x: int, y: int, by_x: str, by_y: str) -> None:
    source = (lecture_text("002-max") or "").replace("x = 3", f"x = {x}").replace("y = 2", f"y = {y}")
    steps = {step.left: step for step in explain(loads(source)).steps}
    for left, due in (("dL/dx", by_x), ("dL/dy", by_y)):
        step = steps[left]
        assert (step.result if step.result is not None else step.symbols[-1]) == due
    assert ("tie" in steps["dL/dx"].note) == (x == y)


def test_order_matters_ten_not_twelve() -> None:
    assert value_of(lecture("order"), "dc/da") == 10


def test_004_after_one_update() -> None:
    assert close(value_of(lecture("004"), "E'"), 0.291027773694)


def test_004_with_the_shared_biases_as_parameters() -> None:
    source = (lecture_text("004") or "").replace("b1 = 0.35\nb2 = 0.6\n", "") + "b1 = 0.35\nb2 = 0.6\n"
    assert close(value_of(loads(source), "E'"), 0.285750886699)


def test_001_a_bias_for_every_unit() -> None:
    assert close(value_of(lecture("001"), "Error'"), 0.280471446791)


def test_004_after_ten_thousand_updates_and_in_time() -> None:
    start = time.perf_counter()
    page = text(explain(lecture("004"), steps=10_000))
    assert time.perf_counter() - start < 20  # less than one second where nothing else runs
    assert "  10000  3.510187783e-05\n" in page
    assert f"{value_of(lecture('004'), 'E@10000'):.9e}" == "3.510187783e-05"


# -- every lecture


@pytest.mark.parametrize("name", NAMES)
def test_the_file_says_where_it_is_from_and_is_read_without_a_warning(name: str) -> None:
    problem = lecture(name)
    assert problem.title
    assert not problem.warnings
    assert problem.source is not None or name == "order"
    assert (lecture_text(name) or "").startswith("# ")


@pytest.mark.parametrize("name", NAMES)
def test_no_step_says_the_same_twice_or_is_empty(name: str) -> None:
    worked_out = explain(lecture(name), every_step=True)
    steps = [*worked_out.steps, *worked_out.again]
    assert len({step.left for step in steps}) == len(steps)
    for step in steps:
        rights = [line for line in (*step.symbols, step.numbers, step.result) if line is not None]
        assert rights, step.left
        assert len(set(rights)) == len(rights), step.left


@pytest.mark.parametrize("name", NAMES)
def test_json_can_be_read_back_and_is_complete(name: str) -> None:
    document = json.loads(json_text(explain(lecture(name))))
    assert list(document) == ["title", "steps", "values"]
    assert document["title"] == lecture(name).title
