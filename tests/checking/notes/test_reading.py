"""What is read of LaTeX: each side becomes plain text of our formula language, with its digits as printed."""

from __future__ import annotations

import pytest

from chainrule.checking.notes import check_page
from chainrule.checking.notes.document import Document, read_page
from chainrule.checking.notes.finding import Page, formulas


def read(text: str, file: str = "notes.md") -> Document:
    return read_page(Page(file, text, latex=file.endswith(".tex")))


def plain(formula: str, context: str = "") -> list[str]:
    document = read(f"{context}\n\n$$ {formula} $$")
    return [side.reading.plain for side in document.chains[-1].sides]


_PRODUCT = "[[1,2,],[3,4,],]@[[5,],[6,],]"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\frac{1}{2} (t - o)^2", "((1)/(2))(t-o)^(2)"),
        (r"\tfrac12", "(1/2)"),
        (r".05 * .15", ".05*.15"),
        (r"0. 75 + 0 .5", "0.75+0.5"),
        (r"0.10", "0.10"),
        (r"1{,}000 + 1", "1000+1"),
        (r"\underline{\underline{0.3775}}", "((0.3775))"),
        (r"\boxed{0.5}", "(0.5)"),
        (r"57.7\%", "57.7%"),
        (r"4.38 \times 10^{-4}", "4.38*10^(-4)"),
        (r"2 \cdot 3 \div 4", "2*3/4"),
        (r"e^{-x}", "exp(-x)"),
        (r"\exp(-x)", "(exp(-x))"),
        (r"\ln 2x", "(ln(2 x))"),
        (r"\sin^2 x", "(sin(x))^(2)"),
        (r"\log_2 8", "(log(8)/log(2))"),
        (r"\log_{10} 8", "(log10(8))"),
        (r"\sqrt{2} + \sqrt[3]{8}", "sqrt(2)+(8)^(1/(3))"),
        (r"|x - 1|", "abs(x-1)"),
        (r"\left\| x \right\|", "norm(x)"),
        (r"\left[ (1 - x) + \{2 y\} \right] x", "((1-x)+(2 y))x"),
        (r"\text{Total Error}", "Total_Error"),
        (r"\text{out } O_1 + \text{out}_1", "outO_1+out_1"),
        (r"w_{5 \text{ new}}", "w_5new"),
        (r"\mathbf{W}^{(1)}", "W^(1)"),
        (r"\hat{y}", "y_hat"),
        (r"\vec{w} \cdot \vec{x}", "w*x"),
        (r"\Delta w_{ij}", "Δw_ij"),
        (r"\frac{\partial E}{\partial w_5}", "(∂(E)/∂(w_5))"),
        (r"\frac{dy}{dx}", "(∂(y)/∂(x))"),
        (r"\frac{d}{dx} (x^2)", "(∂((x^(2)))/∂(x))"),
        (r"\frac{d_1 - 1}{d_2}", "((d_1-1)/(d_2))"),
        (r"\sigma'(z)", "σ'(z)"),
        (r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix} \begin{pmatrix} 5 \\ 6 \end{pmatrix}", _PRODUCT),
        (r"(1, 2)^T", "transpose([1,2])"),
        (r"\begin{bmatrix} 1 & 2\end{bmatrix}^\top \cdot 2", "transpose([[1,2,],])*2"),
        (r"\textcolor{red}{0.5} + {\color{blue} 1}", "(0.5)+(1)"),
        (r"2 \, \mathrm{x}", "2 x"),
        (r"½ × 3 − 1", "½*3-1"),
        (r"\eta E[X^2]", "η*E‿(X^(2))"),
        (r"p(x | y)", "p‿(x,y)"),
        (r"(x - y)_2^2", "part_2‿((x-y))^(2)"),
        (r"\mymacro{a}{b} + 1", "mymacroab‿+1"),
    ],
)  # fmt: skip
def test_a_side_is_read(formula: str, expected: str) -> None:
    assert plain(formula) == [expected]
    assert not read(f"${formula}$").unread


@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        (r"x +", "end of the formula"),
        (r"\frac{1}{", "is never closed"),
        (r"1.-0.26", "found '1.', which is no number"),
        (r"5!", "factorial"),
        (r"4:6:3", "ratio"),
        (r"a \pm b", r"\pm is not read"),
        (r"\begin{cases} 1 \\ 2 \end{cases}", "cases"),
        (r"2 3", "operator was expected"),
        (r"0{,}5", "decimal comma"),
        (r"[0, 1)", "interval"),
        ("{" * 60 + "x" + "}" * 60, "nested deeper"),
    ],
)
def test_what_is_not_read_has_a_reason(formula: str, reason: str) -> None:
    (unread,) = read(f"$ {formula} $").unread
    assert reason in unread.reason


def test_superscripts_are_layers_where_the_document_counts_them_so() -> None:
    assert plain("x_j^2 (1 - x_j^2)", "$x_j^1$") == ["x_j^2(1-x_j^2)"]
    assert plain("x_j^2 (1 - x_j^2)") == ["x_j^(2)(1-x_j^(2))"]
    assert plain("u_5^{1-1}") == ["u_5^(1-1)"]
    assert plain(r"\theta_j^2", r"$\theta_j^{0}$") == ["θ_j^2"]


def test_letters_side_by_side_are_a_product_where_they_stand_alone_elsewhere() -> None:
    assert plain("xy", "$x$ and $y$") == ["x y"]
    assert plain("net_j") == ["net_j"]
    assert plain("out") == ["out"]


def test_functions_are_those_that_the_document_applies() -> None:
    assert plain("2 f(x)", "$f(x) = x^2$") == ["2*f(x)"]
    assert plain("o(1 - o)") == ["o(1-o)"]


@pytest.mark.parametrize(
    ("text", "chains"),
    [
        ("$$a = 2$$ text $$= 3$$", [["a", "2", "3"]]),
        ("$a = 2$, $b = 3$", [["a", "2"], ["b", "3"]]),
        (r"$a = 2 \Rightarrow b = 3$", [["a", "2"], ["b", "3"]]),
        (r"$a = 2 \qquad b = 3; c = 4$", [["a", "2"], ["b", "3"], ["c", "4"]]),
        (r"$a = 2 \text{ and } b = 3$", [["a", "2"], ["b", "3"]]),
        (r"$a < b = 3$", [["a"], ["b", "3"]]),
        (r"$a \approx 2$", [["a", "2"]]),
        (r"$w \leftarrow w - 1$", [["w"], ["w-1"]]),
        (r"$\left[ a = 2 \right] \implies b$", [["a", "2"], ["b"]]),
        (r"$\boxed{a = 2}$", [["a", "2"]]),
        (r"$$\begin{aligned} a &= 1 & b &= 2 \\ &= 3 & &= 4 \end{aligned}$$", [["a", "1", "3"], ["b", "2", "4"]]),
        (r"$$\begin{aligned} a &= 1 & b &= 2 \\ &= 3 \\ & & &= 4 \end{aligned}$$", [["a", "1", "3"], ["b", "2", "4"]]),
        (r"$$\begin{aligned} a &= 1 \\ &\quad + 2 \\ &= 3 \end{aligned}$$", [["a", "1+2", "3"]]),
        ("\\begin{eqnarray} a &=& 1 \\\\ &=& 2 \\end{eqnarray}", [["a", "1", "2"]]),
        ("\\begin{align} a &= 1 \\\\[2pt] b &= 2 \\end{align}", [["a", "1"], ["b", "2"]]),
        (r"$$a = 1 \quad b = 2$$ $$= 3 \quad = 4$$", [["a", "1", "3"], ["b", "2", "4"]]),
        (r"$a = 2$ (size $= 3$)", [["a", "2"], ["3"]]),
        (r"$a = 2$ $= 3$", [["a", "2", "3"]]),
        ("\\begin{align} a &= 1 \\\\%[1em]\n &= 2 \\end{align}", [["a", "1", "2"]]),
        (r"$a = 2 \ (7)$ $\text{⑥}$ $= 3$", [["a", "2(7)", "3"]]),
    ],
)
def test_chains(text: str, chains: list[list[str]]) -> None:
    assert [[side.reading.plain for side in chain.sides] for chain in read(text).chains] == chains


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a $x$ b $$y$$ c \\(z\\) d \\[w\\]", ["x", "y", "z", "w"]),
        ("`$x$` ``$y$`` \n```\n$z$\n```\n", []),
        ("```math\nx = 1\n```\n", ["x = 1"]),
        ("<!-- $x$ --> $y$", ["y"]),
        ("it costs $5 and then $10", []),
        ("\\$5 $x$", ["x"]),
        ("$x\n\ny$", []),
        ("$$x$$$$y$$", ["x", "y"]),
        ("$$", []),
        ("$$ $$", []),
    ],
)
def test_formulas_are_found(text: str, found: list[str]) -> None:
    page = Page("notes.md", text)
    assert [text[one.start : one.end].strip() for one in formulas(page) if one.closed] == found


def test_comments_and_listings_of_latex_are_passed_over() -> None:
    text = "% $a$\n\\begin{verbatim}$b$\\end{verbatim} 50\\% $c$ \\begin{equation*}d\\end{equation*}"
    page = Page("notes.tex", text, latex=True)
    assert [text[one.start : one.end] for one in formulas(page)] == ["c", "d"]


def test_places_are_lines_and_columns_of_the_file() -> None:
    document = read("# Title\n\nso $a = 1.5 + $ and\n$b = 2 3$")
    assert [(one.line, one.column) for one in document.unread] == [(3, 14), (4, 8)]


@pytest.mark.parametrize(
    "text",
    [
        "{" * 100_000,
        "{" * 20_000 + "}" * 20_000,
        "(" * 20_000,
        "\\frac{" * 8_000,
        "\\begin{aligned}" * 3_000,
        "\\begin{aligned}" * 1_000 + "x" + "\\end{aligned}" * 1_000,
        "\\left(" * 5_000,
        "|" * 10_000,
        "x" + "_{a" * 5_000 + "}" * 5_000,
        "^" * 10_000,
        "\\text{" * 5_000,
        "\\sqrt[" * 5_000,
        "&" * 10_000 + "\\\\" * 1_000,
        "\\",
        "\\begin{",
        "\\end{x}}",
        "\\operatorname{ } x",
        "1.5 \\begin{aligned} = ( & ! \\\\ ) & = 2 \\end{aligned}",
    ],
)
def test_hostile_formulas_end_with_unread_entries(text: str) -> None:
    document = read(f"$${text}$$")
    assert len(document.unread) <= 2 * document.sides + 1


@pytest.mark.parametrize("text", ["\\[" * 20_000, "$ " * 20_000, "`" * 20_000, "\\begin{align}" * 5_000, "$$" * 9_999])
def test_what_is_never_closed_is_reported_once(text: str) -> None:
    assert len(read(text).unread) <= 1


def test_a_fraction_without_braces_takes_two_digits_and_no_point() -> None:
    assert [link.verdict for link in check_page("a.md", r"$\frac12 = 0.5$").links] == ["right"]
    check_page("a.md", r"$a = \frac.5} = 3$")  # found by fuzzing: a point is no number
