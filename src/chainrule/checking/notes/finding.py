"""Finds the formulas of a page of notes: what stands between dollars, in `\\[ \\]` and in the environments of LaTeX.

Code, comments and prices are passed over. One scan, linear in the length of the page.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Final, NamedTuple

from chainrule.dataclasses import dataclass, field

DISPLAYS: Final = (
    "equation", "align", "gather", "multline", "eqnarray", "displaymath", "math", "flalign", "alignat",
)  # fmt: skip
_ENVIRONMENT: Final = r"\\begin\{(?P<environment>(?:" + "|".join(DISPLAYS) + r")\*?)\}"
_LISTING: Final = r"\\begin\{(?P<listing>verbatim|lstlisting|minted|comment)\}"
_OPENERS: Final = rf"{_LISTING}|{_ENVIRONMENT}|(?P<maths>\$\$|\\\[|\\\()|\\.|(?P<dollar>\$)"
_LATEX: Final = re.compile(rf"(?P<line_comment>%[^\n]*)|{_OPENERS}", re.DOTALL)
_MARKDOWN: Final = re.compile(
    rf"^[ ]{{0,3}}(?P<fence>`{{3,}}|~{{3,}})[ ]*(?P<info>[^\n`]*)\n|(?P<ticks>`+)|(?P<comment><!--)|{_OPENERS}",
    re.DOTALL | re.MULTILINE,
)
_CLOSERS: Final = {"$$": "$$", "\\[": "\\]", "\\(": "\\)"}
_INLINE_STOP: Final = re.compile(r"\\.|\$(?P<digit>[0-9])?|\n[ \t]*\n", re.DOTALL)


class Formula(NamedTuple):
    """A formula and where it stands: offsets into the page, without its dollars; `environment` is its own, if any."""

    start: int
    end: int
    environment: str = ""
    closed: bool = True
    inline: bool = False


@dataclass(frozen=True, slots=False)
class Page:
    """The text of a page, and where its lines begin."""

    file: str
    text: str
    latex: bool = field(default=False, kw_only=True)

    @cached_property
    def _lines(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self.text))]

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of a character, both from 1.

        >>> Page("notes.md", "a\\nbc").position(3)
        (2, 2)
        """
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line, counted from 1."""
        begin = self._lines[number - 1]
        end = self._lines[number] - 1 if number < len(self._lines) else len(self.text)
        return self.text[begin:end]


def formulas(page: Page) -> Iterator[Formula]:
    """The formulas of a page, in order.

    >>> page = Page("notes.md", "It costs $5 or $6, and $a = 2$ `$code$`.")
    >>> [page.text[one.start : one.end] for one in formulas(page)]
    ['a = 2']
    """
    pattern = _LATEX if page.latex else _MARKDOWN
    closings = _Closings(page.text)
    at = 0
    while match := pattern.search(page.text, at):
        formula, at = _opened(page.text, match, closings)
        if formula is not None and not page.text[formula.start : formula.end].isspace():
            yield formula


def _opened(text: str, match: re.Match[str], closings: _Closings) -> tuple[Formula | None, int]:
    """The formula that begins here, if one does, and where to go on."""
    at, found = match.end(), match.groupdict()
    if found["dollar"]:
        return _inline(text, at)
    if environment := found["environment"]:
        closer = f"\\end{{{environment}}}"
    elif found["maths"]:
        closer = _CLOSERS[found["maths"]]
    elif skipped := _passed_over(found):
        closer = skipped
    else:
        return None, at
    known_open = closer in closings.missing
    is_formula = bool(environment or found["maths"] or (found.get("info") or "").strip() == "math")
    end = closings.find(closer, at)
    if end < 0:
        closed_by_the_end = not is_formula and not found.get("ticks")
        if closed_by_the_end:
            return None, len(text)
        # The first of a kind is reported: those behind it are not closed either.
        return (Formula(at, min(len(text), at + 1), closed=False) if is_formula and not known_open else None), at
    after = end + len(closer)
    if not is_formula or end == at:
        return None, after
    return Formula(at, end, (environment or "").rstrip("*")), after


def _passed_over(found: Mapping[str, str | None]) -> str | None:
    """What closes code and comments."""
    if listing := found["listing"]:
        return f"\\end{{{listing}}}"
    if fence := found.get("fence"):
        return f"\n{fence}"
    if found.get("comment"):
        return "-->"
    return found.get("ticks")


def _inline(text: str, at: int) -> tuple[Formula | None, int]:
    """What stands between single dollars, within one paragraph."""
    stop = _INLINE_STOP.search(text, at)
    while stop is not None and stop[0][0] == "\\":
        stop = _INLINE_STOP.search(text, stop.end())
    if stop is None or stop[0][0] == "\n" or stop["digit"] or stop.start() == at:
        return None, at
    inside = text[at : stop.start()]
    if _is_price(inside):
        return None, stop.start()  # the second dollar may open a formula
    return Formula(at, stop.start(), inline=True), stop.end()


def _is_price(text: str) -> bool:
    """Two sums of money in one sentence: `5 to the first, `; mathematics does not start with a blank or end so."""
    return text[0].isspace() != text[-1].isspace() and not re.search(r"[\\=_^]", text)


class _Closings:
    """Finds what closes a formula; what is not found once is not looked for again, so that time stays linear."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.missing: set[str] = set()
        self.ticks: dict[int, list[int]] = {}  # where runs of backticks begin, by their length

    def find(self, closer: str, at: int) -> int:
        if closer in self.missing:
            return -1
        end = self._ticks(len(closer), at) if closer[0] == "`" else self.text.find(closer, at)
        if end < 0:
            self.missing.add(closer)
        return end

    def _ticks(self, length: int, at: int) -> int:
        if not self.ticks:
            for run in re.finditer("`+", self.text):
                self.ticks.setdefault(len(run[0]), []).append(run.start())
        starts = self.ticks.get(length, [])
        place = bisect_left(starts, at)
        return starts[place] if place < len(starts) else -1
