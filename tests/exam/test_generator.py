"""The exam examined: papers are worked right, say what they seem to say, and depend on their number alone."""

from __future__ import annotations

import re
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from random import Random

import pytest
from tests.exam.envelope import envelopes
from tests.exam.exam import CORRECT, TWO, judge, paper_of, sit
from tests.exam.exercise import Unfit, exact_values, value_of
from tests.exam.paper import correct, is_also, with_slips
from tests.exam.problems import draw
from tests.exam.slips import HELD_OUT, KINDS
from tests.exam.styles import Style, unit_of_figure, value_of_figure
from tests.exam.table import count, shortcomings, table
from tests.exam.trees import (
    HALF,
    ONE,
    Call,
    Negative,
    Number,
    Power,
    Product,
    Quotient,
    Slope,
    Sum,
    Use,
    derivative,
    negated,
    product,
    render,
    total,
)

from chainrule.evaluate import evaluate
from chainrule.numbers.exact import exact_numbers
from chainrule.problem import loads
from chainrule.problem.expressions import expression_of
from chainrule.quantity import Derivative, Name, Updated
from chainrule.transforms.reverse import reverse

PAPERS = range(40)
A, B, C = Use("a"), Use("b"), Use("c")


@pytest.mark.parametrize("number", PAPERS)
def test_every_value_is_that_of_the_graph(number: int) -> None:
    """Forward pass, derivatives and updates by the exam's own rules, and by the graph and its reverse."""
    exercise = draw(Random(f"graph {number}"))
    exact = exact_values(exercise.numbers, exercise.steps)
    problem = loads(exercise.file(""))
    assert problem.minimise is not None
    graph = reverse(problem.units, problem.minimise)
    numbers = exact_numbers(200)
    nodes = graph.quantities()
    known = dict(problem.values)
    with numbers.s.context():
        values = {label: numbers.s.of(Fraction(value)) for label, value in known.items()}
        for step in exercise.steps:
            label = problem.quantity(step.label)
            if isinstance(label, Updated):
                gradient = evaluate([nodes[Derivative(problem.minimise, label.of)]], values, numbers=numbers)[0]
                assert problem.training.rate is not None
                found = values[label.of] - values[problem.training.rate] * gradient
            else:
                node = nodes.get(label) or expression_of(problem, label, nodes.get)
                found = evaluate([node], values, numbers=numbers)[0]
            assert abs(float(found) - float(exact[step.label])) <= 1e-14 * max(1, abs(float(found))), step


@pytest.mark.parametrize("number", PAPERS)
def test_derivatives_agree_with_finite_differences(number: int) -> None:
    """E moves by dE/dw*h when a weight does: the project has no part in this."""
    exercise = draw(Random(f"differences {number}"))
    exact = exact_values(exercise.numbers, exercise.steps)
    forward = [s for s in exercise.steps if s.kind in ("net", "output", "value", "error")]
    rate = next(line.split(" = ")[1] for line in exercise.head.splitlines() if line.startswith("rate"))
    h = Decimal("1e-9")

    def error(weight: str, by: Decimal) -> Decimal:
        values = {name: Decimal(text) for name, text in exercise.numbers.items()}
        values[weight] += by
        for step in forward:
            values[step.label] = value_of(step.formula, values)
        return values["E"]

    updates = [step for step in exercise.steps if step.kind == "update"]
    assert updates or "0" in [str(exact[step.label]) for step in exercise.steps] or "max" in exercise.head
    for step in updates:
        weight = step.label.removesuffix("'")
        slope = (error(weight, h) - error(weight, -h)) / (2 * h)
        expected = Decimal(exercise.numbers[weight]) - Decimal(rate) * slope
        assert abs(expected - exact[step.label]) < Decimal("1e-10")


def test_the_same_number_sets_the_same_paper() -> None:
    for part in (CORRECT, TWO, *KINDS):
        papers = [paper_of(part, 3, seed=5, held_out=False) for _ in range(2)]
        assert papers[0].file == papers[1].file
    assert correct("1").file != correct("2").file


def test_figures_of_correct_solutions_lie_in_the_envelope_or_next_to_it() -> None:
    for number in PAPERS:
        paper = correct(f"envelope {number}")
        found = envelopes(paper.exercise, paper.seed)
        for at, line in paper.handed_in.lines.items():
            low, high = found[paper.exercise.steps[at].label]
            exact = float(paper.exact[paper.exercise.steps[at].label])
            assert low - 1e-9 - 0.1 * abs(exact) <= exact <= high + 1e-9 + 0.1 * abs(exact), line.text


def test_an_unrounded_calculator_prints_rounded_exact_values() -> None:
    checked = 0
    for number in range(60):
        paper = correct(f"exact {number}")
        if paper.style.each_line:
            continue
        for at, line in paper.handed_in.lines.items():
            exact, figure = paper.exact[paper.exercise.steps[at].label], value_of_figure(line.figure)
            due = exact.quantize(unit_of_figure(line.figure), rounding=paper.style.rounding)
            assert figure in (due, exact) or paper.style.short
            assert abs(figure - exact) < unit_of_figure(line.figure)
            checked += 1
    assert checked > 200


@pytest.mark.parametrize("kind", KINDS)
def test_a_slip_shows_in_its_line_and_only_after_it(kind: str) -> None:
    for number in range(5):
        paper = with_slips(f"slip {number}", [kind])
        (slip,) = paper.slips
        right, wrong = paper.right.lines, paper.handed_in.lines
        assert slip.kind == kind
        assert wrong[slip.at].figure != right[slip.at].figure
        assert all(wrong[at].text == right[at].text for at in wrong if at < slip.at)
        assert all(at > slip.at for at in paper.followers())
        assert paper.file.splitlines()[paper.line_of(slip.at) - 1] == wrong[slip.at].text
        low, high = envelopes(paper.exercise, paper.seed)[paper.exercise.steps[slip.at].label]
        unit = float(unit_of_figure(wrong[slip.at].figure))
        assert not low - unit <= float(value_of_figure(wrong[slip.at].figure)) <= high + unit
        assert is_also(paper, slip, kind)
        if isinstance(slip.numbers, Call | Sum | Product):  # what was put in wrong is there to be seen
            assert len(re.findall(" (?:=|≈|<-) ", wrong[slip.at].text)) >= 2


def test_two_slips_are_in_two_lines() -> None:
    for number in range(10):
        paper = paper_of(TWO, number, seed=0, held_out=True)
        assert len({slip.at for slip in paper.slips}) == 2


def test_every_line_of_every_paper_is_one_the_language_can_say() -> None:
    """Formulas are read as quantities of the problem; nothing of the checker is used."""
    for number in range(20):
        paper = correct(f"reading {number}")
        problem = loads(paper.file)
        for step in paper.exercise.steps:
            problem.quantity(step.label)
            if re.search(r"[A-Za-z]", render(step.formula)):
                problem.quantity(f"({render(step.formula)})".replace("η", "rate"))  # η is for a working


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        (Sum((A, Negative(Product((B, C))))), "a - b*c"),
        (Product((A, Sum((ONE, Negative(A))))), "a*(1 - a)"),
        (Product((B, Product((A, Sum((ONE, Negative(A))))))), "b*a*(1 - a)"),
        (Negative(Sum((A, B))), "-(a + b)"),
        (Power(Sum((A, Negative(B))), 2), "(a - b)^2"),
        (Product((HALF, Power(A, 2))), "1/2*a^2"),
        (Quotient(A, Product((B, C))), "a/(b*c)"),
        (Product((A, Quotient(B, C))), "a*(b/c)"),
        (Product((Quotient(A, B), C)), "a/b*c"),
        (Product((A, Slope("relu", B))), "a*relu'(b)"),
        (Call("max", (A, Negative(B))), "max(a, -b)"),
        (Sum((A, Negative(Sum((B, C))))), "a - (b + c)"),
    ],
)
def test_formulas_are_written_with_the_brackets_they_need(tree: Sum, text: str) -> None:
    assert render(tree) == text


def test_numbers_put_in_get_brackets_where_a_sign_or_a_power_of_ten_needs_them() -> None:
    numbers = {"a": "-0.2", "b": "4.38*10^-4", "c": "-1.5*10^-3"}

    def put_in(part: Use | Slope) -> str:
        return numbers[part.name] if isinstance(part, Use) else "1"

    assert render(Sum((A, B)), put_in) == "-0.2 + 4.38*10^-4"
    assert render(Sum((B, A)), put_in) == "4.38*10^-4 + (-0.2)"
    assert render(Product((A, B)), put_in) == "-0.2*(4.38*10^-4)"
    assert render(Product((B, C)), put_in) == "4.38*10^-4*(-1.5*10^-3)"
    assert render(Power(A, 2), put_in) == "(-0.2)^2"
    assert render(Sum((ONE, Negative(A))), put_in) == "1 - (-0.2)"
    assert render(Negative(C), put_in) == "-(-1.5*10^-3)"
    assert render(Sum((ONE, Negative(Product((A, A))))), put_in) == "1 - (-0.2)*(-0.2)"
    assert render(Call("sigmoid", (A,)), put_in) == "sigmoid(-0.2)"


def test_derivatives_are_written_as_by_hand() -> None:
    def larger(a: object, b: object) -> bool:
        return a == A

    def text(tree: Sum | Product | Call | Power | Quotient, name: str = "a", out: Use | None = None) -> str:
        return render(derivative(tree, name, larger, out))

    assert text(Call("sigmoid", (A,)), out=C) == "c*(1 - c)"
    assert text(Call("tanh", (A,)), out=C) == "1 - c^2"
    assert text(Call("exp", (Negative(Product((B, A))),)), out=C) == "-c*b"
    assert text(Product((HALF, Power(Sum((B, Negative(A))), 2)))) == "a - b"
    assert text(Power(Sum((B, Negative(A))), 2)) == "2*(a - b)"
    assert text(Quotient(A, Sum((ONE, Power(B, 2))))) == "1/(1 + b^2)"
    assert text(Quotient(A, Sum((ONE, Power(B, 2)))), "b") == "-2*a*b/(1 + b^2)^2"
    assert text(Call("max", (A, B))) == "1"
    assert text(Call("max", (A, B)), "b") == "0"
    assert text(Call("softplus", (A,))) == "sigmoid(a)"
    assert text(Call("relu", (Product((A, B)),))) == "relu'(a*b)*b"
    assert text(Product((A, A, B))) == "a*b + a*b"
    assert render(negated(Product((Sum((A, Negative(B))), C)))) == "(b - a)*c"
    assert render(total(Negative(A), B)) == "b - a"
    assert render(product(Negative(A), Negative(B))) == "a*b"


@pytest.mark.parametrize(
    ("value", "style", "text"),
    [
        ("0.37753", Style(4, False, ROUND_HALF_UP, False), "0.3775"),
        ("0.125", Style(2, False, ROUND_HALF_UP, False), "0.13"),
        ("-0.125", Style(2, False, ROUND_HALF_UP, False), "-0.13"),
        ("0.125", Style(2, False, ROUND_HALF_EVEN, False), "0.12"),
        ("-0.129", Style(2, False, ROUND_DOWN, False), "-0.12"),
        ("0.129", Style(2, False, ROUND_DOWN, False, dots=True), "0.12..."),
        ("0.12", Style(2, False, ROUND_DOWN, False, dots=True), "0.12"),
        ("0.00043812", Style(3, False, ROUND_HALF_UP, False), "4.38*10^-4"),
        ("-0.00043812", Style(3, True, ROUND_HALF_UP, False, power="e"), "-4.38e-4"),
        ("0.00099996", Style(3, True, ROUND_HALF_UP, False), "1.000*10^-3"),
        ("0.0438", Style(2, True, ROUND_HALF_UP, False), "0.044"),
        ("123.46", Style(2, True, ROUND_HALF_UP, False), "123.5"),
        ("3", Style(4, False, ROUND_HALF_UP, False), "3"),
        ("0", Style(4, False, ROUND_HALF_UP, False), "0"),
        ("0.9999", Style(2, False, ROUND_HALF_UP, False), "1.00"),
        ("0.9999", Style(2, False, ROUND_HALF_UP, False, short=True), "1.0"),
        ("0.29997", Style(4, False, ROUND_HALF_UP, False, short=True), "0.3"),
    ],
)
def test_figures(value: str, style: Style, text: str) -> None:
    assert style.figure(Decimal(value)) == text
    assert abs(value_of_figure(text) - Decimal(value)) < unit_of_figure(text) or style.short


def test_a_value_on_a_kink_is_no_exercise() -> None:
    exercise = draw(Random("kink"))
    step = exercise.steps[0]
    on_it = [type(step)("k", Call("relu", (Number("0"),)), "output")]
    with pytest.raises(Unfit):
        exact_values({}, on_it)


def _report(paper_file: str, *, wrong: set[int], carried: set[int], causes: list[str]) -> dict[str, object]:
    links = [
        {
            "line": line,
            "column": 1,
            "quantity": "q",
            "text": "1",
            "kind": "figure",
            "verdict": "wrong" if line in wrong else "carried" if line in carried else "right",
            "expected": None,
            "causes": [{"slip": cause, "text": ""} for cause in causes] if line in wrong else [],
        }
        for line in range(1, len(paper_file.splitlines()) + 1)
    ]
    return {"links": links, "unread": []}


def test_a_perfect_checker_passes_and_careless_ones_do_not() -> None:
    """The marks themselves: reports made up from what was planted."""
    number, kind = next(
        (n, k) for k in KINDS for n in range(50) if len(paper_of(k, n, seed=0, held_out=False).followers()) > 2
    )
    paper = paper_of(kind, number, seed=0, held_out=False)
    due, after = paper.line_of(paper.slips[0].at), {paper.line_of(at) for at in paper.followers()}

    def marks(wrong: set[int], carried: set[int], causes: list[str]) -> dict[str, tuple[int, int]]:
        def checker(text: str) -> dict[str, object]:
            return _report(text, wrong=wrong, carried=carried, causes=causes)

        return dict(sit((kind, number), seed=0, held_out=False, judge=checker).counts)

    perfect = marks({due}, after, [kind])
    assert all(good == of for good, of in perfect.values())
    assert marks(set(), set(), [])["found"] == (0, 1)
    assert marks({due - 1, due}, after, [kind])["first line"] == (0, 1)
    late = marks({due}, after, ["arithmetic", kind])
    assert (late["named first"], late["in three"]) == ((0, 1), (1, 1))
    assert marks({due}, after, ["arithmetic"] * 3 + [kind])["in three"] == (0, 1)
    assert marks({due, *after}, set(), [kind])["carried"][0] == 0
    everything = set(range(1, 500))
    assert marks({due}, everything - {due}, [kind])["elsewhere"][0] == 0


def test_a_crash_of_the_checker_is_counted() -> None:
    def broken(text: str) -> dict[str, object]:
        raise ZeroDivisionError

    outcome = sit((CORRECT, 0), seed=0, held_out=False, judge=broken)
    totals = count([outcome])
    assert "crashed: 1" in table(totals)
    assert shortcomings(totals) == ["crash: 0.0 % of 1, asked for 100 %"]


def test_held_out_kinds_are_five_of_fifteen() -> None:
    assert len(KINDS) == 15
    assert len(set(HELD_OUT) & set(KINDS)) == 5


def test_labels_are_names_of_the_problem() -> None:
    paper = correct("labels")
    assert loads(paper.file).quantity("E") == Name("E")
    assert judge is not None
