"""The short sigmoid stays within its bound, and out of the way of what hangs on relative errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.targets.networks import RATE, E, T, X, beginning, gap, network, reference

from chainrule.node import Node, const, input_node, node, order, type_of
from chainrule.ops import TABLE
from chainrule.quantity import Name
from chainrule.targets.llvm.function import compile_function
from chainrule.targets.llvm.training import TrainingKernel, compile_training
from chainrule.transforms.schedule.short import SHORT, short_sigmoid, shortened

x = input_node(Name("x"))


def sigmoid(z: Node) -> Node:
    return node(TABLE["sigmoid"], (z,))


def is_kept(root: Node) -> bool:
    (result,) = shortened([root])
    return sigmoid(x) in order([result])


def test_polynomials_are_looked_up_where_a_machine_can() -> None:
    row = sigmoid(input_node(Name("x"), type_of("real", (4, 8))))
    looked_up, quotient = shortened([row], looked_up=True)[0], shortened([row])[0]
    assert looked_up.op is SHORT
    assert all(one.op is not SHORT for one in order([quotient]))
    assert looked_up != row != quotient


@pytest.mark.parametrize("short_one", [short_sigmoid, lambda z: node(SHORT, (z,))])
def test_the_bound_holds_for_every_net_input(short_one: Callable[[Node], Node]) -> None:
    count = 1_000_000
    z = input_node(Name("z"), type_of("real", (count,)))
    short = compile_function({Name("y"): short_one(z)}, dtype="float32")
    for farthest in (1e-3, 1.0, 20.0, 1e3):
        at = np.linspace(-farthest, farthest, count).astype(np.float32)
        found = short({Name("z"): at})[Name("y")]
        with np.errstate(over="ignore"):
            assert np.max(np.abs(found - 1 / (1 + np.exp(-at.astype(float))))) < 2e-7
        assert found.min() >= 0
        assert found.max() <= 1


@pytest.mark.parametrize("short_one", [short_sigmoid, lambda z: node(SHORT, (z,))])
def test_ends_and_what_is_no_number(short_one: Callable[[Node], Node]) -> None:
    z = input_node(Name("z"), type_of("real", (5,)))
    short = compile_function({Name("y"): short_one(z)}, dtype="float32")
    found = short({Name("z"): np.array([np.inf, -np.inf, 3e38, -3e38, np.nan])})[Name("y")]
    assert found[:4].tolist() == [1, 0, 1, 0]
    assert np.isnan(found[4])


def test_what_goes_into_a_logarithm_root_power_or_denominator_stays() -> None:
    s = sigmoid(x)
    kept = [
        node(TABLE["log"], (s + 1,)),
        node(TABLE["sqrt"], (s,)),
        x / (1 + s),
        node(TABLE["power"], (s, x)),
        node(TABLE["power"], (s, const(-1))),
    ]
    for root in kept:
        assert is_kept(root)
    for root in (s, s * (1 - s), s / (1 + x * x), s**2, node(TABLE["tanh"], (s,))):
        assert not is_kept(root)
    assert is_kept(s * node(TABLE["log"], (s,)))  # of one node there is one value


@pytest.mark.parametrize("layers", [[2, 3, 1], [8, 3, 8], [33, 20, 7], [270, 50, 6]], ids=str)
def test_training_stays_near_the_reference(layers: list[int]) -> None:
    program = network(layers)
    kernel, precise = (compile_training(program, error=E, dtype="float32", precise=p) for p in (False, True))
    assert isinstance(kernel, TrainingKernel)
    assert isinstance(precise, TrainingKernel)
    assert kernel.text != precise.text
    drawn = np.random.default_rng(1)
    examples: dict[Any, Any] = {
        X: drawn.uniform(-1, 1, (30, layers[0])).astype("float32"),
        T: drawn.uniform(0, 1, (30, layers[-1])).astype("float32"),
    }
    state, rates, errors = beginning(program, "float32"), np.full(100, 0.1), np.zeros(100)
    numbers = drawn.integers(0, 30, 100)
    expected, due = reference(program, state, examples, numbers, 1, {RATE: rates})
    assert kernel.run(state, examples, numbers, 1, {RATE: rates}, errors) == 100
    assert gap(state, expected) < 1e-5
    assert np.max(np.abs(errors - due)) < 1e-5


def test_float64_and_what_has_no_sigmoid_are_as_precise_as_before() -> None:
    for program, dtype in ((network([2, 2, 1]), "float64"), (network([2, 2, 1], activation="tanh"), "float32")):
        texts = []
        for precise in (False, True):
            kernel = compile_training(program, error=E, dtype=dtype, precise=precise)  # type: ignore[arg-type]
            assert isinstance(kernel, TrainingKernel)
            texts.append(kernel.text)
        assert texts[0] == texts[1]
