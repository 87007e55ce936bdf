"""How a large product is divided into jobs, one for each thread; what a job does is another module's business.

The arguments are those of a BLAS. A job has some rows of the result, or some columns, and sums as the whole would: the
results are the same bits on any number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from chainrule.dataclasses import dataclass
from chainrule.targets.llvm import gemm_layout as layout
from chainrule.targets.llvm.emit import Emitter, Kind, Value
from chainrule.targets.llvm.module import function

_LEAST_WORK: Final = 25  # a thread is worth its while for 2^25 products: a quarter of a millisecond
_POINTERS: Final = ("a", "b", "c", "memory", "create", "join")


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


def entry(e: Emitter, name: str, together: int, deepest: Callable[[Value], Value]) -> list[str]:
    """The function that is called: the arguments of Fortran are made jobs of `@work`, of whole blocks of `together`.

    How many numbers are summed before sums go to memory hangs on the number of columns.
    """
    job = {size: _whole(e, size) for size in ("m", "n", "k", "lda", "ldb", "ldc")}
    job |= {"a.along": _is_letter(e, "ta", "T"), "b.along": _is_letter(e, "tb", "N")}
    job |= {pointer: Value(f"%{pointer}", "pointer") for pointer in ("a", "b", "c")}
    job |= {"again": Value("%again", "index"), "deepest": deepest(job["m"])}
    context = got(e, Value("%context", "pointer"), layout.CONTEXT)
    m, n = job["m"], job["n"]
    worth = e.write("lshr", e.times(m, e.times(n, job["k"])), e.index(_LEAST_WORK))
    threads = e.intrinsic("smin", context["threads"], e.intrinsic("smax", worth, e.index(1)))
    by_rows = e.write("icmp sge", n, m, kind="condition")
    divided = e.select(by_rows, n, m)
    share = e.write("udiv", e.plus(divided, e.plus(threads, e.index(-1))), threads)
    share = e.times(rounds(e, share, together), e.index(together))
    threads = e.write("udiv", e.plus(divided, e.plus(share, e.index(-1))), share)

    def record(thread: Value) -> Value:
        return moved(e, context["memory"], e.times(thread, context["each"]))

    a, b, none = matrix(e, job, "a"), matrix(e, job, "b"), e.index(0)
    with e.loop(none, threads, 1) as loop:
        start = e.times(loop.index, share)
        size = e.intrinsic("smin", share, e.write("sub", divided, start))
        row, column = e.select(by_rows, start, none), e.select(by_rows, none, start)
        mine = job | {
            "a": a.at(e, column, none),
            "b": b.at(e, row, none),
            "c": e.offset(e.offset(job["c"], e.times(row, job["ldc"])), column),
            "m": e.select(by_rows, m, size),
            "n": e.select(by_rows, size, n),
        }
        here = record(loop.index)
        for word, value in mine.items():
            e.store(value, field(e, here, layout.JOB, word))
    _run_all(e, threads, record, context)
    head = f"void @{name}({', '.join(f'ptr %{argument}' for argument in layout.ARGUMENTS)}, i64 %again)"
    return [*function(head, e, "ret void"), *e.declared.values()]


def _whole(e: Emitter, name: str) -> Value:
    return e.effect(f"sext i32 {e.effect(f'load i32, ptr %{name}', 'word').text} to i64", "index")


def _is_letter(e: Emitter, name: str, letter: str) -> Value:
    found = e.effect(f"load i8, ptr %{name}", "word")
    return e.convert("zext", e.effect(f"icmp eq i8 {found.text}, {ord(letter)}", "condition"), "index")


def _run_all(e: Emitter, threads: Value, record: Callable[[Value], Value], context: dict[str, Value]) -> None:
    """Do the first job here, and the others on threads of their own; those that cannot be started here as well."""
    with e.loop(e.index(1), threads, 1, surely=False) as loop:
        here = record(loop.index)
        thread = field(e, here, layout.JOB, "thread")
        given = f"ptr {thread.text}, ptr null, ptr @work, ptr {here.text}"
        refused = e.effect(f"call i32 {context['create'].text}({given})", "word")
        missing = e.convert("zext", e.effect(f"icmp ne i32 {refused.text}, 0", "condition"), "index")
        e.store(missing, field(e, here, layout.JOB, "missing"))
        with e.loop(e.index(0), missing, 1, surely=False):
            e.effect(f"call ptr @work(ptr {here.text})", "pointer")
    e.effect(f"call ptr @work(ptr {context['memory'].text})", "pointer")
    with e.loop(e.index(1), threads, 1, surely=False) as loop:
        here = record(loop.index)
        missing = e.load(field(e, here, layout.JOB, "missing"), 1, kind="index")
        with e.loop(missing, e.index(1), 1, surely=False):
            thread = e.effect(f"load i64, ptr {field(e, here, layout.JOB, 'thread').text}", "index")
            e.effect(f"call i32 {context['join'].text}(i64 {thread.text}, ptr null)", "word")
