"""What users of scikit-learn's MLP asked for and were declined; the numbers are issues of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.datasets import load_diabetes, load_iris
from sklearn.metrics import mean_absolute_error
from sklearn.preprocessing import StandardScaler

import chainrule as cr
import chainrule.functions as f
from chainrule.estimators import MLPClassifier, MLPRegressor

X, Y = load_diabetes(return_X_y=True)
Y = Y / 100
FLOWERS, KINDS = load_iris(return_X_y=True)
FLOWERS = StandardScaler().fit_transform(FLOWERS)
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def absolute(y_true: Any, y_pred: Any) -> Any:
    return f.abs(y_true - y_pred)


def quantile(y_true: Any, y_pred: Any) -> Any:
    over = y_true - y_pred
    return f.maximum(0.9 * over, -0.1 * over)


def mish(z: Any) -> Any:
    return z * f.tanh(f.softplus(z))


def focal(y_true: Any, y_pred: Any) -> Any:
    return -y_true * (1 - y_pred) ** 2 * f.log(y_pred)


def regressor(**options: Any) -> Any:
    return MLPRegressor(**{"hidden_layer_sizes": (8,), "max_iter": 400, "tol": 0, "random_state": 0, **options})


@pytest.mark.parametrize("function", [absolute, quantile, mish, focal])
def test_functions_pass_the_gradient_check(function: Any) -> None:
    rng = np.random.default_rng(3)
    points = rng.normal(size=(1 if function is mish else 2, 7))
    if function is focal:
        points = np.array([np.eye(7)[2], rng.dirichlet(np.ones(7))])
    report = cr.gradcheck(lambda *parts: f.sum(function(*parts)), *points)
    assert report.ok, report


def test_absolute_and_quantile_errors_without_a_derivative_by_hand() -> None:  # 14571, 18507
    squared = regressor(solver="lbfgs", alpha=10).fit(X, Y)
    fitted = regressor(loss=absolute, solver="rprop", learning_rate_init=0.01).fit(X, Y)
    assert mean_absolute_error(Y, fitted.predict(X)) < mean_absolute_error(Y, squared.predict(X))
    named = regressor(loss="absolute_error", solver="rprop", learning_rate_init=0.01).fit(X, Y)
    np.testing.assert_allclose(fitted.loss_curve_[:20], named.loss_curve_[:20], rtol=1e-9)
    high = regressor(loss=quantile, solver="rprop", learning_rate_init=0.01).fit(X, Y)
    assert np.mean(high.predict(X) >= Y) == pytest.approx(0.9, abs=0.03)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_the_slope_of_a_prediction_is_that_of_differences(solver: str) -> None:  # 27996
    model = regressor(activation="tanh", solver=solver, max_iter=50).fit(X, Y)
    found, step = model.input_gradient(X), 1e-6
    assert found.shape == X.shape
    for column in range(X.shape[1]):
        move = step * np.eye(X.shape[1])[column]
        slope = (model.predict(X + move) - model.predict(X - move)) / (2 * step)
        np.testing.assert_allclose(found[:, column], slope, rtol=1e-5, atol=1e-7)


def test_an_activation_of_its_own_for_each_layer() -> None:  # 10097, 30199
    model = MLPClassifier((6, 5, 4), activation=[mish, "tanh", lambda z: z / (1 + f.abs(z))], random_state=0)
    model.set_params(max_iter=400, learning_rate_init=0.01).fit(FLOWERS, KINDS)
    assert model.score(FLOWERS, KINDS) > 0.95
    a = FLOWERS
    rules = [lambda z: z * np.tanh(np.logaddexp(0, z)), np.tanh, lambda z: z / (1 + np.abs(z))]
    for rule, W, b, found in zip(rules, model.coefs_, model.intercepts_, model.activations(FLOWERS), strict=False):
        a = rule(a @ W + b)
        np.testing.assert_allclose(found, a, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("hidden", [(8,), (8, 6)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_fit_that_diverges_names_epoch_layer_and_value(hidden: tuple[int, ...], dtype: Any) -> None:  # 29504
    model = regressor(hidden_layer_sizes=hidden, activation="identity", solver="sgd", learning_rate_init=1e3)
    what = (
        r"diverged in epoch \d+, update \d+: the first value that is not finite is (inf|-inf|nan), in z\d of layer \d\."
    )
    with pytest.raises(ValueError, match=what):
        model.fit((X * 100).astype(dtype), Y)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_no_python_runs_while_a_function_of_the_user_is_learned_with(solver: str) -> None:
    calls = []

    def counted(z: Any) -> Any:
        calls.append(1)
        return mish(z)

    counts = []
    for epochs in (2, 60):
        calls.clear()
        MLPClassifier((4,), activation=lambda z: counted(z), loss=focal, max_iter=epochs, solver=solver).fit(
            FLOWERS, KINDS
        )
        counts.append(len(calls))
    assert counts[0] == counts[1] <= 3
