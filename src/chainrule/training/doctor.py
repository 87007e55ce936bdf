"""What stands in the way of learning, found by one forward and one backward pass and told in plain words.

Each finding has a place, what is the matter in figures, and what to do about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from chainrule.dataclasses import dataclass
from chainrule.errors import ShapeError
from chainrule.evaluate import evaluate_all
from chainrule.graph import Graph
from chainrule.node import NAME, Node, Op, label_of, order
from chainrule.numbers.vectorised import numpy_numbers
from chainrule.ops.functions import RELU, SIGMOID, TANH
from chainrule.quantity import Derivative, Name, Quantity, spell
from chainrule.training.divergence import layer_text
from chainrule.training.evaluation import (
    Examples,
    backward_graph,
    error_at,
    error_graph,
    examples,
    filled,
    learned_values,
    values_in_numpy,
)
from chainrule.training.history import Row

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.training.model import Model

MOST: Final = 1000  # examples that are looked at
A_FEW: Final = 64  # while training
LEAST: Final = 10  # of these, where more would take longer than an update
SATURATED: Final[Mapping[Op, Callable[[Any], Any]]] = {
    SIGMOID: lambda a: np.abs(a - 0.5) > 0.49,
    TANH: lambda a: np.abs(a) > 0.99,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: `kind` for programs; where, what and what to do for people."""

    kind: str
    where: str
    what: str
    remedy: str
    severe: bool = False

    def __str__(self) -> str:
        return f"{self.where}: {self.what} {self.remedy}"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that was found; printing it gives one line for each, and says so if all is well."""

    findings: tuple[Finding, ...]

    def __str__(self) -> str:
        return "\n".join(map(str, self.findings)) if self.findings else "nothing stands in the way of learning."

    def __bool__(self) -> bool:
        return bool(self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def kinds(self) -> list[str]:
        """The kinds of what was found."""
        return [one.kind for one in self.findings]


def diagnose(model: Model, X: object, T: object, *, rate: float | None = None) -> Diagnosis:
    """Look for what stands in the way of learning, on at most 1,000 of the examples.

    Numbers that are not finite come first, and alone. With a `rate`, one step of gradient descent is judged too. Raises
    ShapeError for examples that do not fit.

    >>> from chainrule.training.model import MLP
    >>> net = MLP([2, 3, 1], seed=1)
    >>> print(diagnose(net, [[0, 3000], [1, 500], [1, 4000]], [0, 1, 1]))  # doctest: +ELLIPSIS
    X: column 1 runs from 500 to 4000, ... Subtract each column's mean and divide by its deviation.
    ...
    """
    try:
        given = filled(examples(model, X, T))
    except ShapeError as error:
        if "nan" not in error.what and "inf" not in error.what:
            raise
        return Diagnosis((Finding("not finite", "examples", error.what, error.hint or "", severe=True),))
    return diagnose_examples(model, given, rate=rate)


def diagnose_examples(model: Model, given: Examples, *, rate: float | None = None) -> Diagnosis:
    """As `diagnose`, of examples that have been checked."""
    some = given.rows(slice(0, MOST))
    values = _values(model, backward_graph(model), some)
    bad = _first_bad(model, values)
    if bad is not None:
        return Diagnosis((bad,))
    found = [*_inputs(model, some), *_targets(model, some), *_activations(model, values)]
    found += _deltas(model, values)
    if rate is not None:
        found += _rate(model, some, values, rate)
    return Diagnosis(tuple(found))


def _values(model: Model, graph: Graph, given: Examples) -> dict[Node, Any]:
    """Every quantity of a batched graph."""
    learned = {label: np.asarray(value, float) for label, value in learned_values(model.parameters).items()}
    values = {**given.values(), **learned}
    numbers = numpy_numbers()
    with numbers.s.context():
        return evaluate_all(graph.roots(), values, numbers=numbers)


def _first_bad(model: Model, values: Mapping[Node, Any]) -> Finding | None:
    for one in order(backward_graph(model).outputs.values()):
        if one.op is NAME and not np.isfinite(np.asarray(values[one]).astype(model.dtype)).all():
            label = label_of(one)
            what = f"{spell(label)}{layer_text(model, label)} is the first quantity that is not finite."
            remedy = "Start from smaller parameters, scale the inputs, or use a loss that takes these outputs."
            return Finding("not finite", spell(label), what, remedy, severe=True)
    return None


def _inputs(model: Model, given: Examples) -> list[Finding]:
    """Columns of very different size, and columns that never change."""
    found = []
    for one, part in zip(given.nodes[: len(model.inputs)], given.parts, strict=False):
        rows = np.asarray(part, float).reshape(len(part), -1)
        name = "X" if len(model.inputs) == 1 else spell(label_of(one))
        far = np.abs(rows).max(axis=0)
        worst = int(far.argmax())
        if far[worst] > 20:
            low, high = rows[:, worst].min(), rows[:, worst].max()
            what = f"column {worst} runs from {low:.4g} to {high:.4g}, which drives units into saturation."
            remedy = "Subtract each column's mean and divide by its deviation."
            found.append(Finding("unscaled inputs", name, what, remedy, severe=bool(far[worst] > 1000)))
        constant = np.flatnonzero(rows.min(axis=0) == rows.max(axis=0))
        if len(constant) and len(rows) > 1:
            listed = ", ".join(map(str, constant[:5])) + (", ..." if len(constant) > 5 else "")
            what = f"{len(constant)} of {rows.shape[1]} columns never change ({listed})."
            found.append(Finding("constant inputs", name, what, "Leave them out: they only shift the bias."))
    return found


def _targets(model: Model, given: Examples) -> list[Finding]:
    """Targets that an output can never reach."""
    if len(model.outputs) != 1 or len(model.targets) != 1:
        return []
    op = _op_of(model.graph, model.outputs[0])
    limits = {SIGMOID: (0, 1), TANH: (-1, 1), RELU: (0, np.inf)}.get(op)
    targets = np.asarray(given.parts[-1], float)
    if limits is None or (targets.min() >= limits[0] and targets.max() <= limits[1]):
        return []
    reach = f"{op.name} gives {limits[0]} to {limits[1]}"
    what = f"targets run from {targets.min():.4g} to {targets.max():.4g}, but {reach}."
    return [Finding("unreachable targets", "T", what, "Scale the targets, or make the last layer linear.", severe=True)]


@lru_cache(maxsize=64)
def _op_of(graph: Graph, label: Quantity) -> Op:
    """The op that a quantity is the result of."""
    return graph.quantities()[label].args[0].op


def _activations(model: Model, values: Mapping[Node, Any]) -> list[Finding]:
    """Units of a named activation that are dead, or saturated on nearly all examples."""
    found = []
    for one, body in _named(values):
        if body.op not in (RELU, SIGMOID, TANH):
            continue
        outputs = np.asarray(values[one], float).reshape(len(values[one]), -1)
        where, size = f"{spell(label_of(one))}{layer_text(model, label_of(one))}", outputs.shape[1]
        if body.op is RELU:
            dead = int((outputs.max(axis=0) <= 0).sum())
            if dead:
                what = f"{dead} of {size} units are dead: 0 for every example, so that they cannot learn."
                remedy = "Take a lower rate, he initialisation or leaky_relu."
                found.append(Finding("dead units", where, what, remedy, severe=dead == size))
            continue
        stuck = int((SATURATED[body.op](outputs).mean(axis=0) > 0.9).sum())
        if stuck and label_of(one) not in model.outputs:
            what = (
                f"{stuck} of {size} units are saturated on more than 90 % of the examples: their derivative is near 0."
            )
            remedy = "Scale the inputs, or start from smaller weights."
            found.append(Finding("saturated units", where, what, remedy, severe=stuck == size))
    return found


def _named(values: Iterable[Node]) -> list[tuple[Node, Node]]:
    """The named quantities that have a row an example, with their bodies, in the order of the forward pass."""
    named = [one for one in values if one.op is NAME and isinstance(label_of(one), Name)]
    return [(one, one.args[0]) for one in named if one.type.shape[:1] == ("N",)]


def _deltas(model: Model, values: Mapping[Node, Any]) -> list[Finding]:
    """Deltas that shrink or grow from the last layer to the first."""
    known = {label_of(one): one for one in values if one.op is NAME}
    sizes: list[tuple[Quantity, float]] = []
    for _, body in _named(values):
        if not body.op.elementwise or not body.args or body.args[0].op is not NAME:
            continue
        net = label_of(body.args[0])
        slope = known.get(Derivative(model.minimise, net))
        if slope is not None:
            sizes.append((net, float(np.sqrt(np.mean(np.square(values[slope]))))))
    if len(sizes) < 2 or not sizes[-1][1]:
        return []
    (first, early), (last, late) = sizes[0], sizes[-1]
    if 1e-3 < early / late < 1e3:
        return []
    table = ", ".join(f"{spell(net)} {size:.1e}" for net, size in sizes)
    name, verb = ("vanishing gradient", "shrink") if early < late else ("exploding gradient", "grow")
    remedy = (
        "Use relu or tanh, glorot or he initialisation, or fewer layers."
        if early < late
        else "Start from smaller weights, or clip: clip_norm=1."
    )
    factor = f"by a factor of {max(early, late) / min(early, late):.1e}" if early else "to nothing"
    what = f"deltas {verb} from {spell(last)} to {spell(first)} {factor} ({table})."
    return [Finding(name, f"{spell(first)}{layer_text(model, first)}", what, remedy)]


def _rate(model: Model, given: Examples, values: Mapping[Node, Any], rate: float) -> list[Finding]:
    """One step down the gradient: whether the error goes down, and how far each parameter moves."""
    outputs = backward_graph(model).outputs
    slopes = {
        name: np.asarray(values[outputs[Derivative(model.minimise, Name(name))]], float) / given.count
        for name in model.learning
    }
    found = []
    for name in model.learning:
        value = model.parameters[name]
        size = float(np.sqrt(np.mean(np.square(value, dtype=float))))
        step = rate * float(np.sqrt(np.mean(np.square(slopes[name]))))
        where = f"{name}{layer_text(model, Name(name))}"
        if size and step > size:
            what = f"an update is {step / size:.2g} times as large as the parameter itself."
            found.append(Finding("large updates", where, what, "Take a lower rate.", severe=step > 100 * size))
        elif size and name not in model.biases and 0 < step < 1e-7 * size:
            what = f"an update changes it by only {step / size:.0e} of its size."
            found.append(Finding("small updates", where, what, "Take a higher rate."))
    before = error_at(model, given, model.parameters)
    after = _after_step(model, given, slopes, rate)
    if not after <= before:
        best = next(
            (rate / 2**k for k in range(1, 60) if _after_step(model, given, slopes, rate / 2**k) < before), None
        )
        told = f" About {best:.2g} would go down." if best else ""
        what = f"one step with the rate {rate:g} takes the mean error from {before:.4g} up to {after:.4g}."
        found.append(Finding("rate too high", "rate", what, f"Take a lower rate.{told}", severe=True))
    elif before > 0 and (before - after) < 1e-6 * before and _after_step(model, given, slopes, 1000 * rate) < after:
        what = f"one step with the rate {rate:g} takes the mean error only from {before:.6g} to {after:.6g}."
        found.append(
            Finding("rate too low", "rate", what, "Take a higher rate: a thousand times as much goes down too.")
        )
    return found


def _after_step(model: Model, given: Examples, slopes: Mapping[str, NDArray[Any]], rate: float) -> float:
    """The mean error after a step, the parameters put back."""
    moved = {name: np.asarray(value, float) - rate * slopes.get(name, 0.0) for name, value in model.parameters.items()}
    return error_at(model, given, moved)


def _few(model: Model, given: Examples) -> Examples:
    """Some of the examples: the fewer, the larger the model."""
    numbers = sum([value.size for value in model.parameters.values()])
    return given.rows(slice(0, max(LEAST, min(A_FEW, (1 << 24) // max(1, numbers)))))


def noticed_before(model: Model, given: Examples) -> list[str]:
    """What is so wrong before training that a person should know: in words, from a few of the examples."""
    some = _few(model, given)
    findings = [*_inputs(model, some), *_targets(model, some), *_lost_layers(model, some)]
    return [str(one) for one in findings if one.severe]


def noticed_after(model: Model, given: Examples, rows: Sequence[Row]) -> list[str]:
    """What is so wrong after training: a layer that died, an error that went up."""
    found = []
    errors = [row["error"] for row in rows]
    if len(errors) > 4 and np.isfinite(errors).all() and min(errors[-3:]) > 1.5 * errors[0] > 0:
        found.append(f"the error went up, from {errors[0]:.4g} to {errors[-1]:.4g}. Take a lower rate.")
    if any(one.args[0].op is RELU for one in _layers(error_graph(model))):
        found += [str(one) for one in _lost_layers(model, _few(model, given)) if one.kind == "dead units"]
    return found


def _lost_layers(model: Model, given: Examples) -> list[Finding]:
    """Layers of which all units are dead or saturated.

    A tenth of the examples mostly shows that there are none: a unit that is saturated on more than 90 % of them is so
    on some of any tenth. So no more is looked at where one unit of each layer is not.
    """
    layers = _layers(error_graph(model))
    tenth = given.rows(slice(0, -(-given.count // 10)))
    if all(map(_moves, layers, _outputs_of(layers, model, tenth))):
        return []
    values = dict(zip(layers, _outputs_of(layers, model, given), strict=True))
    return [one for one in _activations(model, values) if one.severe]


def _moves(layer: Node, outputs: NDArray[Any]) -> bool:
    """Whether one of a layer's units is certainly neither dead nor saturated."""
    op = layer.args[0].op
    return bool((outputs > 0).any() if op is RELU else not SATURATED[op](outputs).any(axis=0).all())


def _outputs_of(layers: tuple[Node, ...], model: Model, given: Examples) -> list[NDArray[Any]]:
    """The outputs of layers in the model's own dtype, so that no parameter needs to be copied."""
    values = {**given.values(model.dtype), **learned_values(model.parameters)}
    return values_in_numpy(layers, values, given.count, model.dtype)


@lru_cache(maxsize=64)
def _layers(graph: Graph) -> tuple[Node, ...]:
    """The named outputs of layers that can be dead or saturated."""
    return tuple([one for one, body in _named(graph.nodes()) if body.op in (RELU, SIGMOID, TANH)])
