"""Runs started from what is kept on disk: the same bits, and what is unusual is left to the usual way."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import subprocess
import sys
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
from chainrule.initialise import draw, law_of, parse_initialiser
from chainrule.randomness import parameter_key
from chainrule.targets.llvm.machine import this_machine
from chainrule.training import kernels, quick, quick_run
from chainrule.training.quick import first_values
from chainrule.training.quick_run import _sums

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or this_machine().family != "x86_64", reason="kernels are kept on x86-64 Linux only"
)
ROWS = [[k % 5 / 4, k % 3 / 2, k % 7 / 7] for k in range(24)]
X, T = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
BUILDS = "chainrule.training.parameters"
SOFTMAX: dict[str, Any] = {"activation": ["tanh", "softmax"], "loss": "cross entropy"}


@pytest.fixture
def quickly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """A switch: whether a process is played that has not built a network yet."""
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path))
    monkeypatch.setattr(kernels, "_held", kernels._Held())
    loaded = SimpleNamespace(modules={BUILDS: None}, implementation=sys.implementation)
    monkeypatch.setattr(quick, "sys", loaded)
    monkeypatch.setattr(quick, "SECONDS", 60)
    monkeypatch.setattr(quick_run, "SECONDS", 60)

    def switch(on: bool) -> None:
        loaded.modules = {} if on else {BUILDS: None}

    return switch


def outcome(network: Mapping[str, Any], *calls: Mapping[str, Any], X: Any = X, T: Any = T) -> tuple[str, bool]:
    """All that can be seen of some runs one after the other, and whether the network was never built for them."""
    layers = network.get("layers", [2, 2, 1])
    net = cr.MLP(layers, **{name: value for name, value in network.items() if name != "layers"})
    lines = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for call in calls:
            h = cr.train(net, X, T, **call)
            lines += [f"{row} {float(row['error']).hex()}" for row in h]
            lines.append(f"{h.stopped_by} {h.updates} {h.best} {h.warnings} {h!r}")
    unbuilt = net.__dict__.get("start") is not None
    lines += [f"{one.category} {one.message}" for one in caught]
    lines += [f"{name} {value.tobytes().hex()}" for name, value in net.parameters.items()]
    return "\n".join([*lines, f"{net.described} {net.outputs} {net!r} {net.predict(X)}"]), unbuilt


PLAIN: dict[str, tuple[dict[str, Any], list[dict[str, Any]], Any, Any]] = {
    "online": (
        {"init": "uniform(-0.5, 0.5)", "seed": 3},
        [{"optimizer": cr.sgd(0.5), "epochs": 300, "over": "sum", "shuffle": False}], X, T,
    ),
    "shuffled": (
        {"layers": [2, 3, 1], "activation": "tanh", "dtype": "float32"},
        [{"optimizer": cr.momentum(0.1), "epochs": 50, "seed": 5}], X, T,
    ),
    "adam in batches": (
        {"layers": (3, 4, 2), **SOFTMAX, "init": "normal(0, 0.3)"},
        [{"optimizer": "adam", "batch": 8, "epochs": 30}], ROWS, [[k % 2, (k + 1) % 2] for k in range(24)],
    ),
    "all at once": (
        {"layers": [3, 5, 1], "activation": ["sigmoid", "linear"], "bias": False},
        [{"optimizer": cr.nesterov(0.05), "batch": "all", "epochs": 20}], ROWS, [x[0] - x[1] for x in ROWS],
    ),
    "a batch larger than that": ({"notation": "numbered"}, [{"batch": 100, "epochs": 3}], X, T),
    "twice": ({}, [{"optimizer": "rmsprop", "epochs": 20}, {"optimizer": "adagrad", "epochs": 20}], X, T),
    "arrays": ({}, [{"epochs": 5}], np.array(X, np.float32), np.array(T)),
    "one example": ({"layers": [2, 2, 2, 1]}, [{"epochs": 3}], [[0.5, 1]], [0.5]),
}  # fmt: skip


@pytest.mark.parametrize("name", PLAIN)
def test_the_same_bits(quickly: Callable[[bool], None], name: str) -> None:
    network, calls, X, T = PLAIN[name]
    usual, unbuilt = outcome(network, *calls, X=X, T=T)
    assert not unbuilt
    quickly(True)
    assert outcome(network, *calls, X=X, T=T) == (usual, True)  # worked out and kept
    assert outcome(network, *calls, X=X, T=T) == (usual, True)  # and read
    other, unbuilt = outcome({**network, "seed": 12}, *calls, X=X, T=T)  # what is known holds for all seeds
    assert unbuilt
    quickly(False)
    assert outcome({**network, "seed": 12}, *calls, X=X, T=T) == (other, False)


@pytest.mark.parametrize("name", PLAIN)
def test_the_same_bits_where_nothing_is_kept(
    quickly: Callable[[bool], None], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAINRULE_CACHE", "0")
    network, calls, X, T = PLAIN[name]
    quickly(True)
    found, unbuilt = outcome(network, *calls, X=X, T=T)
    assert unbuilt
    quickly(False)
    monkeypatch.setattr(kernels, "_held", kernels._Held())
    assert outcome(network, *calls, X=X, T=T) == (found, False)


UNUSUAL: dict[str, tuple[dict[str, Any], Any, Any]] = {
    "stop": ({"stop": "E < 0.1"}, X, T),
    "validation": ({"validation": 0.25}, X, T),
    "patience": ({"patience": 2}, X, T),
    "change": ({"change": 1e-9}, X, T),
    "updates": ({"updates": 7}, X, T),
    "penalty": ({"l2": 0.1}, X, T),
    "dropout": ({"dropout": 0.5}, X, T),
    "best": ({"keep": "best"}, X, T),
    "reference": ({"engine": "reference"}, X, T),
    "options": ({"optimizer": cr.sgd(0.1, clip=0.01)}, X, T),
    "schedule": ({"optimizer": cr.sgd(cr.step_rate(0.1, every=2))}, X, T),
    "rprop": ({"batch": "all", "optimizer": "rprop"}, X, T),
    "a tail": ({"batch": 3}, X, T),
    "large inputs": ({}, [[1e6, 0], [0, 1e6]], [0, 1]),
    "saturated units": ({}, [[19, 19], [-19, 19]], [0, 1]),
    "unreachable targets": ({}, X, [0, 1, 2, 3]),
    "an array of truth values": ({}, np.array(X, bool), np.array(T)),
    "columns": ({}, {"x": X}, {"t": [[t] for t in T]}),
    "truth values": ({}, X, [False, True, True, False]),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_what_is_unusual_is_done_as_usual(quickly: Callable[[bool], None], name: str) -> None:
    options, X, T = UNUSUAL[name]
    call = {"epochs": 5, **options}
    outcome({}, {"epochs": 2}, {"epochs": 2, "batch": 2})
    quickly(True)
    assert outcome({}, {"epochs": 2})[1]
    found, unbuilt = outcome({}, call, X=X, T=T)
    assert not unbuilt
    quickly(False)
    assert outcome({}, call, X=X, T=T) == (found, False)


def test_a_run_that_diverges_is_told_of_as_usual(quickly: Callable[[bool], None]) -> None:
    linear = {"activation": ["sigmoid", "linear"]}
    outcome(linear, {"epochs": 2})
    quickly(True)
    found, unbuilt = outcome(linear, {"epochs": 500, "optimizer": cr.sgd(50.0), "shuffle": False})
    assert not unbuilt
    assert "TrainingWarning" in found
    quickly(False)
    assert outcome(linear, {"epochs": 500, "optimizer": cr.sgd(50.0), "shuffle": False}) == (found, False)


def test_a_run_that_takes_long_is_begun_anew(quickly: Callable[[bool], None], monkeypatch: pytest.MonkeyPatch) -> None:
    usual, _ = outcome({}, {"epochs": 300})
    quickly(True)
    monkeypatch.setattr(quick_run, "SECONDS", -1)
    assert outcome({}, {"epochs": 300}) == (usual, False)


def test_what_was_kept_is_spoilt(quickly: Callable[[bool], None], tmp_path: Path) -> None:
    usual, _ = outcome({}, {"epochs": 5})
    quickly(True)
    for file in tmp_path.iterdir():
        whole = file.read_bytes()
        file.write_bytes(whole[:-1])
        assert outcome({}, {"epochs": 5})[0] == usual
        file.write_bytes(whole)
    assert outcome({}, {"epochs": 5}) == (usual, True)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"epochs": 0}, "epochs is 0"),
        ({"T": [0, 1]}, "X has 4 rows, but T has 2"),
        ({"X": [[0, 1], [2]]}, "X has rows of different lengths"),
        ({"batch": True}, "batch is True"),
        ({"X": [[0, float("nan")]], "T": [0]}, "X has nan in row 0"),
        ({"seed": -1}, "seed is -1"),
        ({"over": "all"}, "over is 'all'"),
        ({"optimizer": "adma"}, "adma"),
        ({"X": []}, "X"),
        ({"X": None}, "found no inputs"),
    ],
)
def test_errors_are_the_usual_ones(quickly: Callable[[bool], None], arguments: dict[str, Any], error: str) -> None:
    outcome({}, {"epochs": 2})
    quickly(True)
    net = cr.MLP([2, 2, 1])
    assert net.__dict__["start"] is not None
    with pytest.raises(cr.ChainruleError, match=error):
        cr.train(net, **{"X": X, "T": T, "epochs": 2, **arguments})


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"layers": [2, 2.5, 1]}, "2.5"),
        ({"layers": [2, 2, True]}, "True"),
        ({"layers": None}, "None"),
        ({"activation": "tan"}, "there is no activation 'tan'"),
        ({"activation": ["tanh"]}, "activation has 1 name"),
        ({"seed": "x"}, "seed is 'x'"),
        ({"dtype": "float16"}, "dtype is 'float16'"),
        ({"bias": 3}, "bias is 3"),
    ],
)
def test_errors_of_networks_are_the_usual_ones(
    quickly: Callable[[bool], None], arguments: dict[str, Any], error: str
) -> None:
    outcome({}, {"epochs": 2})
    quickly(True)
    with pytest.raises(cr.ChainruleError, match=error):
        cr.MLP(**{"layers": [2, 2, 1], **arguments})


def test_a_network_that_is_not_built_can_be_copied_and_pickled(quickly: Callable[[bool], None]) -> None:
    outcome({}, {"epochs": 2})
    quickly(True)
    net = cr.MLP([2, 2, 1])
    cr.train(net, X, T, epochs=2)
    others = [copy.deepcopy(net), pickle.loads(pickle.dumps(net))]
    assert all(one.__dict__["start"] is not None for one in others)
    learned = {name: value.tobytes() for name, value in net.parameters.items()}
    for one in others:
        assert {name: value.tobytes() for name, value in one.parameters.items()} == learned
    assert not hasattr(net, "nothing")
    with pytest.raises(AttributeError, match="'MLP' object has no attribute 'nothing'"):
        cr.MLP([2, 2, 1]).nothing  # noqa: B018


def test_a_second_process_loads_neither_numpy_nor_llvm(tmp_path: Path) -> None:
    code = """
import sys, chainrule as cr
from chainrule.targets.native import host
host.COMPILER = b"a test"
net = cr.MLP([2, 2, 1], seed=3)
h = cr.train(net, [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], optimizer=cr.adam(0.05), epochs=100, shuffle=False)
watched = {"numpy", "llvmlite", "chainrule.node", "dataclasses", "typing", "re", "functools", "contextlib"}
loaded = sorted(set(sys.modules) & watched)
print(h.error.hex(), {name: value.tobytes().hex() for name, value in net.parameters.items()})
print(*loaded)
"""
    command, environment = [sys.executable, "-c", code], {**os.environ, "CHAINRULE_CACHE": str(tmp_path)}
    first, second = (
        subprocess.run(command, capture_output=True, text=True, env=environment, check=True).stdout.splitlines()
        for _ in range(2)
    )
    assert first[:1] == second[:1]
    assert first[1] == "chainrule.node contextlib functools llvmlite re typing"  # the first one does without NumPy, too
    assert second[1:] in ([], [""])


@given(st.data(), st.integers(1, 128), st.integers(1, 5))
def test_sums_are_rounded_as_by_numpy(data: st.DataObject, size: int, rows: int) -> None:
    numbers = data.draw(st.lists(st.floats(-1e6, 1e6), min_size=size * rows, max_size=size * rows))
    found = _sums(numbers, size)
    assert found == list(np.array(numbers).reshape(rows, size).sum(axis=1))
    assert found == [np.array(numbers[k : k + size]).sum() for k in range(0, len(numbers), size)]


@pytest.mark.parametrize("init", ["glorot uniform", "he normal", "uniform(-1, 3)", "zeros", "constant(2)"])
@pytest.mark.parametrize("kind", ["weight", "bias"])
def test_first_values_are_those_of_initialise(init: str, kind: str) -> None:
    found = parse_initialiser(init)
    law = law_of(found, fan_in=3, fan_out=5, kind=kind)  # type: ignore[arg-type]
    drawn = draw(found, (15,), fan_in=3, fan_out=5, key=parameter_key(4, "W"), kind=kind)  # type: ignore[arg-type]
    assert first_values((15, law.shape, law.a, law.b), 4, "W") == drawn


@pytest.mark.parametrize("running", [True, False])
def test_the_collector_is_as_it_was_after_loading(running: bool) -> None:
    was = gc.isenabled()
    try:
        (gc.enable if running else gc.disable)()
        with quick._Loading():
            assert not gc.isenabled()
            made = [[] for _ in range(3000)]
        assert gc.isenabled() == running
        assert gc.get_freeze_count() == 0
        assert (gc.get_count()[0] < 1000) == running  # what was made is old, if anybody collects
        with pytest.raises(KeyError), quick._Loading():
            raise KeyError
        assert gc.isenabled() == running
        gc.freeze()
        frozen = gc.get_freeze_count()
        with quick._Loading():
            made.append([])
        assert gc.get_freeze_count() >= frozen - 10 > 1000
    finally:
        gc.unfreeze()
        (gc.enable if was else gc.disable)()
