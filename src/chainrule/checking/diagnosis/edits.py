"""The single slips that can be made in a formula: a part left out, written twice, of the wrong sign, taken for another.

Each edit is the formula with one slip in it; a search then asks which of them gives what was written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from chainrule.checking.diagnosis.kin import Kin, net_of
from chainrule.checking.diagnosis.wording import Words
from chainrule.checking.forms import Form, form_of_node, joined, joined_sum, leaves, negated
from chainrule.checking.paper import Paper
from chainrule.errors import ChainruleError
from chainrule.node import CONST, Node, Op, const, is_quantity, label_of, node
from chainrule.ops import TABLE
from chainrule.ops.arithmetic import NEG
from chainrule.quantity import Derivative, Quantity

LIKE: Final = (
    ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "softplus"),
    ("log", "log10", "exp"), ("sin", "cos"), ("max", "min"),
)  # fmt: skip
FAR: Final = 1.5  # what a slip costs more that people rarely make


@dataclass(frozen=True, slots=True, eq=False)
class Edit:
    """A formula with one slip in it; `group` are the slips that could be made as easily."""

    slip: str
    form: Form
    text: str
    group: str
    cost: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Editor:
    """Makes the edits of the formulas of one quantity."""

    paper: Paper
    kin: Kin
    words: Words
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
        if form.kind in ("product", "power", "call"):
            yield Edit("sign", negated(form), f"the sign of {self.words.form(form)} is wrong", "sign", 0.3)

    # Sums -----------------------------------------------------------------------------------------------------

    def _of_sum(self, form: Form) -> Iterator[Edit]:
        parts, say = form.parts, self.words.form
        is_small = any(
            part.node.op is CONST and part.figure is None for part in parts
        )  # 1 - out: nobody thinks of it as two terms
        far = FAR if is_small else 0.0
        for i, part in enumerate(parts):
            rest = [one for j, one in enumerate(parts) if j != i]
            slip = "path left out" if self._is_path(part) else "term missing"
            what = "the way through" if slip == "path left out" else "the term"
            yield Edit(slip, _sum(rest), f"{what} {say(positive(part))} is left out", "term", far)
            yield Edit("term twice", _sum([*parts[: i + 1], *parts[i:]]),
                       f"the term {say(positive(part))} is counted twice", "term", far)  # fmt: skip
            flipped = _sum([negated(one) if j == i else one for j, one in enumerate(parts)])
            yield Edit("sign", flipped, f"the sign of {say(positive(part))} in {say(form)} is wrong", "sign")
            for j, other in enumerate(parts):
                if j != i and other.kind == part.kind != "leaf":
                    twice = _sum([other if k == i else one for k, one in enumerate(parts)])
                    text = f"{say(other)} stands twice, and {say(part)} not at all"
                    yield Edit("term twice", twice, text, "term for term", FAR)
        if len(parts) != 2:
            return
        first, second = parts
        if form_sign(first) != form_sign(second):
            turned = _sum([negated(first), negated(second)])
            yield Edit("subtraction reversed", turned, f"{say(turned)} was taken for {say(form)}", "turned", 0.2)
        else:
            product = joined([first, second], [1, 1])
            yield self._wrong_function(form, product, 0.0)

    def _is_path(self, part: Form) -> bool:
        """Whether a term of a sum is what flows back along one way of several."""
        is_flow = is_quantity(part.node) and isinstance(bare_of(label_of(part.node)), Derivative)
        return isinstance(bare_of(self.label), Derivative) and (is_flow or part.kind == "product")

    # Products -------------------------------------------------------------------------------------------------

    def _of_product(self, form: Form) -> Iterator[Edit]:
        factors = list(zip(form.parts, form.powers, strict=True))
        slopes = slopes_in(form)
        inside = {i for pair in slopes for i in pair}
        for pair in slopes:
            rest = [one for k, one in enumerate(factors) if k not in pair]
            slope = [factors[k] for k in pair]
            said = self.words.form(_product(slope, 1))
            yield Edit("derivative of activation missing", _product(rest, form.sign),
                       f"the derivative of the activation, {said}, is missing", "slope")  # fmt: skip
            yield Edit("derivative of activation twice", _product([*factors, *slope], form.sign),
                       f"the derivative of the activation, {said}, stands twice", "slope")  # fmt: skip
            for other in self._other_slopes(slope):
                text = f"the derivative of the activation is {said}, not {self.words.form(other)}"
                yield Edit("wrong function", _product([*rest, (other, 1)], form.sign), text, "function", 0.5)
        for i, (part, power) in enumerate(factors):
            rest = factors[:i] + factors[i + 1 :]
            said = self.words.form(part) if power > 0 else f"1/{self.words._said(part, 3)}"
            slip, what = "factor missing", "the factor"
            if self._is_slope(part):
                slip, what = "derivative of activation missing", "the derivative of the activation,"
            elif is_half(part, power):
                slip = "square or half forgotten"
            far = FAR if i in inside else 0.0
            yield Edit(slip, _product(rest, form.sign), f"{what} {said} is missing", "factor", far)
            slip = "derivative of activation twice" if self._is_slope(part) else "factor twice"
            far = FAR if i in inside or is_half(part, power) else 0.0
            yield Edit(
                slip, _product([*factors, (part, power)], form.sign), f"{what} {said} stands twice", "factor", far
            )
            if power < 0 or is_half(part, power):
                turned = [(one, -p if k == i else p) for k, (one, p) in enumerate(factors)]
                text = f"multiplied by {self.words.form(part)} where it is to be divided by it"
                yield Edit("wrong function", _product(turned, form.sign), text, "function", FAR)
        if len(factors) == 2 and all(power > 0 for _, power in factors):
            yield self._wrong_function(form, _sum([part for part, _ in factors]), 0.0 if form.sign > 0 else FAR)

    def _is_slope(self, part: Form) -> bool:
        """Whether a factor is the derivative of an activation: dout_h1/dh1, or 1 - out^2."""
        if is_quantity(part.node) and isinstance(label := bare_of(label_of(part.node)), Derivative):
            top = self.kin.nodes.get(label.of)
            net = None if top is None else net_of(top)
            return net is not None and label_of(net) == label.by
        return squared_in(part) is not None or (part.kind == "call" and part.name in ("step", "where"))

    def _other_slopes(self, slope: Sequence[tuple[Form, int]]) -> Iterator[Form]:
        """out(1 - out) where 1 - out^2 belongs, and the other way round."""
        if len(slope) == 2:
            out = min((part for part, _ in slope), key=lambda part: part.kind != "leaf")
            yield form_of_node(const(1) - out.node * out.node)

    def _wrong_function(self, form: Form, other: Form, cost: float) -> Edit:
        what = "the formula" if self.label is None else self.words.spelling(self.label)
        is_whole = "is that of" if isinstance(self.label, Derivative) else "is"
        text = f"{what} {is_whole} {self.words.form(form)}, but the line says {self.words.form(other)}"
        return Edit("wrong function", other, text, "function", cost)

    # Powers, calls and leaves -----------------------------------------------------------------------------------

    def _of_power(self, form: Form) -> Iterator[Edit]:
        base, exponent = form.parts
        if exponent.node.op is not CONST:
            return
        said = self.words.form(base)
        name = "square" if exponent.node is const(2) else "power"
        yield Edit("square or half forgotten", _signed(base, form.sign), f"the {name} of {said} is forgotten", "square")
        if name != "square":
            return
        double = joined([exponent, base], [1, 1])
        yield Edit("square or half forgotten", _signed(double, form.sign),
                   f"{said} was doubled where its {name} belongs", "square", FAR)  # fmt: skip

    def _of_call(self, form: Form) -> Iterator[Edit]:
        if len(form.parts) == 1 and not form.parts[0].node.shape:
            inner = form.parts[0]
            is_activation = form.name in LIKE[0]
            slip = "net input for output" if is_activation else "wrong function"
            text = f"{form.name} was not applied to {self.words.form(inner)}"
            yield Edit(slip, _signed(inner, form.sign), text, "net" if is_activation else "function")
        for family in LIKE:
            for name in family if form.name in family else ():
                other = _call(TABLE[name], form)
                if name != form.name and other is not None:
                    text = f"{name} was taken where {form.name} belongs"
                    yield Edit("wrong function", other, text, "function", 0.3)

    def _of_leaf(self, form: Form, around: frozenset[Node]) -> Iterator[Edit]:
        at = form.node.args[0] if form.node.op is NEG else form.node
        for swap in self.kin.swaps(self.paper, at, around):
            new = _signed(Form("leaf", swap.other), -1 if at is not form.node else 1)
            yield Edit(swap.slip, new, self._swapped(at, swap.other), swap.slip, swap.cost)

    def _everywhere(self, form: Form, around: frozenset[Node]) -> Iterator[Edit]:
        """A quantity taken for another wherever it stands."""
        stands = [leaf.node.args[0] if leaf.node.op is NEG else leaf.node for leaf in leaves(form)]
        for at in {one: None for one in stands if stands.count(one) > 1}:
            for swap in self.kin.swaps(self.paper, at, around):
                new = replaced(form, {at: swap.other})
                if new is not None:
                    yield Edit(swap.slip, new, self._swapped(at, swap.other), swap.slip, swap.cost)

    def _swapped(self, at: Node, other: Node) -> str:
        put_in, value = self.words.of(other), self.words.value(other)
        shown = put_in if value is None else f"{put_in} = {value}"
        return f"{shown} was put in where {self.words.valued(at)} belongs"


# Making forms ---------------------------------------------------------------------------------------------------


def with_part(form: Form, i: int, part: Form) -> Form | None:
    """A form with one of its parts replaced; None where that makes no sense."""
    parts = [part if k == i else one for k, one in enumerate(form.parts)]
    if form.kind == "sum":
        return _sum(parts)
    if form.kind == "product":
        return _product(list(zip(parts, form.powers, strict=True)), form.sign)
    whole = form.node.args[0] if form.sign < 0 and form.node.op is NEG else form.node
    try:
        if form.name == "exp" and len(whole.args) == 2:
            new = node(TABLE["exp"], (part.node,))
        else:
            new = node(whole.op, tuple([one.node for one in parts]), whole.attribute)
    except ChainruleError:
        return None
    return _signed(replace(form, node=new, sign=1, parts=tuple(parts)), form.sign)


def replaced(form: Form, new: Mapping[Node, Node]) -> Form | None:
    """A form with quantities replaced wherever they stand."""
    if form.kind == "leaf":
        at = form.node.args[0] if form.node.op is NEG else form.node
        return form if at not in new else _signed(Form("leaf", new[at]), -1 if at is not form.node else 1)
    whole: Form | None = form
    for i, part in enumerate(form.parts):
        inner = replaced(part, new)
        if inner is None or whole is None:
            return None
        if inner is not part:
            whole = with_part(whole, i, inner) if len(whole.parts) == len(form.parts) else None
    return whole


def positive(form: Form) -> Form:
    """A form without the minus before it."""
    return negated(form) if form_sign(form) < 0 else form


def form_sign(form: Form) -> int:
    """-1 for a form with a minus before it."""
    if form.figure is not None:
        return -1 if form.figure.value < 0 else 1
    return form.sign


def _signed(form: Form, sign: int) -> Form:
    return form if sign > 0 else negated(form)


def _sum(parts: Sequence[Form]) -> Form:
    return joined_sum(parts, [1] * len(parts)) if parts else Form("leaf", const(0))


def _product(factors: Sequence[tuple[Form, int]], sign: int) -> Form:
    if not factors:
        return Form("leaf", const(sign))
    return _signed(joined([part for part, _ in factors], [power for _, power in factors]), sign)


def _call(op: Op, form: Form) -> Form | None:
    try:
        whole = node(op, tuple([part.node for part in form.parts]))
    except (ChainruleError, TypeError):
        return None
    return _signed(Form("call", whole, parts=form.parts, name=op.name), form.sign)


# What a part is -------------------------------------------------------------------------------------------------


def slopes_in(form: Form) -> list[tuple[int, int]]:
    """Where a product holds out * (1 - out): the places of both factors."""
    found = []
    for i, part in enumerate(form.parts):
        for j, other in enumerate(form.parts):
            if i != j and form.powers[i] == form.powers[j] == 1 and _one_minus(other) is part.node:
                found.append((i, j))
    return found


def _one_minus(form: Form) -> Node | None:
    """out, of 1 - out."""
    if form.kind != "sum" or len(form.parts) != 2 or form.parts[0].node is not const(1):
        return None
    last = form.parts[1].node
    return last.args[0] if last.op is NEG else None


def squared_in(form: Form) -> Node | None:
    """out, of 1 - out^2."""
    inner = _one_minus(form)
    if inner is None or len(inner.args) != 2:
        return None
    square = inner.op.name == "power" and inner.args[1] is const(2)
    return inner.args[0] if square or (inner.op.name == "mul" and inner.args[0] is inner.args[1]) else None


def is_half(part: Form, power: int) -> bool:
    """Whether a factor is 1/2, or the 2 of a square's derivative."""
    return part.node.op is CONST and part.node.attribute * 2 == 1 if power > 0 else part.node is const(2)


def bare_of(label: Quantity | None) -> Quantity | None:
    """A quantity apart from the update and the example it is of."""
    while label is not None and hasattr(label, "of") and not isinstance(label, Derivative):
        label = label.of
    return label
