"""Small formulas that a table has one loop for: an op together with what only it uses, such as g*(s*(1 - s)).

What is inside of a pattern is never put into memory, so that a gradient takes a third of the places and loads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from fractions import Fraction
from functools import cache
from typing import Any, Final, TypeAlias

from chainrule.dataclasses import dataclass
from chainrule.node import CONST, Node
from chainrule.numbers.floats import FLOAT_SCALARS
from chainrule.numbers.system import Scalars
from chainrule.ops import TABLE
from chainrule.targets.llvm.emit import Emitter, Value

# The number of an argument, a constant as text - which equals no number -, or an op with the patterns of its arguments.
Pattern: TypeAlias = "int | str | tuple[Any, ...]"

KEPT: Final = 4  # patterns of several ops that a table may have: with more of them groups become short
_OPS: Final = 5  # in one pattern
_ARGUMENTS: Final = 4
_INSIDE: Final = frozenset(
    ["add", "sub", "mul", "neg", "power", "max", "min", "abs", "where", "step", "greater", "less", "greater_equal",
     "less_equal", "equal", "not_equal"]
)  # fmt: skip
_EXCHANGED: Final = frozenset(["add", "mul"])
_WRITTEN: Final = frozenset(map(Fraction, (-1, 0, 1, 2, 3, 4))) | {Fraction(1, 2)}  # other constants are arguments


@dataclass(frozen=True, slots=True)
class Formula:
    """A pattern on some values: what makes one node."""

    pattern: Pattern
    arguments: tuple[Node, ...]
    inside: tuple[Node, ...]  # nodes that nothing else needs


def formulas(nodes: Sequence[Node], roots: Collection[Node]) -> dict[Node, Formula]:
    """A formula for each node that is to be kept, users before arguments; `nodes` have arguments before users."""
    uses = Counter(a for n in nodes for a in set(n.args))
    own = set(roots)
    alone = {n for n in nodes if uses[n] == 1 and n.op.name in _INSIDE and n not in own}
    written = {n for n in nodes if n.op is CONST and n.attribute in _WRITTEN}
    large = cache(lambda n: _formula(n, alone, written))
    found = _chosen(nodes, large)
    many = Counter(one.pattern for one in found.values() if one.inside)
    known = {pattern for pattern, _ in many.most_common(KEPT)}

    def usual(n: Node) -> Formula:
        formula = large(n)
        return formula if not formula.inside or formula.pattern in known else _formula(n, frozenset(), written)

    return _chosen(nodes, usual)


def _chosen(nodes: Sequence[Node], formula_of: Callable[[Node], Formula]) -> dict[Node, Formula]:
    """Formulas from the last node to the first, for all that are not inside of others."""
    found: dict[Node, Formula] = {}
    gone: set[Node] = set()
    for n in reversed(nodes):
        if n.args and n not in gone:
            formula = found[n] = formula_of(n)
            gone.update(formula.inside)
    return found


def _formula(n: Node, alone: AbstractSet[Node], written: AbstractSet[Node]) -> Formula:
    """The op of a node, and as many of those below it as fit: those that nothing else needs."""
    inside: dict[Node, None] = {}
    arguments = dict.fromkeys([a for a in n.args if a not in written])
    if alone.isdisjoint(arguments) and len(arguments) == len(n.args):  # most nodes
        return Formula((n.op.name, *range(len(arguments))), n.args, ())
    for x in (queue := list(arguments)):
        if x in alone and len(inside) + 1 < _OPS:
            more = [a for a in x.args if a not in written]
            rest = {a: None for a in arguments if a is not x} | dict.fromkeys(more)
            if len(rest) <= _ARGUMENTS:
                queue += [a for a in dict.fromkeys(more) if a not in arguments]
                arguments = rest
                inside[x] = None
    numbers: dict[Node, int] = {}
    return Formula(_pattern(n, arguments, numbers), tuple(numbers), tuple(inside))


def _pattern(x: Node, arguments: Mapping[Node, None], numbers: dict[Node, int]) -> Pattern:
    """The pattern, its arguments numbered as they come; what may be exchanged stands in a fixed order."""
    if x in arguments:
        return numbers.setdefault(x, len(numbers))
    if x.op is CONST:
        return str(x.attribute)
    args = x.args
    if x.op.name in _EXCHANGED and not arguments.keys() >= set(args):
        args = tuple(sorted(args, key=lambda a: _skeleton(a, arguments), reverse=True))
    return (x.op.name, *[_pattern(a, arguments, numbers) for a in args])


def _skeleton(x: Node, arguments: Mapping[Node, None]) -> str:
    """A pattern without the numbers of its arguments."""
    if x in arguments:
        return ""
    return str(x.attribute) if x.op is CONST else f"{x.op.name}({','.join([_skeleton(a, arguments) for a in x.args])})"


class _Constants:
    """What the value of a constant asks for."""

    s = FLOAT_SCALARS


def constant_of(x: Node) -> float:
    """The number that a constant, pi or e is."""
    value: float = x.op.value(_Constants, *([x.attribute] if x.op is CONST else []))
    return value


def size_of(pattern: Pattern) -> int:
    """How many arguments a pattern has."""
    if isinstance(pattern, tuple):
        return max([size_of(part) for part in pattern[1:]], default=0)
    return 0 if isinstance(pattern, str) else pattern + 1


def write_pattern(pattern: Pattern, e: Emitter, scalars: Scalars, args: Sequence[Value]) -> Any:
    """The instructions of a pattern."""
    if isinstance(pattern, tuple):
        name, *parts = pattern
        values = [write_pattern(part, e, scalars, args) for part in parts]
        if name == "where" and isinstance(values[0], Value) and values[0].kind != "condition":
            values[0] = e.write("fcmp une", values[0], e.constant(0), kind="condition")
        return TABLE[name].value(scalars, *values)
    return e.constant(Fraction(pattern)) if isinstance(pattern, str) else args[pattern]
