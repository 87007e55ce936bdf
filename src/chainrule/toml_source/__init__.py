"""Reads problem files as TOML and knows where every key, value and character of them stands.

`tomllib` keeps neither positions nor printed digits, so a small scanner of our own finds the places, numbers
keep their text, and whatever is wrong with a file is one `ProblemError` that a person can act on.
"""

from __future__ import annotations

import datetime
import difflib
import os
import re
import tomllib
from bisect import bisect_right
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

from chainrule.dataclasses import dataclass, field
from chainrule.errors import Place, ProblemError
from chainrule.toml_source.messages import syntax_error
from chainrule.toml_source.scan import MAX_DIGITS, STRING, Entry, Scan, body, characters, scan_toml, short

MAX_BYTES = 2**20
MAX_EXPONENT = 10_000

_DIGITS = "[0-9](?:_?[0-9])*"
_DECIMAL = re.compile(rf"[+-]?(?:{_DIGITS}(?:\.{_DIGITS})?|\.{_DIGITS})(?:[eE]([+-]?{_DIGITS}))?")


@dataclass(frozen=True, slots=True)
class PrintedNumber:
    """A number with a point or an exponent as it stands in the file, not yet judged; see `as_number`."""

    text: str


@dataclass(frozen=True, slots=True)
class Number:
    """An exact decimal and the digits it was printed with."""

    text: str
    value: Fraction


def as_number(value: object, *, place: Place | None = None) -> Number | None:
    """The exact decimal that a TOML value or a text such as "0.10" stands for; None if it is something else.

    Raises ProblemError for nan, inf, true, false, dates, too many digits and too large exponents.

    >>> as_number("0.10")
    Number(text='0.10', value=Fraction(1, 10))
    >>> as_number("1/3") is None
    True
    """
    if isinstance(value, Number):
        return value
    if isinstance(value, bool | datetime.date | datetime.time):
        raise _not_a_number(str(value).lower() if isinstance(value, bool) else f"the date or time {value}", place)
    if isinstance(value, int):
        if value.bit_length() > 3 * MAX_DIGITS:
            raise _not_a_number("a number with too many digits", place, f"At most {MAX_DIGITS:,} are read.")
        return Number(str(value), Fraction(value))
    if not isinstance(value, PrintedNumber | str):
        return None
    text = value.text if isinstance(value, PrintedNumber) else value.strip()
    if text.lstrip("+-").lower() in {"nan", "inf", "infinity"}:
        raise _not_a_number(text, place)
    match = _DECIMAL.fullmatch(text)
    if match is None:
        return None
    if len(text) > MAX_DIGITS:
        raise _not_a_number(f"a number of {len(text):,} characters", place, f"At most {MAX_DIGITS:,} are read.")
    if match[1] and abs(int(match[1])) > MAX_EXPONENT:
        limit = f"Exponents go from -{MAX_EXPONENT:,} to {MAX_EXPONENT:,}."
        raise _not_a_number(f"the exponent in `{short(text)}`", place, limit)
    return Number(text, Fraction(text.replace("_", "")))


def _not_a_number(found: str, place: Place | None, hint: str = "Write it as 0.5 or 4e-3.") -> ProblemError:
    return ProblemError(f"found {found}; expected a decimal number.", place=place, hint=hint)


@dataclass(frozen=True, slots=True)
class TomlSource:
    """A TOML document, its text (newlines as \\n, no byte order mark) and the places of all that is in it."""

    data: dict[str, Any]
    text: str
    file: str | None
    _root: Entry = field(repr=False, compare=False)
    _starts: tuple[int, ...] = field(repr=False, compare=False)

    def place(self, path: tuple[str | int, ...], *, value: bool = False) -> Place:
        """Where the key at the end of `path` stands, or its value; what is not there has its table's place.

        >>> source = load_toml("[given]\\nx = [1, 2]", file="a.toml")
        >>> str(source.place(("given", "x"))), str(source.place(("given", "x", 1)))
        ('a.toml:2:1', 'a.toml:2:9')
        """
        entry = self._find(path)
        return self._at(entry.value if value else entry.key)

    def string_place(self, path: tuple[str | int, ...], offset: int) -> Place:
        """Where the character number `offset` (from 0) of the text at `path` stands in the file.

        >>> source = load_toml("formulas = '''\\na = b\\nc = d'''", file="a.toml")
        >>> str(source.string_place(("formulas",), source.data["formulas"].index("d")))
        'a.toml:3:5'
        """
        place = self.string_places(path)(offset)
        return Place(self.file, *place)

    def string_places(self, path: tuple[str | int, ...]) -> Callable[[int], tuple[int, int]]:
        """Line and column of any character of the text at `path`, which is gone through only once."""
        start = self._find(path).value
        match = STRING.match(self.text, start)
        if match is None:
            return lambda offset: self._line_and_column(start)
        first, stop = body(self.text, start, match.end())
        if self.text[start] == "'" or "\\" not in match[0]:
            return lambda offset: self._line_and_column(min(first + max(offset, 0), stop))
        offsets = [at for at, _ in characters(self.text, start, match.end())]
        offsets.append(stop)
        return lambda offset: self._line_and_column(offsets[min(max(offset, 0), len(offsets) - 1)])

    def _find(self, path: tuple[str | int, ...]) -> Entry:
        entry = self._root
        for step in path:
            match entry.inside, step:
                case dict() as table, str() if step in table:
                    entry = table[step]
                case list() as elements, int() if 0 <= step < len(elements):
                    entry = elements[step]
                case _:
                    break
        return entry

    def _at(self, offset: int) -> Place:
        return Place(self.file, *self._line_and_column(offset))

    def _line_and_column(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


def load_toml(text: str, *, file: str | None) -> TomlSource:
    """Reads TOML; raises ProblemError, with the place, for whatever is wrong with it.

    >>> load_toml("rate = 0.10", file=None).data
    {'rate': PrintedNumber(text='0.10')}
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise Scan(text, file).error("found half a character (a surrogate).", error.start, "Remove it.") from None
    if size > MAX_BYTES:
        raise _too_large(file)
    scan = scan_toml(text, file)
    try:
        data = tomllib.loads(text, parse_float=PrintedNumber)
    except tomllib.TOMLDecodeError as error:
        raise syntax_error(str(error), scan) from None
    except (RecursionError, ValueError):
        raise scan.error("found a value that is too large to read.", scan.value, "Make it simpler.") from None
    for offset, name, header in scan.below:
        if name not in data and not (name == "rate" and header.strip("[] \t\"'") == "training"):
            hint = "move it above the first table."
            raise scan.error(f"`{name}` stands inside {short(header.strip())};", offset, hint)
    starts = (0, *(match.end() for match in re.finditer("\n", text)))
    return TomlSource(data, text, file, scan.root, starts)


def read_toml(path: str | os.PathLike[str]) -> TomlSource:
    """Reads a TOML file; raises ProblemError if that is not possible or something is wrong with it."""
    file = str(os.fspath(path))
    try:
        with open(path, "rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ProblemError("there is no such file.", place=Place(file), hint="Check the spelling.") from None
    except IsADirectoryError:
        raise ProblemError("found a folder; expected a file.", place=Place(file), hint="Name a file in it.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ProblemError(f"the file cannot be read: {reason}.", place=Place(file)) from None
    if len(data) > MAX_BYTES:
        raise _too_large(file)
    return load_toml(_decode(data, file), file=file)


def _too_large(file: str | None) -> ProblemError:
    hint = "Large data belong into a file of their own, named in [data]."
    return ProblemError(f"the file is larger than 1 MiB ({MAX_BYTES:,} bytes).", place=Place(file), hint=hint)


def _decode(data: bytes, file: str | None) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode().removeprefix("\ufeff")
        hint = "It seems to be UTF-16; s" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "S"
        what = f"found the byte 0x{data[error.start]:02X}, which is not UTF-8."
        raise Scan(before, file).error(what, len(before), hint + "ave the file as UTF-8.") from None


def allowed(source: TomlSource, table_path: tuple[str | int, ...], keys: Iterable[str]) -> None:
    """Raises ProblemError for the first key of the table that is none of `keys`, and suggests the nearest.

    >>> allowed(load_toml("rte = 1", file="a.toml"), (), ["rate", "title"])
    Traceback (most recent call last):
    chainrule.errors.ProblemError: a.toml:1:1: `rte` is not a key here. Did you mean `rate`?
    """
    table: Any = source.data
    for step in table_path:
        table = table[step]
    known = list(keys)
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key[:80].lower(), known, 1)
            hint = f"Did you mean `{near[0]}`?" if near else f"Expected one of: {', '.join(sorted(known))}."
            where = f"in [{'.'.join(map(str, table_path))}]" if table_path else "here"
            raise ProblemError(
                f"`{short(key)}` is not a key {where}.", place=source.place((*table_path, key)), hint=hint
            )
