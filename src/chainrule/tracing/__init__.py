"""A Python function becomes a graph: it is called once with values that write down what is done to them.

The graph reads as the function is written, because each operator puts in one plain node.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from chainrule.errors import ChainruleError
from chainrule.graph import Graph, collector_paused
from chainrule.node import INPUT, Node, input_node, is_quantity, label_of, name_node, type_of
from chainrule.quantity import Name, Quantity, spell
from chainrule.tracing.arguments import Leaf, Rebuild, names_of, take_apart
from chainrule.tracing.traced import Traced, lift

__all__ = ["Traced", "trace"]


def trace(f: Callable[..., Any], *shapes_or_examples: Any, names: Sequence[str] | None = None) -> Graph:
    """The graph of a Python function of numbers and arrays.

    For each argument a shape - () for a number, (2, 3), ("N", 3) - or an example: a number, an array, nested lists, or
    dicts and lists of arrays, whose entries become inputs of their own. Arguments left out are numbers. Inputs are
    called as the arguments are (or as in `names`), the result as the function is, several results `f_1`, `f_2` or by
    their keys. Raises `ChainruleError` where the function needs to know a value, as in `if x > 0`.

    >>> def area(width, height):
    ...     return width * height
    >>> graph = trace(area)
    >>> graph, [spell(label) for label in graph.inputs()]
    (<Graph of area>, ['width', 'height'])
    """
    leaves, rebuilds = _arguments(f, shapes_or_examples, names)
    labels = [Name(text) for text in names_of(leaves)]
    if len(set(labels)) != len(labels):
        raise ChainruleError(f"two inputs are called {_twice(labels)}.", hint="Give each a name of its own in `names`.")
    with collector_paused():
        inputs = [input_node(label, type_of("real", leaf.shape)) for label, leaf in zip(labels, leaves, strict=True)]
        values = iter([Traced(n) for n in inputs])
        results = f(*[rebuild(values) for rebuild in rebuilds])
        graph = Graph(_named_results(results, _name_of(f), set(labels)))
    _check(graph, set(inputs))
    return graph


def _twice(labels: Sequence[Quantity]) -> str:
    return spell(next(label for label in labels if labels.count(label) > 1))


def _name_of(f: Callable[..., Any]) -> str:
    name = getattr(f, "__name__", "")
    return name if name.isidentifier() else "out"


def _arguments(
    f: Callable[..., Any], examples: Sequence[Any], names: Sequence[str] | None
) -> tuple[list[Leaf], list[Rebuild]]:
    called, required = parameters_of(f, len(examples))
    given: list[Any] = [*examples, *[()] * (required - len(examples))]
    if names is not None:
        if len(names) != len(given):
            raise ChainruleError(f"found {len(names)} names for {len(given)} arguments.")
        called = list(names)
    taken = [take_apart((name,), value, shapes=True) for name, value in zip(called, given, strict=False)]
    return [leaf for leaves, _ in taken for leaf in leaves], [rebuild for _, rebuild in taken]


def parameters_of(f: Callable[..., Any], given: int) -> tuple[list[str], int]:
    """Names for `given` or more positional arguments of a function, and how many it must have."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):  # a builtin that does not say
        return [f"x{k + 1}" for k in range(given)], given
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    called = [p.name for p in positional]
    rest = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), None)
    if rest is not None:
        called += [f"{rest}_{k + 1}" for k in range(max(0, given - len(called)))]
    if given > len(called):
        raise ChainruleError(f"the function takes {len(called)} arguments, found {given}.")
    return called, max(given, sum(p.default is p.empty for p in positional))


def _named_results(results: Any, name: str, taken: set[Name]) -> dict[Quantity, Node]:
    """The results as named nodes: one by the function's name, several by number or key."""
    outputs: dict[Quantity, Node] = {}
    for path, value in _leaves_of_result((name,), results):
        full = "_".join(path)
        label = Name(path[-1] if path[-1].isidentifier() else full)
        if label in taken or label in outputs:
            label = Name(full)
        while label in taken or label in outputs:
            label = Name(f"{label.text}_out")
        result = lift(value).node
        if is_quantity(result) and result.op is not INPUT and label_of(result) not in outputs:
            outputs[label_of(result)] = result  # the function named it itself
        else:
            outputs[label] = name_node(label, result)
    return outputs


def _leaves_of_result(path: tuple[str, ...], results: Any) -> list[tuple[tuple[str, ...], Any]]:
    if isinstance(results, dict):
        return [leaf for key, part in results.items() for leaf in _leaves_of_result((*path, str(key)), part)]
    if isinstance(results, tuple | list):
        return [leaf for k, part in enumerate(results, 1) for leaf in _leaves_of_result((*path, str(k)), part)]
    if results is None:
        raise ChainruleError(f"the function {path[0]} returned nothing.", hint="End it with `return`.")
    return [(path, results)]


def _check(graph: Graph, inputs: set[Node]) -> None:
    """Nothing of another trace got in, and no two quantities have one name."""
    labels: dict[Quantity, Node] = {}
    for current in graph.nodes():
        if not is_quantity(current):
            continue
        label = label_of(current)
        if current.op is INPUT and current not in inputs:
            raise ChainruleError(f"{spell(label)} belongs to another traced function.", hint="Pass it as an argument.")
        if labels.setdefault(label, current) is not current:
            raise ChainruleError(f"two quantities are called {spell(label)}.", hint="Name each of them once.")
