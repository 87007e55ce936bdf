"""What an exercise is: a problem file without its working, and the steps of a correct solution in a possible order."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, DecimalException, localcontext
from typing import Literal

from tests.exam.numbers import DECIMALS, KEPT, PRECISE
from tests.exam.trees import (
    ONE,
    ZERO,
    Call,
    Negative,
    Number,
    Slope,
    Tree,
    Use,
    derivative,
    names_in,
    negated,
    product,
    total,
    walk,
    work_out,
)

Kind = Literal["net", "output", "error", "value", "derivative", "weight", "update"]
MARGIN = Decimal("0.08")  # from a kink: rounding to two digits does not reach it
SATURATED = 12  # beyond it a sigmoid is 0 or 1 on paper, which nobody would set


class Unfit(Exception):  # noqa: N818 - not an error: another is drawn
    """An exercise or a solution that nobody would set: on a kink, too large, without a value."""


@dataclass(frozen=True, slots=True)
class Step:
    """One quantity and its formula; `slope` is the part of it that is the derivative of an activation."""

    label: str
    formula: Tree
    kind: Kind
    slope: Tree | None = None


@dataclass(frozen=True, slots=True)
class Exercise:
    """The problem file around `working`, the numbers it gives, the steps, and the net input of each output."""

    head: str
    tables: str
    numbers: Mapping[str, str]
    steps: tuple[Step, ...]
    targets: tuple[str, ...]
    nets: Mapping[str, str] = field(default_factory=dict)

    def file(self, working: str) -> str:
        return f"{self.head}working = '''\n{working}'''\n\n{self.tables}"

    @property
    def first_line(self) -> int:
        """The line of the file that the first line of `working` stands on, counted from 1."""
        return self.head.count("\n") + 2


def exact_values(numbers: Mapping[str, str], steps: Sequence[Step]) -> dict[str, Decimal]:
    """The value of everything, to 36 digits. Raises Unfit where one is missing, huge, tiny or near a kink."""
    values = {name: Decimal(text) for name, text in numbers.items()}
    for step in steps:
        values[step.label] = value_of(step.formula, values)
        if values[step.label] and not Decimal("1e-5") < abs(values[step.label]) < 300:
            raise Unfit(step.label)
        for part in walk(step.formula):
            refuse_kinks(part, values)
            refuse_saturation(part, values)
    return values


def value_of(tree: Tree, values: Mapping[str, Decimal]) -> Decimal:
    try:
        with localcontext(PRECISE):
            found: Decimal = work_out(tree, lambda part: values[part.name] if isinstance(part, Use) else None, DECIMALS)
        return KEPT.plus(found)
    except DecimalException:
        raise Unfit("no value") from None


def refuse_kinks(part: Tree, values: Mapping[str, Decimal]) -> None:
    match part:
        case Call("max", (a, b)):
            distance = value_of(a, values) - value_of(b, values)
        case Call("abs" | "relu" | "leaky_relu", (of,)) | Slope("relu" | "leaky_relu", of):
            distance = value_of(of, values)
        case _:
            return
    if abs(distance) < MARGIN:
        raise Unfit("kink")


def refuse_saturation(part: Tree, values: Mapping[str, Decimal]) -> None:
    """Raises Unfit for a sigmoid or tanh that is a whole number to all digits anybody prints."""
    match part:
        case Call("sigmoid" | "tanh" | "softplus", (of,)) if abs(value_of(of, values)) > SATURATED:
            raise Unfit("saturated")


@dataclass(frozen=True, slots=True)
class Backward:
    """How one writes a backward pass: what derivatives are called, and which get no line of their own.

    `negative` are those whose delta is minus the derivative, `closed` those whose derivative is known from a table;
    `primes` says sigmoid'(z) for s*(1 - s).
    """

    label: Callable[[str], str]
    inline: Collection[str] = ()
    negative: Collection[str] = ()
    closed: Mapping[str, Tree] = field(default_factory=dict)
    slope_first: bool = False
    primes: bool = False


def backward(
    definitions: Sequence[Step], error: str, wanted: Sequence[str], numbers: Mapping[str, str], how: Backward
) -> tuple[dict[str, Step], dict[str, Tree]]:
    """The steps of the derivatives of the error, from the error back, and how to refer to each of them."""
    values = exact_values(numbers, definitions)

    def larger(a: Tree, b: Tree) -> bool:
        return value_of(a, values) > value_of(b, values)

    reference: dict[str, Tree] = {error: ONE}
    steps: dict[str, Step] = {}
    names = [d.label for d in reversed(definitions) if d.label != error]
    for name in [*names, *wanted]:
        tree, slope = (
            (how.closed[name], None) if name in how.closed else _chained(name, definitions, reference, larger, how)
        )
        label = how.label(name)
        if tree in (ZERO, ONE) or name in how.inline:
            reference[name] = tree
            continue
        minus = name in how.negative
        steps[name] = Step(label, negated(tree) if minus else tree, "weight" if name in wanted else "derivative", slope)
        reference[name] = Negative(Use(label)) if minus else Use(label)
    return steps, reference


def _chained(
    name: str,
    definitions: Sequence[Step],
    reference: Mapping[str, Tree],
    larger: Callable[[Tree, Tree], bool],
    how: Backward,
) -> tuple[Tree, Tree | None]:
    """The sum over the definitions that use a quantity, and the derivative of its activation if that is a factor."""
    users = [d for d in definitions if name in names_in(d.formula)]
    terms = []
    slope: Tree | None = None
    for user in users:
        upstream, local = reference[user.label], derivative(user.formula, name, larger, Use(user.label))
        if user.kind == "output" and len(users) == 1 and local != ONE:
            if how.primes and isinstance(user.formula, Call):
                local = Slope(user.formula.function, Use(name))
            slope = local
        terms.append(product(local, upstream) if slope is not None and how.slope_first else product(upstream, local))
    return total(*terms), slope


def update(weight: str, gradient: Tree, rate: Tree) -> Step:
    """The step of gradient descent: w' = w - rate*dE/dw."""
    return Step(f"{weight}'", total(Use(weight), negated(product(rate, gradient))), "update")


def rate_as(name: str, text: str) -> Tree:
    """The learning rate in a formula: by name or as a number."""
    return Use(name) if name else Number(text)
