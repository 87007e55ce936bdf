"""What goes beyond scikit-learn: losses, activations, weights of classes, dropout, derivatives, explanations."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

import joblib
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils.class_weight import compute_sample_weight

import chainrule.functions as f
from chainrule.errors import ChainruleError, ProblemError, ShapeError
from chainrule.estimators import MLPClassifier, MLPRegressor, epochs, search
from chainrule.estimators.epochs import Epochs
from chainrule.training import teams
from chainrule.training.sessions import session_of

X, Y = load_iris(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
RNG = np.random.default_rng(1)
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def classifier(**options: Any) -> Any:
    return MLPClassifier(**{"hidden_layer_sizes": (5,), "max_iter": 10, "random_state": 2, **options})


def regressor(**options: Any) -> Any:
    return MLPRegressor(**{"hidden_layer_sizes": (5,), "max_iter": 10, "random_state": 2, **options})


def mish(z: Any) -> Any:
    return z * f.tanh(f.softplus(z))


def focal(y_true: Any, y_pred: Any) -> Any:
    return -y_true * (1 - y_pred) ** 2 * f.log(y_pred)


# Losses


def test_a_loss_that_is_a_function_learns_what_the_one_of_that_name_does() -> None:
    named = regressor().fit(X[:, 1:], X[:, 0])
    written = regressor(loss=lambda t, o: (t - o) ** 2 / 2).fit(X[:, 1:], X[:, 0])
    np.testing.assert_allclose(written.coefs_[0], named.coefs_[0], rtol=1e-12)
    assert written.loss_ == pytest.approx(named.loss_)


def test_quantiles_split_the_targets() -> None:
    X, y = load_diabetes(return_X_y=True)
    for level in (0.1, 0.5, 0.9):
        model = regressor(loss="quantile", quantile=level, solver="rprop", learning_rate_init=0.01, max_iter=300, tol=0)
        model.fit(X, y / 100)
        assert np.mean(y / 100 <= model.predict(X)) == pytest.approx(level, abs=0.05)


def test_half_a_quantile_is_half_the_absolute_error() -> None:
    one = regressor(loss="quantile", solver="sgd", learning_rate_init=0.02, alpha=0).fit(X[:, 1:], X[:, 0])
    other = regressor(loss="absolute_error", solver="sgd", learning_rate_init=0.01, alpha=0).fit(X[:, 1:], X[:, 0])
    np.testing.assert_allclose(one.coefs_[1], other.coefs_[1], rtol=1e-10)


def test_absolute_errors_do_not_follow_an_outlier() -> None:
    x = np.linspace(-1, 1, 40)[:, None]
    y = x[:, 0].copy()
    y[20] = 1000.0
    options: dict[str, Any] = {"activation": "identity", "solver": "lbfgs", "max_iter": 500, "alpha": 0}
    robust = regressor(loss="absolute_error", **options).fit(x, y)
    assert np.abs(robust.predict(x) - x[:, 0]).max() < 0.1
    assert np.abs(regressor(**options).fit(x, y).predict(x) - x[:, 0]).max() > 10


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "log_cosh", "quantile", "poisson", focal, mish])
def test_gradients_are_those_of_the_loss(loss: Any) -> None:
    if loss is mish:  # as a loss of the residual
        loss = lambda t, o: mish(t - o)  # noqa: E731
    if loss is focal:
        check_gradients(classifier(loss=focal, activation="tanh").fit(X, Y), X, Y)
    else:
        check_gradients(regressor(loss=loss, activation="tanh").fit(X[:, 1:], X[:, 0] + 3), X[:, 1:], X[:, 0] + 3)


def check_gradients(model: Any, X: Any, y: Any) -> None:
    """Central differences of the mean loss: what an epoch at a rate of almost 0, without penalty, reports."""
    probe = clone(model).set_params(
        solver="sgd", momentum=0, learning_rate_init=1e-300, alpha=0, max_iter=1, warm_start=True
    )
    probe.fit(X, y)

    def loss() -> float:
        probe.coefs_, probe.intercepts_ = model.coefs_, model.intercepts_
        return float(probe.fit(X, y).loss_)

    slopes = model.gradient(X, y)
    for arrays, found in zip((model.coefs_, model.intercepts_), slopes, strict=True):
        for array, slope in zip(arrays, found, strict=True):
            assert slope.shape == array.shape
            for at in list(np.ndindex(array.shape))[:6]:
                kept, step = array[at], 1e-5
                values = []
                for sign in (1, -1):
                    array[at] = kept + sign * step
                    values.append(loss())
                array[at] = kept
                assert slope[at] == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-4, abs=1e-7)


# Activations


def test_mish_and_a_list_of_activations_are_what_they_say() -> None:
    model = classifier(hidden_layer_sizes=(4, 3), activation=[mish, "elu"]).fit(X, Y)
    first, second, last = model.activations(X)
    z = X @ model.coefs_[0] + model.intercepts_[0]
    np.testing.assert_allclose(first, z * np.tanh(np.log1p(np.exp(z))), rtol=1e-9)
    z = first @ model.coefs_[1] + model.intercepts_[1]
    np.testing.assert_allclose(second, np.where(z > 0, z, np.expm1(z)), rtol=1e-9)
    np.testing.assert_array_equal(last, model.predict_proba(X))
    check_gradients(model, X, Y)


@pytest.mark.parametrize("solver", ["adagrad", "adamw", "quickprop", "rmsprop", "rprop", "lbfgs"])
def test_every_solver_learns(solver: str) -> None:
    model = regressor(solver=solver, max_iter=200, learning_rate_init=0.01, random_state=0).fit(X[:, :3], X[:, 3])
    assert model.score(X[:, :3], X[:, 3]) > 0.8


# Weights of classes, dropout, partial_fit


def test_class_weights_are_sample_weights() -> None:
    weights = {0: 1.0, 1: 5.0, 2: 0.5}
    one = classifier(class_weight=weights).fit(X, Y)
    other = classifier().fit(X, Y, sample_weight=compute_sample_weight(weights, Y))
    np.testing.assert_allclose(one.coefs_[0], other.coefs_[0], rtol=1e-12)
    both = classifier(class_weight=weights).fit(X, Y, sample_weight=np.full(len(Y), 2.0))
    assert both.loss_ == pytest.approx(other.loss_, rel=1e-4)  # but for the penalty


def test_balanced_weights_make_a_rare_class_count() -> None:
    rows = np.flatnonzero((Y > 0) & ((Y == 2) | (np.arange(150) < 56)))  # 6 of the second class, 50 of the third
    options: dict[str, Any] = {"max_iter": 150, "learning_rate_init": 0.02, "alpha": 1.0}
    plain = classifier(**options).fit(X[rows, :2], Y[rows])
    balanced = classifier(class_weight="balanced", **options).fit(X[rows, :2], Y[rows])
    rare = Y == 1
    assert (balanced.predict(X[rare, :2]) == 1).mean() > (plain.predict(X[rare, :2]) == 1).mean() + 0.2
    with pytest.raises(ProblemError, match="'balanced' is not supported for partial_fit"):
        classifier(class_weight="balanced").partial_fit(X, Y, classes=[0, 1, 2])


def test_class_weights_are_of_all_classes_whichever_a_batch_has() -> None:
    weights = {1: 5.0}
    model, plain = (classifier(class_weight=one, max_iter=1) for one in (weights, None))
    for kind in (0, 1):
        rows = kind == Y
        model.partial_fit(X[rows], Y[rows], classes=[0, 1, 2])
        plain.partial_fit(X[rows], Y[rows], np.full(50, weights.get(kind, 1.0)), classes=[0, 1, 2])
    np.testing.assert_allclose(model.coefs_[0], plain.coefs_[0], rtol=1e-12)
    with pytest.raises(ValueError, match="not in class_weight"):
        classifier(class_weight={7: 1.0}).fit(X, Y)


def test_class_weights_of_sparse_labels_are_those_of_dense_ones() -> None:
    labels = np.column_stack([Y > 0, Y > 1]).astype(int)
    one, other = (classifier(class_weight="balanced").fit(X, y) for y in (labels, csr_matrix(labels)))
    assert (one.coefs_[0] == other.coefs_[0]).all()


@pytest.mark.parametrize("estimator", [classifier, regressor])
def test_a_search_that_cannot_begin_says_so(estimator: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="non-finite"):
        estimator(solver="lbfgs").fit(X * 1e200, Y)


@pytest.mark.parametrize("kind", [str, "S1"])
def test_a_regressor_wants_numbers(kind: Any) -> None:
    with pytest.raises(ProblemError, match="expected numbers"):
        regressor().fit(X, Y.astype(kind))


def test_sparse_numbers_are_numbers() -> None:
    one, other = (regressor().fit(X[:, :2], y) for y in (X[:, 2:], csr_matrix(X[:, 2:])))
    assert (one.coefs_[0] == other.coefs_[0]).all()


def test_other_layers_are_refused_and_what_was_learned_stays() -> None:
    model = regressor().partial_fit(X[:, :2], X[:, 2:])
    with pytest.raises(ProblemError, match=r"the layers are \(2, 5, 1\), .* \(2, 5, 2\). Call fit"):
        model.partial_fit(X[:, :2], X[:, 2])
    assert model.predict(X[:3, :2]).shape == (3, 2)
    with pytest.raises(ProblemError, match="Set warm_start=False"):
        model.set_params(warm_start=True, hidden_layer_sizes=(3,)).fit(X[:, :2], X[:, 2:])


def test_dropout_leaves_out_and_repeats() -> None:
    one, same = (classifier(dropout=0.5).fit(X, Y) for _ in range(2))
    assert (one.coefs_[0] == same.coefs_[0]).all()
    assert not np.allclose(one.coefs_[0], classifier().fit(X, Y).coefs_[0])
    assert not np.allclose(one.coefs_[0], classifier(dropout=0.5, random_state=3).fit(X, Y).coefs_[0])
    assert (one.predict_proba(X) == one.predict_proba(X)).all()
    assert classifier(dropout=0.2, max_iter=300, learning_rate_init=0.02).fit(X, Y).score(X, Y) > 0.9
    with pytest.raises(ProblemError, match="lbfgs"):
        classifier(dropout=0.5, solver="lbfgs").fit(X, Y)


def test_partial_fit_of_several_labels_needs_no_classes() -> None:
    X, T = make_multilabel_classification(n_samples=60, random_state=0)
    model = classifier(max_iter=1)
    for _ in range(5):
        model.partial_fit(X, T)
    fitted = classifier(max_iter=5, shuffle=False).fit(X, T)
    assert model.n_outputs_ == T.shape[1] == fitted.n_outputs_
    np.testing.assert_allclose(model.coefs_[0], fitted.coefs_[0], rtol=1e-10)


def test_weights_of_zero_alone_in_a_batch_change_nothing() -> None:
    weights = np.r_[np.zeros(30), np.ones(120)]
    model = classifier(batch_size=30, shuffle=False, max_iter=2, solver="sgd", momentum=0).fit(X, Y, weights)
    rest = classifier(batch_size=30, shuffle=False, max_iter=2, solver="sgd", momentum=0).fit(X[30:], Y[30:])
    np.testing.assert_allclose(model.coefs_[0], rest.coefs_[0], rtol=1e-12)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_jobs_are_threads_and_there_is_one_unless_more_are_asked_for(
    solver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def watched(*given: Any, threads: int, **options: Any) -> Any:
        asked.append(threads)
        return session_of(*given, threads=threads, **options)

    for module in (epochs, search):
        monkeypatch.setattr(module, "session_of", watched)
    monkeypatch.setattr(teams, "_WORTH", 1)
    X, y = load_diabetes(return_X_y=True)
    X, y = np.tile(X, (3, 7)), np.tile(y / 100, 3)
    options: dict[str, Any] = {"hidden_layer_sizes": (70,), "batch_size": len(X), "max_iter": 3, "solver": solver}
    one, two, all_of_them = (regressor(n_jobs=n, **options).fit(X, y) for n in (None, 2, -1))
    assert asked == [1, 2, joblib.cpu_count()]
    for other in (two, all_of_them):
        np.testing.assert_allclose(other.coefs_[0], one.coefs_[0], rtol=1e-9, atol=1e-12)
    with pytest.raises(ValueError, match="n_jobs"):
        regressor(n_jobs=0).fit(X, y)


def test_a_search_on_several_processes_gives_each_fit_one_thread() -> None:
    seen = joblib.Parallel(n_jobs=2)(joblib.delayed(joblib.effective_n_jobs)(None) for _ in range(2))
    assert seen == [1, 1]


# Validation


def test_the_validation_loss_is_that_of_the_rows_held_back() -> None:
    y = np.where(Y > 0, "b", "a")
    model = classifier(early_stopping=True, validation_fraction=0.2, max_iter=1, random_state=7).fit(X, y)
    drawn = np.random.RandomState(7)
    for sources, units in ((4, 5), (5, 1)):
        drawn.uniform(size=(sources, units))
        drawn.uniform(size=units)
    _, held, _, due = train_test_split(X, y, random_state=drawn, test_size=0.2, stratify=y == "b")
    p = model.predict_proba(held)[:, 1]
    expected = -np.mean(np.where(due == "b", np.log(p), np.log(1 - p)))
    assert model.validation_loss_curve_ == [pytest.approx(expected, rel=1e-12)]
    assert model.validation_scores_ == [pytest.approx(np.mean((p > 0.5) == (due == "b")))]
    assert classifier().fit(X, y).validation_loss_curve_ is None


# What a fitted network shows


@pytest.mark.parametrize("kind", ["numbers", "several numbers", "two classes", "three classes"])
def test_input_gradients_are_differences(kind: str) -> None:
    y = {"numbers": X[:, 0], "several numbers": X[:, :2], "two classes": Y > 0, "three classes": Y}[kind]
    make = classifier if "classes" in kind else regressor
    model = make(activation=["tanh"]).fit(X, y)

    def outputs(rows: Any) -> Any:
        found = model.predict_proba(rows) if "classes" in kind else model.predict(rows)
        return found[:, 1] if kind == "two classes" else found

    found, step = model.input_gradient(X), 1e-5
    for column in range(4):
        ahead, behind = X.copy(), X.copy()
        ahead[:, column] += step
        behind[:, column] -= step
        slope = (outputs(ahead) - outputs(behind)) / (2 * step)
        np.testing.assert_allclose(found[..., column], slope, rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(model.input_gradient(csr_matrix(X)), found, rtol=1e-12)


def test_an_explanation_has_the_gradient_of_its_row() -> None:
    model = regressor(hidden_layer_sizes=(2,), activation="tanh", solver="lbfgs").fit(X[:, :2], X[:, 2])
    text = str(model.explain(X[0, :2], X[0, 2]))
    slopes, _ = model.gradient(X[:1, :2], X[:1, 2])
    for unit in range(2):
        for source in range(2):
            steps = re.search(rf"^dE/dW1\[{unit + 1},{source + 1}\](?:\s+[+=].*\n)+", text, re.MULTILINE)
            assert steps is not None
            last = float(steps[0].strip().splitlines()[-1].split("=")[-1])
            assert last == pytest.approx(slopes[0][source, unit], rel=1e-6, abs=1e-8)


def test_diagnosis_names_the_column_that_is_not_scaled() -> None:
    wide = X * [1, 1, 5000, 1]
    assert "column 2" in str(classifier(max_iter=1).fit(wide, Y).diagnose(wide, Y))


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_fit_that_diverges_says_where(early_stopping: bool) -> None:
    model = regressor(activation="identity", solver="sgd", learning_rate_init=50.0, early_stopping=early_stopping)
    what = r"training diverged in epoch \d+, update 1: the first value that is not finite is (-?inf|nan), in "
    if not early_stopping:
        with pytest.raises(ValueError, match="non-finite parameter weights.*" + what):
            model.set_params(max_iter=500, n_iter_no_change=500).fit(X[:, 1:] * 100, X[:, 0])
        return
    with pytest.warns(ConvergenceWarning, match=what):
        model.set_params(max_iter=500, n_iter_no_change=500).fit(X[:, 1:] * 100, X[:, 0])
    assert np.isnan(model.validation_scores_[-1])
    assert np.isfinite(model.predict(X[:, 1:])).all()


@pytest.mark.parametrize("early_stopping", [False, True])
def test_an_interrupted_fit_keeps_what_it_has_learned(early_stopping: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    run = Epochs.run

    def interrupted(self: Epochs, rates: Any) -> list[float]:
        calls.append(len(rates))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return run(self, rates)

    monkeypatch.setattr(Epochs, "run", interrupted)
    with pytest.warns(UserWarning, match="interrupted by user"):
        model = classifier(max_iter=100, early_stopping=early_stopping).fit(X, Y)
    monkeypatch.undo()
    done = sum(calls[:2])
    assert model.n_iter_ == len(model.loss_curve_) == done
    if not early_stopping:
        assert (model.coefs_[0] == classifier(max_iter=done).fit(X, Y).coefs_[0]).all()


def test_weights_set_by_hand_are_used() -> None:
    model = regressor(activation="relu").fit(X[:, 1:], X[:, 0])
    model.coefs_ = [np.zeros_like(w) for w in model.coefs_]
    model.intercepts_ = [np.zeros(5), np.array([4.5])]
    assert set(model.predict(X[:, 1:])) == {4.5}


# Refusals


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: classifier(activation="rleu"), ProblemError, "'rleu', expected a name or a function"),
        (lambda: classifier(activation=["tanh", "relu"]), ShapeError, "2 entries, expected one for each of the 1"),
        (lambda: classifier(activation=lambda z: f.sum(z)), ShapeError, "one value for each net input"),
        (lambda: classifier(loss=lambda t, p: 1.0), ShapeError, "does not depend on the outputs"),
        (lambda: classifier(loss="huber"), ValueError, "'loss' parameter of MLPClassifier must be"),
        (lambda: classifier(solver="sdg"), ValueError, "'solver' parameter of MLPClassifier must be"),
        (lambda: classifier(dropout=1.0), ValueError, "'dropout' parameter of MLPClassifier must be"),
        (lambda: regressor(quantile=0.0), ValueError, "'quantile' parameter of MLPRegressor must be"),
        (lambda: classifier(hidden_layer_sizes=(0,)), ValueError, "must be > 0"),
        (lambda: classifier(hidden_layer_sizes=(2.5,)), ProblemError, "whole numbers"),
        (lambda: regressor(loss="poisson"), ProblemError, "counts of 0 or more"),
        (lambda: classifier(activation=lambda z: 1 if z > 0 else z), ChainruleError, "value"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(make: Callable[[], Any], error: type[Exception], match: str) -> None:
    y = -X[:, 0] if isinstance(make(), MLPRegressor) else Y
    with pytest.raises(error, match=match):
        make().fit(X, y)


def test_warm_start_keeps_its_layers() -> None:
    model = classifier(warm_start=True).fit(X, Y)
    with pytest.raises(ProblemError, match="the layers are"):
        model.set_params(hidden_layer_sizes=(6,)).fit(X, Y)


# The record of lbfgs


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_losses_of_lbfgs_are_written_down(outputs: int, weighted: bool) -> None:
    T = X[:, 0] if outputs == 1 else X[:, :2]
    weights = RNG.random(150) if weighted else None
    model = regressor(solver="lbfgs", max_iter=25, alpha=0.3).fit(X[:, 2:], T, weights)
    assert len(model.loss_curve_) == model.n_iter_ == 25
    assert model.loss_curve_[-1] == model.loss_
    assert not model.stopped_
    squares = np.square((model.predict(X[:, 2:]) - T).reshape(150, -1)).mean(axis=1) / 2
    share = 150 if weights is None else weights.sum()
    penalty = 0.15 / share * sum(np.square(w).sum() for w in model.coefs_)
    assert model.loss_ == pytest.approx(np.average(squares, weights=weights) + penalty, rel=1e-9)
    again = model.set_params(warm_start=True, max_iter=5).fit(X[:, 2:], T, weights)
    assert len(again.loss_curve_) == 30
    assert again.n_iter_ == 5


def test_another_solver_goes_on_where_lbfgs_was() -> None:
    model = classifier(solver="lbfgs", warm_start=True, max_iter=3).fit(X, Y)
    model.set_params(solver="adam").fit(X, Y)
    assert model.loss_curve_[-1] < np.log(3)
    assert model.set_params(solver="lbfgs").fit(X, Y).loss_ < 0.6


def test_stopped_tells_patience_from_the_last_epoch() -> None:
    assert classifier(max_iter=500, tol=0.1).fit(X, Y).stopped_
    assert not classifier(max_iter=3).fit(X, Y).stopped_
    assert classifier(solver="lbfgs", max_iter=500, alpha=1.0).fit(X, Y).stopped_
