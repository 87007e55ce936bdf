"""What the Pratt parser may take for granted about the names in a document."""

from __future__ import annotations

from typing import Final

from chainrule.checking.notes.vocabulary import Vocabulary
from chainrule.errors import Place
from chainrule.formula import syntax
from chainrule.formula.reading import Rules

UNKNOWN: Final = "‿"  # ends the name of a function that nobody can evaluate, and of a quantity called like a known one
_NOWHERE: Final = Place()


def rules_of(words: Vocabulary) -> Rules:
    """The rules for reading one side: every name is a quantity, but for functions and differentials."""

    def known(name: str) -> bool:
        if name in syntax.FUNCTIONS or name in syntax.ALIASES or name in words.functions or name.endswith(UNKNOWN):
            return False
        return not (len(name) > 1 and name[0] == "d" and name[1] not in "_^'")

    return Rules(known=known, implicit_products=True, place=lambda _: _NOWHERE)
