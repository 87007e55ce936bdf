"""LLVM by the functions of llvmlite's library: what the host is called, and the text of a module as an object file.

`llvmlite.binding` loads `importlib.resources`, `llvmlite.ir` and the types of 300 functions besides the library, 20 of
the 107 ms that XOR takes from nothing to trained. These functions are the same in versions 0.45 to 0.50 of llvmlite;
for any other `library` is None, and `machine` takes `llvmlite.binding`. All is made in a context of its own, so that
threads do not meet.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from typing import Any, Final

_KNOWN: Final = ((0, 45), (0, 50))  # the first and the last version
_P, _S, _I, _Z = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_size_t
_FUNCTIONS: Final[dict[str, tuple[Any, ...]]] = {  # what they return, and what they take
    "LLVMPY_InitializeNativeTarget": (None,),
    "LLVMPY_InitializeNativeAsmPrinter": (None,),
    "LLVMPY_GetDefaultTargetTriple": (None, _P),
    "LLVMPY_GetHostCPUName": (None, _P),
    "LLVMPY_GetHostCPUFeatures": (_I, _P),
    "LLVMPY_DisposeString": (None, _P),
    "LLVMPY_ContextCreate": (_P,),
    "LLVMPY_ContextDispose": (None, _P),
    "LLVMPY_ParseAssembly": (_P, _P, _S, _P),
    "LLVMPY_SetTarget": (None, _P, _S),
    "LLVMPY_GetNamedFunction": (_P, _P, _S),
    "LLVMPY_DisposeModule": (None, _P),
    "LLVMPY_GetTargetFromTriple": (_P, _S, _P),
    "LLVMPY_CreateTargetMachine": (_P, _P, _S, _S, _S, _I, _S, _S, _I, _I, _S),
    "LLVMPY_TargetMachineEmitToMemory": (_P, _P, _P, _I, _P),
    "LLVMPY_DisposeTargetMachine": (None, _P),
    "LLVMPY_GetBufferStart": (_P, _P),
    "LLVMPY_GetBufferSize": (_Z, _P),
    "LLVMPY_DisposeMemoryBuffer": (None, _P),
    "LLVMPY_CreatePipelineTuningOptions": (_P,),
    "LLVMPY_DisposePipelineTuningOptions": (None, _P),
    "LLVMPY_CreatePassBuilder": (_P, _P, _P),
    "LLVMPY_DisposePassBuilder": (None, _P),
    "LLVMPY_CreateNewModulePassManager": (_P,),
    "LLVMPY_module_AddAlwaysInlinerPass": (None, _P),
    "LLVMPY_RunNewModulePassManager": (None, _P, _P, _P),
    "LLVMPY_DisposeNewModulePassManger": (None, _P),  # as it is spelled there
    "LLVMPY_CreateNewFunctionPassManager": (_P,),
    "LLVMPY_function_AddSROAPass": (None, _P),
    "LLVMPY_RunNewFunctionPassManager": (None, _P, _P, _P),
    "LLVMPY_DisposeNewFunctionPassManger": (None, _P),
}


@cache
def library() -> ctypes.CDLL | None:
    """The library of the llvmlite that is installed; None if there is none, or one whose functions may be others."""
    try:
        import llvmlite
        from llvmlite.utils import get_library_name

        first, last = _KNOWN
        if not first <= tuple(map(int, llvmlite.__version__.split(".")[:2])) <= last:
            return None
        llvm = ctypes.CDLL(os.path.join(os.path.dirname(llvmlite.__file__), "binding", get_library_name()))
        for name, (result, *arguments) in _FUNCTIONS.items():
            function = getattr(llvm, name)
            function.restype, function.argtypes = result, arguments
    except (ImportError, OSError, AttributeError, ValueError):
        return None
    llvm.LLVMPY_InitializeNativeTarget()
    llvm.LLVMPY_InitializeNativeAsmPrinter()
    return llvm


def host(llvm: ctypes.CDLL) -> tuple[str, str, str]:
    """What LLVM calls the system, the processor, and what the processor can do, by name."""
    features = [one for one in _text(llvm, llvm.LLVMPY_GetHostCPUFeatures).split(",") if one]
    features.sort(key=lambda one: one[1:])
    return _text(llvm, llvm.LLVMPY_GetDefaultTargetTriple), _text(llvm, llvm.LLVMPY_GetHostCPUName), ",".join(features)


def object_of(llvm: ctypes.CDLL, text: str, host: tuple[str, str, str], level: int) -> bytes:
    """The object file of a module, with distances of 32 bits, for a `host`; `level` is how much care is taken, 0 to 3.

    With care, what is called `alwaysinline` is put in, and arrays on the stack of `run` get registers. Without, that
    would be a quarter of the time, and updates take 0.9 (4-10-3) to 1.2 (3-5-5-2 with Adam) of theirs. Raises
    RuntimeError, in LLVM's words, for a text that is none.
    """
    triple, cpu, features = [part.encode() for part in host]
    failed = ctypes.c_void_p()
    why = ctypes.byref(failed)
    with ExitStack() as held:

        def kept(name: str, made: int | None, dispose: Callable[[int], None]) -> int:
            if not made:
                raise RuntimeError(f"{name}: {_taken(llvm, failed)}")
            held.callback(dispose, made)
            return made

        context = kept("context", llvm.LLVMPY_ContextCreate(), llvm.LLVMPY_ContextDispose)
        module = kept("parsing", llvm.LLVMPY_ParseAssembly(context, text.encode(), why), llvm.LLVMPY_DisposeModule)
        llvm.LLVMPY_SetTarget(module, triple)
        target = llvm.LLVMPY_GetTargetFromTriple(triple, why)
        if not target:
            raise RuntimeError(f"target: {_taken(llvm, failed)}")
        machine = llvm.LLVMPY_CreateTargetMachine(target, triple, cpu, features, level, b"pic", b"small", 0, 0, b"")
        kept("machine", machine, llvm.LLVMPY_DisposeTargetMachine)
        if level and " alwaysinline" in text:
            _put_in(llvm, module, machine, kept)
        buffer = llvm.LLVMPY_TargetMachineEmitToMemory(machine, module, 1, why)
        kept("emitting", buffer, llvm.LLVMPY_DisposeMemoryBuffer)
        return ctypes.string_at(llvm.LLVMPY_GetBufferStart(buffer), llvm.LLVMPY_GetBufferSize(buffer))


def _put_in(
    llvm: ctypes.CDLL, module: int, machine: int, kept: Callable[[str, Any, Callable[[Any], None]], Any]
) -> None:
    options = kept("options", llvm.LLVMPY_CreatePipelineTuningOptions(), llvm.LLVMPY_DisposePipelineTuningOptions)
    builder = kept("builder", llvm.LLVMPY_CreatePassBuilder(machine, options), llvm.LLVMPY_DisposePassBuilder)
    inliner = kept("passes", llvm.LLVMPY_CreateNewModulePassManager(), llvm.LLVMPY_DisposeNewModulePassManger)
    llvm.LLVMPY_module_AddAlwaysInlinerPass(inliner)
    llvm.LLVMPY_RunNewModulePassManager(inliner, module, builder)
    promoter = kept("passes", llvm.LLVMPY_CreateNewFunctionPassManager(), llvm.LLVMPY_DisposeNewFunctionPassManger)
    llvm.LLVMPY_function_AddSROAPass(promoter)
    llvm.LLVMPY_RunNewFunctionPassManager(promoter, llvm.LLVMPY_GetNamedFunction(module, b"run"), builder)


def _text(llvm: ctypes.CDLL, ask: Callable[[Any], Any]) -> str:
    """The text that a function leaves behind."""
    found = ctypes.c_void_p()
    ask(ctypes.byref(found))
    return _taken(llvm, found)


def _taken(llvm: ctypes.CDLL, found: ctypes.c_void_p) -> str:
    if not found.value:
        return ""
    text = ctypes.string_at(found.value).decode()
    llvm.LLVMPY_DisposeString(found)
    return text
