"""The machine that code is made for, and LLVM itself: its library alone where that will do, or `llvmlite.binding`."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Sequence
from functools import cache
from re import findall
from typing import Any, Final

from chainrule.dataclasses import dataclass
from chainrule.errors import ChainruleError, MissingPartError
from chainrule.targets.llvm.library import host, library, object_of
from chainrule.targets.native.host import COMPILER, processor
from chainrule.targets.native.kernels import keep_code, kept_code
from chainrule.targets.native.link import link
from chainrule.targets.native.load import Loaded
from chainrule.targets.native.store import key_of, read, write

_LARGE: Final = 400_000  # characters of text above which the quick code generator is used


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
    """The processor this runs on, told by LLVM once and kept. Raises MissingPartError without llvmlite."""
    about = processor()
    key = key_of("machine", COMPILER, about) if about is not None else None
    kept = read(key) if key is not None else None
    if kept is not None:
        triple, cpu, features, width = kept.decode().split("\n")
        return Machine(triple, cpu, features, int(width))
    alone = library()
    triple, cpu, features = host(alone) if alone is not None else _host()
    known = features.split(",")
    widest = 64 if "+avx512f" in known and "+avx512dq" in known else 32 if "+avx2" in known else 16
    found = Machine(triple, cpu, features, widest)
    if key is not None:
        write(key, f"{found.triple}\n{found.cpu}\n{found.features}\n{found.vector_bytes}".encode())
    return found


AARCH64: Final = Machine("aarch64-unknown-linux-gnu", "generic", "+neon", 16)


@dataclass(slots=True, eq=False)
class Compiled:
    """Machine code in this process, alive as long as this object is; `key` is what it is kept under on disk."""

    source: Callable[[], str]
    code: Loaded | _Engine
    key: str | None

    @property
    def text(self) -> str:
        """What it was made from."""
        return self.source()

    def address(self, name: str) -> int:
        """Where a function begins."""
        return self.code.address(name)


@dataclass(slots=True, eq=False)
class _Engine:
    """Code that LLVM loaded, because it calls functions of the C library or we cannot load it."""

    engine: Any

    def address(self, name: str) -> int:
        found: int = self.engine.get_function_address(name)
        return found


def compile_text(text: str, *, hasty: bool = False) -> Compiled:
    """Machine code for this processor from the text of a module: as it was kept, or made and kept.

    Made in haste, it gives the same bits, but may run slower. A quotient that LLVM may form by an estimate is no matter
    for haste, because then there would be none.
    """
    machine = this_machine()
    large = _LARGE * (10 if "phi <" in text else 1)  # without care for registers a tile of sums takes 4 times as long
    quick = len(text) > large or (hasty and " arcp " not in text)
    level = 0 if quick else 2
    outside = list(dict.fromkeys(findall(r"\ndeclare \S+ @(\w+)\(", text)))
    key = None if outside else key_of("text", COMPILER, repr((machine, level)), text)
    code: Loaded | _Engine | None = kept_code(key) if key is not None else None
    if code is None and key is not None:
        code = _linked(text, machine, level, key)
    if code is None:
        code, key = _loaded_by_llvm(text, machine, level, outside), None
    return Compiled(lambda: text, code, key)


def kept_compiled(key: str, source: Callable[[], str]) -> Compiled | None:
    """The code of a `Compiled.key`; what it was made from is only worked out when asked for."""
    code = kept_code(key)
    return Compiled(source, code, key) if code is not None else None


def give_back() -> None:
    """Free what making code took before a large state is made: some 7 MB, which the C library would keep.

    With 784-2048-2048-10 and Adam that is a tenth of the state. It takes half a millisecond.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None  # of glibc
    if trim is not None:
        trim(0)


def _linked(text: str, machine: Machine, level: int, key: str) -> Loaded | None:
    """Code by our own linker and loader: None where they cannot do it."""
    if machine.family != "x86_64" or sys.platform != "linux":
        return None
    image = link(_object(text, machine, level))
    if image is None:
        return None
    keep_code(key, image.code, image.functions)
    try:
        return Loaded(image.code, image.functions)
    except OSError:
        return None


def _loaded_by_llvm(text: str, machine: Machine, level: int, outside: Sequence[str]) -> _Engine:
    llvm = _llvm()
    _find_library(llvm, outside)
    target = llvm.Target.from_triple(machine.triple).create_target_machine(
        cpu=machine.cpu, features=machine.features, opt=level, jit=True
    )
    module = _parsed(llvm, text, machine, target, level)
    engine = llvm.create_mcjit_compiler(module, target)
    engine.finalize_object()
    return _Engine(engine)


def object_code(text: str, machine: Machine) -> bytes:
    """Machine code as an object file, for another processor than this one, of a text that is verified."""
    llvm = _llvm()
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    llvm.parse_assembly(text).verify()
    return _object_by_binding(text, machine, 2)


def _object(text: str, machine: Machine, level: int) -> bytes:
    alone = library()
    if alone is None:
        return _object_by_binding(text, machine, level)
    return object_of(alone, text, (machine.triple, machine.cpu, machine.features), level)


def _object_by_binding(text: str, machine: Machine, level: int) -> bytes:
    llvm = _llvm()
    target = llvm.Target.from_triple(machine.triple).create_target_machine(
        cpu=machine.cpu, features=machine.features, opt=level, reloc="pic", codemodel="small"
    )
    code: bytes = target.emit_object(_parsed(llvm, text, machine, target, level))
    return code


def _parsed(llvm: Any, text: str, machine: Machine, target: Any, level: int) -> Any:
    """The module of a text, with what `library.object_of` does to it with care."""
    module = llvm.parse_assembly(text)
    module.triple = machine.triple
    if level and " alwaysinline" in text:
        builder = llvm.create_pass_builder(target, llvm.create_pipeline_tuning_options(0))
        inliner, promoter = llvm.create_new_module_pass_manager(), llvm.create_new_function_pass_manager()
        inliner.add_always_inliner_pass()
        inliner.run(module, builder)
        promoter.add_sroa_pass()
        promoter.run(module.get_function("run"), builder)
    return module


def _host() -> tuple[str, str, str]:
    llvm = _llvm()
    return llvm.get_default_triple(), llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


@cache
def _llvm() -> Any:
    try:
        import llvmlite.binding as llvm
    except ImportError:
        raise MissingPartError("native code needs llvmlite.", hint="Install it: pip install llvmlite") from None
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm


def _find_library(llvm: Any, names: Sequence[str]) -> None:
    """Make sure that every function is there: LLVM ends the process when one is missing."""
    for name in names:
        if llvm.address_of_symbol(name) is None:
            function = getattr(ctypes.CDLL(None), name, None)
            if function is None:
                raise ChainruleError(f"the C library of this machine has no function {name}.")
            llvm.add_symbol(name, ctypes.cast(function, ctypes.c_void_p).value)
