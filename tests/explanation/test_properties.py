"""Every line of a worked solution of any problem is true: hypothesis draws the problems, mpmath judges the lines.

The oracle knows nothing of our graphs: it runs the formulas as Python with 50 digits, and takes derivatives as central
differences with a step of 1e-20.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import mpmath
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chainrule import Problem
from chainrule.display import json_text
from chainrule.explanation import Explanation, Step, chain_rule, explain
from chainrule.explanation.asked import value_of
from chainrule.quantity import Derivative

INPUTS = ("x", "y", "w1", "w2")
STEP = mpmath.mpf(10) ** -20
LARGEST = 1e4  # values beyond are not drawn: printed with nine decimals, their products need more

# Drawing a problem takes a while.
few = settings(max_examples=max(20, (settings.default or settings()).max_examples // 5))

# -- the oracle


def gelu(x: Any) -> Any:
    return x * (1 + mpmath.erf(x / mpmath.sqrt(2))) / 2


def positive(x: Any) -> bool:
    """Whether x lies above 0. A power whose exponent is moved by half a digit has a complex value close by."""
    return bool(mpmath.re(x) > 0)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "tanh": mpmath.tanh,
    "relu": lambda x: x if positive(x) else mpmath.mpf(0),
    "leaky_relu": lambda x: x if positive(x) else x / 100,
    "elu": lambda x: x if positive(x) else mpmath.expm1(x),
    "gelu": gelu,
    "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "exp": mpmath.exp,
    "log": mpmath.log,
    "ln": mpmath.log,
    "sqrt": mpmath.sqrt,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "abs": abs,
    "max": lambda *xs: max(xs, key=mpmath.re),
    "min": lambda *xs: min(xs, key=mpmath.re),
    "erf": mpmath.erf,
    "expm1": mpmath.expm1,
    "step": lambda x: mpmath.mpf(positive(x)),
    "sign": mpmath.sign,
    "where": lambda condition, x, y: x if condition else y,
    "pi": mpmath.pi,
    "e": mpmath.e,
}
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:e[+-]?\d+)?")


def run(text: str, values: Mapping[str, Any]) -> Any:
    """The value of an expression as our pages print it."""
    program = NUMBER.sub(lambda number: f"mpf('{number[0]}')", text.replace("^", "**"))
    return eval(program, {"mpf": mpmath.mpf, **FUNCTIONS, **values})  # noqa: S307  # text that we drew or printed


@dataclass(frozen=True)
class Drawn:
    """A problem, its formulas in order, and its inputs."""

    formulas: tuple[tuple[str, str], ...]
    inputs: tuple[tuple[str, str], ...]

    def values(self, change: tuple[str, Any] = ("", 0)) -> dict[str, Any]:
        """All values; that of one quantity may be changed, with all that follows from it."""
        name, by = change
        found: dict[str, Any] = {}
        for left, text in [*self.inputs, *self.formulas]:
            found[left] = mpmath.mpf(run(text, found)) + (by if left == name else 0)
        return found

    def derivative(self, of: str, by: str) -> Any:
        """Central difference; None at a kink, where the slopes to the left and right differ."""
        before, here, after = (self.values((by, k * STEP))[of] for k in (-1, 0, 1))
        if abs((after - here) - (here - before)) > STEP * mpmath.mpf(10) ** -8:
            return None
        return (after - before) / (2 * STEP)

    def direct(self, of: str, by: str) -> Any:
        """The derivative of a definition by one of the quantities in it, the others held fixed."""
        formula, values = dict(self.formulas)[of], self.values()
        ends = [run(formula, {**values, by: values[by] + k * STEP}) for k in (-1, 1)]
        return (ends[1] - ends[0]) / (2 * STEP)

    def problem(self) -> Problem:
        inputs = dict(self.inputs)
        return Problem.from_dict(
            {
                "formulas": "\n".join(f"{name} = {text}" for name, text in self.formulas),
                "minimise": self.formulas[-1][0],
                "rate": "0.5",
                "given": {name: inputs[name] for name in ("x", "y") if name in inputs},
                "parameters": {name: inputs[name] for name in ("w1", "w2") if name in inputs},
            }
        )


# -- drawing problems

CONSTANTS = st.sampled_from(["2", "3", "0.5", "1.25", "0.1", "7"])
UNARY = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "softplus", "exp", "sin", "cos", "abs")


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pair = st.tuples(inner, inner)
    return st.one_of(
        pair.map(lambda p: f"({p[0]} + {p[1]})"),
        pair.map(lambda p: f"({p[0]} - {p[1]})"),
        pair.map(lambda p: f"{p[0]}*{p[1]}"),
        pair.map(lambda p: f"({p[0]})/(1 + ({p[1]})^2)"),
        pair.map(lambda p: f"max({p[0]}, {p[1]})"),
        pair.map(lambda p: f"min({p[0]}, {p[1]})"),
        inner.map(lambda p: f"(-{p})"),
        inner.map(lambda p: f"({p})^2"),
        inner.map(lambda p: f"({p})^3"),
        inner.map(lambda p: f"sqrt(1 + ({p})^2)"),
        inner.map(lambda p: f"log(2 + ({p})^2)"),
        inner.map(lambda p: f"1/2*({p})"),
        st.tuples(st.sampled_from(UNARY), inner).map(lambda p: f"{p[0]}({p[1]})"),
    )


@st.composite
def problems(draw: st.DrawFn) -> Drawn:
    """Two to five formulas, each of the inputs and of formulas before it, and their sum, which is minimised."""
    values = st.decimals(-2, 2, places=2).map(lambda value: str(value + 0))
    inputs = tuple((name, draw(values)) for name in INPUTS)
    names, formulas = list(INPUTS), []
    for number in range(draw(st.integers(2, 5))):
        leaves = st.one_of(st.sampled_from(names[-4:]), CONSTANTS)
        text = draw(st.recursive(leaves, larger, max_leaves=4))
        last = names[-1]
        name = f"q{number + 1}"
        formulas.append((name, f"{last}*{draw(st.sampled_from(names))} + {text}" if last not in text else text))
        names.append(name)
    text = " + ".join(name for name, _ in formulas) + " + w1*w2"  # so that no parameter is idle
    used = " ".join(body for _, body in formulas)
    missing = [name for name in ("x", "y") if not re.search(rf"\b{name}\b", used)]
    drawn = Drawn((*formulas, ("E", text)), tuple((name, value) for name, value in inputs if name not in missing))
    assume(all(abs(value) < LARGEST for value in drawn.values().values()))
    return drawn


# -- the lines


def tolerance(text: str, values: Mapping[str, Any], digits: int) -> Any:
    """How far the value of a line may be off, if each number in it was rounded to so many decimals."""
    half, total = mpmath.mpf(10) ** -digits / 2, mpmath.mpf(0)
    here = run(text, values)
    for found in NUMBER.finditer(text):
        ends = []
        for sign in (1, -1):
            moved = mpmath.nstr(mpmath.mpf(found[0]) + sign * half, 40, min_fixed=-mpmath.inf, max_fixed=mpmath.inf)
            changed = f"{text[: found.start()]}({moved}){text[found.end() :]}"
            ends.append(abs(run(changed, values) - here))
        total += max(ends)
    return 2 * total + 2 * half


def spelled(line: str) -> str:
    """A line with dE/dw1 written as a name that Python can read."""
    return re.sub(r"dE/d(\w+)", r"dE_\1", line)


def steps_of(explanation: Explanation) -> list[Step]:
    steps = [*explanation.steps, *explanation.again]
    assume(all(step.value is None or abs(step.value) < LARGEST for step in steps))  # an update can leap far out
    return steps


@few
@given(problems(), st.sampled_from([4, 9, 12]))
def test_numbers_put_in_give_the_value_that_is_printed(drawn: Drawn, digits: int) -> None:
    with mpmath.workdps(50):
        for step in steps_of(explain(drawn.problem(), digits=digits)):
            if step.numbers is None or any(float(number) > 1e6 for number in NUMBER.findall(step.numbers)):
                continue  # after an update that went too far floats have fewer digits than are printed
            assert step.result is not None
            off = abs(run(step.numbers, {}) - mpmath.mpf(step.result))
            assert off <= tolerance(step.numbers, {}, digits), f"{step.left} = {step.numbers} = {step.result}"


@few
@given(problems())
def test_every_value_is_that_of_the_formulas(drawn: Drawn) -> None:
    with mpmath.workdps(50):
        values = drawn.values()
        for step in explain(drawn.problem()).steps:
            if step.stage == "forward":
                assert step.value is not None
                assert mpmath.almosteq(step.value, values[step.left], 1e-9, 1e-12), step.left


@few
@given(problems())
def test_every_derivative_is_a_central_difference(drawn: Drawn) -> None:
    with mpmath.workdps(50):
        document = json.loads(json_text(explain(drawn.problem())))
        found = {name: value for name, value in document["values"].items() if name.startswith("dE/d")}
        assert len(found) > 2
        for name, value in found.items():
            expected = drawn.derivative("E", name.removeprefix("dE/d"))
            assert expected is None or mpmath.almosteq(value, expected, 1e-9, 1e-11), name


@few
@given(problems())
def test_formulas_of_steps_hold_with_the_values_of_their_names(drawn: Drawn) -> None:
    """Each line between the chain rule and the numbers, such as dE/do1 * w5 + dE/do2 * w7."""
    with mpmath.workdps(50):
        worked_out = explain(drawn.problem())
        known = {spelled(step.left): step.value for step in worked_out.steps}
        values = {**drawn.values(), **{name: value for name, value in known.items() if name.startswith("d")}}
        for step in worked_out.steps:
            for line in step.symbols if step.stage == "forward" else step.symbols[1:]:
                found = run(spelled(line), values)
                assert mpmath.almosteq(found, step.value, 1e-9, 1e-11), f"{step.left} = {line}"


@few
@given(problems())
def test_chains_of_factors_multiply_to_the_derivative(drawn: Drawn) -> None:
    """dE/dw5 = dE/do1 * do1/dw5 with each factor as mathematics defines it: total, or direct where it says so."""
    with mpmath.workdps(50):
        for step in explain(drawn.problem()).steps:
            if step.stage != "backward" or not step.symbols or not re.match(r"\(?d\w+/d", step.symbols[0]):
                continue
            factors: dict[str, Any] = {}

            def put(found: re.Match[str], factors: dict[str, Any] = factors) -> str:
                of, by, direct = found[1], found[2], found[3]
                name = f"f{len(factors)}"
                factors[name] = drawn.direct(of, by) if direct else drawn.derivative(of, by)
                return name

            text = re.sub(r"d(E|q\d)/d(\w+)( \(direct\))?", put, step.symbols[0])
            if any(value is None for value in factors.values()):
                continue  # at a kink
            assert mpmath.almosteq(run(text, factors), step.value, 1e-9, 1e-11), f"{step.left} = {step.symbols[0]}"


@few
@given(problems())
def test_the_terms_of_the_chain_rule_add_up(drawn: Drawn) -> None:
    worked_out = explain(drawn.problem())
    passes = worked_out.passes
    assert passes.of is not None
    rule = chain_rule(worked_out.problem, passes.backward, passes.of)
    for by in worked_out.shown:
        terms = rule.terms(by)
        total = sum(math.prod(worked_out.table[factor.node] for factor in term.factors) for term in terms)
        due = worked_out.table[passes.backward.outputs[Derivative(passes.of, by)]]
        assert math.isclose(total, due, rel_tol=1e-9, abs_tol=1e-11)


@few
@given(problems())
def test_json_has_the_values_of_the_quantities_asked_for(drawn: Drawn) -> None:
    problem = drawn.problem()
    values = json.loads(json_text(explain(problem), of=["E'", "dE/dq1", "q1 + 1"]))["values"]
    assert all(isinstance(value, float) for value in values.values())
    for name in ("E", "E'", "dE/dq1", "w1'", "q2"):
        assert values[name] == value_of(problem, name)
    assert values["q1 + 1"] == values["q1"] + 1


@few
@given(problems())
def test_every_step_says_the_same_values(drawn: Drawn) -> None:
    problem = drawn.problem()
    plain = {step.left: step.value for step in explain(problem).steps}
    fine = explain(problem, every_step=True).steps
    assert [step.left for step in fine if step.left in plain] == list(plain)
    assert {step.left: step.value for step in fine if step.left in plain} == plain
