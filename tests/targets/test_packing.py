"""Columns and numbers that are packed before tiles read them: every size, also those that fill no square of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.targets.networks import RATE, E, T, X, beginning, gap, network, reference

from chainrule.dataclasses import replace
from chainrule.node import Node, input_node, node, type_of
from chainrule.ops.functions import SIGMOID
from chainrule.ops.matrix import MATMUL, transposed
from chainrule.quantity import Name
from chainrule.targets.llvm import function, machine, memory, multiplier, tiles
from chainrule.targets.llvm.emit import DType
from chainrule.targets.llvm.function import Function, compile_function
from chainrule.targets.llvm.memory import LONGEST, is_packed
from chainrule.targets.llvm.program import program_code
from chainrule.targets.llvm.training import TrainingKernel, compile_training
from chainrule.transforms.schedule import blocked
from chainrule.transforms.schedule.rows import PACKED, most_rows

A, B, Y = Name("a"), Name("b"), Name("y")


def compiled(root: Node, dtype: DType) -> Function:
    made = compile_function({Y: root}, dtype=dtype)
    assert isinstance(made, Function)
    return made


def matrix(label: Name, rows: int | str, columns: int) -> Node:
    return input_node(label, type_of("real", (rows, columns)))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what is small is packed, and columns are gone through a few at a time."""
    monkeypatch.setattr(tiles, "NEAR", 1 << 17)
    monkeypatch.setattr(memory, "_LEAST_TURNED", 1)
    monkeypatch.setattr(memory, "_LEAST_COPIED", 1)
    monkeypatch.setattr(memory, "_LARGE_SUMS", 1)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("vector_bytes", [16, 32, 64])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_products_of_a_batch_and_weights(
    vector_bytes: int, dtype: DType, monkeypatch: pytest.MonkeyPatch, data: st.DataObject
) -> None:
    narrow = replace(machine.this_machine(), vector_bytes=vector_bytes)
    monkeypatch.setattr(function, "this_machine", lambda: narrow)
    lanes = vector_bytes // (8 if dtype == "float64" else 4)
    columns, inner = data.draw(st.integers(3 * lanes, 9 * lanes)), data.draw(st.integers(2 * lanes, 12 * lanes))
    turned = data.draw(st.booleans())
    weights = transposed(matrix(B, columns, inner)) if turned else matrix(B, inner, columns)
    root = SIGMOID(node(MATMUL, (matrix(A, "N", inner), weights)))
    made = compiled(root, dtype)
    (stage,) = [stage for stage in made.plan.stages if stage.core is not None]
    assert stage.product is not None
    assert is_packed(stage, made.memory.lanes)
    numbers = np.random.default_rng(columns * inner)
    b = numbers.normal(size=(inner, columns)).astype(dtype)
    for rows in {1, PACKED - 1, PACKED, data.draw(st.integers(PACKED, 150))}:
        a = (numbers.normal(size=(rows, inner)) / np.sqrt(inner)).astype(dtype)
        due = 1 / (1 + np.exp(-(a.astype("f8") @ b.astype("f8"))))
        assert np.abs(made({A: a, B: np.ascontiguousarray(b.T) if turned else b})[Y] - due).max() <= (
            1e-13 if dtype == "float64" else 2e-6
        )


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sizes=st.tuples(st.integers(1, 70), st.integers(1, 150)),
    rows=st.lists(st.integers(1, LONGEST + 20), min_size=1, max_size=3),
)
def test_sums_over_rows(dtype: DType, sizes: tuple[int, int], rows: list[int]) -> None:
    """As gradients by weights are: numbers are packed for each part, and for the rows of a tile, however many."""
    across, along = sizes
    made = compiled(node(MATMUL, (transposed(matrix(A, "N", across)), matrix(B, "N", along))), dtype)
    numbers = np.random.default_rng(across)
    for count in [*rows, 208, 209, LONGEST, LONGEST + 1]:
        a, b = (numbers.normal(size=(count, size)).astype(dtype) for size in sizes)
        due = a.astype("f8").T @ b.astype("f8")
        assert np.abs(made({A: a, B: b})[Y] - due).max() <= (1e-12 if dtype == "float64" else 5e-6) * count


def test_what_is_small_or_deep_is_left_to_dot_products() -> None:
    for columns, inner in ((64, 64), (200, 3000)):
        made = compiled(node(MATMUL, (matrix(A, "N", inner), transposed(matrix(B, columns, inner)))), "float64")
        assert not any(is_packed(stage, made.memory.lanes) for stage in made.plan.stages)


@pytest.mark.parametrize(("dtype", "most"), [("float64", 1e-12), ("float32", 1e-5)])
@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("batch", [31, PACKED, 142, 208, 300])
def test_a_run_is_that_of_the_reference(
    dtype: DType, most: float, batch: int, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wide layers one after the other: forward by packed columns, backward by wide tiles, summed by packed numbers.

    So it is in code that is made for this batch and smaller ones.
    """
    monkeypatch.setattr(multiplier, "may_use_amx", lambda: False)
    layers = [210, 205, 203, 3]
    program = network(layers, rows=True, optimizer="momentum", activation=["tanh", "relu", "linear"])
    if known:
        program = replace(program, most=most_rows(batch, dtype))
    kernel = compile_training(program, error=E, dtype=dtype)
    assert isinstance(kernel, TrainingKernel)
    numbers = np.random.default_rng(1)
    given: dict[Any, Any] = {
        X: numbers.uniform(-1, 1, (600, 210)).astype(dtype), T: numbers.uniform(0, 1, (600, 3)).astype(dtype),
    }  # fmt: skip
    order, updates = np.arange(2 * batch + 5) % 600, 3  # the last five are too few for packed columns
    rates, state, errors = {RATE: np.full(updates, 0.01)}, beginning(program, dtype), np.zeros(updates)
    assert kernel.run(state, given, order, batch, rates, errors) == updates
    expected, due = reference(program, beginning(program, dtype), given, order, batch, rates)
    assert gap(state, expected) <= most
    assert np.abs(errors - due).max() <= most * max(1.0, float(np.abs(due).max()))


def test_the_few_examples_of_a_block_are_not_packed_for() -> None:
    """Blocks of online learning have 16 examples: code for more would take its time for nothing."""
    program = network([784, 100, 3], rows=False)
    code = program_code(program, program.step.outputs[E], "float32", machine.this_machine())
    assert blocked.ROWS in code.memory.symbols
    assert not any(is_packed(stage, code.memory.lanes) for stage in code.plan.stages)
