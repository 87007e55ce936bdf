"""The worked solution of a problem: forward pass, error, every derivative by the chain rule, update, next forward pass.

An `Explanation` is data - steps and values; views turn it into documents, formats into text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from chainrule.dataclasses import dataclass, replace
from chainrule.explanation.asked import value_of, with_derivative
from chainrule.explanation.passes import (
    History,
    Passes,
    build_passes,
    first_inputs,
    run_updates,
    symbols_in_update,
    values_of,
)
from chainrule.explanation.products import ChainRule, by_quantity, depending_on, other_routes
from chainrule.explanation.spelling import Spelling, negative_deltas, net_deltas, relabelled, spelling_of
from chainrule.explanation.steps import Step, Writer
from chainrule.graph import collector_paused
from chainrule.node import NAME, Node, const, label_of, name_node, order
from chainrule.problem import Problem
from chainrule.problem.expressions import alias_labels, expression_of
from chainrule.quantity import Change, Derivative, Example, Name, Quantity, Updated, spell


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Explanation:
    """The worked solution of one update of a problem, and how the error went until then."""

    problem: Problem
    passes: Passes
    steps: tuple[Step, ...]
    again: tuple[Step, ...]  # the forward pass after the update
    update: int  # which update is explained, from 1
    history: History | None  # the errors of the updates, where there is an update
    table: dict[Node, Any]
    inputs: dict[Quantity, float]
    named: Mapping[Quantity, Node]  # what [names] gives a name
    forward: frozenset[Node]  # the definitions of the forward pass that have a step
    shown: tuple[Quantity, ...]  # the derivatives with a step of their own, in reading order: by what
    digits: int

    def __repr__(self) -> str:
        return f"<Explanation of {self.problem.title!r}, update {self.update}>"

    def __str__(self) -> str:
        from chainrule.display import text

        return text(self)

    def _repr_html_(self) -> str | None:
        from chainrule.display import shown

        return shown(self, "html")

    def _repr_latex_(self) -> str | None:
        from chainrule.display import shown

        return shown(self, "latex")

    def _repr_markdown_(self) -> str | None:
        from chainrule.display import shown

        return shown(self, "markdown")

    def code(self) -> str:
        """The program of the forward pass, the backward pass and the update: valid Python."""
        from chainrule.display import code_text

        return code_text(self)

    def to_dict(self, *, of: Sequence[str] = ()) -> dict[str, Any]:
        """Steps and values as plain data, as `--format json` prints them; `of` adds quantities."""
        from chainrule.explanation.report import report

        return report(self, of=of)

    def exact_inputs(self) -> dict[Quantity, Fraction | float]:
        """What the update starts from: exact where it is still what the file says."""
        given = self.problem.values
        return {
            label: given[label] if label in given and float(given[label]) == value else value
            for label, value in self.inputs.items()
        }


@collector_paused()
def explain(problem: Problem, *, steps: int = 1, digits: int = 9, every_step: bool = False) -> Explanation:
    """The worked solution of a problem's update number `steps`.

    `digits` is how many decimals are printed; `every_step` works out every factor of a product by itself first.
    Raises `ProblemError` if there is no update to run and `steps` is more than 1.
    """
    history = run_updates(problem, steps) if steps > 1 or _has_update(problem) else None
    passes = history.passes if history is not None else build_passes(problem)
    inputs = history.before if history is not None else first_inputs(problem)
    for slot, first in passes.slots.values():
        inputs.setdefault(label_of(slot), first)
    table = values_of(passes.roots(), inputs)
    writer = Writer(problem, table, spelling_of(problem), digits, steps)
    shown = _shown(problem, passes)
    needed = _needed(problem, passes)
    found: list[Step] = [writer.definition(n, "forward") for label, n in needed.items()]
    named = _named(problem, passes)
    backward, more = _backward(writer, passes, shown, every_step), _named_steps(writer, named, inputs)
    found += _with_deltas(problem, backward, more)
    found += [writer.definition(n, "update") for n in passes.update]
    again = [
        writer.definition(n, "forward")
        for label, n in passes.again.outputs.items()
        if n.op is NAME and _of(label) in needed
    ]
    return Explanation(
        problem=problem, passes=passes, steps=tuple(found), again=tuple(again), update=steps, history=history,
        table=table, inputs=inputs, named=named, forward=frozenset(needed.values()), shown=shown, digits=digits,
    )  # fmt: skip


def _needed(problem: Problem, passes: Passes) -> dict[Quantity, Node]:
    """The definitions of the forward pass; online, those of the update's own example."""
    definitions = {label: n for label, n in passes.backward.outputs.items() if label in passes.forward.outputs}
    named = {label: n for label, n in definitions.items() if n.op is NAME}
    if passes.of is None or passes.of == problem.minimise or problem.minimise is None:
        return named
    below = set(order([named[passes.of]]))
    return {label: n for label, n in named.items() if n in below}


def _of(label: Quantity) -> Quantity:
    return label.of if isinstance(label, Updated) else label


def _has_update(problem: Problem) -> bool:
    """Whether updates can be run; the first one can also be written with symbols."""
    if problem.minimise is None or problem.training.rate is None:
        return False
    return not symbols_in_update(problem)


def _shown(problem: Problem, passes: Passes) -> tuple[Quantity, ...]:
    """What derivatives are shown by, in reading order: what lies on a path to a parameter."""
    if passes.of is None:
        return ()
    ready = [label.by for label in passes.backward.outputs if isinstance(label, Derivative)]
    if not problem.parameters:
        return tuple(by for by in ready if by != passes.of)
    touched = depending_on(passes.forward, set(problem.parameters)) | set(problem.parameters)
    hidden = hidden_in(problem)
    return tuple(by for by in ready if by in touched and by != passes.of and not hidden(by))


def hidden_in(problem: Problem) -> Any:
    """Whether a derivative by this quantity has no line of its own in the problem's notation."""
    deltas = net_deltas(problem.notation)
    if not deltas:
        return lambda by: False
    parameters = set(problem.parameters)
    return lambda by: getattr(by, "of", by) not in deltas and by not in deltas and by not in parameters


def chain_rule(problem: Problem, graph: Any, of: Quantity) -> ChainRule:
    """How the derivatives of `of` hang together, with the notation's deltas as stops."""
    stops = {*net_deltas(problem.notation), *negative_deltas(problem)}
    return ChainRule(of, graph, by_quantity(graph, of), hidden_in(problem), stops, other_routes(graph))


def _backward(writer: Writer, passes: Passes, shown: Sequence[Quantity], every_step: bool) -> list[Step]:
    if passes.of is None:
        return []
    rule = chain_rule(writer.problem, passes.backward, passes.of)
    return derivative_steps(writer, rule, shown, every_step=every_step)


def _named(problem: Problem, passes: Passes) -> dict[Quantity, Node]:
    """What the quantities stand for that [names] gives a name, such as delta3 = -dE/dnet3."""
    quantities = passes.backward.quantities()
    example = passes.of.number if isinstance(passes.of, Example) else None
    labels = [*alias_labels(problem, example), *_delta_labels(problem, example)]

    updated = {**passes.again.outputs, **{label_of(n): n for n in passes.update}}

    def node_of(part: Quantity) -> Node | None:
        known = quantities.get(part) or updated.get(part)
        if known is not None:
            return known
        if isinstance(part, Derivative):
            return with_derivative(passes.backward, part)[1]  # a second one, or not of the error
        if isinstance(part, Change) and Updated(part.of) in updated:
            return name_node(part, updated[Updated(part.of)] - quantities[part.of])
        value = value_of(problem, spell(part)) if isinstance(part, Updated) else None
        return None if value is None else name_node(part, const(Fraction(value)))

    return {label: expression_of(problem, label, node_of) for label in labels}


def _delta_labels(problem: Problem, example: int | None) -> list[Name | Example]:
    """The deltas that are minus a derivative, in an update that sees this example; with all at once, they have none."""
    labels = [label for label, _ in negative_deltas(problem).values()]
    if example is not None:
        return [Example(label, example) for label in labels]
    return [] if problem.examples else [*labels]


def _with_deltas(problem: Problem, backward: Sequence[Step], named: Sequence[Step]) -> list[Step]:
    """The backward pass, each delta of the notation after the derivative it is minus of, [names] at the end."""
    deltas = {net: label for net, (label, _) in negative_deltas(problem).items()}
    after = {relabelled(step.quantity): step for step in named if relabelled(step.quantity) in deltas.values()}
    found: list[Step] = []
    for step in backward:
        found.append(step)
        net = relabelled(step.quantity.by) if isinstance(step.quantity, Derivative) else None
        delta = after.pop(deltas[net], None) if net in deltas else None
        found += [delta] if delta is not None else []
    return [*found, *after.values(), *(step for step in named if relabelled(step.quantity) not in deltas.values())]


def _named_steps(writer: Writer, named: Mapping[Quantity, Node], inputs: Mapping[Quantity, float]) -> list[Step]:
    if not named:
        return []
    more = replace(writer, table={**writer.table, **values_of(list(named.values()), inputs)})
    return [more.named(label, node) for label, node in named.items()]


def derivative_steps(
    writer: Writer, rule: ChainRule, by: Sequence[Quantity], *, every_step: bool = False
) -> list[Step]:
    """The steps of the derivatives by these quantities, in order."""
    steps: list[Step] = []
    told: set[Quantity] = {Derivative(rule.of, quantity) for quantity in by}  # they have steps of their own
    for quantity in by:
        if every_step:
            for term in rule.terms(quantity):
                for factor in term.factors:
                    if factor.label is not None and factor.label not in told and len(term.factors) > 1:
                        told.add(factor.label)
                        local = writer.local(factor)
                        steps += [local] if local is not None else []
        named = rule.graph.outputs[Derivative(rule.of, quantity)]
        steps.append(writer.derivative(rule, quantity, named))
    return steps


__all__ = ["Explanation", "Spelling", "Step", "explain"]
