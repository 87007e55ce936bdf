"""Kernels on disk: whatever happens to the folder, the result is the one without it, and nobody is told."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import chainrule as cr
from chainrule.graph import Program
from chainrule.node import input_node, type_of
from chainrule.ops.choices import LESS
from chainrule.ops.functions import SIN
from chainrule.ops.reduction import SUM
from chainrule.quantity import Name
from chainrule.targets.llvm import cached, function, machine
from chainrule.targets.llvm.machine import compile_text, object_code, this_machine
from chainrule.targets.llvm.training import TrainingKernel
from chainrule.targets.native import store
from chainrule.targets.native.kernels import keep_code, kept_code
from chainrule.targets.native.link import link
from chainrule.training.sessions import first_state
from chainrule.training.step import Penalties, training_step

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or this_machine().family != "x86_64", reason="kernels are kept on x86-64 Linux only"
)
KEY = store.key_of("a test")
# The sources are taken as fixed, so that the tests also hold while somebody edits them.
TRAIN = """
import sys, chainrule as cr
from chainrule.targets.native import host
host.COMPILER = b"a test"
net = cr.MLP([2, 2, 1], init="uniform(-0.5, 0.5)", seed=3, activation="tanh")
cr.train(net, [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], optimizer=cr.adam(0.05), epochs=50)
print(b"".join([value.tobytes() for value in net.parameters.values()]).hex(), "llvmlite" in sys.modules)
"""


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own, which is not there yet."""
    folder = tmp_path / "some" / "kernels"
    monkeypatch.setenv("CHAINRULE_CACHE", str(folder))
    return folder


def run(code: str, **environment: str) -> str:
    process = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, env={**os.environ, **environment}
    )
    assert not process.returncode, process.stderr
    assert not process.stderr
    return process.stdout.strip()


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


# The folder and its files.


def test_what_is_written_is_read(kept: Path) -> None:
    assert store.read(KEY) is None
    assert store.write(KEY, b"something")
    assert store.read(KEY) == b"something"
    assert store.write(KEY, b"something else")
    assert store.read(KEY) == b"something else"
    assert store.write(KEY, b"")
    assert store.read(KEY) == b""
    (file,) = files(kept)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_keys_depend_on_where_parts_end() -> None:
    assert len({store.key_of("ab", "c"), store.key_of("a", "bc"), store.key_of("abc"), store.key_of("abc", "")}) == 4


def test_the_cache_is_switched_off(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write(KEY, b"before")
    monkeypatch.setenv("CHAINRULE_CACHE", "0")
    assert store.folder() is None
    assert store.read(KEY) is None
    assert not store.write(KEY, b"after")
    monkeypatch.setenv("CHAINRULE_CACHE", str(kept))
    assert store.read(KEY) == b"before"


def test_where_it_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CHAINRULE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert store.folder() == str(tmp_path / "chainrule")
    monkeypatch.setenv("XDG_CACHE_HOME", "not/from/the/root")  # as its specification asks, this counts as none
    monkeypatch.setenv("HOME", str(tmp_path))
    assert store.folder() == str(tmp_path / ".cache" / "chainrule")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CHAINRULE_CACHE", "here")
    assert store.folder() == str(tmp_path / "here")


@given(at=st.integers(0, 10**6), bit=st.integers(0, 7))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_entry_is_none(kept: Path, at: int, bit: int) -> None:
    store.write(KEY, bytes(range(256)))
    (file,) = files(kept)
    whole = bytearray(file.read_bytes())
    whole[at % len(whole)] ^= 1 << bit
    file.write_bytes(whole)
    assert store.read(KEY) is None


def test_an_entry_cut_off_anywhere_is_none(kept: Path) -> None:
    store.write(KEY, b"0123456789")
    (file,) = files(kept)
    whole = file.read_bytes()
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        assert store.read(KEY) is None
    file.write_bytes(whole + b"0")
    assert store.read(KEY) is None
    file.write_bytes(whole)
    assert store.read(KEY) == b"0123456789"


def test_an_entry_under_another_key_is_none(kept: Path) -> None:
    store.write(KEY, b"something")
    other = store.key_of("another")
    os.rename(kept / f"{KEY}.kept", kept / f"{other}.kept")
    assert store.read(other) is None


def test_a_folder_others_can_write_to_is_not_used(kept: Path) -> None:
    store.write(KEY, b"something")
    for mode in (0o720, 0o702, 0o777):
        kept.chmod(mode)
        assert store.read(KEY) is None
        assert not store.write(KEY, b"else")
    kept.chmod(0o700)
    (file,) = files(kept)
    file.chmod(0o622)
    assert store.read(KEY) is None


def test_what_belongs_to_somebody_else_is_not_used(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write(KEY, b"something")
    me = os.geteuid()
    if me == 0:
        os.chown(kept, 12345, 12345)
        assert store.read(KEY) is None
        assert not store.write(KEY, b"else")
        os.chown(kept, 0, 0)
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    assert store.read(KEY) is None
    assert not store.write(KEY, b"else")


def test_a_link_is_not_followed(kept: Path, tmp_path: Path) -> None:
    store.write(KEY, b"something")
    (file,) = files(kept)
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    assert store.read(KEY) is None


def test_a_file_in_place_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    for name in ("file", "file/below", "/dev/null"):
        monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / name))
        assert store.read(KEY) is None
        assert not store.write(KEY, b"something")


def test_a_folder_that_is_read_only(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write(KEY, b"something")
    opened = os.open

    def refused(path: str, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_CREAT:
            raise OSError(errno.EROFS, "Read-only file system")
        return opened(path, flags, mode)

    monkeypatch.setattr(os, "open", refused)
    assert not store.write(KEY, b"else")
    assert store.read(KEY) == b"something"  # what is there is still good


def test_a_full_disk(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write(KEY, b"something")
    write = os.write

    def full(file: int, data: memoryview) -> int:
        if len(data) < 200:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, data[:200])

    monkeypatch.setattr(os, "write", full)
    assert not store.write(KEY, bytes(1000))
    assert store.read(KEY) == b"something"
    assert len(files(kept)) == 1  # nothing is left of what did not fit


def test_files_that_may_not_grow(kept: Path) -> None:
    code = (
        "import resource, signal\nfrom chainrule.targets.native import store\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nresource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        f"print(store.write({KEY!r}, bytes(100_000)), store.read({KEY!r}), store.write({KEY!r}, b'x'))"
    )
    assert run(code) == "False None True"
    assert len(files(kept)) == 1


def test_killed_while_writing(kept: Path) -> None:
    code = (
        "import os, signal\nfrom chainrule.targets.native import store\nwrite = os.write\n"
        "def killed(file, data):\n    write(file, data[:50])\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        f"os.write = killed\nstore.write({KEY!r}, bytes(100))"
    )
    process = subprocess.run([sys.executable, "-c", code], env=os.environ)
    assert process.returncode == -signal.SIGKILL
    (part,) = files(kept)
    assert store.read(KEY) is None
    assert store.write(KEY, b"something")
    assert part.exists()  # its process might still be at it
    os.utime(part, (time.time() - 3600,) * 2)
    assert store.write(KEY, b"something")
    assert not part.exists()
    assert store.read(KEY) == b"something"


def test_killed_at_any_time(kept: Path) -> None:
    code = (
        "from chainrule.targets.native import store\nk = 0\n"
        f"while True:\n    k += 1\n    store.write({KEY!r}, b'%d ' % (k % 10) * 100_000)\n    print(k, flush=True)"
    )
    for pause in (0.0, 0.001, 0.003, 0.004, 0.007):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(pause)
        process.kill()
        process.communicate()
        found = store.read(KEY)
        assert found is not None
        assert found == found[:2] * 100_000


def test_the_oldest_make_room(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [store.key_of(str(k)) for k in range(6)]
    for k, key in enumerate(keys):
        store.write(key, bytes(1000))
        os.utime(kept / f"{key}.kept", (time.time() - 1000 + k,) * 2)
    os.utime(kept / f"{keys[0]}.kept", (time.time() - 10**6,) * 2)
    assert store.read(keys[0]) is not None  # used today, so it stays
    monkeypatch.setattr(store, "MOST", 3500)
    (kept / "a file of somebody's").write_bytes(bytes(10_000))
    assert store.write(store.key_of("new"), bytes(1000))
    left = [key for key in [*keys, store.key_of("new")] if store.read(key) is not None]
    assert left == [keys[0], keys[5], store.key_of("new")]
    assert (kept / "a file of somebody's").exists()


# Code.

TEXT = """
@table = private constant [4 x double] [double 1.0, double 2.0, double 4.0, double 8.0], align 64
define double @power(i64 %n) {
  %at = getelementptr [4 x double], ptr @table, i64 0, i64 %n
  %value = load double, ptr %at
  %twice = call double @twice(double %value)
  ret double %twice
}
define double @twice(double %x) noinline {
  %y = fmul double %x, 2.5
  ret double %y
}
"""
OUTSIDE = "declare double @cbrt(double)\ndefine double @f(double %x) {\n  %y = call double @cbrt(double %x)\n"
OUTSIDE = "\n" + OUTSIDE + "  ret double %y\n}\n"


def call(code: object, name: str, kind: type, value: float) -> float:
    result: float = ctypes.CFUNCTYPE(ctypes.c_double, kind)(code.address(name))(value)  # type: ignore[attr-defined]
    return result


def test_code_with_constants_and_calls_is_linked_and_loaded(kept: Path) -> None:
    compiled = compile_text(TEXT)
    assert compiled.key is not None
    again = kept_code(compiled.key)
    assert again is not None
    for code in (compiled, again):
        assert [call(code, "power", ctypes.c_int64, n) for n in range(4)] == [2.5, 5, 10, 20]
        assert call(code, "twice", ctypes.c_double, 3.0) == 7.5
    assert compiled.text == TEXT


def test_code_cannot_be_written_to(kept: Path) -> None:
    compiled = compile_text(TEXT)
    begin = compiled.address("power")
    (line,) = [
        line
        for line in Path("/proc/self/maps").read_text().splitlines()
        if int(line.split("-")[0], 16) <= begin < int(line.split("-")[1].split()[0], 16)
    ]
    assert line.split()[1] == "r-xp"


def test_code_that_calls_outside_is_left_to_llvm(kept: Path) -> None:
    compiled = compile_text(OUTSIDE)
    assert compiled.key is None
    assert call(compiled, "f", ctypes.c_double, 27.0) == pytest.approx(3)
    assert link(object_code(OUTSIDE, this_machine())) is None


def test_only_whole_object_files_are_linked() -> None:
    found = object_code(TEXT, this_machine())
    assert link(found) is not None
    for length in range(0, len(found) - 64 * 8, 7):  # the table of sections stands at the end
        assert link(found[:length]) is None
    assert link(found.replace(b"\x7fELF\2\1", b"\x7fELF\1\1")) is None
    variable = "@v = global i64 3\ndefine i64 @f() {\n  %x = load i64, ptr @v\n  store i64 4, ptr @v\n  ret i64 %x\n}"
    assert link(object_code(variable, this_machine())) is None
    assert link(object_code(TEXT, machine.AARCH64)) is None


def test_where_code_may_not_be_made_llvm_is_asked(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(code: bytes, functions: dict[str, int]) -> None:
        raise OSError(errno.EACCES, "mprotect")

    monkeypatch.setattr(machine, "Loaded", refused)
    monkeypatch.setattr("chainrule.targets.native.kernels.Loaded", refused)
    for _ in range(2):
        compiled = compile_text(TEXT)
        assert call(compiled, "power", ctypes.c_int64, 3) == 20


def test_kept_code_without_its_functions_is_nothing(kept: Path) -> None:
    keep_code(KEY, b"", {})
    code = kept_code(KEY)
    assert code is not None
    with pytest.raises(KeyError):
        code.address("power")


# Programs.


def step(net: cr.MLP, rule: object, over: Literal["sum", "mean"], *, online: bool = False, **penalties: Any) -> Program:
    return training_step(
        net, rule.optimizer, rate=1, online=online, over=over, penalties=Penalties(**penalties)  # type: ignore[attr-defined]
    )  # fmt: skip


def some_programs() -> dict[str, tuple[cr.MLP, Program]]:
    plain, deep = cr.MLP([3, 4, 2]), cr.MLP([2, 3, 3, 1], activation="gelu")
    wide = cr.MLP([784, 100, 10], dtype="float64")
    classes = cr.MLP([5, 20, 3], activation=["relu", "softmax"], loss="cross entropy")
    return {
        "online": (plain, step(plain, cr.sgd(), "sum", online=True)),
        "blocks": (wide, step(wide, cr.sgd(), "sum", online=True)),
        "rows": (plain, step(plain, cr.sgd(), "mean")),
        "adam": (classes, step(classes, cr.adam(), "mean", l2=0.1)),
        "dropout": (deep, step(deep, cr.momentum(), "sum", dropout={"a1": 0.5})),
    }


def updates(kernel: TrainingKernel, program: Program) -> bytes:
    """The bits of everything after some updates."""
    random = np.random.default_rng(0)
    state = first_state(program, "float64")
    rows = {
        one.attribute[0]: random.uniform(0.1, 0.9, (12, *[n for n in one.type.shape if n != "N"]))
        for one in program.examples
    }
    batch = 5 if any("N" in one.type.shape for one in program.examples) else 1
    errors = np.zeros(40)
    scalars = {label: np.full(40, 0.01) for label in program.scalars}
    kernel.run(state, rows, np.arange(40) % 12, batch, scalars, errors)
    errors = errors[: -(-40 // batch)]
    assert np.isfinite(errors).all()
    assert errors.any()
    return b"".join([part.tobytes() for part in state.values()]) + errors.tobytes()


@pytest.mark.parametrize("name", ["online", "blocks", "rows", "adam", "dropout"])
def test_a_kernel_from_disk_is_the_same_kernel(kept: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    net, program = some_programs()[name]
    made = cached.cached_training(program, error=net.minimise)
    monkeypatch.setattr(cached, "compile_training", None)  # not needed any more
    found = cached.cached_training(program, error=net.minimise)
    assert isinstance(made, TrainingKernel)
    assert isinstance(found, TrainingKernel)
    assert updates(made, program) == updates(found, program)
    assert made.text == found.text
    assert found.block == made.block
    assert (made.block > 1) == (name in ("online", "blocks"))


def test_programs_that_differ_have_keys_that_differ() -> None:
    told = []
    overs: tuple[Literal["sum", "mean"], ...] = ("sum", "mean")
    for over in overs:
        for layers in ([3, 4, 2], [3, 5, 2], [3, 4, 4, 2]):
            for optimizer in (cr.sgd(), cr.momentum(), cr.momentum(momentum=0.8), cr.adam(), cr.adam(epsilon=1e-6)):
                for activation in ("tanh", "relu"):
                    net = cr.MLP(layers, activation=activation)
                    one = step(net, optimizer, over)
                    told.append(cached.text_of(one, one.step.outputs[net.minimise]))
    assert len(set(told)) == len(told) == 60


def test_another_processor_and_other_sources_are_other_keys(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net, program = some_programs()["online"]
    keys = [cached.key_of_program(program, program.step.outputs[net.minimise], "float64")]  # type: ignore[attr-defined]
    monkeypatch.setattr(cached, "processor", lambda: b"another")
    keys.append(cached.key_of_program(program, program.step.outputs[net.minimise], "float64"))
    monkeypatch.setattr(cached, "COMPILER", b"0.0.1")
    keys.append(cached.key_of_program(program, program.step.outputs[net.minimise], "float64"))
    keys.append(cached.key_of_program(program, program.step.outputs[net.minimise], "float32"))
    assert len(set(keys)) == 4


# Whole processes.


def test_a_second_process_compiles_nothing(kept: Path) -> None:
    plain, loaded = run(TRAIN, CHAINRULE_CACHE="0").split()
    assert loaded == "True"
    assert not kept.exists()
    assert run(TRAIN).split() == [plain, "True"]
    assert run(TRAIN).split() == [plain, "False"]
    for file in files(kept):  # and what was spoilt is made again
        file.write_bytes(file.read_bytes()[:-1] + b"?")
    assert run(TRAIN).split() == [plain, "True"]
    assert run(TRAIN).split() == [plain, "False"]


def test_processes_that_compile_the_same_at_once(kept: Path) -> None:
    started = [subprocess.Popen([sys.executable, "-c", TRAIN], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    found = {process.communicate()[0].split()[0] for process in started}
    assert [process.returncode for process in started] == [0, 0, 0]
    assert len(found) == 1
    assert run(TRAIN).split() == [*found, "False"]
    assert not [file for file in files(kept) if file.suffix != ".kept"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_function_from_disk_is_the_same_function(
    kept: Path, dtype: Literal["float32", "float64"], monkeypatch: pytest.MonkeyPatch
) -> None:
    x, w = input_node(Name("x"), type_of("real", ("N", 5))), input_node(Name("w"), type_of("real", (5, 3)))
    out = SIN(x @ w)
    graph = {Name("out"): out, Name("total"): SUM(out, attribute=(0, 1)), Name("less"): LESS(x, x * x)}
    made = cached.cached_function(graph, dtype=dtype)
    monkeypatch.setattr(function, "compile_function", None)  # not needed any more
    found = cached.cached_function(graph, dtype=dtype)
    random = np.random.default_rng(0)
    values = {Name("x"): random.normal(size=(7, 5)), Name("w"): random.normal(size=(5, 3))}
    first, second = made(values), found(values)
    assert {label: (one.dtype, one.tobytes()) for label, one in first.items()} == {
        label: (one.dtype, one.tobytes()) for label, one in second.items()
    }
    assert np.allclose(first[Name("out")], np.sin(values[Name("x")] @ values[Name("w")]), atol=1e-5)
    assert made.text == found.text
    with pytest.raises(TypeError):  # another function is compiled
        cached.cached_function({Name("out"): out}, dtype=dtype)


def test_a_compiled_function_is_found_by_its_graph(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def f(w: Any, x: Any) -> Any:
        return np.sum(np.tanh(w @ x) ** 2)

    random = np.random.default_rng(0)
    w, x = random.normal(size=(30, 70)), random.normal(size=70)
    value, slopes = cr.compile(f).value_and_grad(w, x)
    monkeypatch.setattr(function, "compile_function", None)  # not needed any more
    again, others = cr.compile(f).value_and_grad(w, x)
    assert again == value
    assert [one.tobytes() for one in others] == [one.tobytes() for one in slopes]
    assert value == pytest.approx(np.sum(np.tanh(w @ x) ** 2), rel=1e-12)
