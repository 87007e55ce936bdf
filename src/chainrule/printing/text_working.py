"""A judged working for a terminal: each line as it was written, a mark and a word before it, marks under wrong links.

What a person wrote is never interpreted; it is only cut where it is too long for the page.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from chainrule.printing.document import Remark, Working, WorkingLine

MARKS: Final = {"right": "✓", "rounded": "≈", "carried": "→", "wrong": "✗", "unread": "?"}
ASCII_MARKS: Final = {"right": "+", "rounded": "~", "carried": ">", "wrong": "x", "unread": "?"}
_WORD: Final = max(map(len, MARKS))
_NARROWEST: Final = 20  # columns that are left for the text on however narrow a page
_MARKED: Final = ("carried", "wrong", "unread")

Paint: TypeAlias = Callable[[str, str], str]


def working_lines(block: Working, width: int, paint: Paint, ascii_only: bool) -> list[str]:
    """The lines of a working, a blank one where its own were."""
    digits = max([2, *[len(str(line.number)) for line in block.lines]])
    margin = digits + 2 + 2 + _WORD + 2
    marks = ASCII_MARKS if ascii_only else MARKS
    found: list[str] = []
    before: int | None = None
    for line in block.lines:
        if before is not None and line.number > before + 1:
            found.append("")
        before = line.number
        rows = list(_line(line, max(_NARROWEST, width - margin), marks, paint))
        word = "" if line.verdict == "right" else line.verdict
        sign = f"{marks.get(line.verdict, ' ')} {word:<{_WORD}}"
        found.append(f"{paint(f'{line.number:>{digits}}', 'note')}  {paint(sign, line.verdict)}  {rows[0]}")
        found += [" " * margin + row for row in rows[1:]]
    return found


def _line(line: WorkingLine, width: int, marks: dict[str, str], paint: Paint) -> Iterator[str]:
    text = "".join(piece for piece, _ in line.pieces).rstrip()
    shown, at = {}, 0  # where marks stand below the text
    for piece, verdict in line.pieces:
        if verdict:
            shown[at] = verdict
        at += len(piece)
    is_marked = len(shown) > 1 and any(verdict in _MARKED for verdict in shown.values())
    comment = f"# {line.comment}" if line.comment else ""
    chunks = list(_chunks(text, width))
    for number, (start, chunk) in enumerate(chunks):
        last = number == len(chunks) - 1
        beside = last and comment and _columns(chunk) + 2 + _columns(comment) <= width
        yield f"{chunk}  {paint(comment, 'note')}" if beside and chunk else paint(comment, "note") if beside else chunk
        if is_marked and any(start <= at < start + len(chunk) for at in shown):
            yield _marks_below(chunk, {at - start: verdict for at, verdict in shown.items()}, marks, paint)
        if last and comment and not beside:
            yield from (paint(row, "note") for row in textwrap.wrap(comment, width))
    for remark in line.remarks:
        yield from _remark(remark, width - 2)


def _marks_below(chunk: str, shown: dict[int, str], marks: dict[str, str], paint: Paint) -> str:
    row, column = "", 0
    for at, character in enumerate(chunk):
        if at in shown:
            row += " " * (column - _visible(row)) + f"\0{shown[at]}\0"
        column += _columns(character)
    return "".join(paint(marks[part], part) if part in marks else part for part in row.split("\0"))


def _visible(row: str) -> int:
    """The columns of a row so far, in which every mark takes one."""
    return sum(1 if part in MARKS else len(part) for part in row.split("\0"))


def _remark(remark: Remark, width: int) -> Iterator[str]:
    """What should stand there, and why: on one line if there is room."""
    verb = "would be" if remark.verdict == "carried" else "should be"
    instead = f"{verb} {remark.instead}" if remark.instead else ""
    first = f"{remark.link} {instead}" if remark.link and instead else f"{remark.link}:" if remark.link else instead
    rows = [text for part in _parts(first, remark.link, instead, width) for _, text in _chunks(part, width)]
    for sentence in remark.sentences:
        beside = rows and remark.verdict != "wrong" and _columns(rows[-1]) + 2 + _columns(sentence) <= width
        if beside:
            rows[-1] = f"{rows[-1]}; {sentence}" if instead else f"{rows[-1]} {sentence}"
        else:
            rows += textwrap.wrap(sentence, width)
    yield from (f"  {row}" for row in rows)


def _parts(first: str, link: str, instead: str, width: int) -> list[str]:
    if not first:
        return []
    return [link, instead] if _columns(first) > width and link and instead else [first]


def _chunks(text: str, width: int) -> Iterator[tuple[int, str]]:
    """A long text in pieces with their places, cut before a sign of equality, else after a blank where there is one."""
    start = 0
    while True:
        stop = _fitting(text, start, width)
        if stop >= len(text):
            yield start, text[start:]
            return
        before = max(text.rfind(sign, start + width // 2, stop + 1) for sign in (" = ", " => ", " ≈ "))
        blank = before if before >= 0 else text.rfind(" ", start + width // 2, stop + 1)
        cut = blank + 1 if blank >= 0 else stop
        yield start, text[start:cut].rstrip()
        start = cut


def _fitting(text: str, start: int, width: int) -> int:
    """How far a text fits into so many columns; at least one character."""
    room, at = width, start
    while at < len(text):
        room -= _columns(text[at])
        if room < 0:
            return max(at, start + 1)
        at += 1
    return at


def _columns(text: str) -> int:
    """The columns that a text takes in a terminal."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
