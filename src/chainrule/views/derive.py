"""The derive view: derivatives in symbols, each rule named, line by line."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.explanation.derivation import derivations
from chainrule.printing.document import Block, Derivation, Document, Heading, Prose
from chainrule.problem import Problem


def derive_view(problem: Problem, *, until: str | None = None, of: Sequence[str] = ()) -> Document:
    """The document of all local derivatives of a problem; `of` asks for whole derivatives such as dE/dw5 instead."""
    blocks: list[Block] = [Heading(problem.title, 1)] if problem.title else []
    if problem.source:
        blocks.append(Prose(f"Source: {problem.source}"))
    for title, own in derivations(problem, of):
        blocks.append(Heading(title))
        blocks += [Derivation(one.left, one.texts(), one.note) for one in own]
    return Document(tuple(blocks))
