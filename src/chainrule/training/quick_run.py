"""The updates of a small plain run: a kernel called with memory of our own, and the history it makes."""

from __future__ import annotations

import ctypes
from math import isfinite
from operator import add
from struct import pack
from time import perf_counter, process_time

from chainrule.training.history import History
from chainrule.training.quick import FIRST, PAUSE, SECONDS

TYPE_CHECKING = False  # what only types need is not loaded
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from chainrule.targets.llvm.machine import Compiled
    from chainrule.targets.native.load import Loaded
    from chainrule.training.quick import Start, _Order

_LINE = 64  # bytes; memory of a kernel begins at whole cache lines
_CALL = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_void_p] * 4, *[ctypes.c_int64] * 4, *[ctypes.c_void_p] * 2)


def run_quickly(
    start: Start,
    recipe: Mapping[str, Any],
    code: Loaded | Compiled,
    examples: tuple[list[float], list[float]],
    order: _Order,
    batch: int,
    rate: float,
    asked: Mapping[str, Any],
    began: float,
) -> History | None:
    """All epochs; None where the run is long, or anything about it is to be told to a person."""
    real = ctypes.c_float if start.told["dtype"] == "float32" else ctypes.c_double
    memory = _Memory(recipe, real)
    values = start.parameters()
    for name, places in recipe["state"]:
        begin = values[name] if isinstance(name, str) else [name] * len(places)
        for place, value in zip(places, begin, strict=True):
            memory.numbers[place] = value
    held = [(real * len(examples[part]))(*examples[part]) for part in recipe["examples"]]
    rows = (ctypes.c_void_p * len(held))(*map(ctypes.addressof, held))
    call, epochs, size = _CALL(code.address("run")), asked["epochs"], order.count // batch
    errors: list[float] = []
    at_once, first = max(1, FIRST // order.count), process_time()
    while len(errors) < epochs * size:
        done = len(errors) // size
        number = min(at_once, epochs - done)
        wanted, due, clock = order.epochs(1 + done, number), number * size, process_time()
        rates = pack("d", rate) * due
        scalars, found = ctypes.byref(ctypes.c_char_p(rates)), (ctypes.c_double * due)()
        sizes = number * order.count, order.count, batch, recipe["rounded"]
        made = call(memory.arena, memory.table, rows, wanted, *sizes, scalars, found)
        now = process_time()
        if made < due or now - first > SECONDS:
            return None
        errors += found[:]
        at_once = max(1, min(4 * at_once, int(number * PAUSE / max(now - clock, 1e-6))))
    learned = {name: [memory.numbers[k] for k in places] for name, places in recipe["state"] if isinstance(name, str)}
    weight = batch if asked["over"] == "mean" else 1
    totals = [total * weight for total in _sums(errors, size)]
    if asked["over"] == "mean":
        totals = [total / order.count for total in totals]
    if not all(map(isfinite, [*totals, *(x for part in learned.values() for x in part)])) or _went_up(totals):
        return None
    start.values = {**values, **learned}
    history = tuple([
        {"epoch": k, "updates": k * size, "error": error, "rate": rate} for k, error in enumerate(totals, 1)
    ])  # fmt: skip
    return History(history, "epochs", epochs * size, perf_counter() - began)


class _Memory:
    """The memory of a kernel, all zeros: the arena, the table, and the arrays that the table points to."""

    __slots__ = ("_held", "arena", "numbers", "table")

    def __init__(self, recipe: Mapping[str, Any], real: Any) -> None:
        self._held: list[ctypes.Array[ctypes.c_char]] = []
        self.arena = self._lines(recipe["arena"])
        self.numbers = (real * (recipe["arena"] // ctypes.sizeof(real))).from_address(self.arena)
        self.table = (ctypes.c_uint64 * max(1, recipe["slots"]))()
        for slot, size in recipe["blocks"]:
            self.table[slot] = self._lines(size)

    def _lines(self, size: int) -> int:
        """Where some memory begins."""
        block = ctypes.create_string_buffer(size + _LINE)
        self._held.append(block)
        begin = ctypes.addressof(block)
        return begin + -begin % _LINE


def _sums(numbers: list[float], size: int) -> list[float]:
    """The sums of each `size` numbers, at most 128, rounded as NumPy rounds them: eight parts side by side."""
    columns, whole = [numbers[k::size] for k in range(size)], size // 8 * 8
    parts, totals = columns[:8], [0.0] * (len(numbers) // size)
    for k in range(8, whole):
        parts[k % 8] = _plus(parts[k % 8], columns[k])
    if whole:
        a, b, c, d = [_plus(parts[k], parts[k + 1]) for k in (0, 2, 4, 6)]
        totals = _plus(_plus(a, b), _plus(c, d))
    for column in columns[whole:]:
        totals = _plus(totals, column)
    return totals


def _plus(these: list[float], those: list[float]) -> list[float]:
    return list(map(add, these, those))


def _went_up(errors: Sequence[float]) -> bool:
    """Whether `doctor.noticed_after` would have something to say."""
    return len(errors) > 4 and min(errors[-3:]) > 1.5 * errors[0] > 0
