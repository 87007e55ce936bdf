"""The formulas of the five lectures, as printed: how much is read, and which figures are slips."""

from __future__ import annotations

from pathlib import Path

import pytest

from chainrule.checking.notes.document import read_page
from chainrule.checking.notes.finding import Page
from chainrule.checking.notes.judging import Judge

SEEDS = sorted((Path(__file__).parents[2] / "data" / "notes").glob("[0-9]*.txt"))


def page(number: str) -> Page:
    (path,) = [path for path in SEEDS if path.name.startswith(number)]
    return Page(path.name, path.read_text(encoding="utf-8"))


def test_95_percent_of_the_sides_are_read_and_the_others_are_listed() -> None:
    documents = [read_page(page(path.stem)) for path in SEEDS]
    sides = sum(document.sides for document in documents)
    unread = sum(len(document.unread) for document in documents)
    assert sum(document.formulas for document in documents) == 379
    assert sides > 830
    assert unread <= 0.01 * sides
    assert all(one.reason for document in documents for one in document.unread)


@pytest.mark.parametrize(
    ("number", "slips"),
    [
        ("000", [(59, "-9.8")]),
        ("001", [(153, "1.1056")]),
        ("002", []),
        ("003", []),
        ("004", [(297, "593269992"), (348, "0.74136505"), (397, "0.055399425")]),
    ],
)
def test_the_slips_of_the_lectures_are_found_and_nothing_else(number: str, slips: list[tuple[int, str]]) -> None:
    seed = page(number)
    judge = Judge()
    found = [one for chain in read_page(seed).chains for one in judge.chain(chain)]
    wrong = [one.where for one in found if one.verdict in ("wrong", "carried")]
    assert [(seed.position(where.start)[0], seed.text[where.start : where.end]) for where in wrong] == slips
