"""Matrices of float32 brought into the tiles of AMX: each number as the sum of three of bfloat16, which it is exactly.

A tile has 16 rows of 16 units, and a unit two numbers of bfloat16 that meet two of the other matrix. Which two is free,
as long as both matrices agree: those 16 apart, so that a unit is made of two vectors lane by lane.
"""

from __future__ import annotations

from typing import Final

from chainrule.targets.llvm.amx_layout import BLOCK, DEEP, PARTS, SIDE, TILE
from chainrule.targets.llvm.emit import Emitter, Value
from chainrule.targets.llvm.joining import turned
from chainrule.targets.llvm.module import function

LARGEST: Final = 0x5F800000  # the bits of 2^64: of numbers from there on, and of endless ones, no sum of parts is made
_HALF: Final = 1 << 15
_UPPER: Final = -(1 << 16)  # the bits of a float32 that bfloat16 has


def packing_functions() -> list[str]:
    """`@pack.lines` and `@pack.columns`, for matrices whose numbers are neighbours along the summed axis, and others.

    i32 (matrix, how far lines are apart, size of the free axis, of the summed one, where to, tiles a panel, turned)

    A panel is 16 places along the free axis, and has so many tiles for each part. Rows of a tile are the lines of the
    matrix; `turned` is PARTS if they are to be its units, else 0. Returns the bits of the largest magnitude.
    """
    lines: list[str] = []
    for name in ("lines", "columns"):
        e = Emitter("float32")
        worst = _panels(e, along=name == "lines")
        given = "ptr %x, i64 %apart, i64 %free, i64 %inner, ptr %to, i64 %tiles, i64 %turned"
        largest = e.effect(f"call i32 @llvm.vector.reduce.umax.v{SIDE}i32(<{SIDE} x i32> {worst.text})", "integer")
        e.declared["reduce"] = f"declare i32 @llvm.vector.reduce.umax.v{SIDE}i32(<{SIDE} x i32>)"
        lines += [*function(f"internal i32 @pack.{name}({given})", e, f"ret i32 {largest.text}"), *e.declared.values()]
    return lines


def _panels(e: Emitter, *, along: bool) -> Value:
    """All tiles of all panels, line after line as they lie in memory; the largest magnitude of each lane."""
    tiles, free = Value("%tiles", "index"), Value("%free", "index")
    panels = e.write("udiv", e.plus(free, e.index(SIDE - 1)), e.index(SIDE))
    zeros = e.splat(e.integer(0), SIDE)
    with e.loop(e.index(0), panels if along else tiles, 1, [zeros]) as outer:
        with e.loop(e.index(0), tiles if along else panels, 1, outer.carried) as inner:
            panel, tile = (outer.index, inner.index) if along else (inner.index, outer.index)
            inner.following = [_tile(e, panel, tile, inner.carried[0], along=along)]
        outer.following = inner.results
    return outer.results[0]


def _tile(e: Emitter, panel: Value, tile: Value, worst: Value, *, along: bool) -> Value:
    """The parts of the numbers of one tile."""
    x, apart, one = Value("%x", "pointer"), Value("%apart", "index"), e.index(1)
    at_free, at_inner = e.times(panel, e.index(SIDE)), e.times(tile, e.index(DEEP))
    free_step, inner_step = (apart, one) if along else (one, apart)
    start = e.offset(e.offset(x, e.times(at_free, free_step)), e.times(at_inner, inner_step))
    beside = e.times(e.index(SIDE), inner_step)
    free_left, left = (
        e.write("sub", Value(name, "index"), at) for name, at in (("%free", at_free), ("%inner", at_inner))
    )
    left_beside = e.plus(left, e.index(-SIDE))
    lanes, lines = ((left, left_beside), (free_left,) * 2) if along else ((free_left,) * 2, (left, left_beside))
    to = _block(e, panel, tile)
    with e.loop(e.index(0), e.index(SIDE), 1, [worst]) as loop:
        place = e.offset(start, e.times(loop.index, apart))
        low = _loaded(e, place, loop.index, lanes[0], lines[0])
        high = _loaded(e, e.offset(place, beside), loop.index, lanes[1], lines[1])
        sizes = [e.write("and", e.convert("bitcast", v, "integer"), e.integer(0x7FFFFFFF)) for v in (low, high)]
        loop.following = [e.intrinsic("umax", e.intrinsic("umax", loop.carried[0], sizes[0]), sizes[1])]
        row = e.offset(to, e.times(loop.index, e.index(SIDE)))
        for part in range(PARTS):
            unit, low, high = _split(e, low, high)
            e.store(unit, e.offset(row, e.index(part * TILE // 4)))
    with e.loop(e.index(0), Value("%turned", "index"), 1, surely=False) as turn:
        _turn(e, e.offset(to, e.times(turn.index, e.index(TILE // 4))))
    return loop.results[0]


def _block(e: Emitter, panel: Value, tile: Value) -> Value:
    """Where the first part of a tile goes."""
    before = e.plus(e.times(panel, Value("%tiles", "index")), tile)
    return e.offset(Value("%to", "pointer"), e.times(before, e.index(BLOCK // 4)))


def _loaded(e: Emitter, place: Value, line: Value, lanes: Value, lines: Value) -> Value:
    """A vector of a line, with zeros beyond the ends of the matrix."""
    inside = e.write("icmp slt", line, lines, kind="condition")
    count = e.select(inside, e.intrinsic("smax", lanes, e.index(0)), e.index(0))
    several = e.splat(e.intrinsic("smin", count, e.index(SIDE)), SIDE)
    mask = e.write("icmp slt", lane_numbers(), several, kind="condition")
    name, wide = f"llvm.masked.load.v{SIDE}f32.p0", f"<{SIDE} x float>"
    e.declared[name] = f"declare {wide} @{name}(ptr, i32, <{SIDE} x i1>, {wide})"
    given = f"ptr {place.text}, i32 4, <{SIDE} x i1> {mask.text}, {wide} zeroinitializer"
    return e.effect(f"call {wide} @{name}({given})", "real")._replace(lanes=SIDE)


def lane_numbers() -> Value:
    """0, 1, 2, ..."""
    return Value(f"<{', '.join(f'i64 {lane}' for lane in range(SIDE))}>", "index", SIDE)


def _split(e: Emitter, low: Value, high: Value) -> tuple[Value, Value, Value]:
    """The numbers of two vectors in bfloat16, as units, and what is left of them: rounding leaves exact remainders."""
    near = [
        e.write("and", e.write("add", e.convert("bitcast", v, "integer"), e.integer(_HALF)), e.integer(_UPPER))
        for v in (low, high)
    ]
    unit = e.write("or", e.write("lshr", near[0], e.integer(16)), near[1])
    rest = [e.write("fsub", v, e.convert("bitcast", part, "real")) for v, part in zip((low, high), near, strict=True)]
    return unit, rest[0], rest[1]


def _turn(e: Emitter, tile: Value) -> None:
    """Let rows and units of a tile change places."""
    places = [e.offset(tile, e.index(k * SIDE)) for k in range(SIDE)]
    rows = turned(e, [e.load(place, SIDE) for place in places], SIDE)
    for row, place in zip(rows, places, strict=True):
        e.store(row, place)
