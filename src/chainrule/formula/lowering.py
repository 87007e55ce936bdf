"""Parse tree -> graph: what a person wrote becomes plain nodes, as written, and nothing is simplified.

Trees of 20,000 terms are as deep as that, so every walk keeps a stack of its own.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NoReturn, TypeAlias

from chainrule.dataclasses import dataclass
from chainrule.errors import FormulaError, Place, ShapeError, nearest
from chainrule.formula.definitions import Definition
from chainrule.formula.functions import BUILDERS, whole
from chainrule.formula.syntax import (
    CONSTANTS,
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
    ungroup,
    walk,
)
from chainrule.formula.tokens import fail, locate, show
from chainrule.node import Node, Op, const, name_node, node
from chainrule.ops.arithmetic import ADD, DIV, MUL, NEG, POWER, SUB
from chainrule.ops.choices import EQUAL, GREATER, GREATER_EQUAL, LESS, LESS_EQUAL, NOT_EQUAL
from chainrule.ops.functions import EULER, PI
from chainrule.ops.matrix import INDEX, MATMUL, STACK
from chainrule.ops.types import show_shape
from chainrule.quantity import Name

Scope: TypeAlias = Mapping[str, Node]
PlaceOf: TypeAlias = Callable[[int], Place]
PartOf: TypeAlias = Callable[[str, tuple[int, ...]], tuple[str, tuple[int, ...]] | None]

_BINARY: Final = {"+": ADD, "-": SUB, "*": MUL, "/": DIV, "^": POWER, "@": MATMUL}
_COMPARE: Final = {
    "<": LESS, "<=": LESS_EQUAL, ">": GREATER, ">=": GREATER_EQUAL, "==": EQUAL, "!=": NOT_EQUAL,
}  # fmt: skip
# What is no part of a forward graph: the caller says which node it is, or it is refused.
_SPECIAL: Final[dict[type, str]] = {
    DerivativeRef: "a derivative",
    FunctionPrime: "the derivative of a function",
    Prime: "a value after an update",
    AtUpdate: "a value after updates",
    ExampleRef: "a quantity for one example",
}


def lower(
    tree: Tree,
    scope: Scope,
    *,
    text: str,
    place: PlaceOf | None = None,
    part: PartOf | None = None,
    special: Callable[[Tree], Node | None] | None = None,
) -> Node:
    """The node of an expression, its names looked up in `scope`.

    `text` is what the tree was read from, `place` maps an offset in it to a place in a file. `part(name, index)` may
    know a name or an element as a part of an array: another name, and an index counted from 1. `special` is asked
    first for the nodes of names, elements, derivatives, updated values and examples; the last three are refused
    without it.
    Raises FormulaError, naming the subexpression.

    >>> from chainrule.formula import parse_expression
    >>> from chainrule.node import input_node
    >>> x = input_node(Name("x"))
    >>> lower(parse_expression("x^2 + 1").tree, {"x": x}, text="x^2 + 1")
    <add of 2: real>
    """
    return _Lowering(scope, text, place, part, special).run(tree)


@dataclass(frozen=True, slots=True)
class Block:
    """Definitions and the text they were read from; `place` maps an offset in it to a place in a file."""

    text: str
    definitions: Sequence[Definition]
    place: PlaceOf | None = None


def define(
    blocks: Sequence[Block],
    inputs: Scope,
    *,
    part: PartOf | None = None,
) -> dict[str, Node]:
    """A `name` node for every definition, each after those it uses, else in the order of the file.

    Raises FormulaError for a cycle, a name defined twice, an unknown name and whatever `lower` refuses.

    >>> from chainrule.formula import parse_definitions
    >>> text = "b = 2*a\\na = 1"
    >>> define([Block(text, parse_definitions(text))], {})
    {'a': <name a: real>, 'b': <name b: real>}
    """
    rows = [(block, one) for block in blocks for one in block.definitions]
    _refuse_doubles(rows)
    scope = _Nested({}, inputs, [one.name for _, one in rows])
    for at in _sorted(rows, part):
        block, one = rows[at]
        body = _Lowering(scope, block.text, block.place, part, None).number(one.tree)
        scope.own[one.name] = name_node(Name(one.name), body)
    return scope.own


class _Nested(Mapping[str, Node]):
    """Definitions in front of inputs; iterates over all names there will be, for suggestions."""

    def __init__(self, own: dict[str, Node], outer: Scope, names: Sequence[str]) -> None:
        self.own = own
        self.outer = outer
        self.names = names

    def __getitem__(self, name: str) -> Node:
        return self.own[name] if name in self.own else self.outer[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**dict.fromkeys(self.outer), **dict.fromkeys(self.names)})

    def __len__(self) -> int:
        return len(list(iter(self)))


def _refuse_doubles(rows: Sequence[tuple[Block, Definition]]) -> None:
    first: dict[str, Place] = {}
    for block, one in rows:
        here = locate(block.text, one.name_span.start, block.place)
        if one.name in first:
            what = f"{show(one.name)} is defined in line {first[one.name].line} and again in line {here.line}."
            offset = one.name_span.start
            raise FormulaError(what, place=here, hint="Keep one of them.", offset=offset)
        first[one.name] = here


def _names(tree: Tree, defined: Mapping[str, int], part: PartOf | None) -> Iterator[str]:
    """The names that an expression uses, a part of an array under the name of the array."""
    for one in walk(tree):
        if isinstance(one, Ref):
            whole_name = part(one.name, ()) if part is not None and one.name not in defined else None
            yield whole_name[0] if whole_name else one.name


def _sorted(rows: Sequence[tuple[Block, Definition]], part: PartOf | None) -> list[int]:
    """Positions of the definitions, each after those it uses; of those that are ready the earliest is next."""
    position = {one.name: at for at, (_, one) in enumerate(rows)}
    needs = [
        dict.fromkeys(position[name] for name in _names(one.tree, position, part) if name in position)
        for _, one in rows
    ]
    missing = [len(used) for used in needs]
    users: list[list[int]] = [[] for _ in rows]
    for at, used in enumerate(needs):
        for below in used:
            users[below].append(at)
    ready = [at for at, count in enumerate(missing) if not count]
    order: list[int] = []
    while ready:
        order.append(heapq.heappop(ready))
        for user in users[order[-1]]:
            missing[user] -= 1
            if not missing[user]:
                heapq.heappush(ready, user)
    if len(order) < len(rows):
        _fail_cycle(rows, needs, [at for at, count in enumerate(missing) if count])
    return order


def _fail_cycle(
    rows: Sequence[tuple[Block, Definition]], needs: Sequence[Mapping[int, None]], stuck: list[int]
) -> NoReturn:
    left = set(stuck)
    path = [stuck[0]]
    while path[-1] not in path[:-1]:
        path.append(next(at for at in needs[path[-1]] if at in left))
    cycle = path[path.index(path[-1]) : -1]
    start = cycle.index(min(cycle))  # told from the member that stands first in the file
    members = [rows[at] for at in (*cycle[start:], *cycle[:start])]
    names = [f"'{one.name}'" for _, one in members]
    steps = " needs ".join([*names[:8], "...", names[0]] if len(names) > 8 else [*names, names[0]])
    lines = [str(locate(block.text, one.name_span.start, block.place).line) for block, one in members[:8]]
    where = f"line{'s' if len(lines) > 1 else ''} {', '.join(lines)}"
    block, first = members[0]
    what = f"the definitions run in a circle: {steps} ({where})"
    fail(block.text, first.name_span.start, what, hint="Break the circle.", base=block.place)


class _Lowering:
    """One expression on its way into the graph."""

    def __init__(
        self,
        scope: Scope,
        text: str,
        place: PlaceOf | None,
        part: PartOf | None,
        special: Callable[[Tree], Node | None] | None,
    ) -> None:
        self.scope = scope
        self.text = text
        self.place = place
        self.part = part
        self.special = special
        self.done: dict[Tree, Node] = {}

    def number(self, tree: Tree) -> Node:
        """The node of a tree that must be a number, not a comparison."""
        found = self.run(tree)
        self.check_number(tree, found)
        return found

    def run(self, tree: Tree) -> Node:
        stack = [(tree, False)]
        while stack:
            current, ready = stack.pop()
            if ready:
                self.done[current] = self.build(current, [self.done[c] for c in children(current)])
            elif (outside := self.from_outside(current)) is not None:
                self.done[current] = outside
            else:
                stack.append((current, True))
                stack.extend([(child, False) for child in reversed(children(current))])
        return self.done[tree]

    def from_outside(self, tree: Tree) -> Node | None:
        special = type(tree) in _SPECIAL or (isinstance(tree, Call) and tree.function in ("delta", "change"))
        if not special and not isinstance(tree, Ref | Index):
            return None
        found = None if self.special is None else self.special(tree)
        if found is None and special:
            kind = _SPECIAL.get(type(tree), "a derivative or a change")
            self.fail(tree, f"found {self.quote(tree)}, {kind}, where a formula of quantities was expected")
        return found

    def build(self, tree: Tree, args: list[Node]) -> Node:
        match tree:
            case Number():
                return const(tree.value)
            case Ref():
                return self.look_up(tree)
            case Group():
                return args[0]
            case Call():
                return self.call(tree, args)
            case Index():
                return self.index(tree, args)
        for child, arg in zip(children(tree), args, strict=True):
            self.check_number(child, arg)
        match tree:
            case Unary(op="+"):
                return args[0]
            case Unary():
                return const(-tree.operand.value) if isinstance(tree.operand, Number) else node(NEG, (args[0],))
            case Binary():
                return self.make(tree, _BINARY[tree.op], args)
            case Compare():
                return self.make(tree, _COMPARE[tree.op], args)
            case ListExpr():
                return self.make(tree, STACK, args)
        raise AssertionError(f"no such tree: {tree!r}")

    def look_up(self, tree: Ref) -> Node:
        found = self.scope.get(tree.name)
        if found is not None:
            return found
        if (known := self.known_part(tree.name, ())) is not None:
            return known
        if tree.name in CONSTANTS:
            return node(EULER if tree.name == "e" else PI)
        self.fail(tree, f"there is no quantity {show(tree.name)}", unknown_hint(tree.name, list(self.scope)))

    def call(self, tree: Call, args: list[Node]) -> Node:
        function = BUILDERS.get(tree.function)
        if function is None:
            near = nearest(tree.function, BUILDERS)
            known = f"The functions are {', '.join(sorted(BUILDERS))}."
            self.fail(tree, f"there is no function {show(tree.function)}", f"Did you mean {near!r}?" if near else known)
        if len(args) < function.fewest or (function.most is not None and len(args) > function.most):
            self.fail(tree, f"found {len(args)} arguments of {tree.function}", f"Write {function.usage}.")
        for child, arg in list(zip(tree.args, args, strict=True))[function.choice :]:
            self.check_number(child, arg)
        try:
            return function.build(args)
        except ShapeError as error:
            self.refuse(tree, error)

    def index(self, tree: Index, args: list[Node]) -> Node:
        array, at = args[0], [whole(arg) for arg in args[1:]]
        for child, position in zip(tree.indices, at, strict=True):
            if position is None:
                what = f"found the index {self.quote(child)} where a whole number was expected"
                self.fail(child, what, "Indices count from 1.")
        positions = tuple([position or 0 for position in at])
        of = ungroup(tree.of)
        if isinstance(of, Ref) and (known := self.known_part(of.name, positions)) is not None:
            return known
        self.check_range(tree, array, positions)
        return self.make(tree, INDEX, [array], tuple([position - 1 for position in positions]))

    def known_part(self, name: str, index: tuple[int, ...]) -> Node | None:
        found = None if self.part is None else self.part(name, index)
        if found is None:
            return None
        array = self.scope[found[0]]
        return node(INDEX, (array,), tuple([at - 1 for at in found[1]])) if found[1] else array

    def check_range(self, tree: Index, array: Node, positions: tuple[int, ...]) -> None:
        shape = show_shape(array.shape)
        if not array.shape:
            self.fail(tree, f"found an index after {self.quote(tree.of)}, which is a single number")
        if len(positions) > len(array.shape):
            what = f"found {len(positions)} indices after {self.quote(tree.of)}, an array of shape {shape}"
            self.fail(tree, what, f"It takes at most {len(array.shape)}.")
        for child, position, size in zip(tree.indices, positions, array.shape, strict=False):
            if isinstance(size, int) and not 1 <= position <= size:
                what = f"found the index {position} where {self.quote(tree.of)}, of shape {shape}, has 1 to {size}"
                self.fail(child, what, "Indices count from 1." if position == 0 else "")

    def make(self, tree: Tree, op: Op, args: Sequence[Node], attribute: object = None) -> Node:
        try:
            return node(op, tuple(args), attribute)
        except ShapeError as error:
            self.refuse(tree, error)

    def check_number(self, tree: Tree, value: Node) -> None:
        if value.type.kind == "boolean":
            what = f"found the comparison {self.quote(tree)} where a number was expected"
            self.fail(tree, what, "Write where(c, 1, 0) for a number.")

    def refuse(self, tree: Tree, error: ShapeError) -> NoReturn:
        self.fail(tree, f"in {self.quote(tree)}: {error.what.rstrip('.')}", error.hint or "")

    def quote(self, tree: Tree) -> str:
        return show(" ".join(self.text[tree.span.start : tree.span.end].split()))

    def fail(self, tree: Tree, what: str, hint: str = "") -> NoReturn:
        fail(self.text, tree.span.start, what, hint=hint, base=self.place)


def unknown_hint(name: str, known: Sequence[str]) -> str:
    """What to do about a name that does not exist in a formula."""
    near = nearest_hint(name, known)
    return near if near.startswith("Did") else f"Define it, or give it a value{'; t' + near[1:] if near else '.'}"


def nearest_hint(name: str, known: Sequence[str]) -> str:
    """The name that was probably meant, else those there are."""
    near = nearest(name, known) or next((k for k in known if k.casefold() == name.casefold()), None)
    if near:
        return f"Did you mean {show(near)}?"
    return f"There are {', '.join(known[:12])}{', ...' if len(known) > 12 else ''}." if known else ""
