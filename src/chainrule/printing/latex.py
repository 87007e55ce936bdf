"""A document as LaTeX: a page of its own that pdflatex compiles, or only the body for a page of somebody else's."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from chainrule.printing.document import Block, Chain, Code, Document, Heading, Items, Prose, Table
from chainrule.printing.glyphs import Typography
from chainrule.printing.latex_math import LATEX, letters_only, lines_of, width_of
from chainrule.printing.prose import for_document, is_formula, segments
from chainrule.printing.text import to_ascii
from chainrule.printing.typeset import BREAK, typeset

PAGE_WIDTH: Final = 425.0  # points of a line of the page that `PREAMBLE` sets up
_RELATION: Final = 14.0
_INDENT: Final = 20.0
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
\usepackage{amsmath,longtable}
\allowdisplaybreaks[1]
\setlength{\mathindent}{20pt}
\setlength{\parindent}{0pt}
\setlength{\parskip}{4pt plus 2pt}
\AtBeginDocument{\setlength{\abovedisplayskip}{4pt plus 2pt}\setlength{\belowdisplayskip}{4pt plus 2pt}%
  \setlength{\abovedisplayshortskip}{4pt plus 2pt}\setlength{\belowdisplayshortskip}{4pt plus 2pt}}
\emergencystretch=3em
\begin{document}
"""
_NEEDS: Final = "% needs \\usepackage[T1]{fontenc}, \\usepackage{amsmath} and \\usepackage{longtable}\n"


def render_latex(document: Document, *, typography: Typography | None = None, fragment: bool = False) -> str:
    """A LaTeX document; with `fragment` only what stands between `\\begin{document}` and `\\end{document}`.

    >>> print(render_latex(Document((Chain("h1", ("w1*x1", "0.0075")),)), fragment=True), end="")
    % needs \\usepackage[T1]{fontenc}, \\usepackage{amsmath} and \\usepackage{longtable}
    \\begin{align*}
    h_{1} &= w_{1} \\cdot x_{1} \\\\
    &= 0.0075
    \\end{align*}
    """
    setter = for_document(document, typography)
    body = "\n".join(line for block in document.blocks for line in _lines(block, setter)) + "\n"
    return _NEEDS + body if fragment else PREAMBLE + body + "\\end{document}\n"


def chain_lines(chain: Chain, typography: Typography, width: float) -> list[str]:
    """The lines of a chain for `align*` or `aligned`; what is too long goes on in the next one."""
    left = typeset(chain.left, LATEX, typography).replace(BREAK, "")
    room = width - width_of(left) - _RELATION
    lines: list[str] = []
    for right in chain.rights:
        own, *others = lines_of(typeset(right, LATEX, typography), room, room - _INDENT)
        lines += [f"&= {own.strip()}", *[rf"&\quad {other.strip()}" for other in others]]
    if not lines:
        return [f"& {left}"]
    lines[0] = f"{left} {lines[0]}"
    return [line + r" \\" for line in lines[:-1]] + lines[-1:]


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
            yield from (escaped(text, typography), "")
        case Items(title, items):
            listed = ", ".join(assignment(item, typography) for item in items)
            yield from (rf"{{\raggedright\textbf{{{_escape(title)}:}} {listed}\par}}", "")
        case Chain():
            yield from (r"\begin{align*}", *chain_lines(block, typography, PAGE_WIDTH), r"\end{align*}")
            if block.note:
                note = escaped(block.note, typography)
                yield rf"{{\leftskip=20pt\footnotesize\itshape {note}\par}}"
        case Table():
            yield from _table(block, typography)
        case Code(text):
            code = to_ascii(text).replace(r"\end{verbatim}", r"\end {verbatim}").rstrip("\n")
            yield from (r"{\footnotesize", r"\begin{verbatim}", code, r"\end{verbatim}", "}")


def assignment(item: str, typography: Typography) -> str:
    """An item such as `x1 = 0.05` as a formula in a sentence; what is none stays text."""
    sides = item.split(" = ")
    if item.startswith("...") or not all(sides):
        return _escape(item)
    return "$" + " = ".join(typeset(side, LATEX, typography).replace(BREAK, "") for side in sides) + "$"


def _table(table: Table, typography: Typography) -> Iterator[str]:
    kind = "longtable" if len(table.rows) > _LONG_TABLE else "tabular"
    yield rf"\begin{{{kind}}}{{{'r' * len(table.header)}}}"
    for number, row in enumerate((table.header, *table.rows)):
        cells = " & ".join(_cell(cell, typography) for cell in row)
        yield cells + (r" \\ \hline" if number == 0 else r" \\")
    yield rf"\end{{{kind}}}"
    yield ""


def _cell(cell: str, typography: Typography) -> str:
    if is_formula(cell, typography):
        return f"${typeset(cell, LATEX, typography).replace(BREAK, '')}$"
    return escaped(cell, typography)
