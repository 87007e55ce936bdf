"""Verdicts: is each link right, rounded, carried or wrong?

No tolerance anywhere: a figure is judged by the values that round to it, against rigorous enclosures of what it should
be - exactly, or following from figures printed before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Final, Literal

from chainrule.checking.alignment import WRONG_NUMBER, Alignment, Judge, Pair, align
from chainrule.checking.claims import Claim, Kind, Link, Unread, Verdict
from chainrule.checking.direct import direct_factors, other_reading
from chainrule.checking.figures import Figure, Region, minus, read_figure, region
from chainrule.checking.forms import Form, element_of, form_of_node, form_of_tree, leaves
from chainrule.checking.guess import guessed
from chainrule.checking.identity import identical
from chainrule.checking.paper import PRECISIONS, Paper, meets
from chainrule.dataclasses import dataclass, field, replace
from chainrule.errors import ChainruleError
from chainrule.formula.syntax import Tree
from chainrule.node import CONST, INPUT, NAME, Node, const, is_quantity, label_of, node, substitute
from chainrule.numbers.interval import Interval, interval, point
from chainrule.ops.arithmetic import NEG
from chainrule.quantity import Quantity, Updated

SEVERITY: Final[dict[Verdict, int]] = {"right": 0, "rounded": 1, "carried": 2, "wrong": 3}
SHORT: Final = 4  # digits of a given number that nobody cuts off
UNDECIDED: Final = f"not settled at {PRECISIONS[-1]:,} bits; judged in the writer's favour"
ON_THIS_LINE: Final = "follows from what stands before it on this line"


@dataclass(slots=True, eq=False)
class Line:
    """What stands on a line before the link that is judged."""

    claim: Claim
    node: Node
    formulas: list[Form] = field(default_factory=list)  # right formulas, and links of numbers that are right
    bad: list[Form] = field(default_factory=list)  # wrong links
    numbers: dict[Node, list[Interval]] = field(default_factory=dict)  # put in on this line, by what they stand for
    values: list[tuple[Interval, bool]] = field(default_factory=list)  # what links of numbers come to; right or not


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A link with its verdict, and what the diagnosis and the correction need to know."""

    claim: Claim
    link: Link
    kind: Kind
    verdict: Verdict
    line: Line  # with all that stands on it before
    figure: Figure | None = None
    form: Form | None = None  # of a substitution or a formula
    formula: Form | None = None  # what it was laid on
    alignment: Alignment | None = None
    note: str = ""


def judge_claim(paper: Paper, claim: Claim) -> tuple[list[Judged], list[Unread]]:
    """The verdicts on the links of a claim, in order; its figures are on the paper afterwards."""
    try:
        line = Line(claim, paper.quantities.node(claim.quantity))
    except ChainruleError as error:
        return [], [Unread(line=claim.line, column=claim.column, text=claim.text, reason=error.what)]
    judged, unread = _judge_links(paper, line)
    other = other_reading(paper.quantities, claim.quantity) if _has_slip(judged) else None
    if other is not None:
        label, note = other
        line = Line(replace(claim, quantity=label), paper.quantities.node(label))
        again, _ = _judge_links(paper, line)
        if not _has_slip(again):
            claim, judged = line.claim, [replace(one, note=one.note or f"{one.verdict} {note}") for one in again]
    for one in judged:
        if one.figure is not None:
            own, due = point(one.figure.value), region(one.figure)
            behind = tuple([value for value, _ in line.values if value != own and meets(due, value)])
            paper.put(claim.quantity, one.figure, good=SEVERITY[one.verdict] < 2, behind=behind)
    return judged, unread


def _has_slip(judged: Sequence[Judged]) -> bool:
    return any(one.verdict == "wrong" for one in judged)


def _judge_links(paper: Paper, line: Line) -> tuple[list[Judged], list[Unread]]:
    judged, unread = list[Judged](), list[Unread]()
    for link in line.claim.links:
        try:
            judged.append(_judge(paper, line, link))
        except ChainruleError as error:
            unread.append(Unread(line=link.line, column=link.column, text=link.text, reason=error.what))
    return judged, unread


def _judge(paper: Paper, line: Line, link: Link) -> Judged:
    figure = read_figure(link.tree, truncated=link.truncated) if link.kind == "figure" else None
    if figure is not None:
        verdict, note = figure_verdict(paper, line, figure, region(figure, exact=link.exact))
        line.values.append((point(figure.value), SEVERITY[verdict] < 2))
        return Judged(line.claim, link, "figure", verdict, line, figure=figure, note=note)
    whole = paper.quantities.expression(link.tree, link.text)
    if link.index:
        whole = element_of(whole, link.index)
    elif whole.shape:
        raise ChainruleError("this is an array, where a single number is claimed.")
    known, note = _readings(paper, whole, line.node) if link.kind == "formula" else (None, "")
    whole = substitute([whole], known)[0] if known else whole

    def lowered(part: Tree) -> Node:
        found = paper.quantities.expression(part, link.text)
        return substitute([found], known)[0] if known else found

    form = form_of_tree(link.tree, lowered, index=link.index)
    if known is not None:
        line.formulas.append(form)
        stated = [whole, paper.quantities.from_arguments(link.tree, link.text, whole)]
        paper.formulas.setdefault(line.claim.quantity, []).extend(dict.fromkeys(stated))
        return Judged(line.claim, link, "formula", "right", line, form=form, note=note)
    has_numbers = any(leaf.figure is not None for leaf in leaves(form))
    judged = _substitution(paper, line, link, form) if has_numbers else None
    if judged is not None and (link.kind != "formula" or judged.verdict != "wrong" or _puts_numbers_in(judged)):
        return judged
    line.bad.append(form)
    formula = judged.formula if judged is not None else _nearest_formula(paper, line, form)
    alignment = judged.alignment if judged is not None else None
    return Judged(line.claim, link, "formula", "wrong", line, form=form, formula=formula, alignment=alignment)


def _readings(paper: Paper, formula: Node, own: Node) -> tuple[dict[Node, Node] | None, str]:
    """With which of its derivatives read as direct ones a formula is right, and what to say of it; None with none."""
    if identical(paper, formula, own):
        return {}, ""
    for known, note in direct_factors(paper.quantities, formula):
        if identical(paper, substitute([formula], known)[0], own):
            return known, note
    return None, ""


def _puts_numbers_in(judged: Judged) -> bool:
    """Whether some number of the link stands for a quantity: then it is no formula."""
    pairs = judged.alignment.pairs if judged.alignment is not None else ()
    return any(pair.fits and pair.of.node.op is not CONST for pair in pairs)


# Figures ------------------------------------------------------------------------------------------------------


def figure_verdict(paper: Paper, line: Line, figure: Figure, due: Region) -> tuple[Verdict, str]:
    """The verdict on a figure for the quantity of a line, and what is to be said about it."""
    label, own = line.claim.quantity, line.node
    exact = is_exactly(paper, own, due)
    if exact is None:  # it depends on a symbol, and may be a number all the same
        return ("right" if identical(paper, const(figure.value), own) else "wrong"), ""
    if exact != "no":
        note = UNDECIDED if exact == "undecided" else ""
        wrong = [value for value, good in line.values if not good]
        if wrong and not any(meets(due, value) for value in wrong):
            note = note or "right, though it does not follow from what stands before it"
        return "right", note
    if any(good and meets(due, value) for value, good in line.values):
        return "rounded", ""
    routes = paper.routes(label)
    unit = None if due.low == due.high else figure.unit  # a whole number is not rounded
    if follows_from(paper, routes, line, due, unit, bad=False):
        return "rounded", ""
    if any(not good and meets(due, value) for value, good in line.values):
        return "carried", ON_THIS_LINE
    stated = [form.node for form in line.bad]
    if any(is_exactly(paper, at, due) in ("yes", "undecided") for at in stated):
        return "carried", ON_THIS_LINE
    if follows_from(paper, stated, line, due, unit, bad=True):
        return "carried", ON_THIS_LINE
    if paper.has_bad() and follows_from(paper, routes, line, due, unit, bad=True):
        return "carried", ""
    return "wrong", ""


def is_exactly(paper: Paper, at: Node, due: Region) -> Literal["yes", "no", "undecided"] | None:
    """Whether the exact value of a node is one that a figure stands for; None if it has no value."""
    is_finite = False
    for bits in PRECISIONS:
        value = paper.exact(at, bits)
        if value is None:
            return None
        is_finite = value.is_finite()
        low, high = value.bounds
        if low is None or high is None:
            continue  # it has no value, or many updates have used up these bits
        if not due.meets(low, high):
            return "no"
        if due.holds(low, high):
            return "yes"
    has_value = is_finite or (is_quantity(at) and isinstance(label_of(at), Updated))
    return "undecided" if has_value else "no"


def follows_from(
    paper: Paper, routes: Sequence[Node], line: Line, due: Region, unit: Fraction | None, *, bad: bool
) -> bool:
    """Whether a figure is what some formula comes to with figures as printed, or rounded on the way."""
    label = line.claim.quantity
    for route in routes:
        if paper.reaches(due, route, of=label, bad=bad, local=line.numbers):
            return True
    if unit is None:
        return False
    for route in routes:
        plan = paper.plan(route, of=label, bad=bad, local=line.numbers)
        if any(meets(due, value) for value in plan.rounded_on_the_way(unit, due)):
            return True
    return False


# Numbers put in -----------------------------------------------------------------------------------------------


def _substitution(paper: Paper, line: Line, link: Link, form: Form) -> Judged:
    references = [*reversed(line.formulas), *_formulas(paper, line)]
    judge = quick_judge(paper, line)
    alignment, formula = _nearest(paper, form, references, judge)
    verdict = verdict_of(paper, line, alignment)
    note = ""
    if verdict == "wrong":
        for wrong in reversed(line.bad):
            if verdict_of(paper, line, align(form, wrong, judge, paper.size)) != "wrong":
                verdict, note = "carried", ON_THIS_LINE
    if verdict == "wrong" and (guess := guessed(paper, form, line.node, judge)) is not None:
        alignment = guess
        verdict = verdict_of(paper, line, alignment)
    if verdict == "wrong" and not alignment.is_same_shape() and _comes_to(paper, line, form):
        verdict, note = "right", "read as the same calculation in another form"
    good = SEVERITY[verdict] < 2
    (line.formulas if good else line.bad).append(form)
    named: dict[Node, Node] = {}
    for pair in alignment.pairs:
        if (
            pair.part.figure is not None
            and pair.of.node.op is not CONST
            and SEVERITY[stands_for(paper, line, pair)] < 2
        ):
            value = point(-pair.part.figure.value if pair.negative else pair.part.figure.value)
            line.numbers.setdefault(pair.of.node, []).append(value)
            named[pair.part.node] = node(NEG, (pair.of.node,)) if pair.negative else pair.of.node
    if good and named:  # the formula behind the numbers: what the next link on the line may be laid on
        formula_behind = substitute([form.node], named)[0]
        if identical(paper, formula_behind, line.node):
            line.formulas.append(form_of_node(formula_behind))
    comes_to = paper.exact(form.node)
    if comes_to is not None:
        line.values.append((comes_to, good))
    return Judged(line.claim, link, "substitution", verdict, line, form=form, formula=formula,
                  alignment=alignment, note=note)  # fmt: skip


def _formulas(paper: Paper, line: Line) -> list[Form]:
    """What the quantity of a line may be worked out by, as forms."""
    return [form_of_node(route) for route in paper.routes(line.claim.quantity)]


def _nearest_formula(paper: Paper, line: Line, form: Form) -> Form:
    return _nearest(paper, form, _formulas(paper, line), quick_judge(paper, line))[1]


def _nearest(paper: Paper, form: Form, references: Iterable[Form], judge: Judge) -> tuple[Alignment, Form]:
    """The formula on which a link lies best, the first on which it lies well."""
    found: list[tuple[Alignment, Form]] = []
    for reference in references:
        alignment = align(form, reference, judge, paper.size)
        found.append((alignment, reference))
        if alignment.cost < WRONG_NUMBER and all(pair.fits for pair in alignment.pairs):
            return found[-1]
    return min(found, key=lambda one: one[0].cost)


def verdict_of(paper: Paper, line: Line, alignment: Alignment) -> Verdict:
    """The worst verdict of all numbers of an alignment."""
    if not alignment.is_same_shape():
        return "wrong"
    verdicts = [stands_for(paper, line, pair) for pair in alignment.pairs]
    return max(verdicts, key=SEVERITY.__getitem__, default="right")


def stands_for(paper: Paper, line: Line, pair: Pair) -> Verdict:
    """The verdict on one number put in for what it stands for."""
    figure, at = pair.part.figure, pair.of.node
    assert figure is not None
    figure = minus(figure) if pair.negative else figure
    due = number_region(paper, figure, at)
    if is_exactly(paper, at, due) in ("yes", "undecided"):
        return "right"
    label = paper.label_at(at)
    printed = [] if label is None else paper.printed.get(label, [])
    if any(one.good and meets(due, point(one.figure.value)) for one in printed):
        return "rounded"
    if any(meets(due, value) for value in line.numbers.get(at, ())):
        return "rounded"
    routes = [at] if label is None else paper.routes(label)
    if at.op is not CONST and _derived(paper, routes, label, due, line, bad=False):
        return "rounded"
    if any(meets(due, point(one.figure.value)) for one in printed):
        return "carried"
    if at.op is not CONST and paper.has_bad() and _derived(paper, routes, label, due, line, bad=True):
        return "carried"
    return "wrong"


def _derived(
    paper: Paper, routes: Sequence[Node], label: Quantity | None, due: Region, line: Line, *, bad: bool
) -> bool:
    return any(paper.reaches(due, route, of=label, bad=bad, local=line.numbers) for route in routes)


def number_region(paper: Paper, figure: Figure, at: Node) -> Region:
    """The values a number put in may stand for; a short given number is not cut off."""
    value = paper.exact(at) if at.op is INPUT or at.op is CONST else None
    exact, end = value.bounds if value is not None else (None, None)
    if exact is not None and exact == end and (at.op is CONST or (_digits(exact) <= SHORT and figure.unit < 1)):
        half = Fraction(0) if at.op is CONST else figure.unit / 2
        return Region(figure.value - half, figure.value + half, True, True)
    return region(figure)


def _digits(value: Fraction) -> int:
    """The significant digits of a decimal number, many for any other."""
    for places in range(SHORT + 1):
        if (value * 10**places).denominator == 1:
            return len(str(abs(int(value * 10**places))).strip("0"))
    return SHORT + 1


def quick_judge(paper: Paper, line: Line) -> Judge:
    """A cheap judge of numbers for laying forms on each other: exact values and what is printed."""
    known: dict[tuple[str, Node], bool] = {}

    def judge(figure: Figure, at: Node) -> bool:
        key = (figure.text, at)
        if key not in known:
            known[key] = _fits(paper, line, figure, at)
        return known[key]

    return judge


def _fits(paper: Paper, line: Line, figure: Figure, at: Node) -> bool:
    due, size = number_region(paper, figure, at), paper.size(at)
    value, unit = float(figure.value), float(figure.unit)
    if size is None or abs(size - value) <= 2 * unit:
        exact = paper.exact(at)
        if exact is not None and meets(due, exact):
            return True
    if at.op is CONST:
        return False
    label = paper.label_at(at)
    printed = [] if label is None else paper.printed.get(label, [])
    if any(meets(due, point(one.figure.value)) for one in printed):
        return True
    if any(meets(due, value) for value in line.numbers.get(at, ())):
        return True
    if size is not None and not paper.has_bad() and abs(size - value) > unit + max(abs(size), abs(value)) / 2:
        return False  # more than rounding can do
    route = at.args[0] if at.op is NAME else at
    bad = not any(one.good for one in printed)  # nobody works a right figure out again from a wrong one
    return meets(due, paper.as_printed(route, of=label, bad=bad, local=line.numbers))


def _comes_to(paper: Paper, line: Line, form: Form) -> bool:
    """Whether a link of another shape comes to the quantity, each number being any value it may stand for."""
    spans = {leaf.node: leaf.figure for leaf in leaves(form) if leaf.figure is not None}
    boxes = {}
    for at, figure in spans.items():
        due = region(figure)
        boxes[at] = interval(due.low, due.high)
    plan = paper.plan(form.node, of=None, bad=False, local={})
    value = plan.value({**{n: values[0] for n, values in plan.choices.items()}, **boxes})
    if value.lo is None or value.hi is None:
        return False
    exact = paper.exact(line.node)
    candidates = [] if exact is None else [exact]
    for route in paper.routes(line.claim.quantity):
        candidates += paper.follows(route, of=line.claim.quantity, bad=False, local=line.numbers)
    low, high = value.bounds
    assert low is not None
    assert high is not None
    around = Region(low, high, True, True)
    return any(meets(around, one) for one in candidates)
