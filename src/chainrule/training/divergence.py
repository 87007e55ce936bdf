"""Why an error is not finite: the update that failed is worked out again, up to the first bad quantity."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.evaluate import evaluate_all
from chainrule.graph import Program
from chainrule.node import NAME, Node, label_of, order
from chainrule.numbers.vectorised import numpy_numbers
from chainrule.quantity import Derivative, Quantity, Updated, spell
from chainrule.training.order import order_of_epoch

if TYPE_CHECKING:
    from chainrule.training.model import Model
    from chainrule.training.sessions import State
    from chainrule.training.spans import Spans


def explain_divergence(
    model: Model, program: Program, spans: Spans, earlier: Callable[[], State] | None, epoch: int, update: int
) -> str:
    """Where the numbers overflowed, and what to do.

    `update` is the number within the epoch of the update whose error is not finite, and the state is that before it;
    `earlier` gives the state before the update before it, where it can be worked out again.
    """
    state = spans.state
    if update > 1 and earlier is not None and not all(np.isfinite(part).all() for part in state.values()):
        update, state = update - 1, earlier()
    label, largest, size = first_bad(program, spans, state, epoch, update)
    where = f"epoch {epoch}, update {update}"
    what = f"{spell(label)}{layer_text(model, label)}" if label is not None else "the error"
    before = f"; before it {spell(largest)}{layer_text(model, largest)} is {size:.2g}" if largest is not None else ""
    return (
        f"training diverged in {where}: {what} is the first quantity that is not finite{before}."
        " Take a lower rate, scale the inputs to about -1 to 1, or clip: clip_norm=1."
    )


def layer_text(model: Model, label: Quantity | None) -> str:
    """In which layer a quantity is, in words; nothing where there are no layers."""
    while isinstance(label, Derivative | Updated):
        label = label.by if isinstance(label, Derivative) else label.of
    if model.names is None or label is None:
        return ""
    found = model.names.read_array(spell(label))
    return f" (layer {found[1]})" if found is not None else ""


def first_bad(
    program: Program, spans: Spans, state: State, epoch: int, update: int
) -> tuple[Quantity | None, Quantity | None, float]:
    """The first named quantity of an update that is not finite in its dtype; the largest before it, and its size."""
    order_now = order_of_epoch(spans.count, epoch, shuffle=spans.shuffle, seed=spans.seed)
    rows = order_now[(update - 1) * spans.batch : update * spans.batch]
    values: dict[Quantity, Any] = {}
    for one in program.examples:
        single = not one.type.shape or isinstance(one.type.shape[0], int)
        values[label_of(one)] = np.asarray(spans.parts[label_of(one)][rows[0] if single else rows], float)
    values |= {label_of(one.before): np.asarray(state[label], float) for label, one in program.state.items()}
    values |= {label_of(one): 0.0 for one in program.scalars.values()}
    roots = list(program.step.outputs.values())
    named: list[Node] = [one for one in order(roots) if one.op is NAME]
    numbers = numpy_numbers()
    with numbers.s.context():
        table = evaluate_all(roots, values, numbers=numbers)
        largest, size = None, 0.0
        for one in named:
            value = np.asarray(table[one]).astype(spans.dtype)
            if not np.isfinite(value).all():
                return label_of(one), largest, size
            if value.size and np.abs(value).max() > size:
                largest, size = label_of(one), float(np.abs(value).max())
    return None, largest, size
