"""Hostile pages of notes. By hand: python -m tests.checking.notes.fuzz 50000

Lines of the lectures and of the pages in tests/data/notes are cut, doubled and mixed, and pieces of LaTeX put in. No
page may be refused: what can be read is judged, with a problem or without, and what cannot has a place and a reason.
"""

from __future__ import annotations

import json
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from chainrule.checking.notes import NotesReport, check_page, printed
from chainrule.checking.notes.document import read_page
from chainrule.checking.notes.extract import problem_text
from chainrule.checking.notes.finding import Page
from chainrule.problem import Problem, load

TESTS = Path(__file__).parents[2]
NOTES = TESTS / "data" / "notes"
LECTURES = TESTS / "lectures"
SLOWEST = 2.0  # seconds that a page may take
PARTS = (
    *"$&\\{}()[]|^_=+-*/!:;,.'~%#?0159eEdxywσ∂½√×−≈∑ \n\t\0\u200b\u0301",
    *(r"\frac", r"\frac{", r"\frac12", r"\dfrac{d}{dx}", r"\frac{\partial E}{\partial w}", r"\sqrt", r"\sqrt[3]"),
    *(r"\left(", r"\right)", r"\left[", r"\left.", r"\right|", r"\{", r"\}", r"\langle", r"\lfloor", r"\|", r"\bigl"),
    *(r"\begin{aligned}", r"\end{aligned}", r"\begin{bmatrix}", r"\end{bmatrix}", r"\begin{cases}", r"\end{cases}"),
    *(r"\begin{array}{rcl}", r"\end{array}", r"\begin{align*}", r"\end{align*}", r"\begin{", r"\end{", r"\begin"),
    *(r"\text{if }", r"\text{ and }", r"\text{", r"\mathbf{", r"\boxed{", r"\cancel{", r"\underbrace{", r"\color{red}"),
    *(r"\sum_{i=1}^n", r"\int", r"\lim", r"\log_2", r"\sin^2", r"\exp(", r"\max(", r"\sigma'"),
    *(r"\cdot", r"\times", r"\div", r"\pm", r"\circ", r"\odot", r"\Rightarrow", r"\qquad", r"\approx", r"\leftarrow"),
    *(r"\Delta", r"\nabla", r"\infty", r"\ldots", r"\hat{y}", r"\%", "\\\\", r"\tag{1}", r"\label{x}", r"\over"),
    *("$$", "\\[", "\\]", "\\(", "\\)", "`", "```", "<!--", "-->", "^{", "_{", "^T", "^{-1}", "^{(1)}", "&=", "=="),
    *("1/0", "0^0", "0.0", "-0.00", ".5", "1e400", "10^{-9999}", "9^{9^{9^9}}", "99999999999", "1{,}000", "0{,}5"),
    *("f(x) = x^2", "f'(x)", "x_j^2", "E[X^2]", "(1, 2)^T", "[0, 1)", "|x|", "2 3", "4:6:3", "10^{12}", "30\\%"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """A page, and what it is judged with."""

    file: str
    text: str
    problem: Problem | None


@cache
def pages() -> tuple[tuple[str, ...], ...]:
    """The lines of the lectures and of our own pages."""
    files = [*sorted(NOTES.glob("[0-9]*.txt")), *sorted((NOTES / "own").glob("[0-9]*.md"))]
    return tuple([tuple(path.read_text("utf-8").splitlines(keepends=True)) for path in files])


@cache
def problems() -> tuple[Problem, ...]:
    """The problems of the lectures."""
    return tuple([load(path) for path in sorted(LECTURES.glob("*.toml"))])


def cases(seed: int) -> Iterator[Case]:
    """Hostile pages; one in eight is judged by the problem of a lecture."""
    draw = random.Random(seed)
    while True:
        text = "".join(_piece(draw) for _ in range(draw.choice((1, 1, 1, 2, 3))))
        text = _mutated(text, _piece(draw), draw)
        problem = draw.choice(problems()) if draw.randrange(8) == 0 else None
        yield Case(draw.choice(("notes.md", "notes.md", "notes.tex")), text, problem)


def _piece(draw: random.Random) -> str:
    """Some lines of a page that follow each other, a formula among them as a rule."""
    lines = draw.choice(pages())
    start = draw.randrange(len(lines))
    return "".join(lines[start : start + draw.choice((1, 2, 4, 8, 16))])


def _mutated(text: str, other: str, draw: random.Random) -> str:
    """A text with up to eight pieces replaced by others."""
    for _ in range(draw.choice((0, 1, 1, 2, 2, 4, 8))):
        at = draw.randrange(len(text) + 1)
        upto = min(len(text), at + draw.choice((0, 0, 1, 1, 3, 9, 30)))
        start = draw.randrange(len(other) + 1)
        piece = other[start : start + draw.choice((3, 9, 30, 90))]
        new = draw.choice((draw.choice(PARTS), draw.choice(PARTS), piece, "", text[at:upto] * 2))
        text = text[:at] + new * draw.choice((1,) * 30 + (9, 90)) + text[upto:]
    return text


def judge(case: Case) -> NotesReport:
    """The report on a page, once it is certain that it says what a report must."""
    report = check_page(case.file, case.text, problem=case.problem)
    document = report.as_json()
    json.dumps(document, allow_nan=False)
    last = case.text.count("\n") + 1
    for row in (*document["links"], *document["unread"]):
        assert 1 <= row["line"] <= last, row
        assert row["column"] >= 1, row
    assert all(one.reason and "\n" not in one.reason for one in report.unread)
    assert sum(report.counts.values()) == len(report.links)
    assert all(0 <= link.where.start <= link.where.end <= len(case.text) for link in report.links)
    for style in ("text", "github", "sarif"):
        assert printed(report, style) or style == "github"
    assert problem_text(read_page(Page(case.file, case.text, latex=case.file.endswith(".tex"))))
    return report


def main(count: int, seed: int = 1) -> None:
    """Judge so many pages; print what escapes, how often, and which page took longest."""
    found, escaped = Counter[str](), Counter[str]()
    slowest, begin = (0.0, ""), time.process_time()
    for number, case in zip(range(count), cases(seed), strict=False):
        start = time.process_time()
        where, what = "", ""
        try:
            found.update({name: many for name, many in judge(case).counts.items() if many})
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            where, what = f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}", str(error)[:200]
        spent = time.process_time() - start
        if spent > SLOWEST:
            where = where or "too slow"
        if where:
            escaped[where] += 1
            if escaped[where] == 1:
                print(f"-- {where}: {what}\n{case.file}, {case.problem is not None}\n{case.text!r}\n", flush=True)
        if number % 1000 == 999:
            total = time.process_time() - begin
            print(f"{number + 1} pages, {total:.0f} s, {escaped.total()} escaped", flush=True)
        slowest = max(slowest, (spent, case.text))
    print(f"{count} pages in {time.process_time() - begin:.0f} s of processor time: {dict(found)}")
    print(f"the slowest took {slowest[0]:.2f} s:\n{slowest[1]}")
    if escaped:
        sys.exit(f"escaped: {dict(escaped)}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:])) if len(sys.argv) > 1 else main(2_000)
