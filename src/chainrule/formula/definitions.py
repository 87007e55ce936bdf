"""Reads a block of definitions, one a line, as the `formulas` of a problem file are written.

A definition goes on over the end of a line inside open brackets; `;` separates two on one line, `#` starts
a comment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TypeAlias

from chainrule.dataclasses import dataclass
from chainrule.errors import FormulaError, Place
from chainrule.formula.parser import parse_tokens
from chainrule.formula.reading import EVERYTHING, Feature, Remark, Rules
from chainrule.formula.syntax import Span, Tree
from chainrule.formula.tokens import Token, fail, locate, show, tokenize

_PlaceOf: TypeAlias = Callable[[int], Place] | None


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """`name = tree  # comment`; `span` runs from the name to the end of the expression."""

    name: str
    name_span: Span
    tree: Tree
    comment: str
    span: Span
    warnings: tuple[Remark, ...] = ()


def parse_definitions(
    text: str,
    *,
    known: Callable[[str], bool] | None = None,
    allow: frozenset[Feature] = EVERYTHING,
    place: Callable[[int], Place] | None = None,
) -> list[Definition]:
    """The definitions of a block, in order; the names on the left count as known. Raises FormulaError.

    >>> [(one.name, one.comment) for one in parse_definitions("a = 1  # one\\n\\nb = 2*a; c = b")]
    [('a', 'one'), ('b', ''), ('c', '')]
    """
    try:
        tokens = tokenize(text, lines=True)
    except FormulaError as error:
        raise error.at(locate(text, 0, place)) from None
    rules = Rules(known=known, local=frozenset(_left_names(tokens)), allow=allow, place=place)
    return [_definition(text, statement, rules) for statement in _statements(text, tokens, place)]


def _left_names(tokens: Sequence[Token]) -> Iterator[str]:
    fresh = True
    for token, following in pairwise(tokens):
        if fresh and token.kind == "name" and following[:2] == ("op", "="):
            yield token.text
        fresh = _ends_statement(token)


def _ends_statement(token: Token) -> bool:
    return token.kind == "newline" or token[:2] == ("op", ";")


def _statements(text: str, tokens: Sequence[Token], place: _PlaceOf) -> Iterator[tuple[Sequence[Token], str]]:
    """The tokens of each definition, closed by an `end` token, and its comment."""
    statement: list[Token] = []
    comments: list[str] = []
    brackets: list[tuple[Token, int]] = []
    line = 0
    for token in tokens:
        if token.kind == "comment":
            comments.append(token.text)
        elif token.kind == "end" or (_ends_statement(token) and not brackets):
            if statement:
                end = statement[-1].end
                yield [*statement, Token("end", "", end, end)], " ".join(filter(None, comments))
            statement, comments, brackets = [], [], []
        elif token.kind != "newline":
            _follow_brackets(text, token, brackets, line, place)
            statement.append(token)
        line += token.kind == "newline"


def _follow_brackets(
    text: str,
    token: Token,
    brackets: list[tuple[Token, int]],
    line: int,
    place: _PlaceOf,
) -> None:
    if token.kind != "op":
        return
    if token.text in ("(", "[", "{"):
        brackets.append((token, line))
    elif token.text in (")", "]", "}") and brackets:
        brackets.pop()
    elif token.text == "=" and brackets and brackets[-1][1] < line:
        # Pointing at the next definition would send people to the wrong line.
        fail(text, brackets[-1][0].start, f"the '{brackets[-1][0].text}' is never closed", base=place)


def _definition(text: str, statement: tuple[Sequence[Token], str], rules: Rules) -> Definition:
    tokens, comment = statement
    name, equals = tokens[0], tokens[1]
    if name.kind == "bad":
        fail(text, name.start, name.text, hint=name.hint, base=rules.place)
    if name.kind != "name" or equals[:2] != ("op", "="):
        _fail_left(text, tokens, rules)
    if tokens[2].kind == "end":
        what = f"found the end of the line where the formula of {show(name.text)} was expected"
        fail(text, equals.end, what, base=rules.place)
    for token in tokens[2:]:
        if token[:2] == ("op", "="):
            hint = "Write one definition a line."
            fail(text, token.start, "found a second '=' in one definition", hint=hint, base=rules.place)
    parsed = parse_tokens(text, tokens[2:], rules)
    span = Span(name.start, tokens[-2].end)
    return Definition(name.text, Span(name.start, name.end), parsed.tree, comment, span, parsed.warnings)


def _fail_left(text: str, tokens: Sequence[Token], rules: Rules) -> None:
    equals = next((token for token in tokens if token[:2] == ("op", "=")), None)
    start = tokens[0].start
    left = " ".join(text[start : (equals or tokens[-1]).start].split())
    hint = "Write a definition as name = expression."
    if equals is None:
        fail(text, tokens[-1].start, f"found {show(left)} without '='", hint=hint, base=rules.place)
    found = f"{show(left)} on the left of '='" if left else "nothing on the left of '='"
    what = f"found {found} where a name was expected"
    fail(text, start, what, hint=hint, base=rules.place)
