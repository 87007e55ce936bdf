"""scikit-learn's callbacks, and the bar: what they are told, that they may stop a fit, and that they change nothing."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn.callback")

from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.datasets import load_iris
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chainrule.estimators import MLPClassifier, MLPRegressor
from chainrule.estimators.epochs import Epochs

X, Y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]
WAYS: list[dict[str, Any]] = [
    {},
    {"early_stopping": True},
    {"solver": "lbfgs"},
    {"batch_size": 40},
]
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def classifier(**options: Any) -> Any:
    return MLPClassifier(**{"hidden_layer_sizes": (5,), "max_iter": 6, "random_state": 0, **options})


class Seen:
    """A callback that keeps what it was told, and asks to stop after some epochs."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.stop_after = stop_after
        self.order: list[str] = []
        self.ended: list[dict[str, Any]] = []

    def setup(self, estimator: Any, context: Any) -> None:
        self.order.append("setup")

    def teardown(self, estimator: Any, context: Any) -> None:
        self.order.append("teardown")

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        self.order.append(f"begin {context.task_name}")

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, X: Any, y: Any, metadata: Any, fitted_estimator: Any
    ) -> bool:
        self.order.append(f"end {context.task_name}")
        told = {"task": context.task_name, "at": context.task_id, "X": X, "y": y, "metadata": metadata}
        self.ended.append({**told, "fitted": fitted_estimator})
        return context.task_name != "fit" and context.task_id + 1 == self.stop_after


@pytest.mark.parametrize("options", WAYS, ids=str)
def test_who_looks_on_changes_nothing(options: dict[str, Any]) -> None:
    plain = classifier(**options).fit(X, NAMES)
    seen = Seen()
    watched = classifier(**options).set_callbacks(seen).fit(X, NAMES)
    for one, other in zip([*plain.coefs_, *plain.intercepts_], [*watched.coefs_, *watched.intercepts_], strict=True):
        assert (one == other).all()
    assert watched.loss_curve_ == plain.loss_curve_
    assert watched.n_iter_ == plain.n_iter_ == 6


def test_the_tasks_are_the_fit_and_its_epochs_in_order() -> None:
    seen = Seen()
    classifier(max_iter=2).set_callbacks(seen).fit(X, Y)
    epoch = ["begin epoch", "end epoch"]
    assert seen.order == ["setup", "begin fit", *epoch, *epoch, "end fit", "teardown"]


@pytest.mark.parametrize("options", WAYS, ids=str)
def test_the_estimator_of_an_epoch_is_that_of_a_shorter_fit(options: dict[str, Any]) -> None:
    seen = Seen()
    classifier(**options).set_callbacks(seen).fit(X, NAMES)
    third = seen.ended[2]["fitted"]
    shorter = classifier(**{**options, "max_iter": 3}).fit(X, NAMES)
    if not options.get("early_stopping"):  # which keeps the best weights, not the last
        np.testing.assert_array_equal(third.predict_proba(X), shorter.predict_proba(X))
    assert third.loss_curve_ == shorter.loss_curve_
    assert len(seen.ended[5]["fitted"].loss_curve_) == 6
    assert third.validation_scores_ == shorter.validation_scores_ if "early_stopping" in options else True


def test_a_callback_sees_the_rows_that_are_learned_from_and_their_weights() -> None:
    weights = np.arange(150.0)
    seen = Seen()
    classifier(early_stopping=True).set_callbacks(seen).fit(X, NAMES, weights)
    told = seen.ended[0]
    rows = told["metadata"]["sample_weight"].astype(int)
    assert len(set(rows)) == 135
    assert (told["X"] == X[rows]).all()
    assert (told["y"] == NAMES[rows]).all()


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_callback_may_stop_the_fit(solver: str) -> None:
    seen = Seen(stop_after=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = classifier(solver=solver, max_iter=50).set_callbacks(seen).fit(X, Y)
    assert model.n_iter_ == len(model.loss_curve_) == 3
    assert model.stopped_
    assert seen.order.count("begin fit") == seen.order.count("end fit") == 1
    assert sum(text.startswith("begin") for text in seen.order) == sum(text.startswith("end") for text in seen.order)


def test_an_interrupted_epoch_is_ended_too(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Epochs.run

    def interrupted(self: Epochs, rates: Any) -> list[float]:
        if len(seen.ended) == 2:
            raise KeyboardInterrupt
        return run(self, rates)

    seen = Seen()
    monkeypatch.setattr(Epochs, "run", interrupted)
    with pytest.warns(UserWarning, match="interrupted by user"):
        classifier().set_callbacks(seen).fit(X, Y)
    assert seen.order[-3:] == ["end epoch", "end fit", "teardown"]
    assert seen.order.count("begin epoch") == seen.order.count("end epoch") == 3


def test_a_fit_that_fails_is_torn_down() -> None:
    seen = Seen()
    model = MLPRegressor(
        hidden_layer_sizes=(5,), activation="identity", solver="sgd", learning_rate_init=50.0, max_iter=500
    )
    with pytest.raises(ValueError, match="diverged"):
        model.set_callbacks(seen).fit(X[:, 1:] * 100, X[:, 0])
    assert seen.order[-1] == "teardown"


@pytest.mark.parametrize("options", WAYS, ids=str)
def test_scores_are_monitored(options: dict[str, Any]) -> None:
    monitor = ScoringMonitor(scoring="neg_log_loss")
    model = classifier(**options, alpha=0).set_callbacks(monitor).fit(X, NAMES)
    rows = monitor.get_logs().data
    epochs = [row["neg_log_loss"] for row in rows if row["task_name"] != "fit"]
    assert len(epochs) == model.n_iter_
    if options.get("solver") == "lbfgs":  # whose loss is that of all rows after the iteration
        np.testing.assert_allclose(epochs, -np.array(model.loss_curve_), rtol=1e-6)
    if not options.get("early_stopping"):
        (last,) = [row["neg_log_loss"] for row in rows if row["task_name"] == "fit"]
        assert last == epochs[-1] == pytest.approx(-log_loss(NAMES, model.predict_proba(X)))


@pytest.mark.parametrize("kind", ["table", "sparse", "list"])
def test_scores_of_other_kinds_of_rows(kind: str) -> None:
    given: Any = csr_matrix(X) if kind == "sparse" else X.tolist()
    if kind == "table":
        given = pytest.importorskip("pandas").DataFrame(X, columns=list("abcd"))
    monitor = ScoringMonitor(scoring="accuracy")
    classifier(early_stopping=True).set_callbacks(monitor).fit(given, NAMES.tolist())  # a warning would be an error
    assert len(monitor.get_logs().data) == 7


def test_a_bar_over_a_search_on_two_processes(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("rich")
    monitor = ScoringMonitor(scoring="accuracy")
    pipe = make_pipeline(StandardScaler(), classifier(max_iter=2).set_callbacks(monitor))
    search = GridSearchCV(pipe, {"mlpclassifier__alpha": [0.1, 1.0]}, cv=2, n_jobs=2)
    search.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(X, Y)
    assert "MLPClassifier - fit" in capsys.readouterr().out
    epochs = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(epochs) == (2 * 2 + 1) * 2


def test_callbacks_are_cloned_and_copied_and_taken_off() -> None:
    seen = Seen()
    model = classifier().set_callbacks(seen)
    assert clone(model)._skl_callbacks == [seen]
    copy.deepcopy(model).fit(X, Y)
    assert not seen.order
    model.set_callbacks().fit(X, Y)
    assert not seen.order
    with pytest.raises(TypeError, match="FitCallback protocol"):
        model.set_callbacks(print)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_bar_by_name_instead_of_lines(
    solver: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # as on a terminal: elsewhere a bar that goes away is not drawn
    plain = classifier(solver=solver).fit(X, Y)
    assert capsys.readouterr() == ("", "")
    shown = classifier(solver=solver, verbose="bar").fit(X, Y)
    out, err = capsys.readouterr()
    assert not out
    assert "epoch" in err
    assert "error" in err
    assert ("rate" in err) == (solver == "adam")
    assert (shown.coefs_[0] == plain.coefs_[0]).all()
    with pytest.raises(ValueError, match="'verbose' parameter"):
        classifier(verbose="beer").fit(X, Y)
