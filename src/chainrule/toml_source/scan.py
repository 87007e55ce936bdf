"""Walks through a TOML text and notes where everything stands, because `tomllib` keeps no positions.

It is lenient, for `tomllib` judges the text afterwards: only what that could not bear, or would read but not
as it was meant, is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from chainrule.dataclasses import dataclass, field
from chainrule.errors import Place, ProblemError

MAX_DEPTH = 100  # arrays and inline tables inside each other: `tomllib` recurses
MAX_PARTS = 32  # of a dotted key: `tomllib` takes quadratic time
MAX_DIGITS = 4_000  # Python refuses to read an integer of more than 4,300

_TOP = frozenset({"formulas", "working", "minimise", "rate", "symbols", "title", "source"})
# No possessive quantifiers (`*+`): Python before 3.11.5, Debian 12's among them, matches some of them wrongly. Each
# pattern reads in one way only, so that it does not go back over what it has read.
_BLANK = re.compile(r"[ \t\n]*(?:#[^\n]*[ \t\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_LINE_STRING = r"""'(?!'')[^'\n]*'|"(?!"")[^"\\\n]*(?:\\.[^"\\\n]*)*\""""
KEY_PART = re.compile(rf"[A-Za-z0-9_-]+|{_LINE_STRING}")
STRING = re.compile(
    r"""'''[^']*(?:'{1,2}(?!')[^']*)*'{3,5}|\"""[^"\\]*(?:(?:\\[\s\S]|"{1,2}(?!"))[^"\\]*)*"{3,5}|""" + _LINE_STRING
)
_SCALAR = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9.Zz:+-]*|[A-Za-z0-9_+.:-]+")
_HEX = "[0-9A-Fa-f]"
_ESCAPE = re.compile(rf'\\(?:([btnfre"\\])|x({_HEX}{{2}})|u({_HEX}{{4}})|U({_HEX}{{8}}))')
_ESCAPED = dict(zip('btnfre"\\', '\b\t\n\f\r\x1b"\\', strict=True))
_LATEX = re.compile(r"(?<!\\)(?:\\\\)*+(\\[bfrt][A-Za-z]+)")  # \beta would be a backspace and "eta"
QUOTES = "Put the text in single quotes ('...'), where a backslash is a backslash."


@dataclass(slots=True)
class Entry:
    """Where a key and its value stand; not frozen, because tables fill up while the text is scanned."""

    key: int
    value: int
    inside: dict[str, Entry] | list[Entry] | None = None


def line_of(text: str, offset: int) -> int:
    """The line, counted from 1, in which an offset lies."""
    return text.count("\n", 0, offset) + 1


def short(text: str, limit: int = 40) -> str:
    """A piece of somebody's text, cut so that it fits into a message."""
    return text if len(text) <= limit else text[: limit - 3] + "..."


class _UnreadableError(Exception):
    """The scanner cannot go on: `tomllib` will say why."""


@dataclass(slots=True)
class Scan:
    """What one walk through the text has found so far."""

    text: str
    file: str | None
    root: Entry = field(default_factory=lambda: Entry(0, 0, {}))
    open: list[Entry] = field(default_factory=list)
    twice: list[tuple[int, int]] = field(default_factory=list)
    below: list[tuple[int, str, str]] = field(default_factory=list)
    value: int = 0
    statements: list[int] = field(default_factory=list)

    def error(self, what: str, offset: int, hint: str = "") -> ProblemError:
        place = Place(self.file, line_of(self.text, offset), offset - self.text.rfind("\n", 0, offset))
        return ProblemError(what, place=place, hint=hint)


def scan_toml(text: str, file: str | None) -> Scan:
    """Finds all places; stops silently where this is no TOML; raises ProblemError for what is too deep."""
    scan = Scan(text, file)
    table, header, pos = scan.root, "", 0
    try:
        while (pos := _end(_BLANK, text, pos)) < len(text):
            scan.statements.append(pos)
            if text[pos] == "[":
                start = pos
                table, pos = _header(scan, pos)
                header = text[start:pos]
                continue
            parts, pos = _key(scan, pos)
            name, offset = parts[-1]
            if header and len(parts) == 1 and name in _TOP:
                scan.below.append((offset, name, header))
            pos = _value(scan, _expect(text, pos, "="), _define(scan, table, parts))
    except _UnreadableError:
        pass
    return scan


def _end(pattern: re.Pattern[str], text: str, pos: int) -> int:
    match = pattern.match(text, pos)
    if match is None:
        raise _UnreadableError
    return match.end()


def _expect(text: str, pos: int, token: str) -> int:
    if not text.startswith(token, pos):
        raise _UnreadableError
    return _end(_SPACE, text, pos + len(token))


def _key(scan: Scan, pos: int) -> tuple[list[tuple[str, int]], int]:
    """The parts of a dotted key, each with its offset, and where it ends."""
    text, parts = scan.text, list[tuple[str, int]]()
    while True:
        pos = _end(_SPACE, text, pos)
        end = _end(KEY_PART, text, pos)
        _refuse_latex(scan, pos, end)
        quoted = text[pos] in "'\""
        parts.append(("".join(c for _, c in characters(text, pos, end)) if quoted else text[pos:end], pos))
        if len(parts) > MAX_PARTS:
            raise scan.error(f"found a key of more than {MAX_PARTS} parts.", pos, "Use fewer dots.")
        pos = _end(_SPACE, text, end)
        if not text.startswith(".", pos):
            return parts, pos
        pos += 1


def _header(scan: Scan, pos: int) -> tuple[Entry, int]:
    """Reads `[table]` or `[[table]]`; the table that the following lines fill, and where the header ends."""
    brackets = 2 if scan.text.startswith("[[", pos) else 1
    parts, pos = _key(scan, pos + brackets)
    inside = _descend(scan.root, parts[:-1])
    pos = _expect(scan.text, pos, "]" * brackets)
    name, offset = parts[-1]
    entry = inside.get(name)
    if entry is None:
        entry = inside[name] = Entry(offset, offset, {} if brackets == 1 else [])
    elif brackets == 1:
        scan.twice.append((entry.key, offset))
        entry.key = entry.value = offset  # `[a.b]` may stand before `[a]`: its own header is better
    if brackets == 1:
        return entry, pos
    if not isinstance(entry.inside, list):
        scan.twice.append((entry.key, offset))
        raise _UnreadableError
    entry.inside.append(Entry(offset, offset, {}))
    return entry.inside[-1], pos


def _descend(table: Entry, parts: list[tuple[str, int]]) -> dict[str, Entry]:
    """The table that a dotted key leads to, made where it is missing; in arrays of tables the latest."""
    inside = _table(table)
    for name, offset in parts:
        inside = _table(inside.setdefault(name, Entry(offset, offset, {})))
    return inside


def _table(entry: Entry) -> dict[str, Entry]:
    inside = entry.inside
    if isinstance(inside, list) and inside:
        inside = inside[-1].inside
    if not isinstance(inside, dict):
        raise _UnreadableError
    return inside


def _define(scan: Scan, table: Entry, parts: list[tuple[str, int]]) -> Entry:
    inside = _descend(table, parts[:-1])
    name, offset = parts[-1]
    if name in inside:
        scan.twice.append((inside[name].key, offset))
    entry = inside[name] = Entry(offset, offset)
    return entry


def _value(scan: Scan, pos: int, entry: Entry) -> int:
    """Reads one value into `entry`, with a stack of its own instead of recursion; where the value ends."""
    text, stack = scan.text, scan.open
    while True:
        entry.value = scan.value = pos
        fresh = text.startswith(("[", "{"), pos)
        if fresh:
            entry.inside = [] if text[pos] == "[" else {}
            stack.append(entry)
            if len(stack) > MAX_DEPTH:
                raise scan.error(f"found arrays nested deeper than {MAX_DEPTH}.", pos, "Use fewer brackets.")
            pos += 1
        else:
            pos = _atom(scan, pos)
        while stack:
            inside, pos = stack[-1].inside, _end(_BLANK, text, pos)
            if not fresh and text.startswith(",", pos):
                pos, fresh = _end(_BLANK, text, pos + 1), True
            if text.startswith("]" if isinstance(inside, list) else "}", pos):
                stack.pop()
                pos, fresh = pos + 1, False
                continue
            if not fresh:
                raise _UnreadableError
            if isinstance(inside, list):
                entry = Entry(pos, pos)
                inside.append(entry)
            else:
                parts, pos = _key(scan, pos)
                entry, pos = _define(scan, stack[-1], parts), _expect(text, pos, "=")
            break
        else:
            return pos


def _atom(scan: Scan, pos: int) -> int:
    """Where a string, number, date or boolean ends; refuses what TOML would read, but not as it was meant."""
    text = scan.text
    if not text.startswith(("'", '"'), pos):
        end = _end(_SCALAR, text, pos)
        if end - pos > MAX_DIGITS:
            raise scan.error(f"found a number of {end - pos:,} characters.", pos, f"At most {MAX_DIGITS:,} are read.")
        return end
    match = STRING.match(text, pos)
    if text.startswith('"""', pos):
        backslash = text.find("\\", pos, match.end() if match else len(text))
        if backslash >= 0:
            raise scan.error('found a backslash in a """ text.', backslash, "Use ''' instead of \"\"\".")
    if match is None:
        raise _UnreadableError
    _refuse_latex(scan, pos, match.end())
    return match.end()


def _refuse_latex(scan: Scan, start: int, end: int) -> None:
    match = _LATEX.search(scan.text, start, end) if scan.text[start] == '"' else None
    if match:
        what = f"found `{short(match[1])}`, which TOML reads as a control character."
        raise scan.error(what, match.start(1), QUOTES)


def body(text: str, start: int, end: int) -> tuple[int, int]:
    """Where the characters of the string literal text[start:end] begin and end."""
    if not text.startswith(("'''", '"""'), start):
        return start + 1, end - 1
    return start + 3 + text.startswith("\n", start + 3), end - 3


def characters(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    """The characters of a string literal, escapes replaced, each with its offset in the text."""
    pos, stop = body(text, start, end)
    while pos < stop:
        if text[pos] != "\\" or text[start] == "'":
            yield pos, text[pos]
            pos += 1
            continue
        match = _ESCAPE.match(text, pos, stop)
        if match is None or (code := int("0" if match[1] else match[match.lastindex or 0], 16)) > 0x10FFFF:
            raise _UnreadableError
        yield pos, _ESCAPED[match[1]] if match[1] else chr(code)
        pos = match.end()
