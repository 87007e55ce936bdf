"""Nodes as formulas, with brackets only where they are needed: how tightly an op binds is data, read from its record.

One walk serves text and Python source, which differ in a `Dialect`. It is iterative: sums of 20,000 terms and chains
100,000 deep are printed like any other formula.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeAlias

from chainrule.dataclasses import dataclass, field
from chainrule.errors import GraphError
from chainrule.node import CONST, Node, is_quantity, label_of
from chainrule.ops.arithmetic import ADD, DIV, MUL, NEG, POWER, SUB
from chainrule.ops.choices import GREATER
from chainrule.ops.matrix import MATMUL
from chainrule.printing.figures import decimal_text, exact_figure
from chainrule.quantity import Quantity
from chainrule.quantity import spell as spell_label

ATOM = 100
QUOTIENT = 25  # how tightly a derivative's own spelling dE/dw binds: a factor as it is, but no divisor and no base
_LONGEST = 5_000_000  # pieces of text; shared values without a name can make a formula of any length

Spell: TypeAlias = Callable[[Quantity], str]
Substitute: TypeAlias = Callable[[Node], str | None]
# Text as it stands; or a node, how tightly it must bind there, and whether a minus before it has been written already.
Job: TypeAlias = str | tuple[Node, int, bool]
Layout: TypeAlias = Callable[[Node], Iterable[Job]]

_SUMS = (ADD, SUB)
_PRODUCTS = (MUL, DIV, MATMUL)
_PLAIN = re.compile(r"[\w.']+")
_FIGURE = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_DERIVATIVE = re.compile(r"[d∂].+/[d∂].+", re.DOTALL)
_FRACTION = re.compile(r"-?\d+/\d+")


def number_text(value: Fraction) -> str:
    """A constant as people write it: 1/2, 2/3, 3/4 as fractions, otherwise a decimal if there is one.

    >>> [number_text(Fraction(x)) for x in ("1/2", "2/3", "0.01", "-3", "12.5", "1/7")]
    ['1/2', '2/3', '0.01', '-3', '12.5', '1/7']
    """
    if value.denominator in (2, 3, 4) and abs(value.numerator) < 10:
        return f"{value.numerator}/{value.denominator}"
    return decimal_text(value) or exact_figure(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a language writes what others write otherwise."""

    power: str
    product: str
    quotient: str
    number: Callable[[Fraction], str] = number_text
    layouts: Mapping[str, Layout] = field(default_factory=dict)  # ops that are written in a way of their own, by name


def expression(
    node: Node, *, spell: Spell = spell_label, substitute: Substitute | None = None, dialect: Dialect | None = None
) -> str:
    """The formula of a node in quantities, or in what `substitute` puts in the place of any node.

    Stops at quantities and prints their label (give `body_of(q)` for the formula of a quantity). A negative number put
    in stands in brackets, except at the very start and as the argument of a function. Without a dialect the text is in
    the formula language. Raises `GraphError` if shared values without a name make it longer than a book.

    >>> from chainrule.node import input_node
    >>> from chainrule.quantity import Name
    >>> t, o = input_node(Name("t1")), input_node(Name("out_o1"))
    >>> expression(Fraction(1, 2) * (t - o) ** 2), expression(-(t - o)), expression(t + -2 * o)
    ('1/2*(t1 - out_o1)^2', '-(t1 - out_o1)', 't1 - 2*out_o1')
    >>> expression(t * o - o, substitute={t: "0.5", o: "-0.1"}.get)
    '0.5*(-0.1) - (-0.1)'
    """
    return _Printer(spell, substitute, dialect or TEXT).text(node)


def product(factors: Sequence[str], *, leading: bool = True) -> str:
    """Factors joined by ` * `; a sum, a product or a negative one is bracketed.

    The first may begin with a minus if the product begins a line (`leading`). A derivative stays as it is.

    >>> product(["dE/dout_h1", "out_h1*(1 - out_h1)", "x1"])
    'dE/dout_h1 * (out_h1*(1 - out_h1)) * x1'
    >>> product(["-0.038097237", "0.5"]), product(["-0.038097237", "0.5"], leading=False)
    ('-0.038097237 * 0.5', '(-0.038097237) * 0.5')
    """
    if len(factors) == 1 and leading:
        return factors[0]
    return " * ".join(_factor(text, first=leading and not i) for i, text in enumerate(factors))


def sum_of(terms: Sequence[str]) -> str:
    """Terms joined by ` + `, or ` - ` where a term begins with a minus.

    >>> sum_of(["a * b", "(-0.5) * c", "-d"])
    'a * b + (-0.5) * c - d'
    """
    pieces = [terms[0]] if terms else ["0"]
    for term in terms[1:]:
        pieces.append(f" - {term[1:]}" if term.startswith("-") else f" + {term}")
    return "".join(pieces)


@lru_cache(4096)  # sums over paths have the same factors again and again
def strength(text: str) -> int:
    """How tightly a text binds, on the scale of `Op.precedence`.

    >>> [strength(text) for text in ("w1'", "a + b", "-a", "a*b", "dE/dw1", "x^2", "f(a + b)", "1e-05")]
    [100, 10, 15, 20, 25, 30, 100, 100]
    """
    if _PLAIN.fullmatch(text) or _FIGURE.fullmatch(text):
        return ATOM
    text = text.removesuffix(" (direct)")
    found = ATOM
    for sign, start in _signs(text):
        if sign in "<>=!":
            found = min(found, GREATER.precedence)
        elif sign in "+-−":
            found = min(found, NEG.precedence if not start else ADD.precedence)
        else:
            found = min(found, POWER.precedence if sign == "^" else MUL.precedence)
    is_derivative = found == MUL.precedence and _DERIVATIVE.fullmatch(text) and "*" not in text
    return QUOTIENT if is_derivative else found


def _signs(text: str) -> Iterator[tuple[str, int]]:
    """The operators outside all brackets, with their positions; `**` is given as `^`."""
    depth, position = 0, 0
    while position < len(text):
        character = text[position]
        depth += (character in "([{") - (character in ")]}")
        figure = _FIGURE.match(text, position)
        if figure and not (position and (text[position - 1].isalnum() or text[position - 1] == "_")):
            position = figure.end()
            continue
        following = text[position + 1 : position + 2]
        if depth == 0 and character == following == "*":
            yield "^", position
            position += 1
        elif depth == 0 and (character in "+-−*/^<>=!" or (character == "@" and not following.isdigit())):
            yield character, position
        position += 1


def _factor(text: str, *, first: bool) -> str:
    tight = strength(text)
    if tight > MUL.precedence or (first and (tight == NEG.precedence or _FRACTION.fullmatch(text))):
        return text
    return f"({text})"


class _Printer:
    def __init__(self, spell: Spell, substitute: Substitute | None, dialect: Dialect) -> None:
        self.spell = spell
        self.substitute = substitute
        self.dialect = dialect

    def text(self, node: Node) -> str:
        pieces: list[str] = []
        stack: list[Job] = [(node, 0, False)]
        while stack:
            job = stack.pop()
            if isinstance(job, str):
                pieces.append(job)
                continue
            current, least, unsigned = job
            leaf = self.leaf(current, unsigned)
            if leaf is not None:
                pieces.append(f"({leaf})" if strength(leaf) < least else leaf)
                continue
            jobs = list(self.jobs(current, least, unsigned))
            if current.op.precedence < least and not (unsigned and current.op is NEG):
                jobs = ["(", *jobs, ")"]
            stack.extend(reversed(jobs))
            if len(pieces) > _LONGEST:
                raise GraphError("this formula is too long to print; give names to the values it repeats.")
        return "".join(pieces)

    def leaf(self, node: Node, unsigned: bool = False) -> str | None:
        """The text of what is not taken apart: a number put in, a quantity, a constant."""
        text = self.put_in(node)
        if text is None and is_quantity(node):
            return self.spell(label_of(node))
        if text is None and node.op is CONST:
            return self.dialect.number(-node.attribute if unsigned else node.attribute)
        return text

    def put_in(self, node: Node) -> str | None:
        return self.substitute(node) if self.substitute is not None else None

    def jobs(self, node: Node, least: int, unsigned: bool) -> Iterable[Job]:
        op = node.op
        if op is NEG:
            return [(node.args[0], least, False)] if unsigned else ["-", (node.args[0], MUL.precedence, False)]
        layout = self.dialect.layouts.get(op.name)
        if layout is not None:
            return layout(node)
        if op.precedence < ATOM:
            return self.infix(node, least, unsigned)
        return call(op.glyph, node.args) if op.arity != 0 else [op.glyph]

    def infix(self, node: Node, least: int, unsigned: bool) -> Iterable[Job]:
        op, (left, right) = node.op, node.args
        if op in _SUMS:
            flipped = op is ADD and self.begins_with_minus(right)
            sign = "-" if flipped else op.glyph
            return [(left, op.precedence, False), f" {sign} ", (right, NEG.precedence + 1, flipped)]
        if op in _PRODUCTS:
            # A minus before the first factor needs no brackets where one before the product would need none.
            first = NEG.precedence if least <= NEG.precedence else op.precedence
            if op is DIV and is_quantity(left) and self.put_in(left) is None:
                first = QUOTIENT + 1
            second = QUOTIENT + 1 if op is DIV else op.precedence + 1
            return [(left, first, unsigned), self.product_sign(node), (right, second, False)]
        if op is POWER:
            return [(left, op.precedence + 1, False), self.dialect.power, (right, op.precedence + 1, False)]
        return [(left, op.precedence + 1, False), f" {op.glyph} ", (right, op.precedence + 1, False)]

    def product_sign(self, node: Node) -> str:
        left = node.args[0]
        if node.op is MATMUL:
            return f" {node.op.glyph} "
        if node.op is DIV:
            literal = left.op is CONST and node.args[1].op is CONST  # 1/2 is read as one number
            return DIV.glyph if literal else self.dialect.quotient
        # dE/do1*w5 would be read as dE over all the rest.
        last = left.args[1] if left.op is MUL and self.put_in(left) is None else left
        leaf = self.leaf(last) if is_quantity(last) else None
        return " * " if leaf is not None and strength(leaf) == QUOTIENT else self.dialect.product

    def begins_with_minus(self, node: Node) -> bool:
        """Whether the text of a term begins with a minus that could be the minus of the sum."""
        while node.op in _PRODUCTS and self.put_in(node) is None:
            node = node.args[0]
        if is_quantity(node) or self.put_in(node) is not None:
            return False
        return node.op is NEG or (node.op is CONST and node.attribute < 0)


def call(name: str, args: Sequence[Node], *extra: str, brackets: str = "()") -> list[Job]:
    """A function of arguments, and of settings that are text already."""
    jobs: list[Job] = [name + brackets[0]]
    for number, argument in enumerate(args):
        jobs += [", ", (argument, 0, False)] if number else [(argument, 0, False)]
    return [*jobs, *[f", {text}" for text in extra], brackets[1]]


def _listed(node: Node) -> list[Job]:
    jobs = call("", node.args, brackets="[]")
    return [*jobs[:-1], ",]"] if len(node.args) == 1 else jobs  # [a] would be a bracket round a


def _along(node: Node) -> list[Job]:
    rank, axes = len(node.args[0].type.shape), node.attribute
    usual = tuple(range(rank))
    if node.op.name in ("softmax", "logsumexp"):  # the formula language takes these along the last axis
        usual = (rank - 1,)
    if axes == usual:
        return call(node.op.glyph, node.args)
    text = ", ".join(str(axis + 1) for axis in axes)
    return call(node.op.glyph, node.args, f"axis={text}" if len(axes) == 1 else f"axis=({text})")


def _transposed(node: Node) -> list[Job]:
    if node.attribute == tuple(reversed(range(len(node.attribute)))):
        return call("transpose", node.args)
    return call("transpose", node.args, _list_text([axis + 1 for axis in node.attribute]))


def _indexed(node: Node) -> list[Job]:
    return [(node.args[0], ATOM, False), f"[{_index_text(node.attribute)}]"]


def _index_text(index: Sequence[Any]) -> str:
    return ",".join(_position_text(at) for at in index)


def _position_text(at: Any) -> str:
    if isinstance(at, tuple):
        return f"{at[0] + 1}:{at[1]}"  # both ends counted from 1 and meant, as on the board
    return ":" if at is None else str(at + 1)


def _list_text(items: Iterable[Any]) -> str:
    return f"[{', '.join(map(str, items))}]"


_AXES = ("sum", "mean", "norm", "largest", "smallest", "logsumexp", "softmax", "count")
_LAYOUTS: dict[str, Layout] = {
    **dict.fromkeys(_AXES, _along),
    "softmax_unit": lambda n: ["softmax(", *call("", n.args, brackets="[]"), f")[{n.attribute + 1}]"],
    "logsumexp_unit": lambda n: ["logsumexp(", *call("", n.args, brackets="[]"), ")"],
    "stack": _listed,
    "index": _indexed,
    "transpose": _transposed,
    "reshape": lambda n: call("reshape", n.args, _list_text(n.attribute)),
    "broadcast": lambda n: call("broadcast", n.args, _list_text(n.attribute)),
    "concat": lambda n: call("concat", n.args, *([f"axis={n.attribute + 1}"] if n.attribute else [])),
    "one_hot": lambda n: call("one_hot", n.args, str(n.attribute)),
    "uniform": lambda n: call("uniform", n.args, _list_text(n.attribute)),
    "scatter": lambda n: call("scatter", n.args, _list_text(n.attribute[0]), f"[{_index_text(n.attribute[1])}]"),
}

TEXT = Dialect(power="^", product="*", quotient="/", layouts=_LAYOUTS)
