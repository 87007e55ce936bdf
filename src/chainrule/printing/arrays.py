"""Formulas with arrays in them, and equalities within a line: `W @ x = [..] [..] = [..]`.

An array stands in the formula as a name while it is parsed, so that the signs around it are set like any others.
"""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.dataclasses import replace
from chainrule.printing.document import Piece, Rows
from chainrule.printing.glyphs import Glyph, Typography
from chainrule.printing.typeset import ARRAY, BREAK, Style, parsed, typeset


def set_equal(pieces: Sequence[Piece], style: Style, typography: Typography) -> str:
    """The pieces of a right side one after the other; arrays side by side are multiplied.

    >>> from chainrule.printing.latex_math import LATEX
    >>> set_equal(["sigmoid(", (("1",), ("2",)), ")", " = ", "3"], LATEX, Typography()).replace(BREAK, "")
    '\\\\sigma\\\\left(\\\\left[\\\\begin{array}{r}1 \\\\\\\\ 2\\\\end{array}\\\\right]\\\\right) = 3'
    """
    arrays: list[Rows] = []
    text = ""
    for number, piece in enumerate(pieces):
        if isinstance(piece, str):
            joint = " " if number and piece[:1].isalnum() else ""  # or the sign after an array becomes part of its name
            text += joint + piece.replace(ARRAY, "?")
            continue
        beside = number > 0 and not isinstance(pieces[number - 1], str)
        text += (" @ " if beside else " " if text[-1:].isalnum() else "") + f"{ARRAY}{len(arrays)}"
        arrays.append(piece)

    def letter(glyph: Glyph) -> str:
        if glyph.stem != ARRAY:
            return style.letter(glyph)
        return _set_array(arrays[int(str(glyph.sub[0]))], style, typography)

    own = replace(style, letter=letter) if arrays else style
    return (BREAK + style.sign("=", False)).join(_side(side, own, typography) for side in text.split(" = "))


def _side(text: str, style: Style, typography: Typography) -> str:
    text = text.strip()
    if parsed(text, typography) is not None or ARRAY not in text:
        return typeset(text, style, typography)
    # No formula: the arrays must be seen all the same.
    words = text.replace(ARRAY, f"\n{ARRAY}").split("\n")
    pieces: list[str] = []
    for word in words:
        digits = len(word[1:]) - len(word[1:].lstrip("0123456789")) if word.startswith(ARRAY) else 0
        if digits:
            pieces.append(style.letter(Glyph(ARRAY, (word[1 : 1 + digits],))))
            word = word[1 + digits :]
        pieces += [style.plain(word)] if word.strip() else []
    return style.joined(pieces)


def _set_array(rows: Rows, style: Style, typography: Typography) -> str:
    return style.array([[_cell(cell, style, typography) for cell in row] for row in rows])


def _cell(cell: str, style: Style, typography: Typography) -> str:
    if cell in ("...", "…"):
        return style.sign("⋯", True)
    return typeset(cell, style, typography).replace(BREAK, "")
