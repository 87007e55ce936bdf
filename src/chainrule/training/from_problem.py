"""A problem file as something to train: its graph as a model, its examples as arrays, its [training] as arguments."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from chainrule.dataclasses import dataclass
from chainrule.errors import ChainruleError, Place, ProblemError
from chainrule.graph import Graph
from chainrule.node import INPUT, Node, const, input_node, label_of, name_node, node, order, substitute
from chainrule.ops.matrix import STACK
from chainrule.optimizers import find_optimizer
from chainrule.problem.problem import Problem
from chainrule.quantity import Name, Quantity, spell
from chainrule.training import rules
from chainrule.training.history import History
from chainrule.training.loop import train
from chainrule.training.model import DType, Model
from chainrule.training.schedules import read_schedule

if TYPE_CHECKING:
    from numpy.typing import NDArray

LIMITS: Final = ("updates", "seconds", "patience", "validation", "change", "seed", "l1", "l2", "dropout", "keep")
CONVERGED: Final = 0.01  # where a file does not say when to stop
MOST_EPOCHS: Final = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What a file asks to train: the model, its examples under their names, and those held out as a test."""

    problem: Problem
    model: Model
    learn: Mapping[str, NDArray[Any]]
    test: Mapping[str, NDArray[Any]] | None

    def given(self, examples: Mapping[str, NDArray[Any]]) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Examples as X and T."""
        targets = {spell(label_of(one)) for one in self.model.targets}
        X = {name: part for name, part in examples.items() if name not in targets}
        T = {name: part for name, part in examples.items() if name in targets}
        return X, T or None


def task_of(problem: Problem, *, dtype: DType = "float64") -> Task:
    """The task of a problem. Raises ProblemError if nothing is minimised or learns, and for symbols without values."""
    place = Place(problem.file)
    if problem.minimise is None:
        raise ProblemError("nothing is minimised, so nothing can be trained.", place=place, hint='Say minimise = "E".')
    if not problem.parameter_arrays:
        raise ProblemError("there are no parameters to learn.", place=place, hint="Put them into [parameters].")
    if problem.symbols:
        names = ", ".join(map(spell, problem.symbols))
        raise ProblemError(f"{names} has no value.", place=place, hint="Give it one under [given].")
    examples = _examples(problem)
    graph = _with_constants(problem, examples)
    used = {label: one for label, one in graph.inputs().items() if spell(label) in examples}
    targets = _targets(problem, graph, used)
    shapes = {spell(label): examples[spell(label)].shape[1:] for label in used}
    model = Model(
        graph,
        inputs={name: shape for name, shape in shapes.items() if Name(name) not in targets},
        targets={name: shape for name, shape in shapes.items() if Name(name) in targets},
        parameters={spell(label): _floats(problem.arrays[label]) for label in problem.parameter_arrays},
        minimise=spell(problem.minimise),
        biases=_biases(problem),
        dtype=dtype,
        names=problem.notation,
    )
    learn, test = _held_out(problem, {name: examples[name] for name in shapes})
    return Task(problem, model, learn, test)


def run_task(task: Task, *, progress: bool | None = None, **changes: Any) -> History:
    """Train as [training] says, with `changes` of its arguments. Errors name the place in the file."""
    problem = task.problem
    X, T = task.given(task.learn)
    try:
        arguments = {**_arguments(problem), **{key: value for key, value in changes.items() if value is not None}}
        return train(task.model, X, T, progress=progress, **arguments)
    except ChainruleError as error:
        section = _section(problem)
        key = next((key for key in section if error.what.startswith((f"{key} is", f"found {key}"))), None)
        if key is not None and problem.document is not None:
            raise error.at(problem.document.place(("training", key), value=True)) from None
        raise


def _section(problem: Problem) -> Mapping[str, Any]:
    found = problem.document.data.get("training", {}) if problem.document is not None else {}
    return found if isinstance(found, dict) else {}


def _arguments(problem: Problem) -> dict[str, Any]:
    """The arguments of `train` that a file gives; without any limit it is "until convergence"."""
    section, training = _section(problem), problem.training
    found: dict[str, Any] = {key: _plain(section[key]) for key in LIMITS if key in section}
    if "epochs" in section:
        found["epochs"] = _plain(section["epochs"])
    else:
        found["epochs"] = MOST_EPOCHS
    if "stop" in section:
        found["stop"] = section["stop"]
    elif "epochs" not in section and not set(found) & {"updates", "seconds", "change", "patience"}:
        found["stop"] = f"{spell(problem.minimise or Name('E'))} < {CONVERGED}"
    found["batch"], found["over"] = training.batch, training.over
    found["shuffle"] = section.get("shuffle", problem.data is not None)
    found["optimizer"] = _optimizer(problem, section)
    return found


def _optimizer(problem: Problem, section: Mapping[str, Any]) -> rules.Rule | rules.Lbfgs:
    training = problem.training
    optimizer = find_optimizer(training.optimizer, training.options)
    if training.rate is None:
        found = rules.as_rule(training.optimizer)
        usual = found.rate if isinstance(found, rules.Rule) else None
        return rules.Rule(optimizer, usual) if usual is not None else found
    rate = float(problem.arrays[training.rate])
    return rules.Rule(optimizer, read_schedule(section.get("schedule", "constant"), rate))


def _plain(value: Any) -> Any:
    """A number of the file as Python's; anything else as it is."""
    text = getattr(value, "text", None)
    return float(text.replace("_", "")) if isinstance(text, str) else value


def _examples(problem: Problem) -> dict[str, NDArray[Any]]:
    """What changes with the example, a row each; a problem without examples is one example, all that is given."""
    if problem.varying:
        return {spell(label): _floats(problem.arrays[label]) for label in problem.varying}
    fixed = {problem.training.rate, *_constants(problem)}
    labels = [label for label in problem.given_arrays if label not in fixed]
    return {spell(label): _floats(problem.arrays[label])[None] for label in labels}


def _constants(problem: Problem) -> set[Quantity]:
    """Given numbers that belong to the network and not to an example: nptel's x0_0 = 1."""
    if problem.notation is None:
        return set()
    return {label for label in problem.given_arrays if problem.notation.read_array(spell(label)) is None}


def _with_constants(problem: Problem, examples: Mapping[str, NDArray[Any]]) -> Graph:
    """The graph with the value of what is given once for all put in; weights of examples count in its error."""
    inputs = problem.graph.inputs()
    learned = set(problem.parameter_arrays)
    known = {
        one: _constant(problem.arrays[label])
        for label, one in inputs.items()
        if label not in learned and spell(label) not in examples
    }
    roots = substitute(list(problem.graph.outputs.values()), known)
    outputs = dict(zip(problem.graph.outputs, roots, strict=True))
    weights = problem.training.weights
    if weights is not None and problem.minimise is not None:
        shares = _floats(problem.arrays[weights])
        scale = Fraction(len(shares)) / Fraction(float(shares.sum())) if problem.training.over == "mean" else 1
        error = outputs[problem.minimise]
        outputs[problem.minimise] = name_node(problem.minimise, input_node(weights) * const(scale) * error.args[0])
    return Graph(outputs)


def _constant(value: Any) -> Node:
    return node(STACK, tuple([_constant(part) for part in value])) if isinstance(value, list) else const(value)


def _targets(problem: Problem, graph: Graph, used: Mapping[Quantity, Node]) -> set[Quantity]:
    """Which examples' parts are targets: in a network the notation says; else what comes last.

    In y = w*x + b the input x meets a parameter, and in (t - y)^2 what x has become meets a target; but what t has
    become meets nothing that comes as it is given.
    """
    if problem.notation is not None:
        name = problem.notation.spell_array("target", len(problem.notation.layers) - 1)
        return {Name(name)} & used.keys() | {label for label in used if label == problem.training.weights}
    learned, apart = set(problem.parameter_arrays), {problem.training.weights}
    below: dict[Node, frozenset[Quantity]] = {}  # the inputs a node depends on
    met: set[Quantity] = set()
    for one in order(graph.outputs.values()):
        below[one] = frozenset([label_of(one)] if one.op is INPUT else []).union(*[below[a] for a in one.args])
        for a in one.args:
            if below[a] and not below[a] & apart and (below[a] <= learned or below[a] <= used.keys()):
                met |= below[one] - below[a]
    return {label for label in used if label not in met}


def _biases(problem: Problem) -> list[str]:
    names = problem.notation
    if names is None:
        return []
    weights = {names.spell_array("weight", layer) for layer in range(1, len(names.layers))}
    roles = {spell(label): names.read_array(spell(label)) for label in problem.parameter_arrays}
    return [name for name, role in roles.items() if name not in weights and (role or names.read(name))]


def _held_out(
    problem: Problem, examples: Mapping[str, NDArray[Any]]
) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]] | None]:
    """The examples to learn from and those of the test."""
    test = problem.data.test if problem.data is not None else None
    if test is None or not test.any():
        return dict(examples), None
    return {name: part[~test] for name, part in examples.items()}, {name: part[test] for name, part in examples.items()}


def _floats(value: Any) -> NDArray[Any]:
    return value if isinstance(value, np.ndarray) else np.array(_nested(value), float)


def _nested(value: Any) -> Any:
    return [_nested(part) for part in value] if isinstance(value, list) else float(value)
