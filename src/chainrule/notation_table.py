"""The table of notations: how each convention spells the units and weights of a layered network.

A lecture's names are half of its explanation, so a notation is data, used in both directions by `notation`.
To add one, add a row here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias, get_args

from chainrule.dataclasses import dataclass
from chainrule.errors import ProblemError, nearest

Role: TypeAlias = Literal["input", "target", "net", "output", "weight", "bias", "delta"]
Bias: TypeAlias = Literal["per unit", "per layer"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
HOLE: Final = re.compile(r"\{(\w+|,)\}")


@dataclass(frozen=True, slots=True)
class Templates:
    """How each role is written; `{,}` is a separator where one is needed.

    The other holes: `{layer}`, `{unit}` and `{source}` count from 1 (layer 0: inputs); `{prefix}` is the
    layer's name; `{serial}` and `{source_serial}` number the units of all layers through, inputs first;
    `{weight}` and `{bias}` number the parameters through.
    """

    input: str
    target: str
    net: str
    output: str
    weight: str
    bias: str
    delta: str

    def of(self, role: Role) -> str:
        """The template of a role."""
        template: str = getattr(self, role)
        return template


@dataclass(frozen=True, slots=True)
class Notation:
    """A convention of names, with the conventions of writing that go with it.

    `units` spells single numbers, `arrays` the arrays that hold them; `aliases` are read but never written.
    `delta_sign` is -1 where delta means -dE/dnet. `bias_first`: the bias stands before the weighted inputs.
    `weight_first`: a product is written `W*x`, not `x*W`. `has_one`: unit 0 names the constant 1. `shown`
    says which derivatives are shown unless asked otherwise.
    """

    name: str
    units: Templates
    arrays: Templates
    aliases: tuple[tuple[Role, str], ...] = ()
    delta_sign: Literal[1, -1] = 1
    bias_first: bool = False
    weight_first: bool = True
    has_one: bool = False
    shown: Literal["all", "deltas and weights"] = "all"


_MATRIX = Notation(
    name="matrix",
    units=Templates(
        input="x[{unit}]",
        target="t[{unit}]",
        net="z{layer}[{unit}]",
        output="a{layer}[{unit}]",
        weight="W{layer}[{unit},{source}]",
        bias="b{layer}[{unit}]",
        delta="delta(z{layer}[{unit}])",
    ),
    arrays=Templates("x", "t", "z{layer}", "a{layer}", "W{layer}", "b{layer}", "delta(z{layer})"),
    aliases=(("bias", "W{layer}[{unit},0]"),),
)

_NPTEL = Notation(
    name="nptel",
    units=Templates(
        input="x0_{unit}",
        target="t_{unit}",
        net="theta{layer}_{unit}",
        output="x{layer}_{unit}",
        weight="W{layer}_{source}{,}{unit}",
        bias="W{layer}_0{,}{unit}",
        delta="delta{layer}_{unit}",
    ),
    arrays=Templates("x0", "t", "theta{layer}", "x{layer}", "W{layer}", "b{layer}", "delta{layer}"),
    bias_first=True,
    has_one=True,
    shown="deltas and weights",
)

_NUMBERED = Notation(
    name="numbered",
    units=Templates(
        input="x{unit}",
        target="t{unit}",
        net="{prefix}{unit}",
        output="out_{prefix}{unit}",
        weight="w{weight}",
        bias="b{bias}",
        delta="delta_{prefix}{unit}",
    ),
    arrays=Templates("x", "t", "{prefix}", "out_{prefix}", "W{layer}", "bias{layer}", "delta_{prefix}"),
)

_MITCHELL = Notation(
    name="mitchell",
    units=Templates(
        input="x_{unit}",
        target="t_{serial}",
        net="net_{serial}",
        output="o_{serial}",
        weight="w_{serial}{,}{source_serial}",
        bias="w_{serial}{,}0",
        delta="delta_{serial}",
    ),
    arrays=Templates("x", "t", "net{layer}", "o{layer}", "W{layer}", "b{layer}", "delta{layer}"),
    delta_sign=-1,
)

NOTATIONS: Final[Mapping[str, Notation]] = {n.name: n for n in (_MATRIX, _NPTEL, _NUMBERED, _MITCHELL)}


def find_notation(name: str) -> Notation:
    """The notation of that name.

    Raises ProblemError for a name that is not in the table.

    >>> find_notation("nptel").bias_first
    True
    """
    if name in NOTATIONS:
        return NOTATIONS[name]
    near = nearest(name.casefold(), NOTATIONS, cutoff=0.4)
    known = ", ".join(NOTATIONS)
    hint = f"Did you mean {near!r}? " if near else ""
    raise ProblemError(f"there is no notation {name!r}.", hint=f"{hint}The notations are {known}.")


# The last hidden layer is h. Left out going back: e (the constant), d (of derivatives) and b (of biases).
_LETTERS: Final = "acfgh"
_OUTPUT: Final = "o"
# What already means something before a number: errors of the outputs (E1), log10, and `delta(...)`.
_RESERVED: Final = ("E", "log", "delta")
_SPOKEN: Final[Mapping[Role, str]] = {
    "input": "an input",
    "target": "a target",
    "net": "a net input",
    "output": "an output",
    "weight": "a weight",
    "bias": "a bias",
    "delta": "a delta",
}


def layer_prefixes(notation: Notation, hidden_layers: int, hidden: Sequence[str] | None) -> tuple[str, ...]:
    """The names of the layers with weights, where the notation has names for layers, else none.

    Raises ProblemError if `hidden` has the wrong length, or its names cannot be told from others.

    >>> layer_prefixes(NOTATIONS["numbered"], 2, None), layer_prefixes(NOTATIONS["nptel"], 2, None)
    (('g', 'h', 'o'), ())
    """
    if not _uses_prefixes(notation):
        if hidden is not None:
            raise ProblemError(
                f"`hidden` names layers, but the notation {notation.name} counts them.",
                hint="Leave `hidden` out or use notation = 'numbered'.",
            )
        return ()
    if hidden is None:
        if hidden_layers > len(_LETTERS):
            raise ProblemError(
                f"there are {hidden_layers} hidden layers, but letters for {len(_LETTERS)} only.",
                hint="Name them: hidden = ['p', 'q', ...].",
            )
        hidden = _LETTERS[len(_LETTERS) - hidden_layers :]
    elif isinstance(hidden, str) or len(hidden) != hidden_layers:
        raise ProblemError(
            f"`hidden` is {hidden!r}, expected a list of {hidden_layers} names.",
            hint="Give one name per hidden layer.",
        )
    _refuse_clashes(notation, hidden)
    return (*hidden, _OUTPUT)


def _uses_prefixes(notation: Notation) -> bool:
    return "{prefix}" in notation.units.net


def _refuse_clashes(notation: Notation, hidden: Sequence[str]) -> None:
    """Every name ends in a number, so two can only be equal where what stands before the number is."""
    taken = dict.fromkeys(_RESERVED, "has a meaning of its own")
    for role in ROLES:
        for template in (notation.units.of(role), notation.arrays.of(role)):
            if "{prefix}" not in template:
                taken[HOLE.sub("", template)] = f"names {_SPOKEN[role]}"
    for prefix in (_OUTPUT, *hidden):
        _refuse_misnomer(prefix)
        for role in ROLES:
            template = notation.units.of(role)
            stem = HOLE.sub("", template.replace("{prefix}", prefix))
            if "{prefix}" not in template:
                continue
            if stem in taken:
                raise ProblemError(
                    f"`hidden` contains {prefix!r}, but {stem}1 already {taken[stem]}.",
                    hint="Choose another name for that layer.",
                )
            taken[stem] = f"names {_SPOKEN[role]}"


def _refuse_misnomer(prefix: object) -> None:
    """A prefix is a name of the formula language, and must not end where the number of a unit begins."""
    text = prefix if isinstance(prefix, str) else ""
    name = all(c.isalpha() or c in "_0123456789" for c in text)
    if not name or text[:1] in "0123456789" or text[-1:] in "0123456789":
        raise ProblemError(f"`hidden` contains {prefix!r}, expected a name that neither begins nor ends with a digit.")
