from __future__ import annotations

import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from tests.training.wired import RULES, random_network

from chainrule.errors import ProblemError, ShapeError
from chainrule.node import label_of
from chainrule.randomness import fold, fold_text, permutation, seed_key
from chainrule.training import run, spans
from chainrule.training.history import History
from chainrule.training.loop import TrainingWarning, train
from chainrule.training.model import MLP, Model
from chainrule.training.order import order_of_epoch, orders_of_epochs
from chainrule.training.rules import Rule, adam, as_rule, lbfgs, momentum, quickprop, sgd
from chainrule.training.schedules import adaptive_rate, cosine_rate, exponential_rate, warm_up

XOR = (np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0]))


def data(rows: int, inputs: int = 3, outputs: int = 2, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return random.normal(size=(rows, inputs)), random.uniform(size=(rows, outputs))


def network(**options: Any) -> MLP:
    return MLP([3, 4, 2], **{"activation": ["tanh", "sigmoid"], "seed": 1, **options})


def free_network(**options: Any) -> Model:
    """Two hidden units in a row, and connections that skip them."""
    return Model(
        """
        h1 = tanh(w1*x1 + w2*x2 + b1)
        h2 = sigmoid(w3*x2 + w4*h1 + b2)
        o = w5*h2 + w6*x1 + w7*h1
        E = 1/2*(t - o)^2
        """,
        inputs=["x1", "x2"],
        targets=["t"],
        parameters=["w1", "w2", "w3", "w4", "w5", "w6", "w7", "b1", "b2"],
        biases=["b1", "b2"],
        **options,
    )


def state(model: Model) -> np.ndarray:
    return np.concatenate([value.ravel() for value in model.parameters.values()])


def trained(make: Callable[[], Model], X: Any, T: Any, **options: Any) -> tuple[np.ndarray, History]:
    model = make()
    history = train(model, X, T, **options)
    return state(model), history


def same(one: tuple[np.ndarray, History], other: tuple[np.ndarray, History]) -> None:
    assert np.array_equal(one[0], other[0])
    assert one[1].rows == other[1].rows
    assert (one[1].stopped_by, one[1].updates, one[1].best) == (other[1].stopped_by, other[1].updates, other[1].best)


# -- native and reference


@pytest.mark.filterwarnings("ignore::chainrule.training.loop.TrainingWarning")
@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("batch", [1, 4, "all"])
def test_native_training_equals_the_reference(name: str, batch: Any) -> None:
    X, T = data(10)
    # Where Quickprop divides by small differences, one unit in the last place grows: see test_every_update.py.
    epochs = 10 if batch == 1 or name == "quickprop" else 25
    options: dict[str, Any] = {"batch": batch, "epochs": epochs, "over": "mean"}
    for make, targets in ((network, T), (free_network, T[:, 0])):
        inputs = X if make is network else X[:, :2]
        rule = Rule(as_rule(name).optimizer, as_rule("sgd").rate)  # type: ignore[union-attr]
        native, history = trained(make, inputs, targets, optimizer=rule, **options)
        reference, other = trained(make, inputs, targets, optimizer=rule, engine="reference", **options)
        assert np.allclose(native, reference, rtol=1e-10, atol=1e-10)
        assert np.allclose(history.column("error"), other.column("error"), rtol=1e-10, atol=1e-12)


@pytest.mark.filterwarnings("ignore::chainrule.training.loop.TrainingWarning")
@pytest.mark.parametrize("seed", range(18))
def test_a_hundred_updates_of_networks_wired_at_random(seed: int) -> None:
    random = Random(seed)
    name = RULES[seed % len(RULES)]
    net = random_network(random)
    rows = 10
    X = {str(label_of(one).text): np.random.default_rng(seed + k).normal(size=rows)  # type: ignore[union-attr]
         for k, one in enumerate(net.inputs)}  # fmt: skip
    T = np.random.default_rng(seed).uniform(size=rows)
    start = net.parameters.copy()
    # Quickprop divides by differences of slopes that vanish, which makes the last digits the first: 100 of it below.
    due = 20 if name == "quickprop" else 100
    options: dict[str, Any] = {"epochs": 1000, "updates": due, "batch": 1 if seed % 2 else "all", "shuffle": False}
    options["optimizer"] = Rule(as_rule(name).optimizer, as_rule(sgd(0.05)).rate)  # type: ignore[union-attr]
    found = []
    for engine in ("native", "reference"):
        net.parameters = start
        history = train(net, X, T, engine=engine, **options)  # type: ignore[arg-type]
        assert history.updates == due
        found.append(state(net))
    assert np.allclose(*found, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("rate", [0.05, 0.3])
def test_a_hundred_updates_of_quickprop_where_the_error_is_nearly_a_bowl(seed: int, rate: float) -> None:
    numbers = np.random.default_rng(seed)
    X, T = numbers.normal(size=(40, 3)), numbers.uniform(0.2, 0.8, size=(40, 2))
    found = [
        trained(lambda: MLP([3, 2], seed=seed), X, T, optimizer=quickprop(rate), batch="all", epochs=100, engine=engine)
        for engine in ("native", "reference")
    ]
    assert [history.updates for _, history in found] == [100, 100]
    assert np.allclose(found[0][0], found[1][0], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("n", [1, 2, 7, 99, 100, 101, 104, 1_003, 30_000])
def test_the_order_of_many_rows_is_that_of_the_generator(n: int) -> None:
    order = order_of_epoch(n, 3, shuffle=True, seed=5)
    assert order.tolist() == permutation(fold(fold_text(seed_key(5), "shuffle"), 3), n)


def test_the_bar_moves_within_a_long_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[float, float | None, float]] = []

    @contextmanager
    def bar(epochs: int, *, show: bool | None) -> Iterator[Callable[..., None]]:
        yield lambda *what: told.append(what)

    monkeypatch.setattr(run, "progress_bar", bar)
    monkeypatch.setattr(spans, "CHUNK", 1e-9)
    monkeypatch.setattr(spans, "FIRST", 1)
    X, T = data(8)
    _, history = trained(network, X, T, batch=2, epochs=2, optimizer=sgd(0.1))
    first, second = history.column("error")
    assert [epochs for epochs, _, _ in told] == [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2]
    assert [error for _, error, _ in told] == [None] * 3 + [first] * 4 + [second]
    assert {rate for _, _, rate in told} == {0.1}


def test_float32_is_near_float64() -> None:
    X, T = data(40)
    double, _ = trained(network, X, T, epochs=20)
    single, _ = trained(lambda: network(dtype="float32"), X, T, epochs=20)
    assert single.dtype == np.float32
    assert np.allclose(single, double, atol=1e-3)


def test_online_training_is_the_algorithm_of_the_lecture() -> None:
    """w := w - rate*dE/dw, one example after the other, by the model's own gradient."""
    X, T = data(7)
    slow = network()
    errors = []
    for _ in range(3):
        total = 0.0
        for x, t in zip(X, T, strict=True):
            total += slow.loss([x], [t])
            for name, slope in slow.gradient([x], [t]).items():
                slow.parameters[name] = slow.parameters[name] - 0.3 * slope
        errors.append(total)
    fast, history = trained(network, X, T, optimizer=sgd(0.3), epochs=3, over="sum", shuffle=False)
    assert np.allclose(fast, state(slow), atol=1e-12)
    assert np.allclose(history.column("error"), errors, atol=1e-12)


@pytest.mark.parametrize("over", ["sum", "mean"])
def test_a_full_batch_follows_the_gradient_of_all(over: Any) -> None:
    X, T = data(7)
    slow = network()
    before = slow.loss(X, T, over=over)
    slow.parameters = {name: slow.parameters[name] - 0.1 * g for name, g in slow.gradient(X, T, over=over).items()}
    fast, history = trained(network, X, T, optimizer=sgd(0.1), batch="all", epochs=1, over=over)
    assert np.allclose(fast, state(slow), atol=1e-12)
    assert history[0]["error"] == pytest.approx(before, abs=1e-12)


# -- repeatable


@pytest.mark.parametrize("engine", ["native", "reference"])
def test_a_seed_gives_the_same_bits(engine: Any) -> None:
    X, T = data(30)
    options: dict[str, Any] = {
        "batch": 4, "epochs": 8, "optimizer": adam(0.01), "dropout": 0.3, "validation": 0.2, "engine": engine,
    }  # fmt: skip
    same(trained(network, X, T, seed=5, **options), trained(network, X, T, seed=5, **options))
    assert not np.array_equal(
        trained(network, X, T, seed=5, **options)[0], trained(network, X, T, seed=6, **options)[0]
    )


@pytest.mark.parametrize("batch", [1, 3, 5, "all"])
@pytest.mark.parametrize("options", [{}, {"stop": "E < 0.118"}, {"updates": 57}, {"shuffle": False}], ids=str)
def test_the_cuts_between_calls_change_nothing(batch: Any, options: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    X, T = data(15)
    given: dict[str, Any] = {"batch": batch, "epochs": 40, "optimizer": momentum(0.1), **options}
    whole = trained(network, X, T, **given)
    monkeypatch.setattr(spans, "CHUNK", 1e-9)
    same(whole, trained(network, X, T, **given))
    monkeypatch.setattr(spans, "CHUNK", 100.0)
    monkeypatch.setattr(spans, "FIRST", 1e9)
    same(whole, trained(network, X, T, **given))


def test_errors_are_summed_in_the_same_pieces_whatever_the_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    X, T = data(50)
    monkeypatch.setattr(spans, "SEGMENT", 8)
    whole = trained(network, X, T, epochs=3)
    monkeypatch.setattr(spans, "CHUNK", 1e-9)
    same(whole, trained(network, X, T, epochs=3))


def test_examples_gathered_as_they_are_used_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    X, T = data(25)
    whole = trained(network, X, T, epochs=3, batch=4)
    monkeypatch.setattr(spans, "CONVERTED", 0)
    monkeypatch.setattr(spans, "GATHERED", 50)
    same(whole, trained(network, np.asfortranarray(X), T[::-1][::-1], epochs=3, batch=4))


def test_shuffling_takes_every_example_once() -> None:
    """The error of a frozen network over an epoch does not hang on the order; that of a learning one does."""
    X, T = data(20)
    _, frozen = trained(network, X, T, optimizer=sgd(0.0), epochs=3)
    assert np.allclose(frozen.column("error"), network().loss(X, T))
    fixed, _ = trained(network, X, T, shuffle=False, epochs=2)
    moved, _ = trained(network, X, T, shuffle=True, epochs=2)
    assert not np.array_equal(fixed, moved)


@pytest.mark.parametrize("n", [1, 2, 5, 30])
def test_orders_of_many_epochs_are_those_of_each(n: int) -> None:
    key = fold_text(seed_key(7), "shuffle")
    due = [number for epoch in range(3, 23) for number in permutation(fold(key, epoch), n)]
    assert orders_of_epochs(n, 3, 20, shuffle=True, seed=7).tolist() == due
    assert orders_of_epochs(n, 3, 2, shuffle=False, seed=7).tolist() == [*range(n)] * 2


def test_two_threads_train_at_once() -> None:
    X, T = data(40)
    alone = trained(network, X, T, epochs=30, batch=4)
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda: found.append(trained(network, X, T, epochs=30, batch=4))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for one in found:
        same(alone, one)


# -- when it ends


def test_epochs_and_rows() -> None:
    X, T = data(10)
    _, history = trained(network, X, T, epochs=4, batch=3)
    assert [row["epoch"] for row in history] == [1, 2, 3, 4]
    assert history.column("updates") == [4, 8, 12, 16]
    assert (history.stopped_by, history.epochs, history.updates) == ("epochs", 4, 16)
    assert set(history[0]) == {"epoch", "updates", "error", "rate"}
    with pytest.raises(ProblemError, match="no 'loss'"):
        history.column("loss")


def test_stopping_by_error_is_exact_however_many_epochs_ran_ahead() -> None:
    net = MLP([2, 2, 1], init="uniform(-0.5, 0.5)", seed=3)
    history = train(net, *XOR, optimizer=momentum(0.5), epochs=5000, over="sum", shuffle=False, stop="E < 0.02")
    assert history.stopped_by == "E < 0.02"
    assert history[-1]["error"] < 0.02 <= history[-2]["error"]
    again = MLP([2, 2, 1], init="uniform(-0.5, 0.5)", seed=3)
    train(again, *XOR, optimizer=momentum(0.5), epochs=history.epochs, over="sum", shuffle=False)
    assert np.array_equal(state(net), state(again))


@pytest.mark.parametrize("updates", [1, 5, 13, 26])
def test_stopping_by_updates(updates: int) -> None:
    X, T = data(13)
    _, history = trained(network, X, T, epochs=100, updates=updates)
    assert (history.updates, history.stopped_by) == (updates, "updates")
    assert history.epochs == -(-updates // 13)


def test_stopping_by_change_and_by_a_function() -> None:
    X, T = data(10)
    _, history = trained(network, X, T, epochs=3000, batch="all", change=1e-5)
    errors = history.column("error")
    assert history.stopped_by == "change < 1e-05"
    assert abs(errors[-1] - errors[-2]) < 1e-5 <= abs(errors[-2] - errors[-3])
    net = network()
    seen: list[float] = []

    def enough(row: Any) -> bool:
        seen.append(net.loss(X, T))
        return row["epoch"] == 3

    history = train(net, X, T, epochs=10, stop=enough)
    assert (history.stopped_by, history.epochs) == ("condition", 3)
    assert seen[0] > seen[1] > seen[2] == net.loss(X, T)


def test_stopping_by_time() -> None:
    X, T = data(100)
    history = train(network(), X, T, epochs=10**9, seconds=0.05)
    assert history.stopped_by == "seconds"
    assert history.updates > 0


def test_patience_puts_the_best_back() -> None:
    X, T = data(12, seed=3)
    held = data(12, seed=4)
    net = network()
    history = train(net, X, T, optimizer=adam(0.05), batch=4, epochs=2000, validation=held, patience=5)
    column = history.column("validation")
    assert history.stopped_by == "patience"
    assert history.best == int(np.argmin(column)) + 1 == history.epochs - 5
    assert net.loss(*held) == pytest.approx(min(column), rel=1e-12)


def test_the_last_may_be_kept_all_the_same() -> None:
    X, T = data(12, seed=3)
    held = data(12, seed=4)
    net = network()
    history = train(net, X, T, optimizer=adam(0.05), batch=4, epochs=60, validation=held, keep="last")
    assert history.best is None
    assert net.loss(*held) == pytest.approx(history[-1]["validation"], rel=1e-12)


@pytest.mark.filterwarnings("ignore::chainrule.training.loop.TrainingWarning")
def test_the_best_of_full_batches_has_the_error_that_was_measured() -> None:
    X, T = data(8)
    net = network()
    history = train(net, X, T, optimizer=sgd(40.0), batch="all", epochs=30, over="sum", keep="best")
    assert net.loss(X, T, over="sum") == pytest.approx(min(history.column("error")), rel=1e-12)


def test_a_held_back_part_is_not_learned_from() -> None:
    X, T = data(20)
    worse = T.copy()
    stay, held = run.split(20, 0.25, seed=0, purpose="validation")
    assert len(held) == 5
    assert sorted([*stay, *held]) == list(range(20))
    worse[held] = 0.5
    options: dict[str, Any] = {"epochs": 5, "validation": 0.25, "keep": "last"}
    assert np.array_equal(trained(network, X, T, **options)[0], trained(network, X, worse, **options)[0])


def test_ctrl_c_ends_cleanly_and_keeps_what_was_learned() -> None:
    X, T = data(50)
    net = network()
    before = signal.getsignal(signal.SIGINT)

    def press(row: Any) -> bool:
        if row["epoch"] == 4:
            signal.raise_signal(signal.SIGINT)
        return False

    history = train(net, X, T, epochs=10**6, stop=press)
    assert history.stopped_by == "interrupted"
    assert history.epochs == 4
    assert signal.getsignal(signal.SIGINT) is before
    assert np.array_equal(state(net), trained(network, X, T, epochs=4)[0])


def test_ctrl_c_in_the_middle_of_an_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    X, T = data(1000)
    net = network()
    pressed = threading.Timer(0.2, lambda: signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT))
    monkeypatch.setattr(spans, "CHUNK", 1e-4)
    pressed.start()
    history = train(net, X, T, epochs=10**6, engine="reference")
    pressed.join()
    assert history.stopped_by == "interrupted"
    assert history.updates > 0
    again, _ = trained(network, X, T, epochs=10**6, updates=history.updates, engine="reference")
    assert np.array_equal(state(net), again)


# -- rates


def test_rates_follow_their_schedule() -> None:
    X, T = data(10)
    _, history = trained(network, X, T, optimizer=sgd(exponential_rate(0.4, factor=0.5)), epochs=4)
    assert history.column("rate") == [0.4, 0.2, 0.1, 0.05]
    _, history = trained(network, X, T, optimizer=sgd(warm_up(cosine_rate(0.4, epochs=3), epochs=2)), epochs=6)
    assert history.column("rate") == pytest.approx([0.2, 0.4, 0.4, 0.2, 0.0, 0.0])


def test_a_rate_of_zero_and_one_that_adapts() -> None:
    X, T = data(10)
    after, history = trained(network, X, T, optimizer=sgd(adaptive_rate(0.0)), epochs=6)
    assert np.array_equal(after, state(network()))
    _, history = trained(network, X, T, optimizer=sgd(adaptive_rate(0.3, least=1.0)), epochs=7)
    assert history.column("rate") == pytest.approx([0.3, 0.3, 0.3, 0.06, 0.06, 0.012, 0.012])


# -- penalties


@pytest.mark.parametrize("engine", ["native", "reference"])
def test_penalties_pull_at_weights_and_leave_biases(engine: Any) -> None:
    X, T = data(6)
    for kind, pull in (("l1", np.sign), ("l2", lambda w: w)):
        net = network()
        plain = net.gradient(X, T)
        before = net.parameters.copy()
        train(net, X, T, optimizer=sgd(0.1), batch="all", epochs=1, engine=engine, **{kind: 0.5})
        for name, value in net.parameters.items():
            extra = 0.5 * pull(before[name]) if name.startswith("W") else 0.0
            assert np.allclose(value, before[name] - 0.1 * (plain[name] + extra), atol=1e-12), (kind, name)


def test_dropout_sets_a_share_to_zero_and_keeps_the_mean() -> None:
    """A linear network of ones: the output of an example is the number of units left, over the share left."""
    net = Model(
        "a = v*x; E = sum(a)",
        inputs={"x": ()},
        parameters={"v": np.ones(400)},
        minimise="E",
    )
    history = train(net, np.ones(200), optimizer=sgd(0.0), dropout={"a": 0.25}, shuffle=False, epochs=1)
    assert history[0]["error"] == pytest.approx(400, rel=0.01)
    history = train(net, np.ones(1), optimizer=sgd(0.0), dropout={"a": 0.25}, epochs=1)
    left = history[0]["error"] * 0.75
    assert left == pytest.approx(round(left), abs=1e-9)
    assert 250 < left < 350


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("seed", [0, 2**64 - 1])
def test_dropout_has_the_same_masks_in_native_code(batch: int, seed: int) -> None:
    X, T = data(10)
    options: dict[str, Any] = {"batch": batch, "epochs": 4, "dropout": 0.4, "seed": seed}
    native, _ = trained(network, X, T, **options)
    reference, _ = trained(network, X, T, engine="reference", **options)
    assert np.allclose(native, reference, rtol=1e-12, atol=1e-12)
    assert not np.allclose(native, trained(network, X, T, batch=batch, epochs=4, seed=seed)[0])


def test_dropout_differs_from_update_to_update_and_by_seed() -> None:
    X, T = data(1)
    same_rows = np.repeat(X, 8, axis=0), np.repeat(T, 8, axis=0)
    _, one = trained(network, *same_rows, optimizer=sgd(0.0), batch=1, epochs=6, dropout=0.5, updates=6)
    assert np.isfinite(one[0]["error"])
    a = trained(network, X, T, epochs=5, dropout=0.5, seed=1)[1].column("error")
    b = trained(network, X, T, epochs=5, dropout=0.5, seed=2)[1].column("error")
    assert len(set(a)) > 1
    assert a != b


@pytest.mark.filterwarnings("ignore::chainrule.training.loop.TrainingWarning")
def test_clipping_comes_with_the_rule() -> None:
    X, T = data(10)
    net = network()
    before = net.parameters.copy()
    train(net, X * 100, T * 100, optimizer=sgd(1.0, clip_norm=0.01), batch="all", epochs=1)
    moved = sum(float(np.sum((net.parameters[name] - before[name]) ** 2)) for name in before)
    assert moved**0.5 == pytest.approx(0.01, rel=1e-3)


# -- what goes wrong


def test_divergence_names_epoch_layer_and_quantity_and_keeps_the_best() -> None:
    X, T = data(10)
    net = MLP([3, 4, 2], activation="linear", loss="squared error", seed=1)
    with pytest.warns(TrainingWarning, match=r"diverged in epoch \d+, update \d+: .* \(layer \d\)"):
        history = train(net, X, T, optimizer=sgd(5.0), batch="all", epochs=1000, over="sum")
    assert history.stopped_by == "diverged"
    assert len(history.warnings) == 1
    errors = [row["error"] for row in history if np.isfinite(row["error"])]
    assert net.loss(X, T, over="sum") == pytest.approx(min(errors), rel=1e-9)


def test_divergence_in_the_first_epoch_puts_back_what_it_began_with() -> None:
    X, T = data(20)
    net = MLP([3, 4, 2], activation="linear", loss="squared error", seed=1)
    before = state(net)
    with pytest.warns(TrainingWarning, match=r"diverged in epoch 1, .* before it \S+ \(layer \d\) is \d"):
        history = train(net, X, T, optimizer=sgd(9.0), epochs=5)
    assert (history.stopped_by, history.best) == ("diverged", 0)
    assert np.array_equal(state(net), before)


def test_divergence_online_in_float32() -> None:
    X, T = data(10)
    net = MLP([3, 4, 2], activation="linear", loss="squared error", seed=1, dtype="float32")
    with pytest.warns(TrainingWarning, match="diverged"):
        history = train(net, X, T, optimizer=sgd(2.0), epochs=1000)
    assert history.stopped_by == "diverged"
    assert np.isfinite(state(net)).all()


def test_a_logarithm_of_zero_is_named() -> None:
    net = Model("y = w*x; E = -t*ln(y)", inputs=["x"], targets=["t"], parameters={"w": 0.0})
    with pytest.warns(TrainingWarning, match="E is the first quantity that is not finite"):
        history = train(net, [1.0], [1.0], epochs=3)
    assert (history.stopped_by, history.updates) == ("diverged", 0)


BAD: list[tuple[Any, Any, str]] = [
    (np.zeros((4, 2)), np.zeros((4, 2)), r"X has the shape 4x2, expected examples x 3|X has the shape"),
    (np.zeros((4, 3)), np.zeros((5, 2)), "X has 4 rows, but T has 5"),
    (np.zeros((4, 3)), np.zeros((4, 3)), "T has the shape"),
    (np.zeros((0, 3)), np.zeros((0, 2)), "found no examples"),
    (np.zeros((4, 3)), None, "found no targets"),
    (None, np.zeros((4, 2)), "found no inputs"),
    (np.zeros((4, 3), complex), np.zeros((4, 2)), "complex128, expected real numbers"),
    ([["a", "b", "c"]], np.zeros((1, 2)), "expected real numbers"),
    ([[1, 2, 3], [1, 2]], np.zeros((2, 2)), "rows of different lengths"),
    (np.zeros(3), np.zeros(2), "It seems to be a single example"),
    (3.0, np.zeros(2), "single number"),
    (np.zeros((4, 3)), [0, 1, 2, 0], "T has class 2, expected 0 to 1"),
]  # fmt: skip


@pytest.mark.parametrize(("X", "T", "told"), BAD, ids=[str(k) for k in range(len(BAD))])
def test_examples_that_do_not_fit(X: Any, T: Any, told: str) -> None:
    net = network()
    before = state(net)
    with pytest.raises(ShapeError, match=told):
        train(net, X, T)
    assert np.array_equal(state(net), before)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_found(bad: float) -> None:
    X, T = data(10)
    X[7, 2] = bad
    with pytest.raises(ShapeError, match=r"X has -?(nan|inf) in row 7, at X\[7, 2\]"):
        train(network(), X, T)
    X, T = data(10)
    T[9, 0] = bad
    with pytest.raises(ShapeError, match=r"T has -?(nan|inf) in row 9, at T\[9, 0\]"):
        train(network(), X, T)


def test_numbers_too_large_for_the_dtype_are_found() -> None:
    X, T = data(10)
    X[3, 1] = -1e200
    with pytest.raises(ShapeError, match=r"X has -1e\+200 in row 3, at X\[3, 1\], too large for float32"):
        train(network(dtype="float32"), X, T)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"epochs": 0}, "epochs is 0, expected a whole number above 0"),
        ({"epochs": 2.5}, "epochs is 2.5"),
        ({"updates": -1}, "updates is -1"),
        ({"batch": 0}, "batch is 0"),
        ({"batch": "some"}, "batch is 'some'"),
        ({"over": "max"}, "over is 'max'"),
        ({"stop": "E > 3"}, "found stop = 'E > 3'"),
        ({"stop": "validation < 3"}, "Hold a part of the examples back"),
        ({"stop": 3}, "stop is 3"),
        ({"patience": 0}, "patience is 0"),
        ({"validation": 1.5}, "validation is 1.5"),
        ({"validation": (1,)}, "validation has 1 parts"),
        ({"dropout": 1.0}, "dropout of a1 is 1.0"),
        ({"dropout": {"nothing": 0.5}}, "dropout names 'nothing'"),
        ({"l2": -1}, "l2 is -1"),
        ({"optimizer": "adm"}, "no optimizer 'adm'. Did you mean 'adam'"),
        ({"optimizer": 3}, "optimizer is 3"),
        ({"keep": "all"}, "keep is 'all'"),
        ({"engine": "gpu"}, "engine is 'gpu'"),
        ({"seconds": -1}, "seconds is -1"),
        ({"seed": -1}, "seed is -1"),
    ],
    ids=str,
)
def test_arguments_that_mean_nothing(options: dict[str, Any], told: str) -> None:
    X, T = data(4)
    with pytest.raises(ProblemError) as caught:
        train(network(), X, T, **options)
    assert told in str(caught.value)


def test_one_example_and_a_batch_that_is_larger_than_all() -> None:
    X, T = data(1)
    for batch in (1, 5, "all"):
        _, history = trained(network, X, T, batch=batch, epochs=3)
        assert history.updates == 3


@pytest.mark.parametrize("change", [np.asfortranarray, lambda a: a.astype(np.float32), lambda a: a[::-1][::-1]])
def test_arrays_of_any_layout_are_left_as_they_are(change: Any) -> None:
    X, T = data(10)
    X, T = X.astype(np.float32).astype(float), T.astype(np.float32).astype(float)
    given = change(X)
    given.flags.writeable = False
    before = given.copy()
    assert np.array_equal(trained(network, given, T, epochs=2)[0], trained(network, X, T, epochs=2)[0])
    assert np.array_equal(given, before)


def test_whole_numbers_and_booleans_are_numbers() -> None:
    whole = trained(lambda: MLP([2, 2, 1], seed=1), XOR[0].astype(bool), XOR[1].tolist(), epochs=3)
    same(whole, trained(lambda: MLP([2, 2, 1], seed=1), XOR[0].astype(float), XOR[1].astype(float), epochs=3))


def test_class_numbers_become_rows_with_a_1() -> None:
    X, _ = data(10)
    classes = np.array([0, 1] * 5)
    same(trained(network, X, classes, epochs=2), trained(network, X, np.eye(2)[classes], epochs=2))


def test_lbfgs_solves_what_is_quadratic() -> None:
    pytest.importorskip("scipy")
    X, _ = data(30)
    truth = np.array([[1.0, -2.0, 3.0]])
    net = MLP([3, 1], activation="linear", seed=1)
    history = train(net, X, X @ truth.T + 0.5, optimizer=lbfgs(), epochs=100)
    assert history.stopped_by == "converged"
    assert np.allclose(net.parameters["W1"], truth, atol=1e-3)
    assert np.allclose(net.parameters["b1"], 0.5, atol=1e-3)
    assert all(a >= b for a, b in zip(history.column("error"), history.column("error")[1:], strict=False))


def test_lbfgs_keeps_to_limits_too() -> None:
    pytest.importorskip("scipy")
    X, T = data(12, seed=3)
    held = data(12, seed=4)
    net = network()
    history = train(net, X, T, optimizer=lbfgs(), epochs=500, validation=held, patience=4)
    column = history.column("validation")
    assert history.stopped_by == "patience"
    assert history.best == int(np.argmin(column)) + 1 == history.epochs - 4
    assert net.loss(*held) == pytest.approx(min(column), rel=1e-12)
    assert train(network(), X, T, optimizer=lbfgs(), epochs=500, updates=6).stopped_by == "updates"
    assert train(network(), X, T, optimizer=lbfgs(), epochs=3).stopped_by == "epochs"
    assert train(network(), X, T, optimizer=lbfgs(), epochs=500, stop="E < 0.08").stopped_by == "E < 0.08"
    assert train(network(), X, T, optimizer=lbfgs(), epochs=10**6, seconds=0.0).stopped_by == "seconds"


def test_lbfgs_refuses_what_has_no_gradient() -> None:
    pytest.importorskip("scipy")
    X, T = data(5)
    with pytest.raises(ProblemError, match="neither l1 nor dropout"):
        train(network(), X, T, optimizer="l-bfgs", l1=0.1)


def test_a_model_without_examples_learns_too() -> None:
    valley = Model("E = (w - 3)^2 + 10*(v + 1)^2", inputs=[], parameters={"w": 0.0, "v": 0.0})
    history = train(valley, None, optimizer=sgd(0.05), epochs=500, change=1e-12)
    assert history.stopped_by.startswith("change")
    assert valley.parameters["w"] == pytest.approx(3, abs=1e-4)
    assert valley.parameters["v"] == pytest.approx(-1, abs=1e-4)


def test_progress_goes_to_standard_error_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    X, T = data(5)
    train(network(), X, T, epochs=3)
    assert capsys.readouterr() == ("", "")
    train(network(), X, T, epochs=3, progress=True)
    assert capsys.readouterr().out == ""


def test_no_warning_where_all_is_well() -> None:
    X, T = data(20)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(network(), X, T, epochs=20)


# VmHWM and not ru_maxrss, which begins with the size of the process that this one was forked from.
MAPPED = """
import sys
from pathlib import Path
import numpy as np
from chainrule.training.loop import train
from chainrule.training.model import MLP

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) // 1024

rows = int(sys.argv[1])
X = np.memmap("X", np.float32, "r", shape=(rows, 2))
T = np.memmap("T", np.float32, "r", shape=(rows, 1))
train(MLP([2, 4, 1], dtype="float32"), X, T, batch=64, epochs=1, shuffle=False, updates=3)
before = peak()
history = train(MLP([2, 4, 1], dtype="float32"), X, T, batch=64, epochs=1, shuffle=False)
assert history.updates == -(-rows // 64)
print(before, peak())
"""


@pytest.mark.slow
def test_ten_million_rows_stay_on_the_disk(tmp_path: Path) -> None:
    rows = 10_000_000
    for name, width in (("X", 2), ("T", 1)):
        held = np.memmap(tmp_path / name, np.float32, "w+", shape=(rows, width))
        for start in range(0, rows, 10**6):
            held[start : start + 10**6] = np.random.default_rng(start).uniform(size=(10**6, width))
        held.flush()
        del held
    command = [sys.executable, "-c", MAPPED, str(rows)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[1]) < 300, done.stdout  # megabytes, the pages of the files among them
