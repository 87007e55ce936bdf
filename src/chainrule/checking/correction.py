"""The correction of one link: the wrong parts of what a person wrote replaced, everything else left as it stands.

Each correction is tried before it is shown: numbers put in are judged once more, formulas compared once more. Where
mending is not enough, the formula of the quantity takes the place of the link.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Final, TypeAlias

from chainrule.checking.alignment import Pair, align
from chainrule.checking.expected import corrected_like, value_at
from chainrule.checking.figures import Figure, read_figure
from chainrule.checking.forms import Form, element_of, form_of_node, leaves
from chainrule.checking.identity import identical
from chainrule.checking.paper import Paper
from chainrule.checking.sides import Language
from chainrule.checking.verdict import SEVERITY, Judged, judge_claim, stands_for
from chainrule.dataclasses import replace
from chainrule.errors import ChainruleError
from chainrule.explanation.spelling import spelling_of
from chainrule.formula import parse_expression
from chainrule.node import CONST, INPUT, NAME, Node
from chainrule.ops.arithmetic import NEG
from chainrule.printing.expression import ATOM, expression, strength
from chainrule.printing.figures import decimal_text
from chainrule.quantity import Change, Derivative, Element, Quantity

Edit: TypeAlias = tuple[int, int, str]  # from where to where in the text of a link, and what stands there instead

SHORT: Final = 8  # digits of a given number that is put in as it was given
LONGEST: Final = 500  # characters of a formula that is shown as a correction
DECIMALS: Final = 6  # of numbers put in where the link gives no example

_RATE: Final = re.compile(r"(?<!\w)(?:η|eta)(?!\w)")


def edits_of(paper: Paper, one: Judged) -> tuple[Edit, ...]:
    """How to mend a link that is wrong or carried; nothing where no correction can be given."""
    text = one.link.text
    if one.figure is not None:
        value = value_at(paper, one.line.node)
        new = _symbols(paper, one) if value is None else _number_like(one.line.node, value, one.figure)
        return ((0, len(text), new),)
    try:
        return next((tuple(edits) for edits in _tries(paper, one) if edits and _holds(paper, one, edits)), ())
    except ChainruleError:  # a formula too long to be printed
        return ()


def edited(text: str, edits: Sequence[Edit]) -> str:
    """A text with edits made, which do not overlap.

    >>> edited("0.4*0.8", [(4, 7, "1.6")])
    '0.4*1.6'
    """
    pieces, at = list[str](), 0
    for start, end, new in sorted(edits):
        pieces += [text[at:start], new]
        at = end
    return "".join([*pieces, text[at:]])


def _symbols(paper: Paper, one: Judged) -> str:
    """What stands for a figure where there is no value: a formula of the symbols."""
    return _formula_text(paper, one, paper.routes(one.claim.quantity)[0])


def whole(paper: Paper, one: Judged) -> str | None:
    """The formula of the quantity that is nearest to a link, with numbers put in where the link has such."""
    if one.formula is None:
        return None
    nodes = [paper.formulas.get(one.claim.quantity, ()), paper.routes(one.claim.quantity)]
    routes = [route for found in nodes for route in found if form_of_node(route).node is one.formula.node]
    route = routes[0] if routes else one.formula.node
    found = _numbers_text(paper, one, route) if one.kind == "substitution" else _formula_text(paper, one, route)
    return found if found is not None and len(found) <= LONGEST else None


def _tries(paper: Paper, one: Judged) -> Iterator[list[Edit]]:
    if one.kind == "formula" and (change := _change_text(paper, one)) is not None:
        yield [(0, len(one.link.text), change)]
    yield _numbers_mended(paper, one) if one.kind == "substitution" else _formula_mended(paper, one)
    found = _array_text(paper, one) if one.link.index else whole(paper, one)
    if found is not None:
        yield [(0, len(one.link.text), found)]


# Numbers put in -----------------------------------------------------------------------------------------------


def _numbers_mended(paper: Paper, one: Judged) -> list[Edit]:
    if one.alignment is None or not one.alignment.is_same_shape():
        return []
    found = []
    for pair in one.alignment.pairs:
        if SEVERITY[stands_for(paper, one.line, pair)] >= SEVERITY["carried"]:
            edit = _number_mended(paper, pair, one.link.text)
            if edit is None:
                return []
            found.append(edit)
    return found


def _number_mended(paper: Paper, pair: Pair, text: str) -> Edit | None:
    """The number that a pair should have, in the place and manner of the one it has."""
    span, value = pair.part.span, value_at(paper, pair.of.node)
    if span is None or value is None or pair.part.figure is None:
        return None
    figure = _figure_at(text[span.start : span.end])
    if figure is None:
        return None
    signs = pair.negative != (figure.value != pair.part.figure.value)  # a minus before the number belongs to the form
    new = _number_like(pair.of.node, -value if signs else value, figure)
    before, after = text[: span.start].strip(), text[span.end : span.end + 1]
    alone = not before or (before.endswith("(") and after == ")")
    if new.startswith("-") and not alone and not figure.negative:
        new = f"({new})"
    return span.start, span.end, new


def _figure_at(text: str) -> Figure | None:
    return read_figure(parse_expression(text).tree)


def _number_like(at: Node, value: Fraction, figure: Figure) -> str:
    bare = at.args[0] if at.op is NEG else at
    given = decimal_text(value) if bare.op in (INPUT, CONST) else None
    if given is not None and len(given) <= SHORT:
        return given
    return corrected_like(value, figure)


def _numbers_text(paper: Paper, one: Judged, route: Node) -> str | None:
    """A formula with the numbers put in, to as many decimals as the most exact number of the link has."""
    assert one.form is not None
    figures = [leaf.figure for leaf in leaves(one.form) if leaf.figure is not None]
    unit = min([figure.unit for figure in figures if not figure.whole], default=Fraction(1, 10**DECIMALS))
    style = Figure(f"{0:.{len(str(unit.denominator)) - 1}f}", Fraction(0), unit)
    put_in: dict[Node, str] = {}
    for leaf in leaves(form_of_node(route)):
        value = value_at(paper, leaf.node)
        if value is None:
            return None
        put_in[leaf.node] = _number_like(leaf.node, value, style)
    return expression(route, substitute=put_in.get)


# Formulas -----------------------------------------------------------------------------------------------------


def _formula_mended(paper: Paper, one: Judged) -> list[Edit]:
    """The parts of a formula that stand in the place of others, replaced by those."""
    if one.form is None or one.formula is None:
        return []
    laid = align(one.form, one.formula, _same_number)
    if laid.missing or laid.extra or laid.flipped or not laid.cost:
        return []
    pairs = [(pair.part, pair.of) for pair in laid.pairs if not pair.fits]
    edits = [_part_mended(paper, one, ours, theirs) for ours, theirs in (*laid.others, *pairs)]
    kept = [edit for edit in edits if edit is not None]
    is_all = any(start == 0 and end == len(one.link.text) for start, end, _ in kept)  # then `whole` says it better
    return kept if len(kept) == len(edits) and not is_all else []


def _same_number(figure: Figure, at: Node) -> bool:
    return at.op is CONST and bool(at.attribute == figure.value)


def _part_mended(paper: Paper, one: Judged, ours: Form, theirs: Form) -> Edit | None:
    if ours.span is None:
        return None
    text, (start, end) = one.link.text, ours.span
    new = _formula_text(paper, one, theirs.node)
    if not text[:start].strip("( [") and not text[end:].strip(") ]"):
        return 0, len(text), new
    alone = text[start - 1 : start] in "([" and text[end : end + 1] in ")]"
    return start, end, new if alone or strength(new) >= ATOM or _is_derivative(new) else f"({new})"


def _is_derivative(text: str) -> bool:
    return text.startswith("d") and "/d" in text and strength(text) > strength("a*b")


def _change_text(paper: Paper, one: Judged) -> str | None:
    """The change of a weight by gradient descent, which its definition as a difference does not tell."""
    label, problem = one.claim.quantity, paper.quantities.problem
    if not isinstance(label, Change) or problem.minimise is None or problem.training.rate is None:
        return None
    spelled = _spelling(paper, one)
    return f"-{spelled(problem.training.rate)}*{spelled(Derivative(problem.minimise, label.of))}"


def _array_text(paper: Paper, one: Judged) -> str | None:
    """The definition of the array that a link is about, where it claims all elements at once."""
    label = one.claim.quantity
    array = paper.quantities.problem.graph.outputs.get(label.of) if isinstance(label, Element) else None
    return _formula_text(paper, one, array.args[0]) if array is not None and array.op is NAME else None


def _formula_text(paper: Paper, one: Judged, at: Node) -> str:
    return expression(at, spell=_spelling(paper, one))


def _spelling(paper: Paper, one: Judged) -> Callable[[Quantity], str]:
    """Quantities as the problem spells them, the learning rate as the person does."""
    problem = paper.quantities.problem
    spelled, rate = spelling_of(problem), problem.training.rate
    working = problem.document.data.get("working", "") if problem.document is not None else ""
    sign = _RATE.search(one.link.text) or _RATE.search(working)
    return lambda label: sign[0] if sign is not None and label == rate else spelled(label)


# Trying it ----------------------------------------------------------------------------------------------------


def _holds(paper: Paper, one: Judged, edits: Sequence[Edit]) -> bool:
    """Whether a corrected link would be judged right or rounded."""
    text = edited(one.link.text, edits)
    language = Language(paper.quantities.problem)
    try:
        tree = language.read(text)
        link = replace(one.link, text=text, tree=tree, kind=language.kind(tree))
        if one.kind == "formula":
            own = paper.quantities.expression(tree, text)
            own = element_of(own, one.link.index) if len(own.shape) == len(one.link.index) else own
            return not own.shape and identical(paper, own, one.line.node)
        before = [other for other in one.claim.links[: one.claim.links.index(one.link)] if other.kind != "figure"]
        judged, _ = judge_claim(paper, replace(one.claim, links=(*before, link)))
    except ChainruleError:
        return False
    return bool(judged) and judged[-1].link is link and SEVERITY[judged[-1].verdict] < SEVERITY["carried"]
