"""Networks to train, from the text of their formulas to a program, and the reference to compare with."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.evaluate import evaluate
from chainrule.formula import parse_definitions
from chainrule.formula.lowering import Block, define
from chainrule.graph import Graph, Program
from chainrule.network import layered, network_formulas
from chainrule.node import input_node, label_of, type_of
from chainrule.numbers.array import of_nested, to_nested
from chainrule.numbers.vectorised import numpy_numbers
from chainrule.optimizers import find_optimizer, training_program
from chainrule.quantity import Name, Quantity
from chainrule.targets.llvm.training import TrainingKernel
from chainrule.transforms.batch import batch_loss
from chainrule.transforms.stabilise import stabilise

RATE, E, X, T = (Name(name) for name in ("rate", "E", "x", "t"))


def network(
    layers: list[int], *, rows: bool = False, optimizer: str = "sgd", rule: Mapping[str, object] | None = None,
    seed: int = 0, over: Any = "mean", **options: Any,
) -> Program:  # fmt: skip
    """Training of a network: on one example after the other, or on a batch of any number of rows."""
    text = network_formulas(layered(layers, **options))
    shapes = {**text.inputs, **text.parameters}
    inputs = {name: input_node(Name(name), type_of("real", shape)) for name, shape in shapes.items()}
    named = define([Block(str(text), parse_definitions(str(text)))], inputs)
    graph = stabilise(Graph({Name(name): root for name, root in named.items()}))
    if rows:
        graph = batch_loss(graph, E, [X, T], over=over)
    numbers = np.random.default_rng(seed)
    initial = {Name(name): of_nested(numbers.uniform(-0.5, 0.5, shape).tolist())
               for name, shape in text.parameters.items()}  # fmt: skip
    return training_program(
        graph, minimise=E, parameters=list(initial), rate=input_node(RATE),
        optimizer=find_optimizer(optimizer, rule or {}), initial={**initial, RATE: Fraction(1, 10)}, examples=[X, T],
    )  # fmt: skip


def of_formulas(text: str, shapes: Mapping[str, tuple[int, ...]]) -> Program:
    """Training by formulas of one's own, of all that they name but x and t, on one example after the other."""
    inputs = {name: input_node(Name(name), type_of("real", shape)) for name, shape in shapes.items() if name in text}
    graph = Graph({Name(name): root for name, root in define([Block(text, parse_definitions(text))], inputs).items()})
    drawn = np.random.default_rng(2)
    initial: dict[Quantity, Any] = {
        Name(name): of_nested(drawn.uniform(-0.5, 0.5, shapes[name]).tolist()) for name in inputs if name not in "xt"
    }
    return training_program(
        graph, minimise=E, parameters=list(initial), rate=input_node(RATE), optimizer=find_optimizer("sgd", {}),
        initial={**initial, RATE: Fraction(1, 10)}, examples=[X, T],
    )  # fmt: skip


def beginning(program: Program, dtype: str) -> dict[Quantity, Any]:
    """The state before the first update, as arrays."""
    return {
        label: np.broadcast_to(np.array(_nested(kept.initial), dtype), kept.before.type.shape).copy()
        for label, kept in program.state.items()
    }


def _nested(value: Any) -> Any:
    if isinstance(value, int | float | Fraction):
        return float(value)
    return np.array(to_nested(value), float)


def reference(
    program: Program, state: Mapping[Quantity, Any], examples: Mapping[Quantity, Any], order: Any, batch: int,
    scalars: Mapping[Quantity, Any], given: Mapping[Quantity, Any] | None = None,
) -> tuple[dict[Quantity, Any], list[float]]:  # fmt: skip
    """The state after the updates and the error of each, by the reference evaluator on float64 arrays."""
    roots = [program.step.outputs[E], *[kept.after for kept in program.state.values()]]
    now = {label: value.astype(float) for label, value in state.items()}
    errors = []
    for k in range(-(-len(order) // batch)):
        rows = order[k * batch : (k + 1) * batch]
        values = {label_of(program.state[label].before): value for label, value in now.items()}
        values |= {label: np.float64(column[k]) for label, column in scalars.items()} | dict(given or {})
        for example in program.examples:
            data = examples[label_of(example)].astype(float)
            has_rows = bool(example.type.shape) and isinstance(example.type.shape[0], str)
            values[label_of(example)] = data[rows] if has_rows else data[rows[0]]
        error, *after = evaluate(roots, values, numbers=numpy_numbers())
        errors.append(float(error))
        now = dict(zip(program.state, after, strict=True))
    return now, errors


def gap(found: Mapping[Quantity, Any], expected: Mapping[Quantity, Any]) -> float:
    """How far two states are apart, relative to max(1, magnitude)."""
    assert found.keys() == expected.keys()
    return max(
        float(np.max(np.abs(found[label] - expected[label]) / np.maximum(1.0, np.abs(expected[label])), initial=0.0))
        for label in found
    )


def run_beside_the_reference(
    program: Program, kernel: TrainingKernel, examples: Mapping[Quantity, Any], dtype: Any, *, rates: Any,
    epoch: int | None = None,
) -> None:  # fmt: skip
    """An update for each rate, in two calls: the first ends within a block, the second may be cut into epochs."""
    state = beginning(program, dtype)
    order, errors = np.random.default_rng(6).integers(0, len(examples[X]), len(rates)), np.zeros(len(rates))
    expected, due = reference(program, state, examples, order, 1, {RATE: rates})
    for part, length in ((slice(0, 37), None), (slice(37, len(rates)), epoch)):
        made = kernel.run(state, examples, order[part], 1, {RATE: rates[part]}, errors[part], epoch=length)
        assert made == len(order[part])
    bound = 1e-10 if dtype == "float64" else 1e-5
    assert gap(state, expected) < bound
    assert np.max(np.abs(errors - due) / np.maximum(1, np.abs(due))) < bound


def stop_at_bad_errors(program: Program, kernel: TrainingKernel, examples: Mapping[Quantity, Any]) -> None:
    """An example that is no number, at each place: the state is that of the update before."""
    rows = len(examples[X])
    rates = np.full(rows, 0.1)
    for bad in range(rows):
        spoiled = {label: part.copy() for label, part in examples.items()}
        spoiled[X][bad] = np.nan
        state, errors = beginning(program, "float64"), np.full(rows, -1.0)
        expected, _ = reference(program, state, examples, np.arange(bad), 1, {RATE: rates})
        assert kernel.run(state, spoiled, np.arange(rows), 1, {RATE: rates}, errors) == bad
        assert gap(state, expected) < 1e-12
        assert np.isfinite(errors[:bad]).all()
        assert (errors[bad + 1 :] == -1).all()


def printed_twice(program: str, kept: Path) -> list[list[str]]:
    """The words that a program prints in a process of its own, and in another that finds what the first has kept."""
    where = {**os.environ, "CHAINRULE_CACHE": str(kept)}
    return [
        subprocess.run(
            [sys.executable, "-c", program], env=where, capture_output=True, text=True, check=True, timeout=120
        ).stdout.split()
        for _ in range(2)
    ]
