"""Training on one example after the other: whatever schedule a network gets, it does what the reference does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.targets.networks import (
    RATE,
    E,
    T,
    X,
    beginning,
    gap,
    network,
    of_formulas,
    reference,
    run_beside_the_reference,
    stop_at_bad_errors,
)

from chainrule.graph import Program
from chainrule.quantity import Quantity
from chainrule.targets.llvm import program as program_module
from chainrule.targets.llvm.machine import AARCH64, Machine, object_code
from chainrule.targets.llvm.program import program_code, program_text
from chainrule.targets.llvm.resident import is_resident
from chainrule.targets.llvm.training import TrainingKernel, compile_training
from chainrule.transforms.schedule import blocked
from chainrule.transforms.schedule.describe import describe

ROWS = 40
KERNELS: dict[Any, tuple[TrainingKernel, Program]] = {}
# What is in registers, what is too large for them, what is not a whole number of vectors, and what is deep.
# The last one runs in blocks.
SHAPES = [
    [2, 2, 1],
    [2, 2, 2],
    [8, 3, 8],
    [3, 1],
    [1, 1, 1],
    [5, 17, 3],
    [4, 4, 4, 4, 2],
    [33, 20, 7],
    [70, 40, 10],
    [270, 50, 6],
]


def kernel_of(layers: list[int], dtype: Any = "float64", **options: Any) -> tuple[TrainingKernel, Program]:
    key = (tuple(layers), dtype, tuple(options.items()))
    if key not in KERNELS:
        program = network(layers, **options)
        made = compile_training(program, error=E, dtype=dtype)
        assert isinstance(made, TrainingKernel)
        KERNELS[key] = made, program
    return KERNELS[key]


def numbers(layers: list[int], dtype: Any = "float64") -> dict[Quantity, Any]:
    drawn = np.random.default_rng(5)
    return {
        X: drawn.uniform(-1, 1, (ROWS, layers[0])).astype(dtype),
        T: drawn.uniform(0, 1, (ROWS, layers[-1])).astype(dtype),
    }


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("layers", SHAPES, ids=str)
def test_100_updates_agree_with_the_reference(layers: list[int], dtype: Any) -> None:
    kernel, program = kernel_of(layers, dtype)
    examples, state = numbers(layers, dtype), beginning(program, dtype)
    order, rates, errors = np.random.default_rng(6).integers(0, ROWS, 100), np.linspace(0.05, 0.2, 100), np.zeros(100)
    expected, due = reference(program, state, examples, order, 1, {RATE: rates})
    assert kernel.run(state, examples, order, 1, {RATE: rates}, errors) == 100
    bound = 1e-10 if dtype == "float64" else 1e-5
    assert gap(state, expected) < bound
    assert np.max(np.abs(errors - due) / np.maximum(1, np.abs(due))) < bound


@given(data=st.data(), layers=st.sampled_from(SHAPES))
@settings(max_examples=60)
def test_calls_one_after_the_other_are_one_call_bit_for_bit(data: st.DataObject, layers: list[int]) -> None:
    kernel, program = kernel_of(layers)
    cuts = sorted(data.draw(st.lists(st.integers(0, 50 // kernel.block).map(lambda k: k * kernel.block), max_size=4)))
    whole, parts = beginning(program, "float64"), beginning(program, "float64")
    order, rates = np.random.default_rng(3).integers(0, ROWS, 50), np.linspace(0.1, 0.2, 50)
    errors, pieces = np.zeros(50), np.zeros(50)
    examples = numbers(layers)
    assert kernel.run(whole, examples, order, 1, {RATE: rates}, errors) == 50
    for first, last in zip([0, *cuts], [*cuts, 50], strict=True):
        kernel.run(parts, examples, order[first:last], 1, {RATE: rates[first:last]}, pieces[first:last])
    assert all(np.array_equal(whole[label], parts[label]) for label in whole)
    assert np.array_equal(errors, pieces)


def test_the_weights_of_a_block_are_changed_where_they_lie() -> None:
    """No sum is put down before it is taken from the weights: not a single difference is left, all are in the sums."""
    kernel, _ = kernel_of([200, 45, 3], "float32")
    assert kernel.block > 1
    end = kernel.text.split("@end(", 1)[1].split("\n}", 1)[0]
    assert "fneg" in end
    assert "fsub" not in end


def test_products_of_the_examples_of_a_block_are_formed_up_to_the_diagonal() -> None:
    kernel, _ = kernel_of([200, 45, 3], "float32")
    heads = [line for line in describe(kernel.code.plan).splitlines() if "over (block, block)" in line]
    assert len(heads) == 1
    assert heads[0].endswith("up to the diagonal")


@given(epoch=st.integers(1, 60), layers=st.sampled_from(SHAPES))
@settings(max_examples=30)
def test_epochs_in_one_call_are_a_call_for_each(epoch: int, layers: list[int]) -> None:
    kernel, program = kernel_of(layers)
    whole, parts = beginning(program, "float64"), beginning(program, "float64")
    order, rates = np.random.default_rng(3).integers(0, ROWS, 50), np.linspace(0.1, 0.2, 50)
    errors, pieces = np.zeros(50), np.zeros(50)
    examples = numbers(layers)
    assert kernel.run(whole, examples, order, 1, {RATE: rates}, errors, epoch=epoch) == 50
    for first in range(0, 50, epoch):
        last = min(first + epoch, 50)
        kernel.run(parts, examples, order[first:last], 1, {RATE: rates[first:last]}, pieces[first:last])
    assert all(np.array_equal(whole[label], parts[label]) for label in whole)
    assert np.array_equal(errors, pieces)


@pytest.mark.parametrize("layers", SHAPES, ids=str)
def test_a_bad_error_at_any_place_leaves_the_state_of_the_update_before(layers: list[int]) -> None:
    kernel, program = kernel_of(layers)
    examples, rates = numbers(layers), np.full(ROWS, 0.1)
    for bad in range(ROWS - 1):
        spoiled = {label: part.copy() for label, part in examples.items()}
        spoiled[X][bad, 0] = np.nan
        state, good = beginning(program, "float64"), beginning(program, "float64")
        errors, fine = np.full(ROWS, -1.0), np.full(ROWS, -1.0)
        order = np.arange(ROWS)
        assert kernel.run(state, spoiled, order, 1, {RATE: rates}, errors) == bad
        assert kernel.run(good, examples, order[:bad], 1, {RATE: rates}, fine) == bad
        if kernel.block == 1:
            assert all(np.array_equal(good[label], state[label]) for label in state)
            assert np.array_equal(errors[:bad], fine[:bad])
        else:
            assert all(np.allclose(good[label], state[label], rtol=0, atol=1e-14) for label in state)
            assert np.allclose(errors[:bad], fine[:bad], rtol=0, atol=1e-14)
        assert np.isnan(errors[bad])
        assert (errors[bad + 1 :] == -1).all()


@pytest.mark.parametrize(("layers", "expected"), [([2, 2, 1], True), ([8, 3, 8], True), ([64, 32, 10], False)])
def test_small_programs_live_in_registers(layers: list[int], expected: bool) -> None:
    kernel, _ = kernel_of(layers, "float32")
    assert is_resident(kernel.code.plan, kernel.code.memory) == expected
    assert (" alwaysinline" in kernel.text) == expected


@pytest.mark.parametrize("layers", [[3, 3, 3], [5, 4, 3], [13, 2, 1]], ids=str)
def test_no_loop_keeps_a_small_example_out_of_the_registers(layers: list[int]) -> None:
    kernel, _ = kernel_of(layers, "float32")
    assert "loop3:" in kernel.text  # over epochs, blocks and updates
    assert "loop4:" not in kernel.text


@pytest.mark.parametrize("optimizer", ["momentum", "nesterov", "adam", "rmsprop"])
def test_rules_with_a_memory_in_registers(optimizer: str) -> None:
    layers = [3, 4, 2]
    kernel, program = kernel_of(layers, optimizer=optimizer)
    examples, state = numbers(layers), beginning(program, "float64")
    order, rates, errors = np.random.default_rng(6).integers(0, ROWS, 100), np.full(100, 0.02), np.zeros(100)
    expected, _ = reference(program, state, examples, order, 1, {RATE: rates})
    assert kernel.run(state, examples, order, 1, {RATE: rates}, errors) == 100
    assert gap(state, expected) < 1e-10


PLAIN = Machine("x86_64-unknown-linux-gnu", "x86-64", "", 16)

# Blocks of updates, also for networks that are too small to gain by them.

DAGS = {
    "inputs that go round the hidden layer": "h = sigmoid(W @ x + b); o = V @ h + U @ x; E = sum((o - t)^2)/2",
    "units used twice": "h = tanh(W @ x); g = sigmoid(U @ (h*h)); o = V @ (h + g); E = sum((o - t)^2)/2 + sum(x^2)/9",
    "an activation of its own": "z = W @ x + b; h = z*sigmoid(z); o = V @ h; E = sum((o - t)^4)/4",
    "inputs that are scaled": "h = tanh(W @ (2*x)); o = V @ h; E = sum((o - t)^2)/2",
}


@pytest.fixture
def everything_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program_module, "_SMALL", 0)
    monkeypatch.setattr(blocked, "_PAYS", 1)
    monkeypatch.setattr(blocked, "_WIDE", 2)


def run(program: Program, layers: list[int], dtype: Any, *, in_blocks: bool) -> None:
    kernel = compile_training(program, error=E, dtype=dtype)
    assert isinstance(kernel, TrainingKernel)
    assert (kernel.block > 1) == in_blocks
    rates = np.linspace(0.01, 0.03, 100)  # small enough that rounding does not grow from update to update
    run_beside_the_reference(program, kernel, numbers(layers, dtype), dtype, rates=rates)


@given(data=st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_blocks_of_random_networks(data: st.DataObject, everything_in_blocks: None) -> None:
    layers = data.draw(st.lists(st.integers(2, 40), min_size=2, max_size=4))
    activation = data.draw(st.sampled_from(["sigmoid", "tanh", "softplus", "gelu"]))  # what does not diverge
    dtype = data.draw(st.sampled_from(["float64", "float32"]))
    run(network(layers, activation=activation), layers, dtype, in_blocks=True)


@pytest.mark.parametrize("name", DAGS)
def test_blocks_of_what_is_no_chain_of_layers(name: str, everything_in_blocks: None) -> None:
    shapes = {
        "x": (6,),
        "t": (3,),
        "W": (5, 6),
        "b": (5,),
        "V": (3, 5),
        "U": (3, 6) if "U @ x" in DAGS[name] else (5, 5),
    }
    program = of_formulas(DAGS[name].replace("; ", "\n"), shapes)
    run(program, [6, 3], "float64", in_blocks="scaled" not in name)


@pytest.mark.parametrize("options", [{"optimizer": "momentum"}, {"optimizer": "adam"}], ids=str)
def test_what_does_not_fit_runs_as_ever(options: dict[str, Any], everything_in_blocks: None) -> None:
    run(network([9, 5, 3], **options), [9, 5, 3], "float64", in_blocks=False)


def test_a_bad_error_at_any_place_of_a_small_block(everything_in_blocks: None) -> None:
    layers = [7, 4, 3]
    program = network(layers)
    kernel = compile_training(program, error=E)
    assert isinstance(kernel, TrainingKernel)
    stop_at_bad_errors(program, kernel, numbers(layers))


@pytest.mark.parametrize("layers", [[2, 2, 1], [270, 50, 6]], ids=str)
@pytest.mark.parametrize(
    "machine", [AARCH64, Machine("x86_64-unknown-linux-gnu", "x86-64", "", 16)], ids=lambda m: m.cpu
)
def test_object_code_for_other_machines(layers: list[int], machine: Machine) -> None:
    program = network(layers)
    code = program_code(program, program.step.outputs[E], "float32", machine)
    assert object_code(program_text(program, code, machine), machine)[:4] == b"\x7fELF"
