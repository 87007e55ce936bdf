"""The value and the gradient of graphs of single numbers, beside CasADi: its C made by gcc, and its virtual machine.

The graphs are random, of add, mul, max, sigmoid, tanh and exp, and have no node that the result does not need: such
would flatter whoever removes them. All contenders must agree on value and gradient, which is checked first. CasADi is
called through its buffers, the quickest way in, and chainrule likewise, bound to arrays; `call` is the ordinary call,
with plain numbers, which makes floats and tuples. CasADi computes in float64, so that float64 is what is compared;
float32 stands beside it. A peer that is not installed is left out.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from random import Random
from statistics import median
from typing import NamedTuple

import numpy as np
from _measure import machine, verdict

import chainrule as cr
from chainrule import functions

TURNS = 15
SECONDS = 0.02  # of one turn of one contender
Result = tuple[float, Sequence[float]]


class Contender(NamedTuple):
    """What is timed, and what it has computed."""

    call: Callable[..., object]
    args: Sequence[float]
    result: Callable[[], Result]


UNARY = {"sigmoid": lambda x: 1 / (1 + np.exp(-x)), "tanh": np.tanh, "exp": np.exp}
BINARY = {"add": lambda x, y: x + y, "mul": lambda x, y: x * y, "max": max}


@dataclass(frozen=True, slots=True)
class Step:
    """One op, and the numbers of its arguments: first the inputs, then the steps in their order."""

    op: str
    args: tuple[int, ...]


def random_graph(nodes: int, inputs: int, seed: int = 0) -> tuple[list[float], list[Step]]:
    """So many steps, each needed by the last; arguments are mostly recent, values stay below 4."""
    random = Random(seed)
    point = [random.uniform(-1, 1) for _ in range(inputs)]
    values, steps, unused = list(point), [], dict.fromkeys(range(inputs))

    def add(op: str, *args: int) -> bool:
        value = float({**UNARY, **BINARY}[op](*[values[a] for a in args]))
        if abs(value) > 4:
            return False
        for a in args:
            unused.pop(a, None)
        unused[len(values)] = None
        values.append(value)
        steps.append(Step(op, args))
        return True

    def recent() -> int:
        if random.random() < 0.6:
            return random.choice(list(islice(reversed(unused), 64)))
        return random.randrange(max(0, len(values) - 500), len(values))

    while len(steps) + len(unused) - 1 < nodes:
        op = random.choices([*BINARY, *UNARY], [3, 3, 1, 1, 1, 1])[0]
        if not add(op, *[recent() for _ in range(2 if op in BINARY else 1)]):
            add("tanh", recent())
    while len(unused) > 1:
        first, second = islice(unused, 2)
        any(add(op, first, second) for op in BINARY)
    return point, steps


def applied(steps: Sequence[Step], inputs: Sequence[object], table: dict[str, Callable[..., object]]) -> object:
    """The last step, with the ops of some library."""
    values = list(inputs)
    for step in steps:
        values.append(table[step.op](*[values[a] for a in step.args]))
    return values[-1]


def ours(point: list[float], steps: list[Step], dtype: str) -> tuple[Contender, Contender]:
    """Bound to arrays, and called with numbers."""
    table = {**BINARY, "max": functions.maximum, **{name: getattr(functions, name) for name in UNARY}}
    f = cr.compile(lambda *xs: applied(steps, xs, table), dtype=dtype)
    given, made = np.array(point, dtype), np.zeros(len(point) + 1, dtype)
    run = f.bind(given, made)
    return Contender(run, (), lambda: (made[0], made[1:])), Contender(
        f.value_and_grad, point, partial(f.value_and_grad, *point)
    )


def casadi(point: list[float], steps: list[Step], *, c: bool) -> Contender:
    import casadi as ca

    table = {**BINARY, "max": ca.fmax, "sigmoid": lambda x: 1 / (1 + ca.exp(-x)), "tanh": ca.tanh, "exp": ca.exp}
    x = ca.SX.sym("x", len(point))
    result = applied(steps, [x[k] for k in range(len(point))], table)
    function = ca.Function("f", [x], [result, ca.gradient(result, x)])
    if c:
        folder = Path(tempfile.mkdtemp())
        here = Path.cwd()
        os.chdir(folder)
        function.generate("f.c")
        os.chdir(here)
        flags = ["-O3", "-march=native", "-ffast-math", "-shared", "-fPIC", "-w"]
        subprocess.run(["gcc", *flags, "f.c", "-o", "f.so", "-lm"], cwd=folder, check=True)
        function = ca.external("f", str(folder / "f.so"))
    buffer, evaluate = function.buffer()
    given, value, slopes = np.array(point), np.zeros(1), np.zeros(len(point))
    buffer.set_arg(0, memoryview(given))
    buffer.set_res(0, memoryview(value))
    buffer.set_res(1, memoryview(slopes))
    kept = function, buffer, given  # CasADi only holds their addresses
    return Contender(evaluate, (), lambda: (kept and value[0], slopes))


def same(name: str, contender: Contender, due: Result) -> None:
    """A contender that computes something else means nothing."""
    contender.call(*contender.args)
    value, slopes = contender.result()
    scale = max(1.0, max(map(abs, due[1])))
    wrong = max(abs(value - due[0]), *[abs(a - b) / scale for a, b in zip(slopes, due[1], strict=True)])
    assert wrong < (1e-3 if "32" in name else 1e-9), f"{name} is {wrong} away"


def nanoseconds(one: Contender, times: int) -> float:
    call, args = one.call, one.args
    began = time.process_time()
    for _ in range(times):
        call(*args)
    return (time.process_time() - began) / times * 1e9


# Nodes, inputs, the peer, and how many times as fast as it chainrule is to be.
ROWS = ((10, 3, "CasADi C", 1.0), (1_000, 20, "CasADi C", 1.6), (100_000, 100, "CasADi VM", 4.0))


def main() -> None:
    print(machine())
    print(f"nanoseconds a node for value and gradient, medians of {TURNS} turns; processor time of one thread\n")
    there = find_spec("casadi") is not None
    if not there:
        print("casadi is not installed: no peers")
    names = ["float64", "call float64", "float32", "call float32", *(["CasADi VM", "CasADi C"] if there else [])]
    print(f"{'nodes':>8}{'compiled in':>13}" + "".join(f"{name:>14}" for name in names))
    checks: dict[str, tuple[float, float]] = {}
    for nodes, inputs, peer, faster in ROWS:
        point, steps = random_graph(nodes, inputs)
        calls: dict[str, Contender] = {}
        began = time.process_time()
        calls["float64"], calls["call float64"] = ours(point, steps, "float64")
        first = time.process_time() - began
        calls["float32"], calls["call float32"] = ours(point, steps, "float32")
        if there:
            calls["CasADi VM"] = casadi(point, steps, c=False)
            if nodes <= 1_000 and shutil.which("gcc"):
                calls["CasADi C"] = casadi(point, steps, c=True)
        due = calls["call float64"].result()
        for name, one in calls.items():
            same(name, one, due)
        times = {name: max(1, int(SECONDS * 1e9 / nanoseconds(one, 2))) for name, one in calls.items()}
        found: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(TURNS):
            for name, one in calls.items():
                found[name].append(nanoseconds(one, times[name]) / nodes)
        cells = [f"{median(found[name]):14.2f}" if name in found else f"{'-':>14}" for name in names]
        print(f"{nodes:8,}{first:12.2f}s" + "".join(cells), flush=True)
        if peer in found:
            for name in names[:4]:
                if nodes > 10 or "call" not in name:  # two tuples and four floats take longer than ten nodes
                    value = median(found[name]) / median(found[peer])
                    checks[f"{nodes:,} nodes, {name}: time of chainrule over {peer}"] = (value, 1 / faster)
    if checks:
        verdict(checks)


if __name__ == "__main__":
    sys.setrecursionlimit(10_000)
    main()
