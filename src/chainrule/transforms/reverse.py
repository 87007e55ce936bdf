"""Reverse mode: a graph becomes a bigger graph in which the derivatives are ordinary named nodes.

The derivation, in four lines. Let E depend on a quantity a only through the definitions q1, q2, ... that use it:

    dE/da = dE/dq1 * dq1/da + dE/dq2 * dq2/da + ...     the chain rule, one term a definition
    dqi/da: the derivative of qi's own formula, its other arguments held fixed
    dE/dE = 1, and dE/dqi must be complete - all its own terms added - before it is used
    so go through the definitions from E backwards, each after all that use it, and add up

Each term is a `Contribution` in the ledger. Definitions are taken from a first-in-first-out queue: a derivative joins
it when its last term is known, arguments from left to right, which is the order of lectures 002 and 004.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Sequence

from chainrule.errors import GradientError
from chainrule.graph import Contribution, Graph, collector_paused
from chainrule.node import CONST, NAME, Node, const, is_quantity, label_of, name_node, node, order, rebuild
from chainrule.ops.matrix import BROADCAST, unbroadcast
from chainrule.quantity import Derivative, Quantity, spell
from chainrule.transforms.shared import PATIENCE, name_shared

ONE = const(1)


def reverse(graph: Graph, of: Quantity, by: Iterable[Quantity] | None = None) -> Graph:
    """The graph with the derivatives of `of` by each quantity in `by` as further outputs, and their ledger.

    `of` must be a single number; without `by` all quantities it depends on are meant. Derivatives of intermediate
    quantities on the way are named nodes too. Raises `GradientError` for an unknown name or an array `of`.
    Cost: linear in the number of nodes.
    """
    with collector_paused():
        return _Backward(graph, of, by).run()


class _Backward:
    """One backward pass: what is complete, what still waits for terms."""

    def __init__(self, graph: Graph, of: Quantity, by: Iterable[Quantity] | None) -> None:
        self.of = of
        self.graph, self.parts = _definitions(graph, graph.nodes())
        known = {label_of(n): n for n in self.parts}
        self.root = _find(known, of)
        if self.root.type.shape:
            raise GradientError(f"{spell(of)} is an array; only a single number has a derivative here.")
        below = [n for n in order([self.root]) if n in self.parts]
        wanted = [n for n in below if n is not self.root] if by is None else [_find(known, label) for label in by]
        self.targets = dict.fromkeys(wanted)  # not a set: the order of outputs must not hang on addresses
        self.bodies = {
            n.args[0]: n for n in reversed(below) if n.op is NAME and not is_quantity(n.args[0]) and n.args[0].args
        }
        self.uses: dict[Node, list[Node]] = {}  # of a quantity, the arguments that depend on a target
        self.waiting: dict[Node, int] = {}  # of such an argument, the definitions that have still to add their terms
        active: set[Node] = set()
        for q in below:  # arguments before users
            used = self.uses[q] = [n for n in self.parts[q] if n in active]
            if used or q in self.targets:
                active.add(q)
            for a in used:
                self.waiting[a] = self.waiting.get(a, 0) + 1
        self.terms: dict[Node, tuple[Derivative, list[Node]]] = {}
        self.ledger: list[Contribution] = []
        self.derivatives: dict[Quantity, Node] = {}

    def run(self) -> Graph:
        queue: deque[tuple[Node, Node | None]] = deque([(self.root, ONE)])
        while queue:
            quantity, upstream = queue.popleft()
            arguments = self.uses[quantity]
            if upstream is not None and arguments:
                self.contribute(quantity, upstream, arguments)
            for argument in arguments:
                self.waiting[argument] -= 1
                if not self.waiting[argument]:
                    queue.append((argument, self.total(argument)))
        for target in self.targets:
            label = Derivative(self.of, label_of(target))
            if target is self.root:
                self.derivatives[label] = name_node(label, ONE)
            elif label not in self.derivatives:
                self.derivatives[label] = name_node(label, _zeros(target))
        return Graph({**self.graph.outputs, **self.derivatives}, (*self.graph.ledger, *self.ledger))

    def total(self, quantity: Node) -> Node | None:
        """The complete derivative of a quantity, named; None if no gradient reaches it."""
        if quantity not in self.terms:
            return None
        label, terms = self.terms.pop(quantity)
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        if total.type.shape != quantity.type.shape:
            total = BROADCAST(total, attribute=quantity.type.shape)
        named = name_node(label, total)
        self.derivatives[label] = named
        return named

    def contribute(self, quantity: Node, upstream: Node, arguments: list[Node]) -> None:
        """One term for every argument of a definition: upstream gradient times local derivative."""
        parts, shape = self.parts[quantity], quantity.type.shape
        has_local = not shape or _is_elementwise(parts, arguments, shape)
        found = direct_derivatives(quantity, ONE if has_local else upstream, arguments, parts)
        through = label_of(quantity)
        reached = [argument for argument in arguments if argument in found]
        derivatives = [found[argument] for argument in reached]
        folded: Sequence[Node | None] = self.folded(derivatives) if has_local else [None] * len(reached)
        for argument, derivative, local in zip(reached, derivatives, folded, strict=True):
            value = derivative if local is None else upstream * local
            if argument not in self.terms:
                self.terms[argument] = (Derivative(self.of, label_of(argument)), [])
            of, terms = self.terms[argument]
            terms.append(value)
            self.ledger.append(Contribution(of, through, upstream, local, value))

    def folded(self, derivatives: list[Node]) -> list[Node]:
        """Local derivatives with the bodies of definitions put back to their names; all in one walk, for they share."""
        known: dict[Node, Node] = {}
        seen = {n for n in derivatives if n.args and not is_quantity(n)}
        stack = list(seen)
        while stack:
            current = stack.pop()
            if current in self.bodies:
                known[current] = self.bodies[current]
            for argument in current.args:
                if argument.args and argument not in seen and not is_quantity(argument):
                    seen.add(argument)
                    stack.append(argument)
        if not known:
            return derivatives
        known.update({n: n for n in order(derivatives, cut=is_quantity) if is_quantity(n)})
        made = rebuild(derivatives, lambda old, args: node(old.op, args, old.attribute), known=known)
        return [made[derivative] for derivative in derivatives]


def direct_derivatives(
    quantity: Node, seed: Node, wanted: Collection[Node], parts: list[Node] | None = None
) -> dict[Node, Node]:
    """The derivatives of a definition by (at least) the wanted quantities, the other arguments fixed, times `seed`.

    The walk over the anonymous nodes of one formula: each op's rule gives its arguments' cotangents, and what reaches
    a node along several ways is added. A rule sees the quantity itself as `out`, so that sigmoid's derivative reads
    out_h1*(1 - out_h1). Un-broadcasting is done here, once, and in no rule.
    """
    body = quantity.args[0]
    if body in wanted:
        return {body: seed}
    if _is_one_op(body):
        return _cotangents(body, seed, quantity) if body.op.vjp is not None else {}
    nodes = order([body], cut=is_quantity) if parts is None else parts
    needed: set[Node] = set(wanted)
    for current in nodes:
        if current not in needed and not is_quantity(current) and any(a in needed for a in current.args):
            needed.add(current)
    cotangents: dict[Node, Node] = {body: seed}
    for current in reversed(nodes):
        g = cotangents.get(current)
        if g is None or is_quantity(current) or current.op.vjp is None or current not in needed:
            continue
        out = quantity if current is body else current
        for argument, cotangent in _cotangents(current, g, out).items():
            if argument in needed:
                before = cotangents.get(argument)
                cotangents[argument] = cotangent if before is None else before + cotangent
    return {a: cotangents[a] for a in wanted if a in cotangents}


def _cotangents(current: Node, g: Node, out: Node) -> dict[Node, Node]:
    """What one op passes to each of its arguments; an argument that stands twice gets the sum."""
    op, args = current.op, current.args
    assert op.vjp is not None
    rule = op.vjp(g, out, *args) if current.attribute is None else op.vjp(g, out, current.attribute, *args)
    result: dict[Node, Node] = {}
    for argument, cotangent in zip(args, rule, strict=True):
        if cotangent is not None and argument.op is not CONST:
            cotangent = unbroadcast(cotangent, argument.type.shape) if cotangent.type.shape else cotangent
            result[argument] = result[argument] + cotangent if argument in result else cotangent
    return result


def _is_one_op(body: Node) -> bool:
    """Whether a formula is a single op of quantities and constants, as most are in large graphs."""
    for argument in body.args:  # noqa: SIM110 - twice as fast as any(), and asked of every definition
        if argument.args and argument.op is not NAME:
            return False
    return True


def _is_elementwise(parts: list[Node], wanted: Collection[Node], shape: tuple[int | str, ...]) -> bool:
    """Whether a definition acts element by element on all wanted arguments, so that it has a local derivative."""
    reached = set(wanted)
    for current in parts:
        if current in wanted:
            if current.type.shape != shape:
                return False
        elif not is_quantity(current) and any(a in reached for a in current.args):
            if not current.op.elementwise or current.type.shape != shape:
                return False
            reached.add(current)
    return True


def _formula(quantity: Node) -> list[Node]:
    """The nodes of a definition's own formula, down to the quantities it uses; none for an input."""
    if quantity.op is not NAME:
        return []
    body = quantity.args[0]
    if not is_quantity(body) and _is_one_op(body):
        return [*dict.fromkeys(body.args), body]
    return order(quantity.args, cut=is_quantity)


def _definitions(graph: Graph, nodes: list[Node]) -> tuple[Graph, dict[Node, list[Node]]]:
    """The nodes of each definition, after naming shared values if there are too many to visit one by one."""
    patience = PATIENCE * len(nodes) + 100
    parts: dict[Node, list[Node]] = {}
    for definition in nodes:
        if is_quantity(definition):
            formula = parts[definition] = _formula(definition)
            patience -= sum(1 for n in formula if not is_quantity(n)) if len(formula) > 3 else 1
            if patience < 0 and not graph.ledger:
                named = name_shared(graph, nodes)
                return named, {n: _formula(n) for n in named.nodes() if is_quantity(n)}
    return graph, parts


def _find(known: dict[Quantity, Node], label: Quantity) -> Node:
    if label not in known:
        raise GradientError(f"found {spell(label)}, which is not a quantity of this graph.")
    return known[label]


def _zeros(like: Node) -> Node:
    return BROADCAST(const(0), attribute=like.type.shape)
