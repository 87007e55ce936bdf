"""What the contenders of a speed comparison are given: one network, its first weights, its examples, its update rule.

Everything is drawn by NumPy from fixed seeds, so that all contenders have the same numbers, and what one has learned is
judged here, in float64, by one and the same formula.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import erf, sqrt
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any  # of NumPy; its type has more parameters than a benchmark cares for
Parameters: TypeAlias = Mapping[str, Array]  # W1 (units, inputs), b1 (units), W2, ...

JUDGED = 2_000  # examples whose error is computed, at most
MOMENTUM, BETA1, BETA2, EPSILON = 0.9, 0.9, 0.999, 1e-8


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is trained, on how many examples an epoch (`rows`), and on how many threads.

    An output of softmax goes with cross entropy, any other with half the squared error; of a batch the mean is taken.
    """

    layers: tuple[int, ...]
    batch: int
    rows: int
    hidden: str = "sigmoid"
    output: str = "sigmoid"
    rule: str = "sgd"
    rate: float = 0.1
    dtype: str = "float32"
    threads: int = 1

    @property
    def online(self) -> bool:
        """Whether one example makes an update."""
        return self.batch == 1

    @property
    def activations(self) -> tuple[str, ...]:
        """The activation of each layer with weights."""
        return (self.hidden,) * (len(self.layers) - 2) + (self.output,)

    @property
    def operations(self) -> int:
        """The floating point operations of an update's products: forward, for the deltas, and for the weights."""
        sizes = [a * b for a, b in pairwise(self.layers)]
        return 2 * self.batch * (3 * sum(sizes) - sizes[0])

    def __str__(self) -> str:
        shown = self.layers if len(self.layers) < 10 else (*self.layers[:2], "...", self.layers[-1])
        return "-".join(map(str, shown))


def start(task: Task) -> dict[str, Array]:
    """The first weights and biases, uniform within 1/√(number of inputs)."""
    random = np.random.default_rng(1)
    found: dict[str, Array] = {}
    for layer, (inputs, units) in enumerate(pairwise(task.layers), 1):
        width = 1 / np.sqrt(inputs)
        found[f"W{layer}"] = random.uniform(-width, width, (units, inputs)).astype(task.dtype)
        found[f"b{layer}"] = random.uniform(-width, width, units).astype(task.dtype)
    return found


def examples(task: Task) -> tuple[Array, Array]:
    """Inputs, uniform between -1/2 and 1/2, and as targets a random one of the outputs is 1."""
    random = np.random.default_rng(0)
    X = random.uniform(-0.5, 0.5, (task.rows, task.layers[0])).astype(task.dtype)
    outputs = task.layers[-1]
    if outputs == 1:
        return X, random.integers(0, 2, (task.rows, 1)).astype(task.dtype)
    return X, np.eye(outputs, dtype=task.dtype)[random.integers(0, outputs, task.rows)]


def error(task: Task, parameters: Parameters) -> float:
    """The mean error over the first examples, in float64."""
    X, T = (part[:JUDGED].astype(float) for part in examples(task))
    a = X
    for layer, name in enumerate(task.activations, 1):
        z = a @ np.asarray(parameters[f"W{layer}"], float).T + np.asarray(parameters[f"b{layer}"], float)
        a = z if name == "softmax" else ACTIVATIONS[name](z)
    if task.output == "softmax":
        z = a - a.max(1, keepdims=True)
        return float((np.log(np.exp(z).sum(1)) - (T * z).sum(1)).mean())
    return float(0.5 * ((T - a) ** 2).sum(1).mean())


def moved(task: Task, parameters: Parameters) -> float:
    """How far the parameters are from the first ones."""
    first = start(task)
    return sqrt(sum(float(((np.asarray(parameters[name], float) - first[name]) ** 2).sum()) for name in first))


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "linear": lambda z: z,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.maximum(z, 0.01 * z),
    "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
    "softplus": lambda z: np.logaddexp(z, 0),
    "gelu": lambda z: 0.5 * z * (1 + np.vectorize(erf)(z / np.sqrt(2))),
}
