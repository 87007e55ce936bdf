"""Softmax with cross entropy: the derivative by the net input is p - t, which no local rule shows.

The way goes through the stable form, in which the logarithm has met the softmax: log(softmax(z)) = z - logsumexp(z).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chainrule.explanation.differentiation import DDX, Line
from chainrule.graph import Graph
from chainrule.node import NAME, Node, body_of, is_quantity, label_of, node
from chainrule.numbers.array import items_of, of_nested
from chainrule.ops.arithmetic import DIV, MUL, NEG, SUB
from chainrule.ops.functions import LOG
from chainrule.ops.matrix import BROADCAST
from chainrule.ops.reduction import LOGSUMEXP, SOFTMAX, SUM
from chainrule.quantity import Derivative, Quantity, spell

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
