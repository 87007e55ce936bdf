"""All 4,096 examples in one update of 784-1024-1024-10: Adam, ReLU, softmax and cross entropy; one thread and two."""

from __future__ import annotations

from _report import Row, compare
from _tasks import Task

PEERS = ("PyTorch", "PyTorch fused", "PyTorch compiled", "JAX step", "JAX scan", "NumPy")
EXAMPLES, LEAST, STRETCH = 4_096, 0.8, 1.6


def row(threads: int) -> Row:
    task = Task(
        layers=(784, 1024, 1024, 10), batch=EXAMPLES, rows=EXAMPLES, hidden="relu", output="softmax", rule="adam",
        rate=0.001, threads=threads,
    )  # fmt: skip
    name = f"{task} full batch, {threads} thread{'s' * (threads > 1)}"
    return Row(
        name=name, task=task, peers=PEERS, targets={"chainrule": LEAST}, stretch=STRETCH, ours=("chainrule", "kernel")
    )


if __name__ == "__main__":
    compare("full_batch", [row(1), row(2)], rounds=5, seconds=1.0)
