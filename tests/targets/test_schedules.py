"""Every schedule agrees with the plain one on whole training runs: random networks and DAGs, native and in NumPy.

A schedule is chosen by widths, batches and rules, so these are drawn widely; losses and activations go round, so that
some 100 networks have all pairs of them. CHAINRULE_SCHEDULES=200 tries so many.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
import pytest

from chainrule.dataclasses import replace
from chainrule.losses import LOSSES, find_loss
from chainrule.network import ACTIVATIONS
from chainrule.node import label_of
from chainrule.optimizers import find_optimizer
from chainrule.targets.llvm.training import compile_training
from chainrule.training.model import MLP, Model
from chainrule.training.reference import ReferenceKernel
from chainrule.training.sessions import first_state, session_of
from chainrule.training.step import Penalties, training_step
from chainrule.transforms.schedule.rows import most_rows

TRIED = int(os.environ.get("CHAINRULE_SCHEDULES", "22"))
UPDATES, ROWS, WIDEST = 100, 37, 300
HIDDEN = sorted(set(ACTIVATIONS) - {"identity"})
# rprop and quickprop go by signs and quotients of derivatives, so that their runs part at the last digit; each of their
# updates is compared by itself in tests/training/test_every_update.py.
RULES = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw")
ENDS = {  # the output that a loss is meant for
    "binary cross entropy": "sigmoid", "cross entropy": "softmax", "kullback leibler": "softmax", "poisson": "softplus",
    "hinge": "tanh",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A network, how it learns, and how many examples make an update: none for one without a row axis."""

    layers: tuple[int, ...]
    hidden: str
    loss: str
    rule: str
    batch: int | None
    over: Any
    wired: bool
    seed: int

    @property
    def output(self) -> str:
        return ENDS.get(self.loss, "linear")


def case(seed: int) -> Case:
    random = Random(seed)
    widths = [int(WIDEST ** random.random()) for _ in range(random.randint(2, 5))]
    if narrow := seed % 4 == 1:
        widths = [random.randint(1, 9) if random.random() < 0.8 else width for width in widths]
    loss = list(LOSSES)[seed % len(LOSSES)]
    if ENDS.get(loss) == "softmax":
        widths[-1] = max(2, widths[-1])  # of one output it is 1, whatever is learned
    batch = random.choice([None, None, 1, random.randint(2, 8), random.randint(9, ROWS), random.choice((16, 32))])
    if narrow:
        batch = random.randint(1, 200)
    return Case(
        tuple(widths), HIDDEN[seed % len(HIDDEN)], loss, random.choice(RULES), batch,
        random.choice(("sum", "mean")), wired=seed % 3 == 2, seed=seed,
    )  # fmt: skip


def model(one: Case) -> Model:
    if not one.wired:
        activation = [one.hidden] * (len(one.layers) - 2) + [one.output]
        return MLP(one.layers, activation=activation, loss=one.loss, seed=one.seed)
    return wired(one)


def wired(one: Case) -> Model:
    """Layers fed by one to three arrays before them, each through a matrix of its own; the last by all that is left."""
    random = Random(one.seed)
    sizes, lines, shapes, unused = {"x": one.layers[0]}, [], {}, {"x"}
    for k, units in enumerate(one.layers[1:], 1):
        last = k == len(one.layers) - 1
        before = list(sizes)
        sources = sorted({*random.sample(before, random.randint(1, min(3, len(before)))), *(unused if last else ())})
        net = " + ".join([*(f"W{k}_{source} @ {source}" for source in sources), f"b{k}"])
        shapes |= {f"W{k}_{source}": (units, sizes[source]) for source in sources} | {f"b{k}": (units,)}
        function = ACTIVATIONS[one.output if last else one.hidden]
        lines += [f"z{k} = {net}", f"a{k} = {function.format(z=f'z{k}')}"]
        unused = unused - set(sources) | {f"a{k}"}
        sizes[f"a{k}"] = units
    lines.append(f"E = {find_loss(one.loss).formula(f'a{len(one.layers) - 1}', 't')}")
    return Model(
        "\n".join(lines), inputs={"x": (one.layers[0],)}, targets={"t": (one.layers[-1],)}, parameters=shapes,
        minimise="E", init="uniform(-0.3, 0.3)", seed=one.seed,
    )  # fmt: skip


def examples(one: Case) -> tuple[Any, Any]:
    """Inputs, and targets such as the loss is meant for."""
    numbers = np.random.default_rng(one.seed)
    shape = ROWS, one.layers[-1]
    targets = {
        "hinge": lambda: np.where(numbers.uniform(size=shape) > 0.5, 1.0, -1.0),
        "cross entropy": lambda: np.eye(shape[1])[numbers.integers(0, shape[1], ROWS)],
        "kullback leibler": lambda: numbers.dirichlet(np.ones(shape[1]), ROWS),
        "poisson": lambda: numbers.poisson(2.0, shape).astype(float),
    }
    T = targets.get(one.loss, lambda: numbers.uniform(0, 1, shape))()
    return numbers.uniform(-1, 1, (ROWS, one.layers[0])), T


@pytest.mark.parametrize("one", [case(seed) for seed in range(TRIED)], ids=lambda one: f"seed {one.seed}")
def test_a_hundred_updates_agree_with_the_plain_schedule(one: Case) -> None:
    net = model(one)
    batch = one.batch or 1
    rate = 0.02 / (max(one.layers) * (batch if one.over == "sum" else 1)) if one.rule in RULES[:3] else 0.001
    program = training_step(
        net, find_optimizer(one.rule), rate=rate, online=one.batch is None, over=one.over, penalties=Penalties()
    )
    if one.batch is not None:  # for batches as cr.train makes them, or of any size; every other by several threads
        most = most_rows(batch, "float64") if one.seed % 5 > 1 else None
        program = replace(program, most=most, team=one.seed % 2 == 0)
    parts = dict(zip(map(label_of, (*net.inputs, *net.targets)), examples(one), strict=True))
    parts = {label_of(example): parts[label_of(example)] for example in program.examples}
    order = np.random.default_rng(one.seed).integers(0, ROWS, UPDATES * batch - batch // 3)  # the last has fewer
    scalars = {label: np.full(UPDATES, rate) for label in program.scalars}
    due = first_state(program, "float64")
    start = {label: value.copy() for label, value in due.items()}
    errors, expected = np.zeros(UPDATES), np.zeros(UPDATES)
    session = session_of(
        compile_training(program, error=net.minimise), program, batch=batch, dtype="float64", threads=2
    )
    assert session.run(parts, order, scalars, errors) == UPDATES
    found = session.state
    assert ReferenceKernel(program, error=net.minimise).run(due, parts, order, batch, scalars, expected) == UPDATES
    pairs = [(errors, expected), *[(found[label], due[label]) for label in due]]
    assert max(float(np.max(np.abs(a - b) / np.maximum(1.0, np.abs(b)))) for a, b in pairs) < 1e-10
    assert any((np.abs(due[label] - start[label]) > 1e-6).any() for label in start), "nothing was learned"


def test_losses_activations_rules_and_sizes_all_occur() -> None:
    drawn = [case(seed) for seed in range(200)]
    assert {one.loss for one in drawn} == set(LOSSES)
    assert {one.hidden for one in drawn if len(one.layers) > 2} == set(HIDDEN)
    assert {one.rule for one in drawn} == set(RULES)
    widths = {width for one in drawn for width in one.layers}
    assert min(widths) == 1
    assert max(widths) > 250
    tails = {one.batch is not None and bool(one.batch % 8) for one in drawn}
    assert tails == {True, False}
    tall = [one for one in drawn if (one.batch or 0) > 64]
    assert min(max(one.layers) for one in tall) < 8
    assert {one.loss for one in tall} == set(LOSSES)
