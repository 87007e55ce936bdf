"""What a reader of formulas may take for granted (`Rules`) and what it hands back (`Parsed`).

Both are apart from the parser because the rules for derivatives and for left-out products need them too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, TypeAlias

from chainrule.dataclasses import dataclass
from chainrule.errors import Place
from chainrule.formula.syntax import ALIASES, CONSTANTS, FUNCTIONS, Span, Tree

Feature: TypeAlias = Literal["updates", "examples", "derivatives", "comparisons"]
EVERYTHING: Final[frozenset[Feature]] = frozenset({"updates", "examples", "derivatives", "comparisons"})


@dataclass(frozen=True, slots=True)
class Remark:
    """A warning: what was read in a way that its writer may not have meant, and where."""

    text: str
    span: Span
    place: Place


@dataclass(frozen=True, slots=True)
class Parsed:
    """A parse tree and the warnings that came up on the way."""

    tree: Tree
    warnings: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """The names that are known and what is allowed; `place` maps an offset to its place in a file."""

    known: Callable[[str], bool] | None = None
    local: frozenset[str] = frozenset()
    implicit_products: bool = False
    allow: frozenset[Feature] = EVERYTHING
    place: Callable[[int], Place] | None = None

    def is_quantity(self, name: str) -> bool:
        """Whether `name` is certainly the name of a quantity."""
        return name in self.local or (self.known is not None and self.known(name))

    def is_function(self, name: str) -> bool:
        """Whether `name` before a bracket is a function; unknown names are, where no product may be meant."""
        if name in FUNCTIONS:
            return True
        if self.is_quantity(name) or name in CONSTANTS:
            return False
        return name in ALIASES or not self.implicit_products or self.known is not None
