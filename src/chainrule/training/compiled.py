"""Functions and graphs in native code: the value, and the value with its gradient, for numbers and arrays.

Code is made for the shapes of the first call and kept for the next ones of the same shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from math import prod
from typing import TYPE_CHECKING, Any

from chainrule.dataclasses import replace
from chainrule.errors import GradientError, ShapeError
from chainrule.graph import Graph, collector_paused
from chainrule.node import Node, input_node, label_of, type_of
from chainrule.quantity import Name, Quantity, spell
from chainrule.tracing.arguments import Leaf, Rebuild, names_of, take_apart
from chainrule.tracing.traced import Traced, lift
from chainrule.training.compiled_model import CompiledModel
from chainrule.training.model import DType, Model
from chainrule.transforms.elements import by_elements
from chainrule.transforms.gradients import gradient, running

if TYPE_CHECKING:
    from chainrule.targets.llvm.scalar_function import ScalarFunction


def compile(
    f: Callable[..., Any] | Graph | Model, *, dtype: DType = "float64"
) -> CompiledFunction | CompiledGraph | CompiledModel:
    """A function of numbers and arrays, a graph, or what a model predicts, as native code.

    A compiled function takes the arguments of `f`, positional ones, and has `value_and_grad`, which also gives the
    derivatives by each of them, and `bind`, for calls on arrays that are agreed on once. A compiled graph takes
    {name: value} and gives {name: value}. A compiled model takes one example, or several; its weights stay those it
    had, and its dtype is the model's. Raises ChainruleError where the function needs to know a value, as in `if x > 0`,
    and GradientError for the gradient of an array.

    >>> f = compile(lambda x, y: x * y + x**2)
    >>> f(2.0, 3.0), f.value_and_grad(2.0, 3.0)
    (10.0, (10.0, (7.0, 2.0)))
    """
    if isinstance(f, Model):
        return CompiledModel(f)
    return CompiledGraph(f, dtype) if isinstance(f, Graph) else CompiledFunction(f, dtype)


class CompiledFunction:
    """A Python function in native code; see `compile`."""

    __slots__ = {
        "__call__": "The function's value.",
        "_dtype": "The numbers it computes with.",
        "_f": "What was compiled.",
        "_ways": "The value, and the value with its slopes.",
        "value_and_grad": "The value, and the derivatives by the arguments: a tuple, or the one of a single argument.",
    }
    __call__: Callable[..., Any]
    value_and_grad: Callable[..., tuple[Any, Any]]

    def __init__(self, f: Callable[..., Any], dtype: DType) -> None:
        self._f, self._dtype = f, dtype
        self._ways = _Way(f, dtype, slopes=False), _Way(f, dtype, slopes=True)
        self.__call__, self.value_and_grad = [way.entry.function for way in self._ways]

    def bind(self, given: Any, results: Any, *, shapes: Sequence[tuple[int, ...]] | None = None) -> Callable[[], None]:
        """A function without arguments that reads them from `given` and writes the value into `results`.

        Both are NumPy arrays, or others with a buffer, of the dtype compiled for; `given` has the arguments one after
        the other: numbers, or what `shapes` says. Where `results` has room for them, the derivatives follow the value,
        in the order of `given`. Such a call makes no object. Raises ShapeError for what does not fit.

        >>> import numpy as np
        >>> given, results = np.array([2.0, 3.0]), np.zeros(3)
        >>> run = compile(lambda x, y: x * y + x**2).bind(given, results)
        >>> run()
        >>> results.tolist()
        [10.0, 7.0, 2.0]
        """
        from chainrule.training.binding import arguments_of, memory_of

        x = memory_of("given", given, self._dtype, written=False)
        made = memory_of("results", results, self._dtype, written=True)
        return self._ways[made.size != 1].bound(x, made, arguments_of(x, made, shapes))

    def __reduce__(self) -> tuple[Any, ...]:
        return CompiledFunction, (self._f, self._dtype)


class _Way:
    """The value of a function, or the value with its slopes: the general way, which gives the entry its work."""

    def __init__(self, f: Callable[..., Any], dtype: DType, *, slopes: bool) -> None:
        from chainrule.targets.llvm.native_entry import Entry

        self._f, self._dtype, self._slopes = f, dtype, slopes
        self._made: dict[Any, _Made] = {}
        self.entry = Entry(self.general, "value_and_grad" if slopes else "value", dtype)

    def general(self, *args: Any) -> Any:
        """The result for any arguments that can be taken apart."""
        taken = [take_apart((f"x{at}",), value) for at, value in enumerate(args, 1)]
        leaves = [leaf for found, _ in taken for leaf in found]
        made = self._made_for(leaves, [rebuild for _, rebuild in taken])
        value, *slopes = made.run(leaves)
        if made.scalar is not None and len(leaves) == len(args):
            work, long = made.scalar.entry_work, made.scalar.long
            self.entry.give(work, made.given, made.results, made.form, release=long)
        if not self._slopes:
            return value
        parts = iter(slopes)
        found = tuple([rebuild(parts) for _, rebuild in taken])
        return value, found[0] if len(args) == 1 else found

    def bound(self, given: Any, results: Any, shapes: Sequence[tuple[int, ...]]) -> Callable[[], None]:
        """A function from one array, in which arguments of these shapes are, into another."""
        taken = [take_apart((f"x{at}",), shape, shapes=True) for at, shape in enumerate(shapes, 1)]
        leaves = [found[0] for found, _ in taken]
        made = self._made_for(leaves, [rebuild for _, rebuild in taken])
        if made.scalar is not None:
            from chainrule.targets.llvm.bound_call import bound_call

            return bound_call(made.scalar.own_work(), given, results, release=made.scalar.long)
        import numpy as np

        at = accumulate(map(prod, shapes), initial=0)
        leaves = [
            replace(leaf, value=given[start : start + prod(shape)].reshape(shape))
            for leaf, shape, start in zip(leaves, shapes, at, strict=False)
        ]

        def run() -> None:
            start = 0
            for one in made.run(leaves):
                results[start : start + np.size(one)] = np.ravel(one)
                start += np.size(one)

        return run

    def _made_for(self, leaves: Sequence[Leaf], rebuilds: Sequence[Rebuild]) -> _Made:
        key = tuple([(leaf.path, leaf.shape) for leaf in leaves])
        made = self._made.get(key)
        if made is None:
            with collector_paused():
                made = self._made[key] = self._make(leaves, rebuilds)
        return made

    def _make(self, leaves: Sequence[Leaf], rebuilds: Sequence[Rebuild]) -> _Made:
        inputs = [_input(name, leaf) for name, leaf in zip(names_of(leaves), leaves, strict=True)]
        values = iter([Traced(one) for one in inputs])
        result = self._f(*[rebuild(values) for rebuild in rebuilds])
        if isinstance(result, tuple | list | dict) or result is None:
            raise GradientError("a compiled function gives one number or array.", hint="Return one of them.")
        root, elements = by_elements(lift(result).node, inputs)
        root = running(root, elements)
        roots = [root, *gradient(root, elements)] if self._slopes else [root]
        return _Made(inputs, elements, roots, self._slopes, self._dtype)


class CompiledGraph:
    """A graph in native code; see `compile`."""

    def __init__(self, graph: Graph, dtype: DType) -> None:
        self._labels = list(graph.outputs)
        inputs = list(graph.inputs().values())
        self._inputs = [spell(label_of(one)) for one in inputs]
        self._made = _Made(inputs, inputs, [running(root, inputs) for root in graph.outputs.values()], False, dtype)

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
    """Native code for the values of some nodes, which need no names, and for shapes of the arguments.

    A `scalar` function takes and gives numbers, one after the other; `given` and `results` are the shapes they are of.
    """

    def __init__(
        self, inputs: Sequence[Node], elements: Sequence[Node], roots: Sequence[Node], slopes: bool, dtype: DType
    ) -> None:
        from chainrule.targets.llvm.cached import cached_function
        from chainrule.targets.llvm.entry_code import VALUE, VALUE_AND_SLOPE, VALUE_AND_SLOPES
        from chainrule.targets.llvm.scalar_function import ScalarFunction

        self.labels, self.dtype = [label_of(one) for one in elements], dtype
        named: dict[Quantity, Node] = {Name(f"#{at}"): root for at, root in enumerate(roots)}
        self.function = cached_function(named, dtype=dtype, inputs=elements)
        numbers = all(n.type.kind == "real" for n in roots) and not any(n.type.shape for n in elements)
        self.scalar = self.function if numbers and isinstance(self.function, ScalarFunction) else None
        self.given = [_shape(one) for one in inputs]
        self.results = [None, *self.given] if slopes else [None] * len(roots)
        self.form = (VALUE_AND_SLOPE if len(inputs) == 1 else VALUE_AND_SLOPES) if slopes else VALUE

    def run(self, leaves: Sequence[Leaf]) -> list[Any]:
        """The values of the roots: numbers, or arrays."""
        if self.scalar is not None:
            return self._run_packed(self.scalar, leaves)
        given = {label: leaf.value for label, leaf in zip(self.labels, leaves, strict=True)}
        return [value if value.shape else value.item() for value in self.function(given).values()]

    def _run_packed(self, function: ScalarFunction, leaves: Sequence[Leaf]) -> list[Any]:
        import numpy as np

        numbers = [_array(leaf, self.dtype).ravel() for leaf in leaves]
        made = function.run(np.concatenate(numbers) if numbers else np.zeros(1, self.dtype))
        results, at = [], 0
        for shape in self.results:
            size = prod(shape or ())
            results.append(made[at].item() if shape is None else made[at : at + size].reshape(shape).copy())
            at += size
        return results


def _array(leaf: Leaf, dtype: DType) -> Any:
    import numpy as np

    try:
        return np.asarray(leaf.value, dtype)
    except (OverflowError, TypeError, ValueError):
        found = f"found {leaf.value!r:.40} for {'.'.join(leaf.path)}"
        raise ShapeError(found, hint=f"Pass numbers that are {dtype}.") from None


def _shape(one: Node) -> tuple[int, ...] | None:
    return tuple(map(int, one.type.shape)) or None
