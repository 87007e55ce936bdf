"""The function `run` of a program: it gathers rows, sets what the loop sets, runs the stages, and stops at a bad error.

i64 run(arena, table, examples, order, rows of all updates, rows of an epoch, batch, batch in whole tiles, scalars,
errors)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from math import inf, prod

from chainrule.dataclasses import dataclass
from chainrule.graph import Program
from chainrule.targets.llvm.code import Code
from chainrule.targets.llvm.emit import Emitter, Value
from chainrule.targets.llvm.entry import flush_off, flush_on
from chainrule.targets.llvm.gather import (
    copy_columns,
    copy_row,
    copy_rows,
    entry,
    in_arena,
    point_at_row,
    set_scalar,
)
from chainrule.targets.llvm.machine import Machine
from chainrule.targets.llvm.memory import Memory
from chainrule.targets.llvm.module import function
from chainrule.targets.llvm.resident import fetched, is_resident, put_back
from chainrule.targets.llvm.team_code import calls_of_a_team, told
from chainrule.transforms.schedule.blocked import BLOCK, EARLIER, ROWS
from chainrule.transforms.schedule.stages import Buffer, natural


@dataclass(frozen=True, slots=True)
class Driver:
    """What the function is written with."""

    emitter: Emitter
    program: Program
    code: Code
    machine: Machine
    resident: bool

    def lines(self, texts: Iterable[str]) -> None:
        """Write lines as they are."""
        for line in texts:
            self.emitter.line(line)

    def leave(self) -> None:
        """What is done before the function is left."""
        if self.resident:
            put_back(self.emitter, self.code.plan, self.code.memory)
        if self.code.memory.team is not None:
            self.emitter.line("call void @team.end(ptr %team)")
        self.lines(flush_off(self.machine))

    @contextmanager
    def epochs(self) -> Iterator[tuple[Value, Value, Value]]:
        """What is written is run for each epoch: its number from 0, its first row, and that after its last."""
        e, total, length = self.emitter, Value("%total", "index"), Value("%epoch", "index")
        with e.loop(e.index(0), _over(e, total, length), 1) as epoch:
            first = e.times(epoch.index, length)
            yield epoch.index, first, e.intrinsic("smin", e.plus(first, length), total)

    def stop(self, update: Value) -> None:
        """Leave at an update that is not made."""
        self.leave()
        self.emitter.line(f"ret i64 {update.text}")

    def call(self, name: str, **sizes: Value) -> None:
        """Run stages with these sizes; memory has room for whole batches or blocks."""
        if self.code.memory.team is not None:
            (count,) = sizes.values()
            self.lines(calls_of_a_team(name, count.text))
            return
        given = ""
        for symbol in self.code.memory.symbols:
            count = sizes.get(symbol, Value(str(BLOCK), "index"))
            room = str(self.code.memory.rounded(BLOCK)) if self.code.parts else "%rounded"
            given += f", i64 {count.text}, i64 {room}"
        inside = " alwaysinline" if self.resident else ""
        self.emitter.line(f"call void @{name}(ptr %arena, ptr %table{given}){inside}")

    def set_scalars(self, update: Value) -> None:
        """Bring what the loop sets for an update."""
        for k, node in enumerate(self.program.scalars.values()):
            set_scalar(self.emitter, self.code.plan.found[node], self.code.memory, k, update)

    def gather(self, update: Value) -> None:
        """Bring the example of an update, as far as it is used by itself."""
        for k, node in enumerate(self.program.examples):
            buffer = self.code.plan.found.get(node)
            if buffer is not None:
                self._bring(buffer, k, update)

    def gather_following(self, update: Value) -> None:
        """Bring the example that the one of the next update will be."""
        buffer = self.code.plan.buffers[self.code.ahead["following"]]
        self._bring(buffer, self.code.wide, update)

    def _bring(self, buffer: Buffer, k: int, update: Value) -> None:
        bring = point_at_row if buffer.number in self.code.direct else copy_row
        bring(self.emitter, buffer, self.code.memory, entry("%examples", k, self.emitter), update)

    def is_finite(self, update: Value) -> Value:
        """Note the error of an update, and say whether it is a finite number."""
        e, memory = self.emitter, self.code.memory
        result = next(buffer for buffer in self.code.plan.buffers if buffer.role == "output")
        place, wide = in_arena(e, result, memory), e.wider()
        error = wide.load(place, 1) if e.real.size == 8 else e.widened(e.load(place, 1))
        wide.store(error, wide.offset(Value("%errors", "pointer"), update))
        return wide.write("fcmp olt", wide.intrinsic("fabs", error), wide.constant(inf), kind="condition")


def write_driver(program: Program, code: Code, machine: Machine) -> list[str]:
    """The function `run`."""
    e = Emitter(code.dtype)
    driver = Driver(e, program, code, machine, is_resident(code.plan, code.memory))
    driver.lines(flush_on(machine))
    if driver.resident:
        fetched(e, code.plan, code.memory)
    if code.memory.team is not None:
        e.line(f"%team = load ptr, ptr {e.effect(_slot_of_a_team(code), 'pointer').text}")
        driver.lines([*told("examples", "ptr %examples"), *told("order", "ptr %order")])
        e.line("call void @team.start(ptr %team)")
    one_each = code.symbol is None and bool(program.examples)
    way = _blocks if code.parts else _looking_ahead if code.ahead else _examples if one_each else _batches
    updates = way(driver)
    driver.leave()
    memory = "ptr %home, ptr %addresses" if driver.resident else "ptr %arena, ptr %table"
    sizes = "i64 %total, i64 %epoch, i64 %batch, i64 %rounded"
    head = f"i64 @run({memory}, ptr %examples, ptr %order, {sizes}, ptr %scalars, ptr %errors)"
    bring = _bring_of_a_thread(program, code) if code.memory.team is not None else []
    return [*bring, *function(head, e, f"ret i64 {updates.text}"), *e.declared.values()]


def _slot_of_a_team(code: Code) -> str:
    return f"getelementptr ptr, ptr %table, i64 {code.memory.team}"


def _examples(driver: Driver) -> Value:
    """One update after the other, each of one example; how many there are."""
    e, total = driver.emitter, Value("%total", "index")
    with e.loop(e.index(0), total, 1) as loop:
        driver.set_scalars(loop.index)
        driver.gather(loop.index)
        _update(driver, loop.index)
    return total


def _looking_ahead(driver: Driver) -> Value:
    """One update after the other, each of one example, with the next one of its block at hand; how many there are."""
    e = driver.emitter
    with driver.epochs() as (_, start, stop), e.loop(start, stop, BLOCK) as block:
        end = e.intrinsic("smin", e.plus(block.index, e.index(BLOCK)), stop)
        last = e.plus(end, e.index(-1))
        driver.gather(block.index)
        driver.call("begin")
        with e.loop(block.index, end, 1) as loop:
            driver.set_scalars(loop.index)
            driver.gather(loop.index)
            driver.gather_following(e.intrinsic("smin", e.plus(loop.index, e.index(1)), last))
            _update(driver, loop.index)
    return Value("%total", "index")


def _batches(driver: Driver) -> Value:
    """One update after the other, each of a batch; how many there are."""
    e, code = driver.emitter, driver.code
    total, length, batch = (Value(f"%{name}", "index") for name in ("total", "epoch", "batch"))
    each = _over(e, length, batch)  # updates
    with driver.epochs() as (epoch, start, stop):
        updates = _over(e, e.write("sub", stop, start), batch)
        with e.loop(e.index(0), updates, 1) as loop:
            update, first = e.plus(e.times(epoch, each), loop.index), e.plus(start, e.times(loop.index, batch))
            count = e.intrinsic("smin", batch, e.write("sub", stop, first))
            driver.set_scalars(update)
            if code.memory.team is None:
                _bring(e, driver.program, code, first, count)
            else:
                driver.lines(told("first", f"i64 {first.text}"))
            _update(driver, update, **({code.symbol: count} if code.symbol else {}))
    whole = e.write("udiv", total, length)
    rest = e.write("sub", total, e.times(whole, length))
    return e.plus(e.times(whole, each), _over(e, rest, batch))


def _bring(e: Emitter, program: Program, code: Code, first: Value, count: Value) -> None:
    """Copy the examples of a batch, each to where the table says."""
    numbers = sum([prod(map(int, n.type.shape[1:])) for n in program.examples])
    for k, node in enumerate(program.examples):
        buffer, rows = code.plan.found[node], entry("%examples", k, e)
        if buffer.order == natural(buffer.shape):
            copy_rows(e, buffer, code.memory, rows, first, count)
        else:
            copy_columns(e, buffer, code.memory, rows, first, count, Value("%rounded", "index"), each=numbers)


def _bring_of_a_thread(program: Program, code: Code) -> list[str]:
    """The function by which a thread of a team brings its rows."""
    e = Emitter(code.dtype)
    _bring(e, program, code, Value("%first", "index"), Value("%count", "index"))
    head = "internal void @bring(ptr %table, ptr %examples, ptr %order, i64 %first, i64 %count, i64 %rounded)"
    return [*function(head, e, "ret void"), *e.declared.values()]


def _update(driver: Driver, update: Value, **sizes: Value) -> None:
    """Forward, the look at the error, and what is learned."""
    driver.call("forward", **sizes)
    driver.emitter.unless(driver.is_finite(update), lambda: driver.stop(update))
    driver.call("update", **sizes)


def _blocks(driver: Driver) -> Value:
    """One block of updates after the other; how many updates there are."""
    e, code = driver.emitter, driver.code
    inputs, nets, grams, columns = (_part(code, name) for name in ("inputs", "nets", "grams", "all_columns"))
    rows = ((_part(code, "net"), nets), (_part(code, "gram"), grams), (_part(code, "taken"), columns))
    _point_at(e, _part(code, "columns"), code.memory, _row_of(e, columns, code.memory, e.index(0)))
    with driver.epochs() as (_, start, stop), e.loop(start, stop, BLOCK) as block:
        count = e.intrinsic("smin", e.index(BLOCK), e.write("sub", stop, block.index))
        copy_rows(e, inputs, code.memory, entry("%examples", code.wide, e), block.index, count)
        _clear_first(e, columns, code.memory)
        driver.call("begin", **{ROWS: count})
        with e.loop(e.index(0), count, 1) as loop:
            update = e.plus(block.index, loop.index)
            driver.set_scalars(update)
            driver.gather(update)
            for row, array in rows:
                _point_at(e, row, code.memory, _row_of(e, array, code.memory, loop.index))
            made = {EARLIER: e.intrinsic("smax", loop.index, e.index(1))}
            driver.call("forward", **made)
            e.unless(driver.is_finite(update), lambda: _stop_within(driver, loop.index, update))
            driver.call("update", **made)
        driver.call("end", **{ROWS: count})
    return Value("%total", "index")


def _stop_within(driver: Driver, made: Value, update: Value) -> None:
    """Take the columns of the updates that were made, if there are any, and leave."""
    e = driver.emitter
    some = e.write("icmp ne", made, e.index(0), kind="condition")
    e.unless(some, lambda: driver.stop(update))
    driver.call("end", **{ROWS: made})
    driver.stop(update)


def _over(e: Emitter, x: Value, y: Value) -> Value:
    """A quotient, rounded up."""
    return e.write("udiv", e.plus(x, e.plus(y, e.index(-1))), y)


def _clear_first(e: Emitter, columns: Buffer, memory: Memory) -> None:
    """The first update of a block has none before it: it reads one column of zeros."""
    start = _row_of(e, columns, memory, e.index(0))
    with e.loop(e.index(0), e.index(int(columns.shape[1])), memory.lanes) as loop:
        e.store(e.splat(e.constant(0), memory.lanes), e.offset(start, loop.index))


def _slot(e: Emitter, buffer: Buffer, memory: Memory) -> Value:
    return e.offset(Value("%table", "pointer"), e.index(memory.slots[buffer.number]), kind="pointer")


def _point_at(e: Emitter, buffer: Buffer, memory: Memory, address: Value) -> None:
    """Let the stages find an array at an address."""
    e.line(f"store ptr {address.text}, ptr {_slot(e, buffer, memory).text}")


def _row_of(e: Emitter, buffer: Buffer, memory: Memory, row: Value) -> Value:
    """The address of a row of an array that has its place in the table."""
    width = memory.sizes(buffer)[1]
    stride = memory.rounded(BLOCK) if isinstance(width, str) else width
    return e.offset(e.load(_slot(e, buffer, memory), 1, kind="pointer"), e.times(row, e.index(stride)))


def _part(code: Code, name: str) -> Buffer:
    return code.plan.buffers[code.parts[name]]
