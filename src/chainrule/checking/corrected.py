"""The whole working as it should be: each wrong or carried link mended where it stands, all other text kept."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter

from chainrule.checking.correction import Edit, edited
from chainrule.checking.lines import Chain, chains
from chainrule.checking.report import LinkReport, Report
from chainrule.errors import ChainruleError
from chainrule.problem.loops import expand


def corrected(report: Report) -> str:
    """The working of a report with every wrong and carried link as it should be.

    A line with `for` becomes several lines where one of the claims it stands for is wrong.

    >>> from chainrule.problem import loads
    >>> problem = loads("formulas = 'y = 2*x'\\nworking = 'y = 2*x = 2*4 = 8   # by hand'\\n[given]\\nx = 3")
    >>> problem.check().corrected()
    'y = 2*x = 2*3 = 6   # by hand'
    """
    text = report.working
    bad = [link for link in report.links if link.expected is not None]
    places = report.offsets([(link.line, link.column) for link in bad])
    found = sorted(zip(places, bad, strict=True), key=itemgetter(0))
    starts = [place for place, _ in found]
    edits: list[Edit] = []
    for chain in chains(text):
        inside = found[bisect_left(starts, chain.start) : bisect_right(starts, chain.end)]
        if inside:
            loop = _expanded(report, chain)
            edits += [_loop_mended(text, chain, loop, inside)] if loop else _mended(inside)
    return edited(text, [*edits, *_comments_kept(text, edits)])


def _comments_kept(text: str, edits: Sequence[Edit]) -> Iterator[Edit]:
    """The blanks before comments of lines that get longer or shorter, so that the comments stay in their column."""
    longer: dict[int, int] = {}  # by how much the line gets longer, by where its comment is
    for start, end, new in edits:
        line_end = text.find("\n", end)
        comment = text.find("#", end, line_end if line_end >= 0 else len(text))
        if comment >= 0:
            if "\n" in new:
                longer[comment] = len(new.rpartition("\n")[2]) - (end - text.rfind("\n", 0, end) - 1)
            else:
                longer[comment] = longer.get(comment, 0) + len(new) - (end - start)
    for comment, more in longer.items():
        blanks = comment - len(text[:comment].rstrip(" "))
        if blanks > 1:
            yield comment - blanks, comment, " " * max(2, blanks - more)


def _expanded(report: Report, chain: Chain) -> list[str]:
    """The claims a chain with loops stands for; nothing for one without."""
    try:
        found = expand(report.problem, chain.written)
    except ChainruleError:
        return []
    return [] if found == [chain.written] else found


def _mended(bad: Sequence[tuple[int, LinkReport]]) -> Iterator[Edit]:
    """The edits of a chain, in the working; a link of an array has those of all its elements."""
    for start, group in groupby(bad, key=itemgetter(0)):
        edits = {edit for _, link in group for edit in link.edits}
        yield from ((start + begin, start + end, new) for begin, end, new in edits)


def _loop_mended(text: str, chain: Chain, lines: Sequence[str], bad: Sequence[tuple[int, LinkReport]]) -> Edit:
    """The claims of a chain with loops one by one, each on a line of its own."""
    begin = text.rfind("\n", 0, chain.start) + 1
    margin = text[begin : chain.start] if not text[begin : chain.start].strip() else ""
    links = {(link.left, link.text): link for _, link in bad}
    mended = [_line_mended(line, links) for line in lines]
    return chain.start, chain.end, f"\n{margin}".join(mended)


def _line_mended(line: str, found: Mapping[tuple[str, str], LinkReport]) -> str:
    (chain,) = chains(line)
    edits: list[Edit] = []
    for _, piece in chain.links:
        link = found.get((chain.left.text, piece.text))
        if link is not None and link.expected is not None:
            edits.append((piece.start, piece.start + len(piece.text), link.expected))
    return edited(line, edits)
