"""The paths view: each derivative as a sum over all paths from the error, products of the local derivatives along them.

It is the chain rule written out to the end, as on the lectures' boards; nothing is named in between, so each product
can be read off the network's picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chainrule.dataclasses import dataclass
from chainrule.errors import ProblemError
from chainrule.explanation import Explanation, chain_rule
from chainrule.explanation.asked import elements
from chainrule.explanation.choices import taken
from chainrule.explanation.passes import values_of
from chainrule.explanation.products import ChainRule
from chainrule.explanation.routes import Route, Routes, routes
from chainrule.explanation.spelling import spelling_of
from chainrule.explanation.steps import Step, Writer
from chainrule.graph import Contribution, Graph
from chainrule.node import NAME, Node, order
from chainrule.ops.arithmetic import constant
from chainrule.printing.document import Block, Chain, Document, Heading, Prose
from chainrule.printing.expression import expression, product, sum_of
from chainrule.printing.figures import figure
from chainrule.problem.expressions import with_expressions
from chainrule.quantity import Derivative, Quantity, Updated
from chainrule.transforms.recognise import recognise
from chainrule.transforms.reverse import reverse
from chainrule.views.steps import chains, given

MOST = 20  # paths that are written out for one derivative
ON_A_PAGE = 1000  # and for all; a page with more derivatives shows fewer of each, down to the largest one
_WORDS = ("no path", "one path")


def paths_view(explanation: Explanation, *, until: str | None = None, of: Sequence[str] = ()) -> Document:
    """The document of every derivative by its paths; `until` ends it after that derivative, `of` asks for single ones.

    Raises `ProblemError` if there is nothing to differentiate, or something asked for is no derivative.
    """
    problem, passes = explanation.problem, explanation.passes
    blocks: list[Block] = [Heading(problem.title, 1)] if problem.title else []
    if passes.of is None:
        raise ProblemError("there is no single result to take derivatives of.", hint="Name one with minimise.")
    last = _derivative(explanation, until) if until is not None else None
    pages: dict[Quantity, _Page] = {}
    labels = [label for text in of for label in _asked(explanation, text, pages)]
    if not of:
        pages[passes.of] = _page(explanation, passes.of, passes.backward, explanation.table)
        labels = [Derivative(passes.of, by) for by in explanation.shown]
        if last is not None and last not in labels:
            raise ProblemError(f"there are no paths for {until}, so the solution cannot stop there.")
    most = _most([pages[label.of].routes.count(label.by) for label in labels])
    fewer = _FEWER.format(most, "path is" if most == 1 else "paths are") if most < MOST else ""
    forward = {step.quantity: step for page in pages.values() for step in page.forward()}
    blocks += [*given(explanation), Heading("Forward pass"), *chains(forward.values())] if forward else []
    blocks += [Heading("Derivatives by paths"), Prose(_INTRODUCTION + fewer)]
    for label in labels:
        blocks += pages[label.of].derivative(label.by, most)
        if label == last:
            break
    return Document(tuple(blocks))


_INTRODUCTION = (
    "A derivative is the sum over all paths from the error down to the quantity; a path's part is the product of the"
    " local derivatives along it."
)
_FEWER = " There are many: at most {} {} written out for each here. Ask for single derivatives to see 20."


def _most(counts: Sequence[int]) -> int:
    """How many paths of each derivative a page has room for."""
    rooms = (most for most in (MOST, 10, 5, 3, 2) if sum(min(most, count) for count in counts) <= ON_A_PAGE)
    return next(rooms, 1)


def _asked(explanation: Explanation, text: str, pages: dict[Quantity, _Page]) -> list[Derivative]:
    """The derivatives of single numbers that a text asks for; adds a page for each numerator."""
    problem, label = explanation.problem, _derivative(explanation, text)
    graph = recognise(with_expressions(problem, problem.units, [label]))
    found = [one for one in elements(problem, graph, label).values() if isinstance(one, Derivative)]
    for one in found:
        if one.of == explanation.passes.of and one.of not in pages:
            pages[one.of] = _page(explanation, one.of, explanation.passes.backward, explanation.table)
        page = pages.get(one.of)
        if page is None or one.by not in page.routes.counts:
            full = reverse(graph, one.of)
            pages[one.of] = _page(explanation, one.of, full, values_of(full.roots(), explanation.inputs))
    return found


def _derivative(explanation: Explanation, text: str) -> Derivative:
    label = explanation.problem.quantity(text)
    if not isinstance(label, Derivative) or isinstance(label.of, Updated | Derivative) or label.direct:
        raise ProblemError(f"found {text}, but the view `paths` shows first derivatives, such as dE/dw1.")
    return label


def _page(explanation: Explanation, of: Quantity, graph: Graph, table: dict[Node, Any]) -> _Page:
    problem = explanation.problem
    writer = Writer(problem, table, spelling_of(problem), explanation.digits, explanation.update)

    def weight(entry: Contribution) -> float | None:
        return table.get(_local(entry))

    return _Page(writer, chain_rule(problem, graph, of), routes(graph, of, weight, most=MOST), {})


def _local(entry: Contribution) -> Node:
    return entry.local if entry.local is not None else entry.value


@dataclass(frozen=True, slots=True)
class _Edge:
    """How one local derivative is written."""

    name: str
    formula: str
    number: str
    value: float | None
    is_one: bool
    note: str


@dataclass(frozen=True, slots=True, eq=False)
class _Page:
    """Writes the paths of the derivatives of one quantity."""

    writer: Writer
    rule: ChainRule
    routes: Routes
    edges: dict[Contribution, _Edge]

    def forward(self) -> list[Step]:
        """What the local derivatives are worked out from: the forward pass of what is differentiated."""
        graph = self.rule.graph
        reached = set(order([graph.quantities()[self.routes.of]]))
        below = [n for n in order(graph.outputs.values()) if n in reached]  # in the order in which people wrote them
        return [self.writer.definition(n, "forward") for n in below if n.op is NAME]

    def derivative(self, by: Quantity, most: int) -> list[Block]:
        """A heading with the number of paths, the products of `most` of them, and the sum of all."""
        label = Derivative(self.routes.of, by)
        left, count, best = self.writer.spelling(label), self.routes.count(by), self.routes.best(by, most)
        if by == self.routes.of:
            return [Heading(f"{left} is 1", 3)]
        largest = f"the {len(best)} largest are" if len(best) > 1 else "the largest is"
        shown = f", {largest} shown" if len(best) < count else ""
        number = _WORDS[count] if count < len(_WORDS) else f"{count:,} paths"
        title = Heading(f"{left}: {number}{shown}", 3)
        if not best:
            return [title, Prose(f"{self.writer.spelling(by)} has no influence.")]
        total = self.writer.table.get(self.rule.graph.outputs[label])
        if count == 1:
            return [title, Prose(self.trace(best[0])), self.product(left, best[0], self.symbolic(label))]
        blocks: list[Block] = [title]
        for rank, route in enumerate(best, 1):
            blocks += [Prose(f"Path {rank}: {self.trace(route)}"), self.product(f"path {rank}", route)]
        return [*blocks, Prose("Together:"), self.total(left, best, count, total)]

    def trace(self, route: Route) -> str:
        """The quantities along a path: E → E1 → out_o1 → o1 → w5."""
        names = [self.routes.of, *(_by(entry) for entry in route.steps)]
        return " → ".join(self.writer.spelling(name) for name in names)

    def symbolic(self, label: Derivative) -> str | None:
        """The whole derivative as a formula, simplified, where it has no value."""
        at = self.rule.graph.outputs[label]
        return self.writer.closed_form(at) if self.writer.table.get(at) is None else None

    def product(self, left: str, route: Route, closed: str | None = None) -> Chain:
        """One path: the names of its local derivatives, their formulas, their numbers, and the product."""
        edges = [self.edge(entry) for entry in route.steps]
        factors = [edge for edge in edges if not edge.is_one] or edges[:1]
        value = self.value(route)
        rights = [
            product([edge.name for edge in edges]),
            product([edge.formula for edge in factors]),
            product([edge.number for edge in factors]) if value is not None else None,
            self.writer.figure(value) if value is not None else closed,
        ]
        lines = [line for line in rights if line is not None]
        notes = dict.fromkeys(edge.note for edge in edges if edge.note)
        kept = [line for k, line in enumerate(lines) if line != (lines[k - 1] if k else left)]
        return Chain(left, tuple(kept), "; ".join(notes), "backward")

    def total(self, left: str, best: Sequence[Route], count: int, total: float | None) -> Chain:
        """The sum over paths; what is not written out comes in as one number."""
        names = [f"path {rank}" for rank in range(1, len(best) + 1)]
        values = [self.value(route) for route in best]
        rest = count - len(best)
        if rest:
            names.append(f"the other {rest:,}")
        if total is None or any(value is None for value in values):
            formulas = [] if rest else [product([e.formula for e in self.factors(route)]) for route in best]
            closed = self.symbolic(Derivative(self.routes.of, _by(best[0].steps[-1])))
            lines = [sum_of(names), *([sum_of(formulas)] if formulas else []), *([closed] if closed else [])]
            return Chain(left, tuple(dict.fromkeys(lines)), "", "backward")
        numbers = [float(value) for value in values if value is not None]
        if rest:
            numbers.append(total - sum(numbers))
        written = [product([figure(x, digits=self.writer.digits)], leading=not k) for k, x in enumerate(numbers)]
        return Chain(left, (sum_of(names), sum_of(written), self.writer.figure(total)), "", "backward")

    def factors(self, route: Route) -> list[_Edge]:
        edges = [self.edge(entry) for entry in route.steps]
        return [edge for edge in edges if not edge.is_one] or edges[:1]

    def value(self, route: Route) -> float | None:
        result = 1.0
        for entry in route.steps:
            value = self.writer.table.get(_local(entry))
            if value is None:
                return None
            result *= float(value)
        return result

    def edge(self, entry: Contribution) -> _Edge:
        found = self.edges.get(entry)
        if found is None:
            found = self.edges[entry] = self.written(entry)
        return found

    def written(self, entry: Contribution) -> _Edge:
        writer, local, by = self.writer, _local(entry), _by(entry)
        label = Derivative(entry.through, by, self.rule.other_route(entry.through, by))
        choice = taken([local], writer.table, writer.spelling)
        formula = expression(choice.resolved.get(local, local), spell=writer.spelling)
        value, exact = writer.table.get(local), constant(local)
        number = formula if value is None else (writer.number(local) or writer.figure(value))
        return _Edge(writer.spelling(label), formula, number, value, exact == 1, choice.note)


def _by(entry: Contribution) -> Quantity:
    assert isinstance(entry.of, Derivative)
    return entry.of.by
