"""Large products by the BLAS of SciPy: the numbers of our own tiles."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.targets.networks import RATE, E, T, X, beginning, gap, network, printed_twice, reference

import chainrule as cr
from chainrule.errors import ProblemError
from chainrule.graph import Program
from chainrule.quantity import Quantity
from chainrule.targets.llvm import gemm, multiplier
from chainrule.targets.llvm.emit import DType
from chainrule.targets.llvm.multiplier import BLAS_ROWS
from chainrule.targets.llvm.training import TrainingKernel, compile_training
from chainrule.targets.native import blas

threadpoolctl = pytest.importorskip("threadpoolctl")
pytest.importorskip("scipy")
pytestmark = pytest.mark.skipif(not blas.gemm_address(8), reason="this SciPy counts with other whole numbers")

LAYERS = [70, 65, 67]
Call = tuple[str, str, int, int, int]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """What the BLAS is asked for: how both matrices lie, and the three sizes; also small weights count as large."""
    kind = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 13)
    found: list[Call] = []
    alive: list[Any] = []

    def watched(item: int) -> int:
        real = kind(blas.gemm_address(item))

        def call(*given: Any) -> None:
            lies = [chr(ctypes.c_char.from_address(at).value[0]) for at in given[:2]]
            m, n, k = (ctypes.c_int.from_address(at).value for at in given[2:5])
            found.append((lies[0], lies[1], m, n, k))
            real(*given)

        alive.append(kind(call))
        address = ctypes.cast(alive[-1], ctypes.c_void_p).value
        assert address is not None
        return address

    monkeypatch.setattr(multiplier, "gemm_address", watched)
    monkeypatch.setattr(gemm, "_LEAST_WEIGHTS", 1)
    return found


@pytest.fixture(autouse=True)
def without_amx(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a processor without a matrix unit."""
    monkeypatch.setattr(multiplier, "may_use_amx", lambda: False)


def examples(rows: int, dtype: str) -> dict[Quantity, Any]:
    numbers = np.random.default_rng(1)
    return {
        X: numbers.uniform(-1, 1, (rows, LAYERS[0])).astype(dtype),
        T: numbers.uniform(0, 1, (rows, LAYERS[-1])).astype(dtype),
    }


def made(dtype: DType, *, optimizer: str = "adam") -> tuple[Program, TrainingKernel]:
    program = network(LAYERS, rows=True, optimizer=optimizer, activation=["relu", "sigmoid"])
    kernel = compile_training(program, error=E, dtype=dtype)
    assert isinstance(kernel, TrainingKernel)
    return program, kernel


def run(program: Program, kernel: TrainingKernel, batch: int, order: Any, dtype: str) -> tuple[Any, Any]:
    updates = -(-len(order) // batch)
    state, errors = beginning(program, dtype), np.zeros(updates)
    assert kernel.run(state, examples(1500, dtype), order, batch, {RATE: np.full(updates, 0.01)}, errors) == updates
    return state, errors


@pytest.mark.parametrize("batch", [BLAS_ROWS, BLAS_ROWS + 3, gemm.TOGETHER, gemm.TOGETHER + 77])
@pytest.mark.parametrize(("dtype", "most"), [("float64", 1e-12), ("float32", 1e-4)])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_run_is_that_of_the_reference(
    calls: list[Call], batch: int, dtype: DType, most: float, optimizer: str
) -> None:
    program, kernel = made(dtype, optimizer=optimizer)
    order = np.random.default_rng(2).integers(0, 1500, 2 * batch + 5)  # the last five are too few for the BLAS
    state, errors = run(program, kernel, batch, order, dtype)
    start = beginning(program, dtype)
    expected, due = reference(program, start, examples(1500, dtype), order, batch, {RATE: np.full(3, 0.01)})
    assert gap(state, expected) <= most
    assert np.abs(errors - due).max() <= most * max(1.0, np.abs(due).max())
    assert {size for _, _, *sizes in calls for size in sizes} >= {70, 65, 67, min(batch, gemm.TOGETHER)}
    parts = -(-batch // gemm.TOGETHER)
    assert len(calls) == 2 * (3 * parts + 2)  # forward twice, back once, and two sums over the batch


def test_matrices_that_lie_in_every_way(calls: list[Call]) -> None:
    program, kernel = made("float64")
    run(program, kernel, 1100, np.arange(1100), "float64")
    assert {first for first, *_ in calls} == {second for _, second, *_ in calls} == {"N", "T"}


def test_few_rows_are_left_to_the_tiles(calls: list[Call]) -> None:
    program, kernel = made("float64")
    run(program, kernel, BLAS_ROWS - 1, np.arange(1400), "float64")
    assert calls == []


def test_small_weights_are_left_to_the_tiles() -> None:
    assert made("float64")[1].code.memory.gemm is None


@pytest.mark.parametrize("missing", ["scipy.linalg", "threadpoolctl"])
def test_without_scipy_the_same_kernel_uses_its_tiles(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gemm, "_LEAST_WEIGHTS", 1)
    program, kernel = made("float64")
    assert kernel.session(1100).space.calls_blas
    state, errors = run(program, kernel, 1100, np.arange(1100), "float64")
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.setattr(multiplier, "gemm_address", blas.gemm_address.__wrapped__)
    assert not kernel.session(1100).space.calls_blas
    same = TrainingKernel(program, kernel.code, kernel.compiled)
    other, others = run(program, same, 1100, np.arange(1100), "float64")
    assert gap(state, other) <= 1e-12
    assert np.abs(errors - others).max() <= 1e-12


def test_whole_numbers_of_another_size_are_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    from scipy.linalg import cython_blas

    capsule = ctypes.pythonapi.PyCapsule_New
    capsule.restype, capsule.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    name = b"void (char *, char *, int64_t *, int64_t *, int64_t *, double *)"
    monkeypatch.setitem(cython_blas.__pyx_capi__, "dgemm", capsule(1, name, None))
    assert blas.gemm_address.__wrapped__(8) == 0


def threads_seen(monkeypatch: pytest.MonkeyPatch, run: Callable[[], object]) -> set[int]:
    """How many threads the BLAS has while updates are made."""
    seen: set[int] = set()
    kind = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 13)

    def watched(item: int) -> Any:
        real = kind(blas.gemm_address(item))

        def call(*given: Any) -> None:
            seen.update(one["num_threads"] for one in threadpoolctl.threadpool_info() if one["user_api"] == "blas")
            real(*given)

        alive.append(kind(call))
        return ctypes.cast(alive[-1], ctypes.c_void_p).value

    alive: list[Any] = []
    monkeypatch.setattr(multiplier, "gemm_address", watched)
    monkeypatch.setattr(gemm, "_LEAST_WEIGHTS", 1)
    run()
    return seen


@pytest.mark.parametrize("threads", [None, 1, 2])
def test_the_blas_has_one_thread(threads: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each thread of a team calls it for its own rows."""
    if threads == 2 and (os.cpu_count() or 1) < 2:
        pytest.skip("one processor")
    X, T = (part.tolist() for part in examples(1100, "float64").values())
    net = cr.MLP([70, 65 + (threads or 0), 67], seed=1)  # a kernel of its own
    asked: dict[str, Any] = {} if threads is None else {"threads": threads}
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        seen = threads_seen(monkeypatch, lambda: cr.train(net, X, T, batch=1100, epochs=2, **asked))
        after = {one["num_threads"] for one in threadpoolctl.threadpool_info() if one["user_api"] == "blas"}
    assert seen == {1}
    assert after == {2}


@pytest.mark.parametrize("threads", [None, 0, -1, 1.5, True, "2"])
def test_threads_that_mean_nothing(threads: Any) -> None:
    with pytest.raises(ProblemError, match="threads"):
        cr.train(cr.MLP([2, 2, 1]), [[0, 1]], [1], epochs=1, threads=threads)


TRAIN = """
import sys, numpy as np, chainrule as cr
from chainrule.targets.native import host
host.COMPILER, host.may_use_amx = b"a test", lambda: False
numbers = np.random.default_rng(1)
net = cr.MLP([520, 510, 3], seed=1)
cr.train(net, numbers.normal(size=(1100, 520)), numbers.uniform(size=(1100, 3)), batch=1100, epochs=2)
print(float(net.parameters["W1"].sum()).hex(), "llvmlite" in sys.modules, "scipy.linalg" in sys.modules)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="kernels are kept on Linux only")
def test_a_second_process_calls_it_from_a_kernel_on_disk(tmp_path: Path) -> None:
    first, second = printed_twice(TRAIN, tmp_path / "kept")
    assert first[0] == second[0]
    assert (first[1:], second[1:]) == (["True", "True"], ["False", "True"])
