"""The time of `fit` of `MLPClassifier` and `MLPRegressor` beside scikit-learn's: same stopping rule, in turns.

Both get the default parameters, the same seed and standardised inputs, and must stop after the same epoch; on
Fashion-MNIST that is the third. Processor time of one thread. Three fits of ours are told apart: `new`, the first of a
network's shape, which compiles; `kept`, the first of another process, which finds the code on disk; and `later`.

python benchmarks/estimators.py [--seeds 9]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import sklearn.neural_network as peer
from _measure import PYTHON, machine, verdict
from _tables import Table, fashion, tables
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from chainrule import estimators

FEW_COLUMNS, FASTER = 20, 5.0  # tables under 20 columns: 5 times as fast
FASTER_ON = {"digits": 3.0, "Fashion-MNIST": 2.0, "Fashion-MNIST, float32": 2.0}
PICTURE_EPOCHS, PICTURE_SEEDS = 3, 3
PLOT = str(Path(__file__).parent / "results" / "estimators.svg")
KEPT = 3  # processes that find the code on disk
NEW_PROCESS = """
import sys, time
import numpy as np
from chainrule import estimators
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits
table = np.load(sys.argv[1])
X, y = StandardScaler().fit_transform(table["X"]), table["y"]
model = getattr(estimators, sys.argv[2])(random_state=0, max_iter=int(sys.argv[3]))
with threadpool_limits(1):
    start = time.process_time()
    model.fit(X, y)
    print(time.process_time() - start)
"""


@dataclass(frozen=True, slots=True)
class Fits:
    """Seconds of processor time of a table: of the first fits of ours, and of the later ones beside theirs."""

    table: Table
    epochs: int
    new: float
    kept: float
    later: list[tuple[float, float]]  # ours, theirs: a pair a seed

    @property
    def ours(self) -> float:
        """Seconds of a later fit of ours."""
        return median(ours for ours, _ in self.later)

    @property
    def theirs(self) -> float:
        """Seconds of a fit of theirs."""
        return median(theirs for _, theirs in self.later)

    @property
    def faster(self) -> float:
        """How many times as fast a later fit of ours is."""
        return median(theirs / ours for ours, theirs in self.later)

    @property
    def due(self) -> float | None:
        """How many times as fast it must be."""
        few = FASTER if self.table.X.shape[1] < FEW_COLUMNS else None
        return FASTER_ON.get(self.table.name, few)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seeds", type=int, default=9)
    options.add_argument("--plot", default=PLOT, metavar="FILE", help="the plot: a bar for each table")
    chosen = options.parse_args()
    print(machine())
    found = []
    small, large = tables(), pictures(fashion())
    print(
        "\n                                          columns              seconds of ours               times as fast"
    )
    print("table                   from           rows  |  epochs    new   kept  later   theirs    new   kept  later")
    for table in (*small, *large):
        seeds, epochs = (PICTURE_SEEDS, PICTURE_EPOCHS) if table in large else (chosen.seeds, 200)
        one = fits(table, seeds, epochs)
        found.append(one)
        print(
            f"{table.name:<23} {table.source:<12} {len(table.X):6d} {table.X.shape[1]:3d} {one.epochs:5d}"
            f" {one.new:8.3f} {one.kept:6.3f} {one.ours:6.3f} {one.theirs:8.3f}"
            f" {one.theirs / one.new:6.2f} {one.theirs / one.kept:6.2f} {one.faster:6.2f}",
            flush=True,
        )
    if find_spec("matplotlib"):
        draw(found, chosen.plot)
    verdict({f"time on {one.table.name}, of theirs": (1 / one.faster, 1 / one.due) for one in found if one.due})


def pictures(table: Table | None) -> list[Table]:
    """The pictures in both precisions."""
    if table is None:
        return []
    return [table, Table(f"{table.name}, float32", table.source, True, table.X.astype(np.float32), table.y)]


def fits(table: Table, seeds: int, epochs: int) -> Fits:
    """Ours where there is no compiled network yet, in new processes, and then both in turns."""
    X = StandardScaler().fit_transform(table.X)
    with TemporaryDirectory() as folder:
        os.environ["CHAINRULE_CACHE"] = folder
        new = in_new_thread(lambda: fit(estimators, table, X, 0, epochs)[0])
        kept = median(first_of_process(folder, table, epochs) for _ in range(KEPT))
        fit(estimators, table, X, 0, epochs)
    later, made = [], []
    for seed in range(seeds):
        ours, mine = fit(estimators, table, X, seed, epochs)
        theirs, others = fit(peer, table, X, seed, epochs)
        if mine != others:
            raise SystemExit(f"{table.name}: ours made {mine} epochs, theirs {others}")
        later.append((ours, theirs))
        made.append(mine)
    return Fits(table, int(median(made)), new, kept, later)


def in_new_thread(work: Callable[[], float]) -> float:
    """What a call gives in a thread of its own: each thread has its own compiled networks."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()


def fit(package: Any, table: Table, X: np.ndarray, seed: int, epochs: int) -> tuple[float, int]:
    """The seconds of processor time of a fit, and the epochs it made."""
    model = (package.MLPClassifier if table.is_classes else package.MLPRegressor)(random_state=seed, max_iter=epochs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # 200 epochs are often not enough, for both
        start = time.process_time()
        model.fit(X, table.y)
        return time.process_time() - start, model.n_iter_


def first_of_process(folder: str, table: Table, epochs: int) -> float:
    """The seconds of a fit in a new process that keeps its code in this folder."""
    file = Path(folder) / "table.npz"
    np.savez(file, X=table.X, y=table.y.astype(str) if table.y.dtype == object else table.y)
    name = "MLPClassifier" if table.is_classes else "MLPRegressor"
    command = [PYTHON, "-W", "ignore", "-c", NEW_PROCESS, str(file), name, str(epochs)]
    environment = {**os.environ, "CHAINRULE_CACHE": folder}
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment).stdout)


def draw(found: Sequence[Fits], file: str) -> None:
    """A bar for each table: how many times as fast, and the same for a fit that compiles."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    shown = sorted(found, key=lambda one: one.faster)
    at = np.arange(len(shown))
    with mpl.rc_context({"svg.hashsalt": "chainrule", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure((7.5, 0.28 * len(shown) + 1.2), layout="constrained")
        axes = figure.subplots()
        axes.barh(at, [one.faster for one in shown], color="#4878a8", height=0.7, label="later fits")
        kept, new = [one.theirs / one.kept for one in shown], [one.theirs / one.new for one in shown]
        axes.plot(kept, at, "o", color="#e0a030", ms=4, label="first, code kept on disk")
        axes.plot(new, at, "D", color="#c05020", ms=4, label="first, compiled")
        marks = [(one.due, k) for k, one in enumerate(shown) if one.due]
        axes.plot(*zip(*marks, strict=True), "|", color="black", ms=11, mew=2, label="what is demanded")
        axes.set_yticks(at, [f"{one.table.name}  {len(one.table.X):,} × {one.table.X.shape[1]}" for one in shown])
        axes.axvline(1, color="grey", lw=0.8)
        axes.set_xlabel("times as fast as scikit-learn's fit (processor time, one thread)")
        axes.set_ylim(-0.6, len(shown) - 0.4)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(loc="lower right", frameon=False)
        figure.savefig(file, metadata={"Date": None} if file.endswith(".svg") else None)


if __name__ == "__main__":
    with threadpool_limits(1):  # small tables are slower on several threads
        main()
