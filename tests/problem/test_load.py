"""Problem files by formulas, as the contract describes them."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule
from chainrule.errors import ChainruleError, FormulaError, ProblemError
from chainrule.evaluate import evaluate
from chainrule.formula.render import render
from chainrule.graph import verify
from chainrule.lectures import lecture_names, lecture_text
from chainrule.problem import Problem, Training, load, loads
from chainrule.quantity import Derivative, Element, Example, Name, spell
from chainrule.transforms.reverse import reverse

E = Name("E")
SMALL = """
formulas = '''
y = w*x
E = (y - 1)^2
'''
minimise = "E"
rate = 0.5
[given]
x = 0.10
[parameters]
w = "2.50"
"""


def values(problem: Problem) -> dict[str, float]:
    """Every quantity, and the derivatives of what is minimised."""
    graph = problem.units
    if problem.minimise is not None:
        graph = reverse(graph, problem.minimise)
    verify(graph)
    inputs = {label: float(value) for label, value in problem.values.items()}
    return dict(zip(map(spell, graph.outputs), evaluate(list(graph.outputs.values()), inputs), strict=True))


def test_a_small_problem() -> None:
    problem = loads(SMALL, file="small.toml")
    assert problem.title == "small"
    assert problem.given == (Name("x"),)
    assert problem.parameters == (Name("w"),)
    assert problem.values == {Name("x"): Fraction(1, 10), Name("w"): Fraction(5, 2), Name("rate"): Fraction(1, 2)}
    assert problem.minimise == E
    assert problem.training == Training("sgd", {}, Name("rate"), "all", "mean")
    assert {spell(label): render(tree) for label, tree in problem.written.items()} == {"y": "w*x", "E": "(y - 1)^2"}
    assert problem.units is problem.graph
    assert problem.warnings == ()
    assert values(problem) == pytest.approx({"y": 0.25, "E": 0.5625, "dE/dy": -1.5, "dE/dw": -0.15, "dE/dx": -3.75})


def test_load_reads_a_file(tmp_path: Path) -> None:
    file = tmp_path / "p.toml"
    file.write_text(SMALL, encoding="utf-8")
    problem = chainrule.load(file)
    assert isinstance(problem, chainrule.Problem)
    assert problem.file == str(file)
    assert load(str(file)).values == problem.values


@pytest.mark.parametrize("name", lecture_names())
def test_the_lectures_load(name: str) -> None:
    problem = loads(lecture_text(name) or "", file=f"{name}.toml")
    verify(problem.units)
    assert not problem.warnings
    inputs = set(problem.units.inputs())
    assert inputs <= {*problem.values, *problem.symbols}
    assert {*problem.given, *problem.parameters} <= set(problem.values)


def test_lecture_004() -> None:
    found = values(loads(lecture_text("004") or ""))
    assert found["E"] == pytest.approx(0.298371109, abs=5e-10)
    assert found["dE/dw5"] == pytest.approx(0.082167041, abs=5e-10)
    assert found["dE/dw1"] == pytest.approx(0.000438568, abs=5e-10)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=12, min_value=-1000, max_value=1000))
def test_numbers_are_exact(number: object) -> None:
    text = SMALL.replace("0.10", f"{number:f}").replace("2.50", f"{number:f}")
    assert loads(text).values[Name("x")] == loads(text).values[Name("w")] == Fraction(str(number))


@pytest.mark.parametrize("number", ["1e400", "-1e9999", "'1e309'", "1" + "0" * 400])
def test_numbers_beyond_every_float_are_refused(number: str) -> None:
    with pytest.raises(ProblemError, match=r"is too large; expected at most 1\.8e308"):
        loads(f"formulas = 'y = x'\n[given]\nx = {number}")
    with pytest.raises(ProblemError, match="is too large"):
        loads(SMALL.replace("rate = 0.5", f"rate = {number.replace('-', '')}"))
    assert loads("formulas = 'y = x'\n[given]\nx = 1e-9999").values[Name("x")] > 0


def test_without_minimise_there_is_no_update() -> None:
    problem = loads("formulas = 'y = x^2'\n[given]\nx = 3")
    assert problem.minimise is None
    assert problem.training.rate is None
    assert values(problem) == {"y": 9.0}


def test_minimise_without_rate() -> None:
    problem = loads(SMALL.replace("rate = 0.5", ""))
    assert problem.training.rate is None
    assert problem.minimise == E
    assert Name("rate") not in problem.values


def test_rate_by_name_and_in_training() -> None:
    named = loads(SMALL.replace("rate = 0.5", "rate = 'eta'").replace("x = 0.10", "x = 0.10\neta = 0.25"))
    assert named.training.rate == Name("eta")
    assert named.values[Name("eta")] == Fraction(1, 4)
    assert not named.warnings  # used as the rate
    inside = loads(SMALL.replace("rate = 0.5", "") + "[training]\nrate = 0\nmomentum = 0.9\nover = 'sum'\nbatch = 3")
    assert inside.values[Name("rate")] == 0
    assert inside.training == Training("momentum", {"momentum": Fraction(9, 10)}, Name("rate"), 3, "sum")
    with pytest.raises(ProblemError, match=r"<input>:13:1: `rate` stands here and in line 7\."):
        loads(SMALL + "[training]\nrate = 0.5")
    with pytest.raises(ProblemError, match="`rate` is a number here, and also the name"):
        loads(SMALL.replace("x = 0.10", "x = 0.10\nrate = 1"))


def test_symbols_have_no_value() -> None:
    problem = loads("symbols = ['t']\nformulas = 'x = t^2; y = 5*x + 3'")
    assert problem.symbols == (Name("t"),)
    assert problem.values == {}
    assert list(problem.graph.outputs) == [Name("x"), Name("y")]
    assert set(problem.units.inputs()) == {Name("t")}


def test_unused_names_are_warned_of_with_their_line() -> None:
    problem = loads("symbols = ['s']\nformulas = 'y = 2'\n[given]\nx = 3", file="a.toml")
    assert problem.warnings == (
        "a.toml:4:1: 'x' is given, but no formula uses it.",
        "a.toml:1:12: 's' is named in symbols, but no formula uses it.",
    )
    assert problem.given == (Name("x"),)


def test_a_quotient_of_names_that_start_with_d() -> None:
    problem = loads("formulas = 'y = da/db'\n[given]\na = 1\nb = 2\nda = 3\ndb = 4")
    assert values(problem) == {"y": 0.75}
    assert any("quotient" in warning for warning in problem.warnings)


def test_greek_names_in_any_form() -> None:
    decomposed = "ω\u0301"
    problem = loads(f"formulas = 'y = θ1*{decomposed}'\n[given]\n'θ1' = 2\n'\u03ce' = 3")
    assert values(problem) == {"y": 6.0}


def test_arrays_and_their_elements() -> None:
    problem = loads(
        "minimise = 'E'\nformulas = '''\ny = W @ x + [b, 2*b]\nE = sum((y - t)^2)\nz = W[2,1]*b\n'''\n"
        "[given]\nx = [1, 2]\nt = [0, 0]\n[parameters]\nW = [[1, 2], [3, 4]]\nb = 0.5"
    )
    w21 = Element(Name("W"), (2, 1))
    assert problem.arrays[Name("W")] == [[1, 2], [3, 4]]
    assert problem.parameters[:3] == (Element(Name("W"), (1, 1)), Element(Name("W"), (1, 2)), w21)
    assert problem.parameters[-1] == Name("b")
    assert problem.values[w21] == 3
    assert set(problem.written) == {Name("z")}  # y and E are expanded unit by unit
    found = values(problem)
    assert found["y[2]"] == 12.0
    assert found["dE/dW[2,1]"] == 24.0
    assert found["z"] == 1.5


def test_examples_in_a_problem_by_formulas() -> None:
    text = SMALL.replace("[given]\nx = 0.10", "[examples]\nx = [1, 2, 4]")
    problem = loads(text)
    assert problem.examples == 3
    assert problem.varying == (Name("x"),)
    assert problem.arrays[Name("x")] == [1, 2, 4]
    assert problem.given == tuple(Example(Name("x"), n) for n in (1, 2, 3))
    assert problem.values[Example(Name("x"), 3)] == 4
    errors = [(2.5 * x - 1) ** 2 for x in (1, 2, 4)]
    found = values(problem)
    assert [found[f"E{{{n}}}"] for n in (1, 2, 3)] == errors
    assert found["E"] == sum(errors) / 3
    summed = values(loads(text + "[training]\nover = 'sum'"))
    assert summed["E"] == sum(errors)
    assert summed["dE/dw"] == pytest.approx(3 * found["dE/dw"])


def test_one_example_is_not_none() -> None:
    found = values(loads(SMALL.replace("[given]\nx = 0.10", "[examples]\nx = [2]")))
    assert found["E"] == found["E{1}"] == 16.0


def test_what_is_minimised_must_depend_on_the_examples() -> None:
    with pytest.raises(ProblemError, match="there are 2 examples, but what is minimised does not depend on them"):
        loads(SMALL + "[examples]\nq = [1, 2]")


def test_aliases_and_delta_sign() -> None:
    problem = loads("delta_sign = 'negative'\n" + SMALL + "[names]\nErr = '-delta(y)'")
    assert problem.aliases == {"Err": "-delta(y)"}
    assert problem.delta_sign == -1
    with pytest.raises(FormulaError, match=r"<input>:13:14: there is no quantity 'q'"):
        loads(SMALL + "[names]\nErr = 'delta(q)'")
    with pytest.raises(ProblemError, match="'y' is the name of another quantity already"):
        loads(SMALL + "[names]\ny = 'w'")


def test_too_many_operations_are_refused_only_unit_by_unit() -> None:
    row = "[" + ", ".join(["1"] * 150) + "]"
    text = (
        "minimise = 'E'\nformulas = 'y = W @ x; E = sum(y^2)'\n"
        f"[given]\nx = {row}\n[parameters]\nW = [{', '.join([row] * 150)}]"
    )
    problem = loads(text, file="large.toml")
    assert problem.quantity("dE/dW") == Derivative(E, Name("W"))
    with pytest.raises(ProblemError, match=r"^large\.toml: .* at most 100,000 are explained unit by unit\. Use --view"):
        _ = problem.units


def test_from_python_values() -> None:
    data = {"formulas": "\nh = W @ x\nE = sum(h^2)\n", "minimise": "E", "rate": 0.1}
    problem = Problem.from_dict({**data, "given": {"x": [1, 0.5]}, "parameters": {"W": [[Fraction(1, 8), -2]]}})
    assert problem.values[Element(Name("W"), (1, 1))] == Fraction(1, 8)
    assert problem.values[Name("rate")] == Fraction(1, 10)
    np = pytest.importorskip("numpy")
    assert Problem.from_dict({**data, "given": {"x": [1]}, "parameters": {"W": np.eye(1)}}).values
    with pytest.raises(ProblemError, match="expected a number, a text or a list"):
        Problem.from_dict({"formulas": "y = 1", "given": {"x": object()}})
    with pytest.raises(ProblemError, match="whose decimals never end"):
        Problem.from_dict({"formulas": "y = 1", "given": {"x": Fraction(1, 3)}})
    with pytest.raises(ChainruleError, match="found nan"):
        Problem.from_dict({"formulas": "y = 1", "given": {"x": math.nan}})


def one_line_or_fine(text: str) -> None:
    try:
        verify(loads(text).units)
    except ChainruleError as error:
        message = str(error)
    else:
        return
    assert "\n" not in message
    assert message.startswith("<input>:")


@given(st.text(max_size=60))
def test_no_text_breaks_the_loader(text: str) -> None:
    one_line_or_fine(text)
    one_line_or_fine(f"formulas = '''\ny = {text}\n'''")
    one_line_or_fine(f"formulas = 'y = x'\n[given]\nx = {text}")


_TEXTS = "x w v 1 0 2.5 ( ) [ ] , + - * / ^ @ = y ; sum( max( where( > sigmoid( v[ {1} ' dE/dw delta( e √ ½ ² #"
_PIECES = st.sampled_from(_TEXTS.split(" "))


@given(st.lists(_PIECES, max_size=14).map(" ".join))
def test_no_formula_breaks_the_loader(formula: str) -> None:
    one_line_or_fine(f'formulas = """\ny = {formula}\n"""\n[given]\nx = 1\nw = 2\nv = [1, 2]')
