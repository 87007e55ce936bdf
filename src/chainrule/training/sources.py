"""Where a model comes from: text, a graph or a function, and the names with which it is used.

Each becomes one graph for one example, whose inputs are the examples' parts and the parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from chainrule.errors import GradientError, Place, ProblemError, ShapeError, nearest
from chainrule.formula import locate, parse_definitions
from chainrule.formula.lowering import Block, define
from chainrule.graph import Graph
from chainrule.initialise import Kind, draw_array, parse_initialiser
from chainrule.node import INPUT, NAME, Node, input_node, is_quantity, label_of, order, type_of
from chainrule.ops.types import show_shape
from chainrule.quantity import Name, Quantity, spell
from chainrule.randomness import parameter_key

if TYPE_CHECKING:
    from numpy.typing import NDArray

Shape: TypeAlias = tuple[int, ...]


def named_shapes(names: Sequence[str] | Mapping[str, Shape]) -> dict[str, Shape]:
    """Names with shapes; names alone are single numbers. Raises ShapeError for sizes that are no whole numbers."""
    if isinstance(names, str):
        raise ProblemError(f"found the text {names!r} where a list of names was expected.", hint=f"Write [{names!r}].")
    found: dict[str, Shape] = dict(names) if isinstance(names, Mapping) else dict.fromkeys(names, ())
    for name, shape in found.items():
        if not _is_shape(shape):
            raise ShapeError(f"{name} has the shape {shape!r}, expected a tuple of whole numbers such as (3,).")
    return found


def _is_shape(value: object) -> bool:
    return isinstance(value, tuple) and all(type(size) is int and size > 0 for size in value)


def first_values(
    parameters: Sequence[str] | Mapping[str, Any], *, biases: Collection[str], init: str, seed: int, dtype: str
) -> dict[str, NDArray[Any]]:
    """The first value of each parameter: the one given, or numbers drawn for the shape (a tuple) that is given."""
    if isinstance(parameters, str):
        raise ProblemError(f"found the text {parameters!r} where a list of names was expected.")
    found = dict(parameters) if isinstance(parameters, Mapping) else dict.fromkeys(parameters, ())
    missing = [name for name in biases if name not in found]
    if missing:
        raise ProblemError(f"biases names {missing[0]!r}, which is no parameter.")
    law = parse_initialiser(init)
    values: dict[str, NDArray[Any]] = {}
    for name, value in found.items():
        if _is_shape(value):
            kind: Kind = "bias" if name in biases else "weight"
            fan_in, fan_out = fans(value)
            key = parameter_key(seed, name)
            values[name] = draw_array(law, value, fan_in=fan_in, fan_out=fan_out, key=key, kind=kind, dtype=dtype)
        else:
            values[name] = _numbers(name, value).astype(dtype, copy=False)
    return values


def fans(shape: Shape) -> tuple[int, int]:
    """How many numbers come in at a unit of a layer with weights of this shape, and how many units each is fed to."""
    return (shape[-1], shape[0]) if len(shape) > 1 else (1, 1)


def _numbers(name: str, value: object) -> NDArray[Any]:
    import numpy as np

    try:
        found = np.array(value, float)
    except (TypeError, ValueError):
        raise ShapeError(f"the parameter {name} does not start from numbers in rows of one length.") from None
    if not np.isfinite(found).all():
        raise ShapeError(f"the parameter {name} starts from a number that is not finite.")
    return found


def roles(*groups: Collection[str]) -> None:
    """Raises ProblemError for a name that is in two groups: an input is no target and no parameter."""
    seen: set[str] = set()
    for group in groups:
        twice = seen.intersection(group)
        if twice:
            what = f"{sorted(twice)[0]!r} is named twice among inputs, targets and parameters."
            raise ProblemError(what, hint="Each name has one part to play.")
        seen.update(group)


def graph_of(source: str | Graph | Callable[..., Any], shapes: Mapping[str, Shape]) -> Graph:
    """The graph of formulas, of a function whose arguments have these names, or the graph itself."""
    if isinstance(source, str):
        graph = _of_text(source, shapes)
    elif isinstance(source, Graph):
        graph = source
    elif callable(source):
        graph = _of_function(source, shapes)
    else:
        raise ProblemError(f"found {type(source).__name__}, expected formulas, a graph or a function.")
    for label, found in graph.inputs().items():
        due = shapes.get(spell(label))
        if due is None:
            near = nearest(spell(label), shapes)
            hint = f"Did you mean {near!r}?" if near else "Name it in inputs, targets or parameters."
            raise ProblemError(f"{spell(label)} is used, but it is no input, target or parameter.", hint=hint)
        if found.type.shape != due:
            raise ShapeError(
                f"{spell(label)} has the shape {show_shape(found.type.shape)} in the graph, but {show_shape(due)} here."
            )
    return graph


def _of_text(text: str, shapes: Mapping[str, Shape]) -> Graph:
    def place(offset: int) -> Place:
        return locate(text, offset)

    block = Block(text, parse_definitions(text, known=shapes.__contains__, place=place), place)
    scope = {name: input_node(Name(name), type_of("real", shape)) for name, shape in shapes.items()}
    for one in block.definitions:
        if one.name in scope:
            raise ProblemError(f"{one.name} is defined, but also named as an input, target or parameter.")
    return Graph({Name(name): found for name, found in define([block], scope).items()})


def _of_function(function: Callable[..., Any], shapes: Mapping[str, Shape]) -> Graph:
    import inspect

    try:
        called = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        raise ProblemError("the function does not tell the names of its arguments.") from None
    for name in called:
        if name not in shapes:
            near = nearest(name, shapes)
            hint = f"Did you mean {near!r}?" if near else "Name it in inputs, targets or parameters."
            raise ProblemError(f"the function takes {name}, which is no input, target or parameter.", hint=hint)
    from chainrule.tracing import trace

    return trace(function, *[shapes[name] for name in called])


def minimised(graph: Graph, name: str | None) -> Quantity:
    """The label of what is minimised: the one named, else E, else the only output. Raises GradientError."""
    wanted = Name(name) if name is not None else Name("E")
    known = {**graph.quantities(), **graph.outputs}
    if name is None and wanted not in known and len(graph.outputs) == 1:
        (wanted,) = graph.outputs  # type: ignore[assignment]
    if wanted not in known:
        near = nearest(spell(wanted), [spell(label) for label in known])
        hint = f"Did you mean {near!r}?" if near else "Name it: minimise='E'."
        raise GradientError(f"there is no quantity {spell(wanted)} to minimise.", hint=hint)
    found = known[wanted]
    if found.type.shape or found.op is INPUT:
        what = "is an array" if found.type.shape else "is given"
        raise GradientError(f"{spell(wanted)} {what}; what is minimised is a single number that is computed.")
    return wanted


def outputs_before(
    graph: Graph, minimise: Quantity, targets: Sequence[str], outputs: Sequence[str]
) -> tuple[Quantity, ...]:
    """What `predict` gives: the outputs named, else the named quantities that meet the targets in a formula.

    Without targets these are what the minimised quantity is made of.
    """
    known = graph.quantities()
    for name in outputs:
        if Name(name) not in known:
            near = nearest(name, [spell(label) for label in known])
            raise ProblemError(f"there is no quantity {name!r}.", hint=f"Did you mean {near!r}?" if near else None)
    if outputs:
        return tuple([Name(name) for name in outputs])
    root = known.get(minimise) or graph.outputs[minimise]
    wanted = {Name(name) for name in targets}
    late: set[Node] = {root}
    before: list[Node] = []
    for current in order([root]):
        if (current.op is INPUT and label_of(current) in wanted) or any(a in late for a in current.args):
            late.add(current)
    for current in order([root]):
        if current in late:
            before += [a for a in current.args if a not in late]
    found = [one for one in order(before, cut=is_quantity) if one.op is NAME]
    return tuple([label_of(one) for one in found]) or (minimise,)
