"""Formulas in LaTeX, for pdflatex and for MathJax alike: no macro but those of amsmath that both know.

How wide a formula will be is estimated here too, because a line that is too long has to be broken by whoever writes it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from chainrule.printing.glyphs import GREEK, Glyph
from chainrule.printing.text import to_ascii
from chainrule.printing.typeset import BREAK, Style

_GREEK_NAMES: Final = {letter: name for name, letter in GREEK.items()}
_BUILTIN: Final = frozenset({"tanh", "exp", "log", "ln", "sin", "cos", "max", "min"})
_SIGNS: Final = {"−": "-", "·": r"\cdot", "≤": r"\le", "≥": r"\ge", "≠": r"\ne", "∂": r"\partial", "⋯": r"\cdots"}
_FENCES: Final = {"/|": "|", "‖": r"\|", "/‖": r"\|"}
_ENDING: Final = re.compile(r"\\[A-Za-z]+$")
_CLOSING: Final = (")", "]", "/|", "/‖")
_PLAIN: Final = {"\\": r"\backslash ", "{": r"\lbrace ", "}": r"\rbrace ", " ": "~", "_": r"\_", "^": r"\hat{~}",
                 "~": r"\sim ", "#": r"\#", "$": r"\$", "%": r"\%", "&": r"\&", "-": "{-}"}  # fmt: skip


def _number(text: str) -> str:
    return text.replace("%", r"\%").replace(" ", "~")


def _letter(glyph: Glyph) -> str:
    if not glyph.stem:
        return _mark(glyph.mark)
    below = "".join(part if isinstance(part, str) else _letter(part) for part in glyph.sub)
    core = _stem(glyph) + (f"_{{{below}}}" if below else "")
    above = r"\prime" * glyph.primes or (_mark(glyph.mark) if glyph.mark.startswith("@") else "")
    sup = _mark(glyph.sup)
    if sup and above:
        return f"{{{core}^{{{sup}}}}}^{{{above}}}"
    if sup or above:
        core += f"^{{{sup or above}}}"
    return core + (glyph.mark if glyph.mark.startswith("(") else "")


def _mark(text: str) -> str:
    return text.replace("{", r"\lbrace ").replace("}", r"\rbrace ")


def _stem(glyph: Glyph) -> str:
    name = _GREEK_NAMES.get(glyph.stem)
    if name is not None:
        # Capitals that look like Latin ones, such as A for alpha, have no command; none of them is in the table.
        text = rf"\{name}"
    elif len(glyph.stem) == 1 and glyph.stem.isascii():
        text = glyph.stem
    elif glyph.stem in ("inf", "nan"):
        text = r"\infty" if glyph.stem == "inf" else r"\mathrm{nan}"
    else:
        text = rf"\mathit{{{_word(glyph.stem)}}}"
    return rf"\{glyph.accent}{{{text}}}" if glyph.accent else text


def _word(text: str) -> str:
    return "".join(_PLAIN.get(c, c) for c in to_ascii(text))


def _sign(text: str, prefix: bool) -> str:
    if text[0] == "′":
        return r"\prime" * len(text)
    if text == "@":
        return r"\thinspace "
    if text == ",":
        return ", "
    written = _SIGNS.get(text, text)
    return written + (" " if written[-1].isalpha() else "") if prefix else f" {written} "


def _fence(bracket: str, tall: bool) -> str:
    text = _FENCES.get(bracket, bracket)
    if not tall:
        return text
    return (r"\right" if bracket in _CLOSING else r"\left") + text


def _function(name: str) -> str:
    if name in _BUILTIN:
        return rf"\{name}"
    if name == "log10":
        return r"\log_{10}"
    return rf"\mathrm{{{to_ascii(name).replace('_', '~')}}}"


def plain(text: str) -> str:
    """Text that is no formula, inside one: as it stands, in typewriter letters."""
    return r"\mathtt{" + "".join(_PLAIN.get(c, c) for c in to_ascii(text)) + "}"


def _array(rows: Sequence[Sequence[str]]) -> str:
    body = r" \\ ".join(" & ".join(row) for row in rows)
    return rf"\left[\begin{{array}}{{{'r' * len(rows[0])}}}{body}\end{{array}}\right]"


def _joined(pieces: list[str]) -> str:
    """The pieces in a row; a command ends where no letter follows."""
    text: list[str] = []
    for piece in pieces:
        if text and piece[:1].isalpha() and _ENDING.search(text[-1]):
            text.append(" ")
        text.append(piece)
    return "".join(text)


LATEX: Final = Style(
    fraction=(r"\frac{", "}{", "}"),
    small_fraction=(r"\tfrac{", "}{", "}"),
    power=("", "^{", "}"),
    raised=("{", "}^{", "}"),
    below=("", "_{", "}"),
    root=(r"\sqrt{", "}"),
    row=("", ""),
    fence=_fence,
    number=_number,
    letter=_letter,
    sign=_sign,
    function=_function,
    plain=plain,
    joined=_joined,
    array=_array,
)


# Width: in points at 10 pt, from the metrics of Computer Modern, rounded up.

_ARRAY: Final = re.compile(r"\\left\[\\begin\{array\}\{r+\}(.*?)\\end\{array\}\\right\]")
_TOKEN: Final = re.compile(r"\\[A-Za-z]+|\\.|.", re.DOTALL)
_WIDTHS: Final = {"(": 3.9, ")": 3.9, "[": 2.8, "]": 2.8, "+": 12.3, "-": 12.3, "=": 13.4, ".": 2.8, ",": 4.5, " ": 0.0,
                  "|": 2.8, "W": 9.5, "m": 8.8, "w": 7.2, "M": 9.8, "<": 13.4, ">": 13.4,
                  r"\cdot": 7.3, r"\partial": 5.7, r"\prime": 2.8, r"\thinspace": 1.7, r"\left": 3.0, r"\right": 3.0,
                  r"\theta": 4.7, r"\tanh": 21.0, r"\exp": 17.0, r"\log": 14.0, r"\ln": 9.0, r"\max": 20.0,
                  r"\min": 18.0, r"\sin": 14.0, r"\cos": 15.0, r"\sqrt": 9.0, r"\le": 13.4, r"\ge": 13.4,
                  r"\ne": 13.4, r"\mathit": 0.0, r"\mathrm": 0.0, r"\mathtt": 0.0, r"\hat": 0.0,
                  r"\bar": 0.0}  # fmt: skip
_OTHERWISE: Final = 5.8


def width_of(latex: str) -> float:
    """About how wide a formula is at 10 pt, in points, rather too much than too little.

    >>> width_of("x_{1}") < width_of("x_{12}") < width_of("x + y")
    True
    """
    plain = _ARRAY.sub("", latex)
    inside = sum(_array_width(found) for found in _ARRAY.findall(latex)) if plain != latex else 0.0
    groups: list[tuple[float, str, list[str]]] = [(0.0, "", [])]  # width, kind, what the next groups in it will be
    tops: list[float] = []
    for token in _TOKEN.findall(plain.replace(BREAK, "")):
        total, kind, coming = groups[-1]
        if token in ("^", "_"):
            coming.append("script")
        elif token in (r"\frac", r"\tfrac"):
            coming += ["bottom", "top"]
        elif token == "{":
            groups.append((0.0, coming.pop() if coming else "", []))
        elif token == "}" and len(groups) > 1:
            groups.pop()
            outer = groups[-1]
            groups[-1] = (outer[0] + _closed(total, kind, tops), *outer[1:])
        else:
            groups[-1] = (total + _WIDTHS.get(token, _OTHERWISE), kind, coming)
    return inside + sum(group[0] for group in groups)


def _array_width(body: str) -> float:
    rows = [[width_of(cell) for cell in row.split(" & ")] for row in body.split(r" \\ ")]
    columns = [max(column) + 10.0 for column in zip(*rows, strict=False)]
    return sum(columns, 12.0)


def _closed(width: float, kind: str, tops: list[float]) -> float:
    """What a group adds to the width: scripts are smaller, and of a fraction the wider part counts."""
    if kind == "top":
        tops.append(width)
        return 0.0
    if kind == "bottom" and tops:
        return max(width, tops.pop()) + 2.4
    return width * (0.75 if kind == "script" else 1)


def lines_of(latex: str, first: float, others: float) -> list[str]:
    """A formula in lines, broken where it may be; `first` and `others` are the widths they may have."""
    if width_of(latex) <= first:
        return [latex.replace(BREAK, "")]
    lines: list[str] = []
    width = 0.0
    for piece in latex.split(BREAK):
        wide = width_of(piece)
        if lines and width + wide <= (first if len(lines) == 1 else others):
            lines[-1] += piece
            width += wide
        else:
            lines.append(piece)
            width = wide
    return lines


def letters_only(text: str) -> str:
    """Text without what pdflatex cannot set: Latin letters with accents stay, everything else is spelled out."""
    return "".join(c if c < "\u0180" else to_ascii(c) for c in unicodedata.normalize("NFC", text))
