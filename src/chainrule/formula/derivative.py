"""Decides whether `dA/dB` is a derivative or the quotient of two quantities that happen to start with d.

Nothing is parsed here: the tokens ahead are looked at, brackets are jumped over by the table of partners.
"""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.dataclasses import dataclass
from chainrule.formula.reading import Rules
from chainrule.formula.syntax import FUNCTIONS
from chainrule.formula.tokens import Token, is_name


@dataclass(frozen=True, slots=True)
class Ahead:
    """A derivative that starts here: where its numerator ends, and what may be said against reading it so."""

    numerator_end: int
    end: int
    primed: bool = False
    quotient: bool = False
    doubt: str = ""


def ahead(tokens: Sequence[Token], partners: Sequence[int], at: int, rules: Rules) -> Ahead | None:
    """The derivative that starts at token `at`; None if there is none.

    With known names: `dA/dB` is a derivative where A and B are known, a quotient where `dA` and `dB` are
    (with a doubt if both are so), and a derivative where nothing is known, so that the message names A and B.
    Without: it is a derivative unless `dA` or `dB` is a function or starts with `delta`.
    """
    top = part_end(tokens, partners, at)
    if top is None:
        return None
    slash = top
    while tokens[slash].kind in ("prime", "update"):
        slash += 1
    if tokens[slash].text != "/" or tokens[slash].kind != "op":
        return None
    end = part_end(tokens, partners, slash + 1)
    if end is None:
        return None
    if (tokens[at].text == "∂") != (tokens[slash + 1].text == "∂"):
        return None
    found = Ahead(top, end, primed=slash > top)
    upper, lower = _letters(tokens[at]), _letters(tokens[slash + 1])
    if upper and lower:
        return _by_names(upper, lower, found, rules)
    if rules.implicit_products and "d" in (tokens[at].text, tokens[slash + 1].text) and rules.is_quantity("d"):
        return Ahead(top, end, found.primed, doubt="a derivative, not as products with the quantity d")
    return found


def part_end(tokens: Sequence[Token], partners: Sequence[int], at: int) -> int | None:
    """The token after `dE`, `dW1[2,1]`, `dE{1}`, `∂E` or `d(EXPR)`; None if no such part starts at `at`."""
    token = tokens[at]
    if token.kind == "op" and token.text == "∂":
        at += 1
        if tokens[at].kind != "name":
            return _bracket_end(tokens, partners, at)
    elif token.kind != "name" or not token.text.startswith("d"):
        return None
    elif token.text == "d":
        return _bracket_end(tokens, partners, at + 1)
    elif not is_name(token.text[1:]):
        return None
    at += 1
    while tokens[at].kind == "op" and tokens[at].text in ("[", "{") and partners[at] > 0:
        at = partners[at] + 1
    return at


def _bracket_end(tokens: Sequence[Token], partners: Sequence[int], at: int) -> int | None:
    opens = tokens[at].kind == "op" and tokens[at].text == "("
    return partners[at] + 1 if opens and partners[at] > 0 else None


def _letters(token: Token) -> str:
    return token.text if token.kind == "name" and len(token.text) > 1 else ""


def _by_names(upper: str, lower: str, found: Ahead, rules: Rules) -> Ahead | None:
    whole = rules.is_quantity(upper), rules.is_quantity(lower)
    parts = rules.is_quantity(upper[1:]) and rules.is_quantity(lower[1:])
    if all(whole):
        doubt = f"the quotient of the quantities {upper} and {lower}, not as a derivative"
        return Ahead(found.numerator_end, found.end, quotient=True, doubt=doubt if parts else "")
    if rules.known is not None and (parts or any(whole)):
        return found if parts else None
    words = upper, lower
    unlikely = any(word in FUNCTIONS or word.startswith("delta") for word in words)
    return None if unlikely else found
