"""What the names and derivatives on a page mean: formulas become graphs, `y = 5x + 3` lets dy/dx be worked out.

A name stands for itself until a test asks for values in keeping with the definitions printed so far.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fractions import Fraction
from random import Random
from typing import Final

from chainrule.checking.notes.document import Chain
from chainrule.checking.notes.rules import UNKNOWN
from chainrule.checking.notes.values import is_closed
from chainrule.dataclasses import dataclass, field
from chainrule.errors import ChainruleError, Place
from chainrule.evaluate import evaluate
from chainrule.formula.lowering import lower
from chainrule.formula.syntax import (
    Binary,
    Call,
    Compare,
    DerivativeRef,
    FunctionPrime,
    Index,
    ListExpr,
    Number,
    Ref,
    Span,
    Tree,
    Unary,
    ungroup,
    walk,
)
from chainrule.node import Node, const, label_of
from chainrule.numbers.interval import Interval, interval_numbers, point
from chainrule.quantity import Quantity
from chainrule.transforms.gradients import fresh_input, gradient

MOST_NODES: Final = 300  # of one formula
DEEPEST: Final = 8  # definitions that use each other
_WORDS: Final = frozenset({"?", "dots", "infinity", "emptyset"})
_CONSTANTS: Final = frozenset({"π"})
_ARRAYS: Final = (ListExpr, Index, Compare)


class NoMeaningError(Exception):
    """A formula that says more than is known: an unknown function, a derivative of nobody knows what."""


@dataclass(frozen=True, slots=True)
class Definition:
    """`name = tree`, or `name(parameter) = tree`."""

    tree: Tree
    parameter: str = ""


@dataclass(slots=True)
class Meaning:
    """The inputs that stand for names, and the definitions printed so far."""

    inputs: dict[str, Node] = field(default_factory=dict)
    definitions: dict[str, Definition] = field(default_factory=dict)
    nodes: dict[Tree, Node] = field(default_factory=dict)

    def learn(self, chain: Chain) -> None:
        """Takes the definition that a chain begins with, if it begins with one."""
        trees = [side.tree for side in chain.sides[:2] if side.tree is not None]
        if len(trees) < 2 or chain.struck or chain.conditional:
            return
        head, body = ungroup(trees[0]), trees[1]
        parameter = ""
        if isinstance(head, Call) and len(head.args) == 1 and isinstance(ungroup(head.args[0]), Ref):
            (argument,) = head.args
            inner = ungroup(argument)
            parameter = inner.name if isinstance(inner, Ref) else ""
            name = head.function
        elif isinstance(head, Ref):
            name = head.name
        else:
            return
        known = self.definitions.get(name)
        if known is not None and known.tree is body:
            return
        names = {one.name for one in walk(body) if isinstance(one, Ref)}
        if name in names or isinstance(ungroup(body), Ref) or is_closed(body) or not is_plain(body):
            return
        self.definitions[name] = Definition(body, parameter)
        self.nodes.clear()

    def names(self, tree: Tree) -> frozenset[str]:
        """The names a formula speaks of; a derivative of a defined name speaks of those of its definition."""
        found: set[str] = set()
        stack = [tree]
        while stack:
            for one in walk(stack.pop()):
                if isinstance(one, DerivativeRef) and isinstance(of := ungroup(one.of), Ref):
                    definition = self.definitions.get(of.name)
                    found.discard(of.name)
                    if definition is not None:
                        found |= {inner.name for inner in walk(definition.tree) if isinstance(inner, Ref)}
                elif isinstance(one, Ref):
                    found.add(one.name)
        return frozenset(found - {name for name in found if name in self.definitions and _is_derived(tree, name)})

    def node(self, tree: Tree) -> Node:
        """The graph of a formula over its names. Raises NoMeaningError."""
        found = self.nodes.get(tree)
        if found is None:
            if not is_plain(tree):
                raise NoMeaningError
            found = self.nodes[tree] = self.lowered(tree, 0)
        return found

    def lowered(self, tree: Tree, depth: int) -> Node:
        if depth > DEEPEST:
            raise NoMeaningError

        def special(one: Tree) -> Node | None:
            if isinstance(one, Ref):
                return None if one.name in _CONSTANTS else self.input(one.name)
            if isinstance(one, DerivativeRef):
                return self.derivative(one, depth + 1)
            if isinstance(one, FunctionPrime):
                return self.prime(one, depth + 1)
            return None

        try:
            return lower(tree, {}, text="", place=lambda _: Place(), special=special)
        except ChainruleError:
            raise NoMeaningError from None

    def input(self, name: str) -> Node:
        found = self.inputs.get(name)
        if found is None:
            found = self.inputs[name] = fresh_input(())
        return found

    def derivative(self, tree: DerivativeRef, depth: int) -> Node:
        of, by = ungroup(tree.of), ungroup(tree.by)
        if not isinstance(by, Ref):
            raise NoMeaningError
        if isinstance(of, Ref):
            definition = self.definitions.get(of.name)
            if definition is None or definition.parameter:
                raise NoMeaningError
            return self.total(definition.tree, by.name, depth)
        return self.total(of, by.name, depth)

    def total(self, tree: Tree, by: str, depth: int) -> Node:
        """The derivative of a formula by a name, along every definition that leads to it."""
        root = self.lowered(tree, depth)
        names = {one.name for one in walk(tree) if isinstance(one, Ref)}
        result: Node | None = None
        for name in sorted(names):
            (slope,) = self.slopes(root, name)
            if name == by:
                inner: Node = const(1)
            elif name in self.definitions and not self.definitions[name].parameter and self.reaches(name, by, 0):
                inner = self.total(self.definitions[name].tree, by, depth + 1)
            else:
                continue
            term = slope * inner
            result = term if result is None else result + term
        if result is None:
            raise NoMeaningError
        return result

    def slopes(self, root: Node, name: str) -> list[Node]:
        try:
            return gradient(root, [self.input(name)])
        except ChainruleError:
            raise NoMeaningError from None

    def reaches(self, name: str, by: str, depth: int) -> bool:
        """Whether a defined name depends on another."""
        definition = self.definitions.get(name)
        if definition is None or depth > DEEPEST:
            return False
        names = {one.name for one in walk(definition.tree) if isinstance(one, Ref)}
        return by in names or any(self.reaches(one, by, depth + 1) for one in names)

    def prime(self, tree: FunctionPrime, depth: int) -> Node:
        if tree.count != 1 or len(tree.args) != 1:
            raise NoMeaningError
        argument = ungroup(tree.args[0])
        if not isinstance(argument, Ref):
            raise NoMeaningError
        definition = self.definitions.get(tree.function)
        if definition is None:
            body: Tree = Call(tree.function, (argument,), Span(0, 0))
            (slope,) = self.slopes(self.lowered(body, depth), argument.name)
        elif definition.parameter == argument.name:
            (slope,) = self.slopes(self.lowered(definition.tree, depth), argument.name)
        else:
            raise NoMeaningError
        return slope

    def values(self, names: Collection[str], random: Random, *, expanded: bool) -> dict[Quantity, Interval]:
        """Random values for these names; with `expanded` those of defined names follow from the others.

        What a name is defined by must be among the names: see `closure`.
        """
        found = {
            label_of(self.input(name)): point(Fraction(random.randint(1, 2000), 1009) * random.choice((1, 1, -1)))
            for name in sorted(names)
        }
        done: set[str] = set()
        for name in sorted(names) if expanded else ():
            self.settle(name, found, done, 0)
        return found

    def closure(self, trees: Sequence[Tree]) -> set[str]:
        """The names in formulas, and those that they are defined by."""
        found: set[str] = set()
        left = list(trees)
        while left:
            for one in walk(left.pop()):
                if isinstance(one, Ref) and one.name not in found:
                    found.add(one.name)
                    if one.name in self.definitions:
                        left.append(self.definitions[one.name].tree)
                elif isinstance(one, FunctionPrime) and one.function in self.definitions and one.function not in found:
                    found.add(one.function)
                    left.append(self.definitions[one.function].tree)
        return found

    def settle(self, name: str, found: dict[Quantity, Interval], done: set[str], depth: int) -> None:
        definition = self.definitions.get(name)
        if definition is None or definition.parameter or name in done or depth > DEEPEST:
            return
        done.add(name)
        for one in walk(definition.tree):
            if isinstance(one, Ref):
                self.settle(one.name, found, done, depth + 1)
        try:
            root = self.node(definition.tree)
        except NoMeaningError:
            return
        (value,) = evaluate([root], found, numbers=interval_numbers())
        if isinstance(value, Interval):
            found[label_of(self.input(name))] = value


def _is_derived(tree: Tree, name: str) -> bool:
    """Whether a name occurs only as what is differentiated."""
    inside = {
        id(ungroup(one.of)) for one in walk(tree) if isinstance(one, DerivativeRef) and isinstance(ungroup(one.of), Ref)
    }
    refs = [one for one in walk(tree) if isinstance(one, Ref) and one.name == name]
    return bool(refs) and all(id(one) in inside for one in refs)


def is_plain(tree: Tree) -> bool:
    """Whether a formula holds numbers, names and known functions of single numbers, and not too many of them."""
    for count, one in enumerate(walk(tree)):
        if isinstance(one, _ARRAYS) or count > MOST_NODES:
            return False
        if isinstance(one, Binary) and one.op == "^" and _is_matrix(one.left) and isinstance(ungroup(one.right), Unary):
            return False
        if isinstance(one, Ref) and (one.name in _WORDS or one.name.endswith(UNKNOWN) or one.name.startswith("∂")):
            return False
        if isinstance(one, Number) and one.value.denominator.bit_length() > 2_000:
            return False
    return True


def _is_matrix(tree: Tree) -> bool:
    """Whether a name is likely that of a matrix: a capital whose inverse is taken."""
    tree = ungroup(tree)
    return isinstance(tree, Ref) and tree.name[0].isupper()
