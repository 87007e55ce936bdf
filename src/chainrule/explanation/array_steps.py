"""The steps of a solution in arrays: each quantity's formula, the arrays put in, and its value as rows of cells.

A large array is told by its shape, its norm and its corners; what stands in full is decided here, once for all formats.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from chainrule.dataclasses import dataclass, replace
from chainrule.explanation.arrays import ArrayExplanation
from chainrule.explanation.products import is_one
from chainrule.graph import Contribution
from chainrule.node import CONST, NAME, Node, body_of, is_quantity, label_of, order
from chainrule.ops.arithmetic import ADD, MUL
from chainrule.ops.matrix import BROADCAST, MATMUL, OUTER, RESHAPE
from chainrule.ops.reduction import NORM
from chainrule.printing.document import Piece, Rows
from chainrule.printing.expression import ATOM, TEXT, Job, expression, product, sum_of
from chainrule.printing.figures import figure, given_figure
from chainrule.problem import Problem
from chainrule.quantity import Change, Derivative, Example, Memory, Name, Quantity, Updated, spell

MOST_ROWS: Final = 12  # a taller array is shown by its corners
MOST_COLUMNS: Final = 8
CORNER: Final = 3  # rows and columns at each end
FEWER_DIGITS: Final = 6  # decimals in corners: nobody works on with them by hand
SHORT: Final = 8  # nodes of an upstream derivative that is written out in the next one
_MARK: Final = "\u01c0"  # a letter nobody types, so that what it encloses needs no brackets
_TOKEN = re.compile(f"{_MARK}([0-9]+(?:row)?){_MARK}")  # stands in a formula for an array put in
_BY_VALUE = ("transpose", "step", "sign", "where", "reshape", "broadcast", "index", "largest", "smallest")


@dataclass(frozen=True, slots=True)
class ArrayStep:
    """One line of a solution in arrays; `rights` are its right sides, each in pieces (see `document.Matrices`)."""

    quantity: Quantity
    stage: str  # "forward", "backward" or "update"
    left: str
    rights: tuple[tuple[Piece, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class ArrayWriter:
    """Writes steps of an explanation in arrays."""

    explanation: ArrayExplanation
    deltas: Mapping[Quantity, Quantity]  # of a net input, its delta
    entries: Mapping[Quantity, Sequence[Contribution]]

    # -- how things are called

    def spell(self, label: Quantity) -> str:
        """A quantity, under its delta's name where the notation has deltas."""
        return spell(self.with_delta(label))

    def with_delta(self, label: Quantity) -> Quantity:
        match label:
            case Derivative(of, Example(by, number)) if of == self.explanation.passes.of and by in self.deltas:
                return Example(self.deltas[by], number)
            case Derivative(of, by) if of == self.explanation.passes.of and by in self.deltas:
                return self.deltas[by]
            case Updated(of):
                return replace(label, of=self.with_delta(of))
        return label

    def hidden(self, label: Quantity) -> bool:
        """Whether a derivative has no line of its own: in a notation of deltas, all but those and the weights'."""
        if not self.deltas or not isinstance(label, Derivative):
            return False
        by = label.by.of if isinstance(label.by, Example) else label.by
        return by not in self.deltas and by not in self.explanation.problem.parameter_arrays

    # -- steps

    def step(self, named: Node, stage: str) -> ArrayStep:
        """The step of a definition, a derivative or an update."""
        label = label_of(named)
        rule = self.rule(label)
        formula = self.formula(named)
        left = self.spell(label)
        texts = [text for text in dict.fromkeys([*([rule] if rule else []), formula]) if text != left]
        numbers, note = self.numbers(named)
        value = self.value(named)
        rights: list[tuple[Piece, ...]] = [(text,) for text in texts]
        if numbers is None or numbers == value:
            rights.append(value)
        else:
            rights.append((*numbers, " = ", *value) if value else numbers)
        meaning = f"{left} is {spell(label)}" if isinstance(label, Derivative) and left != spell(label) else ""
        remarks = [meaning, note, self.size_note(named)]
        return ArrayStep(label, stage, left, tuple([r for r in rights if r]), "; ".join(r for r in remarks if r))

    def rule(self, label: Quantity) -> str:
        """The chain rule with derivatives by name, where the derivative acts element by element."""
        terms: list[str] = []
        for entry in self.entries.get(label, ()):
            if is_one(entry.upstream):
                return ""
            if entry.local is None:
                terms.append(expression(entry.value, spell=self.spell, dialect=ARRAYS, substitute=self.written_out))
                continue
            assert isinstance(entry.of, Derivative)
            factor = spell(Derivative(entry.through, entry.of.by))
            terms.append(product([self.name_of(entry.upstream), factor], leading=not terms))
        return sum_of(terms) if terms and any(e.local is not None for e in self.entries[label]) else ""

    def name_of(self, upstream: Node) -> str:
        return self.written_out(upstream) or expression(upstream, spell=self.spell, dialect=ARRAYS)

    def formula(self, named: Node) -> str:
        body = body_of(named)
        body = body.args[0] if body.op is BROADCAST else body  # a number for every element
        return expression(body, spell=self.spell, dialect=ARRAYS, substitute=self.opened(named).get)

    def opened(self, named: Node) -> dict[Node, str]:
        """The derivatives written out in the formula of another: those without a line, and short local ones."""
        found: dict[Node, str] = {}
        for part in order([body_of(named)], cut=is_quantity):
            if part is named or part.op is not NAME or not isinstance(label_of(part), Derivative):
                continue
            if self.hidden(label_of(part)) or (isinstance(label_of(named), Derivative) and self.is_short(named, part)):
                found[part] = _as_factor(self.formula(part))
        return found

    def is_short(self, named: Node, upstream: Node) -> bool:
        local = [entry.local is not None for entry in self.entries.get(label_of(named), ())]
        parts = [n for n in order([body_of(upstream)], cut=is_quantity) if n.op is not CONST]
        plain = all(n.op.elementwise or n.op.name in ("broadcast", "input", "name") for n in parts)
        derived = any(is_quantity(n) and isinstance(label_of(n), Derivative) for n in parts)
        return local == [True] and plain and not derived and len(parts) <= SHORT

    def written_out(self, part: Node) -> str | None:
        """The formula of a derivative that has no line of its own; None for everything else."""
        if part.op is NAME and self.hidden(label_of(part)):
            return self.rule(label_of(part)) or self.formula(part)
        return None

    # -- numbers

    def numbers(self, named: Node) -> tuple[tuple[Piece, ...] | None, str]:
        """The formula with arrays put in, and a remark; shapes alone where an array is too large to be shown."""
        body = body_of(named)
        parts = self.parts(named)
        if any(n not in self.explanation.table for n in parts):
            return None, ""
        if any(is_large(n.shape) for n in (*parts, named)):
            products = any(n.op in (MATMUL, OUTER) for n in order([body], cut=is_quantity))
            shapes = expression(body, spell=self.spell, dialect=ARRAYS, substitute=self.shape_of_quantity)
            return None, f"shapes: {shapes} = {shape_text(named.shape)}" if products else ""
        joined = self.with_bias_column(body)
        if joined is not None:
            return joined, "the biases stand in the first column"
        tokens: list[Node] = []
        text = self.with_tokens(named, tokens)
        pieces: list[Piece] = []
        for at, part in enumerate(_TOKEN.split(text)):
            if at % 2 and part.endswith("row"):
                pieces.append((tuple([cell for (cell,) in self.rows(tokens[int(part[:-3])])]),))
            elif at % 2:
                pieces += self.value(tokens[int(part)])
            elif part and part != " @ ":  # arrays side by side are multiplied
                pieces.append(part)
        return tuple(pieces), ""

    def parts(self, named: Node) -> list[Node]:
        """The quantities in the formula of a step, those of derivatives written out in it included."""
        found: list[Node] = []
        opened = self.opened(named)
        for part in order([body_of(named)], cut=is_quantity):
            if part in opened:
                found += self.parts(part)
            elif is_quantity(part):
                found.append(part)
        return found

    def with_tokens(self, named: Node, tokens: list[Node]) -> str:
        opened = self.opened(named)

        def put_in(part: Node) -> str | None:
            if part in opened:
                return _as_factor(self.with_tokens(part, tokens))
            if part.op is OUTER and all(is_quantity(a) for a in part.args):  # a column times a row
                tokens.extend(part.args)
                return f"{_MARK}{len(tokens) - 2}{_MARK} @ {_MARK}{len(tokens) - 1}row{_MARK}"
            by_value = part.op.name in _BY_VALUE and part.shape and part in self.explanation.table
            if not by_value and not is_quantity(part):
                return None
            if not part.shape:
                return self.single(part)
            tokens.append(part)
            return f"{_MARK}{len(tokens) - 1}{_MARK}"

        return expression(body_of(named), spell=self.spell, substitute=put_in, dialect=ARRAYS)

    def with_bias_column(self, body: Node) -> tuple[Piece, ...] | None:
        """b*1 + W @ x as one product, the biases in front of the weights, as lecture 000 has it."""
        if body.op is not ADD or body.args[0].op is not MUL or body.args[1].op is not MATMUL:
            return None
        (bias, one), (weights, x) = body.args[0].args, body.args[1].args
        if (len(bias.shape), one.shape, len(weights.shape), len(x.shape)) != (1, (), 2, 1):
            return None
        left = tuple([(*b, *w) for b, w in zip(self.rows(bias), self.rows(weights), strict=True)])
        return left, ((self.single(one),), *self.rows(x))

    def shape_of_quantity(self, part: Node) -> str | None:
        return shape_text(part.shape) if is_quantity(part) and part.shape else None

    # -- values

    def value(self, at: Node) -> tuple[Piece, ...]:
        """The value of a node: a number, or the rows of an array; nothing for a symbol."""
        if at not in self.explanation.table:
            return ()
        if not at.shape:
            return (self.single(at),)
        return (self.rows(at),) if len(at.shape) <= 2 else (f"an array of {shape_text(at.shape)[1:-1]} numbers",)

    def rows(self, at: Node) -> Rows:
        """The rows of a vector or matrix; a vector is a column, unless all examples stand in rows."""
        shape = tuple([int(size) for size in at.shape])
        if len(shape) == 1:
            cells = [self.cell(at, (i,)) if i is not None else "..." for i in _shown(shape[0], MOST_ROWS)]
            return (tuple(cells),) if self.is_row(at) else tuple([(cell,) for cell in cells])
        columns = _shown(shape[1], MOST_COLUMNS)
        return tuple(
            [
                tuple(["..." if i is None or j is None else self.cell(at, (i, j)) for j in columns])
                for i in _shown(shape[0], MOST_ROWS)
            ]
        )

    def is_row(self, at: Node) -> bool:
        passes = self.explanation.passes
        if not passes.rows or not is_quantity(at):
            return False
        label = label_of(at)
        while isinstance(label, Updated | Change | Memory | Derivative):
            label = label.by if isinstance(label, Derivative) else label.of
        return label not in passes.rows

    def cell(self, at: Node, index: tuple[int, ...]) -> str:
        digits = min(self.explanation.digits, FEWER_DIGITS) if is_large(at.shape) else self.explanation.digits
        given = self.given(at, index)
        if given is not None:
            return given_figure(given, digits=digits)
        value = self.explanation.item(at, index)
        return "?" if value is None else figure(value, digits=digits)

    def given(self, at: Node, index: tuple[int, ...]) -> Any:
        """The exact number as the file has it, if it has not changed."""
        problem: Problem = self.explanation.problem
        if not is_quantity(at):
            return None
        label = label_of(at)
        nested: Any = problem.arrays.get(label.of if isinstance(label, Example) else label)
        if nested is None:
            return None
        if isinstance(label, Example):
            nested = nested[label.number - 1]
        for i in index:
            nested = nested[i]
        return nested if float(nested) == self.explanation.item(at, index) else None

    def single(self, at: Node) -> str:
        """A single number as it stands in a formula."""
        return self.cell(at, ()) if at in self.explanation.table else self.spell(label_of(at))

    def size_note(self, at: Node) -> str:
        """Shape and norm of an array that is shown by its corners."""
        if not is_large(at.shape) or at not in self.explanation.table:
            return ""
        numbers = self.explanation.numbers
        axes = tuple(range(len(at.shape)))
        with numbers.s.context():
            norm = float(NORM.value(numbers, axes, self.explanation.table[at]))
        return f"{shape_text(at.shape)[1:-1]} numbers, norm {figure(norm, digits=FEWER_DIGITS)}"


def _as_factor(text: str) -> str:
    """A product of matrices in brackets, because element by element it is multiplied otherwise."""
    return f"({text})" if " @ " in text else text


def is_large(shape: Sequence[int | str]) -> bool:
    """Whether an array of this shape is shown by its corners."""
    limits = (MOST_ROWS, MOST_COLUMNS)
    return len(shape) > 2 or any(int(size) > limit for size, limit in zip(shape, limits, strict=False))


def shape_text(shape: Sequence[int | str]) -> str:
    """A shape as people read it: `(300 x 784)`."""
    return f"({' x '.join(map(str, shape))})"


def _shown(size: int, most: int) -> list[int | None]:
    """The numbers of the rows that are shown; None stands for those left out."""
    return list(range(size)) if size <= most else [*range(CORNER), None, *range(size - CORNER, size)]


def array_writer(explanation: ArrayExplanation) -> ArrayWriter:
    """The writer of an explanation's steps."""
    entries: dict[Quantity, list[Contribution]] = {}
    for entry in explanation.passes.graph.ledger:
        entries.setdefault(entry.of, []).append(entry)
    return ArrayWriter(explanation, _deltas(explanation.problem), entries)


def _deltas(problem: Problem) -> dict[Quantity, Quantity]:
    names = problem.notation
    if names is None or names.notation.shown != "deltas and weights":
        return {}
    layers = range(1, len(names.layers))
    return {Name(names.spell_array("net", k)): Name(names.spell_array("delta", k)) for k in layers}


def array_steps(explanation: ArrayExplanation) -> list[ArrayStep]:
    """All steps of an update: forward pass, derivatives, update."""
    writer, passes = array_writer(explanation), explanation.passes
    steps = [writer.step(n, "forward") for n in passes.forward]
    steps += [writer.step(n, "backward") for n in passes.shown if not writer.hidden(label_of(n))]
    return steps + [writer.step(n, "update") for n in passes.update]


def _unstretched(part: Node) -> list[Job]:
    """An array stretched to a larger one is written as it is: the larger one says to what."""
    inner = part.args[0]
    while inner.op is RESHAPE and part.op.name == "broadcast":
        inner = inner.args[0]
    return [(inner, ATOM, False)]


def _reshaped(part: Node) -> list[Job]:
    """A reshape that only adds or drops axes of one element is not written."""
    plain = [size for size in part.shape if size != 1] == [size for size in part.args[0].shape if size != 1]
    return [(part.args[0], ATOM, False)] if plain else list(TEXT.layouts["reshape"](part))


ARRAYS = replace(TEXT, layouts={**TEXT.layouts, "broadcast": _unstretched, "reshape": _reshaped})
