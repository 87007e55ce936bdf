"""Checking derivatives against differences of values: a check that says what is wrong, where and by how much.

Random directions come first, because one of them asks about all elements at once; only a failure is followed down to
the op and the element. Kinks are known by their left and right slopes and blamed on nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from chainrule.errors import GradientError
from chainrule.gradchecking.graphs import check_graph
from chainrule.gradchecking.pairs import check_pair
from chainrule.gradchecking.report import Fault, GradientReport, Kink
from chainrule.graph import Graph
from chainrule.node import Node
from chainrule.quantity import Quantity, spell
from chainrule.tracing import trace

__all__ = ["Fault", "GradientReport", "Kink", "gradcheck"]


def gradcheck(
    subject: Any,
    *point: Any,
    order: int = 1,
    directions: int = 3,
    seed: int = 0,
    of: Quantity | str | None = None,
) -> GradientReport:
    """Check the derivatives of a graph, a problem, a function or one's own pair (f, gradient) at a point.

    `gradcheck(graph, {"x": 2.0})`, `gradcheck(problem)`, `gradcheck(f, 2.0)`, `gradcheck((f, gradient), x)`. The first
    three are evaluated with 256 bits, and a fault is followed down to the op whose rule is wrong; a pair is evaluated
    in floats. With order=2 the derivative of the gradient is checked as well; `of` names the output of a graph.
    Raises `GradientError` if the point does not fit, or the value there is not finite.

    >>> print(gradcheck(lambda x: abs(x), 0.0))
    right: no op is wrong; the point lies on 1 kink.
      kink at abs(0): left slope -1, right slope 1, any value between is acceptable; found 0
      largest relative error 0, of which the step explains up to 0 (3 directions, order 1)
    """
    if order not in (1, 2):
        raise GradientError(f"found order={order}; derivatives of order 1 and 2 are checked.")
    if directions < 1:
        raise GradientError(f"found directions={directions}; at least one is needed.")
    if isinstance(subject, tuple) and len(subject) == 2 and all(map(callable, subject)):
        return check_pair(*subject, point, depth=order, directions=directions, seed=seed)
    graph, values, of = _graph_at(subject, point, of)
    root = _root(graph, of)
    missing = [spell(label) for label in graph.inputs() if spell(label) not in values]
    if missing:
        raise GradientError(f"the input {missing[0]} has no value.")
    given = {label: values[spell(label)] for label in graph.inputs()}
    inputs = [x for x in graph.inputs().values() if x.type.kind == "real"]
    return check_graph(root, inputs, given, depth=order, directions=directions, seed=seed)


def _graph_at(
    subject: Any, point: tuple[Any, ...], of: Quantity | str | None
) -> tuple[Graph, dict[str, Any], Quantity | str | None]:
    """The graph to check, the values of its inputs by name, and what is differentiated."""
    if isinstance(subject, Graph):
        if len(point) != 1 or not isinstance(point[0], Mapping):
            raise GradientError("a graph is checked at one dict of values.", hint="Write gradcheck(graph, {'x': 2.0}).")
        return subject, _named(point[0]), of
    if hasattr(subject, "units") and hasattr(subject, "values"):
        return subject.units, _named(subject.values), of if of is not None else subject.minimise
    if not callable(subject):
        raise GradientError(
            f"found {type(subject).__name__} {subject!r:.40}, expected a graph, a problem, a function or (f, gradient)."
        )
    return _traced(subject, point, of)


def _traced(
    f: Callable[..., Any], point: tuple[Any, ...], of: Quantity | str | None
) -> tuple[Graph, dict[str, Any], Quantity | str | None]:
    from chainrule.tracing.arguments import names_of, take_apart

    names = [f"x{k + 1}" for k in range(len(point))]
    graph = trace(f, *[list(p) if isinstance(p, tuple) else p for p in point], names=names)
    leaves = [leaf for name, p in zip(names, point, strict=True) for leaf in take_apart((name,), p)[0]]
    return graph, dict(zip(names_of(leaves), [leaf.value for leaf in leaves], strict=True)), of


def _named(values: Mapping[Any, Any]) -> dict[str, Any]:
    return {label if isinstance(label, str) else spell(label): value for label, value in values.items()}


def _root(graph: Graph, of: Quantity | str | None) -> Node:
    known = {spell(label): n for label, n in {**graph.quantities(), **graph.outputs}.items()}
    if of is None:
        if len(graph.outputs) != 1:
            raise GradientError(f"found {len(graph.outputs)} outputs.", hint="Say which is meant with of=.")
        return next(iter(graph.outputs.values()))
    text = of if isinstance(of, str) else spell(of)
    if text not in known:
        raise GradientError(f"found {text}, which is not a quantity of this graph.")
    return known[text]
