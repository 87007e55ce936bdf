"""Reads a problem file into a Problem: tables, formulas, what is minimised, and how it is trained.

Each part checks itself and names its place; parts that must agree are compared here.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final, Literal

from chainrule.errors import Place, ProblemError
from chainrule.formula import Definition, parse_definitions
from chainrule.formula.lowering import Block, define
from chainrule.formula.syntax import Tree
from chainrule.formula.tokens import is_name, show
from chainrule.graph import Graph
from chainrule.node import Node, input_node, is_quantity, label_of, order, type_of
from chainrule.ops.matrix import INDEX
from chainrule.problem.data import Data, read_data
from chainrule.problem.layers import KEYS as NETWORK_KEYS
from chainrule.problem.layers import Layers, assemble, read_layers
from chainrule.problem.problem import MAX_OPERATIONS, Problem, Training
from chainrule.problem.resolve import resolve
from chainrule.problem.tables import (
    RESERVED,
    Entry,
    choice_of,
    count_examples,
    name_of,
    read_entries,
    refuse_clashes,
    table,
    text_of,
)
from chainrule.problem.train import KEYS as TRAINING_KEYS
from chainrule.problem.train import OPTIONS, read_training
from chainrule.quantity import Name, Quantity, spell
from chainrule.toml_source import TomlSource, allowed, load_toml, read_toml

TOP_KEYS: Final = (
    "title", "source", "note", "formulas", "minimise", "rate", "working", "symbols", "delta_sign",
    "network", "given", "parameters", "examples", "names", "training", "data",
)  # fmt: skip


def load(path: str | os.PathLike[str]) -> Problem:
    """The problem that a TOML file describes.

    Raises ProblemError or FormulaError, one line with the place, for whatever is wrong with it.
    """
    return build(read_toml(path))


def loads(text: str, *, file: str | None = None) -> Problem:
    """The problem that a TOML text describes; `file` is its name in messages.

    Raises ProblemError or FormulaError, one line with the place, for whatever is wrong with it.

    >>> problem = loads('''formulas = "y = 2*x"
    ... [given]
    ... x = 0.1''')
    >>> problem.graph, problem.values
    (<Graph of y>, {Name(text='x'): Fraction(1, 10)})
    """
    return build(load_toml(text, file=file))


def build(source: TomlSource) -> Problem:
    """The problem of a document that has been read."""
    _refuse_homeless(source)
    allowed(source, (), TOP_KEYS)
    texts = {key: _text(source, key) for key in ("title", "source", "note", "formulas", "working", "minimise")}
    entries = read_entries(source)
    written = _formulas(source, texts["formulas"], entries)
    layers = _layers(source, texts["minimise"], written)
    data, rows = _data(source, layers)
    blocks = [*([_network_block(layers)] if layers else []), *([written] if written else [])]
    if layers is not None:
        taken = [one.name for block in blocks for one in block.definitions]
        entries = assemble(layers, source, entries, [*taken, *(entry.name for entry in rows)])
    entries = [*entries, *rows]
    refuse_clashes(entries)
    _check_names(blocks, entries, layers)
    definitions = define(blocks, {e.name: _input(e) for e in entries}, part=layers.part if layers else None)
    problem = _problem(source, texts, entries, definitions, written, layers, data)
    _check_aliases(source, problem)
    return problem


def _problem(
    source: TomlSource,
    texts: Mapping[str, str | None],
    entries: Sequence[Entry],
    definitions: Mapping[str, Node],
    written: Block | None,
    layers: Layers | None,
    data: Data | None,
) -> Problem:
    minimise = _minimise(source, texts["minimise"], definitions)
    graph = Graph({Name(name): found for name, found in definitions.items()})
    training, rate = read_training(source, entries, minimise)
    arrays: dict[Quantity, Any] = {Name(e.name): e.value for e in entries if e.value is not None}
    if rate is not None and training.rate is not None:
        arrays[training.rate] = rate
    own = written.definitions if written else ()
    warnings = [f"{remark.place}: {remark.text}." for one in own for remark in one.warnings]
    warnings += _unused(entries, graph, training)
    examples = count_examples(source, entries)
    if examples and minimise is not None:
        _check_examples(source, entries, definitions[texts["minimise"] or ""], examples)
    return Problem(
        title=texts["title"] or _default_title(source),
        note=texts["note"],
        source=texts["source"],
        file=source.file,
        graph=graph,
        written=_written(own, definitions, layers),
        arrays=arrays,
        given_arrays=_labels(entries, "given", "examples"),
        parameter_arrays=_labels(entries, "parameters"),
        symbols=_labels(entries, "symbols"),
        varying=_labels(entries, "examples"),
        examples=examples,
        minimise=minimise,
        training=training,
        notation=layers.names if layers else None,
        aliases=_aliases(source, {*definitions, *(entry.name for entry in entries)}),
        delta_sign=_delta_sign(source, layers),
        warnings=tuple(warnings),
        document=source,
        data=data,
    )


def _data(source: TomlSource, layers: Layers | None) -> tuple[Data | None, list[Entry]]:
    """What [data] says, and the examples it brings."""
    names = layers.names if layers else None
    found = read_data(
        source,
        layers=names.layers if names else None,
        input_name=names.spell_array("input", 0) if names else "",
        target_name=names.spell_array("target", len(names.layers) - 1) if names else "",
    )
    return found or (None, [])


def _refuse_homeless(source: TomlSource) -> None:
    """Raises ProblemError for a key that stands above the tables but belongs into one."""
    for key in source.data:
        for section, keys in (("training", (*TRAINING_KEYS, *OPTIONS)), ("network", NETWORK_KEYS)):
            if key in keys and key not in TOP_KEYS:
                place = source.place((key,))
                raise ProblemError(f"`{key}` belongs into [{section}].", place=place, hint="Move it there.")


def _text(source: TomlSource, key: str) -> str | None:
    value = source.data.get(key)
    return None if value is None else text_of(source, (key,), value)


def _default_title(source: TomlSource) -> str:
    return os.path.splitext(os.path.basename(source.file))[0] if source.file else "Problem"


def _formulas(source: TomlSource, text: str | None, entries: Sequence[Entry]) -> Block | None:
    if text is None and "network" in source.data:
        return None
    if text is None:
        raise ProblemError(
            "found neither formulas nor a [network].",
            place=Place(source.file, 1, 1),
            hint="Write formulas = '''...''' above the first table.",
        )

    def place(offset: int) -> Place:
        return source.string_place(("formulas",), offset)

    names = {entry.name for entry in entries}
    definitions = parse_definitions(text, known=names.__contains__, allow=frozenset({"comparisons"}), place=place)
    if not definitions:
        what = "found no formula where at least one was expected."
        raise ProblemError(what, place=source.place(("formulas",), value=True), hint="Write name = expression.")
    return Block(text, definitions, place)


def _layers(source: TomlSource, minimise: str | None, written: Block | None) -> Layers | None:
    """The network; its error has the name that is minimised, unless a formula of the file defines that."""
    own = {one.name for one in written.definitions} if written else set()
    error = minimise.strip() if minimise and is_name(minimise.strip()) and minimise.strip() not in own else "E"
    return read_layers(source, error=error)


def _network_block(layers: Layers) -> Block:
    text = str(layers.text)
    return Block(text, parse_definitions(text), lambda offset: layers.place)


def _check_names(blocks: Sequence[Block], entries: Sequence[Entry], layers: Layers | None) -> None:
    """Raises ProblemError for a definition whose name is taken."""
    taken = {entry.name: entry for entry in entries}
    for block in blocks:
        for one in block.definitions:
            place = block.place(one.name_span.start) if block.place else Place()
            if one.name in RESERVED:
                what = f"{show(one.name)} is the name of a function, so no quantity can be called so."
                raise ProblemError(what, place=place, hint="Choose another name.")
            if one.name in taken:
                refuse_clashes([taken[one.name], Entry(one.name, "definition", None, (), place)])
            if layers is not None and layers.part(one.name, ()) is not None:
                what = f"{show(one.name)} is what the network calls a quantity of its own."
                raise ProblemError(what, place=place, hint="Choose another name.")


def _check_examples(source: TomlSource, entries: Sequence[Entry], error: Node, count: int) -> None:
    varying = {entry.name for entry in entries if entry.kind == "examples"}
    if not any(is_quantity(n) and spell(label_of(n)) in varying for n in order([error])):
        what = f"there are {count} examples, but what is minimised does not depend on them."
        raise ProblemError(what, place=source.place(("examples",)), hint="Use a name of [examples] in it.")


def _input(entry: Entry) -> Node:
    return input_node(Name(entry.name), type_of("real", entry.shape))


def _minimise(source: TomlSource, text: str | None, definitions: Mapping[str, Node]) -> Quantity | None:
    if text is None:
        return None
    name, place = text.strip(), source.string_place(("minimise",), 0)
    if name not in definitions:
        near = get_close_matches(name, definitions, n=1)
        hint = f"Did you mean {show(near[0])}?" if near else f"Defined are {', '.join(list(definitions)[:12])}."
        raise ProblemError(f"minimise names {show(name)}, which no formula defines.", place=place, hint=hint)
    if definitions[name].shape:
        what = f"minimise names {show(name)}, which is an array; expected a single number."
        raise ProblemError(what, place=place, hint=f"Take its sum: E = sum({name}).")
    return Name(name)


def _written(
    definitions: Sequence[Definition], nodes: Mapping[str, Node], layers: Layers | None
) -> dict[Quantity, Tree]:
    """The trees of definitions that stay as they are unit by unit: numbers computed from numbers."""
    return {Name(one.name): one.tree for one in definitions if _is_scalar(nodes[one.name], renamed=layers is not None)}


def _is_scalar(definition: Node, *, renamed: bool) -> bool:
    """Whether no array occurs but as W[2,1] - and not even so where elements have names of their own."""
    for n in order(definition.args, cut=is_quantity):
        if n.shape and not is_quantity(n):
            return False
        if any(a.shape for a in n.args) and not is_quantity(n) and (renamed or n.op is not INDEX):
            return False
    return not definition.shape


def _labels(entries: Sequence[Entry], *kinds: str) -> tuple[Quantity, ...]:
    return tuple(Name(entry.name) for entry in entries if entry.kind in kinds)


def _unused(entries: Sequence[Entry], graph: Graph, training: Training) -> list[str]:
    used = {*graph.quantities(), training.rate, training.weights}
    warnings = []
    for entry in entries:
        if Name(entry.name) in used:
            continue
        if entry.kind == "parameters":
            what = f"the parameter {show(entry.name)} is used in no formula."
            raise ProblemError(what, place=entry.place, hint="Use it, or take it out.")
        verb = "named in symbols" if entry.kind == "symbols" else "given"
        warnings.append(f"{entry.place}: {show(entry.name)} is {verb}, but no formula uses it.")
    return warnings


def _aliases(source: TomlSource, taken: Collection[str]) -> dict[str, str]:
    result = {}
    for key, value in table(source, "names").items():
        name = name_of(source, ("names", key), key)
        if name in taken or name in result:
            what = f"{show(name)} is the name of another quantity already."
            raise ProblemError(what, place=source.place(("names", key)), hint="Choose another name.")
        result[name] = text_of(source, ("names", key), value, what="a quantity in quotes")
    return result


def _check_aliases(source: TomlSource, problem: Problem) -> None:
    """Raises FormulaError for a name of [names] that names nothing."""
    for key, text in table(source, "names").items():
        if problem.operations > MAX_OPERATIONS:
            return  # expressions are looked for unit by unit

        def place(offset: int, key: str = key) -> Place:
            return source.string_place(("names", key), offset)

        resolve(problem, text, place=place, of_any_example=True)


def _delta_sign(source: TomlSource, layers: Layers | None) -> Literal[1, -1]:
    value = source.data.get("delta_sign")
    if value is None:
        return layers.names.notation.delta_sign if layers else 1
    return -1 if choice_of(source, ("delta_sign",), value, ("positive", "negative")) == "negative" else 1
