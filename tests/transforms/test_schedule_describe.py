from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from tests.targets.networks import E, network

from chainrule.graph import Program
from chainrule.node import Node, const, input_node, node, type_of
from chainrule.ops import TABLE
from chainrule.quantity import Name
from chainrule.targets.llvm.machine import Machine
from chainrule.targets.llvm.program import program_code
from chainrule.transforms.schedule.describe import describe
from chainrule.transforms.schedule.plan import plan

AVX2 = Machine("x86_64-unknown-linux-gnu", "x86-64-v3", "", 32)


def described(program: Program) -> str:
    return describe(program_code(program, program.step.outputs[E], "float32", AVX2).plan) + "\n"


def of(root: Node, **inputs: Node) -> list[str]:
    """The lines of the stages of a function."""
    lines = describe(plan(dict.fromkeys(inputs.values(), "given"), [root])).splitlines()
    return [line.strip() for line in lines[lines.index("stages") + 1 :]]


def array(name: str, *shape: int | str) -> Node:
    return input_node(Name(name), type_of("real", shape))


def test_the_plan_of_online_xor(golden: Callable[[str, str], None]) -> None:
    golden("schedules/online_2_2_1.txt", described(network([2, 2, 1])))


def test_the_plan_of_a_batch_with_adam(golden: Callable[[str, str], None]) -> None:
    program = network([8, 5, 3], rows=True, optimizer="adam", activation=["relu", "softmax"], loss="cross entropy")
    golden("schedules/batch_8_5_3_adam.txt", described(program))


A, B, V = array("A", 3, 4), array("B", 4, 5), array("v", 4)


def made(name: str, *args: Node | int, attribute: Any = None) -> Node:
    """A node as it stands, not simplified."""
    return node(TABLE[name], tuple([const(a) if isinstance(a, int) else a for a in args]), attribute)


@pytest.mark.parametrize(
    ("root", "formula"),
    [
        (made("mul", made("matmul", A, V), 2), "(A @ v)*2"),
        (made("sub", made("mul", V, 2), made("mul", made("sub", 1, V), 3)), "v*2 - (1 - v)*3"),
        (made("sub", V, made("sub", V, 1)), "v - (v - 1)"),
        (made("add", V, made("add", V, 1)), "v + v + 1"),
        (made("mul", made("neg", V), V), "(-v)*v"),
        (made("neg", made("mul", V, V)), "-v*v"),
        (made("div", V, made("mul", V, 2)), "v/(v*2)"),
        (made("div", made("div", V, 3), 2), "v/3/2"),
        (made("mul", made("power", V, 2), 3), "v^2*3"),
        (made("power", made("mul", V, 2), 2), "(v*2)^2"),
        (made("power", made("power", V, 2), 2), "(v^2)^2"),
        (made("add", made("mul", V, -1), const(Fraction(1, 3))), "v*(-1) + 1/3"),
        (made("div", V, const(Fraction(1, 3))), "v/(1/3)"),
        (made("mul", V, const(Fraction(1, 8))), "v*0.125"),
        (made("tanh", made("add", V, 1)), "tanh(v + 1)"),
        (made("where", made("greater", V, 0), V, made("neg", V)), "where(v > 0, v, -v)"),
        (made("mul", made("transpose", A, attribute=(1, 0)), 2), "A'*2"),
        (made("add", made("index", A, attribute=(1, (0, 2))), 1), "A[1, 0:2] + 1"),
    ],
)
def test_formulas_have_the_brackets_they_need(root: Node, formula: str) -> None:
    inputs = {name: x for name, x in (("A", A), ("v", V)) if x in _below(root)}
    assert of(root, **inputs)[-1] == f"result := {formula}"


def _below(root: Node) -> set[Node]:
    found, stack = set(), [root]
    while stack:
        x = stack.pop()
        found.add(x)
        stack += x.args
    return found


def test_the_ways_of_a_product() -> None:
    assert of(A @ B, A=A, B=B)[0] == "1. over (3, 5): A @ B, vectors along the columns, summed over 4"
    long, v = array("A", 3, 64), array("v", 64)
    assert of(long @ v, A=long, v=v)[0] == "1. over (3): A @ v, dot products over 64 whose lanes are joined"


def test_what_is_used_twice_is_written_once() -> None:
    s = node(TABLE["exp"], (V + 1,))
    for _ in range(200):  # 2^200 times, if each use were written out
        s = s * s
    lines = of(s, v=V)
    assert lines[1] == "v1 = exp(v + 1)"
    assert lines[-1] == "result := v200*v200"


def test_a_formula_of_any_length_is_cut() -> None:
    total = V
    for k in range(20_000):
        total = total + const(k + 2)
    assert len(of(total, v=V)[-1]) < 500


def test_what_is_put_together_says_where() -> None:
    joined = made("concat", V, made("mul", V, 2), attribute=0)
    assert of(joined, v=V)[:3] == ["1. over (8): put together (concat)", "s1[0:4] := v", "s1[4:8] := v*2"]


def test_several_results_have_numbers() -> None:
    lines = describe(plan({V: "given"}, [made("tanh", V), made("exp", V)])).splitlines()
    assert [line.strip() for line in lines if ":=" in line] == ["result1 := tanh(v)", "result2 := exp(v)"]
