"""How a diagnosis speaks of quantities, formulas and numbers: in the problem's own notation, as short as a teacher."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final, TypeAlias

from chainrule.checking.expected import exact_text
from chainrule.checking.forms import Form, form_of_node
from chainrule.checking.paper import Paper
from chainrule.dataclasses import dataclass
from chainrule.explanation.spelling import Spelling
from chainrule.node import CONST, Node, is_quantity, label_of
from chainrule.ops.arithmetic import NEG
from chainrule.quantity import Quantity

Said: TypeAlias = "Form | Node | Quantity | str"  # a formula, a quantity with its value, a quantity, a word

LONGEST: Final = 60  # characters of a formula that is quoted
DIGITS: Final = 6
LARGEST: Final = 10**15  # beyond this nobody reads decimals


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """The words of one problem."""

    paper: Paper
    spelling: Spelling
    values: bool = True  # tell the values of quantities too

    def fill(self, text: str, said: Sequence[Said]) -> str:
        """A text with what it speaks of put in."""
        return text.format(*map(self._part, said))

    def _part(self, part: Said) -> str:
        match part:
            case str():
                return part
            case Form():
                return self.form(part)
            case Node():
                return self.valued(part)
        return self.spelling(part)

    def of(self, at: Node) -> str:
        """A quantity by its name, anything else by its formula."""
        return self.form(form_of_node(at))

    def form(self, form: Form) -> str:
        """A formula, or "that part" if it is too long to be quoted."""
        text = self._said(form, 0)
        return text if len(text) <= LONGEST else f"{text[: LONGEST - 3].rstrip()}..."

    def valued(self, at: Node) -> str:
        """A quantity with its value: W2_21 = 1.6; a constant alone."""
        value = self.value(at)
        return self.of(at) if at.op is CONST or value is None or not self.values else f"{self.of(at)} = {value}"

    def value(self, at: Node) -> str | None:
        """The value of a node, as it was printed or to a few digits."""
        label = self.paper.label_at(at)
        printed = [one for one in self.paper.printed.get(label, []) if one.good] if label is not None else []
        if printed:
            return printed[-1].figure.text
        text = exact_text(self.paper, at)
        return None if text is None else f"{float(text):.{DIGITS}g}"

    def _said(self, form: Form, tightness: int) -> str:
        """A form as text; in brackets where it binds less tightly: 1 a term, 2 a factor, 3 a base."""
        if form.kind == "leaf":
            return self._leaf(form, tightness)
        if form.kind == "sum":
            text = self._said(form.parts[0], 1)
            for part in form.parts[1:]:
                said = self._said(part, 1)
                text += f" - {said[1:]}" if said.startswith("-") else f" + {said}"
            return f"({text})" if tightness > 0 else text
        if form.sign < 0:
            return self._bracketed(f"-{self._unsigned(form)}", tightness > 1)
        return self._bracketed(self._unsigned(form), form.kind == "product" and tightness > 2)

    def _unsigned(self, form: Form) -> str:
        if form.kind == "power":
            return f"{self._said(form.parts[0], 3)}^{self._said(form.parts[1], 3)}"
        if form.kind == "call":
            return f"{form.name}({', '.join(self._said(part, 0) for part in form.parts)})"
        above = [self._said(part, 2) for part, power in zip(form.parts, form.powers, strict=True) if power > 0]
        below = [self._said(part, 3) for part, power in zip(form.parts, form.powers, strict=True) if power < 0]
        return "/".join([" * ".join(above) or "1", *below])

    def _leaf(self, form: Form, tightness: int) -> str:
        if form.figure is not None:
            return self._bracketed(form.figure.text, form.figure.value < 0 and tightness > 1)
        at = form.node.args[0] if form.node.op is NEG else form.node
        if at.op is CONST:
            text = decimal(form.node.attribute if form.node is at else -at.attribute)
        else:
            text = ("-" if form.node is not at else "") + (
                self.spelling(label_of(at)) if is_quantity(at) else f"{at.op.name}"
            )
        return self._bracketed(text, text.startswith("-") and tightness > 1)

    @staticmethod
    def _bracketed(text: str, needed: bool) -> str:
        return f"({text})" if needed else text


def decimal(value: Fraction) -> str:
    """A number as people write it: 0.5, and 1/3 where the decimals do not end soon."""
    if value.denominator == 1 or abs(value) > LARGEST:
        return str(value.numerator if value.denominator == 1 else round(value))
    short = f"{float(value):.12g}"
    return short if Fraction(short) == value else str(value)
