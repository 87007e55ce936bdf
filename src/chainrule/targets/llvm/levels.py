"""Very large graphs of single numbers, without code of their own: nodes made by one formula at one time are a group.

The code is one loop for each formula; a graph is the list of its groups - which formula, how many - and where their
arguments stand. Results follow each other in memory in the order of the groups.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from chainrule.node import INPUT, Node, order
from chainrule.targets.llvm.arrays import aligned
from chainrule.targets.llvm.emit import DType
from chainrule.targets.llvm.machine import Compiled, compile_text, this_machine
from chainrule.targets.llvm.patterns import Formula, Pattern, constant_of, formulas
from chainrule.targets.llvm.table_code import Context, table_text, width_of
from chainrule.targets.llvm.work import Work

_CALL: Final = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class Tables:
    """The values of a graph, inputs first, and which formula makes which of them from which others."""

    __slots__ = ("_call", "_compiled", "_context", "_tables", "values", "where")

    def __init__(self, roots: Sequence[Node], inputs: Sequence[Node], dtype: DType) -> None:
        import numpy as np

        nodes = order([*inputs, *roots])
        found = formulas(nodes, roots)
        needed = dict.fromkeys([*inputs, *roots, *[a for one in found.values() for a in one.arguments]])
        fixed = [*inputs, *[n for n in needed if not n.args and n.op is not INPUT]]
        patterns = tuple(sorted({one.pattern for one in found.values()}, key=repr))
        number = {pattern: k for k, pattern in enumerate(patterns)}
        lanes = width_of(dtype, this_machine())
        where = {n: k for k, n in enumerate(fixed)}
        end = -(-len(fixed) // lanes) * lanes
        rows: list[tuple[int, int]] = []
        arguments: list[int] = []
        start = end
        for members in groups(nodes, found):
            vectors = -(-len(members) // lanes)
            formula = found[members[0]]
            rows.append((number[formula.pattern], vectors))
            members = sorted(members, key=lambda n: [where[a] for a in found[n].arguments])
            for first in range(0, len(members), lanes):
                some = [found[n].arguments for n in members[first : first + lanes]]
                for k in range(len(formula.arguments)):
                    arguments += [where[one[k]] for one in some] + [0] * (lanes - len(some))
            where.update(zip(members, range(end, end + len(members)), strict=True))
            end += vectors * lanes
        self._compiled = _code(dtype, patterns)
        self._call = _CALL(self._compiled.address("evaluate"))
        table = np.array(rows or [(0, 0)], np.int32)
        named = aligned(max(1, len(arguments)), np.int32)
        named[: len(arguments)] = arguments
        places = np.array([where[n] for n in roots] or [0], np.int64)
        self.values = aligned(end + lanes, dtype)
        for n in fixed:
            if n.op is not INPUT:
                self.values[where[n]] = constant_of(n)
        self._tables = table, named, places
        self._context = Context(
            *[array.ctypes.data for array in (self.values, named, table, places)], len(rows), start, len(inputs),
            len(roots),
        )  # fmt: skip
        self.where = {n: where[n] for n in [*inputs, *roots]}

    def run(self) -> None:
        """Work out all values from those of the inputs."""
        self._call(ctypes.addressof(self._context))

    def work(self) -> Work:
        """The same with the values of the inputs put in, and those of the roots taken out; in memory of its own."""
        values = aligned(len(self.values), self.values.dtype)
        values[:] = self.values
        context = Context.from_buffer_copy(self._context)
        context.values = values.ctypes.data
        compiled = self._compiled
        return Work(compiled.address("run"), ctypes.addressof(context), compiled.text, (self, values, context))


def groups(nodes: Sequence[Node], found: dict[Node, Formula]) -> Iterator[list[Node]]:
    """Nodes of one formula that do not need each other, always the formula that most nodes are ready for."""
    waiting: dict[Node, int] = {}
    users: dict[Node, list[Node]] = {}
    ready: dict[Pattern, list[Node]] = {}
    for n in nodes:
        if n in found:
            made = [a for a in found[n].arguments if a.args]
            waiting[n] = len(made)
            for a in made:
                users.setdefault(a, []).append(n)
            if not made:
                ready.setdefault(found[n].pattern, []).append(n)
    while ready:
        members = ready.pop(max(ready, key=lambda pattern: len(ready[pattern])))
        yield members
        for n in members:
            for user in users.get(n, ()):
                waiting[user] -= 1
                if not waiting[user]:
                    ready.setdefault(found[user].pattern, []).append(user)


@lru_cache(maxsize=16)
def _code(dtype: DType, patterns: tuple[Pattern, ...]) -> Compiled:
    return compile_text(table_text(dtype, patterns, this_machine()))
