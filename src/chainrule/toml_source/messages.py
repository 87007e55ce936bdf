"""Turns the errors of `tomllib` into ours: what was found, what was expected, where, and what to do.

`tomllib` names the point where it gave up; the scanner often knows the point where the mistake was made.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left

from chainrule.errors import ProblemError
from chainrule.toml_source.scan import KEY_PART, QUOTES, STRING, Scan, line_of, short

_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_WORD = re.compile(r"[\w.+-]+|.", re.DOTALL)
_NAME = re.compile(r"[\w'-]+")
_FORMULA = re.compile(r"[^\n#\"']*[*/^()+@]")
_IN_FORMULAS = "A formula stands inside formulas = '''...'''."
_CURLY = frozenset("“”„‘’")
_STRAIGHT = "Use straight quotes (\" or ')."


def syntax_error(message: str, scan: Scan) -> ProblemError:
    """The error that says what `message` of `tomllib` means."""
    match = _AT.search(message)
    what = message[: match.start()] if match else message
    offset = _offset(scan.text, int(match[1]), int(match[2])) if match and match[1] else len(scan.text)
    found = _found(scan.text, offset)
    unclosed = _unclosed_text(scan)
    if what.startswith(("Cannot", "Duplicate")):
        return _clash(scan, offset)
    if unclosed and what.startswith(("Unterminated", "Expected \"'")):
        expected = f"the text that begins here with {unclosed} never ends; expected {unclosed} at its end."
        return scan.error(expected, scan.value, "Close it.")
    if what.startswith(("Illegal character", "Found invalid", "Unterminated")):
        if scan.text[offset : offset + 1] in {"", "\n"}:
            return scan.error(
                f"found {found} inside a text in quotes.", offset, "Close it, or use ''' for several lines."
            )
        return scan.error(f"found {found}, which TOML does not allow.", offset, "Remove it.")
    if what.startswith(("Unescaped", "Invalid hex", "Escaped")):
        backslash = max(scan.text.rfind("\\", 0, offset), 0)
        return scan.error("found a backslash that begins no escape TOML knows.", backslash, QUOTES)
    if what.startswith(("Invalid statement", "Invalid initial", "Expected '='")):
        return _no_key(scan, offset, what)
    if what.startswith("Expected newline"):
        return scan.error(
            f"found {found} after the value; expected the end of the line.", offset, _tail_hint(scan, offset)
        )
    if what.startswith("Invalid value"):
        expected = "expected a number, a text in quotes or a [list]."
        return scan.error(f"found {found}; {expected}", offset, _value_hint(scan, offset))
    if what.startswith("Unclosed"):
        closing = "]" if what.endswith("array") else "}"
        hint = f"It began in line {line_of(scan.text, scan.open[-1].value)}." if scan.open else ""
        return scan.error(f"found {found}; expected a comma or the closing `{closing}`.", offset, hint)
    if what.startswith("Expected ']"):
        return scan.error(f"found {found}; expected `]` after the name of the table.", offset, "Close the bracket.")
    if what.startswith("Invalid date"):
        return scan.error("found a date that does not exist; expected a number.", offset, "Put text in quotes.")
    return scan.error(f"this is not TOML: {short(what, 120)}.", offset)


def _offset(text: str, line: int, column: int) -> int:
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
    return start + column - 1


def _found(text: str, offset: int) -> str:
    match = _WORD.match(text, offset)
    if match is None:
        return "the end of the file"
    first = match[0][0]
    if first in "\n\t":
        return "the end of the line" if first == "\n" else "a tab"
    if not first.isprintable():
        return f"the character U+{ord(first):04X} ({unicodedata.name(first, 'a control character').lower()})"
    return f"`{short(match[0])}`"


def _unclosed_text(scan: Scan) -> str:
    """The quotes of the text at which the scanner stopped, if it stopped because they are not closed."""
    opening = re.compile("'''|\"\"\"|['\"]").match(scan.text, scan.value)
    return "" if opening is None or STRING.match(scan.text, scan.value) else opening[0]


def _clash(scan: Scan, offset: int) -> ProblemError:
    start = scan.statements[bisect_left(scan.statements, offset) - 1] if scan.statements else offset
    for first, second in reversed(scan.twice):
        if start <= second <= offset:
            key = KEY_PART.match(scan.text, second)
            name = short(key[0]) if key else "a name"
            lines = f"in line {line_of(scan.text, first)} and again in line {line_of(scan.text, second)}."
            return scan.error(f"`{name}` is defined {lines}", second, "Keep one of them.")
    return scan.error("this would change something that is complete already.", start, "Define each name in one place.")


def _no_key(scan: Scan, offset: int, what: str) -> ProblemError:
    text, found = scan.text, _found(scan.text, offset)
    here = text[offset : offset + 1]
    if not here.isascii() and (here.isalpha() or here.isdigit()):
        start = offset
        while start > 0 and (text[start - 1].isalnum() or text[start - 1] in "_-'"):
            start -= 1
        name = _NAME.match(text, start)
        word = short(name[0]) if name else here
        rest = re.compile(r"[ \t]*=[ \t]*([^#\n]{1,30})").match(text, name.end() if name else offset)
        example = f'"{word}" = {rest[1].strip()}' if rest else f'"{word}"'
        what = f"found the name `{word}`, which has letters other than a to z; quote it: {example}"
        return scan.error(what, start)
    if here in _CURLY:
        return scan.error(f"found {found}; expected a name.", offset, _STRAIGHT)
    if what.startswith("Expected '='"):
        hint = _IN_FORMULAS if _FORMULA.match(text, offset) else "Write name = value."
        return scan.error(f"found {found} after a name; expected `=`.", offset, hint)
    return scan.error(f"found {found}; expected `name = value` or a [table].", offset, "A comment begins with #.")


def _tail_hint(scan: Scan, offset: int) -> str:
    text = scan.text
    if re.compile(r",[0-9]").match(text, offset):
        return "Decimals are written with a point: 0.5."
    if text[offset - 1] == "0" and text[offset : offset + 1].isdigit():
        return "A number does not begin with 0."
    if text[offset : offset + 1] == ".":
        return "Write digits on both sides of the point: 1.0."
    if _FORMULA.match(text, offset):
        return _IN_FORMULAS
    return "One `name = value` stands on a line."


def _value_hint(scan: Scan, offset: int) -> str:
    text = scan.text
    if text[offset : offset + 1] in _CURLY:
        return _STRAIGHT
    if re.compile(r"[+-]?\.[0-9]").match(text, offset):
        return "Write a digit before the point: 0.5."
    if re.compile("(?:True|False|TRUE|FALSE)\\b").match(text, offset):
        return "Write true or false."
    if _FORMULA.match(text, offset):
        return _IN_FORMULAS
    return "Text stands in quotes." if text[offset : offset + 1].isalpha() else ""
