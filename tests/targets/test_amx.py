"""Products by the matrix unit: no less exact than one sum after the other, whatever the numbers and shapes."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.targets.networks import RATE, E, T, X, beginning, gap, network, printed_twice, reference

import chainrule as cr
from chainrule.dataclasses import replace
from chainrule.quantity import Quantity
from chainrule.targets.llvm import gemm, multiplier
from chainrule.targets.llvm.amx import amx_text
from chainrule.targets.llvm.machine import AARCH64, Machine, object_code, this_machine
from chainrule.targets.llvm.program import program_code
from chainrule.targets.llvm.training import TrainingKernel, compile_training
from chainrule.targets.native import host
from chainrule.training.loop import TrainingWarning

HERE = pytest.mark.skipif(not host.may_use_amx(), reason="no matrix unit, or not for us")
ROWS = 1500


def product(
    a: Any, b: Any, *, a_lies: str = "N", b_lies: str = "N",
    found: multiplier.Multiplier | None = None, again: int = 0,
) -> Any:  # fmt: skip
    """b @ a, of shapes (n, k) and (k, m): either as it lies, or from its transpose."""
    (n, k), m = b.shape, a.shape[1]
    first = np.ascontiguousarray(a if a_lies == "N" else a.T)
    second = np.ascontiguousarray(b if b_lies == "N" else b.T)
    found = found or multiplier.multiplier(4, m, ROWS)
    result = np.full((-(-n // 32) * 32, -(-m // 32) * 32 + 16), 7, np.float32)
    sizes = [ctypes.c_int32(size) for size in (m, n, k, first.shape[1], second.shape[1], result.shape[1])]
    letters = [ctypes.c_char(letter.encode()) for letter in (a_lies, b_lies)]
    factors = [ctypes.c_float(1), ctypes.c_float(0)]
    m_at, n_at, k_at, *apart = map(ctypes.addressof, sizes)
    alpha, beta = map(ctypes.addressof, factors)
    call = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 14, ctypes.c_int64)(found.address)
    call(
        *map(ctypes.addressof, letters), m_at, n_at, k_at, alpha, first.ctypes.data, apart[0], second.ctypes.data,
        apart[1], beta, result.ctypes.data, apart[2], found.context.ctypes.data, again,
    )  # fmt: skip
    return result[:n, :m]


def exact(a: Any, b: Any) -> Any:
    with np.errstate(invalid="ignore", over="ignore"):
        return b.astype(np.float64) @ a.astype(np.float64)


def one_after_the_other(a: Any, b: Any) -> Any:
    """The sums as float32 has them: each product is exact in float64, and each sum is rounded."""
    total = np.zeros((len(b), a.shape[1]), np.float32)
    for k in range(len(a)):
        total = (total + b[:, k, None].astype(np.float64) * a[k].astype(np.float64)).astype(np.float32)
    return total


def error(result: Any, a: Any, b: Any) -> float:
    """The root of the mean square, beside that of the exact result."""
    due = exact(a, b)
    return float(np.sqrt(np.mean((result - due) ** 2) / np.mean(due**2)))


def drawn(shape: tuple[int, int], seed: int = 1) -> Any:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


@HERE
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    m=st.integers(1, 100) | st.sampled_from([1024, 1025, 2050]), n=st.integers(1, 300),
    k=st.sampled_from([1, 2, 15, 16, 17, 31, 32, 33, 64, 511, 513, 1100]),
    a_lies=st.sampled_from("NT"), b_lies=st.sampled_from("NT"), seed=st.integers(0, 9),
)  # fmt: skip
def test_every_shape_and_every_way_to_lie(m: int, n: int, k: int, a_lies: str, b_lies: str, seed: int) -> None:
    a, b = drawn((k, m), seed), drawn((n, k), seed + 10)
    found = product(a, b, a_lies=a_lies, b_lies=b_lies)
    size = np.abs(b).astype(np.float64) @ np.abs(a)
    assert (np.abs(found - exact(a, b)) <= 4e-7 * size).all()


def far_apart(k: int, spread: float) -> tuple[Any, Any]:
    """Matrices whose lines differ in size, so that some products are much larger than others."""
    scale = np.exp2(np.random.default_rng(3).uniform(-spread, spread, (2, k)))
    return (drawn((k, 64)) * scale[0][:, None]).astype(np.float32), (drawn((64, k), 2) * scale[1]).astype(np.float32)


@HERE
@pytest.mark.parametrize("k", [16, 64, 128, 784, 4096])
@pytest.mark.parametrize("spread", [0, 1, 3])
def test_no_less_exact_than_one_sum_after_the_other(k: int, spread: float) -> None:
    a, b = far_apart(k, spread)
    assert error(product(a, b), a, b) <= error(one_after_the_other(a, b), a, b)


@HERE
@pytest.mark.parametrize("k", [16, 64, 784])
@pytest.mark.parametrize("spread", [10, 20, 30])
def test_sums_of_a_few_products_are_as_exact_as_float32_is(k: int, spread: float) -> None:
    """There one sum after the other makes no more than one error of rounding or two, by luck a smaller one."""
    a, b = far_apart(k, spread)
    assert error(product(a, b), a, b) <= max(error(one_after_the_other(a, b), a, b), 2.0**-23)


@HERE
def test_sums_of_one_sign_are_no_less_exact() -> None:
    a, b = np.abs(drawn((1000, 64))), np.abs(drawn((64, 1000), 2))
    assert error(product(a, b), a, b) <= error(one_after_the_other(a, b), a, b)


@HERE
@pytest.mark.parametrize(("first", "second"), [(-60, 60), (-60, 0), (-100, 40), (60, 60), (-30, -30)])
def test_magnitudes_far_apart(first: int, second: int) -> None:
    a, b = (np.ldexp(drawn(shape), power - 3) for shape, power in (((200, 40), first), ((40, 200), second)))
    assert error(product(a, b), a, b) <= error(one_after_the_other(a, b), a, b)


@HERE
@pytest.mark.parametrize("lies", ["NN", "NT", "TN", "TT"])
@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan, 3.4e38, 2.0**64, -1e30])
@pytest.mark.parametrize("in_first", [True, False])
def test_numbers_that_are_endless_or_huge_mean_what_they_mean(lies: str, bad: float, in_first: bool) -> None:
    a, b = drawn((70, 40)), drawn((50, 70), 2)
    b[:, 5] = np.round(b[:, 5])  # among them 0 and 1, which have no second part to meet an endless number
    (a if in_first else b)[5, 5] = bad
    with np.errstate(invalid="ignore", over="ignore"):
        found, due = product(a, b, a_lies=lies[0], b_lies=lies[1]), one_after_the_other(a, b)
    assert (np.isnan(found) == np.isnan(due)).all()
    assert (np.isinf(found) == np.isinf(due)).all()
    fine = np.isfinite(due)
    assert np.abs(found[fine] - due[fine]).max() <= 1e-5 * max(1.0, float(np.abs(due[fine]).max()))


@HERE
def test_of_tiny_numbers_digits_are_lost_that_count_for_nothing() -> None:
    a, b = np.ldexp(drawn((200, 40)), -112), np.ldexp(drawn((40, 200), 2), 60)
    size, others = np.abs(b).astype(np.float64) @ np.abs(a), np.abs(b).astype(np.float64).sum(axis=1, keepdims=True)
    assert (np.abs(product(a, b) - exact(a, b)) <= 4e-7 * size + 2.0**-125 * others).all()


@HERE
def test_denormal_numbers_count_as_zero_at_most() -> None:
    a, b = drawn((64, 32)), drawn((32, 64), 2)
    a[::2] *= np.float32(1e-41)
    assert np.abs(product(a, b) - exact(a, b)).max() <= 1e-5
    tiny = np.full((64, 32), 1e-40, np.float32)
    assert np.abs(product(tiny, b)).max() <= 1e-36


LAYERS = [70, 65, 67]


def examples() -> dict[Quantity, Any]:
    numbers = np.random.default_rng(1)
    return {
        X: numbers.uniform(-1, 1, (ROWS, LAYERS[0])).astype(np.float32),
        T: numbers.uniform(0, 1, (ROWS, LAYERS[-1])).astype(np.float32),
    }


@HERE
@pytest.mark.parametrize("batch", [multiplier.MULTIPLIED, 200, 1027, gemm.TOGETHER + 77])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_run_is_that_of_the_reference(
    batch: int, optimizer: str, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gemm, "_LEAST_WEIGHTS", 1)
    program = replace(network(LAYERS, rows=True, optimizer=optimizer, activation=["relu", "sigmoid"]), team=threads > 1)
    kernel = compile_training(program, error=E, dtype="float32")
    assert isinstance(kernel, TrainingKernel)
    order = np.random.default_rng(2).integers(0, ROWS, 2 * batch + 5)  # the last five are left to the tiles
    session, errors, rates = kernel.session(batch, threads=threads), np.zeros(3), {RATE: np.full(3, 0.01)}
    for label, first in beginning(program, "float32").items():
        session.state[label][...] = first
    assert session.space.multiplier.address
    assert not session.space.calls_blas
    assert session.run(examples(), order, rates, errors) == 3
    expected, due = reference(program, beginning(program, "float32"), examples(), order, batch, rates)
    assert gap(session.state, expected) <= 1e-4
    assert np.abs(errors - due).max() <= 1e-5 * max(1.0, np.abs(due).max())


@HERE
@pytest.mark.parametrize("threads", [1, 2])
def test_rows_by_parts_that_meet_the_same_packed_matrix(threads: int) -> None:
    """Gradients of 530 by 520 are formed 128 rows at a time, the last 18 by themselves."""
    program = network([520, 530, 3], rows=True, optimizer="sgd", activation=["tanh", "linear"])
    program = replace(program, team=threads > 1)
    kernel = compile_training(program, error=E, dtype="float32")
    assert isinstance(kernel, TrainingKernel)
    numbers = np.random.default_rng(1)
    given = {X: numbers.uniform(-1, 1, (300, 520)), T: numbers.uniform(0, 1, (300, 3))}
    session, errors = kernel.session(100, threads=threads), np.zeros(3)
    for label, first in beginning(program, "float32").items():
        session.state[label][...] = first
    small = {label: part.astype(np.float32) for label, part in given.items()}
    assert session.run(small, np.arange(300), {RATE: np.full(3, 0.01)}, errors) == 3
    expected, _ = reference(
        program, beginning(program, "float32"), small, np.arange(300), 100, {RATE: np.full(3, 0.01)}
    )
    assert gap(session.state, expected) <= 1e-5


@HERE
def test_a_matrix_that_could_not_be_packed_is_looked_at_again() -> None:
    a, b = drawn((70, 40)), drawn((50, 70), 2)
    a[3, 3] = np.inf
    found = multiplier.multiplier(4, 40, ROWS)
    for again in (0, 1):
        result = product(a, b, found=found, again=again)
        assert (np.isinf(result[:, 3])).all()
        assert np.isfinite(np.delete(result, 3, axis=1)).all()
    a[3, 3] = 1.0
    fresh = product(a, b, found=found, again=1)  # nothing was packed, so that it is now
    assert (fresh == product(2 * a, b, found=found, again=1)).all()  # and stays
    assert np.abs(fresh - exact(a, b)).max() <= 1e-4


@HERE
def test_float64_is_left_to_others() -> None:
    assert multiplier.multiplier(8, 1000, multiplier.BLAS_ROWS - 1).address == 0


@HERE
def test_few_rows_are_left_to_the_tiles() -> None:
    assert multiplier.multiplier(4, 1000, multiplier.MULTIPLIED - 1).address == 0


@pytest.mark.parametrize(("layers", "due"), [([256, 128, 3], True), ([784, 100, 3], False), ([128, 128, 3], False)])
def test_weights_that_are_some_and_fill_blocks_are_worth_it(layers: list[int], due: bool) -> None:
    program = network(layers, rows=True)
    for dtype, expected in (("float32", due), ("float64", False)):
        code = program_code(program, program.step.outputs[E], dtype, this_machine())
        assert (code.memory.gemm is not None) == expected


def test_a_blas_is_not_called_for_few_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multiplier, "may_use_amx", lambda: False)
    monkeypatch.setattr(multiplier, "gemm_address", lambda _: 1)
    *_, for_many, for_few = multiplier.multiplier(4, 1000, multiplier.BLAS_ROWS).slots
    assert for_many == multiplier.BLAS_ROWS
    assert for_few > 1 << 60


def test_a_processor_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "processor", lambda: b"x86_64\nflags : fpu avx512f")
    assert not host._ask_for_amx()


@HERE
def test_a_system_that_does_not_grant_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing:
        def __init__(self, _: None) -> None:
            self.syscall = lambda *_: -1

    monkeypatch.setattr(ctypes, "CDLL", Refusing)
    assert not host._ask_for_amx()


def test_the_code_is_made_anywhere() -> None:
    """Not by the processor it is for: the object is only written."""
    features = "+amx-bf16,+amx-tile,+avx512f,+avx512bw,+avx512dq,+avx512vl"
    machine = Machine("x86_64-unknown-linux-gnu", "sapphirerapids", features, 64)
    assert object_code(amx_text(), machine).startswith(b"\x7fELF")
    assert AARCH64.family == "aarch64"  # for which there is none


TRAIN = """
import sys, numpy as np, chainrule as cr
from chainrule.targets.native import host
host.COMPILER = b"a test of amx"
numbers = np.random.default_rng(1)
net = cr.MLP([520, 510, 3], seed=1, dtype="float32")
cr.train(net, numbers.normal(size=(300, 520)), numbers.uniform(size=(300, 3)), batch=150, epochs=2)
print(float(net.parameters["W1"].sum()).hex(), "llvmlite" in sys.modules, "chainrule.targets.llvm.amx" in sys.modules)
"""


@HERE
def test_a_second_process_finds_it_on_disk(tmp_path: Path) -> None:
    first, second = printed_twice(TRAIN, tmp_path / "kept")
    assert first[0] == second[0]
    assert (first[1:], second[1:]) == (["True", "True"], ["False", "False"])


@HERE
def test_training_that_diverges_is_told_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gemm, "_LEAST_WEIGHTS", 1)
    numbers = np.random.default_rng(1)
    X, T = numbers.normal(size=(128, 70)), numbers.normal(size=(128, 67))
    ends = []
    for there in (True, False):
        monkeypatch.setattr(multiplier, "may_use_amx", lambda there=there: there)
        net = cr.MLP(LAYERS, activation=["relu", "linear"], seed=1, dtype="float32")
        with pytest.warns(TrainingWarning, match="diverged") as caught:
            cr.train(net, X, T, optimizer=cr.sgd(1e6), batch=128, epochs=50)
        ends.append(str(caught[0].message).partition(" is ")[0])
    assert ends[0] == ends[1]
