"""Reads `[network]`: the formulas it stands for, and values under array names or the notation's own names.

Everything that comes out is what a problem by formulas has too: definitions, and arrays under names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any, Final, NoReturn

from chainrule.dataclasses import dataclass, replace
from chainrule.errors import ChainruleError, Place, ProblemError
from chainrule.formula.tokens import show
from chainrule.initialise import draw, parse_initialiser
from chainrule.network import Network, NetworkText, layered, network_formulas
from chainrule.notation import Names, Symbol
from chainrule.notation_table import Role
from chainrule.problem.tables import Entry, Path, describe, table, text_of
from chainrule.randomness import parameter_key
from chainrule.toml_source import TomlSource, allowed

KEYS: Final = ("layers", "activation", "loss", "notation", "bias", "hidden", "init", "seed")
_BLAME: Final = ("hidden", "activation", "loss", "bias", "notation", "layers")
_KNOWN_AS: Final = {"x": "input", "t": "target"}  # in every notation, as in [given] x = [0.7, 1.2]


@dataclass(frozen=True, slots=True)
class Layers:
    """A network of a problem file: what it is, and the formulas and arrays it stands for."""

    network: Network
    text: NetworkText
    place: Place

    @property
    def names(self) -> Names:
        return self.network.names

    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """The shapes of all arrays the formulas leave open."""
        return {**self.text.inputs, **self.text.parameters}

    def part(self, name: str, index: tuple[int, ...]) -> tuple[str, tuple[int, ...]] | None:
        """The array, and the place in it, of what the notation calls by a name of its own; None if it is none."""
        return part_of(self.names, name, index)


def part_of(names: Names, name: str, index: tuple[int, ...]) -> tuple[str, tuple[int, ...]] | None:
    """The array and the index that a unit's name or an element such as W1[2,0] stands for."""
    text = f"{name}[{','.join(map(str, index))}]" if index else name
    array = names.read_array(name)
    if array is not None:
        if index and array[0] == "weight" and len(index) == 2 and index[1] == 0:
            return _place_in(names, Symbol("bias", array[1], index[0])) if _fits(names, array[1], index[0]) else None
        return None
    symbol = names.read(text)
    if symbol is not None and symbol.role != "delta":
        one = symbol.unit == 0 and symbol.role in ("input", "output")
        return None if one else _place_in(names, symbol)
    known = _KNOWN_AS.get(name)
    if known is None or names.read(name) is not None:
        return None
    return names.spell_array("input" if known == "input" else "target", 0 if known == "input" else _last(names)), index


def _fits(names: Names, layer: int, unit: int) -> bool:
    return names.bias is not None and 1 <= unit <= names.layers[layer]


def _last(names: Names) -> int:
    return len(names.layers) - 1


def _place_in(names: Names, symbol: Symbol) -> tuple[str, tuple[int, ...]]:
    if symbol.role == "bias" and names.bias == "per layer":
        return names.spell(symbol), ()
    index = (symbol.unit,) if symbol.source is None else (symbol.unit, symbol.source)
    return names.spell_array(symbol.role, symbol.layer), index


def read_layers(source: TomlSource, *, error: str) -> Layers | None:
    """The network of a file, or None. Raises ProblemError naming the key that cannot be used."""
    if "network" not in source.data:
        return None
    section = table(source, "network")
    allowed(source, ("network",), KEYS)
    if "layers" not in section:
        hint = "Write inputs, hidden layers and outputs, such as layers = [2, 2, 1]."
        raise ProblemError("[network] has no layers.", place=source.place(("network",)), hint=hint)
    _check_types(source, section)
    options = {key: section[key] for key in ("activation", "loss", "notation", "bias", "hidden") if key in section}
    try:
        network = layered(section["layers"], **options)
        text = network_formulas(network, error=error)
    except ChainruleError as problem:
        key = next((k for k in _BLAME if k in problem.what and k in section), "layers")
        raise problem.at(source.place(("network", key), value=True)) from None
    return Layers(network, text, source.place(("network",)))


def _check_types(source: TomlSource, section: Mapping[str, Any]) -> None:
    layers = section["layers"]
    if not isinstance(layers, list):
        _refuse(source, ("network", "layers"), layers, "a list of numbers of units")
    for at, size in enumerate(layers):
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            _refuse(source, ("network", "layers", at), size, "a whole number of units above 0")
    for key in ("loss", "notation", "init"):
        if key in section:
            text_of(source, ("network", key), section[key], what="a name in quotes")
    for key in ("activation", "hidden"):
        for at, name in enumerate(section[key]) if isinstance(section.get(key), list) else ():
            text_of(source, ("network", key, at), name, what="a name in quotes")
    if not isinstance(section.get("activation", ""), str | list):
        _refuse(source, ("network", "activation"), section["activation"], "a name in quotes, or a list of names")
    if not isinstance(section.get("hidden", []), list):
        _refuse(source, ("network", "hidden"), section["hidden"], "a list of names")
    if not isinstance(section.get("bias", True), bool | str):
        _refuse(source, ("network", "bias"), section["bias"], 'true, false, "per unit" or "per layer"')
    seed = section.get("seed", 0)
    if isinstance(seed, bool) or not isinstance(seed, int):
        _refuse(source, ("network", "seed"), seed, "a whole number")


def _refuse(source: TomlSource, path: Path, value: Any, expected: str) -> NoReturn:
    what = f"found {describe(value)} where {expected} was expected."
    raise ProblemError(what, place=source.place(path, value=True))


@dataclass(slots=True)
class _Slot:
    """One array while its values come in, from one entry or from one per element."""

    shape: tuple[int, ...]
    first: Entry | None = None
    values: dict[tuple[int, ...], Any] | None = None


def assemble(layers: Layers, source: TomlSource, entries: Iterable[Entry], defined: Iterable[str]) -> list[Entry]:
    """The entries of a file with the network's values put together into arrays.

    A bias column is split off, biases and weights may come one by one, and what is missing is drawn if `init` says how.
    `defined` are the names that formulas define. Raises ProblemError for wrong shapes and for what has no value.
    """
    taken = set(defined)
    slots = {name: _Slot(shape) for name, shape in layers.shapes().items() if name not in taken}
    result: list[Entry | str] = []
    for entry in entries:
        found = _array_of(layers, entry)
        if found is None:
            result.append(entry)
            continue
        for name, index, value in _pieces(layers, entry, *found, open_arrays=slots):
            if name not in slots:  # the bias column of an array whose bias is defined
                raise _no_value(entry, name, layers)
            if slots[name].first is None:
                result.append(name)
            _put(slots[name], name, entry, index, value)
    result += [name for name in slots if slots[name].first is None]
    drawn = _Initialiser(layers, source)
    return [drawn.finish(item, slots[item]) if isinstance(item, str) else item for item in result]


def _put(slot: _Slot, name: str, entry: Entry, index: tuple[int, ...], value: Any) -> None:
    if slot.first is None or slot.values is None:
        slot.first, slot.values = entry, {}
    if index in slot.values:
        line = slot.first.place.line
        what = f"{show(entry.name)} gives a value that is given already (see line {line})."
        raise ProblemError(what, place=entry.place, hint="Keep one of them.")
    if entry.kind != slot.first.kind:
        raise ProblemError(
            f"{show(entry.name)} and {show(slot.first.name)} are parts of the array {name}, but in different tables.",
            place=entry.place,
            hint="Move them into one table.",
        )
    slot.values[index] = value


def _array_of(layers: Layers, entry: Entry) -> tuple[str, tuple[int, ...]] | None:
    """The array of the network that an entry is or belongs to, and where; None for any other name."""
    is_array = entry.name in layers.shapes() or layers.names.read_array(entry.name) is not None
    return (entry.name, ()) if is_array else part_of(layers.names, entry.name, ())


def _no_value(entry: Entry, name: str, layers: Layers) -> ProblemError:
    by = "by a formula" if name in layers.shapes() else "by the network"
    what = f"{show(entry.name)} is computed {by}, so it takes no value."
    return ProblemError(what, place=entry.place, hint="Call it something else, or take it out.")


def _pieces(
    layers: Layers, entry: Entry, name: str, index: tuple[int, ...], *, open_arrays: Mapping[str, object]
) -> Iterable[tuple[str, tuple[int, ...], Any]]:
    """Array, index and value of every number of an entry; for [examples] the values of all examples."""
    names, shapes = layers.names, layers.shapes()
    if name not in open_arrays:
        raise _no_value(entry, name, layers)
    if entry.kind == "symbols":
        raise ProblemError(f"{show(entry.name)} belongs to the network and needs a value.", place=entry.place)
    if entry.kind == "examples" and name in layers.text.parameters:
        what = f"{show(entry.name)} is a weight or bias, which cannot depend on the example."
        raise ProblemError(what, place=entry.place, hint="Move it into [parameters].")
    if index:
        if entry.shape:
            raise ProblemError(f"{show(entry.name)} is a list, expected a single number.", place=entry.place)
        yield name, index, entry.value
        return
    whole = _reshaped(layers, entry, name, shapes[name])
    if whole.shape == shapes[name]:
        yield from _items(name, whole)
        return
    layer = names.read_array(name)
    assert layer is not None
    for unit, row in enumerate(whole.value, 1):
        bias, at = _place_in(names, names.bias_of(layer[1], unit) or Symbol("bias", layer[1], unit))
        if at or unit == 1:
            yield bias, at, row[0]
        elif row[0] != whole.value[0][0]:
            what = f"the bias column of {show(entry.name)} has different numbers, but its layer has one bias."
            raise ProblemError(what, place=entry.place, hint='Write bias = "per unit" in [network].')
        for source, value in enumerate(row[1:], 1):
            yield name, (unit, source), value


def _items(name: str, entry: Entry) -> Iterable[tuple[str, tuple[int, ...], Any]]:
    for at in product(*map(range, entry.shape)):
        yield name, tuple([i + 1 for i in at]), _pick(entry, at)


def _pick(entry: Entry, at: tuple[int, ...]) -> Any:
    """One number; of an entry of [examples] the list of it over all examples."""
    if entry.kind == "examples":
        return [_inner(one, at) for one in entry.value]
    return _inner(entry.value, at)


def _inner(value: Any, at: tuple[int, ...]) -> Any:
    for i in at:
        value = value[i]
    return value


def _reshaped(layers: Layers, entry: Entry, name: str, shape: tuple[int, ...]) -> Entry:
    """An entry in the shape of its array, perhaps with a bias column; a layer of one unit needs no inner brackets."""
    role = layers.names.read_array(name)
    is_weight = role is not None and role[0] == "weight"
    wide = (shape[0], shape[1] + 1) if is_weight and layers.names.bias is not None else None
    if entry.shape in (shape, wide):
        return entry
    for target in (shape, wide):
        if target is not None and target[0:1] == (1,) and entry.shape == target[1:]:
            wrapped = [[v] for v in entry.value] if entry.kind == "examples" else [entry.value]
            return replace(entry, value=wrapped, shape=target)
    found = f"{_by(entry.shape)} numbers" if entry.shape else "a single number"
    expected = f"{_by(shape)}" if shape else "a single number"
    if is_weight:
        expected += " (a row per unit, a column per input)"
    if wide is not None:
        expected += f", or {_by(wide)} with the bias first"
    turned = (
        "It seems to be transposed." if len(shape) == 2 and entry.shape in (shape[::-1], (wide or ())[::-1]) else ""
    )
    raise ProblemError(f"{show(entry.name)} has {found}, expected {expected}.", place=entry.place, hint=turned)


def _by(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))


class _Initialiser:
    """Fills what has no value: constants of the notation, and parameters drawn at random where `init` is given."""

    def __init__(self, layers: Layers, source: TomlSource) -> None:
        section = table(source, "network")
        self.layers = layers
        self.seed = section.get("seed", 0)
        self.seed_place = source.place(("network", "seed"), value=True)
        self.init = None
        if "init" in section:
            try:
                self.init = parse_initialiser(section["init"])
            except ProblemError as error:
                raise error.at(source.place(("network", "init"), value=True)) from None

    def finish(self, name: str, slot: _Slot) -> Entry:
        """The whole array of a slot as an entry. Raises ProblemError if a value is missing."""
        values = dict(slot.values or {})
        kind = slot.first.kind if slot.first else ("parameters" if name in self.layers.text.parameters else "given")
        constant = self.layers.text.constants.get(name)
        if constant is not None:
            return self.constant(name, slot, constant)
        if not values:  # a large array is not taken apart to be put together again
            exact = _exact(self.drawn(name, slot))
            return Entry(name, kind, exact, slot.shape, slot.first.place if slot.first else self.layers.place)
        if len(values) < prod(slot.shape):
            found = self.drawn(name, slot)
            places = product(*map(range, slot.shape))
            values = {**{tuple([i + 1 for i in at]): Fraction(_inner(found, at)) for at in places}, **values}
        place = slot.first.place if slot.first else self.layers.place
        count = len(slot.first.value) if slot.first is not None and kind == "examples" else 0
        nested: Any = (
            [_nested(slot.shape, values, lambda v, n=n: v[n]) for n in range(count)]
            if kind == "examples"
            else _nested(slot.shape, values, lambda v: v)
        )
        return Entry(name, kind, nested, slot.shape, place)

    def constant(self, name: str, slot: _Slot, value: int) -> Entry:
        if slot.first is not None and (slot.values or {}).get(()) != value:
            what = f"{show(name)} is always {value} in this notation."
            raise ProblemError(what, place=slot.first.place, hint="Take it out.")
        return Entry(name, "given", Fraction(value), (), slot.first.place if slot.first else self.layers.place)

    def drawn(self, name: str, slot: _Slot) -> Any:
        if name not in self.layers.text.parameters or self.init is None:
            self.missing(name, slot)
        role, layer = self.role(name)
        sizes = self.layers.network.layers
        try:
            key = parameter_key(self.seed, name)
            return draw(
                self.init,
                slot.shape,
                fan_in=sizes[layer - 1],
                fan_out=sizes[layer],
                key=key,
                kind="bias" if role == "bias" else "weight",
            )
        except ProblemError as error:
            raise error.at(self.seed_place) from None

    def role(self, name: str) -> tuple[Role, int]:
        array = self.layers.names.read_array(name)
        if array is not None:
            return array
        symbol = self.layers.names.read(name)  # the one bias of a layer
        assert symbol is not None
        return symbol.role, symbol.layer

    def missing(self, name: str, slot: _Slot) -> NoReturn:
        place = slot.first.place if slot.first is not None else self.layers.place
        what = name
        if slot.values:
            gap = next(at for at in _places(slot.shape) if at not in slot.values)
            role, layer = self.role(name)
            symbol = Symbol(role, layer, gap[0], gap[1] if len(gap) > 1 else None)
            what = self.layers.names.spell(symbol)
        hint = "Give it in [given] or [examples]."
        if name in self.layers.text.parameters:
            hint = 'Give it in [parameters], or write init = "glorot uniform" in [network].'
        raise ProblemError(f"{show(what)} of the network has no value.", place=place, hint=hint)


def _exact(nested: Any) -> Any:
    return [_exact(part) for part in nested] if isinstance(nested, list) else Fraction(nested)


def _places(shape: tuple[int, ...]) -> Iterable[tuple[int, ...]]:
    return (tuple([i + 1 for i in at]) for at in product(*map(range, shape)))


def _nested(shape: tuple[int, ...], values: Mapping[tuple[int, ...], Any], pick: Any) -> Any:
    """Nested lists of the values, which are kept by index counted from 1."""
    items = [pick(values[at]) for at in _places(shape)]
    for size in reversed(shape):
        items = [items[start : start + size] for start in range(0, len(items), size)]
    return items[0]
