"""One update of a problem in vectors and matrices: the graph of arrays, its derivatives, and all values.

Nothing is taken apart into units here, so a network of any size is worked out in the time its matrix products take.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from chainrule.dataclasses import dataclass
from chainrule.errors import ProblemError
from chainrule.explanation.passes import default_result, values_of
from chainrule.explanation.products import depending_on
from chainrule.graph import Graph
from chainrule.node import CONST, INPUT, NAME, Node, input_node, is_quantity, label_of, name_node, node, order, rebuild
from chainrule.numbers.floats import FLOATS
from chainrule.numbers.system import Numbers
from chainrule.ops.arithmetic import MUL, NEG
from chainrule.ops.matrix import BROADCAST, MATMUL, TRANSPOSE, transposed
from chainrule.optimizers import Updates, build_updates, find_optimizer
from chainrule.optimizers.step import Remembered
from chainrule.problem import Problem
from chainrule.problem.names import is_taken
from chainrule.quantity import Derivative, Example, Quantity
from chainrule.transforms.batch import batch_loss
from chainrule.transforms.mapping import carried
from chainrule.transforms.recognise import recognise
from chainrule.transforms.reverse import reverse

LARGE: Final = 20_000  # operations on single numbers from which NumPy is worth the time it takes to load


@dataclass(frozen=True, slots=True, eq=False)
class ArrayPasses:
    """Forward pass, derivatives and update of one update, arrays as arrays.

    `of` is what derivatives are taken of; `shown` are the derivatives on a path to a parameter. `rows` are the
    quantities with a row for each example, if all examples are seen at once.
    """

    of: Quantity | None
    graph: Graph
    forward: tuple[Node, ...]
    shown: tuple[Node, ...]
    update: tuple[Node, ...]
    parameters: Mapping[Quantity, Node]  # after the update
    memory: Mapping[Quantity, Remembered]  # the optimiser's
    example: int  # the one example that is seen, from 1; 0 if there is one only, or all are seen at once
    rows: frozenset[Quantity]

    def roots(self) -> list[Node]:
        """Everything that has a value here."""
        return [*self.graph.roots(), *self.update, *self.following().values()]

    def following(self) -> dict[Quantity, Node]:
        """What the next update starts from, by the label of its input."""
        return {**self.parameters, **{label_of(one.before): one.after for one in self.memory.values()}}


@dataclass(frozen=True, slots=True, eq=False)
class ArrayExplanation:
    """One update worked out in arrays: its passes, and the value of every node."""

    problem: Problem
    passes: ArrayPasses
    numbers: Numbers
    table: Mapping[Node, Any]
    update: int
    digits: int
    after: float | None  # the error after the update

    def item(self, at: Node, index: tuple[int, ...]) -> float | None:
        """One number of a node's value, the index counted from 0; None for a symbol."""
        value = self.table.get(at)
        return None if value is None else float(self.numbers.index(value, index) if index else value)


def explain_arrays(problem: Problem, *, steps: int = 1, digits: int = 9) -> ArrayExplanation:
    """Update number `steps` of a problem in vectors and matrices.

    Several examples that make one update together are the rows of matrices; one at a time they are vectors. Raises
    `ProblemError` if there is no array in the problem, or no update to run and `steps` is more than 1.
    """
    numbers = numbers_for(problem)
    inputs = _given_inputs(problem, numbers)
    cache: dict[int, ArrayPasses] = {}
    with numbers.s.context():
        for number in range(1, steps):
            passes = _cached(problem, number, cache)
            if not passes.update:
                raise ProblemError("there is no update to run.", hint="Give the problem `minimise` and `rate`.")
            _advance(
                inputs,
                passes,
                values_of(list(passes.following().values()), _filled(problem, inputs, passes, numbers), numbers),
            )
        passes = _cached(problem, steps, cache)
        start = _filled(problem, inputs, passes, numbers)
        table = values_of(passes.roots(), start, numbers)
        after = None
        if passes.update and passes.of is not None:
            _advance(start, passes, table)
            root = passes.graph.outputs[passes.of]
            after = float(values_of([root], start, numbers)[root])
    return ArrayExplanation(problem, passes, numbers, table, steps, digits, after)


def numbers_for(problem: Problem) -> Numbers:
    """The number system for a problem of this size: small ones do without NumPy."""
    if problem.operations <= LARGE:
        return FLOATS
    from chainrule.numbers.vectorised import numpy_numbers

    return numpy_numbers()


def build_array_passes(problem: Problem, number: int = 1) -> ArrayPasses:
    """The passes of update `number` in arrays. Raises `ProblemError` if all quantities are single numbers."""
    graph, of, example, rows = _graph_of_update(problem, number)
    graph = recognise(graph)
    if not any(n.shape for n in graph.nodes()):
        what = "the matrix view needs vectors or matrices, and here every quantity is a single number."
        raise ProblemError(what, hint="Use --view steps.")
    forward = tuple([n for n in graph.nodes() if n.op is NAME])
    if of is None:
        return ArrayPasses(None, graph, forward, (), (), {}, {}, example, rows)
    below = set(order([graph.outputs[of]]))
    backward = tidy(reverse(graph, of), graph)
    wanted = _wanted(problem, graph, of)
    shown = tuple(
        [n for label, n in backward.outputs.items() if isinstance(label, Derivative) and label.by in wanted and n.args]
    )
    kept = tuple([n for n in forward if n in below or problem.minimise is None])
    if problem.minimise is None or problem.training.rate is None:
        return ArrayPasses(of, backward, kept, shown, (), {}, {}, example, rows)
    new = _update(problem, backward, of)
    return ArrayPasses(of, backward, kept, shown, new.definitions, new.parameters, new.memory, example, rows)


def _wanted(problem: Problem, graph: Graph, of: Quantity) -> set[Quantity]:
    """The quantities on a path from a parameter to `of`; without parameters, all that `of` depends on."""
    if not problem.parameter_arrays:
        return {label_of(n) for n in order([graph.outputs[of]]) if is_quantity(n)} - {of}
    return depending_on(graph, set(problem.parameter_arrays)) - {of}


def _graph_of_update(problem: Problem, number: int) -> tuple[Graph, Quantity | None, int, frozenset[Quantity]]:
    """The graph an update sees, its error, which example, and what has a row for each example."""
    graph, of = problem.graph, problem.minimise
    if not problem.varying:
        return graph, of if of is not None else default_result(graph), 0, frozenset()
    if of is not None and problem.training.batch != 1:
        used = graph.inputs()
        batched = batch_loss(
            graph, of, [label for label in problem.varying if label in used], over=problem.training.over,
            size=problem.examples, weights=problem.training.weights,
        )  # fmt: skip
        new = [label for label in batched.quantities() if label not in graph.quantities()]
        return batched, of, 0, frozenset({*problem.dependents, *new} - {of})
    example = (number - 1) % problem.examples + 1
    graph = _of_example(problem, example)
    return graph, Example(of, example) if of is not None else default_result(graph), example, frozenset()


def _of_example(problem: Problem, example: int) -> Graph:
    """The graph for one example, what depends on it named so: z1{2}."""

    def make(old: Node, args: tuple[Node, ...]) -> Node:
        varies = is_quantity(old) and label_of(old) in problem.dependents
        if old.op is INPUT:
            return input_node(Example(label_of(old), example), old.type) if varies else old
        if old.op is NAME:
            return name_node(Example(old.attribute, example) if varies else old.attribute, args[0])
        return node(old.op, args, old.attribute)

    done = rebuild(list(problem.graph.outputs.values()), make)
    return Graph({label_of(done[root]): done[root] for root in problem.graph.outputs.values()})


def _update(problem: Problem, backward: Graph, of: Quantity) -> Updates:
    rate = problem.training.rate
    assert rate is not None
    known = backward.quantities()
    derivatives = {known[label]: backward.outputs[Derivative(of, label)] for label in problem.parameter_arrays}
    optimizer = find_optimizer(problem.training.optimizer, problem.training.options)
    return build_updates(optimizer, of, derivatives, known.get(rate) or input_node(rate), taken=is_taken(problem))


def tidy(graph: Graph, written: Graph) -> Graph:
    """The graph with derivatives as people write them: no number stretched to an array before a product, no transpose
    of a product. What is in `written` stays as it is.
    """
    done = rebuild(graph.roots(), _tidy, known={n: n for n in written.nodes()})
    return carried(graph, done)


def _tidy(old: Node, args: tuple[Node, ...]) -> Node:
    if old.op is NAME or not args:
        return node(old.op, args, old.attribute)
    found: Node | None = None
    if old.op is MUL and args[0].op is CONST and _is_stretched(args[1]):
        found = BROADCAST(args[0] * args[1].args[0], attribute=args[1].shape)
    elif old.op is NEG and _is_stretched(args[0]):
        found = BROADCAST(-args[0].args[0], attribute=args[0].shape)
    elif old.op is TRANSPOSE and args[0].op is MATMUL and len(args[0].shape) == 2:
        left, right = args[0].args
        found = transposed(right) @ transposed(left) if len(left.shape) == len(right.shape) == 2 else None
    if found is None:
        found = old.op(*args, attribute=old.attribute)
    return found if found.type is old.type else node(old.op, args, old.attribute)


def _is_stretched(x: Node) -> bool:
    return x.op is BROADCAST and not x.args[0].shape


def _given_inputs(problem: Problem, numbers: Numbers) -> dict[Quantity, Any]:
    """The values of givens and parameters; of what varies, all examples."""
    return {label: numbers.of_nested(_floats(nested)) for label, nested in problem.arrays.items()}


def _floats(nested: Any) -> Any:
    if isinstance(nested, list | tuple):
        return [_floats(part) for part in nested] if nested and isinstance(nested[0], list | tuple) else _row(nested)
    return FLOATS.s.of(Fraction(nested))


def _row(values: Sequence[Any]) -> list[float]:
    return [FLOATS.s.of(value) for value in values]


def _filled(
    problem: Problem, inputs: Mapping[Quantity, Any], passes: ArrayPasses, numbers: Numbers
) -> dict[Quantity, Any]:
    """The inputs of these passes: one example's values under its name, and memories that are still zero."""
    found = dict(inputs)
    for current in order(passes.roots()):
        if current.op is not INPUT or label_of(current) in found:
            continue
        label = label_of(current)
        if isinstance(label, Example) and label.of in inputs:
            found[label] = numbers.index(inputs[label.of], (label.number - 1,))
    rate = inputs.get(problem.training.rate) if problem.training.rate is not None else None
    for label, one in passes.memory.items():
        before, start = label_of(one.before), rate if one.initial is None else float(one.initial)
        if before not in found and start is not None:
            shape = tuple([int(size) for size in passes.memory[label].before.shape])
            found[before] = numbers.of_nested(_all(start, shape)) if shape else start
    return found


def _all(value: Any, shape: tuple[int, ...]) -> Any:
    return [_all(value, shape[1:]) for _ in range(shape[0])] if shape else value


def _advance(inputs: dict[Quantity, Any], passes: ArrayPasses, table: Mapping[Node, Any]) -> None:
    """The parameters and memories after an update in the place of those before."""
    for label, new in passes.following().items():
        inputs[label] = table[new]


def _cached(problem: Problem, number: int, cache: dict[int, ArrayPasses]) -> ArrayPasses:
    online = problem.varying and problem.training.batch == 1
    turn = (number - 1) % problem.examples + 1 if online else 1
    if turn not in cache:
        cache[turn] = build_array_passes(problem, turn)
    return cache[turn]
