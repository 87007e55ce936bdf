"""L-BFGS by SciPy: a search along directions instead of an update rule, on all examples at once."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from chainrule.errors import MissingPartError, ProblemError
from chainrule.evaluate import evaluate
from chainrule.node import input_node
from chainrule.numbers.vectorised import numpy_numbers
from chainrule.quantity import Derivative, Name, Quantity
from chainrule.training.evaluation import Examples, error_at
from chainrule.training.history import History
from chainrule.training.rules import Lbfgs
from chainrule.training.step import Penalties, objective
from chainrule.training.stopping import Stop
from chainrule.transforms.reverse import reverse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.training.model import Model


def train_lbfgs(
    model: Model,
    given: Examples,
    rule: Lbfgs,
    *,
    held: Examples | None,
    keep: str,
    epochs: int,
    updates: int | None,
    over: Literal["sum", "mean"],
    stop: Stop,
    penalties: Penalties,
    halt: Callable[[], bool],
    halted_by: Callable[[], str],
) -> History:
    """Minimise the error by SciPy's L-BFGS-B, in place: an epoch of the history is an iteration, an update a gradient.

    Raises MissingPartError without SciPy, ProblemError for what has no gradient here: L1 and dropout.
    """
    try:
        from scipy.optimize import minimize
    except ImportError:
        raise MissingPartError("L-BFGS needs SciPy.", hint="Install it: pip install 'chainrule[train]'") from None
    if penalties.l1 or penalties.dropout:
        raise ProblemError("L-BFGS takes neither l1 nor dropout.", hint="Use l2, or an update rule such as adam.")
    value = _objective(model, given, over, penalties)
    rows: list[dict[str, Any]] = []
    calls, ended, began = 0, "converged", perf_counter()
    best = (float("inf"), 0, _flat(model))

    def counted(flat: NDArray[Any]) -> tuple[float, NDArray[Any]]:
        nonlocal calls
        calls += 1
        return value(flat)

    def each(*, intermediate_result: Any) -> None:
        nonlocal ended, best
        error = judged = float(intermediate_result.fun)
        row = {"epoch": len(rows) + 1, "updates": calls, "error": error, "rate": 1.0}
        _put(model, intermediate_result.x)
        if held is not None:
            row["validation"] = judged = error_at(model, held, model.parameters)
        rows.append(row)
        if judged < best[0]:
            best = (judged, len(rows), intermediate_result.x.copy())
        reason = stop.reason(rows, len(rows) - best[1])
        if reason is None and updates is not None and calls >= updates:
            reason = "updates"
        if reason is not None or halt():
            ended = reason or halted_by()
            raise StopIteration

    options = {"maxcor": rule.memory, "maxiter": epochs, "ftol": rule.tolerance, "gtol": 0.0, "maxfun": 20 * epochs}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        found = minimize(counted, _flat(model), jac=True, method="L-BFGS-B", callback=each, options=options)
    _put(model, best[2] if keep == "best" or not np.isfinite(found.x).all() else found.x)
    if ended == "converged" and len(rows) >= epochs:
        ended = "epochs"
    return History(tuple(rows), ended, calls, perf_counter() - began, best[1] if keep == "best" else None)


def _objective(
    model: Model, given: Examples, over: Literal["sum", "mean"], penalties: Penalties
) -> Callable[[NDArray[Any]], tuple[float, NDArray[Any]]]:
    """The error and its gradient as functions of all parameters in one vector."""
    graph, _ = objective(model, over=over, penalties=penalties, counter=input_node(Name("update")))
    labels = [Name(name) for name in model.learning]
    done = reverse(graph, model.minimise, labels)
    roots = [done.outputs[model.minimise], *[done.outputs[Derivative(model.minimise, label)] for label in labels]]
    values = given.values()

    def value(flat: NDArray[Any]) -> tuple[float, NDArray[Any]]:
        parts: dict[Quantity, Any] = dict(zip(labels, _parts(model, flat), strict=True))
        error, *slopes = evaluate(roots, {**values, **parts}, numbers=numpy_numbers())
        return float(error), np.concatenate([np.ravel(slope) for slope in slopes])

    return value


def _learned(model: Model) -> list[NDArray[Any]]:
    return [model.parameters[name] for name in model.learning]


def _flat(model: Model) -> NDArray[Any]:
    return np.concatenate([np.ravel(np.asarray(value, float)) for value in _learned(model)])


def _parts(model: Model, flat: NDArray[Any]) -> list[NDArray[Any]]:
    ends = np.cumsum([value.size for value in _learned(model)])[:-1]
    shapes = [value.shape for value in _learned(model)]
    return [part.reshape(shape) for part, shape in zip(np.split(flat, ends), shapes, strict=True)]


def _put(model: Model, flat: NDArray[Any]) -> None:
    for name, part in zip(model.learning, _parts(model, flat), strict=True):
        model.parameters[name] = part
