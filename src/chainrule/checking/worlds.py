"""The same problem as another convention has it: minus the deltas, a loss with another factor, weights updated early.

A person who follows another convention throughout has made one slip, or none; so their working is judged a second time
in a problem that follows it too.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from chainrule.dataclasses import replace
from chainrule.explanation.passes import Passes
from chainrule.graph import Graph
from chainrule.node import INPUT, NAME, Node, const, is_quantity, label_of, name_node, node, rebuild
from chainrule.ops.arithmetic import ADD, MUL
from chainrule.problem import Problem
from chainrule.quantity import Derivative, Quantity, Updated

HALVES = (Fraction(2), Fraction(1, 2))


def with_factor(problem: Problem, factor: Fraction) -> Problem | None:
    """The problem with its error, or the terms that it is the sum of, times a factor; None without an error."""
    error = problem.graph.outputs.get(problem.minimise) if problem.minimise is not None else None
    if error is None or error.op is not NAME:
        return None
    scaled = {term: name_node(label_of(term), node(MUL, (const(factor), term.args[0]))) for term in _terms(error)}
    done = rebuild(list(problem.graph.outputs.values()), lambda old, args: _same(old, args), known=scaled)
    outputs = {label: done[root] for label, root in problem.graph.outputs.items()}
    return replace(problem, graph=Graph(outputs))


def _same(old: Node, args: tuple[Node, ...]) -> Node:
    return node(old.op, args, old.attribute)


def _terms(error: Node) -> list[Node]:
    """The quantities that an error is the sum of, or itself: E1 and E2 for E = E1 + E2."""
    parts, found = [error.args[0]], list[Node]()
    while parts:
        part = parts.pop()
        if part.op is ADD:
            parts += part.args
        elif part.op is NAME:
            found.append(part)
        else:
            return [error]
    return [one for term in found for one in _terms(term)]


def with_early_updates(passes: Passes) -> Passes:
    """The passes in which derivatives further back see the new weights: a slip that is often made by hand."""
    new = _Early(passes)
    outputs = {label: new.of(root) for label, root in passes.backward.outputs.items()}
    update = tuple([new.of(line) for line in passes.update])
    following = {label: new.of(line) for label, line in passes.following.items()}
    return replace(passes, backward=Graph(outputs), update=update, following=following, again=Graph({}))


class _Early:
    """Derivatives with new weights, each made when it is asked for."""

    def __init__(self, passes: Passes) -> None:
        self.forward = {n for n in passes.forward.nodes() if is_quantity(n)}
        updates = {label_of(line): line for line in passes.update}
        self.updates = {label.of: line for label, line in updates.items() if isinstance(label, Updated)}
        self.done: dict[Node, Node] = {n: n for n in self.forward if n.op is NAME}
        self.waiting: set[Quantity] = set()

    def of(self, root: Node) -> Node:
        def make(old: Node, args: tuple[Node, ...]) -> Node:
            return self.done.setdefault(old, self.weight(old) if old.op is INPUT else _same(old, args))

        if root not in self.done and is_quantity(root) and isinstance(label_of(root), Updated):
            # w' = w - rate*dE/dw: the w that is written there is the old one.
            parts: Mapping[Node, Node] = {
                n: self.of(n) if is_quantity(n) and isinstance(label_of(n), Derivative) else n
                for n in _quantities_in(root.args[0])
            }
            self.done[root] = rebuild([root], _same, known=parts)[root]
        if root not in self.done:
            self.done[root] = rebuild([root], make, known=self.done)[root]
        return self.done[root]

    def weight(self, old: Node) -> Node:
        label = label_of(old)
        if label not in self.updates or label in self.waiting:
            return old
        self.waiting.add(label)
        new = self.of(self.updates[label])
        self.waiting.discard(label)
        return new


def _quantities_in(root: Node) -> list[Node]:
    found, stack, seen = list[Node](), [root], {root}
    while stack:
        current = stack.pop()
        if is_quantity(current):
            found.append(current)
            continue
        for a in current.args:
            if a not in seen:
                seen.add(a)
                stack.append(a)
    return found
