"""The document tree: what every view returns and every format renders. Plain data, no layout in it."""

from __future__ import annotations

from typing import TypeAlias

from chainrule.dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is the title."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Prose:
    """A sentence or two."""

    text: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list on one or more lines, `title: item, item, ...`; an item is never broken."""

    title: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain of equalities, as on the board: `left = right = right = ...`; `note` says why, where that is needed."""

    left: str
    rights: tuple[str, ...]
    note: str = ""
    color: str = ""  # the pass it belongs to: forward, backward or update


Rows: TypeAlias = tuple[tuple[str, ...], ...]
Piece: TypeAlias = str | Rows


@dataclass(frozen=True, slots=True)
class Matrices:
    """A chain of equalities in which arrays stand in brackets: `left = right = right = ...`.

    Each right side is a tuple of pieces from left to right. A piece is a text (a formula, `" + "`, `" = "`, a number)
    or an array as rows of cells: `(("0.5", "1.5"), ("0.8", "0.2"))` is 2 x 2, `(("1",), ("0.7",))` a column; a cell
    `"..."` stands for those left out. Two arrays side by side are multiplied. `color` as in `Chain`.
    """

    left: str
    rights: tuple[tuple[Piece, ...], ...]
    note: str = ""
    color: str = ""


@dataclass(frozen=True, slots=True)
class Derivation:
    """A chain of equalities with a reason for each line: `left = expression    reason`.

    A line is a pair of texts, (expression, reason); the reason may be empty.
    """

    left: str
    lines: tuple[tuple[str, str], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under a header, columns aligned at the right."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Code:
    """Program text, to be shown as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Remark:
    """What is to be said about a link of a working: what should stand there, and sentences.

    `link` is the link as written, where the line has several; it and `instead` are the language of formulas.
    """

    verdict: str  # as in WorkingLine
    link: str = ""
    instead: str = ""
    sentences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkingLine:
    """A line that a person wrote, shown as it is, with verdicts: right, rounded, carried, wrong or unread.

    `pieces` are pairs (text, verdict) from left to right, the verdict "" for what none is about; `verdict` is the worst
    of them.
    """

    number: int
    pieces: tuple[tuple[str, str], ...]
    comment: str = ""
    verdict: str = ""
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class Working:
    """A person's working, judged line by line; numbers tell where blank lines were."""

    lines: tuple[WorkingLine, ...]


Block: TypeAlias = Heading | Prose | Items | Chain | Matrices | Derivation | Table | Code | Working


@dataclass(frozen=True, slots=True)
class Document:
    """Blocks from top to bottom."""

    blocks: tuple[Block, ...]
