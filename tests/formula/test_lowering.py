"""Lowering against Python's own arithmetic, against `math`, and against people's slips."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import FormulaError, Place
from chainrule.evaluate import evaluate
from chainrule.formula import parse_definitions, parse_expression
from chainrule.formula.functions import BUILDERS
from chainrule.formula.lowering import Block, define, lower
from chainrule.formula.syntax import FUNCTIONS
from chainrule.graph import Graph, verify
from chainrule.node import Node, const, input_node, node, type_of
from chainrule.numbers.floats import FLOATS
from chainrule.ops.arithmetic import ADD, MUL, NEG, POWER
from chainrule.quantity import Name

X, Y = input_node(Name("x")), input_node(Name("y"))
V = input_node(Name("v"), type_of("real", (3,)))
M = input_node(Name("M"), type_of("real", (2, 3)))
SCOPE = {"x": X, "y": Y, "v": V, "M": M}
VALUES = {
    Name("x"): 0.6,
    Name("y"): -1.7,
    Name("v"): FLOATS.of_nested([0.5, -2.0, 3.0]),
    Name("M"): FLOATS.of_nested([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
}


def node_of(text: str, scope: dict[str, Node] | None = None) -> Node:
    return lower(parse_expression(text).tree, SCOPE if scope is None else scope, text=text)


def value_of(text: str) -> object:
    (value,) = evaluate([node_of(text)], VALUES)
    return FLOATS.to_nested(value)


def flat(value: object) -> list[object]:
    """The numbers of nested lists, and the lengths of the lists."""
    return [len(value), *(n for row in value for n in flat(row))] if isinstance(value, list) else [value]


def defined(text: str, inputs: dict[str, Node] | None = None) -> dict[str, Node]:
    return define([Block(text, parse_definitions(text))], SCOPE if inputs is None else inputs)


def refusal(text: str) -> str:
    with pytest.raises(FormulaError) as caught:
        defined(text)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix("<input>:")


# Values -------------------------------------------------------------------------------------------------------

_ATOMS = st.sampled_from(["x", "y", "2", "0.25", "3"])
_EXPRESSIONS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" + ", " - ", " * "]), inner).map(lambda t: f"({t[0]}{t[1]}{t[2]})"),
        inner.map(lambda t: f"(-{t})"),
        inner.map(lambda t: f"({t})^2"),
    ),
    max_leaves=12,
)


@given(_EXPRESSIONS)
def test_arithmetic_is_that_of_python(text: str) -> None:
    expected = eval(text.replace("^", "**"), {"x": 0.6, "y": -1.7})  # noqa: S307  # made here
    assert value_of(text) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1/2*x", 0.3),
        ("x^-2", 0.6**-2),
        ("-x^2", -0.36),
        ("+x", 0.6),
        ("2^3^2", 512.0),
        ("½*x²", 0.18),
        ("√(4)", 2.0),
        ("e", math.e),
        ("pi + π", 2 * math.pi),
        ("ln(2)", math.log(2)),
        ("log(2)", math.log(2)),
        ("log10(100)", 2.0),
        ("σ(x)", 1 / (1 + math.exp(-0.6))),
        ("max(x, y)", 0.6),
        ("max(x, y, 1)", 1.0),
        ("min(x, 2, y)", -1.7),
        ("max(v)", 3.0),
        ("min(M)", 1.0),
        ("sum(v)", 1.5),
        ("sum(M)", 21.0),
        ("mean(M)", 3.5),
        ("norm([3, 4])", 5.0),
        ("dot(v, v)", 0.25 + 4 + 9),
        ("where(x > y, 1, 2)", 1.0),
        ("where(x <= y, 1, 2)", 2.0),
        ("where(x != y, v, 0)", [0.5, -2.0, 3.0]),
        ("where(equal(x, 3/5), 1, 0)", 1.0),
        ("M @ v", [0.5 - 4 + 9, 2 - 10 + 18]),
        ("transpose(M)", [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]),
        ("M[2,1]", 4.0),
        ("M[2]", [4.0, 5.0, 6.0]),
        ("M[2][3]", 6.0),
        ("v[1] + v[3]", 3.5),
        ("[x, y]", [0.6, -1.7]),
        ("[[1, 2], [3, 4]] @ [1, 1]", [3.0, 7.0]),
        ("[x]", 0.6),
        ("[x,]", [0.6]),
        ("concat(v, [1, 2])", [0.5, -2.0, 3.0, 1.0, 2.0]),
        ("reshape(M, [3, 2])", [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]),
        ("reshape(M, 6)", [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        ("broadcast(x, [2])", [0.6, 0.6]),
        ("one_hot(1, 3)", [0.0, 1.0, 0.0]),
        ("sum(softmax(v))", 1.0),
        ("logsumexp([0, 0])", math.log(2)),
    ],
)
def test_values(text: str, expected: object) -> None:
    assert flat(value_of(text)) == pytest.approx(flat(expected), rel=1e-12)


@pytest.mark.parametrize("name", ["exp", "sqrt", "sin", "cos", "tanh", "erf", "log"])
def test_functions_are_those_of_math(name: str) -> None:
    function: Callable[[float], float] = getattr(math, name)
    assert value_of(f"{name}(x)") == pytest.approx(function(0.6), rel=1e-12)


def test_softmax_goes_along_the_last_axis() -> None:
    rows = value_of("softmax(M)")
    assert isinstance(rows, list)
    assert [sum(row) for row in rows] == pytest.approx([1.0, 1.0])


def test_uniform_is_a_function_of_key_and_counter() -> None:
    assert value_of("uniform(1, 2, [4])") == value_of("uniform(1, 2, [4])") != value_of("uniform(1, 3, [4])")


def test_every_function_of_the_language_can_be_lowered() -> None:
    assert {"delta", "change"} == FUNCTIONS - BUILDERS.keys()


# The graph is as written ----------------------------------------------------------------------------------------


def test_nothing_is_simplified() -> None:
    assert node_of("1*x + 0") is node(ADD, (node(MUL, (const(1), X)), const(0)))
    assert node_of("--x") is node(NEG, (node(NEG, (X,)),))
    assert node_of("x^1") is node(POWER, (X, const(1)))


def test_numbers_are_exact() -> None:
    assert node_of("0.1") is const(Fraction(1, 10))
    assert node_of("-0.1") is const(Fraction(-1, 10))
    assert node_of("4.38*10^-4").args[0] is const(Fraction("4.38"))


def test_brackets_leave_no_trace() -> None:
    assert node_of("((x) + (y))") is node_of("x+y")


def test_constants_give_way_to_definitions() -> None:
    assert node_of("e*pi", {"e": X, "pi": Y}) is node(MUL, (X, Y))
    found = defined("E = e^2\ne = x - y")
    assert list(found) == ["e", "E"]


@pytest.mark.parametrize("size", [20_000])
def test_long_formulas_and_long_chains(size: int) -> None:
    text = "a = " + " + ".join(["x"] * size)
    assert evaluate([defined(text)["a"]], VALUES) == [pytest.approx(0.6 * size)]
    chain = "\n".join([f"a{i} = a{i + 1} + 1" for i in range(5_000)] + ["a5000 = x"])
    assert evaluate([defined(chain)["a0"]], VALUES) == [pytest.approx(5000.6)]


def test_nested_brackets() -> None:
    assert node_of("(" * 199 + "x" + ")" * 199) is X


# Definitions ----------------------------------------------------------------------------------------------------


def test_definitions_come_in_order_of_need_then_of_the_file() -> None:
    assert list(defined("E = b + a\nb = 2*a\nc = 1\na = x")) == ["c", "a", "b", "E"]
    assert list(defined("a = x\nb = y\nc = b\nd = a")) == ["a", "b", "c", "d"]


@given(st.permutations(["a = x", "b = a*y", "c = a + b", "d = c^2", "f = 3"]))
def test_any_order_gives_the_same_nodes(lines: list[str]) -> None:
    found = defined("\n".join(lines))
    assert found == defined("a = x\nb = a*y\nc = a + b\nd = c^2\nf = 3")
    position = {name: at for at, name in enumerate(found)}
    assert position["a"] < position["b"] < position["c"] < position["d"]
    verify(Graph({Name(name): n for name, n in found.items()}))


def test_several_blocks_and_parts_of_arrays() -> None:
    texts = ["h = 2*v", "E = h2 + v[9]"]
    blocks = [Block(text, parse_definitions(text)) for text in texts]

    def part(name: str, index: tuple[int, ...]) -> tuple[str, tuple[int, ...]] | None:
        if (name, index) == ("v", (9,)):
            return "v", (1,)
        return ("h", (2,)) if name == "h2" and not index else None

    found = define(blocks[::-1], {"v": V}, part=part)
    assert list(found) == ["h", "E"]
    assert evaluate([found["E"]], VALUES) == [-4.0 + 0.5]


@given(st.integers(2, 12))
def test_a_cycle_is_named_with_its_members(size: int) -> None:
    lines = ["z = a0", *(f"a{i} = a{(i + 1) % size} + 1" for i in range(size))]
    text = refusal("\n".join(lines))
    assert text.startswith("2:1: the definitions run in a circle: 'a0' needs 'a1' needs ")
    assert "'z'" not in text


# What is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = a", "1:1: the definitions run in a circle: 'a' needs 'a' (line 1). Break the circle."),
        ("a = x\nb = 1\na = y", "3:1: 'a' is defined in line 1 and again in line 3. Keep one of them."),
        ("a = x + z", "1:9: there is no quantity 'z'. Define it, or give it a value; there are x, y, v, M, a."),
        ("alpha = x\nb = Alpha", "2:5: there is no quantity 'Alpha'. Did you mean 'alpha'?"),
        ("a = sigmiod(x)", "1:5: there is no function 'sigmiod'. Did you mean 'sigmoid'?"),
        ("a = sigmoid(x, y)", "1:5: found 2 arguments of sigmoid. Write sigmoid(x)."),
        ("a = where(x > 0, 1)", "1:5: found 2 arguments of where. Write where(c, a, b)."),
        ("a = where(x, 1, 2)", "1:5: in 'where(x, 1, 2)': found a number where a comparison"),
        ("a = x > 0", "1:5: found the comparison 'x > 0' where a number was expected."),
        ("a = 2*(x > 0)", "1:7: found the comparison '(x > 0)' where a number was expected."),
        ("a = sigmoid(equal(x, 1))", "1:13: found the comparison 'equal(x, 1)' where"),
        ("a = where(x > 0, x > 1, 2)", "1:18: found the comparison 'x > 1' where"),
        ("a = [x > 1, 2]", "1:6: found the comparison"),
        ("a = x + v[1] + M @ M", "1:16: in 'M @ M': the matrix product @ cannot take shapes (2, 3) and (2, 3)."),
        ("a = 1 + (v + [1, 2])", "1:10: in 'v + [1, 2]': the shapes (3) and (2) do not fit together."),
        ("a = [v, 1]", "1:5: in '[v, 1]': a list mixes the shapes"),
        ("a = sum(x)", "1:5: in 'sum(x)': sum takes an array, found a single number."),
        ("a = softmax(x)", "1:5: in 'softmax(x)': softmax takes an array"),
        ("a = max(x)", "1:5: in 'max(x)': max takes an array or at least two arguments, found one number."),
        ("a = v[0]", "1:7: found the index 0 where 'v', of shape (3), has 1 to 3. Indices count from 1."),
        ("a = M[1,4]", "1:9: found the index 4 where 'M', of shape (2, 3), has 1 to 3."),
        ("a = v[x]", "1:7: found the index 'x' where a whole number was expected."),
        ("a = v[1.5]", "1:7: found the index '1.5' where"),
        ("a = v[-1]", "1:7: found the index -1 where"),
        ("a = v[1,1]", "1:5: found 2 indices after 'v', an array of shape (3). It takes at most 1."),
        ("a = x[1]", "1:5: found an index after 'x', which is a single number."),
        ("a = reshape(v, [2, 2])", "1:5: in 'reshape(v, [2, 2])': an array of shape (3) cannot take"),
        ("a = reshape(v, x)", "1:5: in 'reshape(v, x)': a shape is made of whole numbers above 0"),
        ("a = broadcast(x, [10^9, 10^9])", "1:5: in 'broadcast(x, [10^9, 10^9])':"),
        ("a = one_hot(1, 0)", "1:5: in 'one_hot(1, 0)': the number of classes"),
        ("a = x'", "1:5: found 'x'', a value after an update, where"),
        ("a = delta(x)", "1:5: found 'delta(x)', a derivative or a change, where"),
        ("a = x{1}", "1:5: found 'x{1}', a quantity for one example, where"),
    ],
)
def test_refusals(text: str, message: str) -> None:
    assert refusal(text).startswith(message)


def test_places_in_a_file() -> None:
    def place(offset: int) -> Place:
        return Place("a.toml", 10, offset)

    definitions = parse_definitions("a = q", place=place)
    with pytest.raises(FormulaError, match=r"^a\.toml:10:4: there is no quantity 'q'\. Define it, or give it a value"):
        define([Block("a = q", definitions, place)], {})


def test_special_trees_are_the_caller_s() -> None:
    text = "2*dE/dw"
    found = lower(parse_expression(text).tree, {}, text=text, special=lambda tree: X)
    assert found is node(MUL, (const(2), X))
    assert operator.is_(lower(parse_expression("y").tree, SCOPE, text="y", special=lambda tree: None), Y)
