"""Cuts a working into claims: where a chain begins, at which signs it is cut, and what is written beside it.

Nothing is parsed here and nothing is copied: every piece knows its offset in the text, so that it can be found again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from chainrule.dataclasses import dataclass

LINKS: Final = {
    **dict.fromkeys(("=", "==", ":="), True),
    **dict.fromkeys(("≈", "~", "~=", "≃", "≅", "∼", "->", "-->", "→"), False),  # noqa: RUF001
}  # signs that join two links of a chain, and whether they promise equality
ARROWS: Final = frozenset({"<-", "←"})  # w5 <- ...: the value after an update
# Signs that stand in prose as well.
_SOFT: Final = frozenset({"~", "∼", "->", "-->", "→"})  # noqa: RUF001
_CUT: Final = re.compile(
    r"(?P<rule>={3,})(?!>)|(?P<claim>={1,2}>|<=>|⇒|⟹|⇔|;)|(?P<compare>[<>!]=)"
    r"|(?P<comma>,)(?=\s)|(?P<link>==|:=|=|≈|~=|~|≃|≅|∼|--?>|→|<-|←)|(?P<bracket>[()\[\]{}])"  # noqa: RUF001
)
_FULL_STOP: Final = re.compile(r"(?<=[^\s.,])[.,]\s*$")  # after a claim, and not the dots of a figure
_PARTNER: Final = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class Piece:
    """What stands between two signs, without the blanks around it; `start` is its offset in the working."""

    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Chain:
    """A claim as it is cut: its left side, then each sign with what follows it."""

    left: Piece
    links: tuple[tuple[str, Piece], ...]
    source: str  # the comments beside it

    @property
    def start(self) -> int:
        """The offset of its first character."""
        return self.left.start

    @property
    def end(self) -> int:
        """The offset after its last character."""
        last = self.links[-1][1] if self.links else self.left
        return last.start + len(last.text)

    @property
    def written(self) -> str:
        """All of it on one line, without comments."""
        return " ".join([self.left.text, *(f"{sign} {piece.text}" for sign, piece in self.links)])

    def rewritten(self, text: str) -> Chain:
        """Another text cut at its signs, which are as many, with every piece at the place of the one here."""
        new = next(_claims(_Line(text, 0, ())), None)
        if new is None or len(new.links) != len(self.links):
            return self
        pairs = zip(new.links, self.links, strict=True)
        links = tuple([(sign, Piece(piece.text, old.start)) for (sign, piece), (_, old) in pairs])
        return Chain(Piece(new.left.text, self.left.start), links, self.source)

    @property
    def may_be_prose(self) -> bool:
        """Whether only such signs occur as stand in prose, too: a tilde or an arrow."""
        return all(sign in _SOFT for sign, _ in self.links)


@dataclass(frozen=True, slots=True)
class _Line:
    """One line, or several that open brackets join; comments are blanked out of `text`."""

    text: str
    start: int
    comments: tuple[str, ...]


def chains(working: str) -> Iterator[Chain]:
    """The claims of a working, one after the other; one without a left side has no line before it to continue.

    A chain without links follows a sign such as `=>` and says nothing.

    >>> found = chains("a = 1 => b ≈ 2\\n= 3\\nprose\\n= 4")
    >>> [(one.left.text, [piece.text for _, piece in one.links]) for one in found]
    [('a', ['1']), ('b', ['2', '3']), ('', ['4'])]
    """
    group: list[Chain] = []  # a claim and what goes on with it
    for line in _joined(working):
        claims = list(_claims(line))
        for found in claims:
            goes_on = group and group[0].links and not found.left.text and found.links[0][0] in LINKS
            if group and not goes_on:
                yield _together(group)
                group = []
            group.append(found)
        if group and not claims and line.text.strip():
            yield _together(group)
            group = []
    if group:
        yield _together(group)


def _together(group: list[Chain]) -> Chain:
    if len(group) == 1:
        return group[0]
    sources = dict.fromkeys(one.source for one in group if one.source)
    return Chain(group[0].left, tuple([link for one in group for link in one.links]), " ".join(sources))


def _joined(working: str) -> Iterator[_Line]:
    """The lines, those with a bracket left open together with the lines without a sign that close it."""
    lines = list(_lines(working))
    at = 0
    while at < len(lines):
        last = _last_joined(lines, at)
        group = lines[at : last + 1]
        comments = tuple([comment for one in group for comment in one.comments])
        yield _Line("\n".join([one.text for one in group]), group[0].start, comments)
        at = last + 1


def _lines(working: str) -> Iterator[_Line]:
    start = 0
    for text in working.split("\n"):
        before, sign, comment = text.partition("#")
        note = (comment.strip(),) if comment.strip() else ()
        yield _Line(before + " " * (len(sign) + len(comment)), start, note)
        start += len(text) + 1


def _last_joined(lines: list[_Line], first: int) -> int:
    depth, has_sign = _depth(lines[first].text)
    if not has_sign:
        return first
    for at in range(first + 1, len(lines)):
        if depth <= 0 or not lines[at].text.strip():
            break
        more, has_sign = _depth(lines[at].text)
        if has_sign:
            break
        depth += more
        if depth <= 0:
            return at
    return first


def _depth(text: str) -> tuple[int, bool]:
    """How many brackets are left open, and whether a sign of a claim occurs."""
    depth, has_sign = 0, False
    for found in _CUT.finditer(text):
        has_sign = has_sign or found.lastgroup in ("link", "claim")
        if found.lastgroup == "bracket":
            depth += 1 if found[0] in "([{" else -1
    return depth, has_sign


def _claims(line: _Line) -> Iterator[Chain]:
    """The chains of one line. What has no sign is prose, unless a sign such as `=>` comes before it."""
    text, source = line.text, " ".join(line.comments)
    parts: list[tuple[str, Piece]] = []
    sign_before, begin = "", 0
    for sign, start, end in [*_signs(text), ("", len(text), len(text))]:
        ends = sign not in LINKS and sign not in ARROWS
        stop = _FULL_STOP.search(text, begin, start) if ends else None
        parts.append((sign_before, _piece(text, begin, stop.start() if stop else start, line.start)))
        if ends:
            (opening, left), links = parts[0], tuple(parts[1:])
            if links or (left.text and opening not in ("", ";")):
                yield Chain(left, links, source)
            parts = []
        sign_before, begin = sign, end


def _signs(text: str) -> Iterator[tuple[str, int, int]]:
    """The signs outside all closed brackets: which, and from where to where.

    A comma begins a new claim where one stands before it and one after it: `a = 1, b = 2`.
    """
    found = list(_CUT.finditer(text))
    closed = _closed(found)
    first, last = len(text) - len(text.lstrip()), len(text.rstrip())
    depth, linked = 0, False
    comma: re.Match[str] | None = None
    for number, one in enumerate(found):
        kind = one.lastgroup
        if kind == "bracket" and number in closed:
            depth += 1 if one[0] in "([{" else -1
        if depth or kind in ("bracket", "compare"):
            continue
        if kind == "rule":
            if not first < one.start() < one.end() < last:
                continue  # a heading
            kind = "link"
        if kind == "comma":
            comma = one if linked and comma is None else None
            continue
        if kind == "link" and comma is not None:
            yield ";", comma.start(), comma.end()
        yield "=" if one.lastgroup == "rule" else one[0], one.start(), one.end()
        linked, comma = kind == "link", None


def _closed(found: list[re.Match[str]]) -> set[int]:
    """The numbers of the brackets that have a partner."""
    open_: list[int] = []
    result: set[int] = set()
    for number, one in enumerate(found):
        if one.lastgroup != "bracket":
            continue
        if one[0] in "([{":
            open_.append(number)
        elif open_ and found[open_[-1]][0] == _PARTNER[one[0]]:
            result |= {open_.pop(), number}
    return result


def _piece(text: str, start: int, end: int, offset: int) -> Piece:
    inner = text[start:end]
    stripped = inner.strip()
    return Piece(stripped, offset + start + inner.find(stripped) if stripped else offset + end)
