"""What a fitted estimator shows of itself: activations, derivatives, a worked solution, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ShapeError
from chainrule.estimators.forward import blocks, dense, input_slopes, layer_outputs
from chainrule.estimators.network import fitted_model

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.explanation import Explanation
    from chainrule.training.doctor import Diagnosis
    from chainrule.training.model import Model


class Insight:
    """Methods of estimators; the class that has them brings `_design`, `_values`, `_checked` and `_targets`."""

    _design: Any
    coefs_: list[NDArray[Any]]
    intercepts_: list[NDArray[Any]]

    def activations(self, X: Any) -> list[NDArray[Any]]:
        """The outputs of every layer, hidden ones and the last: for each an array with a row for each row of X."""
        X = self._checked(X)
        layers = range(1, len(self._design.layers))
        return [part.astype(self.coefs_[0].dtype) for part in layer_outputs(self._design, self._values(), X, layers)]

    def input_gradient(self, X: Any) -> NDArray[Any]:
        """The derivatives of the last layer's outputs by the inputs, at each row of X.

        Shape (rows, outputs, inputs), or (rows, inputs) of a network with one output. The outputs of a classifier are
        probabilities: of the second class where there are two.
        """
        X = self._checked(X)
        found = input_slopes(self._design, self._values(), X)
        return np.asarray(found[:, 0] if self._design.layers[-1] == 1 else found)

    def gradient(self, X: Any, y: Any) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
        """The derivatives of the mean loss, without penalty, by `coefs_` and by `intercepts_`, in their shapes."""
        model, X, T = self.as_model(), self._checked(X), self._targets(y)
        totals = {name: np.zeros(np.shape(value)) for name, value in model.parameters.items()}
        for rows, block in blocks(X):
            for name, part in model.gradient(block, T[rows], over="sum").items():
                totals[name] += part
        design, count = self._design, X.shape[0]
        return [totals[name].T / count for name in design.weights], [totals[name] / count for name in design.biases]

    def explain(self, x: Any, y: Any) -> Explanation:
        """The worked solution of one row x and its y: forward pass and backward pass with every number.

        x may also be a table or a matrix of nothing but that row. Raises ShapeError for several rows.
        """
        X, t = dense(self._checked_row(x)), np.asarray(y).ravel()
        if len(X) != 1:
            raise ShapeError(f"x has {len(X)} rows, expected one.", hint="Pass one row: explain(X[0], y[0]).")
        return self.as_model().explain(X[0], self._targets(t if len(t) == 1 else t[None])[0])

    def diagnose(self, X: Any, y: Any) -> Diagnosis:
        """What stands in the way of learning, in plain words: see `Model.diagnose`."""
        X = self._checked(X)
        return self.as_model().diagnose(dense(X), self._targets(y))

    def as_model(self) -> Model:
        """The network as a model of its own, whose inputs are x and outputs those of the last layer.

        What was a Python function is part of its graph, so that `cr.save_model` keeps that, too, without any code.
        """
        return fitted_model(self._design, self.coefs_, self.intercepts_)

    def _values(self) -> Any:
        raise NotImplementedError

    def _checked(self, X: Any) -> Any:
        raise NotImplementedError

    def _checked_row(self, x: Any) -> Any:
        raise NotImplementedError

    def _targets(self, y: Any) -> NDArray[Any]:
        raise NotImplementedError
