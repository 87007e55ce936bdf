"""The loss while learning, of one model or of several beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from chainrule.errors import ProblemError, ShapeError
from chainrule.plots.style import COLORS, GREY, axes_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

FAR: Final = 20  # times the smallest, from where a logarithmic scale shows more


def loss_curve(*models: Any, labels: Sequence[str] | None = None, ax: Axes | None = None) -> Axes:
    """The loss after each epoch of one or several estimators, or of the histories that `cr.train` gives.

    Where rows were held back their loss is dashed, and a dot is where the weights with the best score come from.
    Raises ProblemError for what has not learned.

    >>> from matplotlib.figure import Figure
    >>> from chainrule.estimators import MLPRegressor
    >>> model = MLPRegressor(solver="lbfgs", random_state=0).fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    >>> loss_curve(model, ax=Figure().subplots()).get_xlabel()
    'iteration'
    """
    if labels is not None and len(labels) != len(models):
        raise ShapeError(f"there are {len(labels)} labels, expected one for each of the {len(models)} models.")
    if not models:
        raise ProblemError("there are no models to draw the losses of.")
    found = [_losses(model) for model in models]
    axes = axes_of(ax)
    is_split = any(held is not None for _, held, _ in found)
    for k, (losses, held, best) in enumerate(found):
        name, color = "" if labels is None else f"{labels[k]}, ", COLORS[k % len(COLORS)]
        epochs = np.arange(1, len(losses) + 1)
        _line(axes, epochs, losses, color=color, label=f"{name}learned from" if is_split else name.removesuffix(", "))
        if held is not None:
            other = color if len(models) > 1 else COLORS[1]
            _line(axes, epochs, held, color=other, linestyle="--", label=f"{name}held back")
            if best is not None:
                axes.plot(best + 1, held[best], "o", color=other, markersize=7, label=f"{name}best score")
    values = np.concatenate([part for losses, held, _ in found for part in (losses, held) if part is not None])
    values = values[np.isfinite(values)]
    if len(values) and 0 < values.min() * FAR < values.max():
        axes.set_yscale("log")
    axes.locator_params(axis="x", integer=True)
    is_search = all(getattr(model, "solver", "") == "lbfgs" for model in models)
    axes.set(xlabel="iteration" if is_search else "epoch", ylabel="loss", title="Loss while learning")
    if is_split and len(models) > 1:
        _legend_of_several(axes, labels or ())
    elif labels is not None or is_split:
        axes.legend(frameon=False)
    return axes


def _legend_of_several(axes: Axes, labels: Sequence[str]) -> None:
    """The models by colour, and once for all of them, in grey, what the kinds of lines are."""
    from matplotlib.lines import Line2D

    colors = [Line2D([], [], color=COLORS[k % len(COLORS)], linewidth=1.8) for k in range(len(labels))]
    kinds = {
        "learned from": Line2D([], [], color=GREY, linewidth=1.8),
        "held back": Line2D([], [], color=GREY, linewidth=1.8, linestyle="--"),
        "best score": Line2D([], [], color=GREY, linestyle="", marker="o", markersize=7),
    }
    axes.legend([*colors, *kinds.values()], [*labels, *kinds], frameon=False)


def _losses(model: Any) -> tuple[NDArray[Any], NDArray[Any] | None, int | None]:
    """The losses, those of the rows held back, and the place of the best."""
    if hasattr(model, "rows"):  # a history
        losses = model.column("error") if model.rows else []
        held = model.column("validation") if model.rows and "validation" in model.rows[0] else None
        best = model.best - 1 if model.best else None
    else:
        losses = getattr(model, "loss_curve_", [])
        held = getattr(model, "validation_loss_curve_", None)
        best = None if not held else int(np.nanargmax(model.validation_scores_))
    if not losses:
        raise ProblemError(
            f"{type(model).__name__} has no losses.", hint="Fit it first; of a pipeline give the last step, model[-1]."
        )
    return np.asarray(losses, float), None if held is None else np.asarray(held, float), best


def _line(axes: Axes, across: NDArray[Any], values: NDArray[Any], **look: Any) -> None:
    """A line, and where it has one point only, that."""
    axes.plot(across, values, linewidth=1.8, marker="o" if len(values) == 1 else None, **look)
