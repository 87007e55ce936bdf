"""The algorithm of lecture 003: for each <x, t> in D, forward, backward, update - until convergence.

What a run consists of stands in `run`; what this process need not work out, because another one has, in `quick`.
"""

from __future__ import annotations

TYPE_CHECKING = False  # what only types need is not loaded: a short program starts with this file
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Literal, TypeAlias

    from chainrule.training.history import History
    from chainrule.training.model import Model
    from chainrule.training.rules import Lbfgs, Rule
    from chainrule.training.stopping import Condition

Over: TypeAlias = "Literal['sum', 'mean']"
Engine: TypeAlias = "Literal['native', 'reference']"


class TrainingWarning(UserWarning):
    """What goes wrong while a model learns, and what to do about it."""


def train(
    model: Model,
    X: Any,
    T: Any = None,
    *,
    optimizer: Rule | Lbfgs | str = "sgd",
    batch: int | Literal["all"] = 1,
    epochs: int = 100,
    over: Over = "mean",
    shuffle: bool = True,
    seed: int = 0,
    stop: str | Condition | None = None,
    change: float | None = None,
    patience: int | None = None,
    validation: float | tuple[Any, Any] | None = None,
    updates: int | None = None,
    seconds: float | None = None,
    l1: float = 0.0,
    l2: float = 0.0,
    dropout: float | Mapping[str, float] = 0.0,
    keep: Literal["last", "best"] | None = None,
    progress: bool | None = None,
    engine: Engine = "native",
    precise: bool = True,
    threads: int = 1,
) -> History:
    """Train a model on examples, in place, until one of the limits is reached; its parameters are what was learned.

    X and T have a row an example (or are dicts of columns). One update takes `batch` of them, in a new order each
    epoch if `shuffle`, and follows the derivative of their error's sum or mean (`over`). Training ends after `epochs`,
    `updates` or `seconds`; when `stop` holds ("E < 0.01", or a function of a row of the history); when the error
    changes by less than `change`; or after `patience` epochs without a better error on the part held back for
    `validation` (a share, or X and T of its own). `l1`, `l2` penalise weights, `dropout` sets a share of the hidden
    outputs to 0. `keep="best"` (usual with validation) puts the best epoch's parameters back. Ctrl-C ends
    training as a limit does. Equal arguments give equal results, bit by bit. Not `precise`, the sigmoids of a
    float32 model may be off by 2e-7 while it learns, which is faster for small networks.
    Up to `threads` threads make each update together where it takes long enough that they gain by it; the results are
    the same bits.

    Raises ShapeError for examples that do not fit, are empty or not finite, ProblemError for arguments that mean
    nothing. If the error overflows, training stops with a TrainingWarning that says where, and keeps the best.

    Rumelhart, Hinton and Williams 1986, Learning representations by back-propagating errors.

    >>> from chainrule.training.model import MLP
    >>> from chainrule.training.rules import sgd
    >>> net = MLP([2, 2, 1], init="uniform(-0.5, 0.5)", seed=3)
    >>> X, T = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 1]
    >>> history = train(net, X, T, optimizer=sgd(0.5), epochs=2000, over="sum", shuffle=False, stop="E < 0.04")
    >>> history.stopped_by, net.predict(X).round().ravel().tolist()
    ('E < 0.04', [0.0, 1.0, 1.0, 1.0])
    """
    asked: dict[str, Any] = {
        "optimizer": optimizer, "batch": batch, "epochs": epochs, "over": over, "shuffle": shuffle, "seed": seed,
        "stop": stop, "change": change, "patience": patience, "validation": validation, "updates": updates,
        "seconds": seconds, "l1": l1, "l2": l2, "dropout": dropout, "keep": keep, "progress": progress,
        "engine": engine, "precise": precise, "threads": threads,
    }  # fmt: skip
    from chainrule.training.quick import trained

    found = trained(model, X, T, asked)
    if found is not None:
        return found
    from chainrule.training.run import training_run

    return training_run(model, X, T, **asked)
