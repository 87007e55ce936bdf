"""A training step as a program: forward pass, backward pass and update in one graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chainrule.errors import GradientError, ShapeError
from chainrule.graph import Graph, Program, State
from chainrule.node import CONST, INPUT, Node, label_of
from chainrule.numbers.array import of_nested, shape_of
from chainrule.ops.types import show_shape
from chainrule.optimizers.step import Optimizer, build_updates
from chainrule.quantity import Derivative, Quantity, spell
from chainrule.transforms.reverse import reverse


def training_program(
    graph: Graph,
    *,
    minimise: Quantity,
    parameters: Sequence[Quantity],
    rate: Node,
    optimizer: Optimizer,
    initial: Mapping[Quantity, Any],
    examples: Sequence[Quantity] = (),
) -> Program:
    """One training step as a program: forward pass, backward pass and update in one graph.

    `rate` is a number's node: a constant, or an input that the loop sets. `initial` holds the first value of each
    parameter, `examples` names the inputs that change from update to update. Derivatives keep their ledger. What the
    optimizer remembers is state, and so is the number of the update where its formula has it. Raises `GradientError`
    for a parameter that is no input of the graph, `ShapeError` for initial values that are missing or of another
    shape, and what `reverse` raises. An optimizer that starts from the rate (rprop) needs one that is a constant, or
    that has a value in `initial`.

    >>> from fractions import Fraction
    >>> from chainrule.node import const, input_node, name_node
    >>> from chainrule.optimizers import find_optimizer
    >>> from chainrule.quantity import Name
    >>> w, E = input_node(Name("w")), Name("E")
    >>> square = Graph({E: name_node(E, w * w)})
    >>> step = training_program(square, minimise=E, parameters=[Name("w")], rate=const(Fraction(1, 4)),
    ...                         optimizer=find_optimizer("sgd"), initial={Name("w"): 1})
    >>> [spell(label) for label in step.step.outputs]
    ['E', 'dE/dw', "w'"]
    """
    if rate.type.shape:
        raise ShapeError(f"the rate has the shape {show_shape(rate.type.shape)}, expected a single number.")
    known = graph.quantities()
    for label in [*parameters, *examples]:
        _check_input(label, known, "learns" if label in parameters else "changes with the example")
    starts = {label: _initial(known[label], initial) for label in parameters}
    backward = reverse(graph, minimise, parameters)
    derivatives = {known[label]: backward.outputs[Derivative(minimise, label)] for label in parameters}
    used = {*known, *initial, *([label_of(rate)] if rate.op is INPUT else [])}
    updates = build_updates(optimizer, minimise, derivatives, rate, taken=used.__contains__)
    state = {label: State(known[label], updates.parameters[label], start) for label, start in starts.items()}
    for label, one in updates.memory.items():
        state[label] = State(
            one.before, one.after, one.initial if one.initial is not None else _rate_value(rate, initial)
        )
    outputs = {**backward.outputs, **{label_of(line): line for line in updates.definitions}}
    outputs.update({label_of(one.after): one.after for one in updates.memory.values()})
    scalars = {label_of(rate): rate} if rate.op is INPUT else {}
    return Program(Graph(outputs, backward.ledger), state, tuple([known[label] for label in examples]), scalars)


def _check_input(label: Quantity, known: Mapping[Quantity, Node], role: str) -> None:
    if label not in known:
        raise GradientError(f"{spell(label)} {role}, but no formula uses it.", hint="Remove it, or use it.")
    if known[label].op is not INPUT:
        raise GradientError(f"{spell(label)} {role}, but a formula defines it.", hint="Remove one of the two.")


def _initial(parameter: Node, initial: Mapping[Quantity, Any]) -> Any:
    label = label_of(parameter)
    if label not in initial:
        raise ShapeError(f"the parameter {spell(label)} has no value to start from.")
    value = initial[label]
    made = of_nested(value) if isinstance(value, list | tuple) else value
    shape = shape_of(made) if not hasattr(made, "shape") else tuple(made.shape)
    if shape != parameter.type.shape:
        due = show_shape(parameter.type.shape)
        raise ShapeError(f"{spell(label)} has the shape {show_shape(shape)}, expected {due}.")
    return made


def _rate_value(rate: Node, initial: Mapping[Quantity, Any]) -> Any:
    if rate.op is CONST:
        return rate.attribute
    if rate.op is not INPUT or label_of(rate) not in initial:
        hint = "Put the first rate into `initial`, or take a constant."
        raise GradientError("the optimizer starts from the rate, which has no value yet.", hint=hint)
    return initial[label_of(rate)]
