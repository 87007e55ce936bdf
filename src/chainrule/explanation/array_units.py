"""Single units of a problem in arrays: one element's derivative expanded, without expanding the whole network.

The formula of an array is taken apart for one index only; a sum over a layer keeps its first and last terms, and its
other numbers stay where they are.
"""

from __future__ import annotations

from itertools import product as positions
from math import prod
from typing import Any, Final

from chainrule.dataclasses import dataclass, field, replace
from chainrule.errors import ProblemError
from chainrule.explanation.array_steps import ARRAYS, ArrayStep, array_writer
from chainrule.explanation.arrays import ArrayExplanation
from chainrule.explanation.spelling import spelling_of
from chainrule.graph import Contribution
from chainrule.node import INPUT, NAME, Node, body_of, const, input_node, is_quantity, label_of, node, order
from chainrule.ops.arithmetic import ADD, DIV, MUL
from chainrule.ops.matrix import BROADCAST, DOT, INDEX, MATMUL, OUTER, RESHAPE, STACK, TRANSPOSE
from chainrule.ops.reduction import MEAN, SUM
from chainrule.printing.document import Piece
from chainrule.printing.expression import expression, product
from chainrule.printing.figures import figure, given_figure
from chainrule.problem import Problem
from chainrule.problem.layers import part_of
from chainrule.quantity import Change, Derivative, Element, Example, Memory, Name, Quantity, Updated, spell
from chainrule.transforms.units import element_label, joined_sum

LONGEST: Final = 6  # terms of a sum that are all written; of a longer one, the first two and the last
MOST_LINES: Final = 60  # elements that are followed up
DEEPEST: Final = 150  # of a formula taken apart
DOTS: Final = input_node(Name("..."))

Index = tuple[int, ...]


def place_of(explanation: ArrayExplanation, text: str) -> tuple[Node, Index]:
    """The array and the index, counted from 0, of a quantity as a person spells it; () for a whole array.

    Raises `FormulaError` for what is no quantity of the problem, `ProblemError` for one that this view does not have.
    """
    problem, passes = explanation.problem, explanation.passes
    quantity = problem.quantity(text)
    label, index = whole_of(problem, quantity)
    label = _of_update(label, explanation)
    known = {**passes.graph.quantities(), **{label_of(n): n for n in passes.update}}
    if isinstance(label, Example) and passes.rows:
        number, inner = label.number, label.of
        label, index = _error_of_each(explanation) if inner == problem.minimise else inner, (number, *index)
    found = known.get(label)
    if found is None:
        of = f" of {spell(passes.of)}" if passes.of is not None else ""
        what = f"found {text}, which has no place in the matrix view: it shows arrays, derivatives{of} and one update."
        raise ProblemError(what, hint="Use --view steps.")
    return found, tuple([i - 1 for i in index])


def whole_of(problem: Problem, label: Quantity) -> tuple[Quantity, Index]:
    """The array that a label belongs to, and its index counted from 1; () for an array or a number by itself."""
    match label:
        case Element(of, index):
            whole, before = whole_of(problem, of)
            return whole, before + index
        case Derivative(of, by, direct):
            whole, index = whole_of(problem, by)
            return Derivative(of, whole, direct), index
        case Updated(of, times):
            whole, index = whole_of(problem, of)
            return Updated(whole, times), index
        case Change(of):
            whole, index = whole_of(problem, of)
            return Change(whole), index
        case Memory(of, name):
            whole, index = whole_of(problem, of)
            return Memory(whole, name), index
        case Example(of, number):
            whole, index = whole_of(problem, of)
            return Example(whole, number), index
        case Name(text) if label not in problem.labels and problem.notation is not None:
            part = part_of(problem.notation, text, ())
            return (Name(part[0]), part[1]) if part is not None else (label, ())
    return label, ()


def _of_update(label: Quantity, explanation: ArrayExplanation) -> Quantity:
    """A label as it is called in this update: online, what is said of the error is said of one example's."""
    problem, number = explanation.problem, explanation.passes.example
    if not number:
        return label
    match label:
        case Derivative(of, by, direct):
            return Derivative(_of_update(of, explanation), _of_update(by, explanation), direct)
        case Updated(of, times):
            return Updated(_of_update(of, explanation), times)
    return Example(label, number) if label in problem.dependents else label


def _error_of_each(explanation: ArrayExplanation) -> Quantity:
    """What the errors of all examples are called together."""
    (each,) = explanation.passes.rows - explanation.problem.dependents
    return each


def label_at(explanation: ArrayExplanation, label: Quantity, index: Index) -> Quantity:
    """The label of one element of an array, its index counted from 0; of the row of an example, that example's."""
    problem, rows = explanation.problem, explanation.passes.rows
    match label:
        case Derivative(of, by, direct):
            return Derivative(of, label_at(explanation, by, index), direct)
        case Updated(of) | Change(of) | Memory(of):
            return replace(label, of=label_at(explanation, of, index))
    if label in rows and index:
        error = problem.minimise if label not in problem.dependents else None
        return Example(error or label_at_place(problem, label, index[1:]), index[0] + 1)
    return label_at_place(problem, label, index)


def label_at_place(problem: Problem, label: Quantity, index: Index) -> Quantity:
    """The label of one element of an array of the problem's own graph."""
    return element_label(label, tuple([i + 1 for i in index]), problem.element)


@dataclass(frozen=True, slots=True, eq=False)
class Slicer:
    """Formulas of single elements; `origin` tells of each element's node which array and index it is."""

    explanation: ArrayExplanation
    origin: dict[Node, tuple[Node, Index]] = field(default_factory=dict)
    inside: set[Node] = field(default_factory=set)  # elements in shortened sums, which are not followed up
    remarks: list[str] = field(default_factory=list)
    sums: set[Node] = field(default_factory=set)

    def element(self, at: Node, index: Index, depth: int = 0) -> Node:
        """The node of one element of an array's formula, in terms of elements of quantities."""
        if is_quantity(at) and depth:
            return self.leaf(at, index)
        at = body_of(at)
        if not at.args or (not at.shape and not any(a.shape for a in at.args) and is_quantity(at)):
            return at
        if depth > DEEPEST:
            return self.opaque(at, index)
        if at.op.elementwise:
            parts = [self.element(a, _aligned(index, a.shape), depth + 1) for a in at.args]
            return self.add(*parts) if at.op is ADD else node(at.op, tuple(parts), at.attribute)
        return self.taken_apart(at, index, depth + 1)

    def leaf(self, at: Node, index: Index) -> Node:
        found = input_node(label_at(self.explanation, label_of(at), index)) if index else at
        self.origin[found] = (at, index)
        return found

    def taken_apart(self, at: Node, index: Index, depth: int) -> Node:
        op, args = at.op, at.args
        if op in (MATMUL, DOT):
            left, right = args
            split = len(left.shape) - 1
            rows, columns = index[:split], index[split:]
            return self.sum([((left, (*rows, k)), (right, (k, *columns))) for k in range(int(right.shape[0]))], depth)
        if op is OUTER:
            split = len(args[0].shape)
            return node(MUL, (self.element(args[0], index[:split], depth), self.element(args[1], index[split:], depth)))
        if op in (SUM, MEAN):
            places = _reduced(at, index)
            total = self.sum([((args[0], place),) for place in places], depth)
            return total if op is SUM else node(DIV, (total, const(len(places))))
        place = _moved(at, index)
        if place is not None:
            return self.element(*place, depth)
        return self.opaque(at, index)

    def opaque(self, at: Node, index: Index) -> Node:
        """An element of what is not taken apart: softmax(z3)[2]."""
        found = node(INDEX, (at,), index) if index else at
        self.origin[found] = (at, index)
        return found

    def sum(self, terms: list[tuple[tuple[Node, Index], ...]], depth: int) -> Node:
        """The sum of products, shortened if it is long."""
        short = len(terms) <= LONGEST
        kept = terms if short else [*terms[:2], terms[-1]]
        before = set(self.origin)
        made = []
        for term in kept:
            factors = [self.element(part, place, depth) for part, place in term]
            made.append(factors[0] if len(factors) == 1 else node(MUL, (factors[0], factors[1])))
        if not short:
            made.insert(2, DOTS)
            self.inside.update(set(self.origin) - before)
            self.remarks.append(f"{len(terms)} terms")
        total = made[0]
        for part in made[1:]:
            total = self.add(total, part)
        return total

    def add(self, x: Node, y: Node) -> Node:
        return joined_sum(x, y, self.sums)


def _aligned(index: Index, shape: tuple[int | str, ...]) -> Index:
    """The index into an array that is stretched to what the index is for."""
    inner = index[len(index) - len(shape) :] if shape else ()
    return tuple([0 if size == 1 else i for i, size in zip(inner, shape, strict=True)])


def _reduced(at: Node, index: Index) -> list[Index]:
    """The places that a reduction puts together."""
    shape, axes = at.args[0].shape, at.attribute
    ranges = [range(int(size)) if axis in axes else None for axis, size in enumerate(shape)]
    rest = iter(index)
    full = [r if r is not None else (next(rest),) for r in ranges]
    return list(positions(*full))


def _moved(at: Node, index: Index) -> tuple[Node, Index] | None:
    """Where an element stands in what it was moved from; None for what is more than a move."""
    op, args = at.op, at.args
    if op is TRANSPOSE:
        place = [0] * len(index)
        for axis, i in zip(at.attribute, index, strict=True):
            place[axis] = i
        return args[0], tuple(place)
    if op is BROADCAST:
        return args[0], _aligned(index, args[0].shape)
    if op is RESHAPE:
        flat = 0
        for i, size in zip(index, at.shape, strict=True):
            flat = flat * int(size) + i
        return args[0], _unflattened(flat, tuple([int(size) for size in args[0].shape]))
    if op is INDEX:
        rest = iter(index)
        picked = [*at.attribute, *[None] * (len(args[0].shape) - len(at.attribute))]
        return args[0], tuple(
            [i if isinstance(i, int) else next(rest) + (i[0] if isinstance(i, tuple) else 0) for i in picked]
        )
    if op is STACK:
        return args[index[0]], index[1:]
    return None


def _unflattened(flat: int, shape: tuple[int, ...]) -> Index:
    place = []
    for axis in range(len(shape)):
        step = prod(shape[axis + 1 :])
        place.append(flat // step)
        flat %= step
    return tuple(place)


def unit_steps(explanation: ArrayExplanation, at: Node, index: Index) -> list[ArrayStep]:
    """The steps of one element: what it follows from first, up to sums over many units."""
    found: dict[tuple[Node, Index], ArrayStep] = {}
    waiting = [(at, index)]
    while waiting and len(found) < MOST_LINES:
        place = waiting.pop(0)
        if place in found or place[0].op is INPUT:
            continue
        slicer = Slicer(explanation)
        formula = slicer.element(*place)
        found[place] = _step(explanation, *place, formula, slicer)
        leaves = [n for n in order([formula]) if n in slicer.origin and n not in slicer.inside]
        waiting += [slicer.origin[n] for n in leaves if slicer.origin[n][0].op is NAME]
    position = {n: k for k, n in enumerate(order(explanation.passes.roots()))}
    if not found:  # an input
        found[at, index] = _step(explanation, at, index, at, Slicer(explanation))
    return [found[place] for place in sorted(found, key=lambda p: (position[p[0]], p[1]))]


def _step(explanation: ArrayExplanation, at: Node, index: Index, formula: Node, slicer: Slicer) -> ArrayStep:
    writer = array_writer(explanation)
    whole = label_of(at)
    label = label_at(explanation, whole, index)
    spelling = spelling_of(explanation.problem)

    def put_in(part: Node) -> str | None:
        if part is DOTS:
            return "..."
        place = slicer.origin.get(part)
        return None if place is None else _figure(explanation, *place)

    def called(quantity: Quantity) -> str:
        return "..." if quantity == Name("...") else spelling(quantity)

    texts = [_rule(explanation, whole, index, writer.entries.get(whole, ()))] if at.op is NAME else []
    texts.append(expression(formula, spell=called, dialect=ARRAYS))
    texts.append(expression(formula, spell=called, dialect=ARRAYS, substitute=put_in))
    value = _figure(explanation, at, index)
    left = spelling(label)
    rights: list[tuple[Piece, ...]] = [(text,) for text in dict.fromkeys([*texts, value]) if text not in ("", left)]
    derived = isinstance(whole, Derivative)
    stage = "update" if isinstance(whole, Updated | Change | Memory) else "backward" if derived else "forward"
    return ArrayStep(label, stage, left, tuple(rights), ", ".join(slicer.remarks))


def _figure(explanation: ArrayExplanation, at: Node, index: Index) -> str:
    writer = array_writer(explanation)
    given: Any = writer.given(at, index)
    value = explanation.item(at, index)
    if given is not None:
        return given_figure(given, digits=explanation.digits)
    return "?" if value is None else figure(value, digits=explanation.digits)


def _rule(explanation: ArrayExplanation, label: Quantity, index: Index, entries: tuple[Contribution, ...] | Any) -> str:
    """The chain rule of one element, where a derivative has one term that acts element by element."""
    if len(entries) != 1 or entries[0].local is None or not isinstance(label, Derivative):
        return ""
    (entry,) = entries
    if not is_quantity(entry.upstream):
        return ""
    spelling, places = spelling_of(explanation.problem), index if entry.upstream.shape else ()
    through = label_at(explanation, entry.through, places)
    upstream = label_at(explanation, label_of(entry.upstream), places)
    return product([spelling(upstream), spell(Derivative(through, label_at(explanation, label.by, index)))])
