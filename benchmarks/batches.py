"""Batches of 32 and 128, Adam and momentum: ReLU, softmax and cross entropy, float32; also on two threads.

The targets are for one thread. On two, which only the two larger networks are worth, none may be slower than on one
by the measure of the best peer.
"""

from __future__ import annotations

from _report import Row, compare
from _tasks import Task

OURS = ("chainrule", "kernel")
PEERS = ("JAX scan", "JAX step", "PyTorch", "PyTorch fused", "PyTorch compiled", "scikit-learn", "NumPy")
TARGETS = {  # layers, rule: for batches of 32 and 128, what must be reached and the stretch
    ((64, 64, 10), "adam"): {32: (2.8, 4.0), 128: (2.0, 2.7)},
    ((64, 64, 10), "momentum"): {32: (2.8, 4.0), 128: (2.0, 2.7)},
    ((784, 128, 10), "adam"): {32: (1.6, 2.2), 128: (1.4, 2.0)},
    ((784, 128, 10), "momentum"): {32: (1.4, 2.0), 128: (1.2, 1.8)},
    ((784, 512, 512, 10), "adam"): {32: (1.0, 1.5), 128: (1.0, 1.5)},
    ((784, 512, 512, 10), "momentum"): {32: (1.0, 1.5), 128: (1.0, 1.5)},
}
EXAMPLES = 4_096
RATES = {"adam": 0.001, "momentum": 0.01}
ON_TWO = ((784, 128, 10), (784, 512, 512, 10))


def rows(threads: int) -> list[Row]:
    found = []
    for (layers, rule), sizes in TARGETS.items():
        if threads > 1 and layers not in ON_TWO:
            continue
        for batch, (least, stretch) in sizes.items():
            task = Task(
                layers=layers, batch=batch, rows=EXAMPLES, hidden="relu", output="softmax", rule=rule, rate=RATES[rule],
                threads=threads,
            )  # fmt: skip
            name = f"{task} batch {batch} {rule}" + (f" {threads} threads" if threads > 1 else "")
            plain = threads == 1 and len(layers) == 3 and rule == "momentum"
            targets = {"chainrule": least if threads == 1 else 1.0}
            found.append(
                Row(name=name, task=task, peers=PEERS, targets=targets, stretch=stretch, floor=plain, ours=OURS)
            )
    return found


if __name__ == "__main__":
    compare("batches", [*rows(1), *rows(2)])
