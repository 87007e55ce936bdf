"""Code made in haste: the same bits as code made with care, and made with care at last where it is used for long."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.targets.llvm import machine
from chainrule.training import evaluation, kernels
from chainrule.training.haste import LIMIT, lost_in_haste

ROWS = np.random.default_rng(1).normal(size=(37, 5))
SOFTMAX: dict[str, Any] = {"loss": "cross entropy"}
RUNS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "online": ({"layers": [5, 3, 2]}, {"optimizer": "sgd"}),
    "wide": ({"layers": [5, 40, 33, 2], "activation": "tanh"}, {"optimizer": "momentum"}),
    "a tail": ({"layers": [5, 17, 2], "activation": ["relu", "softmax"], **SOFTMAX}, {"optimizer": "adam", "batch": 8}),
    "float32": ({"layers": [5, 17, 2], "dtype": "float32"}, {"optimizer": "adam", "batch": "all"}),
    "estimates": ({"layers": [5, 64, 2], "activation": "gelu"}, {"optimizer": "rmsprop", "batch": 16}),
    "dropout": ({"layers": [5, 9, 2]}, {"optimizer": "nesterov", "batch": 4, "dropout": 0.3, "l2": 0.01}),
}


@pytest.fixture
def levels(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The levels of care with which LLVM is asked for code, nothing being kept; but for what draws orders of rows."""
    seen: list[int] = []
    made = machine._object

    def spied(text: str, host: machine.Machine, level: int) -> bytes:
        if "@shuffle(" not in text:
            seen.append(level)
        return made(text, host, level)

    monkeypatch.setenv("CHAINRULE_CACHE", "0")
    monkeypatch.setattr(machine, "_object", spied)
    monkeypatch.setattr(kernels, "_held", kernels._Held())
    evaluation._native.cache_clear()
    yield seen
    evaluation._native.cache_clear()


def trained(name: str, epochs: int = 3) -> tuple[bytes, list[float]]:
    network, options = RUNS[name]
    net = cr.MLP(**network, seed=2)
    history = cr.train(net, ROWS, np.eye(2)[np.arange(37) % 2], epochs=epochs, **options)
    return b"".join(value.tobytes() for value in net.parameters.values()), history.column("error")


@pytest.mark.parametrize("name", RUNS)
def test_haste_changes_no_bit(levels: list[int], monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    hasty = trained(name)
    assert levels == [0] or RUNS[name][0].get("dtype") == "float32"
    monkeypatch.setattr(kernels, "LIMIT", 0.0)
    monkeypatch.setattr(kernels, "_held", kernels._Held())
    assert trained(name) == hasty
    assert 0 < levels[-1] <= 2


@pytest.mark.parametrize("name", RUNS)
def test_haste_changes_no_bit_of_what_is_predicted(
    levels: list[int], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    net = cr.MLP(**RUNS[name][0], seed=2)
    hasty = net.predict(ROWS), net.loss(ROWS, np.eye(2)[np.arange(37) % 2])
    assert set(levels) == {0}
    monkeypatch.setattr(evaluation, "_SHORT", 0.0)
    careful = net.predict(ROWS), net.loss(ROWS, np.eye(2)[np.arange(37) % 2])
    assert set(levels[len(levels) // 2 :]) <= {1, 2}
    assert careful[0].tobytes() == hasty[0].tobytes()
    assert careful[1] == hasty[1]


def test_what_is_used_for_long_is_made_with_care(levels: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    each = lost_in_haste(3 * 37, 3 * 37, 5 * 3 + 3 + 3 * 2 + 2)
    monkeypatch.setattr(kernels, "LIMIT", 3.5 * each)
    for due in ([0], [0], [0], [0, 2], [0, 2]):
        trained("online")
        assert levels == due


def test_a_long_run_is_made_with_care_at_once(levels: list[int]) -> None:
    trained("online", epochs=2000)
    assert levels == [2]
    trained("online")  # and what is there is used
    assert levels == [2]


def test_both_are_kept_on_disk_and_care_is_taken_first(
    levels: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path))

    def anew(epochs: int) -> int:
        monkeypatch.setattr(kernels, "_held", kernels._Held())
        levels.clear()
        trained("online", epochs)
        return len(levels)

    assert [anew(3), anew(3)] == [1, 0]  # made in haste, and found
    hasty = list(tmp_path.iterdir())
    assert [anew(2000), anew(2000)] == [1, 0]  # made with care, and found
    for path in hasty:
        path.unlink()
    assert anew(3) == 0  # what was made with care does for haste, too


def test_a_model_of_many_numbers_is_made_with_care() -> None:
    assert lost_in_haste(1, 1000, 100_000) > LIMIT
    assert lost_in_haste(100_000, 100_000, 9) > LIMIT
    assert lost_in_haste(1000, 30_000, 93) < LIMIT
