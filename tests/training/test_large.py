"""Large networks, of which no second state is kept, learn as small ones do, as a limit of no bytes tells."""

from __future__ import annotations

from itertools import count
from typing import Any

import numpy as np
import pytest
from tests.training.test_loop import data, network, same, state, trained

from chainrule.training import run
from chainrule.training.loop import TrainingWarning, train
from chainrule.training.model import MLP
from chainrule.training.rules import momentum, sgd

OPTIONS: list[dict[str, Any]] = [
    {},
    {"batch": "all"},
    {"stop": "E < 0.118"},
    {"keep": "best"},
    {"keep": "best", "batch": "all"},
    {"patience": 2, "optimizer": sgd(3.0)},
    {"patience": 2, "keep": "best", "optimizer": sgd(3.0)},
    {"validation": 0.2, "optimizer": sgd(2.0)},
    {"validation": 0.2, "keep": "last"},
    {"updates": 57},
    {"stop": lambda row: row["epoch"] == 7},
    {"engine": "reference", "keep": "best", "epochs": 5},
]


@pytest.mark.parametrize("soon", [0, 10, 10**6])
@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
def test_without_a_second_state_everything_is_the_same(
    options: dict[str, Any], soon: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, T = data(15)
    given = {"batch": 3, "epochs": 20, "optimizer": momentum(0.1), **options}
    due = trained(network, X, T, **given)
    monkeypatch.setattr(run, "SMALL", 0)
    monkeypatch.setattr(run, "perf_counter", count().__next__)  # so that time is looked at in the middle, too
    monkeypatch.setattr(run, "SOON", soon)
    same(due, trained(network, X, T, **given))


@pytest.mark.parametrize("soon", [0, 10, 10**6])
@pytest.mark.parametrize("options", [{}, {"batch": 1}, {"batch": "all"}, {"patience": 50}], ids=str)
def test_after_a_divergence_the_best_parameters_are_handed_over(
    options: dict[str, Any], soon: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "perf_counter", count().__next__)  # so that time is looked at in the middle, too
    monkeypatch.setattr(run, "SOON", soon)
    X, T = data(10)
    found = []
    for limit in (run.SMALL, 0):
        monkeypatch.setattr(run, "SMALL", limit)
        net = MLP([3, 4, 2], activation="linear", loss="squared error", seed=1)
        given = {"batch": 5, "epochs": 1000, "optimizer": sgd(1.0), **options}
        with pytest.warns(TrainingWarning, match=r"diverged in epoch \d+, update \d+"):
            history = train(net, X, T, **given)
        assert history.stopped_by == "diverged"
        found.append((state(net), history.best, [*history]))
    (small, *rows), (large, *others) = found
    assert str(rows) == str(others)  # nan is not equal to itself
    assert np.array_equal(small, large)


@pytest.mark.parametrize("options", [{}, {"patience": 5}], ids=str)
def test_a_network_keeps_its_parameters_where_nothing_is_better(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "SMALL", 0)
    X, T = data(20)
    net = MLP([3, 4, 2], activation="linear", loss="squared error", seed=1)
    before = state(net)
    with pytest.warns(TrainingWarning, match="diverged in epoch 1"):
        history = train(net, X, T, optimizer=sgd(9.0), epochs=5, **options)
    assert history.best == 0
    assert np.array_equal(state(net), before)


@pytest.mark.parametrize("limit", [run.SMALL, 0])
def test_who_judges_an_epoch_sees_the_model_as_it_left_it(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "SMALL", limit)
    X, T = data(15)
    net, seen = network(), []

    def judge(row: Any) -> bool:
        seen.append(state(net))
        return bool(row["epoch"] == 4)

    train(net, X, T, batch=5, epochs=9, optimizer=momentum(0.1), stop=judge, keep="last")
    for epochs, found in enumerate(seen, 1):
        other = network()
        train(other, X, T, batch=5, epochs=epochs, optimizer=momentum(0.1))
        assert np.array_equal(found, state(other))
    assert len(seen) == 4


@pytest.mark.parametrize("limit", [run.SMALL, 0])
def test_patience_and_validation_leave_the_model_alone_until_the_end(
    limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "SMALL", limit)
    handed: list[Any] = []
    usual = run._Run._hand_over
    monkeypatch.setattr(run._Run, "_hand_over", lambda self, to: (handed.append(to), usual(self, to)))
    X, T = data(15)
    train(network(), X, T, batch=5, epochs=40, optimizer=sgd(0.1), patience=30, validation=data(9, seed=2))
    assert len(handed) == 1


@pytest.mark.parametrize("limit", [run.SMALL, 0])
@pytest.mark.parametrize(
    "options",
    [{}, {"keep": "best"}, {"updates": 23}, {"batch": "all"}, {"over": "sum", "optimizer": sgd(9.0)}],
    ids=str,
)
def test_rows_that_nobody_judges_are_those_that_somebody_does(
    options: dict[str, Any], limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "SMALL", limit)
    X, T = data(15)
    given = {"batch": 4, "epochs": 300, "optimizer": momentum(0.9), **options}
    same(trained(network, X, T, **given), trained(network, X, T, stop="E < 0", **given))
