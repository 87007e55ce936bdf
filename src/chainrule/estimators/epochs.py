"""Epochs of an estimator: rows in scikit-learn's order, batch by batch, through a native kernel.

The order is drawn from the same generator, in the same way, so that equal seeds see equal batches.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from chainrule.dataclasses import dataclass, field
from chainrule.estimators.forward import dense
from chainrule.estimators.network import Design
from chainrule.estimators.program import ALPHA, DRAW, LOSS, RATE, SHARE, Solver, update_program
from chainrule.evaluate import evaluate_all
from chainrule.graph import Program
from chainrule.node import NAME, label_of, order
from chainrule.numbers.vectorised import numpy_numbers
from chainrule.quantity import Name, Quantity, spell
from chainrule.training.haste import lost_in_haste
from chainrule.training.kernels import native_kernel
from chainrule.training.sessions import Kernel, Session, State, give_back, session_of
from chainrule.training.teams import team_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROWS: Final = 1 << 14  # rows that a call of the kernel takes where epochs are joined
GATHERED: Final = 1 << 22  # numbers of sparse rows that are filled in at a time


@dataclass(slots=True, kw_only=True)
class Epochs:
    """Runs epochs on a state: X dense or sparse, targets T, and perhaps a weight for each row.

    Several short epochs are joined in one call of the kernel unless they are `watched` one by one.
    """

    design: Design
    solver: Solver
    X: Any
    T: NDArray[Any]
    weights: NDArray[Any] | None
    batch: int
    alpha: float
    shuffle: bool
    random: Any
    watched: bool
    most: float  # epochs that there may be
    threads: int = 1
    count: int = field(init=False)
    failed: int | None = field(init=False, default=None)  # the update of its epoch that was not finite
    _bad: NDArray[Any] = field(init=False)  # and its rows
    _program: Program = field(init=False)
    _kernel: Kernel = field(init=False)
    _session: Session = field(init=False)
    _sizes: NDArray[Any] = field(init=False)  # the rows of each batch of an epoch
    _rows: NDArray[Any] = field(init=False)

    def __post_init__(self) -> None:
        self.count = len(self.T)
        self._program = update_program(self.design, self.solver)
        dtype = "float32" if self.T.dtype == np.float32 else "float64"
        layers, rows = self.design.layers, self.most * self.count
        numbers = sum([a * b + b for a, b in pairwise(layers)])
        lost, team = lost_in_haste(rows / self.batch, rows, numbers), team_of(self.threads, self.batch, numbers)
        self._kernel = native_kernel(
            self._program, error=LOSS, dtype=dtype, rows=self.batch, lost=lost, team=team > 1  # type: ignore[arg-type]
        )  # fmt: skip
        self._session = session_of(self._kernel, self._program, batch=self.batch, dtype=dtype, threads=team)
        self._sizes = np.minimum(self.batch, np.arange(self.count, 0, -self.batch)).astype(float)
        self._rows = np.arange(self.count)
        self.T = np.ascontiguousarray(self.T)  # the columns of a table are not
        if not self._is_sparse:
            self.X = np.ascontiguousarray(self.X)

    @property
    def state(self) -> State:
        """What learns, and what is remembered of it, where the kernel has it: `copied` keeps it as it is now."""
        return self._session.state

    def close(self) -> None:
        """Give the kernel's memory back; nothing can be run after that."""
        give_back(self._kernel, self._session)
        del self._session

    @property
    def _is_sparse(self) -> bool:
        return hasattr(self.X, "toarray")

    @property
    def at_once(self) -> int:
        """How many epochs one call can take."""
        return 1 if self.watched or self._is_sparse else max(1, ROWS // self.count)

    def put(self, values: dict[Quantity, NDArray[Any]]) -> None:
        """Begin from these values, where the state has them in the same shape."""
        for label, value in values.items():
            if label in self.state and self.state[label].shape == value.shape:
                self.state[label][...] = value

    def run(self, rates: Sequence[float]) -> list[float]:
        """One epoch for each rate; the mean error of each, the last nan if an update was not finite."""
        size = len(self._sizes)
        rows = np.concatenate([self._next_order() for _ in rates])
        sums = self._sums(rows)
        errors = np.full(len(sums), np.nan)
        made = self._call(rows, np.repeat(np.asarray(rates, float), size), 1 / sums, errors)
        losses: list[float] = ((errors.reshape(-1, size) * self._sizes).sum(axis=1) / self.count).tolist()
        if made < len(errors):
            self.failed = made % size + 1
            self._bad = np.split(rows, self._starts(len(rates)))[made + 1]
            losses = [*losses[: made // size], float("nan")]
        return losses

    def _starts(self, epochs: int) -> NDArray[Any]:
        """The first row of each batch."""
        within = self.batch * np.arange(len(self._sizes))
        return np.add.outer(self.count * np.arange(epochs), within).ravel()

    def _next_order(self) -> NDArray[Any]:
        if self.shuffle:
            drawn = np.arange(len(self._rows))
            self.random.shuffle(drawn)
            self._rows = self._rows[drawn]
        return self._rows

    def _sums(self, rows: NDArray[Any]) -> NDArray[Any]:
        """The sum of the weights of each batch; rows of weight 0 alone change nothing."""
        epochs = len(rows) // self.count
        if self.weights is None:
            return np.tile(self._sizes, epochs)
        found = np.add.reduceat(np.asarray(self.weights, float)[rows], self._starts(epochs))
        return np.where(found != 0, found, np.inf)

    def _call(self, rows: NDArray[Any], rates: NDArray[Any], shares: NDArray[Any], errors: NDArray[Any]) -> int:
        """The updates made; sparse rows, of one epoch at a time, are filled in as they are used."""
        if not self._is_sparse:
            scalars = self._scalars(rates, shares)
            return self._session.run(self._parts(rows), rows, scalars, errors, epoch=self.count)
        step = max(1, GATHERED // max(1, self.X.shape[1]) // self.batch) * self.batch
        made = 0
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            updates = slice(made, made + -(-len(part) // self.batch))
            scalars = self._scalars(rates[updates], shares[updates])
            count = self._session.run(self._parts(part), np.arange(len(part)), scalars, errors[updates])
            made += count
            if count < len(errors[updates]):
                break
        return made

    def _scalars(self, rates: NDArray[Any], shares: NDArray[Any]) -> dict[Quantity, NDArray[Any]]:
        found: dict[Quantity, NDArray[Any]] = {
            RATE: rates,
            SHARE: shares,
            ALPHA: np.full(len(rates), float(self.alpha)),
        }
        if self.design.dropout:
            found[DRAW] = self.random.randint(1 << 31, size=len(rates)).astype(float)
        return found

    def _parts(self, rows: NDArray[Any]) -> dict[Quantity, NDArray[Any]]:
        """The examples as the kernel takes them: whole, or for sparse rows only those used."""
        if self._is_sparse:
            found = {Name("x"): np.ascontiguousarray(dense(self.X[rows]), self.T.dtype), Name("t"): self.T[rows]}
        else:
            found = {Name("x"): self.X, Name("t"): self.T}
        if self.weights is not None:
            found[Name("s")] = self.weights[rows] if self._is_sparse else self.weights
        return {label: found[label] for label in map(label_of, self._program.examples)}  # type: ignore[index]

    def first_bad(self) -> str:
        """The first value of the failed update that is not finite, and of what; the state is still that before it."""
        rows = self._bad
        values: dict[Quantity, Any] = {
            label: dense(part[np.arange(len(rows)) if self._is_sparse else rows])
            for label, part in self._parts(rows).items()
        }
        values |= {label: value.astype(float) for label, value in self.state.items()}
        values |= dict.fromkeys(self._program.scalars, 1.0)
        roots = list(self._program.step.outputs.values())
        numbers = numpy_numbers()
        with numbers.s.context():
            table = evaluate_all(roots, values, numbers=numbers)
            for one in order(roots):
                found = np.asarray(table[one]).astype(self.T.dtype) if one.op is NAME else np.zeros(1)
                if not np.isfinite(found).all():
                    return f"{found[~np.isfinite(found)].flat[0]}, in {_place(spell(label_of(one)))}"
        return "that of the error"


def _place(name: str) -> str:
    """A quantity and the layer it is of: z2 of layer 2."""
    plain = name.removesuffix("_each")
    layer = re.search(r"\d+$", plain)
    return f"{plain} of layer {layer[0]}" if layer else f"the error {plain}"
