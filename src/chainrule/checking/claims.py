"""What a person's working says, taken apart: claims, their links, and what could not be read.

`working` makes these from text, everything else in `checking` judges them.
"""

from __future__ import annotations

from typing import Literal

from chainrule.dataclasses import dataclass
from chainrule.formula.syntax import Tree
from chainrule.problem import Problem
from chainrule.quantity import Quantity

Kind = Literal["formula", "substitution", "figure"]
Verdict = Literal["right", "rounded", "carried", "wrong"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Link:
    """One side of a chain after its quantity: what stands after a `=`, and how it was read.

    `index` is not empty where `tree` is the formula of a whole array and the link claims this element of it, counted
    from 1. `exact` is False after `≈`, `~` and `->`.
    """

    text: str  # as written, without surrounding blanks
    line: int  # in the file, from 1
    column: int  # of the first character of `text`, from 1
    tree: Tree
    kind: Kind
    exact: bool = True
    truncated: bool = False  # a figure that goes on: 0.0821...
    index: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Claim:
    """A quantity and the chain of links that it is claimed to equal."""

    quantity: Quantity  # W1[2,1]', Derivative(E, w5), Name("s1") for a name that this line defines
    text: str  # of the quantity, as written
    line: int
    column: int
    links: tuple[Link, ...]
    source: str = ""  # the text after `#`: where the line was printed
    defines: bool = False  # the name was unknown, and stands for the first link from here on


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A piece of the working that could not be read, and why."""

    line: int
    column: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Working:
    """The working of a problem; `problem` is the problem grown by the names that lines define."""

    problem: Problem
    lines: tuple[tuple[int, str], ...]  # every line that is not blank, with its number in the file, as written
    claims: tuple[Claim, ...]
    unread: tuple[Unread, ...]
