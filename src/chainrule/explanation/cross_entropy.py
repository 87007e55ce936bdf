"""Softmax with cross entropy: the derivative by the net input is p - t, which no local rule shows.

The way goes through the stable form, in which the logarithm has met the softmax: log(softmax(z)) = z - logsumexp(z).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chainrule.explanation.differentiation import DDX, Line, derivation_of, line_text
from chainrule.explanation.equal_lines import unequal_line
from chainrule.graph import Graph
from chainrule.node import (
    NAME,
    Node,
    arguments_of,
    body_of,
    const,
    input_node,
    is_quantity,
    label_of,
    node,
    order,
    substitute,
)
from chainrule.numbers.array import items_of, of_nested
from chainrule.ops.arithmetic import ADD, DIV, MUL, NEG, SUB
from chainrule.ops.functions import LOG, SIGMOID
from chainrule.ops.matrix import BROADCAST
from chainrule.ops.reduction import LOGSUMEXP, SOFTMAX, SOFTMAX_UNIT, SUM
from chainrule.quantity import Derivative, Name, Quantity, spell
from chainrule.transforms.recognise import recognise
from chainrule.transforms.stabilise import stabilise

Found = tuple[str, list[Line], str]


def cross_entropy_lines(graph: Graph, arrays: Mapping[Quantity, Any]) -> Iterator[Found]:
    """For every E = -sum(t*log(p)) with p = softmax(z) in a graph of arrays: how dE/dz is called, its lines, a note."""
    for error in graph.nodes():
        parts = _parts(error)
        if parts is not None:
            yield _derived(error, *parts, arrays)


def _parts(error: Node) -> tuple[Node, Node, Node] | None:
    """t, p and z."""
    if error.op is not NAME or error.shape:
        return None
    body = body_of(error)
    total = body.args[0] if body.op is NEG else body
    if body.op is not NEG or total.op is not SUM or total.args[0].op is not MUL:
        return None
    t, logarithm = total.args[0].args
    p = logarithm.args[0] if logarithm.op is LOG else None
    if p is None or p.op is not NAME or not is_quantity(t) or body_of(p).op is not SOFTMAX or len(p.shape) != 1:
        return None
    z = body_of(p).args[0]
    return (t, p, z) if is_quantity(z) else None


def _derived(error: Node, t: Node, p: Node, z: Node, arrays: Mapping[Quantity, Any]) -> Found:
    def d(u: Node) -> Node:
        return node(DDX, (u, z))

    def total(u: Node) -> Node:
        return node(SUM, (u,), (0,))

    size = node(LOGSUMEXP, (z,), (0,))
    stretched = node(BROADCAST, (size,), z.shape)
    stable = node(NEG, (total(node(MUL, (t, node(SUB, (z, stretched))))),))
    apart = node(SUB, (node(MUL, (total(t), size)), total(node(MUL, (t, z)))))
    ruled = node(SUB, (node(MUL, (total(t), d(size))), d(total(node(MUL, (t, z))))))
    taken = node(SUB, (node(MUL, (total(t), body_of(p))), t))
    one = {t: node(DIV, (t, node(BROADCAST, (total(t),), t.shape)))}
    called = {n: spell(label_of(n)) for n in (t, p, z)}
    lines = [
        Line(d(node(NEG, (total(node(MUL, (t, node(LOG, (body_of(p),))))),))), f"{called[p]} = softmax({called[z]})"),
        Line(d(stable), f"the stable form: log(softmax({called[z]})) is {called[z]} - logsumexp({called[z]})"),
        Line(d(apart), "multiplied out"),
        Line(ruled, "sum rule, constant factor"),
        Line(taken, "derivative of logsumexp: softmax; of sum(t*z): t"),
        Line(node(SUB, (node(MUL, (total(t), p)), t)), f"{called[p]} = softmax({called[z]})"),
        Line(node(SUB, (p, t)), f"the targets sum to 1: sum({called[t]}) = 1", one),
    ]
    values = arrays.get(label_of(t))
    note = ""
    if values is not None and len(of_nested(values).shape) == 1 and sum(items_of(of_nested(values))) != 1:
        lines, note = lines[:-1], f"The targets {called[t]} do not sum to 1 here, so this does not become p - t."
    return spell(Derivative(label_of(error), label_of(z))), lines, note


def unit_cross_entropy_lines(graph: Graph) -> Iterator[Found]:
    """The same unit by unit: for every -(t1*log(p1) + t2*log(p2) + ...) over a softmax, and for every
    -(t*log(p) + (1 - t)*log(1 - p)) with p = sigmoid(z), by the first net input."""
    known = recognise(graph)
    for error in known.nodes():
        if error.op is not NAME or error.shape:
            continue
        targets = _targets(error)
        first = next((p for p in targets if _is_share(p)), None)
        if first is not None and all(_same_layer(first, p) for p in targets):
            yield _unit_derived(error, first, targets)


def _targets(error: Node) -> dict[Node, Node]:
    """p to t, for every product t*log(p) in the error's formula."""
    found: dict[Node, Node] = {}
    for part in order([body_of(error)], cut=is_quantity):
        if part.op is MUL and part.args[1].op is LOG and is_quantity(part.args[0]):
            p = part.args[1].args[0]
            if p.op is NAME and is_quantity(p):
                found[p] = part.args[0]
    return found


def _is_share(p: Node) -> bool:
    body = body_of(p)
    return body.op in (SIGMOID, SOFTMAX_UNIT) and all(is_quantity(z) for z in body.args)


def _same_layer(first: Node, p: Node) -> bool:
    """Whether p is another unit of the same softmax, or another sigmoid."""
    body = body_of(first)
    return body_of(p).op is body.op and (body.op is SIGMOID or body_of(p).args == body.args)


def _unit_derived(error: Node, p: Node, targets: Mapping[Node, Node]) -> Found:
    z = body_of(p).args[0 if body_of(p).op is SIGMOID else body_of(p).attribute]
    t = targets[p]
    shares = {q: body_of(q) for q in targets}
    (written,) = substitute([body_of(error)], {**shares, **{n: n for n in arguments_of(error) if n not in shares}})
    label = label_of(error)
    stable = _stabilised(written, [z, *arguments_of(error), *body_of(p).args])
    put_in = ", ".join(f"{spell(label_of(q))} = {line_text(body_of(q))}" for q in targets)
    begin, *others = derivation_of(stable, z)
    lines = [Line(node(DDX, (written, z)), put_in), Line(begin.node, "the stable form"), *others]
    note = ""
    if body_of(p).op is SIGMOID:
        lines.append(Line(p - t, f"sigmoid(-v) is 1 - sigmoid(v), {spell(label_of(p))} put back"))
    else:
        every = list(targets.values())
        total = every[0]
        for other in every[1:]:
            total = node(ADD, (total, other))
        rest = node(SUB, (const(1), node(SUB, (total, every[-1]))))
        lines.append(Line(node(SUB, (node(MUL, (total, p)), t)), f"collected, {spell(label_of(p))} put back"))
        lines.append(Line(p - t, f"the targets sum to 1: {line_text(total)} = 1", {every[-1]: rest}))
    return spell(Derivative(label, label_of(z))), _certain(lines), note


def _certain(lines: list[Line]) -> list[Line]:
    """The lines up to the first that does not hold: a loss may have a factor that the last lines do not know of."""
    return lines[: unequal_line(lines, points=2)]


def _stabilised(root: Node, kept: Sequence[Node]) -> Node:
    """A formula in its stable form; quantities that it mentions are not looked through."""
    stands = {n: input_node(Name(f"#{k}"), n.type) for k, n in enumerate(dict.fromkeys(kept))}
    (bare,) = substitute([root], stands)
    label = Name("#")
    stable = stabilise(Graph({label: bare})).outputs[label]
    return substitute([stable], {stand: n for n, stand in stands.items()})[0]
