"""A position among the tokens of one formula, and the one place where messages about them are worded.

The parser is about grammar only; what was found, what was expected and where is said here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NoReturn

from chainrule.formula.reading import Feature, Remark, Rules
from chainrule.formula.syntax import Span
from chainrule.formula.tokens import Token, fail, locate, show

MAX_DEPTH: Final = 200
CLOSERS: Final = {"(": ")", "[": "]", "{": "}"}
_FEATURES: Final[dict[Feature, str]] = {
    "updates": "the value after an update",
    "examples": "a quantity for one example",
    "derivatives": "a derivative",
    "comparisons": "a comparison",
}


class Cursor:
    """Tokens, the next one to read, and the warnings so far."""

    def __init__(self, text: str, tokens: Sequence[Token], rules: Rules) -> None:
        self.text = text
        self.tokens = tokens
        self.rules = rules
        self.partners = _partners(tokens)
        self.position = 0
        self.remarks: list[Remark] = []

    @property
    def peek(self) -> Token:
        return self.tokens[self.position]

    def take(self) -> Token:
        token = self.tokens[self.position]
        self.position += 1
        return token

    def at(self, sign: str, ahead: int = 0) -> bool:
        place = self.position + ahead
        return place < len(self.tokens) and self.tokens[place][:2] == ("op", sign)

    def span(self, start: int) -> Span:
        return Span(start, self.tokens[self.position - 1].end)

    def fail(self, offset: int, what: str, hint: str = "") -> NoReturn:
        fail(self.text, offset, what, hint=hint, base=self.rules.place)

    def unexpected(self, expected: str, hint: str = "") -> NoReturn:
        token = self.peek
        if token.kind == "bad":
            self.fail(token.start, token.text, token.hint)
        if token.kind == "end":
            self.fail(token.start, f"found the end of the formula where {expected}", hint)
        if token.text == "," and self.tokens[self.position - 1].kind == "number" and not hint:
            hint = "A decimal is written with a point: 0.15."
        if token.kind == "update" and self.tokens[self.position - 1].kind == "number":
            hint = "'@' directly before digits counts updates; put a blank after it for the matrix product."
        self.fail(token.start, f"found {show(self.text[token.start : token.end])} where {expected}", hint)

    def close(self, opener: Token) -> None:
        closer = CLOSERS[opener.text]
        if self.at(closer):
            self.position += 1
        elif self.peek.kind == "end":
            self.fail(opener.start, f"the '{opener.text}' is never closed", f"Write the missing '{closer}'.")
        else:
            self.unexpected(f"an operator or '{closer}' was expected")

    def remark(self, text: str, span: Span) -> None:
        self.remarks.append(Remark(text, span, locate(self.text, span.start, self.rules.place)))

    def need(self, feature: Feature, start: int) -> None:
        if feature not in self.rules.allow:
            self.fail(start, f"found {_FEATURES[feature]}, which is not allowed here")

    def deeper(self, depth: int) -> int:
        if depth >= MAX_DEPTH:
            self.fail(self.peek.start, f"the expression is nested deeper than {MAX_DEPTH}, the limit")
        return depth + 1

    def source(self, span: Span) -> str:
        """What a person wrote there, short enough for a message."""
        text = " ".join(self.text[span.start : span.end].split())
        return text if len(text) <= 40 else f"{text[:37]}..."


def _partners(tokens: Sequence[Token]) -> list[int]:
    """For each bracket the position of its partner; -1 where there is none."""
    partners, stack = [-1] * len(tokens), list[int]()
    for position, token in enumerate(tokens):
        if token.kind != "op":
            continue
        if token.text in CLOSERS:
            stack.append(position)
        elif stack and token.text == CLOSERS[tokens[stack[-1]].text]:
            partners[stack[-1]] = position
            partners[position] = stack.pop()
    return partners
