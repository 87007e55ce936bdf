"""Whatever is handed to both: the same results, refusals and warnings as scikit-learn's, but for what the docs say."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

import sklearn.neural_network as reference
from scipy.sparse import coo_matrix, csc_matrix, csr_array, csr_matrix
from sklearn.datasets import load_iris

from chainrule import estimators

pandas = pytest.importorskip("pandas")

X, Y = load_iris(return_X_y=True)
LETTERS = np.array(["a", "b", "c"])[Y]
TWO = np.column_stack([Y > 0, Y > 1]).astype(int)
READ_ONLY = X.copy()
READ_ONLY.flags.writeable = False
WITH_NAN = csr_matrix(X)
WITH_NAN.data[3] = np.nan
TWICE = csr_matrix((np.ones(300), (np.tile(np.arange(150), 2), np.zeros(300, int))), shape=(150, 4))
KINDS = ["MLPClassifier", "MLPRegressor"]

ROWS: dict[str, Any] = {
    "int": X.astype(int), "float16": X.astype(np.float16), "float32": X.astype(np.float32), "bool": X > 3,
    "Fortran": np.asfortranarray(X), "every other": np.repeat(X, 2, axis=1)[:, ::2], "backwards": X[::-1],
    "object": X.astype(object), "list": X.tolist(), "text": X.astype(str), "big end first": X.astype(">f8"),
    "read-only": READ_ONLY, "masked": np.ma.array(X), "tiny": X * 1e-300, "complex": X + 1j,
    "csr": csr_matrix(X), "csc": csc_matrix(X), "coo": coo_matrix(X), "csr array": csr_array(X),
    "csr int": csr_matrix(X.astype(int)), "csr nan": WITH_NAN, "csr twice": TWICE,
    "a row": X[0], "three axes": X[None], "no column": X[:, :0], "no row": X[:0], "one row": X[:1],
    "nan": np.where(X > 7, np.nan, X), "inf": np.where(X > 7, np.inf, X), "none": None, "number": 3.0,
    "table": pandas.DataFrame(X, columns=list("abcd")), "numbered table": pandas.DataFrame(X),
    "mixed names": pandas.DataFrame(X, columns=["a", 1, "c", "d"]), "nullable": pandas.DataFrame(X).astype("Float64"),
}  # fmt: skip
TARGETS: dict[str, Any] = {
    "bool": Y > 0, "float": Y.astype(float), "halves": Y + 0.5, "one class": np.zeros(150, int), "below 0": Y - 5,
    "7 and 3": np.where(Y > 0, 7, 3), "list": Y.tolist(), "column": Y[:, None], "short": Y[:-1], "none": None,
    "nan": np.where(Y > 1, np.nan, Y), "inf": np.where(Y > 1, np.inf, Y), "complex": Y + 1j,
    "uint8": Y.astype(np.uint8),
    "float16": Y.astype(np.float16), "object": Y.astype(object), "labels": TWO, "bool labels": TWO.astype(bool),
    "constant label": np.column_stack([TWO, np.ones(150, int)]), "one label": TWO[:, :1],
    "numbers": np.column_stack([Y, Y]), "series": pandas.Series(Y, index=np.arange(150)[::-1]),
    "frame": pandas.DataFrame({"y": Y}), "Int64": pandas.Series(Y, dtype="Int64"),
}  # fmt: skip
NAMES: dict[str, Any] = {
    "text": LETTERS, "object": LETTERS.astype(object), "bytes": LETTERS.astype(bytes), "one": np.full(150, "q"),
    "mixed": np.array([1, "a"] * 75, object), "category": pandas.Series(LETTERS, dtype="category"),
    "sparse labels": csr_matrix(TWO),
}  # fmt: skip
WEIGHTS: dict[str, Any] = {
    "some 0": np.repeat([0.0, 1.0], 75), "below 0": -np.ones(150), "int": np.arange(150), "list": [1] * 150,
    "short": np.ones(149), "two axes": np.ones((150, 1)), "nan": np.full(150, np.nan), "number": 2.0,
    "text": ["a"] * 150, "bool": Y > 0, "float32": np.ones(150, np.float32),
    "series": pandas.Series(np.arange(150.0), index=np.arange(150)[::-1]),
}  # fmt: skip


def outcome(work: Callable[[Any], Any], package: Any) -> tuple[Any, list[str]]:
    """What a call gives, or whether it is refused, and the warnings but for those of overflow."""
    result: Any
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = work(package)
        except (ValueError, TypeError):
            result = "refused"
    return result, [one.category.__name__ for one in caught if one.category is not RuntimeWarning]


def seen(model: Any, rows: Any) -> list[Any]:
    """What is learned, and what is made of it."""
    found = [model.n_iter_, model.t_, model.loss_, model.n_features_in_, model.out_activation_, model.n_outputs_]
    found += [getattr(model, "feature_names_in_", np.zeros(0)).tolist(), [one.dtype for one in model.coefs_]]
    for call in ("predict", "predict_proba", "predict_log_proba"):
        if hasattr(model, call):
            made = getattr(model, call)(rows)
            made = made.toarray() if hasattr(made, "toarray") else made
            found += [made.dtype, made.shape, made.tolist()]
    return [*found, model.coefs_[0].tolist(), *([model.classes_.tolist()] if hasattr(model, "classes_") else [])]


def assert_same(work: Callable[[Any], Any]) -> None:
    (ours, warned), (theirs, told) = outcome(work, estimators), outcome(work, reference)
    assert warned == told
    if ours == "refused" or theirs == "refused":
        assert ours == theirs
        return
    for mine, other in zip(ours, theirs, strict=True):
        numeric = np.asarray(other).dtype.kind == "f"
        assert mine == (pytest.approx(np.asarray(other), rel=1e-3, abs=1e-5) if numeric else other)


def fitted(package: Any, kind: str, rows: Any, y: Any, weights: Any = None, *, early: bool = False) -> list[Any]:
    model = getattr(package, kind)(hidden_layer_sizes=(5,), max_iter=3, random_state=0, early_stopping=early)
    return seen(model.fit(rows, y, weights), rows)


@pytest.mark.parametrize("early", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ROWS)
def test_rows(name: str, kind: str, early: bool) -> None:
    rows = ROWS[name]
    y = Y[: rows.shape[0]] if name in ("no row", "one row") else Y
    assert_same(lambda package: fitted(package, kind, rows, y, early=early))


@pytest.mark.parametrize("early", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", TARGETS)
def test_targets(name: str, kind: str, early: bool) -> None:
    assert_same(lambda package: fitted(package, kind, X, TARGETS[name], early=early))


@pytest.mark.parametrize("early", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_names_of_classes(name: str, early: bool) -> None:
    assert_same(lambda package: fitted(package, "MLPClassifier", X, NAMES[name], early=early))


@pytest.mark.parametrize("early", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", WEIGHTS)
def test_weights(name: str, kind: str, early: bool) -> None:
    assert_same(lambda package: fitted(package, kind, X, Y, WEIGHTS[name], early=early))


@pytest.mark.parametrize("rows", [2, 3, 5, 10, 12, 20])
@pytest.mark.parametrize("kind", KINDS)
def test_early_stopping_with_few_rows(rows: int, kind: str) -> None:
    few = slice(None, rows * (150 // rows), 150 // rows)
    assert_same(lambda package: fitted(package, kind, X[few], Y[few], early=True))


@pytest.mark.parametrize("state", ["global", "a generator", "twice"])
def test_as_many_random_numbers_are_drawn(state: str) -> None:
    def work(package: Any) -> list[Any]:
        np.random.seed(5)
        drawn = None if state == "global" else np.random.RandomState(3)
        options = {"early_stopping": state == "twice", "tol": 0.1, "n_iter_no_change": 2, "max_iter": 40}
        model = package.MLPClassifier((5,), random_state=drawn, **options).fit(X, Y)
        found = seen(model.fit(X, Y) if state == "twice" else model, X)
        return [*found, (np.random if drawn is None else drawn).rand()]

    assert_same(work)


@pytest.mark.parametrize(
    "calls",
    [
        [(Y, None)],
        [(Y, [0, 1, 2]), (Y, None)],
        [(Y, [2, 0, 1])],
        [(Y, [0, 1, 2]), (Y, [0, 1, 3])],
        [(Y, [0, 1])],
        [(Y, [0, 1, 2]), (Y + 1, None)],
        [(Y, [0, 1, 2]), (LETTERS, None)],
        [(LETTERS, ["a", "b", "c"]), (np.array(["a", "q"] * 75), None)],
    ],
    ids=str,
)
def test_classes_of_partial_fit(calls: list[tuple[Any, Any]]) -> None:
    def work(package: Any) -> list[Any]:
        model = package.MLPClassifier((5,), random_state=0)
        for y, classes in calls:
            model.partial_fit(X, y, classes=classes)
        return seen(model, X)

    assert_same(work)


@pytest.mark.parametrize(
    "second", [np.where(Y == 2, 1, Y), Y + 1, LETTERS, TWO, Y], ids=["fewer", "others", "names", "labels", "the same"]
)
def test_classes_of_a_warm_start(second: Any) -> None:
    def work(package: Any) -> list[Any]:
        model = package.MLPClassifier((5,), random_state=0, max_iter=2, warm_start=True)
        return seen(model.fit(X, Y).fit(X, second), X)

    assert_same(work)
