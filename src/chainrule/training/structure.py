"""What a model is but for its numbers, made without NumPy, because a short program should start in no time."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from chainrule.dataclasses import dataclass
from chainrule.errors import GradientError
from chainrule.graph import Graph
from chainrule.node import Node, input_node, type_of
from chainrule.quantity import Name, Quantity, spell
from chainrule.training.sources import Shape, graph_of, minimised
from chainrule.transforms.stabilise import running

if TYPE_CHECKING:
    from chainrule.training.model import Source

_KEPT: Final = 32  # graphs
_LONG: Final = 1 << 14  # characters; the graphs of longer texts are not kept, because they take memory
_Shapes: TypeAlias = "tuple[tuple[str, Shape], ...]"


@dataclass(frozen=True, slots=True)
class Structure:
    """The graph of a model for one example, and what has which part in it."""

    graph: Graph
    minimise: Quantity
    inputs: tuple[Node, ...]
    targets: tuple[Node, ...]
    learning: tuple[str, ...]  # the parameters that the error depends on
    biases: frozenset[str] = frozenset()


def structure(
    source: Source,
    *,
    inputs: Mapping[str, Shape],
    targets: Mapping[str, Shape],
    parameters: Mapping[str, Shape],
    minimise: str | None,
) -> Structure:
    """The graph of a model: the same one, if it was made of the same text before, with all that is kept under it.

    Raises GradientError for a useless parameter, and what `graph_of` raises.
    """
    make = _kept if isinstance(source, str) and len(source) <= _LONG else _made
    return make(source, tuple(inputs.items()), tuple(targets.items()), tuple(parameters.items()), minimise)


def _made(source: Source, inputs: _Shapes, targets: _Shapes, parameters: _Shapes, minimise: str | None) -> Structure:
    graph = graph_of(source, dict(inputs + targets + parameters))
    error = minimised(graph, minimise)
    known, names = graph.quantities(), [name for name, _ in parameters]
    unused = [name for name in names if Name(name) not in known]
    if unused:
        raise GradientError(f"{unused[0]} learns, but no formula uses it.", hint="Remove it, or use it.")
    below = running(graph, [error]).inputs()
    learning = tuple([name for name in names if Name(name) in below])
    if not learning:
        raise GradientError(f"{spell(error)} depends on no parameter, so nothing can be learned.")
    given, due = (
        tuple([input_node(Name(name), type_of("real", shape)) for name, shape in part]) for part in (inputs, targets)
    )
    return Structure(graph, error, given, due, learning)


_kept = lru_cache(maxsize=_KEPT)(_made)
