"""One example an update, plain gradient descent: sigmoid units, half the squared error, float32, one thread.

`chainrule` is `cr.train`; `kernel` the native code alone; `fast` is `cr.train` with `precise=False`, where it exists.
"""

from __future__ import annotations

from _report import Row, compare
from _tasks import Task

PEERS = ("JAX scan", "JAX scan 8", "JAX step", "FANN", "PyTorch", "NumPy")
ROWS = {  # how many examples an epoch has, the targets, and the stretch
    (2, 2, 1): (10_000, {"chainrule": 1.6, "fast": 2.3}, 2.6),
    (2, 2, 2): (10_000, {"chainrule": 1.6, "fast": 2.3}, 2.6),
    (8, 3, 8): (10_000, {"chainrule": 5.0, "fast": 6.0}, 7.0),
    (64, 32, 10): (4_000, {"chainrule": 4.2, "fast": 4.7}, 8.0),
    (784, 100, 10): (1_000, {"chainrule": 3.5}, 5.0),
}


def row(layers: tuple[int, ...]) -> Row:
    examples, targets, stretch = ROWS[layers]
    task = Task(layers=layers, batch=1, rows=examples, rate=0.1)
    return Row(name=f"{task} online", task=task, peers=PEERS, targets=targets, stretch=stretch, floor=True)


if __name__ == "__main__":
    compare("online", [row(layers) for layers in ROWS])
