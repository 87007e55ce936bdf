"""An explanation as the JSON document of the contract (problem-files, section 8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chainrule.explanation import Explanation, Step
from chainrule.explanation.asked import as_lists, value_of
from chainrule.explanation.passes import build_passes, first_inputs, values_of
from chainrule.explanation.spelling import negative_deltas, spelling_of
from chainrule.node import is_quantity, label_of
from chainrule.printing.figures import json_number
from chainrule.problem.loops import expand
from chainrule.quantity import Change, Derivative, Element, Example, Memory, Quantity, Updated, spell
from chainrule.transforms.recognise import recognise
from chainrule.transforms.reverse import reverse


def report(explanation: Explanation, *, of: Sequence[str] = ()) -> dict[str, Any]:
    """Title, steps and values; `of` adds the values of further quantities, spelled as they were asked for.

    A text with a loop adds one value for each line it stands for. `values` holds every named quantity, every derivative
    of the minimised quantity by one, and every parameter after the first update: whole arrays in a notation of arrays,
    one key per unit and weight in the others.
    """
    problem = explanation.problem
    values = nested(_first_values(explanation))
    for text in of:
        lines = expand(problem, text)
        keys = lines if len(lines) > 1 else [text]
        values.update({key: value_of(problem, line) for key, line in zip(keys, lines, strict=True)})
    steps = [*map(_step, explanation.steps), *(_step(step, again=True) for step in explanation.again)]
    return {"title": problem.title, "steps": steps, "values": values}


def _step(step: Step, *, again: bool = False) -> dict[str, Any]:
    formula = " = ".join(step.symbols) if step.symbols else None
    return {
        "quantity": spell(step.quantity),
        "update": step.update + again,
        "pass": step.stage,
        "formula": formula,
        "numbers": step.numbers,
        "value": json_number(step.value) if step.value is not None else None,
    }


def _first_values(explanation: Explanation) -> dict[Quantity, float | None]:
    """The values of quantities, derivatives and updated parameters in the first update."""
    passes, table = explanation.passes, explanation.table
    if explanation.update > 1:
        passes = build_passes(explanation.problem, 1)
        inputs = {**{label_of(old): first for old, first in passes.slots.values()}, **first_inputs(explanation.problem)}
        table = values_of(passes.roots(), inputs)
    found: dict[Quantity, float | None] = {}
    nodes = {**passes.forward.quantities(), **passes.backward.quantities()}
    for label in [*passes.forward.outputs, *nodes]:
        node = passes.backward.outputs.get(label) or nodes[label]
        found[label] = table.get(node)
    for label, value in explanation.problem.values.items():
        found.setdefault(label, float(value))  # a given that no formula uses
    for symbol in explanation.problem.symbols:
        found.setdefault(symbol, None)
    found.update({label_of(new): table.get(new) for new in passes.update if is_quantity(new)})
    if passes.of is not None:
        found.pop(Derivative(passes.of, passes.of), None)
        found.update(_of_all_examples(explanation, passes.of))
        found.update(_deltas(explanation, found))
    return found


def _of_all_examples(explanation: Explanation, of: Quantity) -> dict[Quantity, float | None]:
    """The derivatives of the minimised error itself, where an update goes down that of one example."""
    problem = explanation.problem
    if problem.minimise is None or of == problem.minimise:
        return {}
    graph = reverse(recognise(problem.units), problem.minimise)
    table = values_of(graph.roots(), first_inputs(problem))
    return {label: table.get(n) for label, n in graph.outputs.items() if isinstance(label, Derivative)}


def _deltas(explanation: Explanation, found: Mapping[Quantity, float | None]) -> dict[Quantity, float | None]:
    """The notation's deltas under their own names, as the formulas of the steps use them."""
    spelling = spelling_of(explanation.problem)
    named = {label: spelling.with_delta(label) for label in found if isinstance(label, Derivative)}
    values = {delta: found[label] for label, delta in named.items() if delta != label}
    for net, (_, delta) in negative_deltas(explanation.problem).items():
        derivative = Derivative(explanation.passes.of or net, net)
        if found.get(derivative) is not None and not explanation.problem.examples:
            values[delta] = -(found[derivative] or 0)
    return values


def nested(values: Mapping[Quantity, float | None]) -> dict[str, Any]:
    """Values by canonical spelling, the elements of an array gathered in nested lists under its name."""
    result: dict[str, Any] = {}
    arrays: dict[Quantity, dict[tuple[int, ...], float | None]] = {}
    for label, value in values.items():
        whole, index = split_element(label)
        number = None if value is None else json_number(value)
        if index:
            arrays.setdefault(whole, {})[index] = number
            result.setdefault(spell(whole), None)
        else:
            result[spell(label)] = number
    for whole, elements in arrays.items():
        result[spell(whole)] = as_lists(elements)
    return result


def split_element(label: Quantity) -> tuple[Quantity, tuple[int, ...]]:
    """The array an element belongs to, and its index: dE/dW1[2,1] is dE/dW1 and (2, 1)."""
    match label:
        case Element(of, index):
            return of, index
        case Derivative(of, by, direct):
            whole, index = split_element(by)
            return Derivative(of, whole, direct), index
        case Updated(of, times):
            whole, index = split_element(of)
            return Updated(whole, times), index
        case Change(of):
            whole, index = split_element(of)
            return Change(whole), index
        case Memory(of, name):
            whole, index = split_element(of)
            return Memory(whole, name), index
        case Example(of, number):
            whole, index = split_element(of)
            return Example(whole, number), index
    return label, ()
