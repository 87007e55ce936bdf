"""The single slips that can be made in a formula: a part left out, written twice, of the wrong sign, taken for another.

Each edit is the formula with one slip in it; a search then asks which of them gives what was written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final, TypeAlias

from chainrule.checking.diagnosis.kin import Kin, net_of
from chainrule.checking.diagnosis.shapes import (
    bare_of,
    called,
    form_sign,
    is_half,
    is_small,
    multiplied,
    positive,
    replaced,
    signed,
    slopes_in,
    squared_in,
    summed,
    unfold,
    with_part,
)
from chainrule.checking.diagnosis.wording import Said
from chainrule.checking.forms import Form, form_of_node, joined, leaves, negated
from chainrule.checking.paper import Paper
from chainrule.dataclasses import dataclass, replace
from chainrule.node import CONST, Node, const, is_quantity, label_of
from chainrule.ops import TABLE
from chainrule.ops.arithmetic import NEG
from chainrule.quantity import Derivative, Quantity

LIKE: Final = (
    ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "softplus"),
    ("log", "log10"), ("sin", "cos"), ("max", "min"),
)  # fmt: skip
PUT_IN: Final = "{} was put in where {} belongs"
ALSO: Final = 0.8  # what the plainer name of a slip costs more
FAR: Final = 1.5  # what a slip costs more that people rarely make
TOO_MANY: Final = {
    "factor missing": ("factor twice", "the factor {} is too many"),
    "derivative of activation missing": (
        "derivative of activation twice",
        "the derivative of the activation, {}, is too many",
    ),
    "term missing": ("term twice", "the term {} is too many"),
    "path left out": ("term twice", "the term {} is too many"),
    "square or half forgotten": ("factor twice", "{} stands here once too often"),
    "sign": ("sign", ""),
    "subtraction reversed": ("subtraction reversed", ""),
}  # what is told of a formula that is right without something
Factors: TypeAlias = Sequence[tuple[Form, int]]


@dataclass(frozen=True, slots=True, eq=False)
class Edit:
    """A formula with one slip in it; `group` are the slips that could be made as easily.

    `said` are the parts that `text` speaks of: a form by its formula, a node by its name and value.
    """

    slip: str
    form: Form
    text: str
    said: tuple[Said, ...]
    group: str
    cost: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Editor:
    """Makes the edits of the formulas of one quantity."""

    paper: Paper
    kin: Kin
    label: Quantity | None  # whose formula it is

    def edits(self, form: Form) -> list[Edit]:
        """All single slips in a formula, each once under its plainest name."""
        found: dict[tuple[str, Node], Edit] = {}
        around = frozenset(leaf.node for leaf in leaves(form))
        for edit in (*self._inside(form, around), *self._everywhere(form, around)):
            key = edit.slip, edit.form.node
            if edit.form.node is not form.node and (key not in found or edit.cost < found[key].cost):
                found[key] = edit
        return list(found.values())

    def _inside(self, form: Form, around: frozenset[Node]) -> Iterator[Edit]:
        """The edits of a form and of its parts, each in the place where it stands."""
        if form.node.shape:
            return
        yield from self._own(form, around)
        for i, part in enumerate(form.parts):
            if form.kind == "power" and i == 1:
                continue
            for edit in self._inside(part, around):
                whole = with_part(form, i, edit.form)
                if whole is not None:
                    yield replace(edit, form=whole)

    def _own(self, form: Form, around: frozenset[Node]) -> Iterator[Edit]:
        match form.kind:
            case "sum":
                yield from self._of_sum(form)
            case "product":
                yield from self._of_product(form)
            case "power":
                yield from self._of_power(form)
            case "call":
                yield from self._of_call(form)
            case "leaf":
                yield from self._of_leaf(form, around)
        if (unfolded := unfold(form)) is not None:
            yield from (replace(edit, cost=edit.cost + 0.2) for edit in self._inside(unfolded, around))
        if form.kind in ("product", "power", "call"):
            yield Edit("sign", negated(form), "the sign of {} is wrong", (form,), "sign", 0.3)

    # Sums -----------------------------------------------------------------------------------------------------

    def _of_sum(self, form: Form) -> Iterator[Edit]:
        parts = form.parts
        far = FAR if is_small(form) else 0.0
        for i, part in enumerate(parts):
            rest = [one for j, one in enumerate(parts) if j != i]
            said = (positive(part),)
            is_path = self._is_path(part)
            if is_path:
                yield Edit("path left out", summed(rest), "the way through {} is left out", said, "term", far)
            also = ALSO if is_path else 0.0
            yield Edit("term missing", summed(rest), "the term {} is left out", said, "term", far + also)
            twice = summed([*parts[: i + 1], *parts[i:]])
            yield Edit("term twice", twice, "the term {} is counted twice", said, "term", far)
            flipped = summed([negated(one) if j == i else one for j, one in enumerate(parts)])
            yield Edit("sign", flipped, "the sign of {} in {} is wrong", (*said, form), "sign")
            for j, other in enumerate(parts):
                if j != i and other.kind == part.kind != "leaf":
                    instead = summed([other if k == i else one for k, one in enumerate(parts)])
                    text = "{} stands twice, and {} not at all"
                    yield Edit("term twice", instead, text, (other, part), "term for term", FAR)
        if len(parts) == 2:
            yield from self._of_two(form, *parts)

    def _of_two(self, form: Form, first: Form, second: Form) -> Iterator[Edit]:
        if form_sign(first) != form_sign(second):
            turned = summed([negated(first), negated(second)])
            far = FAR if is_small(form) else 0.2
            yield Edit("subtraction reversed", turned, "{} was taken for {}", (turned, form), "turned", far)
        else:
            yield self._wrong_function(form, joined([first, second], [1, 1]), 0.0)

    def _is_path(self, part: Form) -> bool:
        """Whether a term of a sum is what flows back along one way of several."""
        flow = positive(part).node
        is_flow = is_quantity(flow) and isinstance(bare_of(label_of(flow)), Derivative)
        return isinstance(bare_of(self.label), Derivative) and (is_flow or part.kind == "product")

    # Products -------------------------------------------------------------------------------------------------

    def _of_product(self, form: Form) -> Iterator[Edit]:
        factors = list(zip(form.parts, form.powers, strict=True))
        slopes = slopes_in(form)
        for pair in slopes:
            slope = [factors[k] for k in pair]
            rest = [one for k, one in enumerate(factors) if k not in pair]
            yield from self._of_slope(form, rest, slope, form_of_node(const(1) - slope[0][0].node ** 2))
        inside = {i for pair in slopes for i in pair}
        for i, (part, power) in enumerate(factors):
            rest = factors[:i] + factors[i + 1 :]
            out = squared_in(part)
            if out is not None or self._is_slope(part):
                other = form_of_node(out * (const(1) - out)) if out is not None else None
                yield from self._of_slope(form, rest, [(part, power)], other)
            else:
                yield from self._of_factor(form, rest, (part, power), FAR if i in inside else 0.0)
        if len(factors) == 2 and all(power > 0 for _, power in factors):
            other = summed([part for part, _ in factors])
            plain = form.sign > 0 and all(is_quantity(part.node) for part in form.parts)
            yield self._wrong_function(form, other, 0.0 if plain else FAR)

    def _of_slope(self, form: Form, rest: Factors, slope: Factors, other: Form | None) -> Iterator[Edit]:
        """Slips with the derivative of an activation, `other` being that of another."""
        said = multiplied(slope, 1)
        without, again = multiplied(rest, form.sign), multiplied([*rest, *slope, *slope], form.sign)
        what = "the derivative of the activation, {},"
        yield Edit("derivative of activation missing", without, f"{what} is missing", (said,), "slope")
        yield Edit("derivative of activation twice", again, f"{what} stands twice", (said,), "slope")
        if other is not None:
            taken = multiplied([*rest, (other, 1)], form.sign)
            text = "the derivative of the activation is {}, not {}"
            yield Edit("wrong function", taken, text, (said, other), "function", 0.5)

    def _of_factor(self, form: Form, rest: Factors, factor: tuple[Form, int], far: float) -> Iterator[Edit]:
        part, power = factor
        if part.node.op is CONST and part.figure is None and power > 0:
            yield from self._of_constant(form, rest, part.node.attribute)
            return
        said = (multiplied([factor], 1),)
        slip = "square or half forgotten" if is_half(part, power) else "factor missing"
        yield Edit(slip, multiplied(rest, form.sign), "the factor {} is missing", said, "factor", far)
        far = FAR if is_half(part, power) else far
        again = multiplied([*rest, factor, factor], form.sign)
        yield Edit("factor twice", again, "the factor {} stands twice", said, "factor", far)
        if power < 0 or is_half(part, power):
            turned = multiplied([*rest, (part, -power)], form.sign)
            text = "multiplied by {} where it is to be divided by it"
            yield Edit("wrong function", turned, text, (part,), "function", FAR)

    def _of_constant(self, form: Form, rest: Factors, value: Fraction) -> Iterator[Edit]:
        """A constant holds what came from a square, 2, and what stood before it, 1/2 or 1/n."""
        found: dict[Fraction, tuple[str, str]] = {}
        if not value:
            return
        if value.denominator != 1:
            found[Fraction(value.numerator)] = "factor missing", f"the factor 1/{value.denominator} is missing"
        if abs(value) != 1:
            found[value / abs(value)] = "factor missing", f"the factor {abs(value)} is missing"
        if value.numerator % 2 == 0 or isinstance(bare_of(self.label), Derivative):
            found[value / 2] = "square or half forgotten", "the 2 that comes from the square is forgotten"
        if value.denominator % 2 == 0:
            found[value * 2] = "square or half forgotten", "the factor 1/2 is forgotten"
        for other, (slip, text) in found.items():
            new = multiplied([(Form("leaf", const(other)), 1), *rest], form.sign)
            yield Edit(slip, new, text, (), "factor")
            if slip != "factor missing":
                yield Edit("factor missing", new, f"the factor {value / other} is missing", (), "factor", ALSO)

    def _is_slope(self, part: Form) -> bool:
        """Whether a factor is the derivative of an activation, such as dout_h1/dh1."""
        if is_quantity(part.node) and isinstance(label := bare_of(label_of(part.node)), Derivative):
            top = self.kin.nodes.get(label.of)
            net = None if top is None else net_of(top)
            return net is not None and label_of(net) == label.by
        is_slope = part.name in ("step", "where") or isinstance(bare_of(self.label), Derivative)
        return part.kind == "call" and is_slope and part.name in (*LIKE[0], "step", "where")

    def _wrong_function(self, form: Form, other: Form, cost: float) -> Edit:
        text = "the gradient is that of {}, but the line says {}"
        if isinstance(self.label, Derivative):
            return Edit("wrong function", other, text, (form, other), "function", cost)
        whose = (self.label,) if self.label is not None else ("the formula",)
        return Edit("wrong function", other, "{} is {}, but the line says {}", (*whose, form, other), "function", cost)

    # Powers, calls and leaves -----------------------------------------------------------------------------------

    def _of_power(self, form: Form) -> Iterator[Edit]:
        base, exponent = form.parts
        if exponent.node.op is not CONST:
            return
        slip, is_square = "square or half forgotten", exponent.node is const(2)
        text = f"the {'square' if is_square else 'power'} of {{}} is forgotten"
        yield Edit(slip, signed(base, form.sign), text, (base,), "square")
        if is_square:
            double = signed(joined([exponent, base], [1, 1]), form.sign)
            yield Edit(slip, double, "{} was doubled where its square belongs", (base,), "square", FAR)

    def _of_call(self, form: Form) -> Iterator[Edit]:
        if len(form.parts) == 1 and not form.parts[0].node.shape:
            inner = form.parts[0]
            is_activation = form.name in LIKE[0]
            slip = "net input for output" if is_activation else "wrong function"
            group = "net" if is_activation else "function"
            far = (
                FAR if isinstance(bare_of(self.label), Derivative) else 0.0
            )  # there it is a slope, softplus' = sigmoid
            text = f"{form.name} was not applied to {{}}"
            yield Edit(slip, signed(inner, form.sign), text, (inner,), group, far)
        for name in (name for family in LIKE if form.name in family for name in family):
            other = called(TABLE[name], form)
            if name != form.name and other is not None:
                yield Edit("wrong function", other, f"{name} was taken where {form.name} belongs", (), "function", 0.3)

    def _of_leaf(self, form: Form, around: frozenset[Node]) -> Iterator[Edit]:
        at = form.node.args[0] if form.node.op is NEG else form.node
        for swap in self.kin.swaps(self.paper, at, around):
            new = signed(Form("leaf", swap.other), -1 if at is not form.node else 1)
            yield Edit(swap.slip, new, PUT_IN, (swap.other, at), swap.slip, swap.cost)

    def _everywhere(self, form: Form, around: frozenset[Node]) -> Iterator[Edit]:
        """A quantity taken for another wherever it stands."""
        stands = [leaf.node.args[0] if leaf.node.op is NEG else leaf.node for leaf in leaves(form)]
        for at in {one: None for one in stands if stands.count(one) > 1}:
            for swap in self.kin.swaps(self.paper, at, around):
                new = replaced(form, {at: swap.other})
                if new is not None:
                    yield Edit(swap.slip, new, PUT_IN, (swap.other, at), swap.slip, swap.cost)
