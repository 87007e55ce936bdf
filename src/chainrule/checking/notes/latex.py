"""Cuts a formula in LaTeX into pieces and pairs its braces and environments; what commands mean stands in tables.

Pieces keep their offsets into the page. Nothing here recurses, so a megabyte of braces is only a long list.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

Kind = Literal["space", "number", "letters", "command", "char"]


class Piece(NamedTuple):
    """A number, a run of letters, a command with its backslash, or one character; `start` and `end` in the page."""

    kind: Kind
    text: str
    start: int
    end: int


# fmt: off
_PIECE: Final = re.compile(
    r"""(?P<space>(?:\s|~|\\[,;:!>\s]|\\(?:left|right)\s*\.|%[^\n]*
          |\\(?:thinspace|medspace|thickspace|displaystyle|textstyle|limits|nolimits|nonumber|notag|hfill|hline|mathstrut|strut|left|right|middle|[bB]igg?[lrm]?|allowbreak
          |ensuremath|scriptstyle)(?![A-Za-z])|\\(?:tag|label|hspace|vspace|phantom|vphantom|hphantom|intertext)
          \*?\{[^{}]{0,200}\})+)
      | (?P<number>[0-9]+(?:\.[0-9]+)?|\.[0-9]+)
      | (?P<letters>[A-Za-z]+)
      | (?P<command>\\(?:[A-Za-z]+\*?|.|\Z))
      | (?P<char>.)""",
    re.VERBOSE | re.DOTALL,
)

SYMBOLS: Final = {
    "\\alpha": "α", "\\beta": "β", "\\gamma": "γ", "\\delta": "δ", "\\epsilon": "ε", "\\varepsilon": "ε", "\\zeta": "ζ",
    "\\eta": "η", "\\theta": "θ", "\\vartheta": "θ", "\\iota": "ι", "\\kappa": "κ", "\\lambda": "λ", "\\mu": "μ",
    "\\nu": "ν", "\\xi": "ξ", "\\pi": "π", "\\varpi": "π", "\\rho": "ρ", "\\varrho": "ρ", "\\sigma": "σ", "\\tau": "τ",
    "\\upsilon": "υ", "\\phi": "φ", "\\varphi": "φ", "\\chi": "χ", "\\psi": "ψ", "\\omega": "ω", "\\Gamma": "Γ",
    "\\Delta": "Δ", "\\Theta": "Θ", "\\Lambda": "Λ", "\\Xi": "Ξ", "\\Pi": "Π", "\\Sigma": "Σ", "\\Phi": "Φ",
    "\\Psi": "Ψ", "\\Omega": "Ω", "\\ell": "ℓ", "\\nabla": "nabla", "\\partial": "∂", "\\hbar": "hbar",
    "\\infty": "infinity", "\\Re": "Re", "\\Im": "Im", "\\emptyset": "emptyset", "\\top": "T", "\\imath": "i",
    "\\jmath": "j", "\\ldots": "dots", "\\dots": "dots", "\\cdots": "dots", "\\vdots": "dots", "\\ddots": "dots",
    "\\dotsb": "dots", "\\dotsc": "dots", "\\prime": "'", "\\bot": "bot", "\\perp": "perp", "\\star": "*",
    "\\ast": "*", "\\dagger": "dagger", "\\circ": "circ", "\\cdot": "·",
}
FUNCTIONS: Final = {
    "sin": "sin", "cos": "cos", "exp": "exp", "ln": "ln", "log": "log", "tanh": "tanh", "max": "max", "min": "min",
    "sigmoid": "sigmoid", "sigm": "sigmoid", "relu": "relu", "ReLU": "relu", "softmax": "softmax", "sqrt": "sqrt",
    "softplus": "softplus", "sgn": "sign", "sign": "sign", "abs": "abs", "elu": "elu", "gelu": "gelu",
    "LeakyReLU": "leaky_relu", "tan": "tan", "sinh": "sinh", "cosh": "cosh", "arctan": "arctan", "arcsin": "arcsin",
    "arccos": "arccos", "det": "det", "Pr": "Pr", "arg": "arg", "argmax": "argmax", "argmin": "argmin", "diag": "diag",
    "tr": "tr",
}
BIG: Final = {
    "\\sum": "sum", "\\prod": "product", "\\int": "integral", "\\lim": "limit", "\\bigcup": "union", "\\sup": "sup",
    "\\inf": "inf", "\\oint": "integral", "∑": "sum", "∏": "product", "\\mathbb{E}": "mean", "\\iint": "integral",
}
WRAPPERS: Final = frozenset({
    "\\mathbf", "\\boldsymbol", "\\bm", "\\mathrm", "\\mathit", "\\mathcal", "\\mathbb", "\\mathsf", "\\mathtt",
    "\\mathfrak", "\\underline", "\\overline", "\\boxed", "\\fbox", "\\text", "\\textbf", "\\textit", "\\textrm",
    "\\texttt", "\\textsf", "\\mbox", "\\hbox", "\\operatorname", "\\operatorname*", "\\vec", "\\hat", "\\widehat",
    "\\bar", "\\tilde", "\\widetilde", "\\dot", "\\ddot", "\\underbrace", "\\overbrace", "\\cancel", "\\bcancel",
    "\\xcancel", "\\sout", "\\color", "\\textcolor", "\\colorbox", "\\mathop", "\\mathrel", "\\mathbin", "\\mathord",
    "\\overrightarrow", "\\pmb", "\\emph", "\\framebox", "\\textnormal", "\\smash", "\\mathscr",
})
ACCENTS: Final = {
    "\\hat": "hat", "\\widehat": "hat", "\\bar": "bar", "\\overline": "bar", "\\tilde": "tilde",
    "\\widetilde": "tilde", "\\dot": "dot", "\\ddot": "ddot",
}
COLOURED: Final = frozenset({"\\textcolor", "\\colorbox"})  # their first argument is a colour
STRUCK: Final = frozenset({"\\cancel", "\\bcancel", "\\xcancel", "\\sout"})
WORDS: Final = frozenset({
    "\\text", "\\textbf", "\\textit", "\\textrm", "\\texttt", "\\textsf", "\\mbox", "\\hbox", "\\textnormal",
})
RELATIONS: Final = {
    "=": "=", ":=": "=", "\\equiv": "=", "\\triangleq": "=", "\\coloneqq": "=", "≡": "=", "≈": "~", "≃": "~",
    "\\approx": "~", "\\simeq": "~", "\\cong": "~", "\\doteq": "~", "\\thickapprox": "~", "\\approxeq": "~",
    "<": "<", ">": ">", "≤": "<=", "≥": ">=", "\\le": "<=", "\\leq": "<=", "\\leqslant": "<=", "\\ge": ">=",
    "\\geq": ">=", "\\geqslant": ">=", "\\lt": "<", "\\gt": ">", "\\ll": "<", "\\gg": ">", "≠": "!=", "\\ne": "!=",
    "\\neq": "!=", "\\in": "in", "∈": "in", "\\notin": "in", "\\ni": "in", "\\subset": "in", "\\subseteq": "in",
    "\\propto": "in", "\\sim": "in", "\\to": "->", "\\rightarrow": "->", "\\longrightarrow": "->", "→": "->",
    "\\mapsto": "->", "\\leftarrow": "<-", "\\gets": "<-", "←": "<-", "\\longleftarrow": "<-", "\\mid": "in",
    "\\xrightarrow": "->",
}
CLAIMS: Final = frozenset({
    "\\Rightarrow", "\\implies", "\\Longrightarrow", "\\Leftrightarrow", "\\iff", "\\therefore", "\\because", "⇒", "⟹",
    "⟺", "⇔", "∴", "\\quad", "\\qquad", "\\Leftarrow", "\\impliedby", "\\forall", "\\exists", "\\land", "\\wedge",
    "\\lor", "\\And", "\\leadsto", "\\rightsquigarrow", "\\newline", "\\par", "∀", "\\hookrightarrow", "\\checkmark",
    "✓", "✗", "\\blacksquare", "\\square", "\\qed",
})
MATRICES: Final = frozenset({"matrix", "pmatrix", "bmatrix", "Bmatrix", "vmatrix", "Vmatrix", "smallmatrix", "array"})
GRIDS: Final = frozenset({
    "aligned", "align", "alignat", "alignedat", "flalign", "split", "gather", "gathered", "eqnarray", "multline",
    "equation", "displaymath", "math", "subequations", "array",
})
# fmt: on
TIMES: Final = {"*", "\\cdot", "\\times", "\\ast", "\\odot", "\\circ", "\\otimes", "×", "·", "∗", "⋅", "⊙"}  # noqa: RUF001
OPENERS: Final = {
    "(": ")",
    "[": "]",
    "\\{": "\\}",
    "\\lbrace": "\\rbrace",
    "\\langle": "\\rangle",
    "\\lbrack": "\\rbrack",
    "\\lfloor": "\\rfloor",
    "\\lceil": "\\rceil",
}  # fmt: skip
_CLOSERS: Final = frozenset(OPENERS.values())


def scan(text: str, start: int, end: int) -> list[Piece]:
    """The pieces of a formula.

    >>> [piece.text for piece in scan(r"\\frac{.5}{x}", 0, 12)]
    ['\\\\frac', '{', '.5', '}', '{', 'x', '}']
    """
    found = []
    at = start
    match_at = _PIECE.match
    while at < end:
        match = match_at(text, at, end)
        if match is None:  # pragma: no cover - the last alternative takes any character
            break
        found.append(Piece(match.lastgroup, match[0], at, match.end()))  # type: ignore[arg-type]
        at = match.end()
    return found


def environment_name(pieces: Sequence[Piece], at: int) -> tuple[str, int]:
    """The name in `\\begin{name}` or `\\end{name}` at `at`, without its star, and the position after it."""
    after = skip_space(pieces, at + 1, len(pieces))
    if after >= len(pieces) or pieces[after].text != "{":
        return "", at + 1
    letters = after + 1
    name = ""
    while letters < len(pieces) and pieces[letters].text != "}" and letters - after < 6:
        name += pieces[letters].text
        letters += 1
    return name.rstrip("*"), min(letters + 1, len(pieces))


def partners(pieces: Sequence[Piece]) -> list[int]:
    """For each `{` the position of its `}`, for each `\\begin` of its `\\end`, and back; -1 where there is none."""
    found = [-1] * len(pieces)
    stack: list[tuple[str, int]] = []
    for at, piece in enumerate(pieces):
        text = piece.text
        if text == "{" or text == "\\begin":
            stack.append((text, at))
        elif text == "}" or text == "\\end":
            opener = "{" if text == "}" else "\\begin"
            if stack and stack[-1][0] == opener:
                found[stack[-1][1]] = at
                found[at] = stack.pop()[1]
            elif text == "\\end" and len(stack) > 1 and stack[-2][0] == opener:
                stack.pop()  # one brace too many inside
                found[stack[-1][1]] = at
                found[at] = stack.pop()[1]
    return found


def bracket_partners(pieces: Sequence[Piece], braces: Sequence[int]) -> list[int]:
    """For each bracket its partner at the same depth of braces, as far as they match; [0, 1) pairs as well."""
    found = [-1] * len(pieces)
    stack: list[int] = []
    for at, piece in enumerate(pieces):
        text = piece.text
        if text in OPENERS or text in ("{", "\\begin"):
            stack.append(at)
        elif text in _CLOSERS:
            if stack and (opener := pieces[stack[-1]].text) in OPENERS and (OPENERS[opener] == text or text in ")]"):
                found[stack[-1]] = at
                found[at] = stack.pop()
        elif text in ("}", "\\end") and braces[at] >= 0:
            while stack and stack.pop() != braces[at]:
                pass
    return found


def skip_space(pieces: Sequence[Piece], at: int, end: int) -> int:
    """The position of the next piece that is not blank."""
    while at < end and pieces[at].kind == "space":
        at += 1
    return at


def source(pieces: Sequence[Piece]) -> str:
    """What stands there, for comparing."""
    return "".join(piece.text for piece in pieces if piece.kind != "space")


def after_break(pieces: Sequence[Piece], at: int) -> int:
    """The position after `\\\\` and its optional space, `[2pt]`."""
    after = at + 1
    if after + 3 < len(pieces) and pieces[after].text == "[" and pieces[after + 1].kind == "number":
        stop = next((i for i in range(after, min(len(pieces), after + 5)) if pieces[i].text == "]"), None)
        unit = "".join(piece.text for piece in pieces[after + 2 : stop]) if stop is not None else ""
        if stop is not None and unit in ("pt", "em", "ex", "mm", "cm", "in", "\\baselineskip"):
            return stop + 1
    return after
