"""Layered networks: `[network]` of a problem file is sugar, and this is what writes it out.

The result is the text of formulas that a person could have written, in the names of their notation, so that nothing
behind this file knows of layers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from chainrule.dataclasses import dataclass
from chainrule.errors import ProblemError, ShapeError, nearest
from chainrule.losses import Loss, find_loss
from chainrule.notation import Names, Symbol, network_names
from chainrule.notation_table import Bias, Notation

Shape: TypeAlias = tuple[int, ...]

# What may stand between net input and output; an identity is written as no function at all.
_FUNCTIONS: Final = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "softplus", "softmax")
ACTIVATIONS: Final[Mapping[str, str]] = {
    **{name: f"{name}({{z}})" for name in _FUNCTIONS},
    "linear": "{z}",
    "identity": "{z}",
}
_OTHER_NAMES: Final = {"logistic": "sigmoid", "σ": "sigmoid"}
_OUTPUT_FIRST: Final = frozenset({"nptel"})  # lecture 000 writes the error as (x - t)^2, the others (t - o)^2
_ERROR_OF_EACH: Final = frozenset({"numbered"})  # lecture 004: E = E1 + E2


@dataclass(frozen=True, slots=True)
class Network:
    """The layers of a network: inputs, hidden, outputs; an activation for each layer with weights, and a loss.

    `names` spells its quantities and says whether it has biases. Raises ProblemError for an activation or a loss that
    does not exist, ShapeError if the numbers of layers, activations and names differ. `layered` reads what a file says.
    """

    layers: tuple[int, ...]
    activation: tuple[str, ...]
    loss: str
    names: Names

    def __post_init__(self) -> None:
        if self.names.layers != self.layers:
            raise ShapeError(f"the names are for the layers {list(self.names.layers)}, not {list(self.layers)}.")
        _check_count(self.activation, self.layers)
        for name in self.activation:
            if name not in ACTIVATIONS:
                raise _no_activation(name)
        find_loss(self.loss)

    @property
    def bias(self) -> Bias | None:
        """One "per unit", one "per layer", or None for a network without biases."""
        return self.names.bias


@dataclass(frozen=True, slots=True)
class NetworkText:
    """A network written out: formulas, one a line, and the shapes of what they leave open.

    `inputs` are given, `parameters` learn; `constants` are those of the inputs whose value is fixed, such as x0_0 = 1.
    """

    lines: tuple[str, ...]
    inputs: Mapping[str, Shape]
    parameters: Mapping[str, Shape]
    constants: Mapping[str, int]

    def __str__(self) -> str:
        return "\n".join(self.lines)


def layered(
    layers: object,
    *,
    activation: object = "sigmoid",
    loss: object = "half squared error",
    notation: str = "matrix",
    bias: object = True,
    hidden: Sequence[str] | None = None,
) -> Network:
    """A network from the values of a problem file's `[network]` (problem-files, section 2).

    `activation` is one name for all layers, or one per layer with weights; `bias` is true, false, "per unit" or
    "per layer"; `hidden` names hidden layers of the numbered notation. Raises ProblemError or ShapeError, naming the
    key, if a value cannot be used.

    >>> layered([4, 8, 3], activation=["tanh", "softmax"], loss="cross entropy").activation
    ('tanh', 'softmax')
    """
    if not isinstance(layers, list | tuple):
        raise ProblemError(
            f"layers are {layers!r}, expected a list of numbers of units.",
            hint="Write inputs, hidden layers and outputs, such as [2, 2, 1].",
        )
    names = network_names(notation, layers, hidden=hidden, bias=_bias(bias))
    chosen = _activations(activation, names.layers)
    return Network(names.layers, chosen, find_loss(loss).name, names)


def network_formulas(network: Network, *, error: str = "E") -> NetworkText:
    """The formulas of a network, layer by layer, and last its error.

    In every layer z = W @ x + b and a = f(z), where W has a row per unit and a column per unit of the layer before; the
    notation names these arrays and says where the bias stands.

    >>> print(network_formulas(layered([2, 3, 1])))
    z1 = W1 @ x + b1
    a1 = sigmoid(z1)
    z2 = W2 @ a1 + b2
    a2 = sigmoid(z2)
    E = 1/2*sum((t - a2)^2)
    """
    names = network.names
    last = len(network.layers) - 1
    inputs: dict[str, Shape] = {names.spell_array("input", 0): (network.layers[0],)}
    parameters: dict[str, Shape] = {}
    constants: dict[str, int] = {}
    lines: list[str] = []
    for layer, activation in enumerate(network.activation, 1):
        net, output = names.spell_array("net", layer), names.spell_array("output", layer)
        lines.append(f"{net} = {_net_input(names, layer, parameters, constants)}")
        lines.append(f"{output} = {ACTIVATIONS[activation].format(z=net)}")
    inputs |= dict.fromkeys(constants, ())
    inputs[names.spell_array("target", last)] = (network.layers[last],)
    lines += _error(network, error)
    return NetworkText(tuple(lines), inputs, parameters, constants)


def _net_input(names: Names, layer: int, parameters: dict[str, Shape], constants: dict[str, int]) -> str:
    """The right side of a layer's net input; writes down the parameters and constants it uses."""
    units, sources = names.layers[layer], names.layers[layer - 1]
    weight = names.spell_array("weight", layer)
    source = names.spell_array("input", 0) if layer == 1 else names.spell_array("output", layer - 1)
    weighted = f"{weight} @ {source}"
    parameters[weight] = (units, sources)
    if names.bias is None:
        return weighted
    if names.bias == "per layer":  # one number for the whole layer, which has a name of its own
        bias = names.spell(Symbol("bias", layer, 0))
        parameters[bias] = ()
    else:
        bias = names.spell_array("bias", layer)
        parameters[bias] = (units,)
    if names.notation.has_one:
        one = names.spell(Symbol("input" if layer == 1 else "output", layer - 1, 0))
        constants[one] = 1
        bias = f"{bias}*{one}"
    return f"{bias} + {weighted}" if names.notation.bias_first else f"{weighted} + {bias}"


def _error(network: Network, error: str) -> list[str]:
    """The lines of the loss: one, or one an output and their sum where the notation's lecture has it so."""
    last = len(network.layers) - 1
    output, target = network.names.spell_array("output", last), network.names.spell_array("target", last)
    loss, notation = find_loss(network.loss), network.names.notation
    first = notation.name in _OUTPUT_FIRST
    if not _splits(loss, notation) or network.layers[last] == 1:
        return [f"{error} = {loss.formula(output, target, output_first=first)}"]
    parts = [f"{error}{j}" for j in range(1, network.layers[last] + 1)]
    lines = [
        f"{part} = {loss.of_one(f'{output}[{j}]', f'{target}[{j}]', output_first=first)}"
        for j, part in enumerate(parts, 1)
    ]
    return [*lines, f"{error} = {' + '.join(parts)}"]


def _splits(loss: Loss, notation: Notation) -> bool:
    return loss.over == "sum" and notation.name in _ERROR_OF_EACH


def _bias(value: object) -> Bias | None:
    meanings: dict[object, Bias | None] = {
        True: "per unit",
        False: None,
        "per unit": "per unit",
        "per layer": "per layer",
    }
    if isinstance(value, bool | str):
        plain = value if isinstance(value, bool) else " ".join(value.casefold().replace("_", " ").split())
        if plain in meanings:
            return meanings[plain]
    raise ProblemError(f"bias is {value!r}, expected true, false, 'per unit' or 'per layer'.")


def _activations(value: object, layers: tuple[int, ...]) -> tuple[str, ...]:
    names = (value,) * (len(layers) - 1) if isinstance(value, str) else value
    if not isinstance(names, list | tuple):
        raise ProblemError(f"activation is {value!r}, expected a name in quotes, or a list of one per layer.")
    chosen = tuple([_activation(name) for name in names])
    _check_count(chosen, layers)
    return chosen


def _activation(name: object) -> str:
    if not isinstance(name, str):
        raise ProblemError(f"activation contains {name!r}, expected a name in quotes.")
    plain = "_".join(name.casefold().replace("-", " ").replace("_", " ").split())
    plain = _OTHER_NAMES.get(plain, plain)
    if plain not in ACTIVATIONS:
        raise _no_activation(name)
    return plain


def _no_activation(name: str) -> ProblemError:
    near = nearest(name.casefold(), ACTIVATIONS, cutoff=0.5)
    meant = f"Did you mean {near!r}? " if near else ""
    known = ", ".join(ACTIVATIONS)
    return ProblemError(f"there is no activation {name!r}.", hint=f"{meant}The activations are {known}.")


def _check_count(activation: Sequence[str], layers: Sequence[int]) -> None:
    expected = len(layers) - 1
    if len(activation) != expected:
        names = "name" if len(activation) == 1 else "names"
        raise ShapeError(
            f"activation has {len(activation)} {names}, expected {expected}.",
            hint=f"Give one name for all layers, or one for each layer after the inputs: layers are {list(layers)}.",
        )
