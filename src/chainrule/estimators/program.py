"""What one update of an estimator computes, as a `Program`, and the slopes alone for L-BFGS.

The error is scikit-learn's: the mean over the batch, weighted, and `alpha`/2 times the squared weights over the sum of
the batch's weights. What changes from fit to fit - rate, alpha, that sum - are scalars, so that equal networks are
compiled once.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Final

from chainrule.dataclasses import dataclass, replace
from chainrule.estimators.network import Design, untrained_model
from chainrule.graph import Graph, Program, State, collector_paused
from chainrule.node import Node, const, input_node, name_node
from chainrule.ops.arithmetic import POWER
from chainrule.ops.functions import SQRT
from chainrule.ops.reduction import SUM
from chainrule.optimizers import Optimizer, find_optimizer
from chainrule.optimizers.program import training_program
from chainrule.optimizers.rules import Here, Kept
from chainrule.quantity import Derivative, Name, Quantity, spell
from chainrule.training.step import Penalties, objective
from chainrule.transforms.reverse import reverse

TOTAL: Final = Name("total")  # what is minimised
LOSS: Final = Name("loss")  # what is reported
RATE: Final = Name("rate")
ALPHA: Final = Name("alpha")
SHARE: Final = Name("share")  # 1 over the sum of the weights of the batch
DRAW: Final = Name("draw")  # the number from which an update's dropout mask is made


@dataclass(frozen=True, slots=True)
class Solver:
    """An update rule and its options; `first` is the rate it starts from, where its memory begins with that."""

    name: str
    options: tuple[tuple[str, float | bool], ...] = ()
    first: float = 1.0


@lru_cache(maxsize=64)
@collector_paused()
def update_program(design: Design, solver: Solver) -> Program:
    """One update: forward pass, backward pass, and the rule."""
    graph, examples, scalars = _objective(design)
    model = untrained_model(design)
    rate = input_node(RATE)
    made = training_program(
        graph,
        minimise=TOTAL,
        parameters=[Name(name) for name in model.parameters],
        rate=rate,
        optimizer=_optimizer(solver),
        initial={**{Name(name): value for name, value in model.parameters.items()}, RATE: Fraction(solver.first)},
        examples=examples,
    )
    return Program(made.step, made.state, made.examples, {RATE: rate, **scalars})


@lru_cache(maxsize=64)
@collector_paused()
def slope_program(design: Design) -> Program:
    """The derivatives by all parameters, which are given: a program that learns nothing but remembers slopes."""
    graph, examples, scalars = _objective(design)
    known = graph.quantities()
    model = untrained_model(design)
    labels = [Name(name) for name in model.parameters]
    backward = reverse(graph, TOTAL, labels)
    state: dict[Quantity, State] = {}
    for label in labels:
        slope, kept = backward.outputs[Derivative(TOTAL, label)], slope_label(label)
        state[kept] = State(input_node(kept, slope.type), slope, model.parameters[label.text])
    return Program(backward, state, tuple([known[label] for label in examples]), scalars)


def slope_label(parameter: Quantity) -> Name:
    """The state that holds the derivative by a parameter."""
    return Name(f"slope_{spell(parameter)}")


def _optimizer(solver: Solver) -> Optimizer:
    found = find_optimizer(solver.name, dict(solver.options))
    return replace(found, rule=_adam) if solver.name == "adam" else found


def _adam(here: Here) -> tuple[Node, Kept]:
    """Adam with an epsilon that is not corrected for the start at zero, as in scikit-learn.

    w' = w - rate*sqrt(1 - beta2^n)/(1 - beta1^n) * m'/(sqrt(v') + epsilon). Kingma and Ba 2015, end of section 2.
    """
    beta1, beta2, g = here.option("beta1"), here.option("beta2"), here.derivative
    first = here.kept("m", beta1 * here.memory[0] + (1 - beta1) * g)
    second = here.kept("v", beta2 * here.memory[1] + (1 - beta2) * (g * g))
    rate = here.rate * SQRT(1 - POWER(beta2, here.number)) / (1 - POWER(beta1, here.number))
    return here.parameter - rate * (first / (SQRT(second) + here.option("epsilon"))), (first, second)


def _objective(design: Design) -> tuple[Graph, list[Quantity], dict[Quantity, Node]]:
    """What is minimised and what is reported, over N examples; the labels of what changes with them; the scalars."""
    model = untrained_model(design)
    alpha, share, draw = input_node(ALPHA), input_node(SHARE), input_node(DRAW)
    hidden = [f"a{layer}" for layer in range(1, len(design.activation))]
    penalties = Penalties(dropout=dict.fromkeys(hidden, design.dropout) if design.dropout else {})
    graph, examples = objective(model, over="sum", penalties=penalties, counter=draw)
    known = graph.quantities()
    error = graph.outputs[model.minimise]
    squares = [SUM(known[Name(name)] * known[Name(name)], attribute=(0, 1)) for name in design.weights]
    penalty = alpha / 2 * sum(squares[1:], start=squares[0])
    total = name_node(TOTAL, share * (error + penalty))
    loss = name_node(LOSS, share * (error / const(design.divisor) + penalty))
    scalars: dict[Quantity, Node] = {ALPHA: alpha, SHARE: share}
    if design.dropout:
        scalars[DRAW] = draw
    return Graph({TOTAL: total, LOSS: loss}), examples, scalars
