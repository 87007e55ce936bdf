"""Compiled models: what they predict, their weights, what does not fit, threads."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from tests.threads import at_once

import chainrule as cr
from chainrule.errors import ShapeError


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("layers", "activation"),
    [
        ([1, 1], "identity"),
        ([3, 5, 2], ["tanh", "softmax"]),
        ([17, 33, 16, 9], ["relu", "sigmoid", "identity"]),
        ([64, 32, 10], "sigmoid"),
        ([300, 7, 1], "tanh"),
    ],
)
def test_one_example_and_several_equal_predict(layers: list[int], activation: Any, dtype: Any) -> None:
    loss = "cross entropy" if "softmax" in activation else "half squared error"
    net = cr.MLP(layers, activation=activation, loss=loss, dtype=dtype, seed=3)
    f = cr.compile(net)
    X = np.random.default_rng(0).normal(size=(5, layers[0])).astype(dtype)
    due = net.predict(X)
    for _ in range(2):
        for x, right in zip(X, due, strict=True):
            found = f(x)
            assert found.dtype == dtype
            assert found.shape == right.shape
            assert found == pytest.approx(right, abs=1e-12 if dtype == "float64" else 1e-5)
    assert np.array_equal(f(X), due)
    assert f(X[0].tolist()) == pytest.approx(due[0], abs=1e-5)
    assert f(X[0].astype("f2")) == pytest.approx(due[0], abs=1e-2)
    assert not np.shares_memory(f(X[0]), f(X[0]))


def test_several_numbers_as_inputs_and_outputs() -> None:
    model = cr.Model(
        "h = tanh(a*x + y); u = h*b; v = h + x; E = (u - s)^2 + (v - t)^2",
        inputs=["x", "y"], targets=["s", "t"], parameters={"a": 0.5, "b": 2.0},
    )  # fmt: skip
    f = cr.compile(model)
    x = np.array([0.3, -0.2])
    for _ in range(2):
        assert f(x) == pytest.approx(model.predict([x])[0], abs=1e-14)
    assert f([x, x]).shape == (2, 2)


def test_the_weights_are_those_of_before() -> None:
    net = cr.MLP([3, 4, 2], seed=1)
    f, x = cr.compile(net), np.ones(3)
    before = net.predict([x])[0]
    net.parameters["W1"][...] = 0.0
    for _ in range(2):
        assert f(x) == pytest.approx(before, abs=1e-14)
        assert f([x])[0] == pytest.approx(before, abs=1e-14)
    assert cr.compile(net)(x) == pytest.approx(net.predict([x])[0], abs=1e-14)
    assert pickle.loads(pickle.dumps(cr.compile(net)))(x) == pytest.approx(net.predict([x])[0], abs=1e-14)


@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize(
    "wrong", [None, 1.0, "a", np.ones(2), np.ones((1, 2)), np.ones((0, 3)), [[1.0], [1.0, 2.0]], ["a", "b", "c"]]
)
def test_what_does_not_fit(wrong: Any, warm: bool) -> None:
    f = cr.compile(cr.MLP([3, 4, 2]))
    if warm:
        f(np.ones(3))
    with pytest.raises(ShapeError):
        f(wrong)
    assert f(np.ones(3)).shape == (2,)


def test_nan_goes_through_one_example() -> None:
    f = cr.compile(cr.MLP([3, 4, 2]))
    for _ in range(2):
        assert np.isnan(f(np.array([1.0, np.nan, 2.0]))).all()


def test_threads_at_the_same_time() -> None:
    net = cr.MLP([20, 30, 5], seed=1)
    f = cr.compile(net)
    X = np.random.default_rng(0).normal(size=(8, 20))
    due = [f(x) for x in X]
    wrong: list[int] = []

    def work(k: int) -> None:
        for at in range(500):
            x = X[k] if at % 5 else X[k].tolist()  # now and then the general way
            if not np.array_equal(f(x), due[k]):
                wrong.append(k)

    at_once(work)
    assert not wrong
