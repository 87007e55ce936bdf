"""Reads the tables of a problem file: numbers and arrays of numbers under names, exactly as printed.

Whatever else stands there is refused with its place.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from fractions import Fraction
from typing import Any, Final, Literal

from chainrule.dataclasses import dataclass
from chainrule.errors import Place, ProblemError
from chainrule.formula.functions import BUILDERS
from chainrule.formula.syntax import FUNCTIONS
from chainrule.formula.tokens import is_name, show
from chainrule.toml_source import PrintedNumber, TomlSource, as_number

Kind = Literal["given", "parameters", "symbols", "examples", "definition"]
Path = tuple[str | int, ...]
MAX_RANK: Final = 8
LARGEST: Final = Fraction(sys.float_info.max)
RESERVED: Final = FUNCTIONS | BUILDERS.keys()


@dataclass(frozen=True, slots=True)
class Entry:
    """A name of the file with its value: a Fraction or nested lists of them; None for a symbol."""

    name: str
    kind: Kind
    value: Any
    shape: tuple[int, ...]
    place: Place


def read_entries(source: TomlSource) -> list[Entry]:
    """All that has a value or is a symbol, in the order given, parameters, symbols, examples."""
    entries: list[Entry] = []
    for kind in ("given", "parameters"):
        for key, value in table(source, kind).items():
            entries.append(_entry(source, kind, key, value))
    entries += _symbols(source)
    for key, value in table(source, "examples").items():
        entries.append(_example(source, key, value))
    refuse_clashes(entries)
    return entries


def table(source: TomlSource, name: str) -> Mapping[str, Any]:
    """A table of the file; empty if it is not there."""
    found = source.data.get(name, {})
    if not isinstance(found, dict):
        raise ProblemError(
            f"found {describe(found)} where the table [{name}] was expected.",
            place=source.place((name,), value=True),
            hint=f"Write [{name}] on a line of its own.",
        )
    return found


def text_of(source: TomlSource, path: Path, value: Any, *, what: str = "a text in quotes") -> str:
    """A value that must be text."""
    if not isinstance(value, str):
        raise ProblemError(f"found {describe(value)} where {what} was expected.", place=source.place(path, value=True))
    return value


def number_of(source: TomlSource, path: Path, value: Any) -> Fraction:
    """A value that must be one number."""
    return Fraction(exact_text(source, path, value).replace("_", ""))


def exact_text(source: TomlSource, path: Path, value: Any) -> str:
    """The digits of a value that must be one number."""
    place = source.place(path, value=True)
    found = as_number(value, place=place)
    if found is None:
        raise ProblemError(f"found {describe(value)} where a number was expected.", place=place)
    if abs(found.value) > LARGEST:
        what = f"the number {found.text[:30]} is too large; expected at most 1.8e308."
        raise ProblemError(what, place=place)
    return found.text


def choice_of(source: TomlSource, path: Path, value: Any, allowed: Iterable[str]) -> str:
    """A value that must be one of some words."""
    words = list(allowed)
    found = text_of(source, path, value)
    if found in words:
        return found
    near = get_close_matches(found.casefold(), words, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else ""
    listed = " or ".join(map(repr, words))
    raise ProblemError(
        f"found {show(found)} where {listed} was expected.", place=source.place(path, value=True), hint=hint
    )


def name_of(source: TomlSource, path: Path, text: str, *, value: bool = False) -> str:
    """A name for a quantity, in Unicode's composed form."""
    place = source.place(path, value=value)
    name = unicodedata.normalize("NFC", text).replace("∆", "Δ")
    if not is_name(name):
        hint = "A name has letters, digits and _, and does not start with a digit."
        raise ProblemError(f"found {show(text)} where a name was expected.", place=place, hint=hint)
    if name in RESERVED:
        raise ProblemError(
            f"{show(name)} is the name of a function, so no quantity can be called so.",
            place=place,
            hint="Choose another name.",
        )
    return name


def describe(value: Any) -> str:
    """A TOML value in words, for messages."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f"the text {show(value)}"
        case PrintedNumber():
            return f"the number {value.text[:30]}"
        case int():
            return f"the number {value}" if value.bit_length() < 100 else "a number with many digits"
        case list():
            return "a list"
        case dict():
            return "a table"
    return f"the date or time {value}"


def refuse_clashes(entries: Iterable[Entry]) -> None:
    """Raises ProblemError if two entries have one name."""
    first: dict[str, Entry] = {}
    for entry in entries:
        if entry.name in first:
            other = first[entry.name]
            before = f"{_SAID[other.kind]} in line {other.place.line}"
            what = f"{show(entry.name)} is {_SAID[entry.kind]}, but it is already {before}."
            raise ProblemError(what, place=entry.place, hint="Keep one of them.")
        first[entry.name] = entry


_SAID: Final[Mapping[Kind, str]] = {
    "given": "given",
    "parameters": "a parameter",
    "symbols": "a symbol without a value",
    "examples": "given for each example",
    "definition": "defined by a formula",
}


def read_array(source: TomlSource, path: Path, value: Any) -> tuple[Any, tuple[int, ...]]:
    """A number or nested lists of equal lengths, exact, with its shape."""
    if not isinstance(value, list):
        return number_of(source, path, value), ()
    if not value:
        raise ProblemError("found an empty list where numbers were expected.", place=source.place(path, value=True))
    if len(path) > MAX_RANK + 2:
        place = source.place(path, value=True)
        raise ProblemError(f"found lists inside each other more than {MAX_RANK} deep, the limit.", place=place)
    rows, first = [], None
    for at, item in enumerate(value):
        row, shape = read_array(source, (*path, at), item)
        if first is not None and shape != first:
            raise _ragged(source, (*path, at), at, shape, first)
        first = shape
        rows.append(row)
    return rows, (len(rows), *(first or ()))


def _ragged(source: TomlSource, path: Path, at: int, shape: tuple[int, ...], first: tuple[int, ...]) -> ProblemError:
    found, expected = _size(shape), _size(first)
    return ProblemError(
        f"entry {at + 1} of the list is {found}, but entry 1 is {expected}.",
        place=source.place(path, value=True),
        hint="All must be alike.",
    )


def _size(shape: tuple[int, ...]) -> str:
    return f"a list of {' x '.join(map(str, shape))}" if shape else "a single number"


def _entry(source: TomlSource, kind: Kind, key: str, value: Any) -> Entry:
    path = (kind, key)
    name = name_of(source, path, key)
    exact, shape = read_array(source, path, value)
    return Entry(name, kind, exact, shape, source.place(path))


def _example(source: TomlSource, key: str, value: Any) -> Entry:
    path: Path = ("examples", key)
    name = name_of(source, path, key)
    if not isinstance(value, list):
        raise ProblemError(
            f"found {describe(value)} where a list with one entry per example was expected.",
            place=source.place(path, value=True),
            hint="What is the same for all examples belongs into [given].",
        )
    exact, shape = read_array(source, path, value)
    return Entry(name, "examples", exact, shape[1:], source.place(path))


def _symbols(source: TomlSource) -> list[Entry]:
    listed = source.data.get("symbols", [])
    if not isinstance(listed, list):
        place = source.place(("symbols",), value=True)
        raise ProblemError(
            f"found {describe(listed)} where a list of names was expected.", place=place, hint='Write ["t", "g"].'
        )
    entries = []
    for at, item in enumerate(listed):
        path: Path = ("symbols", at)
        name = name_of(source, path, text_of(source, path, item, what="a name in quotes"), value=True)
        entries.append(Entry(name, "symbols", None, (), source.place(path, value=True)))
    return entries


def count_examples(source: TomlSource, entries: Iterable[Entry]) -> int:
    """How many examples there are; raises ProblemError if the lists of [examples] differ in length."""
    varying = [entry for entry in entries if entry.kind == "examples"]
    for entry in varying:
        if len(entry.value) != len(varying[0].value):
            raise ProblemError(
                f"{show(entry.name)} has {len(entry.value)} examples, but {show(varying[0].name)}"
                f" has {len(varying[0].value)}.",
                place=entry.place,
                hint="Give one entry per example.",
            )
    return len(varying[0].value) if varying else 0
