"""What one update computes, as a `Program`: the model's error on a batch, its derivatives, the update rule.

Penalties and dropout are written into the graph before it is reversed, so nothing here has a derivative of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal

from chainrule.dataclasses import dataclass, field, replace
from chainrule.errors import ProblemError
from chainrule.graph import Graph, Program, State, collector_paused
from chainrule.node import NAME, Node, const, input_node, label_of, name_node, node
from chainrule.ops.choices import ABS, GREATER_EQUAL, WHERE
from chainrule.ops.matrix import UNIFORM
from chainrule.ops.reduction import SUM
from chainrule.optimizers import Optimizer, training_program
from chainrule.quantity import Name, Quantity, spell
from chainrule.randomness import fold_text, seed_key
from chainrule.training.structure import Structure
from chainrule.transforms.batch import batch_loss
from chainrule.transforms.mapping import map_graph
from chainrule.transforms.stabilise import running

if TYPE_CHECKING:
    from typing import Protocol

    class Network(Protocol):
        """What an objective is made from: a `Model`, or what has these parts of one."""

        @property
        def graph(self) -> Graph: ...
        @property
        def minimise(self) -> Quantity: ...
        @property
        def inputs(self) -> tuple[Node, ...]: ...
        @property
        def targets(self) -> tuple[Node, ...]: ...
        @property
        def learning(self) -> tuple[str, ...]: ...
        @property
        def biases(self) -> frozenset[str]: ...

    class Learner(Network, Protocol):
        """What a step is made from: the same, with numbers."""

        @property
        def parameters(self) -> Mapping[str, Any]: ...


ROWS: Final = "N"
KEPT: Final = 16  # steps, as many as kernels


@dataclass(frozen=True, slots=True, kw_only=True)
class Penalties:
    """What is added to the error or taken from the network while it learns.

    `l1` and `l2` are λ in λ Σ|w| and λ/2 Σ w² over the weights, not the biases; `dropout` is the share of a layer's
    outputs set to 0, by the name of the layer.
    """

    l1: float = 0.0
    l2: float = 0.0
    dropout: Mapping[str, float] = field(default_factory=dict)


def training_step(
    model: Learner,
    optimizer: Optimizer,
    *,
    rate: float,
    online: bool,
    over: Literal["sum", "mean"],
    penalties: Penalties,
    seed: int = 0,
) -> Program:
    """The program of one update; `online` for one example an update, else for N, a size that each update brings.

    What does not depend on numbers is kept: it takes longer to work out than a short run of a small network.
    """
    known = Structure(model.graph, model.minimise, model.inputs, model.targets, model.learning, model.biases)
    return step_of(
        known, model.parameters, optimizer, rate=rate, online=online, over=over, penalties=penalties, seed=seed
    )


def step_of(
    known: Structure,
    parameters: Mapping[str, Any],
    optimizer: Optimizer,
    *,
    rate: float,
    online: bool,
    over: Literal["sum", "mean"],
    penalties: Penalties,
    seed: int = 0,
) -> Program:
    """The same from the parts of a model."""
    dropout, names = tuple(penalties.dropout.items()), frozenset(parameters)
    plan = _step(
        known, names, optimizer, "one" if online else over, penalties.l1, penalties.l2, dropout, seed if dropout else 0
    )
    starts: dict[Quantity, Any] = {Name(name): parameters[name] for name in known.learning}
    starts |= dict.fromkeys(plan.scalars, rate)
    return replace(plan, state={label: _started(one, starts) for label, one in plan.state.items()})


def _started(one: State, starts: Mapping[Quantity, Any]) -> State:
    return replace(one, initial=starts[label_of(one.initial)]) if isinstance(one.initial, Node) else one


@lru_cache(maxsize=KEPT)
@collector_paused()
def _step(
    model: Structure,
    names: frozenset[str],
    optimizer: Optimizer,
    over: Literal["one", "sum", "mean"],
    l1: float,
    l2: float,
    dropout: tuple[tuple[str, float], ...],
    seed: int,
) -> Program:
    """The program of one update, in which an input stands for the number that it starts from.

    `names` are those of all parameters.
    """
    taken = {*model.graph.quantities(), *map(Name, names)}
    counter = input_node(_free("update", taken))
    penalties = Penalties(l1=l1, l2=l2, dropout=dict(dropout))
    graph, changing = objective(model, over=over, penalties=penalties, counter=counter, seed=seed)
    speed, known = input_node(_free("rate", taken)), graph.inputs()
    learning: list[Quantity] = [Name(name) for name in model.learning]
    program = training_program(
        graph,
        minimise=model.minimise,
        parameters=learning,
        rate=speed,
        optimizer=optimizer,
        initial={**{label: known[label] for label in learning}, label_of(speed): speed},
        examples=changing,
    )
    if not dropout:
        return program
    counted = {**program.state, label_of(counter): State(counter, counter + 1, Fraction(0))}
    return replace(program, state=counted)


def objective(
    model: Network, *, over: Literal["one", "sum", "mean"], penalties: Penalties, counter: Node, seed: int = 0
) -> tuple[Graph, list[Quantity]]:
    """What is minimised, for one example or the sum or mean over N, and the labels of what changes with the example."""
    plain = running(model.graph, [model.minimise])
    inputs = plain.inputs()
    changing = [label_of(one) for one in (*model.inputs, *model.targets) if label_of(one) in inputs]
    graph = plain
    if over != "one" and changing:
        graph = batch_loss(plain, model.minimise, changing, over=over, size=ROWS)
    if penalties.dropout:
        graph = _with_dropout(graph, penalties.dropout, counter, seed)
    if penalties.l1 or penalties.l2:
        graph = _with_penalty(graph, model, penalties)
    return graph, changing


def _free(text: str, taken: set[Quantity]) -> Name:
    while Name(text) in taken:
        text += "_"
    return Name(text)


def _with_penalty(graph: Graph, model: Network, penalties: Penalties) -> Graph:
    """The graph in which the error has λ Σ|w| and λ/2 Σ w² of all weights added to it."""
    known = graph.quantities()
    error = graph.outputs[model.minimise]
    total = error.args[0] if error.op is NAME else error
    for name in model.learning:
        if name in model.biases:
            continue
        w = known[Name(name)]
        if penalties.l1:
            total = total + const(Fraction(str(penalties.l1))) * _summed(ABS(w))
        if penalties.l2:
            total = total + const(Fraction(str(penalties.l2)) / 2) * _summed(w * w)
    return Graph({**graph.outputs, model.minimise: name_node(model.minimise, total)})


def _summed(x: Node) -> Node:
    return SUM(x, attribute=tuple(range(len(x.shape)))) if x.shape else x


def _with_dropout(graph: Graph, shares: Mapping[str, float], counter: Node, seed: int) -> Graph:
    """The graph in which outputs of layers are 0 at random, and the others larger by as much as is lost.

    The mask is a function of the seed and the number of the update (Srivastava and others 2014, Dropout).
    """
    names = list(shares)
    high, low = fold_text(seed_key(seed), "dropout")
    key = (high >> 12 << 32) + low  # uniform takes keys below 2^53, and one more for each layer
    known = graph.quantities()
    for name in names:
        if Name(name) not in known or known[Name(name)].op is not NAME:
            raise ProblemError(f"dropout names {name!r}, which no formula defines.")

    def make(old: Node, args: tuple[Node, ...]) -> Node:
        if old.op is not NAME or spell(old.attribute) not in shares:
            return node(old.op, args, old.attribute)
        name = spell(old.attribute)
        share = Fraction(str(shares[name]))
        drawn = UNIFORM(const(key + names.index(name)), counter, attribute=old.type.shape)
        kept = WHERE(GREATER_EQUAL(drawn, const(share)), const(1 / (1 - share)), const(0))
        return name_node(old.attribute, args[0] * kept)

    return map_graph(graph, make)
