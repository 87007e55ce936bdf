"""Reads what commands stand for: functions with or without brackets, sums, roots, fonts, fractions and derivatives.

A sum or an integral is a function that nobody knows: it is read, but never evaluated.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from chainrule.checking.notes.latex import BIG, COLOURED, FUNCTIONS, TIMES, WORDS, Piece, skip_space, source
from chainrule.checking.notes.names import Names
from chainrule.formula import syntax

_SIGNS: Final = frozenset("+-−–")
_ENDS: Final = frozenset({")", "]", ",", "/", "\\}", "|"})


class Commands(Names):
    """Reads functions, sums, roots, fractions and derivatives."""

    def function_command(self, at: int, end: int, depth: int) -> int:
        name, after = self.pieces[at].text.lstrip("\\"), at + 1
        if name.startswith("operatorname"):
            start, stop, after = self.argument(at + 1, end)
            name = self.flat(start, stop)
        if name in FUNCTIONS:
            return self.function(FUNCTIONS[name], at, after, end, depth)
        return self.named(name, at, after, end, depth)

    def function(self, name: str, at: int, after: int, end: int, depth: int) -> int:
        """A function with or without brackets, its base or its power: `\\ln x`, `\\sin^2 x`, `\\log_2 8`."""
        power: tuple[int, int] | None = None
        base = ""
        base_range = (0, 0)
        while (i := skip_space(self.pieces, after, end)) < end and self.pieces[i].text in ("_", "^"):
            start, stop, after = self.argument(i + 1, end)
            if self.pieces[i].text == "^":
                power = (start, stop)
            else:
                base, base_range = self.flat(start, stop), (start, stop)
        first = self.pieces[at]
        follows = skip_space(self.pieces, after, end)
        opens = follows < end and self.pieces[follows].text in ("(", "[")
        if follows >= end or (
            self.pieces[follows].text in ("+", "-", ")", "]", ",", "}", "=")
            and not (self.pieces[follows].text == "-" and name != "max")
        ):
            self.emit("name", f"{name}{'_' + base if base else ''}‿", first.start, first.end)
            return after
        logarithm = name == "log" and base and base != "10" and base != "e"
        known = (
            name in syntax.FUNCTIONS
            and (not base or name == "log")
            and not (power and self.flat(*power).startswith("-"))
        )
        if base == "10":
            name = "log10"
        self.sign("(", at)
        self.emit("name", name if known else f"{name}{'_' + base if base else ''}‿", first.start, first.end)
        if opens:
            stop = self.brackets[follows]
            if stop < 0:
                self.fail(follows, "the bracket is never closed")
            self.sign("(", follows)
            self.sequence(follows + 1, stop, depth + 1)
            self.sign(")", stop)
            after = stop + 1
        else:
            after = self.factors_end(follows, end, signs=True, big=False)
            if not name.startswith(("log", "ln")):
                after = self.before_power_of_e(follows, after)
            self.grouped(follows, after, depth)
        if logarithm:
            self.sign("/", at)
            self.emit("name", "log", first.start, first.end)
            self.grouped(*base_range, depth)
        self.sign(")", after - 1)
        if power is not None:
            self.power(*power, depth)
        return after

    def before_power_of_e(self, at: int, end: int) -> int:
        r"""Where the argument in `\cos x e^{2x}` ends: a product, whereas the sine or cosine of one is never meant."""
        for i in self.outer(at, end):
            follows = skip_space(self.pieces, i + 1, end)
            is_power = self.pieces[i].text == "e" and follows < end and self.pieces[follows].text == "^"
            if is_power and source(self.pieces[at:i]).strip("+-−–"):
                return i
        return end

    def factors_end(self, at: int, end: int, *, signs: bool, big: bool, functions: bool = False) -> int:
        """Where the product that begins here ends: with `big`, products with a sign belong to it too."""
        begun = False
        while at < end:
            piece = self.pieces[at]
            text = piece.text
            ends = text in _ENDS and self.brackets[at] < at
            if not big:
                ends = ends or text in TIMES or (begun and not functions and _begins_anew(text))
            if ends or (text in _SIGNS and (begun or not signs)):
                return at
            begun = begun or (piece.kind != "space" and text not in _SIGNS)
            at = max(self.braces[at], self.brackets[at], at) + 1
        return end

    def big(self, at: int, end: int, depth: int) -> int:
        """A sum, product, integral or limit: a function that nobody knows, of what follows up to the next + or -."""
        name, after = BIG[self.pieces[at].text], at + 1
        while (i := skip_space(self.pieces, after, end)) < end and self.pieces[i].text in ("_", "^"):
            start, stop, after = self.argument(i + 1, end)
            name += self.pieces[i].text + self.flat(start, stop)
        first = skip_space(self.pieces, after, end)
        stop = self.factors_end(first, end, signs=True, big=True)
        if first >= stop:
            self.fail(at, f"found nothing behind {self.pieces[at].text}")
        self.emit("name", f"{name}‿", self.pieces[at].start, self.pieces[max(at, after - 1)].end)
        self.grouped(first, stop, depth)
        return stop

    def root(self, at: int, end: int, depth: int) -> int:
        after, degree = skip_space(self.pieces, at + 1, end), None
        if after < end and self.pieces[after].text == "[":
            close = next((i for i in range(after, end) if self.pieces[i].text == "]"), -1)
            if close < 0:
                self.fail(after, "the '[' is never closed")
            degree, after = (after + 1, close), close + 1
        start, stop, after = self.argument(after, end)
        if degree is None:
            self.emit("name", "sqrt", self.pieces[at].start, self.pieces[at].end)
            self.grouped(start, stop, depth)
            return after
        self.grouped(start, stop, depth)
        self.sign("^", at)
        self.sign("(", at)
        piece = self.pieces[at]
        self.emit("number", "1", piece.start, piece.end, Fraction(1))
        self.sign("/", at)
        self.grouped(*degree, depth)
        self.sign(")", at)
        return after

    def wrapper(self, at: int, end: int, depth: int) -> int:
        text = self.pieces[at].text
        if (word := self.word_at(at, end)) is not None:
            if word[0] in FUNCTIONS and len(word[0]) > 2:
                return self.function(FUNCTIONS[word[0]], at, word[1], end, depth)
            if word[0] == "e" and self.is_power_of_e(word[1], end):
                return self.exponential(word[1] - 1, end, depth)
            return self.named(word[0], at, word[1], end, depth)
        start, stop, after = self.argument(at + 1, end)
        if text in COLOURED or text == "\\color":
            if text == "\\color":
                return after
            start, stop, after = self.argument(after, end)
        if text in WORDS:
            if not source(self.pieces[start:stop]).strip(".,;:"):
                return after
            inside = source(self.pieces[start:stop])
            self.fail(at, f"found the words '{' '.join(inside.split())[:40]}' in a formula")
        if text in ("\\underbrace", "\\overbrace"):
            under = skip_space(self.pieces, after, end)
            if under < end and self.pieces[under].text in ("_", "^"):
                after = self.argument(under + 1, end)[2]
        if source(self.pieces[start:stop]):
            self.grouped(start, stop, depth)
        return after

    def fraction(self, at: int, end: int, depth: int) -> int:
        first = skip_space(self.pieces, at + 1, end)
        text = self.pieces[first].text if first < end and self.pieces[first].kind == "number" else ""
        if len(text) == 2 and text.isascii() and text.isdigit():
            piece = self.pieces[first]  # \frac12
            self.sign("(", at)
            self.emit("number", piece.text[0], piece.start, piece.start + 1, Fraction(piece.text[0]))
            self.sign("/", at)
            self.emit("number", piece.text[1], piece.start + 1, piece.end, Fraction(piece.text[1]))
            self.sign(")", first)
            return first + 1
        top_start, top_stop, after = self.argument(at + 1, end)
        start, stop, after = self.argument(after, end)
        top, bottom = self.differential(top_start, top_stop), self.differential(start, stop)
        if top is not None and bottom is not None and (bottom < 0 or self.flat(bottom, stop)):
            return self.derivative(at, (top, top_stop), (bottom, stop), after, end, depth)
        self.sign("(", at)
        self.grouped(top_start, top_stop, depth)
        self.sign("/", start)
        self.grouped(start, stop, depth)
        self.sign(")", after - 1)
        return after

    def differential(self, start: int, stop: int) -> int | None:
        """The position after the d of `dE`, `\\partial E`; -1 - position if the letters after d belong to its piece."""
        at = skip_space(self.pieces, start, stop)
        if at >= stop:
            return None
        piece = self.pieces[at]
        if piece.text in ("\\partial", "∂"):
            return at + 1
        if piece.text in ("\\mathrm", "\\text", "\\operatorname") and source(self.pieces[at : at + 4]).endswith("{d}"):
            return self.braces[skip_space(self.pieces, at + 1, stop)] + 1
        if piece.kind == "letters" and piece.text[0] == "d":
            follows = skip_space(self.pieces, at + 1, stop)
            if len(piece.text) > 1:
                return -1 - at
            if follows >= stop or self.pieces[follows].text not in ("_", "-", "+", "*", "\\cdot", "\\times", "/"):
                return at + 1
        return None

    def derivative(
        self, at: int, top: tuple[int, int], bottom: tuple[int, int], after: int, end: int, depth: int
    ) -> int:
        """`\\frac{dE}{dw}` is the derivative; `\\frac{d}{dx}` takes what follows; higher ones are names."""
        squared = any(self.pieces[i].text == "^" for i in (abs(top[0] + 1) if top[0] < 0 else top[0],) if i < top[1])
        both = [self.pieces[i].text for i in range(abs(bottom[0] + 1) if bottom[0] < 0 else bottom[0], bottom[1])]
        if squared or any(text in ("\\partial", "∂") for text in both):
            first = self.pieces[at]
            self.emit("name", source(self.pieces[at:after]) + "‿", first.start, self.pieces[after - 1].end)
            return after
        operator = top[0] >= 0 and not source(self.pieces[top[0] : top[1]])
        if operator:
            follows = skip_space(self.pieces, after, end)
            stop = self.factors_end(follows, end, signs=False, big=False, functions=True)
            if follows >= stop:
                first = self.pieces[at]
                self.emit("name", source(self.pieces[at:after]) + "‿", first.start, self.pieces[after - 1].end)
                return after
            top, finish = (follows, stop), stop
        else:
            finish = after
        self.sign("(", at)
        self.sign("∂", at)
        self.differentiated(top, depth)
        self.sign("/", at)
        self.sign("∂", at)
        self.differentiated(bottom, depth)
        self.sign(")", finish - 1)
        return finish

    def differentiated(self, part: tuple[int, int], depth: int) -> None:
        start, stop = part
        if start >= 0:
            self.grouped(start, stop, depth)
            return
        at = -1 - start  # the d is the first letter of a run, as in dx
        piece = self.pieces[at]
        rest = Piece("letters", piece.text[1:], piece.start + 1, piece.end)
        pieces, self.pieces = self.pieces, [*self.pieces[:at], rest, *self.pieces[at + 1 :]]
        try:
            self.grouped(at, stop, depth)
        finally:
            self.pieces = pieces


def _begins_anew(text: str) -> bool:
    """Whether a product behind a function without brackets ends before this: `\\sin x \\cos x`."""
    return text.lstrip("\\") in FUNCTIONS or text in BIG
