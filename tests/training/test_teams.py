"""Threads make updates together where these take long enough, on as many processors as there are."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.training import teams
from chainrule.training.teams import team_of


def test_small_updates_are_made_by_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 5}, raising=False)
    assert team_of(2, 32, 4_810) == 1
    assert team_of(2, 128, 669_706) == 2
    assert team_of(8, 128, 669_706) == 3  # processors
    assert team_of(1, 4096, 10**7) == 1


def test_where_processors_are_only_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    for count, due in ((4, 4), (None, 1)):
        monkeypatch.setattr(os, "cpu_count", lambda count=count: count)
        assert team_of(4, 128, 669_706) == due


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("options", [{}, {"dropout": 0.2, "l2": 1e-3}, {"validation": 0.2, "seed": 3}])
def test_what_is_learned_is_the_same(options: dict[str, Any], dtype: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teams, "_WORTH", 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    numbers = np.random.default_rng(1)
    X, T = numbers.normal(size=(150, 40)), np.eye(5)[numbers.integers(0, 5, 150)]
    found = []
    for threads in (1, 2, 4):
        net = cr.MLP([40, 400, 30, 5], activation=["relu", "tanh", "softmax"], loss="cross entropy", dtype=dtype)
        history = cr.train(net, X, T, optimizer=cr.adam(0.01), batch=64, epochs=3, threads=threads, **options)
        found.append((net.parameters, list(history.rows)))
    for parameters, rows in found[1:]:
        assert all((parameters[name] == found[0][0][name]).all() for name in parameters)
        assert rows == found[0][1]
