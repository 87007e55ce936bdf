"""The report on a working: what is shown of each line, that nothing people write is obeyed, and golden files."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule import Problem
from chainrule.checking import Report
from chainrule.display import check_json, check_rendered, check_text, corrected_text
from chainrule.printing.document import Document, Working, WorkingLine
from chainrule.printing.text import render_text
from chainrule.problem import load, loads
from chainrule.views.check import check_view, harmless

pytest.importorskip("flint")

LECTURES: Final = sorted((Path(__file__).parent.parent / "lectures").glob("*.toml"))
STYLES: Final = ("markdown", "html", "latex")
ESCAPES: Final = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def problem(working: str, *, title: str = "A unit") -> Problem:
    return Problem.from_dict(
        {
            "title": title,
            "minimise": "E",
            "rate": 0.5,
            "formulas": "h = w*x\nE = 1/2*(t - h)^2",
            "working": working,
            "given": {"x": 3, "t": 1},
            "parameters": {"w": 2},
        }
    )


def report(working: str) -> Report:
    return problem(working).check()


def lines(found: Report) -> list[WorkingLine]:
    (working,) = [block for block in check_view(found).blocks if isinstance(block, Working)]
    return list(working.lines)


# -- golden files: `pytest --update-golden` accepts a change after it has been read


@pytest.mark.parametrize("file", LECTURES, ids=lambda path: path.stem)
def test_text(file: Path, golden: Callable[[str, str], None]) -> None:
    golden(f"check/{file.stem}.txt", check_text(load(file).check(), width=100))


def test_markdown_and_latex(golden: Callable[[str, str], None]) -> None:
    found = load(LECTURES[0]).check()
    golden("check/000.md", check_rendered(found, "markdown"))
    golden("check/000.tex", check_rendered(found, "latex"))


def test_corrected(golden: Callable[[str, str], None]) -> None:
    golden("check/000.corrected.txt", corrected_text(load(LECTURES[0]).check()))


def test_pages(golden: Callable[[str, str], None]) -> None:
    found = {file.stem: check_rendered(load(file).check(), "html") for file in LECTURES if file.stem in ("000", "002")}
    golden(
        "check/html.sha256", "".join(f"{sha256(page.encode()).hexdigest()}  {n}.html\n" for n, page in found.items())
    )


# -- what is shown


def test_a_mark_and_a_word_for_every_line() -> None:
    found = check_text(report("forward\nh = 2*3 = 6\n\nE = 12.6\ndE/dw = -15"))
    rows = [line.split() for line in found.splitlines()]
    assert ["✓", "h"] in [row[1:3] for row in rows]
    assert ["✗", "wrong", "E"] in [row[1:4] for row in rows]
    assert "should be 12.5" in found
    assert "Links: 2 right, 2 wrong." in found


def marked(text: str) -> tuple[str, str]:
    """The line of a working with several links, and the marks below it, without the margin."""
    rows = text.splitlines()
    at = next(n for n, row in enumerate(rows) if row.strip() and set(row) <= set(" ✓≈→✗?"))
    return rows[at - 1][15:], rows[at][15:]


def test_marks_stand_under_their_links() -> None:
    row, marks = marked(check_text(report("h = 2*3 = 7 = 6")))
    assert (row, marks) == ("h = 2*3 = 7 = 6", "    ✓     ✗   ✓")


def test_marks_stand_under_their_links_on_every_piece_of_a_long_line() -> None:
    working = "h = " + " = ".join(["2*3"] * 40) + " = 7"
    rows = check_text(report(working), width=60).splitlines()
    at = next(n for n, row in enumerate(rows) if row.endswith("= 7"))
    assert rows[at + 1].index("✗") == rows[at].rindex("7")
    assert max(map(len, rows)) <= 60


def test_wide_characters_do_not_move_the_marks() -> None:
    found = Working((WorkingLine(1, (("漢字 = ", ""), ("7", "wrong"), (" = ", ""), ("6", "right")), verdict="wrong"),))
    row, marks = marked(render_text(Document((found,))))
    assert (row, marks) == ("漢字 = 7 = 6", "       ✗   ✓")  # two columns each


def test_blank_lines_stay() -> None:
    assert "\n\n" in check_text(report("h = 6\n\nh = 6")).split("h = 6")[1]


def test_a_single_link_needs_no_name_in_its_remark() -> None:
    (line,) = lines(report("h = 7"))
    assert [(remark.link, remark.instead) for remark in line.remarks] == [("", "6")]


def test_several_links_are_named() -> None:
    (line,) = lines(report("h = 7; E = 2"))
    assert [(remark.link, remark.instead) for remark in line.remarks] == [("7", "6"), ("2", "12.5")]


def test_a_carried_link_says_from_what_it_follows() -> None:
    first, second = lines(report("h = 7\nE = 1/2*(1 - 7)^2 = 18"))
    assert (first.verdict, second.verdict) == ("wrong", "carried")
    assert second.remarks[0].sentences == ("follows from h = 7 on line 8",)
    text = check_text(report("h = 7\nE = 1/2*(1 - 7)^2 = 18"))
    assert "  would be 1/2*(1 - 6)^2 = 12.5; follows from h = 7 on line 8\n" in text
    assert "Carried: " in text


def test_what_could_not_be_read_is_shown_with_its_column_and_reason() -> None:
    text = check_text(report("h = 2**\nq = 1"))
    assert "? unread" in text
    assert re.search(r"column \d+: ", text)
    assert "Links: 2 unread." in text


def test_ascii() -> None:
    text = check_text(report("h = 2*3 = 7\nE ≈ 12,5\nΔw = 7.5"), ascii_only=True)
    assert text.isascii()
    assert "x wrong" in text


def test_colors_are_only_painted_on_top() -> None:
    found = report("h = 2*3 = 7\nE = 18\nprose # where\nq = 2")
    painted = check_text(found, color=True)
    assert "\x1b[1;31m✗ wrong" in painted
    assert re.sub(r"\x1b\[[\d;]*m", "", painted) == check_text(found)


def test_a_line_is_shown_as_it_was_written() -> None:
    written = "  h =  2 * 3   =  6"
    assert f"{written}  # here" in check_text(report(f"{written}   # here"))


@pytest.mark.parametrize("working", ["", "\n\n", "only prose\nmore of it"])
def test_nothing_to_check(working: str) -> None:
    found = report(working)
    assert found.exit_status == 0
    assert ("nothing to check" if not working.strip() else "No line makes a claim") in check_text(found)


def test_everything_right() -> None:
    assert "Everything is right." in check_text(report("h = 6"))


# -- hints


def test_a_hint_does_not_give_the_answer_away() -> None:
    hint = report("h = 2*3 = 6\nE = 1/2*(1 - 6)^2 = 17.5\ndE/dw = 77").until_first_wrong()
    text, document = check_text(hint), check_json(hint)
    assert "17.5" in text
    for shown in (text, document, *(check_rendered(hint, style) for style in STYLES)):
        assert "12.5" not in shown
        assert "77" not in shown.partition("</style>")[2] if "</style>" in shown else "77" not in shown
    assert hint.links[-1].note


def test_a_hint_says_where_to_look() -> None:
    hint = report("E = 1/2*(1 - 8)^2 = 24.5").until_first_wrong()
    assert hint.links[-1].note.endswith("Look at 8.")


def test_without_a_slip_the_hint_is_the_report() -> None:
    found = report("h = 6")
    assert found.until_first_wrong() is found


# -- nothing that people write is obeyed

HOSTILE: Final = [
    "[bold red]h[/bold red] = 6",
    "h = 6 # [link=file:///etc/passwd]x[/link]",
    "<script>alert(1)</script>",
    "h = 7 # <img src=x onerror=alert(1)>",
    "h = \x9b31m7",
    "\x9b2J\x9bH = 6",
    "\u202eh = 7\u202c",
    "\\end{verbatim}\\input{/etc/passwd}",
    "h = 7 # \\end{verbatim} $\\input{x}$",
    "``` h = 6 ```",
    "h = 7 # ``` **x** | a | <b>",
    "`h` = 6",
    "\u2028h = 7",
    "漢字 = 7",
    "ŷ̂̂̂ = 7",
    "h = 7" + "0" * 5000,
    "x" * 50_000 + " = 7",
    "h = " + "(" * 300 + "1" + ")" * 300,
]


@pytest.mark.parametrize("working", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_working(working: str) -> None:
    found = problem(working, title=f"{working[:60]} \u009b31m").check()
    text = check_text(found)
    assert not ESCAPES.search(text)
    assert check_text(found, ascii_only=True).isascii()
    page = check_rendered(found, "html")
    assert not re.search(r"<(script>alert|img|b>h)", page)
    assert not ESCAPES.search(page.partition("</style>")[2].partition("<script>")[0])
    latex = check_rendered(found, "latex")
    assert latex.count(r"\end{verbatim}") == latex.count(r"\begin{verbatim}") == 1
    markdown = check_rendered(found, "markdown")
    assert not re.search(r"(?<!\\)<(script|img)", re.sub(r"(`+).*?\1", "", markdown))
    assert not ESCAPES.search(corrected_text(found, harmless=True))


@given(st.text(max_size=60))
def test_harmless_keeps_every_place(text: str) -> None:
    shown = harmless(text)
    assert len(shown) == len(text)
    assert not ESCAPES.search(shown)


PIECES: Final = ["h", " = ", "6", "7", "2*3", "E", "; ", " => ", "# ", "\n", "prose", "(", "q", "≈"]


@given(st.lists(st.sampled_from(PIECES), max_size=25))
def test_every_line_is_shown_whatever_it_is(parts: list[str]) -> None:
    found = report("".join(parts))
    shown = lines(found) if found.lines else []
    assert [line.number for line in shown] == [number for number, _ in found.lines]
    for line, (_, written) in zip(shown, found.lines, strict=True):
        code, _, comment = written.partition("#")
        assert "".join(text for text, _ in line.pieces).rstrip() == code.rstrip()
        assert line.comment == comment.strip()
    assert sum(verdict not in ("", "unread") for line in shown for _, verdict in line.pieces) == len(
        {(link.line, link.column) for link in found.links}
    )
    check_text(found, width=40)


# -- in notebooks and in Python


def test_a_report_shows_itself() -> None:
    found = report("h = 7")
    assert str(found) == check_text(found)
    assert found._repr_html_().startswith('<div class="chainrule">')
    assert found._repr_markdown_() == check_rendered(found, "markdown")
    assert repr(found) == "<Report on 'A unit': 1 wrong>"


def test_pages_are_told_apart_by_more_than_colour() -> None:
    page = check_rendered(report("h = 7\nE = 18\nq = 2"), "html")
    for word in ("✗ wrong", "→ carried", "? unread"):
        assert word in page
    assert "prefers-color-scheme: dark" in page


def test_a_long_working_is_shown_and_mended() -> None:
    found = report("h = 7")
    text = "formulas = 'h = 2*x'\nworking = '''\n" + "h = 7\n" * 20_000 + "'''\n[given]\nx = 3"
    numbers = range(3, 20_003)
    long = replace(  # judged by hand: this is about showing it
        found,
        problem=loads(text),
        lines=tuple([(number, "h = 7") for number in numbers]),
        links=tuple([replace(found.links[0], line=number, column=5) for number in numbers]),
    )
    assert check_text(long).count("should be 6") == 20_000
    assert long.corrected().count("h = 6") == 20_000
