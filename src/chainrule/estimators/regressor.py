"""`MLPRegressor`: numbers, one or several for each row, under many losses."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import RegressorMixin, _fit_context
from sklearn.metrics import r2_score
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import validate_data

from chainrule.errors import ProblemError
from chainrule.estimators.base import Multilayer
from chainrule.estimators.forward import dense
from chainrule.estimators.network import Function

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOSSES = ("squared_error", "poisson", "absolute_error", "huber", "log_cosh", "quantile")


class MLPRegressor(RegressorMixin, Multilayer):  # type: ignore[misc]
    """A multi-layer perceptron that predicts numbers, with scikit-learn's parameters, attributes and laws.

    Beyond scikit-learn's: `loss` is also "absolute_error", "huber", "log_cosh", "quantile" (of which `quantile` says
    the level), or a function of (y_true, y_pred), traced once; `activation`, `solver`, `dropout` and `n_jobs` are
    as in `MLPClassifier`. Equal seeds give the weights that scikit-learn starts from, and its batches.

    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]
    >>> model = MLPRegressor(activation="identity", solver="lbfgs", alpha=0, random_state=1).fit(X, y)
    >>> model.predict([[10.0]]).round(2).tolist()
    [21.0]
    """

    _parameter_constraints = {  # noqa: RUF012
        **Multilayer._parameter_constraints,
        "loss": [StrOptions(set(LOSSES)), callable],
        "quantile": [Interval(Real, 0, 1, closed="neither")],
    }

    def __init__(
        self,
        loss: Any = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        quantile: float = 0.5,
        dropout: float = 0.0,
        n_jobs: int | None = None,
    ) -> None:
        self.loss = loss
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.quantile = quantile
        self.dropout = dropout
        self.n_jobs = n_jobs

    @available_if(lambda estimator: estimator._is_incremental())  # type: ignore[untyped-decorator, unused-ignore]
    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator, unused-ignore]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, *, validation: Any = None) -> Any:
        """One more epoch, on these rows; with early stopping `validation` is as in `MLPClassifier.partial_fit`."""
        self._check_validation(validation)
        return self._fit(X, y, sample_weight, incremental=True, validation=validation)

    def predict(self, X: Any) -> NDArray[Any]:
        """The number predicted for each row of X, or a row of several."""
        found = self._outputs(self._checked(X))
        return found.ravel() if found.shape[1] == 1 else found

    def _validate_input(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, NDArray[Any]]:
        X, y = validate_data(
            self, X, y, accept_sparse=["csr", "csc"], multi_output=True, y_numeric=True,
            dtype=(np.float64, np.float32), reset=reset,
        )  # fmt: skip
        y = dense(y)
        if y.dtype.kind in "SUM":
            raise ProblemError(f"y has {y.flat[0]!r}, expected numbers.")
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if self.loss == "poisson" and np.min(y) < 0:
            raise ProblemError(f"y has {np.min(y)}, expected counts of 0 or more for loss='poisson'.")
        return X, self._targets(y).astype(X.dtype)

    def _targets(self, y: Any) -> NDArray[Any]:
        found = dense(y).astype(float)
        return found[:, None] if found.ndim == 1 else found

    def _output_activation(self) -> str:
        return "exp" if self.loss == "poisson" else "identity"

    def _loss_function(self) -> Function:
        return self.loss  # type: ignore[no-any-return, unused-ignore]

    def _strata(self, T: NDArray[Any]) -> None:
        return None

    def _score(self, X: Any, T: NDArray[Any], weights: NDArray[Any] | None) -> float:
        found = self._outputs(X)
        return float(r2_score(T, found, sample_weight=weights)) if np.isfinite(found).all() else float("nan")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
