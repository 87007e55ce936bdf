"""`MLPClassifier`: classes, several labels at once, and probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.metrics import accuracy_score
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, type_of_target, unique_labels
from sklearn.utils.validation import validate_data

from chainrule.errors import ProblemError
from chainrule.estimators.base import Multilayer
from chainrule.estimators.forward import dense
from chainrule.estimators.network import Function

if TYPE_CHECKING:
    from numpy.typing import NDArray


class MLPClassifier(ClassifierMixin, Multilayer):  # type: ignore[misc]
    """A multi-layer perceptron that tells classes apart, with scikit-learn's parameters, attributes and laws.

    Beyond scikit-learn's: `activation` may be any of this project's, a list with one for each hidden layer, or a
    function; `loss` a function of (y_true, y_pred), traced once; `solver` also adagrad, adamw, quickprop, rmsprop or
    rprop; `class_weight` as elsewhere in scikit-learn; `dropout` the share of hidden outputs left out while learning;
    `n_jobs` the threads that make large updates together, one unless said otherwise. `verbose="bar"` draws a bar;
    `stopped_` says whether a fit ended by itself, not at `max_iter`.
    Equal seeds give the weights that scikit-learn starts from, and its batches.

    >>> X, y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], ["no", "yes", "yes", "no"]
    >>> MLPClassifier((8,), solver="lbfgs", random_state=3).fit(X, y).predict(X).tolist()
    ['no', 'yes', 'yes', 'no']
    """

    _parameter_constraints = {  # noqa: RUF012
        **Multilayer._parameter_constraints,
        "loss": [StrOptions({"log_loss"}), callable],
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
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
        loss: Any = "log_loss",
        class_weight: Any = None,
        dropout: float = 0.0,
        n_jobs: int | None = None,
    ) -> None:
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
        self.loss = loss
        self.class_weight = class_weight
        self.dropout = dropout
        self.n_jobs = n_jobs

    @available_if(lambda estimator: estimator._is_incremental())  # type: ignore[untyped-decorator, unused-ignore]
    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator, unused-ignore]
    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None, *, validation: Any = None
    ) -> Any:
        """One more epoch, on these rows; the first call needs `classes`, or a y with a column for each label.

        With early stopping `validation` is (X, y), or (X, y, sample_weight), to be scored on: `coefs_` are those of the
        best score so far, learning goes on from the last, and `stopped_` says when patience is over.
        """
        self._check_validation(validation)
        several = type_of_target(y).startswith("multilabel")
        if classes is None and several and not hasattr(self, "classes_"):
            classes = np.arange(np.shape(y)[1])
        if _check_partial_fit_first_call(self, classes):
            self._label_binarizer = LabelBinarizer().fit(y if several else classes)
        return self._fit(X, y, sample_weight, incremental=True, validation=validation)

    def predict(self, X: Any) -> NDArray[Any]:
        """The class of each row of X; of several labels a row of 0 and 1."""
        return self._classes_of(self._outputs(self._checked(X)))

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """The probability of each class, in the order of `classes_`; of several labels each by itself."""
        found = self._outputs(self._checked(X))
        return np.column_stack([1 - found, found]) if found.shape[1] == 1 else found

    def predict_log_proba(self, X: Any) -> NDArray[Any]:
        """The logarithms of `predict_proba`."""
        with np.errstate(divide="ignore"):
            found: NDArray[Any] = np.log(self.predict_proba(X))
        return found

    def _validate_input(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, NDArray[Any]]:
        X, y = validate_data(
            self, X, y, accept_sparse=["csr", "csc"], multi_output=True, dtype=(np.float64, np.float32), reset=reset
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if not hasattr(self, "classes_") or (not self.warm_start and not incremental):
            self._label_binarizer = LabelBinarizer().fit(y)
            self.classes_ = self._label_binarizer.classes_
        elif not incremental:
            self._check_same_classes(unique_labels(y))
        return X, self._targets(y).astype(X.dtype)

    def _check_same_classes(self, found: NDArray[Any]) -> None:
        if set(found) != set(self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit."
                f" Previously got {self.classes_}, `y` has {found}"
            )

    def _targets(self, y: Any) -> NDArray[Any]:
        """A row of 0 and 1 for each y: one number where there are two classes. Raises ValueError for other classes."""
        if isinstance(y, np.ndarray) and y.ndim == 1 and y.dtype == self.classes_.dtype:  # what `fit` has checked
            met: NDArray[Any] = (y[:, None] == self.classes_).astype(float)
            if len(self.classes_) > 1 and met.any(axis=1).all():
                return met[:, 1:] if len(self.classes_) == 2 else met
        given = unique_labels(y)
        if len(np.setdiff1d(given, self.classes_, assume_unique=True)):
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}. 'y' has {given}."
            )
        found = dense(self._label_binarizer.transform(y)).astype(float)
        return found[:, None] if found.ndim == 1 else found

    def _row_weights(self, X: Any, y: Any, sample_weight: Any, incremental: bool) -> NDArray[Any] | None:
        weights = super()._row_weights(X, y, sample_weight, incremental)
        if self.class_weight is None:
            return weights
        if incremental and self.class_weight == "balanced":
            raise ProblemError(
                "class_weight 'balanced' is not supported for partial_fit, which sees only some of the rows.",
                hint="Use sklearn.utils.class_weight.compute_class_weight on all of y, and pass its result as a dict.",
            )
        y = dense(y)
        if self._label_binarizer.y_type_.startswith("multilabel"):
            each = compute_sample_weight(self.class_weight, y)
        else:  # of all classes, though a batch may lack some
            kinds = compute_class_weight(self.class_weight, classes=self.classes_, y=y.ravel())
            each = kinds[np.searchsorted(self.classes_, y.ravel())]
        return np.asarray(each if weights is None else each * weights, X.dtype)

    def _output_activation(self) -> str:
        return "softmax" if self._label_binarizer.y_type_ == "multiclass" else "logistic"

    def _loss_function(self) -> Function:
        if callable(self.loss):
            return self.loss  # type: ignore[no-any-return, unused-ignore]
        return "log_loss" if self.out_activation_ == "softmax" else "binary_log_loss"

    def _classes_of(self, outputs: NDArray[Any]) -> NDArray[Any]:
        found = outputs.ravel() if self.n_outputs_ == 1 else outputs
        return self._label_binarizer.inverse_transform(found)  # type: ignore[no-any-return, unused-ignore]

    def _strata(self, T: NDArray[Any]) -> NDArray[Any] | None:
        return T.astype(bool) if self.n_outputs_ == 1 else None

    def _score(self, X: Any, T: NDArray[Any], weights: NDArray[Any] | None) -> float:
        return float(accuracy_score(self._classes_of(T), self._classes_of(self._outputs(X)), sample_weight=weights))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
