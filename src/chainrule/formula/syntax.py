"""The parse tree of a formula: what a person wrote, with its place and its printed digits.

The graph forgets both; reports and `explain` need them, so they live here. Nodes compare by identity and
every walk is iterative, because a sum of 20,000 terms is a tree 20,000 deep.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from operator import attrgetter
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from chainrule.dataclasses import dataclass

# fmt: off
FUNCTIONS: Final = frozenset(
    {
        "sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "softplus", "exp", "log", "ln",
        "log10", "sqrt", "sin", "cos", "abs", "sign", "max", "min", "step", "softmax", "logsumexp",
        "sum", "mean", "dot", "norm", "transpose", "stop_gradient", "where", "delta", "change",
    }
)
# fmt: on
ALIASES: Final = {"σ": "sigmoid", "δ": "delta"}
CONSTANTS: Final = frozenset({"e", "pi", "π"})


class Span(NamedTuple):
    """Character offsets into the text: from `start` up to, not including, `end`."""

    start: int
    end: int


class _Syntax:
    __slots__ = ()
    span: Span

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.span.start}:{self.span.end}>"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Number(_Syntax):
    """A number exactly as printed (`.05`, `0.10`, `57.7%`, `½`, the `²` of `x²`) and its exact value."""

    text: str
    value: Fraction
    span: Span


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Ref(_Syntax):
    """A name, in Unicode's composed form (NFC)."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Unary(_Syntax):
    """A sign: `-x` or `+x`."""

    op: Literal["-", "+"]
    operand: Tree
    span: Span


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Binary(_Syntax):
    """Two operands and `+ - * / ^ @`; `implicit` where the sign of a product was left out."""

    op: Literal["+", "-", "*", "/", "^", "@"]
    left: Tree
    right: Tree
    span: Span
    implicit: bool = False


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Compare(_Syntax):
    """A comparison: `< <= > >= == !=`."""

    op: Literal["<", "<=", ">", ">=", "==", "!="]
    left: Tree
    right: Tree
    span: Span


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Call(_Syntax):
    """A function of arguments; `written` is the sign that stood for its name: `σ(x)`, `√x`, `Δw5`."""

    function: str
    args: tuple[Tree, ...]
    span: Span
    written: str = ""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FunctionPrime(_Syntax):
    """The derivative of a function at a quantity: `sigmoid'(h1)`."""

    function: str
    args: tuple[Tree, ...]
    span: Span
    count: int = 1
    written: str = ""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ListExpr(_Syntax):
    """A list literal: `[a, b]`."""

    items: tuple[Tree, ...]
    span: Span


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Index(_Syntax):
    """An element, counted from 1: `W[2,1]`."""

    of: Tree
    indices: tuple[Tree, ...]
    span: Span


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Group(_Syntax):
    """Brackets a person wrote: `(` or, without a comma inside, `[`."""

    inner: Tree
    bracket: Literal["(", "["]
    span: Span


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Prime(_Syntax):
    """The value after one update (or `count` of them): `w5'`."""

    of: Tree
    count: int
    span: Span


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class AtUpdate(_Syntax):
    """The value after `n` updates: `E@100`."""

    of: Tree
    n: int
    span: Span


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ExampleRef(_Syntax):
    """The quantity for one training example, counted from 1: `o1{2}`."""

    of: Tree
    number: int
    span: Span


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DerivativeRef(_Syntax):
    """A derivative: `dE/dw5`, `∂E/∂w5`, `d(E + F)/d(w)`; `direct` where `(direct)` follows.

    `of` and `by` are names, perhaps indexed or for one example, or a Group.
    """

    of: Tree
    by: Tree
    style: Literal["d", "∂"]
    span: Span
    direct: bool = False


Tree: TypeAlias = (
    Number
    | Ref
    | Unary
    | Binary
    | Compare
    | Call
    | FunctionPrime
    | ListExpr
    | Index
    | Group
    | Prime
    | AtUpdate
    | ExampleRef
    | DerivativeRef
)


# A table, because every walk asks: to match one class after the other takes twice as long.
_BELOW: Final[Mapping[type, Callable[[Any], tuple[Tree, ...]]]] = {
    Unary: lambda tree: (tree.operand,),
    Binary: attrgetter("left", "right"),
    Compare: attrgetter("left", "right"),
    Call: attrgetter("args"),
    FunctionPrime: attrgetter("args"),
    ListExpr: attrgetter("items"),
    Index: lambda tree: (tree.of, *tree.indices),
    Group: lambda tree: (tree.inner,),
    Prime: lambda tree: (tree.of,),
    AtUpdate: lambda tree: (tree.of,),
    ExampleRef: lambda tree: (tree.of,),
    DerivativeRef: attrgetter("of", "by"),
}


def children(tree: Tree) -> tuple[Tree, ...]:
    """The subtrees directly below, from left to right."""
    below = _BELOW.get(type(tree))
    return below(tree) if below is not None else ()


def walk(tree: Tree) -> Iterator[Tree]:
    """Every node of the tree, a parent before its children, left before right."""
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        stack += children(node)[::-1]


def same_tree(one: Tree, other: Tree, *, brackets: bool = True) -> bool:
    """Whether two trees say the same, wherever they stand; without `brackets`, Groups do not count."""
    stack = [(one, other)]
    while stack:
        a, b = stack.pop()
        if not brackets:
            a, b = ungroup(a), ungroup(b)
        if type(a) is not type(b) or _facts(a) != _facts(b):
            return False
        below_a, below_b = children(a), children(b)
        if len(below_a) != len(below_b):
            return False
        stack.extend(zip(below_a, below_b, strict=True))
    return True


def ungroup(tree: Tree) -> Tree:
    """The tree inside any brackets around all of it."""
    while isinstance(tree, Group):
        tree = tree.inner
    return tree


def _facts(tree: Tree) -> tuple[object, ...]:
    match tree:
        case Number():
            return (tree.text, tree.value)
        case Ref():
            return (tree.name,)
        case Unary() | Compare():
            return (tree.op,)
        case Binary():
            return (tree.op, tree.implicit)
        case Call():
            return (tree.function, tree.written)
        case FunctionPrime():
            return (tree.function, tree.written, tree.count)
        case Group():
            return (tree.bracket,)
        case Prime():
            return (tree.count,)
        case AtUpdate():
            return (tree.n,)
        case ExampleRef():
            return (tree.number,)
        case DerivativeRef():
            return (tree.style, tree.direct)
        case ListExpr() | Index():
            return ()
