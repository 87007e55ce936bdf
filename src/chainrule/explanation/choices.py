"""Which branch was taken: max, relu and abs have a derivative on each side, and a page shows the one that holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chainrule.dataclasses import dataclass
from chainrule.node import Node, const, is_quantity, node, order, rebuild
from chainrule.ops.arithmetic import constant
from chainrule.ops.choices import EQUAL, GREATER, GREATER_EQUAL, LESS, LESS_EQUAL, NOT_EQUAL, SIGN, STEP, WHERE
from chainrule.printing.expression import expression

_SIGNS = {GREATER: (">", "<="), LESS: ("<", ">="), GREATER_EQUAL: (">=", "<"), LESS_EQUAL: ("<=", ">"),
          EQUAL: ("=", "!="), NOT_EQUAL: ("!=", "=")}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """Expressions with their branches settled, and why in words."""

    resolved: Mapping[Node, Node]
    note: str


def taken(roots: Sequence[Node], table: Mapping[Node, Any], spell: Any) -> Choice:
    """The roots with every settled `where`, `step` and `sign` replaced by what it is here."""
    reached = _reached(roots, table)
    inner = [n for n in order(roots, cut=is_quantity) if n in reached and n.op in _CHOICES and _is_settled(n, table)]
    if not inner:
        return Choice({}, "")
    reasons: list[str] = []
    kept = {n: n for n in order(roots, cut=is_quantity) if is_quantity(n)}

    def make(old: Node, args: tuple[Node, ...]) -> Node:
        if old.op is WHERE and old in table and old.args[0] in table:
            return args[1] if table[old.args[0]] else args[2]
        if old.op in (STEP, SIGN) and old.args[0] in table:
            return const(int(table[old]))
        return old if args == old.args else old.op(*args, attribute=old.attribute)

    done = rebuild(list(roots), make, known=kept)
    for current in inner:
        reason = _reason(current, table, spell)
        if reason and reason not in reasons:
            reasons.append(reason)
    return Choice({root: done[root] for root in roots}, _sentence(reasons))


_CHOICES = (WHERE, STEP, SIGN)


def _reached(roots: Sequence[Node], table: Mapping[Node, Any]) -> set[Node]:
    """What is left below the roots when the branches that are not taken are cut off."""
    seen: set[Node] = set()
    waiting = list(roots)
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        if current.op is WHERE and _is_settled(current, table):
            waiting.append(current.args[1] if table[current.args[0]] else current.args[2])
        elif not is_quantity(current):
            waiting += current.args
    return seen


def _is_settled(choice: Node, table: Mapping[Node, Any]) -> bool:
    return choice.args[0] in table


def _reason(choice: Node, table: Mapping[Node, Any], spell: Any) -> str:
    if choice.op in (STEP, SIGN):
        value = table[choice.args[0]]
        sign = ">" if value > 0 else "<" if value < 0 else "="
        kink = "" if value else ": a kink, where 0 is taken"
        return f"{expression(choice.args[0], spell=spell)} {sign} 0{kink}"
    condition = choice.args[0]
    if condition.op not in _SIGNS:
        return ""
    x, y = condition.args
    left, right = expression(x, spell=spell), expression(y, spell=spell)
    if condition.op in (GREATER, LESS) and _is_tie(condition, table):
        if condition.op is LESS:
            return ""
        shared = ": a tie, the gradient is shared equally" if constant(choice.args[1]) is not None else ""
        return f"{left} = {right}{shared}"
    if condition.op is LESS and node(GREATER, (x, y)) in table and not table[condition]:
        return ""  # the outer comparison of a max has said it
    if condition.op is GREATER and not table[condition] and node(LESS, (x, y)) in table:
        return ""
    return f"{left} {_SIGNS[condition.op][0 if table[condition] else 1]} {right}"


def _is_tie(condition: Node, table: Mapping[Node, Any]) -> bool:
    x, y = condition.args
    twin = node(LESS if condition.op is GREATER else GREATER, (x, y))
    return twin in table and not table[condition] and not table[twin]


def _sentence(reasons: list[str]) -> str:
    ties = [reason for reason in reasons if "," in reason or ":" in reason]
    plain = " and ".join(reason for reason in reasons if reason not in ties)
    return "because " + "; ".join([*ties, *([plain] if plain else [])]) if reasons else ""
