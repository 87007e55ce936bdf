"""Ink as PNG, by matplotlib: it brings its own font and needs no library of the system."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from chainrule.errors import MissingPartError
from chainrule.pictures.layout import LINE, Layout, PlacedSpot, PlacedWire

_COLORS = {"plain": "#1c2430", "value": "#0b6b3a", "gradient": "#b3261e"}
_POSITIVE, _NEGATIVE, _LINE, _FILL = "#2763c4", "#c2611f", "#8a94a3", "#eef3fb"
_SCALE = 2  # pixels per unit of length
_MOST_PIXELS = 30_000  # a side; beyond it no program opens the picture


def png(layout: Layout) -> bytes:
    """A picture as the bytes of a PNG file.

    Raises `MissingPartError` without matplotlib.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingPartError(
            "PNG pictures need matplotlib.", hint="Install it: pip install 'chainrule[draw]', or draw to .svg."
        ) from None
    scale = min(_SCALE, _MOST_PIXELS / max(layout.width, layout.height))
    figure = Figure(figsize=(layout.width / 72, layout.height / 72), dpi=72 * scale, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, layout.width)
    axes.set_ylim(layout.height, 0)
    strongest = max([abs(w.wire.strength or 0) for w in layout.wires], default=0) or 1.0
    for placed in layout.wires:
        _wire(axes, placed, strongest, layout.diagram.dense)
    for spot in layout.spots:
        _spot(axes, spot, layout.diagram.dense)
    for placed in layout.wires:
        if placed.label is not None:
            _text(axes, placed.label[0], placed.label[1] - 4, placed.wire.above, "value")
            _text(axes, placed.label[0], placed.label[1] + 13, placed.wire.below, "gradient")
    if layout.diagram.title:
        _text(axes, 24, 32, layout.diagram.title, "plain", size=15, ha="left", weight="bold")
    stream = BytesIO()
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()


def _wire(axes: Any, placed: PlacedWire, strongest: float, dense: bool) -> None:
    strength = placed.wire.strength
    color = _LINE if strength is None else _NEGATIVE if strength < 0 else _POSITIVE
    part = abs(strength) / strongest if dense and strength is not None else None
    width, alpha = (1.4, 1.0) if part is None else (0.3 + 2.2 * part, 0.15 + 0.75 * part)
    across, down = zip(*placed.points, strict=True)
    axes.plot(across, down, color=color, linewidth=width, alpha=alpha, zorder=1)


def _spot(axes: Any, placed: PlacedSpot, dense: bool) -> None:
    from matplotlib.patches import Ellipse, Rectangle

    width, height = 2 * placed.across, 2 * placed.down
    style: dict[str, Any] = {"facecolor": _FILL, "edgecolor": _COLORS["plain"], "zorder": 2}
    if placed.spot.shape == "circle":
        axes.add_patch(Ellipse((placed.x, placed.y), width, height, **style))
    else:
        axes.add_patch(Rectangle((placed.x - placed.across, placed.y - placed.down), width, height, **style))
    _text(axes, placed.x, placed.y + 4, placed.spot.text, "plain", halo=False)
    for number, (text, role) in enumerate(() if dense else placed.spot.captions, 1):
        _text(axes, placed.x, placed.y + placed.down + number * LINE - 2, text, role)


def _text(
    axes: Any, x: float, y: float, text: str, role: str, *, halo: bool = True, size: float = 12, **options: Any
) -> None:
    from matplotlib.patheffects import withStroke

    effects = [withStroke(linewidth=3, foreground="white")] if halo else []
    # Dollars are ours, not those of a formula in TeX.
    style = {"ha": "center", **options}
    axes.text(
        x, y, text, color=_COLORS[role], family="DejaVu Sans Mono", size=size, va="baseline", zorder=3,
        path_effects=effects, parse_math=False, **style,
    )  # fmt: skip
