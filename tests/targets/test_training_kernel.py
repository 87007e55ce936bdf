from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.targets.networks import RATE, E, T, X, beginning, gap, network, reference

from chainrule.errors import ChainruleError
from chainrule.graph import Graph, Program, State
from chainrule.network import ACTIVATIONS
from chainrule.node import const, input_node, label_of, name_node, node, type_of
from chainrule.numbers.array import of_nested
from chainrule.ops import TABLE
from chainrule.ops.choices import GREATER, WHERE
from chainrule.optimizers import OPTIMIZERS, find_optimizer, training_program
from chainrule.quantity import Name, Quantity
from chainrule.randomness import seed_key, uniform
from chainrule.targets.llvm import singles
from chainrule.targets.llvm.emit import DType
from chainrule.targets.llvm.level_training import LevelUpdates
from chainrule.targets.llvm.machine import AARCH64, Machine, object_code, this_machine
from chainrule.targets.llvm.program import program_code, program_text
from chainrule.targets.llvm.training import TrainingKernel, compile_training
from chainrule.training.reference import ReferenceKernel
from chainrule.transforms.batch import batch_loss


def data(layers: list[int], rows: int, dtype: str, *, classes: bool = False) -> dict[Quantity, Any]:
    numbers = np.random.default_rng(1)
    targets = numbers.uniform(0, 1, (rows, layers[-1]))
    if classes:
        targets = np.eye(layers[-1])[numbers.integers(0, layers[-1], rows)]
    return {X: numbers.uniform(-1, 1, (rows, layers[0])).astype(dtype), T: targets.astype(dtype)}


def compare(program: Program, layers: list[int], *, batch: int, updates: int, dtype: Any, rate: float = 0.1,
            classes: bool = False) -> float:  # fmt: skip
    """Train natively and on the reference: how far the two are apart. The last update has fewer rows."""
    examples = data(layers, 23, dtype, classes=classes)
    order = np.random.default_rng(2).integers(0, 23, updates * batch - batch // 3)
    rates, errors = np.full(updates, rate), np.zeros(updates)
    state = beginning(program, dtype)
    expected, due = reference(program, state, examples, order, batch, {RATE: rates})
    kernel = compile_training(program, error=E, dtype=dtype)
    assert kernel.run(state, examples, order, batch, {RATE: rates}, errors) == updates
    scale = np.maximum(1.0, np.abs(due))
    return max(gap(state, expected), float(np.max(np.abs(errors - due) / scale)))


@pytest.mark.parametrize("rows", [1, 3, 15, 16, 33, 161, 200])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_lanes_across_the_rows_of_narrow_networks(rows: int, dtype: str) -> None:
    for layers in ([1, 1], [5, 2, 1], [8, 3, 8], [70, 1, 1, 20], [3, 19, 4]):
        several = layers[-1] > 1
        activation = ["gelu"] * (len(layers) - 2) + ["softmax" if several else "linear"]
        loss = "cross entropy" if several else "squared error"
        program = network(layers, rows=True, optimizer="adam", activation=activation, loss=loss)
        found = compare(program, layers, batch=rows, updates=6, dtype=dtype, rate=0.001, classes=several)
        assert found < (1e-12 if dtype == "float64" else 1e-5)


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 8, 9, 11, 15, 16, 17, 26, 31])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_every_tail_of_rows_and_columns(rows: int, dtype: str) -> None:
    for width in (1, 2, 9, 16, 17, 37, 50):
        layers = [width, 53 - width, 3]
        program = network(layers, rows=True, optimizer="adam", activation=["relu", "sigmoid"])
        found = compare(program, layers, batch=rows, updates=6, dtype=dtype, rate=0.001)
        assert found < (1e-12 if dtype == "float64" else 1e-5), layers


@pytest.mark.parametrize(("dtype", "optimizer"), [("float64", "adam"), ("float32", "momentum")])
def test_a_batch_that_is_summed_in_parts(dtype: str, optimizer: str) -> None:
    layers, rows = [270, 261, 5], 1030
    program = network(layers, rows=True, optimizer=optimizer, activation=["tanh", "sigmoid"])
    found = compare(program, layers, batch=rows, updates=2, dtype=dtype, rate=0.001)
    assert found < (1e-12 if dtype == "float64" else 1e-5)


@pytest.mark.parametrize("batch", [1, 2, 3, 4, 5, 15, 16, 17, 18])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_dot_products_of_several_rows(batch: int, dtype: str) -> None:
    for layers in ([65, 64, 64, 10], [70, 90, 33], [128, 16, 40]):
        program = network(layers, rows=True, optimizer="momentum", activation=["tanh"] * (len(layers) - 2) + ["linear"])
        found = compare(program, layers, batch=batch, updates=4, dtype=dtype, rate=0.001)
        assert found < (1e-12 if dtype == "float64" else 1e-5), layers


@pytest.mark.parametrize(("inputs", "units"), [(401, 100), (333, 105), (784, 85), (90, 800)])
@pytest.mark.parametrize("batch", [7, 80, 209])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_rows_of_tiles_one_after_the_other(inputs: int, units: int, batch: int, dtype: str) -> None:
    layers = [inputs, units, 3]
    program = network(layers, rows=True, optimizer="momentum", activation=["tanh", "softmax"], loss="cross entropy")
    found = compare(program, layers, batch=batch, updates=3, dtype=dtype, rate=0.001, classes=True)
    assert found < (1e-12 if dtype == "float64" else 1e-5)


@pytest.mark.parametrize("vector_bytes", [16, 32])
@pytest.mark.parametrize(("dtype", "batch"), [("float64", 21), ("float32", 9), ("float32", 300)])
def test_tiles_of_narrower_vectors(vector_bytes: int, dtype: str, batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = replace(this_machine(), vector_bytes=vector_bytes)
    for module in ("machine", "training"):
        monkeypatch.setattr(f"chainrule.targets.llvm.{module}.this_machine", lambda: narrow)
    for layers in ([37, 50, 3], [260, 257, 18]):
        program = network(layers, rows=True, optimizer="momentum", activation=["relu", "softmax"], loss="cross entropy")
        found = compare(program, layers, batch=batch, updates=3, dtype=dtype, rate=0.01, classes=True)
        assert found < (1e-12 if dtype == "float64" else 1e-5), layers


def test_adam_in_float32_where_derivatives_are_zero_or_endless() -> None:
    g = input_node(Name("g"), type_of("real", (40,)))
    w = input_node(Name("w"), type_of("real", (40,)))
    error = node(TABLE["sum"], (w * g,), (0,))
    program = training_program(
        Graph({E: name_node(E, error)}), minimise=E, parameters=[Name("w")], rate=input_node(RATE),
        optimizer=find_optimizer("adam"), initial={Name("w"): of_nested([0.0] * 40)}, examples=[Name("g")],
    )  # fmt: skip
    slopes = np.array([0.0, 1e-30, -1e-12, 1e-3, 1.0, -1e6, 1e15, 1e21] * 5, "f4").reshape(1, 40)
    state, errors = beginning(program, "float32"), np.zeros(2)
    kernel = compile_training(program, error=E, dtype="float32")
    assert kernel.run(state, {Name("g"): slopes}, np.zeros(2, np.int64), 1, {RATE: np.full(2, 0.01)}, errors) == 2
    assert np.allclose(state[Name("w")], [0, 0, 1.9998e-6, -0.0199998, -0.02, 0.02, -0.02, 0] * 5, 1e-6, 1e-15)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("batch", [1, 5], ids=["online", "batch"])
def test_100_updates_of_every_rule(optimizer: str, batch: int) -> None:
    layers = [5, 7, 3]
    program = network(layers, rows=batch > 1, optimizer=optimizer, activation=["tanh", "sigmoid"])
    assert compare(program, layers, batch=batch, updates=100, dtype="float64", rate=0.02) < 1e-10


@pytest.mark.parametrize("options", [{"clip": 0.1}, {"clip_norm": 0.2}, {"decay": 0.01}])
def test_options_of_the_rules(options: dict[str, object]) -> None:
    layers = [5, 20, 3]
    program = network(layers, rows=True, optimizer="momentum", rule=options)
    assert compare(program, layers, batch=6, updates=100, dtype="float64") < 1e-10


@pytest.mark.parametrize("activation", sorted(set(ACTIVATIONS) - {"softmax"}))
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_every_activation(activation: str, dtype: str) -> None:
    layers = [6, 17, 4]
    program = network(layers, rows=True, activation=[activation, "linear"])
    assert compare(program, layers, batch=8, updates=20, dtype=dtype) < (1e-12 if dtype == "float64" else 1e-5)


@pytest.mark.parametrize("layers", [[2, 2, 1], [64, 32, 10], [33, 17, 9, 5], [1, 1], [3, 40, 100, 2]])
@pytest.mark.parametrize("batch", [None, 1, 19])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_widths_and_depths(layers: list[int], batch: int | None, dtype: str) -> None:
    program = network(layers, rows=batch is not None)
    found = compare(program, layers, batch=batch or 1, updates=20, dtype=dtype)
    assert found < (1e-12 if dtype == "float64" else 1e-5)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_softmax_and_cross_entropy(dtype: str) -> None:
    layers = [8, 16, 10]
    program = network(layers, rows=True, activation=["relu", "softmax"], loss="cross entropy", optimizer="adam")
    found = compare(program, layers, batch=7, updates=50, dtype=dtype, rate=0.01, classes=True)
    assert found < (1e-10 if dtype == "float64" else 1e-4)


# rprop looks at signs alone: once a network is trained, that of a derivative of 1e-17 is an accident of rounding, and
# the step it decides is not. quickprop divides by the difference of two slopes, of which as little may be left. Both
# are compared over 100 updates above, on networks that are not at their minimum yet, and each update by itself in
# tests/training.
SMOOTH = sorted(set(OPTIMIZERS) - {"rprop", "quickprop"})


@given(
    layers=st.lists(st.sampled_from([1, 2, 3, 7, 8, 10, 16, 17, 31, 40, 65, 130, 300]), min_size=2, max_size=4),
    activation=st.sampled_from(["sigmoid", "tanh", "softplus", "elu", "gelu"]),
    optimizer=st.sampled_from(SMOOTH),
    batch=st.sampled_from([None, 1, 2, 7, 8, 9, 16, 33]),
    over=st.sampled_from(["sum", "mean"]),
)
@settings(max_examples=12)
def test_random_networks(layers: list[int], activation: str, optimizer: str, batch: int | None, over: str) -> None:
    program = network(layers, rows=batch is not None, optimizer=optimizer, activation=activation, over=over)
    rate = 1e-3 / (layers[0] * (batch or 1))
    assert compare(program, layers, batch=batch or 1, updates=100, dtype="float64", rate=rate) < 1e-10


@given(data=st.data(), optimizer=st.sampled_from(["sgd", "momentum", "adam"]), rows=st.booleans())
@settings(max_examples=12)
def test_random_networks_without_layers(data: st.DataObject, optimizer: str, rows: bool) -> None:
    """Arrays wired freely, each made from any earlier ones."""
    x, t = array("x", 6), array("t", 3)
    made, initial = [x], {}
    for k in range(data.draw(st.integers(2, 5))):
        size = data.draw(st.sampled_from([1, 3, 5, 17])) if k else 5
        total = None
        for source in data.draw(st.sets(st.sampled_from(range(len(made))), min_size=1, max_size=3)):
            w = array(f"w{k}_{source}", size, *made[source].type.shape)
            initial[label_of(w)] = of_nested(np.random.default_rng(k).uniform(-1, 1, w.type.shape).tolist())
            total = w @ made[source] if total is None else total + w @ made[source]
        made.append(node(TABLE["tanh"], (total,)))
    last = array("v", 3, *made[-1].type.shape)
    initial[Name("v")] = of_nested(np.random.default_rng(9).uniform(-1, 1, last.type.shape).tolist())
    d = last @ made[-1] - t
    graph = Graph({E: name_node(E, node(TABLE["sum"], (d * d,), (0,)))})
    known = graph.inputs()
    initial = {label: value for label, value in initial.items() if label in known}
    if X not in known:
        return
    program = training_program(
        batch_loss(graph, E, [X, T]) if rows else graph, minimise=E, parameters=list(initial), rate=input_node(RATE),
        optimizer=find_optimizer(optimizer), initial=initial, examples=[X, T],
    )  # fmt: skip
    assert compare(program, [6, 3], batch=7 if rows else 1, updates=100, dtype="float64", rate=0.002) < 1e-10


KERNELS: dict[str, tuple[TrainingKernel | LevelUpdates, Program]] = {}


def kernel_of(name: str, make: Callable[[], Program]) -> tuple[TrainingKernel | LevelUpdates, Program]:
    if name not in KERNELS:
        program = make()
        KERNELS[name] = compile_training(program, error=E), program
    return KERNELS[name]


@given(first=st.integers(0, 9), second=st.integers(0, 9), batch=st.integers(1, 20))
@settings(max_examples=30)
def test_chunks_are_one_long_run_bit_for_bit(first: int, second: int, batch: int) -> None:
    kernel, program = kernel_of("batch", lambda: network([5, 9, 3], rows=True, optimizer="adam"))
    examples = data([5, 9, 3], 23, "float64")
    order = np.random.default_rng(3).integers(0, 23, (first + second) * batch)
    rates = np.linspace(0.1, 0.2, first + second)
    whole, parts = beginning(program, "float64"), beginning(program, "float64")
    errors, halves = np.zeros(first + second), np.zeros(first + second)
    assert kernel.run(whole, examples, order, batch, {RATE: rates}, errors) == first + second
    kernel.run(parts, examples, order[: first * batch], batch, {RATE: rates[:first]}, halves[:first])
    kernel.run(parts, examples, order[first * batch :], batch, {RATE: rates[first:]}, halves[first:])
    assert all(np.array_equal(whole[label], parts[label]) for label in whole)
    assert np.array_equal(errors, halves)


@given(epoch=st.integers(1, 30), rows=st.integers(0, 70), batch=st.integers(1, 20))
@settings(max_examples=30)
def test_epochs_in_one_call_are_a_call_for_each(epoch: int, rows: int, batch: int) -> None:
    kernel, program = kernel_of("batch", lambda: network([5, 9, 3], rows=True, optimizer="adam"))
    examples = data([5, 9, 3], 23, "float64")
    order = np.random.default_rng(3).integers(0, 23, rows)
    updates = sum(-(-min(epoch, rows - start) // batch) for start in range(0, rows, epoch))
    rates = np.linspace(0.1, 0.2, updates)
    whole, parts, known = (beginning(program, "float64") for _ in range(3))
    errors, others, due = np.zeros(updates), np.zeros(updates), np.zeros(updates)
    assert kernel.run(whole, examples, order, batch, {RATE: rates}, errors, epoch=epoch) == updates
    done = 0
    for start in range(0, rows, epoch):
        part = order[start : start + epoch]
        done += kernel.run(parts, examples, part, batch, {RATE: rates[done:]}, others[done:])
    reference = ReferenceKernel(program, error=E)
    assert reference.run(known, examples, order, batch, {RATE: rates}, due, epoch=epoch) == updates
    assert all(np.array_equal(whole[label], parts[label]) for label in whole)
    assert np.array_equal(errors, others)
    assert np.allclose(errors, due, rtol=1e-12, atol=1e-12)


def test_it_stops_at_the_first_error_that_is_not_finite_and_leaves_the_state() -> None:
    kernel, program = kernel_of("online", lambda: network([5, 9, 3]))
    examples = data([5, 9, 3], 10, "float64")
    examples[X][7, 2] = np.nan
    order, rates, errors = np.arange(10), np.full(10, 0.1), np.full(10, -1.0)
    state = beginning(program, "float64")
    assert kernel.run(state, examples, order, 1, {RATE: rates}, errors) == 7
    assert np.isnan(errors[7])
    assert (errors[8:] == -1).all()
    assert np.isfinite(errors[:7]).all()
    good = beginning(program, "float64")
    assert kernel.run(good, examples, order[:7], 1, {RATE: rates}, errors) == 7
    assert all(np.array_equal(good[label], state[label]) for label in state)


def test_states_change_at_the_same_time() -> None:
    a, b = input_node(Name("a")), input_node(Name("b"))
    step = Graph({E: name_node(E, a - a)})
    program = Program(step, {Name("a"): State(a, b, 1), Name("b"): State(b, a + b, 1)})
    state = {Name("a"): np.array(1.0), Name("b"): np.array(1.0)}
    assert compile_training(program, error=E).run(state, {}, np.zeros(9, np.int64), 1, {}, np.zeros(9)) == 9
    assert state == {Name("a"): 55.0, Name("b"): 89.0}


def test_states_that_read_each_other_as_arrays() -> None:
    shape = type_of("real", (3, 3))
    a, b = input_node(Name("a"), shape), input_node(Name("b"), shape)
    total = node(TABLE["sum"], (a,), (0, 1))
    turned = node(TABLE["transpose"], (a,), (1, 0))
    program = Program(
        Graph({E: name_node(E, total)}),
        {Name("a"): State(a, turned @ b, None), Name("b"): State(b, node(TABLE["transpose"], (b,), (1, 0)), None)},
    )
    first, second = np.arange(9.0).reshape(3, 3) / 10, np.eye(3) + 0.1 * np.arange(3)
    state = {Name("a"): first.copy(), Name("b"): second.copy()}
    errors = np.zeros(2)
    assert compile_training(program, error=E).run(state, {}, np.zeros(2, np.int64), 1, {}, errors) == 2
    one = first.T @ second
    assert np.allclose(state[Name("a")], one.T @ second.T, rtol=1e-13)
    assert np.array_equal(state[Name("b")], second)
    assert errors.tolist() == pytest.approx([first.sum(), one.sum()])


@pytest.mark.parametrize("rows", [2, 7, 16, 250])
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("added", [True, False])
def test_a_product_that_is_added_to_a_state_where_it_lies(rows: int, known: bool, added: bool) -> None:
    size = rows if known else "N"
    w, x, t = array("w", 19, 37), array("x", size, 37), array("t", size, 19)
    product = node(TABLE["transpose"], (t,), (1, 0)) @ x
    total = node(TABLE["sum"], (w,), (0, 1))
    after = w + product if added else w - product
    program = Program(Graph({E: name_node(E, total)}), {Name("w"): State(w, after, None)}, (x, t))
    drawn = np.random.default_rng(rows)
    first, inputs, targets = (drawn.uniform(-1, 1, shape) for shape in ((19, 37), (2, rows, 37), (2, rows, 19)))
    state, errors = {Name("w"): first.copy()}, np.zeros(2)
    kernel = compile_training(program, error=E)
    if known:
        parts, order, batch = {Name("x"): inputs, Name("t"): targets}, np.arange(2), 1
    else:
        parts = {Name("x"): inputs.reshape(-1, 37), Name("t"): targets.reshape(-1, 19)}
        order, batch = np.arange(2 * rows), rows
    assert kernel.run(state, parts, order, batch, {}, errors) == 2
    due = first + (1 if added else -1) * sum(one.T @ other for one, other in zip(targets, inputs, strict=True))
    assert np.allclose(state[Name("w")], due, rtol=0, atol=1e-12)


def test_conditions_count_as_numbers() -> None:
    s = input_node(Name("s"))
    for after in (GREATER(s, const(1)), WHERE(GREATER(s, const(1)), s, GREATER(s, const(0))) + GREATER(s, const(0))):
        program = Program(Graph({E: name_node(E, s)}), {Name("s"): State(s, after, 3)})
        state = {Name("s"): np.array(3.0)}
        compile_training(program, error=E).run(state, {}, np.zeros(1, np.int64), 1, {}, np.zeros(1))
        assert state[Name("s")] == (1.0 if after.op is GREATER else 4.0)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_very_large_program_of_single_numbers(dtype: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = np.random.default_rng(0)
    names = [Name(f"w{k}") for k in range(60)]
    a = x = input_node(Name("x"))
    for name in names:
        a = node(TABLE["sigmoid"], (input_node(name) * a + x,))
    d = a - input_node(Name("t"))
    program = training_program(
        Graph({E: name_node(E, d * d)}), minimise=E, parameters=names, rate=input_node(RATE),
        optimizer=find_optimizer("momentum"), initial={name: numbers.uniform(-1, 1) for name in names}, examples=[X, T],
    )  # fmt: skip
    examples = {label: numbers.uniform(0, 1, 9).astype(dtype) for label in (X, T)}
    examples[X][8] = np.nan
    order, rates, errors = np.array([3, 1, 4, 1, 5, 7, 2, 8, 0]), {RATE: np.full(9, 0.5)}, [np.zeros(9), np.zeros(9)]
    states = [beginning(program, dtype), beginning(program, dtype)]
    plain = compile_training(program, error=E, dtype=dtype)
    monkeypatch.setattr(singles, "LARGE_PROGRAM", 100)
    tables = compile_training(program, error=E, dtype=dtype)
    assert isinstance(plain, TrainingKernel)
    assert isinstance(tables, LevelUpdates)
    assert plain.run(states[0], examples, order, 1, rates, errors[0]) == 7
    assert tables.run(states[1], examples, order, 1, rates, errors[1]) == 7
    assert gap(states[0], states[1]) < (1e-12 if dtype == "float64" else 1e-5)
    expected, due = reference(program, beginning(program, dtype), examples, order[:7], 1, rates)
    assert gap(states[1], expected) < (1e-12 if dtype == "float64" else 1e-5)
    assert np.allclose(errors[1][:7], due, rtol=1e-5)
    with pytest.raises(ChainruleError, match="order is of float64"):
        tables.run(states[1], examples, order * 1.0, 1, rates, errors[1])


def test_random_numbers_with_keys_of_the_loop_in_float32() -> None:
    key = input_node(Name("key"))
    w, x = input_node(Name("w"), type_of("real", (3, 20))), array("x", "N", 3, 20)
    mask = node(TABLE["uniform"], (key, const(5)), (3, 20))
    error = node(TABLE["sum"], (x * w * mask,), (0, 1, 2))
    program = Program(Graph({E: name_node(E, error)}), {Name("w"): State(w, w + mask, None)}, (x,), {Name("key"): key})
    keys = np.array([0.0, 7.0, 2.0**53 - 1])
    state = {Name("w"): np.zeros((3, 20), "f4")}
    order, errors = np.zeros(6, np.int64), np.zeros(3)
    kernel = compile_training(program, error=E, dtype="float32")
    assert kernel.run(state, {X: np.ones((1, 3, 20), "f4")}, order, 2, {Name("key"): keys}, errors) == 3
    drawn = [[uniform(seed_key(int(k)), (5, j)) for j in range(60)] for k in keys]
    assert np.allclose(state[Name("w")].ravel(), np.sum(drawn, axis=0), rtol=1e-6)
    assert np.isclose(errors[1], 2 * np.dot(drawn[0], drawn[1]), rtol=1e-5)


def array(name: str, *shape: int | str) -> Any:
    return input_node(Name(name), type_of("real", shape))


def test_what_is_given_stays_the_same() -> None:
    w, x, c = input_node(Name("w"), type_of("real", (7,))), array("x", 7), array("c", 7)
    error = node(TABLE["sum"], (w * x,), (0,))
    program = Program(Graph({E: name_node(E, error)}), {Name("w"): State(w, w + c * x, None)}, (x,))
    kernel = compile_training(program, error=E)
    state, rows, errors = {Name("w"): np.zeros(7)}, np.arange(21.0).reshape(3, 7), np.zeros(3)
    arguments: tuple[Any, ...] = (state, {X: rows}, np.arange(3), 1, {}, errors)
    with pytest.raises(ChainruleError, match="c has no value"):
        kernel.run(*arguments)
    with pytest.raises(ChainruleError, match="c has the shape"):
        kernel.run(*arguments, given={Name("c"): np.ones(6)})
    assert kernel.run(*arguments, given={Name("c"): np.arange(7.0)}) == 3
    assert np.array_equal(state[Name("w")], np.arange(7.0) * rows.sum(axis=0))


def fitting() -> dict[str, Any]:
    _, program = kernel_of("online", lambda: network([5, 9, 3]))
    return {
        "state": beginning(program, "float64"), "examples": data([5, 9, 3], 10, "float64"), "order": np.arange(10),
        "batch": 1, "scalars": {RATE: np.full(10, 0.1)}, "errors": np.zeros(10),
    }  # fmt: skip


def read_only() -> Any:
    values = np.zeros(10)
    values.flags.writeable = False
    return values


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"batch": 2}, "found a batch of 2, expected 1"),
        ({"order": np.arange(10.0)}, "order is of float64, expected int64"),
        ({"order": np.array([0, 10])}, "order names the row 10, but x has 10 rows"),
        ({"order": np.array([0, -1])}, "order names the row -1"),
        ({"errors": np.zeros(9)}, "errors has 9 numbers, expected at least 10"),
        ({"errors": read_only()}, "errors is read-only"),
        ({"scalars": {}}, "rate has no value"),
        ({"scalars": {RATE: np.full(9, 0.1)}}, "rate has 9 numbers"),
        ({"examples": {X: np.zeros((10, 4)), T: np.zeros((10, 3))}}, "x has the shape (10, 4), expected (rows, 5)"),
        ({"examples": {X: np.zeros((10, 5), "f4"), T: np.zeros((10, 3))}}, "x is of float32, expected float64"),
        ({"examples": {X: np.zeros((5, 10)).T, T: np.zeros((10, 3))}}, "x is not C-contiguous"),
        ({"examples": {X: [[0.0] * 5] * 10, T: np.zeros((10, 3))}}, "x is a list, expected a NumPy array"),
        ({"state": {}}, "W1 has no value"),
    ],
)
def test_native_code_never_reads_or_writes_beside_an_array(change: dict[str, Any], found: str) -> None:
    kernel, _ = kernel_of("online", lambda: network([5, 9, 3]))
    assert kernel.run(**fitting()) == 10
    with pytest.raises(ChainruleError) as caught:
        kernel.run(**(fitting() | change))
    assert found in str(caught.value)


def test_an_error_that_is_no_number_of_the_program_is_named() -> None:
    program = network([2, 2, 1])
    with pytest.raises(ChainruleError, match="W1 is an array of shape"):
        compile_training(program, error=Name("W1"))
    with pytest.raises(ChainruleError, match="F is no quantity of this program"):
        compile_training(program, error=Name("F"))


# The text.

AVX2 = Machine("x86_64-unknown-linux-gnu", "x86-64-v3", "", 32)


def text_for(program: Program, dtype: DType, machine: Machine) -> str:
    return program_text(program, program_code(program, program.step.outputs[E], dtype, machine), machine)


def test_the_text_of_online_xor(golden: Callable[[str, str], None]) -> None:
    golden("llvm_online_2_2_1.ll", text_for(network([2, 2, 1]), "float64", AVX2))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("rows", [False, True])
def test_object_code_for_other_machines(dtype: DType, rows: bool) -> None:
    program = network([9, 20, 4], rows=rows, optimizer="adam")
    for machine, number in ((AARCH64, 183), (AVX2, 62)):
        code = object_code(text_for(program, dtype, machine), machine)
        assert code[:4] == b"\x7fELF"
        assert int.from_bytes(code[18:20], "little") == number
