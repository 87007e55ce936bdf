"""`partial_fit` with early stopping: scored on given rows, the best weights kept while learning goes on."""

from __future__ import annotations

import copy
import pickle
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.metrics import accuracy_score, log_loss, r2_score

from chainrule.errors import ProblemError
from chainrule.estimators import MLPClassifier, MLPRegressor

X, Y = load_iris(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
ORDER = np.random.default_rng(0).permutation(150)
GIVEN, HELD = ORDER[:110], ORDER[110:]
SCORED = (X[HELD], Y[HELD])


def classifier(**options: Any) -> Any:
    return MLPClassifier(**{"hidden_layer_sizes": (5,), "early_stopping": True, "random_state": 2, **options})


def learned(model: Any, calls: int, **options: Any) -> list[Any]:
    """Copies of the model after each of some calls."""
    found = []
    for _ in range(calls):
        model.partial_fit(X[GIVEN], Y[GIVEN], classes=[0, 1, 2], validation=SCORED, **options)
        found.append(copy.deepcopy(model))
    return found


def test_scores_and_losses_are_those_of_the_given_rows() -> None:
    model = classifier(n_iter_no_change=1000)
    plain = classifier(early_stopping=False)
    for _ in range(8):
        model.partial_fit(X[GIVEN], Y[GIVEN], classes=[0, 1, 2], validation=SCORED)
        plain.partial_fit(X[GIVEN], Y[GIVEN], classes=[0, 1, 2])
        assert model.validation_scores_[-1] == accuracy_score(Y[HELD], plain.predict(X[HELD]))
        expected = log_loss(Y[HELD], plain.predict_proba(X[HELD]))
        assert model.validation_loss_curve_[-1] == pytest.approx(expected, rel=1e-12)
    assert model.loss_curve_ == plain.loss_curve_
    assert len(model.validation_scores_) == 8


def test_the_weights_are_the_best_so_far_and_learning_goes_on_from_the_last() -> None:
    steps = learned(classifier(learning_rate_init=0.3, n_iter_no_change=1000), 30)
    scores = steps[-1].validation_scores_
    assert any(b < a for a, b in pairwise(scores))  # it gets worse in between
    for count, step in enumerate(steps, 1):
        assert step.score(*SCORED) == max(scores[:count]) == step.best_validation_score_
        first = scores.index(max(scores))
    for step in steps[first:]:
        assert (step.coefs_[0] == steps[first].coefs_[0]).all()
    assert steps[-1].loss_curve_[-1] != steps[-2].loss_curve_[-1]


def test_patience_is_over_when_the_score_has_not_improved_for_as_many_calls() -> None:
    steps = learned(classifier(learning_rate_init=0.05, n_iter_no_change=3), 40)
    scores = steps[-1].validation_scores_
    misses, best = 0, -np.inf
    for score, step in zip(scores, steps, strict=True):
        misses = 0 if score >= best + step.tol else misses + 1
        best = max(best, score)
        assert step.stopped_ == (misses > 3)
    assert steps[-1].stopped_
    assert not steps[0].stopped_


def test_a_loop_ends() -> None:
    model = classifier(learning_rate_init=0.05)
    for _ in range(500):
        model.partial_fit(X[GIVEN], Y[GIVEN], classes=[0, 1, 2], validation=SCORED)
        if model.stopped_:
            break
    assert 10 < len(model.loss_curve_) < 500
    assert model.score(*SCORED) > 0.9


def test_it_goes_on_after_being_saved_and_after_weights_are_set() -> None:
    model = learned(classifier(learning_rate_init=0.3), 6)[-1]
    saved = pickle.loads(pickle.dumps(model))
    for one in (model, saved):
        one.partial_fit(X, Y, validation=SCORED)
    assert saved.validation_loss_curve_ == model.validation_loss_curve_
    model.coefs_ = [np.zeros_like(w) for w in model.coefs_]  # these are what is learned from now
    model.intercepts_ = [np.zeros_like(b) for b in model.intercepts_]
    assert model.partial_fit(X, Y, validation=SCORED).loss_curve_[-1] == pytest.approx(np.log(3), rel=1e-6)


@pytest.mark.parametrize("weights", [None, np.r_[np.ones(20), np.zeros(20)]])
def test_numbers_with_and_without_weights_of_what_is_held(weights: Any) -> None:
    T = X[:, :2]
    model = MLPRegressor(hidden_layer_sizes=(5,), early_stopping=True, random_state=0)
    held = (X[HELD, 2:], T[HELD]) if weights is None else (X[HELD, 2:], T[HELD], weights)
    model.partial_fit(X[GIVEN, 2:], T[GIVEN], validation=held)
    found = model.predict(X[HELD, 2:])
    assert model.validation_scores_ == [pytest.approx(r2_score(T[HELD], found, sample_weight=weights))]
    half = np.average((found - T[HELD]) ** 2, axis=0, weights=weights).mean() / 2
    assert model.validation_loss_curve_ == [pytest.approx(half)]


def test_several_labels_and_names_of_classes() -> None:
    rows, labels = make_multilabel_classification(n_samples=80, random_state=0)
    model = classifier()
    for _ in range(3):
        model.partial_fit(rows[:60], labels[:60], validation=(rows[60:], labels[60:]))
    assert len(model.validation_scores_) == 3
    named = classifier()
    words = np.array(["a", "b", "c"])[Y]
    named.partial_fit(X[GIVEN], words[GIVEN], classes=["a", "b", "c"], validation=(X[HELD], words[HELD]))
    assert named.score(X[HELD], words[HELD]) == named.validation_scores_[-1]


def test_a_batch_need_not_have_all_classes_even_with_warm_start() -> None:
    model = classifier(warm_start=True)
    few = Y[HELD] < 2
    model.partial_fit(X[Y == 0], Y[Y == 0], classes=[0, 1, 2], validation=(X[HELD][few], Y[HELD][few]))
    model.partial_fit(X[Y == 1], Y[Y == 1], validation=(X[HELD][few], Y[HELD][few]))
    assert len(model.validation_scores_) == 2


def test_fit_and_partial_fit_after_one_another() -> None:
    model = classifier(max_iter=400).fit(X[GIVEN], Y[GIVEN])
    assert model.stopped_
    before = len(model.validation_scores_)
    model.partial_fit(X[GIVEN], Y[GIVEN], validation=SCORED)
    assert len(model.validation_scores_) == before + 1
    assert model.set_params(max_iter=400).fit(X, Y).n_iter_ == len(model.loss_curve_)


@pytest.mark.parametrize(
    ("options", "validation", "match"),
    [
        ({}, None, "partial_fit does not support early_stopping=True without rows"),
        ({"early_stopping": False}, SCORED, "validation is used by early stopping only"),
        ({}, 0.1, r"validation is not a pair \(X, y\)"),
        ({}, (X,), r"validation is not a pair \(X, y\)"),
    ],
)
def test_wrong_calls_are_refused_and_leave_nothing_behind(options: Any, validation: Any, match: str) -> None:
    model = classifier(**options)
    with pytest.raises(ProblemError, match=match):
        model.partial_fit(X, Y, classes=[0, 1, 2], validation=validation)
    assert not hasattr(model, "coefs_")


@pytest.mark.parametrize(
    ("validation", "match"),
    [
        ((X[:, :3], Y), "3 features"),
        ((X[:5], Y[:4]), "inconsistent numbers of samples"),
        ((X, Y + 1), "classes not in"),
        ((X[:0], Y[:0]), "0 sample"),
        ((X, np.full(150, np.nan)), "NaN"),
    ],
)
def test_rows_that_do_not_fit_are_refused(validation: Any, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        classifier().partial_fit(X, Y, classes=[0, 1, 2], validation=validation)


def test_held_targets_need_as_many_columns() -> None:
    with pytest.raises(ProblemError, match="1 outputs, expected 2"):
        MLPRegressor(early_stopping=True).partial_fit(X[:, 2:], X[:, :2], validation=(X[:, 2:], X[:, 0]))
