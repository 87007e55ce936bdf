"""A document as LaTeX: a page of its own that pdflatex compiles, or only the body for a page of somebody else's."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

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
    Piece,
    Prose,
    Table,
    Working,
)
from chainrule.printing.glyphs import Typography
from chainrule.printing.latex_math import LATEX, letters_only, lines_of, width_of
from chainrule.printing.prose import for_document, is_formula, segments
from chainrule.printing.text import render_text, to_ascii
from chainrule.printing.typeset import BREAK, typeset

Equalities: TypeAlias = Chain | Matrices | Derivation

PAGE_WIDTH: Final = 425.0  # points of a line of the page that `PREAMBLE` sets up
_LINE_WIDTH: Final = 455.0  # of a table, which is not indented
_RELATION: Final = 14.0
_INDENT: Final = 20.0
_COLUMNS: Final = 100  # of a working, which is printed as in a terminal
_LONG_TABLE: Final = 30  # rows; longer ones may go over several pages
_SECTIONS: Final = {1: "section*", 2: "subsection*"}
_ESCAPES: Final = {"\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "^": r"\textasciicircum{}", "_": r"\_",
                   "~": r"\textasciitilde{}", "#": r"\#", "$": r"\$", "%": r"\%", "&": r"\&",
                   "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}",
                   "→": r"$\to$", "≤": r"$\le$", "≥": r"$\ge$", "≠": r"$\ne$", "≈": r"$\approx$", "√": r"$\surd$",
                   "∂": r"$\partial$", "Σ": r"$\Sigma$", "∞": r"$\infty$"}  # fmt: skip
_SPECIAL: Final = re.compile("[" + re.escape("".join(_ESCAPES)) + "]")

PREAMBLE: Final = r"""\documentclass[10pt,fleqn]{article}
\usepackage[utf8]{inputenc}
\usepackage[T1]{fontenc}
\usepackage[a4paper,margin=25mm]{geometry}
\usepackage{amsmath,graphicx,longtable}
\allowdisplaybreaks[1]
\setlength{\mathindent}{20pt}
\setlength{\parindent}{0pt}
\setlength{\parskip}{4pt plus 2pt}
\AtBeginDocument{\setlength{\abovedisplayskip}{4pt plus 2pt}\setlength{\belowdisplayskip}{4pt plus 2pt}%
  \setlength{\abovedisplayshortskip}{4pt plus 2pt}\setlength{\belowdisplayshortskip}{4pt plus 2pt}}
\emergencystretch=3em
\begin{document}
"""
_NEEDS: Final = "% needs \\usepackage[T1]{fontenc} and \\usepackage{amsmath,graphicx,longtable}\n"


def render_latex(document: Document, *, typography: Typography | None = None, fragment: bool = False) -> str:
    """A LaTeX document; with `fragment` only what stands between `\\begin{document}` and `\\end{document}`.

    >>> print(render_latex(Document((Chain("h1", ("w1*x1", "0.0075")),)), fragment=True), end="")
    % needs \\usepackage[T1]{fontenc} and \\usepackage{amsmath,graphicx,longtable}
    \\begin{align*}
    h_{1} &= w_{1} \\cdot x_{1} \\\\
    &= 0.0075
    \\end{align*}
    """
    setter = for_document(document, typography)
    body = "\n".join(_body(document, setter)) + "\n"
    return _NEEDS + body if fragment else PREAMBLE + body + "\\end{document}\n"


def _body(document: Document, typography: Typography) -> Iterator[str]:
    before: Block | None = None
    for block in document.blocks:
        displayed = isinstance(block, Chain | Matrices | Derivation)
        if displayed and isinstance(before, Items | Table | Code):
            yield r"\vspace{-\baselineskip}"  # a display that begins a paragraph has an empty line before it
        if isinstance(before, Prose) and not displayed:
            yield ""
        yield from _lines(block, typography)
        before = block


def chain_lines(chain: Equalities, typography: Typography, width: float, *, shrink: bool = False) -> list[str]:
    """The lines of a chain for `align*` or `aligned`; what is too long goes on in the next one.

    With `shrink`, what is too wide and cannot be broken is made smaller.
    """
    left = typeset(chain.left, LATEX, typography).replace(BREAK, "")
    room = width - width_of(left) - _RELATION
    lines: list[str] = []
    before = ""
    for right, reason in _rights(chain):
        formula = set_equal(right, LATEX, typography)
        if formula == before and not reason:
            continue  # g * y and g*y differ in text only
        before = formula
        own, *others = lines_of(formula, room, room - _INDENT)
        lines.append(f"&= {_within(own.strip(), room, shrink)}")
        lines += [rf"&\quad {_within(other.strip(), room - _INDENT, shrink)}" for other in others]
        if reason:
            note = rf"\text{{({_words(reason, typography)})}}"
            fits = not others and width_of(own) + 4.6 * len(reason) + 40 < room
            lines = [*lines[:-1], rf"{lines[-1]} \qquad {note}"] if fits else [*lines, rf"&\quad {note}"]
    if not lines:
        return [f"& {left}"]
    lines[0] = f"{left} {lines[0]}"
    return [line + r" \\" for line in lines[:-1]] + lines[-1:]


def _rights(chain: Equalities) -> Iterator[tuple[Sequence[Piece], str]]:
    """The right sides in pieces, with the reasons that are given."""
    if isinstance(chain, Derivation):
        yield from (((expression,), reason) for expression, reason in chain.lines)
    elif isinstance(chain, Matrices):
        yield from ((right, "") for right in chain.rights)
    else:
        yield from (((right,), "") for right in chain.rights)


def _within(latex: str, room: float, shrink: bool) -> str:
    if not shrink or width_of(latex) <= room:
        return latex
    return rf"\resizebox{{{room:.0f}pt}}{{!}}{{$\displaystyle {latex}$}}"


def _words(text: str, typography: Typography) -> str:
    """A sentence inside `\\text`, without dollar signs, which not every reader of Markdown allows there."""
    return "".join(
        rf"}}{typeset(piece, LATEX, typography).replace(BREAK, '')}\text{{" if formula else _escape(piece)
        for piece, formula in segments(text, typography)
    )


def escaped(text: str, typography: Typography) -> str:
    """A sentence, its quantities as formulas."""
    return "".join(
        f"${typeset(piece, LATEX, typography).replace(BREAK, '')}$" if formula else _escape(piece)
        for piece, formula in segments(text, typography)
    )


def _escape(text: str) -> str:
    kept = _SPECIAL.split(unicodedata.normalize("NFC", text))
    special = [_ESCAPES[found] for found in _SPECIAL.findall(unicodedata.normalize("NFC", text))]
    return "".join(letters_only(part) + mark for part, mark in zip(kept, [*special, ""], strict=True))


def _lines(block: Block, typography: Typography) -> Iterator[str]:
    match block:
        case Heading(text, level):
            yield rf"\{_SECTIONS.get(level, 'subsubsection*')}{{{escaped(text, typography)}}}"
        case Prose(text):
            yield escaped(text, typography)
        case Items(title, items):
            listed = ", ".join(assignment(item, typography) for item in items)
            yield from (rf"{{\raggedright\textbf{{{_escape(title)}:}} {listed}\par}}", "")
        case Chain() | Matrices() | Derivation():
            lines = chain_lines(block, typography, PAGE_WIDTH, shrink=True)
            if block.note:
                room = PAGE_WIDTH - width_of(typeset(block.left, LATEX, typography)) - _INDENT
                note = rf"\parbox[t]{{{max(room, 100):.0f}pt}}{{\raggedright\footnotesize\itshape"
                lines = [*lines[:-1], rf"{lines[-1]} \\", rf"&\quad {note} {escaped(block.note, typography)}}}"]
            yield from (r"\begin{align*}", *lines, r"\end{align*}")
        case Table():
            yield from _table(block, typography)
        case Code(text):
            code = to_ascii(text).replace(r"\end{verbatim}", r"\end {verbatim}").rstrip("\n")
            yield from (r"{\footnotesize", r"\begin{verbatim}", code, r"\end{verbatim}", "}")
        case Working():
            page = render_text(Document((block,)), width=_COLUMNS, ascii_only=True)
            yield from _lines(Code(page), typography)


def assignment(item: str, typography: Typography) -> str:
    """An item such as `x1 = 0.05` as a formula in a sentence; what is none stays text."""
    sides = item.split(" = ")
    if item.startswith("...") or not all(sides):
        return _escape(item)
    return "$" + " = ".join(typeset(side, LATEX, typography).replace(BREAK, "") for side in sides) + "$"


def _table(table: Table, typography: Typography) -> Iterator[str]:
    rows = [[_cell(cell, typography) for cell in row] for row in (table.header, *table.rows)]
    wide = sum(max(_cell_width(cell) for cell in column) + 12 for column in zip(*rows, strict=True)) > _LINE_WIDTH
    kind = "longtable" if len(table.rows) > _LONG_TABLE else "tabular"
    if wide:
        yield r"{\scriptsize\setlength{\tabcolsep}{3pt}" if kind == "longtable" else r"\resizebox{\linewidth}{!}{%"
    yield rf"\begin{{{kind}}}{{{'r' * len(table.header)}}}"
    for number, row in enumerate(rows):
        yield " & ".join(row) + (r" \\ \hline" if number == 0 else r" \\")
    yield rf"\end{{{kind}}}" + ("}" if wide else "")
    yield ""


def _cell(cell: str, typography: Typography) -> str:
    if is_formula(cell, typography):
        return f"${set_equal((cell,), LATEX, typography).replace(BREAK, '')}$"
    return escaped(cell, typography)


def _cell_width(cell: str) -> float:
    return width_of(cell[1:-1]) if cell[:1] == "$" else 5.2 * len(cell)
