"""The four passes of one update as one graph - forward, backward, update, forward again - and its values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chainrule.dataclasses import dataclass, field
from chainrule.errors import ProblemError
from chainrule.evaluate import apply, compile_plan
from chainrule.graph import Graph
from chainrule.node import INPUT, NAME, Node, const, input_node, label_of, name_node, node, order, rebuild
from chainrule.numbers.floats import FLOATS
from chainrule.numbers.system import Numbers
from chainrule.optimizers import Updates, build_updates, find_optimizer
from chainrule.optimizers.step import Remembered
from chainrule.problem import Problem
from chainrule.problem.names import is_taken
from chainrule.quantity import Derivative, Example, Quantity, Updated, spell
from chainrule.transforms.recognise import recognise
from chainrule.transforms.reverse import reverse


@dataclass(frozen=True, slots=True, eq=False)
class Passes:
    """The graphs of one update of a problem; `of` is what derivatives are taken of."""

    of: Quantity | None
    forward: Graph
    backward: Graph
    update: tuple[Node, ...]  # named: what the update works out, remembers and changes
    slots: Mapping[Quantity, tuple[Node, float]]  # the optimiser's memory: its input node and first value
    again: Graph  # the forward pass with the new parameters; empty without an update
    following: Mapping[Quantity, Node] = field(default_factory=dict)  # what the next update starts from, by its input

    def roots(self) -> list[Node]:
        """Everything a reader may ask the value of."""
        return [*self.backward.roots(), *self.update, *self.again.outputs.values()]


def error_of_update(problem: Problem, number: int) -> Quantity | None:
    """The error that update `number` (from 1) goes down: one example's in turn online, else the whole.

    Raises `ProblemError` for batches of some of the examples, which have no error with a name.
    """
    if problem.minimise is None:
        return default_result(problem.units)
    batch, examples = problem.training.batch, problem.examples
    if examples and batch == 1:
        return Example(problem.minimise, (number - 1) % examples + 1)
    if examples and isinstance(batch, int) and batch < examples:
        raise ProblemError(
            f"found batch = {batch} of {examples} examples; updates are explained on one example or on all.",
            hint='Write batch = 1 or batch = "all".',
        )
    return problem.minimise


def default_result(graph: Graph) -> Quantity | None:
    """The last definition that no other uses."""
    used = {a for current in order(graph.outputs.values()) for a in current.args}
    free = [label for label, root in graph.outputs.items() if root not in used and not root.type.shape]
    return free[-1] if free else None


def build_passes(problem: Problem, number: int = 1) -> Passes:
    """The passes of update `number`."""
    forward, of = recognise(problem.units), error_of_update(problem, number)
    if of is None:
        return Passes(None, forward, forward, (), {}, Graph({}))
    backward = _with_unused(reverse(forward, of), of, problem.parameters)
    if problem.minimise is None or problem.training.rate is None:
        return Passes(of, forward, backward, (), {}, Graph({}))
    updates = _updates(problem, backward, of)
    slots = _first(problem, updates.memory)
    following = {**updates.parameters, **{label_of(one.before): one.after for one in updates.memory.values()}}
    again = forward_again(forward, tuple(updates.parameters.values()))
    return Passes(of, forward, backward, updates.definitions, slots, again, following)


def _with_unused(backward: Graph, of: Quantity, parameters: tuple[Quantity, ...]) -> Graph:
    """The graph with a derivative of 0 by every parameter that the error does not depend on: it is updated too."""
    unused = [Derivative(of, label) for label in parameters if Derivative(of, label) not in backward.outputs]
    if not unused:
        return backward
    zeros: dict[Quantity, Node] = {label: name_node(label, const(0)) for label in unused}
    return Graph({**backward.outputs, **zeros}, backward.ledger)


def _updates(problem: Problem, backward: Graph, of: Quantity) -> Updates:
    """The update of every parameter, in the order of the file."""
    known = backward.quantities()
    rate = known.get(_rate(problem)) or input_node(_rate(problem))
    derivatives = {known.get(p) or input_node(p): backward.outputs[Derivative(of, p)] for p in problem.parameters}
    optimizer = find_optimizer(problem.training.optimizer, problem.training.options)
    return build_updates(optimizer, of, derivatives, rate, taken=is_taken(problem))


def _rate(problem: Problem) -> Quantity:
    assert problem.training.rate is not None
    return problem.training.rate


def _first(problem: Problem, memory: Mapping[Quantity, Remembered]) -> dict[Quantity, tuple[Node, float]]:
    """What the optimiser's memory starts from; not there where that is a rate without a value."""
    rate = problem.values.get(_rate(problem))
    starts = {label: rate if one.initial is None else one.initial for label, one in memory.items()}
    return {
        label_of(one.after): (one.before, FLOATS.s.of(start))
        for label, one in memory.items()
        if (start := starts[label]) is not None
    }


def forward_again(forward: Graph, update: tuple[Node, ...]) -> Graph:
    """The forward pass with every updated parameter in its place: h1' = w1'*x1 + ..."""
    known = {}
    for new in update:
        label = label_of(new)
        if isinstance(label, Updated):
            known[label.of] = new
    if not known:
        return Graph({})
    touched: set[Node] = set()

    def make(old: Node, args: tuple[Node, ...]) -> Node:
        if old.op is INPUT:
            new = known.get(label_of(old), old)
        elif not any(a in touched for a in args):
            new = old
        elif old.op is NAME:
            new = name_node(Updated(old.attribute), args[0])
        else:
            new = node(old.op, args, old.attribute)
        if new is not old:
            touched.add(new)
        return new

    done = rebuild(list(forward.outputs.values()), make)
    return Graph({label_of(done[root]): done[root] for root in forward.outputs.values() if done[root] is not root})


def values_of(roots: list[Node], inputs: Mapping[Quantity, Any], numbers: Numbers = FLOATS) -> dict[Node, Any]:
    """The values of all nodes that do not depend on a symbol without a value."""
    done: dict[Node, Any] = {}
    for current in order(roots):
        if current.op is INPUT:
            label = label_of(current)
            if label in inputs:
                done[current] = inputs[label]
        elif all(a in done for a in current.args):
            done[current] = apply(current, [done[a] for a in current.args], numbers)
    return done


def first_inputs(problem: Problem) -> dict[Quantity, float]:
    """The values of givens and parameters as floats."""
    return {label: FLOATS.s.of(value) for label, value in problem.values.items()}


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """What the parameters and the error were along the way."""

    inputs: dict[Quantity, float]  # values after the last update
    before: dict[Quantity, float]  # and before it
    errors: tuple[float, ...]  # the minimised error before update 1, 2, ..., and after the last one run here
    passes: Passes  # of the last update


def symbols_in_update(problem: Problem) -> list[Quantity]:
    """The symbols without which the new parameters and the error have no value."""
    if not problem.symbols or problem.minimise is None:
        return []
    passes = build_passes(problem)
    inputs = {label_of(n) for n in order([passes.forward.outputs[problem.minimise], *passes.update]) if n.op is INPUT}
    return [label for label in problem.symbols if label in inputs]


def run_updates(problem: Problem, count: int) -> History:
    """The state after `count` updates, by running the update's graph again and again.

    Raises `ProblemError` if there is no update, or one that depends on a symbol.
    """
    inputs = first_inputs(problem)
    if problem.minimise is None or problem.training.rate is None:
        raise ProblemError("there is no update to run.", hint="Give the problem `minimise` and `rate`.")
    letters = symbols_in_update(problem)
    if letters:
        names = ", ".join(map(spell, letters))
        raise ProblemError(f"the update depends on {names}, which is a symbol.", hint="Give it a value under [given].")
    turns = problem.examples if problem.examples and problem.training.batch == 1 else 1
    plans = [_Plan(problem, turn + 1) for turn in range(turns)]
    inputs.update(plans[0].first_slots())
    errors = []
    before, last = dict(inputs), plans[0]
    for number in range(count):
        last = plans[number % turns]
        if number == count - 1:
            before = dict(inputs)
        errors.append(last.run(inputs))
    errors.append(plans[0].error(inputs))
    return History(inputs, before, tuple(errors), last.passes)


class _Plan:
    """One update of a problem as a flat list of operations, for running it many times."""

    def __init__(self, problem: Problem, number: int) -> None:
        passes = self.passes = build_passes(problem, number)
        error = passes.forward.outputs[problem.minimise] if problem.minimise else None
        assert error is not None
        self.slots = passes.slots
        self.targets = list(passes.following)
        roots = [error, *passes.following.values()]
        self.inputs = [n for n in order(roots) if n.op is INPUT]
        self.labels = [label_of(n) for n in self.inputs]
        self.call = compile_plan(roots, self.inputs)
        error_inputs = [n for n in order([error]) if n.op is INPUT]
        self.error_labels = [label_of(n) for n in error_inputs]
        self.error_call = compile_plan([error], error_inputs)

    def first_slots(self) -> dict[Quantity, float]:
        return {label_of(before): first for before, first in self.slots.values()}

    def run(self, inputs: dict[Quantity, float]) -> float:
        error, *values = self.call(*[inputs[label] for label in self.labels])
        inputs.update(zip(self.targets, values, strict=True))
        return float(error)

    def error(self, inputs: dict[Quantity, float]) -> float:
        return float(self.error_call(*[inputs[label] for label in self.error_labels])[0])
