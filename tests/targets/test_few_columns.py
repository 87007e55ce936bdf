"""Few columns of many rows: examples that are turned in registers, and sums whose lanes are joined together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from tests.targets.networks import E, network
from tests.targets.test_training_kernel import compare

from chainrule.node import input_node, type_of
from chainrule.ops.reduction import LARGEST, SMALLEST, SUM
from chainrule.quantity import Name
from chainrule.targets.llvm.emit import Emitter, Value
from chainrule.targets.llvm.function import compile_function
from chainrule.targets.llvm.gather import turned
from chainrule.targets.llvm.machine import this_machine
from chainrule.targets.llvm.memory import is_turned_by_rows
from chainrule.targets.llvm.program import program_code

A, Y = Name("a"), Name("y")


@dataclass(frozen=True)
class Lanes:
    """A vector whose lanes are told apart."""

    all: tuple[Any, ...]

    @property
    def lanes(self) -> int:
        return len(self.all)


class Shuffler:
    """An emitter that works out what it is told to write."""

    def shuffle(self, x: Lanes, y: Lanes, lanes: list[int]) -> Lanes:
        return Lanes(tuple((x.all + y.all)[lane] for lane in lanes))


@pytest.mark.parametrize("rows", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("columns", [1, 2, 4, 8, 16])
def test_columns_of_rows(rows: int, columns: int) -> None:
    if columns > rows:
        return
    given: Any = [Lanes(tuple((r, c) for c in range(columns))) for r in range(rows)]
    shuffler: Any = Shuffler()
    found: list[Any] = turned(shuffler, given, columns)
    assert [one.all for one in found] == [tuple((r, c) for r in range(rows)) for c in range(columns)]


def test_single_numbers_are_rows_of_one_column() -> None:
    (found,) = turned(Emitter("float64"), [Value(f"%x{k}") for k in range(4)], 1)
    assert found.lanes == 4


@pytest.mark.parametrize("rows", [1, 5, 8, 15, 16, 17, 31, 32, 39, 100])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("width", range(1, 13))
def test_examples_of_any_width(rows: int, dtype: str, width: int) -> None:
    for layers in ([width, 3], [2, width]):
        program = network(layers, rows=True, optimizer="momentum", activation="sigmoid", loss="squared error")
        found = compare(program, layers, batch=rows, updates=3, dtype=dtype, rate=0.1)
        assert found < (1e-12 if dtype == "float64" else 1e-5), layers


@pytest.mark.parametrize("rows", [16, 17, 31, 32, 64, 75])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("inner", [13, 16, 17, 31, 33, 64, 90])
def test_products_of_rows_that_are_turned(rows: int, dtype: str, inner: int) -> None:
    for units in (3, 9, 12):
        layers = [inner, units]
        program = network(layers, rows=True, optimizer="momentum", activation="sigmoid", loss="squared error")
        found = compare(program, layers, batch=rows, updates=3, dtype=dtype, rate=0.1)
        assert found < (1e-12 if dtype == "float64" else 1e-5), layers


@pytest.mark.parametrize("vector_bytes", [16, 32])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_they_are_turned_in_narrower_vectors(vector_bytes: int, dtype: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = replace(this_machine(), vector_bytes=vector_bytes)
    for module in ("machine", "training"):
        monkeypatch.setattr(f"chainrule.targets.llvm.{module}.this_machine", lambda: narrow)
    for layers in ([20, 10], [9, 3], [31, 11], [7, 2]):
        program = network(layers, rows=True, optimizer="momentum", activation="sigmoid", loss="squared error")
        found = compare(program, layers, batch=37, updates=3, dtype=dtype, rate=0.1)
        assert found < (1e-12 if dtype == "float64" else 1e-5), layers


@pytest.mark.parametrize(("inner", "units", "most", "expected"), [
    (64, 10, None, True), (75, 10, None, True), (80, 10, None, False), (64, 10, 15, False), (64, 10, 47, True),
    (64, 7, None, False), (784, 10, None, False), (64, 13, None, False), (10, 10, None, False),
])  # fmt: skip
def test_rows_are_turned_where_that_is_less_than_joining_lanes(
    inner: int, units: int, most: int | None, expected: bool
) -> None:
    program = replace(network([inner, units], rows=True, activation="softmax", loss="cross entropy"), most=most)
    machine = replace(this_machine(), vector_bytes=64)
    plan = program_code(program, program.step.outputs[E], "float32", machine).plan
    assert any(is_turned_by_rows(stage, 16) for stage in plan.stages) == expected


@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 16, 17, 100])
@pytest.mark.parametrize("positions", [2, 3, 8, 11, 16, 17])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_long_sums_at_few_positions(count: int, positions: int, dtype: Any) -> None:
    values = np.random.default_rng(count).normal(size=(positions, count)).astype(dtype)
    values[0, -1], values[1, 0] = np.nan, -np.inf
    a = input_node(A, type_of("real", (positions, "N")))
    for op, expected in ((SUM, values.sum), (LARGEST, values.max), (SMALLEST, values.min)):
        found = compile_function({Y: op(a, attribute=(1,))}, dtype=dtype)({A: values})[Y]
        tolerance = 1e-13 if dtype == "float64" else 1e-5
        np.testing.assert_allclose(found, expected(axis=1), rtol=tolerance, atol=tolerance)
