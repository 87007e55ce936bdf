"""Threads that run the stages of a program together: each has rows of the batch, or rows of a matrix that learns.

All of them go through the same stages and wait for each other where one needs what another has made. They are started
when a kernel is called and end with the call; meanwhile they wait by looking, because a stage takes microseconds, and
let others run after a while. Sums are formed as one thread forms them, so that results are the same bits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from chainrule.targets.llvm.emit import DType, Emitter
from chainrule.targets.llvm.memory import Memory
from chainrule.targets.llvm.module import function, write_stage
from chainrule.targets.llvm.nest import Nest
from chainrule.targets.llvm.point import Divided
from chainrule.targets.llvm.team_code import read
from chainrule.transforms.schedule.stages import Plan, Stage

# By examples, by rows or columns of what a product makes, or one thread has all of it.
Way: TypeAlias = Literal["batch", "rows", "columns", "one"]

_MANY_WEIGHTS: Final = 1 << 17  # of which each thread should read its own, rather than all of them
MOST_STAGES: Final = 64  # each is a function of its own


def way_of(stage: Stage, symbol: str, most: int | None) -> Way:
    """How threads share a stage of which `symbol` is the number of examples, `most` if there is a limit."""
    core, product = stage.core, stage.product
    if core is None or core.op.name != "matmul" or product is None:
        ours = symbol in stage.space and (core is None or _is_reduction_of_rows(stage, symbol))
        return "batch" if ours and _is_by_rows(stage, symbol) else "one"
    summed = core.args[1].type.shape[0]
    if symbol in stage.space:
        if summed == symbol or not _is_by_rows(stage, symbol):
            return "one"
        columns = stage.space[product.along]
        known = isinstance(summed, int) and isinstance(columns, int) and len(stage.space) == 2
        return "columns" if known and most is not None and int(summed) * int(columns) >= _MANY_WEIGHTS else "batch"
    by_tiles = summed == symbol and not product.folded
    return "rows" if by_tiles and len(stage.space) == 2 and all(isinstance(s, int) for s in stage.space) else "one"


def _is_by_rows(stage: Stage, symbol: str) -> bool:
    """Whether a stage has a place for each example, in all that it stores."""
    return (
        stage.space.count(symbol) == 1
        and stage.passing is None
        and all(symbol in store.buffer.shape for store in stage.stores)
    )


def _is_reduction_of_rows(stage: Stage, symbol: str) -> bool:
    """Whether a stage sums something else than the examples, and is not put together from pieces."""
    core = stage.core
    return (
        core is not None
        and stage.pointwise
        and core.op.name in ("sum", "largest", "smallest")
        and symbol not in [core.args[0].type.shape[axis] for axis in core.attribute]
    )


def parameters(memory: Memory) -> str:
    """The parameters of a stage: of %all rows, %count are this thread's."""
    (symbol,) = memory.symbols
    sizes = ", ".join(f"i64 %{name}.{symbol}" for name in ("count", "rounded", "all"))
    return f"ptr %arena, ptr %table, ptr %scratch, {sizes}, i64 %thread, i64 %threads"


def write_shared_stages(plan: Plan, memory: Memory, stages: Sequence[Stage], name: str, dtype: DType) -> list[str]:
    """A function for each stage, and one called `name` that a thread runs: its part of all of them."""
    (symbol,) = memory.symbols
    lines: list[str] = []
    since: dict[int, _Part] = {}  # the stages since threads have met, and who has a part in them
    met, body = False, _bring() if name == "forward" else []
    for k, stage in enumerate(stages):
        emitter = Emitter(dtype)
        part = _part(stage, symbol, memory.most, since, alone=k if name == "update" else 0)
        write_stage(Nest(emitter, plan, memory, stage, divided=part.divided))
        lines += [*function(f"internal void @{name}.{k}({parameters(memory)})", emitter, "ret void")]
        lines += emitter.declared.values()
        brought = name == "forward" and not met and part.way != "batch"  # what it reads, others may still bring
        if brought or any(number in since and not since[number].is_seen_by(part) for number in stage.before):
            body.append("call void @team.meet(ptr %team)")
            since, met = {}, True
        body += _call(f"{name}.{k}", k, part)
        since[stage.number] = part
    if name == "update" or not met:  # else those who are late have been told what to do, and meet before the update
        body.append("call void @team.meet(ptr %team)")
    head = f"define internal void @{name}(ptr %team, ptr %record, i64 %thread) #0 {{"
    text = [line if line.endswith(":") else f"  {line}" for line in (*_shares(), *body, "ret void")]
    return [*lines, head, "entry:", *text, "}"]


class _Part(NamedTuple):
    """How threads share a stage; `alone` says who has all of it: the thread of this number, counted around."""

    way: Way
    alone: int = 0

    def is_seen_by(self, later: _Part) -> bool:
        """Whether each thread, in its part of a later stage, needs nothing but what it has made itself."""
        return self == later and self.divided is None

    @property
    def divided(self) -> Divided:
        """What of a product each thread has a part of."""
        return self.way if self.way in ("rows", "columns") else None


def _part(stage: Stage, symbol: str, most: int | None, since: Mapping[int, _Part], *, alone: int) -> _Part:
    """A stage that one thread has goes to the one that has made what it needs."""
    way = way_of(stage, symbol, most)
    if way != "one":
        return _Part(way)
    others = [since[number] for number in stage.before if number in since]
    return others[0] if others and others[0].way == "one" else _Part(way, alone)


def _shares() -> list[str]:
    """What a thread needs to know for its part."""
    return [
        *[line for name in ("threads", "arena", "rounded", "share") for line in read("team", name)],
        *read("team", "count"),
        *[line for name in ("whole", "own", "scratch") for line in read("record", name)],
        "%alone = icmp eq i64 %threads, 1",
        "%each = select i1 %alone, i64 %count, i64 %share",
        "%start = mul i64 %thread, %each",
        "%left = sub i64 %count, %start",
        "%mine = call i64 @llvm.smin.i64(i64 %left, i64 %each)",
        "%has.rows = icmp sgt i64 %mine, 0",
    ]


def _bring() -> list[str]:
    """Each thread brings its rows of the examples."""
    return [
        *[line for name in ("first", "examples", "order") for line in read("team", name)],
        "%from = add i64 %first, %start",
        "br i1 %has.rows, label %bring, label %brought",
        "bring:",
        "call void @bring(ptr %own, ptr %examples, ptr %order, i64 %from, i64 %mine, i64 %rounded)",
        "br label %brought",
        "brought:",
    ]


def _call(name: str, k: int, part: _Part) -> list[str]:
    """Run a stage, if this thread has a part in it."""
    table, count = ("%own", "%mine") if part.way == "batch" else ("%whole", "%count")
    given = f"ptr %arena, ptr {table}, ptr %scratch, i64 {count}, i64 %rounded, i64 %count, i64 %thread, i64 %threads"
    call = f"call void @{name}({given})"
    if part.divided:
        return [call]
    test, lines = "%has.rows", list[str]()
    if part.way == "one":
        test = f"%is.mine{k}"
        lines = [f"%who{k} = urem i64 {part.alone}, %threads", f"{test} = icmp eq i64 %who{k}, %thread"]
    return [*lines, f"br i1 {test}, label %do{k}, label %on{k}", f"do{k}:", call, f"br label %on{k}", f"on{k}:"]
