"""Where the sign of a product may be left out: where one reading is possible (`1/2(t - o)^2`, `)(`, `2x`).

In `1/2x`, `a/b(c)` or `x^n(1 - x)` people mean different things, so those are errors that say what to write.
"""

from __future__ import annotations

from collections.abc import Callable

from chainrule.formula.reading import Rules
from chainrule.formula.syntax import (
    FUNCTIONS,
    Binary,
    Call,
    DerivativeRef,
    Group,
    Number,
    Ref,
    Span,
    Tree,
    Unary,
)
from chainrule.formula.tokens import Token, show


def starts_operand(token: Token) -> bool:
    """Whether a number, a name or an opening bracket starts here (a sign does not count)."""
    return token.kind in ("number", "name") or (token.kind == "op" and token.text in ("(", "[", "√", "∂"))


def objection(left: Tree, before: Token, token: Token, rules: Rules) -> tuple[str, str] | None:
    """Why no product can be read between `left`, ending in `before`, and `token`: (what, hint), or None."""
    what = f"found {show(token.text)} after {show(before.text)} where an operator was expected"
    last = _last_factor(left)
    if isinstance(last, Ref) and last.name in FUNCTIONS and not rules.is_quantity(last.name):
        return what, f"Write the function with brackets: {last.name}({_sketch(token)})."
    if token.kind == "number":
        return what, "" if before.kind == "number" else _advice(before, token)
    if not rules.implicit_products:
        return what, _advice(before, token)
    if token.kind == "name" and isinstance(last, Ref) and not _is_known(token, rules):
        return what, ""
    if _is_ambiguous(last, bracket=token.text in ("(", "[")):
        two = f"the product left out before {show(token.text)} can be read in two ways"
        return two, "Write it with '*', and brackets where they are needed."
    return None


def power_objection(left: Tree, sign: str, source: Callable[[Span], str], rules: Rules) -> str | None:
    """Why `left` cannot be the base of a power, as what to write instead; None if it can."""
    if isinstance(left, DerivativeRef):
        return f"Write ({source(left.span)}){sign}."
    if isinstance(left, Call) and left.written == "√" and not isinstance(left.args[0], Group):
        inner = source(left.args[0].span)
        return f"Write √({inner}){sign} or √({inner}{sign})."
    if isinstance(left, Binary):
        return "Put brackets round the inner power."
    if isinstance(left, Ref) and is_bare_function(left, rules):
        return f"Write {left.name}(...){sign}."
    return None


def is_bare_function(ref: Ref, rules: Rules) -> bool:
    """Whether a name without brackets is certainly a function, not a quantity of that name."""
    return rules.known is not None and ref.name in FUNCTIONS and not rules.is_quantity(ref.name)


def _advice(before: Token, token: Token) -> str:
    left = "(...)" if before.text == ")" else before.text
    if left != "(...)" and before.kind not in ("number", "name"):
        return f"Write the product with '*' before {_sketch(token)}."
    return f"Write the product as {left}*{_sketch(token)}."


def _sketch(token: Token) -> str:
    return {"(": "(...)", "[": "[...]", "√": "√...", "∂": "(∂...)"}.get(token.text, token.text[:30])


def _is_known(token: Token, rules: Rules) -> bool:
    name = token.text
    bare = name[1:] if name[:1] in ("d", "Δ") else name
    return rules.known is None or name in FUNCTIONS or rules.is_quantity(name) or rules.is_quantity(bare)


def _last_factor(tree: Tree) -> Tree:
    """What stands directly before a left-out sign; an ungrouped quotient counts as a whole."""
    while True:
        if isinstance(tree, Unary):
            tree = tree.operand
        elif isinstance(tree, Binary) and tree.op == "*":
            tree = tree.right
        else:
            return tree


def _is_ambiguous(last: Tree, *, bracket: bool) -> bool:
    if isinstance(last, Binary) and last.op == "/":
        return not (bracket and _is_figure(last.left) and _is_figure(last.right))
    if isinstance(last, Binary) and last.op == "^":
        right = last.right
        if isinstance(right, Number) and right.text[:1] in "⁻⁰¹²³⁴⁵⁶⁷⁸⁹":
            return False
        return not (isinstance(right, Group) or (bracket and _is_figure(right)))
    if isinstance(last, Call) and last.written == "√":
        return not isinstance(last.args[0], Group)
    return isinstance(last, DerivativeRef) and not last.direct


def _is_figure(tree: Tree) -> bool:
    return isinstance(tree.operand if isinstance(tree, Unary) else tree, Number)
