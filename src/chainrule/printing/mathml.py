"""Formulas in MathML Core, which browsers set without any library; well-formed as XML too.

A link inside a formula is an HTML link inside `mtext`, the one place where browsers allow it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape
from typing import Final

from chainrule.dataclasses import replace
from chainrule.printing.arrays import set_equal
from chainrule.printing.document import Piece
from chainrule.printing.glyphs import Glyph, Typography
from chainrule.printing.typeset import BREAK, Style

_TOKENS: Final = re.compile(r"\d+|.", re.DOTALL)
_ACCENTS: Final = {"hat": "^", "tilde": "~", "bar": "\u00af", "dot": "\u02d9"}
_APPLY, _TIMES = "<mo>\u2061</mo>", "<mo>\u2062</mo>"  # of a function; a product without a sign

Link = Callable[[str], tuple[str, str] | None]


def _letter(glyph: Glyph) -> str:
    if not glyph.stem:
        return _marks(glyph.mark)
    below = "".join(_below(part) for part in glyph.sub)
    above = _primes(glyph.primes) if glyph.primes else _marks(glyph.mark) if glyph.mark.startswith("@") else ""
    sup = _marks(glyph.sup) if glyph.sup else ""
    core = _scripts(_stem(glyph), below, sup or above)
    if sup and above:
        core = f"<msup><mrow>{core}</mrow>{above}</msup>"
    return core + _marks(glyph.mark) if glyph.mark.startswith("(") else core


def _below(part: Glyph | str) -> str:
    return _marks(part) if isinstance(part, str) else _letter(part)


def _scripts(base: str, below: str, above: str) -> str:
    if below and above:
        return f"<msubsup>{base}<mrow>{below}</mrow>{above}</msubsup>"
    if below:
        return f"<msub>{base}<mrow>{below}</mrow></msub>"
    return f"<msup>{base}{above}</msup>" if above else base


def _stem(glyph: Glyph) -> str:
    text = "∞" if glyph.stem == "inf" else glyph.stem
    letter = f"<mi>{escape(text)}</mi>" if len(text) == 1 else f'<mi class="word">{escape(text)}</mi>'
    if glyph.accent:
        letter = f'<mover accent="true">{letter}<mo>{_ACCENTS[glyph.accent]}</mo></mover>'
    return letter


def _marks(text: str) -> str:
    """Figures and brackets in a row, without the spaces of a formula."""
    parts = [
        f"<mn>{part}</mn>"
        if part.isdigit()
        else f"<mi>{part}</mi>"
        if part.isalpha()
        else f'<mo stretchy="false" lspace="0" rspace="0">{escape("−" if part == "-" else part)}</mo>'
        for part in _TOKENS.findall(text)
    ]
    return parts[0] if len(parts) == 1 else f"<mrow>{''.join(parts)}</mrow>"


def _primes(count: int) -> str:
    return f"<mo>{'′' * count}</mo>"


def _sign(text: str, prefix: bool) -> str:
    if text == "@":
        return _TIMES
    if text == "∂":
        return "<mi>∂</mi>"
    return f'<mo form="prefix">{text}</mo>' if prefix and text[0] != "′" else f"<mo>{escape(text)}</mo>"


def _fence(bracket: str, tall: bool) -> str:
    if bracket == ".":
        return ""
    form = ' form="postfix"' if bracket[0] == "/" else ' form="prefix"' if bracket in "|‖" else ""
    stretch = ' stretchy="true"' if tall else ' stretchy="false"'
    return f"<mo{form}{stretch}>{bracket[-1]}</mo>"


def _function(name: str) -> str:
    if name == "log10":
        return f"<msub><mi>log</mi><mn>10</mn></msub>{_APPLY}"
    return f"<mi>{escape(name.replace('_', ' '))}</mi>" + (_APPLY if name not in ("T", "direct") else "")


def _plain(text: str) -> str:
    return f"<mtext>{escape(text)}</mtext>"


def _array(rows: Sequence[Sequence[str]]) -> str:
    cells = ["".join(f"<mtd>{cell}</mtd>" for cell in row) for row in rows]
    return f"<mrow><mo>[</mo><mtable>{''.join(f'<mtr>{row}</mtr>' for row in cells)}</mtable><mo>]</mo></mrow>"


MATHML: Final = Style(
    fraction=("<mfrac><mrow>", "</mrow><mrow>", "</mrow></mfrac>"),
    small_fraction=('<mstyle displaystyle="false"><mfrac><mrow>', "</mrow><mrow>", "</mrow></mfrac></mstyle>"),
    power=("<msup><mrow>", "</mrow><mrow>", "</mrow></msup>"),
    raised=("<msup><mrow>", "</mrow><mrow>", "</mrow></msup>"),
    below=("<msub><mrow>", "</mrow><mrow>", "</mrow></msub>"),
    root=("<msqrt><mrow>", "</mrow></msqrt>"),
    row=("<mrow>", "</mrow>"),
    fence=_fence,
    number=lambda text: f"<mn>{escape(text)}</mn>",
    letter=_letter,
    sign=_sign,
    function=_function,
    plain=_plain,
    array=_array,
)


def mathml(
    text: str | Sequence[Piece],
    *,
    typography: Typography | None = None,
    display: bool = False,
    link: Link | None = None,
) -> str:
    """The `math` element of a formula, or of pieces among which are arrays.

    `link` gives what opens and what closes the link of a quantity.

    >>> mathml("x1^2")
    '<math><msup><mrow><msub><mi>x</mi><mrow><mn>1</mn></mrow></msub></mrow><mrow><mn>2</mn></mrow></msup></math>'
    """
    style = MATHML if link is None else replace(MATHML, link=link)
    pieces = (text,) if isinstance(text, str) else text
    inner = set_equal(pieces, style, typography or Typography()).replace(BREAK, "")
    return f'<math displaystyle="true">{inner}</math>' if display else f"<math>{inner}</math>"
