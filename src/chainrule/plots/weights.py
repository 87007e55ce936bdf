"""Weights in colours: a matrix, or for networks that see images an image for each unit."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from chainrule.errors import ProblemError, ShapeError
from chainrule.plots.style import axes_of, column_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

BETWEEN: Final = "#d1d5db"  # images: white would look like weights of 0


def weight_images(model: Any, *, layer: int = 1, shape: tuple[int, int] | None = None, ax: Axes | None = None) -> Axes:
    """The weights of a layer in colours: blue below 0, white at 0, red above.

    Where the layer's inputs are the pixels of an image of this shape, each unit's weights are one image; without
    `shape` that is so of the first layer if their number is a square of at least 4 by 4. Else a row is a unit and a
    column an input. Raises ProblemError for a layer that is not there, ShapeError for a shape that does not fit.

    >>> from matplotlib.figure import Figure
    >>> from chainrule.estimators import MLPRegressor
    >>> model = MLPRegressor(hidden_layer_sizes=(3,), solver="lbfgs").fit([[0.0, 1.0], [1.0, 0.0]], [1.0, 3.0])
    >>> weight_images(model, ax=Figure().subplots()).get_ylabel()
    'unit of layer 1'
    """
    weights = _weights(model, layer).T
    units, inputs = weights.shape
    side = isqrt(inputs)
    if shape is None and layer == 1 and side * side == inputs and side >= 4:
        shape = (side, side)
    if shape is not None and shape[0] * shape[1] != inputs:
        raise ShapeError(f"{inputs} weights of a unit do not fill an image of shape {tuple(shape)}.")
    axes = axes_of(ax)
    from matplotlib import colormaps

    largest = float(np.abs(weights).max()) or 1.0
    picture = weights if shape is None else _tiles(weights.reshape(units, *shape))
    # Interpolated pixels would be weights that do not exist.
    colors = colormaps["RdBu_r"].with_extremes(bad=BETWEEN)
    look: dict[str, Any] = {"cmap": colors, "vmin": -largest, "vmax": largest, "interpolation": "nearest"}
    shown = axes.imshow(picture, aspect="auto" if shape is None else "equal", **look)
    axes.figure.colorbar(shown, ax=axes, label="weight", shrink=0.9)
    if shape is None:
        names = column_names(model) if layer == 1 else [str(k + 1) for k in range(inputs)]
        _ticks(axes, units, names)
        axes.set(xlabel="input" if layer == 1 else f"unit of layer {layer - 1}", ylabel=f"unit of layer {layer}")
    else:
        axes.set_axis_off()
    axes.set_title(f"Weights of layer {layer}" + ("" if shape is None else f": an image for each of {units} units"))
    return axes


def _tiles(images: NDArray[Any]) -> NDArray[Any]:
    """Images side by side in about as many rows as columns, with a gap of nothing between them."""
    count, high, wide = images.shape
    columns = max(1, round((count * high / wide) ** 0.5))
    rows = -(-count // columns)
    found = np.full((rows * (high + 1) - 1, columns * (wide + 1) - 1), np.nan)
    for k, image in enumerate(images):
        top, left = k // columns * (high + 1), k % columns * (wide + 1)
        found[top : top + high, left : left + wide] = image
    return found


def _ticks(axes: Axes, units: int, names: Sequence[str]) -> None:
    """Numbers from 1 and names, where there is room for them."""
    step = -(-units // 20)
    axes.set_yticks(range(0, units, step), [str(k + 1) for k in range(0, units, step)])
    are_numbers = names[0].isdecimal()
    step = -(-len(names) // (15 if are_numbers else 30))
    crowded = not are_numbers and sum(map(len, names)) > 40
    turned: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if crowded else {}
    axes.set_xticks(range(0, len(names), step), names[::step], **turned)


def _weights(model: Any, layer: int) -> NDArray[Any]:
    coefs = getattr(model, "coefs_", None)
    if coefs is None:
        raise ProblemError(
            f"{type(model).__name__} has no weights.", hint="Fit it first; of a pipeline give model[-1]."
        )
    if not 1 <= layer <= len(coefs):
        raise ProblemError(f"there is no layer {layer}.", hint=f"The layers with weights are 1 to {len(coefs)}.")
    return np.asarray(coefs[layer - 1])
