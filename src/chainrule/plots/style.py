"""The colours of the plots, and the axes they are drawn on; matplotlib is loaded only to draw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from chainrule.errors import MissingPartError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

# Okabe and Ito 2008, without yellow, which is too light for a line on white.
COLORS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS: Final = "osD^vPX"
GREY: Final = "#6b7280"


def axes_of(ax: Axes | None) -> Axes:
    """The axes to draw on, these or new ones, without the box around them.

    Raises MissingPartError without matplotlib.
    """
    axes = _new_axes() if ax is None else ax
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def _new_axes() -> Axes:
    try:
        from matplotlib import pyplot
    except ImportError:
        raise MissingPartError("plots need matplotlib.", hint="Install it: pip install 'chainrule[plot]'") from None
    return pyplot.subplots(layout="constrained")[1]


def column_names(model: Any, X: Any = None) -> Sequence[str]:
    """What the inputs are called: as in the table, as when it was fitted, or by number."""
    names = getattr(X, "column_names", getattr(X, "columns", getattr(model, "feature_names_in_", None)))
    if names is not None:
        return [str(name) for name in names]
    return [f"x{k}" for k in range(model.n_features_in_ if X is None else np.shape(X)[1])]
