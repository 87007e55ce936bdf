"""The plots of the benchmarks, from what is kept of them: for the documentation, and as SVG files there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

RESULTS = Path(__file__).parent / "results"
WIDTHS = (1, 4, 16, 64, 256, 1025)
BATCHES = (1, 2, 8, 32, 128, 513)
AXES = ("width", "depth", "batch", "examples", "threads")


def heat_map(rows: Mapping[str, Mapping[str, Any]]) -> Any:
    """The middle ratio, and the smallest, of networks by the width of the widest layer and by batch."""
    points = [(max(row["layers"]), row["batch"], row["ratio"]) for row in rows.values() if "ratio" in row]
    figure = _figure(6.5, 4.2)
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
    figure.colorbar(image, ticks=[0.25, 0.5, 1, 2, 4], format="%g").minorticks_off()
    return figure


def growth(rows: Mapping[str, Any]) -> Any:
    """A curve of seconds for each axis beside the operations, drawn through the last point; of threads, the first."""
    figure = _figure(9.0, 2.4)
    found = {axis: points for axis, points in rows.items() if axis in AXES}
    for axes, (axis, points) in zip(figure.subplots(1, len(found), squeeze=False)[0], found.items(), strict=True):
        sizes = [point["size"] for point in points]
        through = points[0 if axis == "threads" else -1]
        scale = through["seconds"] / through["operations"]
        axes.loglog(sizes, [scale * point["operations"] for point in points], "--", color="0.6", label="operations")
        axes.loglog(sizes, [point["seconds"] for point in points], "o-", markersize=3, label="seconds")
        axes.set_xlabel(axis, fontsize=8)
        axes.set_title("seconds an epoch" if axis == "examples" else "seconds an update", fontsize=8)
        axes.tick_params(labelsize=7, which="both")
        if axis == "threads":
            axes.set_xticks(sizes, sizes)
            axes.minorticks_off()
            ends = [scale * points[-1]["operations"], points[0]["seconds"]]
            axes.set_yticks(ends, [f"{seconds:.2g}" for seconds in ends])
    axes.legend(fontsize=7)
    return figure


def ratios(rows: Mapping[str, Mapping[str, Any]]) -> Any:
    """A bar for each workload: how many times as fast as the best peer, its spread, and what has to be reached."""
    figure = _figure(7.0, 0.6 + 0.27 * len(rows))
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
    axes.minorticks_off()
    axes.set_yticks(range(len(names)), [f"{name}, of {rows[name]['best']}" for name in names], fontsize=7)
    axes.set_title("times as fast as the best peer; red: the target", fontsize=9)
    return figure


def save(title: str, draw: Callable[[Mapping[str, Any]], Any], rows: Mapping[str, Any]) -> None:
    """Draw what was found as results/<title>.svg, where matplotlib is installed."""
    if find_spec("matplotlib") is None:
        print("no plot: matplotlib is not installed")
    elif rows:
        RESULTS.mkdir(exist_ok=True)
        draw(rows).savefig(RESULTS / f"{title}.svg", metadata={"Date": None})


def _figure(width: float, height: float) -> Any:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams["svg.hashsalt"] = "chainrule"  # equal plots are equal files
    return Figure(figsize=(width, height), layout="constrained")


def _pairs(edges: Sequence[int]) -> list[tuple[int, int]]:
    return list(pairwise(edges))


def _span(pair: tuple[int, int]) -> str:
    low, high = pair[0], pair[1] - 1
    return f"{low}" if low == high else f"{low}-{high}"


def _inside(points: Sequence[tuple[int, int, float]], w: tuple[int, int], b: tuple[int, int]) -> list[float]:
    return [ratio for width, batch, ratio in points if w[0] <= width < w[1] and b[0] <= batch < b[1]]
