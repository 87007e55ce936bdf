"""Writes the tokens of one side and walks over its pieces: what all readers of LaTeX in this package share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from fractions import Fraction
from typing import NoReturn

from chainrule.checking.notes.latex import (
    SYMBOLS,
    WRAPPERS,
    Piece,
    bracket_partners,
    partners,
    skip_space,
)
from chainrule.checking.notes.rules import UNKNOWN
from chainrule.checking.notes.vocabulary import Vocabulary
from chainrule.formula.tokens import Kind, Token


class UnreadableError(Exception):
    """Something that is not read: why, and where on the page."""

    def __init__(self, reason: str, at: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.at = at


class Writer(ABC):
    """The pieces of one side, their partners, and the tokens written so far."""

    def __init__(self, pieces: Sequence[Piece], words: Vocabulary) -> None:
        self.pieces = pieces
        self.words = words
        self.braces = partners(pieces)
        self.brackets = bracket_partners(pieces, self.braces)
        self.tokens: list[Token] = []
        self.text: list[str] = []
        self.size = 0
        self.spans: list[tuple[int, int]] = []
        self.holes: list[tuple[int, int, str]] = []
        self.bars: list[str] = []

    def emit(self, kind: Kind, text: str, start: int, end: int, value: Fraction = Fraction(0)) -> None:
        is_function = kind == "name" and (text.endswith(UNKNOWN) or text in self.words.functions)
        if is_function and self.after_operand():
            self.emit("op", "*", start, start)
        if kind in ("name", "number") and self.tokens and self.tokens[-1].kind in ("name", "number"):
            self.text.append(" ")
            self.size += 1
        self.tokens.append(Token(kind, text, self.size, self.size + len(text), value))
        self.text.append(text)
        self.size += len(text)
        self.spans.append((start, end))

    def sign(self, text: str, at: int) -> None:
        piece = self.pieces[min(at, len(self.pieces) - 1)]
        self.emit("op", text, piece.start, piece.end)

    def after_operand(self) -> bool:
        if not self.tokens:
            return False
        last = self.tokens[-1]
        return last.kind in ("name", "number", "prime") or (last.kind == "op" and last.text in (")", "]"))

    def fail(self, at: int, reason: str) -> NoReturn:
        raise UnreadableError(reason, self.pieces[min(at, len(self.pieces) - 1)].start)

    @abstractmethod
    def sequence(self, at: int, end: int, depth: int) -> None:
        """Reads the pieces from `at` up to `end`."""

    @abstractmethod
    def function(self, name: str, at: int, after: int, end: int, depth: int) -> int:
        """Reads a function whose name ends before `after`, and gives the position behind it."""

    def grouped(self, at: int, end: int, depth: int) -> None:
        """A sequence in brackets of its own."""
        braced = at > 0 and end < len(self.pieces) and self.pieces[at - 1].text == "{" and self.pieces[end].text == "}"
        self.sign("(", at - 1 if braced else at)
        self.sequence(at, end, depth + 1)
        self.sign(")", end if braced or end <= at else end - 1)

    def power(self, start: int, stop: int, depth: int) -> None:
        self.sign("^", start)
        self.grouped(start, stop, depth)

    def outer(self, at: int, end: int) -> list[int]:
        """The positions at the outermost level between two positions."""
        found = []
        while at < end:
            found.append(at)
            at = max(self.braces[at], self.brackets[at], at) + 1
        return found

    def argument(self, at: int, end: int) -> tuple[int, int, int]:
        """The argument of a script or command at a position: its first piece, the one after its last, what follows."""
        at = skip_space(self.pieces, at, end)
        if at >= end:
            self.fail(end - 1, "something is missing at the end")
        piece = self.pieces[at]
        if piece.text == "{":
            if self.braces[at] < 0:
                self.fail(at, "a '{' is never closed")
            return at + 1, self.braces[at], self.braces[at] + 1
        if piece.text in ("-", "−") and at + 1 < end and self.pieces[at + 1].kind == "number":
            return at, at + 2, at + 2
        after = at + 1
        if piece.kind == "command" and piece.text not in SYMBOLS:
            for _ in range(2 if "frac" in piece.text else 1):
                brace = skip_space(self.pieces, after, end)
                if brace < end and self.pieces[brace].text == "{" and self.braces[brace] > 0:
                    after = self.braces[brace] + 1
        return at, after, after

    def flat(self, start: int, stop: int) -> str:
        """The text of a script: what is seen, without braces and blanks."""
        shown = []
        for piece in self.pieces[start:stop]:
            if piece.kind == "space" or piece.text in ("{", "}") or piece.text in WRAPPERS:
                continue
            text = SYMBOLS.get(piece.text, piece.text.strip("\\"))
            shown.append(text if piece.kind != "char" or text != "_" else "_")
        return "".join(shown)
