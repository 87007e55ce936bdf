"""Many examples at once: inputs get a leading axis of examples, and each op says once what it does with it.

A batch ends in one sum or mean over the examples, so that its gradient is just `reverse` of the batched graph.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from chainrule.errors import GradientError, GraphError, ShapeError
from chainrule.graph import Graph
from chainrule.node import INPUT, NAME, Dim, Node, const, input_node, name_node, node, rebuild, type_of
from chainrule.ops.choices import GREATER, WHERE
from chainrule.ops.matrix import RESHAPE
from chainrule.ops.reduction import MEAN, SUM
from chainrule.quantity import Name, Quantity, spell
from chainrule.transforms.mapping import map_graph


def batch(graph: Graph, batched: Collection[Quantity], size: Dim) -> Graph:
    """The graph for `size` examples at once: `batched` inputs, and all that depends on them, get a leading axis.

    `size` is a number, or a symbol such as "N" that is bound when values come in. Row i of each batched output is the
    output of the given graph for row i of the inputs. Raises `GraphError` for a name that is not an input, for a symbol
    already in use, and for an op that cannot be batched.

    >>> from chainrule.evaluate import evaluate
    >>> from chainrule.numbers.floats import FLOATS
    >>> x, w, y = Name("x"), Name("w"), Name("y")
    >>> many = batch(Graph({y: name_node(y, input_node(w) * input_node(x))}), [x], "N")
    >>> evaluate([many.outputs[y]], {w: 2.0, x: FLOATS.of_nested([1.0, 2.0, 3.0])})
    [Array([2.0, 4.0, 6.0])]
    """
    _check_inputs(graph, batched, size)
    wanted = set(batched)

    def make(old: Node, args: tuple[Node, ...]) -> Node:
        if old.op is INPUT:
            label, given = old.attribute
            return input_node(label, type_of(given.kind, (size, *given.shape))) if label in wanted else old
        # A rule may give a result without the axis (`count` does), so what has it is seen from the ranks.
        flags = tuple([_rank(new) > _rank(a) for a, new in zip(old.args, args, strict=True)])
        return _batched_node(old, flags, args) if any(flags) else node(old.op, args, old.attribute)

    return map_graph(graph, make)


def batch_loss(
    graph: Graph,
    error: Quantity,
    batched: Collection[Quantity],
    *,
    over: Literal["sum", "mean"] = "sum",
    size: Dim = "N",
    weights: Quantity | None = None,
) -> Graph:
    """The batched graph in which `error` is the sum or mean of the error over all examples.

    The total takes the label of the error, so that derivatives are still called dE/dw; the error of each example, an
    array of shape (size), becomes `E_each`. `weights` labels an input with one number for each example: its error
    counts so many times, and a mean is divided by the sum of the weights. Run it before `reverse`; then the gradient
    of the sum is the sum of the gradients. Raises `GradientError` if `error` is not a single number that depends on the
    batched inputs.

    >>> x, w, E = Name("x"), Name("w"), Name("E")
    >>> batch_loss(Graph({E: name_node(E, input_node(w) * input_node(x))}), E, [x], over="mean").quantities()
    {Name(text='w'): <input w: real>, Name(text='x'): <input x: real[N]>, \
Name(text='E_each'): <name E_each: real[N]>, Name(text='E'): <name E: real>}
    """
    if over not in ("sum", "mean"):
        raise GraphError(f'found over = {over!r}, expected "sum" or "mean".')
    if graph.ledger:
        raise GraphError("found derivatives in a graph to be batched.", hint="Use batch_loss before reverse.")
    root = _error_node(graph, error)
    each = _label_of_each(graph, error)
    singly, vector = _relabelled(graph, root, each)
    inputs = singly.inputs()
    many = batch(singly, [label for label in batched if label != weights or label in inputs], size)
    rows = many.outputs[each]
    if rows.type.shape != (size,):
        names = ", ".join(spell(label) for label in batched) or "(none)"
        raise GradientError(f"{spell(error)} does not depend on the batched inputs {names}.")
    total = name_node(error, _total(rows, over, weights))
    outputs = {label: total if old is vector else many.outputs[label] for label, old in singly.outputs.items()}
    if each not in graph.outputs:
        del outputs[each]
    return Graph({**outputs, error: total})


def _total(rows: Node, over: str, weights: Quantity | None) -> Node:
    if weights is None:
        return (SUM if over == "sum" else MEAN)(rows, attribute=(0,))
    each = input_node(weights, rows.type)
    total = SUM(each * rows, attribute=(0,))
    return total / SUM(each, attribute=(0,)) if over == "mean" else total


def _relabelled(graph: Graph, root: Node, each: Name) -> tuple[Graph, Node]:
    """The graph in which the error is called `each` and is an output, and the error's node there."""

    def make(old: Node, args: tuple[Node, ...]) -> Node:
        if old is root:
            return name_node(each, args[0] if old.op is NAME else node(old.op, args, old.attribute))
        return node(old.op, args, old.attribute)

    done = rebuild([*graph.roots(), root], make)
    outputs = {label: done[old] for label, old in graph.outputs.items()}
    return Graph({**outputs, each: done[root]}), done[root]


def _label_of_each(graph: Graph, error: Quantity) -> Name:
    taken = graph.quantities().keys() | graph.outputs.keys()
    text = f"{spell(error)}_each"
    while Name(text) in taken:
        text += "_"
    return Name(text)


def _error_node(graph: Graph, error: Quantity) -> Node:
    root = graph.outputs.get(error) or graph.quantities().get(error)
    if root is None:
        raise GradientError(f"found {spell(error)}, which is not a quantity of this graph.")
    if root.type.shape:
        raise GradientError(f"{spell(error)} is an array; the error of one example must be a single number.")
    if root.op is INPUT:
        raise GradientError(f"{spell(error)} is given, not computed; there is nothing to sum.")
    return root


def _check_inputs(graph: Graph, batched: Collection[Quantity], size: Dim) -> None:
    inputs = graph.inputs()
    for label in batched:
        if label not in inputs:
            raise GraphError(f"found {spell(label)} among the batched inputs, which is not an input of this graph.")
    if isinstance(size, str):
        if any(size in n.type.shape for n in inputs.values()):
            raise GraphError(f"the size {size} is in use already.", hint="Give the batch a symbol of its own.")
    elif size < 1:
        raise ShapeError(f"found a batch of {size} examples, expected at least 1.")


def _batched_node(old: Node, flags: tuple[bool, ...], args: tuple[Node, ...]) -> Node:
    """One node with at least one batched argument."""
    op = old.op
    if op is NAME:
        return name_node(old.attribute, args[0])
    if op.elementwise:
        rank = _rank(old)
        aligned = [_aligned(new, rank) if flag else new for new, flag in zip(args, flags, strict=True)]
        return node(op, tuple(aligned), old.attribute)
    if op.batch is None:
        raise GraphError(
            f"the op {op.name} has no rule for a batch of its arguments.",
            hint="Compute it outside of the batch, or for each example by itself.",
        )
    return op.batch(flags, *args) if old.attribute is None else op.batch(flags, old.attribute, *args)


def _aligned(x: Node, rank: int) -> Node:
    """A batched argument with axes of length 1 after that of the examples, so that shapes still align at the right."""
    size, *rest = x.type.shape
    missing = rank - len(rest)
    if not missing:
        return x
    shape = (size, *(1,) * missing, *rest)
    if x.type.kind == "boolean":  # reshape gives numbers, and a choice wants a comparison
        return GREATER(RESHAPE(WHERE(x, const(1), const(0)), attribute=shape), const(0))
    return RESHAPE(x, attribute=shape)


def _rank(x: Node) -> int:
    return len(x.type.shape)
