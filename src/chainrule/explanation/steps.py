"""Steps: each quantity's formula, the numbers put in, and the value - the worked solution as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from chainrule.dataclasses import dataclass
from chainrule.explanation.choices import Choice, taken
from chainrule.explanation.products import ChainRule, Factor, Term, is_one
from chainrule.explanation.spelling import Spelling, fill_in, relabelled
from chainrule.node import NAME, Node, arguments_of, const, is_quantity, label_of, node, order, rebuild
from chainrule.ops.arithmetic import SUB, constant
from chainrule.printing.expression import expression, product, strength, sum_of
from chainrule.printing.figures import exact_figure, figure, given_figure
from chainrule.problem import Problem
from chainrule.quantity import Derivative, Quantity, Updated
from chainrule.transforms.simplify import simplify_node

LONGEST_SYMBOLIC = 200  # nodes in the closed form of a symbolic result; a longer one helps nobody
LARGEST_DENOMINATOR = 1000  # of a fraction in a symbolic result; a person would write a decimal


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the worked solution."""

    quantity: Quantity
    update: int  # the update it belongs to, from 1
    stage: str  # the pass: "forward", "backward" or "update"
    left: str  # the quantity as the notation spells it
    symbols: tuple[str, ...]  # right sides with names, from the chain rule down to the formula
    numbers: str | None  # the right side with numbers put in
    result: str | None  # the value as printed
    value: float | None
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Writer:
    """Writes steps: how quantities are spelled and what values they have."""

    problem: Problem
    table: Mapping[Node, Any]
    spelling: Spelling
    digits: int
    update: int

    def definition(self, named: Node, stage: str) -> Step:
        """The step of a definition: its formula as the person wrote it, numbers, value."""
        label, body = label_of(named), named.args[0]
        tree = self.problem.written.get(relabelled(label)) if not self.is_total(label) else None
        if tree is not None:
            uses = {label_of(n): n for n in arguments_of(named)}
            formula = fill_in(tree, uses, self.spelling)
            numbers = fill_in(tree, uses, lambda q, n: self.number_of_quantity(q, n) or self.spelling(q))
        else:
            formula = expression(body, spell=self.spelling)
            numbers = expression(body, spell=self.spelling, substitute=self.number)
        choice = taken([body], self.table, self.spelling)
        formulas, resolved = [formula], choice.resolved.get(body, body)
        if stage == "update" and resolved is not body:  # rules with cases: what is left of the formula here
            formulas.append(expression(resolved, spell=self.spelling))
            numbers = expression(resolved, spell=self.spelling, substitute=self.number)
        return self.step(label, named, stage, formulas, numbers, choice.note)

    def named(self, label: Quantity, node: Node) -> Step:
        """The step of a quantity from [names]: what it stands for, and its value."""
        formula = expression(node, spell=self.spelling)
        numbers = expression(node, spell=self.spelling, substitute=self.number)
        return self.step(label, node, "backward", [formula], numbers, "")

    def is_total(self, label: Quantity) -> bool:
        """Whether this is the error over all examples, which nobody wrote as a formula."""
        while isinstance(label, Updated):
            label = label.of
        return bool(self.problem.examples) and label == self.problem.minimise

    def derivative(self, rule: ChainRule, by: Quantity, named: Node) -> Step:
        """The step of a derivative: the chain rule, the local derivatives, their numbers, the value."""
        label = Derivative(rule.of, by)
        terms = rule.terms(by)
        if not terms:
            note = "" if by == rule.of else f"{self.spelling(by)} has no influence."
            return self.step(label, named, "backward", [], None, note)
        locals_ = [factor.node for factor in _factors(terms) if _is_local(factor)]
        choice = self.settled(locals_)
        rule_line = self.sum(terms, lambda f: self.spelling(f.label) if f.label else None, keep_ones=True)
        formula = self.sum(terms, lambda f: self.formula(choice.resolved.get(f.node, f.node), f), keep_ones=False)
        only = _only_factor(terms)
        if only is not None and _is_local(only):
            resolved = choice.resolved.get(only.node, only.node)
            numbers = expression(resolved, spell=self.spelling, substitute=self.number)
        else:
            numbers = self.sum(terms, self.factor_number, keep_ones=False)
        return self.step(label, named, "backward", [rule_line, formula], numbers, choice.note or self.fork(rule, by))

    def settled(self, locals_: list[Node]) -> Choice:
        """Local derivatives as they are shown: with the branches taken here, and shortened where that helps."""
        choice = taken(locals_, self.table, self.spelling)
        return Choice({n: _shorter(choice.resolved.get(n, n)) for n in locals_}, choice.note)

    def fork(self, rule: ChainRule, by: Quantity) -> str:
        """Which definitions a sum comes through."""
        through = [self.spelling(entry.through) for entry in rule.contributions.get(by, ())]
        if len(through) < 2:
            return ""
        return f"{self.spelling(by)} is used by {', '.join(through[:-1])} and {through[-1]}"

    def local(self, factor: Factor) -> Step | None:
        """One factor by itself, for `--every-step`; None where there is nothing to work out."""
        if (
            factor.label is None
            or not _is_local(factor)
            or is_quantity(factor.node)
            or constant(factor.node) is not None
        ):
            return None
        choice = self.settled([factor.node])
        resolved = choice.resolved.get(factor.node, factor.node)
        formula = expression(resolved, spell=self.spelling)
        numbers = expression(resolved, spell=self.spelling, substitute=self.number)
        return self.step(factor.label, factor.node, "backward", [formula], numbers, choice.note)

    def step(self, label: Quantity, at: Node, stage: str, symbols: list[str], numbers: str | None, note: str) -> Step:
        value = self.table.get(at)
        result = figure(value, digits=self.digits) if value is not None else self.closed_form(at)
        left = self.spelling(label)
        lines = _distinct([left, *symbols])[1:]
        shown = numbers if numbers is not None and numbers not in lines and numbers != result else None
        if lines and lines[-1] == result:
            result = None
        number = None if value is None else float(value)
        return Step(label, self.update, stage, left, tuple(lines), shown, result, number, note)

    def sum(self, terms: Iterable[Term], write: Any, *, keep_ones: bool) -> str:
        """Terms written out; in formulas and numbers factors that are 1 are left out."""
        texts: list[str] = []
        for term in terms:
            factors = [f for f in term.factors if keep_ones or not _is_one(f)] or list(term.factors[-1:])
            written = [
                write(f) if not f.terms else f"({self.sum(f.terms, write, keep_ones=keep_ones)})" for f in factors
            ]
            alone = len(written) == 1 and strength(written[0]) > SUB.precedence and not written[0].startswith("-")
            texts.append(written[0] if alone else product(written, leading=not texts))
        return sum_of(texts) if len(texts) > 1 else texts[0]

    def formula(self, node: Node, factor: Factor) -> str:
        if factor.label is not None and not _is_local(factor):
            return self.spelling(factor.label)
        return expression(node, spell=self.spelling)

    def factor_number(self, factor: Factor) -> str:
        value = self.table.get(factor.node)
        if value is None:
            return expression(factor.node, spell=self.spelling, substitute=self.number)
        exact = constant(factor.node)
        return exact_figure(exact) if exact is not None else self.number(factor.node) or self.figure(value)

    def number(self, node: Node) -> str | None:
        """The number that is put in for a quantity; None for other nodes and for symbols."""
        if not is_quantity(node):
            return None
        return self.number_of_quantity(label_of(node), node)

    def number_of_quantity(self, label: Quantity, node: Node | None = None) -> str | None:
        given = self.problem.values.get(label)
        value = self.table.get(node) if node is not None else None
        if given is not None and (value is None or float(given) == value):
            return given_figure(given, digits=self.digits)
        return None if value is None else self.figure(value)

    def figure(self, value: float) -> str:
        return figure(value, digits=self.digits)

    def closed_form(self, at: Node) -> str | None:
        """A symbolic result: names expanded, known values put in, simplified."""
        if len(order([at])) > LONGEST_SYMBOLIC:
            return None

        def make(old: Node, args: tuple[Node, ...]) -> Node:
            value = self.table.get(old) if is_quantity(old) else None
            if value is not None:
                return const(self.problem.values.get(label_of(old)) or Fraction(self.figure(value)))
            if old.op is NAME:
                return args[0]
            return old if not args else old.op(*args, attribute=old.attribute)

        form = simplify_node(rebuild([at], make)[at])
        return expression(rebuild([form], self.shortened)[form], spell=self.spelling)

    def shortened(self, old: Node, args: tuple[Node, ...]) -> Node:
        """The node, a constant that came of rounded numbers as they are printed; fractions such as 1/3 stay."""
        exact = constant(old)
        if exact is not None and exact.denominator > LARGEST_DENOMINATOR:
            return const(Fraction(self.figure(float(exact))))
        return old if args == old.args else node(old.op, args, old.attribute)


def _shorter(local: Node) -> Node:
    """A local derivative simplified, if that saves at least two operations: -(t - o) stays as a person derives it."""
    if is_quantity(local) or not local.args:
        return local
    size = len(order([local], cut=is_quantity))
    simpler = simplify_node(local) if size <= LONGEST_SYMBOLIC else local
    return simpler if len(order([simpler], cut=is_quantity)) <= size - 2 else local


def _factors(terms: Iterable[Term]) -> list[Factor]:
    found: list[Factor] = []
    for term in terms:
        for factor in term.factors:
            found += _factors(factor.terms) if factor.terms else [factor]
    return found


def _is_one(factor: Factor) -> bool:
    return is_one(factor.node) or constant(factor.node) == 1


def _is_local(factor: Factor) -> bool:
    """Whether a factor is a local derivative, and not the name of a derivative that has its own line."""
    return not (is_quantity(factor.node) and isinstance(label_of(factor.node), Derivative))


def _only_factor(terms: tuple[Term, ...]) -> Factor | None:
    if len(terms) != 1:
        return None
    factors = [f for f in terms[0].factors if not _is_one(f)] or list(terms[0].factors[-1:])
    return factors[0] if len(factors) == 1 and not factors[0].terms else None


def _distinct(lines: list[str]) -> list[str]:
    """The lines without those that repeat the one before."""
    return [line for k, line in enumerate(lines) if k == 0 or line != lines[k - 1]]
