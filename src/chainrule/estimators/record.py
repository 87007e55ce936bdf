"""What a fit writes down - losses, scores, how often neither improved - and when, by these, it is over.

The laws are those of scikit-learn, to the last message.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from chainrule.estimators.epochs import Epochs
from chainrule.estimators.forward import mean_error

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMALLEST_RATE: Final = 1e-6  # below which `adaptive` gives up
NOT_FINITE: Final = (
    "Solver produced non-finite parameter weights. The input data may contain large values and need to be preprocessed."
)


class Record:
    """Methods of estimators; the class that has them brings the parameters, `_weighted`, `_values` and `_score`."""

    early_stopping: bool
    learning_rate: str
    learning_rate_init: float
    n_iter_no_change: float
    power_t: float
    solver: str
    tol: float
    verbose: Any
    coefs_: list[NDArray[Any]]
    intercepts_: list[NDArray[Any]]
    n_iter_: int
    t_: int

    def _begin_record(self) -> None:
        self.stopped_ = False
        self.loss_curve_: list[float] = []
        if self.solver == "lbfgs":
            return
        self._no_improvement_count = 0
        self.validation_scores_: Any = [] if self.early_stopping else None
        self.validation_loss_curve_: Any = [] if self.early_stopping else None
        self.best_validation_score_: Any = -np.inf if self.early_stopping else None
        self.best_loss_: Any = None if self.early_stopping else np.inf

    def _has_record(self) -> bool:
        """Whether the fit before has left the record that this one goes on with."""
        scored = getattr(self, "validation_scores_", None) is not None
        return hasattr(self, "_no_improvement_count") and scored == self.early_stopping

    def _rate_after(self, seen: int) -> float:
        if self.solver != "adam" and self.learning_rate == "invscaling":
            return float(self.learning_rate_init / (seen + 1) ** self.power_t)
        return self._rate

    def _record(self, losses: Sequence[float], count: int, held: list[Any] | None) -> bool:
        """Write down what epochs brought; whether the last is the best so far by its score."""
        better = False
        for loss in losses:
            self.n_iter_ += 1
            self.t_ += count
            self.loss_ = loss
            self.loss_curve_.append(loss)
            self._say(f"Iteration {self.n_iter_}, loss = {loss:.8f}")
            if held is None:
                self._count(loss <= self.best_loss_ - self.tol)
                self.best_loss_ = min(self.best_loss_, loss)
            else:
                better = self._judge(*held)
        self._rate = self._rate_after(self.t_)
        return better

    def _judge(self, X: Any, T: NDArray[Any], weights: NDArray[Any] | None) -> bool:
        score = nan = float("nan")
        if np.isfinite(self.loss_) and all(np.isfinite(part).all() for part in (*self.coefs_, *self.intercepts_)):
            with np.errstate(over="ignore", invalid="ignore"):  # on the way to overflow
                score = self._score(X, T, weights)
                self.validation_loss_curve_.append(mean_error(self._weighted(weights), self._values(), X, T, weights))
        else:
            self.validation_loss_curve_.append(nan)
        self.validation_scores_.append(score)
        self._say(f"Validation score: {score:f}")
        self._count(not score < self.best_validation_score_ + self.tol)
        better = score > self.best_validation_score_
        if better:
            self.best_validation_score_ = score
        return bool(better)

    def _count(self, improved: bool) -> None:
        self._no_improvement_count = 0 if improved else self._no_improvement_count + 1

    def _is_converged(self) -> bool:
        if self._no_improvement_count <= self.n_iter_no_change:
            return False
        what = "Validation score" if self.early_stopping else "Training loss"
        text = f"{what} did not improve more than tol={self.tol:f} for {self.n_iter_no_change} consecutive epochs."
        ended, then = True, "Stopping."
        if self.solver != "adam" and self.learning_rate == "adaptive":
            ended = self._rate <= SMALLEST_RATE
            then = "Learning rate too small. Stopping."
            if not ended:
                self._rate /= 5.0
                self._no_improvement_count = 0
                then = f"Setting learning rate to {self._rate:f}"
        self._say(f"{text} {then}")
        return bool(ended)

    def _diverged(self, run: Epochs) -> None:
        """Raises ValueError, or with early stopping warns, because the best weights are kept."""
        where = f"training diverged in epoch {self.n_iter_}, update {run.failed}"
        what = f"{where}: the first value that is not finite is {run.first_bad()}."
        if not self.early_stopping:
            raise ValueError(f"{NOT_FINITE} In words: {what}")
        warnings.warn(
            f"{what} The best weights so far are kept. Take a lower learning_rate_init.",
            ConvergenceWarning,
            stacklevel=7,
        )

    def _say(self, line: str) -> None:
        if self.verbose and self.verbose != "bar":
            print(line)

    _rate: float

    def _weighted(self, weights: NDArray[Any] | None) -> Any:
        raise NotImplementedError

    def _values(self) -> Any:
        raise NotImplementedError

    def _score(self, X: Any, T: NDArray[Any], weights: NDArray[Any] | None) -> float:
        raise NotImplementedError
