"""The last lines of a derivation: from what the rules leave to the form in which everybody remembers it.

Sigmoid and tanh written with powers of e come out as quotients; the way from there to s*(1 - s) and 1 - a^2 is art, not
rule, and stands here line by line.
"""

from __future__ import annotations

from chainrule.explanation.differentiation import Line
from chainrule.node import Node, body_of, const, is_quantity, label_of, node, order
from chainrule.ops.arithmetic import ADD, DIV, MUL, NEG, POWER, SUB, constant
from chainrule.ops.functions import EULER, EXP
from chainrule.quantity import spell

ONE = const(1)


def closing_lines(definition: Node, by: Node, goal: Node) -> list[Line]:
    """The lines from the simplified derivative of a definition to its usual form `goal`."""
    body = body_of(definition)
    lines = _sigmoid(definition, body, by) or _tanh(definition, body, by)
    name = spell(label_of(definition))
    uses_name = any(n is definition for n in order([goal], cut=is_quantity))
    return [*lines, Line(goal, f"{name} put back" if uses_name else "written shorter")]


def _sigmoid(definition: Node, body: Node, by: Node) -> list[Line]:
    """From e^(-x)*(1 + e^(-x))^(-2) to s*(1 - s), for s = 1/(1 + e^(-x))."""
    if body.op is not DIV or constant(body.args[0]) != 1 or body.args[1].op is not ADD:
        return []
    whole = body.args[1]
    powers = [a for a in whole.args if constant(a) != 1]
    if len(powers) != 1 or _exponent(powers[0]) is not _negative(by):
        return []
    (power,) = powers
    split = node(MUL, (body, node(DIV, (power, whole))))
    added = node(MUL, (body, node(DIV, (node(SUB, (whole, ONE)), whole))))
    divided = node(MUL, (body, node(SUB, (ONE, body))))
    return [
        Line(node(DIV, (power, node(POWER, (whole, const(2))))), "v^(-2) is 1/v^2"),
        Line(split, "the square split into two factors"),
        Line(added, "1 added and taken away"),
        Line(divided, "divided term by term"),
    ]


def _tanh(definition: Node, body: Node, by: Node) -> list[Line]:
    """From ((e^x + e^-x)^2 - (e^x - e^-x)^2)/(e^x + e^-x)^2 to 1 - a^2, for a = (e^x - e^-x)/(e^x + e^-x)."""
    if body.op is not DIV or body.args[0].op is not SUB or body.args[1].op is not ADD:
        return []
    top, below = body.args
    if set(top.args) != set(below.args) or [_exponent(a) for a in top.args] != [by, _negative(by)]:
        return []
    ratio = node(POWER, (body, const(2)))
    return [Line(node(SUB, (ONE, ratio)), "divided term by term")]


def _exponent(power: Node) -> Node | None:
    if power.op is EXP:
        return power.args[0]
    return power.args[1] if power.op is POWER and power.args[0].op is EULER else None


def _negative(by: Node) -> Node:
    """-x as it is written."""
    return node(NEG, (by,))
