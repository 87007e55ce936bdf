"""Functions and graphs in native code: the value, and the value with its gradient, for numbers and arrays.

Code is made for the shapes of the first call and kept for the next ones of the same shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chainrule.errors import GradientError, ShapeError
from chainrule.graph import Graph, collector_paused
from chainrule.node import Node, input_node, label_of, type_of
from chainrule.quantity import Name, spell
from chainrule.tracing.arguments import Leaf, Rebuild, names_of, take_apart
from chainrule.tracing.traced import Traced, lift
from chainrule.training.model import DType
from chainrule.transforms.gradients import gradient, running


def compile(f: Callable[..., Any] | Graph, *, dtype: DType = "float64") -> CompiledFunction | CompiledGraph:
    """A function of numbers and arrays, or a graph, as native code.

    A compiled function takes the arguments of `f`, positional ones, and has `value_and_grad`, which also gives the
    derivatives by each of them. A compiled graph takes {name: value} and gives {name: value}. Raises ChainruleError
    where the function needs to know a value, as in `if x > 0`, and GradientError for the gradient of an array.

    >>> f = compile(lambda x, y: x * y + x**2)
    >>> f(2.0, 3.0), f.value_and_grad(2.0, 3.0)
    (10.0, (10.0, (7.0, 2.0)))
    """
    return CompiledGraph(f, dtype) if isinstance(f, Graph) else CompiledFunction(f, dtype)


class CompiledFunction:
    """A Python function in native code; see `compile`."""

    def __init__(self, f: Callable[..., Any], dtype: DType) -> None:
        self._f, self._dtype = f, dtype
        self._made: dict[Any, _Made] = {}

    def __call__(self, *args: Any) -> Any:
        """The function's value."""
        made, leaves = self._for(args, slopes=False)
        (value,) = made.run(leaves)
        return value

    def value_and_grad(self, *args: Any) -> tuple[Any, Any]:
        """The value, and the derivatives by the arguments: a tuple of them, or the one of a single argument."""
        made, leaves = self._for(args, slopes=True)
        value, *slopes = made.run(leaves)
        parts = iter(slopes)
        found = tuple([rebuild(parts) for rebuild in made.rebuilds])
        return value, found[0] if len(args) == 1 else found

    def _for(self, args: Sequence[Any], *, slopes: bool) -> tuple[_Made, list[Leaf]]:
        taken = [take_apart((f"x{at}",), value) for at, value in enumerate(args, 1)]
        leaves = [leaf for found, _ in taken for leaf in found]
        key = slopes, tuple([(leaf.path, leaf.shape) for leaf in leaves])
        if key not in self._made:
            rebuilds = [rebuild for _, rebuild in taken]
            with collector_paused():
                inputs = [_input(name, leaf) for name, leaf in zip(names_of(leaves), leaves, strict=True)]
                self._made[key] = _Made(inputs, self._roots(inputs, rebuilds, slopes), rebuilds, self._dtype)
        return self._made[key], leaves

    def _roots(self, inputs: Sequence[Node], rebuilds: Sequence[Rebuild], slopes: bool) -> list[Node]:
        values = iter([Traced(one) for one in inputs])
        result = self._f(*[rebuild(values) for rebuild in rebuilds])
        if isinstance(result, tuple | list | dict) or result is None:
            raise GradientError("a compiled function gives one number or array.", hint="Return one of them.")
        root = running(lift(result).node, inputs)
        return [root, *gradient(root, inputs)] if slopes else [root]


class CompiledGraph:
    """A graph in native code; see `compile`."""

    def __init__(self, graph: Graph, dtype: DType) -> None:
        self._labels = list(graph.outputs)
        inputs = list(graph.inputs().values())
        self._inputs = [spell(label_of(one)) for one in inputs]
        self._made = _Made(inputs, [running(root, inputs) for root in graph.outputs.values()], [], dtype)

    def __call__(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The outputs by name, from the inputs by name."""
        missing = [name for name in self._inputs if name not in values]
        if missing:
            raise ShapeError(f"the input {missing[0]} has no value.")
        leaves = [take_apart((name,), values[name])[0][0] for name in self._inputs]
        return dict(zip(map(spell, self._labels), self._made.run(leaves), strict=True))


def _input(name: str, leaf: Leaf) -> Node:
    return input_node(Name(f"#{name}"), type_of("real", leaf.shape))


class _Made:
    """Native code for the values of some nodes, which need no names."""

    def __init__(
        self, inputs: Sequence[Node], roots: Sequence[Node], rebuilds: Sequence[Rebuild], dtype: DType
    ) -> None:
        from chainrule.targets.llvm.function import compile_function

        self.labels, self.rebuilds = [label_of(one) for one in inputs], rebuilds
        self.function = compile_function({Name(f"#{at}"): root for at, root in enumerate(roots)}, dtype=dtype)

    def run(self, leaves: Sequence[Leaf]) -> list[Any]:
        """The values of the roots: numbers, or arrays."""
        given = {label: leaf.value for label, leaf in zip(self.labels, leaves, strict=True)}
        return [value if value.shape else value.item() for value in self.function(given).values()]
