"""A `Program` as LLVM IR: the step of a training loop unrolled to single numbers, and the loop around it.

The state stays in registers from update to update and is stored once at the end; nothing is rearranged, so that the
text can be read beside the formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Final

from chainrule.errors import ChainruleError, ShapeError
from chainrule.evaluate import evaluate_all
from chainrule.graph import Program
from chainrule.iterate import loop_inputs
from chainrule.node import Node, label_of, order
from chainrule.numbers.array import arrays_over, items_of, pack
from chainrule.quantity import spell
from chainrule.targets.llvm.emit import WITHOUT_NATIVE_CODE, DType, Emitter, Value, scalars_of
from chainrule.transforms.units import element_labels

LARGEST: Final = 50_000  # instructions; the compiler takes about a millisecond for each
FUNCTION: Final = "run"


@dataclass(frozen=True, slots=True)
class Slot:
    """Where an array's numbers lie in a buffer: from `start` on, in row-major order."""

    node: Node
    shape: tuple[int, ...]
    start: int

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class Layout:
    """What the buffers of a compiled program hold; `given` are the inputs that stay the same."""

    state: tuple[Slot, ...]
    examples: tuple[Slot, ...]
    given: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """A program as IR text, with the layout of its buffers and the functions it needs from the C library."""

    text: str
    layout: Layout
    dtype: DType
    library: tuple[str, ...]
    instructions: int


def program_ir(program: Program, *, dtype: DType = "float64") -> Code:
    """The IR of `void run(state, examples, given, rows, first, updates)`.

    The first three are buffers of numbers, `examples` with `rows` rows one after the other; update n takes the row
    (first + n) mod rows, and `first` is below `rows`. Raises `ShapeError` if a size is not known, `ChainruleError` for
    an op without native code and for a program of more than 50,000 instructions.
    """
    afters = [s.after for s in program.state.values()]
    _check(afters)
    layout = Layout(
        _slots([s.before for s in program.state.values()]),
        _slots(program.examples),
        _slots(loop_inputs(program, afters)),
    )
    emitter = Emitter(dtype)
    numbers = arrays_over(scalars_of(emitter))
    known: dict[Node, Any] = {}
    for letter, slots in (("s", layout.state), ("x", layout.examples), ("g", layout.given)):
        for slot in slots:
            known[slot.node] = pack(slot.shape, [Value(f"%{letter}{k}") for k in _range(slot)])
    table = evaluate_all(afters, {}, numbers=numbers, known=known)
    after = [emitter.as_real(item).text for root in afters for item in items_of(table[root])]
    if len(emitter.lines) > LARGEST:
        raise ChainruleError(
            f"one update is {len(emitter.lines)} instructions, expected at most {LARGEST}.",
            hint="Larger programs need a schedule with loops; run this one on the reference evaluator.",
        )
    library = tuple(sorted(name for name in emitter.declared if not name.startswith("llvm.")))
    return Code(_text(emitter, layout, after), layout, dtype, library, len(emitter.lines))


def _check(roots: Sequence[Node]) -> None:
    for current in order(roots):
        name = current.op.name
        if name in WITHOUT_NATIVE_CODE:
            raise ChainruleError(
                f"the op {name} has no native code: {WITHOUT_NATIVE_CODE[name]}.",
                hint="Run this program on the reference evaluator.",
            )
        for size in current.type.shape:
            if isinstance(size, str):
                raise ShapeError(f"the size {size} must be a number in native code.")


def _slots(nodes: Sequence[Node]) -> tuple[Slot, ...]:
    slots: list[Slot] = []
    start = 0
    for current in nodes:
        if current.type.kind == "boolean":
            raise ShapeError(f"{spell(label_of(current))} is a condition, expected numbers.")
        shape = tuple([size for size in current.type.shape if isinstance(size, int)])
        slots.append(Slot(current, shape, start))
        start += prod(shape)
    return tuple(slots)


def width(slots: Sequence[Slot]) -> int:
    """How many numbers the slots hold together."""
    return sum(slot.size for slot in slots)


def _range(slot: Slot) -> range:
    return range(slot.start, slot.start + slot.size)


def _text(emitter: Emitter, layout: Layout, after: Sequence[str]) -> str:
    real, count, row = emitter.real.name, len(after), width(layout.examples)
    lines = [
        *[f"; state {k}: {name}" for k, name in enumerate(_names(layout.state))],
        *[f"; example {k}: {name}" for k, name in enumerate(_names(layout.examples))],
        *[f"; given {k}: {name}" for k, name in enumerate(_names(layout.given))],
        f"define void @{FUNCTION}(ptr noalias %state, ptr noalias readonly %examples, ptr noalias readonly %given, "
        "i64 %rows, i64 %first, i64 %updates) {",
        "entry:",
        "  %some = icmp sgt i64 %updates, 0",
        "  br i1 %some, label %begin, label %end",
        "begin:",
        *_loads(real, "g", "given", range(width(layout.given)), "%given"),
        *_loads(real, "i", "before", range(count), "%state"),
        "  br label %update",
        "update:",
        "  %n = phi i64 [ 0, %begin ], [ %n.next, %update ]",
        "  %row = phi i64 [ %first, %begin ], [ %row.next, %update ]",
        *[f"  %s{k} = phi {real} [ %i{k}, %begin ], [ {value}, %update ]" for k, value in enumerate(after)],
        f"  %at = mul i64 %row, {row}",
        f"  %example = getelementptr {real}, ptr %examples, i64 %at",
        *_loads(real, "x", "x", range(row), "%example"),
        *[f"  {line}" for line in emitter.lines],
        "  %row.up = add i64 %row, 1",
        "  %wraps = icmp sge i64 %row.up, %rows",
        "  %row.next = select i1 %wraps, i64 0, i64 %row.up",
        "  %n.next = add i64 %n, 1",
        "  %again = icmp slt i64 %n.next, %updates",
        "  br i1 %again, label %update, label %finish",
        "finish:",
    ]
    for k, value in enumerate(after):
        lines += [f"  %to{k} = getelementptr {real}, ptr %state, i64 {k}", f"  store {real} {value}, ptr %to{k}"]
    lines += ["  br label %end", "end:", "  ret void", "}", *sorted(emitter.declared.values())]
    return "\n".join(lines) + "\n"


def _loads(real: str, letter: str, prefix: str, numbers: range, base: str) -> list[str]:
    lines = []
    for k in numbers:
        lines.append(f"  %{prefix}.at{k} = getelementptr {real}, ptr {base}, i64 {k}")
        lines.append(f"  %{letter}{k} = load {real}, ptr %{prefix}.at{k}")
    return lines


def _names(slots: Sequence[Slot]) -> list[str]:
    """What each number of a buffer is, in letters every editor can show."""
    labels = [label for slot in slots for label in element_labels(label_of(slot.node), slot.shape)]
    return [spell(label).encode("ascii", "backslashreplace").decode() for label in labels]
