"""The matrix view: forward pass, derivatives and update in vectors and matrices, as lecture 000 begins.

A network too large to print is told by shapes, norms and corners; units asked for with `--of` are worked out in full.
"""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.errors import ProblemError
from chainrule.explanation.array_steps import ArrayStep, ArrayWriter, array_steps, array_writer
from chainrule.explanation.array_units import place_of, unit_steps
from chainrule.explanation.arrays import ArrayExplanation
from chainrule.node import INPUT, Node, is_quantity, label_of, order
from chainrule.ops.matrix import MATMUL
from chainrule.printing.document import Block, Document, Heading, Items, Matrices, Piece, Prose
from chainrule.printing.figures import figure
from chainrule.quantity import spell
from chainrule.views.legend import functions, rounded

_TITLES = {"forward": "Forward pass", "backward": "Backward pass", "update": "Update"}


def matrix_view(explanation: ArrayExplanation, *, until: str | None = None, of: Sequence[str] = ()) -> Document:
    """The document of an update in arrays.

    `until` ends it after that quantity; `of` keeps only these quantities and what they follow from - of an element such
    as dE/dW1[3,5], the sums of that unit alone. Raises `ProblemError` for what has no place in this view.
    """
    problem, passes = explanation.problem, explanation.passes
    blocks: list[Block] = [Heading(problem.title, 1)] if problem.title else []
    if problem.source:
        blocks.append(Prose(f"Source: {problem.source}"))
    if passes.rows:
        blocks.append(Prose(f"The {problem.examples} examples are the rows of matrices."))
    if explanation.update > 1:
        blocks.append(Prose(f"Update {explanation.update}."))
    places = [place_of(explanation, text) for text in of]
    whole = [node for node, index in places if not index]
    if not of or whole:
        blocks += _start(explanation, whole)
        blocks += _steps(explanation, whole, until)
    for (node, index), text in zip(places, of, strict=True):
        if index:
            blocks += [Heading(text), *[_block(step) for step in unit_steps(explanation, node, index)]]
    return Document((*blocks, *(_outcome(explanation) if not of and until is None else [])))


def _steps(explanation: ArrayExplanation, whole: Sequence[Node], until: str | None) -> list[Block]:
    needed = {label_of(n) for n in order(whole) if is_quantity(n)}
    steps = [step for step in array_steps(explanation) if not whole or step.quantity in needed]
    known = {step.quantity for step in steps}
    for node in whole:  # what has no line of its own in this notation, or leads to no parameter
        if label_of(node) not in known and node.op is not INPUT:
            steps.append(array_writer(explanation).step(node, "backward"))
    last = label_of(place_of(explanation, until)[0]) if until is not None else None
    if last is not None and last not in known:
        raise ProblemError(f"there is no step for {until}, so the solution cannot stop there.")
    blocks: list[Block] = []
    for stage, title in _TITLES.items():
        own = [step for step in steps if step.stage == stage]
        blocks += [Heading(title)] if own else []
        for step in own:
            blocks.append(_block(step))
            if step.quantity == last:
                return blocks
    return blocks


def _block(step: ArrayStep) -> Matrices:
    return Matrices(step.left, step.rights, step.note, step.stage)


def _start(explanation: ArrayExplanation, whole: Sequence[Node]) -> list[Block]:
    """What is given and what the parameters are before the update."""
    passes, problem = explanation.passes, explanation.problem
    writer = array_writer(explanation)
    inputs = [n for n in order(whole or [*passes.roots()]) if n.op is INPUT and n in explanation.table]
    learning = set(problem.parameter_arrays)
    blocks: list[Block] = []
    for title, own in (
        ("Given", [n for n in inputs if label_of(n) not in learning]),
        ("Parameters", [n for n in inputs if label_of(n) in learning]),
    ):
        numbers = [f"{writer.spell(label_of(n))} = {writer.single(n)}" for n in own if not n.shape]
        blocks += [Items(title, tuple(numbers))] if numbers else []
        blocks += [Prose(f"{title}:")] if own and not numbers else []
        blocks += _arrays(writer, [n for n in own if n.shape])
    return [*blocks, *functions(passes.forward), *_products(passes.graph.roots()), *_rounding(explanation)]


def _products(roots: Sequence[Node]) -> list[Block]:
    """How the two products differ, which look alike."""
    told = "@ and arrays side by side are the matrix product; * goes element by element."
    return [Prose(told)] if any(n.op is MATMUL for n in order(roots)) else []


def _rounding(explanation: ArrayExplanation) -> list[Block]:
    """A word on rounded figures, where the error is one."""
    of = explanation.passes.of
    value = explanation.item(explanation.passes.graph.outputs[of], ()) if of is not None else None
    return rounded([value], explanation.digits) if value is not None else []


def _arrays(writer: ArrayWriter, inputs: Sequence[Node]) -> list[Block]:
    """Small arrays beside each other, large ones each with its size."""
    blocks: list[Block] = []
    for n in inputs:
        pieces: tuple[Piece, ...] = writer.value(n)
        blocks.append(Matrices(writer.spell(label_of(n)), (pieces,), writer.size_note(n)))
    return blocks


def _outcome(explanation: ArrayExplanation) -> list[Block]:
    """What the update did to the error."""
    passes, digits = explanation.passes, explanation.digits
    if explanation.after is None or passes.of is None:
        return []
    before = explanation.item(passes.graph.outputs[passes.of], ())
    if before is None:
        return []
    verb = "fell" if explanation.after < before else "rose" if explanation.after > before else "stayed"
    fell = f"from {figure(before, digits=digits)} to {figure(explanation.after, digits=digits)}"
    return [Prose(f"The error {spell(passes.of)}, worked out again with the new values, {verb} {fell}.")]
