"""Where the first weights come from: the initialisers that lectures and papers name.

The values of a parameter depend on the seed and on its name alone, so that a network can be changed in one
place and begin alike everywhere else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from math import fsum, isfinite, prod, sqrt
from operator import mul
from typing import Any, Final, Literal, TypeAlias

from chainrule.dataclasses import dataclass
from chainrule.errors import ProblemError, nearest
from chainrule.randomness import Words, counter_of, normal, normal_array, uniform_array, uniforms

Nested: TypeAlias = "float | list[Nested]"
Kind: TypeAlias = Literal["weight", "bias"]


@dataclass(frozen=True, slots=True)
class Initialiser:
    """How a parameter gets its first values: a name of the table, and the numbers that belong to it.

    >>> str(Initialiser("uniform", (-0.05, 0.05)))
    'uniform(-0.05, 0.05)'
    """

    name: str
    numbers: tuple[float, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(repr, self.numbers))})" if self.numbers else self.name


@dataclass(frozen=True, slots=True)
class Law:
    """What values are drawn from: `a` to `b`, mean `a` and deviation `b`, or always `a`."""

    shape: Literal["uniform", "normal", "constant"]
    a: float
    b: float = 0.0


@dataclass(frozen=True, slots=True)
class _Row:
    """An initialiser: how it is written, its law, and that of biases if they are not drawn alike."""

    usage: str
    law: Callable[[tuple[float, ...], int, int], Law]
    bias: Law | None = None


def _spread(variance: float, shape: Literal["uniform", "normal"]) -> Law:
    """The distribution of mean 0 and that variance: the uniform one reaches to the root of 3 times it."""
    limit = sqrt(3.0 * variance)
    return Law("uniform", -limit, limit) if shape == "uniform" else Law("normal", 0.0, sqrt(variance))


_BLOCK: Final = 1 << 14  # numbers that are drawn at a time
_ZERO: Final = Law("constant", 0.0)
_TABLE: Final[Mapping[str, _Row]] = {
    "uniform": _Row("uniform(low, high)", lambda v, i, o: Law("uniform", *v)),
    "normal": _Row("normal(mean, deviation)", lambda v, i, o: Law("normal", *v)),
    "constant": _Row("constant(value)", lambda v, i, o: Law("constant", *v)),
    "zeros": _Row("zeros", lambda v, i, o: _ZERO),
    "glorot uniform": _Row("glorot uniform", lambda v, i, o: _spread(2 / (i + o), "uniform"), _ZERO),
    "glorot normal": _Row("glorot normal", lambda v, i, o: _spread(2 / (i + o), "normal"), _ZERO),
    "he uniform": _Row("he uniform", lambda v, i, o: _spread(2 / i, "uniform"), _ZERO),
    "he normal": _Row("he normal", lambda v, i, o: _spread(2 / i, "normal"), _ZERO),
    "lecun uniform": _Row("lecun uniform", lambda v, i, o: _spread(1 / i, "uniform"), _ZERO),
    "lecun normal": _Row("lecun normal", lambda v, i, o: _spread(1 / i, "normal"), _ZERO),
    "orthogonal": _Row("orthogonal", lambda v, i, o: Law("normal", 0.0, 1.0), _ZERO),
}
_ALSO: Final = {"xavier": "glorot", "kaiming": "he"}
_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_CALL: Final = re.compile(r"([^()]*)(?:\(([^()]*)\))?")


def parse_initialiser(text: str) -> Initialiser:
    """Read an initialiser as a problem file writes it, such as `uniform(-0.05, 0.05)` or `he normal`.

    Capitals, underscores and hyphens in names do not matter, and Xavier and Kaiming are Glorot and He. Raises
    ProblemError for an unknown name, a wrong number of numbers, and ranges that are empty or not finite.

    >>> parse_initialiser("uniform(-0.05, 0.05)")
    Initialiser(name='uniform', numbers=(-0.05, 0.05))
    >>> parse_initialiser("Glorot_uniform").name
    'glorot uniform'
    """
    call = _CALL.fullmatch(text.strip())
    if call is None:
        raise ProblemError(f"the initialiser {text!r} cannot be read.", hint="Write it as uniform(-0.05, 0.05).")
    first, *rest = call[1].casefold().replace("_", " ").replace("-", " ").split() or [""]
    name = " ".join([_ALSO.get(first, first) if rest else first, *rest])
    if name not in _TABLE:
        raise _unknown(text, name)
    words = [word.strip() for word in call[2].split(",")] if call[2] and call[2].strip() else []
    numbers = tuple(_number(word, text) for word in words)
    _check_numbers(text, name, numbers)
    return Initialiser(name, numbers)


def draw(
    initialiser: Initialiser,
    shape: Sequence[int],
    *,
    fan_in: int,
    fan_out: int,
    key: Words,
    kind: Kind = "weight",
) -> Nested:
    """The first values of a parameter, as nested lists of that shape (a number for the shape ()).

    Element number n, counted from 0 along the last axis first, is made of draw number n of the key. With
    `fan_in` numbers coming in at a unit and `fan_out` units fed by each of them, values are drawn from:

    uniform(low, high)       low + (high - low) * u
    normal(mean, deviation)  mean + deviation * z
    glorot uniform           between -r and r with r = sqrt(6 / (fan_in + fan_out))
    glorot normal            mean 0, variance 2 / (fan_in + fan_out)
    he uniform               between -r and r with r = sqrt(6 / fan_in)
    he normal                mean 0, variance 2 / fan_in
    lecun uniform            between -r and r with r = sqrt(3 / fan_in)
    lecun normal             mean 0, variance 1 / fan_in
    orthogonal               rows (of a tall matrix: columns) at right angles and of length 1, so that W W^T = 1

    Biases are 0 for glorot, he, lecun and orthogonal; for the others they are drawn as weights are, as is usual in
    lectures. Raises ProblemError for a shape or a fan that is not made of whole numbers above 0, and for an orthogonal
    weight that is no matrix.

    Glorot, Bengio: Understanding the difficulty of training deep feedforward neural networks (2010). He,
    Zhang, Ren, Sun: Delving deep into rectifiers (2015). LeCun, Bottou, Orr, Müller: Efficient backprop (1998). Saxe,
    McClelland, Ganguli: Exact solutions to the nonlinear dynamics of learning in deep linear neural networks (2014).

    >>> from chainrule.randomness import parameter_key
    >>> draw(parse_initialiser("constant(0.5)"), (2, 3), fan_in=3, fan_out=2, key=(0, 0))
    [[0.5, 0.5, 0.5], [0.5, 0.5, 0.5]]
    >>> draw(parse_initialiser("uniform(-1, 1)"), (2,), fan_in=2, fan_out=1, key=parameter_key(0, "W1"))
    [-0.6184138137796003, -0.35045483109518805]
    """
    _check_sizes(shape, fan_in, fan_out)
    law = law_of(initialiser, fan_in=fan_in, fan_out=fan_out, kind=kind)
    if initialiser.name == "orthogonal" and kind == "weight":
        return _orthogonal(shape, _values(law, key, prod(shape)))
    values: list[Nested] = [*_values(law, key, prod(shape))]
    for size in reversed(shape):
        values = [values[start : start + size] for start in range(0, len(values), size)]
    return values[0]


def draw_array(
    initialiser: Initialiser, shape: Sequence[int], *, fan_in: int, fan_out: int, key: Words, kind: Kind, dtype: str
) -> Any:
    """The same as `draw` as a NumPy array, which takes little more memory than it does in the end.

    >>> from chainrule.randomness import parameter_key
    >>> key = parameter_key(0, "W1")
    >>> draw_array(parse_initialiser("uniform(-1, 1)"), (2,), fan_in=2, fan_out=1, key=key, kind="weight", dtype="f8")
    array([-0.61841381, -0.35045483])
    """
    import numpy as np

    _check_sizes(shape, fan_in, fan_out)
    law = law_of(initialiser, fan_in=fan_in, fan_out=fan_out, kind=kind)
    if initialiser.name == "orthogonal" and kind == "weight":
        return np.asarray(draw(initialiser, shape, fan_in=fan_in, fan_out=fan_out, key=key, kind=kind), dtype)
    found = np.full(prod(shape), law.a, dtype)
    for first in range(0, len(found) if law.shape != "constant" else 0, _BLOCK):
        part = found[first : first + _BLOCK]
        if law.shape == "uniform":
            part[...] = np.minimum(law.b, law.a + (law.b - law.a) * uniform_array(key, len(part), first=first))
        else:
            part[...] = law.a + law.b * normal_array(key, len(part), first=first)
    return found.reshape(shape)


def law_of(initialiser: Initialiser, *, fan_in: int, fan_out: int, kind: Kind) -> Law:
    """What the values of a parameter are drawn from, but for orthogonal weights, which are made of such."""
    row = _TABLE[initialiser.name]
    return row.bias if kind == "bias" and row.bias is not None else row.law(initialiser.numbers, fan_in, fan_out)


def _values(law: Law, key: Words, count: int) -> list[float]:
    if law.shape == "uniform":
        # Rounding may reach `b`, never pass it.
        return [min(law.b, law.a + (law.b - law.a) * u) for u in uniforms(key, count)]
    if law.shape == "normal":
        return [law.a + law.b * normal(key, counter_of(number)) for number in range(count)]
    return [law.a] * count


def _orthogonal(shape: Sequence[int], drawn: Sequence[float]) -> Nested:
    """Normal numbers made orthogonal vector by vector, after Gram and Schmidt: the Q of QR, its signs those of R."""
    if len(shape) != 2:
        raise ProblemError(f"orthogonal weights are matrices, found the shape {tuple(shape)}.")
    short, long = sorted(shape)
    rows: list[list[float]] = []
    for row in range(short):
        vector = list(drawn[row * long : (row + 1) * long])
        for _ in range(2):  # once leaves what rounding put back; twice is enough (Kahan)
            for other in rows:
                overlap = fsum(map(mul, vector, other))
                vector = [x - overlap * y for x, y in zip(vector, other, strict=True)]
        length = sqrt(fsum(x * x for x in vector))
        rows.append([x / length for x in vector])
    wide: Sequence[Sequence[float]] = rows if shape[0] <= shape[1] else list(zip(*rows, strict=True))
    return [list(row) for row in wide]


def _check_sizes(shape: Sequence[int], fan_in: int, fan_out: int) -> None:
    for what, size in (
        *(("shape contains", size) for size in shape),
        ("fan_in is", fan_in),
        ("fan_out is", fan_out),
    ):
        if type(size) is not int or size < 1:
            raise ProblemError(f"{what} {size!r}, expected whole numbers above 0.")


def _unknown(text: str, name: str) -> ProblemError:
    near = nearest(name, _TABLE, cutoff=0.5)
    hint = f"Did you mean {_TABLE[near].usage!r}? " if near else ""
    known = ", ".join(row.usage for row in _TABLE.values())
    return ProblemError(f"there is no initialiser {text!r}.", hint=f"{hint}The initialisers are {known}.")


def _number(word: str, text: str) -> float:
    plain = word.replace("\N{MINUS SIGN}", "-")
    value = float(plain) if _NUMBER.fullmatch(plain) else float("nan")
    if not isfinite(value):
        raise ProblemError(f"the initialiser {text!r} contains {word!r}, expected a finite number.")
    return value


def _check_numbers(text: str, name: str, numbers: tuple[float, ...]) -> None:
    usage = _TABLE[name].usage
    expected = usage.count(",") + ("(" in usage)
    if len(numbers) != expected:
        found = f"the initialiser {text!r} has {len(numbers)} numbers, expected {expected}."
        raise ProblemError(found, hint=f"Write {usage}." if expected else f"Write {usage!r} alone.")
    if name == "uniform" and not (numbers[0] < numbers[1] and isfinite(numbers[1] - numbers[0])):
        raise ProblemError(
            f"the range of {text!r} is empty or too wide, expected low < high.",
            hint="For one value write constant(value).",
        )
    if name == "normal" and numbers[1] <= 0:
        raise ProblemError(
            f"the deviation of {text!r} is {numbers[1]!r}, expected a number above 0.",
            hint="For one value write constant(value).",
        )
