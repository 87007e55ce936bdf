"""Formulas are printed with the brackets they need, and are read back as the same formula."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chainrule.errors import GraphError
from chainrule.formula import parse_expression
from chainrule.formula.lowering import lower
from chainrule.formula.syntax import DerivativeRef, Tree
from chainrule.node import CONST, Node, const, input_node, name_node, node, rebuild, type_of
from chainrule.ops import TABLE
from chainrule.ops.arithmetic import ADD, DIV, MUL, NEG, POWER, SUB
from chainrule.ops.choices import GREATER, MAX, WHERE
from chainrule.ops.functions import SIGMOID
from chainrule.ops.matrix import MATMUL
from chainrule.printing.expression import expression, number_text, product, strength, sum_of
from chainrule.quantity import Derivative, Element, Name, Updated, spell

X, Y, Z = (input_node(Name(text)) for text in ("x", "y", "z"))
D = input_node(Derivative(Name("E"), Name("w1")))
W = input_node(Name("W"), type_of("real", (2, 3)))
V = input_node(Name("v"), type_of("real", (3,)))


def plain(op: str, *args: Node | int | Fraction, attribute: object = None) -> Node:
    """A node as the parser makes it: nothing is simplified."""
    nodes = tuple(a if isinstance(a, Node) else const(a) for a in args)
    return node(TABLE[op], nodes, attribute)


HALF = Fraction(1, 2)
CASES: list[tuple[Node, str]] = [
    (plain("neg", plain("mul", X, Y)), "-x*y"),
    (plain("sub", Z, plain("mul", plain("neg", X), Y)), "z - (-x)*y"),
    (plain("add", Z, plain("mul", plain("neg", X), Y)), "z - x*y"),
    (plain("add", Z, plain("neg", plain("add", X, Y))), "z - (x + y)"),
    (plain("add", Z, plain("neg", plain("neg", Y))), "z - (-y)"),
    (plain("add", Z, plain("div", plain("mul", -2, X), Y)), "z - 2*x/y"),
    (plain("add", Z, plain("add", X, Y)), "z + (x + y)"),
    (plain("sub", Z, plain("sub", X, Y)), "z - (x - y)"),
    (plain("sub", plain("sub", Z, X), Y), "z - x - y"),
    (plain("mul", Z, plain("div", X, Y)), "z*(x/y)"),
    (plain("div", Z, plain("mul", X, Y)), "z/(x*y)"),
    (plain("div", plain("mul", Z, X), Y), "z*x/y"),
    (plain("mul", plain("add", X, 1), plain("sub", 1, X)), "(x + 1)*(1 - x)"),
    (plain("power", plain("neg", X), 2), "(-x)^2"),
    (plain("neg", plain("power", X, 2)), "-x^2"),
    (plain("power", plain("power", X, Y), Z), "(x^y)^z"),
    (plain("power", X, plain("power", Y, Z)), "x^(y^z)"),
    (plain("power", X, HALF), "x^(1/2)"),
    (plain("power", X, -1), "x^(-1)"),
    (plain("power", HALF, X), "(1/2)^x"),
    (plain("mul", HALF, plain("power", plain("sub", X, Y), 2)), "1/2*(x - y)^2"),
    (plain("mul", X, HALF), "x*(1/2)"),
    (plain("div", X, plain("power", Y, 2)), "x/y^2"),
    (plain("mul", Fraction(1, 100), X), "0.01*x"),
    (plain("mul", Fraction(-1, 7), X), "-1/7*x"),
    (plain("sub", X, -2), "x - (-2)"),
    (plain("sub", X, plain("mul", Y, D)), "x - y*dE/dw1"),
    (plain("mul", D, X), "dE/dw1 * x"),
    (plain("mul", plain("mul", Y, D), X), "y*dE/dw1 * x"),
    (plain("div", X, D), "x/(dE/dw1)"),
    (plain("div", D, X), "(dE/dw1)/x"),
    (plain("power", D, 2), "(dE/dw1)^2"),
    (plain("neg", D), "-dE/dw1"),
    (plain("where", plain("greater", X, Y), 1, 0), "where(x > y, 1, 0)"),
    (plain("greater", plain("add", X, 1), plain("neg", Y)), "x + 1 > -y"),
    (plain("max", plain("neg", X), Y), "max(-x, y)"),
    (plain("mul", 2, plain("pi")), "2*pi"),
    (plain("softmax_unit", X, Y, attribute=0), "softmax([x, y])[1]"),
    (plain("logsumexp_unit", X, Y), "logsumexp([x, y])"),
    (plain("stack", X, Y), "[x, y]"),
    (plain("stack", X), "[x,]"),
    (plain("index", W, attribute=(1, 0)), "W[2,1]"),
    (plain("index", W, attribute=(1, (1, 3))), "W[2,2:3]"),
    (plain("index", W, attribute=(None, 0)), "W[:,1]"),
    (plain("index", plain("add", V, 1), attribute=(0,)), "(v + 1)[1]"),
    (plain("matmul", W, V), "W @ v"),
    (plain("matmul", plain("transpose", W, attribute=(1, 0)), plain("stack", X, Y)), "transpose(W) @ [x, y]"),
    (plain("sum", W, attribute=(0, 1)), "sum(W)"),
    (plain("sum", W, attribute=(0,)), "sum(W, axis=1)"),
    (plain("softmax", V, attribute=(0,)), "softmax(v)"),
    (plain("outer", V, V), "outer(v, v)"),
    (plain("broadcast", X, attribute=(2, 3)), "broadcast(x, [2, 3])"),
]


@pytest.mark.parametrize(("given_node", "text"), CASES, ids=[text for _, text in CASES])
def test_as_people_write_it(given_node: Node, text: str) -> None:
    assert expression(given_node) == text


def test_it_stops_at_quantities_and_spells_them() -> None:
    h1 = name_node(Name("h1"), X * Y)
    w = input_node(Element(Name("W1"), (2, 1)))
    assert expression(h1) == "h1"
    assert expression(h1 * w + input_node(Updated(Name("w5")))) == "h1*W1[2,1] + w5'"
    assert expression(X - Y, spell=lambda q: f"{spell(q)}{{2}}") == "x{2} - y{2}"
    assert expression(2 * X, spell=lambda q: "-delta(I4)") == "2*(-delta(I4))"


@pytest.mark.parametrize(
    ("given_node", "text"),
    [
        (plain("mul", X, Y), "-0.5*(-3e-05)"),
        (plain("add", X, Y), "-0.5 + (-3e-05)"),
        (plain("sub", Z, X), "2 - (-0.5)"),
        (plain("add", Z, plain("mul", X, Z)), "2 + (-0.5)*2"),
        (plain("neg", X), "-(-0.5)"),
        (plain("add", Z, plain("neg", X)), "2 - (-0.5)"),
        (plain("power", X, 2), "(-0.5)^2"),
        (plain("sigmoid", X), "sigmoid(-0.5)"),
        (plain("mul", Z, plain("sub", 1, X)), "2*(1 - (-0.5))"),
        (plain("div", X, Z), "-0.5/2"),
        (plain("div", D, Z), "0.25/2"),
        (plain("max", Z, X), "max(2, -0.5)"),
    ],
)
def test_numbers_put_in(given_node: Node, text: str) -> None:
    numbers = {X: "-0.5", Y: "-3e-05", Z: "2", D: "0.25"}
    assert expression(given_node, substitute=numbers.get) == text


def test_a_number_may_stand_for_any_node() -> None:
    inner = plain("mul", -2, X)
    assert expression(plain("add", Y, inner), substitute={inner: "-7"}.get) == "y + (-7)"


def test_products_and_sums_of_texts() -> None:
    assert product(["dE/dout_h1", "out_h1*(1 - out_h1)", "x1"]) == "dE/dout_h1 * (out_h1*(1 - out_h1)) * x1"
    assert product(["-(t1 - out_o1)", "a - b"]) == "-(t1 - out_o1) * (a - b)"
    assert product(["5", "2*t"]) == "5 * (2*t)"
    assert product(["1/2", "x"]) == "1/2 * x"
    assert product(["x", "1/2"]) == "x * (1/2)"
    assert product(["a + b"]) == "a + b"
    assert product(["-a"], leading=False) == "(-a)"
    assert product(["x^2", "f(a - b)", "W[1,2]", "w1'", "E@3", "d(dE/dw1)/dw2"]) == (
        "x^2 * f(a - b) * W[1,2] * w1' * E@3 * d(dE/dw1)/dw2"
    )
    terms = [product(["0.138498562", "0.4"]), product(["-0.038097237", "0.5"], leading=False)]
    assert sum_of(terms) == "0.138498562 * 0.4 + (-0.038097237) * 0.5"
    assert sum_of(["-a", "-b*c", "d"]) == "-a - b*c + d"
    assert sum_of([]) == "0"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("h1", 100), ("0.5", 100), ("1e-05", 100), ("1.5E+20", 100), ("-1e-05", 15), ("a-b", 10), ("a**2", 30),
        ("(a + b)", 100), ("(a)*(b)", 20), ("dE/dw1", 25), ("∂E/∂w1", 25), ("dE/dW1[2,1]", 25), ("y/x", 20),
        ("dh2/dw (direct)", 25), ("dE/do1*w5", 20), ("(dE/dw1)@3", 100), ("W @ x", 20), ("x > y", 5), ("Δw5", 100),
        ("e1-2", 10), ("x1e-5", 10), ("o1{2}", 100), ("a >= -b", 5), ("-a + b", 10), ("dE/dx + 1", 10),
    ],
)  # fmt: skip
def test_how_tightly_a_text_binds(text: str, found: int) -> None:
    assert strength(text) == found


def test_constants() -> None:
    texts = ["1/2", "-3/4", "2/3", "0.01", "12.25", "1/7", "1000000", "-2", "0"]
    assert [number_text(Fraction(text)) for text in texts] == texts


# Reading back.

LEAVES = st.one_of(
    st.sampled_from([X, Y, Z, D, plain("pi")]),
    st.integers(-3, 12).filter(bool).map(const),  # not 0, whose sign would have no usual place
    st.fractions(-2, 2, max_denominator=12).filter(bool).map(const),
)
NUMBERS = st.integers(-9, 9).filter(bool)


def _grown(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    binary = st.sampled_from([ADD, SUB, MUL, DIV, POWER, MAX])
    unary = st.sampled_from([NEG, NEG, SIGMOID])
    choice = st.tuples(inner, inner, inner, inner)
    return st.one_of(
        st.builds(lambda op, x, y: node(op, (x, y)), binary, inner, inner),
        st.builds(lambda op, x: node(op, (x,)), unary, inner),
        choice.map(lambda p: node(WHERE, (node(GREATER, p[:2]), *p[2:]))),
    )


NODES = st.recursive(LEAVES, _grown, max_leaves=15)
SCOPE = {"x": X, "y": Y, "z": Z}


def _derivative(tree: Tree) -> Node | None:
    return D if isinstance(tree, DerivativeRef) else None


def read(text: str) -> Node:
    known = {"E", "w1", *SCOPE}.__contains__
    return lower(parse_expression(text, known=known).tree, SCOPE, text=text, special=_derivative)


def signs_settled(root: Node) -> Node:
    """The same value with every sign in its usual place: before the first factor, and a + -b as a - b."""
    return rebuild([root], _settled)[root]


def _settled(old: Node, args: tuple[Node, ...]) -> Node:
    if old.op is NEG:
        return _negated(args[0])
    if old.op is DIV and args[0].op is CONST and args[1].op is CONST and args[1].attribute:
        return const(args[0].attribute / args[1].attribute)
    if old.op in (ADD, SUB) and _is_negative(args[1]):
        return node(SUB if old.op is ADD else ADD, (args[0], _negated(args[1])))
    return node(old.op, args, old.attribute)


def _negated(x: Node) -> Node:
    if x.op is CONST:
        return const(-x.attribute)
    if x.op is NEG:
        return x.args[0]
    if x.op in (MUL, DIV, MATMUL):
        return _settled(x, (_negated(x.args[0]), *x.args[1:]))
    return node(NEG, (x,))


def _is_negative(x: Node) -> bool:
    while x.op in (MUL, DIV, MATMUL):
        x = x.args[0]
    return x.op is NEG or (x.op is CONST and x.attribute < 0)


@given(NODES)
def test_what_is_printed_is_read_back(given_node: Node) -> None:
    text = expression(given_node)
    again = read(text)
    assert signs_settled(again) is signs_settled(given_node), text
    assert signs_settled(read(expression(again))) is signs_settled(given_node)


@given(NODES, NUMBERS, NUMBERS)
def test_numbers_put_in_mean_the_same(given_node: Node, x: int, y: int) -> None:
    numbers = {X: const(x), Y: const(y)}
    text = expression(given_node, substitute={n: str(value.attribute) for n, value in numbers.items()}.get)
    put_in = rebuild([given_node], lambda old, args: node(old.op, args, old.attribute), known=numbers)[given_node]
    assert signs_settled(read(text)) is signs_settled(put_in), text


@given(st.lists(NODES, min_size=2, max_size=4))
def test_joined_factors_mean_the_product(given_nodes: list[Node]) -> None:
    texts = [expression(n) for n in given_nodes]
    factors = given_nodes[0]
    for other in given_nodes[1:]:
        factors = node(MUL, (factors, other))
    assert signs_settled(read(product(texts))) is signs_settled(factors)


@given(st.lists(NODES, min_size=2, max_size=4))
def test_joined_terms_mean_the_sum(given_nodes: list[Node]) -> None:
    terms = [n for n in given_nodes if n.op not in (ADD, SUB)]  # a sum as a term brings its own terms
    assume(terms)
    total = terms[0]
    for other in terms[1:]:
        total = node(ADD, (total, other))
    assert signs_settled(read(sum_of([expression(n) for n in terms]))) is signs_settled(total)


# Size.


@pytest.mark.parametrize("turned", [False, True])
def test_sums_of_20000_terms(turned: bool) -> None:
    total = X
    for _ in range(20_000):
        total = plain("add", Y, total) if turned else plain("add", total, Y)
    assert expression(total).count("y") == 20_000


def test_chains_100000_deep() -> None:
    current, signs = X, X
    for _ in range(100_000):
        current, signs = node(SIGMOID, (current,)), node(NEG, (signs,))
    assert len(expression(current)) == 100_000 * len("sigmoid()") + 1
    assert expression(signs).startswith("-(-(-(")


def test_an_endless_formula_is_refused() -> None:
    current = X
    for _ in range(60):
        current = plain("mul", current, current)
    with pytest.raises(GraphError, match="too long"):
        expression(current)
