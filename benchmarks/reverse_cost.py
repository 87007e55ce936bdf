"""The cost of `reverse` is linear: 10 times the nodes take about 10 times the time, on a chain and on a DAG.

All nodes reach the root, and every tenth of them or every one is a named quantity. A DAG of which every tenth is named
has values that many definitions share, the worst case for taking each definition by itself.
"""

from __future__ import annotations

import gc
import random
import resource
import sys
import tracemalloc
from collections.abc import Callable
from statistics import median

from _measure import machine, seconds_of, spread, verdict

from chainrule.graph import Graph
from chainrule.node import Node, input_node, name_node, node
from chainrule.ops import TABLE
from chainrule.quantity import Name
from chainrule.transforms.reverse import reverse

SIZES = (1_000, 10_000, 100_000)
RUNS = 5
MOST_SECONDS = 4.0  # for 100,000 nodes
MOST_PER_DECADE = 13.0  # from 10,000 to 100,000
E, X = Name("E"), Name("x")


def chain(nodes: int, every: int) -> Graph:
    """sin, times x, plus x, and so on: each node uses the one before."""
    x = y = input_node(X)
    for i in range(nodes):
        y = node(TABLE["sin"], (y,)) if i % 3 == 0 else node(TABLE["mul" if i % 3 == 1 else "add"], (y, x))
        y = _named(y, i, every)
    return Graph({E: name_node(E, y)})


def dag(nodes: int, every: int) -> Graph:
    """Products, sums and differences of the node before and one of the eight before it."""
    choose = random.Random(0)
    made = [input_node(X)]
    for i in range(nodes):
        other = made[max(0, len(made) - 1 - choose.randrange(8))]
        made.append(_named(node(TABLE[("mul", "add", "sub")[i % 3]], (made[-1], other)), i, every))
    return Graph({E: name_node(E, made[-1])})


def _named(y: Node, number: int, every: int) -> Node:
    return name_node(Name(f"v{number}"), y) if number % every == 0 else y


def main() -> None:
    print(machine())
    print(f"processor seconds of `reverse`, {RUNS} runs each\n")
    print("graph  named        nodes   median      min      max  times the last  microseconds a node")
    checks: dict[str, tuple[float, float]] = {}
    for build in (chain, dag):
        for every in (10, 1):
            checks |= measure(build, every)
    memory()
    verdict(checks)


def measure(build: Callable[[int, int], Graph], every: int) -> dict[str, tuple[float, float]]:
    """The rows of one kind of graph, and what must hold for it."""
    kind = f"{build.__name__:<6} {'all' if every == 1 else 'every 10th':<10}"
    graphs = {size: build(size, every) for size in SIZES}
    found: dict[int, list[float]] = {size: [] for size in SIZES}
    for _ in range(RUNS):
        for size, graph in graphs.items():
            gc.collect()  # what the run before left must not be this run's cost
            found[size].append(seconds_of(lambda graph=graph: reverse(graph, E, [X])))  # type: ignore[misc]
    last = None
    for size, seconds in found.items():
        ratio = f"{median(seconds) / last:14.1f}" if last else f"{'':14}"
        print(f"{kind} {size:>7,} {spread(seconds)} {ratio} {median(seconds) / size * 1e6:20.1f}")
        last = median(seconds)
    small, large = median(found[SIZES[-2]]), median(found[SIZES[-1]])
    name = " ".join(kind.split())
    return {
        f"{name}, seconds for {SIZES[-1]:,} nodes": (large, MOST_SECONDS),
        f"{name}, times {SIZES[-2]:,} nodes": (large / small, MOST_PER_DECADE),
    }


def memory() -> None:
    """What the derivatives of the largest DAG keep, and the most of this process."""
    graph = dag(SIZES[-1], 1)
    tracemalloc.start()
    result = reverse(graph, E, [X])
    kept, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(f"\nmemory of `reverse`, dag of {SIZES[-1]:,} nodes, all named")
    print(f"{kept / 1e6:.0f} MB kept, {most / 1e6:.0f} MB at most")
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    print(f"{len(result.ledger):,} contributions; largest size of this process {peak / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
