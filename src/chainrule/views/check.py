"""The report on a working as a document: every line as written, what is wrong with it, and a summary.

All text of people is made harmless here: control characters, which a terminal would obey, are shown as pictures.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

from chainrule.checking.lines import chains
from chainrule.checking.report import LinkReport, Report
from chainrule.checking.verdict import ON_THIS_LINE
from chainrule.dataclasses import dataclass
from chainrule.printing.document import Block, Document, Heading, Prose, Remark, Working, WorkingLine

SEVERITY: Final = ("", "right", "rounded", "carried", "unread", "wrong")
LONGEST: Final = 2_000  # characters of a line that are shown, and of a piece of one in a remark a tenth
SHORT_EXACT: Final = 10  # characters of an exact value that is worth telling
MOST_ALIKE: Final = 2  # remarks on the claims of one loop
MOST_LINES: Final = 20  # numbers of lines in the summary

_MEANINGS: Final = {
    "rounded": "not the exact value rounded, but what follows from the rounded figures before it",
    "carried": "follows correctly from an earlier slip, is no slip itself, and would be right without that slip",
    "unread": "could not be read, and was not judged",
}


def check_view(report: Report) -> Document:
    """The document of a report."""
    problem = report.problem
    blocks: list[Block] = [Heading(harmless(problem.title), 1)] if problem.title else []
    if problem.source:
        blocks.append(Prose(harmless(f"Source: {problem.source}")))
    if not report.lines:
        return Document((*blocks, Prose("There is nothing to check: the problem has no `working`.")))
    return Document((*blocks, Working(tuple(_lines(report))), Heading("Summary"), *_summary(report)))


def harmless(text: str) -> str:
    """A text without characters that a terminal or a page would obey; each stays one character.

    >>> harmless("a\\x1b[31m\\tb")
    'a␛[31m b'
    """
    return text if text.isascii() and text.isprintable() else "".join(map(_picture, text))


def _picture(character: str) -> str:
    if character in "\t\n":
        return " "
    category = unicodedata.category(character)
    if category == "Cc":
        return chr(0x2400 + ord(character)) if ord(character) < 0x20 else "\N{REPLACEMENT CHARACTER}"
    # Marks of the direction of writing can make a line look like another one.
    return "\N{REPLACEMENT CHARACTER}" if category in ("Cf", "Zl", "Zp", "Cs", "Co", "Cn") else character


# Lines ------------------------------------------------------------------------------------------------------------


def _lines(report: Report) -> Iterator[WorkingLine]:
    text = report.working
    found = _spots(report)
    starts = [spot.start for spot in found]
    start = 0
    numbered = iter(report.lines)
    current = next(numbered, None)
    for raw in text.split("\n"):
        if current is None:
            return
        if raw.strip():
            yield _line(
                current[0], raw, start, found[bisect_left(starts, start) : bisect_right(starts, start + len(raw))]
            )
            current = next(numbered, None)
        start += len(raw) + 1


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where in the working something was judged, or could not be read for a reason."""

    start: int
    stop: int
    links: list[LinkReport]
    reason: str = ""

    @property
    def verdict(self) -> str:
        if self.reason:
            return "unread"
        return max((link.verdict for link in self.links), key=SEVERITY.index)


def _spots(report: Report) -> list[_Spot]:
    lengths = {piece.start: len(piece.text) for chain in chains(report.working) for _, piece in chain.links}
    found: dict[int, _Spot] = {}
    places = report.offsets([(link.line, link.column) for link in report.links])
    for start, link in zip(places, report.links, strict=True):
        spot = found.setdefault(start, _Spot(start, start + lengths.get(start, len(link.text)), []))
        spot.links.append(link)
    places = report.offsets([(one.line, one.column) for one in report.unread])
    for start, one in zip(places, report.unread, strict=True):
        found[start] = _Spot(start, start + len(one.text), [], f"column {one.column}: {one.reason}")
    return [found[start] for start in sorted(found)]


def _line(number: int, raw: str, start: int, spots: Sequence[_Spot]) -> WorkingLine:
    code, _, comment = raw.partition("#")
    pieces: list[tuple[str, str]] = []
    at = 0
    for spot in spots:
        begin, end = max(at, spot.start - start), min(len(code), spot.stop - start)
        if begin < end:
            pieces += [(code[at:begin], ""), (code[begin:end], spot.verdict)]
            at = end
    pieces.append((code[at:].rstrip(), ""))
    groups = list(_together(spots))
    several = sum(group[0].verdict not in ("right", "rounded") for group in groups) > 1
    return WorkingLine(
        number,
        tuple(_shortened(pieces)),
        harmless(comment.strip()),
        max((spot.verdict for spot in spots), key=SEVERITY.index, default=""),
        tuple([remark for group in groups for remark in _remarks(group, code, start, several)]),
    )


def _shortened(pieces: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Pieces up to the longest line that is shown, and how much is left out."""
    room, left = LONGEST, 0
    for text, verdict in pieces:
        if text[:room]:
            yield harmless(text[:room]), verdict
        left += len(text[room:])
        room = max(0, room - len(text))
    if left:
        yield f" ... ({left:,} more characters)", ""


# Remarks ----------------------------------------------------------------------------------------------------------


def _together(spots: Sequence[_Spot]) -> Iterator[list[_Spot]]:
    """The spots that one remark is about: each alone, but what is carried along a chain at once."""
    group: list[_Spot] = []
    for spot in spots:
        if group and not (_is_carried(group[-1]) and _is_carried(spot) and _left(group[-1]) == _left(spot)):
            yield group
            group = []
        group.append(spot)
    if group:
        yield group


def _left(spot: _Spot) -> str:
    return spot.links[0].left


def _is_carried(spot: _Spot) -> bool:
    return len(spot.links) == 1 and spot.links[0].verdict == "carried" and spot.links[0].expected is not None


def _remarks(group: Sequence[_Spot], code: str, start: int, several: bool) -> Iterator[Remark]:
    """What is to be said about links of a line; each is named where `several` links of the line are spoken of."""
    spot = group[0]
    if spot.reason:
        yield Remark("unread", sentences=(harmless(spot.reason),))
    if len(group) > 1:
        yield _carried([one.links[0] for one in group], several)
        return
    shown = [link for link in spot.links if link.verdict in ("wrong", "carried") or link.note]
    for link in shown[:MOST_ALIKE]:
        is_written = code.startswith(link.text, spot.start - start)
        name = "" if is_written and not several else link.text if is_written else f"{link.left} = {link.text}"
        said = tuple(map(harmless, _sentences(link)))
        if link.expected is not None or said:
            yield Remark(link.verdict, _clipped(name), _clipped(link.expected or ""), said)
    if len(shown) > MOST_ALIKE:
        yield Remark(shown[0].verdict, sentences=(f"and {len(shown) - MOST_ALIKE} more of this line likewise",))


def _carried(links: Sequence[LinkReport], several: bool) -> Remark:
    """One remark on a chain of numbers and figures that are carried."""
    notes = list(dict.fromkeys([link.note for link in links if link.note]))
    said = tuple([harmless(note) for note in notes if note != ON_THIS_LINE or len(notes) == 1])
    name = " = ".join([link.text for link in links]) if several else ""
    return Remark("carried", _clipped(name), _clipped(" = ".join([link.expected or "" for link in links])), said)


def _clipped(text: str) -> str:
    short = LONGEST // 10
    return harmless(text if len(text) <= short else f"{text[: short - 3]}...")


def _sentences(link: LinkReport) -> Iterator[str]:
    causes = [cause for cause in link.causes if cause.text]
    if link.verdict == "wrong" and _is_worth_telling(link) and not (causes and str(link.exact) in causes[0].text):
        yield f"exactly {link.exact}"
    if causes:
        others = len(causes) - 1
        more = f"; {others} other slip{'s' * (others > 1)} would give this too" if others else ""
        yield f"{causes[0].text}{more}"
    if link.note:
        yield link.note


def _is_worth_telling(link: LinkReport) -> bool:
    """Whether the exact value is short, and not what is expected anyway."""
    if link.kind != "figure" or link.exact is None or link.expected is None or len(link.exact) > SHORT_EXACT:
        return False
    try:
        return Decimal(link.exact) != Decimal(link.expected.rstrip("."))
    except InvalidOperation:
        return False


# Summary ----------------------------------------------------------------------------------------------------------


def _summary(report: Report) -> Iterator[Block]:
    counts = {**report.counts, "unread": len(report.unread)}
    told = [f"{number} {verdict}" for verdict, number in counts.items() if number]
    yield Prose(f"Links: {', '.join(told)}." if told else "No line makes a claim.")
    first = report.first_wrong
    if first is not None:
        where = f"{first.left} = {_clipped(first.text)}"
        yield Prose(f"The first wrong step is on line {first.line}: {harmless(where)}")
    if report.is_hint:
        return
    yield Prose(_overall(counts, len(report.links)))
    lines = list(dict.fromkeys([link.line for link in report.links if link.verdict == "wrong"]))
    if len(lines) > 1:
        more = f" and {len(lines) - MOST_LINES} more" if len(lines) > MOST_LINES else ""
        yield Prose(f"Slips are on lines {', '.join(map(str, lines[:MOST_LINES]))}{more}.")
    for verdict, meaning in _MEANINGS.items():
        if counts[verdict]:
            yield Prose(f"{verdict.capitalize()}: {meaning}.")


def _overall(counts: Mapping[str, int], total: int) -> str:
    if counts["wrong"]:
        good = total - counts["wrong"]
        return f"{good} of {total} steps are right, or follow correctly from what was written before."
    if not total or counts["carried"] or counts["unread"]:
        return "Nothing that could be read is wrong."
    return "Everything is right, or rounded as it may be." if counts["rounded"] else "Everything is right."
