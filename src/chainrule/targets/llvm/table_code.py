"""The code of tables: a loop for each formula, a function that goes through the groups, and one to be called from."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any, ClassVar, Final

from chainrule.targets.llvm.emit import REALS, DType, Emitter, Kind, Value
from chainrule.targets.llvm.entry import flush_declarations, flush_off, flush_on
from chainrule.targets.llvm.functions import Functions, scalars_of
from chainrule.targets.llvm.machine import Machine
from chainrule.targets.llvm.module import assemble, function
from chainrule.targets.llvm.patterns import Pattern, size_of, write_pattern

_WIDEST: Final = 8  # groups are short, and lanes that are left over cost as much as others


class Context(ctypes.Structure):
    """What the code gets: the tables, where the first result goes, and how many numbers come in and go out."""

    _fields_: ClassVar[Any] = [
        *[(name, ctypes.c_void_p) for name in ("values", "arguments", "groups")],
        ("places", ctypes.c_void_p),  # where the roots stand
        *[(name, ctypes.c_int64) for name in ("number", "start", "inputs", "roots")],
    ]


def width_of(dtype: DType, machine: Machine) -> int:
    """How many nodes of a group are worked out at a time."""
    return min(_WIDEST, machine.vector_bytes // REALS[dtype].size)


def table_text(dtype: DType, patterns: Sequence[Pattern], machine: Machine) -> str:
    """The module: `evaluate(context)`, and `run(context, given, results)` around it."""
    lines: list[str] = []
    for number, pattern in enumerate(patterns):
        e = Emitter(dtype)
        lanes, arity = width_of(dtype, machine), size_of(pattern)
        count = Value("%count", "index")
        with e.loop(e.index(0), count, 1) as loop:
            first = e.times(loop.index, e.index(arity * lanes))
            args = [_gathered(e, e.plus(first, e.index(k * lanes)), lanes) for k in range(arity)]
            result = write_pattern(pattern, e, scalars_of(e), args)
            place = e.offset(Value("%results", "pointer"), e.times(loop.index, e.index(lanes)))
            e.store(e.splat(Functions(e).real(result), lanes), place)
        after = e.offset(Value("%arguments", "pointer"), e.times(count, e.index(arity * lanes)), kind="word")
        head = f"internal ptr @formula.{number}(ptr %values, ptr %results, ptr %arguments, i64 %count)"
        lines += [*function(head, e, f"ret ptr {after.text}"), *e.declared.values()]
    lines += _evaluate(len(patterns), REALS[dtype].name, width_of(dtype, machine), machine)
    lines += _run(dtype)
    return assemble([*lines, *flush_declarations(machine)], machine.vector_bytes)


def _gathered(e: Emitter, first: Value, lanes: int) -> Value:
    """The values that so many entries of the arguments name."""
    numbers = e.load(e.offset(Value("%arguments", "pointer"), first, kind="word"), lanes, kind="word")
    real, wide = e.real.name, e.type("real", lanes)
    places = e.effect(f"getelementptr {real}, ptr %values, <{lanes} x i32> {numbers.text}", "pointer")
    name = f"llvm.masked.gather.v{lanes}{e.real.llvm_ending}.v{lanes}p0"
    e.declared[name] = f"declare {wide} @{name}(<{lanes} x ptr>, i32, <{lanes} x i1>, {wide})"
    operands = f"<{lanes} x ptr> {places.text}, i32 {e.real.size}, <{lanes} x i1> splat (i1 true), {wide} poison"
    return e.effect(f"call {wide} @{name}({operands})", "real")._replace(lanes=lanes)


def _evaluate(patterns: int, real: str, lanes: int, machine: Machine) -> list[str]:
    cases = " ".join(f"i32 {k}, label %formula{k}" for k in range(patterns))
    body = [*flush_on(machine)]
    for name in ("values", "arguments", "groups", "number", "start"):
        field = getattr(Context, name)
        kind = "i64" if name in ("number", "start") else "ptr"
        body += [
            f"%{name}.at = getelementptr i8, ptr %context, i64 {field.offset}",
            f"%{name} = load {kind}, ptr %{name}.at",
        ]
    body += [
        f"%first = getelementptr {real}, ptr %values, i64 %start",
        "%some = icmp sgt i64 %number, 0",
        "br i1 %some, label %group, label %end",
        "group:",
        "%g = phi i64 [ 0, %entry ], [ %g.next, %next ]",
        "%results = phi ptr [ %first, %entry ], [ %results.next, %next ]",
        "%places = phi ptr [ %arguments, %entry ], [ %places.next, %next ]",
        "%row = getelementptr [2 x i32], ptr %groups, i64 %g",
        "%formula = load i32, ptr %row",
        "%count.at = getelementptr i32, ptr %row, i64 1",
        "%count.short = load i32, ptr %count.at",
        "%count = zext i32 %count.short to i64",
        f"switch i32 %formula, label %next [ {cases} ]",
    ]
    for k in range(patterns):
        body += [
            f"formula{k}:",
            f"%after.{k} = call ptr @formula.{k}(ptr %values, ptr %results, ptr %places, i64 %count)",
            "br label %next",
        ]
    joined = ", ".join(["[ %places, %group ]", *[f"[ %after.{k}, %formula{k} ]" for k in range(patterns)]])
    body += [
        "next:",
        f"%places.next = phi ptr {joined}",
        f"%made = mul i64 %count, {lanes}",
        f"%results.next = getelementptr {real}, ptr %results, i64 %made",
        "%g.next = add i64 %g, 1",
        "%more = icmp slt i64 %g.next, %number",
        "br i1 %more, label %group, label %end",
        "end:",
        *flush_off(machine),
        "ret void",
    ]
    indented = [line if line.endswith(":") else f"  {line}" for line in body]
    return ["define void @evaluate(ptr %context) #0 {", "entry:", *indented, "}"]


def _run(dtype: DType) -> list[str]:
    e = Emitter(dtype)

    def field(name: str, kind: Kind) -> Value:
        place = e.effect(f"getelementptr i8, ptr %context, i64 {getattr(Context, name).offset}", "pointer")
        return e.load(place, 1, kind=kind)

    def copied(source: Value, target: Value) -> None:
        e.store(e.effect(f"load {e.real.name}, ptr {source.text}", "real"), target)

    values, places = field("values", "pointer"), field("places", "pointer")
    with e.loop(e.index(0), field("inputs", "index"), 1, surely=False) as loop:
        copied(e.offset(Value("%given", "pointer"), loop.index), e.offset(values, loop.index))
    e.line("call void @evaluate(ptr %context)")
    with e.loop(e.index(0), field("roots", "index"), 1, surely=False) as loop:
        place = e.load(e.offset(places, loop.index, kind="index"), 1, kind="index")
        copied(e.offset(values, place), e.offset(Value("%results", "pointer"), loop.index))
    return function("void @run(ptr %context, ptr %given, ptr %results)", e, "ret void")
