"""What the classifier and the regressor have in common: parameters, fitting, convergence tests as in scikit-learn."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import pairwise
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator, _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_array, check_random_state
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.validation import _check_n_features, _check_sample_weight, check_is_fitted, validate_data

from chainrule.errors import ProblemError
from chainrule.estimators.epochs import Epochs
from chainrule.estimators.forward import layer_outputs, learned
from chainrule.estimators.insight import Insight
from chainrule.estimators.network import Design, hidden_activations
from chainrule.estimators.program import Solver
from chainrule.estimators.record import NOT_FINITE, Record
from chainrule.estimators.search import search
from chainrule.estimators.watching import CallbackSupportMixin, Watch, watching
from chainrule.quantity import Name, Quantity
from chainrule.training.sessions import copied

if TYPE_CHECKING:
    from numpy.typing import NDArray

OURS: Final = ("adagrad", "adamw", "quickprop", "rmsprop", "rprop")


class Multilayer(Insight, Record, CallbackSupportMixin, BaseEstimator):  # type: ignore[misc]
    """A multi-layer perceptron; use `MLPClassifier` or `MLPRegressor`."""

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012 - scikit-learn reads a class attribute
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [str, list, tuple, callable],
        "solver": [StrOptions({"lbfgs", "sgd", "adam", *OURS})],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose", StrOptions({"bar"})],
        "warm_start": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
        "max_fun": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "n_jobs": [Integral, None],
    }

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator, unused-ignore]
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Learn from X, dense or sparse, a row an example, and y; weights say how much each row counts."""
        return self._fit(X, y, sample_weight)

    def _fit(
        self, X: Any, y: Any, sample_weight: Any, *, incremental: bool = False, validation: Sequence[Any] | None = None
    ) -> Any:
        given, hidden = (X, y, sample_weight), self._hidden()
        first = not hasattr(self, "coefs_") or (not self.warm_start and not incremental)
        X, T = self._validate_input(X, y, incremental, first)
        weights = self._row_weights(X, y, sample_weight, incremental)
        layers = (X.shape[1], *hidden, T.shape[1])
        if not first:
            self._check_layers(layers, incremental)
        self.n_outputs_ = T.shape[1]
        self._random_state = check_random_state(self.random_state)
        if first:
            self._initialize(layers, X.dtype)
        self._design = Design(
            layers,
            (*hidden_activations(self.activation, hidden), self.out_activation_),
            self._loss_function(),
            quantile=float(getattr(self, "quantile", 0.5)),
        )
        held = None if validation is None else self._held(validation)
        tasks = 0 if incremental else self.max_iter + (self.solver == "lbfgs")
        with watching(self, given, tasks=tasks) as watch:
            if self.solver == "lbfgs":
                self._search(X, T, weights, watch)
            else:
                self._learn(X, T, weights, watch, held, incremental)
        if not all(np.isfinite(part).all() for part in (*self.coefs_, *self.intercepts_)):
            raise ValueError(NOT_FINITE)
        return self

    def _hidden(self) -> list[int]:
        sizes = self.hidden_layer_sizes
        found = list(sizes) if hasattr(sizes, "__iter__") else [sizes]
        if any(size <= 0 for size in found):
            raise ValueError(f"hidden_layer_sizes must be > 0, got {found}.")
        if any(size != int(size) for size in found):
            raise ProblemError(f"hidden_layer_sizes are {found}, expected whole numbers.")
        return [int(size) for size in found]

    def _check_layers(self, layers: tuple[int, ...], incremental: bool) -> None:
        before = (self.coefs_[0].shape[0], *[w.shape[1] for w in self.coefs_])
        if layers != before:
            hint = "Call fit to begin anew." if incremental else "Set warm_start=False to begin anew."
            raise ProblemError(f"the layers are {layers}, those of the fit before {before}.", hint=hint)

    def _row_weights(self, X: Any, y: Any, sample_weight: Any, incremental: bool) -> NDArray[Any] | None:
        if sample_weight is None:
            return None
        return np.asarray(_check_sample_weight(sample_weight, X, dtype=X.dtype))

    def _initialize(self, layers: Sequence[int], dtype: Any) -> None:
        """Weights and biases by the law of Glorot and Bengio, drawn as scikit-learn draws them."""
        self.n_iter_ = self.t_ = 0
        self.n_layers_ = len(layers)
        self.out_activation_ = self._output_activation()
        self.coefs_, self.intercepts_ = [], []
        for layer, (sources, units) in enumerate(pairwise(layers)):
            bound = np.sqrt(self._spread(layer) / (sources + units))
            self.coefs_.append(self._random_state.uniform(-bound, bound, (sources, units)).astype(dtype))
            self.intercepts_.append(self._random_state.uniform(-bound, bound, units).astype(dtype))
        self._begin_record()

    def _spread(self, layer: int) -> float:
        """Glorot's 6, or 2 for the logistic function: as the hidden layers have it, or of a list this layer."""
        names = self.activation if isinstance(self.activation, list | tuple) else [self.activation] * (layer + 1)
        return 2.0 if layer < len(names) and names[layer] in ("logistic", "sigmoid") else 6.0

    def _values(self) -> dict[Quantity, NDArray[Any]]:
        return learned(self._design, self.coefs_, self.intercepts_)

    def _take(self, values: dict[Quantity, NDArray[Any]], dtype: Any) -> None:
        """Make these values of the weights those of the estimator."""
        design = self._design
        self.coefs_ = [np.array(values[Name(name)].T, dtype, order="C") for name in design.weights]
        self.intercepts_ = [np.array(values[Name(name)], dtype) for name in design.biases]

    def _search(self, X: Any, T: NDArray[Any], weights: NDArray[Any] | None, watch: Watch) -> None:
        if self.dropout:
            raise ProblemError("solver='lbfgs' knows no dropout.", hint="Take solver='adam', or dropout=0.")
        self.n_iter_ = 0

        def seen(values: dict[Quantity, NDArray[Any]], loss: float) -> bool:
            if watch.is_close:
                self._take(values, X.dtype)
            self.n_iter_ += 1
            self.loss_ = loss
            self.loss_curve_.append(loss)
            self._say(f"Iteration {self.n_iter_}, loss = {loss:.8f}")
            watch.tell(self.n_iter_, loss, None)
            stop = watch.end()
            watch.begin("iteration")
            return stop

        watch.begin("iteration")
        found = search(
            self._weighted(weights), self._values(), X, T, weights, alpha=self.alpha, tolerance=self.tol,
            iterations=self.max_iter, calls=self.max_fun, seen=seen, threads=effective_n_jobs(self.n_jobs),
        )  # fmt: skip
        self._take(found.values, X.dtype)
        self.loss_, self.stopped_ = found.loss, found.converged or found.halted
        if not np.isfinite(found.loss):
            raise ValueError(f"{NOT_FINITE} In words: the loss of the weights to begin with is not finite.")
        if not self.stopped_:
            warnings.warn(
                f"lbfgs failed to converge after {self.n_iter_} iteration(s) (status={found.status}): {found.message}."
                " Increase the number of iterations (max_iter) or scale the data.",
                ConvergenceWarning,
                stacklevel=5,
            )

    def _weighted(self, weights: NDArray[Any] | None, *, dropout: float = 0.0) -> Design:
        design = self._design
        return Design(
            design.layers, design.activation, design.loss,
            quantile=design.quantile, dropout=dropout, weighted=weights is not None,
        )  # fmt: skip

    def _solver(self) -> Solver:
        rate = float(self.learning_rate_init)
        if self.solver == "sgd":
            options = (("momentum", self.momentum), ("nesterov", self.nesterovs_momentum)) if self.momentum else ()
            return Solver("sgd", options)
        if self.solver in ("adam", "adamw"):
            return Solver(self.solver, (("beta1", self.beta_1), ("beta2", self.beta_2), ("epsilon", self.epsilon)))
        return Solver(self.solver, first=rate if self.solver == "rprop" else 1.0)

    def _learn(
        self, X: Any, T: NDArray[Any], weights: NDArray[Any] | None, watch: Watch, held: list[Any] | None,
        incremental: bool,
    ) -> None:  # fmt: skip
        """Epochs until the loss, or with early stopping the score, no longer improves."""
        if not self._has_record():
            self._begin_record()
        if self.early_stopping and not incremental:
            X, T, weights, *held, watch.rows = self._hold_back(X, T, weights)
        run = Epochs(
            design=self._weighted(weights, dropout=float(self.dropout)), solver=self._solver(), X=X, T=T,
            weights=weights, batch=self._batch(len(T)), alpha=self.alpha, shuffle=self.shuffle,
            random=self._random_state, watched=self.early_stopping or incremental,
            most=1 if incremental else self.max_iter,
            threads=effective_n_jobs(self.n_jobs),
        )  # fmt: skip
        if incremental and hasattr(self, "_memory"):
            run.put(self._memory)
        else:
            self._rate = float(self.learning_rate_init)
        run.put(self._latest() if incremental else self._values())
        best = self._until_converged(run, X.dtype, held, watch, incremental)
        self._take(run.state, X.dtype)
        labels = {Name(name) for name in (*self._design.weights, *self._design.biases)}
        last = copied(run.state)
        run.close()
        self._memory: dict[Quantity, Any] = {label: part for label, part in last.items() if label not in labels}
        if held is not None:
            self.coefs_, self.intercepts_ = best
            self._ahead = best[0], {label: last[label] for label in labels}

    def _latest(self) -> dict[Quantity, NDArray[Any]]:
        """The weights that `partial_fit` goes on from: the last, where those of the best score are the estimator's."""
        best, latest = getattr(self, "_ahead", (None, {}))
        return latest if best is self.coefs_ else self._values()

    def _until_converged(
        self, run: Epochs, dtype: Any, held: list[Any] | None, watch: Watch, incremental: bool
    ) -> tuple[Any, Any]:
        """Run epochs, write down what they bring, and give the weights with the best score."""
        best = (self.coefs_, self.intercepts_)
        self.n_iter_ = 0
        try:
            while self.n_iter_ < self.max_iter:
                watch.begin("epoch")
                losses = run.run(self._rates(1 if watch.is_close else self._at_once(run), run.count))
                if held is not None or watch.is_close:
                    self._take(run.state, dtype)
                if self._record(losses, run.count, held):
                    best = (self.coefs_, self.intercepts_)
                if run.failed is not None:
                    self._diverged(run)
                    break
                watch.tell(self.n_iter_, self.loss_, self._rate)
                halted = watch.end()
                self.stopped_ = self._is_converged() or halted
                if self.stopped_ or incremental:
                    break
                if self.n_iter_ == self.max_iter:
                    warnings.warn(
                        f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) "
                        "reached and the optimization hasn't converged yet.",
                        ConvergenceWarning,
                        stacklevel=6,
                    )
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=6)
        return best

    def _check_validation(self, validation: Sequence[Any] | None) -> None:
        """Raises ProblemError unless `partial_fit` gets rows to be scored on just where it needs them."""
        if self.early_stopping and validation is None:
            raise ProblemError(
                "partial_fit does not support early_stopping=True without rows to be scored on.",
                hint="Give the same ones to every call: partial_fit(X, y, validation=(X_held, y_held)).",
            )
        if validation is not None and not self.early_stopping:
            raise ProblemError("validation is used by early stopping only.", hint="Set early_stopping=True.")
        if validation is not None and not (isinstance(validation, tuple | list) and len(validation) in (2, 3)):
            raise ProblemError("validation is not a pair (X, y), or (X, y, sample_weight).")

    def _held(self, validation: Sequence[Any]) -> list[Any]:
        """The rows that a `partial_fit` is scored on, checked like those it learns from."""
        given, y, *weights = validation
        X, T = self._validate_input(given, y, True, False)
        if T.shape[1] != self.n_outputs_:
            raise ProblemError(f"the y of validation has {T.shape[1]} outputs, expected {self.n_outputs_}.")
        return [X, T, np.asarray(_check_sample_weight(weights[0], X, dtype=X.dtype)) if weights else None]

    def _hold_back(self, X: Any, T: NDArray[Any], weights: NDArray[Any] | None) -> list[Any]:
        """X, T and weights to learn from; those held back to be scored; and which rows are learned from."""
        given = [X, T, np.arange(len(T)), *([] if weights is None else [weights])]
        found = train_test_split(
            *given,
            random_state=self._random_state,
            test_size=self.validation_fraction,
            stratify=self._strata(T),
        )
        if found[1].shape[0] < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
            )
        taken, held = (half if weights is not None else [*half, None] for half in (found[0::2], found[1::2]))
        return [*taken[:2], taken[3], *held[:2], held[3], taken[2]]

    def _batch(self, count: int) -> int:
        if self.batch_size == "auto":
            return min(200, count)
        if self.batch_size > count:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", stacklevel=6
            )
        return int(min(self.batch_size, count))

    def _at_once(self, run: Epochs) -> int:
        """How many epochs can be run before the next that may be the last, or needs to be looked at."""
        left = min(self.n_iter_no_change + 1 - self._no_improvement_count, self.max_iter - self.n_iter_)
        return int(max(1, min(left, run.at_once)))

    def _rates(self, epochs: int, count: int) -> list[float]:
        return [self._rate, *[self._rate_after(self.t_ + k * count) for k in range(1, epochs)]]

    def _outputs(self, X: Any) -> NDArray[Any]:
        """The last layer's outputs for rows that have been checked."""
        design = self._design
        (found,) = layer_outputs(design, self._values(), X, [len(design.activation)])
        return found.astype(self.coefs_[-1].dtype)

    def _checked(self, X: Any) -> Any:
        check_is_fitted(self)
        return validate_data(self, X, accept_sparse=["csr", "csc"], reset=False)

    def _checked_row(self, x: Any) -> Any:
        """One row as a matrix; the row of a table has its names, a plain one needs none."""
        check_is_fitted(self)
        if len(np.shape(x)) == 2:
            return self._checked(x)
        if hasattr(x, "index") and hasattr(x, "to_frame"):  # a row of a table of pandas
            return self._checked(x.to_frame().T)
        X = check_array(np.asarray(x)[None])
        _check_n_features(self, X, reset=False)
        return X

    def _is_incremental(self) -> bool:
        if self.solver == "lbfgs":
            raise AttributeError("partial_fit is only available for stochastic optimizers. lbfgs is not stochastic.")
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
