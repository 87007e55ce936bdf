"""`MLPClassifier` and `MLPRegressor` beside scikit-learn's: quality over paired seeds, and the time of `fit`.

Both learn from equal seeds, on the same split and to the same stopping rule, in turns. Quality: a paired test over the
seeds for each table, with Holm's correction. Time: the first fit of a network's shape, which compiles, and later ones.

python benchmarks/estimators.py [--seeds 20] [--solver adam]
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import sklearn.neural_network as peer
from _measure import machine, verdict
from scipy.stats import wilcoxon
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine, make_friedman1
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from chainrule import estimators

TABLES: dict[str, tuple[Callable[..., Any], bool, float]] = {  # how to load it, classes or numbers, times faster
    "iris": (load_iris, True, 5.0),
    "wine": (load_wine, True, 5.0),
    "breast cancer": (load_breast_cancer, True, 3.0),
    "digits": (load_digits, True, 3.0),
    "diabetes": (load_diabetes, False, 5.0),
    "friedman": (lambda return_X_y: make_friedman1(400, random_state=0), False, 5.0),
}
LEVEL = 0.01


def fit(package: Any, is_classes: bool, X: Any, y: Any, seed: int, solver: str) -> tuple[Any, float]:
    """A fitted estimator and the seconds of processor time it took."""
    model = (package.MLPClassifier if is_classes else package.MLPRegressor)(random_state=seed, solver=solver)
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, y)
    return model, time.process_time() - start


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", type=int, default=20)
    options.add_argument("--solver", default="adam")
    chosen = options.parse_args()
    print(machine(), f"- {chosen.seeds} seeds, solver {chosen.solver}")
    print("table             ours  theirs  largest difference      p  first fit s   later s  theirs s  faster  first")
    values, limits = {}, {}
    for name, (load, is_classes, factor) in TABLES.items():
        X, y = load(return_X_y=True)
        y = y if is_classes else (y - y.mean()) / y.std()
        scores: list[tuple[float, float]] = []
        seconds: list[tuple[float, float]] = []
        for seed in range(chosen.seeds):
            parts = train_test_split(X, y, test_size=0.3, random_state=seed, stratify=y if is_classes else None)
            scaler = StandardScaler().fit(parts[0])
            given, held = scaler.transform(parts[0]), scaler.transform(parts[1])
            ours, mine = fit(estimators, is_classes, given, parts[2], seed, chosen.solver)
            theirs, other = fit(peer, is_classes, given, parts[2], seed, chosen.solver)
            scores.append((ours.score(held, parts[3]), theirs.score(held, parts[3])))
            seconds.append((mine, other))
        gaps = np.array([a - b for a, b in scores])
        values[name] = 1.0 if np.allclose(gaps, 0) else float(wilcoxon(gaps, alternative="less").pvalue)
        means = np.mean(scores, axis=0)
        later, peers = median(s for s, _ in seconds[1:]), median(s for _, s in seconds)
        limits[name] = later / peers, 1 / factor
        row = f"{means[0]:7.4f} {means[1]:7.4f} {np.abs(gaps).max():19.2g} {values[name]:6.3f} {seconds[0][0]:12.3f}"
        print(f"{name:<14} {row} {later:9.4f} {peers:9.4f} {peers / later:7.1f} {peers / seconds[0][0]:6.2f}")
    ranked = sorted(values.items(), key=lambda pair: pair[1])
    worse = [name for k, (name, p) in enumerate(ranked) if p * (len(ranked) - k) < LEVEL]
    print(f"worse at p < {LEVEL} (Holm): {', '.join(worse) or 'none'}")
    verdict(
        {"tables on which we are worse": (len(worse), 0.0)} | {f"time on {k}, of theirs": v for k, v in limits.items()}
    )


if __name__ == "__main__":
    with threadpool_limits(1):  # small tables are slower on several threads
        main()
