from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import pairwise, permutations
from statistics import NormalDist, fmean

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule import randomness
from chainrule.errors import ProblemError
from chainrule.randomness import (
    counter_of,
    fold,
    fold_text,
    normal,
    normal_array,
    parameter_key,
    permutation,
    seed_key,
    threefry2x32,
    uniform,
    uniform_array,
)

words = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ((0x00000000, 0x00000000), (0x00000000, 0x00000000), (0x6B200159, 0x99BA4EFE)),
        ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
        ((0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_known_answers_of_random123(counter: tuple[int, int], key: tuple[int, int], expected: object) -> None:
    assert threefry2x32(key, counter) == expected


def test_same_words_as_jax() -> None:
    pytest.importorskip("jax")
    import numpy as np
    from jax.extend.random import threefry_2x32

    keys = [(0, 0), (1, 2), (0xFFFFFFFF, 0x80000000), fold_text((0, 0), "W1")]
    counters = [(n * 0x9E3779B9 & 0xFFFFFFFF, n * n) for n in range(64)]
    # JAX takes all first words of the counters, then all second ones.
    flat = np.array([c[0] for c in counters] + [c[1] for c in counters], dtype=np.uint32)
    for key in keys:
        theirs = np.asarray(threefry_2x32(np.array(key, dtype=np.uint32), flat)).tolist()
        assert [threefry2x32(key, c) for c in counters] == list(zip(theirs[:64], theirs[64:], strict=True))


@given(words, words)
def test_uniform_is_the_documented_formula(key: tuple[int, int], counter: tuple[int, int]) -> None:
    a, b = threefry2x32(key, counter)
    u = uniform(key, counter)
    assert Fraction(u) == Fraction((a // 2**5) * 2**26 + b // 2**6, 2**53)
    assert 0.0 <= u < 1.0


def test_the_largest_and_smallest_draws_stay_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    for drawn, u in (((0, 0), 0.0), ((2**32 - 1, 2**32 - 1), 1 - 2**-53)):
        monkeypatch.setattr(randomness, "threefry2x32", lambda key, counter, drawn=drawn: drawn)
        assert uniform((0, 0), (0, 0)) == u
        assert abs(normal((0, 0), (0, 0))) == pytest.approx(8.20953615160139, rel=1e-14)
        assert sorted(permutation((0, 0), 100)) == list(range(100))


def test_uniform_fills_its_range_evenly() -> None:
    drawn = [uniform((1, 2), counter_of(n)) for n in range(20_000)]
    assert fmean(drawn) == pytest.approx(1 / 2, abs=0.01)
    assert fmean(u * u for u in drawn) == pytest.approx(1 / 3, abs=0.01)
    assert fmean(a * b for a, b in pairwise(drawn)) == pytest.approx(1 / 4, abs=0.01)
    assert all(1800 < count < 2200 for count in Counter(int(u * 10) for u in drawn).values())


def test_normal_has_the_moments_of_the_normal_distribution() -> None:
    drawn = [normal((3, 4), counter_of(n)) for n in range(20_000)]
    for power, moment, within in ((1, 0, 0.03), (2, 1, 0.05), (3, 0, 0.1), (4, 3, 0.2)):
        assert fmean(z**power for z in drawn) == pytest.approx(moment, abs=within)
    assert fmean(abs(z) < 1.959963984540054 for z in drawn) == pytest.approx(0.95, abs=0.01)


@given(st.integers(0, 2**52 - 1))
def test_quantiles_are_those_of_the_normal_distribution(k: int) -> None:
    u = (k + 0.5) * 2.0**-52
    z = randomness._quantile(u)
    assert z == pytest.approx(NormalDist().inv_cdf(u), rel=1e-14)
    assert randomness._quantile(1.0 - u) == -z


@pytest.mark.parametrize("u", [2.0**-53, 1e-12, 1e-6, 0.0749, 0.0751, 0.3, 0.499999, 0.9, 0.9999])
def test_quantiles_are_right_to_the_last_digits(u: float) -> None:
    with mpmath.workdps(40):
        p = mpmath.mpf(u)
        exact = mpmath.sqrt(2) * mpmath.erfinv(2 * p - 1)
        assert abs(randomness._quantile(u) / exact - 1) < 1e-15


@given(st.floats(2.0**-60, 1.0))
def test_the_logarithm_is_right_to_the_last_digits(x: float) -> None:
    with mpmath.workdps(40):
        exact = mpmath.log(mpmath.mpf(x))
        assert abs(randomness._log(x) - exact) <= abs(exact) * 4e-16


@given(words, st.integers(0, 60))
def test_a_permutation_has_every_number_once(key: tuple[int, int], n: int) -> None:
    assert sorted(permutation(key, n)) == list(range(n))


def test_every_permutation_is_as_frequent() -> None:
    found = Counter(tuple(permutation(fold((0, 0), n), 4)) for n in range(4_800))
    assert set(found) == set(permutations(range(4)))
    assert all(140 < count < 260 for count in found.values())


def test_permutations_do_not_change_between_versions() -> None:
    assert permutation(seed_key(0), 10) == [6, 0, 7, 5, 3, 2, 4, 8, 9, 1]
    assert [permutation(seed_key(0), n) for n in (0, 1)] == [[], [0]]


def test_keys_do_not_change_between_versions() -> None:
    assert parameter_key(0, "W1") == (0xE0B7CFC0, 0x7F08D8A8)
    assert parameter_key(2**64 - 1, "θ") == (0x0C44D318, 0xE8E5E4B9)


def test_keys_of_many_names_and_seeds_all_differ() -> None:
    names = [
        "",
        "\0",
        "\0\0",
        "W",
        "W1",
        "W11",
        "W1\0",
        "W1 ",
        "1W",
        "W1W1",
        "W1W1W1",
        "Ω",
        "O",
        "w1",
        *map(str, range(500)),
    ]
    keys = {parameter_key(seed, name) for seed in (0, 1, 2**32, 2**63) for name in names}
    assert len(keys) == 4 * len(names)


def test_folding_never_meets_a_draw() -> None:
    key = (5, 6)
    drawn = {threefry2x32(key, counter_of(n)) for n in (*range(100), 2**63 - 1)}
    assert drawn.isdisjoint(fold(key, n) for n in (*range(100), 2**63 - 1))


def test_numbers_out_of_range_are_refused() -> None:
    for seed in (-1, 2**64, True, 1.0, "1", None):
        with pytest.raises(ProblemError, match=r"expected a whole number from 0 to 2\^64 - 1"):
            seed_key(seed)  # type: ignore[arg-type]
    for number in (-1, 2**63):
        with pytest.raises(ProblemError, match=r"expected 0 to 2\^63 - 1"):
            counter_of(number)
        with pytest.raises(ProblemError, match=r"expected 0 to 2\^63 - 1"):
            fold((0, 0), number)
    with pytest.raises(ProblemError, match="expected 0 or more"):
        permutation((0, 0), -1)


def test_words_are_taken_modulo_two_to_the_32() -> None:
    assert threefry2x32((2**32 + 1, -1), (2**40, 7)) == threefry2x32((1, 2**32 - 1), (0, 7))


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**63 - 1 - 400), st.integers(0, 400))
def test_draws_as_an_array_have_the_same_bits(word: int, first: int, count: int) -> None:
    key, numbers = (word, 7), range(first, first + count)
    assert uniform_array(key, count, first=first).tolist() == [uniform(key, counter_of(n)) for n in numbers]
    assert normal_array(key, count, first=first).tolist() == [normal(key, counter_of(n)) for n in numbers]


def test_normal_arrays_reach_both_tails(monkeypatch: pytest.MonkeyPatch) -> None:
    bits = [0, 1, 2, 2**20, 2**40, 2**48, 2**52, 2**53 - 2**40, 2**53 - 2, 2**53 - 1]
    monkeypatch.setattr(randomness, "_bits53_array", lambda key, count, first: np.array(bits, np.uint64))
    found = normal_array((0, 0), len(bits)).tolist()
    assert found == [randomness._quantile(((k >> 1) + 0.5) * 2.0**-52) for k in bits]
