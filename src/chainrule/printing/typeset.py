"""Formulas as mathematics: one walk over the parse tree says which construction stands where, with which brackets.

LaTeX and MathML differ only in a `Style`, the table of what is written before, between and after the parts. The walk
is iterative: sums of 20,000 terms are typeset like any other formula.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Final, TypeAlias

from chainrule.dataclasses import dataclass, replace
from chainrule.errors import FormulaError
from chainrule.formula.parser import parse_expression
from chainrule.formula.render import render
from chainrule.formula.syntax import (
    FUNCTIONS,
    AtUpdate,
    Binary,
    Call,
    Compare,
    DerivativeRef,
    ExampleRef,
    FunctionPrime,
    Group,
    Index,
    ListExpr,
    Number,
    Prime,
    Ref,
    Tree,
    Unary,
    children,
    walk,
)
from chainrule.printing.glyphs import EARLIER, Glyph, Typography, quantity_glyph

BREAK: Final = "\0"  # where a long formula may be broken; no style writes this character
ARRAY: Final = "ⵣ"  # a name of this letter and a number stands for an array; nobody's own name begins so
LONGEST_FRACTION: Final = 60  # characters above or below the line; longer ones keep the slash
_EARLIER: Final = re.compile(r"\(n-(\d{1,6})\)")
_PATH: Final = re.compile(r"\bpath (\d+)\b")
_OPERATOR: Final = re.compile(
    r"(?<![\w.])d(?:/d(?P<by>[^\W\d]\w*(?:\[[\d,]+\])?(?:\{\d+\})?)|(?P<function>[a-z]\w*))\("
)
_LATER: Final = re.compile(r"@(1\d{12})")
_SCIENTIFIC: Final = re.compile(r"([\d.]+)[eE]([+\-−]?)0*(\d+)")
_VULGAR: Final = {"½": "1/2", "¼": "1/4", "¾": "3/4", "⅓": "1/3", "⅔": "2/3"}
_SIGNS: Final = {"<=": "≤", ">=": "≥", "==": "=", "!=": "≠", "-": "−", "*": "·"}
_CLOSERS: Final = {"(": ")", "[": "]", "|": "/|", "‖": "/‖", ".": "/|"}
_GREEK_FUNCTIONS: Final = {"sigmoid": "σ", "delta": "δ", "change": "Δ"}

Parts: TypeAlias = tuple[str, str, str]  # what stands before, between and after two parts
# Text as it stands, or a tree and whether the formula may be broken inside it.
Job: TypeAlias = str | tuple[Tree, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a language writes each construction."""

    fraction: Parts
    small_fraction: Parts
    power: Parts
    raised: Parts  # like a power, of what may have something above it already
    below: Parts
    root: tuple[str, str]
    row: tuple[str, str]
    fence: Callable[[str, bool], str]  # a bracket (a bar that closes is `/|`), and whether it grows with what is inside
    number: Callable[[str], str]
    letter: Callable[[Glyph], str]
    sign: Callable[[str, bool], str]  # an operator, and whether it stands before its only operand
    function: Callable[[str], str]
    plain: Callable[[str], str]  # text that is no formula
    array: Callable[[Sequence[Sequence[str]]], str]  # rows of cells that are set already
    joined: Callable[[list[str]], str] = "".join
    link: Callable[[str], tuple[str, str] | None] = lambda quantity: None


def typeset(text: str, style: Style, typography: Typography) -> str:
    """The formula in the style's language, `BREAK` where it may be broken; what is no formula becomes plain text.

    >>> from chainrule.printing.latex_math import LATEX
    >>> typeset("1/2*(t1 - out_o1)^2", LATEX, Typography()).replace(BREAK, "")
    '\\\\tfrac{1}{2} \\\\cdot (t_{1} - \\\\mathit{out}_{o_{1}})^{2}'
    """
    tree = parsed(text, typography)
    return style.plain(text) if tree is None else _Setter(style, typography, tree).text(tree)


def parsed(text: str, typography: Typography) -> Tree | None:
    """The parse tree of what a view printed, or None if it is no formula."""
    source = _EARLIER.sub(lambda found: f"@{EARLIER + int(found[1])}", text)
    source = _with_brackets(_PATH.sub(r"path_\1", source))
    for known in dict.fromkeys([typography.known, None]):
        try:
            return parse_expression(source, known=known).tree
        except FormulaError:
            continue
    return None


def _with_brackets(text: str) -> str:
    """`d/dx(EXPR)` and `dsigmoid(x)/dx`, as derivations write them, as `d(EXPR)/dx` and `d(sigmoid(x))/dx`."""
    position = 0
    while found := _OPERATOR.search(text, position):
        start = found.end() - 1
        end = _closing(text, start)
        position = found.start() + 1
        if end is not None and found["by"]:
            text = f"{text[: found.start()]}d{text[start : end + 1]}/d{found['by']}{text[end + 1 :]}"
        elif end is not None and found["function"] in FUNCTIONS and text.startswith("/d", end + 1):
            text = f"{text[: found.start()]}d({found['function']}{text[start : end + 1]}){text[end + 1 :]}"
    return text


def _closing(text: str, start: int) -> int | None:
    depth = 0
    for position in range(start, len(text)):
        depth += (text[position] == "(") - (text[position] == ")")
        if depth == 0:
            return position
    return None


def canonical(tree: Tree) -> str:
    """How views spell the quantity."""
    return _LATER.sub(lambda found: f"(n-{int(found[1]) - EARLIER})", render(tree))


class _Setter:
    def __init__(self, style: Style, typography: Typography, tree: Tree) -> None:
        self.style = style
        self.typography = typography
        self.tall = _tall(tree)

    def text(self, tree: Tree) -> str:
        pieces: list[str] = []
        stack: list[Job] = [(tree, True)]
        while stack:
            job = stack.pop()
            if isinstance(job, str):
                pieces.append(job)
            else:
                stack.extend(reversed(list(self.jobs(*job))))
        return self.style.joined([piece for piece in pieces if piece])

    def jobs(self, node: Tree, breakable: bool) -> Iterator[Job]:
        link = self.style.link(canonical(node)) if isinstance(node, _QUANTITIES) else None
        if link is None:
            yield from self.construction(node, breakable)
        else:  # a link within a link leads nowhere
            alone = replace(self.style, link=lambda quantity: None)
            yield link[0] + _Setter(alone, self.typography, node).text(node) + link[1]

    def construction(self, node: Tree, breakable: bool) -> Iterator[Job]:
        glyph = quantity_glyph(node, self.typography) if isinstance(node, _NAMED) else None
        if glyph is not None:
            yield self.style.letter(glyph)
            return
        match node:
            case Number():
                yield from self.number(node)
            case Unary(op=op, operand=operand):
                yield self.style.sign(_SIGNS.get(op, op), True)
                yield operand, breakable
            case Binary():
                yield from self.binary(node, breakable)
            case Compare(op=op, left=left, right=right):
                yield left, breakable
                yield self.style.sign(_SIGNS.get(op, op), False)
                yield right, breakable
            case Group(inner=inner, bracket=bracket):
                yield from self.fenced(bracket, inner, breakable)
            case ListExpr(items=items):
                yield from self.listed("[", items, breakable)
            case Call():
                yield from self.call(node, breakable)
            case FunctionPrime(function=function, args=args, count=count):
                yield from _around(self.style.power, [self.name(function)], [self.style.sign("′" * count, True)])
                yield from self.listed("(", args, breakable)
            case DerivativeRef():
                yield from self.derivative(node)
            case Index(of=of, indices=indices):
                yield from self.indexed(of, indices)
            case Prime(of=of, count=count):
                yield from _around(self.style.raised, [(of, False)], [self.style.sign("′" * count, True)])
            case AtUpdate(of=of, n=n):
                if n > EARLIER:
                    yield of, False
                    yield self.style.letter(Glyph("", mark=f"(n-{n - EARLIER})"))
                else:
                    yield from _around(self.style.raised, [(of, False)], [self.style.letter(Glyph("", mark=f"@{n}"))])
            case ExampleRef(of=of, number=number):
                braces = self.style.letter(Glyph("", mark=f"{{{number}}}"))
                yield from _around(self.style.raised, [(of, False)], [braces])

    # Numbers and operators --------------------------------------------------------------------------------

    def number(self, node: Number) -> Iterator[Job]:
        text = _VULGAR.get(node.text.rstrip("% "), node.text)
        scientific = _SCIENTIFIC.fullmatch(text)
        if "/" in text:
            top, bottom = text.split("/")
            yield from _around(self.style.small_fraction, [self.style.number(top)], [self.style.number(bottom)])
        elif scientific:
            exponent = [self.style.number(scientific[3])]
            if scientific[2] in ("-", "−"):
                exponent.insert(0, self.style.sign("−", True))
            yield self.style.number(scientific[1]) + self.style.sign("·", False)
            yield from _around(self.style.power, [self.style.number("10")], exponent)
        else:
            yield self.style.number(text)

    def binary(self, node: Binary, breakable: bool) -> Iterator[Job]:
        if node.op == "/" and _fits(node.left) and _fits(node.right):
            yield from self.fraction(node)
        elif node.op == "^":
            yield from self.power(node)
        else:
            sign = "" if node.implicit or node.op == "@" else self.style.sign(_SIGNS.get(node.op, node.op), False)
            gap = self.style.sign("@", False) if node.op == "@" else ""
            yield node.left, breakable
            yield (BREAK if breakable and sign else "") + sign + gap
            yield node.right, breakable

    def fraction(self, node: Binary) -> Iterator[Job]:
        top, bottom = node.left, node.right
        if isinstance(top, Unary) and top.op == "-":
            yield self.style.sign("−", True)
            top = top.operand
        small = _is_short(top) and _is_short(bottom)
        shape = self.style.small_fraction if small else self.style.fraction
        yield from _around(shape, [(_bare(top), False)], [(_bare(bottom), False)])

    def power(self, node: Binary) -> Iterator[Job]:
        exponent: Job = (_bare(node.right), False)
        if isinstance(node.right, Number) and node.right.text[:1] in "⁻⁰¹²³⁴⁵⁶⁷⁸⁹":
            exponent = self.style.number(_whole(node.right.value))
        base: list[Job] = [(node.left, False)]
        if self.has_top(node.left):
            base = [self.style.fence("(", True), *base, self.style.fence(")", True)]
        yield from _around(self.style.power, base, [exponent])

    def has_top(self, base: Tree) -> bool:
        """Whether an exponent after this would be taken for something else."""
        if isinstance(base, Number):
            return _SCIENTIFIC.fullmatch(base.text) is not None or base.text[0] in _VULGAR
        if isinstance(base, _NAMED):
            glyph = quantity_glyph(base, self.typography)
            return glyph is None or bool(glyph.sup or glyph.primes or glyph.mark)
        return isinstance(base, Unary | Binary | DerivativeRef) or (
            isinstance(base, Call) and base.function == "change"
        )

    # Brackets and functions -------------------------------------------------------------------------------

    def fenced(self, bracket: str, inner: Tree, breakable: bool) -> Iterator[Job]:
        yield from self.listed(bracket, [inner], breakable)

    def listed(self, bracket: str, items: Sequence[Tree], breakable: bool) -> Iterator[Job]:
        tall = any(id(item) in self.tall for item in items)
        breakable = breakable and not tall  # brackets that grow cannot be torn apart
        yield self.style.row[0] + self.style.fence(bracket, tall)
        for number, item in enumerate(items):
            if number:
                yield self.style.sign(",", False) + (BREAK if breakable else "")
            yield item, breakable
        yield self.style.fence(_CLOSERS[bracket], tall) + self.style.row[1]

    def name(self, function: str) -> str:
        greek = _GREEK_FUNCTIONS.get(function)
        return self.style.letter(Glyph(greek)) if greek else self.style.function(function)

    def call(self, node: Call, breakable: bool) -> Iterator[Job]:
        function, args = node.function, node.args
        first = args[0]
        if function == "sqrt":
            yield from (self.style.root[0], (_bare(first), False), self.style.root[1])
        elif function in ("abs", "norm") and len(args) == 1:
            yield from self.fenced("|" if function == "abs" else "‖", first, breakable)
        elif function == "change" and len(args) == 1:
            yield self.name(function)
            yield first, False
        elif function == "delta" and len(args) == 1:
            yield from _around(self.style.below, [self.name(function)], [(first, False)])
        elif function == "outer" and len(args) == 2 and all(isinstance(one, _QUANTITIES) for one in args):
            yield first, False
            yield self.style.sign("@", False)
            yield from _around(self.style.raised, [(args[1], False)], [self.style.function("T")])
        elif function == "transpose" and len(args) == 1:
            yield from _around(self.style.raised, [(first, False)], [self.style.function("T")])
        else:
            items = first.items if isinstance(first, ListExpr) and len(args) == 1 and len(first.items) > 1 else args
            yield self.name(function)
            yield from self.listed("(", items, breakable)

    # Quantities -------------------------------------------------------------------------------------------

    def indexed(self, of: Tree, indices: Sequence[Tree]) -> Iterator[Job]:
        if isinstance(of, Ref):
            yield of, False
            yield from self.listed("[", indices, False)
            return
        below: list[Job] = []
        for number, index in enumerate(indices):
            below += [self.style.sign(",", False), (index, False)] if number else [(index, False)]
        yield from _around(self.style.below, [(of, False)], below)

    def derivative(self, node: DerivativeRef) -> Iterator[Job]:
        round_d = self.style.sign("∂", True)
        inner = node.of.inner if isinstance(node.of, Group) else node.of
        by: list[Job] = [round_d, (node.by, False)]
        if isinstance(node.of, Group) and not isinstance(inner, DerivativeRef | Call):
            jobs = [*_around(self.style.fraction, [round_d], by), *self.fenced("(", inner, False)]
        elif isinstance(inner, Call):
            jobs = list(_around(self.style.fraction, [round_d, (inner, False)], by))
        elif isinstance(inner, DerivativeRef):
            jobs = [*_around(self.style.fraction, [round_d], by), (inner, False)]
        else:
            jobs = list(_around(self.style.fraction, [round_d, (node.of, False)], by))
        if node.direct:
            opened, closed = self.style.row[0] + self.style.fence(".", True), self.style.fence("/|", True)
            bar = [opened, *jobs, closed + self.style.row[1]]
            jobs = list(_around(self.style.below, bar, [self.style.function("direct")]))
        yield from jobs


_NAMED = (Ref, Index, ExampleRef, Prime, AtUpdate)
_QUANTITIES = (*_NAMED, DerivativeRef, Call)


def _around(shape: Parts, one: Sequence[Job], other: Sequence[Job]) -> Iterator[Job]:
    yield shape[0]
    yield from one
    yield shape[1]
    yield from other
    yield shape[2]


def _tall(tree: Tree) -> frozenset[int]:
    """The subtrees that are higher than a line of text, by identity."""
    found: set[int] = set()
    for node in reversed(list(walk(tree))):
        own = isinstance(node, DerivativeRef) or (isinstance(node, Ref) and node.name.startswith(ARRAY))
        own = own or (
            isinstance(node, Binary) and node.op == "/" and not (_is_short(node.left) and _is_short(node.right))
        )
        if own or any(id(child) in found for child in children(node)):
            found.add(id(node))
    return frozenset(found)


def _fits(tree: Tree) -> bool:
    return tree.span.end - tree.span.start <= LONGEST_FRACTION


def _is_short(tree: Tree) -> bool:
    return isinstance(tree, Number) and tree.text.isdigit() and len(tree.text) <= 2


def _bare(tree: Tree) -> Tree:
    """Without brackets around all of it, which a fraction line, a root or raising makes superfluous."""
    while isinstance(tree, Group):
        tree = tree.inner
    return tree


def _whole(value: Fraction) -> str:
    return str(value)
