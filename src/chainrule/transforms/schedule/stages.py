"""What a plan is made of: arrays in memory, and stages - passes over the elements of one shape - that fill them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from chainrule.dataclasses import dataclass, field
from chainrule.node import Node, Shape
from chainrule.transforms.schedule.lower import ASSEMBLED

Role: TypeAlias = Literal["state", "example", "scalar", "given", "output", "scratch"]
# For each axis of an array, the axis of the loops that runs along it (None: it stands still) and where it starts.
Place: TypeAlias = tuple[tuple[int | None, int], ...]


@dataclass(slots=True, eq=False)
class Buffer:
    """An array in memory: `order` names its axes from the outermost to the innermost, which is contiguous."""

    number: int
    shape: Shape
    role: Role
    order: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Store:
    """A value and where its elements go."""

    value: Node
    buffer: Buffer
    place: Place


@dataclass(frozen=True, slots=True)
class Product:
    """How a matrix product is computed: along one axis of its result, or by dot products whose sums are joined.

    `along` is that axis of the result: 0 for the rows of the left matrix, 1 for the columns of the right one. Of a
    `lower` one, only what is on and below the diagonal is asked for.
    """

    along: int
    folded: bool
    lower: bool = False


@dataclass(slots=True, eq=False)
class Stage:
    """One pass over all positions of `space`.

    `core` is the product or reduction that needs a loop at each position, or what is put together from pieces.
    `passing` is a matrix of the product that is worked out on the way, and put down element by element as it goes by.
    """

    number: int
    space: Shape
    core: Node | None = None
    product: Product | None = None
    stores: list[Store] = field(default_factory=list)
    passing: Store | None = None
    before: set[int] = field(default_factory=set)  # the stages that must have run

    @property
    def pointwise(self) -> bool:
        """Whether other values of its shape can be computed on the way."""
        return self.core is None or self.core.op.name not in ASSEMBLED


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Stages in their order, and where values are found: `home` is the stage that computes a node.

    A stage computes a node if that is its home, or if the node lies in no buffer; else it is loaded. Stages from
    `checked` on may change state, those before do not. `steady` are the single numbers that do not depend on examples,
    such as 1 - beta^n: they and the arrays called "scalar" are worth float64 whatever the type of all others.
    """

    stages: tuple[Stage, ...]
    buffers: tuple[Buffer, ...]
    home: Mapping[Node, int]
    found: Mapping[Node, Buffer]
    checked: int
    steady: frozenset[Node]


def whole(shape: Shape) -> Place:
    """The place of a value that fills its array."""
    return tuple([(axis, 0) for axis in range(len(shape))])


def natural(shape: Shape) -> tuple[int, ...]:
    """Row-major order."""
    return tuple(range(len(shape)))
