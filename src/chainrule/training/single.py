"""What a model predicts for one example, asked for again and again: in native code, in memory that stays.

Anybody may change the weights in place, so that they are compared with those of the call before, byte by byte: where
there are few of them this takes a microsecond or two.
"""

from __future__ import annotations

from math import isfinite
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from chainrule.training.compiled_model import example_shape, model_work

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from chainrule.training.model import Model

OFTEN: Final = 50  # single examples that a model is asked for before its code is made
LARGE: Final = 50_000  # numbers to be learned from which comparing them is not quick any more


class Single:
    """The quick way of a model; of a copy of the model, which has other weights, it is None at first."""

    __slots__ = ("_asked", "_before", "_dtype", "_given", "_lock", "_places", "_results", "_run", "_shape")

    def __init__(self, model: Model) -> None:
        shape = example_shape(model)
        several = len(model.outputs) > 1 and any(
            len(model.graph.outputs[label].type.shape) > 1 for label in model.outputs
        )
        numbers = sum(value.size for value in model.parameters.values())
        fits = shape is not None and not several and numbers <= LARGE
        self._shape = (1, *shape) if fits and shape is not None else None
        self._dtype, self._lock, self._asked = np.dtype(model.dtype), Lock(), 0
        self._run: Callable[[], None] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return type(None), ()

    def __call__(self, model: Model, X: object) -> NDArray[Any] | None:
        """The outputs for an array with one example as its only row; None where that is not the way."""
        if type(X) is not np.ndarray or X.shape != self._shape or X.dtype is not self._dtype:
            return None
        if not isfinite(np.vdot(X, X)):  # or it is very large: others look at it
            return None
        parameters = model.parameters
        with self._lock:
            if self._run is None:
                self._asked += 1
                if self._asked < OFTEN:
                    return None
                self._run = self._make(model, X.shape)
            for name, place in self._places.items():
                value = parameters[name]
                now = value.tobytes()
                if now != self._before[name]:
                    self._before[name] = now
                    place[...] = value
            np.copyto(self._given, X)
            self._run()
            return self._results.copy()

    def _make(self, model: Model, shape: tuple[int, ...]) -> Callable[[], None]:
        from chainrule.targets.llvm.bound_call import bound_call

        work, made, self._places = model_work(model, model.parameters)
        self._before = dict.fromkeys(self._places, b"")
        self._given, self._results = np.empty(shape, self._dtype), np.empty((1, *made), self._dtype)
        return bound_call(work, self._given, self._results, release=False)
