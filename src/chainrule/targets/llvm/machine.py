"""The machine that code is made for, and LLVM itself: the only file that loads llvmlite."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache
from re import findall
from typing import Any, Final

from chainrule.errors import ChainruleError, MissingPartError

_LARGE: Final = 60_000  # characters of text above which the quick code generator is used
_LARGER: Final = 400_000


@dataclass(frozen=True, slots=True)
class Machine:
    """A processor: LLVM's names for it, and how many bytes its vectors have."""

    triple: str
    cpu: str
    features: str
    vector_bytes: int

    @property
    def family(self) -> str:
        """x86_64, aarch64, ..."""
        return self.triple.split("-", 1)[0]


@cache
def this_machine() -> Machine:
    """The processor this runs on. Raises MissingPartError without llvmlite."""
    llvm = _llvm()
    features = llvm.get_host_cpu_features()
    width = 64 if features.get("avx512f") and features.get("avx512dq") else 32 if features.get("avx2") else 16
    return Machine(llvm.get_default_triple(), llvm.get_host_cpu_name(), features.flatten(), width)


AARCH64: Final = Machine("aarch64-unknown-linux-gnu", "generic", "+neon", 16)


@dataclass(slots=True, eq=False)
class Compiled:
    """Machine code in this process, alive as long as this object is."""

    text: str
    engine: Any

    def address(self, name: str) -> int:
        """Where a function begins."""
        found: int = self.engine.get_function_address(name)
        return found


def compile_text(text: str) -> Compiled:
    """Machine code for this processor from the text of a module."""
    llvm = _llvm()
    machine = this_machine()
    _find_library(llvm, text)
    level = 0 if len(text) > _LARGER else 1 if len(text) > _LARGE else 2
    target = llvm.Target.from_triple(machine.triple).create_target_machine(
        cpu=machine.cpu, features=machine.features, opt=level, jit=True
    )
    module = llvm.parse_assembly(text)
    module.triple = machine.triple
    engine = llvm.create_mcjit_compiler(module, target)
    engine.finalize_object()
    return Compiled(text, engine)


def object_code(text: str, machine: Machine) -> bytes:
    """Machine code as an object file, for another processor than this one."""
    llvm = _llvm()
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    target = llvm.Target.from_triple(machine.triple).create_target_machine(
        cpu=machine.cpu, features=machine.features, opt=2, reloc="pic"
    )
    module = llvm.parse_assembly(text)
    module.triple = machine.triple
    module.verify()
    code: bytes = target.emit_object(module)
    return code


@cache
def _llvm() -> Any:
    try:
        import llvmlite.binding as llvm
    except ImportError:
        raise MissingPartError("native code needs llvmlite.", hint="Install it: pip install llvmlite") from None
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm


def _find_library(llvm: Any, text: str) -> None:
    """Make sure that every function is there: LLVM ends the process when one is missing."""
    for name in dict.fromkeys(findall(r"\ndeclare \S+ @(\w+)\(", text)):
        if llvm.address_of_symbol(name) is None:
            function = getattr(ctypes.CDLL(None), name, None)
            if function is None:
                raise ChainruleError(f"the C library of this machine has no function {name}.")
            llvm.add_symbol(name, ctypes.cast(function, ctypes.c_void_p).value)
