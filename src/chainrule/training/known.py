"""What another process need not work out again about a small plain run: kept for `quick`, which reads it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from chainrule.graph import Program
from chainrule.initialise import law_of, parse_initialiser
from chainrule.node import label_of
from chainrule.quantity import Name, spell
from chainrule.targets.llvm.training import TrainingKernel
from chainrule.targets.native.store import read, write
from chainrule.training.quick import MOST_NUMBERS, MOST_ROWS, network_key, plain_rate, run_key

if TYPE_CHECKING:
    from chainrule.training.model import Model
    from chainrule.training.spans import Spans

# The largest net input at which a hidden unit is certainly not saturated, as the doctor counts it.
_LIMITS: Final = {"sigmoid": 4.59, "tanh": 2.64}
_REACHES: Final = {
    "sigmoid": (0, 1), "tanh": (-1, 1), "linear": (-1000, 1000), "identity": (-1000, 1000), "softmax": (-1000, 1000),
}  # fmt: skip


def keep_known(model: Model, program: Program, spans: Spans, asked: Mapping[str, Any]) -> None:
    """Keep what `quick` needs to know of a run that has just been made, if it is one that `quick` could make."""
    told = model.__dict__.get("told")
    kernel = spans.kernel
    if told is None or plain_rate(asked) is None or not isinstance(kernel, TrainingKernel) or spans.count > MOST_ROWS:
        return
    network = network_key(told)
    if network is None or network in _seen:
        return
    if read(network) is None:
        known = _of_network(model, told)
        if known is None:
            _seen.add(network)
            return
        write(network, json.dumps(known).encode())
    key = run_key(network, asked, spans.batch, spans.count)
    if key in _seen:
        return
    _seen.add(key)
    recipe = _of_run(model, program, kernel, spans.batch)
    if recipe is not None and read(key) is None:
        write(key, json.dumps(recipe).encode())


_seen: Final[set[str]] = set()  # keys that this process need not look at again


def _of_network(model: Model, told: dict[str, Any]) -> dict[str, Any] | None:
    """The laws of the first weights, and what says whether the doctor would be silent."""
    described, names = model.described, model.names  # type: ignore[attr-defined]
    *hidden, last = described["activation"]
    numbers = sum(value.size for value in model.parameters.values())
    initialiser = parse_initialiser(told["init"])
    if (
        initialiser.name == "orthogonal" or numbers > MOST_NUMBERS or described["bias"] not in (False, "per unit")
        or not set(hidden) <= set(_LIMITS) or last not in _REACHES or names is None or len(model.inputs) != 1
    ):  # fmt: skip
        return None
    laws = []
    for name, value in model.parameters.items():
        fans = (value.shape[-1], value.shape[0]) if value.ndim > 1 else (1, 1)
        kind = "bias" if name in model.biases else "weight"
        law = law_of(initialiser, fan_in=fans[0], fan_out=fans[1], kind=kind)  # type: ignore[arg-type]
        laws.append([name, prod(value.shape), law.shape, law.a, law.b])
    layers = described["layers"]
    return {
        "inputs": layers[0],
        "outputs": layers[-1],
        "laws": laws,
        "reach": _REACHES[last],
        "hidden": [
            [
                names.spell_array("weight", layer), names.spell_array("bias", layer) if described["bias"] else None,
                layers[layer], _LIMITS[activation],
            ]
            for layer, activation in enumerate(hidden, 1)
        ],
    }  # fmt: skip


def _of_run(model: Model, program: Program, kernel: TrainingKernel, batch: int) -> dict[str, Any] | None:
    """Where everything lies in the memory of a kernel."""
    code = kernel.code
    roles = {label_of(one): 0 for one in model.inputs} | {label_of(one): 1 for one in model.targets}
    parts = [roles.get(label_of(one)) for one in program.examples]
    if kernel.compiled.key is None or code.given or len(program.scalars) != 1 or None in parts:
        return None
    if code.block != 1:  # then it matters where calls are cut
        return None
    space = kernel.session(batch).space
    state: list[tuple[str | float, list[int]]] = []
    for label, kept in program.state.items():
        buffer = code.plan.found[kept.before]
        if buffer.number not in code.memory.offsets:
            return None
        view = space.view(buffer)
        places = (np.indices(view.shape).T @ view.strides).T if view.ndim else np.zeros((), int)
        first = int(view.ctypes.data - space.arena.ctypes.data)
        is_parameter = isinstance(label, Name) and spell(label) in model.parameters
        start = spell(label) if is_parameter else float(kept.initial)
        state.append((start, ((first + places) // code.memory.item).ravel().tolist()))
    return {
        "code": kernel.compiled.key,
        "arena": space.arena.nbytes,
        "slots": len(code.memory.slots),
        "blocks": [[code.memory.slots[number], block.nbytes] for number, block in space.blocks.items()],
        "rounded": code.memory.rounded(batch),
        "state": state,
        "examples": parts,
    }
