"""Batches of few examples have code of their own, and the same results."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.optimizers import find_optimizer
from chainrule.targets.llvm.machine import this_machine
from chainrule.training.kernels import MANY, native_kernel
from chainrule.training.step import Penalties, training_step


def code_for(rows: int, *, online: bool = False) -> Any:
    """What the native kernel is made of that makes updates of so many rows."""
    net = cr.MLP([20, 12], activation="softmax", loss="cross entropy", dtype="float32")
    rule = find_optimizer("sgd", {})
    program = training_step(net, rule, rate=0.1, online=online, over="mean", penalties=Penalties())
    return native_kernel(program, error=net.minimise, dtype=net.dtype, rows=rows).code  # type: ignore[union-attr]


def across(code: Any) -> int:
    """How many arrays lie column by column."""
    return sum(buffer.order == (1, 0) and isinstance(buffer.shape[0], str) for buffer in code.plan.buffers)


def test_few_rows_leave_no_lanes_empty() -> None:
    assert across(code_for(MANY["float32"] - 1)) == 0
    if this_machine().vector_bytes >= 32:
        assert across(code_for(MANY["float32"])) > 0


def test_it_is_the_same_code_for_all_that_are_few_or_many() -> None:
    assert code_for(2) is code_for(MANY["float32"] - 1)
    assert code_for(MANY["float32"]) is code_for(10_000)
    assert code_for(1, online=True) is code_for(10_000, online=True)  # no rows at all


@pytest.mark.parametrize("batch", [2, 15, 16, 63, 64])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_results_are_those_of_the_reference(batch: int, dtype: Any) -> None:
    numbers = np.random.default_rng(5)
    X, T = numbers.normal(size=(70, 9)).astype(dtype), np.eye(11, dtype=dtype)[numbers.integers(0, 11, 70)]
    found = []
    for engine in ("native", "reference"):
        net = cr.MLP([9, 10, 11], activation=["tanh", "softmax"], loss="cross entropy", dtype=dtype, seed=1)
        cr.train(net, X, T, optimizer=cr.momentum(0.05), batch=batch, epochs=2, engine=engine)  # type: ignore[arg-type]
        found.append(net.parameters)
    for name, value in found[0].items():
        np.testing.assert_allclose(value, found[1][name], rtol=0, atol=1e-12 if dtype == "float64" else 1e-5)
