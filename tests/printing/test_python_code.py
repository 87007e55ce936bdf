"""Python source that is valid, uses only what it needs, and means what the reference evaluator says."""

from __future__ import annotations

import keyword
import math
import unicodedata
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chainrule.errors import GraphError, ShapeError
from chainrule.evaluate import evaluate_all
from chainrule.node import Node, const, input_node, node, order, type_of
from chainrule.ops import TABLE
from chainrule.printing.python_code import (
    FUNCTIONS,
    identifiers,
    preamble,
    python_expression,
    python_number,
    reserved_names,
)
from chainrule.quantity import Change, Derivative, Element, Example, Name, Quantity, Updated

X, Y = input_node(Name("x")), input_node(Name("y"))
UNARY = [name for name in FUNCTIONS if TABLE[name].arity == 1]
SEVERAL = ["softmax_unit", "logsumexp_unit"]


def run(root: Node, x: float, y: float) -> Any:
    nodes = order([root])
    names = identifiers([Name("x"), Name("y")], reserved=reserved_names(nodes))
    lines = [*preamble(nodes), f"result = {python_expression(root, names)}"]
    space: dict[str, Any] = {names[Name("x")]: x, names[Name("y")]: y}
    exec("\n".join(lines), space)
    return space["result"]


def plain(op: str, *args: Node | int | Fraction, attribute: object = None) -> Node:
    return node(TABLE[op], tuple(a if isinstance(a, Node) else const(a) for a in args), attribute)


@pytest.mark.parametrize("name", UNARY)
@given(x=st.floats(-30, 30))
def test_every_function_has_the_reference_value(name: str, x: float) -> None:
    x = abs(x) + 0.1 if name in ("log", "log10", "sqrt") else x
    root = plain(name, X)
    due = evaluate_all([root], {Name("x"): x})[root]
    assert run(root, x, 0.0) == pytest.approx(due, rel=1e-14, abs=1e-300)


@given(st.floats(-700, 700), st.floats(-700, 700), st.sampled_from(["softmax0", "softmax1", "logsumexp"]))
def test_components_of_softmax(x: float, y: float, which: str) -> None:
    root = plain("logsumexp_unit", X, Y) if which == "logsumexp" else plain(
        "softmax_unit", X, Y, attribute=int(which[-1])
    )  # fmt: skip
    due = evaluate_all([root], {Name("x"): x, Name("y"): y})[root]
    assert run(root, x, y) == pytest.approx(due, rel=1e-12, abs=1e-300)


def test_every_op_of_single_numbers_can_be_printed() -> None:
    elementwise = {name for name, op in TABLE.items() if op.elementwise}
    for name in elementwise | {"pi", "e"}:
        count = TABLE[name].arity or 0
        args = [plain("less", X, Y), X, Y] if name == "where" else [X, Y][:count]
        assert run(plain(name, *args), 0.7, 0.4) is not None


def test_functions_do_not_overflow() -> None:
    for name in ("sigmoid", "softplus", "relu", "tanh", "elu", "gelu"):
        assert math.isfinite(run(plain(name, X), 1000.0, 0.0))
        assert math.isfinite(run(plain(name, X), -1000.0, 0.0))


# Random formulas.

BINARY = ["add", "sub", "mul", "div", "power", "max", "min"]
COMPARISONS = ["greater", "less", "greater_equal", "less_equal", "equal", "not_equal"]


def _grown(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    choice = st.tuples(st.sampled_from(COMPARISONS), inner, inner, inner, inner)
    return st.one_of(
        st.builds(plain, st.sampled_from(BINARY), inner, inner),
        st.builds(plain, st.sampled_from(["neg", "neg", *UNARY]), inner),
        choice.map(lambda p: plain("where", plain(p[0], p[1], p[2]), p[3], p[4])),
        st.builds(lambda x, y: plain("softmax_unit", x, y, attribute=1), inner, inner),
    )


LEAVES = st.one_of(
    st.sampled_from([X, Y, plain("pi"), plain("e")]),
    st.fractions(-3, 3, max_denominator=12).map(const),
)


@given(st.recursive(LEAVES, _grown, max_leaves=12), st.floats(-3, 3), st.floats(-3, 3))
def test_a_formula_has_the_reference_value(root: Node, x: float, y: float) -> None:
    table = evaluate_all([root], {Name("x"): x, Name("y"): y})
    assume(all(isinstance(v, bool) or 1e-250 < abs(v) < 1e250 or v == 0 for v in table.values()))
    assert run(root, x, y) == pytest.approx(table[root], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("root", "text"),
    [
        (plain("mul", plain("power", plain("sub", X, Y), 2), Fraction(1, 2)), "(x - y)**2 * (1/2)"),
        (plain("power", plain("neg", X), 2), "(-x)**2"),
        (plain("neg", plain("power", X, 2)), "-x**2"),
        (plain("power", X, Fraction(1, 3)), "x**(1/3)"),
        (plain("div", 1, plain("mul", X, Y)), "1 / (x * y)"),
        (plain("div", 1, 2), "1/2"),
        (plain("where", plain("greater", X, Y), 1, plain("neg", X)), "(1 if x > y else -x)"),
        (plain("mul", 2, plain("where", plain("less", X, Y), 1, 0)), "2 * (1 if x < y else 0)"),
        (plain("softmax_unit", X, Y, attribute=1), "softmax([x, y])[1]"),
        (plain("equal", X, Y), "x == y"),
        (plain("mul", plain("stop_gradient", plain("add", X, 1)), Y), "(x + 1) * y"),
    ],
)
def test_as_a_programmer_writes_it(root: Node, text: str) -> None:
    assert python_expression(root, {Name("x"): "x", Name("y"): "y"}) == text


def test_only_what_is_used_is_imported_and_defined() -> None:
    assert preamble([plain("add", X, Y)]) == []
    assert preamble([plain("exp", X), plain("pi"), X]) == ["from math import exp, pi"]
    (imports, source) = preamble([plain("sigmoid", X)])
    assert imports == "from math import exp"
    assert source.startswith("def sigmoid(z):")


def test_constants() -> None:
    values = [Fraction(1, 3), Fraction(1, 100), Fraction(-2), Fraction(1, 2)]
    assert [python_number(v) for v in values] == ["1/3", "0.01", "-2", "1/2"]


def test_arrays_are_refused_by_name() -> None:
    w = input_node(Name("W1"), type_of("real", (2, 3)))
    with pytest.raises(ShapeError, match=r"W1 is an array of shape \(2, 3\)"):
        python_expression(plain("sum", w, attribute=(0, 1)), {Name("W1"): "W1"})
    with pytest.raises(ShapeError, match="unit by unit"):
        preamble(order([plain("stack", X, Y)]))


def test_what_cannot_be_said_is_refused() -> None:
    with pytest.raises(GraphError, match="q has no variable"):
        python_expression(input_node(Name("q")), {})


# Identifiers.

W21 = Element(Name("W1"), (2, 1))


def test_identifiers_are_readable() -> None:
    labels: dict[Quantity, str] = {
        Name("h1"): "h1",
        W21: "W1_2_1",
        Derivative(Name("E"), Name("w1")): "dEdw1",
        Derivative(Name("E"), W21): "dEdW1_2_1",
        Derivative(Derivative(Name("E"), Name("w1")), Name("w2")): "ddEdw1dw2",
        Updated(Name("w1")): "w1_new",
        Updated(W21): "W1_2_1_new",
        Updated(Name("E"), 100): "E_at100",
        Example(Name("o1"), 2): "o1_ex2",
        Change(Name("w5")): "change_w5",
        Name("lambda"): "lambda_",
        Name("θ4"): "θ4",
        Name("2x"): "_2x",
        Name("a b"): "a_b",
        Name(""): "_",
    }
    assert identifiers(labels) == labels


def test_collisions_are_settled_in_favour_of_the_name_a_person_gave() -> None:
    derivative = Derivative(Name("E"), Name("w"))
    labels: list[Quantity] = [derivative, Name("dEdw"), Name("dEdw_"), Name("exp"), Updated(Name("w")), Name("w_new")]
    found = identifiers(labels, reserved={"exp"})
    assert list(found.values()) == ["dEdw_2", "dEdw", "dEdw_", "exp_", "w_new_", "w_new"]


NAMES = st.one_of(
    st.sampled_from(["x", "dEdw", "W_1", "e", "lambda", "None", "__debug__", "x_", "x_2"]),
    st.sampled_from(["ſ", "s", "ﬁ", "fi", "µ", "μ"]),  # two spellings of one variable each
    st.text(max_size=3),
).map(Name)


def _labels(inner: st.SearchStrategy[Quantity]) -> st.SearchStrategy[Quantity]:
    numbers = st.integers(1, 12)
    return st.one_of(
        st.builds(Element, inner, st.tuples(numbers)),
        st.builds(Derivative, inner, inner, st.booleans()),
        st.builds(Updated, inner, numbers),
        st.builds(Change, inner),
        st.builds(Example, inner, numbers),
    )


@given(st.lists(st.recursive(NAMES, _labels, max_leaves=3)))
def test_identifiers_are_valid_and_differ(labels: list[Quantity]) -> None:
    found = identifiers(labels, reserved={"exp", "x"})
    assert list(found) == list(dict.fromkeys(labels))
    # Python compares identifiers in this normal form.
    assert len({unicodedata.normalize("NFKC", name) for name in found.values()}) == len(found)
    for name in found.values():
        assert name.isidentifier()
        assert not keyword.iskeyword(name)
        assert name not in ("exp", "x", "__debug__")
    if found:
        exec("".join(f"{name} = 1\n" for name in found.values()), {})
