"""Cost grows as it must: seconds an update against width, depth, batch and threads, an epoch against examples, memory.

Over three decades each; the seconds may not grow faster than the operations do, but for caches that become too small.
Memory: what training a network needs at most may be 1.5 times its parameters, the optimizer's state and one batch.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from _contest import Outcome, compete, workers
from _measure import machine, verdict
from _plots import growth, save
from _report import keep, kept
from _tasks import Task, examples

ROUNDS, SECONDS = 3, 0.1
MOST = 2.0  # times the growth of the operations, from one point to the next
MEMORY = 1.5
PLAIN = Task(layers=(64, 64, 10), batch=32, rows=1024, hidden="tanh", output="linear", rule="sgd", rate=0.001)
WIDE = Task(
    layers=(784, 1024, 1024, 10), batch=4096, rows=4096, hidden="relu", output="softmax", rule="adam", rate=0.001
)
SERIES: dict[str, Sequence[Task]] = {
    "width": [replace(PLAIN, layers=(n, n, n), rows=128) for n in (1, 4, 16, 64, 256, 1024)],
    "depth": [replace(PLAIN, layers=(16,) * (n + 1), rows=64) for n in (1, 3, 10, 30, 100, 300, 1000)],
    "batch": [replace(PLAIN, batch=n, rows=4 * n) for n in (1, 4, 16, 64, 256, 1024, 4096)],
    "examples": [replace(PLAIN, rows=n) for n in (1_024, 8_192, 65_536, 1_048_576)],
    "threads": [replace(WIDE, threads=n) for n in (1, 2, 4, 8) if n <= (os.cpu_count() or 1)],
}
LARGE = Task(
    layers=(784, 2048, 2048, 10), batch=128, rows=256, hidden="relu", output="softmax", rule="adam", rate=0.001
)


def size(axis: str, task: Task) -> int:
    """Where a task stands on its axis."""
    sizes = {"width": task.layers[0], "depth": len(task.layers) - 1, "batch": task.batch, "examples": task.rows}
    return {**sizes, "threads": task.threads}[axis]


def operations(axis: str, task: Task) -> int:
    """Of an update, by one of its threads; of an epoch, where that is what grows."""
    return task.operations * (task.rows // task.batch if axis == "examples" else 1) // task.threads


def curve(axis: str) -> list[dict[str, Any]]:
    """The seconds of each point, printed as they come: of the native kernel, or of `cr.train`, which knows threads."""
    print(f"\n{axis:>10}   compile s   seconds an {'epoch' if axis == 'examples' else 'update'}    updates/s   GFLOP/s")
    contender = "chainrule" if axis == "threads" else "kernel"
    points = []
    for threads, tasks in groupby(SERIES[axis], key=lambda task: task.threads):
        with workers([contender], threads) as field:
            points += [point(axis, task, compete(task, field, rounds=ROUNDS, seconds=SECONDS)) for task in tasks]
    return points


def point(axis: str, task: Task, outcome: Outcome) -> dict[str, Any]:
    """What is kept and printed of one task."""
    (speed,) = outcome.speeds.values()
    updates = speed.median / task.batch
    seconds = task.rows / speed.median if axis == "examples" else 1 / updates
    at, compiled, count = size(axis, task), speed.first.compiled, operations(axis, task)
    rate = count * task.threads / seconds / 1e9
    print(f"{at:10,}{compiled:12.2f}{seconds:20.3g}{updates:14,.0f}{rate:10.1f}", flush=True)
    return {"size": at, "seconds": seconds, "operations": count, "compiled": compiled}


def steepest(points: Sequence[dict[str, Any]]) -> float:
    """The largest growth of the seconds from one point to the next, over that of the operations."""
    pairs = pairwise(points)
    return max((b["seconds"] / a["seconds"]) / (b["operations"] / a["operations"]) for a, b in pairs)


def due(task: Task) -> int:
    """The bytes of the parameters, of what Adam remembers of them, and of one batch of examples."""
    parameters = sum(units * (inputs + 1) for inputs, units in pairwise(task.layers))
    return 4 * (3 * parameters + task.batch * (task.layers[0] + task.layers[-1]))


def _peak(pipe: Connection) -> None:
    """In a process of its own: the most memory of training, above what there was before the network."""
    from _ours import rule

    import chainrule as cr

    X, T = examples(LARGE)
    small = cr.MLP((32, 2, 10), activation=["relu", "softmax"], loss="cross entropy", dtype=LARGE.dtype)
    cr.train(small, X[:, :32], T, optimizer=rule(LARGE), batch=LARGE.batch, epochs=2)  # loads what is needed
    before = _memory("VmRSS")
    net = cr.MLP(LARGE.layers, activation=LARGE.activations, loss="cross entropy", dtype=LARGE.dtype)
    made = _memory("VmHWM")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew
    cr.train(net, X, T, optimizer=rule(LARGE), batch=LARGE.batch, epochs=2)
    pipe.send((made - before, _memory("VmHWM") - before))


def _memory(name: str) -> int:
    """A line of the process's status, in bytes."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(name)).split()[1])


def memory() -> dict[str, Any]:
    """The peak, measured where there is a /proc: the first time, when code is made, and with the code that is kept."""
    (_, first), (made, peak) = _measured(), _measured()
    return {"due": due(LARGE), "made": made, "peak": peak, "first": first}


def _measured() -> tuple[int, int]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_peak, args=(theirs,))
    process.start()
    theirs.close()
    found: tuple[int, int] = ours.recv()
    process.join()
    return found


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument(
        "--only", nargs="*", default=[*SERIES, "memory"], help="of width, depth, batch, examples, threads, memory"
    )
    chosen = options.parse_args().only
    began = time.perf_counter()
    print(machine())
    print("the native kernel, float32, one thread, batches of 32 where no other size is said;")
    print(f"threads: `cr.train`, {WIDE} with Adam, {WIDE.batch:,} examples an update")
    found: dict[str, list[dict[str, Any]]] = {}
    for axis in SERIES:
        if axis in chosen:
            found[axis] = curve(axis)
            keep("growth", axis, found[axis])
    save("growth", growth, kept("growth"))
    checks = {f"{axis}, seconds over operations": (steepest(points), MOST) for axis, points in found.items()}
    if sys.platform == "linux" and "memory" in chosen:
        used = memory()
        keep("growth", "memory", {**used, "machine": machine()})
        made, peak, first, least = (f"{used[name] / 1e6:.1f} MB" for name in ("made", "peak", "first", "due"))
        print(f"\nmemory, {LARGE} with Adam, batches of {LARGE.batch}: parameters, state and a batch are {least};")
        print(f"making the network takes {made} at most, training it {peak}; {first} where its code is made first")
        checks["memory, times parameters, state and a batch"] = used["peak"] / used["due"], MEMORY
    print(f"\n{(time.perf_counter() - began) / 60:.1f} minutes")
    verdict(checks)


if __name__ == "__main__":
    main()
