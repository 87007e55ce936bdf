"""What `quick` needs to know of a small plain network, worked out where no other process has kept it - without NumPy.

A network is known by the shapes of its parameters and the law of their first values.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any, Final, Literal

from chainrule.errors import ChainruleError
from chainrule.initialise import law_of, parse_initialiser
from chainrule.targets.native.store import folder, write
from chainrule.training.building import layered_model
from chainrule.training.quick import MOST_NUMBERS
from chainrule.training.sources import Shape, fans

# The largest net input at which a hidden unit is certainly not saturated, as the doctor counts it.
_LIMITS: Final = {"sigmoid": 4.59, "tanh": 2.64}
_REACHES: Final = {
    "sigmoid": (0, 1), "tanh": (-1, 1), "linear": (-1000, 1000), "identity": (-1000, 1000), "softmax": (-1000, 1000),
}  # fmt: skip


def known_network(told: Mapping[str, Any], key: str) -> dict[str, Any] | None:
    """The laws of the first weights, and what says whether the doctor would be silent.

    None for a network that is not small and plain, or cannot be used.
    """
    try:
        arguments, described = layered_arguments(told)
        initialiser = parse_initialiser(told["init"])
    except ChainruleError:  # which the person gets when the network is built
        return None
    layers, (*hidden, last) = described["layers"], described["activation"]
    shapes: dict[str, Shape] = arguments["parameters"]
    numbers = sum([prod(shape) for shape in shapes.values()])
    if (
        initialiser.name == "orthogonal" or numbers > MOST_NUMBERS or described["bias"] not in (False, "per unit")
        or not set(hidden) <= set(_LIMITS) or last not in _REACHES or len(arguments["inputs"]) != 1
        or told["dtype"] not in ("float32", "float64")
    ):  # fmt: skip
        return None
    laws = []
    for name, shape in shapes.items():
        fan_in, fan_out = fans(shape)
        kind: Literal["bias", "weight"] = "bias" if name in arguments["biases"] else "weight"
        law = law_of(initialiser, fan_in=fan_in, fan_out=fan_out, kind=kind)
        laws.append([name, prod(shape), law.shape, law.a, law.b])
    names = arguments["names"]
    known = {
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
    keep(key, known)
    return known


def layered_arguments(told: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The formulas of a layered network by its arguments, and what a file says of it, as `layered_model` gives them."""
    return layered_model(**{name: told[name] for name in ("layers", "activation", "loss", "bias", "notation")})


def keep(key: str, facts: Mapping[str, Any]) -> None:
    """Keep what is known, if there is a place for it."""
    if folder() is not None:
        import json

        write(key, json.dumps(facts).encode())
