"""The worked solution as a person gets it by hand: every named quantity rounded, and the rounded figure carried on.

That is where printed lectures and students' pages differ from a computer in the last digit; each line says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

from chainrule.dataclasses import dataclass, fields
from chainrule.errors import ProblemError
from chainrule.evaluate import apply
from chainrule.explanation import Explanation, explain
from chainrule.explanation.asked import as_lists, elements
from chainrule.explanation.products import ChainRule, Factor
from chainrule.explanation.report import nested, report
from chainrule.explanation.rounding import Rounding
from chainrule.explanation.sheet import Figure, Line, Sheet, given, lines_of, names_of, rule_of, settle
from chainrule.explanation.spelling import spelling_of
from chainrule.explanation.steps import Step, Writer
from chainrule.node import INPUT, Node, label_of, order
from chainrule.numbers.rational import rational_numbers
from chainrule.printing.expression import expression
from chainrule.printing.figures import figure, json_number
from chainrule.problem import Problem
from chainrule.quantity import Derivative, Name, Quantity, Updated

MARK = "≠"  # before what the exact value would be rounded to


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class HandExplanation(Explanation):
    """A worked solution by hand: its steps have rounded figures, `values` all figures of the first update."""

    rounding: Rounding
    values: Mapping[Quantity, Fraction | None]
    departures: tuple[Quantity, ...]  # whose figure is not the exact value rounded
    outcome: str  # how the error went, by hand and exactly

    def to_dict(self, *, of: Sequence[str] = ()) -> dict[str, Any]:
        """Steps and values by hand as plain data, as `--format json` prints them."""
        return hand_report(self, of=of)


def by_hand(explanation: Explanation, rounding: Rounding) -> HandExplanation:
    """The same solution with every named quantity rounded, and what is rounded carried on; a line is exact in between.

    Given numbers stay as they are; drawn weights are rounded first. All updates up to the explained one are by hand.
    Raises `ProblemError` for an exception to the rounding that fits no quantity.

    >>> from chainrule.problem import loads
    >>> from chainrule.explanation.rounding import parse_rounding
    >>> solution = explain(loads("formulas = '''\\na = x/3\\nb = 3*a\\n'''\\n[given]\\nx = 2"))
    >>> [step.result for step in by_hand(solution, parse_rounding("2")).steps[:2]]
    ['0.67', '2.01']
    """
    problem, last = explanation.problem, explanation.update
    turns = problem.examples if problem.examples and problem.training.batch == 1 else 1
    others = {turn: explain(problem, steps=turn) for turn in range(1, min(turns, last - 1) + 1)} if turns > 1 else {}
    inputs, exact = _first(problem, explanation, rounding), _Exact(problem, last, explanation, others)
    first: dict[Quantity, Figure] = {}
    for number in range(1, last):
        turn = others.get((number - 1) % turns + 1, explanation)
        sheet = _sheet(turn, rounding, inputs)
        for line in lines_of(turn):
            if not line.again:
                sheet.carry(line)
        first = first or sheet.figures
        inputs = _following(turn, sheet, inputs)
    return _written(explanation, rounding, inputs, exact, first)


def hand_report(explanation: HandExplanation, *, of: Sequence[str] = ()) -> dict[str, Any]:
    """The JSON document of a solution by hand: steps and values are the rounded figures.

    `values` has what is worked out by hand; `by_hand` says how it was rounded and what departs from the exact values.
    """
    spelling = spelling_of(explanation.problem)
    numbers = {label: None if v is None else float(v) for label, v in explanation.values.items()}
    numbers.update({spelling.with_delta(label): number for label, number in numbers.items()})
    values = nested(numbers)
    values.update({text: as_lists(_asked(explanation, text)) for text in of})
    found = {**report(explanation), "values": values}
    departs = [spelling(label) for label in explanation.departures]
    return {**found, "by_hand": {"rounding": str(explanation.rounding), "departs": departs}}


def check_asked(explanation: HandExplanation, texts: Sequence[str]) -> None:
    """Raises `ProblemError` for a quantity that has no line, and so cannot be worked out by hand."""
    for text in texts:
        _asked(explanation, text)


def _asked(explanation: HandExplanation, text: str) -> dict[tuple[int, ...], float | None]:
    problem, known = explanation.problem, explanation.values
    label = problem.quantity(text)
    parts = {(): label} if label in known else elements(problem, explanation.passes.backward, label)
    if not all(part in known for part in parts.values()):
        raise ProblemError(f"{text} has no line of its own, so it has no value by hand.", hint="Leave out --by-hand.")
    figures = {index: known[part] for index, part in parts.items()}
    return {index: None if v is None else json_number(float(v)) for index, v in figures.items()}


def _first(problem: Problem, explanation: Explanation, rounding: Rounding) -> dict[Quantity, Figure]:
    """What a person starts from: the given numbers, and what the optimiser remembers."""
    spelling = spelling_of(problem)
    values = dict(problem.values)
    for before, start in explanation.passes.slots.values():
        values.setdefault(label_of(before), Fraction(start))
    return {
        label: given(value, rounding.places(names_of(label, spelling)), truncate=rounding.truncate)
        for label, value in values.items()
    }


def _sheet(explanation: Explanation, rounding: Rounding, inputs: Mapping[Quantity, Figure]) -> Sheet:
    sheet = Sheet(rounding, spelling_of(explanation.problem), rule_of(explanation))
    nodes = [*order(explanation.passes.roots()), *order(explanation.named.values())]
    sheet.start(inputs, [n for n in nodes if n.op is INPUT])
    return sheet


def _following(explanation: Explanation, sheet: Sheet, inputs: Mapping[Quantity, Figure]) -> dict[Quantity, Figure]:
    """What the next update starts from."""
    after = dict(inputs)
    for before, new in explanation.passes.following.items():
        if label_of(new) in sheet.figures:
            after[before] = sheet.figures[label_of(new)]
        elif isinstance(before, Name) and label_of(new) in explanation.passes.slots:
            counted = inputs[before].value  # the number of the update, which has no line
            after[before] = inputs[before] if counted is None else given(counted + 1, 0, truncate=False)
    return after


class _Exact:
    """The exact values beside: the same updates without rounding, with as many bits as are asked for."""

    def __init__(
        self, problem: Problem, last: int, explanation: Explanation, others: Mapping[int, Explanation]
    ) -> None:
        self.problem, self.last = problem, last
        self.explanation, self.others = explanation, others
        self.tables: dict[int, dict[Node, Any]] = {}

    def value(self, at: Node, bits: int) -> Any:
        if bits not in self.tables:
            self.tables[bits] = self.table(bits)
        return self.tables[bits].get(at)

    def table(self, bits: int) -> dict[Node, Any]:
        numbers = rational_numbers(bits)
        passes = self.explanation.passes
        with numbers.s.context():
            inputs: dict[Quantity, Any] = {label: numbers.s.of(value) for label, value in self.problem.values.items()}
            for before, start in passes.slots.values():
                inputs.setdefault(label_of(before), numbers.s.of(Fraction(start)))
            for number in range(1, self.last):
                turn = self.others.get((number - 1) % max(1, len(self.others)) + 1, self.explanation)
                following = turn.passes.following
                done = _evaluated(list(following.values()), inputs, bits)
                inputs.update({label: done[new] for label, new in following.items() if new in done})
            return _evaluated([*passes.roots(), *self.explanation.named.values()], inputs, bits)


def _evaluated(roots: list[Node], inputs: Mapping[Quantity, Any], bits: int) -> dict[Node, Any]:
    numbers, done = rational_numbers(bits), dict[Node, Any]()
    for current in order(roots):
        if current.op is INPUT:
            if label_of(current) in inputs:
                done[current] = inputs[label_of(current)]
        elif all(a in done for a in current.args):
            done[current] = apply(current, [done[a] for a in current.args], numbers)
    return done


@dataclass(frozen=True, slots=True, eq=False)
class _HandWriter(Writer):
    """Writes steps in which the figures of a sheet stand."""

    sheet: Sheet
    notes: dict[Quantity, str]  # on the figures that depart from the exact value
    now: dict[Quantity, Figure]  # the line that is being written: it does not stand in itself

    def derivative(self, rule: ChainRule, by: Quantity, named: Node) -> Step:
        label, terms = Derivative(rule.of, by), rule.terms(by)
        if not terms:
            return self.step(label, named, "backward", [], None, f"{self.spelling(by)} has no influence.")
        choice = self.settled([factor.node for factor in _flat(terms)])
        rule_line = self.sum(terms, lambda f: self.spelling(f.label) if f.label else None, keep_ones=True)
        formula = self.sum(terms, lambda f: self.formula(choice.resolved.get(f.node, f.node), f), keep_ones=False)
        numbers = self.sum(terms, self.factor_number, keep_ones=False)
        return self.step(label, named, "backward", [rule_line, formula], numbers, choice.note or self.fork(rule, by))

    def factor_number(self, factor: Factor) -> str:
        """A factor with its own line is its figure; another is written out, so that the line can be done again."""
        if factor.label in self.sheet.figures:
            return self.sheet.figures[factor.label].text
        resolved = self.settled([factor.node]).resolved.get(factor.node, factor.node)
        return expression(resolved, spell=self.spelling, substitute=self.number)

    def number_of_quantity(self, label: Quantity, node: Node | None = None) -> str | None:
        found = self.sheet.figures.get(label)
        return None if found is None else found.text

    def step(self, label: Quantity, at: Node, stage: str, symbols: list[str], numbers: str | None, note: str) -> Step:
        found = self.now.get(label)
        result = found.text if found is not None else self.closed_form(at)
        left = self.spelling(label)
        rights = list(dict.fromkeys([s for s in symbols if s != left]))
        shown = numbers if numbers is not None and numbers not in (*rights, result) else None
        if rights and rights[-1] == result:
            result = None
        value = float(found.value) if found is not None and found.value is not None else None
        notes = "; ".join(text for text in (self.notes.get(label, ""), note) if text)
        return Step(label, self.update, stage, left, tuple(rights), shown, result, value, notes)


def _flat(terms: Sequence[Any]) -> list[Factor]:
    found: list[Factor] = []
    for term in terms:
        for factor in term.factors:
            found += _flat(factor.terms) if factor.terms else [factor]
    return found


def _written(
    explanation: Explanation,
    rounding: Rounding,
    inputs: Mapping[Quantity, Figure],
    exact: _Exact,
    first: Mapping[Quantity, Figure],
) -> HandExplanation:
    problem, sheet = explanation.problem, _sheet(explanation, rounding, inputs)
    notes: dict[Quantity, str] = {}
    now: dict[Quantity, Figure] = {}
    writer = _HandWriter(
        problem, sheet.parts, sheet.spelling, explanation.digits, explanation.update, sheet, notes, now
    )  # fmt: skip
    lines = lines_of(explanation)
    rounding.check([names_of(line.quantity, sheet.spelling) for line in lines])
    found: list[Step] = []
    for line in lines:
        figure_ = sheet.work(line)
        now.clear()
        if figure_ is not None:
            now[line.quantity] = figure_
            note = departure(figure_, partial(exact.value, line.at), rounding)
            notes.update({line.quantity: note} if note else {})
        found.append(_step(writer, line, sheet.rule))
        sheet.keep(line, figure_)
    count = len(explanation.steps)
    kept = {field.name: getattr(explanation, field.name) for field in fields(Explanation)}
    kept.update(steps=tuple(found[:count]), again=tuple(found[count:]), history=None)
    known = {label: f.value for label, f in inputs.items() if label in explanation.inputs and f.value is not None}
    kept.update(inputs={label: float(value) for label, value in known.items()})
    values = {label: f.value for label, f in (first or sheet.figures).items()}
    return HandExplanation(
        **kept, rounding=rounding, values=values, departures=tuple(notes), outcome=_outcome(explanation, sheet, exact)
    )


def _step(writer: _HandWriter, line: Line, rule: ChainRule | None) -> Step:
    if line.kind == "derivative":
        assert rule is not None
        assert isinstance(line.quantity, Derivative)
        return writer.derivative(rule, line.quantity.by, line.at)
    if line.factor is not None:
        step = writer.local(line.factor)
        assert step is not None
        return step
    return writer.named(line.quantity, line.at) if line.kind == "named" else writer.definition(line.at, line.stage)


def departure(found: Figure, exact_value: Any, rounding: Rounding) -> str:
    """What to say of a figure that is not the exact value rounded, or of which nothing is left; else nothing."""
    due = settle(exact_value, found.places, truncate=rounding.truncate)
    if due is None or due.value is None or found.value is None:
        return ""
    exact = figure(float(exact_value(200)))
    if due.value != found.value:
        return f"{MARK} {due.text}: the exact value is {exact}"
    lost = not due.value and not due.is_exact and not found.is_exact
    return f"{MARK} 0: the exact value is {exact}, of which nothing is left" if lost else ""


def _outcome(explanation: Explanation, sheet: Sheet, exact: _Exact) -> str:
    error, known = explanation.problem.minimise, explanation.passes.again.outputs
    if error is None or Updated(error) not in sheet.figures or error not in sheet.figures:
        return ""
    before, after = sheet.figures[error], sheet.figures[Updated(error)]
    if before.value is None or after.value is None:
        return ""
    verb = "fell" if after.value < before.value else "rose" if after.value > before.value else "stayed"
    nodes = [explanation.passes.forward.outputs[error], known[Updated(error)]]
    old, new = (figure(float(exact.value(n, 200)), digits=explanation.digits) for n in nodes)
    name = sheet.spelling(error)
    return f"By hand the error {name} {verb} from {before.text} to {after.text}; exactly, it went from {old} to {new}."
