"""Code is made for at most so many examples an update: it is shorter the fewer they are, and has the same results."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ShapeError
from chainrule.graph import Program
from chainrule.optimizers import find_optimizer
from chainrule.targets.llvm.machine import this_machine
from chainrule.training.kernels import native_kernel
from chainrule.training.step import Penalties, training_step
from chainrule.transforms.schedule.rows import MANY, MULTIPLIED, PACKED, PART, most_rows


def program_of(net: cr.MLP, *, online: bool = False) -> Program:
    rule = find_optimizer("sgd", {})
    return training_step(net, rule, rate=0.1, online=online, over="mean", penalties=Penalties())


def kernel_for(rows: int, *layers: int, dtype: Any = "float32", online: bool = False) -> Any:
    """The native kernel that makes updates of so many rows."""
    net = cr.MLP(layers or [20, 12], activation="softmax", loss="cross entropy", dtype=dtype)
    return native_kernel(program_of(net, online=online), error=net.minimise, dtype=net.dtype, rows=rows)


def across(kernel: Any) -> int:
    """How many arrays lie column by column."""
    return sum(buffer.order == (1, 0) and isinstance(buffer.shape[0], str) for buffer in kernel.code.plan.buffers)


def test_few_rows_leave_no_lanes_empty() -> None:
    assert across(kernel_for(MANY["float32"] - 1)) == 0
    if this_machine().vector_bytes >= 32:
        assert across(kernel_for(MANY["float32"])) > 0


@pytest.mark.parametrize("dtype", MANY)
def test_a_kernel_serves_many_sizes(dtype: Any) -> None:
    for rows in (2, PACKED, PART + 1):
        most = most_rows(rows, dtype)
        assert kernel_for(rows, dtype=dtype) is kernel_for(most or 10_000, dtype=dtype)
        assert most is None or kernel_for(rows, dtype=dtype) is not kernel_for(most + 1, dtype=dtype)
    assert kernel_for(1, online=True) is kernel_for(10_000, online=True)  # no rows at all


def test_what_only_more_examples_would_use_is_not_written() -> None:
    wide = 784, 300, 10
    kernels = [kernel_for(rows, *wide) for rows in (10_000, PART, PACKED - 1)]
    texts = [kernel.text for kernel in kernels]
    assert len(texts[2]) < len(texts[1]) < 0.9 * len(texts[0])
    assert ["@gemm" in text for text in texts] == [True, True, PACKED > MULTIPLIED]
    sums, parts, few = [kernel.code.memory for kernel in kernels]
    assert few.arena < parts.arena <= sums.arena
    assert parts.packed - parts.sums < sums.packed - sums.sums


def test_a_batch_that_is_larger_is_refused() -> None:
    kernel = kernel_for(32)
    kernel.session(PACKED - 1)
    with pytest.raises(ShapeError, match=f"a batch of {PACKED}, .*at most {PACKED - 1}"):
        kernel.session(PACKED)


@pytest.mark.parametrize("batch", [2, 15, 16, 47, 48, 63, 64, 208, 209])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_results_are_those_of_the_reference(batch: int, dtype: Any) -> None:
    """Also where the last update of an epoch has fewer examples, and where sums are large enough to be in parts."""
    numbers = np.random.default_rng(5)
    rows = 2 * batch + 7
    X, T = numbers.normal(size=(rows, 300)).astype(dtype), np.eye(11, dtype=dtype)[numbers.integers(0, 11, rows)]
    found = []
    for engine in ("native", "reference"):
        net = cr.MLP([300, 230, 11], activation=["tanh", "softmax"], loss="cross entropy", dtype=dtype, seed=1)
        cr.train(net, X, T, optimizer=cr.momentum(0.05), batch=batch, epochs=2, engine=engine)  # type: ignore[arg-type]
        found.append(net.parameters)
    for name, value in found[0].items():
        np.testing.assert_allclose(value, found[1][name], rtol=0, atol=1e-12 if dtype == "float64" else 2e-5)
