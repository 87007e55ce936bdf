"""With equal seeds the estimators learn scikit-learn's weights, to rounding: the same law, batches, rules and tests."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

import sklearn.neural_network as reference
from sklearn.datasets import load_diabetes, load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning

import chainrule as cr

X_IRIS, Y_IRIS = load_iris(return_X_y=True)
X_DIABETES, Y_DIABETES = load_diabetes(return_X_y=True)
BOTH = [(cr.MLPClassifier, reference.MLPClassifier), (cr.MLPRegressor, reference.MLPRegressor)]
RECORDS = ("loss_curve_", "loss_", "best_loss_", "n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_")
SCORES = ("validation_scores_", "best_validation_score_")


def fitted(estimators: tuple[Any, Any], X: Any, y: Any, weights: Any = None, **options: Any) -> tuple[Any, Any]:
    made = []
    for one in estimators:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            made.append(one(**{"random_state": 3, "max_iter": 12, **options}).fit(X, y, sample_weight=weights))
    return made[0], made[1]


def assert_same(ours: Any, theirs: Any, tolerance: float = 1e-10) -> None:
    for mine, other in zip([*ours.coefs_, *ours.intercepts_], [*theirs.coefs_, *theirs.intercepts_], strict=True):
        assert mine.shape == other.shape
        assert mine.dtype == other.dtype
        np.testing.assert_allclose(mine, other, rtol=tolerance, atol=tolerance)
    for name in RECORDS + SCORES:
        expected = getattr(theirs, name)
        if expected is None or isinstance(expected, str):
            assert getattr(ours, name) == expected
        else:
            np.testing.assert_allclose(getattr(ours, name), expected, rtol=tolerance, err_msg=name)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"solver": "sgd"},
        {"solver": "sgd", "nesterovs_momentum": False, "shuffle": False},
        {"solver": "sgd", "momentum": 0},
        {"solver": "sgd", "learning_rate": "invscaling", "batch_size": 32},
        {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.05, "n_iter_no_change": 2, "max_iter": 40},
        {"activation": "tanh", "hidden_layer_sizes": (5, 4)},
        {"activation": "logistic", "alpha": 1.0},
        {"activation": "identity", "beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3},
        {"early_stopping": True, "n_iter_no_change": 3, "max_iter": 30},
        {"tol": 0.1, "n_iter_no_change": 4, "max_iter": 60, "learning_rate_init": 0.05},
    ],
    ids=str,
)
def test_classes(options: dict[str, Any]) -> None:
    ours, theirs = fitted(BOTH[0], X_IRIS, Y_IRIS, **{"hidden_layer_sizes": (7,), **options})
    assert_same(ours, theirs)
    np.testing.assert_allclose(ours.predict_proba(X_IRIS), theirs.predict_proba(X_IRIS), rtol=1e-9)


def test_two_classes_with_names_and_weights() -> None:
    y = np.array(["no", "yes"])[(Y_IRIS > 0).astype(int)]
    weights = np.random.default_rng(0).integers(0, 3, len(y))
    assert_same(*fitted(BOTH[0], X_IRIS, y, -weights.astype(float), batch_size=50))  # a mean has weights of one sign
    ours, theirs = fitted(BOTH[0], X_IRIS, y, weights, batch_size=30, early_stopping=True)
    assert_same(ours, theirs)
    assert ours.predict(X_IRIS).tolist() == theirs.predict(X_IRIS).tolist()


def test_several_labels() -> None:
    X, Y = make_multilabel_classification(n_samples=60, random_state=0)
    ours, theirs = fitted(BOTH[0], X, Y, hidden_layer_sizes=(6,))
    assert_same(ours, theirs)
    assert (ours.predict(X) == theirs.predict(X)).all()


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
@pytest.mark.parametrize("outputs", [1, 3])
def test_numbers(loss: str, outputs: int) -> None:
    Y = np.column_stack([Y_DIABETES / (100 * k) for k in range(1, outputs + 1)])
    ours, theirs = fitted(BOTH[1], X_DIABETES, Y if outputs > 1 else Y[:, 0], loss=loss, hidden_layer_sizes=(5,))
    assert_same(ours, theirs)
    np.testing.assert_allclose(ours.predict(X_DIABETES), theirs.predict(X_DIABETES), rtol=1e-9)


def test_sparse_rows_learn_what_dense_ones_do() -> None:
    from scipy.sparse import csc_matrix, csr_matrix

    X = np.where(np.abs(X_IRIS - 3) > 1, X_IRIS, 0)
    dense, _ = fitted(BOTH[0], X, Y_IRIS, batch_size=40)
    for kind in (csr_matrix, csc_matrix):
        assert_same(fitted(BOTH[0], kind(X), Y_IRIS, batch_size=40)[0], dense)


def test_single_precision() -> None:
    ours, theirs = fitted(BOTH[0], X_IRIS.astype(np.float32), Y_IRIS, hidden_layer_sizes=(5,))
    assert_same(ours, theirs, tolerance=1e-4)


def test_partial_fit_and_warm_start_go_on_where_they_were() -> None:
    made = []
    for one in BOTH[0]:
        partial = one((6,), random_state=1, solver="sgd", learning_rate="invscaling")
        warm = one((6,), random_state=1, warm_start=True, max_iter=4)
        for start in range(0, 150, 30):
            rows = np.arange(start, start + 30)
            partial.partial_fit(X_IRIS[rows], Y_IRIS[rows], classes=[0, 1, 2])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for _ in range(3):
                warm.fit(X_IRIS, Y_IRIS)
        made.append((partial, warm))
    for ours, theirs in zip(*made, strict=True):
        assert_same(ours, theirs)


@pytest.mark.parametrize("estimators", BOTH)
def test_parameters_and_defaults_are_theirs_and_more(estimators: tuple[Any, Any]) -> None:
    ours, theirs = estimators[0]().get_params(), estimators[1]().get_params()
    assert {name: ours[name] for name in theirs} == theirs


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_what_scikit_learn_leaves_on_the_estimator_is_there(solver: str) -> None:
    ours, theirs = fitted(BOTH[0], X_IRIS, Y_IRIS, solver=solver, hidden_layer_sizes=(3,))
    public = {name for name in vars(theirs) if name.endswith("_") and not name.startswith("_")}
    assert public <= set(vars(ours))


@pytest.mark.parametrize(("at", "options"), [(0, {}), (1, {}), (1, {"loss": "poisson"})])
def test_lbfgs_starts_where_theirs_does_and_ends_no_worse(at: int, options: dict[str, Any]) -> None:
    y = Y_IRIS if at == 0 else X_IRIS[:, 0]
    X = X_IRIS if at == 0 else X_IRIS[:, 1:]
    one = fitted(BOTH[at], X, y, solver="lbfgs", max_iter=1, hidden_layer_sizes=(4,), **options)
    np.testing.assert_allclose(one[0].loss_, one[1].loss_, rtol=1e-9)
    done = fitted(BOTH[at], X, y, solver="lbfgs", max_iter=300, hidden_layer_sizes=(4,), alpha=0.1, **options)
    assert done[0].loss_ < done[1].loss_ * 1.05


def test_no_hidden_layer_and_several_epochs_of_sparse_rows_with_weights() -> None:
    from scipy.sparse import csr_matrix

    weights = np.random.default_rng(1).random(len(Y_IRIS))
    ours, theirs = fitted(BOTH[0], X_IRIS, Y_IRIS, weights, hidden_layer_sizes=())
    assert_same(ours, theirs)
    ours, theirs = fitted(BOTH[0], csr_matrix(X_IRIS), Y_IRIS, weights, batch_size=20, hidden_layer_sizes=(3,))
    assert_same(ours, theirs)


def test_verbose_prints_the_same_lines(capsys: pytest.CaptureFixture[str]) -> None:
    options = {"verbose": True, "early_stopping": True, "max_iter": 30, "n_iter_no_change": 2, "hidden_layer_sizes": 3}
    for estimators in BOTH:
        fitted((estimators[0],) * 2, X_IRIS, Y_IRIS, **options)
        ours = capsys.readouterr().out
        fitted((estimators[1],) * 2, X_IRIS, Y_IRIS, **options)
        assert ours == capsys.readouterr().out


@pytest.mark.parametrize(
    "options", [{}, {"solver": "sgd", "learning_rate": "invscaling"}, {"tol": 0.5, "max_iter": 99}]
)
@pytest.mark.parametrize("batch", [7, 64, 149])
@pytest.mark.parametrize("weighted", [False, True])
def test_epochs_whose_last_batch_is_short(batch: int, options: dict[str, Any], weighted: bool) -> None:
    weights = np.random.default_rng(1).random(len(Y_IRIS)) if weighted else None
    ours, theirs = fitted(BOTH[0], X_IRIS, Y_IRIS, weights, batch_size=batch, hidden_layer_sizes=(3,), **options)
    assert_same(ours, theirs)
