"""Unit by unit: a graph of arrays becomes a graph of single numbers, one node per unit and weight.

It is the evaluation of the array graph with nodes as the number system, so the order and the terms are those a person
writes: z1[1] = W1[1,1]*x[1] + W1[1,2]*x[2] + b1[1]. For people it comes before `reverse`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from fractions import Fraction
from math import prod
from typing import Any

from chainrule.errors import ShapeError
from chainrule.evaluate import apply
from chainrule.graph import Graph, collector_paused
from chainrule.node import CONST, INPUT, NAME, Node, const, input_node, label_of, name_node, node, type_of
from chainrule.numbers.array import Array, arrays_over, items_of, pack, positions, shape_of
from chainrule.numbers.system import Scalars
from chainrule.ops.arithmetic import ADD
from chainrule.ops.reduction import LOGSUMEXP, LOGSUMEXP_UNIT, SOFTMAX, SOFTMAX_UNIT
from chainrule.quantity import Change, Derivative, Element, Example, Memory, Quantity, Updated

ElementLabel = Callable[[Quantity, tuple[int, ...]], Quantity]


def units(graph: Graph, *, element: ElementLabel = Element) -> Graph:
    """The graph with every array taken apart into named single numbers; its ledger is not carried over.

    `element(label, index)` names an element of an array, `index` counting from 1: a notation's own name, or `W1[2,1]`.
    Raises `ShapeError` if a size is still a symbol.

    >>> from chainrule.quantity import Name, spell
    >>> x = input_node(Name("x"), type_of("real", (2,)))
    >>> [spell(label) for label in units(Graph({Name("y"): name_node(Name("y"), x * 2)})).outputs]
    ['y[1]', 'y[2]']
    """
    with collector_paused():
        expansion = _Expansion(element)
        table: dict[Node, Any] = {}
        for current in graph.nodes():
            table[current] = expansion.value(current, [table[a] for a in current.args])
        outputs: dict[Quantity, Node] = {}
        for label, root in graph.outputs.items():
            for at, item in zip(positions(shape_of(table[root])), items_of(table[root]), strict=True):
                outputs[element_label(label, tuple([i + 1 for i in at]), element)] = item
        return Graph(outputs)


def element_labels(label: Quantity, shape: Sequence[int], element: ElementLabel = Element) -> list[Quantity]:
    """The labels of an array's elements in row-major order; of a single number, its own."""
    return [element_label(label, tuple([i + 1 for i in at]), element) for at in positions(tuple(shape))]


def element_label(label: Quantity, index: tuple[int, ...], element: ElementLabel = Element) -> Quantity:
    """The label of an element: it is the innermost name that gets the index, as in dE/dW1[2,1] and x[1]{2}."""
    if not index:
        return label
    match label:
        case Derivative(of, by, direct):
            return Derivative(of, element_label(by, index, element), direct)
        case Updated(of, times):
            return Updated(element_label(of, index, element), times)
        case Change(of):
            return Change(element_label(of, index, element))
        case Memory(of, name):
            return Memory(element_label(of, index, element), name)
        case Example(of, number):
            return Example(element_label(of, index, element), number)
    return element(label, index)


def scalar_operations(graph: Graph) -> int:
    """How many operations on single numbers one evaluation takes: what `units` would make nodes of."""
    total = 0
    for current in graph.nodes():
        sizes = [size for size in current.type.shape if isinstance(size, int)]
        inner = prod(int(s) for s in current.args[0].type.shape[-1:]) if current.op.name in ("matmul", "dot") else 1
        if current.op is not CONST and current.op is not NAME and current.op is not INPUT:
            total += prod(sizes) * max(1, 2 * inner - 1)
    return total


def joined_sum(x: Node, y: Node, sums: set[Node]) -> Node:
    """x + y; if `y` is one of the sums written out here its terms join one by one: b + (p + q) is b + p + q."""
    terms: list[Node] = []
    while y in sums:
        terms.append(y.args[1])
        y = y.args[0]
    for term in (y, *reversed(terms)):
        x = node(ADD, (x, term))
        sums.add(x)
    return x


class _Expansion:
    """Values of array nodes as arrays of scalar nodes."""

    def __init__(self, element: ElementLabel) -> None:
        self.element = element
        self.sums: set[Node] = set()  # made here, so that a further term may join them: b + (p + q) is b + p + q
        self.numbers = arrays_over(_node_scalars(self.add))

    def value(self, current: Node, args: list[Any]) -> Any:
        op, shape = current.op, _known(current)
        if op is INPUT:
            label, of_type = current.attribute
            labels = element_labels(label, shape, self.element)
            return pack(shape, [input_node(name, type_of(of_type.kind)) for name in labels])
        if op is NAME:
            labels = element_labels(label_of(current), shape, self.element)
            return pack(shape, [name_node(name, item) for name, item in zip(labels, items_of(args[0]), strict=True)])
        if op is CONST or (not shape and not any(isinstance(a, Array) for a in args)):
            return self.plain(current, args)
        if op.elementwise:
            # `op.value` would take the op apart; people want sigmoid(z1) to stay sigmoid(z1).
            return self.numbers.elementwise(lambda *items: self.plain(current, list(items)), shape, *args)
        if op is SOFTMAX or op is LOGSUMEXP:
            return self.along(current, args[0])
        return apply(current, args, self.numbers)

    def plain(self, current: Node, args: list[Any]) -> Node:
        if current.op is ADD and args[1] in self.sums:
            return self.add(args[0], args[1])
        return node(current.op, tuple(args), current.attribute)

    def add(self, x: Node, y: Node) -> Node:
        return joined_sum(x, y, self.sums)

    def along(self, current: Node, x: Any) -> Any:
        """Softmax and logsumexp: one component node a unit, for every row."""
        rank = len(shape_of(x))
        if current.attribute != (rank - 1,):
            raise ShapeError(f"{current.op.name} is explained unit by unit along the last axis only.")
        width = x.shape[-1]
        rows = [tuple(x.items[i : i + width]) for i in range(0, len(x.items), width)]
        if current.op is LOGSUMEXP:
            return pack(x.shape[:-1], [node(LOGSUMEXP_UNIT, row) for row in rows])
        return Array(x.shape, [node(SOFTMAX_UNIT, row, unit) for row in rows for unit in range(width)])


def _known(current: Node) -> tuple[int, ...]:
    shape = current.type.shape
    if not all(isinstance(size, int) for size in shape):
        raise ShapeError(f"the size {next(s for s in shape if isinstance(s, str))} must be a number here.")
    return shape  # type: ignore[return-value]


def _node_scalars(add: Callable[[Node, Node], Node]) -> Scalars:
    """Nodes as a number system: every function makes the plain node of its op."""
    from chainrule.ops import TABLE

    def plain(name: str) -> Callable[..., Node]:
        op = TABLE[name]
        return lambda *args: node(op, args)

    def missing(*args: object) -> Node:
        raise ShapeError("this function has no form for single units.")

    same = ("sub", "mul", "div", "neg", "power", "exp", "log", "log10", "sqrt", "sin", "cos", "tanh", "sigmoid", "erf")
    choices = ("abs", "max", "min", "less", "less_equal", "equal", "where", "pi")

    def of(value: Fraction | int) -> Node:
        return const(Fraction(value))

    return Scalars(
        name="nodes", of=of, add=add, expm1=missing, log1p=missing, context=nullcontext,
        **{name: plain(name) for name in (*same, *choices)},  # type: ignore[arg-type]  # mypy sees only the bool field
    )  # fmt: skip
