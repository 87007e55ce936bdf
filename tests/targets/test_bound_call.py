"""Calls bound to arrays: the same numbers as ordinary calls, in memory of others, which is looked at once."""

from __future__ import annotations

import array
import gc
import resource
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.threads import at_once

import chainrule as cr
from chainrule import functions
from chainrule.errors import GradientError, ShapeError
from chainrule.targets.llvm import bound_call, scalar_function
from chainrule.targets.llvm.emit import DType


def product(x: Any, y: Any) -> Any:
    return x * y + x**2


@pytest.fixture(params=[True, False], ids=["native", "fallback"])
def _possible(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if not request.param:
        monkeypatch.setattr(bound_call, "possible", lambda: False)


@pytest.mark.usefixtures("_possible")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_value_alone_and_with_slopes(dtype: DType) -> None:
    f = cr.compile(product, dtype=dtype)
    x, value, all_ = np.array([2.0, 3.0], dtype), np.zeros(1, dtype), np.zeros(3, dtype)
    one, both = f.bind(x, value), f.bind(x, all_)
    assert (one(), both()) == (None, None)
    assert (value.tolist(), all_.tolist()) == ([10], [10, 7, 2])
    x[:] = [-1, 4]  # what is in the arrays when it is called
    one(), both()
    assert (value.tolist(), all_.tolist()) == ([-3], [-3, 2, -1])
    assert x.tolist() == [-1, 4]


@pytest.mark.usefixtures("_possible")
@pytest.mark.parametrize("large", [10_000, 5])
def test_straight_lines_and_tables(large: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scalar_function, "LARGE", large)

    def f(*xs: Any) -> Any:
        return sum(functions.tanh(x * k) for k, x in enumerate(xs))

    compiled, point = cr.compile(f), np.linspace(-1, 1, 12)
    made = np.zeros(13)
    run = compiled.bind(point, made)
    other = np.zeros(13)
    compiled.bind(point * 2, other)()  # works in memory of its own
    run()
    value, slopes = compiled.value_and_grad(*point.tolist())
    assert made.tolist() == [value, *slopes]
    assert other.tolist() != made.tolist()


def test_arrays_as_arguments() -> None:
    f = cr.compile(lambda a, w, b: a * w[0, 1] + w[1, 0] * b)
    x, made = np.array([5.0, 1.0, 2.0, 3.0, 4.0, 7.0]), np.zeros(7)
    f.bind(x, made, shapes=[(), (2, 2), ()])()
    assert made.tolist() == [31, 2, 0, 5, 7, 0, 3]


def test_functions_of_whole_arrays() -> None:
    f = cr.compile(lambda w, b: (w**2).sum() + b)
    x, made = np.array([1.0, 2.0, 3.0, 4.0, 9.0]), np.zeros(6)
    run = f.bind(x, made, shapes=[(2, 2), ()])
    for _ in range(2):
        run()
        assert made.tolist() == [np.square(x[:4]).sum() + 9, *(2 * x[:4]), 1]
        x[0] = 7


def test_no_arguments_and_rows_of_numbers() -> None:
    made = np.zeros(1)
    cr.compile(lambda: 2.5).bind(np.zeros(0), made)()
    assert made.tolist() == [2.5]
    rows = np.zeros((2, 3))
    cr.compile(lambda *xs: sum(xs)).bind(np.arange(5.0), rows)()
    assert rows.tolist() == [[10, 1, 1], [1, 1, 1]]


@pytest.mark.parametrize(
    "make", [lambda xs: array.array("d", xs), lambda xs: memoryview(bytearray(8 * len(xs))).cast("d")]
)
def test_other_buffers_are_kept_in_place(make: Callable[[list[float]], Any]) -> None:
    x, made = make([2.0, 3.0]), make([0.0] * 3)
    x[0], x[1] = 2.0, 3.0
    run = cr.compile(product).bind(x, made)
    run()
    assert list(made) == [10, 7, 2]
    if isinstance(x, array.array):
        with pytest.raises(BufferError):
            x.append(1.0)
        del run
        gc.collect()
        x.append(1.0)


def test_memory_that_nobody_else_holds_lives_as_long_as_the_call() -> None:
    made = np.zeros(3)
    run = cr.compile(product).bind(np.array([2.0, 3.0]), made)
    gc.collect()
    np.full(2, 99.0), np.full(2, 98.0)
    run()
    assert made.tolist() == [10, 7, 2]


FROZEN = np.zeros(3)
FROZEN.setflags(write=False)
TWO = np.zeros(2)


@pytest.mark.parametrize(
    ("given", "results", "message"),
    [
        (np.zeros(2, "f4"), np.zeros(3), "given does not hold float64"),
        (np.zeros(2, ">f8"), np.zeros(3), "given does not hold float64"),
        (np.zeros(2), np.zeros(3, int), "results does not hold float64"),
        (np.zeros(4)[::2], np.zeros(3), "the numbers of given do not lie one after the other"),
        (np.zeros(2), np.zeros((3, 3))[:, 0], "the numbers of results do not lie"),
        (np.zeros(2), FROZEN, "results is read-only"),
        (np.zeros(2), np.zeros(2), "results has 2 numbers, expected 1 for the value, or 3"),
        (TWO, TWO[:1], "given and results share memory"),
        (memoryview(bytearray(17))[1:].cast("d"), np.zeros(3), "at multiples of 8 bytes"),
        ([2.0, 3.0], np.zeros(3), "given is a list, expected an array of float64"),
        (np.zeros(2), None, "results is a NoneType, expected"),
    ],
)
def test_memory_that_does_not_fit(given: Any, results: Any, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        cr.compile(product).bind(given, results)


def test_other_mistakes() -> None:
    f = cr.compile(product)
    with pytest.raises(ShapeError, match="given has 2 numbers, expected 4 for these shapes"):
        f.bind(np.zeros(2), np.zeros(3), shapes=[(2,), (2,)])
    with pytest.raises(TypeError, match="argument"):
        f.bind(np.zeros(3), np.zeros(4))
    with pytest.raises(GradientError):
        cr.compile(lambda x: x * 2).bind(np.zeros(2), np.zeros(3), shapes=[(2,)])
    with pytest.raises(TypeError, match="no arguments"):
        f.bind(np.zeros(2), np.zeros(3))(1.0)


def test_calls_leak_nothing() -> None:
    x, made = np.array([2.0, 3.0]), np.zeros(3)
    f = cr.compile(product)
    for _ in range(3):
        f.bind(x, made)()
    gc.collect()
    counts = [sys.getrefcount(one) for one in (x, made, None)]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    run = f.bind(x, made)
    for _ in range(100_000):
        run()
    for _ in range(3_000):
        f.bind(x, made)
    del run
    gc.collect()
    after = [sys.getrefcount(one) for one in (x, made, None)]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # kilobytes
    assert after[:2] == counts[:2]
    assert abs(after[2] - counts[2]) < 1_000  # of 100,000 calls that returned None


@pytest.mark.parametrize("large", [10_000, 50])
def test_threads_with_arrays_of_their_own(large: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scalar_function, "LARGE", large)
    f = cr.compile(lambda *xs: sum(functions.sigmoid(x) * functions.tanh(x) for x in xs))
    wrong: list[int] = []

    def work(k: int) -> None:
        x, made, due = np.full(30, k / 8), np.zeros(31), np.zeros(31)
        f.bind(x, due)()
        run = f.bind(x, made)
        for _ in range(500):
            made[:] = 0
            run()
            if made.tolist() != due.tolist():
                wrong.append(k)

    at_once(work)
    assert not wrong
