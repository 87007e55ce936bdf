"""Layers that do the same share their code: the bits are those of separate code, and it does not grow with depth."""

from __future__ import annotations

import re

import numpy as np
import pytest

import chainrule as cr
from chainrule.quantity import Name
from chainrule.targets.llvm import sharing
from chainrule.targets.llvm.training import TrainingKernel, compile_training
from chainrule.training.sessions import first_state
from chainrule.training.step import Penalties, training_step

UPDATES, BATCH, ROWS = 6, 8, 43  # the last batch is a tail


def kernel(layers, dtype, rule):
    net = cr.MLP(
        layers, activation=["tanh"] * (len(layers) - 3) + ["relu", "softmax"], loss="cross entropy", dtype=dtype
    )
    program = training_step(net, rule, rate=0.01, online=False, over="mean", penalties=Penalties())
    made = compile_training(program, error=net.minimise, dtype=dtype)
    assert isinstance(made, TrainingKernel)
    return made


def trained(made, dtype):
    """The errors and the state after some updates."""
    program = made.program
    random = np.random.default_rng(3)
    width, outputs = (n.type.shape[1] for n in program.examples)
    X = random.uniform(-1, 1, (ROWS, width)).astype(dtype)
    T = np.eye(outputs, dtype=dtype)[random.integers(0, outputs, ROWS)]
    state = first_state(program, dtype)
    errors = np.empty(UPDATES)
    scalars = {label: np.full(UPDATES, 0.01) for label in program.scalars}
    done = made.run(state, {Name("x"): X, Name("t"): T}, np.arange(ROWS), BATCH, scalars, errors)
    assert done == UPDATES
    return errors, state


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rule", [cr.adam().optimizer, cr.momentum(0.01).optimizer], ids=["adam", "momentum"])
@pytest.mark.parametrize("layers", [(5, *[12] * 9, 3), (7, *[33, 4] * 6)], ids=["equal", "in turns"])
def test_shared_code_gives_the_same_bits(layers, dtype, rule, monkeypatch):
    shared = kernel(layers, dtype, rule)
    assert ".same.0(" in shared.text
    monkeypatch.setattr(sharing, "_LEAST", 10**9)
    alone = kernel(layers, dtype, rule)
    assert ".same.0(" not in alone.text
    assert len(shared.text) < len(alone.text)
    (one_errors, one), (other_errors, other) = trained(shared, dtype), trained(alone, dtype)
    assert one_errors.tobytes() == other_errors.tobytes()
    for label in one:
        assert one[label].tobytes() == other[label].tobytes(), label


@pytest.mark.parametrize("width", [12, 13])  # lanes across the rows, and along them
def test_functions_do_not_grow_with_depth(width):
    counts = []
    for depth in (20, 40, 60):
        text = kernel((width,) * (depth + 1), "float32", cr.adam().optimizer).text
        counts.append(len(re.findall(r"^define internal void @\w+\.same\.\d+\(", text, re.MULTILINE)))
    assert counts[0] == counts[1] == counts[2] > 0


def test_a_small_program_shares_nothing():
    assert ".same." not in kernel((8, 8, 8, 8), "float32", cr.sgd().optimizer).text
