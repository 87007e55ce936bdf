"""A bar that shows epoch, error and rate while a model learns; rich is loaded only when there is one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

# How many epochs, a part of one too; the error and the rate, if it has one, of the last whole one.
Tell: TypeAlias = Callable[[float, float | None, float | None], None]


@contextmanager
def progress_bar(epochs: int, *, show: bool | None) -> Iterator[Tell]:
    """A function to tell the bar where training stands; without `show` there is a bar only on a terminal."""
    if not (sys.stderr.isatty() if show is None else show):
        yield lambda epochs, error, rate: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("epoch"), MofNCompleteColumn(), BarColumn(), TextColumn("{task.fields[state]}"),
        TimeRemainingColumn(), console=Console(stderr=True), transient=True,
    )  # fmt: skip
    with bar:
        task = bar.add_task("epochs", total=epochs, state="")

        def tell(epochs: float, error: float | None, rate: float | None) -> None:
            known = [("error", error, ".4g"), ("rate", rate, ".3g")]
            state = "  ".join(f"{name} {value:{digits}}" for name, value, digits in known if value is not None)
            bar.update(task, completed=epochs, state=state)

        yield tell
