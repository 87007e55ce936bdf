"""Training beside JAX's scan and PyTorch's eager loop: same network, start, order and arithmetic (float32), one thread.

Online rows are sigmoid units and half the squared error, batches are relu, softmax and cross entropy. All contenders
must end with the same loss, which is checked first. A peer that is not installed is left out; PyTorch, which takes
thousands of times as long for an online epoch, is given a part of one.
"""

from __future__ import annotations

import os

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from statistics import median

import numpy as np
from _measure import machine, verdict

import chainrule as cr

RUNS = 5
OF_JAX = 3.0  # JAX's scan may be so many times as fast
COMPILE_SECONDS = 0.08
Parameters = dict[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class Workload:
    """One row: the layers, how many examples make an update (1: online), and how many an epoch has."""

    layers: tuple[int, ...]
    batch: int
    rows: int

    @property
    def online(self) -> bool:
        """Whether one example makes an update."""
        return self.batch == 1

    def __str__(self) -> str:
        return f"{'-'.join(map(str, self.layers))}, {'online' if self.online else f'batch {self.batch}'}"


WORKLOADS = (
    Workload((2, 2, 1), 1, 200_000),
    Workload((8, 3, 8), 1, 100_000),
    Workload((64, 32, 10), 1, 20_000),
    Workload((784, 100, 10), 1, 3_000),
    Workload((64, 64, 10), 32, 12_800),
    Workload((64, 64, 10), 128, 12_800),
    Workload((784, 128, 10), 32, 6_400),
    Workload((784, 128, 10), 128, 6_400),
)
RATE, MOMENTUM = 0.01, 0.9


def examples(work: Workload) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    X = random.uniform(size=(work.rows, work.layers[0])).astype(np.float32)
    classes = random.integers(0, work.layers[-1], work.rows)
    T = np.eye(work.layers[-1], dtype=np.float32)[classes]
    return X, T


def network(work: Workload) -> cr.MLP:
    last = ("sigmoid", "half squared error") if work.online else ("softmax", "cross entropy")
    first = "sigmoid" if work.online else "relu"
    return cr.MLP(work.layers, activation=[first, last[0]], loss=last[1], dtype="float32", seed=0)


def ours(work: Workload) -> tuple[Callable[[], Parameters], float]:
    """One epoch, and the seconds of processor time to compile it."""
    X, T = examples(work)
    net = network(work)
    start = net.parameters.copy()
    rule = cr.sgd(RATE) if work.online else cr.momentum(RATE, momentum=MOMENTUM)

    def epoch() -> Parameters:
        net.parameters = start
        cr.train(net, X, T, optimizer=rule, batch=work.batch, epochs=1, shuffle=False)
        return net.parameters.copy()

    began = time.process_time()
    cr.train(net, X[: work.batch], T[: work.batch], optimizer=rule, batch=work.batch, epochs=1)
    return epoch, time.process_time() - began


def jax_scan(work: Workload) -> Callable[[], Parameters]:
    """One epoch as one compiled scan."""
    import jax
    import jax.numpy as jnp

    X, T = (jnp.asarray(part).reshape(-1, work.batch, part.shape[1]) for part in examples(work))
    start = {name: jnp.asarray(value) for name, value in network(work).parameters.items()}

    def error(p, x, t):  # type: ignore[no-untyped-def]
        z1 = x @ p["W1"].T + p["b1"]
        a1 = jax.nn.sigmoid(z1) if work.online else jax.nn.relu(z1)
        z2 = a1 @ p["W2"].T + p["b2"]
        if work.online:
            return 0.5 * jnp.sum((t - jax.nn.sigmoid(z2)) ** 2)
        return -jnp.mean(jnp.sum(t * jax.nn.log_softmax(z2), axis=1))

    def step(carry, example):  # type: ignore[no-untyped-def]
        p, v = carry
        g = jax.grad(error)(p, *example)
        share = 0.0 if work.online else MOMENTUM
        v = jax.tree.map(lambda v, g: share * v - RATE * g, v, g)
        return (jax.tree.map(jnp.add, p, v), v), None

    @jax.jit
    def run(p, X, T):  # type: ignore[no-untyped-def]
        return jax.lax.scan(step, (p, jax.tree.map(jnp.zeros_like, p)), (X, T))[0][0]

    def epoch() -> Parameters:
        return {name: np.asarray(value) for name, value in run(start, X, T).items()}

    return epoch


def torch_eager(work: Workload) -> Callable[[], Parameters]:
    """One epoch of the loop that tutorials show."""
    import torch

    torch.set_num_threads(1)
    X, T = (torch.from_numpy(part) for part in examples(work))
    start = network(work).parameters.copy()

    def epoch() -> Parameters:
        p = {name: torch.tensor(value, requires_grad=True) for name, value in start.items()}
        rule = torch.optim.SGD(list(p.values()), lr=RATE, momentum=0.0 if work.online else MOMENTUM)
        for x, t in zip(X.split(work.batch), T.split(work.batch), strict=True):
            z1 = x @ p["W1"].T + p["b1"]
            a1 = torch.sigmoid(z1) if work.online else torch.relu(z1)
            z2 = a1 @ p["W2"].T + p["b2"]
            if work.online:
                error = 0.5 * ((t - torch.sigmoid(z2)) ** 2).sum()
            else:
                error = -(t * torch.log_softmax(z2, 1)).sum(1).mean()
            rule.zero_grad()
            error.backward()
            rule.step()
        return {name: value.detach().numpy() for name, value in p.items()}

    return epoch


Make = Callable[[Workload], Callable[[], Parameters]]
PEERS: dict[str, tuple[str, Make]] = {"jax": ("JAX scan", jax_scan), "torch": ("PyTorch", torch_eager)}
PART = 50  # of the examples of an online epoch, for PyTorch


def work_of(name: str, work: Workload) -> Workload:
    """What a contender is given to do."""
    return replace(work, rows=work.rows // PART) if name == "PyTorch" and work.online else work


def same(work: Workload, name: str, found: Parameters) -> None:
    """A peer ends with the loss that chainrule ends with, or the comparison means nothing."""
    X, T = examples(work)
    net, losses = network(work), []
    for parameters in (ours(work)[0](), found):
        net.parameters = parameters
        losses.append(net.loss(X[:1000], T[:1000]))
    first, loss = losses
    assert abs(loss - first) < 1e-3 * first, f"{work}: {name} ends with the loss {loss}, chainrule with {first}"


def main() -> None:
    print(machine())
    print(f"examples a second, medians of {RUNS} epochs in turns; processor time of one thread, float32\n")
    peers = {name: make for part, (name, make) in PEERS.items() if find_spec(part)}
    names = ["chainrule", *peers]
    print(f"{'':24}{'compile':>10}" + "".join(f"{name:>14}" for name in names))
    checks: dict[str, tuple[float, float]] = {}
    for work in WORKLOADS:
        epoch, compiled = ours(work)
        epochs = {"chainrule": epoch, **{name: make(work_of(name, work)) for name, make in peers.items()}}
        for name in peers:
            same(work_of(name, work), name, epochs[name]())
        epoch()
        seconds: dict[str, list[float]] = {name: [] for name in names}
        for _ in range(RUNS):
            for name, run in epochs.items():
                began = time.process_time()
                run()
                seconds[name].append(time.process_time() - began)
        speed = {name: work_of(name, work).rows / median(one) for name, one in seconds.items()}
        print(f"{work!s:24}{compiled:9.3f}s" + "".join(f"{speed[name]:14,.0f}" for name in names), flush=True)
        if "JAX scan" in speed:
            checks[f"{work}: JAX's scan over chainrule"] = (speed["JAX scan"] / speed["chainrule"], OF_JAX)
        if "PyTorch" in speed:
            checks[f"{work}: PyTorch over chainrule"] = (speed["PyTorch"] / speed["chainrule"], 1.0)
        if work.layers == (64, 32, 10):
            checks[f"{work}: seconds to compile"] = (compiled, COMPILE_SECONDS)
    verdict(checks)


if __name__ == "__main__":
    main()
