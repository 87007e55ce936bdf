"""Roots and quotients by estimates: a few units in the last place from NumPy's, and undefined where these are."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.node import Node, const, input_node, type_of
from chainrule.ops.functions import SQRT
from chainrule.quantity import Name
from chainrule.targets.llvm.emit import DType
from chainrule.targets.llvm.function import compile_function, function_plan, function_text
from chainrule.targets.llvm.machine import AARCH64, this_machine

X, Y, OUT = Name("x"), Name("y"), Name("out")
EPSILON = Fraction(1, 10**8)
SPECIAL = [0.0, -0.0, 1.0, np.inf, -np.inf, np.nan, -1.0, -1e-300, 4.0, 2.0]
DTYPES: list[DType] = ["float64", "float32"]


def vector(label: Name) -> Node:
    return input_node(label, type_of("real", ("N", 8)))


def root() -> Node:
    return SQRT(vector(X))


def quotient() -> Node:
    return vector(Y) / (SQRT(vector(X)) + const(EPSILON))


def in_rows(numbers: list[float], dtype: DType) -> np.ndarray:
    """The numbers over and over, until they are whole rows of 8."""
    return np.resize(np.array(numbers, dtype), (len(numbers), 8))


FUNCTIONS = {(name, dtype): compile_function({OUT: make()}, dtype=dtype)
             for name, make in (("root", root), ("quotient", quotient)) for dtype in DTYPES}  # fmt: skip


def ulps(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest distance in units in the last place; endless and undefined results must be the same."""
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(found[~finite], expected[~finite])
    found, expected = found[finite], expected[finite]
    return float(np.max(np.abs(found - expected) / np.spacing(np.abs(expected)), initial=0))


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_root_is_near_numpy_s_everywhere(dtype: DType) -> None:
    tiny, most = float(np.finfo(dtype).tiny), float(np.finfo(dtype).max)
    spread = np.random.default_rng(0).uniform(np.log2(tiny), np.log2(most), 80_000)
    x = in_rows([*SPECIAL, tiny, most, *np.exp2(spread)], dtype)
    with np.errstate(invalid="ignore"):
        expected = np.sqrt(x)
    found = FUNCTIONS["root", dtype]({X: x})[OUT]
    assert ulps(found, expected) <= 2
    assert np.array_equal(np.signbit(found[expected == 0]), np.signbit(expected[expected == 0]))


@given(st.lists(st.floats(1e-300, 1e300), min_size=8, max_size=64))
@settings(deadline=None)
def test_roots_of_squares_are_near_numpy_s(numbers: list[float]) -> None:
    x = in_rows(numbers, "float64")
    assert ulps(FUNCTIONS["root", "float64"]({X: x})[OUT], np.sqrt(x)) <= 2


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_quotient_by_a_root_and_more_is_near_numpy_s(dtype: DType) -> None:
    size = 30 if dtype == "float32" else 290
    rng = np.random.default_rng(1)
    x = in_rows([0.0, 0.0, 0.0, 1.0, *(10.0 ** rng.uniform(-size, size, 40_000))], dtype)
    y = in_rows([0.0, 1.0, -1.0, 1e-3, *rng.standard_normal(40_000)], dtype)
    expected = y / (np.sqrt(x) + dtype_of(dtype)(float(EPSILON)))
    assert ulps(FUNCTIONS["quotient", dtype]({X: x, Y: y})[OUT], expected) <= 4


def dtype_of(name: DType) -> type[np.floating]:
    return np.float64 if name == "float64" else np.float32


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_is_divided_by_an_endless_root_is_next_to_nothing(dtype: DType) -> None:
    x, y = in_rows([np.inf], dtype), in_rows([1.0, -5.0, 0.0, 1e10], dtype)
    found = FUNCTIONS["quotient", dtype]({X: np.resize(x, y.shape), Y: y})[OUT]
    assert np.all(np.abs(found) < 1e-20)


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_is_undefined_stays_so(dtype: DType) -> None:
    x, y = in_rows([np.nan, -1.0, 1.0, 4.0], dtype), in_rows([1.0, 1.0, np.nan, 2.0], dtype)
    found = FUNCTIONS["quotient", dtype]({X: x, Y: y})[OUT]
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(np.isnan(found), np.isnan(y / np.sqrt(x)))


def test_instructions_of_one_family_of_processors_are_written_for_it_alone() -> None:
    made, memory, _ = function_plan([quotient()], "float64", AARCH64)
    assert "x86" not in function_text(made, memory, "float64", AARCH64)
    wide = this_machine().vector_bytes == 64
    assert ("rsqrt14" in FUNCTIONS["root", "float64"].compiled.text) == wide
    assert "rsqrt14" not in FUNCTIONS["root", "float32"].compiled.text
