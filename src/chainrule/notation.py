"""Names of the units and weights of one network: written by `spell`, read back by `read`.

What a lecture calls a weight depends on the notation and on the sizes of the layers, so both are bound
together in `Names`; both directions come from the same templates.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import accumulate, pairwise
from typing import Final, get_args

from chainrule.dataclasses import dataclass
from chainrule.errors import ProblemError
from chainrule.notation_table import HOLE, ROLES, Bias, Notation, Role, find_notation, layer_prefixes
from chainrule.quantity import Derivative, Element, Name, Quantity


@dataclass(frozen=True, slots=True)
class Symbol:
    """One number of a layered network, whatever it is called.

    `layer` is 0 for inputs and 1, 2, ... for layers with weights; targets belong to the last layer. `unit`
    (j) and `source` (i, for weights) count from 1. Unit 0 is the constant 1 a bias is multiplied with
    (roles input and output), or, of a bias, the one bias that all units of the layer share.
    """

    role: Role
    layer: int
    unit: int
    source: int | None = None


@dataclass(frozen=True, slots=True)
class Names:
    """A notation bound to the layers of one network (made by `network_names`).

    `layers` are the numbers of units, inputs first; `prefixes` name the layers with weights where the
    notation does so by letters; `bias` is None for a network without biases.
    """

    notation: Notation
    layers: tuple[int, ...]
    prefixes: tuple[str, ...]
    bias: Bias | None

    def spell(self, symbol: Symbol) -> str:
        """What the symbol is called.

        Raises ProblemError if the network has no such unit or weight.

        >>> network_names("nptel", [2, 2, 2]).spell(Symbol("weight", 2, unit=1, source=2))
        'W2_21'
        >>> network_names("nptel", [2, 12, 2]).spell(Symbol("weight", 2, unit=1, source=2))
        'W2_2_1'
        """
        symbol = self._canonical(symbol)
        if not self._has(symbol):
            raise ProblemError(f"a network with the layers {list(self.layers)} has no {_describe(symbol)}.")
        return self._write(self.notation.units.of(symbol.role), symbol, "_" if self._wide(symbol) else "")

    def read(self, text: str) -> Symbol | None:
        """The symbol of that name, or None if nothing in this network is called so.

        >>> network_names("matrix", [2, 2, 2]).read("W1[2,0]")
        Symbol(role='bias', layer=1, unit=2, source=None)
        >>> network_names("numbered", [2, 2, 2]).read("w9") is None
        True
        """
        units = [(role, self.notation.units.of(role)) for role in ROLES]
        for role, template in (*units, *self.notation.aliases):
            found = _pattern(template).fullmatch(text.strip())
            symbol = self._symbol(role, found.groupdict()) if found else None
            if symbol is not None:
                return symbol
        return None

    def spell_array(self, role: Role, layer: int) -> str:
        """What the array of all such numbers of a layer is called; inputs are layer 0, targets the last.

        Raises ProblemError if the network has no such array.

        >>> names = network_names("nptel", [2, 2, 2])
        >>> names.spell_array("weight", 1), names.spell_array("output", 2), names.spell_array("input", 0)
        ('W1', 'x2', 'x0')
        """
        if not self._has_array(role, layer):
            raise ProblemError(f"a network with the layers {list(self.layers)} has no {role} of layer {layer}.")
        return self._write(self.notation.arrays.of(role), Symbol(role, layer, 1), "")

    def read_array(self, text: str) -> tuple[Role, int] | None:
        """Role and layer of the array of that name, or None: the inverse of `spell_array`.

        >>> network_names("matrix", [2, 3, 1]).read_array("b2")
        ('bias', 2)
        """
        for role in ROLES:
            for layer in range(len(self.layers)):
                if self._has_array(role, layer) and self.spell_array(role, layer) == text.strip():
                    return role, layer
        return None

    def to_quantity(self, symbol: Symbol, *, error: str = "E") -> Quantity:
        """The symbol as a label: an element or a derivative where it is spelled as one, else a name.

        A delta written `delta(...)` is the derivative of `error`, taken with the notation's sign by whoever
        evaluates it. Raises ProblemError if the network has no such unit or weight.

        >>> network_names("matrix", [2, 2, 2]).to_quantity(Symbol("weight", 1, unit=2, source=1))
        Element(of=Name(text='W1'), index=(2, 1))
        >>> network_names("nptel", [2, 2, 2]).to_quantity(Symbol("delta", 2, unit=1))
        Name(text='delta2_1')
        """
        text = self.spell(symbol)
        if text.endswith(")"):
            return Derivative(Name(error), self.to_quantity(Symbol("net", symbol.layer, symbol.unit)))
        if not text.endswith("]"):
            return Name(text)
        array, _, index = text[:-1].partition("[")
        return Element(Name(array), tuple(map(int, index.split(","))))

    def bias_of(self, layer: int, unit: int) -> Symbol | None:
        """The bias that is added to the net input of a unit: its own, its layer's, or None.

        >>> network_names("numbered", [2, 2, 2], bias="per layer").bias_of(1, 2)
        Symbol(role='bias', layer=1, unit=0, source=None)
        """
        return None if self.bias is None else self._canonical(Symbol("bias", layer, unit))

    def _canonical(self, symbol: Symbol) -> Symbol:
        """In a layer whose units share one bias, every unit's bias is that one."""
        shared = symbol.role == "bias" and self.bias == "per layer" and self._has_array("bias", symbol.layer)
        if shared and 1 <= symbol.unit <= self.layers[symbol.layer]:
            return Symbol("bias", symbol.layer, 0, symbol.source)
        return symbol

    def _has_array(self, role: Role, layer: int) -> bool:
        last = len(self.layers) - 1
        if role == "input":
            return layer == 0
        if role == "bias" and self.bias is None:
            return False
        return layer == last if role == "target" else 1 <= layer <= last

    def _has(self, symbol: Symbol) -> bool:
        role, layer, unit, source = symbol.role, symbol.layer, symbol.unit, symbol.source
        if not self._has_array(role, layer) or (source is None) == (role == "weight"):
            return False
        if role == "bias" and self.bias == "per layer":
            return unit == 0
        if unit == 0 and role in ("input", "output"):
            return self.notation.has_one and self.bias is not None and layer < len(self.layers) - 1
        return 1 <= unit <= self.layers[layer] and (source is None or 1 <= source <= self.layers[layer - 1])

    def _wide(self, symbol: Symbol) -> bool:
        """Whether an index of the symbol's layer has two digits, so that all of them are separated."""
        template = self.notation.units.weight
        if "{,}" not in template or symbol.role not in ("weight", "bias"):
            return False
        largest = Symbol("weight", symbol.layer, self.layers[symbol.layer], self.layers[symbol.layer - 1])
        indices = [name for name in HOLE.findall(template) if name not in ("layer", ",")]
        return any(len(str(_FIELDS[name].write(self, largest))) > 1 for name in indices)

    def _write(self, template: str, symbol: Symbol, separator: str) -> str:
        def fill(hole: re.Match[str]) -> str:
            return separator if hole[1] == "," else str(_FIELDS[hole[1]].write(self, symbol))

        return HOLE.sub(fill, template)

    def _symbol(self, role: Role, found: Mapping[str, str]) -> Symbol | None:
        """The symbol a matched template stands for, if its fields agree with each other and the network."""
        last = len(self.layers) - 1
        place: dict[str, int] = {"layer": {"input": 0, "target": last}.get(role, 1)}
        for name, text in found.items():
            if name != "separator":
                place |= _FIELDS[name].read(self, text)
        symbol = Symbol(role, place["layer"], place.get("unit", 0), place.get("source"))
        if not self._has(symbol) or (found.get("separator") == "" and self._wide(symbol)):
            return None
        same = all(str(_FIELDS[n].write(self, symbol)) == t for n, t in found.items() if n != "separator")
        return symbol if same else None


def network_names(
    notation_name: str,
    layers: Sequence[int],
    *,
    hidden: Sequence[str] | None = None,
    bias: Bias | None = "per unit",
) -> Names:
    """Bind a notation to the layers of a network: inputs, hidden layers, outputs.

    `hidden` names the hidden layers of the `numbered` notation (by default h; g and h; f, g and h; ...).
    `bias` is one per unit, one per layer (`numbered` only) or None. Raises ProblemError for an unknown
    notation, layers that are no network, and names that are too few, too many or clash.

    >>> names = network_names("numbered", [2, 2, 2], bias="per layer")
    >>> names.spell(Symbol("weight", 2, unit=2, source=1)), names.spell(Symbol("output", 1, unit=2))
    ('w7', 'out_h2')
    """
    notation = find_notation(notation_name)
    sizes = tuple(layers)
    if len(sizes) < 2 or any(type(size) is not int or size < 1 for size in sizes):
        raise ProblemError(
            f"layers are {list(sizes)!r}, expected at least two whole numbers above 0.",
            hint="Write inputs, hidden layers and outputs, such as [2, 2, 1].",
        )
    if bias not in (None, *get_args(Bias)):
        raise ProblemError(f"bias is {bias!r}, expected 'per unit', 'per layer' or none.")
    if bias == "per layer" and "{bias}" not in notation.units.bias:
        raise ProblemError(
            f"the notation {notation.name} has no name for a bias that a whole layer shares.",
            hint="Use notation = 'numbered' or bias = 'per unit'.",
        )
    return Names(notation, sizes, layer_prefixes(notation, len(sizes) - 2, hidden), bias)


def symbols(names: Names) -> Iterator[Symbol]:
    """Every symbol of a network, in reading order.

    Inputs and targets; weights and biases layer by layer, unit by unit, source by source, the bias where
    the notation puts it; net input and output of every unit going forward; deltas going backward. The
    constant ones of a notation that has them come first of their layer.

    >>> names = network_names("nptel", [1, 1])
    >>> [names.spell(symbol) for symbol in symbols(names)]
    ['x0_0', 'x0_1', 't_1', 'W1_01', 'W1_11', 'theta1_1', 'x1_1', 'delta1_1']
    """
    last = len(names.layers) - 1
    ones = names.notation.has_one and names.bias is not None
    yield from (Symbol("input", 0, unit) for unit in range(0 if ones else 1, names.layers[0] + 1))
    yield from (Symbol("target", last, unit) for unit in _count(names.layers[last]))
    for layer in _count(last):
        yield from _parameters(names, layer)
    for layer in _count(last):
        if ones and layer < last:
            yield Symbol("output", layer, 0)
        for unit in _count(names.layers[layer]):
            yield Symbol("net", layer, unit)
            yield Symbol("output", layer, unit)
    for layer in reversed(_count(last)):
        yield from (Symbol("delta", layer, unit) for unit in _count(names.layers[layer]))


def _parameters(names: Names, layer: int) -> Iterator[Symbol]:
    first, shared = names.notation.bias_first, names.bias == "per layer"
    for unit in _count(names.layers[layer]):
        bias = names.bias_of(layer, unit)
        own = [] if bias is None or (shared and unit > 1) else [bias]
        weights = [Symbol("weight", layer, unit, source) for source in _count(names.layers[layer - 1])]
        yield from (*own, *weights) if first else (*weights, *own)


def _count(size: int) -> range:
    return range(1, size + 1)


def _describe(symbol: Symbol) -> str:
    source = "" if symbol.source is None else f" from source {symbol.source}"
    return f"{symbol.role} of unit {symbol.unit} in layer {symbol.layer}{source}"


@dataclass(frozen=True, slots=True)
class _Field:
    """One hole of a template: what a symbol writes there, and what the text there says of the symbol."""

    write: Callable[[Names, Symbol], int | str]
    read: Callable[[Names, str], dict[str, int]]
    pattern: str = "0|[1-9][0-9]{0,8}"


@cache
def _pattern(template: str) -> re.Pattern[str]:
    """The regular expression that reads a template back."""
    parts = HOLE.split(template)
    for at, part in enumerate(parts):
        if at % 2 == 0:
            parts[at] = re.escape(part).replace(",", ", ?")
        else:
            parts[at] = "(?P<separator>_?)" if part == "," else f"(?P<{part}>{_FIELDS[part].pattern})"
    return re.compile("".join(parts))


def _weights_before(names: Names) -> list[int]:
    """How many weights the layers before each layer have; entry 0 belongs to layer 1."""
    return [0, *accumulate(before * units for before, units in pairwise(names.layers))]


def _units_before(names: Names) -> list[int]:
    return [0, *accumulate(names.layers)]


def _locate(before: Sequence[int], number: int) -> tuple[int, int] | None:
    """Which group a number counted through from 1 falls in (from 0), and its place there (from 1)."""
    for group, (start, end) in enumerate(pairwise(before)):
        if start < number <= end:
            return group, number - start
    return None


def _write_weight(names: Names, symbol: Symbol) -> int:
    per_unit = names.layers[symbol.layer - 1]
    return _weights_before(names)[symbol.layer - 1] + (symbol.unit - 1) * per_unit + (symbol.source or 0)


def _read_weight(names: Names, text: str) -> dict[str, int]:
    found = _locate(_weights_before(names), int(text))
    if found is None:
        return {"layer": 0}
    unit, source = divmod(found[1] - 1, names.layers[found[0]])
    return {"layer": found[0] + 1, "unit": unit + 1, "source": source + 1}


def _write_bias(names: Names, symbol: Symbol) -> int:
    if names.bias == "per layer":
        return symbol.layer
    return _units_before(names)[symbol.layer] - names.layers[0] + symbol.unit


def _read_bias(names: Names, text: str) -> dict[str, int]:
    if names.bias == "per layer":
        return {"layer": int(text), "unit": 0}
    return _read_serial(names, str(int(text) + names.layers[0]))


def _read_serial(names: Names, text: str) -> dict[str, int]:
    found = _locate(_units_before(names), int(text))
    return {"layer": 0} if found is None else {"layer": found[0], "unit": found[1]}


def _read_prefix(names: Names, text: str) -> dict[str, int]:
    return {"layer": names.prefixes.index(text) + 1 if text in names.prefixes else 0}


_FIELDS: Final[Mapping[str, _Field]] = {
    "layer": _Field(lambda names, s: s.layer, lambda names, text: {"layer": int(text)}),
    "unit": _Field(lambda names, s: s.unit, lambda names, text: {"unit": int(text)}),
    "source": _Field(lambda names, s: s.source or 0, lambda names, text: {"source": int(text)}),
    "prefix": _Field(lambda names, s: names.prefixes[s.layer - 1], _read_prefix, r"\w*[^\W0-9]"),
    "serial": _Field(lambda names, s: _units_before(names)[s.layer] + s.unit, _read_serial),
    "source_serial": _Field(
        lambda names, s: _units_before(names)[s.layer - 1] + (s.source or 0),
        lambda names, text: {"source": _read_serial(names, text).get("unit", 0)},
    ),
    "weight": _Field(_write_weight, _read_weight),
    "bias": _Field(_write_bias, _read_bias),
}
