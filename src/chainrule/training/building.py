"""How a model is made from what a person gives, and one example of it made a problem that can be explained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from chainrule.errors import ProblemError
from chainrule.network import Network, layered, network_formulas
from chainrule.node import label_of
from chainrule.notation import Names
from chainrule.quantity import Name, Quantity
from chainrule.training.sources import Shape, first_values, named_shapes, outputs_before, roles
from chainrule.training.structure import structure

if TYPE_CHECKING:
    from chainrule.problem.problem import Problem
    from chainrule.training.model import DType, Model, Source


def build(
    model: Model,
    source: Source,
    *,
    inputs: Sequence[str] | Mapping[str, Shape],
    parameters: Sequence[str] | Mapping[str, Any],
    targets: Sequence[str] | Mapping[str, Shape],
    minimise: str | None,
    outputs: Sequence[str],
    biases: Sequence[str],
    init: str,
    seed: int,
    dtype: DType,
    names: Names | None,
) -> None:
    """Fill a model: its graph, and what has which part in it. `Model` tells what is raised."""
    from chainrule.training.parameters import Parameters

    if dtype not in ("float32", "float64"):
        raise ProblemError(f"dtype is {dtype!r}, expected 'float32' or 'float64'.")
    given, due = named_shapes(inputs), named_shapes(targets)
    values = first_values(parameters, biases=biases, init=init, seed=seed, dtype=dtype)
    roles(given, due, values)
    found = structure(
        source, inputs=given, targets=due, parameters={name: value.shape for name, value in values.items()},
        minimise=minimise,
    )  # fmt: skip
    model.graph, model.minimise, model.learning = found.graph, found.minimise, found.learning
    model.inputs, model.targets = found.inputs, found.targets
    model.dtype = dtype
    model.biases = frozenset(biases)
    model.names = names
    model.outputs = outputs_before(model.graph, model.minimise, list(due), outputs)
    model._parameters = Parameters(values)


def layered_model(
    layers: Sequence[int], *, activation: str | Sequence[str], loss: str, bias: bool | str, notation: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The formulas of a layered network as arguments of `build`, and what a file says of it."""
    network: Network = layered(layers, activation=activation, loss=loss, notation=notation, bias=bias)
    text = network_formulas(network)
    names = network.names
    target = names.spell_array("target", len(network.layers) - 1)
    weights = {names.spell_array("weight", layer) for layer in range(1, len(network.layers))}
    lines = [*(f"{name} = {value}" for name, value in text.constants.items()), *text.lines]
    arguments = {
        "source": "\n".join(lines),
        "inputs": {name: shape for name, shape in text.inputs.items() if name not in (target, *text.constants)},
        "targets": {target: text.inputs[target]},
        "parameters": text.parameters,
        "minimise": "E",
        "outputs": [names.spell_array("output", len(network.layers) - 1)],
        "biases": [name for name in text.parameters if name not in weights],
        "names": names,
    }
    described = {
        "layers": list(network.layers), "activation": list(network.activation), "loss": network.loss,
        "bias": network.bias or False, "notation": notation,
    }  # fmt: skip
    return arguments, described


def as_problem(model: Model, x: Any, t: Any, rate: float | None, title: str) -> Problem:
    """The model with one example as a problem."""
    from chainrule.problem.problem import Problem, Training
    from chainrule.training import evaluation

    rows = evaluation.examples(model, _one(x), None if t is None else _one(t), needs_targets=bool(model.targets))
    arrays: dict[Quantity, Any] = {
        label_of(one): _exact(part[0].tolist()) for one, part in zip(rows.nodes, rows.parts, strict=True)
    }
    given = tuple(arrays)
    arrays |= {Name(name): _exact(value.tolist()) for name, value in model.parameters.items()}
    if rate is not None:
        arrays[Name("rate")] = Fraction(str(rate))
    return Problem(
        title=title,
        source=None,
        file=None,
        graph=model.graph,
        written={},
        arrays=arrays,
        given_arrays=given,
        parameter_arrays=tuple([Name(name) for name in model.parameters]),
        minimise=model.minimise,
        training=Training(rate=None if rate is None else Name("rate")),
        notation=model.names,
    )


def _one(value: Any) -> Any:
    """One example as a batch of one."""
    import numpy as np

    if isinstance(value, Mapping):
        return {name: np.asarray(part)[None] for name, part in value.items()}
    return np.asarray(value)[None]


def _exact(nested: Any) -> Any:
    """Numbers as they print: 0.1 is one tenth."""
    return [_exact(part) for part in nested] if isinstance(nested, list) else Fraction(repr(nested))
