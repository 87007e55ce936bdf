"""Finds the formulas of a page of notes: what stands between dollars, in `\\[ \\]` and in the environments of LaTeX.

Code, comments and prices are passed over. One scan, linear in the length of the page.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple

DISPLAYS: Final = ("equation", "align", "gather", "multline", "eqnarray", "displaymath", "math", "flalign", "alignat")
_NAMES: Final = "|".join(DISPLAYS)
_HIDDEN_IN_BOTH: Final = r"\\begin\{(?P<code>verbatim|lstlisting|minted|comment)\}.*?(?:\\end\{(?P=code)\}|\Z)"
_MATHS: Final = rf"""
    \\begin\{{(?P<environment>(?:{_NAMES})\*?)\}} (?P<inside>.*?)
    (?:\\end\{{(?P=environment)\}}|(?P<open_environment>\Z))
  | \$\$ (?P<display>.*?) (?:\$\$|(?P<open_display>\Z))
  | \\\[ (?P<brackets>.*?) (?:\\\]|(?P<open_brackets>\Z))
  | \\\( (?P<round>.*?) (?:\\\)|(?P<open_round>\Z))
  | \\.
  | \$ (?P<inline>(?:[^$\\\n]|\\.|\n(?![ \t]*\n))+) \$ (?![0-9])
"""
_LATEX: Final = re.compile(rf"{_HIDDEN_IN_BOTH} | %[^\n]* | {_MATHS}", re.VERBOSE | re.DOTALL)
_MARKDOWN: Final = re.compile(
    rf"""
    ^[ ]{{0,3}}(?P<fence>`{{3,}}|~{{3,}})[ ]*(?P<info>[^\n`]*)\n(?P<fenced>.*?)(?:^[ ]{{0,3}}(?P=fence)[`~]*[ ]*$|\Z)
  | (?P<ticks>`+)(?!`) (?:[^`\n]|\n(?![ \t]*\n)|(?!(?P=ticks)(?!`))`)* (?P=ticks)(?!`)
  | `+
  | <!--.*?(?:-->|\Z)
  | {_HIDDEN_IN_BOTH}
  | {_MATHS}
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_GROUPS: Final = ("inside", "display", "brackets", "round", "inline", "fenced")
_OPEN: Final = ("open_environment", "open_display", "open_brackets", "open_round")


class Formula(NamedTuple):
    """A formula and where it stands: offsets into the page, without its dollars; `environment` is its own, if any."""

    start: int
    end: int
    environment: str = ""
    closed: bool = True


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
    at = 0
    while match := pattern.search(page.text, at):
        at = match.end()
        found = match.groupdict()
        group = next((name for name in _GROUPS if found.get(name) is not None), None)
        if group is None or (group == "fenced" and found["info"].strip() != "math"):
            continue
        closed = all(match.start(name) < 0 for name in _OPEN)
        if group == "inline" and _is_price(found["inline"]):
            at = match.end("inline")  # the second dollar may open a formula
            continue
        yield Formula(*match.span(group), (found["environment"] or "").rstrip("*"), closed)
        if not closed:
            at = match.start(group)  # what follows may be read all the same


def _is_price(text: str) -> bool:
    """Two sums of money in one sentence: `5 to the first, `; mathematics does not start with a blank or end so."""
    return text[0].isspace() != text[-1].isspace() and not re.search(r"[\\=_^]", text)
