"""Looking one example ahead: what is begun too soon is the right net input, and nothing beyond the data is read."""

from __future__ import annotations

import ctypes
import mmap
import re
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.targets.networks import (
    RATE,
    E,
    T,
    X,
    beginning,
    network,
    of_formulas,
    run_beside_the_reference,
    stop_at_bad_errors,
)

from chainrule.graph import Program
from chainrule.targets.llvm import program as program_module
from chainrule.targets.llvm.machine import AARCH64, Machine, object_code
from chainrule.targets.llvm.program import program_code, program_text
from chainrule.targets.llvm.training import TrainingKernel, compile_training
from chainrule.transforms.schedule.describe import describe

ROWS = 40
LOSSES = {"sigmoid": "squared error", "identity": "squared error", "softmax": "cross entropy"}


def kernel_of(program: Program, dtype: Any = "float64", **options: Any) -> TrainingKernel:
    kernel = compile_training(program, error=E, dtype=dtype, **options)
    assert isinstance(kernel, TrainingKernel)
    return kernel


def numbers(inputs: int, outputs: int, dtype: Any) -> dict[Any, Any]:
    drawn = np.random.default_rng(5)
    return {
        X: drawn.uniform(-1, 1, (ROWS, inputs)).astype(dtype),
        T: np.eye(outputs)[drawn.integers(0, outputs, ROWS)].astype(dtype)
        if outputs > 1
        else np.ones((ROWS, 1), dtype),
    }


def run(program: Program, kernel: TrainingKernel, examples: Any, dtype: Any) -> None:
    run_beside_the_reference(program, kernel, examples, dtype, rates=np.linspace(0.02, 0.1, 100), epoch=21)


@given(data=st.data())
@settings(max_examples=60)
def test_random_networks(data: st.DataObject) -> None:
    layers = data.draw(st.lists(st.integers(1, 12), min_size=2, max_size=4))
    hidden = data.draw(st.sampled_from(["sigmoid", "tanh", "softplus", "gelu", "relu"]))
    last = data.draw(st.sampled_from(["sigmoid", "identity", *(["softmax"] if layers[-1] > 1 else [])]))
    program = network(layers, activation=[*[hidden] * (len(layers) - 2), last], loss=LOSSES[last])
    dtype = data.draw(st.sampled_from(["float64", "float32"]))
    kernel = kernel_of(program, dtype)
    assert bool(kernel.code.ahead) == (layers[0] > 1 and layers[1] > 1)
    run(program, kernel, numbers(layers[0], layers[-1], dtype), dtype)


FORMULAS = {
    "a chain": "h = sigmoid(W @ x + b); o = sigmoid(V @ h); E = sum((o - t)^2)/2",
    "no bias": "h = tanh(W @ x); o = V @ h; E = sum((o - t)^2)/2",
    "a bias that something else uses": "h = sigmoid(W @ x + b); o = V @ (h*b); E = sum((o - t)^2)/2",
    "inputs that go round the hidden layer": "h = sigmoid(W @ x + b); o = V @ h + U @ x; E = sum((o - t)^2)/2",
    "units used twice": "h = tanh(W @ x); o = V @ (h*h + h); E = sum((o - t)^2)/2 + sum(x^2)/9",
    "a net input used twice": "z = W @ x + b; h = z*sigmoid(z); o = V @ h; E = sum((o - t)^4)/4",
    "a product used twice": "y = W @ x; h = sigmoid(y + b)*tanh(y); o = V @ h; E = sum((o - t)^2)/2",
    "one layer": "o = sigmoid(P @ x); E = sum((o - t)^2)/2",
    "signs": "h = sigmoid(b - W @ x); o = -(V @ h); E = sum((t - o)^2)/2",
}
SHAPES = {"x": (6,), "t": (3,), "W": (5, 6), "b": (5,), "V": (3, 5), "U": (3, 6), "P": (3, 6)}


@pytest.mark.parametrize("name", FORMULAS)
def test_formulas_of_ones_own(name: str) -> None:
    program = of_formulas(FORMULAS[name].replace("; ", "\n"), SHAPES)
    kernel = kernel_of(program)
    assert kernel.code.ahead
    run(program, kernel, numbers(6, 3, "float64"), "float64")


@pytest.mark.parametrize(
    "formulas",
    [
        "h = sigmoid(W @ (2*x) + b); o = V @ h; E = sum((o - t)^2)/2",  # what W learns is not made of the example
        "h = sigmoid(W @ x + b); o = V @ h; E = sum((o - t)^2)/2 + sum(W^2)/100",  # nor of a column and a row
    ],
)
def test_what_does_not_learn_from_the_examples_themselves_runs_as_ever(formulas: str) -> None:
    program = of_formulas(formulas.replace("; ", "\n"), SHAPES)
    kernel = kernel_of(program)
    assert not kernel.code.ahead
    assert kernel.block == 1
    run(program, kernel, numbers(6, 3, "float64"), "float64")


@pytest.mark.parametrize("optimizer", ["momentum", "nesterov", "adam", "rmsprop"])
def test_rules_with_a_memory_run_as_ever(optimizer: str) -> None:
    assert not kernel_of(network([3, 4, 2], optimizer=optimizer)).code.ahead


def test_batches_run_as_ever() -> None:
    assert not kernel_of(network([3, 4, 2], rows=True)).code.ahead


# What does not fit into registers is changed while the next product goes through it.


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("layers", [[64, 32, 10], [40, 60, 3], [33, 47, 5], [20, 70, 9, 2], [700, 3, 2]], ids=str)
def test_one_pass_over_weights_beyond_the_registers(layers: list[int], dtype: Any) -> None:
    program = network(layers)
    kernel = kernel_of(program, dtype)
    assert kernel.code.ahead
    run(program, kernel, numbers(layers[0], layers[-1], dtype), dtype)
    text = describe(kernel.code.plan)
    once = re.search(r"\(W1 - rate\S+\) @ the next example, vectors along the result", text) is not None
    assert once != ("W1 := " in text)
    assert once or layers == [700, 3, 2]  # of which dot products are formed


@pytest.mark.parametrize("name", FORMULAS)
def test_one_pass_for_formulas_of_ones_own(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program_module, "_SMALL", 0)
    program = of_formulas(FORMULAS[name].replace("; ", "\n"), SHAPES)
    kernel = kernel_of(program)
    assert kernel.code.ahead
    run(program, kernel, numbers(6, 3, "float64"), "float64")


def test_a_bad_error_within_a_block_leaves_weights_that_are_changed_in_passing() -> None:
    program = network([40, 30, 3])
    stop_at_bad_errors(program, kernel_of(program), numbers(40, 3, "float64"))


def test_a_plan_says_what_is_begun_and_for_which_example() -> None:
    text = describe(kernel_of(network([2, 2, 1])).code.plan)
    assert "net input (2)          made for the next update" in text
    assert "1. at the beginning of a block, over (2): W1 @ x" in text
    assert text.count("at the beginning of a block") == 1
    assert text.count("result := ") == 1  # the error, and no other
    assert "result1" not in text


@pytest.mark.skipif(sys.platform == "win32", reason="pages are protected by mprotect")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("layers", [[2, 2, 1], [3, 3, 3], [5, 4, 3], [13, 2, 7], [20, 10, 1]], ids=str)
def test_nothing_beyond_the_data_is_read(layers: list[int], dtype: Any) -> None:
    """Examples and their order end where memory does: a page behind them belongs to nobody."""
    program = network(layers)
    kernel = kernel_of(program, dtype)
    given = numbers(layers[0], layers[-1], dtype)
    order = np.random.default_rng(1).permutation(ROWS)
    state, fenced, errors = beginning(program, dtype), beginning(program, dtype), np.zeros(ROWS)
    kernel.run(state, given, order, 1, {RATE: np.full(ROWS, 0.1)}, errors)
    held = [_at_the_end_of_memory(part) for part in (given[X], given[T], order)]
    kernel.run(fenced, {X: held[0], T: held[1]}, held[2], 1, {RATE: np.full(ROWS, 0.1)}, errors)
    assert all(np.array_equal(state[label], fenced[label]) for label in state)


def _at_the_end_of_memory(array: Any) -> Any:
    """A copy that is followed by a page that may not be touched."""
    size = mmap.PAGESIZE * (-(-array.nbytes // mmap.PAGESIZE) + 1)
    pages = mmap.mmap(-1, size)
    begin = ctypes.addressof(ctypes.c_char.from_buffer(pages))
    libc = ctypes.CDLL(None)
    assert libc.mprotect(ctypes.c_void_p(begin + size - mmap.PAGESIZE), ctypes.c_size_t(mmap.PAGESIZE), 0) == 0
    made = np.frombuffer(pages, array.dtype, array.size, size - mmap.PAGESIZE - array.nbytes).reshape(array.shape)
    made[...] = array
    return made


@pytest.mark.parametrize("layers", [[3, 3, 3], [13, 2, 7]], ids=str)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    "machine",
    [AARCH64, *[Machine("x86_64-unknown-linux-gnu", *cpu) for cpu in (("x86-64", "", 16), ("haswell", "", 32))]],
    ids=lambda m: m.cpu,
)
def test_object_code_for_other_machines(layers: list[int], dtype: Any, machine: Machine) -> None:
    program = network(layers)
    code = program_code(program, program.step.outputs[E], dtype, machine)
    assert code.ahead
    assert object_code(program_text(program, code, machine), machine)[:4] == b"\x7fELF"
