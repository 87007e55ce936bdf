"""The Pratt parser of the formula language: tokens -> parse tree, each operator with its strength of pull.

It runs on a stack of its own (`_run`), so that neither 200 nested brackets nor a sum of 20,000 terms depends
on Python's recursion limit, and looks ahead only through a table of matching brackets: time is linear.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any, Final, Literal, TypeAlias, TypeVar, cast

from chainrule.errors import FormulaError, Place
from chainrule.formula import derivative, product
from chainrule.formula.cursor import CLOSERS, Cursor
from chainrule.formula.reading import EVERYTHING, Feature, Parsed, Rules
from chainrule.formula.syntax import (
    ALIASES,
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
    Span,
    Tree,
    Unary,
)
from chainrule.formula.tokens import Token, fail, is_name, locate, show, tokenize

COMPARE, SUM, PRODUCT, UNARY, POWER = 10, 20, 30, 35, 40
_PULL: Final = {
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), COMPARE),
    **{"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "@": PRODUCT, "^": POWER},
}

_T = TypeVar("_T")
# A step yields the steps of a subtree and is sent the subtree.
Steps: TypeAlias = Generator[Any, Tree, _T]


def parse_expression(
    text: str,
    *,
    known: Callable[[str], bool] | None = None,
    implicit_products: bool = False,
    allow: frozenset[Feature] = EVERYTHING,
    place: Callable[[int], Place] | None = None,
) -> Parsed:
    """The parse tree of one expression.

    `known` tells the names of quantities, which decide whether `dA/dB` is a derivative; `place` maps an
    offset to its place in a file. Raises FormulaError.

    >>> from chainrule.formula.render import render
    >>> render(parse_expression("½×(t−o)²").tree)
    '½*(t - o)²'
    """
    rules = Rules(known=known, implicit_products=implicit_products, allow=allow, place=place)
    try:
        tokens = tokenize(text)
    except FormulaError as error:
        raise error.at(locate(text, 0, place)) from None
    return parse_tokens(text, tokens, rules)


def parse_quantity(
    text: str, known: Callable[[str], bool] | None = None, *, place: Callable[[int], Place] | None = None
) -> Parsed:
    """The parse tree of a quantity asked for, such as `dE/dw5`, `w5'` or `w0*x0`. Raises FormulaError.

    >>> parse_quantity("E@100").tree.n
    100
    """
    return parse_expression(text, known=known, place=place)


def parse_tokens(text: str, tokens: Sequence[Token], rules: Rules) -> Parsed:
    """The parse tree of tokens that end in an `end` token. Raises FormulaError."""
    parser = _Parser(text, tokens, rules)
    if tokens[0].kind == "end":
        fail(text, tokens[0].start, "the formula is empty", base=rules.place)
    tree = _run(parser.expression(0, 0))
    if parser.peek.kind != "end":
        parser.unexpected("an operator or the end of the formula was expected")
    return Parsed(tree, tuple(parser.remarks))


def _run(steps: Steps[Tree]) -> Tree:
    stack: list[Steps[Tree]] = [steps]
    below: Tree | None = None
    while stack:
        try:
            stack.append(stack[-1].send(cast(Tree, below)))
            below = None
        except StopIteration as stop:
            stack.pop()
            below = stop.value
    return cast(Tree, below)


class _Parser(Cursor):
    # Operators --------------------------------------------------------------------------------------------

    def expression(self, floor: int, depth: int) -> Steps[Tree]:
        start = self.peek.start
        left = yield self.operand(depth)
        while True:
            token = self.peek
            pull = _PULL.get(token.text, -1) if token.kind == "op" else -1
            if token.kind == "superscript":
                left = self.superscript(left, start)
            elif pull < 0 and product.starts_operand(token) and floor <= PRODUCT:
                self.check_left_out(left, token)
                right = yield self.expression(PRODUCT + 1, depth)
                left = Binary("*", left, right, self.span(start), implicit=True)
            elif pull < floor or pull < 0:
                return left
            elif pull == POWER:
                self.check_base(left, token)
                below = self.deeper(depth)
                self.position += 1
                right = yield self.expression(POWER, below)
                left = Binary("^", left, right, self.span(start))
            else:
                self.position += 1
                right = yield self.expression(pull + 1, depth)
                left = self.binary(token, left, right, start)

    def binary(self, token: Token, left: Tree, right: Tree, start: int) -> Tree:
        if _PULL[token.text] != COMPARE:
            return Binary(cast(Any, token.text), left, right, self.span(start))
        self.need("comparisons", start)
        if isinstance(left, Compare):
            self.fail(
                token.start,
                "found a second comparison in a row",
                "Compare two things at a time, in brackets.",
            )
        return Compare(cast(Any, token.text), left, right, self.span(start))

    def superscript(self, left: Tree, start: int) -> Tree:
        token = self.peek
        self.check_base(left, token)
        self.position += 1
        exponent = Number(token.text, token.value, Span(token.start, token.end))
        return Binary("^", left, exponent, self.span(start))

    def check_base(self, left: Tree, token: Token) -> None:
        sign = self.source_of(token) + ("2" if token.kind == "op" else "")
        hint = product.power_objection(left, sign, self.source, self.rules)
        if hint is not None:
            self.fail(token.start, f"the power {show(sign)} can be read in two ways here", hint)

    def check_left_out(self, left: Tree, token: Token) -> None:
        before = self.tokens[self.position - 1]
        found = product.objection(left, before, token, self.rules)
        if found is not None:
            self.fail(token.start, *found)

    # Operands ---------------------------------------------------------------------------------------------

    def operand(self, depth: int) -> Steps[Tree]:
        token = self.peek
        if token.kind == "number":
            self.position += 1
            return Number(self.source_of(token), token.value, Span(token.start, token.end))
        if token.kind == "name" or self.at("∂"):
            tree = yield self.named(depth)
        elif self.at("("):
            tree = yield self.group(depth)
        elif self.at("["):
            tree = yield self.listed(depth)
        elif self.at("-") or self.at("+"):
            below = self.deeper(depth)
            self.position += 1
            inner = yield self.expression(POWER, below)
            return Unary(cast(Any, token.text), inner, self.span(token.start))
        elif self.at("√"):
            return (yield self.root(depth))
        else:
            self.unexpected("a number, a name or '(' was expected")
        return (yield self.postfix(tree, token.start, depth))

    def source_of(self, token: Token) -> str:
        return self.text[token.start : token.end]

    def group(self, depth: int) -> Steps[Tree]:
        below = self.deeper(depth)
        opener = self.take()
        inner = yield self.expression(0, below)
        if self.at(","):
            self.unexpected("an operator or ')' was expected", "A list is written [a, b].")
        self.close(opener)
        return Group(inner, "(", self.span(opener.start))

    def listed(self, depth: int) -> Steps[Tree]:
        opener = self.peek
        items, comma = yield from self.items(depth, trailing_comma=True)
        if comma:
            return ListExpr(items, self.span(opener.start))
        return Group(items[0], "[", self.span(opener.start))

    def items(self, depth: int, *, trailing_comma: bool = False) -> Steps[tuple[tuple[Tree, ...], bool]]:
        below = self.deeper(depth)
        opener = self.take()
        items, comma = [(yield self.expression(0, below))], False
        while self.at(","):
            self.position += 1
            comma = True
            if trailing_comma and self.at(CLOSERS[opener.text]):
                break
            items.append((yield self.expression(0, below)))
        self.close(opener)
        return tuple(items), comma

    def root(self, depth: int) -> Steps[Tree]:
        below = self.deeper(depth)
        sign = self.take()
        if self.at("-") or self.at("+"):
            self.unexpected("a number, a name or '(' was expected", "Put brackets after '√'.")
        inner = yield self.operand(below)
        if isinstance(inner, DerivativeRef):
            text = self.source(inner.span)
            self.fail(sign.start, "the root can be read in two ways here", f"Write √({text}).")
        return Call("sqrt", (inner,), self.span(sign.start), written="√")

    def named(self, depth: int) -> Steps[Tree]:
        found = derivative.ahead(self.tokens, self.partners, self.position, self.rules)
        if found is not None and not found.quotient:
            return (yield self.derivative(found, depth))
        token = self.take()
        if found is not None and found.doubt:
            self.doubt(found.doubt, Span(token.start, self.tokens[found.end - 1].end))
        if token.kind == "op":
            self.fail(token.start, "'∂' begins no derivative here", "A derivative is written ∂E/∂w.")
        name, primes = token.text, 1 if self.peek.kind == "prime" else 0
        if name.startswith("Δ") and not self.rules.is_quantity(name) and self.is_change(name):
            return (yield self.change(token, depth))
        if self.at("(", primes) and self.is_call(token):
            return (yield self.call(token, primes, depth))
        ref = Ref(name, Span(token.start, token.end))
        follows = product.starts_operand(self.peek) or self.peek.kind == "superscript"
        if product.is_bare_function(ref, self.rules) and not follows:
            self.unexpected(f"'(' was expected after the function {name}")
        return ref

    def is_call(self, token: Token) -> bool:
        if token.text == "d" and not self.rules.is_quantity("d"):
            self.fail(token.start, "'d(' begins no derivative here", "A derivative is written d(...)/d(...).")
        if not self.rules.is_function(token.text):
            return False
        if self.rules.implicit_products and self.rules.is_quantity(token.text):
            reading = "the function, not as a product with the quantity of that name"
            self.doubt(reading, Span(token.start, token.end))
        return True

    def doubt(self, reading: str, span: Span) -> None:
        self.remark(f"{self.source(span)} is read as {reading}", span)

    def call(self, token: Token, primes: int, depth: int) -> Steps[Tree]:
        count = self.take().value.numerator if primes else 0
        if self.at(")", 1):
            self.position += 1
            self.unexpected(f"the argument of {token.text} was expected")
        args, _ = yield from self.items(depth)
        function = ALIASES.get(token.text, token.text)
        written = token.text if function != token.text else ""
        if primes:
            self.need("derivatives", token.start)
            return FunctionPrime(function, args, self.span(token.start), count, written)
        return Call(function, args, self.span(token.start), written)

    def is_change(self, name: str) -> bool:
        return is_name(name[1:]) if len(name) > 1 else self.peek.kind == "name" or self.at("(")

    def change(self, token: Token, depth: int) -> Steps[Tree]:
        self.need("updates", token.start)
        of: Tree
        if len(token.text) > 1:
            of = Ref(token.text[1:], Span(token.start + 1, token.end))
        elif self.at("("):
            of = yield self.group(depth)
        else:
            name = self.take()
            of = Ref(name.text, Span(name.start, name.end))
        of = yield self.parts(of, of.span.start, depth)
        return Call("change", (of,), self.span(token.start), written="Δ")

    # What follows an operand ------------------------------------------------------------------------------

    def postfix(self, tree: Tree, start: int, depth: int) -> Steps[Tree]:
        if isinstance(tree, DerivativeRef):
            self.check_after_derivative(tree)
            return tree
        while True:
            tree = yield self.parts(tree, start, depth)
            token = self.peek
            if token.kind not in ("prime", "update"):
                return tree
            self.need("updates", token.start)
            self.position += 1
            count = token.value.numerator
            make = Prime if token.kind == "prime" else AtUpdate
            tree = make(tree, count, self.span(start))

    def parts(self, tree: Tree, start: int, depth: int) -> Steps[Tree]:
        """Indices and examples, which bind closest."""
        while True:
            if self.at("{"):
                number = self.example()
                tree = ExampleRef(tree, number, self.span(start))
            elif self.at("[") and self.is_index(tree):
                if self.at("]", 1):
                    self.position += 1
                    self.unexpected("an index was expected")
                indices, _ = yield from self.items(depth)
                tree = Index(tree, indices, self.span(start))
            else:
                return tree

    def is_index(self, tree: Tree) -> bool:
        """After a name always; in `(1 - x)[1 - y]` of a working only if whole numbers stand inside."""
        if not self.rules.implicit_products or not isinstance(tree, Group | ListExpr | Call | FunctionPrime):
            return True
        end = self.partners[self.position]
        inside = self.tokens[self.position + 1 : min(end, self.position + 8)]
        return all(one.text == "," or (one.kind == "number" and one.text.isdecimal()) for one in inside)

    def example(self) -> int:
        opener = self.take()
        self.need("examples", opener.start)
        token = self.peek
        if token.kind != "number" or not token.text.isdecimal() or not 0 < token.value < 10**15:
            self.unexpected("the number of an example, counted from 1, was expected")
        self.position += 1
        self.close(opener)
        return token.value.numerator

    # Derivatives ------------------------------------------------------------------------------------------

    def derivative(self, found: derivative.Ahead, depth: int) -> Steps[Tree]:
        start = self.peek.start
        style: Literal["d", "∂"] = "∂" if self.at("∂") else "d"
        self.need("derivatives", start)
        if found.primed:
            span = Span(start, self.tokens[found.end - 1].end)
            hint = "Write (dE/dw)@1 for a derivative after one update."
            self.fail(start, f"{show(self.source(span))} can be read in two ways", hint)
        of = yield self.part(depth)
        self.position += 1
        by = yield self.part(depth)
        span = self.span(start)
        direct = self.at("(") and self.at(")", 2) and self.tokens[self.position + 1][:2] == ("name", "direct")
        if direct and not self.rules.is_quantity("direct"):
            self.position += 3
        else:
            direct = False
        if found.doubt:
            self.doubt(found.doubt, span)
        return DerivativeRef(of, by, style, self.span(start), direct)

    def part(self, depth: int) -> Steps[Tree]:
        token = self.take()
        of: Tree
        if token.text not in ("d", "∂"):
            of = Ref(token.text[1:], Span(token.start + 1, token.end))
        elif self.at("("):
            return (yield self.group(depth))
        else:
            name = self.take()
            of = Ref(name.text, Span(name.start, name.end))
        return (yield self.parts(of, of.span.start, depth))

    def check_after_derivative(self, tree: DerivativeRef) -> None:
        token = self.peek
        if token.kind not in ("prime", "update") and not self.at("{"):
            return
        what = f"{show(self.source(Span(tree.span.start, token.end)))} can be read in two ways"
        if self.at("{"):
            self.fail(token.start, what, f"Write ({self.source(tree.span)}){{1}}.")
        self.fail(token.start, what, f"Write ({self.source(tree.span)})@{token.value}.")
