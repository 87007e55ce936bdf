from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.formula import parse_expression
from chainrule.formula.render import render
from chainrule.formula.syntax import (
    AtUpdate,
    Binary,
    Call,
    Compare,
    DerivativeRef,
    ExampleRef,
    FunctionPrime,
    Group,
    Index,
    ListExpr,
    Number,
    Prime,
    Ref,
    Span,
    Tree,
    Unary,
    same_tree,
)

S = Span(0, 0)


def put_in(**texts: str) -> Callable[[Tree], str | None]:
    return lambda node: texts.get(node.name) if isinstance(node, Ref) else None


@pytest.mark.parametrize(
    "text",
    [
        "1/2*(t1 - out_o1)^2", "[1 - x]*(2 - y)", "½*(t - o)²", "√(x + 1)^2", "√√x", "W1 @ x + b",
        "-x^2", "a - -b", "x^-y", "(dE/dw1)@3", "d(dE/dw1)/dw2", "∂E/∂W[2,1]", "dE{1}/dw",
        "dE/do1 (direct)", "ΔW[2,1]'", "Δ(dE/dw)", "σ(h1)", "σ'(h1)", "sigmoid''(h1)",
        "where(x > 0, a, b)", "[a,]", "[[1, 2], [3, 4]]", "W[2,1]", "w5''", "E@100", "o1{2}",
        ".05 + 57.7% + 4.4e-4", "10⁻⁴",
    ],
)  # fmt: skip
def test_canonical_text_is_unchanged(text: str) -> None:
    assert render(parse_expression(text).tree) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("w*x+b", "-1.7*0.05 + (-1)"),
        ("(w)*x", "(-1.7)*0.05"),
        ("x*w", "0.05*(-1.7)"),
        ("w^2", "(-1.7)^2"),
        ("x - w", "0.05 - (-1.7)"),
        ("-w", "-(-1.7)"),
        ("x^w", "0.05^(-1.7)"),
        ("[w, x]", "[-1.7, 0.05]"),
        ("max(x, w*x)", "max(0.05, -1.7*0.05)"),
        ("max(x, w^2)", "max(0.05, (-1.7)^2)"),
        ("sigmoid'(w)", "sigmoid'(-1.7)"),
        ("delta(w) + w' + dE/dw + Δw", "delta(w) + w' + dE/dw + Δw"),
        ("f", "1/3 + 2"),
        ("2*f", "2*(1/3 + 2)"),
        ("f*2", "(1/3 + 2)*2"),
        ("g*2", "[1, 2]*2"),
        ("y", "y"),
    ],
)
def test_numbers_put_in(text: str, expected: str) -> None:
    numbers = put_in(w="-1.7", x="0.05", b="-1", f="1/3 + 2", g="[1, 2]")
    assert render(parse_expression(text).tree, numbers) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2x", "2*0.05"),
        ("2w", "2(-1.7)"),
        ("x(1 - x)", "0.05(1 - 0.05)"),
        ("x w", "0.05(-1.7)"),
        ("y w", "y*(-1.7)"),
        ("x y", "0.05*y"),
        ("1/2(x)^2", "1/2(0.05)^2"),
    ],
)
def test_numbers_put_into_left_out_products(text: str, expected: str) -> None:
    tree = parse_expression(text, implicit_products=True).tree
    assert render(tree, put_in(w="-1.7", x="0.05")) == expected


def test_whole_quantities_can_be_put_in() -> None:
    tree = parse_expression("w5' - 0.5*dE/dw5 + W[2,1]").tree

    def numbers(node: Tree) -> str | None:
        kinds = {Prime: "0.4", DerivativeRef: "-0.08", Index: "0.3"}
        return kinds.get(type(node))

    assert render(tree, numbers) == "0.4 - 0.5*(-0.08) + 0.3"


names = st.sampled_from(["x", "w5", "θ4", "out_h1", "E", "ŷ"]).map(lambda name: Ref(name, S))
numbers = st.sampled_from([".05", "0.10", "4.4e-4", "57.7%", "3"]).map(
    lambda text: Number(text, Fraction(text.rstrip("%")) / (100 if "%" in text else 1), S)
)
parts = (
    names
    | st.builds(lambda of: Index(of, (Number("2", Fraction(2), S),), S), names)
    | st.builds(lambda of: ExampleRef(of, 2, S), names)
)


def grow(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    quantity = st.builds(lambda tree: Group(tree, "(", S), inner) | parts
    style = st.sampled_from(["d", "∂"])
    return st.one_of(
        st.builds(lambda op, a, b: Binary(op, a, b, S), st.sampled_from("+-*/^@"), inner, inner),
        st.builds(lambda a: Binary("^", a, Number("²", Fraction(2), S), S), inner),
        st.builds(lambda op, a: Unary(op, a, S), st.sampled_from("-+"), inner),
        st.builds(lambda a, bracket: Group(a, bracket, S), inner, st.sampled_from("([")),
        st.builds(lambda op, a, b: Compare(op, a, b, S), st.sampled_from(["<", "==", ">="]), inner, inner),
        st.builds(lambda a, b: Call("max", (a, b), S), inner, inner),
        st.builds(lambda a: Call("sqrt", (a,), S, "√"), inner),
        st.builds(lambda a: Call("sigmoid", (a,), S, "σ"), inner),
        st.builds(lambda a: Call("change", (a,), S, "Δ"), quantity),
        st.builds(lambda a, n: FunctionPrime("tanh", (a,), S, n), inner, st.integers(1, 3)),
        st.builds(lambda items: ListExpr(tuple(items), S), st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda a, b: Index(a, (b,), S), inner, inner),
        st.builds(lambda a, n: Prime(a, n, S), inner, st.integers(1, 3)),
        st.builds(lambda a, n: AtUpdate(a, n, S), inner, st.integers(0, 300)),
        st.builds(lambda a, n: ExampleRef(a, n, S), inner, st.integers(1, 300)),
        st.builds(lambda a, b, s, d: DerivativeRef(a, b, s, S, d), quantity, quantity, style, st.booleans()),
    )


@settings(max_examples=400, deadline=None)
@given(st.recursive(names | numbers, grow, max_leaves=12))
def test_what_is_printed_is_read_back(tree: Tree) -> None:
    again = parse_expression(render(tree)).tree
    assert same_tree(tree, again, brackets=False)
    # Once read, a text has all the brackets it needs: printing adds none.
    assert same_tree(again, parse_expression(render(again)).tree)


def test_different_trees_are_told_apart() -> None:
    pairs = [("a + b", "a - b"), ("dE/dw", "∂E/∂w"), ("0.1", "0.10"), ("w'", "w''"), ("σ(x)", "sigmoid(x)")]
    for one, other in pairs:
        assert not same_tree(parse_expression(one).tree, parse_expression(other).tree)
