"""`chainrule train`: finds the problem, trains it, tells what came out and saves the model."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable
from importlib.util import find_spec

from chainrule.errors import ProblemError
from chainrule.problem import Problem
from chainrule.problem.data import READERS
from chainrule.training.from_problem import Task, run_task, task_of
from chainrule.training.loop import TrainingWarning
from chainrule.training.recipes import built_in, table_problem
from chainrule.training.report import report, told
from chainrule.training.saving import save_model


def problem_to_train(file: str, target: str | None, opened: Callable[[str], Problem]) -> Problem:
    """The problem of a file, of a table, or of a built-in name; `opened` reads problem files and lectures."""
    if os.path.splitext(file)[1].casefold() in READERS:
        return table_problem(file, target)
    if target is not None:
        raise ProblemError("--target goes with a table.", hint="In a problem file, write target in [data].")
    if os.path.exists(file):
        return opened(file)
    return built_in(file) or opened(file)


def run(
    problem: Problem,
    *,
    as_json: bool,
    output: str | None,
    epochs: int | None,
    seed: int | None,
    threads: int | None,
    ascii_only: bool,
    width: int,
    note: Callable[[str], None],
) -> str:
    """Train, save, and the text for standard output; warnings go to `note`."""
    task = task_of(problem)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", TrainingWarning)
        history = run_task(task, progress=False if as_json else None, epochs=epochs, seed=seed, threads=threads)
    for warning in caught:
        note(f"warning: {warning.message}")
    saved = _save(task, output)
    if as_json:
        return json.dumps(report(task, history, saved=saved), ensure_ascii=False, indent=1) + "\n"
    return told(task, history, saved=saved, width=width, ascii_only=ascii_only)


def _save(task: Task, output: str | None) -> str:
    """Where the model was saved: in the file named, else beside where one stands, under the problem's name."""
    if output is None:
        stem = os.path.splitext(os.path.basename(task.problem.file or "model"))[0]
        output = f"{stem}.safetensors" if find_spec("safetensors") else f"{stem}.npz"
    save_model(task.model, output)
    return output
