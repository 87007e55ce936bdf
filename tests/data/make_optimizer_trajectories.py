"""Writes optimizers.json: ten updates by PyTorch's optimizers in float64, which tests/test_optimizer_rules.py repeats.

Run it again only to add a case: `python tests/data/make_optimizer_trajectories.py`, with PyTorch installed (the file
was made with 2.13.0); the tests themselves do without.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

UPDATES = 10
START = {"W": [[0.15, -0.2, 0.25], [0.3, 0.35, -0.4]], "b": [0.1, -0.05]}
EXAMPLES = [
    {"x": [0.05, 1.0, -0.6], "t": [0.9, -0.9]},
    {"x": [-0.7, 0.3, 0.8], "t": [-0.2, 0.4]},
    {"x": [1.2, -0.4, 0.1], "t": [0.5, 0.6]},
]
Make = Callable[[Any], torch.optim.Optimizer]
# name: (our optimizer, its options, rate, PyTorch's optimizer, what is done to the gradients before)
CASES: dict[str, tuple[str, dict[str, Any], float, Make, Callable[[Any], Any] | None]] = {
    "sgd": ("sgd", {}, 0.3, lambda p: torch.optim.SGD(p, lr=0.3), None),
    "momentum": ("momentum", {"momentum": 0.8}, 0.1, lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.8), None),
    "nesterov": (
        "nesterov", {"momentum": 0.8}, 0.1, lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.8, nesterov=True), None,
    ),
    "rmsprop": (
        "rmsprop", {"rho": 0.9, "epsilon": 1e-6}, 0.01,
        lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.9, eps=1e-6), None,
    ),
    "rmsprop with momentum": (
        "rmsprop", {"momentum": 0.5}, 0.01,
        lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.9, eps=1e-8, momentum=0.5), None,
    ),
    "adagrad": ("adagrad", {}, 0.1, lambda p: torch.optim.Adagrad(p, lr=0.1, eps=1e-10), None),
    "adam": ("adam", {}, 0.05, lambda p: torch.optim.Adam(p, lr=0.05), None),
    "adam with other numbers": (
        "adam", {"beta1": 0.7, "beta2": 0.95, "epsilon": 0.001}, 0.05,
        lambda p: torch.optim.Adam(p, lr=0.05, betas=(0.7, 0.95), eps=0.001), None,
    ),
    "adamw": ("adamw", {}, 0.05, lambda p: torch.optim.AdamW(p, lr=0.05), None),
    "adamw with more decay": (
        "adamw", {"decay": 0.2}, 0.05, lambda p: torch.optim.AdamW(p, lr=0.05, weight_decay=0.2), None,
    ),
    "sgd with weight decay": (
        "sgd", {"decay": 0.1}, 0.3, lambda p: torch.optim.SGD(p, lr=0.3, weight_decay=0.1), None,
    ),
    "momentum with weight decay": (
        "sgd", {"momentum": 0.8, "decay": 0.1}, 0.1,
        lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.8, weight_decay=0.1), None,
    ),
    "adam with weight decay": (
        "adam", {"decay": 0.1}, 0.05, lambda p: torch.optim.Adam(p, lr=0.05, weight_decay=0.1), None,
    ),
    "clipping by value": (
        "sgd", {"clip": 0.2}, 0.3, lambda p: torch.optim.SGD(p, lr=0.3),
        lambda p: torch.nn.utils.clip_grad_value_(p, 0.2),
    ),
    "clipping by norm": (
        "sgd", {"clip_norm": 0.5}, 0.3, lambda p: torch.optim.SGD(p, lr=0.3),
        lambda p: torch.nn.utils.clip_grad_norm_(p, 0.5),
    ),
    "clipping by norm with adam and decay": (
        "adam", {"clip_norm": 0.5, "decay": 0.1}, 0.05, lambda p: torch.optim.Adam(p, lr=0.05, weight_decay=0.1),
        lambda p: torch.nn.utils.clip_grad_norm_(p, 0.5),
    ),
}  # fmt: skip


def trajectory(make: Make, before: Callable[[Any], Any] | None) -> list[dict[str, Any]]:
    """The parameters after each update."""
    values = {name: torch.tensor(start, dtype=torch.float64, requires_grad=True) for name, start in START.items()}
    optimizer = make(list(values.values()))
    states = []
    for update in range(UPDATES):
        row = {name: torch.tensor(v, dtype=torch.float64) for name, v in EXAMPLES[update % len(EXAMPLES)].items()}
        optimizer.zero_grad()
        output = torch.tanh(values["W"] @ row["x"] + values["b"])
        (0.5 * ((row["t"] - output) ** 2).sum()).backward()
        if before is not None:
            before(list(values.values()))
        optimizer.step()
        states.append({name: value.tolist() for name, value in values.items()})
    return states


def main() -> None:
    """Write the file."""
    cases = {
        name: {"optimizer": ours, "options": options, "rate": rate, "after": trajectory(make, before)}
        for name, (ours, options, rate, make, before) in CASES.items()
    }
    document = {"torch": torch.__version__, "start": START, "examples": EXAMPLES, "cases": cases}
    path = Path(__file__).with_name("optimizers.json")
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
