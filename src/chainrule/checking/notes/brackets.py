"""Reads brackets of all kinds, what stands behind them, and matrices.

An element of a matrix that cannot be read leaves a hole; the others are judged all the same.
"""

from __future__ import annotations

from typing import Final

from chainrule.checking.notes.commands import Commands
from chainrule.checking.notes.latex import (
    FUNCTIONS,
    MATRICES,
    OPENERS,
    after_break,
    environment_name,
    skip_space,
    source,
)
from chainrule.checking.notes.rules import UNKNOWN, rules_of
from chainrule.checking.notes.writing import UnreadableError
from chainrule.errors import FormulaError
from chainrule.formula import syntax
from chainrule.formula.parser import parse_tokens
from chainrule.formula.tokens import Token

# fmt: off
BARS: Final = {"|": "abs", "\\lvert": "abs", "\\rvert": "abs", "\\vert": "abs", "\\|": "norm", "\\Vert": "norm",
                "\\lVert": "norm", "\\rVert": "norm"}  # fmt: skip
# fmt: on


MOST_BARS: Final = 40  # within each other


class Brackets(Commands):
    """Reads brackets, bars, powers of brackets and matrices."""

    def brace(self, at: int, end: int, depth: int) -> int:
        stop = self.braces[at]
        if stop < 0 or stop >= end:
            self.fail(at, "a '{' is never closed")
        inside = skip_space(self.pieces, at + 1, stop)
        if inside == stop:
            return stop + 1
        word = self.word_at(inside, stop)
        alone = word is not None and skip_space(self.pieces, word[1], stop) == stop
        if word is not None and alone and word[0].isalnum() and word[0] not in FUNCTIONS:
            return self.named(word[0], at, stop + 1, end, depth)
        self.grouped(at + 1, stop, depth)
        return stop + 1

    def bracket(self, at: int, end: int, depth: int) -> int:
        opener = self.pieces[at].text
        stop = self.brackets[at]
        if stop < 0 or stop >= end:
            self.fail(at, f"the '{opener.lstrip(chr(92))}' is never closed")
        if opener in ("\\lfloor", "\\lceil"):
            self.fail(at, f"{opener} is not read")
        mixed = self.pieces[stop].text != OPENERS[opener]
        if mixed:
            self.fail(at, "found an interval, which is not read")
        called = bool(self.tokens) and self.tokens[-1].kind in ("name", "prime") and self.is_called(self.tokens[-1])
        if self.has_comma_between(at, stop) and not called:
            return self.vector(at, stop, depth)
        if skip_space(self.pieces, at + 1, stop) == stop:
            self.fail(at, "found empty brackets")
        self.sign("(", at)
        self.sequence(at + 1, stop, depth + 1)
        self.sign(")", stop)
        return stop + 1

    def is_called(self, token: Token) -> bool:
        name = token.text
        if token.kind == "prime":
            return True
        return name in syntax.FUNCTIONS or name in ("σ",) or name in self.words.functions or name.endswith("‿")

    def has_comma_between(self, at: int, stop: int) -> bool:
        return any(self.pieces[i].text == "," for i in self.outer(at + 1, stop))

    def vector(self, at: int, stop: int, depth: int) -> int:
        """`(a, b)` is the list [a, b]."""
        if self.after_operand():
            self.sign("@", at)
        commas = [i for i in self.outer(at + 1, stop) if self.pieces[i].text == ","]
        self.sign("[", at)
        for start, comma in zip([at + 1, *(i + 1 for i in commas)], [*commas, stop], strict=True):
            self.sequence(start, comma, depth + 1)
            if comma != stop:
                self.sign(",", comma)
        self.sign("]", stop)
        return stop + 1

    def bar(self, at: int, depth: int) -> int:
        """Bars open where an operand is expected, and close behind one."""
        function = BARS[self.pieces[at].text]
        if self.bars and self.bars[-1] == function and self.after_operand():
            self.bars.pop()
            self.sign(")", at)
        elif not self.after_operand() and len(self.bars) <= MOST_BARS:
            self.bars.append(function)
            self.emit("name", function, self.pieces[at].start, self.pieces[at].end)
            self.sign("(", at)
        elif self.tokens[-1].text != ",":  # p(x | y) is a function of both
            self.sign(",", at)
        return at + 1

    def script(self, at: int, end: int, depth: int) -> int:
        text = self.pieces[at].text
        if not self.after_operand():
            self.fail(at, f"found '{text}' with nothing before it")
        if text != "^":
            if text != "_":
                self.fail(at, "found a prime behind brackets")
            start, stop, after = self.argument(at + 1, end)
            self.wrapped(f"part_{self.flat(start, stop)}{UNKNOWN}", at)  # (x)_i, of which nothing is known
            return after
        start, stop, after = self.argument(at + 1, end)
        content = source(self.pieces[start:stop])
        if content in ("T", "\\top", "\\intercal", "\\mathsf{T}", "\\mathrm{T}", "{T}", "\\prime"):
            self.wrapped("transpose", at)
        elif content in ("\\circ", "\\ast", "*", "\\dagger", "+"):
            self.fail(at, f"found the superscript '{content.lstrip(chr(92))}' behind something that is no name")
        else:
            self.power(start, stop, depth)
        return after

    def wrapped(self, function: str, at: int) -> None:
        """Puts a function around the operand just written, by one bracket before it and one behind."""
        depth, first = 0, len(self.tokens)
        while first > 0:
            first -= 1
            token = self.tokens[first]
            if token.kind == "op":
                depth += (token.text in (")", "]")) - (token.text in ("(", "["))
            if depth == 0:
                break
        if first and self.tokens[first - 1].kind == "name" and self.is_called(self.tokens[first - 1]):
            first -= 1  # a function and its brackets
        moved, spans = self.tokens[first:], self.spans[first:]
        del self.tokens[first:], self.spans[first:]
        self.text = ["".join(self.text)[: moved[0].start]]
        self.size = len(self.text[0])
        start = spans[0][0]
        self.emit("name", function, start, start)
        self.emit("op", "(", start, start)
        for token, (begin, finish) in zip(moved, spans, strict=True):
            self.emit(token.kind, token.text, begin, finish, token.value)
        self.sign(")", at)

    def times(self, at: int, end: int) -> int:
        matrix = bool(self.tokens) and self.tokens[-1].text == "]"
        follows = skip_space(self.pieces, at + 1, end)
        opens = follows < end and self.pieces[follows].text == "\\begin"
        elementwise = self.pieces[at].text in ("\\odot", "\\circ", "⊙")
        if self.pieces[at].text == "*" and follows == at + 1 and follows < end and self.pieces[follows].text == "*":
            self.sign("^", at)
            return at + 2
        self.sign("@" if matrix and opens and not elementwise else "*", at)
        return at + 1

    def matrix(self, at: int, end: int, depth: int) -> int:
        stop = self.braces[at]
        name, first = environment_name(self.pieces, at)
        if stop < 0 or stop >= end:
            self.fail(at, f"the environment '{name}' is never closed")
        if name not in MATRICES or name in ("vmatrix", "Vmatrix"):
            self.fail(at, f"the environment '{name}' is not read")
        if name == "array":
            first = self.argument(first, stop)[2]
        after = environment_name(self.pieces, stop)[1]
        table: list[list[tuple[int, int]]] = [[]]
        start = first
        for i in [*self.outer(first, stop), stop]:
            text = self.pieces[i].text
            if text in ("&", "\\\\") or i == stop:
                table[-1].append((start, i))
                start = after_break(self.pieces, i) if text == "\\\\" else i + 1
                if text == "\\\\":
                    table.append([])
        rows = [row for row in table if any(source(self.pieces[s:e]) for s, e in row)]
        if not rows:
            self.fail(at, "found an empty matrix")
        if self.after_operand():
            self.sign("@", at)
        self.sign("[", at)
        for row in rows:
            self.sign("[", row[0][0])
            for start, finish in row:
                self.cell(start, finish, depth)
                self.sign(",", start)
            self.sign("]", row[-1][1])
            self.sign(",", row[-1][1])
        self.sign("]", stop)
        return after

    def cell(self, start: int, finish: int, depth: int) -> None:
        """An element; what cannot be read leaves a hole in the matrix, the other elements count."""
        begin, written = len(self.tokens), len(self.text)
        size = self.size
        try:
            if not source(self.pieces[start:finish]):
                self.fail(start, "found an empty element of a matrix")
            self.sequence(start, finish, depth + 1)
            parse_tokens(
                "".join(self.text), [*self.tokens[begin:], Token("end", "", self.size, self.size)], rules_of(self.words)
            )
        except (UnreadableError, FormulaError) as error:
            reason = error.reason if isinstance(error, UnreadableError) else error.what.rstrip(".")
            del self.tokens[begin:], self.spans[begin:], self.text[written:]
            self.size = size
            first, last = self.pieces[start], self.pieces[max(start, finish - 1)]
            self.holes.append((first.start, last.end, reason))
            self.emit("name", "?", first.start, last.end)
