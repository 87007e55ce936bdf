"""How well `MLPClassifier` and `MLPRegressor` predict beside scikit-learn's: paired over seeds, many tables.

Both get the default parameters, the same seed, split and standardised inputs. For each table: mean accuracy (or R²) on
the rows held back, the paired difference with its standard error, Wilcoxon's signed-rank test that we are worse, with
Holm's correction over the tables; and how much both agree, which with equal seeds says more than any mean.

python benchmarks/estimator_quality.py [--seeds 20] [--solver adam]
"""

from __future__ import annotations

import argparse
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import sklearn.neural_network as peer
from _measure import machine, verdict
from _tables import Table, tables
from scipy.stats import wilcoxon
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from chainrule import estimators

LEVEL = 0.01
ALLOWED = 0.2  # standard errors that the mean difference over the tables may be below 0
ROUNDING = 1e-6  # a smaller difference of two scores is none: one rank for noise of 1e-16 would be a rank too many


@dataclass(frozen=True, slots=True)
class Outcome:
    """The scores of ours and theirs for each seed, and the share of runs that end alike."""

    scores: np.ndarray  # seeds, 2
    alike: float  # rows held back for which both predict the same
    epochs: float  # runs of as many epochs

    @property
    def gaps(self) -> np.ndarray:
        """Ours minus theirs, a number a seed."""
        found: np.ndarray = self.scores[:, 0] - self.scores[:, 1]
        return np.where(np.abs(found) < ROUNDING, 0, found)

    @property
    def error(self) -> float:
        """The standard error of the mean difference."""
        return float(self.gaps.std(ddof=1) / np.sqrt(len(self.gaps)))

    @property
    def p(self) -> float:
        """How likely such ranks are if we are not worse."""
        return float(wilcoxon(self.gaps, alternative="less").pvalue) if self.gaps.any() else 1.0


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seeds", type=int, default=20)
    options.add_argument("--solver", default="adam", help="adam, sgd or lbfgs")
    chosen = options.parse_args()
    print(machine(), f"- {chosen.seeds} seeds, solver {chosen.solver}")
    found = {table: outcome(table, chosen.seeds, chosen.solver) for table in tables()}
    ranked = sorted(found, key=lambda table: found[table].p)
    held = np.maximum.accumulate([found[table].p * (len(found) - k) for k, table in enumerate(ranked)])
    corrected = dict(zip(ranked, np.minimum(held, 1), strict=True))
    print(
        "\ntable               from          rows  columns    ours  theirs  difference     s.e.      p  Holm"
        "  rows alike  epochs alike"
    )
    for table, one in found.items():
        ours, theirs = one.scores.mean(axis=0)
        print(
            f"{table.name:<19} {table.source:<12} {len(table.X):5d} {table.X.shape[1]:8d} {ours:7.4f} {theirs:7.4f}"
            f" {one.gaps.mean():11.5f} {one.error:8.5f} {one.p:6.3f} {corrected[table]:5.2f} {one.alike:11.2%}"
            f" {one.epochs:13.0%}"
        )
    means = np.array([one.gaps.mean() for one in found.values()])
    error = float(means.std(ddof=1) / np.sqrt(len(means)))
    print(f"\nmean difference over {len(means)} tables {means.mean():.6f}, standard error {error:.6f}")
    verdict(
        {
            f"tables on which we are worse at p < {LEVEL} (Holm)": (float(np.sum(held < LEVEL)), 0.0),
            "standard errors by which we are worse over the tables": (
                0.0 - means.mean() / error if error else 0.0,
                ALLOWED,
            ),
        }
    )


def outcome(table: Table, seeds: int, solver: str) -> Outcome:
    """Both on every seed."""
    scores, alike, epochs = [], [], []
    for seed in range(seeds):
        strata = table.y if table.is_classes and np.unique(table.y, return_counts=True)[1].min() > 1 else None
        X, held, y, due = train_test_split(table.X, table.y, test_size=0.3, random_state=seed, stratify=strata)
        ours, theirs = (fitted(package, table.is_classes, X, y, seed, solver) for package in (estimators, peer))
        scores.append((ours.score(held, due), theirs.score(held, due)))
        mine, others = ours.predict(held), theirs.predict(held)
        alike.append(np.mean(mine == others) if table.is_classes else np.mean(np.abs(mine - others) < ROUNDING))
        epochs.append(ours[-1].n_iter_ == theirs[-1].n_iter_)
    return Outcome(np.array(scores), float(np.mean(alike)), float(np.mean(epochs)))


def fitted(package: Any, is_classes: bool, X: np.ndarray, y: np.ndarray, seed: int, solver: str) -> Any:
    """A pipeline of a scaler and a network, which has learned."""
    kind = package.MLPClassifier if is_classes else package.MLPRegressor
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # 200 epochs are often not enough, for both
        return make_pipeline(StandardScaler(), kind(random_state=seed, solver=solver)).fit(X, y)


if __name__ == "__main__":
    with threadpool_limits(1):  # small tables are slower on several threads
        main()
