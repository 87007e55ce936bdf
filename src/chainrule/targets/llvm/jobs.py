"""What a function that forms a large product is told: the arguments of a BLAS, as a record of words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from chainrule.dataclasses import dataclass
from chainrule.targets.llvm import gemm_layout as layout
from chainrule.targets.llvm.emit import Emitter, Kind, Value
from chainrule.targets.llvm.module import function

_POINTERS: Final = ("a", "b", "c")


def got(e: Emitter, record: Value, names: tuple[str, ...]) -> dict[str, Value]:
    """The entries of a record of words."""
    kinds: dict[str, Kind] = {name: "pointer" if name in _POINTERS else "index" for name in names}
    return {name: e.load(field(e, record, names, name), 1, kind=kind) for name, kind in kinds.items()}


def field(e: Emitter, record: Value, names: tuple[str, ...], name: str) -> Value:
    """Where an entry of a record is."""
    return e.offset(record, e.index(names.index(name)), kind="index")


def moved(e: Emitter, pointer: Value, by: Value) -> Value:
    """An address so many bytes further on."""
    return e.effect(f"getelementptr i8, ptr {pointer.text}, i64 {by.text}", "pointer")


def rounds(e: Emitter, count: Value, whole: int) -> Value:
    """How many times `whole` it takes."""
    return e.write("udiv", e.plus(count, e.index(whole - 1)), e.index(whole))


@dataclass(frozen=True, slots=True)
class Matrix:
    """One of the two that are multiplied: where, how far its lines are apart, and if they run along the summed axis."""

    start: Value
    apart: Value
    along: Value

    def at(self, e: Emitter, free: Value, inner: Value) -> Value:
        """Where an element is."""
        one = e.index(1)
        steps = e.select(self.along, self.apart, one), e.select(self.along, one, self.apart)
        return e.offset(e.offset(self.start, e.times(inner, steps[1])), e.times(free, steps[0]))


def matrix(e: Emitter, job: dict[str, Value], name: str) -> Matrix:
    """The matrix `a` or `b` of a job."""
    along = e.write("icmp ne", job[f"{name}.along"], e.index(0), kind="condition")
    return Matrix(job[name], job[f"ld{name}"], along)


def entry(e: Emitter, name: str, deepest: Callable[[Value], Value]) -> list[str]:
    """The function that is called: the arguments of Fortran are made the job of `@work`.

    How many numbers are summed before sums go to memory hangs on the number of columns.
    """
    job = {size: _whole(e, size) for size in ("m", "n", "k", "lda", "ldb", "ldc")}
    job |= {"a.along": _is_letter(e, "ta", "T"), "b.along": _is_letter(e, "tb", "N")}
    job |= {pointer: Value(f"%{pointer}", "pointer") for pointer in ("a", "b", "c")}
    job |= {"again": Value("%again", "index"), "deepest": deepest(job["m"])}
    memory = Value("%context", "pointer")
    for word, value in job.items():
        e.store(value, field(e, memory, layout.JOB, word))
    e.line(f"call void @work(ptr {memory.text})")
    head = f"void @{name}({', '.join(f'ptr %{argument}' for argument in layout.ARGUMENTS)}, i64 %again)"
    return [*function(head, e, "ret void"), *e.declared.values()]


def _whole(e: Emitter, name: str) -> Value:
    return e.effect(f"sext i32 {e.effect(f'load i32, ptr %{name}', 'word').text} to i64", "index")


def _is_letter(e: Emitter, name: str, letter: str) -> Value:
    found = e.effect(f"load i8, ptr %{name}", "word")
    return e.convert("zext", e.effect(f"icmp eq i8 {found.text}, {ord(letter)}", "condition"), "index")
