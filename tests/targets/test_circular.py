"""Sine and cosine in native code beside mpmath: within two units in the last place, for every double."""

from __future__ import annotations

import math
import struct

import mpmath
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chainrule.node import input_node, type_of
from chainrule.ops.functions import COS, SIN
from chainrule.quantity import Name
from chainrule.targets.llvm.circular import _PARTS, _TWO_OVER_PI
from chainrule.targets.llvm.function import compile_function, function_plan, function_text
from chainrule.targets.llvm.machine import AARCH64, object_code

X = input_node(Name("x"), type_of("real", ("N",)))
BOTH = {Name("sin"): SIN(X), Name("cos"): COS(X)}
DOUBLE, SINGLE = compile_function(BOTH), compile_function(BOTH, dtype="float32")
# Where a double is closest to a multiple of pi/2 (Muller, Elementary Functions), and the ends of ranges.
HARD = [
    6381956970095103 * 2.0**797, 5.319372648326541e255, 1.5707963267948966, 3.141592653589793, 1e22, 1e6, 999999.9999,
    math.nextafter(1e6, 0), 2.0**-27, math.nextafter(2.0**-27, 0), 5e-324, 2.2250738585072014e-308,
    1.7976931348623157e308,
    710 * math.pi / 2, 0.7853981633974483, 2.0**20, 2.0**52, 2.0**53 + 2, 636619 * math.pi / 2, 1e5 * math.pi, 0.0,
]  # fmt: skip


def units(found: float, exact: mpmath.mpf) -> float:
    """The distance in units in the last place of the exact value."""
    return float(abs(mpmath.mpf(found) - exact) / math.ulp(max(abs(float(exact)), 2.3e-308)))


def check(values: list[float]) -> None:
    found = DOUBLE({Name("x"): np.array(values)})
    with mpmath.workprec(1200):
        for k, x in enumerate(values):
            assert units(found[Name("sin")][k], mpmath.sin(x)) < 2, x
            assert units(found[Name("cos")][k], mpmath.cos(x)) < 2, x


def test_where_it_is_hard() -> None:
    check(HARD)
    check([-x for x in HARD])


@given(bits=st.lists(st.integers(0, 2047 * 2**52 - 1), min_size=1, max_size=40))
def test_any_double(bits: list[int]) -> None:
    check([struct.unpack("<d", struct.pack("<Q", one))[0] for one in bits])


@given(n=st.integers(-700_000, 700_000), off=st.floats(-1e-6, 1e-6))
@example(n=636_619, off=0.0)
def test_near_multiples(n: int, off: float) -> None:
    check([n * (math.pi / 2), n * (math.pi / 2) + off, n * 0.7853981633974483])


def test_many_in_the_usual_range() -> None:
    check(np.random.default_rng(0).uniform(-30, 30, 3000).tolist())


def test_single_precision_is_rounded_from_double() -> None:
    values = np.random.default_rng(0).uniform(-1e4, 1e4, 2000).astype(np.float32)
    found = SINGLE({Name("x"): values})
    for name, function in (("sin", np.sin), ("cos", np.cos)):
        exact = function(values.astype(float))
        assert (np.abs(found[Name(name)] - exact) <= 0.6 * np.spacing(np.abs(exact).astype(np.float32))).all()


def test_what_is_no_number() -> None:
    values = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0])
    found = DOUBLE({Name("x"): values})
    assert np.isnan(found[Name("sin")][:3]).all()
    assert np.isnan(found[Name("cos")][:3]).all()
    assert found[Name("cos")][3:].tolist() == [1, 1]
    assert np.signbit(found[Name("sin")][3:]).tolist() == [False, True]


def test_the_numbers() -> None:
    with mpmath.workprec(2000):
        rest = 2 / mpmath.pi
        for word in _TWO_OVER_PI[1:]:
            rest *= 2**64
            assert int(mpmath.floor(rest)) == word
            rest -= word
        assert abs(mpmath.fsum(_PARTS) - mpmath.pi / 2) < 1e-47
        for part in _PARTS[:3]:  # multiples by 20 bits are exact
            assert (float(part).as_integer_ratio()[0]).bit_length() <= 33


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nothing_outside_is_called(dtype: str) -> None:
    made, memory, _ = function_plan(list(BOTH.values()), dtype, AARCH64)  # type: ignore[arg-type]
    text = function_text(made, memory, dtype, AARCH64)  # type: ignore[arg-type]
    code = object_code(text, AARCH64)
    assert b"sinf" not in code
    assert b"cosf" not in code
    assert DOUBLE.text.count("define internal double @circular(") == 1
