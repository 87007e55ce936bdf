"""A reader with nothing but the page can do every line again: from the formulas, and the figures that are printed."""

from __future__ import annotations

import re
from math import exp
from typing import NamedTuple

import pytest

from chainrule.display import text
from chainrule.explanation import explain
from chainrule.explanation.byhand import by_hand
from chainrule.explanation.rounding import parse_rounding
from chainrule.lectures import lecture_text
from chainrule.problem import loads

NUMBER = r"-?\d+(?:\.\d+)?(?:e-?\d+)?"
GIVEN = re.compile(rf"(\S+) = ({NUMBER})(?:,|$)")
LOCAL = re.compile(rf"(d\S+/d\S+) = (?:(?:(?!\s\s).)*? = )?({NUMBER})(?=\s\s|$)")  # in the tables of gates
ROW = re.compile(rf"\s*(\S+)\s+({NUMBER})\s+({NUMBER})")  # of the table of values and gradients


class Line(NamedTuple):
    left: str
    rights: list[str]


def lines_of(page: str) -> list[Line]:
    """The chains of equalities on a page."""
    found: list[Line] = []
    for line in page.splitlines():
        first = re.fullmatch(r"(\S+|path \d+) = (.*)", line)
        if first:
            found.append(Line(first[1], [first[2]]))
        elif found and (more := re.fullmatch(r"\s+= (.*)", line)):
            found[-1].rights.append(more[1])
    return found


def known_at_first(page: str) -> dict[str, float]:
    """The figures that stand on a page beside its chains."""
    texts = re.findall(r"^(?:Given|Parameters): (?:.+\n)+", page, re.MULTILINE)
    found = {name: float(value) for block in texts for name, value in GIVEN.findall(block.replace("\n", ", "))}
    for line in page.splitlines():
        found |= {name: float(value) for name, value in LOCAL.findall(line)}
    for line in page.partition("Values and gradients\n")[2].splitlines():
        if row := ROW.fullmatch(line):
            found |= {row[1]: float(row[2]), f"dE/d{row[1]}": float(row[3])}
    return found


def put_in(formula: str, known: dict[str, float]) -> str:
    """A formula with figures in place of its names, as Python reads it."""
    names = "|".join(re.escape(name) for name in sorted(known, key=len, reverse=True))
    done = re.sub(rf"(?<![\w/])(?:{names})(?![\w'/{{])", lambda found: f"({known[found[0]]!r})", formula)
    return done.replace("^", "**")


def value(python: str) -> float:
    assert not re.search(r"[A-Za-z_]", re.sub(r"\bsigmoid\b|\de-", "", python)), f"what is {python}?"
    return float(eval(python, {"sigmoid": lambda x: 1 / (1 + exp(-x))}))  # noqa: S307


def leeway(python: str, half: float) -> float:
    """How far the result may be off because each figure with decimals was rounded by up to `half`."""
    exact, total = value(python), half
    for found in re.finditer(r"\d+\.\d+(?:e-\d+)?", python):
        moved = f"{python[: found.start()]}({float(found[0]) + half!r}){python[found.end() :]}"
        total += abs(value(moved) - exact)
    return total * (1 + 1e-6) + 1e-13


def check(page: str, *, half: float, carried: bool) -> int:
    """Do every line again, from its formula and from its numbers; how many there are."""
    known, count = known_at_first(page), 0
    for left, rights in lines_of(page):
        if re.fullmatch(NUMBER, rights[-1]):
            result = float(rights[-1])
            for right in rights[:-1]:
                names = put_in(right, known)
                if re.search(r"\bd[\w{}]+/d", names):
                    continue  # the rule by name; what its factors are says the line below
                room = half * (1 + 1e-6) + 1e-13 if carried else leeway(names, half)
                assert abs(value(names) - result) <= room, f"{left} = {right} = {names} is not {result}"
                count += 1
            known[left] = result
    return count


@pytest.mark.parametrize(
    ("lecture", "view", "least"),
    [
        ("004", "steps", 80),
        ("004", "paths", 70),
        ("004", "gates", 60),
        ("000", "steps", 70),
        ("000", "paths", 60),
        ("003", "steps", 30),
        ("003", "paths", 25),
    ],
)
def test_every_line_can_be_done_again(lecture: str, view: str, least: int) -> None:
    page = text(explain(loads(lecture_text(lecture) or "")), view=view, width=1000)
    assert "sigmoid(x) = 1/(1 + e^(-x))" in page
    assert check(page, half=0.5e-9, carried=False) >= least


def test_every_line_by_hand_comes_out_as_printed() -> None:
    page = text(by_hand(explain(loads(lecture_text("004") or "")), parse_rounding("3")), width=1000)
    assert "shown rounded" not in page  # what is shown is what is worked with
    assert check(page, half=0.5e-3, carried=True) >= 80


def test_a_page_of_exact_figures_says_nothing_of_rounding() -> None:
    page = text(explain(loads(lecture_text("002-max") or "")))
    assert "shown rounded" not in page
    assert "Functions" not in page
