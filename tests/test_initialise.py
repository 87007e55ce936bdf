from __future__ import annotations

from math import sqrt
from statistics import fmean, pstdev

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chainrule import initialise
from chainrule.errors import ProblemError
from chainrule.initialise import Initialiser, Kind, Nested, draw, draw_array, parse_initialiser
from chainrule.randomness import counter_of, normal, parameter_key, uniform

KEY = parameter_key(0, "W1")
finite = st.floats(-1e100, 1e100)


def flat(values: Nested) -> list[float]:
    return [x for part in values for x in flat(part)] if isinstance(values, list) else [values]


def weights(text: str, kind: Kind = "weight", fan_in: int = 30, fan_out: int = 20) -> list[float]:
    drawn = draw(parse_initialiser(text), (100, 100), fan_in=fan_in, fan_out=fan_out, key=KEY, kind=kind)
    return flat(drawn)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("uniform(-0.05, 0.05)", Initialiser("uniform", (-0.05, 0.05))),
        (" Uniform ( -.5 ,+1e-1 ) ", Initialiser("uniform", (-0.5, 0.1))),
        ("uniform(−1, 1.)", Initialiser("uniform", (-1.0, 1.0))),
        ("normal(0, 0.1)", Initialiser("normal", (0.0, 0.1))),
        ("constant(0.5)", Initialiser("constant", (0.5,))),
        ("zeros", Initialiser("zeros")),
        ("zeros()", Initialiser("zeros")),
        ("glorot  uniform", Initialiser("glorot uniform")),
        ("glorot_normal", Initialiser("glorot normal")),
        ("Xavier-Uniform", Initialiser("glorot uniform")),
        ("kaiming normal", Initialiser("he normal")),
        ("he uniform", Initialiser("he uniform")),
        ("LeCun_normal", Initialiser("lecun normal")),
        ("Orthogonal", Initialiser("orthogonal")),
    ],
)
def test_initialisers_are_read(text: str, read: Initialiser) -> None:
    assert parse_initialiser(text) == read
    assert parse_initialiser(str(read)) == read


@given(finite, finite)
def test_printed_initialisers_are_read_back(a: float, b: float) -> None:
    assume(a < b)
    for initialiser in (Initialiser("uniform", (a, b)), Initialiser("constant", (a,))):
        assert parse_initialiser(str(initialiser)) == initialiser


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("glorot unifrom", "Did you mean 'glorot uniform'?"),
        ("unifrm(0, 1)", "Did you mean 'uniform(low, high)'?"),
        ("uniform 0.05", "Did you mean 'uniform(low, high)'?"),
        ("", "there is no initialiser ''. The initialisers are uniform(low, high)"),
        ("uniform", "has 0 numbers, expected 2. Write uniform(low, high)."),
        ("uniform(0.05)", "has 1 numbers, expected 2"),
        ("normal(0, 1, 2)", "has 3 numbers, expected 2"),
        ("constant()", "has 0 numbers, expected 1"),
        ("he normal(2)", "has 1 numbers, expected 0. Write 'he normal' alone."),
        ("uniform(0.05, -0.05)", "expected low < high"),
        ("uniform(1, 1)", "For one value write constant(value)"),
        ("uniform(-1e308, 1e308)", "too wide"),
        ("normal(0, 0)", "expected a number above 0"),
        ("normal(0, -1)", "expected a number above 0"),
        ("uniform(a, b)", "contains 'a', expected a finite number"),
        ("uniform(0, inf)", "contains 'inf', expected a finite number"),
        ("uniform(nan, 1)", "contains 'nan', expected a finite number"),
        ("uniform(0, 1e999)", "contains '1e999', expected a finite number"),
        ("uniform(0,, 1)", "contains '', expected a finite number"),
        ("uniform(0, 1_0)", "contains '1_0', expected a finite number"),
        ("uniform(0, ١)", "expected a finite number"),
        ("uniform(0, 1", "cannot be read. Write it as uniform(-0.05, 0.05)."),
        ("uniform(0, 1)) ", "cannot be read"),
        ("uniform(__import__('os'), 1)", "cannot be read"),
    ],
)
def test_bad_initialisers_are_refused_in_one_line(text: str, found: str) -> None:
    with pytest.raises(ProblemError) as error:
        parse_initialiser(text)
    assert found in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "mean", "deviation", "limit"),
    [
        ("uniform(-0.05, 0.05)", 0, 0.1 / sqrt(12), 0.05),
        ("uniform(2, 3)", 2.5, 1 / sqrt(12), 3),
        ("normal(1, 0.1)", 1, 0.1, None),
        ("glorot uniform", 0, sqrt(2 / 50), sqrt(6 / 50)),
        ("glorot normal", 0, sqrt(2 / 50), None),
        ("he uniform", 0, sqrt(2 / 30), sqrt(6 / 30)),
        ("he normal", 0, sqrt(2 / 30), None),
        ("lecun uniform", 0, sqrt(1 / 30), sqrt(3 / 30)),
        ("lecun normal", 0, sqrt(1 / 30), None),
        ("orthogonal", 0, sqrt(1 / 100), None),
    ],
)
def test_weights_have_the_moments_of_their_distribution(
    text: str, mean: float, deviation: float, limit: float | None
) -> None:
    drawn = weights(text)
    assert fmean(drawn) == pytest.approx(mean, abs=deviation * 0.05)
    assert pstdev(drawn) == pytest.approx(deviation, rel=0.03)
    if limit is not None:
        assert limit * 0.999 < max(drawn) <= limit
        assert min(drawn) >= 2 * mean - limit


def test_biases_are_zero_for_glorot_and_he_and_like_weights_for_the_others() -> None:
    for text in ("glorot uniform", "glorot normal", "he uniform", "he normal", "lecun normal", "orthogonal", "zeros"):
        assert set(weights(text, "bias")) == {0.0}
    for text in ("uniform(-0.05, 0.05)", "normal(0, 0.1)", "constant(0.5)"):
        assert weights(text, "bias") == weights(text)
    assert set(weights("constant(0.5)")) == {0.5}


def test_element_n_is_made_of_draw_n_along_the_last_axis_first() -> None:
    drawn = draw(parse_initialiser("uniform(-1, 3)"), (2, 3, 4), fan_in=1, fan_out=1, key=KEY)
    assert isinstance(drawn, list)
    assert flat(drawn) == [-1 + 4 * uniform(KEY, counter_of(n)) for n in range(24)]
    assert [len(drawn), len(drawn[0]), len(drawn[0][0])] == [2, 3, 4]  # type: ignore[arg-type, index]
    assert draw(parse_initialiser("normal(2, 3)"), (), fan_in=1, fan_out=1, key=KEY) == 2 + 3 * normal(KEY, (0, 0))


def test_values_do_not_depend_on_the_order_of_drawing_or_on_other_parameters() -> None:
    def network(names: list[str], seed: int = 0) -> dict[str, Nested]:
        initialiser = parse_initialiser("glorot uniform")
        return {name: draw(initialiser, (3, 2), fan_in=2, fan_out=3, key=parameter_key(seed, name)) for name in names}

    some, others = network(["W1", "W2", "W3"]), network(["W3", "V", "W1"])
    assert some["W1"] == others["W1"]
    assert some["W3"] == others["W3"]
    assert len({str(values) for values in (some | others).values()}) == 4
    assert network(["W1"], seed=1)["W1"] != some["W1"]


def test_a_range_is_never_left_by_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(initialise, "uniforms", lambda key, count: [1 - 2**-53] * count)
    for low, high in ((-0.05, 0.05), (0.1, 0.3), (1.0, 1.0000000000000002), (-1e100, 3e-7)):
        value = draw(Initialiser("uniform", (low, high)), (), fan_in=1, fan_out=1, key=KEY)
        assert isinstance(value, float)
        assert low <= value <= high


@pytest.mark.parametrize(
    ("shape", "fan_in", "fan_out", "found"),
    [
        ((0,), 1, 1, "shape contains 0"),
        ((2, -1), 1, 1, "shape contains -1"),
        ((True,), 1, 1, "shape contains True"),
        ((2,), 0, 1, "fan_in is 0"),
        ((2,), 1, 0, "fan_out is 0"),
    ],
)
def test_bad_shapes_are_refused(shape: tuple[int, ...], fan_in: int, fan_out: int, found: str) -> None:
    with pytest.raises(ProblemError, match=found):
        draw(Initialiser("he normal"), shape, fan_in=fan_in, fan_out=fan_out, key=KEY)


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1), (3, 3), (4, 7), (9, 2), (30, 30)])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_orthogonal_weights_are_orthogonal(shape: tuple[int, int], seed: int) -> None:
    key = parameter_key(seed, "W1")
    drawn = np.array(draw(Initialiser("orthogonal"), shape, fan_in=shape[1], fan_out=shape[0], key=key))
    assert drawn.shape == shape
    wide = drawn if shape[0] <= shape[1] else drawn.T
    assert np.abs(wide @ wide.T - np.eye(min(shape))).max() < 4e-16 * max(4, min(shape))


def test_orthogonal_weights_are_the_q_of_numpys_qr() -> None:
    key = parameter_key(3, "W")
    numbers = np.array(draw(Initialiser("normal", (0.0, 1.0)), (4, 6), fan_in=6, fan_out=4, key=key))
    q, r = np.linalg.qr(numbers.T)
    expected = (q * np.sign(np.diag(r))).T
    drawn = np.array(draw(Initialiser("orthogonal"), (4, 6), fan_in=6, fan_out=4, key=key))
    assert np.abs(drawn - expected).max() < 1e-14


def test_orthogonal_weights_are_matrices() -> None:
    with pytest.raises(ProblemError, match=r"orthogonal weights are matrices, found the shape \(3,\)"):
        draw(Initialiser("orthogonal"), (3,), fan_in=3, fan_out=1, key=KEY)
    assert draw(Initialiser("orthogonal"), (3,), fan_in=3, fan_out=1, key=KEY, kind="bias") == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["weight", "bias"])
@pytest.mark.parametrize("text", ["uniform(-1, 2)", "he normal", "glorot uniform", "constant(0.1)", "zeros"])
def test_arrays_are_drawn_block_by_block_with_the_same_bits(
    text: str, kind: Kind, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(initialise, "_BLOCK", 7)
    law, key = parse_initialiser(text), parameter_key(1, "W")
    found = draw_array(law, (5, 9), fan_in=9, fan_out=5, key=key, kind=kind, dtype=dtype)
    due = np.asarray(draw(law, (5, 9), fan_in=9, fan_out=5, key=key, kind=kind), float)
    assert found.dtype == dtype
    assert found.shape == (5, 9)
    assert (found == due.astype(dtype)).all()


def test_orthogonal_weights_are_drawn_as_arrays_too() -> None:
    law, key = parse_initialiser("orthogonal"), parameter_key(1, "W")
    found = draw_array(law, (3, 4), fan_in=4, fan_out=3, key=key, kind="weight", dtype="float64")
    assert found.tolist() == draw(law, (3, 4), fan_in=4, fan_out=3, key=key)


def test_arrays_of_no_size_are_refused() -> None:
    with pytest.raises(ProblemError, match="shape contains 0"):
        draw_array(parse_initialiser("zeros"), (0, 4), fan_in=4, fan_out=3, key=(0, 0), kind="bias", dtype="float32")
