"""Reads names: letters in any font with their scripts, and what is glued together to one name.

Whether a superscript is a power, a layer or a mark, and whether `xy` is a product, is settled here.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from chainrule.checking.notes.latex import ACCENTS, COLOURED, FUNCTIONS, SYMBOLS, WORDS, WRAPPERS, skip_space, source
from chainrule.checking.notes.rules import UNKNOWN
from chainrule.checking.notes.writing import Writer
from chainrule.formula import syntax
from chainrule.formula.tokens import MAX_DIGITS, is_name

_OPERATORS: Final = frozenset({"E", "P", "Pr", "Var", "Cov", "Std", "var", "cov"})  # expectations and the like
_DIVIDING: Final = frozenset({",", "|", "\\|", "\\vert", ";"})  # of arguments
_RUNS: Final = frozenset({"net", "out", "err", "old", "new", "bias", "loss", "dx", "dy", "dt", "dz", "dw"})


class Names(Writer):
    """Reads numbers and names."""

    def number(self, at: int, end: int) -> int:
        first, text, after = self.pieces[at], self.pieces[at].text, at + 1
        while after < end:
            joined = self.joined(text, after, end)
            if joined is None:
                break
            text, after = joined
        if len(text) > MAX_DIGITS:
            self.fail(at, f"a number has more than {MAX_DIGITS:,} digits, the limit")
        value, last = Fraction(text.rstrip(".")), self.pieces[after - 1]
        if after < end and self.pieces[after].text == "\\%":
            text, value, last, after = f"{text}%", value / 100, self.pieces[after], after + 1
        self.emit("number", text, first.start, last.end, value)
        return after

    def joined(self, text: str, after: int, end: int) -> tuple[str, int] | None:
        """A number taken together with digits that stand apart from it: `0. 5932`, `0 .5`, `1{,}000`, `12 345`."""
        behind = skip_space(self.pieces, after, end)
        if behind >= end:
            return None
        piece = self.pieces[behind]
        if piece.text == "{" and self.braces[behind] == behind + 2 and self.pieces[behind + 1].text == ",":
            third = self.pieces[behind + 3] if behind + 3 < end else None
            if third is not None and third.kind == "number" and behind == after and "." not in text:
                if len(third.text.partition(".")[0]) != 3 or text == "0":
                    self.fail(behind, "found a decimal comma, which may as well divide thousands")
                return text + third.text, behind + 4
        if piece.text == "." and behind + 1 < end:
            digits = skip_space(self.pieces, behind + 1, end)
            if digits < end and self.pieces[digits].kind == "number" and "." not in text + self.pieces[digits].text:
                return f"{text}.{self.pieces[digits].text}", digits + 1
            if digits < end:
                self.fail(behind, f"found '{text}.', which is no number")
        if piece.kind == "number" and behind > after and piece.text[0] == "." and "." not in text:
            return text + piece.text, behind + 1
        return None

    def name(self, at: int, end: int, depth: int) -> int:
        piece = self.pieces[at]
        if piece.kind == "letters":
            if piece.text == "e" and self.is_power_of_e(at + 1, end):
                return self.exponential(at, end, depth)
            letters = FUNCTIONS.get(piece.text)
            if letters is not None and len(piece.text) > 2:
                return self.function(letters, at, at + 1, end, depth)
            if self.is_product(piece.text):
                for i, letter in enumerate(piece.text[:-1]):
                    self.emit("name", letter, piece.start + i, piece.start + i + 1)
                return self.named(piece.text[-1], at, at + 1, end, depth)
            return self.named(piece.text, at, at + 1, end, depth)
        return self.named(SYMBOLS.get(piece.text, piece.text), at, at + 1, end, depth)

    def is_product(self, letters: str) -> bool:
        return 2 <= len(letters) <= 3 and all(one in self.words.letters for one in letters) and letters not in _RUNS

    def is_power_of_e(self, at: int, end: int) -> bool:
        at = skip_space(self.pieces, at, end)
        return at < end and self.pieces[at].text == "^"

    def exponential(self, at: int, end: int, depth: int) -> int:
        up = skip_space(self.pieces, at + 1, end)
        start, stop, after = self.argument(up + 1, end)
        self.emit("name", "exp", self.pieces[at].start, self.pieces[at].end)
        self.grouped(start, stop, depth)
        return after

    def named(self, base: str, at: int, after: int, end: int, depth: int) -> int:
        """A name whose base ends before `after`, with what is glued to it and its scripts."""
        if not base:
            self.fail(at, "found a name without letters")
        base, after = self.glued(base, after, end)
        bare = base
        text, after, powers = self.scripts(base, after, end)
        primes = 0
        while after < end and self.pieces[after].text in ("'", "′", "’"):
            primes, after = primes + 1, after + 1
        follows = skip_space(self.pieces, after, end)
        opens = follows < end and self.pieces[follows].text == "("
        if bare == "σ" and text == bare and opens and not self.holds_bare_sigma(follows):
            text = "σ"
        elif text in self.words.functions and opens:
            pass
        elif self.is_applied(bare, follows, end):
            text, primes = text + "'" * primes + UNKNOWN, 0
        else:
            text += "'" * primes
            primes = 0
            if text in syntax.FUNCTIONS or text in syntax.ALIASES:
                text += "‿" if not opens else "_‿"
            if opens and self.has_comma(follows) and is_name(text.rstrip("'")[:1]):
                text += "‿"  # a pair in brackets is no factor: this is a function of two variables
        self.emit("name", text, self.pieces[at].start, self.pieces[after - 1].end)
        if primes:
            mark = self.pieces[after - 1]
            self.emit("prime", "'" * primes, mark.start, mark.end, Fraction(primes))
        for start, stop in powers:
            self.power(start, stop, depth)
        return after

    def is_applied(self, name: str, at: int, end: int) -> bool:
        """Whether brackets hold an argument, not a factor: E[X], p(x), w(new)."""
        if at >= end or self.pieces[at].text not in ("(", "[") or self.brackets[at] < 0:
            return False
        if name in _OPERATORS or (self.pieces[at].text == "[" and len(name) > 1 and name.isalpha() and name.isascii()):
            return True
        inside = [piece for piece in self.pieces[at + 1 : self.brackets[at]] if piece.kind != "space"]
        signs = [piece for piece in inside if piece.text == "-"]
        return self.pieces[at].text == "(" and len(inside) - len(signs[:1]) == 1 and inside[-1].kind == "letters"

    def holds_bare_sigma(self, at: int) -> bool:
        end = self.brackets[at]
        for i in range(at + 1, max(at + 1, end)):
            if self.pieces[i].text in ("\\sigma", "σ"):
                follows = skip_space(self.pieces, i + 1, end)
                if self.pieces[follows].text not in ("(", "'", "\\left"):
                    return True
        return False

    def has_comma(self, at: int) -> bool:
        end = self.brackets[at]
        return end > at and any(
            self.pieces[i].text in _DIVIDING and self.brackets[i] < 0 for i in self.outer(at + 1, end)
        )

    def glued(self, base: str, after: int, end: int) -> tuple[str, int]:
        """`out O` and `\\Delta w` are one name each; digits directly behind a name belong to it."""
        while after < end:
            piece = self.pieces[after]
            if piece.kind == "number" and "." not in piece.text:
                return base + piece.text, after + 1
            behind = skip_space(self.pieces, after, end)
            if behind >= end:
                return base, after
            following = self.pieces[behind]
            if (
                base not in ("Δ", "∂", "nabla")
                and not (len(base) >= 3 and base.isalpha() and base.isascii())
                and base[-1] != "_"
            ):
                return base, after
            word = self.word_at(behind, end)
            if word is None or (following.kind == "letters" and following.text in FUNCTIONS):
                return base, after
            base, after = base + word[0], word[1]
        return base, after

    def word_at(self, at: int, end: int) -> tuple[str, int] | None:
        """The letters that stand at a position, in whatever font, and the position after them."""
        piece = self.pieces[at]
        if piece.kind == "letters":
            return piece.text, at + 1
        if piece.kind == "command" and piece.text in SYMBOLS and SYMBOLS[piece.text][0].isalpha():
            return SYMBOLS[piece.text], at + 1
        if piece.text in WRAPPERS and piece.text not in COLOURED and piece.text != "\\color":
            brace = skip_space(self.pieces, at + 1, end)
            if brace < end and self.pieces[brace].text == "{" and self.braces[brace] > 0:
                inside = self.word_inside(brace + 1, self.braces[brace], piece.text in WORDS)
                if inside:
                    accent = ACCENTS.get(piece.text)
                    return inside + (f"_{accent}" if accent else ""), self.braces[brace] + 1
            elif brace < end and self.pieces[brace].kind == "letters" and piece.text in ACCENTS:
                return f"{self.pieces[brace].text}_{ACCENTS[piece.text]}", brace + 1
        return None

    def word_inside(self, at: int, end: int, prose: bool) -> str:
        inside = [piece for piece in self.pieces[at:end] if piece.kind != "space" or prose]
        while inside and inside[0].kind == "space":
            inside = inside[1:]
        while inside and inside[-1].kind == "space":
            inside = inside[:-1]
        if not inside:
            return ""
        if len(inside) == 1 and inside[0].text in SYMBOLS:
            return SYMBOLS[inside[0].text]
        if inside[0].kind != "letters" or (not prose and len(inside) > 1 and inside[1].text in ("_", "^")):
            return ""
        allowed = all(
            one.kind in ("letters", "number", "space") or one.text in ("_", "-", ".", "\\_") for one in inside
        )
        return "".join("_" if one.kind == "space" else one.text.strip("\\") for one in inside) if allowed else ""

    def scripts(self, base: str, after: int, end: int) -> tuple[str, int, list[tuple[int, int]]]:
        """The name with its subscripts and with superscripts that are no powers; the powers apart."""
        powers: list[tuple[int, int]] = []
        subscripts = superscripts = ""
        while True:
            at = skip_space(self.pieces, after, end)
            if at >= end or self.pieces[at].text not in ("_", "^"):
                break
            start, stop, after = self.argument(at + 1, end)
            if self.pieces[at].text == "_":
                subscripts += "_" + self.flat(start, stop)
                if after < end and self.pieces[after].kind == "number" and self.pieces[after - 1].kind == "letters":
                    subscripts, after = subscripts + self.pieces[after].text, after + 1
            elif self.is_power(base, start, stop, bool(subscripts) or self.subscript_follows(after, end)):
                powers.append((start, stop))
            else:
                superscripts += "^" + self.flat(start, stop)
        return base + subscripts + superscripts, after, powers

    def subscript_follows(self, after: int, end: int) -> bool:
        at = skip_space(self.pieces, after, end)
        return at < end and self.pieces[at].text == "_"

    def is_power(self, base: str, start: int, stop: int, indexed: bool) -> bool:
        text = source(self.pieces[start:stop])
        if text.isdecimal():
            return not (base in self.words.layered or (not base.isascii() and self.symbol_layered(base)))
        if text[:1] in ("(", "[", "*", "\\ast", "\\prime", "'", "+", "\\dagger", "\\star") and len(text) < 12:
            return False
        if text in ("T", "\\top", "\\intercal", "\\mathsfT", "\\mathsf{T}", "\\mathrm{T}", "t") or text.startswith(
            "\\text"
        ):
            return False
        if text.startswith("\\mathrm"):
            return False
        if base in self.words.layered and indexed:
            return False
        return not (text.isalpha() and (len(text) > 2 or text in ("l", "L")))

    def symbol_layered(self, symbol: str) -> bool:
        return any(SYMBOLS.get("\\" + name) == symbol for name in self.words.layered)
