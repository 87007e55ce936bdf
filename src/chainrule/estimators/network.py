"""What an estimator computes, from the words of its parameters: a layered network and its error, as a model.

Activations and losses come by name - scikit-learn's, or those of this project's tables - or as Python functions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from chainrule import functions
from chainrule.dataclasses import dataclass
from chainrule.errors import ProblemError, ShapeError
from chainrule.formula import locate, parse_definitions
from chainrule.formula.lowering import Block, define
from chainrule.graph import Graph
from chainrule.losses import find_loss
from chainrule.network import ACTIVATIONS
from chainrule.node import NAME
from chainrule.notation import network_names
from chainrule.tracing import Traced, trace
from chainrule.training.model import DType, Model

if TYPE_CHECKING:
    from numpy.typing import NDArray

Function: TypeAlias = "str | Callable[..., Any]"
_OTHER_NAMES: Final = {"logistic": "sigmoid"}


@dataclass(frozen=True, slots=True)
class Design:
    """A network: units of each layer, an activation for each layer with weights, and the error of one example.

    `weighted` networks have an importance s for each example, `quantile` is what the loss of that name aims at, and
    `dropout` the share of the hidden units left out while learning.
    """

    layers: tuple[int, ...]
    activation: tuple[Function, ...]
    loss: Function
    quantile: float = 0.5
    dropout: float = 0.0
    weighted: bool = False

    @property
    def output(self) -> str:
        """The name of the last layer's outputs."""
        return f"a{len(self.activation)}"

    @property
    def weights(self) -> list[str]:
        """The names of the weight matrices, one row a unit."""
        return [f"W{layer}" for layer in range(1, len(self.layers))]

    @property
    def biases(self) -> list[str]:
        """The names of the biases."""
        return [f"b{layer}" for layer in range(1, len(self.layers))]

    @property
    def divisor(self) -> int:
        """By what an error is divided where it is reported: scikit-learn's squared one is a mean over the outputs."""
        return self.layers[-1] if self.loss == "squared_error" else 1


def hidden_activations(activation: object, hidden: Sequence[int]) -> tuple[Function, ...]:
    """An activation for each hidden layer, from one for all of them or a list.

    Raises ShapeError for a list of another length, ProblemError for what is neither a known name nor a function.

    >>> hidden_activations("relu", [8, 4])
    ('relu', 'relu')
    """
    found = list(activation) if isinstance(activation, list | tuple) else [activation] * len(hidden)
    if len(found) != len(hidden):
        raise ShapeError(
            f"activation has {len(found)} entries, expected one for each of the {len(hidden)} hidden layers."
        )
    return tuple([_known(one) for one in found])


def _known(activation: object) -> Function:
    if callable(activation):
        return activation
    name = _OTHER_NAMES.get(activation, activation) if isinstance(activation, str) else None
    if name not in ACTIVATIONS:
        known = ", ".join(["logistic", *ACTIVATIONS])
        raise ProblemError(
            f"activation is {activation!r}, expected a name or a function.", hint=f"The names are {known}."
        )
    return str(activation)


def fitted_model(design: Design, coefs: Sequence[NDArray[Any]], intercepts: Sequence[NDArray[Any]]) -> Model:
    """The model with these weights: coefs have a column per unit, as in scikit-learn."""
    values = {
        **{name: np.asarray(w, float).T for name, w in zip(design.weights, coefs, strict=True)},
        **{name: np.asarray(b, float) for name, b in zip(design.biases, intercepts, strict=True)},
    }
    dtype: DType = "float32" if coefs[0].dtype == np.float32 else "float64"
    return _model(design, graph_of_design(design), values, dtype)


@lru_cache(maxsize=64)
def untrained_model(design: Design) -> Model:
    """The model with all weights 0: for its graph."""
    shapes = _shapes(design)
    return _model(design, graph_of_design(design), {name: np.zeros(shape) for name, shape in shapes.items()}, "float64")


def _model(design: Design, graph: Graph, values: dict[str, Any], dtype: DType) -> Model:
    targets: dict[str, tuple[int, ...]] = {"t": (design.layers[-1],)}
    return Model(
        graph,
        inputs={"x": (design.layers[0],)},
        targets={**targets, "s": ()} if design.weighted else targets,
        parameters=values,
        minimise="E",
        outputs=[design.output],
        biases=design.biases,
        dtype=dtype,
        names=network_names("matrix", design.layers, bias="per unit"),
    )


@lru_cache(maxsize=64)
def graph_of_design(design: Design) -> Graph:
    """The formulas of one example: z1, a1, ... and the error E.

    >>> graph = graph_of_design(Design((2, 3, 1), ("tanh", "identity"), "squared_error"))
    >>> sorted(label.text for label in graph.quantities())
    ['E', 'W1', 'W2', 'a1', 'a2', 'b1', 'b2', 't', 'x', 'z1', 'z2']
    """
    parameters = _shapes(design)
    shapes = [(design.layers[0],), (design.layers[-1],), *([()] if design.weighted else []), *parameters.values()]
    names = ["x", "t", *(["s"] if design.weighted else []), *parameters]

    def network(*values: Any) -> Any:
        known = dict(zip(names, values, strict=True))
        a = known["x"]
        for layer, activation in enumerate(design.activation, 1):
            z = functions.named(known[f"W{layer}"] @ a + known[f"b{layer}"], f"z{layer}")
            a = functions.named(_activated(activation, z), f"a{layer}")
        error = _error(design, known["t"], a)
        return functions.named(known["s"] * error if design.weighted else error, "E")

    known = trace(network, *shapes, names=names).quantities()
    return Graph({label: one for label, one in known.items() if one.op is NAME})


def _shapes(design: Design) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    for layer, (sources, units) in enumerate(pairwise(design.layers), 1):
        found |= {f"W{layer}": (units, sources), f"b{layer}": (units,)}
    return found


def _activated(activation: Function, z: Traced) -> Any:
    if callable(activation):
        found = activation(z)
        if not isinstance(found, Traced) or found.shape != z.shape:
            raise ShapeError(
                "the activation does not give one value for each net input.", hint="Write it with chainrule.functions."
            )
        return found
    if activation == "exp":
        return functions.exp(z)
    return _formula(ACTIVATIONS[_OTHER_NAMES.get(activation, activation)].format(z="z"), z=z)


def _error(design: Design, t: Traced, o: Traced) -> Any:
    """The error of one example, a number; a function that gives one for each output is summed."""
    loss = design.loss
    if callable(loss):
        found = loss(t, o)
    elif loss == "quantile":
        over = t - o
        found = functions.maximum(design.quantile * over, (design.quantile - 1) * over)
    elif loss == "poisson":  # half the deviance, which is 0 where the output meets the target
        found = functions.where(t > 0, t * (functions.log(t) - functions.log(o)), 0) - t + o
    else:
        found = _formula(find_loss(_LOSSES.get(loss, loss)).formula("o", "t"), o=o, t=t)
    if not isinstance(found, Traced):
        raise ShapeError("the loss does not depend on the outputs.", hint="Write it as a function of (y_true, y_pred).")
    return functions.sum(found) if found.shape else found


_LOSSES: Final = {
    "squared_error": "half squared error",
    "log_loss": "cross entropy",
    "binary_log_loss": "binary cross entropy",
    "absolute_error": "absolute error",
}


def _formula(text: str, **values: Traced) -> Traced:
    """What a line of the formula language makes of these values."""
    written = f"found = {text}"

    def place(offset: int) -> Any:
        return locate(written, offset)

    block = Block(written, parse_definitions(written, known=values.__contains__, place=place), place)
    made = define([block], {name: value.node for name, value in values.items()})["found"]
    return Traced(made.args[0])
