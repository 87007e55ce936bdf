"""A bar that shows epoch, error and rate while a model learns; rich is loaded only when there is one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

Tell: TypeAlias = Callable[[int, float, float], None]  # the epoch, its error, its rate


@contextmanager
def progress_bar(epochs: int, *, show: bool | None) -> Iterator[Tell]:
    """A function to tell the bar where training stands; without `show` there is a bar only on a terminal."""
    if not (sys.stderr.isatty() if show is None else show):
        yield lambda epoch, error, rate: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("epoch"), MofNCompleteColumn(), BarColumn(), TextColumn("{task.fields[state]}"),
        TimeRemainingColumn(), console=Console(stderr=True), transient=True,
    )  # fmt: skip
    with bar:
        task = bar.add_task("epochs", total=epochs, state="")

        def tell(epoch: int, error: float, rate: float) -> None:
            bar.update(task, completed=epoch, state=f"error {error:.4g}  rate {rate:.3g}")

        yield tell
