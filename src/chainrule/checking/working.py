"""Reads a person's working: every line becomes claims about quantities, or is listed as unread with the reason.

The lines are read in order, because a line may define a name for those after it. Nothing here raises an error: what
people write beside their formulas is theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from chainrule.checking.claims import Claim, Link, Unread, Working
from chainrule.checking.elements import Position, elements_of, listed, shape_of
from chainrule.checking.lines import ARROWS, LINKS, Chain, Piece, chains
from chainrule.checking.sides import Language, is_marked, is_truncated, mentions, with_ellipsis
from chainrule.dataclasses import dataclass, field, replace
from chainrule.errors import ChainruleError, FormulaError
from chainrule.formula.syntax import ListExpr, Ref, Span, Tree, ungroup
from chainrule.formula.tokens import show
from chainrule.ops.types import show_shape
from chainrule.problem import Problem
from chainrule.problem.loops import expand
from chainrule.problem.resolve import resolve_tree
from chainrule.quantity import Example, Memory, Name, Quantity, Updated, spell

MOST_CLAIMS: Final = 100_000
LONGEST_SHOWN: Final = 200  # characters of what could not be read

PlaceOf: TypeAlias = Callable[[int], tuple[int, int]]


def read_working(problem: Problem) -> Working:
    """The claims of the `working` of a problem, and what could not be read.

    >>> from chainrule.problem import loads
    >>> problem = loads("formulas = 'y = 2*x'\\nworking = 'y = 2*3 = 6; z = 1'\\n[given]\\nx = 3")
    >>> working = read_working(problem)
    >>> [(claim.text, [(link.text, link.kind) for link in claim.links]) for claim in working.claims]
    [('y', [('2*3', 'substitution'), ('6', 'figure')])]
    >>> working.unread[0].reason
    "'z' is not a quantity of this problem, and no formula defines it here. There are x, y."
    """
    source = problem.document
    text = source.data.get("working") if source is not None else None
    if source is None or not isinstance(text, str):
        return Working(problem=problem, lines=(), claims=(), unread=())
    reader = _Reader(text, source.string_places(("working",)), Language(problem))
    reader.run()
    return Working(
        problem=reader.language.problem,
        lines=_numbered(text, reader.place),
        claims=tuple(reader.claims),
        unread=tuple(reader.unread),
    )


def _numbered(text: str, place: PlaceOf) -> tuple[tuple[int, str], ...]:
    rows: list[tuple[int, str]] = []
    start = 0
    for line in text.split("\n"):
        if line.strip():
            rows.append((place(start)[0], line))
        start += len(line) + 1
    return tuple(rows)


@dataclass(frozen=True, slots=True, eq=False)
class _Left:
    """What a claim is about: single numbers by their position in its array, and where each is written."""

    shape: Position
    elements: Mapping[Position, Quantity]
    wholes: Mapping[Position, Quantity]  # what each is a part of, as it is written
    spans: Mapping[Position, Span]


@dataclass(slots=True, eq=False)
class _Reader:
    """The lines read so far."""

    text: str
    place: PlaceOf
    language: Language
    claims: list[Claim] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    lefts: dict[str, _Left] = field(default_factory=dict)
    learning: frozenset[Quantity] = frozenset()

    def run(self) -> None:
        problem = self.language.problem
        self.learning = frozenset((*problem.parameters, *problem.parameter_arrays))
        for chain in chains(self.text):
            for one in self.repeated(chain):
                if len(self.claims) + len(self.unread) >= MOST_CLAIMS:
                    self.refuse(one.left, f"the working makes more than {MOST_CLAIMS:,} claims, the limit.")
                    return
                self.claim(one)

    def repeated(self, chain: Chain) -> Sequence[Chain]:
        """The claims that one with loops stands for, each at the place of the one."""
        if not chain.links:
            self.refuse(chain.left, "there is no '=' after the sign that begins a new claim.")
            return ()
        if not chain.left.text:
            self.refuse(self.whole(chain), "there is no claim directly before it that it could go on with.")
            return ()
        try:
            lines = expand(self.language.problem, chain.written)
        except ChainruleError as error:
            self.refuse(self.whole(chain), _reason(error))
            return ()
        return [chain] if lines == [chain.written] else [chain.rewritten(line) for line in lines]

    def claim(self, chain: Chain) -> None:
        """Reads one claim; what cannot be read of it is noted."""
        try:
            left, defines = self.left(chain)
        except ChainruleError as error:
            if not chain.may_be_prose or any(self.is_readable(piece) for _, piece in chain.links):
                self.refuse(self.whole(chain), _reason(error))
            return
        links: dict[Position, list[Link]] = {at: [] for at in left.elements}
        for sign, piece in chain.links:
            for at, link in self.links(left, sign, piece):
                links[at].append(link)
        for at, label in left.elements.items():
            if not links[at]:
                continue
            start, end = left.spans[at]
            line, column = self.place(chain.start + start)
            updated = self.is_update(chain, label, left.wholes[at], links[at])
            self.claims.append(
                Claim(
                    quantity=Updated(label) if updated else label,
                    text=chain.left.text[start:end],
                    line=line,
                    column=column,
                    links=tuple(links[at]),
                    source=chain.source,
                    defines=defines,
                )
            )

    def is_readable(self, piece: Piece) -> bool:
        try:
            return not any(self.language.unknown(self.language.read(piece.text)))
        except ChainruleError:
            return False

    def is_update(self, chain: Chain, label: Quantity, whole: Quantity, links: Sequence[Link]) -> bool:
        """Whether the value after an update is claimed: what learns, after an arrow or in terms of itself."""
        if label not in self.learning and not isinstance(label, Memory):
            return False
        return chain.links[0][0] in ARROWS or any(self.speaks_of(link, {label, whole}) for link in links)

    def speaks_of(self, link: Link, labels: set[Quantity]) -> bool:
        if link.kind != "formula" or isinstance(ungroup(link.tree), Ref):
            return False
        problem = self.language.problem
        return any(resolve_tree(problem, part, text=link.text) in labels for part in mentions(link.tree))

    def whole(self, chain: Chain) -> Piece:
        return Piece(self.text[chain.start : chain.end], chain.start)

    def refuse(self, piece: Piece, reason: str) -> None:
        line, column = self.place(piece.start)
        text = " ".join(piece.text.split("\n"))
        shown = text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}..."
        self.unread.append(Unread(line=line, column=column, text=shown, reason=reason))

    # The left side ------------------------------------------------------------------------------------------

    def left(self, chain: Chain) -> tuple[_Left, bool]:
        """What a claim is about, and whether it defines a name. Raises FormulaError."""
        text = chain.left.text
        if text in self.lefts:
            return self.lefts[text], False
        if is_marked(text):
            hint = "Begin the line with the quantity, without a mark before it."
            raise FormulaError(f"{show(text)} can be read in two ways.", hint=hint)
        tree = self.language.read(text)
        if isinstance(tree, Ref) and self.language.is_constant(tree.name):
            raise FormulaError(f"{show(tree.name)} is a constant.", hint="Give the quantity another name.")
        defines = isinstance(tree, Ref) and any(self.language.unknown(tree))
        if isinstance(tree, Ref) and defines:
            self.define(tree.name, chain.links[0][1].text)
        elif self.language.kind(tree) == "figure":
            hint = "Write the quantity first, as in h1 = 0.3775."
            raise FormulaError("found a number where a quantity was expected.", hint=hint)
        self.lefts[text] = self.about(tree, text)
        return self.lefts[text], defines

    def about(self, tree: Tree, text: str) -> _Left:
        """The quantities that the left side names."""
        if isinstance(tree, ListExpr):
            return _stacked([self.about(item, text) for item in tree.items])
        self.language.check_words(tree, text)
        problem = self.language.problem
        label = problem.quantity(self.language.plain(tree, text))
        shape = shape_of(problem, label)
        if isinstance(label, Name | Example) and self.language.node(tree, text).shape != shape:
            raise FormulaError(f"{show(spell(label))} is an array.", hint="Claim its elements one by one.")
        elements = elements_of(problem, label)
        return _Left(shape, elements, dict.fromkeys(elements, label), dict.fromkeys(elements, tree.span))

    def define(self, name: str, text: str) -> None:
        """Lets a name stand for what the first link says. Raises FormulaError if that is no formula."""
        missing = f"{show(name)} is not a quantity of this problem"
        try:
            tree = self.language.read(text)
            is_number = self.language.kind(tree) == "formula" and not self.language.node(tree, text).shape
        except ChainruleError as error:
            raise FormulaError(f"{missing}, and in what follows {error.what}", hint=error.hint) from None
        if not is_number:
            raise FormulaError(f"{missing}, and no formula defines it here.", hint=self.language.hint(name))
        self.language.define(name, tree, text)

    # Links --------------------------------------------------------------------------------------------------

    def links(self, left: _Left, sign: str, piece: Piece) -> Iterator[tuple[Position, Link]]:
        """The links that one side of a chain makes, one for every element; what cannot be read is noted."""
        try:
            tree = self.language.read(piece.text)
            items = listed(tree, len(left.shape))
            if items is None or items.keys() != left.elements.keys():
                link = self.link(tree, sign, piece, left.shape)
                yield from [(at, replace(link, index=at)) for at in left.elements]
                return
        except ChainruleError as error:
            self.refuse(piece, _reason(error))
            return
        for at, item in items.items():
            part = Piece(with_ellipsis(piece.text, item.span), piece.start + item.span.start) if at else piece
            try:
                yield at, self.link(self.language.read(part.text) if at else tree, sign, part, ())
            except ChainruleError as error:
                self.refuse(part, _reason(error))

    def link(self, tree: Tree, sign: str, piece: Piece, shape: Position) -> Link:
        """One side as a link. Raises FormulaError, also if it has another shape."""
        kind = self.language.kind(tree)
        found = () if kind == "figure" else self.language.node(tree, piece.text).shape
        if found != shape:
            has = f"an array of shape {show_shape(found)}" if found else "one number"
            wanted = f"an array of shape {show_shape(shape)}" if shape else "one number"
            raise FormulaError(f"found {has} where {wanted} was expected.")
        line, column = self.place(piece.start)
        return Link(
            text=piece.text,
            line=line,
            column=column,
            tree=tree,
            kind=kind,
            exact=LINKS.get(sign, True),
            truncated=kind == "figure" and is_truncated(piece.text),
        )


def _stacked(parts: Sequence[_Left]) -> _Left:
    """The left side that a list of them is."""
    if any(part.shape != parts[0].shape for part in parts):
        raise FormulaError("the rows of the list are not equally long.")
    numbered = list(enumerate(parts, 1))
    return _Left(
        (len(parts), *parts[0].shape),
        {(row, *at): one for row, part in numbered for at, one in part.elements.items()},
        {(row, *at): one for row, part in numbered for at, one in part.wholes.items()},
        {(row, *at): one for row, part in numbered for at, one in part.spans.items()},
    )


def _reason(error: ChainruleError) -> str:
    return " ".join(f"{error.what} {error.hint or ''}".split())
