"""Rows of a speed comparison: measured, printed, kept for the plots, and judged by what design says they must reach."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from _contest import Outcome, compete, present, workers
from _measure import machine
from _ours import OURS
from _plots import RESULTS, ratios, save
from _tasks import Task

OF_JAX, OF_TORCH = 1 / 3, 1.0  # how fast plain training has to be in any case


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One workload: what it is called, who competes, and how many times as fast as the best peer we have to be.

    `targets` and `stretch` name contenders of ours; `floor` demands to be as fast as PyTorch's eager loop, and a third
    as fast as JAX's scan, whatever else is missed.
    """

    name: str
    task: Task
    peers: Sequence[str]
    targets: Mapping[str, float]
    stretch: float
    floor: bool = False
    ours: Sequence[str] = field(default=tuple(OURS))


def compare(title: str, rows: Sequence[Row], *, rounds: int = 7, seconds: float = 0.5) -> None:
    """Measure the rows, print each as it comes, keep them, and exit with status 1 if a target is missed.

    With fewer peers than a row has, nothing is kept.
    """
    options = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    options.add_argument("--only", default="", help="rows whose name contains this")
    options.add_argument("--against", default="", help="peers whose name contains this")
    options.add_argument("--rounds", type=int, default=rounds)
    options.add_argument("--seconds", type=float, default=seconds, help="of a contender in a round")
    chosen = options.parse_args()
    began = time.perf_counter()
    print(machine())
    print(versions())
    print("examples a second: median, smallest and largest; times: how many times as fast as the best peer")
    checks: dict[str, tuple[float, float]] = {}
    for threads in sorted({row.task.threads for row in rows}):
        group = [row for row in rows if row.task.threads == threads and chosen.only in row.name]
        taking = {name for row in group for name in (*row.ours, *row.peers) if name in OURS or chosen.against in name}
        with workers(present(sorted(taking)), threads) as field_of:
            for row in group:
                field = {name: field_of[name] for name in (*row.ours, *row.peers) if name in field_of}
                outcome = compete(row.task, field, rounds=chosen.rounds, seconds=chosen.seconds)
                show(row, outcome)
                if not chosen.against:
                    keep(title, row.name, record(row, outcome))
                checks |= judged(row, outcome)
    save(title, ratios, kept(title))
    print(f"\n{(time.perf_counter() - began) / 60:.1f} minutes")
    verdict(checks)


def show(row: Row, outcome: Outcome) -> None:
    """A row's table."""
    about = f"{row.task.rule}, {row.task.dtype}, {row.task.threads} thread{'s' * (row.task.threads > 1)}"
    print(f"\n{row.name} ({about}; {row.task.rows:,} examples an epoch)")
    for name, speed in sorted(outcome.speeds.items(), key=lambda item: -item[1].median):
        often = f"{min(speed.rates):14,.0f} {max(speed.rates):14,.0f}"
        spread = often if len(speed.rates) > 1 else f"{'once':>14} {'':14}"
        first = f"first epoch after {speed.first.compiled:6.2f} s, error {speed.first.error:.5f}"
        print(f"  {name:16}{speed.median:14,.0f} {spread} {outcome.ratio(name):8.2f} times   {first}")
    for name, problem in outcome.failed.items():
        print(f"  {name:16}{problem}")
    print(end="", flush=True)


def judged(row: Row, outcome: Outcome) -> dict[str, tuple[float, float]]:
    """What has to be reached, beside what is."""
    best = outcome.best_peer
    checks = {
        f"{row.name}, {name}, of {best}": (outcome.ratio(name), least)
        for name, least in row.targets.items()
        if name in outcome.speeds
    }
    for peer, least in (("JAX scan", OF_JAX), ("PyTorch", OF_TORCH)):
        if row.floor and peer in outcome.speeds:
            checks[f"{row.name}, chainrule, floor, of {peer}"] = outcome.ratio("chainrule", peer), least
    return checks


def verdict(checks: Mapping[str, tuple[float, float]]) -> None:
    """Print each ratio beside what it has to be at least; exit with status 1 if one is less."""
    width = max(map(len, checks), default=0)
    print()
    for name, (value, least) in checks.items():
        print(f"{name:<{width}}  {value:6.2f}  at least {least:5.2f}  {'ok' if value >= least else 'MISSED'}")
    missed = [name for name, (value, least) in checks.items() if value < least]
    if missed:
        busy = os.getloadavg()[0] > (os.cpu_count() or 1) / 2
        hint = " (but the machine is busy with other work: measure again when it is idle)" if busy else ""
        sys.exit(f"{len(missed)} of {len(checks)} targets missed{hint}")


def record(row: Row, outcome: Outcome) -> dict[str, Any]:
    """What is kept of a row."""
    task = outcome.task
    return {
        "machine": machine(),
        "task": {name: getattr(task, name) for name in task.__dataclass_fields__},
        "speeds": {
            name: {"rates": speed.rates, "compiled": speed.first.compiled, "error": speed.first.error}
            for name, speed in outcome.speeds.items()
        },
        "best": outcome.best_peer,
        "ratios": {name: outcome.ratios(name, outcome.best_peer) for name in row.ours if name in outcome.speeds},
        "targets": dict(row.targets),
        "stretch": row.stretch,
        "failed": dict(outcome.failed),
    }


def kept(title: str) -> dict[str, Any]:
    """The rows measured so far, by name."""
    file = RESULTS / f"{title}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def keep(title: str, name: str, found: Any) -> None:
    """Write a row down, after all others: rows stand in the order in which they were measured."""
    RESULTS.mkdir(exist_ok=True)
    rows = {other: row for other, row in kept(title).items() if other != name} | {name: found}
    text = json.dumps(rows, indent=1, default=list)
    (RESULTS / f"{title}.json").write_text(text + "\n", encoding="utf-8")


def versions() -> str:
    """The versions of the peers that are installed."""
    from importlib.metadata import PackageNotFoundError, version

    found = []
    for name in ("jax", "torch", "scikit-learn", "llvmlite"):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"no {name}")
    return ", ".join(found)
