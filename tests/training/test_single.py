"""One example at a time: the quick way gives what the general one gives, whatever happens to weights and examples."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from tests.threads import at_once

import chainrule as cr
from chainrule.errors import ShapeError
from chainrule.training import evaluation, single

TWO = cr.Model(
    "h = tanh(a*x + y); u = h*b; v = h + x; E = (u - s)^2 + (v - t)^2",
    inputs=["x", "y"], targets=["s", "t"], parameters={"a": 0.5, "b": 2.0},
)  # fmt: skip


def warm(model: cr.Model, x: np.ndarray[Any, Any]) -> None:
    for _ in range(single.OFTEN + 1):
        model.predict(x)
    assert model._single is not None
    assert model._single._run is not None


def same(model: cr.Model, x: np.ndarray[Any, Any]) -> None:
    due = evaluation.predict(model, x)
    found = model.predict(x)
    assert found.shape == due.shape
    assert found.dtype == due.dtype
    assert found == pytest.approx(due, abs=1e-13 if model.dtype == "float64" else 1e-6)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("layers", [[1, 1], [3, 5, 2], [17, 33, 16, 9], [64, 32, 10]])
def test_weights_that_change(layers: list[int], dtype: Any) -> None:
    net = cr.MLP(layers, dtype=dtype, seed=2)
    numbers = np.random.default_rng(0)
    x = numbers.normal(size=(1, layers[0])).astype(dtype)
    warm(net, x)
    same(net, x)
    for name, value in net.parameters.items():
        before = net.predict(x)
        value.flat[-1] += 1.5  # in place
        same(net, x)
        assert not np.array_equal(net.predict(x), before), name
        net.parameters[name] = numbers.normal(size=value.shape)
        same(net, x)
        net.parameters[name].T[...] = 0.25
        same(net, x)
    net.parameters = {name: value * 0 for name, value in net.parameters.items()}
    assert net.predict(x) == pytest.approx(0.5)
    X, T = numbers.normal(size=(20, layers[0])), np.full((20, layers[-1]), 0.9)
    cr.train(net, X, T, epochs=5)
    same(net, x)
    assert not np.allclose(net.predict(x), 0.5)


def test_examples_that_change() -> None:
    net = cr.MLP([3, 4, 2], seed=1)
    rows = np.random.default_rng(0).normal(size=(9, 3))
    warm(net, rows[:1])
    kept = rows.copy()
    for k in range(9):
        same(net, rows[k : k + 1])
        same(net, rows[::-1][k : k + 1])
        same(net, np.asfortranarray(rows)[k : k + 1])
    assert np.array_equal(rows, kept)
    for other in (rows, rows[:2], rows[:1].astype("f4"), rows[:1].tolist(), rows[:1].astype(int)):
        same(net, other)
    first, second = net.predict(rows[:1]), net.predict(rows[1:2])
    assert not np.shares_memory(first, second)
    assert np.array_equal(first, net.predict(rows[:1]))


def test_several_numbers_as_inputs_and_outputs() -> None:
    x = np.array([[0.3, -0.2]])
    warm(TWO, x)
    same(TWO, x)
    TWO.parameters["b"][...] = -1.0
    same(TWO, x)


def test_what_does_not_fit_is_named_as_before() -> None:
    net = cr.MLP([3, 4, 2], dtype="float32")
    x = np.ones((1, 3), np.float32)
    warm(net, x)
    for bad in (np.nan, np.inf):
        wrong = x.copy()
        wrong[0, 1] = bad
        with pytest.raises(ShapeError, match=r"at X\[0, 1\]"):
            net.predict(wrong)
    with pytest.raises(ShapeError):
        net.predict(np.ones(3, np.float32))
    with pytest.raises(ShapeError, match="too large for float32"):
        net.predict(np.full((1, 3), 1e300))
    same(net, np.full((1, 3), 1e30, np.float32))  # its square is no float32
    same(net, x)


def test_copies_have_weights_of_their_own() -> None:
    net = cr.MLP([3, 4, 2], seed=1)
    x = np.ones((1, 3))
    warm(net, x)
    due = net.predict(x)
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        warm(other, x)
        assert np.array_equal(other.predict(x), due)
        other.parameters["W1"][...] = 0
        assert np.array_equal(net.predict(x), due)
        assert not np.array_equal(other.predict(x), due)
    shallow = copy.copy(net)
    same(shallow, x)


def test_large_models_go_the_general_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(single, "LARGE", 10)
    net = cr.MLP([3, 4, 2])
    for _ in range(single.OFTEN + 5):
        same(net, np.ones((1, 3)))
    assert net._single is not None
    assert net._single._run is None


def test_threads_at_the_same_time() -> None:
    net = cr.MLP([20, 30, 5], seed=1)
    X = np.random.default_rng(0).normal(size=(8, 20))
    warm(net, X[:1])
    due = [net.predict(X[k : k + 1]) for k in range(8)]
    wrong: list[int] = []

    def work(k: int) -> None:
        for _ in range(500):
            if not np.array_equal(net.predict(X[k : k + 1]), due[k]):
                wrong.append(k)

    at_once(work)
    assert not wrong
