"""Formulas within sentences: which words of a note or a cell of a table are quantities.

Only names that the problem knows are taken, and no single letter that is an English word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from chainrule.dataclasses import replace
from chainrule.formula.syntax import FUNCTIONS, Ref, walk
from chainrule.printing.document import Chain, Derivation, Document, Matrices
from chainrule.printing.glyphs import Typography
from chainrule.printing.typeset import parsed

_NAME: Final = r"[^\W\d]\w*(?:\[\d+(?:, ?\d+)*\])?(?:\{\d+\})?"
_POWER: Final = r"(?<![\w.])[\w./*-]*\^(?:\(-?[\w.]+\)|[\w.]+)"
_CANDIDATE: Final = re.compile(rf"{_POWER}|(?<![\w.])(?:[d∂]{_NAME}/[d∂]{_NAME}(?: \(direct\))?|{_NAME}'*)(?![\w(])")
_WORDS: Final = frozenset({"a", "A", "I"})


def for_document(document: Document, typography: Typography | None) -> Typography:
    """The typography in which what has a line of its own in the document is known too."""
    basis = typography or Typography()
    trees = [parsed(block.left, basis) for block in document.blocks if isinstance(block, Chain | Matrices | Derivation)]
    names = {part.name for tree in trees if tree is not None for part in walk(tree) if isinstance(part, Ref)}
    known = basis.known
    return replace(basis, known=lambda name: name in names or (known is not None and known(name)))


def segments(text: str, typography: Typography) -> Iterator[tuple[str, bool]]:
    """The text in pieces, and whether each is a formula.

    >>> typography = Typography(known={"out_h1", "o1"}.__contains__)
    >>> [piece for piece, formula in segments("out_h1 is used by o1", typography) if formula]
    ['out_h1', 'o1']
    """
    position = 0
    for found in _CANDIDATE.finditer(text):
        if not _is_quantity(found[0], typography):
            continue
        if found.start() > position:
            yield text[position : found.start()], False
        yield found[0], True
        position = found.end()
    if position < len(text):
        yield text[position:], False


def is_formula(text: str, typography: Typography) -> bool:
    """Whether a cell holds a number or a formula of known quantities, or an equality of such."""
    trees = [parsed(side, typography) if side else None for side in text.split(" = ")]
    names = [node.name for tree in trees if tree is not None for node in walk(tree) if isinstance(node, Ref)]
    return None not in trees and all(typography.known is not None and typography.known(name) for name in names)


def _is_quantity(text: str, typography: Typography) -> bool:
    if typography.known is None or text in _WORDS or text in FUNCTIONS:
        return False
    if "^" in text:  # the one sign that no sentence has
        return parsed(text, typography) is not None
    bare = "/" not in text and len(text) > 1 and text.isalpha() and text.isascii()
    return not bare and is_formula(text, typography)
