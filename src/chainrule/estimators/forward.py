"""Fitted networks on many rows: outputs, activations, error, and what the outputs owe to the inputs.

All are values of the estimator's graph, evaluated a block of rows at a time; sparse rows are filled in block by block.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from chainrule.estimators.network import Design, graph_of_design, untrained_model
from chainrule.graph import Graph
from chainrule.node import Node, name_node
from chainrule.ops.matrix import INDEX
from chainrule.quantity import Derivative, Name, Quantity
from chainrule.training.evaluation import Examples, error_graph, values_of
from chainrule.transforms.batch import batch, batch_loss
from chainrule.transforms.reverse import reverse
from chainrule.transforms.stabilise import running

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK: Final = 1 << 21  # numbers of X that are worked on at a time
X_LABEL: Final = Name("x")


def learned(
    design: Design, coefs: Sequence[NDArray[Any]], intercepts: Sequence[NDArray[Any]]
) -> dict[Quantity, NDArray[Any]]:
    """The values of weights and biases by label; coefs have a column per unit, as in scikit-learn."""
    found: dict[Quantity, NDArray[Any]] = {}
    for name, w in zip(design.weights, coefs, strict=True):
        found[Name(name)] = np.asarray(w, float).T
    for name, b in zip(design.biases, intercepts, strict=True):
        found[Name(name)] = np.asarray(b, float)
    return found


def layer_outputs(
    design: Design, values: Mapping[Quantity, Any], X: Any, layers: Sequence[int]
) -> list[NDArray[np.float64]]:
    """The activations of some layers, a row for each row of X."""
    graph = _forward(design)
    return _values(design, tuple([graph.outputs[Name(f"a{layer}")] for layer in layers]), values, X)


def input_slopes(design: Design, values: Mapping[Quantity, Any], X: Any) -> NDArray[np.float64]:
    """The derivatives of each output by each input: rows, outputs, inputs."""
    roots = _input_slopes(design)
    return np.stack(_values(design, roots, values, X), axis=1)


def mean_error(
    design: Design, values: Mapping[Quantity, Any], X: Any, T: NDArray[Any], weights: NDArray[Any] | None
) -> float:
    """The error without the penalty: its mean over the rows, weighted."""
    model = untrained_model(design)
    root = error_graph(model).outputs[model.minimise]
    nodes = (*model.inputs, *model.targets)
    total = 0.0
    for rows, block in blocks(X):
        parts = [block, T[rows], *([] if weights is None else [weights[rows]])]
        total += float(values_of((root,), Examples(nodes, tuple(parts)), values)[0])
    count = len(T) if weights is None else float(weights.sum())
    return total / count / design.divisor


def blocks(X: Any) -> Iterator[tuple[slice, NDArray[Any]]]:
    """X a block of rows at a time, dense."""
    size = max(1, BLOCK // max(1, X.shape[1]))
    for start in range(0, X.shape[0], size):
        rows = slice(start, start + size)
        yield rows, dense(X[rows])


def dense(X: Any) -> NDArray[Any]:
    """The same numbers as an array."""
    return np.asarray(X.toarray() if hasattr(X, "toarray") else X)


def _values(
    design: Design, roots: tuple[Node, ...], values: Mapping[Quantity, Any], X: Any
) -> list[NDArray[np.float64]]:
    inputs = untrained_model(design).inputs
    found = [values_of(roots, Examples(inputs, (block,)), values) for _, block in blocks(X)]
    return [np.concatenate(parts) for parts in zip(*found, strict=True)]


@lru_cache(maxsize=64)
def _forward(design: Design) -> Graph:
    """The activations of all layers for N rows."""
    labels = [Name(f"a{layer}") for layer in range(1, len(design.layers))]
    return batch(running(graph_of_design(design), labels), [X_LABEL], "N")


@lru_cache(maxsize=64)
def _input_slopes(design: Design) -> tuple[Node, ...]:
    """For each output the derivatives of its sum over N rows by all of X: each row's own."""
    plain = running(graph_of_design(design), [Name(design.output)])
    outputs = plain.outputs[Name(design.output)]
    found = []
    for k in range(design.layers[-1]):
        label = Name("one_output")
        one = Graph({label: name_node(label, INDEX(outputs, attribute=(k,)))})
        summed = batch_loss(one, label, [X_LABEL], over="sum")
        found.append(reverse(summed, label, [X_LABEL]).outputs[Derivative(label, X_LABEL)])
    return tuple(found)
