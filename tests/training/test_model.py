from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
from chainrule.errors import ChainruleError, GradientError, ProblemError, ShapeError
from chainrule.graph import Graph
from chainrule.tracing import trace
from chainrule.training.evaluation import ROWS
from chainrule.training.model import MLP, Model


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def line(**options: Any) -> Model:
    parameters = {"a": 2.0, "b": 1.0}
    return Model("y = a*x + b; E = 1/2*(t - y)^2", inputs=["x"], targets=["t"], parameters=parameters, **options)


def test_parameters_have_a_row_per_unit() -> None:
    net = MLP([64, 32, 10], dtype="float32", seed=0)
    shapes = {name: (value.shape, value.dtype) for name, value in net.parameters.items()}
    single = np.dtype("float32")
    assert shapes == {"W1": ((32, 64), single), "b1": ((32,), single), "W2": ((10, 32), single), "b2": ((10,), single)}


def test_predict_is_the_formula() -> None:
    random = np.random.default_rng(0)
    net, X = MLP([3, 4, 2], activation=["tanh", "sigmoid"], seed=2), random.normal(size=(5, 3))
    p = net.parameters
    assert np.allclose(net.predict(X), sigmoid(np.tanh(X @ p["W1"].T + p["b1"]) @ p["W2"].T + p["b2"]), atol=1e-14)


def test_loss_and_gradient_agree_with_differences() -> None:
    random = np.random.default_rng(1)
    net = MLP([3, 4, 2], activation=["tanh", "softmax"], loss="cross entropy", seed=2)
    X, T = random.normal(size=(6, 3)), np.eye(2)[random.integers(0, 2, 6)]
    slopes = net.gradient(X, T)
    assert net.loss(X, T, over="sum") == pytest.approx(6 * net.loss(X, T))
    for name, value in net.parameters.items():
        assert slopes[name].shape == value.shape
        for at in np.ndindex(value.shape):
            kept, found = value[at], []
            for step in (1e-6, -1e-6):
                value[at] = kept + step
                found.append(net.loss(X, T))
            value[at] = kept
            assert slopes[name][at] == pytest.approx((found[0] - found[1]) / 2e-6, abs=1e-8)


@pytest.mark.parametrize("rows", [1, ROWS - 1, ROWS, ROWS + 1, 4097])
def test_blocks_of_rows_leave_no_seam(rows: int) -> None:
    X = np.linspace(-1, 1, rows)
    model = line()
    assert np.allclose(model.predict(X)[:, 0], 2 * X + 1)
    assert model.loss(X, X, over="sum") == pytest.approx(float(np.sum((X + 1) ** 2) / 2))
    assert model.gradient(X, X, over="sum")["b"] == pytest.approx(float(np.sum(X + 1)))


def test_parameters_are_assigned_one_by_one_or_all_at_once() -> None:
    net = MLP([2, 1], seed=1)
    net.parameters["W1"] = [[1, 2]]
    net.parameters = {"b1": [3]}
    assert net.parameters["W1"].tolist() == [[1.0, 2.0]]
    assert net.parameters["b1"].tolist() == [3.0]
    assert list(net.parameters) == ["W1", "b1"]
    copy = net.parameters.copy()
    net.parameters["W1"] = [[0, 0]]
    assert copy["W1"].tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("W2", [[1, 2]], "there is no parameter 'W2'. The parameters are W1, b1."),
        ("W1", [1, 2], "W1 has the shape (2), expected (1, 2)"),
        ("W1", [[1, float("nan")]], "not finite"),
        ("W1", [[1], [1, 2]], "rows of one length"),
    ],
)
def test_what_cannot_be_assigned(name: str, value: Any, told: str) -> None:
    net = MLP([2, 1], seed=1)
    with pytest.raises(ShapeError) as caught:
        net.parameters[name] = value
    assert told in str(caught.value)
    with pytest.raises(ShapeError, match="cannot be removed"):
        del net.parameters["W1"]


def test_the_same_seed_draws_the_same_parameters_and_another_does_not() -> None:
    assert np.array_equal(MLP([3, 2], seed=4).parameters["W1"], MLP([3, 2], seed=4).parameters["W1"])
    assert not np.array_equal(MLP([3, 2], seed=4).parameters["W1"], MLP([3, 2], seed=5).parameters["W1"])


# -- free networks: text, graph, function


def model_function(x: Any, w: Any, b: Any, t: Any) -> Any:
    return (w @ x + b - t) ** 2 / 2


def test_text_graph_and_function_are_one_model() -> None:
    X, T = [[1.0, 2.0], [3.0, -1.0]], [1.0, 0.0]
    start = {"w": [0.5, -0.25], "b": 0.1}
    text = Model("E = (w @ x + b - t)^2/2", inputs={"x": (2,)}, targets=["t"], parameters=start)
    function = Model(model_function, inputs={"x": (2,)}, targets=["t"], parameters=start)
    graph = Model(trace(model_function, (2,), (2,), (), ()), inputs={"x": (2,)}, targets=["t"], parameters=start)
    for other in (function, graph):
        assert text.loss(X, T) == pytest.approx(other.loss(X, T), rel=1e-14)
        for name, slope in text.gradient(X, T).items():
            assert np.allclose(slope, other.gradient(X, T)[name], atol=1e-14)
    histories = [cr.train(model, X, T, epochs=20, shuffle=False) for model in (text, function, graph)]
    assert histories[0].error == pytest.approx(histories[1].error) == pytest.approx(histories[2].error)
    assert histories[0].error < histories[0][0]["error"]


def test_outputs_are_what_meets_the_targets() -> None:
    text = "h = sigmoid(w*x); o1 = v*h; o2 = u*h; E1 = (t1 - o1)^2; E2 = (t2 - o2)^2; E = E1 + E2"
    model = Model(text, inputs=["x"], targets=["t1", "t2"], parameters={"w": 1.0, "v": 2.0, "u": 3.0})
    found = model.predict([0.0, 1.0])
    assert found.shape == (2, 2)
    assert found[0].tolist() == [1.0, 1.5]
    hidden = Model(text, inputs=["x"], targets=["t1", "t2"], parameters={"w": 1.0, "v": 2.0, "u": 3.0}, outputs=["h"])
    assert hidden.predict([0.0]).tolist() == [[0.5]]


def test_columns_by_name_and_by_place_are_the_same() -> None:
    model = Model("y = a*x1 + b*x2; E = (y - t)^2", inputs=["x1", "x2"], targets=["t"], parameters={"a": 1.0, "b": 2.0})
    assert model.predict({"x1": [1, 2], "x2": [3, 4]}).tolist() == model.predict([[1, 3], [2, 4]]).tolist()
    with pytest.raises(ShapeError, match="X has no 'x2'"):
        model.predict({"x1": [1]})
    with pytest.raises(ShapeError, match="'x3', which is no name"):
        model.predict({"x1": [1], "x2": [1], "x3": [1]})
    with pytest.raises(ShapeError, match="X has 2 rows of x1, but 1 of x2"):
        model.predict({"x1": [1, 2], "x2": [1]})
    with pytest.raises(ShapeError, match="a column for each of x1, x2"):
        model.predict([[1, 2, 3]])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"inputs": "x"}, "found the text 'x'"),
        ({"targets": ["x"]}, "'x' is named twice"),
        ({"parameters": {"a": 1.0}}, "b"),
        ({"parameters": {"a": 1.0, "b": 2.0, "c": 1.0}}, "c learns, but no formula uses it"),
        ({"minimise": "F"}, "there is no quantity F to minimise"),
        ({"minimise": "x"}, "x is given"),
        ({"biases": ["d"]}, "biases names 'd'"),
        ({"outputs": ["z"]}, "there is no quantity 'z'"),
        ({"dtype": "int8"}, "dtype is 'int8'"),
        ({"inputs": {"x": 3}}, "x has the shape 3, expected a tuple"),
        ({"init": "magic"}, "there is no initialiser 'magic'"),
        ({"parameters": {"a": [[1], [1, 2]], "b": 1.0}}, "does not start from numbers"),
        ({"parameters": {"a": float("inf"), "b": 1.0}}, "not finite"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_named(options: dict[str, Any], told: str) -> None:
    given: dict[str, Any] = {"inputs": ["x"], "targets": ["t"], "parameters": {"a": 1.0, "b": 1.0}, **options}
    with pytest.raises(ChainruleError) as caught:
        Model("y = a*x + b; E = (t - y)^2", **given)
    assert told in str(caught.value)


def test_sources_that_are_none() -> None:
    with pytest.raises(ProblemError, match="expected formulas, a graph or a function"):
        Model(3, inputs=[], parameters=[])  # type: ignore[arg-type]
    with pytest.raises(ProblemError, match="the function takes v"):
        Model(lambda x, v: x * v, inputs=["x"], parameters={"w": 1.0})
    with pytest.raises(GradientError, match="no quantity E"):
        Model("y = a*x; z = a - x", inputs=["x"], parameters={"a": 1.0})
    with pytest.raises(ProblemError, match="x is defined, but also named"):
        Model("x = a; E = x^2", inputs=["x"], parameters={"a": 1.0})


def test_what_trains_can_be_explained() -> None:
    net = MLP([2, 2, 1], seed=1)
    found = net.explain([0, 1], [1], rate=0.5)
    values = {str(step.quantity): step.value for step in found.steps}
    assert values
    slope = net.gradient([[0, 1]], [[1]])["W1"][0, 1]
    text = str(found)
    assert "dE/dW1[1,2]" in text
    assert f"{slope:.9f}".rstrip("0") in text
    assert "w5" not in text
    assert "a1" in str(line().explain(2.0, 1.0)) or "y = " in str(line().explain(2.0, 1.0))


# -- compile


def test_compiled_functions_equal_python() -> None:
    f = cr.compile(lambda x, y: x * y + x**2)
    assert f(2.0, 3.0) == 10.0
    assert f.value_and_grad(2.0, 3.0) == (10.0, (7.0, 2.0))
    g = cr.compile(lambda w: (w**2).sum())
    value, slope = g.value_and_grad(np.array([1.0, 2.0]))
    assert value == 5.0
    assert slope.tolist() == [2.0, 4.0]
    assert g(np.ones((2, 3))) == 6.0
    nested = cr.compile(lambda p: p["a"] * p["b"][0])
    assert nested.value_and_grad({"a": 2.0, "b": [3.0, 1.0]})[0] == 6.0


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=5))
def test_compiled_gradients_equal_those_of_the_reference(values: list[float]) -> None:
    value, slope = COMPILED.value_and_grad(np.array(values))
    due, expected = cr.value_and_grad(shape_of_many)(np.array(values))
    assert value == pytest.approx(due, rel=1e-12, abs=1e-12)
    assert np.allclose(slope, expected, rtol=1e-12, atol=1e-12)


def shape_of_many(w: Any) -> Any:
    return (np.tanh(w) * np.exp(-w)).sum() + (w * w).sum()


COMPILED: Any = cr.compile(shape_of_many)


def test_compiled_graphs_take_and_give_names() -> None:
    graph = trace(lambda a, b: {"sum": a + b, "product": a * b})
    assert isinstance(graph, Graph)
    assert cr.compile(graph)({"a": 2.0, "b": 5.0}) == {"sum": 7.0, "product": 10.0}
    with pytest.raises(ShapeError, match="the input b has no value"):
        cr.compile(graph)({"a": 2.0})


def test_what_cannot_be_compiled() -> None:
    with pytest.raises(GradientError, match="one number or array"):
        cr.compile(lambda x: (x, x))(1.0)
    with pytest.raises(ChainruleError):
        cr.compile(lambda x: x if x > 0 else -x)(1.0)
    with pytest.raises(GradientError):
        cr.compile(lambda x: x * 2).value_and_grad(np.ones(3))


def test_nan_and_infinity_are_values() -> None:
    f = cr.compile(lambda x: np.log(x))
    assert f(0.0) == -np.inf
    assert np.isnan(f(-1.0))


# -- on disk


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_a_saved_model_comes_back(ending: str, tmp_path: Any) -> None:
    if ending == "safetensors":
        pytest.importorskip("safetensors")
    X = np.random.default_rng(0).normal(size=(4, 3))
    for model, rows in (
        (MLP([3, 4, 2], activation=["relu", "softmax"], loss="cross entropy", dtype="float32", seed=3), X),
        (line(), X[:, 0]),
        (MLP([3, 2], notation="nptel", seed=1), X),
        (MLP([3, 2], bias=False, seed=1), X),
    ):
        file = tmp_path / f"model.{ending}"
        cr.save_model(model, file)
        again = cr.load_model(file)
        assert again.dtype == model.dtype
        assert np.array_equal(again.predict(rows), model.predict(rows))
        assert again.biases == model.biases


def test_a_traced_function_is_saved_as_formulas_or_parameters_only(tmp_path: Any) -> None:
    model = Model(model_function, inputs={"x": (2,)}, targets=["t"], parameters={"w": [0.5, -0.25], "b": 0.1})
    cr.save_model(model, tmp_path / "m.npz")
    again = cr.load_model(tmp_path / "m.npz")
    assert again.loss([[1, 2]], [3]) == model.loss([[1, 2]], [3])


@pytest.mark.parametrize("name", ["model.pickle", "model", "no/such/folder.npz"])
def test_files_that_cannot_be_written_or_read(name: str, tmp_path: Any) -> None:
    with pytest.raises(ProblemError):
        cr.save_model(line(), tmp_path / name)
    with pytest.raises(ProblemError):
        cr.load_model(tmp_path / name)


def test_files_that_hold_something_else(tmp_path: Any) -> None:
    (tmp_path / "text.npz").write_text("not numbers")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    for name in ("text.npz", "other.npz"):
        with pytest.raises(ProblemError, match="not a saved model"):
            cr.load_model(tmp_path / name)


def test_parameters_that_the_error_does_not_depend_on_stay_as_they_are() -> None:
    text = "y = a*x; seen = b*x; E = (y - t)^2"
    model = Model(text, inputs=["x"], targets=["t"], parameters={"a": 1.0, "b": 2.0})
    assert model.gradient([1.0], [3.0]) == {"a": -4.0, "b": 0.0}
    cr.train(model, [1.0], [3.0], epochs=100)
    assert model.parameters["b"] == 2.0
    assert model.parameters["a"] == pytest.approx(3.0)
    with pytest.raises(GradientError, match="depends on no parameter"):
        Model("y = a*x; E = (x - t)^2", inputs=["x"], targets=["t"], parameters={"a": 1.0})
