"""Seconds to compile a training loop: from the network to native code, and what LLVM takes of that.

Nothing is taken from disk. Each network is compiled in a process that has compiled another one before, so that loading
LLVM is not in it; `cold_start.py` has that.
"""

from __future__ import annotations

import os
from statistics import median

os.environ["CHAINRULE_CACHE"] = "0"

from _measure import machine, seconds_of, spread, verdict
from _ours import network, rule
from _tasks import Task

from chainrule.dataclasses import replace
from chainrule.targets.llvm.machine import compile_text
from chainrule.targets.llvm.training import compile_training
from chainrule.training.step import Penalties, training_step
from chainrule.transforms.schedule.rows import most_rows

RUNS = 7
BATCH = {"batch": 32, "hidden": "relu", "output": "softmax", "rule": "adam"}
TASKS = {  # and the most seconds: in all, and of LLVM alone
    "2-2-1 online": (Task(layers=(2, 2, 1), batch=1, rows=1), None, None),
    "64-32-10 online": (Task(layers=(64, 32, 10), batch=1, rows=1), 0.08, 0.03),
    "784-100-10 online": (Task(layers=(784, 100, 10), batch=1, rows=1), None, None),
    "64-64-10 batch 32": (Task(layers=(64, 64, 10), rows=32, **BATCH), None, None),
    "784-128-10 batch 32": (Task(layers=(784, 128, 10), rows=32, **BATCH), 0.2, None),
    "784-512-512-10 batch 32": (Task(layers=(784, 512, 512, 10), rows=32, **BATCH), None, None),
}


def text_of(task: Task) -> str:
    """The text of the module, made and compiled for batches of that size, as `cr.train` has it."""
    net = network(task)
    program = training_step(
        net, rule(task).optimizer, rate=task.rate, online=task.online, over="mean", penalties=Penalties()
    )
    if not task.online:
        program = replace(program, most=most_rows(task.batch, task.dtype))
    return compile_training(program, error=net.minimise, dtype=net.dtype).text


def main() -> None:
    print(machine())
    print(f"processor seconds, {RUNS} runs each in turns\n")
    text_of(Task(layers=(3, 4, 2), batch=1, rows=1))
    whole: dict[str, list[float]] = {name: [] for name in TASKS}
    alone: dict[str, list[float]] = {name: [] for name in TASKS}
    for _ in range(RUNS):
        for name, (task, _, _) in TASKS.items():
            text = text_of(task)
            whole[name].append(seconds_of(lambda task=task: text_of(task)))
            alone[name].append(seconds_of(lambda text=text: compile_text(text)))
    width = max(map(len, TASKS))
    print(f"{'':<{width}}  in all, median, min, max    LLVM alone")
    checks: dict[str, tuple[float, float]] = {}
    for name, (_, most, most_of_llvm) in TASKS.items():
        print(f"{name:<{width}} {spread(whole[name])} {spread(alone[name])}")
        if most is not None:
            checks[f"{name}, seconds to compile"] = median(whole[name]), most
        if most_of_llvm is not None:
            checks[f"{name}, of LLVM alone"] = median(alone[name]), most_of_llvm
    verdict(checks)


if __name__ == "__main__":
    main()
