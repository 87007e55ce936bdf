"""What forms large products in this process: the matrix unit of the processor, the BLAS that SciPy brings, or neither.

A kernel finds in its table where the function is, what it needs to work, how many numbers may be summed for one matrix
to stay packed from call to call, and from how many rows on it is worth calling, for many weights and for fewer.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from chainrule.dataclasses import dataclass
from chainrule.targets.llvm.amx_layout import deepest, working_memory
from chainrule.targets.llvm.machine import Compiled, compile_text, give_back, kept_compiled, this_machine
from chainrule.targets.native.blas import gemm_address
from chainrule.targets.native.host import COMPILER, may_use_amx, processor
from chainrule.targets.native.store import key_of, read, write
from chainrule.transforms.schedule.rows import MULTIPLIED

BLAS_ROWS: Final = 1024  # of a batch: with 512, our own tiles are as fast
_NEVER: Final = (1 << 63) - 1


@dataclass(frozen=True, slots=True, eq=False)
class Multiplier:
    """A function that forms products: its address and its context; for how many rows, of many weights and of few.

    Of products that sum `deepest` numbers or fewer, it keeps the second matrix if it is told that it is the same again.
    """

    address: int
    context: Any
    deepest: int
    least_rows: tuple[int, int]
    is_blas: bool = False

    @property
    def slots(self) -> tuple[int, int, int, int, int]:
        """What the table of a kernel has of it."""
        context = self.context.ctypes.data if self.context is not None else 0
        return self.address, context, self.deepest, *self.least_rows


def multiplier(item: int, widest: int, rows: int, *, amx: bool = True) -> Multiplier:
    """What is best for numbers of so many bytes, products of so many columns at most, and batches of so many rows.

    Without `amx`, the matrix unit is not used: it takes rows that are padded to whole vectors of AVX-512.
    """
    if amx and item == 4 and rows >= MULTIPLIED and "+amx-bf16" in this_machine().features and may_use_amx():
        return _amx(widest)
    address = gemm_address(item) if rows >= BLAS_ROWS else 0
    return Multiplier(address, None, 0, (BLAS_ROWS if address else _NEVER, _NEVER), is_blas=bool(address))


def _amx(widest: int) -> Multiplier:
    memory = working_memory(widest)
    address, rows = _amx_code().address("sgemm"), (MULTIPLIED, MULTIPLIED)
    return Multiplier(address, memory, deepest(widest), rows)


@cache
def _amx_code() -> Compiled:
    """The product in machine code, as it was kept, or made and kept."""
    index = key_of("amx", COMPILER, processor() or b"")
    kept = read(index)
    found = kept_compiled(kept.decode(), _text) if kept is not None else None
    if found is None:
        found = compile_text(_text())
        give_back()
        if found.key is not None:
            write(index, found.key.encode())
    return found


def _text() -> str:
    from chainrule.targets.llvm.amx import amx_text  # what writes code is not loaded where it is kept

    return amx_text()
