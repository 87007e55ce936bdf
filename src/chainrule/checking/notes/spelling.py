"""How names on a page are spelled in a problem file: `w_5` is w5, `x_j^2` is x2_j, `w_{5 new}` is w5'.

A side is respelled by exchanging its names where they stand in the plain text; everything else stays as it was read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from chainrule.checking.notes.document import Side
from chainrule.checking.notes.rules import UNKNOWN
from chainrule.formula.syntax import Binary, FunctionPrime, Ref, Tree, walk
from chainrule.formula.tokens import is_name

_PARTS: Final = re.compile(r"(?P<base>[^_^]+)(?P<scripts>(?:[_^][^_^]*)*)")
_SCRIPT: Final = re.compile(r"([_^])([^_^]*)")
_NEW: Final = re.compile(r"_?(?:new|\+|'|next|updated)$")
_IDLE: Final = re.compile(r"(?<![\w'])\(((?:[\w.']+|\([^()]*\)))\)")  # (2), (x), ((a + b))
_GREEK: Final = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "η": "eta", "θ": "theta", "λ": "lambda",
    "μ": "mu", "ρ": "rho", "σ": "sigma", "φ": "phi", "ω": "omega",
}  # fmt: skip


def spellings(name: str) -> Iterator[str]:
    """The ways in which a name on a page may be written in a problem file, the likeliest first.

    >>> list(spellings("x_j^2"))[:2], next(spellings("w_5new"))
    (['x2_j', 'x2j'], "w5'")
    """
    name, updated = _without_update(name)
    for text in dict.fromkeys(_plain_spellings(name)):
        if is_name(text):
            yield text + updated


def _without_update(name: str) -> tuple[str, str]:
    stripped = _NEW.sub("", name)
    return (stripped, "'") if stripped and stripped != name else (name, "")


def _plain_spellings(name: str) -> Iterator[str]:
    match = _PARTS.fullmatch(name)
    if match is None:
        return
    scripts = [(sign, re.sub(r"[^\w]", "", text)) for sign, text in _SCRIPT.findall(match["scripts"])]
    above = "".join(text for sign, text in scripts if sign == "^")
    below = [text for sign, text in scripts if sign == "_" and text]
    for base in dict.fromkeys([match["base"], _GREEK.get(match["base"], match["base"])]):
        if above:
            yield f"{base}{above}_{'_'.join(below)}" if below else f"{base}{above}"
        yield f"{base}{above}{''.join(below)}"
        yield "_".join([f"{base}{above}", *below])
        yield f"{base}{above}{''.join(below)}".lower()
        yield "_".join([f"{base}{above}", *below]).lower()


def key_of(name: str) -> str:
    """What is left of a name for comparing: letters and digits, whatever their case."""
    return re.sub(r"[\W_]", "", name).casefold()


def respelled(side: Side, name_of: Callable[[str], str | None]) -> str | None:
    """A side in the formula language with its names exchanged; None if one of them has no other name.

    Products that were left out are written, and brackets around single numbers and names are not.
    """
    tree = side.tree
    if tree is None or side.reading.holes:
        return None
    changes: list[tuple[int, int, str]] = []
    for one in walk(tree):
        if isinstance(one, Ref):
            found = None if one.name.endswith(UNKNOWN) else name_of(one.name)
            if found is None:
                return None
            changes.append((*one.span, found))
        elif isinstance(one, Binary) and one.implicit:
            changes.append((one.left.span.end, one.right.span.start, "*"))
        elif _is_unknown(one):
            return None
    text, at = [], 0
    for start, end, found in sorted(changes):
        text += [side.reading.plain[at:start], found]
        at = end
    return _without_idle_brackets("".join([*text, side.reading.plain[at:]]))


def _without_idle_brackets(text: str) -> str:
    before = ""
    while before != text:
        before, text = text, _IDLE.sub(r"\1", text)
    while text.startswith("(") and _partner(text) == len(text) - 1:
        text = text[1:-1]
    return text


def _partner(text: str) -> int:
    """Where the bracket closes that a text begins with."""
    depth = 0
    for at, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return at
    return -1


def _is_unknown(tree: Tree) -> bool:
    function = getattr(tree, "function", "")
    return bool(function.endswith(UNKNOWN)) or (isinstance(tree, FunctionPrime) and tree.count > 1)
