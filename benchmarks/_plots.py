"""The plots of the benchmarks, as SVG files beside their results; drawn where matplotlib is installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

RESULTS = Path(__file__).parent / "results"
WIDTHS = (1, 4, 16, 64, 256, 1025)
BATCHES = (1, 2, 8, 32, 128, 513)


def heat_map(title: str, points: Sequence[tuple[int, int, float]]) -> None:
    """The middle ratio, and the smallest, of points (width, batch, ratio) by width and batch."""
    figure = _figure(6.5, 4.2)
    if figure is None:
        return
    axes = figure.subplots()
    cells = [[_inside(points, w, b) for w in _pairs(WIDTHS)] for b in _pairs(BATCHES)]
    shown = [[median(cell) if cell else float("nan") for cell in row] for row in cells]
    from matplotlib.colors import LogNorm

    image = axes.imshow(shown, origin="lower", aspect="auto", cmap="RdYlGn", norm=LogNorm(0.25, 4))
    for y, row in enumerate(cells):
        for x, cell in enumerate(row):
            text = f"{median(cell):.1f}\n{min(cell):.1f} of {len(cell)}" if cell else ""
            axes.text(x, y, text, ha="center", va="center", fontsize=7)
    axes.set_xticks(range(len(WIDTHS) - 1), [_span(pair) for pair in _pairs(WIDTHS)])
    axes.set_yticks(range(len(BATCHES) - 1), [_span(pair) for pair in _pairs(BATCHES)])
    axes.set(xlabel="width of the widest layer", ylabel="examples an update")
    axes.set_title("times as fast as the best peer: the median, and the smallest of how many", fontsize=9)
    figure.colorbar(image, ticks=[0.25, 0.5, 1, 2, 4], format="%g")
    _save(figure, title)


def growth(title: str, found: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """A curve of seconds for each axis, beside the operations, which are drawn through its last point."""
    figure = _figure(8.0, 2.6)
    if figure is None:
        return
    for axes, (axis, points) in zip(figure.subplots(1, len(found)), found.items(), strict=True):
        sizes = [point["size"] for point in points]
        scale = points[-1]["seconds"] / points[-1]["operations"]
        axes.loglog(sizes, [scale * point["operations"] for point in points], "--", color="0.6", label="operations")
        axes.loglog(sizes, [point["seconds"] for point in points], "o-", markersize=3, label="seconds")
        axes.set_xlabel(axis, fontsize=8)
        axes.set_title("seconds an epoch" if axis == "examples" else "seconds an update", fontsize=8)
        axes.tick_params(labelsize=7)
    axes.legend(fontsize=7)
    _save(figure, title)


def ratios(title: str, rows: Mapping[str, Mapping[str, Any]]) -> None:
    """A bar for each workload: how many times as fast as the best peer, its spread, and what has to be reached."""
    figure = _figure(7.0, 0.6 + 0.27 * len(rows))
    if figure is None:
        return
    axes = figure.subplots()
    names = list(rows)[::-1]
    for y, name in enumerate(names):
        row = rows[name]
        found = row["ratios"]["chainrule"]
        axes.barh(y, median(found), color="C0", height=0.6)
        axes.plot([min(found), max(found)], [y, y], color="black", linewidth=1)
        axes.plot([row["targets"]["chainrule"]] * 2, [y - 0.4, y + 0.4], color="C3", linewidth=2)
    axes.axvline(1, color="0.5", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_xticks([0.25, 0.5, 1, 2, 4, 8], ["¼", "½", "1", "2", "4", "8"])
    axes.set_yticks(range(len(names)), [f"{name}, of {rows[name]['best']}" for name in names], fontsize=7)
    axes.set_title("times as fast as the best peer; red: the target", fontsize=9)
    _save(figure, title)


def _figure(width: float, height: float) -> Any:
    if find_spec("matplotlib") is None:
        print("no plot: matplotlib is not installed")
        return None
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams["svg.hashsalt"] = "chainrule"  # equal plots are equal files
    return Figure(figsize=(width, height), layout="constrained")


def _save(figure: Any, title: str) -> None:
    RESULTS.mkdir(exist_ok=True)
    figure.savefig(RESULTS / f"{title}.svg", metadata={"Date": None})


def _pairs(edges: Sequence[int]) -> list[tuple[int, int]]:
    return list(pairwise(edges))


def _span(pair: tuple[int, int]) -> str:
    low, high = pair[0], pair[1] - 1
    return f"{low}" if low == high else f"{low}-{high}"


def _inside(points: Sequence[tuple[int, int, float]], w: tuple[int, int], b: tuple[int, int]) -> list[float]:
    return [ratio for width, batch, ratio in points if w[0] <= width < w[1] and b[0] <= batch < b[1]]
