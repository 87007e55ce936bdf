"""Prints a parse tree back as its writer wrote it, with regular spacing, and numbers put in where asked.

`explain` shows `1/2*(0.01 - 0.75)^2` under `1/2*(t1 - out_o1)^2`; both lines are this one function. Brackets
are added only where a tree made by a program would otherwise be read back differently.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

from chainrule.formula.syntax import (
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
)

_COMPARE, _SUM, _PRODUCT, _SIGN, _POWER, _QUOTE, _BASE, _CHANGE, _ATOM = 10, 20, 30, 35, 40, 45, 50, 55, 60
_LEFT_OUT: Final = "\0"  # where a product has no sign; no piece of text is this
_OPENERS: Final = ("(", "[")
_FIGURE: Final = re.compile(r"(?:[0-9.]+(?:[eE][+\-−]?[0-9]+)?|[½¼¾⅓⅔]) ?%?")
_SIGNED_FIGURE: Final = re.compile(rf"[+\-−]{_FIGURE.pattern}")
_NAMED: Final = re.compile(r"(?:[^\W\d]\w*'*)?")

Substitute: TypeAlias = Callable[[Tree], str | None]
# Text as it stands, or a tree with the least strength it must have there and whether it may be substituted.
_Job: TypeAlias = str | tuple[Tree, int, bool]


def render(tree: Tree, substitute: Substitute | None = None, *, every_sign: bool = False) -> str:
    """The text of a tree; `substitute` may give a text such as `0.15` or `-1.7` for any subtree.

    With `every_sign` products that were written without one get their sign, as problem files demand.

    A signed text is put in brackets except at the very start, after an opening bracket and after a comma;
    as the base of a power it always is. What stands inside `dE/dw`, `w'`, `E@3`, `o{2}` and `delta(h)` names
    a quantity, and is substituted as a whole or not at all.

    >>> from chainrule.formula.parser import parse_expression
    >>> numbers = {"w": "-1.7", "x": "0.05", "b": "-1"}
    >>> tree = parse_expression("w*x^2+b").tree
    >>> render(tree), render(tree, lambda node: numbers.get(node.name) if isinstance(node, Ref) else None)
    ('w*x^2 + b', '-1.7*0.05^2 + (-1)')
    """
    pieces: list[str] = []
    put_in: set[int] = set()
    stack: list[_Job] = [(tree, 0, substitute is not None)]
    while stack:
        job = stack.pop()
        if isinstance(job, str):
            pieces.append(job)
            continue
        node, least, open_to = job
        text = substitute(node) if substitute is not None and open_to else None
        if text is not None:
            put_in.add(len(pieces))
            pieces.append(_bracketed(text, least, pieces, alone=_stands_alone(pieces, stack)))
            continue
        jobs: list[_Job] = list(_jobs(node, open_to))
        if _strength(node) < least:
            jobs = ["(", *jobs, ")"]
        stack.extend(reversed(jobs))
    return _joined(["*" if piece == _LEFT_OUT else piece for piece in pieces] if every_sign else pieces, put_in)


def _strength(node: Tree) -> int:
    match node:
        case Compare():
            return _COMPARE
        case Binary(op=op):
            return _SUM if op in "+-" else _POWER if op == "^" else _PRODUCT
        case Unary():
            return _SIGN
        case DerivativeRef():
            return _QUOTE
        case Number():
            return _BASE
        case Call(written="√", args=(inner,)):
            return _BASE if isinstance(inner, Group) else _POWER
        case Call(written="Δ"):
            return _CHANGE
        case _:
            return _ATOM


def _jobs(node: Tree, open_to: bool) -> Iterator[_Job]:
    match node:
        case Number(text=text):
            yield text
        case Ref(name=name):
            yield name
        case Unary(op=op, operand=operand):
            yield op
            yield operand, _SIGN, open_to
        case Binary():
            yield from _binary(node, open_to)
        case Compare(op=op, left=left, right=right):
            yield left, _SUM, open_to
            yield f" {op} "
            yield right, _SUM, open_to
        case Group(inner=inner, bracket=bracket):
            yield bracket
            yield inner, 0, open_to
            yield ")" if bracket == "(" else "]"
        case Call() | FunctionPrime():
            yield from _call(node, open_to)
        case ListExpr(items=items):
            yield "["
            yield from _listed(items, ", ", open_to)
            yield ",]" if len(items) == 1 else "]"
        case _:
            yield from _quantity(node, open_to)


def _binary(node: Binary, open_to: bool) -> Iterator[_Job]:
    if node.op in "+-":
        least_left, sign, least_right = _SUM, f" {node.op} ", _PRODUCT
    elif node.op == "^":
        least_left, sign, least_right = _BASE, "^", _SIGN
    else:
        least_left, sign, least_right = _PRODUCT, " @ " if node.op == "@" else node.op, _SIGN
    yield node.left, least_left, open_to
    if node.op == "^" and isinstance(node.right, Number) and node.right.text[:1] in "⁻⁰¹²³⁴⁵⁶⁷⁸⁹":
        yield node.right.text
    elif node.implicit:
        yield _LEFT_OUT
        yield node.right, _POWER, open_to
    else:
        yield sign
        yield node.right, least_right, open_to


def _call(node: Call | FunctionPrime, open_to: bool) -> Iterator[_Job]:
    name = node.written or node.function
    if isinstance(node, FunctionPrime):
        name += "'" * node.count
    elif node.written == "√":
        yield name
        nested = isinstance(node.args[0], Call) and node.args[0].written == "√"
        yield node.args[0], _POWER if nested else _BASE, open_to
        return
    elif node.written == "Δ":
        yield name
        yield from _closed(node.args[0], bare=isinstance(_root(node.args[0]), Ref | Group))
        return
    yield name
    yield "("
    # delta(h1) and change(w5) name a quantity; numbers have neither.
    yield from _listed(node.args, ", ", open_to and name not in ("delta", "change", "δ"))
    yield ")"


def _quantity(node: Tree, open_to: bool) -> Iterator[_Job]:
    match node:
        case Index(of=of, indices=indices):
            yield of, _ATOM, False
            yield "["
            yield from _listed(indices, ",", open_to)
            yield "]"
        case Prime(of=of, count=count):
            yield of, _ATOM + 1 if isinstance(of, Prime) else _CHANGE, False
            yield "'" * count
        case AtUpdate(of=of, n=n):
            yield of, _CHANGE, False
            yield f"@{n}"
        case ExampleRef(of=of, number=number):
            yield of, _ATOM, False
            yield f"{{{number}}}"
        case DerivativeRef(of=of, by=by, style=style, direct=direct):
            yield style
            yield from _part(of)
            yield f"/{style}"
            yield from _part(by)
            if direct:
                yield " (direct)"


def _part(tree: Tree) -> Iterator[_Job]:
    round_group = isinstance(tree, Group) and tree.bracket == "("
    return _closed(tree, bare=round_group or isinstance(_root(tree), Ref))


def _closed(tree: Tree, *, bare: bool) -> Iterator[_Job]:
    if bare:
        yield tree, 0, False
    else:
        yield from ("(", (tree, 0, False), ")")


def _root(tree: Tree) -> Tree:
    while isinstance(tree, Index | ExampleRef):
        tree = tree.of
    return tree


def _listed(items: Sequence[Tree], comma: str, open_to: bool) -> Iterator[_Job]:
    for number, item in enumerate(items):
        if number:
            yield comma
        yield item, 0, open_to


def _stands_alone(pieces: Sequence[str], stack: Sequence[_Job]) -> bool:
    following = stack[-1] if stack else ")"
    return _starts_fresh(pieces) and isinstance(following, str) and following[:1] in (")", "]", ",")


def _starts_fresh(pieces: Sequence[str]) -> bool:
    return not pieces or pieces[-1] in _OPENERS or pieces[-1][0] == ","


def _bracketed(text: str, least: int, pieces: Sequence[str], *, alone: bool) -> str:
    if alone or _is_closed(text) or (least <= _BASE and _FIGURE.fullmatch(text)):
        return text
    if least < _BASE and _starts_fresh(pieces) and _SIGNED_FIGURE.fullmatch(text):
        return text
    return f"({text})"


def _is_closed(text: str) -> bool:
    """Whether a text holds together by itself: a name, or brackets round all of it, perhaps after a name."""
    text = text.rstrip("'")
    match = _NAMED.match(text)
    rest = text[match.end() :] if match else text
    if not rest or rest[0] not in "([{":
        return bool(text) and not rest
    depth = 0
    for position, character in enumerate(rest):
        depth += (character in "([{") - (character in ")]}")
        if depth == 0:
            return position == len(rest) - 1
    return False


def _joined(pieces: list[str], put_in: set[int]) -> str:
    for position, piece in enumerate(pieces):
        if piece == _LEFT_OUT:
            before, after = pieces[position - 1], pieces[position + 1]
            touched = position - 1 in put_in, position + 1 in put_in
            pieces[position] = _left_out_sign(before, after, *touched)
    return "".join(pieces)


def _left_out_sign(before: str, after: str, before_put_in: bool, after_put_in: bool) -> str:
    """What stands between two factors whose sign was left out, given the pieces of text on both sides."""
    figure = _FIGURE.fullmatch(before) is not None
    if after[0] in "([":
        fits = figure or before[-1] in ")]}" or not (before_put_in or after_put_in)
        return "" if fits else "*"
    if before_put_in or after_put_in or _FIGURE.match(after):
        return "*"
    if figure:
        return " " if after[0] in "eE_" and before[-1] in ".0123456789" else ""
    return "" if before[-1] in ")⁰¹²³⁴⁵⁶⁷⁸⁹" else " "
