"""Native values: a graph compiled to one function from arrays to arrays, for any number of rows."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from chainrule.errors import ChainruleError, ShapeError
from chainrule.graph import Graph
from chainrule.node import INPUT, Node, label_of, order
from chainrule.quantity import Quantity, spell
from chainrule.targets.llvm.arrays import Space, bind
from chainrule.targets.llvm.emit import REALS, DType
from chainrule.targets.llvm.entry import flush_declarations, flush_off, flush_on
from chainrule.targets.llvm.machine import Compiled, Machine, compile_text, this_machine
from chainrule.targets.llvm.memory import Memory, lay_out
from chainrule.transforms.schedule.lower import lower
from chainrule.transforms.schedule.stages import Plan

# What plans and writes code is loaded by the functions below, because one that is found on disk does without.
if TYPE_CHECKING:
    from chainrule.targets.llvm.scalar_function import ScalarFunction

_CALL: Final = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3)  # a foreign call releases the GIL


ROOM: Final = 1024  # rows; memory for more is not kept for fewer


class Function:
    """A compiled graph. It owns its machine code and its memory; calls from several threads run one after the other."""

    __slots__ = ("_bound", "_call", "_lock", "_space", "compiled", "dtype", "inputs", "memory", "outputs", "plan")

    def __init__(
        self,
        plan: Plan,
        memory: Memory,
        compiled: Compiled,
        inputs: Sequence[Node],
        outputs: Mapping[Quantity, Node],
        dtype: DType,
    ) -> None:
        self.plan, self.memory, self.dtype = plan, memory, dtype
        self.inputs = {label_of(given): given for given in inputs}
        self.outputs = outputs
        self.compiled = compiled
        self._call = _CALL(compiled.address("run"))
        self._space: Space | None = None
        self._bound: dict[str, int] = {}  # the sizes of the last call
        self._lock = Lock()

    @property
    def text(self) -> str:
        """The code as LLVM's text."""
        return self.compiled.text

    def __call__(
        self, values: Mapping[Quantity, Any], *, sizes: Mapping[str, int] | None = None
    ) -> dict[Quantity, Any]:
        """The outputs, as new arrays, for the values of the inputs; `sizes` binds symbols that no input has.

        Raises `ShapeError` for an input without a value or of a shape that does not fit.
        """
        import numpy as np

        arrays: dict[Node, Any] = {}
        bound = dict(sizes or {})
        for label, given in self.inputs.items():
            if label not in values:
                raise ShapeError(f"the input {spell(label)} has no value.")
            arrays[given] = np.asarray(values[label])
            bind(given.type.shape, arrays[given], given, bound)
        if 0 in bound.values():
            raise ShapeError("found no rows, expected at least one.")
        with self._lock:
            return self._run(arrays, bound)

    def _run(self, arrays: Mapping[Node, Any], bound: dict[str, int]) -> dict[Quantity, Any]:
        import numpy as np

        space = self._space_for(bound)
        for given, array in arrays.items():
            space.part(self.plan.found[given], bound)[...] = array
        sizes = np.array([n for s in self.memory.symbols for n in (bound[s], space.rounded(s))] or [0], np.int64)
        self._call(space.arena.ctypes.data, space.table.ctypes.data, sizes.ctypes.data)
        results = {}
        filled = iter([buffer for buffer in self.plan.buffers if buffer.role == "output"])
        for label, root in self.outputs.items():
            result = space.part(next(filled), bound).copy()
            results[label] = result != 0 if root.type.kind == "boolean" else result
        return results

    def _space_for(self, bound: Mapping[str, int]) -> Space:
        """Memory for these sizes or for more: the last of many blocks of rows is smaller, and the first ones follow.

        With memory anew for both, predicting 600 examples of 64-64-10 took twice as long.
        """
        space = self._space
        if space is None or not all(n <= space.bound[s] <= max(n, ROOM) for s, n in bound.items()):
            space = self._space = Space(self.plan, self.memory, self.dtype, bound)
        elif self._bound != bound:
            space.clear()
        self._bound = dict(bound)
        return space


def compile_function(
    graph: Graph | Mapping[Quantity, Node],
    outputs: Sequence[Quantity] | None = None,
    *,
    dtype: DType = "float64",
    inputs: Sequence[Node] = (),
    hasty: bool = False,
) -> Function | ScalarFunction:
    """Native code for the outputs of a graph (all of them, if none are named), from arrays to arrays.

    Sizes that are symbols are bound by the arrays of each call; a `ScalarFunction` takes single numbers in the order
    of `inputs`. Code made in haste gives the same bits, but may run slower. Raises MissingPartError without llvmlite,
    and ChainruleError for an output the graph does not have.

    >>> from chainrule.node import input_node
    >>> from chainrule.quantity import Name
    >>> x = input_node(Name("x"))
    >>> compile_function({Name("y"): x * x})({Name("x"): 3.0})[Name("y")].item()
    9.0
    """
    from chainrule.targets.llvm.singles import fits

    found = dict(graph.outputs) if isinstance(graph, Graph) else dict(graph)
    for label in outputs or ():
        if label not in found:
            raise ChainruleError(f"{spell(label)} is no output of this graph.")
    chosen = {label: found[label] for label in outputs} if outputs is not None else found
    roots = lower(list(chosen.values()))
    nodes = order(roots)
    if fits(nodes, 0):
        from chainrule.targets.llvm.scalar_function import ScalarFunction

        numbers = dict.fromkeys(n for n in (*inputs, *nodes) if n.op is INPUT and not n.type.shape)
        return ScalarFunction(list(chosen), roots, list(numbers), dtype)
    made, memory, used = function_plan(list(chosen.values()), dtype, this_machine())
    compiled = compile_text(function_text(made, memory, dtype, this_machine()), hasty=hasty)
    return Function(made, memory, compiled, used, chosen, dtype)


def function_plan(roots: Sequence[Node], dtype: DType, machine: Machine) -> tuple[Plan, Memory, list[Node]]:
    """The plan of a function, its memory, and its inputs in the order of use."""
    from chainrule.transforms.schedule.plan import plan

    lowered = lower(roots)
    inputs = [n for n in order(roots) if n.op is INPUT]
    item = REALS[dtype].size
    lanes = machine.vector_bytes // item
    made = plan(dict.fromkeys(inputs, "given"), lowered, lanes=lanes)
    return made, lay_out(made, lanes=lanes, item=item), inputs


def function_text(made: Plan, memory: Memory, dtype: DType, machine: Machine) -> str:
    """The module of a function: `void run(arena, table, sizes)`."""
    from chainrule.targets.llvm.module import assemble, write_stages

    lines = write_stages(made, memory, made.stages, "stages", dtype)
    arguments = []
    head = []
    for k, symbol in enumerate(memory.symbols):
        for j, kind in enumerate(("count", "rounded")):
            head += [
                f"%{kind}.{symbol}.at = getelementptr i64, ptr %sizes, i64 {2 * k + j}",
                f"%{kind}.{symbol} = load i64, ptr %{kind}.{symbol}.at",
            ]
            arguments.append(f", i64 %{kind}.{symbol}")
    body = [*flush_on(machine), *head, f"call void @stages(ptr %arena, ptr %table{''.join(arguments)})"]
    lines += [
        "define void @run(ptr %arena, ptr %table, ptr %sizes) #0 {",
        *[f"  {line}" for line in [*body, *flush_off(machine), "ret void"]],
        "}",
        *flush_declarations(machine),
    ]
    return assemble(lines, machine.vector_bytes)
