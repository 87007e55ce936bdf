"""Formulas of the exam: trees that are written with names or with numbers, worked out, and differentiated by hand.

They are apart from the project's own trees on purpose: a mistake in those should be found, not repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Number:
    text: str


@dataclass(frozen=True, slots=True)
class Use:
    """A quantity, by the name it has in the working."""

    name: str


@dataclass(frozen=True, slots=True)
class Sum:
    terms: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Product:
    factors: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Quotient:
    top: Tree
    bottom: Tree


@dataclass(frozen=True, slots=True)
class Power:
    base: Tree
    exponent: int


@dataclass(frozen=True, slots=True)
class Negative:
    of: Tree


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    of: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Slope:
    """The derivative of a function, written `relu'(z)`; among numbers it is put in as one."""

    function: str
    of: Tree


Tree: TypeAlias = Number | Use | Sum | Product | Quotient | Power | Negative | Call | Slope
ONE, TWO, ZERO, HALF = Number("1"), Number("2"), Number("0"), Quotient(Number("1"), Number("2"))


def children(tree: Tree) -> tuple[Tree, ...]:
    match tree:
        case Sum(parts) | Product(parts) | Call(_, parts):
            return parts
        case Quotient(top, bottom):
            return top, bottom
        case Power(base, _):
            return (base,)
        case Negative(of) | Slope(_, of):
            return (of,)
    return ()


def with_children(tree: Tree, parts: tuple[Tree, ...]) -> Tree:
    match tree:
        case Sum():
            return Sum(parts)
        case Product():
            return Product(parts)
        case Call():
            return replace(tree, of=parts)
        case Quotient():
            return Quotient(*parts)
        case Power():
            return replace(tree, base=parts[0])
        case Negative() | Slope():
            return replace(tree, of=parts[0])
    return tree


def walk(tree: Tree) -> Iterator[Tree]:
    yield tree
    for part in children(tree):
        yield from walk(part)


def names_in(tree: Tree) -> dict[str, None]:
    """The quantities in a tree, from left to right."""
    return dict.fromkeys(part.name for part in walk(tree) if isinstance(part, Use))


def variants(tree: Tree, change: Callable[[Tree], list[Tree]]) -> Iterator[Tree]:
    """The trees with one part replaced, for every part and every replacement that `change` has for it."""
    yield from change(tree)
    parts = children(tree)
    for at, part in enumerate(parts):
        for new in variants(part, change):
            yield with_children(tree, (*parts[:at], new, *parts[at + 1 :]))


def everywhere(tree: Tree, change: Callable[[Tree], Tree]) -> Tree:
    """The tree with all its parts changed, the smallest first."""
    return change(with_children(tree, tuple([everywhere(part, change) for part in children(tree)])))


def total(*terms: Tree) -> Tree:
    """A sum without noughts and without brackets in it."""
    flat: list[Tree] = []
    for term in terms:
        flat += term.terms if isinstance(term, Sum) else [] if term == ZERO else [term]
    if flat and all(isinstance(term, Negative) for term in flat):
        return negated(total(*map(negated, flat)))
    if flat and isinstance(flat[0], Negative):
        flat = sorted(flat, key=lambda term: isinstance(term, Negative))  # b - a, not -a + b
    return Sum(tuple(flat)) if len(flat) > 1 else flat[0] if flat else ZERO


def product(*factors: Tree) -> Tree:
    """A product without ones and without 2*1/2, its sign in front or in a difference turned round."""
    kept: list[Tree] = []
    minus = False
    for factor in factors:
        if factor == ZERO:
            return ZERO
        if isinstance(factor, Negative):
            minus, factor = not minus, factor.of
        if isinstance(factor, Product) and factor.factors[0] in (TWO, HALF):
            kept += factor.factors
        elif factor != ONE:
            kept.append(factor)
    if TWO in kept and HALF in kept:
        kept.remove(TWO)
        kept.remove(HALF)
    kept.sort(key=lambda factor: factor not in (TWO, HALF))
    result = Product(tuple(kept)) if len(kept) > 1 else kept[0] if kept else ONE
    return negated(result) if minus else result


def negated(tree: Tree) -> Tree:
    match tree:
        case Negative(of):
            return of
        case Sum((a, Negative(b))):
            return Sum((b, negated(a)))
        case Product(factors):
            for at, factor in enumerate(factors):
                match factor:
                    case Sum((a, Negative(b))) if ONE not in (a, b):  # o - t turns round; 1 - o is a slope's
                        return Product((*factors[:at], Sum((b, negated(a))), *factors[at + 1 :]))
    return ZERO if tree == ZERO else Negative(tree)


# Writing: what binds less than its place asks for gets brackets.
_SUM, _MINUS, _PRODUCT, _POWER, _ATOM = range(5)
PutIn: TypeAlias = "Callable[[Use | Slope], str] | None"


def render(tree: Tree, numbers: PutIn = None) -> str:
    """The tree with names, or with the number that is put in for each quantity."""
    return _render(tree, numbers, True)[0]


def _render(tree: Tree, numbers: PutIn, leads: bool) -> tuple[str, int]:
    """The text and how strongly it binds; only what leads may begin with a minus sign."""

    def at_least(part: Tree, level: int, leads: bool = False) -> str:
        text, own = _render(part, numbers, leads)
        return text if own >= level else f"({_render(part, numbers, True)[0]})"

    match tree:
        case Number(text):
            return _written(text, leads)
        case Use() | Slope() if numbers is not None:
            return _written(numbers(tree), leads)
        case Use(name):
            return name, _ATOM
        case Slope(function, of):
            return f"{function}'({render(of)})", _ATOM
        case Call(function, parts):
            return f"{function}({', '.join(render(part, numbers) for part in parts)})", _ATOM
        case Negative(of):
            return f"-{at_least(of, _PRODUCT)}", _MINUS
        case Power(base, exponent):
            return f"{at_least(base, _ATOM)}^{exponent}", _POWER
        case Quotient(top, bottom):
            return f"{at_least(top, _PRODUCT, leads)}/{at_least(bottom, _POWER)}", _PRODUCT
        case Sum(terms):
            text = at_least(terms[0], _MINUS, leads)
            for term in terms[1:]:
                sign, part = ("-", term.of) if isinstance(term, Negative) else ("+", term)
                text += f" {sign} {at_least(part, _PRODUCT)}"
            return text, _SUM
        case Product(factors):
            written = [at_least(factors[0], _PRODUCT, leads)]
            written += [at_least(f, _PRODUCT if isinstance(f, Product) else _POWER) for f in factors[1:]]
            return "*".join(written), _PRODUCT


def _written(number: str, leads: bool) -> tuple[str, int]:
    if number.startswith("-") and not leads:
        return f"({number})", _ATOM
    return number, _PRODUCT if number.startswith("-") or "*10^" in number else _ATOM


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """What trees are worked out in: how a number is read, and the functions."""

    number: Callable[[str], Any]
    functions: Mapping[str, Callable[..., Any]]


def work_out(tree: Tree, values: Callable[[Use | Slope], Any], arithmetic: Arithmetic) -> Any:
    """The value of a tree; `values` has those of its quantities, and may have None for a slope to be worked out."""

    def of(part: Tree) -> Any:
        return work_out(part, values, arithmetic)

    match tree:
        case Number(text):
            return arithmetic.number(text)
        case Use():
            return values(tree)
        case Slope(function, inner):
            known = values(tree)
            return arithmetic.functions[f"{function}'"](of(inner)) if known is None else known
        case Sum(terms):
            result = of(terms[0])
            for term in terms[1:]:
                result = result + of(term)
            return result
        case Product(factors):
            result = of(factors[0])
            for factor in factors[1:]:
                result = result * of(factor)
            return result
        case Quotient(top, bottom):
            return of(top) / of(bottom)
        case Power(base, exponent):
            return of(base) ** exponent
        case Negative(inner):
            return -of(inner)
        case Call(function, parts):
            return arithmetic.functions[function](*map(of, parts))


def derivative(tree: Tree, name: str, larger: Callable[[Tree, Tree], bool], out: Tree | None = None) -> Tree:
    """d tree / d name, other names fixed, as one writes it by hand.

    `out` is the quantity that the tree defines, for s*(1 - s); `larger` settles which argument of max it is.
    """

    def of(part: Tree) -> Tree:
        return derivative(part, name, larger)

    match tree:
        case Use():
            return ONE if tree.name == name else ZERO
        case Sum(terms):
            return total(*map(of, terms))
        case Product(factors):
            return total(
                *(product(of(f), *factors[:i], *factors[i + 1 :]) for i, f in enumerate(factors) if of(f) != ZERO)
            )
        case Negative(inner):
            return negated(of(inner))
        case Power(base, 2):
            return product(TWO, base, of(base))
        case Quotient(top, bottom):
            direct = _over(of(top), bottom)
            inner = of(bottom)
            return direct if inner == ZERO else total(direct, negated(_over(product(top, inner), Power(bottom, 2))))
        case Call("max", (a, b)):
            return of(a) if larger(a, b) else of(b)
        case Call("abs", (inner,)):
            return of(inner) if larger(inner, ZERO) else negated(of(inner))
        case Call(function, (inner,)):
            local = of(inner)
            return ZERO if local == ZERO else product(_slope(function, inner, out or tree), local)
    return ZERO


def _over(top: Tree, bottom: Tree) -> Tree:
    if isinstance(top, Negative):
        return negated(_over(top.of, bottom))
    return top if top == ZERO else Quotient(top, bottom)


def _slope(function: str, inner: Tree, out: Tree) -> Tree:
    match function:
        case "sigmoid":
            return Product((out, Sum((ONE, Negative(out)))))
        case "tanh":
            return Sum((ONE, Negative(Power(out, 2))))
        case "exp":
            return out
        case "ln":
            return Quotient(ONE, inner)
        case "softplus":
            return Call("sigmoid", (inner,))
    return Slope(function, inner)
