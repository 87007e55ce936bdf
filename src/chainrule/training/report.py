"""What `chainrule train` says: the history as a chart, what the network decides, scores, and the same as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from chainrule.quantity import spell
from chainrule.training.chart import chart
from chainrule.training.from_problem import Task
from chainrule.training.history import History

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHOWN: Final = 16  # examples of which each decision is shown


def report(task: Task, history: History, *, saved: str | None) -> dict[str, Any]:
    """What the contract asks for, as plain values; a number that is not finite is None."""
    found = metrics(task)
    return {
        "epochs": history.epochs,
        "updates": history.updates,
        "stopped_by": history.stopped_by,
        "loss": _plain(found.pop("loss")),
        "metrics": {name: _plain(value) for name, value in found.items()},
        "seconds": history.seconds,
        "model": saved,
    }


def _plain(value: float) -> float | None:
    return value if isfinite(value) else None


def metrics(task: Task) -> dict[str, float]:
    """The loss, and how good the outputs are: `accuracy` of decisions, or `r2` of numbers; `test_...` likewise."""
    found: dict[str, float] = {}
    for prefix, examples in (("", task.learn), ("test_", task.test)):
        if examples is None:
            continue
        X, T = task.given(examples)
        found[f"{prefix}loss"] = task.model.loss(X, T, over=task.problem.training.over)
        scored = _score(task, X, T)
        if scored is not None:
            found[f"{prefix}{scored[0]}"] = scored[1]
    return found


def _score(task: Task, X: Mapping[str, Any], T: Mapping[str, Any] | None) -> tuple[str, float] | None:
    outputs, targets = task.model.predict(X), _matrix(T)
    if targets is None or targets.shape != outputs.shape:
        return None
    levels = _levels(task)
    if levels is not None:
        return "accuracy", float(np.mean(np.all(_decided(outputs, levels) == _decided(targets, levels), axis=1)))
    spread = float(np.sum((targets - targets.mean(axis=0)) ** 2))
    return ("r2", 1 - float(np.sum((targets - outputs) ** 2)) / spread) if spread else None


def _matrix(T: Mapping[str, Any] | None) -> NDArray[Any] | None:
    parts = [np.asarray(part).reshape(len(part), -1) for part in (T or {}).values()]
    return np.column_stack(parts) if parts else None


def _levels(task: Task) -> tuple[float, float] | None:
    """The two values that targets take, where they take two: then outputs are decisions between them."""
    targets = _matrix(task.given(task.learn)[1])
    values = np.unique(targets) if targets is not None else np.zeros(0)
    return (float(values[0]), float(values[1])) if len(values) == 2 else None


def _decided(outputs: NDArray[Any], levels: tuple[float, float]) -> NDArray[Any]:
    """The largest of several outputs, each output by itself where there is one, as the upper of two levels."""
    if outputs.shape[1] == 1:
        return outputs > sum(levels) / 2
    chosen: NDArray[Any] = np.arange(outputs.shape[1]) == outputs.argmax(axis=1)[:, None]
    return chosen


def told(task: Task, history: History, *, saved: str | None, width: int = 80, ascii_only: bool = False) -> str:
    """The report in words: how it ended, the chart, decisions and scores."""
    problem = task.problem
    lines = [problem.title, "", _ended(history)]
    picture = chart(history.column("error"), width=min(60, width - 16), ascii_only=ascii_only)
    if picture:
        lines += ["", f"{spell(problem.minimise) if problem.minimise else 'error'} of each epoch", picture]
    rows = _decisions(task)
    if rows:
        lines += ["", *_aligned(rows)]
    lines.append("")
    names = {"loss": f"error ({problem.training.over} over the examples)", "accuracy": "right", "r2": "R2"}
    for name, value in metrics(task).items():
        plain = name.removeprefix("test_")
        where = " of the test" if name != plain else ""
        lines.append(f"{names[plain]}{where}: {f'{100 * value:.1f} %' if plain == 'accuracy' else f'{value:.6g}'}")
    if saved is not None:
        lines.append(f"model saved in {saved}")
    return "\n".join(lines) + "\n"


def _ended(history: History) -> str:
    reasons = {
        "epochs": "the last epoch was reached", "updates": "the last update was reached", "seconds": "time was up",
        "patience": "nothing got better any more", "interrupted": "it was interrupted", "diverged": "it diverged",
        "converged": "it converged",
    }  # fmt: skip
    why = reasons.get(history.stopped_by, history.stopped_by)
    epochs = "1 epoch" if history.epochs == 1 else f"{history.epochs:,} epochs"
    return f"{epochs}, {history.updates:,} updates, {history.seconds:.2f} s; ended because {why}."


def _decisions(task: Task) -> list[list[str]]:
    """A row for each of few examples: inputs, targets, outputs, the decision, the error."""
    examples = task.learn
    X, T = task.given(examples)
    targets, inputs = _matrix(T), _matrix(X)
    if targets is None or inputs is None or len(targets) > SHOWN or inputs.shape[1] + targets.shape[1] > 12:
        return []
    outputs, levels = task.model.predict(X), _levels(task)
    if outputs.shape != targets.shape:
        return []
    head = [*_heads(task, X), *_heads(task, T or {}), *_output_heads(task, outputs.shape[1])]
    head += (["decision"] if levels else []) + ["error"]
    errors = _errors(task, examples)
    rows = [head]
    for x, t, o, error in zip(inputs, targets, outputs, errors, strict=True):
        decision = [_decision(task, o, t, levels)] if levels else []
        rows.append([*map(_short, x), *map(_short, t), *(f"{value:.4f}" for value in o), *decision, f"{error:.6f}"])
    return rows


def _heads(task: Task, parts: Mapping[str, Any]) -> list[str]:
    found = []
    for name, part in parts.items():
        size = np.asarray(part).reshape(len(part), -1).shape[1]
        found += [name] if np.ndim(part) == 1 else [f"{name}[{k + 1}]" for k in range(size)]
    return found


def _output_heads(task: Task, size: int) -> list[str]:
    names = [spell(label) for label in task.model.outputs]
    return (
        names
        if len(names) == size and size > 1
        else [f"{names[0]}[{k + 1}]" for k in range(size)]
        if size > 1
        else names
    )


def _decision(task: Task, output: NDArray[Any], target: NDArray[Any], levels: tuple[float, float]) -> str:
    said, due = _decided(output[None], levels)[0], _decided(target[None], levels)[0]
    classes = task.problem.data.classes if task.problem.data is not None else ()
    if len(output) == 1:
        word = classes[int(said[0])] if len(classes) == 2 else _short(levels[int(said[0])])
    else:
        at = int(said.argmax())
        word = classes[at] if at < len(classes) else str(at + 1)
    return word if (said == due).all() else f"{word} (wrong)"


def _errors(task: Task, examples: Mapping[str, NDArray[Any]]) -> list[float]:
    X, T = task.given(examples)
    count = len(next(iter(examples.values())))
    one = [
        (
            {name: part[k : k + 1] for name, part in X.items()},
            {name: part[k : k + 1] for name, part in (T or {}).items()},
        )
        for k in range(count)
    ]
    return [task.model.loss(x, t or None) for x, t in one]


def _short(value: float) -> str:
    return f"{value:.6g}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
