"""What the benchmarks share: repeated timings, a line about the machine, tables, and one verdict.

Medians are compared, never single runs, and what is compared is measured in turns, so that a busy minute of the machine
falls on both sides. Limits in seconds are of processor time, which on an idle machine is the time one waits.
"""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median

BIN = Path(sys.executable).parent
PYTHON = str(BIN / "python")
CHAINRULE = str(BIN / "chainrule")


def machine() -> str:
    """The kind of machine, the versions, and how fast and how busy it is now."""
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; "
        f"Python {platform.python_version()}, chainrule {version('chainrule')}, numpy {version('numpy')}; "
        f"calibration {median([calibration() for _ in range(5)]):.3f} s"
    )


def calibration() -> float:
    """The seconds of a fixed piece of pure Python: to compare machines, and to see that one is busy."""
    start = time.process_time()
    table: dict[int, tuple[int, int]] = {}
    for i in range(1_000_000):
        table[i & 1023] = (i, i)
    return time.process_time() - start


@dataclass(frozen=True, slots=True)
class Times:
    """The seconds of one command, a number a run: waited for, and spent by the processor."""

    waited: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{spread(self.waited)} {median(self.worked):10.3f}"


def processes(commands: Mapping[str, Sequence[str]], *, times: int) -> dict[str, Times]:
    """What whole processes take, run in turns; one round before, which may write `__pycache__`, is not counted."""
    found = {name: Times() for name in commands}
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for turn in range(times + 1):
        for name, command in commands.items():
            before, start = _children(), time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
            if turn:
                found[name].waited.append(time.perf_counter() - start)
                found[name].worked.append(_children() - before)
    return found


def _children() -> float:
    """The processor seconds of all processes that this one has started and seen end."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def spread(seconds: Sequence[float]) -> str:
    """Median, and the smallest and largest."""
    return f"{median(seconds):8.3f} {min(seconds):8.3f} {max(seconds):8.3f}"


def verdict(checks: Mapping[str, tuple[float, float]]) -> None:
    """Print each measured value beside its limit; exit with status 1 if one is above."""
    missed = [name for name, (value, limit) in checks.items() if value > limit]
    width = max(map(len, checks))
    print()
    for name, (value, limit) in checks.items():
        print(f"{name:<{width}}  {value:7.2f}  at most {limit:6.2f}  {'MISSED' if name in missed else 'ok'}")
    if missed:
        busy = os.getloadavg()[0] > (os.cpu_count() or 1) / 2
        hint = " (but the machine is busy with other work: measure again when it is idle)" if busy else ""
        sys.exit(f"target missed: {'; '.join(missed)}{hint}")


def seconds_of(work: Callable[[], object]) -> float:
    """The processor seconds of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start
