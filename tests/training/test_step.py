"""The program of an update is kept for networks of the same text, but nothing of the numbers that it starts from."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.graph import Program
from chainrule.node import label_of
from chainrule.optimizers import OPTIMIZERS, find_optimizer
from chainrule.quantity import Name, spell
from chainrule.training.step import Penalties, training_step

PLAIN = Penalties()


def step(net: cr.Model, optimizer: Any = "sgd", options: Any = None, **asked: Any) -> Program:
    known = {"rate": 0.5, "online": False, "over": "mean", "penalties": PLAIN} | asked
    return training_step(net, find_optimizer(optimizer, options), **known)


def updates(program: Program) -> list[Any]:
    """What is computed, whatever it starts from: nodes are interned, so the same is one object."""
    return [program.step.outputs[Name("E")], *[one.after for one in program.state.values()]]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_network_of_the_same_text_has_the_same_step_from_its_own_numbers(name: str) -> None:
    one, other = cr.MLP([2, 3, 1], seed=1), cr.MLP([2, 3, 1], seed=2)
    first, second = step(one, name), step(other, name, rate=0.25)
    assert one.graph is other.graph
    assert first.step is second.step
    for net, program, rate in ((one, first, 0.5), (other, second, 0.25)):
        for label, kept in program.state.items():
            if spell(label) in net.parameters:
                assert kept.initial is net.parameters[spell(label)]
            elif spell(label).startswith("step_"):
                assert kept.initial == rate
            else:
                assert kept.initial in (0, 1)


@pytest.mark.parametrize(
    "asked",
    [
        {"online": True}, {"over": "sum"}, {"penalties": Penalties(l1=0.1)}, {"penalties": Penalties(l2=0.1)},
        {"penalties": Penalties(dropout={"a1": 0.5})}, {"optimizer": "momentum"}, {"options": {"decay": 0.1}},
        {"options": {"clip": 1}},
    ],
)  # fmt: skip
def test_what_is_asked_for_otherwise_is_another_step(asked: dict[str, Any]) -> None:
    net = cr.MLP([2, 3, 1])
    assert updates(step(net, **asked)) != updates(step(net))
    assert updates(step(net, **asked)) == updates(step(cr.MLP([2, 3, 1], seed=5), **asked))


def test_options_of_a_rule_are_told_apart_and_so_are_seeds_of_dropout() -> None:
    net, dropout = cr.MLP([2, 3, 1]), Penalties(dropout={"a1": 0.5})
    slow, fast = (step(net, "adam", {"beta1": share}) for share in (0.5, 0.75))
    assert updates(slow) != updates(fast)
    one, other = (step(net, penalties=dropout, seed=seed) for seed in (0, 1))
    assert updates(one) != updates(other)
    assert step(net, seed=0).step is step(net, seed=1).step  # which nothing depends on


def test_a_network_of_another_text_or_other_roles_is_another() -> None:
    text, given = "y = a*x + b; E = (y - t)^2", {"inputs": ["x"], "targets": ["t"], "parameters": ["a", "b"]}
    first = cr.Model(text, **given)  # type: ignore[arg-type]
    assert cr.Model(text, **given).graph is first.graph  # type: ignore[arg-type]
    swapped = cr.Model(text, inputs=["t"], targets=["x"], parameters=["a", "b"])
    assert [spell(label_of(one)) for one in swapped.inputs] == ["t"]
    fewer = cr.Model(text, inputs=["x", "b"], targets=["t"], parameters=["a"])
    assert fewer.learning == ("a",)
    assert len(step(fewer).state) == 1
    assert cr.Model(text, minimise="y", **given).minimise == Name("y")  # type: ignore[arg-type]
    assert cr.Model(text, biases=["b"], **given).biases == {"b"}  # type: ignore[arg-type]
    penalised = [
        step(cr.Model(text, biases=biases, **given), penalties=Penalties(l2=1.0))  # type: ignore[arg-type]
        for biases in ([], ["b"])
    ]
    assert updates(penalised[0]) != updates(penalised[1])


def test_the_numbers_of_a_network_go_with_it() -> None:
    net = cr.MLP([2, 3, 1])
    cr.train(net, np.eye(2), [0, 1], epochs=2, optimizer="momentum", validation=0.5)
    gone = weakref.ref(net.parameters["W1"])
    del net
    gc.collect()
    assert gone() is None


def test_optimizers_that_do_the_same_are_equal() -> None:
    for name in OPTIMIZERS:
        assert find_optimizer(name) == find_optimizer(name)
        assert hash(find_optimizer(name)) == hash(find_optimizer(name))
    assert len({find_optimizer(name) for name in OPTIMIZERS}) == len(OPTIMIZERS)
    adam = find_optimizer("adam")
    assert adam != find_optimizer("adam", {"beta1": 0.5})
    assert adam != replace(adam, rule=find_optimizer("sgd").rule)
    assert adam != "adam"


def test_a_long_text_is_not_kept() -> None:
    text = "E = (a*x - t)^2" + " + 0*x" * 4000
    made = [cr.Model(text, inputs=["x"], targets=["t"], parameters={"a": 1}) for _ in range(2)]
    assert made[0].graph is not made[1].graph
