"""Python values -> the text of a problem file, so that a problem made in a notebook is read by the same rules."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from chainrule.errors import ProblemError


def problem_text(data: Mapping[str, Any]) -> str:
    """The TOML of a problem; tables are mappings, arrays are nested lists or NumPy arrays, floats keep their digits.

    Raises ProblemError for a value that a problem file cannot hold.

    >>> print(problem_text({"formulas": "E = w^2", "minimise": "E", "parameters": {"w": 0.1}}))
    formulas = "E = w^2"
    minimise = "E"
    [parameters]
    "w" = 0.1
    <BLANKLINE>
    """
    top = [f"{key} = {_value(key, value)}" for key, value in data.items() if not isinstance(value, Mapping)]
    for table, rows in data.items():
        if isinstance(rows, Mapping):
            top.append(f"[{table}]")
            top += [f"{_text(str(key))} = {_value(f'{table}.{key}', value)}" for key, value in rows.items()]
    return "\n".join([*top, ""])


def _value(key: str, value: Any) -> str:
    if hasattr(value, "tolist"):
        value = value.tolist()
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f"'''\n{value}'''" if "\n" in value and "'''" not in value else _text(value)
        case int() | float():
            return repr(value)
        case Decimal():
            return _text(str(value))
        case Fraction():
            return _text(_decimal(key, value))
        case Sequence():
            return f"[{', '.join(_value(key, item) for item in value)}]"
    raise ProblemError(f"{key} is {value!r}, expected a number, a text or a list.")


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _decimal(key: str, value: Fraction) -> str:
    """The digits of a fraction whose decimals end."""
    rest, places = value.denominator, 0
    for prime in (2, 5):
        count = 0
        while rest % prime == 0:
            rest, count = rest // prime, count + 1
        places = max(places, count)
    if rest != 1:
        raise ProblemError(f"{key} is {value}, whose decimals never end.", hint="Define it by a formula: a = 1/3.")
    return f"{value.numerator * 10**places // value.denominator}e-{places}"
