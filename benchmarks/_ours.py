"""chainrule as a contender: as people call it, `cr.train`, and the bare kernel that it calls.

`fast` is the same with `precise=False`, where that exists.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from inspect import signature
from typing import Any

import numpy as np
from _tasks import MOMENTUM, Parameters, Task, examples, start

import chainrule as cr
from chainrule.training import kernels

Run = Callable[[int], Parameters]


kernels.LIMIT = 0.0  # what is measured is the code of long runs, from the first epoch on


def network(task: Task) -> cr.MLP:
    """The network of a task, with its first weights."""
    loss = "cross entropy" if task.output == "softmax" else "half squared error"
    net = cr.MLP(task.layers, activation=task.activations, loss=loss, dtype=task.dtype)
    net.parameters = start(task)
    return net


def rule(task: Task) -> Any:
    """The update rule of a task, as it is written in a call."""
    if task.rule == "momentum":
        return cr.momentum(task.rate, momentum=MOMENTUM)
    return getattr(cr, task.rule)(task.rate)


def options(task: Task, *, fast: bool) -> dict[str, Any]:
    """What `cr.train` is told besides, as far as it knows the words."""
    wanted = {"precise": False} if fast else {}
    wanted |= {"threads": task.threads} if "threads" in known() else {}
    return wanted


def known() -> set[str]:
    """The arguments of `cr.train`."""
    return set(signature(cr.train).parameters)


def trained(task: Task, *, fast: bool = False) -> Run:
    """`cr.train`, called anew each time: what a person gets."""
    net, first = network(task), start(task)
    X, T = examples(task)
    how = options(task, fast=fast)

    def run(epochs: int) -> Parameters:
        net.parameters = first
        cr.train(net, X, T, optimizer=rule(task), batch=task.batch, epochs=epochs, shuffle=False, **how)
        return {name: value.copy() for name, value in net.parameters.items()}

    return run


def kernel(task: Task) -> Run:
    """The native kernel alone: one call for all epochs."""
    from chainrule.training.kernels import native_kernel
    from chainrule.training.sessions import first_state
    from chainrule.training.step import Penalties, training_step

    net = network(task)
    program = training_step(
        net, rule(task).optimizer, rate=task.rate, online=task.online, over="mean", penalties=Penalties()
    )
    compiled = native_kernel(program, error=net.minimise, dtype=net.dtype, rows=task.batch)
    given = dict(zip([cr_name("x"), cr_name("t")], examples(task), strict=True))
    (speed,) = program.scalars
    updates = task.rows // task.batch

    def run(epochs: int) -> Parameters:
        state = first_state(program, task.dtype)
        order = np.tile(np.arange(task.rows), epochs)
        errors, rates = np.empty(updates * epochs), np.full(updates * epochs, task.rate)
        done = compiled.run(state, given, order, task.batch, {speed: rates}, errors)
        assert done == len(errors), f"{task}: the error of update {done} is not finite"
        return {name: state[cr_name(name)] for name in net.learning}

    return run


def cr_name(text: str) -> Any:
    """The label of a quantity."""
    from chainrule.quantity import Name

    return Name(text)


OURS: dict[str, tuple[Callable[[Task], Run], Callable[[], bool]]] = {
    "chainrule": (trained, lambda: True),
    "kernel": (kernel, lambda: True),
    "fast": (partial(trained, fast=True), lambda: "precise" in known()),
}
