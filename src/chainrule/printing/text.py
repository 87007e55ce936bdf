"""A document as text for a terminal: aligned at the equals signs, wrapped, coloured if asked for."""

from __future__ import annotations

import re
import textwrap
import unicodedata

from chainrule.printing.document import Block, Chain, Code, Document, Heading, Items, Prose, Table

# What a chain may be broken before, when it is too wide for the page.
_BREAKS = re.compile(r" (?=[+*-] )")
_COLORS = {"forward": "36", "backward": "35", "update": "32", "heading": "1", "note": "2"}
_ASCII = {"×": "*", "·": "*", "−": "-", "½": "1/2", "¼": "1/4", "√": "sqrt", "∂": "d", "Σ": "sum", "–": "-", "…": "...",
          "→": "->", "’": "'", "“": '"', "”": '"', "²": "^2", "³": "^3", "≠": "!=", "≤": "<=", "≥": ">="}  # fmt: skip


def render_text(document: Document, *, width: int = 100, color: bool = False, ascii_only: bool = False) -> str:
    """The text of a document, ending in a newline; no line is wider than `width` unless it cannot be broken.

    >>> print(render_text(Document((Chain("h1", ("w1*x1", "0.15*0.05", "0.0075")),))), end="")
    h1 = w1*x1
       = 0.15*0.05
       = 0.0075
    """
    lines: list[str] = []
    for block in document.blocks:
        lines += _lines(block, width, color)
    text = "\n".join(line.rstrip() for line in lines).strip("\n") + "\n"
    return to_ascii(text) if ascii_only else text


def to_ascii(text: str) -> str:
    """The text with every character outside ASCII spelled out: θ4 becomes theta4, Δw5 becomes change(w5)."""
    text = re.sub(r"Δ(\w+(?:\[[\d,]+\])?)", r"change(\1)", text)
    return "".join(c if c.isascii() else _ASCII.get(c) or _letter_name(c) for c in text)


def _letter_name(character: str) -> str:
    name = unicodedata.name(character, "")
    if name.startswith("GREEK") and "LETTER" in name:
        word = name.rsplit(" ", 1)[1].lower()
        return word.capitalize() if "CAPITAL" in name else word
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return plain or "?"


def _lines(block: Block, width: int, color: bool) -> list[str]:
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
        case Table(header, rows):
            return ["", *_table([header, *rows])]
        case Code(text):
            return ["", *text.splitlines()]


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
        pieces = _broken(right, width - len(margin))
        start = f"{_paint(chain.left, chain.color, color)} = " if number == 0 else margin[:-2] + "= "
        lines.append(start + pieces[0])
        lines += [margin + "  " + piece for piece in pieces[1:]]
    if chain.note:
        note = textwrap.wrap(chain.note, max(20, width - len(margin) - 2))
        lines += [_paint(f"{margin}  {line}", "note", color) for line in note]
    return lines if lines else [_paint(chain.left, chain.color, color)]


def _broken(text: str, width: int) -> list[str]:
    """A long right side in pieces, broken before an operator."""
    if len(text) <= width:
        return [text]
    pieces: list[str] = []
    for part in _BREAKS.split(text):
        if pieces and len(pieces[-1]) + 1 + len(part) <= max(width, 20):
            pieces[-1] += " " + part
        else:
            pieces.append(part)
    return pieces


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return ["  ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True)) for row in rows]


def _paint(text: str, what: str, color: bool) -> str:
    code = _COLORS.get(what)
    return f"\x1b[{code}m{text}\x1b[0m" if color and code else text
