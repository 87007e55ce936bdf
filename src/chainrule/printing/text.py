"""A document as text for a terminal: aligned at the equals signs, wrapped, coloured if asked for."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from typing import Any

from chainrule.dataclasses import fields, is_dataclass, replace
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
)
from chainrule.printing.text_arrays import array_lines, derivation_lines
from chainrule.printing.text_working import working_lines

# A symbol such as ŷ, also in dE/dŷ; in the middle of a word an accent is only an accent.
_ACCENTED = re.compile(r"(?:(?<![^\W\d_])|(?<=(?<![^\W\d_])d))[^\W\d_][\u0300-\u036f]?(?![^\W\d_])")
_ACCENTS = {"\u0302": "_hat", "\u0303": "_tilde", "\u0304": "_bar", "\u0307": "_dot"}
_COLORS = {"forward": "36", "backward": "35", "update": "32", "heading": "1", "note": "2",
           "right": "32", "rounded": "36", "carried": "33", "wrong": "1;31", "unread": "35"}  # fmt: skip
_ASCII = {"×": "*", "·": "*", "•": "*", "−": "-", "–": "-", "½": "1/2", "¼": "1/4", "√": "sqrt", "∂": "d", "Σ": "sum",
          "∑": "sum", "…": "...", "→": "->", "’": "'", "“": '"', "”": '"', "²": "^2", "³": "^3", "≠": "!=", "≤": "<=",
          "≥": ">=", "≈": "~"}  # fmt: skip


def render_text(document: Document, *, width: int = 100, color: bool = False, ascii_only: bool = False) -> str:
    """The text of a document, ending in a newline; no line is wider than `width` unless it cannot be broken.

    >>> print(render_text(Document((Chain("h1", ("w1*x1", "0.15*0.05", "0.0075")),))), end="")
    h1 = w1*x1
       = 0.15*0.05
       = 0.0075
    """
    lines: list[str] = []
    for block in document.blocks:  # in ASCII before they are aligned, because names get longer
        lines += _lines(_block_in_ascii(block) if ascii_only else block, width, color, ascii_only)
    return "\n".join(line.rstrip() for line in lines).strip("\n") + "\n"


def to_ascii(text: str) -> str:
    """The text with every character outside ASCII spelled out: θ4 becomes theta4, Δw5 change(w5), ŷ y_hat."""
    text = re.sub(r"Δ(\w+(?:\[[\d,]+\])?)", r"change(\1)", unicodedata.normalize("NFC", text))
    text = _ACCENTED.sub(_accent_name, text)
    return "".join(c if c.isascii() else _ASCII.get(c) or _letter_name(c) for c in text)


def _accent_name(symbol: re.Match[str]) -> str:
    parts = unicodedata.normalize("NFD", symbol[0])
    return parts[0] + _ACCENTS[parts[1]] if len(parts) == 2 and parts[1] in _ACCENTS else symbol[0]


def _block_in_ascii(block: Any) -> Any:
    return replace(block, **{field.name: _parts_in_ascii(getattr(block, field.name)) for field in fields(block)})


def _parts_in_ascii(part: Any) -> Any:
    if isinstance(part, tuple):
        return tuple([_parts_in_ascii(one) for one in part])
    if is_dataclass(part):
        return _block_in_ascii(part)
    return to_ascii(part) if isinstance(part, str) else part


def _letter_name(character: str) -> str:
    """Greek letters by name, others without accents; what is neither is a question mark."""
    return "".join(map(_plain, unicodedata.normalize("NFKD", character))) or "?"


def _plain(part: str) -> str:
    if part.isascii() or unicodedata.combining(part):
        return part if part.isascii() else ""
    name = unicodedata.name(part, "").replace("LAMDA", "LAMBDA")  # Unicode's own spelling
    if name.startswith("GREEK") and "LETTER" in name:
        word = name.rsplit(" ", 1)[1].lower()
        return word.capitalize() if "CAPITAL" in name else word
    return "?"


def _lines(block: Block, width: int, color: bool, ascii_only: bool) -> list[str]:
    match block:
        case Heading(text, level):
            rule = {1: "=", 2: "-"}.get(level, "")
            return ["", _paint(text, "heading", color), *([rule * len(text)] if rule else [])]
        case Prose(text):
            return ["", *textwrap.wrap(text, width)]
        case Items(title, items):
            return ["", *_filled(title, items, width)]
        case Chain():
            return _chain(block, width, color)
        case Matrices(left, rights, note, tint):
            return ["", *_painted(left, array_lines(left, rights, width), tint, color), *_note(note, width, color)]
        case Derivation(left, lines, note):
            return ["", *derivation_lines(left, lines, width), *_note(note, width, color)]
        case Table(header, rows):
            return ["", *_table([header, *rows])]
        case Code(text):
            return ["", *text.splitlines()]
        case Working():
            return ["", *working_lines(block, width, lambda text, what: _paint(text, what, color), ascii_only)]


def _painted(left: str, lines: list[str], tint: str, color: bool) -> list[str]:
    return [line.replace(left, _paint(left, tint, color), 1) if line.startswith(left) else line for line in lines]


def _note(note: str, width: int, color: bool) -> list[str]:
    return [_paint(f"    {line}", "note", color) for line in textwrap.wrap(note, max(20, width - 4))]


def _filled(title: str, items: tuple[str, ...], width: int) -> list[str]:
    """The items as many to a line as fit, the lines indented below the first."""
    lines = [f"{title}:"]
    for number, item in enumerate(items, 1):
        text = item + ("," if number < len(items) else "")
        if len(lines[-1]) + 1 + len(text) > width and lines[-1].strip():
            lines.append(" " * (len(title) + 1))
        lines[-1] += f" {text}"
    return lines


def _chain(chain: Chain, width: int, color: bool) -> list[str]:
    margin = " " * (len(chain.left) + 3)
    lines: list[str] = []
    for number, right in enumerate(chain.rights):
        pieces = _broken(right, width - len(margin), width - len(margin) - 2)
        start = f"{_paint(chain.left, chain.color, color)} = " if number == 0 else margin[:-2] + "= "
        lines.append(start + pieces[0])
        lines += [margin + "  " + piece for piece in pieces[1:]]
    if chain.note:
        note = textwrap.wrap(chain.note, max(20, width - len(margin) - 2))
        lines += [_paint(f"{margin}  {line}", "note", color) for line in note]
    return lines if lines else [_paint(chain.left, chain.color, color)]


def _broken(text: str, first: int, others: int) -> list[str]:
    """A long right side in pieces, broken before an operator; `first` and `others` are the widths they may have."""
    if len(text) <= first:
        return [text]
    pieces: list[str] = []
    for part in _parts(text, max(others, 20)):
        if pieces and len(pieces[-1]) + 1 + len(part) <= max(first if len(pieces) == 1 else others, 20):
            pieces[-1] += " " + part
        else:
            pieces.append(part)
    return pieces


def _parts(text: str, width: int) -> list[str]:
    """Where a sum may be broken: before its terms; in a term that is too long before its factors, then anywhere."""
    parts = [text]
    for outside, operators in ((True, "+-"), (True, "*"), (False, "+-*")):
        parts = [new for part in parts for new in (_split(part, operators, outside) if len(part) > width else [part])]
    return parts


def _split(text: str, operators: str, outside: bool) -> list[str]:
    """The text cut before every operator that stands between spaces; `outside` of brackets only."""
    parts, start, depth = [], 0, 0
    for at, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if character in operators and at and text[at - 1] == " " == text[at + 1 : at + 2] and not (outside and depth):
            parts.append(text[start : at - 1])
            start = at
    return [*parts, text[start:]]


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return ["  ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True)) for row in rows]


def _paint(text: str, what: str, color: bool) -> str:
    code = _COLORS.get(what)
    return f"\x1b[{code}m{text}\x1b[0m" if color and code else text
