"""How the quantities of a problem are written: the notation's own names for derivatives, the person's for the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chainrule.dataclasses import dataclass, replace
from chainrule.formula.render import render
from chainrule.formula.syntax import Index, Number, Ref, Tree
from chainrule.node import Node
from chainrule.notation import Names, symbols
from chainrule.problem import Problem
from chainrule.quantity import Change, Derivative, Element, Example, Name, Quantity, Updated, spell


@dataclass(frozen=True, slots=True, eq=False)
class Spelling:
    """Calls to it spell a quantity; delta2_1 stands for dE/dtheta2_1 where the notation has deltas."""

    deltas: Mapping[Quantity, Quantity]  # of a net input, its delta's name
    named: Mapping[Quantity, Quantity]  # of a label such as delta(net_5), the notation's name delta_5
    error: Quantity | None
    cache: dict[Quantity, str]

    def __call__(self, quantity: Quantity, node: Node | None = None) -> str:
        text = self.cache.get(quantity)
        if text is None:
            text = self.cache[quantity] = spell(self.with_delta(quantity))
        return text

    def with_delta(self, quantity: Quantity) -> Quantity:
        """A derivative by a net input under its delta's name, and delta(net_5) under that of the notation."""
        if isinstance(quantity, Updated):
            return replace(quantity, of=self.with_delta(quantity.of))
        named = self.named.get(_without_example(quantity))
        if named is not None:
            return Example(named, quantity.number) if isinstance(quantity, Example) else named
        if not isinstance(quantity, Derivative) or _without_example(quantity.of) != self.error:
            return quantity
        by = quantity.by
        delta = self.deltas.get(_without_example(by))
        if delta is None:
            return quantity
        return Example(delta, by.number) if isinstance(by, Example) else delta


def spelling_of(problem: Problem) -> Spelling:
    """The spelling of a problem's quantities."""
    named: dict[Quantity, Quantity] = dict(negative_deltas(problem).values())
    return Spelling(net_deltas(problem.notation), named, problem.minimise, {})


def net_deltas(names: Names | None) -> dict[Quantity, Quantity]:
    """Net input to delta, in a notation that shows deltas instead of derivatives; else nothing."""
    if names is None or names.notation.shown != "deltas and weights":
        return {}
    return _deltas(names)


def negative_deltas(problem: Problem) -> dict[Quantity, tuple[Name, Quantity]]:
    """Net input to delta, where the notation's deltas are minus the derivative and have steps of their own.

    A delta is given as the label that `Problem.quantity` has for it, delta(net_5), and as its name, delta_5.
    """
    names = problem.notation
    if names is None or names.notation.delta_sign == 1 or problem.delta_sign == 1 or problem.minimise is None:
        return {}
    return {net: (Name(f"delta({spell(net)})"), delta) for net, delta in _deltas(names).items()}


def _deltas(names: Names) -> dict[Quantity, Quantity]:
    return {
        names.to_quantity(symbol): names.to_quantity(replace(symbol, role="delta"))
        for symbol in symbols(names)
        if symbol.role == "net"
    }


def relabelled(label: Quantity) -> Quantity:
    """The label under which a definition was written down: h1 for h1' and for h1{2}."""
    while isinstance(label, Updated | Example | Change):
        label = label.of
    return label


def _without_example(quantity: Quantity) -> Quantity:
    return quantity.of if isinstance(quantity, Example) else quantity


def fill_in(tree: Tree, uses: Mapping[Quantity, Node], text_of: Callable[[Quantity, Node], str | None]) -> str:
    """A formula as it was written, each quantity in it replaced by a text.

    `uses` are the quantities the definition depends on here: h1' or h1{2} where h1 is written.
    """
    written = {relabelled(label): (label, node) for label, node in uses.items()}

    def substitute(part: Tree) -> str | None:
        base = _base(part)
        if base is None or base not in written:
            return None
        return text_of(*written[base])

    return render(tree, substitute)


def _base(part: Tree) -> Quantity | None:
    if isinstance(part, Ref):
        return Name(part.name)
    if isinstance(part, Index) and isinstance(part.of, Ref) and all(isinstance(i, Number) for i in part.indices):
        return Element(Name(part.of.name), tuple([int(i.value) for i in part.indices if isinstance(i, Number)]))
    return None
