"""A model on many examples at once: what it predicts, its error, and the derivatives of that error.

The batched graph runs a block of rows at a time, so that memory stays small: as native code, or in NumPy where there
are so many nodes that compiling takes longer than it saves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from chainrule.dataclasses import dataclass
from chainrule.errors import ShapeError
from chainrule.evaluate import bind_sizes, compile_plan
from chainrule.graph import Graph, collector_paused
from chainrule.node import INPUT, Node, label_of, order
from chainrule.numbers.vectorised import numpy_numbers
from chainrule.quantity import Derivative, Name, Quantity, spell
from chainrule.training.arrays import as_classes, check_finite, columns
from chainrule.training.haste import lost_in_haste
from chainrule.transforms.batch import batch, batch_loss
from chainrule.transforms.reverse import reverse
from chainrule.transforms.stabilise import running

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.targets.llvm.function import Function
    from chainrule.targets.llvm.scalar_function import ScalarFunction
    from chainrule.training.model import DType, Model

ROWS: Final = 512  # as many as fit a processor's cache
LARGE: Final = 500  # nodes
_SHORT: Final = 2e-5  # seconds that a call may lose in code made in haste, because as many are for the call itself


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Examples, checked: the inputs that change with the example, and their values, one row an example."""

    nodes: tuple[Node, ...]
    parts: tuple[NDArray[Any], ...]

    @property
    def count(self) -> int:
        """How many examples there are; a model that takes none has one."""
        return len(self.parts[0]) if self.parts else 1

    def rows(self, at: Any) -> Examples:
        """Some of the rows: a slice, or their numbers."""
        return Examples(self.nodes, tuple([part[at] for part in self.parts]))

    def values(self, dtype: str = "float64") -> dict[Quantity, NDArray[Any]]:
        """The values by label."""
        return {label_of(one): np.asarray(part, dtype) for one, part in zip(self.nodes, self.parts, strict=True)}

    def blocks(self, rows: int = ROWS) -> Iterator[Examples]:
        """All of them, a block at a time."""
        for start in range(0, self.count, rows):
            yield self.rows(slice(start, start + rows))


def examples(model: Model, X: object, T: object, *, needs_targets: bool = True) -> Examples:
    """X and T as the model's inputs and targets. Raises ShapeError for what does not fit, and for nan and inf."""
    if X is None and model.inputs:
        raise ShapeError("found no inputs.", hint="Give X, a row an example.")
    if not model.inputs and X is not None and not (isinstance(X, Mapping) and not X):
        raise ShapeError("found inputs, but this model has none.", hint="Give None.")
    found = columns("X", X, model.inputs) if model.inputs else []
    parts = list(zip(model.inputs, found, strict=True))
    if needs_targets and model.targets:
        if T is None:
            raise ShapeError("found no targets.", hint="Give T, a row an example.")
        found = columns("T", as_classes(T, model.targets), model.targets)
        parts += zip(model.targets, found, strict=True)
        if parts and len(found[0]) != len(parts[0][1]):
            raise ShapeError(f"X has {len(parts[0][1])} rows, but T has {len(found[0])}.")
    elif T is not None and not model.targets:
        raise ShapeError("found targets, but this model has none.", hint="Leave T out.")
    several = len(model.inputs) > 1
    for at, (one, part) in enumerate(parts):
        plain = "X" if at < len(model.inputs) else "T"
        check_finite(spell(label_of(one)) if several or isinstance(X, Mapping) else plain, part, model.dtype)
    return Examples(tuple([one for one, _ in parts]), tuple([part for _, part in parts]))


def predict(model: Model, X: object, parameters: Mapping[str, NDArray[Any]] | None = None) -> NDArray[Any]:
    """The outputs, a row an example; with the model's own parameters, or with others."""
    given = examples(model, X, None, needs_targets=False)
    if not given.count:
        raise ShapeError("X has no rows.", hint="Give at least one example.")
    graph = _forward(model.graph, model.outputs, _varying(model))
    roots, learned = (
        tuple([graph.outputs[label] for label in model.outputs]),
        learned_values(parameters or model.parameters),
    )
    found = []
    for block in given.blocks():
        parts = values_of(roots, block, learned, dtype=model.dtype)
        parts = [np.broadcast_to(part, (block.count, *np.shape(part)[1:])) for part in parts]
        found.append(parts[0] if len(parts) == 1 and parts[0].ndim > 1 else np.column_stack(parts))
    return np.concatenate(found).astype(model.dtype)


def loss(model: Model, X: object, T: object, *, over: Literal["sum", "mean"]) -> float:
    """The sum or mean of the error over the examples."""
    return error_at(model, filled(examples(model, X, T)), model.parameters, over=over)


def error_at(model: Model, given: Examples, parameters: Mapping[str, NDArray[Any]], *, over: str = "mean") -> float:
    """The error of examples that have been checked, with these values of the parameters."""
    root, learned = error_graph(model).outputs[model.minimise], learned_values(parameters)
    total = sum(float(values_of((root,), block, learned, dtype=model.dtype)[0]) for block in given.blocks())
    return total / given.count if over == "mean" else total


def gradient(model: Model, X: object, T: object, *, over: Literal["sum", "mean"]) -> dict[str, NDArray[Any]]:
    """The derivatives of the error by the parameters."""
    given, graph = filled(examples(model, X, T)), backward_graph(model)
    roots = tuple([graph.outputs[Derivative(model.minimise, Name(name))] for name in model.learning])
    learned = learned_values(model.parameters)
    totals: list[Any] = [0.0] * len(roots)
    for block in given.blocks():
        totals = [
            total + value
            for total, value in zip(totals, values_of(roots, block, learned, dtype=model.dtype), strict=True)
        ]
    scale = given.count if over == "mean" else 1
    found = {name: total / scale for name, total in zip(model.learning, totals, strict=True)}
    return {
        name: np.broadcast_to(np.asarray(found.get(name, 0.0), model.dtype), value.shape).copy()
        for name, value in model.parameters.items()
    }


def values_of(
    roots: tuple[Node, ...], given: Examples, learned: Mapping[Quantity, Any], *, dtype: DType = "float64"
) -> list[Any]:
    """The values of nodes of a batched graph for some examples."""
    if _small(roots):
        lost = lost_in_haste(0, given.count, sum([np.size(value) for value in learned.values()]))
        parts = {label_of(one): part for one, part in zip(given.nodes, given.parts, strict=True)}
        return list(_native(roots, dtype, lost < _SHORT)({**parts, **learned}, sizes={"N": given.count}).values())
    values = {**given.values(), **{label: np.asarray(value, float) for label, value in learned.items()}}
    return values_in_numpy(roots, values, given.count)


def values_in_numpy(
    roots: tuple[Node, ...], values: Mapping[Quantity, Any], rows: int, dtype: DType = "float64"
) -> list[Any]:
    """The values of nodes of a batched graph from those of the inputs, one operation after the other."""
    labels, plan = _plan(roots, rows, dtype)
    with numpy_numbers().s.context():
        return plan(*[values[label] for label in labels])


@lru_cache(maxsize=64)
def _small(roots: tuple[Node, ...]) -> bool:
    return len(order(roots)) <= LARGE


@lru_cache(maxsize=64)
def _native(roots: tuple[Node, ...], dtype: DType, hasty: bool) -> Function | ScalarFunction:
    with collector_paused():
        from chainrule.targets.llvm.cached import cached_function

        return cached_function({Name(f"#{at}"): root for at, root in enumerate(roots)}, dtype=dtype, hasty=hasty)


@lru_cache(maxsize=64)
def _plan(roots: tuple[Node, ...], rows: int, dtype: DType) -> tuple[tuple[Quantity, ...], Callable[..., list[Any]]]:
    """The labels of the inputs that some nodes depend on, and the function from their values to the nodes'."""
    inputs = [one for one in order(roots) if one.op is INPUT]
    bound = bind_sizes([*roots, *inputs], {"N": rows})
    plan = compile_plan(bound[: len(roots)], bound[len(roots) :], numbers=numpy_numbers(dtype))
    return tuple([label_of(one) for one in inputs]), plan


def filled(given: Examples) -> Examples:
    """The examples; raises ShapeError if there are none."""
    if not given.count:
        raise ShapeError("found no examples.", hint="Give at least one row.")
    return given


def learned_values(parameters: Mapping[str, NDArray[Any]]) -> dict[Quantity, Any]:
    """The values of parameters by label."""
    return {Name(name): value for name, value in parameters.items()}


def error_graph(model: Model) -> Graph:
    """The error of N examples, summed, in the form that is computed."""
    return _summed(model.graph, model.minimise, _varying(model))


def backward_graph(model: Model) -> Graph:
    """The same with the derivatives by all parameters."""
    return _reversed(model.graph, model.minimise, _varying(model), model.learning)


def _varying(model: Model) -> tuple[Quantity, ...]:
    return tuple([label_of(one) for one in (*model.inputs, *model.targets)])


@lru_cache(maxsize=64)
def _forward(graph: Graph, labels: tuple[Quantity, ...], varying: tuple[Quantity, ...]) -> Graph:
    plain = running(graph, labels)
    inputs = plain.inputs()
    return batch(plain, [label for label in varying if label in inputs], "N")


@lru_cache(maxsize=64)
def _summed(graph: Graph, error: Quantity, varying: tuple[Quantity, ...]) -> Graph:
    plain = running(graph, [error])
    inputs = plain.inputs()
    changing = [label for label in varying if label in inputs]
    return batch_loss(plain, error, changing, over="sum") if changing else plain


@lru_cache(maxsize=64)
def _reversed(graph: Graph, error: Quantity, varying: tuple[Quantity, ...], by: tuple[str, ...]) -> Graph:
    return reverse(_summed(graph, error, varying), error, [Name(name) for name in by])
