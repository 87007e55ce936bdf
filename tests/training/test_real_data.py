"""Real data by a plain recipe: one hidden layer of relu units, softmax, cross entropy, Adam, standardised inputs."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule.training.loop import train
from chainrule.training.model import MLP
from chainrule.training.rules import adam
from chainrule.training.schedules import Rate, cosine_rate

FASHION = Path("/usr/share/datasets/fashion-mnist")  # of Debian's package dataset-fashion-mnist


def score(data: Any, split: int, *, units: int, batch: int, epochs: int, rate: Rate, numbers: bool = False) -> float:
    """How good the outputs are for a quarter of the rows: the share that is right, or R2."""
    from sklearn.model_selection import train_test_split

    X, y = data.data, data.target
    X, Xt, y, yt = train_test_split(X, y, test_size=0.25, random_state=split, stratify=None if numbers else y)
    mean, deviation = X.mean(axis=0), X.std(axis=0)
    deviation = np.where(deviation > 0, deviation, 1)
    X, Xt = (X - mean) / deviation, (Xt - mean) / deviation
    outputs, last = (1, "linear") if numbers else (len(data.target_names), "softmax")
    loss = "half squared error" if numbers else "cross entropy"
    layers = [X.shape[1], units, outputs]
    net = MLP(layers, activation=["relu", last], loss=loss, init="he normal", seed=split, dtype="float32")
    target = (y - y.mean()) / y.std() if numbers else y
    train(net, X, target, optimizer=adam(rate), batch=batch, epochs=epochs, seed=split, l2=1e-4)
    found = net.predict(Xt)
    if not numbers:
        return float((found.argmax(axis=1) == yt).mean())
    error = found[:, 0] * y.std() + y.mean() - yt
    return 1 - float(np.sum(error**2) / np.sum((yt - yt.mean()) ** 2))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "recipe", "least"),
    [
        ("load_digits", {"units": 64, "batch": 32, "epochs": 60, "rate": cosine_rate(0.003, epochs=60)}, 0.97),
        ("load_iris", {"units": 16, "batch": 16, "epochs": 60, "rate": 0.01}, 0.93),
        ("load_wine", {"units": 16, "batch": 16, "epochs": 40, "rate": 0.01}, 0.95),
        ("load_breast_cancer", {"units": 16, "batch": 32, "epochs": 30, "rate": 0.003}, 0.95),
        ("load_diabetes", {"units": 8, "batch": 32, "epochs": 30, "rate": 0.003, "numbers": True}, 0.3),
    ],
)
def test_sets_of_scikit_learn(name: str, recipe: dict[str, Any], least: float) -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    data = getattr(datasets, name)()
    assert np.mean([score(data, split, **recipe) for split in range(5)]) > least


@pytest.mark.slow
def test_fashion_mnist() -> None:
    files = {part: next(FASHION.rglob(f"{part}*"), None) for part in ("train-i", "train-l", "t10k-i", "t10k-l")}
    if None in files.values():
        pytest.skip("Debian's dataset-fashion-mnist is not installed")
    raw = {part: gzip.decompress(file.read_bytes()) for part, file in files.items() if file is not None}
    images = {part: np.frombuffer(raw[f"{part}-i"], np.uint8, offset=16).reshape(-1, 784) for part in ("train", "t10k")}
    labels = {part: np.frombuffer(raw[f"{part}-l"], np.uint8, offset=8) for part in ("train", "t10k")}
    net = MLP([784, 128, 10], activation=["relu", "softmax"], loss="cross entropy", init="he normal", dtype="float32")
    X = images["train"].astype(np.float32) / 255
    train(net, X, labels["train"], optimizer=adam(cosine_rate(0.001, epochs=15)), batch=64, epochs=15)
    assert (net.predict(images["t10k"] / 255).argmax(axis=1) == labels["t10k"]).mean() > 0.88
