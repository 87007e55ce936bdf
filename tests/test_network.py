from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import ChainruleError, ProblemError, ShapeError
from chainrule.formula import parse_definitions
from chainrule.formula.lowering import Block, define
from chainrule.formula.syntax import Ref, walk
from chainrule.losses import LOSSES
from chainrule.network import ACTIVATIONS, NetworkText, layered, network_formulas
from chainrule.node import input_node, type_of
from chainrule.notation import network_names
from chainrule.quantity import Name


def text_of(layers: list[int], **options: Any) -> NetworkText:
    return network_formulas(layered(layers, **options))


def softmax(z: np.ndarray) -> np.ndarray:
    return np.exp(z) / np.exp(z).sum()


def run(text: NetworkText, values: dict[str, Any]) -> dict[str, Any]:
    """The values of the formulas by NumPy, line by line."""
    functions = {
        "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "tanh": np.tanh, "softmax": softmax, "sum": np.sum, "mean": np.mean,
        "ln": np.log, "relu": lambda z: np.maximum(z, 0),
    }  # fmt: skip
    known = functions | {name: np.array(value, float) for name, value in values.items()}
    for line in text.lines:
        name, formula = line.split(" = ", 1)
        formula = re.sub(r"\[(\d+)\]", lambda index: f"[{int(index[1]) - 1}]", formula).replace("^", "**")
        known[name] = eval(formula, known)  # noqa: S307  # text that we wrote
    return known


def test_matrix_notation() -> None:
    text = text_of([2, 3, 1])
    assert text.lines == (
        "z1 = W1 @ x + b1", "a1 = sigmoid(z1)", "z2 = W2 @ a1 + b2", "a2 = sigmoid(z2)", "E = 1/2*sum((t - a2)^2)",
    )  # fmt: skip
    assert text.inputs == {"x": (2,), "t": (1,)}
    assert text.parameters == {"W1": (3, 2), "b1": (3,), "W2": (1, 3), "b2": (1,)}
    assert text.constants == {}


def test_nptel_puts_the_bias_first_and_multiplies_it_with_one() -> None:
    text = text_of([2, 2, 2], notation="nptel")
    assert text.lines == (
        "theta1 = b1*x0_0 + W1 @ x0",
        "x1 = sigmoid(theta1)",
        "theta2 = b2*x1_0 + W2 @ x1",
        "x2 = sigmoid(theta2)",
        "E = 1/2*sum((x2 - t)^2)",
    )
    assert text.constants == {"x0_0": 1, "x1_0": 1}
    assert text.inputs == {"x0": (2,), "x0_0": (), "x1_0": (), "t": (2,)}


def test_numbered_sums_the_errors_of_the_outputs() -> None:
    text = text_of([2, 2, 2], notation="numbered")
    assert text.lines == (
        "h = W1 @ x + bias1",
        "out_h = sigmoid(h)",
        "o = W2 @ out_h + bias2",
        "out_o = sigmoid(o)",
        "E1 = 1/2*(t[1] - out_o[1])^2",
        "E2 = 1/2*(t[2] - out_o[2])^2",
        "E = E1 + E2",
    )
    assert text_of([2, 2, 1], notation="numbered").lines[-1] == "E = 1/2*sum((t - out_o)^2)"
    assert text_of([2, 2], notation="numbered", loss="mse").lines[-1] == "E = mean((t - out_o)^2)"


def test_a_bias_per_layer_is_a_single_number() -> None:
    text = text_of([2, 2, 2], notation="numbered", bias="per layer")
    assert text.lines[0] == "h = W1 @ x + b1"
    assert text.parameters == {"W1": (2, 2), "b1": (), "W2": (2, 2), "b2": ()}


@pytest.mark.parametrize("notation", ["matrix", "nptel", "numbered", "mitchell"])
def test_without_biases_none_is_mentioned(notation: str) -> None:
    text = text_of([2, 3, 1], notation=notation, bias=False)
    assert list(text.parameters) == ["W1", "W2"]
    assert not text.constants
    assert "W1 @ x" in text.lines[0]
    assert " + " not in text.lines[0]


def test_activations_of_each_layer() -> None:
    lines = text_of([4, 8, 5, 3], activation=["tanh", "linear", "softmax"], loss="cross entropy").lines
    assert lines[1::2] == ("a1 = tanh(z1)", "a2 = z2", "a3 = softmax(z3)")
    assert lines[-1] == "E = -sum(t*ln(a3))"


def test_hidden_names_and_error_name() -> None:
    network = layered([2, 2, 2, 1], notation="numbered", hidden=["p", "q"])
    assert network_formulas(network, error="J").lines[-3:] == (
        "o = W3 @ out_q + bias3", "out_o = sigmoid(o)", "J = 1/2*sum((t - out_o)^2)",
    )  # fmt: skip


NOTATIONS = st.sampled_from(["matrix", "nptel", "numbered", "mitchell"])


@given(
    layers=st.lists(st.integers(1, 12), min_size=2, max_size=5),
    notation=NOTATIONS,
    loss=st.sampled_from(list(LOSSES)),
    activation=st.sampled_from(list(ACTIVATIONS)),
    bias=st.sampled_from([True, False, "per unit", "per layer"]),
)
def test_every_name_is_declared_or_defined_once(
    layers: list[int], notation: str, loss: str, activation: str, bias: bool | str
) -> None:
    if bias == "per layer" and notation != "numbered":
        return
    text = text_of(layers, notation=notation, loss=loss, activation=activation, bias=bias)
    definitions = parse_definitions(str(text))
    left = [one.name for one in definitions]
    declared = [*text.inputs, *text.parameters]
    used = {part.name for one in definitions for part in walk(one.tree) if isinstance(part, Ref)}
    assert len({*left, *declared}) == len(left) + len(declared)
    assert used | {"E"} == {*left, *declared}
    assert set(text.constants) <= set(text.inputs)
    assert text_of(layers, notation=notation, loss=loss, activation=activation, bias=bias) == text


@given(layers=st.lists(st.integers(1, 4), min_size=2, max_size=4), seed=st.integers(0, 1000))
def test_all_notations_mean_the_same(layers: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    x, t = random.normal(size=layers[0]), random.normal(size=layers[-1])
    drawn = {
        (role, k): random.normal(size=(layers[k], layers[k - 1])[: 2 if role == "weight" else 1])
        for k in range(1, len(layers))
        for role in ("weight", "bias")
    }
    errors = []
    for notation in ("matrix", "nptel", "numbered", "mitchell"):
        names = network_names(notation, layers)
        text = text_of(layers, notation=notation)
        values = {names.spell_array("input", 0): x, names.spell_array("target", len(layers) - 1): t}
        values |= {names.spell_array(role, k): value for (role, k), value in drawn.items()}  # type: ignore[arg-type]
        assert {name: np.shape(values[name]) for name in text.parameters} == text.parameters
        errors.append(run(text, values | dict(text.constants))["E"])
    expected = x
    for k in range(1, len(layers)):
        expected = 1 / (1 + np.exp(-(drawn["weight", k] @ expected + drawn["bias", k])))
    assert errors == pytest.approx([0.5 * ((t - expected) ** 2).sum()] * 4, rel=1e-12)


@pytest.mark.parametrize("notation", ["matrix", "nptel", "numbered", "mitchell"])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_formulas_make_a_graph_of_the_right_shapes(notation: str, loss: str, activation: str) -> None:
    text = text_of([2, 3, 2], notation=notation, loss=loss, activation=activation)
    shapes = {**text.inputs, **text.parameters}
    inputs = {name: input_node(Name(name), type_of("real", shape)) for name, shape in shapes.items()}
    graph = define([Block(str(text), parse_definitions(str(text)))], inputs)
    shape_of = {name: root.shape for name, root in graph.items()}
    assert [shape_of[line.split(" = ")[0]] for line in text.lines[:4]] == [(3,), (3,), (2,), (2,)]
    assert shape_of["E"] == ()


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"layers": "2-2-1"}, "layers are '2-2-1', expected a list"),
        ({"layers": 3}, "layers are 3, expected a list"),
        ({"layers": [2]}, "expected at least two whole numbers above 0"),
        ({"layers": [2, 0, 1]}, "expected at least two whole numbers above 0"),
        ({"layers": [2, True]}, "expected at least two whole numbers above 0"),
        ({"layers": [2, 2.0]}, "expected at least two whole numbers above 0"),
        ({"activation": "sigmiod"}, "there is no activation 'sigmiod'. Did you mean 'sigmoid'?"),
        ({"activation": "Leaky Relus"}, "Did you mean 'leaky_relu'?"),
        ({"activation": ["tanh", 3]}, "activation contains 3, expected a name in quotes"),
        ({"activation": 3}, "activation is 3, expected a name in quotes"),
        ({"activation": ["tanh"]}, "activation has 1 name, expected 2."),
        ({"activation": ["tanh"] * 3}, "activation has 3 names, expected 2."),
        ({"activation": []}, "activation has 0 names, expected 2."),
        ({"loss": "half squard error"}, "Did you mean 'half squared error'?"),
        ({"loss": 1}, "loss is 1, expected a name"),
        ({"notation": "nptell"}, "Did you mean 'nptel'?"),
        ({"bias": "per unti"}, "bias is 'per unti', expected true, false"),
        ({"bias": 1}, "bias is 1, expected true"),
        ({"bias": None}, "bias is None, expected true"),
        ({"bias": "per layer"}, "has no name for a bias that a whole layer shares"),
        ({"hidden": ["h"]}, "`hidden` names layers, but the notation matrix counts them"),
    ],
)
def test_values_that_cannot_be_used(options: dict[str, Any], found: str) -> None:
    with pytest.raises(ChainruleError) as caught:
        layered(**({"layers": [2, 2, 1]} | options))
    assert found in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("written", ["Sigmoid", "logistic", " sigmoid "])
def test_friendly_spellings_of_activations(written: str) -> None:
    assert layered([2, 1], activation=written).activation == ("sigmoid",)
    assert layered([2, 1], activation="leaky-ReLU").activation == ("leaky_relu",)


def test_a_network_checks_itself() -> None:
    network = layered([2, 2, 1])
    with pytest.raises(ShapeError, match="activation has 1 name, expected 2"):
        replace(network, activation=("tanh",))
    with pytest.raises(ProblemError, match="no activation 'Sigmoid'"):
        replace(network, activation=("Sigmoid", "tanh"))
    with pytest.raises(ProblemError, match="no loss 'x'"):
        replace(network, loss="x")
    with pytest.raises(ShapeError, match=r"the names are for the layers \[2, 2, 1\], not \[2, 1\]"):
        replace(network, layers=(2, 1), activation=("tanh",))
    assert network.bias == "per unit"
    assert layered([1, 1], bias=False).bias is None
