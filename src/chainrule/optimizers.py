"""Optimizers: how a gradient becomes an update, as rules that build nodes.

A rule is a pair of pure functions, `init` and `update`; what they build is printed, explained and compiled like any
other formula. Adding one is a row of the table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from fractions import Fraction
from math import prod
from typing import Any, Final, TypeAlias

from chainrule.errors import GradientError, ProblemError, ShapeError
from chainrule.graph import Graph, Program, State
from chainrule.node import INPUT, Node, const, input_node, label_of, name_node, node
from chainrule.numbers.array import of_nested, pack, shape_of
from chainrule.ops.arithmetic import ADD, MUL, SUB
from chainrule.ops.types import show_shape
from chainrule.quantity import Change, Derivative, Quantity, Updated, spell
from chainrule.transforms.reverse import reverse

Options: TypeAlias = Mapping[str, Fraction]
Memory: TypeAlias = tuple[Node, ...]
# (parameter, its derivative, rate, memory, options) -> (the parameter after the update, the memory after it, named)
Rule: TypeAlias = Callable[[Node, Node, Node, Memory, Options], tuple[Node, Memory]]


@dataclass(frozen=True, slots=True, eq=False)
class Optimizer:
    """An update rule with its options.

    `slots` gives the labels of what the rule remembers of each parameter from one update to the next, as it is before
    the update; all of it starts from zero. `update` builds plain nodes, so that they print as written.
    """

    name: str
    slots: tuple[Callable[[Quantity], Quantity], ...]
    options: Options
    rule: Rule

    def init(self, parameter: Node) -> Memory:
        """The memory of a parameter before an update: inputs of its type."""
        return tuple([input_node(slot(label_of(parameter)), parameter.type) for slot in self.slots])

    def update(self, parameter: Node, derivative: Node, rate: Node, memory: Memory) -> tuple[Node, Memory]:
        """The parameter after an update, and the memory after it.

        >>> from chainrule.quantity import Name
        >>> w, g, rate = (input_node(Name(name)) for name in ("w", "g", "rate"))
        >>> find_optimizer("sgd").update(w, g, rate, ()) == (node(SUB, (w, node(MUL, (rate, g)))), ())
        True
        """
        return self.rule(parameter, derivative, rate, memory, self.options)

    def __repr__(self) -> str:
        options = "".join(f", {name}={value}" for name, value in self.options.items())
        return f"<Optimizer {self.name}{options}>"


def _sgd(w: Node, gradient: Node, rate: Node, memory: Memory, options: Options) -> tuple[Node, Memory]:
    """Gradient descent: w' = w - rate*dE/dw.

    On one example after the other it is stochastic approximation (Robbins and Monro 1951, A stochastic approximation
    method, Annals of Mathematical Statistics 22).
    """
    return node(SUB, (w, node(MUL, (rate, gradient)))), ()


def _momentum(w: Node, gradient: Node, rate: Node, memory: Memory, options: Options) -> tuple[Node, Memory]:
    """Gradient descent with momentum: Δw = momentum*Δw of the update before - rate*dE/dw, and w' = w + Δw.

    Rumelhart, Hinton and Williams 1986, Learning representations by back-propagating errors, Nature 323: there, alpha
    is the momentum and epsilon the rate.
    """
    (before,) = memory
    kept = node(MUL, (const(options["momentum"]), before))
    change = name_node(Change(label_of(w)), node(SUB, (kept, node(MUL, (rate, gradient)))))
    return node(ADD, (w, change)), (change,)


def change_before(parameter: Quantity) -> Quantity:
    """The label of the change that the update before this one made, from which momentum takes its part.

    `Δw5@1` is the next update's change, so this one is `Δw5@-1`.

    >>> from chainrule.quantity import Name
    >>> spell(change_before(Name("w5")))
    'Δw5@-1'
    """
    return Updated(Change(parameter), -1)


@dataclass(frozen=True, slots=True)
class _Row:
    """An optimizer of the table, its options with their defaults, and what each must be: low <= value < high."""

    rule: Rule
    slots: tuple[Callable[[Quantity], Quantity], ...] = ()
    options: Mapping[str, tuple[Fraction, Fraction, Fraction]] = field(default_factory=dict)


_SHARE: Final = (Fraction(0), Fraction(1))
_TABLE: Final[Mapping[str, _Row]] = {
    "sgd": _Row(_sgd),
    "momentum": _Row(_momentum, (change_before,), {"momentum": (Fraction(9, 10), *_SHARE)}),
}
OPTIMIZERS: Final = tuple(_TABLE)


def find_optimizer(name: object, options: Mapping[str, object] | None = None) -> Optimizer:
    """The optimizer of that name, with the options given and its defaults for the others.

    `sgd` with the option `momentum` is `momentum`. Raises ProblemError for a name or an option that does not exist
    (with what was probably meant) and for a value out of range.

    >>> find_optimizer("sgd", {"momentum": 0.5})
    <Optimizer momentum, momentum=1/2>
    """
    found = _find(name)
    given = dict(options or {})
    if found == "sgd" and given.keys() == {"momentum"}:
        found = "momentum"
    row = _TABLE[found]
    for option in given:
        if option not in row.options:
            raise _no_option(found, option, row)
    chosen = {option: _option(option, given, *facts) for option, facts in row.options.items()}
    return Optimizer(found, row.slots, chosen, row.rule)


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
    parameter, `examples` names the inputs that change from update to update. Derivatives keep their ledger. Raises
    `GradientError` for a parameter that is no input of the graph, `ShapeError` for initial values that are missing or
    of another shape, and what `reverse` raises.

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
    backward = reverse(graph, minimise, parameters)
    outputs = dict(backward.outputs)
    state: dict[Quantity, State] = {}
    memories: dict[Quantity, State] = {}
    for label in parameters:
        parameter, start = known[label], _initial(known[label], initial)
        memory = optimizer.init(parameter)
        body, after = optimizer.update(parameter, outputs[Derivative(minimise, label)], rate, memory)
        for old, new in zip(memory, after, strict=True):
            outputs[label_of(new)] = new
            memories[label_of(new)] = State(old, new, _zeros(parameter))
        updated = outputs[Updated(label)] = name_node(Updated(label), body)
        state[label] = State(parameter, updated, start)
    changing = tuple([known[label] for label in examples])
    scalars = {label_of(rate): rate} if rate.op is INPUT else {}
    return Program(Graph(outputs, backward.ledger), {**state, **memories}, changing, scalars)


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


def _zeros(parameter: Node) -> Any:
    shape = tuple([size for size in parameter.type.shape if isinstance(size, int)])
    return pack(shape, [Fraction(0)] * prod(shape))  # a parameter's sizes are those of its initial value: numbers


def _find(name: object) -> str:
    known = ", ".join(OPTIMIZERS)
    if not isinstance(name, str):
        raise ProblemError(f"optimizer is {name!r}, expected a name in quotes.", hint=f"The optimizers are {known}.")
    plain = " ".join(name.casefold().replace("_", " ").split())
    if plain in _TABLE:
        return plain
    near = get_close_matches(plain, OPTIMIZERS, n=1, cutoff=0.5)
    meant = f"Did you mean {near[0]!r}? " if near else ""
    raise ProblemError(f"there is no optimizer {name!r}.", hint=f"{meant}The optimizers are {known}.")


def _no_option(name: str, option: str, row: _Row) -> ProblemError:
    options = list(row.options)
    near = get_close_matches(option, options, n=1, cutoff=0.5)
    if near:
        hint = f"Did you mean {near[0]!r}?"
    else:
        hint = f"Its options are {', '.join(options)}." if options else "It has no options."
    return ProblemError(f"the optimizer {name} has no option {option!r}.", hint=hint)


def _option(name: str, given: Mapping[str, object], default: Fraction, low: Fraction, high: Fraction) -> Fraction:
    value = given.get(name, default)
    exact = _exact(value)
    if exact is None or not low <= exact < high:
        raise ProblemError(f"{name} is {value!r}, expected a number from {low} up to, but not including, {high}.")
    return exact


def _exact(value: object) -> Fraction | None:
    """The number as a person wrote it: 0.9 is nine tenths, never a binary float."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Fraction | Decimal):
        return None
    try:
        return value if isinstance(value, Fraction) else Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        return None
