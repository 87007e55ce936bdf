"""Hostile pages: whatever is cut, doubled or put in, a page is judged and what cannot be read has a reason."""

from __future__ import annotations

import pytest
from tests.checking.notes.fuzz import cases, judge

pytest.importorskip("flint")

from chainrule.checking.notes import check_page


@pytest.mark.parametrize("seed", range(8))
def test_nothing_escapes(seed: int) -> None:
    reports = [judge(case) for _, case in zip(range(25), cases(100 + seed), strict=False)]
    assert sum(len(report.links) for report in reports) > 10


def test_a_backslash_at_the_end_of_a_line_is_a_blank() -> None:
    report = check_page("notes.md", "$$0.5 \\\n\\cdot 2 = 1 \\\n= 3$$")  # found by fuzzing: it stood in a reason
    assert [link.verdict for link in report.links] == ["right", "wrong"]
    assert not report.unread


def test_a_reason_is_one_line() -> None:
    (unread,) = check_page("notes.md", "$$\\begin{aligned\nx} 1$$").unread  # found by fuzzing
    assert unread.reason == "the environment 'aligned x' is never closed"


def test_a_matrix_of_lists_has_no_product() -> None:
    column = r"\begin{bmatrix} 0.3 \\ 0.7 \end{bmatrix}"
    report = check_page("notes.md", rf"${column} \odot \begin{{bmatrix}} (1, 2) \end{{bmatrix}} = {column}$")
    assert not report.links  # found by fuzzing: it was multiplied all the same
