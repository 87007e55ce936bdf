"""Every line of every derivation equals the one before, and a wrong line is caught; the lectures' lines are there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule import Problem
from chainrule.display import Request, text
from chainrule.errors import ChainruleError
from chainrule.explanation.derivation import derivations, local_derivation, local_form
from chainrule.explanation.differentiation import Line, line_text, pending
from chainrule.explanation.equal_lines import unequal_line
from chainrule.lectures import lecture_names, lecture_text
from chainrule.node import NAME, arguments_of, const, node
from chainrule.ops.arithmetic import ADD, MUL, NEG
from chainrule.problem import loads

SOFTMAX = """
minimise = "E"
rate = 0.1
[network]
layers     = [2, 3, 3]
activation = ["tanh", "softmax"]
loss       = "cross entropy"
init       = "glorot uniform"
[given]
x = [0.5, 1]
t = [1, 0, 0]
"""


def lecture(name: str) -> Problem:
    return loads(lecture_text(name) or "", file=f"{name}.toml")


def symbolic(formulas: str, *names: str) -> Problem:
    listed = ", ".join(f'"{name}"' for name in names)
    return loads(f"symbols = [{listed}]\nformulas = '''\n{formulas}\n'''")


def page(problem: Problem, *of: str, width: int = 110) -> str:
    return text(Request(problem=problem), view="derive", of=of, width=width)


def lines_of(problem: Problem, left: str, *of: str) -> list[str]:
    for _, own in derivations(problem, of):
        for one in own:
            if one.left == left:
                return [expression for expression, _ in one.texts()]
    raise AssertionError(f"no derivation of {left}")


def all_lines(problem: Problem, *of: str) -> list[tuple[str, tuple[Line, ...]]]:
    return [(one.left, one.lines) for _, own in derivations(problem, of) for one in own]


@pytest.mark.parametrize("name", lecture_names())
def test_lectures(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"lectures/{name}-derive.txt", page(lecture(name)))


@pytest.mark.parametrize("name", lecture_names())
def test_every_line_of_the_lectures_equals_the_one_before(name: str) -> None:
    for left, lines in all_lines(lecture(name)):
        assert unequal_line(lines, points=1) is None, left


@pytest.mark.parametrize(
    ("problem", "of"),
    [
        (lecture("004"), "dE/dw5"),
        (lecture("004"), "dE/dw1"),
        (lecture("001"), "dError/dw1"),
        (lecture("000"), "dE/dW1_11"),
        (lecture("003"), "dE/dw31"),
        (lecture("001-chain-rule"), "dy/dt"),
        (lecture("order"), "dc/da"),
        (loads(SOFTMAX), "dE/dW1[1,2]"),
    ],
)
def test_every_line_of_a_whole_derivative_equals_the_one_before(problem: Problem, of: str) -> None:
    found = all_lines(problem, of)
    assert found[-1][0] == of
    for left, lines in found:
        assert not pending(lines[-1].node)
        assert unequal_line(lines, points=2) is None, left


# -- the lines of the lectures


def test_the_sigmoid_of_lecture_003() -> None:
    problem = symbolic("s = 1/(1 + e^(-x))", "x")
    assert lines_of(problem, "ds/dx") == [
        "d/dx(1/(1 + e^(-x)))",
        "d/dx((1 + e^(-x))^(-1))",
        "-1 * (1 + e^(-x))^(-2) * d/dx(1 + e^(-x))",
        "-1 * (1 + e^(-x))^(-2) * (0 + d/dx(e^(-x)))",
        "-1 * (1 + e^(-x))^(-2) * (0 + e^(-x) * d/dx(-x))",
        "-1*(1 + e^(-x))^(-2)*(0 + e^(-x)*(-1))",
        "(1 + e^(-x))^(-2)*e^(-x)",
        "e^(-x)/(1 + e^(-x))^2",
        "1/(1 + e^(-x))*(e^(-x)/(1 + e^(-x)))",
        "1/(1 + e^(-x))*((1 + e^(-x) - 1)/(1 + e^(-x)))",
        "1/(1 + e^(-x))*(1 - 1/(1 + e^(-x)))",
        "s*(1 - s)",
    ]


@pytest.mark.parametrize(
    "formula", ["1/(1 + e^(-x))", "1/(1 + exp(-x))", "1/(e^(-x) + 1)", "e^x/(1 + e^x)", "sigmoid(x)"]
)
def test_every_sigmoid_arrives_at_s_times_1_minus_s(formula: str) -> None:
    problem = symbolic(f"s = {formula}", "x")
    assert lines_of(problem, "ds/dx")[-1] == "s*(1 - s)"
    for left, lines in all_lines(problem):
        assert unequal_line(lines) is None, left


@pytest.mark.parametrize(
    "formula", ["(e^x - e^(-x))/(e^x + e^(-x))", "(exp(x) - exp(-x))/(exp(x) + exp(-x))", "tanh(x)"]
)
def test_tanh_arrives_at_1_minus_its_square(formula: str) -> None:
    problem = symbolic(f"a = {formula}", "x")
    assert lines_of(problem, "da/dx")[-1] == "1 - a^2"
    for left, lines in all_lines(problem):
        assert unequal_line(lines) is None, left


def test_the_half_square_of_lectures_001_and_003() -> None:
    assert lines_of(symbolic("E = 1/2*(t - o)^2", "t", "o"), "dE/do") == [
        "d/do(1/2 * (t - o)^2)",
        "1/2 * d/do((t - o)^2)",
        "1/2 * (2 * (t - o) * d/do(t - o))",
        "1/2*(2*(t - o)*(0 - 1))",
        "-(t - o)",
    ]


def test_the_chain_rule_of_lecture_001() -> None:
    assert lines_of(lecture("001-chain-rule"), "dy/dt", "dy/dt") == ["dy/dx * dx/dt", "5*(2*t)", "10*t"]
    assert lines_of(lecture("001-chain-rule"), "dy/dt")[-1] == "10*t"


def test_softmax_with_cross_entropy_arrives_at_p_minus_t() -> None:
    found = lines_of(loads(SOFTMAX), "dE/dz2")
    assert found[0] == "d/dz2(-sum(t * log(softmax(z2))))"
    assert found[1] == "d/dz2(-sum(t * (z2 - logsumexp(z2))))"
    assert found[-2:] == ["sum(t)*a2 - t", "a2 - t"]
    for left, lines in all_lines(loads(SOFTMAX)):
        assert unequal_line(lines) is None, left


def test_targets_that_do_not_sum_to_1_end_before_p_minus_t() -> None:
    problem = loads(SOFTMAX.replace("[1, 0, 0]", "[1, 1, 0]"))
    assert lines_of(problem, "dE/dz2")[-1] == "sum(t)*a2 - t"
    assert "do not sum to 1" in page(problem)


def test_sigmoid_with_binary_cross_entropy_arrives_at_o_minus_t() -> None:
    problem = symbolic("z = w*x\no = 1/(1 + e^(-z))\nE = -(t*ln(o) + (1 - t)*ln(1 - o))", "x", "t", "w")
    found = lines_of(problem, "dE/dz")
    assert found[1] == "d/dz(-(t * (-softplus(-z)) + (1 - t) * (-softplus(z))))"
    assert found[-1] == "o - t"


def test_softmax_in_single_numbers_arrives_at_p_minus_t() -> None:
    shares = "\n".join(f"p{k} = e^z{k}/(e^z1 + e^z2 + e^z3)" for k in (1, 2, 3))
    names = ("z1", "z2", "z3", "t1", "t2", "t3")
    problem = symbolic(f"{shares}\nE = -(t1*ln(p1) + t2*ln(p2) + t3*ln(p3))", *names)
    assert lines_of(problem, "dE/dz1")[-2:] == ["(t1 + t2 + t3)*p1 - t1", "p1 - t1"]
    for left, lines in all_lines(problem):
        assert unequal_line(lines, points=1) is None, left


@pytest.mark.parametrize(
    "loss", ["-1/2*(t*ln(o) + (1 - t)*ln(1 - o))", "-t*ln(o)", "t*ln(o) + (1 - t)*ln(1 - o)", "-(t*ln(o))^2"]
)
def test_another_loss_does_not_arrive_there(loss: str) -> None:
    for left, lines in all_lines(symbolic(f"z = 3*x\no = sigmoid(z)\nE = {loss}", "x", "t")):
        assert unequal_line(lines, points=1) is None, left
        assert left != "dE/dz" or line_text(lines[-1].node) != "o - t"


# -- any formula

LEAVES = st.sampled_from(["x", "y", "2", "1/2", "x", "3"])


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    two = st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})")
    quotient = st.tuples(inner, inner).map(lambda p: f"({p[0]})/(1 + ({p[1]})^2)")
    power = st.tuples(inner, st.sampled_from(["2", "3", "-1"])).map(lambda p: f"(2 + ({p[0]})^2)^({p[1]})")
    general = st.tuples(inner, inner).map(lambda p: f"(2 + sin({p[0]}))^(cos({p[1]})/4)")
    names = st.sampled_from(["sigmoid", "tanh", "sin", "cos", "softplus"])
    function = st.tuples(names, inner).map(lambda p: f"{p[0]}({p[1]})")
    logarithm = inner.map(lambda p: f"log(2 + ({p})^2)")
    exponential = inner.map(lambda p: f"e^(sin({p}))")
    return st.one_of(two, quotient, power, general, function, logarithm, exponential)


@settings(max_examples=40)
@given(st.recursive(LEAVES, _grown, max_leaves=5))
def test_every_line_of_any_formula_equals_the_one_before(formula: str) -> None:
    problem = symbolic(f"f = x*y + {formula}", "x", "y")
    for definition in problem.units.outputs.values():
        for by in arguments_of(definition):
            lines = local_derivation(definition, by)
            assert unequal_line(lines, points=1) is None, [line_text(line.node) for line in lines]
            assert line_text(lines[-1].node) == line_text(local_form(definition, by))


@pytest.mark.parametrize("name", ["max(x, y)", "min(x, 2*y)", "abs(x - y)", "relu(x - y)", "where(x > y, x^2, y)"])
def test_kinks_have_lines_too(name: str) -> None:
    for left, lines in all_lines(symbolic(f"f = {name}", "x", "y")):
        assert unequal_line(lines) is None, left


# -- the tester, tested


@pytest.mark.parametrize("problem", [symbolic("s = 1/(1 + e^(-x))", "x"), symbolic("E = 1/2*(t - o)^2", "t", "o")])
def test_a_wrong_line_is_caught(problem: Problem) -> None:
    slips: list[Callable[[Line], Line]] = [
        lambda line: replace(line, node=node(NEG, (line.node,))),
        lambda line: replace(line, node=node(ADD, (line.node, const(Fraction(1, 10**12))))),
        lambda line: replace(line, node=node(MUL, (line.node, const(Fraction(1001, 1000))))),
    ]
    for _, lines in all_lines(problem):
        for at in range(1, len(lines)):
            for slip in slips:
                wrong = (*lines[:at], slip(lines[at]), *lines[at + 1 :])
                assert unequal_line(wrong, points=1) == at


def test_a_condition_is_not_taken_for_granted() -> None:
    lines = dict(all_lines(loads(SOFTMAX)))["dE/dz2"]
    bare = (*lines[:-1], replace(lines[-1], given={}))
    assert unequal_line(bare) == len(lines) - 1


# -- the view


def test_what_is_no_derivative_is_refused_in_one_line() -> None:
    for of in ("E", "dE/dq", "w5'"):
        with pytest.raises(ChainruleError) as error:
            page(lecture("004"), of)
        assert "\n" not in str(error.value)


def test_a_second_look_is_short() -> None:
    found = page(lecture("001"))
    assert found.count("1 added and taken away") == 1
    assert "in the same way as dout_H1/dH1" in found


def test_no_text_is_wider_than_the_page_for_its_reasons() -> None:
    wide = [line for line in page(lecture("001"), width=80).splitlines() if len(line) > 80]
    assert all("=" in line for line in wide)  # only an expression that cannot be broken


def test_definitions_count_and_inputs_do_not() -> None:
    problem = lecture("004")
    lefts = [left for left, _ in all_lines(problem)]
    assert "dh1/dw1" in lefts
    assert "dh1/dx1" not in lefts
    assert len([n for n in problem.units.nodes() if n.op is NAME]) == 11


def test_until_ends_the_page() -> None:
    found = text(Request(problem=lecture("004")), view="derive", until="dout_h1/dh1")
    assert "out_h1 put back" in found
    assert "dh2/dw3" not in found
    with pytest.raises(ChainruleError, match="cannot stop there"):
        text(Request(problem=lecture("004")), view="derive", until="E")
