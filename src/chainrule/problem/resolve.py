"""Quantities as people ask for them: the text of section 3 of the problem-file contract -> a structured label.

Names, elements, derivatives and updates have labels of their own. An expression gets the label of the quantity it
defines, or is a new quantity called what it says, which `expressions` puts into a graph.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NoReturn

from chainrule.dataclasses import dataclass, replace
from chainrule.formula import parse_quantity
from chainrule.formula.lowering import PlaceOf, lower, nearest_hint
from chainrule.formula.render import render
from chainrule.formula.syntax import (
    CONSTANTS,
    AtUpdate,
    Call,
    DerivativeRef,
    ExampleRef,
    FunctionPrime,
    Index,
    Number,
    Prime,
    Ref,
    Span,
    Tree,
    ungroup,
    walk,
)
from chainrule.formula.tokens import fail, show
from chainrule.node import NAME, Node, input_node, is_quantity, label_of, node
from chainrule.ops.arithmetic import NEG
from chainrule.ops.types import show_shape
from chainrule.problem.layers import part_of
from chainrule.problem.names import differs, is_expression, is_later, known_in, memory_of, text_of
from chainrule.quantity import Change, Derivative, Element, Example, Memory, Name, Quantity, Updated, spell
from chainrule.transforms.units import element_label

if TYPE_CHECKING:
    from chainrule.problem.problem import Problem

MAX_ORDER: Final = 16  # of derivatives of derivatives: each takes several times as long as the one before


def resolve(problem: Problem, text: str, *, place: PlaceOf | None = None, of_any_example: bool = False) -> Quantity:
    """The label of the quantity that `text` asks for.

    `of_any_example` leaves open for which example, as [names] does: net3 instead of net3{1}. Raises FormulaError if
    there is no such quantity.

    >>> from chainrule.problem import loads
    >>> spell(resolve(loads("formulas = 'y = 2*x'\\n[given]\\nx = 1"), "∂y/∂x"))
    'dy/dx'
    """
    parsed = parse_quantity(text, known_in(problem), place=place)
    return _Resolver(problem, text, place).quantity(parsed.tree, 0, varies=of_any_example)


def resolve_tree(problem: Problem, tree: Tree, *, text: str, place: PlaceOf | None = None) -> Quantity:
    """The label of the quantity that a parse tree asks for; `text` is what it was read from."""
    return _Resolver(problem, text, place).quantity(tree, 0)


def expression(
    problem: Problem,
    tree: Tree,
    node_of: Callable[[Quantity], Node | None],
    *,
    text: str,
    place: PlaceOf | None = None,
    example: int | None = None,
) -> Node:
    """The node of an expression over any graph of the problem: `node_of` gives that of each quantity in it.

    With `example` it is that of the quantities for this example. Raises FormulaError, also for a quantity that
    `node_of` does not have.
    """
    resolver = _Resolver(problem, text, place)

    def find(part: Tree, label: Quantity) -> Node:
        label = label if example is None else resolver.for_example(label, example)
        found = node_of(label)
        name = label.of if isinstance(label, Example) else label
        if found is None and isinstance(name, Name) and is_expression(problem, name):
            # One of [names] that says something about another: they run in no circle, that was tried on loading.
            # Or a delta that is minus a derivative, and so an expression.
            number = label.number if isinstance(label, Example) else None
            inner = text_of(problem, name)
            tree = parse_quantity(inner, known_in(problem)).tree
            return expression(problem, tree, node_of, text=inner, example=number)
        if found is None:
            resolver.fail(part, f"there is no value of {spell(label)} here")
        return found

    def special(part: Tree) -> Node | None:
        if isinstance(part, Ref) and resolver.is_constant(part.name):
            return None
        varies = example is not None
        if isinstance(part, Call) and part.function == "delta" and len(part.args) == 1 and problem.minimise is not None:
            by = resolver.quantity(part.args[0], 0, varies=varies)
            derivative = find(part, Derivative(problem.minimise, by))
            return derivative if problem.delta_sign == 1 else node(NEG, (derivative,))
        return find(part, resolver.quantity(part, 0, varies=varies))

    return lower(tree, {}, text=text, place=place, special=special)


@dataclass(frozen=True, slots=True)
class _Resolver:
    """One text on its way to a label."""

    problem: Problem
    text: str
    place: PlaceOf | None

    def quantity(self, tree: Tree, depth: int, *, varies: bool = False) -> Quantity:
        """The label of a tree; `varies` says that an example is named outside, as in (o1 + o2){2}."""
        if depth > MAX_ORDER:
            self.fail(tree, f"the quantity is nested deeper than {MAX_ORDER}, the limit")
        tree = ungroup(tree)
        match tree:
            case Ref() if not self.is_constant(tree.name):
                label = self.named(tree, depth)
            case Index():
                label = self.element(tree, depth, varies)
            case ExampleRef():
                label = self.example(tree, depth)
            case DerivativeRef():
                of = self.quantity(tree.of, depth + 1, varies=varies)
                label = Derivative(of, self.quantity(tree.by, depth + 1, varies=varies), tree.direct)
            case Prime():
                label = self.updated(tree.of, tree.count, depth)
            case AtUpdate():
                label = self.updated(tree.of, tree.n, depth)
            case Call(function="delta") | Call(function="change"):
                label = self.special_call(tree, depth, varies)
            case FunctionPrime():
                label = self.function_prime(tree, depth, varies)
            case _:
                label = self.expression(tree, varies=varies)
        if not varies:
            self.check_example(tree, label)
        return label

    def named(self, tree: Ref, depth: int) -> Quantity:
        problem, name = self.problem, tree.name
        if Name(name) in problem.labels:
            return Name(name)
        if name in problem.aliases:
            return self.alias(tree, problem.aliases[name], depth)
        if problem.notation is not None:
            symbol = problem.notation.read(name)
            if symbol is not None and symbol.role == "delta":
                return self.delta(tree, problem.notation.to_quantity(replace(symbol, role="net")))
            if symbol is not None:
                return problem.notation.to_quantity(symbol)
            part = part_of(problem.notation, name, ())
            if part is not None:
                return self.place_of(part)
        memory = memory_of(problem, name)
        if memory is not None:
            kind, rest = memory
            return Memory(self.named(replace(tree, name=rest), depth), kind) if kind else Name(rest)
        found = self.written_together(name)
        if found is not None:
            return found
        known = [*map(spell, problem.labels), *problem.aliases]
        self.fail(tree, f"there is no quantity {show(name)}", nearest_hint(name, known))

    def place_of(self, part: tuple[str, tuple[int, ...]]) -> Quantity:
        return element_label(Name(part[0]), part[1], self.problem.element)

    def alias(self, tree: Ref, text: str, depth: int) -> Quantity:
        """What a name of [names] stands for; an expression keeps the name."""
        if depth >= MAX_ORDER:
            self.fail(tree, f"{show(tree.name)} is named by a circle of [names]")
        inner = _Resolver(self.problem, text, None)
        parsed = ungroup(parse_quantity(text, known_in(self.problem)).tree)
        label = inner.quantity(parsed, depth + 1, varies=True)
        return Name(tree.name) if isinstance(label, Name) and label not in self.problem.labels else label

    def written_together(self, name: str) -> Quantity | None:
        """dEdw5 as dE/dw5, where only one reading is possible."""
        known = known_in(self.problem)
        if not name.startswith("d"):
            return None
        cuts = [i for i in range(2, len(name) - 1) if name[i] == "d" and known(name[1:i]) and known(name[i + 1 :])]
        if len(cuts) != 1:
            return None
        of, by = (Ref(part, Span(0, 0)) for part in (name[1 : cuts[0]], name[cuts[0] + 1 :]))
        return Derivative(self.quantity(of, 1, varies=True), self.quantity(by, 1, varies=True))

    def element(self, tree: Index, depth: int, varies: bool) -> Quantity:
        index = []
        for part in tree.indices:
            inner = ungroup(part)
            if not isinstance(inner, Number) or inner.value.denominator != 1:
                self.fail(part, f"found the index {self.quote(part)} where a whole number was expected")
            index.append(int(inner.value))
        of = ungroup(tree.of)
        if isinstance(of, Ref) and self.problem.notation is not None:
            part_found = part_of(self.problem.notation, of.name, tuple(index))
            if part_found is not None:
                return self.place_of(part_found)
        label = self.quantity(of, depth + 1, varies=True)
        root = _root(label)
        shape = self.problem.labels.get(root)
        if shape is None or len(shape) != len(index):
            has = "a single number" if not shape else f"an array of shape {show_shape(shape)}"
            hint = f"Write {spell(root)}[{','.join('1' * len(shape))}]." if shape else ""
            found = "an index" if len(index) == 1 else f"{len(index)} indices"
            self.fail(tree, f"found {found} after {spell(root)}, which is {has}", hint)
        for at, size, part in zip(index, shape, tree.indices, strict=True):
            if isinstance(size, int) and not 1 <= at <= size:
                self.fail(part, f"found the index {at} where {spell(root)} has 1 to {size}")
        return element_label(label, tuple(index), self.problem.element)

    def example(self, tree: ExampleRef, depth: int) -> Quantity:
        problem = self.problem
        if not problem.examples:
            self.fail(tree, f"found {self.quote(tree)}, but the problem has one example only", "Leave the {} out.")
        if tree.number > problem.examples:
            self.fail(tree, f"found example {tree.number}, but there are {problem.examples}")
        label = self.quantity(tree.of, depth + 1, varies=True)
        found = self.for_example(label, tree.number)
        if found == label:
            self.fail(tree, f"{spell(label)} is the same for all examples", "Leave the {} out.")
        return found

    def for_example(self, label: Quantity, number: int) -> Quantity:
        match label:
            case Derivative(of, by, direct):
                return Derivative(self.for_example(of, number), self.for_example(by, number), direct)
            case Updated(of, times):
                return Updated(self.for_example(of, number), times)
            case Change(of):
                return Change(self.for_example(of, number))
            case Memory(of, name):
                return Memory(self.for_example(of, number), name)
        return Example(label, number) if differs(self.problem, label, error=True) else label

    def check_example(self, tree: Tree, label: Quantity) -> None:
        problem = self.problem
        stack = [label]
        while problem.examples and stack:
            current = stack.pop()
            match current:
                case Derivative(of, by):
                    stack += [of, by]
                case Updated(of) | Change(of) | Memory(of):
                    stack.append(of)
                case Name() | Element() if current != problem.minimise and differs(problem, current):
                    self.fail(tree, f"{spell(current)} depends on the example", f"Write {spell(current)}{{1}}.")

    def updated(self, of: Tree, times: int, depth: int) -> Quantity:
        label = self.quantity(of, depth + 1)
        if isinstance(label, Updated):
            return Updated(label.of, label.times + times) if times else label
        return Updated(label, times) if times else label

    def special_call(self, tree: Call, depth: int, varies: bool) -> Quantity:
        if len(tree.args) != 1:
            self.fail(tree, f"found {len(tree.args)} arguments of {tree.function}", f"Write {tree.function}(h1).")
        of = self.quantity(tree.args[0], depth + 1, varies=varies)
        if tree.function == "change":
            return Change(of)
        return self.delta(tree, of)

    def delta(self, tree: Tree, of: Quantity) -> Quantity:
        """The minimised quantity's derivative; under the other sign an expression of its own."""
        error = self.problem.minimise
        if error is None:
            self.fail(tree, f"found {self.quote(tree)}, but nothing is minimised", 'Say what: minimise = "E".')
        if self.problem.delta_sign == -1:
            return Name(f"delta({spell(of)})")
        return Derivative(error, of)

    def function_prime(self, tree: FunctionPrime, depth: int, varies: bool) -> Quantity:
        if len(tree.args) != 1:
            hint = f"Write {tree.function}'(h1)."
            self.fail(tree, f"found {len(tree.args)} arguments of {tree.function}'", hint)
        label = self.expression(Call(tree.function, tree.args, tree.span, tree.written), varies=varies)
        by = self.quantity(tree.args[0], depth + 1, varies=varies)
        for _ in range(min(tree.count, MAX_ORDER + 1)):
            label = Derivative(label, by)
        if tree.count > MAX_ORDER:
            self.fail(tree, f"found more than {MAX_ORDER} primes, the limit")
        return label

    def expression(self, tree: Tree, *, varies: bool) -> Quantity:
        """The label of the quantity that has this definition, else the expression as a new name."""
        problem = self.problem
        later = is_later(problem, tree)
        varies = varies and problem.examples > 0
        graph = problem.graph if varies or self.has_arrays(tree) else problem.units
        quantities = graph.quantities()

        def node_of(label: Quantity) -> Node | None:
            label = _without_example(label)
            known = quantities.get(label)
            if known is None and (later or varies or label in problem.values):  # a given may be used in no formula
                return input_node(label)
            return known

        example = 0 if varies else None  # as if for some example: which one is said outside
        found = expression(
            problem, tree, lambda q: node_of(_without_example(q)), text=self.text, place=self.place, example=example
        )
        if found.type.kind == "boolean":
            self.fail(tree, f"found the comparison {self.quote(tree)} where a number was expected")
        if is_quantity(found) and not later:
            return label_of(found)
        for label, candidate in quantities.items():
            if candidate.op is NAME and candidate.args[0] is found:
                return label
        return Name(render(tree, every_sign=True))

    def has_arrays(self, tree: Tree) -> bool:
        inside = {id(ungroup(t.of)) for t in walk(tree) if isinstance(t, Index)}
        for t in walk(tree):
            if isinstance(t, Ref) and id(t) not in inside and not self.is_constant(t.name):
                name = part_of(self.problem.notation, t.name, ()) if self.problem.notation else None
                label = Name(name[0]) if name and not name[1] else Name(t.name)
                if self.problem.labels.get(label):
                    return True
        return False

    def is_constant(self, name: str) -> bool:
        return name in CONSTANTS and Name(name) not in self.problem.labels

    def quote(self, tree: Tree) -> str:
        return show(" ".join(self.text[tree.span.start : tree.span.end].split()))

    def fail(self, tree: Tree, what: str, hint: str = "") -> NoReturn:
        fail(self.text, min(tree.span.start, len(self.text)), what, hint=hint, base=self.place)


def _without_example(label: Quantity) -> Quantity:
    return label.of if isinstance(label, Example) and not label.number else label


def _root(label: Quantity) -> Quantity:
    """The quantity that an index belongs to: W1 of dE/dW1 and of W1{2}."""
    while not isinstance(label, Name):
        label = label.by if isinstance(label, Derivative) else label.of
    return label
