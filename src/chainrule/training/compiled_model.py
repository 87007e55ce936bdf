"""A trained model as a quick function of one example, or of several.

Its weights are those the model has when it is compiled, so that they are put in place once and not looked at again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from chainrule.graph import collector_paused
from chainrule.quantity import Name
from chainrule.training import evaluation
from chainrule.training.parameters import Parameters
from chainrule.transforms.stabilise import running

if TYPE_CHECKING:
    from chainrule.targets.llvm.native_entry import Entry
    from chainrule.targets.llvm.work import Work
    from chainrule.training.model import Model

Shape: TypeAlias = "tuple[int, ...]"


class CompiledModel:
    """What a model predicts, in native code, with the weights that it had when this was made.

    Called with one example - an array of the inputs - it gives the outputs in an array, with several a row for each. An
    example in a C-contiguous array of the model's dtype takes less than a microsecond in a small network. One example
    is taken as it is: nan gives nan. Raises ShapeError for what does not fit.
    """

    __slots__ = {"__call__": "The outputs.", "_model": "The model, whose weights may go on changing."}
    __call__: Callable[[Any], Any]

    def __init__(self, model: Model) -> None:
        from chainrule.targets.llvm.native_entry import Entry

        self._model = model
        general = _General(model)
        general.entry = Entry(general, "predict", model.dtype)
        self.__call__ = general.entry.function

    def __reduce__(self) -> tuple[Any, ...]:
        return CompiledModel, (self._model,)


class _General:
    """The general way, which gives the entry its work when one example is asked for."""

    entry: Entry

    def __init__(self, model: Model) -> None:
        self._model, self._parameters = model, Parameters(model.parameters.copy())
        self._shape = example_shape(model)
        self._work: tuple[Work, Shape] | None = None
        self._lock = Lock()

    def __call__(self, x: Any) -> Any:
        if not self._is_example(x):
            return evaluation.predict(self._model, x, self._parameters)
        from chainrule.targets.llvm.entry_code import VALUE
        from chainrule.targets.llvm.work import WITHOUT_RELEASE

        given = np.ascontiguousarray(x, self._model.dtype)
        with self._lock:
            self._work = self._work or model_work(self._model, self._parameters)[:2]
            work, shape = self._work
            self.entry.give(work, [self._shape], [shape], VALUE, release=False)
            results = np.empty(shape, self._model.dtype)
            WITHOUT_RELEASE(work.address)(work.context, given.ctypes.data, results.ctypes.data)
        return results

    def _is_example(self, x: Any) -> bool:
        try:
            found = np.asarray(x)
        except (ValueError, TypeError):
            return False
        return found.shape == self._shape and found.dtype.kind in "biuf"


def example_shape(model: Model) -> Shape | None:
    """The shape of an array with one example: that of the only input, or a number for each; None for other models."""
    shapes = [tuple(map(int, one.type.shape)) for one in model.inputs]
    numbers = (len(shapes),) if shapes and not any(shapes) else None  # a column for each
    return shapes[0] if len(shapes) == 1 and shapes[0] else numbers


def model_work(model: Model, parameters: Mapping[str, Any]) -> tuple[Work, Shape, dict[str, Any]]:
    """What predicts for one example with these parameters; the shape of that, and where the parameters stand."""
    from chainrule.targets.llvm.held import held_work

    with collector_paused():
        graph = running(model.graph, list(model.outputs))
        roots = [graph.outputs[label] for label in model.outputs]
        inputs = graph.inputs()
        names = {inputs[Name(name)]: name for name in parameters if Name(name) in inputs}
        held = {one: parameters[name] for one, name in names.items()}
        work, places = held_work(roots, list(model.inputs), held, model.dtype)
    shapes = [tuple(map(int, root.type.shape)) for root in roots]
    made = shapes[0] if len(shapes) == 1 and shapes[0] else (sum(map(prod, shapes)),)
    return work, made, {name: places[one] for one, name in names.items()}
