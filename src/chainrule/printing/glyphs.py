"""Names as they stand on a board: `h1` is h with the index 1, `theta2_1` is a Greek letter with two indices.

Letters, indices and marks are data here; LaTeX and MathML write them down in their own ways.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final

from chainrule.dataclasses import dataclass, replace
from chainrule.formula.syntax import AtUpdate, ExampleRef, Index, Number, Prime, Ref, Tree
from chainrule.notation import Names, Symbol

GREEK: Final = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
    "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ",
    "tau": "τ", "upsilon": "υ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ",
    "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip
EARLIER: Final = 10**12  # `Δw5(n-1)` is parsed as if it were an update of this number and one more
_PART: Final = re.compile(r"(.*?)(\d*)", re.DOTALL)
_ACCENTS: Final = {"\u0302": "hat", "\u0303": "tilde", "\u0304": "bar", "\u0307": "dot"}
_STEMS: Final = {"net": "z", "output": "a", "weight": "W", "bias": "b"}  # of the notation of matrices


@dataclass(frozen=True, slots=True)
class Glyph:
    """A letter or a word with what stands below and above it, and a mark after all of that."""

    stem: str
    sub: tuple[Glyph | str, ...] = ()  # side by side; figures are text
    sup: str = ""
    accent: str = ""  # hat, tilde, bar or dot
    primes: int = 0
    mark: str = ""  # @100, or (n-1)


@dataclass(frozen=True, slots=True)
class Typography:
    """What a printer knows of a problem: its notation, if it is a network, and which names are quantities.

    >>> found = Typography().glyph("out_h1")
    >>> found.stem, found.sub[0].stem, found.sub[0].sub
    ('out', 'h', ('1',))
    """

    names: Names | None = None
    known: Callable[[str], bool] | None = None

    def glyph(self, name: str) -> Glyph:
        """How a name, or an element such as `W1[2,1]` of the notation's, is written."""
        found = self.symbol(name)
        written = self._in_notation(found) if found is not None else self._array(name)
        return written or _by_parts(name)

    def symbol(self, text: str) -> Symbol | None:
        """Which unit or weight of the network has this name."""
        return self.names.read(text) if self.names is not None else None

    def delta_pair(self, text: str) -> str | None:
        """The net input that belongs to a delta, by their names."""
        found = self.symbol(text)
        if found is None or self.names is None or found.role != "delta":
            return None
        return self.names.spell(replace(found, role="net"))

    def _in_notation(self, symbol: Symbol) -> Glyph | None:
        assert self.names is not None
        style = self.names.notation.name
        if style not in ("nptel", "matrix"):
            return None
        indices = [symbol.unit] if symbol.source is None else [symbol.source, symbol.unit]
        if style == "nptel" and symbol.role == "bias":
            indices = [0, symbol.unit]
        if style == "matrix":
            indices.reverse()
        separator = "," if any(index > 9 for index in indices) else ""
        sub = (separator.join(map(str, indices)),)
        if symbol.role in ("input", "target") and not (style == "nptel" and symbol.role == "input"):
            return Glyph("x" if symbol.role == "input" else "t", sub)
        if style == "matrix":
            return Glyph(_STEMS[symbol.role], sub, f"({symbol.layer})") if symbol.role in _STEMS else None
        stem = {"net": "θ", "delta": "δ", "weight": "W", "bias": "W"}.get(symbol.role, "x")
        return Glyph(stem, sub, str(symbol.layer))

    def _array(self, name: str) -> Glyph | None:
        found = self.names.read_array(name) if self.names is not None else None
        if found is None or self.names is None or self.names.notation.name not in ("nptel", "matrix"):
            return None
        role, layer = found
        if role in ("input", "target"):
            return Glyph(name[0])
        word = re.match(r"[^\W\d_]+", name)
        stem = word[0] if word else name
        return Glyph(GREEK.get(stem, stem), (), f"({layer})" if self.names.notation.name == "matrix" else str(layer))


def quantity_glyph(tree: Tree, typography: Typography) -> Glyph | None:
    """The glyph of a name with its index, example and update; None for what is no such thing.

    >>> from chainrule.formula.parser import parse_expression
    >>> quantity_glyph(parse_expression("o3{1}'").tree, Typography()).sup
    '{1}'
    """
    primes, mark, example, index = 0, "", "", ""
    while not isinstance(tree, Ref):
        match tree:
            case Prime(of=of, count=count) if not mark:
                primes, tree = primes + count, of
            case AtUpdate(of=of, n=n) if not mark and not primes:
                mark, tree = f"(n-{n - EARLIER})" if n > EARLIER else f"@{n}", of
            case ExampleRef(of=of, number=number) if not example:
                example, tree = f"{{{number}}}", of
            case Index(of=of, indices=indices) if not index and all(isinstance(i, Number) for i in indices):
                index, tree = ",".join(i.text for i in indices if isinstance(i, Number)), of
            case _:
                return None
    whole = f"{tree.name}[{index}]"
    if index and typography.symbol(whole) is None:
        base = typography.glyph(tree.name)
        if base.sub or base.sup:
            return None
        found = replace(base, sub=(index,))
    else:
        found = typography.glyph(whole if index else tree.name)
    return replace(found, sup=found.sup + example, primes=primes, mark=mark)


def _by_parts(name: str) -> Glyph:
    """A name read by its letters, digits and underscores: out_h1, x0_1, w30, ŷ, learning_rate."""
    parts = [part for part in name.split("_") if part]
    if not parts:
        return Glyph(name)
    first = _part(parts[0])
    rest = tuple([part if part.isdigit() else _part(part) for part in parts[1:]])
    below = (*first.sub, *rest)
    separated = [item for number, part in enumerate(below) for item in ((",", part) if number else (part,))]
    return replace(first, sub=tuple(separated))


def _part(part: str) -> Glyph:
    found = _PART.fullmatch(part)
    stem, digits = (found[1], found[2]) if found and found[1] else (part, "")
    spelled = unicodedata.normalize("NFD", stem)
    accent = _ACCENTS.get(spelled[1], "") if len(spelled) == 2 else ""
    letter = spelled[0] if accent else stem
    return Glyph(GREEK.get(letter, letter), (digits,) if digits else (), accent=accent)
