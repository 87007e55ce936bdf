"""The nodes of all quantities a working may speak of, in one graph: also derivatives of anything, and later updates.

Equal nodes are one node, so whatever a line claims is found again inside the lines that are worked out from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final

from chainrule.checking.elements import elements_of
from chainrule.dataclasses import dataclass, field
from chainrule.evaluate import apply
from chainrule.explanation.asked import asked_graph, is_of_rule, updates_of, with_derivative
from chainrule.explanation.passes import Passes, build_passes
from chainrule.formula.syntax import FunctionPrime, Tree, walk
from chainrule.node import (
    CONST,
    INPUT,
    NAME,
    Node,
    arguments_of,
    input_node,
    is_quantity,
    label_of,
    name_node,
    node,
    order,
    rebuild,
    substitute,
)
from chainrule.numbers.exact import exact_numbers
from chainrule.numbers.interval import Interval, interval_numbers, lower, upper
from chainrule.numbers.system import Numbers
from chainrule.ops.arithmetic import SUB
from chainrule.ops.matrix import STACK
from chainrule.problem import Problem
from chainrule.problem.expressions import expression_of, with_expressions
from chainrule.problem.names import is_expression
from chainrule.problem.resolve import expression
from chainrule.quantity import Change, Derivative, Example, Name, Quantity, Updated
from chainrule.transforms.reverse import reverse

MOST_NODES: Final = 20_000  # of updates written out one after the other; the state after more is a number
MOST_EXACT: Final = 500  # updates that are run in intervals


@dataclass(slots=True, eq=False)
class Quantities:
    """The quantities of a problem as nodes, made when they are asked for."""

    problem: Problem
    follow: Callable[[Passes], Passes] | None = None  # a convention that the passes are made to follow
    _passes: dict[int, Passes] = field(default_factory=dict)
    _found: dict[Quantity, Node] = field(default_factory=dict)
    _known: dict[Quantity, Node] = field(default_factory=dict)
    _backward: dict[Quantity, dict[Quantity, Node]] = field(default_factory=dict)
    _states: list[dict[Node, Node]] = field(default_factory=lambda: [{}])
    _uses: dict[Quantity, list[Quantity]] = field(default_factory=dict)
    _written: int = 0  # nodes of the states
    _late: dict[int, dict[Node, Node]] = field(default_factory=dict)
    _values: dict[tuple[Quantity, int], Interval] = field(default_factory=dict)  # of states that are not written out

    def node(self, label: Quantity) -> Node:
        """The node of a single number.

        Raises `GradientError`, `FormulaError` or `ProblemError` for what is not in the problem.
        """
        found = self._found.get(label)
        if found is None:
            found = self._found[label] = self._make(label)
        return found

    def expression(self, tree: Tree, text: str) -> Node:
        """The node of an expression in which quantities stand; numbers in it are constants."""
        return expression(self.problem, tree, self.known, text=text)

    def from_arguments(self, tree: Tree, text: str, whole: Node) -> Node:
        """A formula in which every `sigmoid'(h1)` is worked out from h1, and not from the named sigmoid of it."""
        opened: dict[Node, Node] = {}
        for part in walk(tree):
            at = self.expression(part, text) if isinstance(part, FunctionPrime) else None
            label = label_of(at) if at is not None and at.op is NAME else None
            if at is None or not isinstance(label, Derivative):
                continue
            named = self.node(label.of)
            if named.op is NAME:
                opened[at] = substitute([at.args[0]], {named: named.args[0]})[0]
        return substitute([whole], opened)[0] if opened else whole

    def known(self, label: Quantity) -> Node | None:
        """The node of a quantity; None for an expression, which `expression` takes apart itself."""
        if label in self._found:
            return self._found[label]
        if isinstance(label, Name | Example) and is_expression(self.problem, label):
            return None
        parts = elements_of(self.problem, label)
        if () in parts:
            return self.node(label)
        return _stacked({index: self.node(part) for index, part in parts.items()})

    def inputs(self, numbers: Numbers) -> dict[Quantity, Any]:
        """The exact values of all inputs: givens, parameters, and what the optimizer starts from."""
        values = {label: numbers.s.of(value) for label, value in self.problem.values.items()}
        for before, start in self.passes(1).slots.values():
            # The decimal that the float was made of: 0.1 as it was typed.
            values.setdefault(label_of(before), numbers.s.of(Fraction(str(start))))
        return values

    def passes(self, number: int) -> Passes:
        """The passes of an update, shared by all updates on the same example."""
        turns = self.problem.examples if self.problem.examples and self.problem.training.batch == 1 else 1
        turn = (number - 1) % turns + 1
        if turn not in self._passes:
            passes = build_passes(self.problem, turn)
            self._passes[turn] = passes if self.follow is None else self.follow(passes)
        return self._passes[turn]

    @property
    def uses(self) -> dict[Quantity, list[Quantity]]:
        """Which quantities the definition of each uses directly, before any update."""
        if not self._uses:
            for one in self.passes(1).forward.nodes():
                if is_quantity(one):
                    self._uses[label_of(one)] = [label_of(a) for a in arguments_of(one)]
        return self._uses

    def after(self, node: Node, times: int) -> Node:
        """A node of the first forward and backward pass as it is after so many updates."""
        return shifted(node, self._state(times), times) if times else node

    def _make(self, label: Quantity) -> Node:
        times, bare = updates_of(label)
        if isinstance(bare, Change):
            new, old = self.node(Updated(bare.of, times + 1)), self._after(bare.of, times)
            return name_node(label, node(SUB, (new, old)))
        if times:
            return self._after(bare, times)
        return self._first(bare)

    @property
    def known_nodes(self) -> dict[Quantity, Node]:
        """Everything in the forward pass and the backward pass of the error."""
        if not self._known:
            self._known.update(self.passes(1).backward.quantities())
        return self._known

    def _first(self, label: Quantity) -> Node:
        """A quantity before any update."""
        if label in self.known_nodes:
            return self.known_nodes[label]
        if is_of_rule(self.problem, label):
            known = {label_of(line): line for line in self.passes(1).update}
            known.update({label_of(before): before for before, _ in self.passes(1).slots.values()})
            if label in known:
                return known[label]
        if isinstance(label, Name | Example) and is_expression(self.problem, label):
            return name_node(label, expression_of(self.problem, label, self.known))
        if isinstance(label, Derivative):
            return self._derivative(label)
        return with_derivative(asked_graph(self.problem, label), label)[1]

    def _derivative(self, label: Derivative) -> Node:
        if not label.direct and label.of in self.uses and label.by in self.uses:
            if label.of not in self._backward:
                self._backward[label.of] = reverse(self.passes(1).forward, label.of).quantities()
            if label in self._backward[label.of]:
                return self._backward[label.of][label]
        graph = asked_graph(self.problem, label)
        return with_derivative(with_expressions(self.problem, graph, [label]), label)[1]

    # Updates ------------------------------------------------------------------------------------------------

    def _after(self, label: Quantity, times: int) -> Node:
        """A quantity after so many updates: its node with the state of that update put in."""
        if not times:
            return self.node(label)
        if is_of_rule(self.problem, label) and label not in {label_of(n) for n in self._state(times)}:
            lines = {label_of(line): line for line in self.passes(times + 1).update}
            return shifted(lines[label], self._state(times), times)
        return shifted(self.node(label), self._state(times), times)

    def _state(self, times: int) -> dict[Node, Node]:
        """What stands after so many updates in the place of each input that an update changes."""
        while len(self._states) <= times and self._written <= MOST_NODES:
            before, number = self._states[-1], len(self._states)
            following = self.passes(number).following
            after = {input_node(label): shifted(new, before, number - 1) for label, new in following.items()}
            self._written += len(order(after.values()))
            self._states.append(after)
        if times < len(self._states):
            return self._states[times]
        if times not in self._late:
            labels = self.passes(1).following
            self._late[times] = {input_node(label): input_node(Updated(label, times)) for label in labels}
        return self._late[times]

    def value(self, label: Updated, bits: int) -> Interval:
        """What a part of the state is after many updates: worked out by running them."""
        if (label, bits) not in self._values:
            self._run(label.times, bits)
        return self._values[label, bits]

    def _run(self, times: int, bits: int) -> None:
        # Balls are three times as fast; intervals keep exact what is exact, such as the weights of a dead unit.
        numbers = interval_numbers(bits) if times <= MOST_EXACT else exact_numbers(bits)
        with numbers.s.context():
            state = self.inputs(numbers)
            turns = self.problem.examples if self.problem.examples and self.problem.training.batch == 1 else 1
            plans = [_Plan(self.passes(turn + 1), numbers) for turn in range(turns)]
            for number in range(times):
                plans[number % turns].run(state)
            for label in self.passes(1).following:
                new = state[label]
                enclosed = new if isinstance(new, Interval) else Interval(lower(new), upper(new))
                self._values[Updated(label, times), bits] = enclosed


class _Plan:
    """One update as a flat list of operations, in one number system."""

    def __init__(self, passes: Passes, numbers: Numbers) -> None:
        self.following, self.numbers = passes.following, numbers
        self.nodes = order(passes.following.values())
        self.constants = {n: apply(n, (), numbers) for n in self.nodes if n.op is CONST}

    def run(self, state: dict[Quantity, Any]) -> None:
        done = dict(self.constants)
        for current in self.nodes:
            if current.op is INPUT:
                done[current] = state[label_of(current)]
            elif current.op is not CONST:
                done[current] = apply(current, [done[a] for a in current.args], self.numbers)
        state.update({label: done[new] for label, new in self.following.items()})


def shifted(root: Node, state: Mapping[Node, Node], times: int) -> Node:
    """A node as it is after `times` updates: the state of that update put in, and names that say so."""
    if not times:
        return root
    touched: dict[Node, bool] = {}

    def make(old: Node, args: tuple[Node, ...]) -> Node:
        new = state.get(old)
        if new is not None or not old.args:
            touched[old] = new is not None
            return new if new is not None else old
        touched[old] = any(touched[a] for a in old.args)
        if not touched[old]:
            return old
        if old.op is NAME:
            return name_node(_later(label_of(old), times), args[0])
        return node(old.op, args, old.attribute)

    return rebuild([root], make)[root]


def _stacked(parts: Mapping[tuple[int, ...], Node]) -> Node:
    """An array of nodes by index, as one node."""
    if () in parts:
        return parts[()]
    rows: dict[int, dict[tuple[int, ...], Node]] = {}
    for index, part in parts.items():
        rows.setdefault(index[0], {})[index[1:]] = part
    return node(STACK, tuple([_stacked(rows[number]) for number in sorted(rows)]))


def _later(label: Quantity, times: int) -> Quantity:
    return Updated(label.of, label.times + times) if isinstance(label, Updated) else Updated(label, times)
