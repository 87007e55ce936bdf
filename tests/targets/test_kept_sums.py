"""Sums of gradients that are kept in parts: for so many rows at a time that they take little memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.targets.networks import RATE, E, T, X, beginning, gap, network, reference

from chainrule.targets.llvm import memory, multiplier
from chainrule.targets.llvm.emit import DType
from chainrule.targets.llvm.memory import rows_kept
from chainrule.targets.llvm.training import TrainingKernel, compile_training


def made(monkeypatch: pytest.MonkeyPatch, kept: int, dtype: DType, optimizer: str) -> TrainingKernel:
    monkeypatch.setattr(memory, "_KEPT_SUMS", kept)
    monkeypatch.setattr(multiplier, "may_use_amx", lambda: False)
    program = network([300, 320, 3], rows=True, optimizer=optimizer, activation=["tanh", "linear"])
    kernel = compile_training(program, error=E, dtype=dtype)
    assert isinstance(kernel, TrainingKernel)
    return kernel


@pytest.mark.parametrize(("dtype", "most"), [("float64", 1e-12), ("float32", 1e-5)])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("batch", [64, 500, 833])
def test_groups_of_rows_give_what_all_rows_at_a_time_give(
    monkeypatch: pytest.MonkeyPatch, dtype: DType, most: float, optimizer: str, batch: int
) -> None:
    numbers = np.random.default_rng(1)
    examples = {X: numbers.uniform(-1, 1, (900, 300)).astype(dtype), T: numbers.uniform(0, 1, (900, 3)).astype(dtype)}
    order, updates = np.arange(900), -(-900 // batch)
    rates = {RATE: np.full(updates, 0.01)}
    found: list[dict[Any, Any]] = []
    for kept in (1 << 18, 1 << 40):
        kernel = made(monkeypatch, kept, dtype, optimizer)
        state, errors = beginning(kernel.program, dtype), np.zeros(updates)
        assert kernel.run(state, examples, order, batch, rates, errors) == updates
        found.append(state)
    assert all((found[0][label] == found[1][label]).all() for label in found[0])  # the same sums in the same order
    expected, _ = reference(kernel.program, beginning(kernel.program, dtype), examples, order, batch, rates)
    assert gap(found[0], expected) <= most * (100 if dtype == "float32" and optimizer == "adam" else 1)


def test_fewer_sums_take_less_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    few, all_ = (made(monkeypatch, kept, "float64", "sgd").code.memory for kept in (1 << 18, 1 << 40))
    assert all_.arena - few.arena >= 300 * 320 * 8 - (1 << 18)


@given(rows=st.integers(1, 3000), columns=st.integers(1, 3000), item=st.sampled_from([4, 8]))
def test_groups_are_even_and_no_smaller_than_they_need_be(rows: int, columns: int, item: int) -> None:
    kept = rows_kept(rows, columns, item)
    assert rows % kept == 0
    assert kept == rows or kept >= 64
    larger = [n for n in range(kept + 1, rows + 1) if rows % n == 0]
    assert all(n * columns * item > memory._KEPT_SUMS for n in larger)
