"""Cuts the text of a formula into tokens: people type `−` and `½` as often as `-` and `1/2`.

A character that cannot be read becomes a `bad` token, so that the parser reports the *first* mistake.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Final, Literal, NamedTuple, NoReturn, TypeAlias

from chainrule.errors import FormulaError, Place

MAX_DIGITS: Final = 1_000
MAX_EXPONENT: Final = 10_000
MAX_COUNT_DIGITS: Final = 15
MAX_BYTES: Final = 2**20

Kind: TypeAlias = Literal["number", "superscript", "name", "op", "prime", "update", "newline", "comment", "bad", "end"]

FRACTIONS: Final = {
    "½": Fraction(1, 2),
    "¼": Fraction(1, 4),
    "¾": Fraction(3, 4),
    "⅓": Fraction(1, 3),
    "⅔": Fraction(2, 3),
}
SUPERSCRIPTS: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_PRIMES: Final = {"'": 1, "′": 1, "’": 1, "″": 2}
_OPERATORS: Final = {
    **{sign: sign for sign in "+-*/^@()[]{},=<>;√∂"},
    **dict.fromkeys("−–", "-"),
    **dict.fromkeys("×·⋅∙∗", "*"),  # noqa: RUF001
    **dict.fromkeys("÷∕⁄", "/"),  # noqa: RUF001
    **{"**": "^", "<=": "<=", ">=": ">=", "==": "==", "!=": "!=", "≤": "<=", "≥": ">=", "≠": "!="},
}
_NUMBER: Final = re.compile(
    r"(?P<mantissa>[0-9]+(?:\.(?!\.)[0-9]*)?|\.[0-9]+)(?:[eE](?P<exponent>[+\-−]?[0-9]+))?(?P<percent> ?%)?"
)
_ASCII_NAME: Final = re.compile(r"[A-Za-z0-9_]+")
_SUPERSCRIPT: Final = re.compile(r"⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_UPDATE: Final = re.compile(r"@([0-9]+)")
_PRIME_RUN: Final = re.compile(r"['′’″]+")
_COMMENT: Final = re.compile(r"#[^\n]*")
# Letters and marks that leave no ink: two names could look the same on paper.
_INVISIBLE: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u3164\uffa0") | frozenset(
    map(chr, range(0xFE00, 0xFE10))
)
_HINTS: Final = {
    "|": "Write abs(x) for the absolute value.",
    "%": "A percent sign stands directly after a number.",
    '"': "Write w5' for the value after an update.",
    "\\": "Formulas are plain text: write alpha or α.",
}


class Token(NamedTuple):
    """One token: its meaning in plain characters, where it stands, and its number if it has one."""

    kind: Kind
    text: str
    start: int
    end: int
    value: Fraction = Fraction(0)
    hint: str = ""


def tokenize(text: str, *, lines: bool = False) -> list[Token]:
    """The tokens of `text`, an `end` token last; with `lines` also line ends and `#` comments.

    >>> [token.text for token in tokenize("½×(t − o)²")]
    ['½', '*', '(', 't', '-', 'o', ')', '²', '']

    Raises FormulaError only if the text is larger than 1 MiB.
    """
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise FormulaError("the text is larger than 1 MiB, the limit for formulas.", offset=0)
    return [*_scan(text, lines=lines), Token("end", "", len(text), len(text))]


def locate(text: str, offset: int, base: Callable[[int], Place] | None = None) -> Place:
    """The place of a character: by `base` (offset -> place in a file) if given, else within `text` itself.

    >>> str(locate("a = 1\\nb = (", 10))
    '<input>:2:5'
    """
    if base is not None:
        return base(offset)
    return Place(line=text.count("\n", 0, offset) + 1, column=offset - text.rfind("\n", 0, offset))


def fail(text: str, offset: int, what: str, *, hint: str = "", base: Callable[[int], Place] | None = None) -> NoReturn:
    """Raises FormulaError at a character of `text`."""
    raise FormulaError(f"{what}.", place=locate(text, offset, base), hint=hint or None, offset=offset)


def show(text: str) -> str:
    """How a piece of a person's text is quoted in a message: short, on one line, the invisible made visible.

    >>> show("x"), show(chr(0x200B))
    ("'x'", 'the character U+200B')
    """
    if len(text) == 1 and (not text.isprintable() or unicodedata.combining(text) or text in _INVISIBLE):
        return f"the character U+{ord(text):04X}"
    short = text if len(text) <= 30 else f"{text[:27]}..."
    return f"'{short}'"


def is_name(text: str) -> bool:
    """Whether `text` is one whole name: letters, digits and `_`, not starting with a digit."""
    return bool(text) and _starts_name(text[0]) and _name_end(text, 0) == len(text)


def _scan(text: str, *, lines: bool) -> Iterator[Token]:
    at, size = 0, len(text)
    while at < size:
        character = text[at]
        if character in " \t\r" or (character == "\n" and not lines):
            at += 1
        elif character == "\n":
            yield Token("newline", "\n", at, at + 1)
            at += 1
        elif character == "#" and lines:
            end = _matched(_COMMENT, text, at).end()
            yield Token("comment", text[at + 1 : end].strip(), at, end)
            at = end
        elif unicodedata.category(character) == "Zs":
            at += 1
        else:
            token = _token(text, at)
            yield token
            at = token.end


def _token(text: str, at: int) -> Token:
    character = text[at]
    if character in "0123456789" or (character == "." and text[at + 1 : at + 2] in tuple("0123456789")):
        return _number(text, at)
    if _starts_name(character):
        end = _name_end(text, at)
        return Token("name", unicodedata.normalize("NFC", text[at:end]).replace("∆", "Δ"), at, end)
    if character == "@" and (match := _UPDATE.match(text, at)):
        return _update(text, match)
    for sign in (text[at : at + 2], character):
        if sign in _OPERATORS:
            return Token("op", _OPERATORS[sign], at, at + len(sign))
    if character in FRACTIONS:
        return Token("number", character, at, at + 1, FRACTIONS[character])
    if match := _SUPERSCRIPT.match(text, at):
        return _superscript(match)
    if match := _PRIME_RUN.match(text, at):
        count = sum(_PRIMES[mark] for mark in match[0])
        return Token("prime", "'" * count, at, match.end(), Fraction(count))
    return _bad_character(character, at)


def _number(text: str, at: int) -> Token:
    match = _matched(_NUMBER, text, at)
    mantissa, exponent, end = match["mantissa"], (match["exponent"] or "0").replace("−", "-"), match.end()
    size = exponent.lstrip("+-0") or "0"
    if sum(map(str.isdecimal, mantissa)) > MAX_DIGITS:
        return Token("bad", f"a number has more than {MAX_DIGITS:,} digits, the limit", at, end)
    # Compared by length first: int() refuses texts of more than 4,300 digits.
    if len(size) > 5 or int(size) > MAX_EXPONENT:
        return Token("bad", f"the exponent of a number is over {MAX_EXPONENT:,}, the limit", at, end)
    after = text[end : end + 1]
    if match["exponent"] and (after == "_" or _starts_name(after)):
        word = text[at : _name_end(text, end)]
        return Token("bad", f"{show(word)} can be read in two ways", at, end, hint="Write the product with '*'.")
    if after == "." and "." in mantissa:
        return Token("bad", f"found a second point in the number {show(match[0])}", end, end + 1)
    if after == "_":
        word = text[at : _name_end(text, end)]
        return Token("bad", f"found {show(word)}, which is no number", at, end, hint="Write digits without '_'.")
    power = -int(size) if exponent.startswith("-") else int(size)
    value = Fraction(mantissa.rstrip(".")) * Fraction(10) ** power
    return Token("number", match[0], at, end, value / 100 if match["percent"] else value)


def _update(text: str, match: re.Match[str]) -> Token:
    at, end = match.span()
    if re.match(r"\.[0-9]|[eE][+\-−]?[0-9]", text[end : end + 3]):
        hint = "Put a blank after '@' for the matrix product."
        return Token("bad", "'@' before digits counts updates and wants a whole number", at, end, hint=hint)
    if (after := text[end : end + 1]) and _starts_name(after):
        return Token("bad", f"found {show(after)} directly after {show(match[0])}", end, end + 1)
    if len(match[1].lstrip("0")) > MAX_COUNT_DIGITS:
        return Token("bad", f"the count of updates has more than {MAX_COUNT_DIGITS} digits, the limit", at, end)
    # Leading zeros may be many more digits than int() takes.
    return Token("update", match[0], at, end, Fraction(match[1].lstrip("0") or "0"))


def _superscript(match: re.Match[str]) -> Token:
    digits = match[0].translate(SUPERSCRIPTS)
    if len(digits) > MAX_DIGITS:
        return Token("bad", f"a number has more than {MAX_DIGITS:,} digits, the limit", *match.span())
    return Token("superscript", match[0], *match.span(), Fraction(digits))


def _bad_character(character: str, at: int) -> Token:
    plain = unicodedata.normalize("NFKC", character)
    hint = _HINTS.get(character, "")
    if plain != character and len(plain) == 1 and plain in "0123456789":
        hint = f"Write the plain digit {plain}."
    return Token("bad", f"found {show(character)}, which formulas do not use", at, at + 1, hint=hint)


def _matched(pattern: re.Pattern[str], text: str, at: int) -> re.Match[str]:
    match = pattern.match(text, at)
    assert match is not None, "the caller has looked at the first character"
    return match


def _starts_name(character: str) -> bool:
    if character <= "\x7f":
        return character == "_" or character.isalpha()
    if character in _INVISIBLE:
        return False
    # Modifier letters are left out: most look like a prime or a superscript.
    return character == "∆" or unicodedata.category(character) in ("Lu", "Ll", "Lt", "Lo")


def _name_end(text: str, at: int) -> int:
    size = len(text)
    while at < size:
        if match := _ASCII_NAME.match(text, at):
            at = match.end()
        elif _starts_name(text[at]) or _is_mark(text[at]):
            at += 1
        else:
            break
    return at


def _is_mark(character: str) -> bool:
    return unicodedata.category(character) in ("Mn", "Mc") and character not in _INVISIBLE
