"""Stretches of updates: the kernel is called for some 50 ms at a time, however many epochs or parts of one that is.

What is computed does not depend on where the cuts are - never within a block of updates that the kernel makes together
-, so a stretch can also be run again from its beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter, thread_time
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from chainrule.dataclasses import dataclass, field
from chainrule.graph import Program
from chainrule.node import label_of
from chainrule.training.evaluation import Examples
from chainrule.training.order import order_of_epoch, orders_of_epochs
from chainrule.training.sessions import Kernel, State, copied, give_back, session_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHUNK: Final = 0.05  # seconds of processor time
BUSY: Final = 4  # times as long a call may take where others use the processor, too
FIRST: Final = 256  # rows of the first call, before the pace is known
CONVERTED: Final = 1 << 26  # bytes of examples that are converted at once; larger ones as their rows are used
GATHERED: Final = 1 << 22  # numbers that are gathered for a call
SEGMENT: Final = 1 << 16  # updates whose errors are held at a time: with rates and order they stay in the second cache


@dataclass(slots=True)
class Done:
    """What a stretch brought, epoch by epoch, and whether it was cut short: by an error, or from outside."""

    errors: list[float] = field(default_factory=list)  # the sum over the epoch, each batch as it counts
    updates: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    failed: bool = False
    halted: bool = False

    @property
    def cut(self) -> bool:
        """Whether not all of it was run."""
        return self.failed or self.halted


class Spans:
    """Runs stretches of epochs on a state of its own, at the pace that it learns as it goes.

    `mean` says that an update's error is a mean over its rows, so that it counts as often as it has rows.
    """

    def __init__(
        self, kernel: Kernel, program: Program, given: Examples, *,
        batch: int, shuffle: bool, seed: int, dtype: str, mean: bool, threads: int = 1,
    ) -> None:  # fmt: skip
        self.kernel, self.rate = kernel, next(iter(program.scalars))
        self.count, self.batch, self.shuffle, self.seed = given.count, min(batch, given.count), shuffle, seed
        self.dtype, self.mean = np.dtype(dtype), mean
        self.joined = self.batch * kernel.block  # rows that belong in one call
        parts = {label_of(one): part for one, part in zip(given.nodes, given.parts, strict=True)}
        self.parts = {label_of(one): self._ready(parts[label_of(one)]) for one in program.examples}
        self.session = session_of(kernel, program, batch=self.batch, dtype=dtype, threads=threads)
        self.whole = all(self._is_ready(part) for part in self.parts.values())
        self.pace = FIRST / CHUNK  # rows a second
        # Memory that is new for each call takes longer to get than updates of a small network.
        self._errors, self._speed, self._order = np.empty(0), np.empty(0), np.empty(0, np.int64)
        self.share = 0.0  # of the epoch that is being run

    @property
    def state(self) -> State:
        """What learns, and what is remembered of it, where the kernel has it: assigning changes what comes next."""
        return self.session.state

    @property
    def size(self) -> int:
        """How many bytes the state takes."""
        return sum(part.nbytes for part in self.state.values())

    def snapshot(self) -> State:
        """The state as it is now."""
        return copied(self.state)

    def put(self, state: State) -> None:
        """Go on from a state."""
        for label, part in state.items():
            self.state[label][...] = part

    def close(self) -> None:
        """Give the kernel's memory back; nothing can be run after that."""
        give_back(self.kernel, self.session)
        del self.session

    @property
    def updates_an_epoch(self) -> int:
        """How many updates go over all examples once."""
        return -(-self.count // self.batch)

    @property
    def epochs_at_once(self) -> int:
        """How many epochs take about as long as a call should."""
        if not self.whole or self.updates_an_epoch > SEGMENT:
            return 1
        return max(1, min(int(self.pace * CHUNK / self.count), SEGMENT // self.updates_an_epoch))

    def run(
        self,
        first: int,
        rates: Sequence[float],
        *,
        updates: int | None = None,
        halt: Callable[[], bool] = lambda: False,
    ) -> Done:
        """Run the epochs from number `first` with these rates, at most `updates` updates of them.

        `halt` is asked between two calls of the kernel.
        """
        done = Done()
        left = self.updates_an_epoch * len(rates) if updates is None else updates
        at = 0
        while at < len(rates) and left > 0 and not done.cut:
            block = rates[at : at + self.epochs_at_once]
            if len(block) > 1:
                self._several(first + at, block, left, done)
            else:
                self._one(first + at, block[0], left, halt, done)
            at += len(block)
            left -= sum(done.updates[-len(block) :])
            done.halted = done.halted or (at < len(rates) and left > 0 and halt())
        return done

    def _several(self, first: int, rates: Sequence[float], updates: int, done: Done) -> None:
        """Some short epochs in one call."""
        size = self.updates_an_epoch
        whole, rest = divmod(min(updates, size * len(rates)), size)
        order = self._orders(first, whole + (rest > 0))[: whole * self.count + rest * self.batch]
        if len(self._errors) < whole * size + rest:
            self._errors = np.empty(whole * size + rest)
        errors = self._errors[: whole * size + rest]
        speed = self._speeds(rates)
        made = self._call(order, speed, errors, self.count)
        done.failed = made < len(errors)
        made = min(made + 1, len(errors))
        whole = made // size
        by_epoch = errors[: whole * size].reshape(whole, size)
        done.errors += self._sums(by_epoch, missing=size * self.batch - self.count).tolist()
        done.updates += [size] * whole
        done.rows += [self.count] * whole
        if made > whole * size:
            self._add(done, errors[whole * size : made], new=True)

    def _orders(self, first: int, count: int) -> NDArray[Any]:
        """The orders of some epochs; where nothing is shuffled they are the same each time."""
        if self.shuffle:
            return orders_of_epochs(self.count, first, count, shuffle=True, seed=self.seed)
        if len(self._order) < count * self.count:
            self._order = orders_of_epochs(self.count, first, count, shuffle=False, seed=self.seed)
        return self._order

    def _speeds(self, rates: Sequence[float]) -> NDArray[Any]:
        """The rate of each update of some epochs: of most runs it is always the same."""
        size = self.updates_an_epoch
        if any(rate != rates[0] for rate in rates):
            return np.repeat(np.asarray(rates, float), size)
        if len(self._speed) < len(rates) * size or self._speed[0] != rates[0]:
            self._speed = np.full(len(rates) * size, rates[0])
        return self._speed

    def _one(self, epoch: int, rate: float, updates: int, halt: Callable[[], bool], done: Done) -> None:
        """One epoch, in as many calls as it takes; errors are summed by segments, wherever the calls are cut."""
        updates = min(updates, self.updates_an_epoch)
        order = order_of_epoch(self.count, epoch, shuffle=True, seed=self.seed) if self.shuffle else None
        for start in range(0, updates, SEGMENT):
            stop = min(start + SEGMENT, updates)
            errors, speed, made = np.empty(stop - start), np.full(stop - start, rate), 0
            while made < len(errors) and not done.cut:
                rows = slice((start + made) * self.batch, (start + made) * self.batch + self._rows_a_call())
                rows = slice(rows.start, min(rows.stop, stop * self.batch, self.count))
                numbers = np.arange(rows.start, rows.stop, dtype=np.int64) if order is None else order[rows]
                due = -(-len(numbers) // self.batch)
                count = self._call(numbers, speed[made:], errors[made:])
                made += count
                self.share = (start + made) / updates
                done.failed = count < due
                done.halted = not done.failed and (made < len(errors) or stop < updates) and halt()
            self._add(done, errors[: made + done.failed], new=not start)
            if done.cut:
                return

    def _add(self, done: Done, errors: NDArray[Any], *, new: bool) -> None:
        """Put a segment's errors to those of its epoch."""
        if new:
            done.errors.append(0.0)
            done.updates.append(0)
            done.rows.append(0)
        done.updates[-1] += len(errors)
        rows = min(done.updates[-1] * self.batch, self.count) - done.rows[-1]
        done.rows[-1] += rows
        done.errors[-1] += float(self._sums(errors, missing=len(errors) * self.batch - rows))

    def _sums(self, errors: NDArray[Any], *, missing: int) -> Any:
        """The sums of errors, each as it counts; the last batch of each line has so many rows less than the others."""
        with np.errstate(all="ignore"):
            total = errors.sum(axis=-1)
            if self.mean:
                total = total * self.batch - (errors[..., -1] * missing if missing else 0)
        return total

    def _call(self, rows: NDArray[Any], speed: NDArray[Any], errors: NDArray[Any], epoch: int | None = None) -> int:
        parts, count = self.parts, len(rows)
        if not self.whole:
            parts = {label: self._converted(part[rows]) for label, part in parts.items()}
            rows = np.arange(count, dtype=np.int64)
        began, worked = perf_counter(), thread_time()
        made = self.session.run(parts, rows, {self.rate: speed}, errors, epoch=epoch)
        seconds = max(thread_time() - worked, (perf_counter() - began) / BUSY, 1e-6)
        # At most four times as fast as thought, so that a first call that is short by chance does no harm.
        self.pace = min(count / seconds, 4 * self.pace)
        return made

    def _rows_a_call(self) -> int:
        rows = max(1.0, self.pace * CHUNK)
        if not self.whole:
            rows = min(rows, GATHERED / max(1, sum(part[:1].size for part in self.parts.values())))
        return max(1, int(rows) // self.joined) * self.joined

    def _is_ready(self, part: NDArray[Any]) -> bool:
        return part.dtype == self.dtype and part.flags.c_contiguous

    def _ready(self, part: NDArray[Any]) -> NDArray[Any]:
        if self._is_ready(part) or part.size * self.dtype.itemsize > CONVERTED:
            return part
        return self._converted(part)

    def _converted(self, part: NDArray[Any]) -> NDArray[Any]:
        return np.ascontiguousarray(part, self.dtype)
