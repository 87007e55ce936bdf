"""How single formulas are set in LaTeX and MathML, and that no text whatever makes the printers fail."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.notation import network_names
from chainrule.printing.arrays import set_equal
from chainrule.printing.document import Chain, Derivation, Document, Items, Matrices, Prose, Table
from chainrule.printing.formats import render
from chainrule.printing.glyphs import Typography
from chainrule.printing.latex_math import LATEX, lines_of, width_of
from chainrule.printing.mathml import mathml
from chainrule.printing.typeset import BREAK, typeset


def latex(text: str, typography: Typography | None = None) -> str:
    return typeset(text, LATEX, typography or Typography()).replace(BREAK, "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1/2*(t1 - out_o1)^2", r"\tfrac{1}{2} \cdot (t_{1} - \mathit{out}_{o_{1}})^{2}"),
        ("-t1/a", r"-\frac{t_{1}}{a}"),
        ("1/(1 + e^(-H1))", r"\frac{1}{1 + e^{-H_{1}}}"),
        ("(a/b + c)*d", r"\left(\frac{a}{b} + c\right) \cdot d"),
        ("a - (b - c)", "a - (b - c)"),
        ("[a + b]*c", r"[a + b] \cdot c"),
        ("(-2)^2", "(-2)^{2}"),
        ("3.5e-05", r"3.5 \cdot 10^{-5}"),
        ("1e+20*x", r"1 \cdot 10^{20} \cdot x"),
        ("x²", "x^{2}"),
        ("½*x", r"\tfrac{1}{2} \cdot x"),
        ("57.7%", r"57.7\%"),
        ("dE/dw5", r"\frac{\partial E}{\partial w_{5}}"),
        ("dc/db (direct)", r"\left.\frac{\partial c}{\partial b}\right|_{\mathrm{direct}}"),
        ("d(dE/dw1)/dw2", r"\frac{\partial }{\partial w_{2}}\frac{\partial E}{\partial w_{1}}"),
        ("d(x*y)/dx", r"\frac{\partial }{\partial x}(x \cdot y)"),
        ("2*d/dx(1 + e^(-x))", r"2 \cdot \frac{\partial }{\partial x}(1 + e^{-x})"),
        ("dsigmoid(x)/dx", r"\frac{\partial \sigma(x)}{\partial x}"),
        ("w5'", r"w_{5}^{\prime}"),
        ("net3{1}'", r"{\mathit{net}_{3}^{\lbrace 1\rbrace }}^{\prime}"),
        ("o1{2}", r"o_{1}^{\lbrace 2\rbrace }"),
        ("E@100", "E^{@100}"),
        ("(dE/dw1)@3", r"{\left(\frac{\partial E}{\partial w_{1}}\right)}^{@3}"),
        ("w1'^2", r"\left(w_{1}^{\prime}\right)^{2}"),
        ("Δw5(n-1)", r"\Delta w_{5}(n-1)"),
        ("0.9*Δw1(n-1) - rate*g", r"0.9 \cdot \Delta w_{1}(n-1) - \mathit{rate} \cdot g"),
        ("delta(h1)", r"\delta_{h_{1}}"),
        ("sigmoid'(h1)", r"\sigma^{\prime}(h_{1})"),
        ("softmax([a, b])[1]", r"\mathrm{softmax}(a, b)_{1}"),
        ("max(x, y)", r"\max(x, y)"),
        ("sqrt(x + 1)", r"\sqrt{x + 1}"),
        ("abs(x)", "|x|"),
        ("log10(x)", r"\log_{10}(x)"),
        ("theta4", r"\theta_{4}"),
        ("θ4*ŷ", r"\theta_{4} \cdot \hat{y}"),
        ("W1 @ x", r"W_{1}\thinspace x"),
        ("transpose(W2) @ dE/dz2", r"{W_{2}}^{\mathrm{T}}\thinspace \frac{\partial E}{\partial z_{2}}"),
        ("W[2,1]", "W_{2,1}"),
        ("where(x > 0, x, 0)", r"\mathrm{where}(x > 0, x, 0)"),
        ("inf", r"\infty"),
        ("what is this?", r"\mathtt{what~is~this?}"),
    ],
)  # fmt: skip
def test_latex(text: str, expected: str) -> None:
    assert re.sub(" +", " ", latex(text)).strip() == re.sub(" +", " ", expected)


@pytest.mark.parametrize(
    ("notation", "layers", "text", "expected"),
    [
        ("nptel", [2, 2, 2], "theta2_1", r"\theta_{1}^{2}"),
        ("nptel", [2, 2, 2], "W2_21", "W_{21}^{2}"),
        ("nptel", [2, 2, 2], "W2_01", "W_{01}^{2}"),
        ("nptel", [2, 2, 2], "x1_0", "x_{0}^{1}"),
        ("nptel", [2, 2, 2], "x0_2", "x_{2}^{0}"),
        ("nptel", [2, 2, 2], "delta1_2", r"\delta_{2}^{1}"),
        ("nptel", [2, 2, 2], "x2_1^2", r"\left(x_{1}^{2}\right)^{2}"),
        ("nptel", [2, 2, 2], "W2_21'", r"{W_{21}^{2}}^{\prime}"),
        ("nptel", [2, 12, 2], "W2_12_1", "W_{12,1}^{2}"),
        ("nptel", [2, 2, 2], "W2", "W^{2}"),
        ("matrix", [2, 2, 2], "z1[2]", "z_{2}^{(1)}"),
        ("matrix", [2, 2, 2], "W1[2,1]", "W_{21}^{(1)}"),
        ("matrix", [2, 12, 2], "W2[1,12]", "W_{1,12}^{(2)}"),
        ("matrix", [2, 2, 2], "x[2]", "x_{2}"),
        ("matrix", [2, 2, 2], "b2", "b^{(2)}"),
        ("numbered", [2, 2, 2], "out_h1", r"\mathit{out}_{h_{1}}"),
        ("mitchell", [2, 2, 1], "w_31", "w_{31}"),
        ("mitchell", [2, 2, 1], "net_3", r"\mathit{net}_{3}"),
    ],
)
def test_the_typography_of_a_notation(notation: str, layers: list[int], text: str, expected: str) -> None:
    names = network_names(notation, layers)
    assert latex(text, Typography(names)) == expected


def test_a_long_formula_is_broken_between_its_terms_and_loses_nothing() -> None:
    whole = typeset(" + ".join(f"w{k}*x{k}" for k in range(40)), LATEX, Typography())
    lines = lines_of(whole, 300.0, 280.0)
    assert len(lines) > 3
    assert all(width_of(line) < 320 for line in lines)
    assert "".join(lines) == whole.replace(BREAK, "")
    assert all(line.count("{") == line.count("}") for line in lines)


def test_brackets_that_grow_are_never_torn_apart() -> None:
    text = typeset("(a/b + " + " + ".join(f"c{k}" for k in range(60)) + ")*d", LATEX, Typography())
    for line in lines_of(text, 200.0, 180.0):
        assert line.count(r"\left") == line.count(r"\right")


def test_sums_of_any_length_and_brackets_of_any_depth() -> None:
    long = " + ".join(f"x{k}" for k in range(20_000))
    assert latex(long).count(" + ") == 19_999
    deep = "(" * 150 + "x" + ")" * 150
    assert latex(deep) == deep
    ElementTree.fromstring(mathml(deep))
    assert latex("(" * 500 + "x" + ")" * 500).startswith(r"\mathtt{")  # more than the language allows


def test_arrays_stand_among_the_signs() -> None:
    found = set_equal(
        ["1/2*sum((", (("1",), ("...",)), " - ", (("0",), ("1",)), ")^2)", " = ", "3"], LATEX, Typography()
    )
    assert found.count(r"\begin{array}{r}") == 2
    assert r"\cdots" in found
    assert found.endswith(" = 3")
    side = set_equal([(("1", "2"),), (("3",), ("4",))], LATEX, Typography())
    assert r"\end{array}\right]" in side
    assert r"\cdot" not in side
    odd = set_equal(["?? ", (("1", "2"),), " !"], LATEX, Typography())
    assert r"\mathtt{??~}" in odd
    assert r"\begin{array}{rr}1 & 2" in odd


TEXTS = st.one_of(
    st.text(max_size=30),
    st.text(alphabet="abdEwxhθΔ∂ŷ0159_.'@{}[]()+-*/^ ,=<>½²√σ→\\$%&#~|ⵣ", max_size=30),
)


@given(TEXTS)
def test_no_text_makes_the_printers_fail(text: str) -> None:
    arrays = Matrices(text, ((text, ((text,),), text),))
    items, chain = Items(text, (text, f"{text} = {text}")), Chain(text, (text,), text)
    blocks = (Prose(text), items, chain, Table((text,), ((text,),)), arrays, Derivation(text, ((text, text),)))
    clean = "".join(c for c in text if c.isprintable())
    for style in ("markdown", "latex", "html"):
        assert BREAK not in render(Document((Chain(clean, (clean,)),)), style)
        render(Document(blocks), style)
    if clean == text:
        ElementTree.fromstring(render(Document(blocks), "html"))
        assert render(Document(blocks), "latex").isascii() or any("\u0080" <= c < "\u0180" for c in text)


NAMES = st.sampled_from(["x1", "out_h1", "W1[2,1]", "o1{2}", "w5'", "dE/dw5", "θ4", "3", "0.5", "2e-05"])
FORMULAS = st.recursive(
    NAMES,
    lambda parts: st.one_of(
        st.tuples(parts, st.sampled_from(["+", "-", "*", "/", "^"]), parts).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})"),
        parts.map(lambda text: f"sigmoid({text})"),
        parts.map(lambda text: f"-({text})"),
        parts.map(lambda text: f"sqrt({text})"),
    ),
    max_leaves=12,
)


@given(FORMULAS)
def test_every_formula_is_typeset_and_balanced(text: str) -> None:
    found = latex(text)
    assert "mathtt" not in found
    assert found.count("{") == found.count("}")
    assert found.count(r"\left") == found.count(r"\right")
    ElementTree.fromstring(mathml(text))
    assert "mtext" not in mathml(text)


@pytest.mark.parametrize("style", ["markdown", "latex", "html"])
def test_lines_that_differ_in_spaces_only_are_printed_once(style: str) -> None:
    twice, once = (render(Document((Chain("y", rights),)), style) for rights in (("g * x", "g*x", "3"), ("g*x", "3")))
    assert twice == once
