"""Functions that are worked out together: nothing is lost, nothing comes too early, and the values stay the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
from chainrule import functions
from chainrule.evaluate import evaluate
from chainrule.node import Node, input_node, node, order
from chainrule.ops import TABLE
from chainrule.quantity import Name
from chainrule.targets.llvm.bundles import BUNDLED, LEAST, bundles, sequence
from chainrule.targets.llvm.emit import DType
from chainrule.targets.llvm.machine import AARCH64, Machine, object_code
from chainrule.targets.llvm.straight_line import straight_text
from chainrule.tracing.traced import Traced
from chainrule.transforms.gradients import gradient

BOUNDS = {"float64": 1e-12, "float32": 2e-5}
WIDE = Machine("x86_64-unknown-linux-gnu", "skylake-avx512", "+avx512f,+avx512dq", 64)


@st.composite
def graphs(draw: st.DrawFn) -> list[Node]:
    """Some roots of a random graph; roots may be inputs, and depend on each other."""
    pool: list[Node] = [input_node(Name(f"x{k}")) for k in range(draw(st.integers(1, 12)))]
    for _ in range(draw(st.integers(0, 60))):
        op = TABLE[draw(st.sampled_from(["sigmoid", "tanh", "sin", "add", "sub"]))]
        pool.append(node(op, tuple(pool[draw(st.integers(0, len(pool) - 1))] for _ in range(op.arity or 0))))
    return draw(st.lists(st.sampled_from(pool), max_size=4))


@given(roots=graphs(), lanes=st.sampled_from([1, 2, 4, 8]))
def test_every_node_comes_once_and_after_its_arguments(roots: list[Node], lanes: int) -> None:
    done: set[Node] = set()
    for step in sequence(roots, lanes):
        assert 1 <= len(step) <= max(1, lanes)
        assert len(step) == 1 or len(step) >= LEAST
        assert len({n.op.name for n in step}) == 1
        for n in step:
            assert n not in done
            assert done.issuperset(n.args)  # also not by others of the same step
        done.update(step)
    assert done == set(order(roots))


def test_only_functions_of_one_number_are_bundled() -> None:
    assert {TABLE[name].arity for name in BUNDLED} == {1}
    x = input_node(Name("x"))
    assert not list(bundles(order([node(TABLE["add"], (x, x))]), 8))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", sorted(BUNDLED))
@pytest.mark.parametrize("count", [2, 3, 8, 9, 19])
def test_values_and_slopes_of_bundled_functions(name: str, count: int, dtype: DType) -> None:
    op = TABLE[name]

    def f(*xs: Any) -> Any:
        total = 0
        for k, x in enumerate(xs, 1):
            total = Traced(node(op, (x.node,))) * k + total
        return total

    point = np.random.default_rng(count).uniform(*op.domain[0], count).astype(dtype).astype(float).tolist()
    inputs = [input_node(Name(f"x{k}")) for k in range(count)]
    root = f(*map(Traced, inputs)).node
    values = {Name(f"x{k}"): x for k, x in enumerate(point)}
    value, *slopes = evaluate([root, *gradient(root, inputs)], values)
    found, by = cr.compile(f, dtype=dtype).value_and_grad(*point)
    assert found == pytest.approx(value, rel=count * BOUNDS[dtype], abs=count * BOUNDS[dtype])
    assert by == pytest.approx(slopes, rel=20 * count * BOUNDS[dtype], abs=20 * count * BOUNDS[dtype])


@pytest.mark.parametrize("far", [-1e300, -800.0, 800.0, float("inf"), float("-inf"), float("nan")])
def test_one_lane_far_out_leaves_the_others(far: float) -> None:
    f = cr.compile(lambda *xs: sum(functions.sigmoid(x) * k for k, x in enumerate(xs)))
    near = [0.5, -0.25, 1.0, 2.0]
    due = sum(k / (1 + np.exp(-x)) for k, x in enumerate([0.0, *near]))
    assert f(0.0, *near, 0.0) - 5 * 0.5 == pytest.approx(due, rel=1e-14)
    with_far = f(0.0, *near, far)
    if far == far:
        assert with_far - (5 if far > 0 else 0) == pytest.approx(due, rel=1e-14)
    else:
        assert with_far != with_far


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("machine", [AARCH64, WIDE], ids=["arm", "avx512"])
def test_object_code_for_other_machines(machine: Machine, dtype: DType) -> None:
    inputs = [input_node(Name(f"x{k}")) for k in range(20)]
    root = inputs[0]
    for x in inputs:
        root = node(TABLE["add"], (root, node(TABLE["tanh"], (x,))))
    text = straight_text([root], inputs, dtype, machine)
    assert object_code(text, machine)[:4] == b"\x7fELF"
    lanes = min(8, machine.vector_bytes // (8 if dtype == "float64" else 4))
    assert (f"@function.tanh.{lanes}(" in text) == (lanes >= LEAST)
