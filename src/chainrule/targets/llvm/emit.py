"""Instructions of LLVM, placed at the outermost loop at which their operands are known.

Nothing cleans up after this: no pass runs over the text, so what can be shared or moved out of a loop is, as written.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from ctypes import c_float
from fractions import Fraction
from functools import cache
from itertools import count
from typing import Final, Literal, NamedTuple, TypeAlias

from chainrule.dataclasses import dataclass, field
from chainrule.numbers.floats import FLOAT_SCALARS

DType: TypeAlias = Literal["float64", "float32"]
Kind: TypeAlias = Literal["real", "condition", "integer", "word", "index", "pointer"]
_READABLE: Final = re.compile(r"-?\d+\.\d+")


@dataclass(frozen=True, slots=True)
class Real:
    """A floating-point type: its name in IR, the ending of LLVM's functions for it, the ending of C's, its bits."""

    name: str
    llvm_ending: str
    c_ending: str
    size: int
    mantissa: int  # bits after the point

    @property
    def integer(self) -> str:
        """The integer type of the same size."""
        return f"i{8 * self.size}"


@cache
def _type(real: Real, kind: Kind, lanes: int) -> str:
    name = {
        "real": real.name, "condition": "i1", "integer": real.integer, "word": "i32", "index": "i64", "pointer": "ptr",
    }[kind]  # fmt: skip
    return name if lanes == 1 else f"<{lanes} x {name}>"


REALS: Final = {"float64": Real("double", "f64", "", 8, 52), "float32": Real("float", "f32", "f", 4, 23)}


class Value(NamedTuple):
    """A register or a constant: its text, what it is, how many lanes it has, and the level of loops it is known at."""

    text: str
    kind: Kind = "real"
    lanes: int = 1
    level: int = 0


@dataclass(slots=True)
class Level:
    """The instructions inside of so many loops, and the label of the block they are in."""

    label: str
    lines: list[str] = field(default_factory=list)
    written: dict[str, Value] = field(default_factory=dict)


@dataclass(slots=True)
class Loop:
    """An open loop: its index, what it carries from round to round, and afterwards the last of these."""

    index: Value
    carried: list[Value]
    following: list[Value] = field(default_factory=list)
    results: list[Value] = field(default_factory=list)


class Emitter:
    """The text of one function, written level by level; `lanes` is the width of vectors in the nest being written."""

    def __init__(self, dtype: DType) -> None:
        self.real = REALS[dtype]
        self.declared: dict[str, str] = {}
        self.levels = [Level("entry")]
        self.lanes = 1
        self._registers = count(1)
        self._labels = count(1)
        self.products: dict[Value, tuple[Value, Value]] = {}
        self.bounds: dict[Value, tuple[float, float]] = {}  # of values, where they are known

    # -- types and constants

    def type(self, kind: Kind, lanes: int) -> str:
        """The name of a type: `double`, `<8 x i1>`, ..."""
        return _type(self.real, kind, lanes)

    def constant(self, value: Fraction | int | float) -> Value:
        """A number, rounded once to the type."""
        number = FLOAT_SCALARS.of(value)
        if self.real.size == 4:
            number = c_float(number).value
        text = repr(number)
        return Value(text if _READABLE.fullmatch(text) else f"0x{struct.pack('>d', number).hex().upper()}")

    def integer(self, value: int) -> Value:
        """A whole number of the size of a real one."""
        return Value(str(value), "integer")

    def index(self, value: int) -> Value:
        """A whole number to count and address with."""
        return Value(str(value), "index")

    # -- instructions

    def splat(self, value: Value, lanes: int | None = None) -> Value:
        """The same value in every lane."""
        lanes = self.lanes if lanes is None else lanes
        if value.lanes == lanes:
            return value
        type_, scalar = self.type(value.kind, lanes), self.type(value.kind, 1)
        if not value.text.startswith("%"):
            return value._replace(text=f"splat ({scalar} {value.text})", lanes=lanes)
        one = self._put(f"insertelement {type_} poison, {scalar} {value.text}, i32 0", value.kind, lanes, value.level)
        zeros = f"<{lanes} x i32> zeroinitializer"
        return self._put(f"shufflevector {type_} {one.text}, {type_} poison, {zeros}", value.kind, lanes, value.level)

    def write(self, instruction: str, *operands: Value, kind: Kind | None = None) -> Value:
        """An instruction on operands of one type; the result is of a `kind`, or like them."""
        lanes = max(operand.lanes for operand in operands)
        full = [self.splat(operand, lanes) for operand in operands]
        type_ = self.type(full[0].kind, lanes)
        result = kind or full[0].kind
        text = f"{instruction} {type_} {', '.join(operand.text for operand in full)}"
        return self._put(text, result, lanes, max(operand.level for operand in full))

    def convert(self, instruction: str, value: Value, kind: Kind) -> Value:
        """A conversion to another kind, such as `bitcast`."""
        text = f"{instruction} {self.type(value.kind, value.lanes)} {value.text} to {self.type(kind, value.lanes)}"
        return self._put(text, kind, value.lanes, value.level)

    def select(self, condition: Value, x: Value, y: Value) -> Value:
        """`x` where the condition holds, else `y`; both are evaluated."""
        lanes = max(condition.lanes, x.lanes, y.lanes)
        c, x, y = (self.splat(value, lanes) for value in (condition, x, y))
        type_ = self.type(x.kind, lanes)
        text = f"select {self.type('condition', lanes)} {c.text}, {type_} {x.text}, {type_} {y.text}"
        return self._put(text, x.kind, lanes, max(c.level, x.level, y.level))

    def intrinsic(self, name: str, *args: Value) -> Value:
        """A function of LLVM that becomes instructions, such as fabs or fma."""
        lanes = max(arg.lanes for arg in args)
        full = [self.splat(arg, lanes) for arg in args]
        ending = self.real.llvm_ending if full[0].kind == "real" else self.type(full[0].kind, 1)
        suffix = ending if lanes == 1 else f"v{lanes}{ending}"
        return self.called(f"llvm.{name}.{suffix}", full[0].kind, lanes, *full)

    def of_avx512(self, name: str, x: Value, *others: str) -> Value:
        """An instruction of AVX-512 by LLVM's name; of the operands after x, `poison` is of its type."""
        function, type_ = f"llvm.x86.avx512.{name}", self.type("real", x.lanes)
        rest = [f"{type_} poison" if operand == "poison" else operand for operand in others]
        types = ", ".join([type_, *[operand.rsplit(" ", 1)[0] for operand in rest]])
        self.declared[function] = f"declare {type_} @{function}({types})"
        text = f"call {type_} @{function}({', '.join([f'{type_} {x.text}', *rest])})"
        return self._put(text, "real", x.lanes, x.level)

    def called(self, function: str, kind: Kind, lanes: int, *args: Value) -> Value:
        """What a function of LLVM makes of its arguments, by its full name."""
        result, types = self.type(kind, lanes), [self.type(arg.kind, arg.lanes) for arg in args]
        self.declared[function] = f"declare {result} @{function}({', '.join(types)})"
        operands = ", ".join(f"{type_} {arg.text}" for type_, arg in zip(types, args, strict=True))
        return self._put(f"call {result} @{function}({operands})", kind, lanes, max(arg.level for arg in args))

    def call(self, name: str, x: Value) -> Value:
        """A function of this module's own."""
        type_ = self.type("real", x.lanes)
        return self._put(f"call {type_} @{name}({type_} {x.text})", "real", x.lanes, x.level)

    def lane(self, vector: Value, lane: int) -> Value:
        """One lane of a vector."""
        text = f"extractelement {self.type(vector.kind, vector.lanes)} {vector.text}, i32 {lane}"
        return self._put(text, vector.kind, 1, vector.level)

    def gathered(self, parts: Sequence[Value]) -> Value:
        """A vector of single values."""
        if len(parts) == 1:
            return parts[0]
        lanes, kind = len(parts), parts[0].kind
        type_, scalar = self.type(kind, lanes), self.type(kind, 1)
        result = Value("poison", kind, lanes)
        level = 0
        for lane, part in enumerate(parts):
            level = max(level, part.level)
            result = self._put(
                f"insertelement {type_} {result.text}, {scalar} {part.text}, i32 {lane}", kind, lanes, level
            )
        return result

    def shuffle(self, x: Value, y: Value, lanes: Sequence[int]) -> Value:
        """Lanes picked from two vectors, one behind the other."""
        if x.lanes == 1:
            return self.gathered([(x, y)[lane] for lane in lanes])
        if len(lanes) == 1:
            return self.lane((x, y)[lanes[0] // x.lanes], lanes[0] % x.lanes)
        type_ = self.type(x.kind, x.lanes)
        mask = ", ".join(f"i32 {lane}" for lane in lanes)
        text = f"shufflevector {type_} {x.text}, {type_} {y.text}, <{len(lanes)} x i32> <{mask}>"
        return self._put(text, x.kind, len(lanes), max(x.level, y.level))

    def resized(self, x: Value, lanes: int) -> Value:
        """The first lanes of a value; those it does not have are anything."""
        if x.lanes == lanes:
            return x
        if lanes == 1:
            return self.lane(x, 0)
        type_ = self.type(x.kind, x.lanes)
        if x.lanes == 1:
            wide = self.type(x.kind, lanes)
            return self._put(f"insertelement {wide} poison, {type_} {x.text}, i32 0", x.kind, lanes, x.level)
        mask = ", ".join(f"i32 {lane if lane < x.lanes else 'poison'}" for lane in range(lanes))
        text = f"shufflevector {type_} {x.text}, {type_} poison, <{lanes} x i32> <{mask}>"
        return self._put(text, x.kind, lanes, x.level)

    def load(self, pointer: Value, lanes: int, *, kind: Kind = "real") -> Value:
        """What stands at an address; the text of the address is the value's identity, so a stored one is not reread."""
        align = 8 if kind in ("index", "pointer") else self.real.size
        return self._put(
            f"load {self.type(kind, lanes)}, ptr {pointer.text}, align {align}", kind, lanes, pointer.level
        )

    def store(self, value: Value, pointer: Value) -> None:
        """Put a value into memory, at the innermost open level."""
        align = 8 if value.kind in ("index", "pointer") else self.real.size
        self.line(f"store {self.type(value.kind, value.lanes)} {value.text}, ptr {pointer.text}, align {align}")

    def fetch(self, pointer: Value) -> None:
        """Have what stands at an address brought to the second cache."""
        self.line(f"call void @llvm.prefetch.p0(ptr {pointer.text}, i32 0, i32 2, i32 1)")
        self.declared["llvm.prefetch.p0"] = "declare void @llvm.prefetch.p0(ptr, i32, i32, i32)"

    def offset(self, pointer: Value, by: Value, *, kind: Kind = "real") -> Value:
        """An address so many numbers further on."""
        if by.text == "0":
            return pointer
        level = max(pointer.level, by.level)
        text = f"getelementptr {self.type(kind, 1)}, ptr {pointer.text}, i64 {by.text}"
        return self._put(text, "pointer", 1, level)

    def times(self, x: Value, y: Value) -> Value:
        """The product of two indices."""
        for one, other in ((x, y), (y, x)):
            if one.text in ("0", "1"):
                return other if one.text == "1" else one
        if x.text.isdecimal() and y.text.isdecimal():
            return self.index(int(x.text) * int(y.text))
        return self.write("mul", x, y)

    def plus(self, x: Value, y: Value) -> Value:
        """The sum of two indices."""
        for one, other in ((x, y), (y, x)):
            if one.text == "0":
                return other
        if x.text.isdecimal() and y.text.isdecimal():
            return self.index(int(x.text) + int(y.text))
        return self.write("add", x, y)

    def wider(self) -> Emitter:
        """An emitter of float64 numbers into the same text."""
        other = copy(self)
        other.real, other.products, other.bounds = REALS["float64"], {}, {}
        return other

    def widened(self, value: Value) -> Value:
        """A number as float64."""
        return self._cast("fpext", value, self, self.wider())

    def narrowed(self, value: Value) -> Value:
        """A float64 number in this width."""
        return self._cast("fptrunc", value, self.wider(), self)

    def _cast(self, instruction: str, value: Value, source: Emitter, target: Emitter) -> Value:
        before, after = (e.type("real", value.lanes) for e in (source, target))
        return self._put(f"{instruction} {before} {value.text} to {after}", "real", value.lanes, value.level)

    def forget_loads(self) -> None:
        """What was loaded may have been overwritten."""
        for level in self.levels:
            level.written = {text: value for text, value in level.written.items() if not text.startswith("load ")}

    def line(self, text: str) -> None:
        """A line at the innermost open level, written even if it is there already."""
        self.levels[-1].lines.append(text)

    def effect(self, text: str, kind: Kind) -> Value:
        """An instruction at the innermost open level whose result is its own each time."""
        result = self._name(kind, 1, len(self.levels) - 1)
        self.line(f"{result.text} = {text}")
        return result

    def _put(self, text: str, kind: Kind, lanes: int, level: int) -> Value:
        for open_level in self.levels:
            found = open_level.written.get(text)
            if found is not None:
                return found
        place = self.levels[level]
        result = place.written[text] = self._name(kind, lanes, level)
        place.lines.append(f"{result.text} = {text}")
        return result

    def _name(self, kind: Kind, lanes: int, level: int) -> Value:
        return Value(f"%v{next(self._registers)}", kind, lanes, level)

    # -- loops

    @contextmanager
    def loop(
        self, start: Value, stop: Value, step: int, carried: Sequence[Value] = (), *, surely: bool = True
    ) -> Iterator[Loop]:
        """Instructions repeated for index = start, start + step, ... below stop; `surely` says that it is entered.

        The body sets `following` to what it carries into the next round; `results` are the last of these.
        """
        name, level = f"loop{next(self._labels)}", len(self.levels)
        index = self._name("index", 1, level)
        phis = [self._name(value.kind, value.lanes, level) for value in carried]
        open_loop = Loop(index, phis)
        self.levels.append(Level(name))
        yield open_loop
        body, outer = self.levels.pop(), self.levels[-1]
        before, end, exit_ = outer.label, body.label, f"end{name}"
        test = "" if surely else f"%in{name}"
        if surely:
            outer.lines.append(f"br label %{name}")
        else:
            outer.lines += [
                f"{test} = icmp slt i64 {start.text}, {stop.text}",
                f"br i1 {test}, label %{name}, label %{exit_}",
            ]
        outer.lines += [f"{name}:", f"{index.text} = phi i64 [ {start.text}, %{before} ], [ %next{name}, %{end} ]"]
        following = open_loop.following
        for phi, first, last in zip(phis, carried, following, strict=True):
            type_ = self.type(phi.kind, phi.lanes)
            outer.lines.append(f"{phi.text} = phi {type_} [ {first.text}, %{before} ], [ {last.text}, %{end} ]")
        outer.lines += body.lines
        outer.lines += [
            f"%next{name} = add i64 {index.text}, {step}",
            f"%again{name} = icmp slt i64 %next{name}, {stop.text}",
            f"br i1 %again{name}, label %{name}, label %{exit_}",
            f"{exit_}:",
        ]
        outer.label = exit_
        for first, last in zip(carried, following, strict=True):
            if surely:
                open_loop.results.append(last._replace(level=level - 1))
            else:
                result = self._name(last.kind, last.lanes, level - 1)
                type_ = self.type(last.kind, last.lanes)
                pairs = f"[ {first.text}, %{before} ], [ {last.text}, %{end} ]"
                outer.lines.append(f"{result.text} = phi {type_} {pairs}")
                open_loop.results.append(result)

    def usually(self, condition: Value, value: Value, x: Value, otherwise: Callable[[Emitter, Value], Value]) -> Value:
        """A value where a condition holds, as it does nearly always in all lanes, else what is made of x instead."""
        lanes, level, place = x.lanes, x.level, self.levels[x.level]
        on, off = f"on{next(self._labels)}", f"off{next(self._labels)}"
        other = copy(self)
        other.levels, other.products, other.bounds = [Level(off)], {}, {}
        chosen, near, far = (part._replace(level=0) for part in (condition, value, x))
        made = other.select(chosen, near, otherwise(other, far))
        if lanes > 1:
            condition = self.called(f"llvm.vector.reduce.and.v{lanes}i1", "condition", 1, condition)
        result, type_ = self._name("real", lanes, level), self.type("real", lanes)
        there = [f"{off}:", *other.levels[0].lines, f"br label %{on}", f"{on}:"]
        place.lines += [
            f"br i1 {condition.text}, label %{on}, label %{off}, !prof !0",
            *there,
            f"{result.text} = phi {type_} [ {value.text}, %{place.label} ], [ {made.text}, %{off} ]",
        ]
        place.label = on
        self.declared["!0"] = '!0 = !{!"branch_weights", i32 4000, i32 1}'
        return result

    def unless(self, condition: Value, otherwise: Callable[[], None]) -> None:
        """Leave the function by what `otherwise` writes, where the condition does not hold."""
        number = next(self._labels)
        on, off = f"on{number}", f"off{number}"
        self.line(f"br i1 {condition.text}, label %{on}, label %{off}")
        self.line(f"{off}:")
        otherwise()
        self.line(f"{on}:")
        self.levels[-1].label = on
