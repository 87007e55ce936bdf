"""A twentieth of the synthetic exam: what the whole of it asks for, on papers of a seed of its own."""

from __future__ import annotations

import pytest
from tests.exam.exam import CORRECT, TWO, kinds, run
from tests.exam.table import count, shortcomings, table

SEED = 1
pytestmark = pytest.mark.slow


def _short(parts: list[str], papers: int) -> list[str]:
    tasks = [(part, number) for part in parts for number in range(papers)]
    outcomes = list(run(tasks, seed=SEED, held_out=False))
    found = [f"{o.part} {o.number}, {measure}: {why}" for o in outcomes for measure, why in o.complaints]
    totals = count(outcomes)
    return [table(totals), *short, *found] if (short := shortcomings(totals)) else []


def test_correct_solutions_raise_no_alarm() -> None:
    assert not _short([CORRECT], 100)


def test_single_slips_are_found_and_named() -> None:
    assert not _short(kinds(held_out=False), 10)


def test_two_slips_are_both_found() -> None:
    assert not _short([TWO], 25)
