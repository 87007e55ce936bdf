"""Products of large float32 matrices by the matrix unit of a processor, AMX: more exact than one sum after the other.

Each number is the sum of three in bfloat16, and of the nine products of these the six largest are added in float32.
The function takes its arguments as `sgemm` of a BLAS does, and one more; it is made once, and not for a graph.

An update of 4,096 examples of 784-1024-1024-10 took 0.56 times the processor time that it takes with OpenBLAS (on a
busy machine). Numbers of 2^64 and more, and such that are not finite, are left to sums one after the other. Digits of a
number that lie below 2^-126 are lost.
"""

from __future__ import annotations

from typing import Final

from chainrule.targets.llvm import amx_layout as layout
from chainrule.targets.llvm.amx_layout import SIDE, TOGETHER
from chainrule.targets.llvm.amx_packing import LARGEST, lane_numbers, packing_functions
from chainrule.targets.llvm.emit import Emitter, Value
from chainrule.targets.llvm.gemm_layout import GIVEN, JOB
from chainrule.targets.llvm.jobs import Matrix, entry, field, got, matrix, moved, rounds
from chainrule.targets.llvm.module import assemble, function

_FETCHED: Final = 4  # rows of the next block each turn
# Which parts of the first matrix and the second are multiplied, small products first; a part may be there already.
_ORDER: Final = ((0, 2), (0, 1), (1, 1), (1, 0), (2, 0), (0, 0))
_DECLARATIONS: Final = [
    "declare void @llvm.x86.ldtilecfg(ptr)",
    "declare void @llvm.x86.tilerelease()",
    "declare void @llvm.x86.tileloadd64(i8, ptr, i64)",
    "declare void @llvm.x86.tilestored64(i8, ptr, i64)",
    "declare void @llvm.x86.tdpbf16ps(i8, i8, i8)",
    "declare void @llvm.prefetch.p0(ptr, i32, i32, i32)",
]


def amx_text() -> str:
    """The module: `sgemm`. Its last arguments are the memory to work in, and 1 if `a` is the same as in the last call.

    The result is b @ a, of n rows and m columns, as Fortran's a @ b looks in rows. It needs room for whole blocks of 32
    by 32. After a call with the same sizes that summed `layout.deepest` numbers or fewer, `a` need not be packed again.
    """
    return assemble([*packing_functions(), *_blocks(), *_plain(), *_work(), *_entry(), *_DECLARATIONS], 64)


# -- the products


def _blocks() -> list[str]:
    """`@blocks`: what is packed, multiplied block by block, and added to the result, or put there at first."""
    e = Emitter("float32")
    tiles, pitch, c = Value("%tiles", "index"), Value("%pitch", "index"), Value("%c", "pointer")
    rows, columns = Value("%rows", "index"), Value("%columns", "index")
    panel, apart = e.times(tiles, e.index(layout.BLOCK)), e.times(pitch, e.index(4))
    first = e.effect("icmp ne i64 %first, 0", "condition")
    with e.loop(e.index(0), columns, 1) as column, e.loop(e.index(0), rows, 1) as row:
        top = e.offset(c, e.times(column.index, e.index(TOGETHER)))
        corner = e.offset(top, e.times(e.times(row.index, e.index(TOGETHER)), pitch))
        below = e.offset(corner, e.times(pitch, e.index(SIDE)))
        ends = [corner, e.offset(corner, e.index(SIDE)), below, e.offset(below, e.index(SIDE))]
        for number, end in enumerate(ends):
            before = e.select(first, Value("%zeros", "pointer"), end)
            _load_tile(e, number, before, e.select(first, e.index(0), apart))
        starts = []
        for name, at in (("%left", row.index), ("%right", column.index)):
            start = moved(e, Value(name, "pointer"), e.times(at, e.times(panel, e.index(2))))
            starts += [start, moved(e, start, panel)]
        last = e.write("icmp eq", e.plus(row.index, e.index(1)), rows, kind="condition")
        following = e.select(
            last, e.offset(top, e.index(TOGETHER)), e.offset(corner, e.times(pitch, e.index(TOGETHER)))
        )
        with e.loop(e.index(0), tiles, 1) as loop:
            _fetch_rows(e, following, loop.index, pitch)
            _six_products(e, [moved(e, start, e.times(loop.index, e.index(layout.BLOCK))) for start in starts])
        for number, end in enumerate(ends):
            e.line(f"call void @llvm.x86.tilestored64(i8 {number}, ptr {end.text}, i64 {apart.text})")
    given = "ptr %left, ptr %right, ptr %c, i64 %pitch, i64 %rows, i64 %columns, i64 %tiles, i64 %first, ptr %zeros"
    return [*function(f"internal void @blocks({given})", e, "ret void"), *e.declared.values()]


def _fetch_rows(e: Emitter, block: Value, turn: Value, pitch: Value) -> None:
    """Have some rows of the result where the next block goes brought near, others each turn: they come from afar."""
    first = e.times(e.write("and", turn, e.index(TOGETHER // _FETCHED - 1)), e.index(_FETCHED))
    for k in range(_FETCHED):
        line = e.offset(block, e.times(e.plus(first, e.index(k)), pitch))
        for place in (line, e.offset(line, e.index(SIDE))):
            e.line(f"call void @llvm.prefetch.p0(ptr {place.text}, i32 1, i32 3, i32 1)")


def _load_tile(e: Emitter, number: int, place: Value, step: Value) -> None:
    e.line(f"call void @llvm.x86.tileloadd64(i8 {number}, ptr {place.text}, i64 {step.text})")


def _six_products(e: Emitter, places: list[Value]) -> None:
    """Add the products of the parts of two tiles of rows, 4 and 5, and two of columns, 6 and 7, to the sums, 0 to 3."""
    there: dict[int, int] = {}
    for parts in _ORDER:
        for side, part in enumerate(parts):
            if there.get(side) != part:
                there[side] = part
                for k in (2 * side, 2 * side + 1):
                    _load_tile(e, 4 + k, moved(e, places[k], e.index(part * layout.TILE)), e.index(64))
        for number in range(4):
            left, right = divmod(number, 2)
            e.line(f"call void @llvm.x86.tdpbf16ps(i8 {number}, i8 {4 + left}, i8 {6 + right})")


def _work() -> list[str]:
    """`@work`: a whole product."""
    e = Emitter("float32")
    memory = Value("%job", "pointer")
    job = got(e, memory, GIVEN)
    a, b = matrix(e, job, "a"), matrix(e, job, "b")
    m, n, k = job["m"], job["n"], job["k"]
    left, right, shapes, zeros = (
        moved(e, memory, e.index(at)) for at in (layout.HEAD, layout.RIGHT, layout.SHAPES, layout.ZEROS)
    )
    e.line(f"call void @llvm.x86.ldtilecfg(ptr {shapes.text})")
    packed = field(e, memory, JOB, "packed")
    there = e.write("and", job["again"], e.load(packed, 1, kind="index"))
    times = e.write("udiv", e.plus(k, e.plus(job["deepest"], e.index(-1))), job["deepest"])
    each = e.write("udiv", e.plus(k, e.plus(times, e.index(-1))), times)  # as even as they come
    deep = e.times(rounds(e, each, layout.DEEP), e.index(layout.DEEP))
    with e.loop(e.index(0), times, 1) as depth:
        start = e.times(depth.index, deep)
        inner = e.intrinsic("smin", deep, e.write("sub", k, start))
        tiles = rounds(e, inner, layout.DEEP)
        first = e.convert("zext", e.write("icmp eq", depth.index, e.index(0), kind="condition"), "index")
        with e.loop(there, e.index(1), 1, surely=False):
            e.store(e.index(0), packed)
            _pack(e, a, a.at(e, e.index(0), start), [m, inner], right, tiles, turned=a.along)
            e.store(e.index(1), packed)
        with e.loop(e.index(0), n, layout.ROWS) as rows:
            count = e.intrinsic("smin", e.index(layout.ROWS), e.write("sub", n, rows.index))
            straight = e.write("xor", b.along, Value("true", "condition"))
            _pack(e, b, b.at(e, rows.index, start), [count, inner], left, tiles, turned=straight)
            c = e.offset(job["c"], e.times(rows.index, job["ldc"]))
            sizes = [job["ldc"], rounds(e, count, TOGETHER), rounds(e, m, TOGETHER), tiles, first]
            given = "".join(f", i64 {size.text}" for size in sizes)
            e.line(f"call void @blocks(ptr {left.text}, ptr {right.text}, ptr {c.text}{given}, ptr {zeros.text})")
    e.line("call void @llvm.x86.tilerelease()")
    return [*function("internal void @work(ptr %job)", e, "ret void"), *e.declared.values()]


def _pack(e: Emitter, x: Matrix, start: Value, sizes: list[Value], to: Value, tiles: Value, *, turned: Value) -> None:
    """Bring a part of a matrix into tiles; numbers that these cannot have end the work, and `@plain` does it anew."""
    way = e.select(x.along, Value("@pack.lines", "pointer"), Value("@pack.columns", "pointer"))
    given = "".join(f", i64 {size.text}" for size in (x.apart, *sizes))
    parts = e.select(turned, e.index(layout.PARTS), e.index(0))
    worst = e.effect(
        f"call i32 {way.text}(ptr {start.text}{given}, ptr {to.text}, i64 {tiles.text}, i64 {parts.text})", "word"
    )

    def leave() -> None:
        e.line("call void @llvm.x86.tilerelease()")
        e.line("call void @plain(ptr %job)")
        e.line("ret void")

    e.unless(e.effect(f"icmp ult i32 {worst.text}, {LARGEST}", "condition"), leave)


def _plain() -> list[str]:
    """`@plain`: the same job by one sum after the other, in which endless numbers mean what they mean."""
    e = Emitter("float32")
    job = got(e, Value("%job", "pointer"), GIVEN)
    a, b = matrix(e, job, "a"), matrix(e, job, "b")
    apart = e.splat(e.select(a.along, a.apart, e.index(1)), SIDE)
    name, wide = f"llvm.masked.gather.v{SIDE}f32.v{SIDE}p0", f"<{SIDE} x float>"
    e.declared[name] = f"declare {wide} @{name}(<{SIDE} x ptr>, i32, <{SIDE} x i1>, {wide})"
    with e.loop(e.index(0), job["n"], 1) as row, e.loop(e.index(0), job["m"], SIDE) as column:
        lanes = e.write("add", e.splat(column.index, SIDE), lane_numbers())
        inside = e.write("icmp slt", lanes, e.splat(job["m"], SIDE), kind="condition")
        offsets = e.write("mul", lanes, apart)
        with e.loop(e.index(0), job["k"], 1, [e.splat(e.constant(0), SIDE)]) as loop:
            start = a.at(e, e.index(0), loop.index)
            places = e.effect(f"getelementptr float, ptr {start.text}, <{SIDE} x i64> {offsets.text}", "pointer")
            given = f"<{SIDE} x ptr> {places.text}, i32 4, <{SIDE} x i1> {inside.text}, {wide} zeroinitializer"
            x = e.effect(f"call {wide} @{name}({given})", "real")._replace(lanes=SIDE)
            loop.following = [e.intrinsic("fma", x, e.load(b.at(e, row.index, loop.index), 1), loop.carried[0])]
        e.store(loop.results[0], e.offset(e.offset(job["c"], e.times(row.index, job["ldc"])), column.index))
    return [*function("internal void @plain(ptr %job)", e, "ret void"), *e.declared.values()]


def _entry() -> list[str]:
    """`@sgemm`, which is called."""
    e = Emitter("float32")

    def deepest(columns: Value) -> Value:
        few = e.write("icmp sle", columns, e.index(layout.MANY), kind="condition")
        return e.select(few, *[e.index(layout.deepest(m)) for m in (layout.MANY, layout.MANY + 1)])

    return entry(e, "sgemm", deepest)
