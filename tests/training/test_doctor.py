from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
from chainrule.errors import ShapeError
from chainrule.training.doctor import _layers, _lost_layers, _outputs_of, diagnose
from chainrule.training.evaluation import error_graph
from chainrule.training.evaluation import examples as checked
from chainrule.training.loop import TrainingWarning
from chainrule.training.model import MLP, Model


def examples(rows: int = 40, inputs: int = 3) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    X = random.normal(size=(rows, inputs))
    return X, (X[:, :1] > 0).astype(float)


def test_a_healthy_network_is_told_so() -> None:
    X, T = examples()
    found = MLP([3, 4, 1], seed=0).diagnose(X, T, rate=0.5)
    assert not found
    assert str(found) == "nothing stands in the way of learning."


def test_unscaled_and_constant_inputs() -> None:
    X, T = examples()
    X[:, 1] = 1000 * X[:, 1]
    X[:, 2] = 5
    found = MLP([3, 4, 1], seed=0).diagnose(X, T)
    assert "unscaled inputs" in found.kinds()
    assert "constant inputs" in found.kinds()
    assert "column 1 runs from" in str(found)
    assert "Subtract each column's mean" in str(found)
    assert "1 of 3 columns never change (2)" in str(found)


def test_dead_units_by_layer() -> None:
    X, T = examples()
    net = MLP([3, 4, 4, 1], activation=["relu", "relu", "sigmoid"], seed=0, init="he normal")
    net.parameters["b2"] = [-1000] * 3 + [0]
    found = [one for one in net.diagnose(X, T) if one.kind == "dead units"]
    assert len(found) == 1
    assert found[0].where == "a2 (layer 2)"
    assert found[0].what.startswith(("3 of 4", "4 of 4"))


def test_saturated_units_by_layer() -> None:
    X, T = examples()
    for activation in ("sigmoid", "tanh"):
        net = MLP([3, 5, 1], activation=[activation, "sigmoid"], seed=0)
        net.parameters["W1"] = net.parameters["W1"] * 1e4
        (found,) = [one for one in net.diagnose(X, T) if one.kind == "saturated units"]
        assert (found.where, found.severe) == ("a1 (layer 1)", True)
        assert "5 of 5 units are saturated" in found.what


@pytest.mark.parametrize(("size", "kind"), [(0.05, "vanishing gradient"), (30.0, "exploding gradient")])
def test_gradients_that_shrink_or_grow_on_the_way_back(size: float, kind: str) -> None:
    X, T = examples()
    layers = [3, *[8] * 6, 1]
    net = MLP(layers, activation=[*["tanh" if size < 1 else "leaky_relu"] * 6, "linear"], seed=0)
    for name in net.parameters:
        if name.startswith("W"):
            net.parameters[name] = net.parameters[name] * size
    (found,) = [one for one in net.diagnose(X, T) if "gradient" in one.kind]
    assert found.kind == kind
    assert found.where == "z1 (layer 1)"
    assert "z6" in found.what


def test_a_rate_that_is_too_high_and_what_would_do() -> None:
    X, T = examples()
    net = MLP([3, 1], activation="linear", seed=0)
    found = net.diagnose(X, T, rate=50.0)
    assert "rate too high" in found.kinds()
    told = next(one for one in found if one.kind == "rate too high")
    better = float(told.remedy.split("About ")[1].split()[0])
    before = net.loss(X, T)
    cr.train(net, X, T, optimizer=cr.sgd(better), batch="all", epochs=1)
    assert net.loss(X, T) < before


def test_a_rate_that_is_too_low() -> None:
    X, T = examples()
    found = MLP([3, 4, 1], seed=0).diagnose(X, T, rate=1e-9)
    assert "rate too low" in found.kinds()
    assert "small updates" in found.kinds()


def test_large_updates_name_the_parameter() -> None:
    X, T = examples()
    net = MLP([3, 4, 1], activation=["tanh", "linear"], seed=0)
    found = [one for one in net.diagnose(X, T, rate=100.0) if one.kind == "large updates"]
    assert {one.where for one in found} & {"W1 (layer 1)", "W2 (layer 2)"}


def test_targets_out_of_reach() -> None:
    X, _ = examples()
    found = MLP([3, 4, 1], seed=0).diagnose(X, np.full(40, 2.0))
    assert found.kinds() == ["unreachable targets"]
    assert "sigmoid gives 0 to 1" in str(found)


def test_the_first_quantity_that_is_not_finite() -> None:
    net = Model("y = w*x; z = ln(y); E = (z - t)^2", inputs=["x"], targets=["t"], parameters={"w": 0.0})
    (found,) = net.diagnose([1.0, 2.0], [0.0, 0.0])
    assert (found.kind, found.where) == ("not finite", "z")
    X, T = examples()
    X[7, 1] = np.nan
    (found,) = MLP([3, 1], seed=0).diagnose(X, T)
    assert "X has nan in row 7" in str(found)


def test_other_mistakes_are_errors_as_ever() -> None:
    with pytest.raises(ShapeError, match="X has the shape"):
        diagnose(MLP([3, 1], seed=0), np.zeros((2, 2)), np.zeros(2))
    with pytest.raises(ShapeError, match="no examples"):
        diagnose(MLP([3, 1], seed=0), np.zeros((0, 3)), np.zeros(0))


@pytest.mark.parametrize("case", ["unscaled", "targets", "dead", "up"])
def test_training_warns_of_what_is_severe(case: str) -> None:
    X, T = examples()
    net, options, told = MLP([3, 4, 1], seed=0), dict[str, Any](), ""
    if case == "unscaled":
        X, told = X * 1e5, "Subtract each column's mean"
    elif case == "targets":
        T, told = T * 7, "Scale the targets"
    elif case == "dead":
        net, told = MLP([3, 4, 1], activation=["relu", "sigmoid"], seed=0), "4 of 4 units are dead"
        net.parameters["b1"] = [-1e4] * 4
    else:
        net, told = MLP([3, 1], activation="linear", seed=0), "the error went up"
        options = {"optimizer": cr.sgd(2.2), "batch": "all", "epochs": 8}
    with pytest.warns(TrainingWarning) as caught:
        history = cr.train(net, X, T, **{"epochs": 2, **options})
    assert any(told in str(one.message) for one in caught)
    assert len(history.warnings) == len(caught)


def test_networks_without_layers_are_examined_too() -> None:
    text = "h = relu(w*x - 100); y = v*h; E = (y - t)^2"
    net = Model(text, inputs=["x"], targets=["t"], parameters={"w": 1.0, "v": 1.0})
    (found,) = [one for one in net.diagnose([1.0, 2.0], [1.0, 1.0]) if one.kind == "dead units"]
    assert found.where == "h"


@given(
    seed=st.integers(0, 10**6),
    rows=st.integers(1, 40),
    far=st.floats(0.1, 40),
    hidden=st.sampled_from(["tanh", "relu"]),
)
def test_a_tenth_of_the_examples_never_hides_a_lost_layer(seed: int, rows: int, far: float, hidden: str) -> None:
    random = np.random.default_rng(seed)
    X, T = random.normal(size=(rows, 2)), random.random((rows, 1))
    net = MLP([2, 2, 1], activation=[hidden, "sigmoid"], seed=seed)
    net.parameters = {"W1": far * random.normal(size=(2, 2)), "b1": far * random.normal(size=2)}
    kinds = ("dead units", "saturated units")
    due = [str(one) for one in net.diagnose(X, T) if one.severe and one.kind in kinds]
    assert [str(one) for one in _lost_layers(net, checked(net, X, T))] == due


@pytest.mark.parametrize("hidden", ["relu", "sigmoid", "tanh"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_layers_are_looked_at_in_the_numbers_of_the_model(hidden: str, dtype: Any) -> None:
    net = MLP([3, 4, 4, 1], activation=[hidden, hidden, "linear"], dtype=dtype)
    found = _outputs_of(_layers(error_graph(net)), net, checked(net, *examples()))
    assert [one.dtype for one in found] == [dtype, dtype]  # else every matrix is converted on the way
