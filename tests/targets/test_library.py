"""LLVM by its library alone does what `llvmlite.binding` does."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import llvmlite
import pytest

from chainrule.node import input_node, type_of
from chainrule.ops import TABLE
from chainrule.quantity import Name
from chainrule.targets.llvm import library as alone
from chainrule.targets.llvm import machine
from chainrule.targets.llvm.function import compile_function

INSIDE = """
define internal double @twice(double %x) {
  %y = fadd double %x, %x
  ret double %y
}
define double @run(double %x) {
  %place = alloca double
  store double %x, ptr %place
  %y = load double, ptr %place
  %z = call double @twice(double %y) alwaysinline
  ret double %z
}
"""


def library() -> Any:
    found = alone.library()
    assert found is not None, (
        "the version of llvmlite that is installed is not one that `library` knows: check its functions"
    )
    return found


def texts() -> list[str]:
    x, W = input_node(Name("x"), type_of("real", ("N", 7))), input_node(Name("W"), type_of("real", (7, 5)))
    made = compile_function({Name("y"): TABLE["sigmoid"](x @ W)})
    return [INSIDE, made.text]


def test_object_files_are_the_same_bytes() -> None:
    here = machine.this_machine()
    host = (here.triple, here.cpu, here.features)
    for text in texts():
        for level in (0, 2):
            found = alone.object_of(library(), text, host, level)
            assert found == machine._object_by_binding(text, here, level)
            assert found[:4] in (b"\x7fELF", b"\xcf\xfa\xed\xfe") or sys.platform == "win32"


def test_what_is_marked_is_put_in_with_care_only() -> None:
    here = machine.this_machine()
    host = (here.triple, here.cpu, here.features)
    for level, kinds in ((0, 1), (2, 2)):
        made = {alone.object_of(library(), text, host, level) for text in (INSIDE, INSIDE.replace(" alwaysinline", ""))}
        assert len(made) == kinds


def test_the_host_has_the_same_names() -> None:
    assert alone.host(library()) == machine._host()


def test_mistakes_are_told_in_the_words_of_llvm() -> None:
    host = alone.host(library())
    with pytest.raises(RuntimeError, match="expected instruction opcode"):
        alone.object_of(library(), "define void @run() {\n  nonsense\n}", host, 0)
    with pytest.raises(RuntimeError, match="No available targets are compatible"):
        alone.object_of(library(), INSIDE, ("nowhere-at-all", "", ""), 0)


def test_threads_do_not_meet() -> None:
    host = alone.host(library())
    due = [alone.object_of(library(), text, host, 2) for text in texts()]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda k: alone.object_of(library(), texts()[k % 2], host, 2), range(40)))
    assert made == due * 20


@pytest.mark.parametrize("version", ["0.44.0", "0.51.0", "1.0", "unknown"])
def test_another_version_is_left_to_the_binding(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llvmlite, "__version__", version)
    assert alone.library.__wrapped__() is None
    monkeypatch.setattr(machine, "library", alone.library.__wrapped__)
    here = machine.this_machine.__wrapped__()
    assert here == machine.this_machine()
    assert machine._object(INSIDE, here, 0) == machine._object_by_binding(INSIDE, here, 0)


def test_a_library_without_one_of_the_functions_is_left_to_the_binding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(alone._FUNCTIONS, "LLVMPY_NeverHeardOf", (None,))
    assert alone.library.__wrapped__() is None


def test_training_from_nothing_loads_the_library_alone() -> None:
    code = """
import os, sys
os.environ["CHAINRULE_CACHE"] = "0"
import chainrule as cr
net = cr.MLP([2, 2, 1], seed=3)
cr.train(net, [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], epochs=5)
print(*sorted({"llvmlite", "llvmlite.binding", "importlib.resources", "numpy", "inspect"} & set(sys.modules)))
"""
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loads_by_itself = machine.this_machine().family == "x86_64" and sys.platform == "linux"
    assert ran.stdout.split() == ["llvmlite"] or not loads_by_itself
