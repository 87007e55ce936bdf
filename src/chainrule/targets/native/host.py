"""What cached code depends on besides the program: the processor it runs on, and the compiler that wrote it.

Both are told without LLVM: the one by what the system says of the processor, the other by its version and its files.
"""

from __future__ import annotations

import os
import sys

_TOLD = (  # by Linux of a processor, on x86-64 and on AArch64
    b"vendor_id", b"cpu family", b"model", b"stepping", b"flags", b"CPU implementer", b"CPU variant", b"CPU part",
    b"CPU revision", b"Features",
)  # fmt: skip
_FOLDERS = (
    "", "formula", "numbers", "ops", "optimizers", "targets/llvm", "targets/native", "training", "transforms",
    "transforms/schedule",
)  # fmt: skip
_FILE = "/proc/cpuinfo"
_ARCH_PRCTL, _REQUEST_STATE, _TILE_DATA = 158, 0x1023, 18  # by Linux's headers


def processor() -> bytes | None:
    """Whatever tells this kind of processor from others; None where code is not kept."""
    if sys.platform != "linux":
        return None
    try:
        with open(_FILE, "rb", buffering=0) as file:
            first = file.read(8192).split(b"\n\n", 1)[0]
    except OSError:
        return None
    lines = [line for line in first.split(b"\n") if line.startswith(_TOLD)]
    return b"\n".join([os.uname().machine.encode(), *lines]) if lines else None


_answers: dict[str, bool] = {}  # `functools` would be a twelfth of the time of a run that is kept


def may_use_amx() -> bool:
    """Whether this processor has tiles of bfloat16, and the system lets this process use them: it is asked once."""
    if "amx" not in _answers:
        _answers["amx"] = _ask_for_amx()
    return _answers["amx"]


def _ask_for_amx() -> bool:
    told = processor()
    if told is None or os.uname().machine != "x86_64" or b" amx_bf16" not in told or b" amx_tile" not in told:
        return False
    import ctypes

    return bool(ctypes.CDLL(None).syscall(_ARCH_PRCTL, _REQUEST_STATE, _TILE_DATA) == 0)


def _compiler() -> bytes:
    from chainrule import __version__

    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    seen = [__version__]
    for folder in _FOLDERS:
        try:
            with os.scandir(os.path.join(root, folder)) as files:
                found = [(one.name, one.stat()) for one in files if one.name.endswith(".py")]
        except OSError:  # in an archive: then the version alone must do
            continue
        seen += sorted([f"{folder}/{name} {about.st_size} {about.st_mtime_ns}" for name, about in found])
    return "\n".join(seen).encode()


# Version and files of what writes code, as they are when it is loaded: a kernel of other sources is made anew.
COMPILER = _compiler()
