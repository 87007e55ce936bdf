"""Inside scikit-learn's pipelines, searches and wrappers, with tables, saved and loaded."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

import joblib
import sklearn
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.ensemble import StackingClassifier
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import chainrule as cr
import chainrule.functions as f
from chainrule.errors import ShapeError
from chainrule.estimators import MLPClassifier, MLPRegressor

X, Y = load_iris(return_X_y=True)
OPTIONS: dict[str, Any] = {"hidden_layer_sizes": (6,), "learning_rate_init": 0.05, "max_iter": 40, "random_state": 0}
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_pipeline_and_cross_validation() -> None:
    scores = cross_val_score(make_pipeline(StandardScaler(), MLPClassifier(**OPTIONS)), X, Y, cv=3)
    assert scores.mean() > 0.9


def test_grid_search_on_two_processes_finds_what_one_does() -> None:
    grid = {"alpha": [1e-4, 100.0], "hidden_layer_sizes": [(6,), (3,)]}
    found = [GridSearchCV(MLPClassifier(**OPTIONS), grid, cv=2, n_jobs=n).fit(X, Y) for n in (1, 2)]
    assert found[0].best_params_ == found[1].best_params_
    assert found[0].best_params_["alpha"] == 1e-4
    np.testing.assert_allclose(found[0].cv_results_["mean_test_score"], found[1].cv_results_["mean_test_score"])


def test_threads_learn_each_for_itself() -> None:
    with joblib.parallel_backend("threading", n_jobs=2):
        scores = cross_val_score(MLPClassifier(**OPTIONS), X, Y, cv=4)
    np.testing.assert_array_equal(scores, cross_val_score(MLPClassifier(**OPTIONS), X, Y, cv=4))


def test_stacking_and_calibration() -> None:
    parts = [("net", MLPClassifier(**OPTIONS)), ("line", LogisticRegression(max_iter=500))]
    assert StackingClassifier(parts, cv=2).fit(X, Y).score(X, Y) > 0.9
    calibrated = CalibratedClassifierCV(MLPClassifier(**OPTIONS), cv=2).fit(X, Y)
    np.testing.assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1)


def test_clone_and_dump(tmp_path: Path) -> None:
    model = MLPClassifier(**OPTIONS, activation=["tanh"], class_weight={0: 2, 1: 1, 2: 1}, dropout=0.25)
    assert clone(model).get_params() == model.get_params()
    model.fit(X, Y)
    joblib.dump(model, tmp_path / "model")
    loaded = joblib.load(tmp_path / "model")
    assert (loaded.predict_proba(X) == model.predict_proba(X)).all()
    for one in (loaded, model):
        one.partial_fit(X, Y)
    assert (loaded.coefs_[0] == model.coefs_[0]).all()
    assert not hasattr(clone(model), "coefs_")


def test_a_saved_model_predicts_in_another_process(tmp_path: Path) -> None:
    model = MLPRegressor(**OPTIONS).fit(X, Y)
    joblib.dump(model, tmp_path / "model")
    code = f"import joblib; print(repr(joblib.load({str(tmp_path / 'model')!r}).predict([[5, 3, 1, 0]]).tolist()))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == repr(model.predict([[5, 3, 1, 0]]).tolist())


def of_a_module(z: Any) -> Any:
    return z * f.tanh(f.softplus(z))


def test_functions_at_the_top_of_a_module_are_kept_by_name() -> None:
    model = MLPClassifier(**OPTIONS, activation=[f.tanh]).fit(X, Y)
    loaded = pickle.loads(pickle.dumps(model))
    assert loaded.activation == [f.tanh] == clone(loaded).activation
    assert (loaded.predict_proba(X) == model.predict_proba(X)).all()
    assert (loaded.fit(X, Y).coefs_[0] == model.coefs_[0]).all()


def test_functions_without_a_name_go_where_cloudpickle_takes_them_and_as_a_model_anywhere(tmp_path: Path) -> None:
    cloudpickle = pytest.importorskip("cloudpickle")
    model = MLPClassifier(**OPTIONS, activation=lambda z: of_a_module(z)).fit(X, Y)
    with pytest.raises((pickle.PicklingError, AttributeError), match="<lambda>"):
        pickle.dumps(model)
    loaded = pickle.loads(cloudpickle.dumps(model))
    assert (loaded.predict_proba(X) == model.predict_proba(X)).all()
    for one in (loaded, model):
        one.partial_fit(X, Y)
    assert (loaded.coefs_[0] == model.coefs_[0]).all()
    search = GridSearchCV(model, {"alpha": [1e-4, 100.0]}, cv=2, n_jobs=2).fit(X, Y)
    assert search.best_params_ == {"alpha": 1e-4}
    cr.save_model(model.as_model(), tmp_path / "model.npz")
    np.testing.assert_allclose(cr.load_model(tmp_path / "model.npz").predict(X), model.predict_proba(X), rtol=1e-12)


def test_tables_keep_and_check_their_names() -> None:
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(X, columns=["a", "b", "c", "d"])
    model = MLPClassifier(**OPTIONS, early_stopping=True).fit(table, pandas.Series(Y, name="kind"))
    assert model.feature_names_in_.tolist() == ["a", "b", "c", "d"]
    assert model.n_features_in_ == 4
    assert model.input_gradient(table).shape == (150, 3, 4)
    with pytest.raises(ValueError, match="feature names"):
        model.predict(table.rename(columns={"a": "z"}))
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(X)


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_other_tables_keep_their_names_too(library: str) -> None:
    module = pytest.importorskip(library)
    columns = {name: X[:, at] for at, name in enumerate("abcd")}
    table = module.DataFrame(columns) if library == "polars" else module.table(columns)
    model = MLPClassifier(**OPTIONS).fit(table, Y)
    assert model.feature_names_in_.tolist() == ["a", "b", "c", "d"]
    assert (model.predict(table) == MLPClassifier(**OPTIONS).fit(X, Y).predict(X)).all()


def test_set_output_gives_tables_on_the_way() -> None:
    pandas = pytest.importorskip("pandas")
    pipe = make_pipeline(StandardScaler(), MLPClassifier(**OPTIONS)).set_output(transform="pandas")
    table = pandas.DataFrame(X, columns=["a", "b", "c", "d"])
    assert pipe.fit(table, Y)[-1].feature_names_in_.tolist() == ["a", "b", "c", "d"]
    assert pipe.score(table, Y) > 0.9


def test_sample_weights_are_routed() -> None:
    weights = np.where(Y == 0, 0.0, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        model = MLPClassifier(**OPTIONS).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        pipe = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), model)
        found = cross_validate(pipe, X, Y, params={"sample_weight": weights}, cv=3, return_estimator=True)
    # What weighs nothing is not learned, and not counted.
    assert all((one.predict(X) != 0).all() for one in found["estimator"])
    assert found["test_score"].mean() > 0.8


def test_inspection() -> None:
    model = MLPRegressor(**OPTIONS).fit(X[:, :3], X[:, 3])
    shown = partial_dependence(model, X[:, :3], [2], grid_resolution=5)["average"][0]
    assert shown[-1] > shown[0]
    found = permutation_importance(model, X[:, :3], X[:, 3], n_repeats=3, random_state=0).importances_mean
    assert found.argmax() == 2


def test_without_scikit_learn_an_error_names_the_extra() -> None:
    code = "import sys; sys.modules['sklearn'] = None; import chainrule as cr; cr.MLPClassifier"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "MissingPartError" in shown.stderr
    assert "pip install 'chainrule[sklearn]'" in shown.stderr


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_targets_of_tables(library: str) -> None:
    module = pytest.importorskip(library)
    make = module.table if library == "pyarrow" else module.DataFrame
    given, due = (
        make({name: X[:, at].copy() for at, name in enumerate("abcd") if name in part}) for part in ("ab", "cd")
    )
    model = MLPRegressor(**OPTIONS).fit(given, due)  # its columns do not lie side by side
    assert (model.predict(given) == MLPRegressor(**OPTIONS).fit(X[:, :2], X[:, 2:]).predict(X[:, :2])).all()
    kinds = np.array(["u", "v", "w"])[Y]
    column = module.array(kinds) if library == "pyarrow" else module.Series(kinds)
    assert MLPClassifier(**OPTIONS).fit(given, column).classes_.tolist() == ["u", "v", "w"]


def test_one_row_of_a_table_is_explained_and_its_names_are_checked() -> None:
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(X, columns=list("abcd"))
    model = MLPClassifier(**OPTIONS).fit(table, Y)
    expected = str(model.explain(X[0], Y[0]))  # a plain row has no names to check, and gives no warning
    for row, y in ((table.iloc[0], Y[0]), (table.iloc[:1], Y[:1]), (table.iloc[:1], pandas.Series(Y)[:1])):
        assert str(model.explain(row, y)) == expected
    with pytest.raises(ValueError, match="feature names should match"):
        model.explain(table.iloc[0][["b", "a", "c", "d"]], Y[0])
    with pytest.raises(ValueError, match="2 features"):
        model.explain(X[0, :2], Y[0])
    with pytest.raises(ShapeError, match="2 rows, expected one"):
        model.explain(table.iloc[:2], Y[0])


def test_sparse_labels_stay_sparse() -> None:
    rows, labels = make_multilabel_classification(n_samples=60, random_state=0)
    model, plain = (MLPClassifier(**OPTIONS).fit(rows, one) for one in (csr_matrix(labels), labels))
    assert (model.predict(rows).toarray() == plain.predict(rows)).all()
    assert model.score(rows, csr_matrix(labels)) == plain.score(rows, labels)
    assert MLPClassifier(**OPTIONS).partial_fit(rows, csr_matrix(labels)).predict(rows).shape == labels.shape


def test_classes_that_were_never_learned_are_no_targets() -> None:
    model = MLPClassifier(**OPTIONS).fit(X, Y)
    for call in (model.gradient, model.diagnose):
        with pytest.raises(ValueError, match="classes not in"):
            call(X, Y + 1)
    with pytest.raises(ValueError, match="classes not in"):
        model.explain(X[0], 7)


def test_a_fit_and_its_predictions_start_no_thread() -> None:
    code = """
import threading, os, warnings
warnings.simplefilter("ignore")
import numpy as np
import sklearn.linear_model, scipy.optimize
from chainrule.estimators import MLPClassifier
rng = np.random.default_rng(0)
X = rng.normal(size=(600, 40)); y = (X[:, 0] > 0).astype(int)
before = sum(1 for _ in os.scandir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 0
for solver in ("adam", "lbfgs"):
    MLPClassifier((50,), solver=solver, max_iter=3).fit(X, y)
after = sum(1 for _ in os.scandir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 0
print(after - before, threading.active_count())
"""
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.split() == ["0", "1"]
