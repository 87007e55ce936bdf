"""Compiles a program to native code in this process, and runs it: the whole loop is one call, outside the GIL."""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from chainrule.errors import ChainruleError, MissingPartError
from chainrule.graph import Program
from chainrule.iterate import Row, checked, example_rows, value_of
from chainrule.numbers.array import items_of, pack
from chainrule.numbers.floats import FLOATS
from chainrule.quantity import Quantity
from chainrule.targets.llvm.emit import REALS, DType
from chainrule.targets.llvm.ir import FUNCTION, Code, program_ir, width

_CALL: Final = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3, *[ctypes.c_int64] * 3)  # a foreign call releases the GIL
_LARGE: Final = 3_000  # instructions above which the quick code generator is used


class Kernel:
    """A compiled program. It owns its machine code, which lives as long as the kernel does."""

    __slots__ = ("_call", "_engine", "code", "program")

    def __init__(self, program: Program, code: Code, engine: Any) -> None:
        self.program = program
        self.code = code
        self._engine = engine
        self._call = _CALL(engine.get_function_address(FUNCTION))

    def run(
        self,
        updates: int,
        *,
        values: Mapping[Quantity, Any],
        examples: Sequence[Row] = (),
        state: Mapping[Quantity, Any] | None = None,
        start: int = 0,
    ) -> dict[Quantity, Any]:
        """The state after so many updates: what `iterate.run_program` gives, with the same arguments and errors."""
        if updates < 0 or start < 0:
            raise ChainruleError(f"found {min(updates, start)} updates, expected 0 or more.")
        program, layout = self.program, self.code.layout
        begin = {label: s.initial for label, s in program.state.items()} | dict(state or {})
        rows = example_rows(program, examples, FLOATS, updates)
        numbers = self._buffer([checked(s.before, begin[label], FLOATS) for label, s in program.state.items()])
        given = self._buffer([checked(slot.node, value_of(slot.node, values), FLOATS) for slot in layout.given])
        data = self._buffer([value for row in rows for value in row])
        count = max(1, len(rows))
        self.call(numbers, data, given, rows=count, first=start % count, updates=updates)
        parts = [pack(s.shape, list(numbers[s.start : s.start + s.size])) for s in layout.state]
        return dict(zip(program.state, parts, strict=True))

    def call(
        self, state: array[float], examples: array[float], given: array[float], *, rows: int, first: int, updates: int
    ) -> None:
        """Run on buffers laid out as `code.layout` says; `state` is changed in place.

        Raises ChainruleError if a buffer has the wrong length, because native code would write beside it.
        """
        layout, size = self.code.layout, REALS[self.code.dtype].size
        due = (width(layout.state), rows * width(layout.examples), width(layout.given))
        for name, buffer, length in zip(("state", "examples", "given"), (state, examples, given), due, strict=True):
            if len(buffer) != length or buffer.itemsize != size:
                raise ChainruleError(f"the buffer {name} has {len(buffer)} numbers, expected {length} of {size} bytes.")
        if not 0 <= first < rows:
            raise ChainruleError(f"found the first row {first}, expected 0 to {rows - 1}.")
        addresses = [buffer.buffer_info()[0] for buffer in (state, examples, given)]
        self._call(*addresses, rows, first, updates)

    def _buffer(self, values: Sequence[Any]) -> array[float]:
        code = "d" if self.code.dtype == "float64" else "f"
        return array(code, [item for value in values for item in items_of(value)])


def compile_program(program: Program, *, dtype: DType = "float64", optimise: bool = False) -> Kernel:
    """Native code for a program of known sizes.

    With `optimise`, LLVM's own passes run over the text first. Raises MissingPartError without llvmlite, and what
    `program_ir` raises.
    """
    return compile_code(program, program_ir(program, dtype=dtype), optimise=optimise)


def compile_code(program: Program, code: Code, *, optimise: bool = False) -> Kernel:
    """Native code from the IR of a program."""
    llvm = _llvm()
    _find_library(llvm, code.library)
    machine = _machine(llvm, level=2 if code.instructions <= _LARGE else 0)
    module = llvm.parse_assembly(code.text)
    module.triple = machine.triple
    module.verify()
    if optimise:
        builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=2))
        builder.getModulePassManager().run(module, builder)
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    return Kernel(program, code, engine)


@cache
def _llvm() -> Any:
    try:
        import llvmlite.binding as llvm
    except ImportError:
        raise MissingPartError("native code needs llvmlite.", hint="Install it: pip install llvmlite") from None
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm


def _machine(llvm: Any, *, level: int) -> Any:
    target = llvm.Target.from_default_triple()
    cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    return target.create_target_machine(cpu=cpu, features=features, opt=level, jit=True)


def _find_library(llvm: Any, names: Sequence[str]) -> None:
    """Make sure that every function is there: LLVM ends the process when one is missing."""
    for name in names:
        if llvm.address_of_symbol(name) is None:
            function = getattr(ctypes.CDLL(None), name, None)
            if function is None:
                raise ChainruleError(f"the C library of this machine has no function {name}.")
            llvm.add_symbol(name, ctypes.cast(function, ctypes.c_void_p).value)
