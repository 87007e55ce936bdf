"""Nodes, their types and their ops: the atoms of the one representation (its grammar is in `graph.py`).

Nodes are immutable and interned - equal nodes are one node - and carry nothing about where they came from. Every
traversal here is iterative: a chain of 100,000 nodes is normal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from importlib import import_module
from sys import is_finalizing
from typing import Any, TypeAlias
from weakref import ref

from chainrule.dataclasses import dataclass
from chainrule.errors import GraphError
from chainrule.quantity import Quantity, spell

Dim: TypeAlias = int | str
Shape: TypeAlias = tuple[Dim, ...]


class Type:
    """Kind and shape of a node's value; interned, so that equal types are one object."""

    __slots__ = ("kind", "shape")
    kind: str
    shape: Shape

    def __repr__(self) -> str:
        return f"{self.kind}[{', '.join(map(str, self.shape))}]" if self.shape else self.kind

    def __reduce__(self) -> tuple[Any, ...]:
        return type_of, (self.kind, self.shape)


_types: dict[tuple[str, Shape], Type] = {}


def type_of(kind: str, shape: Shape = ()) -> Type:
    """The type of this kind ("real", "integer" or "boolean") and shape.

    >>> type_of("real", ("N", 3))
    real[N, 3]
    """
    found = _types.get((kind, shape))
    if found is None:
        if kind not in ("real", "integer", "boolean"):
            raise GraphError(f"unknown kind {kind!r} of a type")
        found = _types[kind, shape] = Type()
        found.kind, found.shape = kind, shape
    return found


REAL = type_of("real")
INTEGER = type_of("integer")
BOOLEAN = type_of("boolean")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Op:
    """All facts about one operation: the calculus of the project is a table of these.

    A rule receives the node's attribute after its first arguments where the op has one:
    `typing(*types)`, `value(n, *values)` with a number system `n`, `vjp(g, out, *args)` for the upstream
    gradient `g` (one cotangent, or None for zero, per argument), `batch(batched, *args)`; or
    `typing(attribute, *types)`, `value(n, attribute, *values)`, and so on.
    """

    name: str
    arity: int | None = None  # None: any number of arguments
    typing: Callable[..., Type]
    value: Callable[..., Any]
    vjp: Callable[..., tuple[Node | None, ...]] | None  # None: no gradient passes
    batch: Callable[..., Node] | None = None  # None: elementwise, done by the transform
    simplify: Callable[..., Node | None] | None = None  # a simpler node, or None
    elementwise: bool = False
    precedence: int = 100  # how tightly it binds when printed; 100: a function call
    glyph: str = ""  # the infix or prefix sign, or the function's name
    latex: str = ""  # with {0}, {1} for the arguments
    switch: Callable[..., Node] | None = None  # the kink lies where this is zero
    kink: str = ""  # what is acceptable there, in words
    domain: tuple[tuple[float, float], ...] = ((-2.0, 2.0),)  # where to sample each argument; the last repeats

    def __repr__(self) -> str:
        return f"Op({self.name})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _op_named, (self.name,)

    def __call__(self, *args: Node | int | Fraction, attribute: Any = None) -> Node:
        """The node of this op, simplified on the way: 1*x is x. The parser uses the plain `node`."""
        nodes: tuple[Any, ...] = args
        for argument in args:
            if argument.__class__ is not Node:
                nodes = tuple(map(as_node, args))
                break
        if self.simplify is not None:
            simpler = self.simplify(*nodes) if attribute is None else self.simplify(attribute, *nodes)
            if simpler is not None:
                return simpler
        return node(self, nodes, attribute)


def _op_named(name: str) -> Op:
    # Only for unpickling: an op travels by name, and the table lives a floor above.
    op: Op = import_module("chainrule.ops").TABLE[name]
    return op


# The arithmetic of rules, `g * out * (1 - out)`; the table of ops puts its add, sub, mul, ... here.
ARITHMETIC: dict[str, Op] = {}


class Node:
    """One operation of a graph. Compare nodes with `is`: equal nodes are the same object."""

    __slots__ = ("__weakref__", "args", "attribute", "op", "type")
    op: Op
    args: tuple[Node, ...]
    attribute: Any
    type: Type

    @property
    def shape(self) -> Shape:
        return self.type.shape

    def __add__(self, other: Node | int | Fraction) -> Node:
        return ARITHMETIC["add"](self, other)

    def __radd__(self, other: int | Fraction) -> Node:
        return ARITHMETIC["add"](other, self)

    def __sub__(self, other: Node | int | Fraction) -> Node:
        return ARITHMETIC["sub"](self, other)

    def __rsub__(self, other: int | Fraction) -> Node:
        return ARITHMETIC["sub"](other, self)

    def __mul__(self, other: Node | int | Fraction) -> Node:
        return ARITHMETIC["mul"](self, other)

    def __rmul__(self, other: int | Fraction) -> Node:
        return ARITHMETIC["mul"](other, self)

    def __truediv__(self, other: Node | int | Fraction) -> Node:
        return ARITHMETIC["div"](self, other)

    def __rtruediv__(self, other: int | Fraction) -> Node:
        return ARITHMETIC["div"](other, self)

    def __pow__(self, other: Node | int | Fraction) -> Node:
        return ARITHMETIC["power"](self, other)

    def __neg__(self) -> Node:
        return ARITHMETIC["neg"](self)

    def __matmul__(self, other: Node) -> Node:
        return ARITHMETIC["matmul"](self, other)

    def __repr__(self) -> str:
        if is_quantity(self):
            return f"<{self.op.name} {spell(label_of(self))}: {self.type}>"
        about = f" {self.attribute}" if self.attribute is not None else ""
        return f"<{self.op.name}{about} of {len(self.args)}: {self.type}>"

    def __copy__(self) -> Node:
        return self

    def __deepcopy__(self, memo: object) -> Node:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpack_node, (pack([self]),)


# Interning with weak references, as WeakValueDictionary does it, without its calls: nodes are made by the hundred
# thousand.
class _Entry(ref[Node]):
    __slots__ = ("key",)
    key: tuple[Op, tuple[Node, ...], Any]


_interned: dict[Any, _Entry] = {}


def _forget(entry: _Entry, *, ending: Callable[[], bool] = is_finalizing) -> None:
    if not ending() and _interned.get(entry.key) is entry:
        del _interned[entry.key]


def node(op: Op, args: tuple[Node, ...] = (), attribute: Any = None) -> Node:
    """The node `op(*args)`: the one there is, or a new one; nothing is simplified.

    Raises `ShapeError` (from the op's type rule) if the arguments do not fit.
    """
    key = (op, args, attribute)
    entry = _interned.get(key)
    found = entry() if entry is not None else None
    if found is None:
        if op.arity is not None and len(args) != op.arity:
            raise GraphError(f"{op.name} takes {op.arity} arguments, found {len(args)}")
        found = Node()
        found.op = op
        found.args = args
        found.attribute = attribute
        types = [a.type for a in args]
        found.type = op.typing(*types) if attribute is None else op.typing(attribute, *types)
        entry = _interned[key] = _Entry(found, _forget)
        entry.key = key
    return found


def _constant_value(n: Any, attribute: Fraction) -> Any:
    return n.s.of(attribute)


def is_interned(candidate: Node) -> bool:
    """Whether a node is the one node of its kind, as all made by `node` are."""
    entry = _interned.get((candidate.op, candidate.args, candidate.attribute))
    return entry is not None and entry() is candidate


CONST: Op = Op(
    name="const",
    arity=0,
    typing=lambda attribute: REAL,
    value=_constant_value,
    vjp=lambda g, out, attribute: (),
    glyph="number",
)
INPUT: Op = Op(
    name="input",
    arity=0,
    typing=lambda attribute: attribute[1],
    value=lambda n, attribute: _no_value(attribute),
    vjp=lambda g, out, attribute: (),
    glyph="input",
)
NAME: Op = Op(
    name="name",
    arity=1,
    typing=lambda attribute, x: x,
    value=lambda n, attribute, x: x,
    vjp=lambda g, out, attribute, x: (g,),
    glyph="name",
)


def _no_value(attribute: tuple[Quantity, Type]) -> Any:
    raise GraphError(f"the input {spell(attribute[0])} has no value")


def const(value: int | Fraction) -> Node:
    """An exact constant."""
    if value.denominator == 1 and -1 <= value.numerator <= 2:
        return _small[value.numerator + 1]
    return node(CONST, (), Fraction(value))


_small = [node(CONST, (), Fraction(value)) for value in (-1, 0, 1, 2)]  # what rules use again and again


def as_node(value: Node | float | Fraction) -> Node:
    """A node as it is; a number as the exact constant it is (a float is a binary fraction)."""
    return value if isinstance(value, Node) else const(value if isinstance(value, int) else Fraction(value))


def input_node(label: Quantity, of_type: Type = REAL) -> Node:
    """A quantity that is given from outside."""
    return node(INPUT, (), (label, of_type))


def name_node(label: Quantity, body: Node) -> Node:
    """The quantity `label`, defined as `body`."""
    return node(NAME, (body,), label)


def is_quantity(candidate: Node) -> bool:
    """Whether a node carries a label: an `input` or a `name`."""
    return candidate.op is INPUT or candidate.op is NAME


def label_of(quantity: Node) -> Quantity:
    """The label of an `input` or `name` node."""
    label: Quantity = quantity.attribute[0] if quantity.op is INPUT else quantity.attribute
    return label


def body_of(quantity: Node) -> Node:
    """What a `name` node stands for; an `input` stands for itself."""
    return quantity.args[0] if quantity.op is NAME else quantity


def order(roots: Iterable[Node], *, cut: Callable[[Node], bool] | None = None) -> list[Node]:
    """Every node the roots need, arguments before users, left to right; below a `cut` node nothing is visited."""
    result: list[Node] = []
    seen: set[Node] = set()
    for root in roots:
        if root in seen:
            continue
        seen.add(root)
        stack: list[tuple[Node, Iterator[Node]]] = [(root, iter(() if cut and cut(root) else root.args))]
        while stack:
            current, pending = stack[-1]
            for argument in pending:
                if argument not in seen:
                    seen.add(argument)
                    if argument.args and not (cut and cut(argument)):
                        stack.append((argument, iter(argument.args)))
                        break
                    result.append(argument)
            else:
                result.append(current)
                stack.pop()
    return result


def arguments_of(quantity: Node) -> list[Node]:
    """The quantities a definition uses directly, in the order in which it first mentions them."""
    if quantity.op is not NAME:
        return []
    return [n for n in order(quantity.args, cut=is_quantity) if is_quantity(n)]


def rebuild(
    roots: Sequence[Node],
    make: Callable[[Node, tuple[Node, ...]], Node],
    *,
    known: Mapping[Node, Node] | None = None,
) -> dict[Node, Node]:
    """Map every node below the roots through `make(old, new arguments)`; `known` ones are taken as they are."""
    done: dict[Node, Node] = dict(known or {})
    for old in order(roots, cut=done.__contains__):
        if old not in done:
            done[old] = make(old, tuple([done[a] for a in old.args]))
    return done


def substitute(roots: Sequence[Node], known: Mapping[Node, Node]) -> list[Node]:
    """The roots with some nodes put in the place of others."""
    done = rebuild(roots, lambda old, args: node(old.op, args, old.attribute), known=known)
    return [done[root] for root in roots]


# Pickling is flat, because a chain of 100,000 nodes is normal and pickle recurses.
Packed: TypeAlias = tuple[list[tuple[Op, tuple[int, ...], Any]], list[int]]


def pack(roots: Sequence[Node]) -> Packed:
    """The graph below the roots as rows of (op, numbers of the arguments, attribute), and the roots' numbers."""
    nodes = order(roots)
    number = {n: i for i, n in enumerate(nodes)}
    return [(n.op, tuple([number[a] for a in n.args]), n.attribute) for n in nodes], [number[r] for r in roots]


def unpack(packed: Packed) -> list[Node]:
    """The roots that `pack` took apart."""
    rows, roots = packed
    made: list[Node] = []
    for op, args, attribute in rows:
        made.append(node(op, tuple([made[i] for i in args]), attribute))
    return [made[i] for i in roots]


def _unpack_node(packed: Packed) -> Node:
    return unpack(packed)[0]
