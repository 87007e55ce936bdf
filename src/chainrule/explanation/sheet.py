"""A sheet of paper: the lines of one update worked out in order, each rounded, and the rounded figure carried on.

Within a line the arithmetic is exact - fractions, and balls where there is a sigmoid -, and the precision goes up until
the rounding of the line is beyond doubt.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import reduce
from typing import Any, Final

from chainrule.dataclasses import dataclass, field
from chainrule.evaluate import apply
from chainrule.explanation import Explanation, chain_rule
from chainrule.explanation.products import ChainRule, Factor, Term
from chainrule.explanation.rounding import Rounding, figure_text, is_writable, nearest, rounded
from chainrule.explanation.spelling import Spelling
from chainrule.node import NAME, Node, is_quantity, label_of, order
from chainrule.numbers.rational import rational_numbers
from chainrule.numbers.system import Numbers
from chainrule.printing.figures import decimal_text
from chainrule.quantity import Derivative, Quantity, spell

PRECISIONS: Final = (200, 800, 4000)  # bits; what these do not settle lies on the border


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One line of the worked solution: what it is called, and what it is worked out from."""

    quantity: Quantity
    stage: str  # "forward", "backward" or "update"
    kind: str  # "definition", "derivative", "factor" or "named"
    at: Node
    terms: tuple[Term, ...] = ()
    factor: Factor | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """What a line comes to: the figure as a fraction and as text; whether nothing was lost in rounding."""

    value: Fraction | None  # None: no number, such as 1/0
    text: str
    places: int
    is_exact: bool


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """What has been worked out so far."""

    rounding: Rounding
    spelling: Spelling
    rule: ChainRule | None
    figures: dict[Quantity, Figure] = field(default_factory=dict)
    base: dict[Node, Any] = field(default_factory=dict)  # the figures that are put in, by node
    parts: dict[Node, Any] = field(default_factory=dict)  # values inside lines, for the branches taken
    tried: set[Quantity] = field(default_factory=set)

    def start(self, inputs: Mapping[Quantity, Figure], nodes: Iterable[Node]) -> None:
        """Put the inputs on the sheet."""
        for node in nodes:
            figure = inputs.get(label_of(node))
            if figure is not None:
                self.base[node] = _put_in(figure)
        self.figures.update(inputs)

    def work(self, line: Line) -> Figure | None:
        """The figure of a line, not yet carried on; None where it depends on a symbol."""
        self.tried.add(line.quantity)
        for quantity in self.missing(line):
            self.carry(Line(quantity, "backward", "derivative", self.derivative_node(quantity), self.terms(quantity)))
        places = self.rounding.places(names_of(line.quantity, self.spelling))
        return settle(lambda bits: self.value(line, bits), places, truncate=self.rounding.truncate)

    def carry(self, line: Line) -> Figure | None:
        """Work out a line, and put its figure in from now on."""
        figure = self.work(line)
        self.keep(line, figure)
        return figure

    def keep(self, line: Line, figure: Figure | None) -> None:
        if figure is not None:
            self.figures[line.quantity] = figure
            if is_quantity(line.at):
                self.base[line.at] = _put_in(figure)

    def value(self, line: Line, bits: int) -> Any:
        """The value of a line from the figures it uses, with so many bits; None where one is missing."""
        numbers = rational_numbers(bits)
        with numbers.s.context():
            if line.kind == "derivative":
                return self.sum(line.terms, numbers)
            body = line.at.args[0] if line.at.op is NAME and line.kind == "definition" else line.at
            return self.node(body, numbers)

    def sum(self, terms: Iterable[Term], numbers: Numbers) -> Any:
        # All factors first: a line with a symbol in it has no value, but its branches are settled.
        values = [[self.factor(factor, numbers) for factor in term.factors] for term in terms]
        if any(value is None for row in values for value in row):
            return None
        products = [reduce(numbers.s.mul, row) for row in values]
        return reduce(numbers.s.add, products, Fraction(0))

    def factor(self, factor: Factor, numbers: Numbers) -> Any:
        """A factor: the figure of its own line, a sum in brackets, or its formula with figures put in."""
        if factor.label in self.figures:
            return _put_in(self.figures[factor.label])
        return self.sum(factor.terms, numbers) if factor.terms else self.node(factor.node, numbers)

    def node(self, root: Node, numbers: Numbers) -> Any:
        done: dict[Node, Any] = {}
        for current in order([root], cut=lambda n: n in self.base or is_quantity(n)):
            if current in self.base:
                done[current] = self.base[current]
            elif not is_quantity(current) and all(a in done for a in current.args):
                done[current] = apply(current, [done[a] for a in current.args], numbers)
        self.parts.update({n: value for n, value in done.items() if isinstance(value, bool) or is_writable(value)})
        return done.get(root)

    def missing(self, line: Line) -> list[Quantity]:
        """Derivatives without a line of their own that a line needs, such as dE/dx2_1 where deltas are shown."""
        found: list[Quantity] = []
        roots = _nodes(line.terms) if line.terms else [line.at]
        for node in order(roots, cut=lambda n: n is not line.at and is_quantity(n)):
            label = label_of(node) if is_quantity(node) else None
            if label is not None and label not in self.tried and label not in self.figures and self.is_known(label):
                found.append(label)
        return found

    def is_known(self, label: Quantity) -> bool:
        rule = self.rule
        return (
            rule is not None and isinstance(label, Derivative) and label.of == rule.of and label in rule.graph.outputs
        )

    def derivative_node(self, label: Quantity) -> Node:
        assert self.rule is not None
        return self.rule.graph.outputs[label]

    def terms(self, label: Quantity) -> tuple[Term, ...]:
        assert self.rule is not None
        assert isinstance(label, Derivative)
        return self.rule.terms(label.by)


def settle(value_of: Any, places: int, *, truncate: bool) -> Figure | None:
    """The figure of a value that can be had with any number of bits; None where there is no value."""
    value: Any = None
    for bits in PRECISIONS:
        value = value_of(bits)
        if value is None:
            return None
        with rational_numbers(bits).s.context():
            if not is_writable(value):
                continue
            scaled = rounded(value, places, truncate=truncate)
            if scaled is not None:
                return _figure(scaled, value, places)
    with rational_numbers(PRECISIONS[-1]).s.context():
        if not is_writable(value):
            return Figure(None, "nan", places, is_exact=False)
        return _figure(nearest(value, places, truncate=truncate), value, places)


def _figure(scaled: int, value: Any, places: int) -> Figure:
    found = Fraction(scaled, 10**places)
    is_exact = isinstance(value, Fraction) and value == found
    text = (decimal_text(found) if is_exact else None) or figure_text(scaled, places)
    return Figure(found, text, places, is_exact)


def given(value: Fraction, places: int, *, truncate: bool) -> Figure:
    """A given number as it stands; one with more digits than people write, a drawn weight, is rounded first."""
    text = decimal_text(value)
    if text is not None:
        return Figure(value, text, places, is_exact=True)
    figure = settle(lambda bits: value, places, truncate=truncate)
    assert figure is not None
    return figure


def lines_of(explanation: Explanation) -> list[Line]:
    """What the steps of a worked solution are worked out from, in their order."""
    passes = explanation.passes
    nodes = {label_of(n): n for n in order(passes.roots()) if is_quantity(n)}
    rule = rule_of(explanation)
    shown = {Derivative(passes.of, by) for by in explanation.shown} if passes.of is not None else set()
    factors = _factors(rule, explanation.shown) if rule is not None else {}
    again = {id(step) for step in explanation.again}
    found: list[Line] = []
    for step in (*explanation.steps, *explanation.again):
        label = step.quantity
        if label in explanation.named and step.stage == "backward":
            found.append(Line(label, step.stage, "named", explanation.named[label]))
        elif label in shown and rule is not None and isinstance(label, Derivative):
            found.append(Line(label, step.stage, "derivative", nodes[label], rule.terms(label.by)))
        elif step.stage == "backward" and label in factors:
            factor = factors[label]
            found.append(Line(label, step.stage, "factor", factor.node, factor=factor))
        else:
            found.append(Line(label, step.stage, "definition", nodes[label], again=id(step) in again))
    return found


def rule_of(explanation: Explanation) -> ChainRule | None:
    """The chain rule of an explanation's error."""
    of = explanation.passes.of
    return chain_rule(explanation.problem, explanation.passes.backward, of) if of is not None else None


def names_of(quantity: Quantity, spelling: Spelling) -> list[str]:
    """What a quantity may be called in a pattern: as it is printed, and its canonical spelling."""
    return list(dict.fromkeys([spelling(quantity), spell(quantity)]))


def _factors(rule: ChainRule, shown: Iterable[Quantity]) -> dict[Quantity, Factor]:
    factors = [factor for by in shown for term in rule.terms(by) for factor in term.factors]
    return {factor.label: factor for factor in factors if factor.label is not None}


def _nodes(terms: Iterable[Term]) -> list[Node]:
    found: list[Node] = []
    for term in terms:
        for factor in term.factors:
            found += _nodes(factor.terms) if factor.terms else [factor.node]
    return found


def _put_in(figure: Figure) -> Any:
    if figure.value is not None:
        return figure.value
    with rational_numbers().s.context():
        return rational_numbers().s.log(Fraction(-1))  # a ball that is no number
