"""The sigmoid and tanh of AVX-512's registers: as exact as the other way, everywhere, and the same in every lane."""

from __future__ import annotations

from typing import Any, Literal

import mpmath
import numpy as np
import pytest

from chainrule.node import input_node, type_of
from chainrule.ops import TABLE
from chainrule.quantity import Name
from chainrule.targets.llvm.function import compile_function
from chainrule.targets.llvm.machine import Machine, object_code, this_machine
from chainrule.targets.llvm.tables import has_tables, polynomials

CURVES: tuple[Literal["sigmoid", "tanh"], ...] = ("sigmoid", "tanh")
LIMITS = {"float32": 3.5, "float64": 2.5}  # units in the last place; 3.1 is that of the other way


def exact(curve: str, z: float) -> Any:
    return mpmath.tanh(z) if curve == "tanh" else 1 / (1 + mpmath.exp(-mpmath.mpf(z)))


@pytest.mark.parametrize("curve", CURVES)
def test_the_polynomials_are_those_of_the_curve(curve: Literal["sigmoid", "tanh"]) -> None:
    with mpmath.workdps(50):
        found = polynomials(curve)
        assert sorted(found) == list(range(-15, 16))
        for n, coefficients in found.items():
            for d in np.linspace(-0.5, 0.5, 24):
                powers = [
                    mpmath.mpf(c.numerator) / c.denominator * mpmath.mpf(d) ** k for k, c in enumerate(coefficients)
                ]
                value = sum(powers)
                due = exact(curve, (n + mpmath.mpf(d)) / (2 if curve == "tanh" else 1))
                assert abs(value / due - 1) < 2e-8


def kernel(curve: str, lanes: int, dtype: Any) -> Any:
    x = input_node(Name("x"), type_of("real", ("N", lanes)))
    return compile_function({Name("y"): TABLE[curve](x)}, dtype=dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("lanes", [1, 2, 3, 8, 16, 20])
def test_values_are_exact_to_the_last_places(curve: str, lanes: int, dtype: Any) -> None:
    steps = [*(sign * end for sign in (-1, 1) for end in (0, 1e-6, 1e-3, 0.5, 3.75, 7.5, 7.75, 15.5, 20, 40, 80))]
    near = [np.nextafter(np.dtype(dtype).type(s), np.dtype(dtype).type(side)) for s in steps for side in (-99, 99)]
    z = np.array([*steps, *near, *np.linspace(-18, 18, 1800)], dtype)
    z = np.resize(z, (-(-len(z) // lanes), lanes))
    found = kernel(curve, lanes, dtype)({Name("x"): z})[Name("y")]
    with mpmath.workdps(40):
        due = np.array([exact(curve, float(value)) for value in z.flat]).reshape(z.shape)
        unit = np.spacing(np.abs(due.astype(dtype)))
        gap = np.array(abs(found.astype(object) - due) / unit, float)
    assert gap.max() < LIMITS[dtype]


@pytest.mark.parametrize("curve", CURVES)
def test_the_ends_and_what_is_no_number(curve: str) -> None:
    z = np.array([[-np.inf, np.inf, np.nan, 0.0, -1000.0, 1000.0]])
    found = kernel(curve, 6, "float64")({Name("x"): z})[Name("y")]
    low = -1.0 if curve == "tanh" else 0.0
    assert np.array_equal(found, [[low, 1, np.nan, 0.0 if curve == "tanh" else 0.5, low, 1]], equal_nan=True)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("curve", CURVES)
def test_a_lane_does_not_hang_on_the_others(curve: str, dtype: Any) -> None:
    """One far number sends a vector the other way: the numbers beside it keep their bits."""
    z = np.linspace(-3, 3, 160).reshape(10, 16).astype(dtype)
    alone = kernel(curve, 16, dtype)({Name("x"): z})[Name("y")]
    for far in (np.nan, np.inf, -100.0, 16.0):
        mixed = z.copy()
        mixed[:, 5] = far
        found = kernel(curve, 16, dtype)({Name("x"): mixed})[Name("y")]
        others = np.arange(16) != 5
        assert np.array_equal(found[:, others], alone[:, others])


def test_they_are_used_where_there_are_registers_for_them() -> None:
    assert ("vpermi2var" in kernel("sigmoid", 16, "float32").text) == has_tables(this_machine().vector_bytes, 4)
    assert "vpermi2var" not in kernel("sigmoid", 16, "float64").text
    assert not has_tables(32, 4)


def test_object_code_for_a_machine_that_has_them() -> None:
    """Made for AVX-512 whatever machine this is."""
    from tests.targets.networks import E, network

    from chainrule.targets.llvm.program import program_code, program_text

    machine = Machine("x86_64-unknown-linux-gnu", "skylake-avx512", "", 64)
    program = network([3, 2, 20, 1])
    text = program_text(program, program_code(program, program.step.outputs[E], "float32", machine), machine)
    assert "vpermi2var" in text
    assert object_code(text, machine)[:4] == b"\x7fELF"
