"""By hand: lecture 000's figures come out, every printed line can be done again, and departures are marked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

import mpmath
import pytest

from chainrule import Problem
from chainrule.display import json_text, text
from chainrule.errors import ChainruleError, ProblemError
from chainrule.explanation import explain
from chainrule.explanation.byhand import HandExplanation, by_hand
from chainrule.explanation.rounding import parse_rounding
from chainrule.explanation.steps import Step
from chainrule.lectures import lecture_names, lecture_text
from chainrule.problem import loads
from chainrule.quantity import spell


def lecture(name: str) -> Problem:
    return loads(lecture_text(name) or "", file=f"{name}.toml")


def hand(
    problem: Problem, decimals: str, *, truncate: bool = False, steps: int = 1, every_step: bool = False
) -> HandExplanation:
    solution = explain(problem, steps=steps, every_step=every_step)
    return by_hand(solution, parse_rounding(decimals, truncate=truncate))


def results(solution: HandExplanation) -> dict[str, str]:
    """What is printed last on each line, by the quantity's name on the page."""
    return {step.left: step.result or step.symbols[-1] for step in (*solution.steps, *solution.again)}


def test_lecture_000_as_it_was_worked_out_by_hand() -> None:
    found = results(hand(lecture("000"), "3,x*=2"))
    printed = {"theta1_1": "2.51", "theta1_2": "-0.98", "x1_1": "0.92", "x1_2": "0.27", "theta2_1": "-0.232",
               "theta2_2": "3.078", "x2_1": "0.44", "delta2_1": "-0.138"}  # fmt: skip
    assert {name: found[name] for name in printed} == printed


def test_golden(golden: Callable[[str, str], None]) -> None:
    golden("lectures/000.by-hand.txt", text(hand(lecture("000"), "3,x*=2")))
    golden("lectures/000.by-hand.json", json_text(hand(lecture("000"), "3,x*=2")))
    golden("lectures/004.by-hand-truncated.txt", text(hand(lecture("004"), "4", truncate=True)))


# -- every line can be done again from what is printed on it

_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?")


def sigmoid(x: Fraction) -> Fraction:
    with mpmath.workdps(60):
        value = 1 / (1 + mpmath.exp(-mpmath.mpf(x.numerator) / x.denominator))
        return Fraction(mpmath.nstr(value, 50))


class Euler:
    """The constant e, as 001 writes its sigmoid."""

    def __pow__(self, x: Fraction) -> Fraction:
        with mpmath.workdps(60):
            return Fraction(mpmath.nstr(mpmath.exp(mpmath.mpf(x.numerator) / x.denominator), 50))


def done_again(numbers: str) -> Fraction:
    code = _NUMBER.sub(lambda match: f"F('{match[0]}')", numbers.replace("^", "**"))
    found = eval(code, {"F": Fraction, "sigmoid": sigmoid, "e": Euler()})  # noqa: S307 - our own output
    return Fraction(found)


def rounded(value: Fraction, places: int, *, truncate: bool = False) -> Decimal:
    with localcontext(prec=120):
        exact = Decimal(value.numerator) / Decimal(value.denominator)
        return exact.quantize(Decimal(1).scaleb(-places), rounding=ROUND_DOWN if truncate else ROUND_HALF_UP)


def lines_with_numbers(solution: HandExplanation) -> list[Step]:
    return [s for s in (*solution.steps, *solution.again) if s.numbers is not None and s.value is not None]


@pytest.mark.parametrize("name", ["000", "001", "002", "003", "004", "order"])
@pytest.mark.parametrize(("places", "truncate"), [(0, False), (2, False), (3, True), (5, False), (12, False)])
@pytest.mark.parametrize("every_step", [False, True])
def test_every_line_can_be_done_again(name: str, places: int, truncate: bool, every_step: bool) -> None:
    solution = hand(lecture(name), str(places), truncate=truncate, every_step=every_step)
    lines = lines_with_numbers(solution)
    assert lines
    for step in lines:
        assert step.numbers is not None
        assert step.result is not None
        assert Decimal(step.result) == rounded(done_again(step.numbers), places, truncate=truncate), step


def test_what_a_line_puts_in_is_what_other_lines_printed() -> None:
    solution = hand(lecture("004"), "3")
    printed = {step.result for step in (*solution.steps, *solution.again)}
    printed |= {str(float(v)) for v in lecture("004").values.values()} | {"1", "2"}
    for step in lines_with_numbers(solution):
        assert set(_NUMBER.findall(step.numbers or "")) <= {p.lstrip("-") for p in printed if p}


# -- how figures are written


def test_rounded_figures_keep_their_decimals_and_exact_ones_do_not() -> None:
    problem = loads("formulas = '''\na = 0.9*x\nb = x - 0.1004\nc = 2*x\n'''\n[given]\nx = 1")
    assert results(hand(problem, "3"))["a"] == "0.9"  # exact
    assert results(hand(problem, "3"))["b"] == "0.900"  # 0.8996 rounded
    assert results(hand(problem, "3"))["c"] == "2"


def test_halves_go_away_from_zero_also_where_floats_would_not() -> None:
    problem = loads("formulas = '''\na = x/2\nb = -x/2\nc = sigmoid(0*x)/4\n'''\n[given]\nx = 0.245")
    found = results(hand(problem, "3,c=2"))
    assert (found["a"], found["b"], found["c"]) == ("0.123", "-0.123", "0.13")
    assert f"{0.245 / 2:.3f}" == "0.122"


def test_an_irrational_form_of_a_rational_tie_is_still_rounded_up() -> None:
    # exp(log(x)) is a ball round 0.0125 at every precision: the border counts as reached.
    problem = loads("formulas = '''\na = exp(log(x))\nb = -exp(log(x))\n'''\n[given]\nx = 0.0125")
    assert results(hand(problem, "3"))["a"] == "0.013"
    assert results(hand(problem, "3"))["b"] == "-0.013"
    assert results(hand(problem, "4", truncate=True))["a"] == "0.0125"


def test_no_minus_zero() -> None:
    problem = loads("formulas = 'a = -x/1000'\n[given]\nx = 0.3")
    assert results(hand(problem, "2"))["a"] == "0.00"


def test_truncated() -> None:
    problem = loads("formulas = '''\na = 2*x/3\nb = -a\nc = -2*x/3\n'''\n[given]\nx = 1")
    found = results(hand(problem, "2", truncate=True))
    assert (found["a"], found["b"], found["c"]) == ("0.66", "-0.66", "-0.66")


def test_what_is_no_number_is_said_and_carried_on() -> None:
    problem = loads("formulas = '''\na = 1/x\nb = a + 1\nc = exp(y)\n'''\n[given]\nx = 0\ny = 1e9")
    found = results(hand(problem, "2"))
    assert (found["a"], found["b"], found["c"]) == ("nan", "nan", "nan")
    steps = json.loads(json_text(hand(problem, "2")))["steps"]
    assert all(step["value"] is None for step in steps[:3])


def test_fifty_decimals() -> None:
    problem = loads("formulas = 'a = sigmoid(x)'\n[given]\nx = 0.3775")
    with mpmath.workdps(70):
        due = mpmath.nstr(1 / (1 + mpmath.exp(-mpmath.mpf("0.3775"))), 60)
    assert results(hand(problem, "50"))["a"] == str(rounded(Fraction(due), 50))


# -- departures


def test_departures_are_marked_with_the_exact_value() -> None:
    solution = hand(lecture("000"), "3,x*=2")
    notes = {step.left: step.note for step in solution.steps}
    assert notes["theta2_1"] == "≠ -0.236: the exact value is -0.23560096"
    assert notes["x1_1"] == ""
    assert spell(solution.departures[0]) == "theta2_1"


def test_with_many_decimals_nothing_departs_by_a_visible_amount() -> None:
    exact = {spell(s.quantity): s.value for s in explain(lecture("004")).steps}
    for step in hand(lecture("004"), "20").steps:
        assert step.value == pytest.approx(exact[spell(step.quantity)], abs=1e-12)


def test_a_figure_of_which_nothing_is_left_is_marked() -> None:
    notes = {step.left: step.note for step in hand(lecture("004"), "2").steps}
    assert notes["dE/dw1"].startswith("≠ 0: the exact value is 0.000438568")


def test_nothing_departs_where_all_is_exact() -> None:
    solution = hand(lecture("002"), "0")
    assert solution.departures == ()
    assert "No figure departs" in " ".join(text(solution).split())


# -- several updates, examples, symbols


def test_the_second_update_starts_from_the_rounded_weights() -> None:
    first, second = hand(lecture("004"), "3"), hand(lecture("004"), "3", steps=2)
    w5 = results(first)["w5'"]
    line = next(step for step in second.steps if step.left == "o1")
    assert line.numbers is not None
    assert line.numbers.startswith(f"{w5}*")
    assert f"w5 = {w5}" in text(second)


def test_online_updates_by_hand() -> None:
    second = hand(lecture("003"), "4", steps=2)
    first = results(hand(lecture("003"), "4"))
    line = next(step for step in second.steps if step.left == "net3{2}")
    assert line.numbers is not None
    assert line.numbers.startswith(first["w30'"])


def test_momentum_is_carried_by_hand() -> None:
    problem = loads(
        'formulas = "E = (w - x)^2"\nminimise = "E"\n[given]\nx = 0.333\n[parameters]\nw = 1\n'
        '[training]\noptimizer = "momentum"\nrate = 0.1\nmomentum = 0.9\n'
    )
    third = hand(problem, "2", steps=3)
    w, v = Decimal(1), Decimal(0)
    for _ in range(3):
        e = (2 * (w - Decimal("0.333"))).quantize(Decimal("0.01"), ROUND_HALF_UP)
        v = (Decimal("0.9") * v - Decimal("0.1") * e).quantize(Decimal("0.01"), ROUND_HALF_UP)
        w = (w + v).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert Decimal(results(third)["w'"]) == w


def test_symbols_stay() -> None:
    assert results(hand(lecture("001-chain-rule"), "3"))["dy/dt"] == "10*t"
    shown = text(hand(lecture("002-max"), "3"))
    assert "= g * 1\n" in shown
    assert "because x > y" in shown


def test_the_branch_is_that_of_the_rounded_figures() -> None:
    # Exactly a > b, but rounded they are equal: by hand it is a tie.
    problem = loads("formulas = '''\na = x\nb = x - 0.001\nc = max(a, b)\n'''\n[given]\nx = 0.5")
    assert results(hand(problem, "3"))["dc/da"] == "1"
    problem = loads("formulas = '''\na = x + 0.0001\nb = x*1\nc = max(a, b)\n'''\n[given]\nx = 0.5")
    assert results(hand(problem, "3"))["dc/da"] == "0.5"


def test_drawn_weights_are_rounded_before_anything_else() -> None:
    problem = loads(
        'minimise = "E"\n[network]\nlayers = [1, 1]\nactivation = "sigmoid"\nloss = "half squared error"\n'
        'init = "uniform(-1, 1)"\nseed = 3\n[given]\nx = [1]\nt = [0]\n'
    )
    solution = hand(problem, "3")
    assert all(len(str(v).partition(".")[2]) <= 3 for v in solution.inputs.values())
    for step in lines_with_numbers(solution):
        assert rounded(done_again(step.numbers or ""), 3) == Decimal(step.result or "")


@pytest.mark.parametrize("name", lecture_names())
def test_every_lecture_by_hand(name: str) -> None:
    solution = hand(lecture(name), "3", every_step=True)
    assert len(solution.steps) == len(explain(lecture(name), every_step=True).steps)
    assert "nan" not in text(solution)


# -- asking


def test_json_values_are_those_by_hand() -> None:
    report = json.loads(json_text(hand(lecture("000"), "3,x*=2"), of=["delta2_1"]))
    assert report["values"]["theta2_2"] == 3.078
    assert report["values"]["delta2_1"] == -0.138
    assert report["by_hand"]["rounding"] == "rounded to 3 decimals, x* to 2"
    assert "theta2_1" in report["by_hand"]["departs"]


def test_json_values_in_later_updates_are_those_of_the_first() -> None:
    once = json.loads(json_text(hand(lecture("004"), "3")))["values"]
    later = json.loads(json_text(hand(lecture("004"), "3", steps=5)))["values"]
    assert once["w5'"] == later["w5'"]


def test_a_solution_by_hand_shows_itself() -> None:
    solution = hand(lecture("000"), "3,x*=2")
    assert str(solution) == text(solution)
    assert solution.to_dict()["values"]["theta2_1"] == -0.232


def test_single_quantities() -> None:
    shown = text(hand(lecture("000"), "3,x*=2"), of=["x2_1"])
    assert "x2_1 = sigmoid(theta2_1)\n     = sigmoid(-0.232)\n     = 0.44" in shown
    with pytest.raises(ProblemError, match="no line of its own"):
        text(hand(lecture("000"), "3"), of=["E@100"])
    with pytest.raises(ProblemError, match="not worked out by hand"):
        text(hand(lecture("000"), "3"), view="paths")


def test_an_exception_that_fits_nothing_is_an_error() -> None:
    with pytest.raises(ChainruleError, match=r"called z\*, so z\*=2 changes nothing"):
        hand(lecture("000"), "3,z*=2")


def test_the_canonical_spelling_fits_too() -> None:
    plain, finer = (results(hand(lecture("000"), spec))["delta2_1"] for spec in ("3", "3,dE/dtheta2_1=5"))
    assert (len(plain), len(finer)) == (len("-0.138"), len("-0.13800"))
