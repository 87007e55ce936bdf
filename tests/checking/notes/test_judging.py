"""Which equalities are right, rounded, carried, wrong or different."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.checking.notes import check_notes, check_page, extract, printed
from chainrule.errors import ProblemError
from chainrule.problem import loads


def verdicts(text: str) -> list[str]:
    return [link.verdict for link in check_page("notes.md", text).links]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"$0.5 \cdot 0.25 = 0.125$", ["right"]),
        (r"$0.5 \cdot 0.25 = 0.13$", ["right"]),
        (r"$0.5 \cdot 0.25 = 0.12$", ["right"]),  # cut off
        (r"$0.5 \cdot 0.25 = 0.14$", ["wrong"]),
        (r"$2 \cdot 2.4 = 5$", ["wrong"]),  # a plain integer is exact
        (r"$2 \cdot 2.4 \approx 5$", ["right"]),
        (r"$\frac{1}{2} (0.01 - 0.75136507)^2 = 0.274811083$", ["right"]),
        (r"$\frac{1}{2} (0.01 - 0.75136507)^2 = 0.274811086$", ["rounded"]),
        (r"$.5932 * .4 + .59688 * .45 + .6 = 1.1056$", ["wrong"]),
        (r"$.5932 * .4 + .59688 * .45 + .6 = 1.1059$", ["right"]),
        (r"$0.2 + 0.3 = 0.4 = 0.4$", ["wrong", "carried"]),
        (r"$0.2 + 0.3 = 0.4 = 0.5$", ["wrong", "right"]),
        (r"$1 - 0.7 = \frac{3}{10} = 30\%$", ["right", "right"]),
        (r"$x = 1/3 = 0.33$ and $3 \cdot 0.33 = 1$", ["right", "rounded"]),
        (r"$2^{10} = 1024$, $10^{-3} = 0.001$, $e^0 = 1$", ["right"] * 3),
        (r"$\begin{bmatrix} 1 & 2 \end{bmatrix} = (1, 2)$", ["right", "right"]),
        (r"$(1, 2) = (1, 2, 3)$", []),  # shapes that do not fit are not judged
        (r"$1/0 = 5$, $\ln 0 = 1$, $\sqrt{-1} = 2$", []),
        (r"$9^{9^{9^9}} = 3$", []),
        (r"\cancel $\cancel{2 + 2 = 5}$", []),
        (r"$f = 2 + 2$ $3 = 4$", ["wrong"]),
        (r"$0.4 \cdot (1 - 0.4) = 0.4 \cdot 0.5 = 0.20$", ["wrong", "carried"]),
        (r"$0.31 \cdot 0.42 + 0.5 = 0.13 + 0.5 = 0.63$", ["right", "right"]),
        (r"$0.31 \cdot 0.42 + 0.5 = 0.14 + 0.5 = 0.64$", ["wrong", "carried"]),
        (r"$2 \cdot 10^9 \cdot 16 \cdot 32 = 10^{12}$, $99 = 10^2$", ["right", "wrong"]),
        (r"$3 + 4 \cdot 2 = 4 \cdot 2 + 3 = 8 + 3$", ["right", "right"]),
        (r"$0.9 \ln 1.8 + 0.1 \ln 0.2 = 0.9 \cdot 0.5878 - 0.1 \cdot 1.6094 = 0.3681$", ["right", "right"]),
        (r"$0.9 \ln 1.8 + 0.1 \ln 0.2 = 0.9 \cdot 0.5878 - 0.1 \cdot 1.6049$", ["wrong"]),
    ],
)
def test_numbers(text: str, expected: list[str]) -> None:
    assert verdicts(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"$(a + b)^2 = a^2 + 2ab + b^2$ with $a$, $b$", ["right"]),
        (r"$(a + b)^2 = a^2 + b^2$", ["differs"]),
        (r"$\frac{d}{dx} x^3 = 3 x^2$", ["right"]),
        (r"$\frac{d}{dx} e^{\sin x} = \cos x \, e^{\sin x} = \cos x e^{\sin x}$", ["right", "right"]),
        (r"$\frac{d}{dx} \sin e^x = \cos(e^x) e^x$", ["right"]),
        (r"$\frac{d}{dx} x^3 = 2 x^2$", ["wrong"]),
        (r"$f(x) = x^2$, $f'(x) = x$", ["wrong"]),
        (r"$y = 5x + 3$ $\frac{dy}{dx} = 4$", []),
        (r"$y = 5x + 3$ $\frac{dy}{dx} = 5 + x - x$", ["right"]),
        (r"$y = x^2$ $\frac{dy}{dx} = 3 x$", ["differs"]),  # y may mean more than the page says
        (r"$\frac{2E}{2w} = E w$ where $E = w^2$", []),  # ∂ printed as 2
        (r"$E[X^2] = E[X]^2$ $\sigma(x) = \max(0, x)$ $C D C^{-1} = D$", []),
        (r"$a = b + c$ $w = w - \eta g$", []),
        (r"$2x + 3 = 7$", []),
        (r"$x^2 = y + 1$", []),
        (r"$g(x) = x + 1 \text{ if } x > 0$", []),
        (r"$\sum_i x_i = x_1 + x_2$", []),
    ],
)
def test_formulas(text: str, expected: list[str]) -> None:
    assert verdicts(text) == expected


@given(st.integers(1, 999), st.integers(1, 999), st.integers(1, 3), st.integers(1, 3), st.integers(-9, 9))
def test_a_product_is_right_exactly_if_it_is(a: int, b: int, c: int, d: int, off: int) -> None:
    product, places = a * b, c + d
    text = f"{(product + off) / 10**places:.{places}f}"
    (verdict,) = verdicts(rf"$${a / 10**c:.{c}f} \cdot {b / 10**d:.{d}f} = {text}$$")
    assert (verdict == "right") == (off == 0)


@settings(max_examples=300)
@given(st.text(alphabet=r"\${}()[]&=^_+-*/.,0123456789abxyz\n '|%frac", max_size=80))
def test_no_text_breaks_it(text: str) -> None:
    for file in ("notes.md", "notes.tex"):
        report = check_page(file, f"$${text}$$ ${text}$")
        json.dumps(report.as_json())
        for style in ("text", "github", "sarif"):
            printed(report, style)


WORDS = (
    r"\frac{ } { \begin{bmatrix} \end{bmatrix} & \\ = ^ _ 1.5 x \sum \left( \right) \text{if} \begin{aligned}"
    r" \end{aligned} \sqrt \ln | d \partial , [ ] \sigma ' \frac{d}{dx} e^ \cdot - \Rightarrow \boxed{ f(x)"
)


@settings(max_examples=400)
@given(st.lists(st.sampled_from(WORDS.split()), max_size=25))
def test_no_sequence_of_latex_breaks_it(pieces: list[str]) -> None:
    report = check_page("notes.md", f"$${' '.join(pieces)}$$")
    assert all(one.reason for one in report.unread)
    str(report)


def test_the_report_points_at_the_element_and_names_the_slip() -> None:
    report = check_page("notes.md", "so\n$$(0.5 + 0.48, 2) = (9.8, 2)$$")
    (wrong,) = [link for link in report.links if link.verdict == "wrong"]
    assert (wrong.line, wrong.column, wrong.text, wrong.expected) == (2, 22, "9.8", "0.98")
    assert wrong.causes[0].slip == "decimal point"
    assert wrong.exact == "0.98"
    assert "    $$(0.5 + 0.48, 2) = (9.8, 2)$$\n" + " " * 25 + "~~~" in str(report)


def test_a_number_that_is_printed_elsewhere_explains_a_slip() -> None:
    report = check_page("notes.md", r"$a = 0.74136507$ $0.4 \cdot 0.186815602 \cdot 0.79136507 = 0.055399425$")
    assert report.links[0].causes[-1].text == "0.79136507 in place of 0.74136507, with which it is right"


def test_exit_statuses() -> None:
    assert check_page("a.md", "$1 + 1 = 2$").exit_status == 0
    assert check_page("a.md", "$1 + 1 = 3$").exit_status == 1
    unread = check_page("a.md", "$1 + = 3$")
    assert (unread.exit_status, unread.strict_status) == (0, 2)
    differs = check_page("a.md", "$(a + b)^2 = a^2 + b^2$")
    assert (differs.exit_status, differs.strict_status) == (0, 2)


def test_json_follows_the_contract() -> None:
    found = json.loads(printed(check_page("a.md", "$c = 1 + 1 = 3$ $x +$"), "json"))
    assert found["links"] == [
        {
            "line": 1, "column": 14, "quantity": "c", "text": "3", "kind": "figure", "verdict": "wrong", "exact": "2",
            "expected": "2", "causes": [{"slip": "arithmetic", "text": "the arithmetic"}], "note": "",
        }
    ]  # fmt: skip
    assert found["counts"] == {"right": 0, "rounded": 0, "carried": 0, "wrong": 1, "differs": 0}
    assert found["unread"][0]["line"] == 1


def test_annotations_and_sarif_name_the_place() -> None:
    report = check_page("a,b.md", "$1 + 1 = 3$")
    assert printed(report, "github") == "::error file=a%2Cb.md,line=1,col=10,endColumn=11,title=wrong::3 should be 2.\n"
    (result,) = json.loads(printed(report, "sarif"))["runs"][0]["results"]
    region = result["locations"][0]["physicalLocation"]["region"]
    assert (result["level"], region["startLine"], region["startColumn"], region["endColumn"]) == ("error", 1, 10, 11)
    with pytest.raises(ProblemError):
        printed(report, "html")


PROBLEM = """
formulas = '''
h1 = w1*x1 + b1
out_h1 = sigmoid(h1)
E = 1/2*(t1 - out_h1)^2
'''
minimise = "E"
rate = 0.5
[given]
x1 = 0.5
b1 = 0.1
t1 = 1
[parameters]
w1 = 0.4
"""


def test_names_are_judged_as_quantities_of_a_problem() -> None:
    notes = r"$$h_1 = w_1 x_1 + b_1 = 0.3$$ $$\text{out}_{h1} = 0.57$$ $$\frac{\partial E}{\partial w_1} = -0.0519$$"
    report = check_page("notes.md", notes, problem=loads(PROBLEM))
    assert [(link.text, link.verdict) for link in report.links] == [
        ("w_1 x_1 + b_1", "right"),
        ("0.3", "right"),
        ("0.57", "right"),
        ("-0.0519", "wrong"),
    ]
    assert report.links[-1].expected == "-0.0520"


def test_formulas_that_are_not_the_problems_differ_and_are_never_wrong() -> None:
    report = check_page("notes.md", "$h_1 = w_1 x_1 - b_1$", problem=loads(PROBLEM))
    assert [link.verdict for link in report.links] == ["differs"]


def test_what_is_extracted_is_a_problem_file(tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    path.write_text(
        r"$x_1 = 0.5$, $w_1 = .4$, $\eta = 0.5$. $$h = w_1 x_1 + 1 = 0.4 \cdot 0.5 + 1 = 1.2$$"
        r"$$E = \frac{1}{2} h^2 = 0.72$$"
        r"$$\frac{\partial E}{\partial w_1} = h \cdot x_1 = 0.6$$",
        encoding="utf-8",
    )
    problem = loads(extract(path))
    report = problem.check()
    assert report.counts == {"right": 7, "rounded": 0, "carried": 0, "wrong": 0}
    assert not report.unread


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ProblemError):
        check_notes(tmp_path / "missing.md")
    path = tmp_path / "latin.md"
    path.write_bytes(b"caf\xe9 $1 + 1 = 2$\r\n")
    assert check_notes(path).counts["right"] == 1
