"""What is predicted at every point of a plane: the regions of classes, or the levels of a number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ProblemError, ShapeError
from chainrule.plots.style import COLORS, GREY, MARKERS, axes_of, column_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray


def decision_boundary(
    model: Any,
    X: Any,
    y: Any = None,
    *,
    features: Sequence[int | str] = (0, 1),
    resolution: int = 200,
    ax: Axes | None = None,
) -> Axes:
    """The class that is predicted at every point, paler where it is less probable; of a regressor the number.

    X has the rows to draw, coloured by y if that is given. Where it has more than two columns, `features` are drawn,
    by number or name, and the others held at their medians. Raises ShapeError without two columns, ProblemError for
    several labels or outputs, and for a name that is not there.

    >>> from matplotlib.figure import Figure
    >>> from chainrule.estimators import MLPClassifier
    >>> X, y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], ["no", "yes", "yes", "no"]
    >>> model = MLPClassifier((8,), solver="lbfgs", random_state=3).fit(X, y)
    >>> decision_boundary(model, X, y, ax=Figure().subplots()).get_title()
    'MLPClassifier: 100 % of 4 rows right'
    """
    table, names = _numbers(X), column_names(model, X)
    if table.ndim != 2 or table.shape[1] < 2 or len(features) != 2:
        raise ShapeError("a decision boundary needs two columns.", hint="Give features=(first, second).")
    first, second = (_column(one, names) for one in features)
    across, up = (_span(table[:, at], resolution) for at in (first, second))
    grid = np.repeat(np.median(table, axis=0)[None], resolution**2, axis=0)
    grid[:, first], grid[:, second] = (part.ravel() for part in np.meshgrid(across, up))
    found, title = _predicted(model, _like(X, grid)), _title(model, X, y)
    axes = axes_of(ax)
    (_regions if hasattr(model, "classes_") else _levels)(axes, found, across, up, y)
    if y is not None:
        _points(axes, model, table[:, first], table[:, second], y)
    if table.shape[1] > 2:
        look: dict[str, Any] = {"xycoords": "axes fraction", "ha": "center", "color": GREY}
        axes.annotate("the other columns at their medians", (0.5, 1.01), **look)
    axes.set(xlabel=names[first], ylabel=names[second])
    axes.set_title(title, pad=20 if table.shape[1] > 2 else None)
    return axes


def _predicted(model: Any, grid: Any) -> NDArray[Any]:
    """The probabilities of the classes, or the number, at each point."""
    found = np.asarray(model.predict(grid))
    if found.ndim > 1:
        raise ProblemError(f"a decision boundary shows one class or number for each row, here {found.shape[1]} are.")
    return np.asarray(model.predict_proba(grid)) if hasattr(model, "classes_") else found


def _regions(axes: Axes, shares: NDArray[Any], across: NDArray[Any], up: NDArray[Any], y: Any) -> None:
    from matplotlib.colors import to_rgb

    classes, winner = shares.shape[1], shares.argmax(axis=1)
    # The colour is faint where all classes are as probable, and has half its strength where one is certain.
    certain = (shares.max(axis=1) - 1 / classes) / (1 - 1 / classes)
    strength = (0.15 + 0.4 * certain)[:, None]
    colors = np.array([to_rgb(COLORS[k % len(COLORS)]) for k in range(classes)])[winner]
    shape = (len(up), len(across))
    image = (1 - strength + strength * colors).reshape(*shape, 3)
    extent = (across[0], across[-1], up[0], up[-1])
    axes.imshow(image, origin="lower", extent=extent, aspect="auto", interpolation="bilinear")
    for k in range(classes):
        margin = shares[:, k] - np.delete(shares, k, axis=1).max(axis=1, initial=-1)
        if margin.min() < 0 < margin.max():
            axes.contour(across, up, margin.reshape(shape), levels=[0], colors="#374151", linewidths=1)


def _levels(axes: Axes, found: NDArray[Any], across: NDArray[Any], up: NDArray[Any], y: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    low, high = (float(bound(found)) for bound in (np.min, np.max))
    if y is not None:
        low, high = min(low, float(np.min(y))), max(high, float(np.max(y)))
    levels = MaxNLocator(12).tick_values(low, high if high > low else low + 1)
    shown = axes.contourf(across, up, found.reshape(len(up), len(across)), levels=levels, cmap="viridis")
    axes.figure.colorbar(shown, ax=axes, label="predicted")


def _points(axes: Axes, model: Any, across: NDArray[Any], up: NDArray[Any], y: Any) -> None:
    edge: dict[str, Any] = {"edgecolors": "white", "linewidths": 0.8, "s": 36, "zorder": 3}
    if not hasattr(model, "classes_"):
        low, high = axes.collections[0].get_clim()
        axes.scatter(across, up, c=np.asarray(y, float), cmap="viridis", vmin=low, vmax=high, **edge)
        return
    for k, name in enumerate(model.classes_):
        rows = np.asarray(y) == name
        color, marker = COLORS[k % len(COLORS)], MARKERS[k % len(MARKERS)]
        axes.scatter(across[rows], up[rows], color=color, marker=marker, label=str(name), **edge)
    axes.legend(frameon=True, framealpha=0.9, edgecolor="none")


def _column(feature: int | str, names: Sequence[str]) -> int:
    if isinstance(feature, str):
        if feature not in names:
            raise ProblemError(f"there is no column {feature!r}.", hint=f"The columns are {', '.join(names)}.")
        return names.index(feature)
    if not -len(names) <= feature < len(names):
        raise ProblemError(f"there is no column {feature}, expected a number below {len(names)}.")
    return int(feature) % len(names)


def _span(values: NDArray[Any], count: int) -> NDArray[Any]:
    """Points from below the smallest to above the largest value."""
    low, high = float(values.min()), float(values.max())
    margin = 0.08 * (high - low) or 1.0
    return np.linspace(low - margin, high + margin, count)


def _numbers(X: Any) -> NDArray[Any]:
    return np.asarray(X.toarray() if hasattr(X, "toarray") else X, float)


def _like(X: Any, grid: NDArray[Any]) -> Any:
    """The grid as a table, if X is one: with its names, and of its library."""
    if not hasattr(X, "columns"):
        return grid
    import narwhals.stable.v2 as tables

    frame = tables.from_native(X, eager_only=True)
    columns = {name: grid[:, k] for k, name in enumerate(frame.columns)}
    return tables.from_dict(columns, backend=frame.implementation).to_native()


def _title(model: Any, X: Any, y: Any) -> str:
    """What it is, and how good on these rows."""
    name = type(model[-1] if hasattr(model, "steps") else model).__name__
    if y is None:
        return name
    score = float(model.score(X, y))
    if not hasattr(model, "classes_"):
        return f"{name}: R² {score:.3g}"
    return f"{name}: {_percent(score)} of {len(y)} rows right"


def _percent(share: float) -> str:
    """A share, such as 97.3 %; 100 % only if it is all."""
    return f"{min(100 * share, 99.9) if share < 1 else 100:.3g} %"
