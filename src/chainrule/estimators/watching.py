"""Who looks on while an estimator learns: the callbacks of scikit-learn 1.9 and later, and a bar.

The callbacks follow SLEP 23: a task for the fit, and below it one for each epoch or iteration of a search.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sklearn.utils import _safe_indexing

from chainrule.dataclasses import dataclass
from chainrule.training.progress import Tell, progress_bar

if TYPE_CHECKING:
    from numpy.typing import NDArray

try:
    from sklearn.callback import CallbackSupportMixin as CallbackSupportMixin
except ImportError:  # before scikit-learn 1.9 no estimator has callbacks

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing."""


@dataclass(slots=True)
class Watch:
    """Tells callbacks and the bar of every epoch; `given` is what `fit` was called with: X, y, and the rows' weights.

    `root` is scikit-learn's context of the fit where callbacks look on, `rows` which of the rows are learned from
    where not all are.
    """

    estimator: Any
    given: tuple[Any, Any, Any]
    tell: Tell
    root: Any = None
    rows: NDArray[Any] | None = None
    _task: Any = None

    @property
    def is_close(self) -> bool:
        """Whether somebody wants to see every single epoch."""
        return self.root is not None

    def begin(self, name: str) -> None:
        """An epoch, or what it is called, begins."""
        if self.root is not None:
            self._task = self.root.subcontext(task_name=name)
            self._task.call_on_fit_task_begin(**self._seen())

    def end(self) -> bool:
        """It has ended, and the estimator has what it brought; whether a callback wants the fit to stop."""
        task, self._task = self._task, None
        return task is not None and bool(task.call_on_fit_task_end(**self._seen()))

    def finish(self) -> None:
        """The fit has ended, perhaps before the task that was begun last."""
        if self._task is not None:
            self._task.call_on_fit_task_end(estimator=self.estimator)
        if self.root is not None:
            self.root.call_on_fit_task_end(**self._seen())

    def _seen(self) -> dict[str, Any]:
        X, y, weights = self.given
        return {
            "estimator": self.estimator,
            "X": lambda: self._part(X),
            "y": lambda: self._part(y),
            "metadata": None if weights is None else lambda: {"sample_weight": self._part(weights)},
            "reconstruction_attributes": self._lists,
        }

    def _part(self, whole: Any) -> Any:
        return whole if self.rows is None else _safe_indexing(whole, self.rows)

    def _lists(self) -> dict[str, Any]:
        """The records so far; what else is learned is not changed in place, so that a shallow copy keeps it."""
        names = ("loss_curve_", "validation_scores_", "validation_loss_curve_")
        return {name: list(found) for name in names if (found := getattr(self.estimator, name, None)) is not None}


@contextmanager
def watching(estimator: Any, given: tuple[Any, Any, Any], *, tasks: int) -> Iterator[Watch]:
    """A watch over one fit, of at most so many tasks; 0 for a call that nobody looks at."""
    with progress_bar(estimator.max_iter, show=bool(tasks) and estimator.verbose == "bar") as tell:
        watch = Watch(estimator, given, tell)
        if tasks and hasattr(estimator, "_init_callback_context"):
            root = estimator._init_callback_context(max_subtasks=tasks)
            if hasattr(estimator, "_skl_callbacks"):
                watch.root = root
                root.call_on_fit_task_begin(**watch._seen())
        yield watch
        watch.finish()
