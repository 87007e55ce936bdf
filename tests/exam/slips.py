"""The slips people make: for each kind, all the ways of making it at one step of a working.

The names are those of the contract, section 8. A way is another formula, other numbers put in, or another figure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from tests.exam.exercise import Exercise, Step
from tests.exam.solutions import Slip
from tests.exam.styles import value_of_figure
from tests.exam.trees import (
    HALF,
    ONE,
    TWO,
    Call,
    Negative,
    Number,
    Power,
    Product,
    Slope,
    Sum,
    Tree,
    Use,
    everywhere,
    names_in,
    negated,
    variants,
    walk,
)


@dataclass(frozen=True, slots=True)
class Paper:
    """What somebody has before them at one step: the figures printed so far, and that of this step if all is well."""

    exercise: Exercise
    at: int
    printed: dict[str, str]
    figure: str
    numbers: bool  # whether the line says what is put in

    @property
    def step(self) -> Step:
        return self.exercise.steps[self.at]


Ways = Iterator[Slip]


def decimal_point(paper: Paper) -> Ways:
    return _miswritten("decimal point", paper, _moved_points)


def digits_transposed(paper: Paper) -> Ways:
    return _miswritten("digits transposed", paper, _transposed)


def digit_copied_wrong(paper: Paper) -> Ways:
    return _miswritten("digit copied wrong", paper, _other_digits)


def copied_from_another_line(paper: Paper) -> Ways:
    for name, text in paper.printed.items():
        if name not in paper.exercise.numbers and abs(value_of_figure(text)) != abs(value_of_figure(paper.figure)):
            yield Slip("copied from another line", paper.at, figure=text)


def other_quantity_put_in(paper: Paper) -> Ways:
    """A quantity of the same family, as far as names tell: a weight for a weight, an output for an output."""

    def others(part: Tree) -> list[Tree]:
        if not isinstance(part, Use):
            return []
        return [Use(n) for n in paper.printed if n != part.name and _family(n) == _family(part.name)]

    return _reformed("other quantity put in", paper, others, written=False)


def new_for_old_weight(paper: Paper) -> Ways:
    def updated(part: Tree) -> list[Tree]:
        new = f"{part.name}'" if isinstance(part, Use) else ""
        return [Use(new)] if new in paper.printed and paper.step.kind != "update" else []

    return _reformed("new for old weight", paper, updated)


def net_input_for_output(paper: Paper) -> Ways:
    def net(part: Tree) -> list[Tree]:
        name = paper.exercise.nets.get(part.name) if isinstance(part, Use) else None
        return [Use(name)] if name in paper.printed else []

    yield from _reformed("net input for output", paper, net)
    for name in names_in(paper.step.formula):
        if paper.exercise.nets.get(name) in paper.printed:
            changed = _exchanged(paper.step.formula, name, paper.exercise.nets[name])
            yield Slip("net input for output", paper.at, numbers=changed)


def sign(paper: Paper) -> Ways:
    """A plus for a minus, a minus lost on the way, or the figure's own."""

    def turned(part: Tree) -> list[Tree]:
        match part:
            case Sum(terms):
                return [Sum((*terms[:i], negated(t), *terms[i + 1 :])) for i, t in enumerate(terms) if i]
            case Negative(of):
                return [of]
        return []

    if paper.figure.lstrip("-") != "0":
        yield Slip("sign", paper.at, figure=_opposite(paper.figure))
    yield from _reformed("sign", paper, turned)
    yield from _numbers_put_in("sign", paper, lambda text: [text[1:]] if text.startswith("-") else [])


def factor_missing(paper: Paper) -> Ways:
    def without(part: Tree) -> list[Tree]:
        if not isinstance(part, Product):
            return []
        return [_product(*part.factors[:i], *part.factors[i + 1 :]) for i in range(len(part.factors))]

    return _reformed("factor missing", paper, without)


def term_missing(paper: Paper) -> Ways:
    return _reformed("term missing", paper, _without_a_term)


def path_left_out(paper: Paper) -> Ways:
    if paper.step.kind == "derivative" and names_in(paper.step.formula):
        yield from _reformed("path left out", paper, _without_a_term)


def derivative_of_activation_missing(paper: Paper) -> Ways:
    def without(part: Tree) -> list[Tree]:
        if isinstance(part, Product) and paper.step.slope in part.factors:
            return [_product(*[factor for factor in part.factors if factor != paper.step.slope])]
        return []

    if paper.step.slope is not None:
        yield from _reformed("derivative of activation missing", paper, without)


def square_or_half_forgotten(paper: Paper) -> Ways:
    def forgotten(part: Tree) -> list[Tree]:
        match part:
            case Power(base, 2):
                return [base]
            case Product(factors) if factors[0] in (HALF, TWO):
                return [_product(*factors[1:])]
        return []

    return _reformed("square or half forgotten", paper, forgotten)


def wrong_target(paper: Paper) -> Ways:
    targets = paper.exercise.targets
    for old in targets:
        for new in targets:
            if new != old and old in names_in(paper.step.formula):
                changed = _exchanged(paper.step.formula, old, new)
                yield from _both_ways("wrong target", paper, changed)


def subtraction_reversed(paper: Paper) -> Ways:
    def reversed_(part: Tree) -> list[Tree]:
        match part:
            case Sum((a, Negative(b))) if paper.step.kind != "update":
                return [Sum((b, Negative(a)))]
        return []

    return _reformed("subtraction reversed", paper, reversed_)


def wrong_function(paper: Paper) -> Ways:
    confused = {
        "sigmoid": ["tanh"],
        "tanh": ["sigmoid"],
        "relu": ["sigmoid"],
        "leaky_relu": ["relu"],
        "softplus": ["relu", "sigmoid"],
        "ln": ["log10"],
    }

    def other(part: Tree) -> list[Tree]:
        return [Call(f, part.of) for f in confused.get(part.function, [])] if isinstance(part, Call) else []

    return _reformed("wrong function", paper, other)


KINDS: dict[str, Callable[[Paper], Ways]] = {
    "decimal point": decimal_point,
    "digit copied wrong": digit_copied_wrong,
    "copied from another line": copied_from_another_line,
    "other quantity put in": other_quantity_put_in,
    "sign": sign,
    "factor missing": factor_missing,
    "term missing": term_missing,
    "derivative of activation missing": derivative_of_activation_missing,
    "square or half forgotten": square_or_half_forgotten,
    "subtraction reversed": subtraction_reversed,
    "digits transposed": digits_transposed,
    "new for old weight": new_for_old_weight,
    "net input for output": net_input_for_output,
    "wrong target": wrong_target,
    "wrong function": wrong_function,
}
HELD_OUT = ("digits transposed", "new for old weight", "net input for output", "wrong target", "wrong function")
ALSO_CALLED: dict[str, Callable[[Paper], Ways]] = {
    "path left out": path_left_out
}  # not planted: what others may be too


def _reformed(kind: str, paper: Paper, change: Callable[[Tree], list[Tree]], *, written: bool = True) -> Ways:
    """The slips of a changed formula: written so, or the formula is right and the numbers are put in so."""
    for changed in variants(paper.step.formula, change):
        yield from _both_ways(kind, paper, changed, written=written)


def _both_ways(kind: str, paper: Paper, changed: Tree, *, written: bool = True) -> Ways:
    if written and names_in(changed):
        yield Slip(kind, paper.at, formula=changed)
    yield Slip(kind, paper.at, numbers=changed)


def _miswritten(kind: str, paper: Paper, wrong: Callable[[str], list[str]]) -> Ways:
    """A figure, or a number put in where the line shows it, written wrong."""
    for text in wrong(paper.figure):
        yield Slip(kind, paper.at, figure=text)
    yield from _numbers_put_in(kind, paper, wrong)


def _numbers_put_in(kind: str, paper: Paper, wrong: Callable[[str], list[str]]) -> Ways:
    def miswritten(part: Tree) -> list[Tree]:
        known = paper.printed.get(part.name) if isinstance(part, Use) else None
        return [Number(text) for text in wrong(known)] if known else []

    if paper.numbers:
        for changed in variants(paper.step.formula, miswritten):
            if _slopes(changed) == _slopes(paper.step.formula):  # a slope is put in as one number: nothing shows in it
                yield Slip(kind, paper.at, numbers=changed)


def _slopes(tree: Tree) -> list[Tree]:
    return [part for part in walk(tree) if isinstance(part, Slope)]


def _without_a_term(part: Tree) -> list[Tree]:
    """A sum without one of its terms; 1 - o and t - o are no sums, nor is a weight less its change."""
    if not isinstance(part, Sum) or (len(part.terms) == 2 and any(_simple(term) for term in part.terms)):
        return []
    rest = [[*part.terms[:i], *part.terms[i + 1 :]] for i in range(len(part.terms))]
    return [Sum(tuple(terms)) if len(terms) > 1 else terms[0] for terms in rest]


def _exchanged(tree: Tree, old: str, new: str) -> Tree:
    return everywhere(tree, lambda part: Use(new) if part == Use(old) else part)


def _simple(term: Tree) -> bool:
    return isinstance(term, Negative | Number)


def _product(*factors: Tree) -> Tree:
    return Product(factors) if len(factors) > 1 else factors[0] if factors else ONE


def _family(name: str) -> str:
    """A name without its indices: W1 for W1[2,1], delta for delta2_1."""
    letters = "".join(c for c in name if c.isalpha() or c == "/")
    return "w" if letters in ("b", "wb") else letters


def _opposite(text: str) -> str:
    return text[1:] if text.startswith("-") else f"-{text}"


def _parts(text: str) -> tuple[str, str]:
    """The digits of a number, and the power of ten or the dots after them."""
    for mark in ("*10^", "e", "..."):
        if mark in text:
            at = text.index(mark)
            return text[:at], text[at:]
    return text, ""


def _moved_points(text: str) -> list[str]:
    mantissa, rest = _parts(text)
    value = Decimal(mantissa)
    if not value:
        return []
    return [f"{value.scaleb(by):f}{rest}" for by in ((-1, 1) if rest else (-1, 1, -2, 2))]


def _transposed(text: str) -> list[str]:
    """Two neighbours exchanged, the point staying where it is and no nought coming to stand in front."""
    mantissa, rest = _parts(text)
    places = [i for i, c in enumerate(mantissa) if c.isdigit()]
    found = []
    for i, j in pairwise(places):
        a, b = mantissa[i], mantissa[j]
        if a != b and not (i == places[0] and (a == "0" or b == "0")):
            found.append(f"{mantissa[:i]}{b}{mantissa[i + 1 : j]}{a}{mantissa[j + 1 :]}{rest}")
    return found


def _other_digits(text: str) -> list[str]:
    mantissa, rest = _parts(text)
    found = []
    for i, c in enumerate(mantissa):
        if c.isdigit() and not (i == 0 and c == "0"):
            first = i == 0 or (i == 1 and mantissa[0] == "-")
            if first and c == "0":
                continue
            others = [d for d in "0123456789" if d != c and not (first and d == "0")]
            found += [f"{mantissa[:i]}{d}{mantissa[i + 1 :]}{rest}" for d in others]
    return found
