"""Speed comparisons in turns: every contender in a process of its own, all with the same task, round after round.

One thread is judged by processor time, which on an idle machine is the time one waits; more threads by the time one
waits. Before anything is timed, all contenders must have learned the same in one epoch.
"""

from __future__ import annotations

import multiprocessing
import os
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from statistics import median
from typing import Any

from _ours import OURS
from _peers import PEERS
from _tasks import Task, error, moved

CONTENDERS = {**OURS, **PEERS}
TOLERANCE = 2e-3  # by how much of it the error, and the way the parameters went, may differ
SLOW = 4.0  # peers that take so many times as long as the best one are timed once
PATIENCE = 900.0  # seconds for compiling and two epochs


class UnequalError(Exception):
    """A contender has not learned what the others have, or one of ours has failed: there is nothing to compare."""


@dataclass(frozen=True, slots=True)
class First:
    """What a contender's first epoch brought, how long it took with all compiling, and how long a second one took."""

    error: float
    moved: float
    compiled: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Speed:
    """What was measured of a contender: examples a second, a number a round; one number if it is far behind."""

    rates: tuple[float, ...]
    first: First

    @property
    def median(self) -> float:
        """The middle one."""
        return median(self.rates)


@dataclass(frozen=True, slots=True)
class Outcome:
    """All speeds for one task, ours and the peers', and why others have none."""

    task: Task
    speeds: Mapping[str, Speed]
    failed: Mapping[str, str]

    @property
    def best_peer(self) -> str:
        """The fastest of the peers."""
        return max((name for name in self.speeds if name in PEERS), key=lambda name: self.speeds[name].median)

    def ratios(self, name: str, peer: str) -> list[float]:
        """How many times as fast as a peer, round by round; against the one time of a peer that is far behind."""
        ours, theirs = self.speeds[name].rates, self.speeds[peer].rates
        if len(theirs) < len(ours):
            theirs = theirs[:1] * len(ours)
        return [a / b for a, b in zip(ours, theirs, strict=False)]

    def ratio(self, name: str, peer: str | None = None) -> float:
        """The middle ratio, to the best peer if no other is named."""
        return median(self.ratios(name, peer or self.best_peer))


def present(names: Sequence[str]) -> list[str]:
    """Those of the contenders that are installed."""
    return [name for name in names if CONTENDERS[name][1]()]


class Worker:
    """A contender in a process of its own, which is started when it is first asked."""

    def __init__(self, name: str, threads: int) -> None:
        self.name, self.threads = name, threads
        self._process: Any = None
        self._pipe: Any = None

    def ask(self, request: Task | int) -> Any:
        """The First for a task, or the seconds of so many epochs; a text if it failed, or took too long."""
        if self._process is None or not self._process.is_alive():
            self._begin()
        self._pipe.send(request)
        try:
            if self._pipe.poll(PATIENCE):
                return self._pipe.recv()
        except EOFError:
            self.end()
            return "the process died"
        self.end()
        return f"more than {PATIENCE:.0f} s"

    def _begin(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        with _environment(self.threads):
            self._process = context.Process(target=serve, args=(self.name, self.threads, theirs), daemon=True)
            self._process.start()
        theirs.close()

    def end(self) -> None:
        """Stop the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
        self._process = None


@contextmanager
def _environment(threads: int) -> Iterator[None]:
    """The environment of a worker, which it must have before it loads any library."""
    wanted = {f"{library}_NUM_THREADS": str(threads) for library in ("OMP", "MKL", "OPENBLAS")}
    wanted |= {"JAX_PLATFORMS": "cpu", "CHAINRULE_CACHE": "0", "TORCHINDUCTOR_COMPILE_THREADS": "1"}
    if threads == 1 and not hasattr(os, "sched_setaffinity"):  # elsewhere a worker may use one processor only
        wanted["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    before = dict(os.environ)
    os.environ.update(wanted)
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):  # the library knows best
        os.environ.pop(name, None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def serve(name: str, threads: int, pipe: Connection) -> None:
    """What a worker does: answers, one request after the other."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])
    clock = time.process_time if threads == 1 else time.perf_counter
    run: Any = None
    while True:
        try:
            request = pipe.recv()
        except EOFError:
            return
        try:
            began = clock()
            if isinstance(request, Task):
                run = CONTENDERS[name][0](request)
                found = run(1)
                compiled = clock() - began
                began = clock()
                run(1)
                seconds = clock() - began
                answer: Any = First(error(request, found), moved(request, found), compiled, seconds)
            else:
                run(request)
                answer = clock() - began
        except Exception as problem:
            traceback.print_exc()
            answer = f"{type(problem).__name__}: {problem}"
        pipe.send(answer)


@contextmanager
def workers(names: Sequence[str], threads: int) -> Iterator[dict[str, Worker]]:
    """A worker for each contender, all stopped at the end."""
    found = {name: Worker(name, threads) for name in names}
    try:
        yield found
    finally:
        for worker in found.values():
            worker.end()


def compete(task: Task, field: Mapping[str, Worker], *, rounds: int, seconds: float) -> Outcome:
    """Rounds of about so many seconds a contender. Raises UnequalError if one of them has not learned the same."""
    asked = {name: worker.ask(task) for name, worker in field.items()}
    firsts = {name: first for name, first in asked.items() if isinstance(first, First)}
    failed = {name: first for name, first in asked.items() if name not in firsts}
    lost = [f"{name} ({failed[name]})" for name in OURS if name in failed]
    if lost:
        raise UnequalError(f"{task}: no result of {', '.join(lost)}")
    agree(task, firsts)
    least = min((first.seconds for name, first in firsts.items() if name in PEERS), default=0.0)
    rates = {name: [task.rows / first.seconds] for name, first in firsts.items()}
    epochs = {
        name: max(1, round(seconds / first.seconds))
        for name, first in firsts.items()
        if name in OURS or first.seconds < SLOW * least
    }
    for turn in range(rounds + 1):  # the first only finds out how many epochs a turn should have
        for name, count in epochs.items():
            taken = field[name].ask(count)
            if isinstance(taken, str):
                raise UnequalError(f"{task}: {name} failed in round {turn}: {taken}")
            if turn == 0:
                epochs[name] = max(1, round(count * seconds / taken))
                rates[name] = []
            else:
                rates[name].append(task.rows * count / taken)
    return Outcome(task, {name: Speed(tuple(rates[name]), first) for name, first in firsts.items()}, failed)


def agree(task: Task, firsts: Mapping[str, First]) -> None:
    """Raises UnequalError unless all contenders end at one error, after parameters that have gone equally far."""
    expected = firsts["kernel"] if "kernel" in firsts else next(iter(firsts.values()))
    for name, first in firsts.items():
        for what in ("error", "moved"):
            found, due = getattr(first, what), getattr(expected, what)
            if not abs(found - due) <= TOLERANCE * abs(due):
                raise UnequalError(f"{task}: after one epoch {what} is {found:.6g} for {name}, {due:.6g} for chainrule")
