"""Training of a network with many inputs, whose updates are made in blocks: no call may cut one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chainrule.training import spans
from chainrule.training.kernels import native_kernel
from chainrule.training.loop import train
from chainrule.training.model import MLP
from chainrule.training.rules import as_rule
from chainrule.training.step import Penalties, training_step


def trained(rows: int, **options: Any) -> tuple[Any, list[float]]:
    drawn = np.random.default_rng(4)
    net = MLP([200, 45, 3], activation="sigmoid", loss="half squared error", seed=1)
    history = train(net, drawn.uniform(-1, 1, (rows, 200)), drawn.uniform(0, 1, (rows, 3)), **options)
    return np.concatenate([part.ravel() for part in net.parameters.values()]), history.column("error")


def test_such_a_network_runs_in_blocks() -> None:
    net = MLP([200, 45, 3], activation="sigmoid", loss="half squared error", seed=1)
    sgd = as_rule("sgd").optimizer
    program = training_step(net, sgd, rate=0.1, online=True, over="mean", penalties=Penalties())
    assert native_kernel(program, error=net.minimise, dtype="float64").block == 16
    program = training_step(net, sgd, rate=0.1, online=True, over="mean", penalties=Penalties(l2=0.1))
    assert native_kernel(program, error=net.minimise, dtype="float64").block == 1


@pytest.mark.parametrize("rows", [32, 41])
def test_the_cuts_between_calls_change_nothing(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, errors = trained(rows, epochs=5)
    for chunk, first in ((1e-9, 256), (100.0, 1e9)):
        monkeypatch.setattr(spans, "CHUNK", chunk)
        monkeypatch.setattr(spans, "FIRST", first)
        parts, others = trained(rows, epochs=5)
        assert np.array_equal(whole, parts)
        assert np.array_equal(errors, others)


@pytest.mark.parametrize("batch", [1, 7, 50])
def test_epochs_that_are_no_whole_batches_are_joined_in_one_call(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    call = spans.Spans._call

    def counted(self: Any, rows: Any, *others: Any) -> int:
        calls.append(len(rows))
        return call(self, rows, *others)

    monkeypatch.setattr(spans.Spans, "_call", counted)
    monkeypatch.setattr(spans, "FIRST", 1e9)
    together, errors = trained(41, epochs=6, batch=batch)
    assert max(calls) == 6 * 41
    monkeypatch.setattr(spans.Spans, "epochs_at_once", 1)
    alone, others = trained(41, epochs=6, batch=batch)
    assert np.array_equal(together, alone)
    assert np.array_equal(errors, others)


@pytest.mark.parametrize("updates", [1, 5, 6, 7, 12, 17])
def test_a_limit_of_updates_within_epochs_that_are_joined(updates: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spans, "FIRST", 1e9)
    together = trained(41, epochs=6, batch=7, updates=updates)
    monkeypatch.setattr(spans.Spans, "epochs_at_once", 1)
    alone = trained(41, epochs=6, batch=7, updates=updates)
    assert np.array_equal(together[0], alone[0])
    assert together[1] == alone[1]


def test_it_learns_what_the_reference_learns() -> None:
    native, errors = trained(41, epochs=3)
    reference, due = trained(41, epochs=3, engine="reference")
    assert np.allclose(native, reference, rtol=1e-10, atol=1e-10)
    assert np.allclose(errors, due, rtol=1e-10, atol=1e-12)
