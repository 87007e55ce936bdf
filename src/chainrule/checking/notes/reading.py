"""Reads one side of a formula in LaTeX: its pieces become tokens of our formula language, which the Pratt parser reads.

The plain text those tokens spell keeps the digits as printed, and every token remembers its place on the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from chainrule.checking.notes.brackets import BARS, Brackets
from chainrule.checking.notes.latex import BIG, FUNCTIONS, OPENERS, SYMBOLS, TIMES, WRAPPERS, Piece, skip_space, source
from chainrule.checking.notes.rules import UNKNOWN, rules_of
from chainrule.checking.notes.values import is_closed
from chainrule.checking.notes.vocabulary import Vocabulary
from chainrule.checking.notes.writing import UnreadableError
from chainrule.dataclasses import dataclass
from chainrule.errors import FormulaError
from chainrule.formula.parser import parse_tokens
from chainrule.formula.syntax import FUNCTIONS as FUNCTIONS_OF_THE_LANGUAGE
from chainrule.formula.syntax import Number, Ref, Span, Tree
from chainrule.formula.tokens import FRACTIONS, Token

DEEPEST: Final = 40  # groups within each other
_SIGNS: Final = {"+": "+", "-": "-", "−": "-", "–": "-", "/": "/", "÷": "/", "\\div": "/"}
_QUIET: Final = frozenset(
    {"\\\\", "&", "\\unskip", "\\centering", "\\bf", "\\rm", "\\it", "\\cal", "\\relax", "\\small"}
)
_CLOSING: Final = frozenset(OPENERS.values())
_UNREAD: Final = frozenset(
    {"\\pm", "\\mp", "\\not", "\\binom", "\\cases", "\\atop", "\\over", "\\choose", "\\begin", "\\end"}
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A side as read: in plain text, as a tree over that text (None with a reason), and where its tokens stand.

    `places` holds for every token where it begins and ends in `plain`, and on the page, from the start of the side.
    """

    plain: str
    tree: Tree | None
    reason: str = ""
    at: int = 0  # where reading failed, from the start of the side
    places: Sequence[tuple[int, int, int, int]] = ()
    holes: tuple[tuple[Span, str], ...] = ()  # what could not be read inside a matrix, and why
    closed: bool = False  # whether it holds numbers and known functions only

    def on_page(self, span: Span) -> Span:
        """The span on the page, from the start of the side, of a span of `plain`."""
        inside = [(first, last) for start, end, first, last in self.places if start >= span.start and end <= span.end]
        return Span(min(first for first, _ in inside), max(last for _, last in inside)) if inside else Span(0, 0)


def read_side(pieces: Sequence[Piece], words: Vocabulary) -> Reading:
    """The reading of one side; what cannot be read has a reason and no tree.

    >>> from chainrule.checking.notes.latex import scan
    >>> text = r"\\frac{1}{2} (0.01 - .75)^2"
    >>> read_side(scan(text, 0, len(text)), Vocabulary()).plain
    '((1)/(2))(0.01-.75)^(2)'
    """
    begin = pieces[0].start if pieces else 0
    reader = _Reader(pieces, words)
    try:
        reader.sequence(0, len(pieces), 0)
    except UnreadableError as error:
        return Reading("", None, error.reason, error.at - begin)
    tokens = reader.tokens
    plain = "".join(reader.text)
    places = [(t.start, t.end, s - begin, e - begin) for t, (s, e) in zip(tokens, reader.spans, strict=True)]
    if len(tokens) == 1 and (atom := _atom(tokens[0])) is not None:
        return Reading(plain, atom, "", 0, places, closed=isinstance(atom, Number))
    end = Token("end", "", len(plain), len(plain))
    try:
        parsed = parse_tokens(plain, [*tokens, end], rules_of(words))
    except FormulaError as error:
        offset = error.offset or 0
        at = next((first for _, end, first, _ in places if end > offset), pieces[-1].end - begin if pieces else 0)
        return Reading(plain, None, error.what.rstrip("."), at, places)
    holes = tuple((Span(s - begin, e - begin), reason) for s, e, reason in reader.holes)
    return Reading(plain, parsed.tree, "", 0, places, holes, is_closed(parsed.tree, holes=bool(holes)))


def _atom(token: Token) -> Tree | None:
    """The tree of a single number or name, as most sides are; the parser would say the same."""
    if token.kind == "number":
        return Number(token.text, token.value, Span(token.start, token.end))
    is_name = token.kind == "name" and token.text not in FUNCTIONS_OF_THE_LANGUAGE and token.text[0] not in "Δ∂"
    return Ref(token.text, Span(token.start, token.end)) if is_name else None


class _Reader(Brackets):
    """Finds out what stands next."""

    def sequence(self, at: int, end: int, depth: int) -> None:
        if depth > DEEPEST:
            self.fail(at, f"it is nested deeper than {DEEPEST}, the limit")
        while at < end:
            at = self.item(at, end, depth)

    def item(self, at: int, end: int, depth: int) -> int:
        piece = self.pieces[at]
        if piece.kind == "space" or piece.text in _QUIET:
            return at + 1
        if piece.kind == "number":
            return self.number(at, end)
        if piece.kind == "letters" or (piece.kind == "command" and piece.text in SYMBOLS and piece.text not in TIMES):
            return self.name(at, end, depth)
        if piece.text in TIMES:
            return self.times(at, end)
        if piece.text in _SIGNS:
            self.sign(_SIGNS[piece.text], at)
            return at + 1
        if piece.text == "{":
            return self.brace(at, end, depth)
        if piece.text in OPENERS:
            return self.bracket(at, end, depth)
        if piece.text in BARS:
            return self.bar(at, depth)
        if piece.text in ("^", "_", "'", "′", "’"):
            return self.script(at, end, depth)
        if piece.text in BIG:
            return self.big(at, end, depth)
        if piece.kind == "command":
            return self.command(at, end, depth)
        return self.character(at, end, depth)

    def character(self, at: int, end: int, depth: int) -> int:
        text = self.pieces[at].text
        if text.isalpha():
            return self.name(at, end, depth)
        if text in FRACTIONS:
            piece = self.pieces[at]
            self.emit("number", text, piece.start, piece.end, FRACTIONS[text])
            return at + 1
        if text == "√":
            return self.function("sqrt", at, at + 1, end, depth)
        if text in (".", "…") and skip_space(self.pieces, at + 1, end) >= end:
            return end
        if text == "?":
            self.emit("name", "?", self.pieces[at].start, self.pieces[at].end)
            return at + 1
        if text in ("=", "<", ">"):
            self.sign("==" if text == "=" else text, at)
            return at + 1
        if text == ":" and self.after_operand():
            if any(piece.text == ":" for piece in self.pieces[:at]):
                self.fail(at, "found a ratio of more than two numbers")
            self.sign("/", at)
            return at + 1
        if text == ",":
            self.sign(",", at)
            return at + 1
        shown = {"}": "a '}' that closes nothing", "!": "a factorial, which is not read", "#": "a '#'"}
        self.fail(at, "found " + shown.get(text, f"'{text}', which formulas do not use"))
        return at + 1

    def opaque(self, at: int, end: int) -> int:
        """A command of the writer's own with its arguments: a quantity that nobody else knows."""
        after = at + 1
        while (brace := skip_space(self.pieces, after, end)) < end and self.pieces[brace].text == "{":
            _, _, after = self.argument(brace, end)
        name = "".join(filter(str.isalnum, source(self.pieces[at:after])))
        self.emit("name", name + UNKNOWN, self.pieces[at].start, self.pieces[after - 1].end)
        return after

    def command(self, at: int, end: int, depth: int) -> int:
        text = self.pieces[at].text
        if text in ("\\frac", "\\dfrac", "\\tfrac", "\\cfrac"):
            return self.fraction(at, end, depth)
        if text == "\\sqrt":
            return self.root(at, end, depth)
        if text == "\\begin":
            return self.matrix(at, end, depth)
        if text.startswith("\\operatorname") or text.lstrip("\\") in FUNCTIONS:
            return self.function_command(at, end, depth)
        if text in WRAPPERS:
            return self.wrapper(at, end, depth)
        if text in ("\\%",):
            self.fail(at, "found a percent sign that does not follow a number")
        if text in ("\\lbrack", "\\rbrack", *_CLOSING):
            self.fail(at, f"found '{text.lstrip(chr(92))}' that closes nothing")
        follows = skip_space(self.pieces, at + 1, end)
        if text not in _UNREAD and text[1:].isalpha() and (follows >= end or self.pieces[follows].text != "{"):
            return self.named(text[1:], at, at + 1, end, depth)
        if text[1:].isalpha() and text not in _UNREAD and self.braces[follows] > 0:
            return self.opaque(at, end)
        self.fail(at, f"the command {text} is not read")
        return at + 1
