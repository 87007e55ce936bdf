"""What cannot be read in a working is listed with its place; everything else is judged as if it were not there."""

from __future__ import annotations

import random
from typing import Final

import pytest
from tests.checking.fuzz import files, judge

pytest.importorskip("flint")

from chainrule.checking.report import Report
from chainrule.problem import loads

PROBLEM: Final = """
minimise = "E"
rate = 0.5
formulas = '''
h = w*x + b
E = (h - t)^2
'''
[given]
x = 2
t = 1
[parameters]
w = 0.5
b = 0.25
"""


def check(working: str) -> Report:
    return loads(f"working = '''\n{working}\n'''\n{PROBLEM}").check()


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        ("q = 3", 1, "'q'"),
        ("h = q*x", 5, "'q'"),
        ("dE/dq = 3", 1, "'q'"),
        ("h = 0.5*(2 + 0.25", 5, "("),
        ("h = = 3", 5, "nothing"),
        ("h = 1,25", 5, "point"),
        ("h = 1e400", 5, "1e400"),
        ("h = 1e-400", 5, "1e-400"),
        ("h = 0e703", 5, "0e703"),
        ("h = 0.0e-703", 5, "0.0e-703"),
        ("h = " + "9" * 500, 5, "characters"),
        ("h = [1, 2]", 5, "array"),
        ("h = 1 < 2", 5, "comparison"),
        ("3 = h", 1, "number"),
        ("h = 1.25 = $%&", 12, "'$'"),
        ("h = " + "(" * 300 + "1" + ")" * 300, 5, "200"),
        ("(dE/dw)@x = 3", 1, ""),
    ],
)
def test_a_bad_line_is_listed_and_the_others_are_judged(line: str, column: int, reason: str) -> None:
    report = check(f"h = 1.25\n\n{line}\n\nE = 0.0625\nE = 0.07")
    (unread,) = report.unread
    assert (unread.line, unread.column) == (4, column)
    assert reason in unread.reason
    others = [link.verdict for link in report.links if link.line != 4]
    assert others == ["right", "right", "wrong"]
    assert report.exit_status == 2


@pytest.mark.parametrize("working", ["", "\n", "   \n\n\t\n", "Only prose, and no claim at all.", "# a comment"])
def test_a_working_that_says_nothing(working: str) -> None:
    report = check(working)
    assert (report.links, report.unread, report.exit_status) == ((), (), 0)
    assert str(report)


def test_no_working_at_all() -> None:
    report = loads(PROBLEM).check()
    assert (report.lines, report.links, report.unread, report.exit_status) == ((), (), (), 0)
    assert str(report)


@pytest.mark.parametrize("size", [50_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_a_megabyte_of_garbage(size: int) -> None:
    draw = random.Random(1)
    signs = "abcxyzhEw0123456789.+-*/^()[]{}=<>!?;,:@#%&~|_ \n"
    garbage = "".join(draw.choices(signs, k=size))
    report = check(f"h = 1.25\n\n{garbage}\n\nE = 0.07")
    assert [report.links[0].verdict, report.links[-1].verdict] == ["right", "wrong"]
    assert report.unread
    assert all(one.line > 1 and one.column > 0 and one.reason for one in report.unread)


def test_a_megabyte_on_one_line() -> None:
    report = check("h = " + "1+" * 400_000 + "1\nE = 0.07")
    assert [link.verdict for link in report.links] == ["wrong"]
    assert "characters" in report.unread[0].reason


@pytest.mark.parametrize("seed", range(8))
def test_nothing_escapes(seed: int) -> None:
    for _, text in zip(range(5), files(100 + seed), strict=False):
        assert judge(text)
