"""How large the gradient is in every layer: whether it vanishes or explodes on its way back."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ProblemError
from chainrule.plots.style import COLORS, GREY, axes_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray


def gradient_flow(model: Any, X: Any, y: Any, *, ax: Axes | None = None) -> Axes:
    """How large the derivatives of the loss by the weights are, layer by layer, from the input to the output.

    A dot is the median of a layer's sizes, the thick line holds the middle half of them, the thin one nine of ten.
    Sizes that fall by orders of magnitude towards the input are a gradient that vanishes; the share that is exactly
    0, as of units that are never on, is written below.

    >>> from matplotlib.figure import Figure
    >>> from chainrule.estimators import MLPRegressor
    >>> X, y = [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]
    >>> model = MLPRegressor(hidden_layer_sizes=(8, 8), solver="lbfgs", max_iter=5000, random_state=0).fit(X, y)
    >>> gradient_flow(model, X, y, ax=Figure().subplots()).get_yscale()
    'log'
    """
    if not hasattr(model, "gradient"):
        raise ProblemError(
            f"{type(model).__name__} has no gradient(X, y).",
            hint="Of a pipeline give the last step and what it sees: gradient_flow(p[-1], p[:-1].transform(X), y).",
        )
    sizes = [np.abs(slopes).ravel() for slopes in model.gradient(X, y)[0]]
    axes = axes_of(ax)
    middles = [np.median(part[part > 0]) if part.any() else np.nan for part in sizes]
    axes.plot(range(len(sizes)), middles, color=GREY, linewidth=1, linestyle=":")
    for at, (part, middle) in enumerate(zip(sizes, middles, strict=True)):
        if part.any():
            low, quarter, three, high = np.quantile(part[part > 0], [0.05, 0.25, 0.75, 0.95])
            axes.plot([at, at], [low, high], color=COLORS[0], linewidth=1.5)
            axes.plot([at, at], [quarter, three], color=COLORS[0], linewidth=7, alpha=0.45, solid_capstyle="butt")
            axes.plot(at, middle, "o", color=COLORS[0], markersize=7)
            look: dict[str, Any] = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1}
            place: dict[str, Any] = {"textcoords": "offset points", "va": "center", "bbox": look}
            axes.annotate(_short(middle), (at, middle), (10, 0), **place)
    widths = [model.coefs_[0].shape[0], *[w.shape[1] for w in model.coefs_]]
    ends = [f"layer {k}\n{a} → {b}" for k, (a, b) in enumerate(pairwise(widths), 1)]
    axes.set_xticks(range(len(sizes)), [end + _zeros(part) for end, part in zip(ends, sizes, strict=True)])
    axes.set_xlim(-0.5, len(sizes) - 0.5)
    if any(part.any() for part in sizes):
        axes.set_yscale("log")
    axes.set(ylabel="|dE/dw|")
    axes.set_title("Gradient flow: derivatives by the weights of each layer", pad=20)
    legend: dict[str, Any] = {"xycoords": "axes fraction", "ha": "center", "color": GREY}
    axes.annotate("dot: median; thick: the middle half; thin: nine of ten", (0.5, 1.01), **legend)
    return axes


def _short(size: float) -> str:
    return f"{size:.2g}".replace("e-0", "e-")


def _zeros(sizes: NDArray[Any]) -> str:
    share = 100 * float(np.mean(sizes == 0))
    return f"\n{max(share, 1):.0f} % are 0" if share else ""
