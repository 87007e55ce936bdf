"""A state that stays in the kernel's memory is changed as one that is given with every call is, and by nobody else."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import pytest
from tests.targets.networks import RATE, E, T, X, beginning
from tests.targets.networks import network as large
from tests.training.test_loop import data, network

from chainrule.errors import ShapeError
from chainrule.node import label_of
from chainrule.optimizers import find_optimizer
from chainrule.targets.llvm import arrays, multiplier, training
from chainrule.targets.llvm.machine import give_back
from chainrule.targets.llvm.training import TrainingKernel, compile_training
from chainrule.training.reference import ReferenceKernel
from chainrule.training.sessions import Kernel, begin, copied, first_state, session_of
from chainrule.training.step import Penalties, training_step


def made(*, online: bool) -> tuple[Any, Any, dict[Any, Any]]:
    net = network()
    program = training_step(
        net, find_optimizer("adam"), rate=0.01, online=online, over="mean", penalties=Penalties(), seed=1
    )
    parts = {label_of(one): part for one, part in zip(program.examples, data(12), strict=True)}
    return net, program, parts


@pytest.mark.parametrize("online", [True, False])
def test_a_session_is_the_same_as_calls_with_the_state(online: bool) -> None:
    net, program, parts = made(online=online)
    native = compile_training(program, error=net.minimise)
    assert isinstance(native, TrainingKernel)
    batch, kernels = 1 if online else 5, [native, ReferenceKernel(program, error=net.minimise)]
    (rate,) = program.scalars
    for kernel in kernels:
        one: Kernel = kernel
        session, other = (session_of(one, program, batch=batch, dtype="float64") for _ in range(2))
        untouched, state = copied(other.state), first_state(program, "float64")
        for order in (np.arange(12), np.arange(11, -1, -1)):
            updates = -(-12 // batch)
            errors, due, rates = np.zeros(updates), np.zeros(updates), {rate: np.full(updates, 0.01)}
            assert one.run(state, parts, order, batch, rates, due) == updates
            assert session.run(parts, order, rates, errors) == updates
            assert np.array_equal(errors, due)
        for label, part in state.items():
            assert np.array_equal(part, session.state[label])
            assert np.array_equal(untouched[label], other.state[label])


def test_assigning_to_the_state_of_a_session_changes_what_comes_next() -> None:
    net, program, parts = made(online=True)
    session = session_of(compile_training(program, error=net.minimise), program, batch=1, dtype="float64")
    (rate,) = program.scalars
    errors, before = np.zeros(4), copied(session.state)

    def run() -> list[float]:
        assert session.run(parts, np.arange(4), {rate: np.full(4, 0.1)}, errors) == 4
        found: list[float] = errors.tolist()
        return found

    first, second = run(), run()
    for label, part in before.items():
        session.state[label][...] = part
    assert first != second
    assert run() == first


def test_other_examples_are_looked_at_in_every_call() -> None:
    net, program, parts = made(online=True)
    session = session_of(compile_training(program, error=net.minimise), program, batch=1, dtype="float64")
    (rate,) = program.scalars
    rates, errors = {rate: np.full(12, 0.1)}, np.zeros(12)
    assert session.run(parts, np.arange(12), rates, errors) == 12
    with pytest.raises(ShapeError, match="order names the row 11, but x has 3 rows"):
        session.run({label: part[:3] for label, part in parts.items()}, np.arange(12), rates, errors)
    with pytest.raises(ShapeError, match="order names the row -1, expected 0 or more"):
        session.run(parts, np.arange(-1, 11), rates, errors)
    moved = {label: part[::-1].copy() for label, part in parts.items()}
    twin = session_of(compile_training(program, error=net.minimise), program, batch=1, dtype="float64")
    for label, part in twin.state.items():
        part[...] = session.state[label]
    due = np.zeros(12)
    assert session.run(moved, np.arange(12), rates, errors) == 12
    assert twin.run(parts, np.arange(11, -1, -1), rates, due) == 12
    assert np.array_equal(errors, due)


@pytest.mark.parametrize("amx", [False, True])
@pytest.mark.parametrize("batch", [1, 20, 100])
@pytest.mark.parametrize("layers", [[3, 5, 1], [300, 259, 3]])
def test_what_memory_had_before_does_not_matter(
    monkeypatch: pytest.MonkeyPatch, layers: list[int], batch: int, amx: bool
) -> None:
    if not amx:
        monkeypatch.setattr(multiplier, "may_use_amx", lambda: False)
    program = large(layers, rows=batch > 1, optimizer="adam", activation=["tanh", "linear"])
    kernel = compile_training(program, error=E, dtype="float32")
    assert isinstance(kernel, TrainingKernel)
    numbers, updates = np.random.default_rng(1), -(-130 // batch)
    examples = {X: numbers.uniform(-1, 1, (130, layers[0])), T: numbers.uniform(0, 1, (130, layers[-1]))}
    parts = {label: part.astype(np.float32) for label, part in examples.items()}
    usual, found = arrays.aligned, []

    def spoilt(numbers: int, dtype: Any, *, zeros: bool = True) -> Any:
        made = usual(numbers, dtype, zeros=zeros)
        made[...] = 0 if zeros else np.nan
        return made

    for aligned in (usual, spoilt):
        monkeypatch.setattr(arrays, "aligned", aligned)
        session, errors = kernel.session(batch), np.zeros(updates)
        for label, part in beginning(program, "float32").items():
            session.state[label][...] = part
        assert session.run(parts, np.arange(130), {RATE: np.full(updates, 0.01)}, errors) == updates
        found.append([errors, *copied(session.state).values()])
    assert all(np.array_equal(one, other) for one, other in zip(*found, strict=True))


def test_little_memory_is_used_again_by_one_at_a_time_and_holds_no_examples() -> None:
    net, program, parts = made(online=False)
    kernel, (rate,) = compile_training(program, error=net.minimise), program.scalars
    assert isinstance(kernel, TrainingKernel)
    first, second = kernel.session(5), kernel.session(5)
    assert first is not second
    begin(first.state, program)
    assert first.run(parts, np.arange(12), {rate: np.full(3, 0.1)}, np.zeros(3)) == 3
    gone = [weakref.ref(part) for part in parts.values()]
    kernel.take_back(first)
    del parts
    assert [one() for one in gone] == [None] * len(gone)
    assert kernel.session(4) is not first  # nor is it kept for batches of another size
    kernel.take_back(second)
    assert kernel.session(5) is second
    assert kernel.session(5) is not second


def test_much_memory_is_given_back() -> None:
    program = large([900, 1200, 3], rows=True, optimizer="sgd", activation=["tanh", "linear"])
    kernel = compile_training(program, error=E)
    assert isinstance(kernel, TrainingKernel)
    session = kernel.session(5)
    kernel.take_back(session)
    assert kernel.session(5) is not session


@pytest.mark.parametrize(("layers", "times"), [([3, 5, 1], 0), ([900, 1200, 3], 1)])
def test_what_making_code_took_is_given_back_before_a_large_state(
    layers: list[int], times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[None] = []
    monkeypatch.setattr(training, "give_back", lambda: calls.append(give_back()))
    compile_training(large(layers, rows=True, optimizer="sgd", activation=["tanh", "linear"]), error=E)
    assert len(calls) == times
