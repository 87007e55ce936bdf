"""Which number of a link stands for which quantity: two forms laid side by side at the least cost.

One alignment serves the verdict (is each number what it stands for?), the diagnosis (which number is not, and what
should stand there?) and the correction (the same link with the right numbers).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import reduce
from itertools import combinations
from typing import Final

from chainrule.checking.figures import Figure
from chainrule.checking.forms import Form, form_of_node, joined, joined_sum, negated
from chainrule.dataclasses import dataclass, field, replace
from chainrule.node import CONST, NAME, Node, const, node
from chainrule.ops.arithmetic import ADD, NEG
from chainrule.ops.functions import SIGMOID

WRONG_NUMBER: Final = 1.0
WRONG_SIGN: Final = 1.1
WRONG_NAME: Final = 1.5
LEFT_OUT: Final = 1.6  # a part missing, or one too many
OTHER_SHAPE: Final = 3.0
OUT_OF_ORDER: Final = 0.02  # people write the parts in the order of the formula
OPENED: Final = 0.05  # a quantity replaced by its own formula
DEEPEST: Final = 3  # formulas opened inside formulas
LONGEST: Final = 40  # parts of a sum or product that are matched; more are matched in order

ONE: Final = Figure("1", Fraction(1), Fraction(1), whole=True)
ZERO: Final = Figure("0", Fraction(0), Fraction(1), whole=True)

# Whether a figure is right for a node: a cheap answer, None for no.
Judge = Callable[[Figure, Node], object]


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A number of the link and what it stands for; `fits` is False where it is not that."""

    part: Form
    of: Form
    fits: bool
    negative: bool = False  # it stands for minus that


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """How a link lies on a formula; a clean one differs from it in nothing but numbers put in."""

    cost: float = 0.0
    pairs: tuple[Pair, ...] = ()
    missing: tuple[Form, ...] = ()  # parts of the formula that the link lacks
    extra: tuple[Form, ...] = ()  # parts of the link that the formula lacks
    flipped: tuple[tuple[Form, Form], ...] = ()  # of another sign
    others: tuple[tuple[Form, Form], ...] = ()  # of another shape
    sign: int = 1  # -1 for factors that lie on minus those of the formula, until their product is judged

    def is_same_shape(self) -> bool:
        """Whether every difference is one of numbers."""
        return not (self.missing or self.extra or self.flipped or self.others)

    def plus(self, other: Alignment, cost: float = 0.0) -> Alignment:
        return Alignment(
            self.cost + other.cost + cost, self.pairs + other.pairs, self.missing + other.missing,
            self.extra + other.extra, self.flipped + other.flipped, self.others + other.others, self.sign * other.sign,
        )  # fmt: skip


def align(link: Form, formula: Form, judge: Judge, size: Callable[[Node], float | None] | None = None) -> Alignment:
    """The alignment of a link with a formula that costs least.

    With `size`, the rough value of a node, quantities of the formula are written out where the link does not lie on it
    as it stands; only parts of about the same value are then compared.
    """
    plain = _Aligner(judge, size, deepest=0).best(link, formula, 0)
    if plain.cost < WRONG_NUMBER or size is None:
        return plain
    return _Aligner(judge, size, deepest=DEEPEST).best(link, formula, 0)


@dataclass(slots=True, eq=False)
class _Aligner:
    judge: Judge
    size: Callable[[Node], float | None] | None
    deepest: int
    known: dict[tuple[int, int, int], Alignment] = field(default_factory=dict)
    kept: list[Form] = field(default_factory=list)  # alive, so that no id is used twice
    written_out: dict[int, Form | None] = field(default_factory=dict)
    wholes: dict[tuple[object, ...], Form] = field(default_factory=dict)

    def best(self, link: Form, formula: Form, depth: int) -> Alignment:
        key = (id(link), id(formula), depth)
        if key not in self.known:
            self.kept += [link, formula]
            self.known[key] = self._best(link, formula, depth)
        return self.known[key]

    def _best(self, link: Form, formula: Form, depth: int) -> Alignment:
        if link.kind == "leaf":
            return self._leaf(link, formula, depth)
        options = []
        kinds = {link.kind, formula.kind}
        for kind in ("sum", "product"):
            if kind in kinds and formula.kind != "leaf":
                options.append(self._parts(kind, link, formula, depth))
                if options[-1].cost >= WRONG_NUMBER and depth < self.deepest and self.are_alike(link, formula):
                    options += self._opened_parts(kind, link, formula, depth)
                    options += self._grouped_parts(kind, link, formula, depth)
        if link.kind == formula.kind in ("power", "call") and link.name == formula.name:
            options.append(self._in_order(link, formula, depth))
        opened = self.opened(formula) if depth < self.deepest or formula.kind == "call" else None
        if opened is not None and depth <= self.deepest:
            options.append(self.best(link, opened, depth + 1).plus(Alignment(OPENED)))
        options.append(Alignment(OTHER_SHAPE, others=((link, formula),)))
        return min(options, key=lambda one: one.cost)

    def _leaf(self, link: Form, formula: Form, depth: int) -> Alignment:
        figure = link.figure
        if figure is None:
            if link.node is formula.node:
                return Alignment()
            opened = self.opened(formula)
            if opened is not None and opened.kind == "leaf" and depth < DEEPEST:
                return self.best(link, opened, depth + 1)
            return Alignment(WRONG_NAME, others=((link, formula),))
        if self.judge(figure, formula.node):
            return Alignment(pairs=(Pair(link, formula, fits=True),))
        cost = WRONG_NUMBER if formula.kind == "leaf" else WRONG_NUMBER + 0.3
        return Alignment(cost, pairs=(Pair(link, formula, fits=False),))

    def opened(self, formula: Form) -> Form | None:
        if id(formula) not in self.written_out:
            self.kept.append(formula)
            self.written_out[id(formula)] = _opened(formula)
        return self.written_out[id(formula)]

    def whole(self, kind: str, parts: _Parts, formula: Form | None) -> Form:
        """The sum or product of parts, with the sign of the formula they come from."""
        sign = -1 if formula is not None and kind == "product" and _sign(formula) < 0 else 1
        key = (kind, sign, *((id(part), power) for part, power in parts))
        if key not in self.wholes:
            self.kept += [part for part, _ in parts]
            whole = joined_sum if kind == "sum" else joined
            powers = [1] * len(parts) if kind == "sum" else [power for _, power in parts]
            made = whole([part for part, _ in parts], powers)
            self.wholes[key] = negated(made) if sign < 0 else made
        return self.wholes[key]

    def are_alike(self, link: Form, formula: Form) -> bool:
        """Whether two parts have about the same value, whatever their sign."""
        if self.size is None:
            return False
        a, b = self.size(link.node), self.size(formula.node)
        return a is None or b is None or abs(abs(a) - abs(b)) <= 0.5 * max(abs(a), abs(b))

    def _in_order(self, link: Form, formula: Form, depth: int) -> Alignment:
        total = Alignment() if link.sign == formula.sign else Alignment(WRONG_SIGN, flipped=((link, formula),))
        if len(link.parts) != len(formula.parts):
            return Alignment(OTHER_SHAPE, others=((link, formula),))
        for a, b in zip(link.parts, formula.parts, strict=True):
            piece = self.best(a, b, depth)
            if piece.cost >= WRONG_NUMBER and b is formula.parts[0] and _is_even_power(formula):
                piece = min(piece, self.best(a, negated(b), depth), key=lambda one: one.cost)
            total = total.plus(piece)
        return total

    # Sums and products --------------------------------------------------------------------------------------

    def _parts(self, kind: str, link: Form, formula: Form, depth: int) -> Alignment:
        ours, theirs = _as_parts(link, kind), _as_parts(formula, kind)
        table = [[self._part(kind, a, b, depth) for b in theirs] for a in ours]
        found = self._sequence(kind, ours, theirs, table)
        if found.cost >= WRONG_NUMBER and max(len(ours), len(theirs)) <= LONGEST:
            found = min(found, self._any_order(kind, ours, theirs, table), key=lambda one: one.cost)
        return _with_sign(found, link, formula) if kind == "product" else found

    def _opened_parts(self, kind: str, link: Form, formula: Form, depth: int) -> Iterator[Alignment]:
        """The alignments with a formula in which one quantity, itself a sum or product, is written out."""
        theirs = _as_parts(formula, kind)
        if len(_as_parts(link, kind)) < len(theirs):
            return
        for at, (part, _) in enumerate(theirs):
            opened = self.opened(part)
            if opened is None or opened.kind != kind:
                continue
            parts = [(opened if i == at else one, p) for i, (one, p) in enumerate(theirs)]
            yield self.best(link, self.whole(kind, parts, formula), depth + 1).plus(Alignment(OPENED))

    def _grouped_parts(self, kind: str, link: Form, formula: Form, depth: int) -> Iterator[Alignment]:
        """The alignments in which one number stands for several parts that are not neighbours."""
        ours, theirs = _as_parts(link, kind), _as_parts(formula, kind)
        spare = len(theirs) - len(ours)
        if not spare > 0 or len(theirs) > 8:
            return
        figures = [part.figure for part, power in ours if part.figure is not None and power > 0]
        for size in range(2, spare + 2):
            for chosen in combinations(range(len(theirs)), size):
                whole = self.whole(kind, [theirs[i] for i in chosen], None)
                if not any(self.judge(one, at) for one in figures for at in (whole.node, node(NEG, (whole.node,)))):
                    continue
                rest = [part for i, part in enumerate(theirs) if i not in chosen]
                parts = [(Form("leaf", whole.node), 1), *rest]
                yield self.best(link, self.whole(kind, parts, formula), depth + 1).plus(Alignment(OPENED))

    def _part(self, kind: str, ours: tuple[Form, int], theirs: tuple[Form, int], depth: int) -> Alignment:
        """One part on another. The sign of a product's factors counts for the product, so a factor may be negated."""
        (a, p), (b, q) = ours, theirs
        if p != q:
            inverse = _inverse_constant(b, q)
            if inverse is None or a.figure is None or p != -q:
                return Alignment(OTHER_SHAPE + 1, others=((a, b),))
            b = inverse
        found = self.best(a, b, depth)
        if kind == "product" and found.cost >= WRONG_NUMBER and a.node is not b.node:
            minus = self.best(a, negated(b), depth)
            if minus.cost < WRONG_NUMBER:
                pairs = (Pair(a, b, fits=True, negative=True),) if a.figure is not None else minus.pairs
                return replace(minus, pairs=pairs, sign=-minus.sign)
        if kind == "sum" and found.cost >= WRONG_NUMBER:
            opposite = self.best(negated(a), b, depth)
            if opposite.cost < WRONG_NUMBER:
                return Alignment(opposite.cost + WRONG_SIGN, opposite.pairs, flipped=((a, b),))
        return found

    def _sequence(self, kind: str, ours: _Parts, theirs: _Parts, table: Sequence[Sequence[Alignment]]) -> Alignment:
        """The best alignment in order; one number may stand for several neighbouring parts of the formula."""
        missing = [self._missing(kind, part) for part in theirs]
        extra = [self._extra(kind, part) for part in ours]
        steps: list[list[tuple[float, int, int, Alignment]]] = []  # cost so far, where from, and the piece put there
        for i in range(len(ours) + 1):
            row: list[tuple[float, int, int, Alignment]] = []
            steps.append(row)
            for j in range(len(theirs) + 1):
                options = [] if i or j else [(0.0, 0, 0, Alignment())]
                if i and j:
                    piece = table[i - 1][j - 1]
                    options.append((steps[i - 1][j - 1][0] + piece.cost, i - 1, j - 1, piece))
                if i:
                    options.append((steps[i - 1][j][0] + extra[i - 1].cost, i - 1, j, extra[i - 1]))
                if j:
                    options.append((row[j - 1][0] + missing[j - 1].cost, i, j - 1, missing[j - 1]))
                if i and j > 1 and ours[i - 1][0].figure is not None:
                    for k in range(max(0, j - 6), j - 1):
                        group = self._group(kind, ours[i - 1], theirs[k:j])
                        if group is not None:
                            options.append((steps[i - 1][k][0] + group.cost, i - 1, k, group))
                row.append(min(options, key=lambda option: option[0]))
        pieces, i, j = list[Alignment](), len(ours), len(theirs)
        while i or j:
            _, i, j, piece = steps[i][j]
            pieces.append(piece)
        return reduce(Alignment.plus, reversed(pieces), Alignment())

    def _group(self, kind: str, ours: tuple[Form, int], theirs: _Parts) -> Alignment | None:
        part, power = ours
        assert part.figure is not None
        if power < 0:
            return None
        whole = self.whole(kind, theirs, None)
        if self.judge(part.figure, whole.node):
            return Alignment(OUT_OF_ORDER, pairs=(Pair(part, whole, fits=True),))
        if kind == "product" and self.judge(part.figure, node(NEG, (whole.node,))):
            return Alignment(OUT_OF_ORDER, pairs=(Pair(part, whole, fits=True, negative=True),), sign=-1)
        return None

    def _any_order(self, kind: str, ours: _Parts, theirs: _Parts, table: Sequence[Sequence[Alignment]]) -> Alignment:
        """The assignment that costs least, in any order; what is left over is missing or too many."""
        size = max(len(ours), len(theirs))
        rows = [
            [
                table[i][j].cost + (OUT_OF_ORDER if i != j else 0)
                if i < len(ours) and j < len(theirs)
                else (self._extra(kind, ours[i]) if i < len(ours) else self._missing(kind, theirs[j])).cost
                for j in range(size)
            ]
            for i in range(size)
        ]
        total = Alignment()
        for i, j in enumerate(least_cost(rows)):
            if i < len(ours) and j < len(theirs):
                total = total.plus(table[i][j], OUT_OF_ORDER if i != j else 0)
            elif i < len(ours):
                total = total.plus(self._extra(kind, ours[i]))
            else:
                total = total.plus(self._missing(kind, theirs[j]))
        return total

    def _missing(self, kind: str, part: tuple[Form, int]) -> Alignment:
        return Alignment() if self._is_neutral(kind, part[0]) else Alignment(LEFT_OUT, missing=(part[0],))

    def _extra(self, kind: str, part: tuple[Form, int]) -> Alignment:
        return Alignment() if self._is_neutral(kind, part[0]) else Alignment(LEFT_OUT, extra=(part[0],))

    def _is_neutral(self, kind: str, form: Form) -> bool:
        """Whether leaving a part out changes nothing: a factor 1, be it a rate of 1, or a term 0."""
        if form.node.op is NAME:  # what has a name is not left out because its figure happens to be 1
            return False
        return bool(self.judge(ONE if kind == "product" else ZERO, form.node))


_Parts = Sequence[tuple[Form, int]]


def _as_parts(form: Form, kind: str) -> _Parts:
    if form.kind != kind:
        return [(form, 1)]
    return [(part, 1) for part in form.parts] if kind == "sum" else list(zip(form.parts, form.powers, strict=True))


def _with_sign(found: Alignment, link: Form, formula: Form) -> Alignment:
    """The alignment of two products, once the signs of their factors have been counted."""
    is_nothing = any(part.figure is not None and not part.figure.value for part in link.parts)  # 0 has no sign
    if is_nothing or found.sign * _sign(link) * _sign(formula) > 0:
        return replace(found, sign=1)
    return replace(found.plus(Alignment(WRONG_SIGN, flipped=((link, formula),))), sign=1)


def _sign(form: Form) -> int:
    return form.sign if form.kind == "product" else 1


def _is_even_power(form: Form) -> bool:
    """Whether the sign of the base does not matter: (t - o)^2 is (o - t)^2."""
    exponent = form.parts[1].node if form.kind == "power" else None
    return exponent is not None and exponent.op is CONST and exponent.attribute % 2 == 0


def _inverse_constant(form: Form, power: int) -> Form | None:
    """1/2 for a divisor 2, and 2 for a factor 1/2."""
    if form.node.op is not CONST or not form.node.attribute:
        return None
    return Form("leaf", const(1 / form.node.attribute))


def _opened(formula: Form) -> Form | None:
    """The formula of a quantity, or 1/(1 + e^-h) for sigmoid(h), in the place of its name."""
    if formula.kind == "leaf" and formula.node.op is NAME:
        return form_of_node(formula.node.args[0])
    if formula.kind == "leaf" and formula.node.op is NEG and formula.node.args[0].op is NAME:
        return negated(form_of_node(formula.node.args[0].args[0]))
    if formula.kind == "call" and formula.node.op is SIGMOID:
        inner = negated(formula.parts[0])
        exp = Form("call", inner.node, parts=(inner,), name="exp")
        below = Form("sum", node(ADD, (const(1), exp.node)), parts=(Form("leaf", const(1)), exp))
        return Form("product", formula.node, 1, (below,), (-1,))
    return None


def least_cost(rows: Sequence[Sequence[float]]) -> list[int]:
    """The column of each row of a square table so that the sum of the chosen costs is least.

    The Hungarian method with potentials (Jonker and Volgenant 1987), O(n^3).

    >>> least_cost([[4, 1, 3], [2, 0, 5], [3, 2, 2]])
    [1, 0, 2]
    """
    size = len(rows)
    row_price, column_price = [0.0] * (size + 1), [0.0] * (size + 1)
    row_of = [0] * (size + 1)  # of each column, counted from 1; 0 is free
    for row in range(1, size + 1):
        row_of[0], column = row, 0
        least, way, used = [float("inf")] * (size + 1), [0] * (size + 1), [False] * (size + 1)
        while row_of[column]:
            used[column] = True
            current, step, following = row_of[column], float("inf"), 0
            for j in range(1, size + 1):
                if used[j]:
                    continue
                cost = rows[current - 1][j - 1] - row_price[current] - column_price[j]
                if cost < least[j]:
                    least[j], way[j] = cost, column
                if least[j] < step:
                    step, following = least[j], j
            for j in range(size + 1):
                if used[j]:
                    row_price[row_of[j]] += step
                    column_price[j] -= step
                else:
                    least[j] -= step
            column = following
        while column:
            row_of[column] = row_of[way[column]]
            column = way[column]
    result = [0] * size
    for column in range(1, size + 1):
        result[row_of[column] - 1] = column - 1
    return result
