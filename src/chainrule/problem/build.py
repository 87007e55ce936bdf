"""Reads a problem file into a Problem: tables, formulas, what is minimised, and how it is trained.

Each part checks itself and names its place; parts that must agree are compared here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Final

from chainrule.errors import Place, ProblemError
from chainrule.formula import Definition, parse_definitions
from chainrule.formula.lowering import Block, define, unknown_hint
from chainrule.formula.syntax import Tree
from chainrule.formula.tokens import show
from chainrule.graph import Graph
from chainrule.node import Node, input_node, type_of
from chainrule.problem.problem import Problem, Training
from chainrule.problem.tables import (
    RESERVED,
    Entry,
    choice_of,
    count_examples,
    describe,
    name_of,
    read_entries,
    refuse_clashes,
    table,
    text_of,
)
from chainrule.problem.train import read_training
from chainrule.quantity import Name, Quantity
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
    allowed(source, (), TOP_KEYS)
    texts = {key: _text(source, key) for key in ("title", "source", "note", "formulas", "working", "minimise")}
    entries = read_entries(source)
    block = _formulas(source, texts["formulas"], entries)
    definitions = define([block], {e.name: _input(e) for e in entries})
    minimise = _minimise(source, texts["minimise"], definitions)
    graph = Graph({Name(name): found for name, found in definitions.items()})
    examples = count_examples(source, entries)
    training, rate_value = read_training(source, entries, minimise)
    arrays: dict[Quantity, Any] = {Name(e.name): e.value for e in entries if e.value is not None}
    if rate_value is not None and training.rate is not None:
        arrays[training.rate] = rate_value
    warnings = [f"{r.place}: {r.text}." for one in block.definitions for r in one.warnings]
    warnings += _unused(entries, graph, training)
    return Problem(
        title=texts["title"] or _default_title(source),
        source=texts["source"],
        file=source.file,
        graph=graph,
        written=_written(block.definitions, definitions),
        arrays=arrays,
        given_arrays=_labels(entries, "given", "examples"),
        parameter_arrays=_labels(entries, "parameters"),
        symbols=_labels(entries, "symbols"),
        varying=_labels(entries, "examples"),
        examples=examples,
        minimise=minimise,
        training=training,
        aliases=_aliases(source),
        delta_sign=_delta_sign(source),
        warnings=tuple(warnings),
        document=source,
    )


def _text(source: TomlSource, key: str) -> str | None:
    value = source.data.get(key)
    return None if value is None else text_of(source, (key,), value)


def _default_title(source: TomlSource) -> str:
    return os.path.splitext(os.path.basename(source.file))[0] if source.file else "Problem"


def _formulas(source: TomlSource, text: str | None, entries: Sequence[Entry]) -> Block:
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
    for one in definitions:
        if one.name in RESERVED:
            what = f"{show(one.name)} is the name of a function, so no quantity can be called so."
            raise ProblemError(what, place=place(one.name_span.start), hint="Choose another name.")
    for one in definitions:
        defined = Entry(one.name, "definition", None, (), place(one.name_span.start))
        refuse_clashes([*(entry for entry in entries if entry.name == one.name), defined])
    return Block(text, definitions, place)


def _input(entry: Entry) -> Node:
    return input_node(Name(entry.name), type_of("real", entry.shape))


def _minimise(source: TomlSource, text: str | None, definitions: Mapping[str, Node]) -> Quantity | None:
    if text is None:
        return None
    name, place = text.strip(), source.string_place(("minimise",), 0)
    if name not in definitions:
        hint = unknown_hint(name, list(definitions))
        what = f"minimise names {show(name)}, which no formula defines."
        raise ProblemError(
            what, place=place, hint=hint.replace("Define it, or give it a value; there are", "Defined are")
        )
    if definitions[name].shape:
        what = f"minimise names {show(name)}, which is an array; expected a single number."
        raise ProblemError(what, place=place, hint=f"Take its sum: E = sum({name}).")
    return Name(name)


def _written(definitions: Sequence[Definition], nodes: Mapping[str, Node]) -> dict[Quantity, Tree]:
    return {Name(one.name): one.tree for one in definitions if not nodes[one.name].shape}


def _labels(entries: Sequence[Entry], *kinds: str) -> tuple[Quantity, ...]:
    return tuple(Name(entry.name) for entry in entries if entry.kind in kinds)


def _unused(entries: Sequence[Entry], graph: Graph, training: Training) -> list[str]:
    used = {*graph.quantities(), training.rate}
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


def _aliases(source: TomlSource) -> dict[str, str]:
    return {
        name_of(source, ("names", key), key): text_of(source, ("names", key), value)
        for key, value in table(source, "names").items()
    }


def _delta_sign(source: TomlSource) -> Any:
    value = source.data.get("delta_sign")
    if value is None:
        return 1
    return -1 if choice_of(source, ("delta_sign",), value, ("positive", "negative")) == "negative" else 1


__all__ = ["build", "describe", "load", "loads"]
