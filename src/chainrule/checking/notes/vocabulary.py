"""How a document uses its letters: which superscripts count layers, which letters are functions, which stand alone.

`x_j^2` is a square in one lecture and a unit of layer 2 in the next; only the whole document tells.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from chainrule.dataclasses import dataclass

_BASE: Final = r"(?P<base>\\?[A-Za-z]+)\s*\}?"
_SUB: Final = r"_\s*(?:\{[^{}]{0,60}\}|\\?[A-Za-z]+|[0-9])\s*"
# Nobody writes the power 1 or 0 of an indexed quantity: such a superscript counts a layer.
_LAYERED: Final = re.compile(
    rf"{_BASE}\s*(?P<sub>{_SUB})?\^\s*(?:\{{\s*[01]\s*\}}|[01](?![0-9.]))\s*(?P<after>{_SUB})?"
)
_APPLIED: Final = re.compile(
    r"^\s*(?P<name>[A-Za-z]|\\[a-z]+)\s*(?:\\left)?\s*\(\s*(?P<of>[A-Za-z](?:\s*,\s*[A-Za-z])*)\s*"
    r"(?:\\right)?\s*\)\s*&?\s*="
)
_SINGLE: Final = re.compile(r"(?<![A-Za-z\\])[A-Za-z](?![A-Za-z_^{]|\s*[_^])")
_NO_NAME: Final = re.compile(
    r"[_^]\s*\{[^{}]*\}|\\(?:begin|end|text\w*|mathrm|operatorname|label|tag|color|textcolor)\*?\s*\{[^{}]*\}"
)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The layered bases, such as `x` in `x_j^2`; the functions, such as `f`; the letters that stand alone."""

    layered: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    letters: frozenset[str] = frozenset()


def vocabulary(formulas: Iterable[str]) -> Vocabulary:
    """What the formulas of a document tell about its names.

    >>> sorted(vocabulary(["f(x) = x^2", "a_j^1 = a_j^2 + xy", "y"]).layered)
    ['a']
    """
    layered, functions, letters = set(), set(), set()
    for formula in formulas:
        for match in _LAYERED.finditer(formula):
            base = match["base"].lstrip("\\")
            if match["sub"] or match["after"] or base[0].isupper():
                layered.add(base)
        if found := _APPLIED.match(formula):
            functions.add(found["name"].lstrip("\\"))
        letters.update(_SINGLE.findall(_NO_NAME.sub(" ", formula)))
    return Vocabulary(frozenset(layered), frozenset(functions), frozenset(letters))
