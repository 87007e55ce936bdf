"""What `quick` needs to know of a small plain run, worked out where no other process has kept it - without NumPy.

A run is known by its kernel, and by where in the kernel's memory everything lies.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any, Literal

from chainrule.graph import Program
from chainrule.node import label_of
from chainrule.numbers.array import Array
from chainrule.quantity import Name, spell
from chainrule.targets.llvm.machine import Compiled
from chainrule.targets.llvm.training import TrainingKernel
from chainrule.training.kernels import native_kernel
from chainrule.training.known import keep, layered_arguments
from chainrule.training.sources import Shape
from chainrule.training.step import Penalties, step_of
from chainrule.training.structure import Structure, structure
from chainrule.transforms.schedule.stages import Buffer

if TYPE_CHECKING:
    from chainrule.training.quick import PlainRule


def known_run(
    told: Mapping[str, Any],
    values: Mapping[str, list[float]],
    rule: PlainRule,
    key: str,
    *,
    batch: int,
    online: bool,
    over: Literal["sum", "mean"],
    lost: float,
) -> tuple[dict[str, Any], Compiled] | None:
    """Where everything lies in the memory of the kernel of a run, and its code; None where it matters how it is called.

    `values` are the numbers to begin with, row by row; `lost` is what `native_kernel` asks for.
    """
    arguments, _ = layered_arguments(told)
    shapes: dict[str, Shape] = arguments["parameters"]
    parts = {name: arguments[name] for name in ("source", "inputs", "targets", "parameters", "minimise")}
    found = structure(**parts)
    first = {name: Array(shape, values[name]) for name, shape in shapes.items()}
    program = step_of(
        found, first, rule.optimizer, rate=rule.plain[1], online=online, over=over, penalties=Penalties()
    )  # fmt: skip
    kernel = native_kernel(program, error=found.minimise, dtype=told["dtype"], rows=batch, lost=lost)
    recipe = _recipe(found, shapes, program, kernel, batch) if isinstance(kernel, TrainingKernel) else None
    if recipe is None or not isinstance(kernel, TrainingKernel):
        return None
    if kernel.compiled.key is not None:
        keep(key, recipe)
    return recipe, kernel.compiled


def _recipe(
    model: Structure, parameters: Collection[str], program: Program, kernel: TrainingKernel, batch: int
) -> dict[str, Any] | None:
    code, memory = kernel.code, kernel.code.memory
    roles = {label_of(one): 0 for one in model.inputs} | {label_of(one): 1 for one in model.targets}
    parts = [roles.get(label_of(one)) for one in program.examples]
    if code.given or len(program.scalars) != 1 or None in parts or memory.gemm is not None:
        return None
    if code.parts:  # too large a network to be known
        return None
    state: list[tuple[str | float, list[int]]] = []
    for label, kept in program.state.items():
        buffer = code.plan.found[kept.before]
        if buffer.number not in memory.offsets:
            return None
        begin = memory.offsets[buffer.number] // memory.item
        is_parameter = isinstance(label, Name) and spell(label) in parameters
        start = spell(label) if is_parameter else float(kept.initial)
        state.append((start, [begin + place for place in _places(buffer, memory.sizes(buffer))]))
    bound = code.bound(batch)
    return {
        "code": kernel.compiled.key,
        "arena": (memory.arena // memory.item + memory.lanes) * memory.item,
        "slots": len(memory.slots),
        "blocks": [
            [memory.slots[one.number], memory.numbers(one, bound) * memory.item]
            for one in code.plan.buffers
            if one.number in memory.slots and one.number not in code.direct
        ],
        "rounded": memory.rounded(batch),
        "state": state,
        "examples": parts,
    }


def _places(buffer: Buffer, sizes: Sequence[Any]) -> list[int]:
    """Where the elements of an array lie in it, row by row, in numbers from its beginning."""
    steps, step = dict[int, int](), 1
    for axis, size in zip(reversed(buffer.order), reversed(sizes), strict=True):
        steps[axis], step = step, step * size
    axes = [range(0, int(size) * steps[axis], steps[axis]) for axis, size in enumerate(buffer.shape)]
    return [sum(place) for place in product(*axes)]
