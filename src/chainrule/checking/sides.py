"""Reads one side of a claim: a formula, numbers put in or a figure, in the words that this problem knows.

Everything is refused here that could not be judged later, with a reason a person can act on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final

from chainrule.checking.claims import Kind
from chainrule.checking.definitions import with_definition
from chainrule.checking.elements import shape_of
from chainrule.checking.figures import FARTHEST
from chainrule.dataclasses import dataclass, field
from chainrule.errors import FormulaError
from chainrule.formula.lowering import nearest_hint
from chainrule.formula.parser import parse_tokens
from chainrule.formula.reading import Rules
from chainrule.formula.syntax import (
    CONSTANTS,
    FUNCTIONS,
    AtUpdate,
    Binary,
    Call,
    DerivativeRef,
    ExampleRef,
    FunctionPrime,
    Index,
    Number,
    Prime,
    Ref,
    Span,
    Tree,
    Unary,
    children,
    ungroup,
    walk,
)
from chainrule.formula.tokens import show, tokenize
from chainrule.node import Node, input_node, type_of
from chainrule.problem import Problem
from chainrule.problem.names import is_expression, known_in
from chainrule.problem.resolve import expression
from chainrule.quantity import Example, Name, Quantity, spell

LONGEST: Final = 20_000  # characters of one side
MOST_HINTS: Final = 100  # looking for the name that was meant takes long, and nobody reads more of them
MOST_DEFINED: Final = 200  # names: each makes the problem anew
MOST_NESTED: Final = 6  # derivatives and updates in one another
MOST_DIGITS: Final = 400  # of a number

_ELLIPSIS: Final = re.compile(r"(?<=[0-9%]) *(?:\.\.\.|…)")
_POWER: Final = re.compile(r"[eE][+\-−]?([0-9]+)")
_COMMA: Final = re.compile(r"[0-9],[0-9]")
_MARKER: Final = re.compile(r"(?:[-−–+]|[0-9]{1,3}\.|\([0-9]{1,3}\))[ \t]+[^\W\d_]")
_RATES: Final = ("rate", "eta", "η")
_LATER: Final = (DerivativeRef, FunctionPrime, Prime, AtUpdate)


@dataclass(slots=True, eq=False)
class Language:
    """The words that a problem knows, its definitions on the way among them."""

    problem: Problem
    hints: int = MOST_HINTS
    _known: dict[str, bool] = field(default_factory=dict)
    _defined: int = 0

    def known(self, name: str) -> bool:
        """Whether there is a quantity of this name."""
        if name not in self._known:
            self._known[name] = known_in(self.problem)(name)
        return self._known[name]

    def define(self, name: str, tree: Tree, text: str) -> None:
        """Let a name stand for an expression from here on. Raises FormulaError if it cannot."""
        if self._defined >= MOST_DEFINED:
            raise FormulaError(f"more than {MOST_DEFINED} names are defined, the limit.")
        self.problem = with_definition(self.problem, name, self.plain(tree, text))
        self._known[name] = True
        self._defined += 1

    def plain(self, tree: Tree, text: str) -> str:
        """The text of a part as `problem.quantity` reads it: every product written, the rate under its own name."""
        edits: list[tuple[int, int, str]] = []
        for part in walk(tree):
            if isinstance(part, Binary) and part.implicit:
                edits.append((part.right.span.start, part.right.span.start, "*"))
            elif isinstance(part, Ref) and text[part.span.start : part.span.end] in _RATES:
                edits.append((*part.span, part.name))
        pieces, at = list[str](), tree.span.start
        for start, end, new in sorted(edits):
            pieces += [text[at:start], new]
            at = end
        return "".join([*pieces, text[at : tree.span.end]])

    def is_constant(self, name: str) -> bool:
        """Whether a name is e or pi, and no quantity."""
        return name in CONSTANTS and Name(name) not in self.problem.labels

    def read(self, text: str) -> Tree:
        """The tree of one side, with the learning rate under the name it has in the problem. Raises FormulaError."""
        if len(text) > LONGEST:
            raise FormulaError(f"found {len(text):,} characters, and at most {LONGEST:,} are read.")
        if not text:
            raise FormulaError("found nothing where a formula or a number was expected.")
        tokens = tokenize(_ELLIPSIS.sub(lambda found: " " * len(found[0]), text))
        rate = self.problem.training.rate
        if isinstance(rate, Name):
            tokens = [
                token._replace(text=rate.text)
                if token.kind == "name" and token.text in _RATES and not self.known(token.text)
                else token
                for token in tokens
            ]
        try:
            tree = parse_tokens(text, tokens, Rules(known=self.known, implicit_products=True)).tree
        except FormulaError as error:
            if _COMMA.search(text):
                hint = "Write decimals with a point (0.15) and thousands without a sign (1234)."
                raise FormulaError(error.what, hint=hint, offset=error.offset) from None
            raise
        for part in walk(tree):
            if isinstance(part, Number) and _is_absurd(part):
                limits = f"up to 1e{FARTHEST} and down to 1e-{FARTHEST}, of at most {MOST_DIGITS} characters"
                raise FormulaError(f"found {show(part.text)}; numbers are read {limits}.")
        return tree

    def kind(self, tree: Tree) -> Kind:
        """What a link is: a formula has names, a substitution operators, a figure neither."""
        if any(isinstance(part, Ref) and not self.is_constant(part.name) for part in walk(tree)):
            return "formula"
        return "figure" if is_figure(tree) else "substitution"

    def node(self, tree: Tree, text: str) -> Node:
        """The node of a side over quantities without values, which tells its shape.

        Raises FormulaError for a name that is not known and whatever cannot be worked out.
        """
        self.check_words(tree, text)
        node = expression(self.problem, tree, self._stand_in, text=text)
        if node.type.kind == "boolean":
            raise FormulaError(f"found the comparison {show(text)} where a number was expected.")
        return node

    def check_words(self, tree: Tree, text: str) -> None:
        """Raises FormulaError for unknown names, derivatives of numbers, and derivatives nested too deep."""
        for unknown in self.unknown(tree):
            raise FormulaError(f"there is no quantity {show(unknown)}.", hint=self.hint(unknown))
        stack = [(tree, 0)]
        while stack:
            part, depth = stack.pop()
            if isinstance(part, _LATER) or (isinstance(part, Call) and part.function in ("delta", "change")):
                depth += 1
                self._check_later(part, text, depth)
            stack.extend([(child, depth) for child in children(part)])

    def _check_later(self, part: Tree, text: str, depth: int) -> None:
        if depth > MOST_NESTED:
            raise FormulaError(f"found more than {MOST_NESTED} derivatives in one another, the limit.")
        if not isinstance(part, FunctionPrime) and self.kind(part) != "formula":
            what = show(text[part.span.start : part.span.end])
            raise FormulaError(f"found {what}, but nothing in it is a quantity.")

    def unknown(self, tree: Tree) -> Iterator[str]:
        """The names in a tree that mean nothing here."""
        for part in walk(tree):
            if isinstance(part, Call) and part.function not in FUNCTIONS:
                yield part.function
            elif isinstance(part, Ref) and not (
                self.known(part.name) or self.is_constant(part.name) or self._together(part.name)
            ):
                yield part.name

    def hint(self, name: str) -> str | None:
        """The name that was probably meant."""
        if not self.hints or len(name) > 50:
            return None
        self.hints -= 1
        return nearest_hint(name, [*map(spell, self.problem.labels), *self.problem.aliases]) or None

    def _together(self, name: str) -> bool:
        """Whether a name may be dEdw5, which `resolve` reads as dE/dw5."""
        if not name.startswith("d") or len(name) > 100:
            return False
        return any(self.known(name[1:i]) and self.known(name[i + 1 :]) for i in range(2, len(name)) if name[i] == "d")

    def _stand_in(self, label: Quantity) -> Node | None:
        if isinstance(label, Name | Example) and is_expression(self.problem, label):
            return None  # it is taken apart
        return input_node(label, type_of("real", shape_of(self.problem, label)))


def _is_absurd(number: Number) -> bool:
    size, power = abs(number.value), _POWER.search(number.text)
    if len(number.text) > MOST_DIGITS or (power is not None and int(power[1]) > FARTHEST):
        return True  # 0e703 is 0, but its last digit stands nowhere
    return bool(size and not Fraction(1, 10**FARTHEST) <= size <= 10**FARTHEST)


def is_figure(tree: Tree) -> bool:
    """Whether a tree is one number: with a sign, in brackets, or with a power of ten as in 4.38*10^-4."""
    tree = ungroup(tree)
    if isinstance(tree, Unary):
        tree = ungroup(tree.operand)
    if isinstance(tree, Binary) and tree.op == "*" and not tree.implicit:
        mantissa, power = tree.left, tree.right
        if isinstance(mantissa, Unary):
            mantissa = mantissa.operand
        return isinstance(mantissa, Number) and _is_power_of_ten(power)
    return isinstance(tree, Number)


def _is_power_of_ten(tree: Tree) -> bool:
    if not isinstance(tree, Binary) or tree.op != "^":
        return False
    exponent = ungroup(tree.right)
    if isinstance(exponent, Unary):
        exponent = exponent.operand
    base = tree.left
    return (
        isinstance(base, Number)
        and base.text == "10"
        and isinstance(exponent, Number)
        and (exponent.value.denominator == 1)
    )


def with_ellipsis(text: str, span: Span) -> str:
    """What stands at a span, with the dots after it that say it goes on.

    >>> with_ellipsis("[0.3..., 1]", Span(1, 4))
    '0.3...'
    """
    dots = _ELLIPSIS.match(text, span.end)
    return text[span.start : dots.end() if dots else span.end]


def is_truncated(text: str) -> bool:
    """Whether a figure ends in three dots.

    >>> is_truncated("0.0821..."), is_truncated("0.0821")
    (True, False)
    """
    return text.endswith(("...", "…"))


def is_marked(text: str) -> bool:
    """Whether what begins a line may be the mark of an item of a list: `- h1` or `2. h1`."""
    return _MARKER.match(text) is not None


def mentions(tree: Tree) -> Sequence[Tree]:
    """The quantities of a formula as they are now: not inside derivatives, nor after an update."""
    found: list[Tree] = []
    stack = [tree]
    while stack:
        part = stack.pop()
        if isinstance(part, Ref | Index | ExampleRef):
            found.append(part)
        elif not isinstance(part, _LATER):
            stack.extend(children(part))
    return found
