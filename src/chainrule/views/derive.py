"""The derive view: derivatives in symbols, each rule named, line by line."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.errors import ProblemError
from chainrule.explanation.derivation import derivations
from chainrule.printing.document import Block, Derivation, Document, Heading, Prose
from chainrule.problem import Problem
from chainrule.quantity import spell

_USE = "Multiplied along each path from the error and added up over all paths, these give the error's derivatives."


def derive_view(problem: Problem, *, until: str | None = None, of: Sequence[str] = ()) -> Document:
    """The document of all local derivatives of a problem; `of` asks for whole derivatives such as dE/dw5 instead.

    `until` ends it after that derivative; raises `ProblemError` if it has no derivation here.
    """
    last = spell(problem.quantity(until)) if until is not None else None
    blocks: list[Block] = [Heading(problem.title, 1)] if problem.title else []
    if problem.source:
        blocks.append(Prose(f"Source: {problem.source}"))
    for title, own in derivations(problem, of):
        blocks.append(Heading(title))
        if title == "Local derivatives" and problem.minimise is not None:
            blocks.append(Prose(_USE))
        for one in own:
            blocks.append(Derivation(one.left, one.texts(), one.note))
            if one.left.removesuffix(" (direct)") == last:
                return Document(tuple(blocks))
    if last is not None:
        raise ProblemError(f"there is no derivation of {until}, so the page cannot stop there.")
    return Document(tuple(blocks))
