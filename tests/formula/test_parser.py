from __future__ import annotations

import contextlib
import gc
import importlib.util
import time
from collections.abc import Callable
from fractions import Fraction
from itertools import islice
from pathlib import Path

import pytest

from chainrule.errors import FormulaError, Place
from chainrule.formula import locate, parse_definitions, parse_expression, parse_quantity
from chainrule.formula.render import render
from chainrule.formula.syntax import (
    AtUpdate,
    Call,
    DerivativeRef,
    Number,
    Ref,
    Span,
    Tree,
    children,
    same_tree,
    walk,
)

_SIGN = {"Binary": "op", "Unary": "op", "Compare": "op", "Call": "function", "FunctionPrime": "function"}


def outline(tree: Tree) -> str:
    """The tree as an S-expression: (+ a (* b c))."""
    if isinstance(tree, Number):
        return tree.text
    if isinstance(tree, Ref):
        return tree.name
    kind = type(tree).__name__
    head = getattr(tree, _SIGN[kind]) if kind in _SIGN else kind
    head += "~" if getattr(tree, "implicit", False) else ""
    return f"({' '.join([head, *map(outline, children(tree))])})"


def names(*known: str) -> Callable[[str], bool]:
    return frozenset(known).__contains__


def message(text: str, **options: object) -> str:
    with pytest.raises(FormulaError) as caught:
        parse_expression(text, **options)  # type: ignore[arg-type]
    return str(caught.value).removeprefix("<input>:")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b*c - d", "(- (+ a (* b c)) d)"),
        ("a/b/c*d", "(* (/ (/ a b) c) d)"),
        ("-x^2", "(- (^ x 2))"),
        ("2^-1", "(^ 2 (- 1))"),
        ("2^3^2", "(^ 2 (^ 3 2))"),
        ("x**-y*z", "(* (^ x (- y)) z)"),
        ("a - -b", "(- a (- b))"),
        ("-a*b", "(* (- a) b)"),
        ("A @ x + b", "(+ (@ A x) b)"),
        ("A@x", "(@ A x)"),
        ("½×(t−o)²", "(* ½ (^ (Group (- t o)) ²))"),
        ("a ÷ b · c", "(* (/ a b) c)"),
        ("√(x+1)^2", "(^ (sqrt (Group (+ x 1))) 2)"),
        ("√√x", "(sqrt (sqrt x))"),
        ("σ(h1)", "(sigmoid h1)"),
        ("σ'(h1)", "(sigmoid h1)"),
        ("10⁻⁴", "(^ 10 ⁻⁴)"),
        ("where(x >= 0, a, b)", "(where (>= x 0) a b)"),
        ("[a]*[a, b]", "(* (Group a) (ListExpr a b))"),
        ("[[1,2],[3,4]]", "(ListExpr (ListExpr 1 2) (ListExpr 3 4))"),
        ("W[2,1]", "(Index W 2 1)"),
        ("W [2][1]", "(Index (Index W 2) 1)"),
        ("(W @ x)[1]", "(Index (Group (@ W x)) 1)"),
        ("o1{2}", "(ExampleRef o1)"),
        ("w5''", "(Prime w5)"),
        ("W[2,1]'@3", "(AtUpdate (Prime (Index W 2 1)))"),
        ("dE/dw5", "(DerivativeRef E w5)"),
        ("∂E/∂w5", "(DerivativeRef E w5)"),
        ("d(E + F)/d(w0*x0)", "(DerivativeRef (Group (+ E F)) (Group (* w0 x0)))"),
        ("d(dE/dw1)/dw2", "(DerivativeRef (Group (DerivativeRef E w1)) w2)"),
        ("dE/dW1[2,1]", "(DerivativeRef E (Index W1 2 1))"),
        ("dE{1}/dw1", "(DerivativeRef (ExampleRef E) w1)"),
        (
            "dE/do1 * do1/dh1*dh1/dw1",
            "(* (* (DerivativeRef E o1) (DerivativeRef o1 h1)) (DerivativeRef h1 w1))",
        ),
        ("dE/do1 (direct)*x", "(* (DerivativeRef E o1) x)"),
        ("a/dE/dw", "(/ a (DerivativeRef E w))"),
        ("(dE/dw1)@3", "(AtUpdate (Group (DerivativeRef E w1)))"),
        ("d1/d2", "(/ d1 d2)"),
        ("delta1/delta2", "(/ delta1 delta2)"),
        ("dot(a, b)/dx", "(/ (dot a b) dx)"),
        ("dEdw5", "dEdw5"),
        ("delta(h1)", "(delta h1)"),
        ("Δw5", "(change w5)"),
        ("∆w5", "(change w5)"),
        ("ΔW[2,1]'", "(Prime (change (Index W 2 1)))"),
        ("Δ(dE/dw1)", "(change (Group (DerivativeRef E w1)))"),
        ("θ4*ŷ", "(* θ4 ŷ)"),
    ],
)
def test_reads(text: str, expected: str) -> None:
    assert outline(parse_expression(text).tree) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (".05", Fraction(1, 20)),
        ("0.10", Fraction(1, 10)),
        ("4.4e-4", Fraction(44, 100_000)),
        ("4.4E−4", Fraction(44, 100_000)),
        ("57.7%", Fraction(577, 1000)),
        ("57.7 %", Fraction(577, 1000)),
        ("½", Fraction(1, 2)),
        ("5.", Fraction(5)),
        ("1e0" + "0" * 5_000, Fraction(1)),
        ("1" * 1_000, Fraction("1" * 1_000)),
        ("1e-10000", Fraction(1, 10**10_000)),
    ],
)
def test_numbers_keep_their_digits(text: str, value: Fraction) -> None:
    tree = parse_expression(text).tree
    assert isinstance(tree, Number)
    assert (tree.text, tree.value) == (text, value)


def test_updates_and_derivatives_keep_their_facts() -> None:
    at = parse_quantity("E@0100").tree
    assert isinstance(at, AtUpdate)
    assert at.n == 100
    direct = parse_quantity("∂E/∂o1(direct)").tree
    assert isinstance(direct, DerivativeRef)
    assert (direct.style, direct.direct) == ("∂", True)
    call = parse_quantity("σ(x)").tree
    assert isinstance(call, Call)
    assert (call.function, call.written) == ("sigmoid", "σ")


def test_spans_count_characters_of_the_text_as_written() -> None:
    text = "a + y\u0302*(dE/dw5)"
    spans = [text[node.span.start : node.span.end] for node in walk(parse_expression(text).tree)]
    assert spans == [text, "a", text[4:], "y\u0302", "(dE/dw5)", "dE/dw5", "E", "w5"]


def test_names_are_composed_but_not_folded() -> None:
    assert outline(parse_expression("y\u0302").tree) == "ŷ"
    assert outline(parse_expression("а").tree) != "a"  # Cyrillic, Latin
    assert outline(parse_expression("ａ").tree) == "ａ"


def test_known_names_decide_what_a_quotient_means() -> None:
    def read(text: str, *known: str) -> tuple[str, int]:
        parsed = parse_expression(text, known=names(*known))
        return outline(parsed.tree), len(parsed.warnings)

    assert read("dE/dw", "E", "w") == ("(DerivativeRef E w)", 0)
    assert read("dE/dw", "E", "w", "dE") == ("(DerivativeRef E w)", 0)
    assert read("dE/dw", "dE", "dw") == ("(/ dE dw)", 0)
    assert read("dE/dw", "dE", "dw", "E", "w") == ("(/ dE dw)", 1)
    assert read("data/depth", "data", "depth") == ("(/ data depth)", 0)
    assert read("dq/dr") == ("(DerivativeRef q r)", 0)
    assert read("delta1/delta2", "elta1", "elta2") == ("(DerivativeRef elta1 elta2)", 0)
    assert read("Δw", "Δw", "w") == ("Δw", 0)
    assert read("Δw", "w") == ("(change w)", 0)
    assert read("max + 1", "max") == ("(+ max 1)", 0)


def test_the_warning_says_what_was_read() -> None:
    (remark,) = parse_expression("1 + dE/dw", known=names("E", "w", "dE", "dw")).warnings
    assert remark.text == "dE/dw is read as the quotient of the quantities dE and dw, not as a derivative"
    assert remark.span == Span(4, 9)
    assert str(remark.place) == "<input>:1:5"


KNOWN = names("x", "y", "E", "w", "o", "t", "step")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1/2(t - o)^2", "(*~ (/ 1 2) (^ (Group (- t o)) 2))"),
        ("-1/2(x)", "(*~ (/ (- 1) 2) (Group x))"),
        ("(x)(y)[1 - x]", "(*~ (*~ (Group x) (Group y)) (Group (- 1 x)))"),
        ("(x)[2]", "(Index (Group x) 2)"),
        ("x(1 - x)", "(*~ x (Group (- 1 x)))"),
        ("x[1]", "(Index x 1)"),
        ("2x y", "(*~ (*~ 2 x) y)"),
        ("x^2(1 - x)", "(*~ (^ x 2) (Group (- 1 x)))"),
        ("x²y", "(*~ (^ x ²) y)"),
        ("10^-4(x)", "(*~ (^ 10 (- 4)) (Group x))"),
        ("2 exp(x)", "(*~ 2 (exp x))"),
        ("0.5 dE/dw", "(*~ 0.5 (DerivativeRef E w))"),
        ("w'(x)", "(*~ (Prime w) (Group x))"),
        ("e(x)", "(*~ e (Group x))"),
        ("√(x)y", "(*~ (sqrt (Group x)) y)"),
        ("a + 1/2(x)", "(+ a (*~ (/ 1 2) (Group x)))"),
    ],
)
def test_left_out_products(text: str, expected: str) -> None:
    assert outline(parse_expression(text, known=KNOWN, implicit_products=True).tree) == expected


@pytest.mark.parametrize(
    "text",
    ["1/2x", "x/y(t)", "x/2(y)", "x^y(1 - x)", "x^2y", "√x y", "dE/dw(1 - x)", "1/2 dE/dw", "e^-x(1)"],
)
def test_a_left_out_product_with_two_readings_is_refused(text: str) -> None:
    assert "can be read in two ways" in message(text, known=KNOWN, implicit_products=True)


def test_a_function_named_like_a_quantity_is_remarked() -> None:
    (remark,) = parse_expression("step(x)", known=KNOWN, implicit_products=True).warnings
    assert remark.text.startswith("step is read as the function")


LEFT = "on the left of '=' where a name was expected. Write a definition as name = expression."
UPDATES = "'@' before digits counts updates and wants a whole number."
END = "where an operator or the end of the formula was expected."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1:1: the formula is empty."),
        (")(", "1:1: found ')' where a number, a name or '(' was expected."),
        ("2x", "1:2: found 'x' after '2' where an operator was expected. Write the product as 2*x."),
        (
            "(a)(b)",
            "1:4: found '(' after ')' where an operator was expected. Write the product as (...)*(...).",
        ),
        ("2 3", "1:3: found '3' after '2' where an operator was expected."),
        ("pi(x)", "1:3: found '(' after 'pi' where an operator was expected. Write the product as pi*(...)."),
        (
            "sin x",
            "1:5: found 'x' after 'sin' where an operator was expected. Write the function with brackets: sin(x).",
        ),
        ("a +", "1:4: found the end of the formula where a number, a name or '(' was expected."),
        ("(a\n + b", "1:1: the '(' is never closed. Write the missing ')'."),
        ("(a]", "1:3: found ']' where an operator or ')' was expected."),
        ("(a, b)", "1:3: found ',' where an operator or ')' was expected. A list is written [a, b]."),
        (
            "0,15",
            f"1:2: found ',' {END} A decimal is written with a point: 0.15.",
        ),
        ("dE/dw5'", "1:7: 'dE/dw5'' can be read in two ways. Write (dE/dw5)@1."),
        ("dE/dw5@3", "1:7: 'dE/dw5@3' can be read in two ways. Write (dE/dw5)@3."),
        ("∂E/∂w^2", "1:6: the power '^2' can be read in two ways here. Write (∂E/∂w)^2."),
        ("√x²", "1:3: the power '²' can be read in two ways here. Write √(x)² or √(x²)."),
        ("a<b<c", "1:4: found a second comparison in a row. Compare two things at a time, in brackets."),
        ("o{0}", "1:3: found '0' where the number of an example, counted from 1, was expected."),
        ("W[]", "1:3: found ']' where an index was expected."),
        ("f()", "1:3: found ')' where the argument of f was expected."),
        ("x１", "1:2: found '１', which formulas do not use. Write the plain digit 1."),
        ("x₁", "1:2: found '₁', which formulas do not use. Write the plain digit 1."),
        ("a\u200bb", "1:2: found the character U+200B, which formulas do not use."),
        ("|x|", "1:1: found '|', which formulas do not use. Write abs(x) for the absolute value."),
        ("1.2.3", "1:4: found a second point in the number '1.2'."),
        ("1_000", "1:1: found '1_000', which is no number. Write digits without '_'."),
        ("1e99999", "1:1: the exponent of a number is over 10,000, the limit."),
        ("1e10001", "1:1: the exponent of a number is over 10,000, the limit."),
        ("9" * 1_001, "1:1: a number has more than 1,000 digits, the limit."),
        ("E@" + "9" * 16, "1:2: the count of updates has more than 15 digits, the limit."),
        (
            "E@1.5",
            f"1:2: {UPDATES} Put a blank after '@' for the matrix product.",
        ),
        ("a\n + \n  $", "3:3: found '$', which formulas do not use."),
        ("2 3 $", "1:3: found '3' after '2' where an operator was expected."),
        ("∂E/w", "1:1: '∂' begins no derivative here. A derivative is written ∂E/∂w."),
        ("\u3164", "1:1: found the character U+3164, which formulas do not use."),
    ],
)
def test_messages(text: str, expected: str) -> None:
    assert message(text) == expected


def test_features_can_be_refused() -> None:
    assert "the value after an update" in message("w'", allow=frozenset())
    assert "the value after an update" in message("Δw", allow=frozenset())
    assert "a derivative" in message("dE/dw", allow=frozenset())
    assert "a quantity for one example" in message("o{1}", allow=frozenset())
    assert "a comparison" in message("a < b", allow=frozenset())


def test_errors_carry_offset_and_the_place_in_the_file() -> None:
    with pytest.raises(FormulaError) as caught:
        parse_expression("1 + )", place=lambda offset: Place("net.toml", 7, 10 + offset))
    assert caught.value.offset == 4
    assert str(caught.value).startswith("net.toml:7:14: found ')'")
    assert locate("a\nbc", 3) == Place(None, 2, 2)


@pytest.mark.parametrize(
    ("before", "after"), [("(", ")"), ("f(", ")"), ("-", ""), ("x^", ""), ("[", "]"), ("d(", ")/dx")]
)
def test_depth_limit(before: str, after: str) -> None:
    parse_expression(before * 200 + "x" + after * 200)
    assert "nested deeper than 200, the limit" in message(before * 201 + "x" + after * 201)


def test_size_limit() -> None:
    assert "larger than 1 MiB" in message(" " * (2**20 + 1))
    assert "larger than 1 MiB" in message("σ" * (2**19 + 1))


def test_long_sums_are_quick_and_do_not_recurse() -> None:
    text = " + ".join(f"w{i}*x{i}" for i in range(20_000))
    start = time.perf_counter()
    tree = parse_expression(text).tree
    assert render(tree) == text
    assert same_tree(tree, parse_expression(text).tree)
    assert time.perf_counter() - start < 20
    assert repr(tree) == f"<Binary 0:{len(text)}>"
    del tree
    gc.collect()


@pytest.mark.parametrize(
    "unit", ["(", "[d", "dE/", "dE[", "d(x)/", "x'", "Δ", "1+", "x@1", "2(", "W[1]", "√", "a;", "#"]
)
def test_time_is_linear(unit: str) -> None:
    for implicit in (False, True):
        start = time.perf_counter()
        with contextlib.suppress(FormulaError):
            parse_expression(unit * (60_000 // len(unit)), implicit_products=implicit)
        assert time.perf_counter() - start < 10


def test_definitions() -> None:
    text = "a = 1 # one\n# alone\n\nb = (a +   # first\n  2) # second\r\nc=dE/dw; E = a; w = 2"
    found = parse_definitions(text)
    assert [(one.name, one.comment) for one in found] == [
        ("a", "one"),
        ("b", "first second"),
        ("c", ""),
        ("E", ""),
        ("w", ""),
    ]
    assert [text[one.span.start : one.span.end] for one in found][2:] == ["c=dE/dw", "E = a", "w = 2"]
    assert [text[one.name_span.start : one.name_span.end] for one in found] == list("abcEw")
    assert outline(found[2].tree) == "(DerivativeRef E w)"
    assert parse_definitions("# nothing\n\n;") == []


def test_names_on_the_left_are_known_on_the_right() -> None:
    *_, ratio = parse_definitions("E = 1; w = 2; dE = 3; dw = 4\nr = dE/dw")
    assert outline(ratio.tree) == "(/ dE dw)"
    assert len(ratio.warnings) == 1
    assert outline(parse_definitions("Δw = 1\nq = Δw")[1].tree) == "Δw"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = (1\nb = 2", "1:5: the '(' is never closed."),
        (
            "a = 1\n2x = 3",
            f"2:1: found '2x' {LEFT}",
        ),
        (
            "w5' = 3",
            f"1:1: found 'w5'' {LEFT}",
        ),
        (
            "= 3",
            f"1:1: found nothing {LEFT}",
        ),
        ("a + b", "1:6: found 'a + b' without '='. Write a definition as name = expression."),
        ("a =", "1:4: found the end of the line where the formula of 'a' was expected."),
        ("a = b = 3", "1:7: found a second '=' in one definition. Write one definition a line."),
        (
            "a = 1\nb = 2a",
            "2:6: found 'a' after '2' where an operator was expected. Write the product as 2*a.",
        ),
        ("$ = 2", "1:1: found '$', which formulas do not use."),
    ],
)
def test_definition_messages(text: str, expected: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse_definitions(text)
    assert str(caught.value).removeprefix("<input>:") == expected


def test_hostile_texts_raise_nothing_but_our_errors() -> None:
    spec = importlib.util.spec_from_file_location("fuzz_formula", Path(__file__).parents[1] / "fuzz_formula.py")
    assert spec is not None
    assert spec.loader is not None
    fuzz = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fuzz)
    for texts in (fuzz.random_bytes(5), fuzz.mutated_formulas(6)):
        for text in islice(texts, 3_000):
            fuzz.read(text)
