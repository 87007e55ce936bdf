"""L-BFGS by SciPy, as scikit-learn calls it; value and slopes of all rows come from one call of a native kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from chainrule.dataclasses import dataclass
from chainrule.estimators.forward import dense
from chainrule.estimators.network import Design
from chainrule.estimators.program import ALPHA, SHARE, TOTAL, slope_label, slope_program
from chainrule.node import label_of
from chainrule.quantity import Name, Quantity
from chainrule.training.haste import lost_in_haste
from chainrule.training.kernels import native_kernel
from chainrule.training.sessions import session_of
from chainrule.training.teams import team_of

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Found:
    """Where a search ended: the parameters, the loss there, and how; SciPy's status and message say why."""

    values: dict[Quantity, NDArray[Any]]
    loss: float
    halted: bool
    status: int
    message: str

    @property
    def converged(self) -> bool:
        """Whether it ended because nothing gets better."""
        return self.status == 0


def search(
    design: Design,
    values: dict[Quantity, NDArray[Any]],
    X: Any,
    T: NDArray[Any],
    weights: NDArray[Any] | None,
    *,
    alpha: float,
    tolerance: float,
    iterations: int,
    calls: int,
    seen: Callable[[dict[Quantity, NDArray[Any]], float], bool],
    threads: int = 1,
) -> Found:
    """Minimise the error over all rows, from these values; `seen` gets those of each iteration, and may halt it."""
    from scipy.optimize import minimize

    program = slope_program(design)
    most = min(calls, 2 * iterations)  # a line search seldom takes a second call
    numbers = sum([value.size for value in values.values()])
    lost, team = lost_in_haste(most, most * len(T), numbers), team_of(threads, len(T), numbers)
    kernel = native_kernel(program, error=TOTAL, dtype="float64", lost=lost, team=team > 1)
    parts: dict[Quantity, Any] = {Name("x"): dense(X), Name("t"): T}
    if weights is not None:
        parts[Name("s")] = weights
    parts = {label_of(one): np.ascontiguousarray(parts[label_of(one)], np.float64) for one in program.examples}
    count = len(T)
    total = count if weights is None else float(weights.sum())
    scalars: dict[Quantity, Any] = {ALPHA: np.array([float(alpha)]), SHARE: np.array([1 / total])}
    session = session_of(kernel, program, batch=count, dtype="float64", threads=team)
    rows, error, halted = np.arange(count), np.empty(1), False

    def value(flat: NDArray[Any]) -> tuple[float, NDArray[Any]]:
        made = session.run(parts, rows, scalars, error, given=_parts(flat, values))
        slopes = np.concatenate([session.state[slope_label(label)].ravel() for label in values])
        return (float(error[0]), slopes) if made else (float("inf"), np.zeros_like(flat))

    def reported(values: dict[Quantity, NDArray[Any]], error: float) -> float:
        """The loss of an error, of which the penalty is no mean over outputs."""
        penalty = alpha / 2 / total * sum(float(np.square(values[Name(name)]).sum()) for name in design.weights)
        return (error - penalty) / design.divisor + penalty

    def each(*, intermediate_result: Any) -> None:
        nonlocal halted
        found = _parts(intermediate_result.x, values)
        halted = seen(found, reported(found, float(intermediate_result.fun)))
        if halted:
            raise StopIteration

    flat = np.concatenate([np.asarray(part, float).ravel() for part in values.values()])
    options = {"maxfun": calls, "maxiter": iterations, "gtol": tolerance}
    with threadpool_limits(1, user_api="blas"):  # vectors of this size are not worth a second thread
        found = minimize(value, flat, method="L-BFGS-B", jac=True, callback=each, options=options)
    last = _parts(found.x, values)
    return Found(last, reported(last, float(found.fun)), halted, int(found.status), str(found.message))


def _parts(flat: NDArray[Any], like: dict[Quantity, NDArray[Any]]) -> dict[Quantity, NDArray[Any]]:
    ends = np.cumsum([part.size for part in like.values()])[:-1]
    cut = np.split(np.asarray(flat, float), ends)
    return {label: part.reshape(one.shape) for (label, one), part in zip(like.items(), cut, strict=True)}
