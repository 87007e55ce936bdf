"""Threads that make updates together: the same bits as one thread makes, whatever the sizes, and whatever fails."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Any

import numpy as np
import pytest
from tests.targets.networks import RATE, E, T, X, beginning, network

from chainrule.dataclasses import replace
from chainrule.graph import Program
from chainrule.quantity import Quantity
from chainrule.targets.llvm.machine import AARCH64, Machine, object_code, this_machine
from chainrule.targets.llvm.program import program_code, program_text
from chainrule.targets.llvm.session import Session
from chainrule.targets.llvm.team import way_of
from chainrule.targets.llvm.team_layout import TEAM, share_of
from chainrule.targets.llvm.training import TrainingKernel, compile_training
from chainrule.transforms.schedule.rows import most_rows

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="threads are those of POSIX")


def session_of(program: Program, dtype: Any, batch: int, threads: int) -> Session:
    kernel = compile_training(replace(program, team=threads > 1), error=E, dtype=dtype)
    assert isinstance(kernel, TrainingKernel)
    session = kernel.session(batch, threads=threads)
    begin(session, program, dtype)
    return session


def begin(session: Session, program: Program, dtype: Any) -> None:
    for label, value in beginning(program, dtype).items():
        session.state[label][...] = value


def run(session: Session, program: Program, dtype: Any, layers: list[int], *, epochs: int = 2) -> tuple[Any, int]:
    """The state and the errors after some epochs, the last update of each of fewer examples; how many were made."""
    rows = 2 * session.batch + session.batch // 2 + 1
    numbers = np.random.default_rng(1)
    given = {
        X: numbers.normal(size=(rows, layers[0])).astype(dtype),
        T: np.eye(layers[-1], dtype=dtype)[numbers.integers(0, layers[-1], rows)],
    }
    updates = epochs * -(-rows // session.batch)
    errors, order = np.zeros(updates), np.concatenate([numbers.permutation(rows) for _ in range(epochs)])
    scalars = {label: np.full(updates, 0.01) for label in program.scalars}
    done = session.run(given, order, scalars, errors, epoch=rows)
    state: dict[Quantity, Any] = {label: value.copy() for label, value in session.state.items()}
    return (state, errors), done


def assert_same(found: Any, due: Any) -> None:
    for label, value in due[0].items():
        assert (found[0][label] == value).all(), label
    np.testing.assert_array_equal(found[1], due[1])


CASES = [
    ([20, 30, 3], 32, "sgd"), ([9, 3], 5, "adam"), ([300, 260, 7], 33, "adam"), ([300, 260, 270, 12], 100, "momentum"),
    ([130, 1100, 5], 47, "rmsprop"), ([200, 190, 5], 300, "nesterov"), ([784, 70, 10], 208, "adam"),
]  # fmt: skip


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("layers", "batch", "rule"), CASES)
def test_the_bits_are_those_of_one_thread(layers: list[int], batch: int, rule: str, dtype: Any, known: bool) -> None:
    program = network(layers, rows=True, optimizer=rule, activation=["tanh"] * (len(layers) - 2) + ["softmax"],
                      loss="cross entropy")  # fmt: skip
    program = replace(program, most=most_rows(batch, dtype) if known else None)
    due, made = run(session_of(program, dtype, batch, 1), program, dtype, layers)
    assert made == 6
    for threads in (2, 3, 5):
        found, made = run(session_of(program, dtype, batch, threads), program, dtype, layers)
        assert made == 6
        assert_same(found, due)


def test_it_is_the_same_each_time() -> None:
    """Whoever reads what another thread has not written yet does so now and then."""
    layers, batch = [64, 300, 300, 10], 64
    program = network(layers, rows=True, optimizer="adam", activation=["relu", "relu", "softmax"], loss="cross entropy")
    due, _ = run(session_of(program, "float32", batch, 1), program, "float32", layers, epochs=5)
    session = session_of(program, "float32", batch, 3)
    for _ in range(15):
        begin(session, program, "float32")
        found, _ = run(session, program, "float32", layers, epochs=5)
        assert_same(found, due)


@pytest.mark.parametrize("works", [0, 1, 2])
def test_threads_that_cannot_be_started_are_done_without(works: int) -> None:
    layers, batch = [40, 300, 5], 50
    program = network(layers, rows=True, optimizer="sgd", activation=["tanh", "softmax"], loss="cross entropy")
    due, _ = run(session_of(program, "float64", batch, 1), program, "float64", layers)
    session = session_of(program, "float64", batch, 4)
    pointers = [ctypes.c_void_p] * 4
    start = ctypes.CDLL(None).pthread_create
    start.argtypes = pointers
    asked = []

    def create(*given: int) -> int:
        asked.append(given)
        return start(*given) if len(asked) <= works else 11  # EAGAIN

    refusing = ctypes.CFUNCTYPE(ctypes.c_int, *pointers)(create)
    session.space.team[TEAM["create"]] = ctypes.cast(refusing, ctypes.c_void_p).value
    found, made = run(session, program, "float64", layers)
    assert (made, len(asked)) == (6, works + 1)
    assert_same(found, due)


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted as Linux tells them")
def test_an_update_that_is_not_finite_ends_all_threads() -> None:
    layers, batch = [40, 300, 5], 50
    program = network(layers, rows=True, optimizer="sgd", activation=["tanh", "softmax"], loss="cross entropy")
    session = session_of(program, "float64", batch, 3)
    before = len(os.listdir("/proc/self/task"))
    given: dict[Quantity, Any] = {X: np.ones((200, 40)), T: np.ones((200, 5))}
    given[X][120, 7] = np.nan
    state = {label: value.copy() for label, value in session.state.items()}
    errors = np.zeros(4)
    assert session.run(given, np.arange(200), {RATE: np.zeros(4)}, errors) == 2
    assert np.isfinite(errors[:2]).all()
    assert not np.isfinite(errors[2])
    assert all((session.state[label] == value).all() for label, value in state.items())  # the rate is 0
    assert len(os.listdir("/proc/self/task")) == before


def test_how_stages_are_shared() -> None:
    program = replace(network([300, 450, 5], rows=True, activation=["tanh", "linear"]), most=47, team=True)
    code = program_code(program, program.step.outputs[E], "float32", this_machine())
    ways = {stage.number: way_of(stage, "N", 47) for stage in code.plan.stages}
    assert set(ways.values()) == {"batch", "rows", "columns", "one"}
    shapes = {stage.space for stage in code.plan.stages if ways[stage.number] == "rows"}
    assert shapes == {(450, 300), (5, 450)} or shapes == {(450, 300)}
    text = program_text(program, code, this_machine())
    assert text.count("call void @team.meet") < 2 * len(ways)


def test_shares_are_whole_tiles() -> None:
    assert [share_of(rows, 2) for rows in (1, 32, 33, 100)] == [16, 16, 32, 64]
    assert share_of(100, 3) == 48


@pytest.mark.parametrize("machine", [AARCH64, replace(AARCH64, triple="wasm32-unknown-unknown", vector_bytes=16)])
def test_other_processors_have_teams_too(machine: Machine) -> None:
    program = replace(network([300, 450, 5], rows=True, activation=["tanh", "linear"]), most=47, team=True)
    text = program_text(program, program_code(program, program.step.outputs[E], "float32", machine), machine)
    assert object_code(text, AARCH64)[:4] == b"\x7fELF"
