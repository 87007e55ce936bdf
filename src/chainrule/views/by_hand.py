"""The worked solution by hand: the steps view of rounded figures, with a word on how they were rounded."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.explanation.byhand import MARK, HandExplanation, check_asked
from chainrule.printing.document import Block, Document, Heading, Prose
from chainrule.views.steps import steps_view


def hand_view(explanation: HandExplanation, *, until: str | None = None, of: Sequence[str] = ()) -> Document:
    """The steps of a solution by hand; raises `ProblemError` for a quantity without a line."""
    check_asked(explanation, of)
    blocks = list(steps_view(explanation, until=until, of=of).blocks)
    first = next((k for k, b in enumerate(blocks) if isinstance(b, Heading) and b.level > 1), len(blocks))
    blocks.insert(first, Prose(_introduction(explanation)))
    if explanation.outcome and not of and until is None:
        blocks.insert(_end(blocks), Prose(explanation.outcome))
    return Document(tuple(blocks))


def _introduction(explanation: HandExplanation) -> str:
    steps, count = (*explanation.steps, *explanation.again), len(explanation.departures)
    if not count:
        told = "No figure departs from the exact value rounded."
    else:
        told = f"{count} of {len(steps)} figures depart from the exact value rounded; {MARK} says what that would be."
    return f"By hand: every result is {explanation.rounding}, and carried on so; a line is exact in between. {told}"


def _end(blocks: Sequence[Block]) -> int:
    """Where the last step ends: before the author's note."""
    return len(blocks) - (isinstance(blocks[-1], Prose) and len(blocks) > 1)
