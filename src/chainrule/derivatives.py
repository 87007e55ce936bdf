"""Derivatives of Python functions and of graphs, under JAX's names: grad, value_and_grad, jvp, hessian.

Each traces the function, takes derivatives graph to graph, and evaluates; so the derivative of a derivative is nothing
special, and what is evaluated is the kind of graph that explanations read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from chainrule.dataclasses import dataclass
from chainrule.errors import GradientError
from chainrule.evaluate import evaluate
from chainrule.graph import Graph, collector_paused
from chainrule.node import INPUT, Node, const, label_of, node, order, substitute
from chainrule.numbers.system import Numbers
from chainrule.ops.matrix import RESHAPE, STACK
from chainrule.ops.types import show_shape
from chainrule.quantity import Derivative, Quantity, spell
from chainrule.tracing.arguments import Leaf, Rebuild, take_apart
from chainrule.tracing.traced import Traced, lift
from chainrule.tracing.values import numbers_for, to_input, to_result
from chainrule.transforms.gradients import along, fresh_input, gradient, pushforward, running
from chainrule.transforms.reverse import reverse

Argnums = int | Sequence[int]
Label = Quantity | str


def grad(
    f: Callable[..., Any] | Graph,
    argnums: Argnums = 0,
    *,
    of: Label | None = None,
    by: Iterable[Label] | None = None,
) -> Callable[..., Any]:
    """The gradient of a function, as a function of the same arguments; or of a graph, as a function of its values.

    For a function f whose result is a single number: df/dx for the argument `argnums` (for several, a tuple of
    gradients), in the form of the argument: a float, an array, nested lists, a dict. For a graph: of `of` (the only
    output, if left out) by each of `by` (all inputs); the function takes {name: value} and returns {name: derivative}.
    Raises `GradientError` if the result is not a single number.

    >>> grad(lambda x: x**3)(2.0), grad(grad(lambda x: x**3))(2.0)
    (12.0, 12.0)
    """
    both = value_and_grad(f, argnums, of=of, by=by)
    return lambda *args, **named: both(*args, **named)[1]


def value_and_grad(
    f: Callable[..., Any] | Graph,
    argnums: Argnums = 0,
    *,
    of: Label | None = None,
    by: Iterable[Label] | None = None,
) -> Callable[..., tuple[Any, Any]]:
    """As `grad`, but the function returns (value, gradient).

    >>> value_and_grad(lambda x, y: x * y, (0, 1))(2.0, 3.0)
    (6.0, (3.0, 2.0))
    """
    if isinstance(f, Graph):
        return _graph_gradient(f, of, by)

    def value_and_gradient(*args: Any, **named: Any) -> tuple[Any, Any]:
        with collector_paused():
            call = _call(f, argnums, args, named)
            root = call.single_result()
            derivatives = gradient(root, call.by)
            value, *found = call.values([root, *derivatives])
            return call.result(value), call.by_argument(map(call.like_leaf, call.leaves, found))

    return value_and_gradient


def hessian(
    f: Callable[..., Any] | Graph,
    argnums: Argnums = 0,
    *,
    of: Label | None = None,
    by: Iterable[Label] | None = None,
) -> Callable[..., Any]:
    """All second derivatives, as a function: for an argument of shape s an array of shape s + s.

    With several arguments, or a dict, the result is nested: `[i][j]`; for a graph `[a][b]` by the names of its inputs.
    Cost: one reverse pass through the gradient's graph, evaluated once for each element. Raises what `grad` raises.

    >>> hessian(lambda x: x[0] ** 2 * x[1])([1.0, 3.0])
    [[6.0, 2.0], [2.0, 0.0]]
    """
    if isinstance(f, Graph):
        return _graph_hessian(f, of, by)

    def second(*args: Any, **named: Any) -> Any:
        with collector_paused():
            call = _call(f, argnums, args, named)
            blocks = _hessian_blocks(call.single_result(), call.by, call)
        return call.by_argument(
            call.by_argument(call.like_leaf(row, block) for block in line)
            for row, line in zip(call.leaves, blocks, strict=True)
        )

    return second


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """The value of f at the primals, and how fast it changes when they move along the tangents: (f(x), J·v).

    Forward mode comes from reversing twice: u·f differentiated by x is u·J, linear in u; its derivative by u along v is
    J·v. Raises `GradientError` if primals and tangents differ in number or shape.

    >>> jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 0.0))
    (6.0, 3.0)
    """
    if not isinstance(primals, tuple | list) or not isinstance(tangents, tuple | list):
        raise GradientError("primals and tangents are tuples, one entry an argument.", hint="Write jvp(f, (x,), (v,)).")
    with collector_paused():
        call = _call(f, tuple(range(len(primals))), tuple(primals), {})
        directions, _ = take_apart(("tangents",), tuple(tangents))
        if [d.shape for d in directions] != [leaf.shape for leaf in call.leaves]:
            shapes = ", ".join(show_shape(leaf.shape) for leaf in call.leaves)
            raise GradientError(f"the tangents do not have the shapes of the primals: {shapes}.")
        moves = [fresh_input(x.type.shape) for x in call.by]
        roots = [running(lift(leaf.value).node, call.by) for leaf in call.returned]
        moved = pushforward(roots, call.by, moves)
        call.given.update(zip(moves, directions, strict=True))
        found = [call.result(value) for value in call.values([*roots, *moved])]
    return call.rebuild(iter(found[: len(roots)])), call.rebuild(iter(found[len(roots) :]))


@dataclass(slots=True)
class _Call:
    """One call of a function, traced: its inputs with what they were given, and what it returned."""

    given: dict[Node, Leaf]  # every input and its value
    by: list[Node]  # the inputs that derivatives are taken by
    by_argument: Callable[[Iterable[Any]], Any]  # values of these, in the form of the arguments
    returned: list[Leaf]
    rebuild: Rebuild
    is_traced: bool = False  # whether this happens inside a function that is being traced, with traced values in it

    @property
    def leaves(self) -> list[Leaf]:
        return [self.given[x] for x in self.by]

    def single_result(self) -> Node:
        if len(self.returned) != 1:
            raise GradientError(f"found {len(self.returned)} results, and only a single number has a gradient.")
        return running(lift(self.returned[0].value).node, self.by)

    def values(self, nodes: Sequence[Node]) -> list[Any]:
        """The values of nodes - or, inside another trace, the nodes in terms of what was given."""
        if self.is_traced:
            known = {x: lift(leaf.value).node for x, leaf in self.given.items()}
            return [Traced(n) for n in substitute(nodes, known)]
        numbers = self.numbers(nodes)
        return evaluate(nodes, self.inputs(numbers), numbers=numbers)

    def numbers(self, nodes: Sequence[Node]) -> Numbers:
        arrays = any(n.type.shape for n in order(nodes))
        return numbers_for([Leaf((), (1,), "array")] if arrays else self.given.values())

    def inputs(self, numbers: Numbers) -> dict[Quantity, Any]:
        return {label_of(x): to_input(leaf, numbers) for x, leaf in self.given.items()}

    def like_leaf(self, leaf: Leaf, value: Any) -> Any:
        return value if isinstance(value, Traced) else to_result(value, leaf.form)

    def result(self, value: Any) -> Any:
        lists = all(leaf.form != "array" for leaf in self.given.values())
        return value if isinstance(value, Traced) else to_result(value, "list" if lists else "array")


def _call(f: Callable[..., Any], argnums: Argnums, args: tuple[Any, ...], named: Mapping[str, Any]) -> _Call:
    """Trace a call: arguments in `argnums` and arrays become inputs, all else is passed on as it is."""
    chosen = _positions(argnums, len(args))
    given: dict[Node, Leaf] = {}

    def enter(path: str, value: Any) -> tuple[list[Node], Any, Rebuild]:
        leaves, rebuild = take_apart((path,), value)
        inputs = [fresh_input(leaf.shape) for leaf in leaves]
        given.update(zip(inputs, leaves, strict=True))
        return inputs, rebuild(iter([Traced(x) for x in inputs])), rebuild

    entered = {k: enter(f"argument {k + 1}", args[k]) for k in chosen}
    passed = [
        entered[k][1] if k in entered else enter(f"argument {k + 1}", value)[1] if _is_array(value) else value
        for k, value in enumerate(args)
    ]
    options = {key: enter(key, value)[1] if _is_array(value) else value for key, value in named.items()}
    rebuilds = [entered[k][2] for k in chosen]

    def by_argument(values: Iterable[Any]) -> Any:
        source = iter(values)
        parts = tuple([rebuild(source) for rebuild in rebuilds])
        return parts[0] if isinstance(argnums, int) else parts

    returned, rebuild = take_apart(("result",), f(*passed, **options))
    # A traced value comes as an argument, or by way of a closure.
    inside = [n for n in order([lift(leaf.value).node for leaf in returned]) if n.op is INPUT and n not in given]
    traced = bool(inside) or any(leaf.form == "traced" for leaf in given.values())
    return _Call(given, [x for k in chosen for x in entered[k][0]], by_argument, returned, rebuild, traced)


def _is_array(value: Any) -> bool:
    return bool(getattr(value, "shape", ())) and not isinstance(value, Traced)


def _positions(argnums: Argnums, given: int) -> list[int]:
    wanted = [argnums] if isinstance(argnums, int) else list(argnums)
    if any(not -given <= k < given for k in wanted):
        raise GradientError(f"found argnums={argnums} for {given} positional arguments; they are counted from 0.")
    positions = [k % given for k in wanted]
    if len(set(positions)) != len(positions):
        raise GradientError(f"found argnums={argnums}, which names an argument twice.")
    return positions


def _hessian_blocks(root: Node, by: Sequence[Node], call: _Call) -> list[list[Any]]:
    """For each pair of inputs the array of second derivatives, its shape that of the one and then of the other."""
    first = gradient(root, by)
    moves = [fresh_input(x.type.shape) for x in by]
    rows = gradient(along(first, moves), by)
    sizes = [_size(x) for x in by]
    if call.is_traced:
        return _traced_blocks(rows, by, moves, sizes, call)
    import numpy as np

    numbers = call.numbers(rows)
    fixed = _independent(rows, moves)
    inputs = call.inputs(numbers)
    known = dict(zip(fixed, evaluate(fixed, inputs, numbers=numbers), strict=True))
    shapes = [tuple(map(int, leaf.shape)) for leaf in call.leaves]
    zeros = [np.zeros(shape) for shape in shapes]
    blocks: list[list[Any]] = []
    for k in range(len(by)):
        lines: list[list[Any]] = [[] for _ in by]
        for position in range(sizes[k]):
            unit = np.zeros(sizes[k])
            unit[position] = 1.0
            steps = [unit.reshape(zero.shape) if j == k else zero for j, zero in enumerate(zeros)]
            for m, step in zip(moves, steps, strict=True):
                inputs[label_of(m)] = numbers.of_nested(step.tolist())
            for line, value in zip(lines, evaluate(rows, inputs, numbers=numbers, known=known), strict=True):
                line.append(numbers.to_nested(value))
        blocks.append([np.array(line).reshape(shapes[k] + shape) for line, shape in zip(lines, shapes, strict=True)])
    return blocks


def _size(x: Node) -> int:
    size = 1
    for dim in x.type.shape:
        size *= int(dim)
    return size


def _independent(roots: Sequence[Node], moves: Sequence[Node]) -> list[Node]:
    """The nodes that do not depend on the direction, used by those that do: they are evaluated once."""
    moving = set(moves)
    found: dict[Node, None] = {}
    for current in order(roots):
        if any(a in moving for a in current.args):
            moving.add(current)
            found.update({a: None for a in current.args if a not in moving})
    found.update({root: None for root in roots if root not in moving})
    return list(found)


def _traced_blocks(
    rows: Sequence[Node], by: Sequence[Node], moves: Sequence[Node], sizes: Sequence[int], call: _Call
) -> list[list[Any]]:
    blocks: list[list[Any]] = []
    for k, x in enumerate(by):
        lines: list[list[Node]] = [[] for _ in by]
        for position in range(sizes[k]):
            known = {m: _unit(m, position if j == k else None) for j, m in enumerate(moves)}
            for line, value in zip(lines, substitute(rows, known), strict=True):
                line.append(value)
        stacked = [
            RESHAPE(node(STACK, tuple(line)), attribute=x.type.shape + y.type.shape)
            for line, y in zip(lines, by, strict=True)
        ]
        blocks.append(call.values(stacked))
    return blocks


def _unit(like: Node, position: int | None) -> Node:
    """Zeros, with a one at a position in row-major order."""
    if not like.type.shape:
        return const(0 if position is None else 1)
    flat = node(STACK, tuple([const(int(k == position)) for k in range(_size(like))]))
    return RESHAPE(flat, attribute=like.type.shape)


# Graphs: values and derivatives by name.


def _graph_gradient(graph: Graph, of: Label | None, by: Iterable[Label] | None) -> Callable[..., tuple[Any, Any]]:
    root, wanted = _chosen(graph, of, by)
    derivatives = _derivatives_of(graph, root, wanted)

    def value_and_gradient(values: Mapping[Any, Any] | None = None, **named: Any) -> tuple[Any, Any]:
        call = _graph_call(graph, wanted, {**(values or {}), **named})
        value, *found = call.values([root, *derivatives])
        forms = [call.given[x].form if x in call.given else "array" for x in wanted]
        shown = [to_result(value, form) for value, form in zip(found, forms, strict=True)]
        return call.result(value), dict(zip(map(_spelled, wanted), shown, strict=True))

    return value_and_gradient


def _graph_hessian(graph: Graph, of: Label | None, by: Iterable[Label] | None) -> Callable[..., Any]:
    root, wanted = _chosen(graph, of, by)
    for x in wanted:
        if x.op is not INPUT:
            raise GradientError(f"{_spelled(x)} is computed; second derivatives are taken by inputs of the graph.")

    def second(values: Mapping[Any, Any] | None = None, **named: Any) -> Any:
        call = _graph_call(graph, wanted, {**(values or {}), **named})
        blocks = _hessian_blocks(running(root, wanted), wanted, call)
        names = [_spelled(x) for x in wanted]
        return {
            a: {b: call.like_leaf(call.given[x], block) for b, block in zip(names, line, strict=True)}
            for a, x, line in zip(names, wanted, blocks, strict=True)
        }

    return second


def _chosen(graph: Graph, of: Label | None, by: Iterable[Label] | None) -> tuple[Node, list[Node]]:
    known = {spell(label): n for label, n in {**graph.outputs, **graph.quantities()}.items()}
    if of is None:
        if len(graph.outputs) != 1:
            raise GradientError(
                f"found {len(graph.outputs)} outputs.", hint=f"Say of= which: {', '.join(map(spell, graph.outputs))}."
            )
        of = next(iter(graph.outputs))
    wanted = list(graph.inputs()) if by is None else [by] if isinstance(by, str) else list(by)
    return _node_of(known, of), [_node_of(known, label) for label in wanted]


def _node_of(known: Mapping[str, Node], label: Label) -> Node:
    text = label if isinstance(label, str) else spell(label)
    if text not in known:
        raise GradientError(f"found {text}, which is not a quantity of this graph.")
    return known[text]


def _spelled(x: Node) -> str:
    return spell(label_of(x))


def _derivatives_of(graph: Graph, root: Node, wanted: Sequence[Node]) -> list[Node]:
    """By inputs from the running graph; a quantity on the way is there only in the reading graph."""
    inputs = [x for x in wanted if x.op is INPUT]
    found = dict(zip(inputs, gradient(running(root, inputs), inputs), strict=True))
    computed = [label_of(x) for x in wanted if x.op is not INPUT]
    if computed:
        done = reverse(graph, label_of(root), computed)
        found.update({x: done.outputs[Derivative(label_of(root), label_of(x))] for x in wanted if x.op is not INPUT})
    return [found[x] for x in wanted]


def _graph_call(graph: Graph, wanted: Sequence[Node], values: Mapping[Any, Any]) -> _Call:
    given: dict[Node, Leaf] = {}
    by_name = {label if isinstance(label, str) else spell(label): value for label, value in values.items()}
    for label, x in graph.inputs().items():
        if spell(label) not in by_name:
            raise GradientError(f"the input {spell(label)} has no value.")
        leaves, _ = take_apart((spell(label),), by_name[spell(label)])
        if len(leaves) != 1:
            raise GradientError(f"the value of {spell(label)} is not a number or an array.")
        given[x] = leaves[0]
    return _Call(given, list(wanted), tuple, [], next)
