"""No cliff: 150 networks of all shapes beside JAX's scan and PyTorch, and a heat map of how many times as fast.

Widths of 1 to 1,024, 1 to 6 layers of weights, batches of 1 to 512, every activation, float32 and float64, plain
gradient descent and Adam: a fixed design, each property spread evenly. What is measured is kept, so a run that was cut
short goes on where it stopped.

python benchmarks/grid.py [--limit 10] [--again] [--below 1.0]
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from statistics import median
from typing import Any

import numpy as np
from _contest import UnequalError, compete, present, workers
from _measure import machine
from _plots import heat_map, save
from _report import keep, kept, verdict
from _tasks import ACTIVATIONS, Task

SHAPES = 150
LEAST, IN_THE_MEDIAN = 0.8, 1.5
ROUNDS, SECONDS = 5, 0.1
WIDEST, DEEPEST, LARGEST_BATCH = 1024, 6, 512
OPERATIONS, NUMBERS = 4e8, 4e6  # of an epoch, about; and in its inputs at most
OURS, PEERS, ONLINE_PEERS = ("chainrule", "kernel"), ("JAX scan", "PyTorch fused"), ("JAX scan 8",)


def design() -> list[Task]:
    """The tasks: for each property 150 values spread over its range, in an order of their own."""
    random = np.random.default_rng(2026)

    def spread() -> np.ndarray[Any, Any]:
        return (random.permutation(SHAPES) + random.uniform(size=SHAPES)) / SHAPES

    def sizes(largest: int) -> list[int]:
        return np.minimum(largest, np.floor((largest + 1) ** spread())).astype(int).tolist()

    def choices(values: list[str]) -> list[str]:
        return [values[k] for k in (spread() * len(values)).astype(int)]

    widths, inputs, outputs, batches = sizes(WIDEST), sizes(WIDEST), sizes(100), sizes(LARGEST_BATCH)
    depths = (1 + np.floor(spread() * DEEPEST)).astype(int).tolist()
    hidden, dtypes = choices(list(ACTIVATIONS)), choices(["float32", "float64"])
    rules, ends = choices(["sgd", "adam"]), choices(["softmax", "linear"])
    layers = [(inputs[k], *[widths[k]] * (depths[k] - 1), outputs[k]) for k in range(SHAPES)]
    return list(map(_task, layers, batches, hidden, ends, rules, dtypes))


def _task(layers: tuple[int, ...], batch: int, hidden: str, output: str, rule: str, dtype: str) -> Task:
    rate = 0.001 if rule == "adam" else 0.1 / max(layers)
    plain = Task(
        layers=layers, batch=batch, rows=batch, hidden=hidden, output=output if layers[-1] > 1 else "linear", rule=rule,
        rate=rate, dtype=dtype,
    )  # fmt: skip
    most = min(2_000, NUMBERS / (batch * layers[0]))
    updates = int(max(2, min(OPERATIONS / plain.operations, most)))
    return replace(plain, rows=batch * updates)


def title(task: Task) -> str:
    """What a shape is called."""
    return f"{task} batch {task.batch} {task.hidden} {task.output} {task.rule} {task.dtype}"


def measure(task: Task, field: dict[str, Any]) -> dict[str, Any]:
    """The ratios of one shape, or why there are none."""
    try:
        names = [*OURS, *PEERS, *(ONLINE_PEERS if task.online else ())]
        taking = {name: field[name] for name in names if name in field}
        outcome = compete(task, taking, rounds=ROUNDS, seconds=SECONDS)
    except UnequalError as problem:
        return {"machine": machine(), "failed": str(problem)}
    best = outcome.best_peer
    speeds = {name: speed.median for name, speed in outcome.speeds.items()}
    return {
        "machine": machine(), "layers": task.layers, "batch": task.batch, "best": best, "speeds": speeds,
        "ratio": outcome.ratio("chainrule"), "kernel": outcome.ratio("kernel"),
        "compiled": {name: speed.first.compiled for name, speed in outcome.speeds.items()},
    }  # fmt: skip


def line(name: str, row: dict[str, Any]) -> str:
    """A shape and what was found."""
    if "failed" in row:
        return f"{name:<60} {row['failed']}"
    return f"{name:<60} {row['ratio']:6.2f} user {row['kernel']:6.2f} kernel, of {row['best']}"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--limit", type=int, default=SHAPES, help="how many shapes at most are measured now")
    options.add_argument("--again", action="store_true", help="measure also what has been measured")
    options.add_argument("--below", type=float, default=0.0, help="measure again what was no faster than so many times")
    chosen = options.parse_args()
    began = time.perf_counter()
    print(machine())
    print("how many times as fast as the best peer: user with cr.train, kernel the native code alone\n")
    tasks = {title(task): task for task in design()}
    done = {} if chosen.again else kept("grid")
    due = [name for name in tasks if done.get(name, {}).get("ratio", 0.0) <= chosen.below][: chosen.limit]
    with workers(present([*OURS, *PEERS, *ONLINE_PEERS]), 1) as field:
        for name in due:
            found = measure(tasks[name], field)
            keep("grid", name, found)
            print(line(name, found), flush=True)
    report({name: row for name, row in kept("grid").items() if name in tasks}, began)


def report(rows: dict[str, Any], began: float) -> None:
    """The heat map, the worst shapes, and the verdict."""
    good = {name: row for name, row in rows.items() if "failed" not in row}
    bad = [f"{name}: {row['failed']}" for name, row in rows.items() if "failed" in row]
    save("grid", heat_map, good)
    worst = sorted(good, key=lambda name: good[name]["ratio"])
    print(f"\n{len(rows)} of {SHAPES} shapes, {(time.perf_counter() - began) / 60:.1f} minutes; the slowest:")
    for name in worst[:15]:
        print(line(name, good[name]))
    print(f"below {LEAST}: {sum(row['ratio'] < LEAST for row in good.values())} shapes")
    if bad:
        sys.exit("no result of " + "; ".join(bad))
    ratios = [row["ratio"] for row in good.values()]
    verdict({"smallest ratio": (min(ratios), LEAST), "median of the ratios": (median(ratios), IN_THE_MEDIAN)})


if __name__ == "__main__":
    main()
