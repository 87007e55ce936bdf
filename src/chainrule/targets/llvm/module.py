"""A plan as the text of a module: one function for the stages before an error is looked at, one for those after.

The functions take the arena, the table of addresses, and for each symbol its size and that size in whole vectors.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from chainrule.targets.llvm.emit import DType, Emitter
from chainrule.targets.llvm.estimates import ATTRIBUTES
from chainrule.targets.llvm.memory import Memory
from chainrule.targets.llvm.nest import Nest, order_of
from chainrule.targets.llvm.pointwise import write_pointwise
from chainrule.targets.llvm.products import write_product
from chainrule.targets.llvm.reductions import write_reduction
from chainrule.targets.llvm.sharing import Shared, shared_stages
from chainrule.targets.llvm.special import write_reshape, write_uniform
from chainrule.transforms.schedule.stages import Plan, Stage, natural

_TOGETHER: Final = 24  # stages in one function: the compiler's time grows faster than their number


def parameters(memory: Memory) -> str:
    """The parameters of a function that runs stages."""
    sizes = [f", i64 %count.{s}, i64 %rounded.{s}" for s in memory.symbols]
    return f"ptr %arena, ptr %table{''.join(sizes)}"


def write_stages(plan: Plan, memory: Memory, stages: Sequence[Stage], name: str, dtype: DType) -> list[str]:
    """Functions for the stages, and one called `name` that runs them all; declarations come with them."""
    parts = [stages[k : k + _TOGETHER] for k in range(0, len(stages), _TOGETHER)]
    lines: list[str] = []
    declared: dict[str, str] = {}
    same: dict[int, Shared] = {}
    if len(parts) > 1:
        same, lines = _write_shared(plan, memory, stages, name, dtype)
    for k, part in enumerate(parts):
        emitter = Emitter(dtype)
        for stage in part:
            emitter.forget_loads()
            nest = Nest(emitter, plan, memory, stage)
            if stage.number in same:
                one = same[stage.number]
                emitter.line(f"call void @{one.name}({parameters(memory)}{one.arguments(nest)})")
            else:
                write_stage(nest)
        title = name if len(parts) == 1 else f"{name}.{k}"
        lines += function(f"internal void @{title}({parameters(memory)})", emitter, "ret void")
        declared |= emitter.declared
    if len(parts) != 1:
        calls = [f"  call void @{name}.{k}({parameters(memory)})" for k in range(len(parts))]
        lines += [f"define internal void @{name}({parameters(memory)}) #0 {{", *calls, "  ret void", "}"]
    return [*lines, *declared.values()]


def _write_shared(
    plan: Plan, memory: Memory, stages: Sequence[Stage], name: str, dtype: DType
) -> tuple[dict[int, Shared], list[str]]:
    """Which stages call a function that others call, too, by their numbers; and these functions, with declarations."""
    alone = [Nest(Emitter(dtype), plan, memory, stage, arrays={}) for stage in stages]
    for nest in alone:
        write_stage(nest)
    same = shared_stages(alone, name)
    first: dict[str, Nest] = {}
    for nest in alone:
        if nest.stage.number in same:
            first.setdefault(same[nest.stage.number].name, nest)
    lines: list[str] = []
    for title, nest in first.items():
        head = f"internal void @{title}({parameters(memory)}{same[nest.stage.number].parameters})"
        lines += [*function(head, nest.emitter, "ret void"), *nest.emitter.declared.values()]
    return same, lines


def write_stage(nest: Nest) -> None:
    """One stage, by what its core is."""
    stage, core = nest.stage, nest.stage.core
    if core is None:
        write_pointwise(nest, stage.stores, stage.space, order_of(stage))
    elif core.op.name == "matmul":
        assert stage.product is not None
        write_product(nest, stage.product)
    elif core.op.name == "reshape":
        write_reshape(nest)
    elif core.op.name == "uniform":
        write_uniform(nest)
    elif not stage.pointwise:
        for store in stage.stores:
            nest.emitter.forget_loads()
            shape = store.value.type.shape
            write_pointwise(nest, [store], shape, natural(shape))
    else:
        write_reduction(nest)


def function(head: str, emitter: Emitter, last: str) -> list[str]:
    """A function with the instructions of an emitter."""
    (level,) = emitter.levels
    body = [line if line.endswith(":") else f"  {line}" for line in level.lines]
    return [f"define {head} #0 {{", "entry:", *body, f"  {last}", "}"]


def assemble(parts: Iterable[str], vector_bytes: int) -> str:
    """A module from functions and declarations, each of these once."""
    once = {part: None for part in parts if part.startswith(("declare", "@", "!"))}
    functions = [part for part in parts if part not in once]
    wide = f'"prefer-vector-width"="{8 * vector_bytes}" "min-legal-vector-width"="{8 * vector_bytes}"'
    return "\n".join([*functions, *once, f"attributes #0 = {{ nounwind {wide} {ATTRIBUTES} }}"]) + "\n"
