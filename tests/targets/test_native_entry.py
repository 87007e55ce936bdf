"""Compiled functions as native entries: the values, what does not fit, memory, threads."""

from __future__ import annotations

import copy
import gc
import math
import pickle
import resource
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.threads import at_once

import chainrule as cr
from chainrule import functions
from chainrule.errors import ChainruleError, ShapeError
from chainrule.evaluate import evaluate
from chainrule.node import Node, const, input_node, node
from chainrule.ops import ALL_OPS
from chainrule.ops.choices import GREATER
from chainrule.quantity import Name
from chainrule.targets.llvm import native_entry, scalar_function
from chainrule.targets.llvm.emit import DType
from chainrule.tracing.traced import Traced
from chainrule.transforms.gradients import gradient

BOUNDS = {"float64": 1e-12, "float32": 2e-5}


def is_native(function: Callable[..., Any]) -> bool:
    return type(function).__name__ == "builtin_function_or_method"


def test_calls_are_native_from_the_start() -> None:
    f = cr.compile(lambda x, y: x * y)
    assert callable(f)
    assert is_native(f.value_and_grad)
    kept = f.value_and_grad  # taken before anything is compiled: it becomes quick all the same
    assert kept(2.0, 3.0) == (6.0, (3.0, 2.0))
    assert kept(4.0, 3.0) == (12.0, (3.0, 4.0))


# Every op through the entry, against the reference.


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("op", [op for op in ALL_OPS if op.elementwise], ids=lambda op: op.name)
def test_every_op_through_the_entry(op: Any, dtype: DType) -> None:
    arity = op.arity or 0

    def applied(*xs: Any) -> Any:
        args: list[Node] = [x.node for x in xs]
        if op.name == "where":
            args[0] = node(GREATER, (args[0], const(0)))
        made = node(op, tuple(args))
        return functions.where(Traced(made), xs[0] * 2, xs[0] * 3) if made.type.kind == "boolean" else Traced(made)

    inputs = [input_node(Name(f"x{k}")) for k in range(arity)]
    root = applied(*map(Traced, inputs)).node
    f = cr.compile(applied, dtype=dtype)
    numbers = np.random.default_rng(1)
    low, high = np.array([op.domain[min(k, len(op.domain) - 1)] for k in range(arity)]).T
    points = numbers.uniform(low, high, (30, arity)).astype(dtype).astype(float).tolist()
    for point in points:
        values = {Name(f"x{k}"): x for k, x in enumerate(point)}
        (expected,) = evaluate([root], values)
        found = f(*point)
        assert type(found) is float
        assert abs(found - expected) <= BOUNDS[dtype] * max(1, abs(expected)), point
        value, slopes = f.value_and_grad(*point)
        due = evaluate(gradient(root, inputs), values)
        assert value == found
        for slope, right in zip(slopes if arity > 1 else [slopes], due, strict=True):
            assert abs(slope - right) <= 20 * BOUNDS[dtype] * max(1, abs(right)), point


# Random graphs, values and gradients.


STEPS: list[Callable[[Any, Any], Any]] = [
    lambda x, y: (x + y) / 2,
    lambda x, y: x * y,
    lambda x, y: functions.tanh(x - y),
    lambda x, y: functions.sigmoid(x * 3),
    lambda x, y: functions.maximum(x, y),
    lambda x, y: functions.exp(-(x**2)) + y / 7,
    lambda x, y: functions.where(x > y, x, y * 0.3),
    lambda x, y: functions.sin(x) + functions.log(1 + y**2),
]


def random_graph(seed: int, nodes: int, *, awkward: bool = False) -> tuple[Callable[..., Any], list[float]]:
    """A function of several numbers with so many ops, none of which is dead; values stay within a few units."""
    numbers = np.random.default_rng(seed)
    count = 3 if nodes < 100 else 20
    steps = numbers.integers(0, 8 if awkward else 7, nodes), numbers.integers(0, 1 << 30, (nodes, 2))

    def f(*xs: Any) -> Any:
        pool = list(xs)
        unused = list(range(count))
        for kind, (a, b) in zip(steps[0].tolist(), steps[1].tolist(), strict=True):
            first = unused.pop(0)
            x, y = pool[first], pool[max(0, len(pool) - 60 + a % 60) % len(pool)]
            made = STEPS[kind](x, y)
            pool.append(made)
            unused.append(len(pool) - 1)
            if len(unused) > count and b % 2:
                pool.append(pool[unused.pop(0)] + pool[unused.pop(0)])
                unused.append(len(pool) - 1)
        total = pool[unused[0]]
        for at in unused[1:]:
            total = total + pool[at]
        return total

    return f, numbers.uniform(-1, 1, count).tolist()


def compare(f: Callable[..., Any], point: list[float], dtype: DType, bound: float) -> None:
    compiled = cr.compile(f, dtype=dtype)
    inputs = [input_node(Name(f"x{k}")) for k in range(len(point))]
    root = f(*map(Traced, inputs)).node
    values = {Name(f"x{k}"): x for k, x in enumerate(point)}
    due, *slopes = evaluate([root, *gradient(root, inputs)], values)
    for _ in range(2):  # the first call goes the general way
        value, found = compiled.value_and_grad(*point)
        assert abs(value - due) <= bound * max(1, abs(due))
        assert compiled(*point) == value
        for one, right in zip(found, slopes, strict=True):
            assert abs(one - right) <= bound * max(1, abs(right))


@given(seed=st.integers(0, 10_000))
def test_random_graphs_of_10_nodes(seed: int) -> None:
    compare(*random_graph(seed, 10, awkward=True), "float64", 1e-12)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_random_graphs_of_1000_nodes(seed: int, dtype: DType) -> None:
    compare(*random_graph(seed, 1_000), dtype, 1e-12 if dtype == "float64" else 1e-4)


def test_a_random_graph_of_20000_nodes() -> None:
    compare(*random_graph(0, 20_000), "float64", 1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_tables_equal_straight_lines(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    f, point = random_graph(seed, 300, awkward=True)
    plain = cr.compile(f).value_and_grad(*point)
    monkeypatch.setattr(scalar_function, "LARGE", 50)
    tables = cr.compile(f)
    for _ in range(2):
        value, slopes = tables.value_and_grad(*point)
        assert value == pytest.approx(plain[0], rel=1e-13)
        assert slopes == pytest.approx(plain[1], rel=1e-12, abs=1e-13)


# Arrays.


def by_element(x: Any) -> Any:
    return x[0] * x[1] + functions.exp(x[2]) * x[0]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_arrays_that_are_used_element_by_element(dtype: DType) -> None:
    f = cr.compile(by_element, dtype=dtype)
    x = np.array([2.0, 3.0, 0.5, 7.0], dtype)  # the last is not used
    before = x.copy()
    for _ in range(2):
        value, slope = f.value_and_grad(x)
        assert type(value) is float
        assert value == pytest.approx(6 + 2 * math.exp(0.5), rel=1e-6)
        assert slope.dtype == dtype
        assert slope.flags.owndata or slope.base is None
        assert slope == pytest.approx([3 + math.exp(0.5), 2, 2 * math.exp(0.5), 0], rel=1e-6)
    assert (x == before).all()
    first, second = f.value_and_grad(x)[1], f.value_and_grad(x)[1]
    assert not np.shares_memory(first, second)


def test_arrays_and_numbers_together() -> None:
    f = cr.compile(lambda a, w, b: a * w[0, 1] + w[1, 0] * b)
    w = np.array([[1.0, 2.0], [3.0, 4.0]])
    for _ in range(2):
        value, (a, by_w, b) = f.value_and_grad(5.0, w, 7.0)
        assert (value, a, b) == (31.0, 2.0, 3.0)
        assert by_w.tolist() == [[0, 5], [7, 0]]


@pytest.mark.parametrize(
    "make",
    [
        lambda x: x[::2],
        lambda x: x[::2].astype(">f8"),
        lambda x: x[::2].astype("f4"),
        lambda x: x[::2].tolist(),
        lambda x: np.asfortranarray(x[None, ::2])[0],
        lambda x: np.frombuffer(b"\0" + x[::2].tobytes(), np.uint8)[1:].view(float),
        lambda x: x[::2].view(Sub),
        lambda x: x[::2].astype(int),
    ],
    ids=["strided", "big endian", "single", "list", "fortran", "unaligned", "subclass", "integers"],
)
def test_arrays_of_all_kinds_give_the_same(make: Callable[[Any], Any]) -> None:
    f = cr.compile(by_element)
    x = np.arange(1.0, 7.0)
    due = f(np.ascontiguousarray(x[::2]))
    assert f(make(x)) == due
    assert f(make(x)) == due


class Sub(np.ndarray[Any, Any]):
    pass


def test_other_shapes_later_and_between() -> None:
    f = cr.compile(lambda x: x[0] * x[1])
    for _ in range(3):
        assert f.value_and_grad(np.array([2.0, 3.0]))[1].tolist() == [3, 2]
        assert f.value_and_grad(np.array([2.0, 3.0, 4.0]))[1].tolist() == [3, 2, 0]
    with pytest.raises(ChainruleError):
        f(np.array([2.0]))


def test_no_elements_and_unused_arguments() -> None:
    f = cr.compile(lambda x, y, z: y * y)
    for _ in range(2):
        value, (x, y, z) = f.value_and_grad(np.zeros(0), 3.0, np.ones(2))
        assert (value, y, x.shape, z.tolist()) == (9.0, 6.0, (0,), [0, 0])
    constant = cr.compile(lambda: 2.5)
    assert (constant(), constant()) == (2.5, 2.5)
    assert constant.value_and_grad() == (2.5, ())


def test_functions_of_whole_arrays_go_the_general_way() -> None:
    f = cr.compile(lambda w: (w**2).sum())
    for _ in range(2):
        assert f.value_and_grad(np.ones((2, 3)))[1].tolist() == [[2] * 3] * 2


# What does not fit.


@pytest.mark.parametrize("warm", [False, True])
def test_wrong_arguments_are_named(warm: bool) -> None:
    f = cr.compile(lambda x, y: x * y)
    if warm:
        f(1.0, 2.0), f.value_and_grad(1.0, 2.0)
    for call in (f, f.value_and_grad):
        with pytest.raises(ShapeError, match="found NoneType None for x2"):
            call(1.0, None)
        with pytest.raises(ShapeError, match="found str 'a' for x1"):
            call("a", 1.0)
        with pytest.raises(ShapeError, match=r"found 1000.* for x1"):
            call(10**400, 1.0)
        with pytest.raises(TypeError, match="argument"):
            call(1.0)
        with pytest.raises(TypeError, match="keyword"):
            call(1.0, y=2.0)
        assert call(1.0, 2.0)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (2, 3),
        (True, 3.0),
        (np.float64(2), np.float32(3)),
        (np.int64(2), np.array(3.0)),
        (-1.0, -1),
        (float("nan"), 1.0),
    ],
)
def test_numbers_of_all_kinds(x: Any, y: Any) -> None:
    f = cr.compile(lambda x, y: x * y)
    f(1.0, 2.0)
    due = float(x) * float(y)
    assert f(x, y) == due or math.isnan(due)


def test_denormal_numbers_and_the_mode_of_the_caller() -> None:
    f = cr.compile(lambda x: x * 2)
    for _ in range(2):
        assert f(5e-324) == 0.0
    assert 5e-324 * 2 == 1e-323


# Life.


def test_calls_leak_nothing_and_leave_the_counts_of_arguments() -> None:
    f = cr.compile(by_element)
    g = cr.compile(lambda x, y: x * y)
    x, a, b = np.array([2.0, 3.0, 0.5]), 1234.5, 6543.25
    for _ in range(3):
        f.value_and_grad(x), g.value_and_grad(a, b), f(x)
    gc.collect()
    counts = [sys.getrefcount(one) for one in (x, a, b, np.empty)]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(100_000):
        f.value_and_grad(x)
        g.value_and_grad(a, b)
        g(a, b)
    for _ in range(500):
        for wrong in (None, "a"):
            with pytest.raises(ShapeError):
                g(a, wrong)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # kilobytes
    assert [sys.getrefcount(one) for one in (x, a, b, np.empty)] == counts


def test_a_function_outlives_what_made_it_and_goes_with_it() -> None:
    g = cr.compile(lambda x, y: x * y).value_and_grad
    gc.collect()
    assert g(2.0, 3.0) == (6.0, (3.0, 2.0))
    gc.collect()
    assert g(2.0, 4.0) == (8.0, (4.0, 2.0))
    alive = sum(isinstance(one, native_entry.Entry) for one in gc.get_objects())
    for _ in range(20):
        cr.compile(lambda x, y: x * y)(1.0, 2.0)
    gc.collect()
    assert sum(isinstance(one, native_entry.Entry) for one in gc.get_objects()) <= alive


def test_copies_and_pickles() -> None:
    f = cr.compile(by_element, dtype="float32")
    x = np.array([2.0, 3.0, 0.5], "f4")
    due = f(x)
    for other in (copy.copy(f), copy.deepcopy(f), pickle.loads(pickle.dumps(f))):
        assert other(x) == due
    del f
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(cr.compile(lambda x: x))


@pytest.mark.parametrize("large", [10_000, 50])
def test_threads_at_the_same_time(large: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scalar_function, "LARGE", large)
    f, point = random_graph(3, 400)
    compiled = cr.compile(f)
    due = {k: compiled.value_and_grad(*[x * k / 8 for x in point]) for k in range(8)}
    wrong: list[int] = []

    def work(k: int) -> None:
        for _ in range(300):
            if compiled.value_and_grad(*[x * k / 8 for x in point]) != due[k]:
                wrong.append(k)

    at_once(work)
    assert not wrong


def test_where_the_c_api_cannot_be_called_like_this(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native_entry, "possible", lambda: False)
    f = cr.compile(by_element)
    assert not is_native(f.value_and_grad)
    x = np.array([2.0, 3.0, 0.5])
    assert f.value_and_grad(x)[0] == f(x)
    with pytest.raises(ShapeError):
        f(None)
