"""Differentiation as people do it: one rule a line, each named, on formulas in which d/dx(...) may still stand.

`d/dx(u)` is an op of its own here, so that every line of a derivation is a node: it is printed like any formula, and a
test can evaluate it and demand that it equals the line before.
"""

from __future__ import annotations

from collections.abc import Callable

from chainrule.dataclasses import dataclass, field, replace
from chainrule.explanation.array_steps import ARRAYS
from chainrule.node import REAL, Node, Op, Type, const, is_quantity, label_of, node, order, rebuild, type_of
from chainrule.ops.arithmetic import ADD, DIV, MUL, NEG, POWER, SUB, constant
from chainrule.ops.functions import EULER, EXP, LOG
from chainrule.printing.expression import Job, Spell, expression
from chainrule.quantity import Derivative, Name, spell
from chainrule.transforms.simplify import simplify_node

ONE, ZERO = const(1), const(0)
LONGEST = 400  # nodes in a line; a longer derivation is told by its beginning and its end

Mapped = dict[Node, Node]


def _result(expression: Type, by: Type) -> Type:
    return type_of("real", (*expression.shape, *by.shape)) if expression.shape or by.shape else REAL


# Value and derivative rule are never asked for: a line is a text, and its test differentiates by numbers.
DDX: Op = Op(name="ddx", arity=2, typing=_result, value=lambda n, *args: None, vjp=None, precedence=21, glyph="d/dx")


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One line of a derivation: the expression, which rule made it from the line before, and what it supposes.

    `given` replaces nodes by others where the line holds only under a condition, such as targets that sum to 1.
    """

    node: Node
    rule: str = ""
    given: Mapped = field(default_factory=dict)


def pending(root: Node) -> bool:
    """Whether a derivative is still to be taken in an expression."""
    return any(n.op is DDX for n in order([root], cut=is_quantity))


def line_text(root: Node, spelling: Spell = spell) -> str:
    """The text of a line; products are wide where a derivative still stands in them.

    >>> from chainrule.node import input_node
    >>> t = input_node(Name("t"))
    >>> line_text(2 * t * node(DDX, (t**2, t)))
    '2 * t * d/dt(t^2)'
    """

    def derivative(part: Node) -> list[Job]:
        top = spell(Derivative(Name("d"), Name(spelling(label_of(part.args[1])))))
        return [f"d/{top.removeprefix('dd/')}(", (part.args[0], 0, False), ")"]

    dialect = replace(ARRAYS, layouts={**ARRAYS.layouts, "ddx": derivative}, product=" * " if pending(root) else "*")
    return expression(root, spell=spelling, dialect=dialect)


def derivation_of(body: Node, by: Node) -> list[Line]:
    """All lines from d/dx(body) to the simplified derivative; quantities other than `by` are held fixed.

    >>> from chainrule.node import input_node
    >>> t = input_node(Name("t"))
    >>> for line in derivation_of(5 * t**2, t):
    ...     print(f"{line_text(line.node)}  {line.rule}".rstrip())
    d/dt(5 * t^2)
    5 * d/dt(t^2)  constant factor
    5*(2*t)  power rule
    10*t  simplified
    """
    lines = [Line(node(DDX, (body, by)))]
    while pending(lines[-1].node) and len(order([lines[-1].node])) <= LONGEST:
        lines.append(one_rule_further(lines[-1].node))
    if pending(lines[-1].node):
        return lines
    return lines + simplified(lines[-1].node)


def simplified(root: Node) -> list[Line]:
    """The lines that simplify an expression: zeros, ones and signs first, then like factors and terms."""
    leaves = {n: n for n in order([root], cut=is_quantity) if is_quantity(n)}

    def make(old: Node, args: tuple[Node, ...]) -> Node:
        found = old.op(*args, attribute=old.attribute) if args else old
        return found if found.type is old.type else node(old.op, args, old.attribute)

    light = rebuild([root], make, known=leaves)[root]
    lines = [Line(light, "simplified")] if line_text(light) != line_text(root) else []
    full = simplify_node(light)
    return [*lines, Line(full, "collected")] if line_text(full) != line_text(light) else lines


def one_rule_further(root: Node) -> Line:
    """The next line: every derivative that still stands is taken one rule further."""
    rules: dict[str, None] = {}
    leaves = {n: n for n in order([root], cut=is_quantity) if is_quantity(n)}

    def make(old: Node, args: tuple[Node, ...]) -> Node:
        if old.op is not DDX:
            return old if args == old.args else node(old.op, args, old.attribute)
        found, rule = differentiated(*old.args)
        rules[rule] = None
        return found

    done = rebuild([root], make, known=leaves)[root]
    return Line(done, ", ".join(rules))


def differentiated(u: Node, x: Node) -> tuple[Node, str]:
    """d/dx(u) one rule further, and the rule's name."""
    if u is x:
        return ONE, "of itself: 1"
    if not depends(u, x):
        return ZERO, "constant: 0"
    rule = _RULES.get(u.op)
    return rule(u, x) if rule is not None else _function(u, x)


def depends(u: Node, x: Node) -> bool:
    """Whether an expression mentions a quantity."""
    return any(n is x for n in order([u], cut=is_quantity))


def _d(u: Node, x: Node) -> Node:
    return node(DDX, (u, x))


def _by_itself(u: Node, x: Node) -> Node:
    """d/dx(u), which is 1 where u is x."""
    return ONE if u is x else _d(u, x)


def _times(*factors: Node) -> Node:
    product = factors[0]
    for factor in factors[1:]:
        product = node(MUL, (product, factor))
    return product


def _inner(factor: Node, u: Node, x: Node, rule: str) -> tuple[Node, str]:
    """factor * d/dx(u), where u is more than x itself."""
    if u is x:
        return factor, rule
    return _times(factor, _d(u, x)), f"{rule} and chain rule"


def _sum(u: Node, x: Node) -> tuple[Node, str]:
    """Every term by itself, however many there are; a constant one is gone at once."""

    def term(a: Node) -> Node:
        return ZERO if not depends(a, x) else ONE if a is x else _d(a, x)

    done: dict[Node, Node] = {}
    inner = order([u], cut=lambda n: n.op not in (ADD, SUB))
    for part in inner:
        sums = part.op in (ADD, SUB)
        done[part] = node(part.op, tuple([done[a] for a in part.args])) if sums else term(part)
    return done[u], "sum rule"


def _negative(u: Node, x: Node) -> tuple[Node, str]:
    return node(NEG, (_by_itself(u.args[0], x),)), "constant factor"


def _product(u: Node, x: Node) -> tuple[Node, str]:
    a, b = u.args
    if not depends(a, x):
        return _times(a, _by_itself(b, x)), "constant factor"
    if not depends(b, x):
        return _times(_by_itself(a, x), b), "constant factor"
    return node(ADD, (_times(_d(a, x), b), _times(a, _d(b, x)))), "product rule"


def _quotient(u: Node, x: Node) -> tuple[Node, str]:
    a, b = u.args
    if not depends(b, x):
        return node(DIV, (_by_itself(a, x), b)), "constant factor"
    if not depends(a, x):
        inverse = _d(node(POWER, (b, const(-1))), x)
        return (inverse, "1/v is v^(-1)") if a is ONE else (_times(a, inverse), "constant factor, 1/v is v^(-1)")
    top = node(SUB, (_times(_d(a, x), b), _times(a, _d(b, x))))
    return node(DIV, (top, node(POWER, (b, const(2))))), "quotient rule"


def _power(u: Node, x: Node) -> tuple[Node, str]:
    base, exponent = u.args
    if not depends(exponent, x):
        number = constant(exponent)
        less = const(number - 1) if number is not None else node(SUB, (exponent, ONE))
        lower = base if less is ONE else ONE if less is ZERO else node(POWER, (base, less))
        return _inner(_times(exponent if number is None else const(number), lower), base, x, "power rule")
    if base.op is EULER:
        return _inner(u, exponent, x, "exponential")
    if not depends(base, x):
        return _inner(_times(u, node(LOG, (base,))), exponent, x, "exponential")
    return _times(u, _d(node(MUL, (exponent, node(LOG, (base,)))), x)), "u^v is e^(v*log(u))"


def _exponential(u: Node, x: Node) -> tuple[Node, str]:
    return _inner(u, u.args[0], x, "exponential")


def _function(u: Node, x: Node) -> tuple[Node, str]:
    """Any other op, by its derivative rule from the table: the sum over its arguments."""
    op = u.op
    name = f"derivative of {op.glyph or op.name}"
    if op.vjp is None:
        return ZERO, name
    found = op.vjp(ONE, u, *u.args) if u.attribute is None else op.vjp(ONE, u, u.attribute, *u.args)
    terms: dict[Node, Node] = {}
    for argument, local in zip(u.args, found, strict=True):
        if local is not None and depends(argument, x):
            terms[argument] = node(ADD, (terms[argument], local)) if argument in terms else local
    products = [_inner(local, argument, x, name) for argument, local in terms.items()]
    if not products:
        return ZERO, name
    total, rule = products[0]
    for term, _ in products[1:]:
        total = node(ADD, (total, term))
    return total, rule


Rule = Callable[[Node, Node], tuple[Node, str]]
_RULES: dict[Op, Rule] = {
    ADD: _sum,
    SUB: _sum,
    NEG: _negative,
    MUL: _product,
    DIV: _quotient,
    POWER: _power,
    EXP: _exponential,
}
