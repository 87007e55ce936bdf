"""A hundred updates of every rule, each compared by itself: native code and the reference start it from the same state.

Over a hundred updates at once Quickprop's quotients, and the signs RPROP goes by, amplify the last digit of whoever
computes them, so that two right programs part; each update by itself leaves a wrong one no room. There are four starts,
since a rule that leaps gets to where units are saturated and derivatives nothing but rounding.
"""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from tests.training.wired import RULES, random_network

from chainrule.node import label_of
from chainrule.optimizers import find_optimizer
from chainrule.targets.llvm.training import compile_training
from chainrule.training.model import MLP, Model
from chainrule.training.reference import ReferenceKernel
from chainrule.training.sessions import first_state
from chainrule.training.step import Penalties, training_step

ROWS, UPDATES, STARTS = 12, 100, 4


def worst_update(model: Model, rule: str, *, online: bool, seed: int, rate: float) -> float:
    """How far the two are apart after an update from the same state, at worst; of numbers above 1, in relation."""
    program = training_step(
        model, find_optimizer(rule), rate=rate, online=online, over="mean", penalties=Penalties(), seed=seed
    )
    native = compile_training(program, error=model.minimise, dtype="float64")
    reference = ReferenceKernel(program, error=model.minimise)
    numbers = np.random.default_rng(seed)
    shapes = {label_of(one): one.type.shape[0 if online else 1 :] for one in program.examples}
    examples = {label: numbers.uniform(-1, 1, (ROWS, *shape)) for label, shape in shapes.items()}
    scalars = {label: np.array([rate]) for label in program.scalars}
    first, worst = first_state(program, "float64"), 0.0
    for update in range(UPDATES):
        if update % (UPDATES // STARTS) == 0:
            state = {label: np.array(value * numbers.uniform(0.5, 1.5)) for label, value in first.items()}
        rows = np.array([update % ROWS]) if online else np.arange(ROWS)
        due = {label: value.copy() for label, value in state.items()}
        errors: tuple[Any, Any] = np.zeros(1), np.zeros(1)
        for kernel, held, error in ((native, state, errors[0]), (reference, due, errors[1])):
            assert kernel.run(held, examples, rows, len(rows), scalars, error) == 1
        pairs = [*zip(state.values(), due.values(), strict=True), errors]
        worst = max(worst, *[float(np.max(np.abs(a - b) / np.maximum(1.0, np.abs(b)))) for a, b in pairs])
    return worst


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", range(4))
def test_each_of_a_hundred_updates_of_a_layered_network(rule: str, seed: int) -> None:
    random = Random(seed)
    layers = [random.randint(1, 9), *[random.choice((1, 3, 8, 17, 33)) for _ in range(1 + seed % 2)], 3]
    net = MLP(layers, activation=[random.choice(("sigmoid", "tanh", "gelu")) for _ in layers[1:]], seed=seed)
    assert worst_update(net, rule, online=bool(seed % 2), seed=seed, rate=0.05) < 1e-10


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", range(6))
def test_each_of_a_hundred_updates_of_a_network_wired_at_random(rule: str, seed: int) -> None:
    net = random_network(Random(seed))
    assert worst_update(net, rule, online=bool(seed % 2), seed=seed, rate=0.05) < 1e-10
