"""A document as Markdown the way GitHub, Jupyter and pandoc read it, formulas between dollar signs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from chainrule.printing.arrays import set_equal
from chainrule.printing.document import (
    Block,
    Chain,
    Code,
    Derivation,
    Document,
    Heading,
    Items,
    Matrices,
    Prose,
    Table,
    Working,
    WorkingLine,
)
from chainrule.printing.glyphs import Typography
from chainrule.printing.latex import chain_lines
from chainrule.printing.latex_math import LATEX
from chainrule.printing.prose import for_document, is_formula, segments
from chainrule.printing.text_working import MARKS
from chainrule.printing.typeset import BREAK

_WIDTH: Final = 640.0  # of a line, measured as in LaTeX; a page of GitHub's is about as wide
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>#|$~&])")
_LIST: Final = re.compile(r"^(\s*)([-+=]|\d+[.)])(?=\s|$)")
_FENCE: Final = re.compile(r"`{3,}")
_TICKS: Final = re.compile(r"`+")


def render_markdown(document: Document, *, typography: Typography | None = None) -> str:
    """The Markdown of a document.

    >>> print(render_markdown(Document((Heading("A", 1), Chain("y", ("x^2", "4"))))), end="")
    # A
    <BLANKLINE>
    $$
    \\begin{aligned}
    y &= x^{2} \\\\
    &= 4
    \\end{aligned}
    $$
    """
    setter = for_document(document, typography)
    blocks = ["\n".join(_lines(block, setter)) for block in document.blocks]
    return "\n\n".join(blocks) + "\n"


def _lines(block: Block, typography: Typography) -> Iterator[str]:
    match block:
        case Heading(text, level):
            yield f"{'#' * min(level, 6)} {_sentence(text, typography)}"
        case Prose(text):
            yield _sentence(text, typography)
        case Items(title, items):
            yield f"**{_escape(title)}:** " + ", ".join(_item(item, typography) for item in items)
        case Chain() | Matrices() | Derivation():
            rows = chain_lines(block, typography, _WIDTH)
            yield from ("$$", r"\begin{aligned}", *rows, r"\end{aligned}", "$$")
            if block.note:
                yield from ("", f"*{_sentence(block.note, typography)}*")
        case Table(header, rows):
            yield _row([_cell(cell, typography) for cell in header])
            yield _row(["---:"] * len(header))
            yield from (_row([_cell(cell, typography) for cell in row]) for row in rows)
        case Code(text):
            marks = "`" * max([3, *[len(run) + 1 for run in _FENCE.findall(text)]])
            yield from (f"{marks}python", text.rstrip("\n"), marks)
        case Working(lines):
            yield from (row for line in lines for row in _working_line(line))


def _working_line(line: WorkingLine) -> Iterator[str]:
    text = "".join(piece for piece, _ in line.pieces).strip()
    if not line.verdict:
        yield from ("", _LIST.sub(r"\1\\\2", _escape(text or line.comment)), "")
        return
    word = "" if line.verdict == "right" else f" **{line.verdict}**"
    comment = f" *{_escape(line.comment)}*" if line.comment else ""
    yield f"- {line.number} {MARKS[line.verdict]}{word} {_code(text)}{comment}"
    for remark in line.remarks:
        verb = "would be" if remark.verdict == "carried" else "should be"
        instead = f"{verb} {_code(remark.instead)}" if remark.instead else ""
        link = f"{_code(remark.link)} {instead}".strip() if remark.link else instead
        yield f"  - {'; '.join(filter(None, [link, *map(_escape, remark.sentences)]))}"


def _code(text: str) -> str:
    """Text as it is, between as many backticks as it needs."""
    marks = "`" * (1 + max([0, *[len(run) for run in _TICKS.findall(text)]]))
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{marks}{space}{text}{space}{marks}"


def _math(text: str, typography: Typography) -> str:
    return f"${set_equal((text,), LATEX, typography).replace(BREAK, '').strip()}$"


def _sentence(text: str, typography: Typography) -> str:
    pieces = segments(" ".join(text.split()), typography)
    text = "".join(_math(piece, typography) if formula else _escape(piece) for piece, formula in pieces)
    return _LIST.sub(r"\1\\\2", text)


def _item(item: str, typography: Typography) -> str:
    sides = item.split(" = ")
    if item.startswith("...") or not all(sides):
        return _escape(item)
    return "$" + " = ".join(_math(side, typography)[1:-1] for side in sides) + "$"


def _cell(cell: str, typography: Typography) -> str:
    return _math(cell, typography) if is_formula(cell, typography) else _sentence(cell, typography)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)
