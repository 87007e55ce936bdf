"""A page of notes as chains of equalities: what equals what, in the order it is printed, and where.

A statement that begins with `=` goes on with the chain above it, in its own column of `aligned`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from chainrule.checking.claims import Unread
from chainrule.checking.notes.finding import Formula, Page, formulas
from chainrule.checking.notes.latex import scan
from chainrule.checking.notes.reading import Reading, read_side
from chainrule.checking.notes.statements import Part, Row, Statement, rows
from chainrule.checking.notes.vocabulary import Vocabulary, vocabulary
from chainrule.dataclasses import dataclass, field
from chainrule.formula.syntax import Span, Tree

LONGEST: Final = 50_000  # characters of one formula
_LINKING: Final = frozenset({"=", "~"})


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One side of a relation: how it was read, and where it stands on the page."""

    relation: str  # before it: "" at the head of a chain, "=" or "~"
    text: str  # as written
    start: int
    end: int
    reading: Reading

    @property
    def tree(self) -> Tree | None:
        """What it says; None if it could not be read."""
        return self.reading.tree

    def on_page(self, span: Span) -> Span:
        """Where a part of the tree stands on the page."""
        found = self.reading.on_page(span)
        return Span(self.start + found.start, self.start + found.end)


@dataclass(slots=True, eq=False)
class Chain:
    """Sides that are said to be equal; `conditional` if only under a condition, `struck` if crossed out."""

    sides: list[Side] = field(default_factory=list)
    conditional: bool = False
    struck: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """What was read of a page: chains in order, what could not be read, and how much there was."""

    page: Page
    chains: tuple[Chain, ...]
    unread: tuple[Unread, ...]
    formulas: int
    sides: int


def read_page(page: Page) -> Document:
    """The chains of a page.

    >>> document = read_page(Page("notes.md", "$$a = 2 \\\\cdot 3$$ and then $$= 6$$"))
    >>> [side.reading.plain for side in document.chains[0].sides]
    ['a', '2*3', '6']
    """
    return _Reader(page).run()


class _Reader:
    """The state while a page is read: the chains above, which later lines may continue."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.found = list(formulas(page))
        self.words: Vocabulary = vocabulary(page.text[one.start : one.end] for one in self.found)
        self.chains: list[Chain] = []
        self.unread: list[Unread] = []
        self.sides = 0
        self.end = 0  # of the formula before
        self.apart = False  # whether there are words between it and this one, which stands in the line
        self.above: dict[tuple[int, int], Chain] = {}
        self.readings: dict[str, Reading] = {}
        self.taken_apart: dict[tuple[str, str], tuple[int, list[Row]]] = {}
        self.shift = 0  # from where a formula stood first

    def run(self) -> Document:
        for formula in self.found:
            if not formula.closed:
                self.refuse(formula.start, formula.start + 1, "the formula is never closed")
                continue
            if formula.end - formula.start > LONGEST:
                what = f"the formula has more than {LONGEST:,} characters, the limit"
                self.refuse(formula.start, formula.start + 80, what)
                continue
            between = self.page.text[self.end : formula.start]
            self.apart = formula.inline and any(character.isalpha() for character in between)
            self.end = formula.end
            self.formula(formula)
        return Document(self.page, tuple(self.chains), tuple(self.unread), len(self.found), self.sides)

    def formula(self, formula: Formula) -> None:
        # Pages repeat their formulas: a repeated one is moved, not read again.
        key = formula.environment, self.page.text[formula.start : formula.end]
        if key not in self.taken_apart:
            pieces = scan(self.page.text, formula.start, formula.end)
            self.taken_apart[key] = formula.start, list(rows(pieces, formula.environment))
        first, taken = self.taken_apart[key]
        self.shift = formula.start - first
        columns: dict[tuple[int, int], Chain] = {}
        for row in taken:
            self.row(row, columns)

    def row(self, row: Row, columns: dict[tuple[int, int], Chain]) -> None:
        keys = list(_keys(row.statements))
        if any(column for column, _ in [*columns, *keys]):
            above = columns
        else:  # equations side by side, that all go on with those of the row before
            above = self.above if len(keys) > 1 and all(map(_continues, row.statements)) else {}
        for key, statement in zip(keys, row.statements, strict=True):
            chain = above.get(key) or (self.chains[-1] if self.chains else None)
            if not _continues(statement) or chain is None or (self.apart and not columns):
                chain = self.begin()
            chain = self.extend(chain, statement)
            if chain is self.chains[-1] and all(side.tree is None for side in chain.sides):
                self.chains.pop()  # the number of an equation, or words: nothing goes on with them
                columns.pop(key, None)
            else:
                columns[key] = chain
        self.above = {key: columns[key] for key in keys if key in columns}

    def begin(self) -> Chain:
        chain = Chain()
        self.chains.append(chain)
        return chain

    def extend(self, chain: Chain, statement: Statement) -> Chain:
        for part in statement.parts:
            if part.relation not in _LINKING and chain.sides:
                chain = self.begin()
            chain.sides.append(self.side(part))
            chain.conditional = chain.conditional or statement.conditional
            chain.struck = chain.struck or statement.struck
        return chain

    def side(self, part: Part) -> Side:
        self.sides += 1
        start, end = part.pieces[0].start + self.shift, part.pieces[-1].end + self.shift
        text = self.page.text[start:end]
        reading = self.readings.get(text)
        if reading is None:
            reading = self.readings[text] = read_side(part.pieces, self.words)
        if reading.tree is None:
            self.refuse(start, end, reading.reason, start + reading.at)
        for span, reason in reading.holes:
            self.refuse(start + span.start, start + span.end, reason)
        return Side(part.relation, text, start, end, reading)

    def refuse(self, start: int, end: int, reason: str, at: int | None = None) -> None:
        line, column = self.page.position(start if at is None else at)
        text = " ".join(self.page.text[start:end].split())
        shown = text if len(text) <= 80 else f"{text[:77]}..."
        self.unread.append(Unread(line=line, column=column, text=shown, reason=" ".join(reason.split())))


def _continues(statement: Statement) -> bool:
    return statement.parts[0].relation in _LINKING


def _keys(statements: list[Statement]) -> Iterator[tuple[int, int]]:
    """The column of each statement, and its number within that column."""
    seen: dict[int, int] = {}
    for statement in statements:
        number = seen.get(statement.column, 0)
        seen[statement.column] = number + 1
        yield statement.column, number
