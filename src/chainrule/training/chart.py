"""The history as a chart of characters: the error over the epochs, on a logarithmic scale where it falls far."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, log10
from typing import Final

FAR: Final = 20  # times the smallest, from where a logarithmic scale shows more


def chart(errors: Sequence[float], *, width: int = 60, height: int = 10, ascii_only: bool = False) -> str:
    """Lines of a chart, with the scale at the left and the epochs below; empty for fewer than two finite errors.

    >>> print(chart([4.0, 3.0, 2.0, 1.0], width=8, height=4, ascii_only=True))
       4 |**
       3 |  **
       2 |    **
       1 |      **
         +--------
          1      4  epoch
    """
    points = [(at, error) for at, error in enumerate(errors) if isfinite(error)]
    if len(points) < 2:
        return ""
    low, high = min(e for _, e in points), max(e for _, e in points)
    logarithmic = low > 0 and high > FAR * low
    columns = _columns(points, len(errors), width)
    heights = [None if error is None else _place(error, low, high, height, logarithmic) for error in columns]
    dot, side, corner, floor = ("*", "|", "+", "-") if ascii_only else ("•", "│", "└", "─")
    lines = []
    for row in range(height):
        value = _value(row, low, high, height, logarithmic)
        label = f"{value:.3g}" if row in (0, height - 1) or height <= 4 or row == height // 2 else ""
        body = "".join(dot if at == row else " " for at in heights)
        lines.append(f"{label:>8} {side}{body}".rstrip())
    last = str(len(errors))
    lines.append(f"{'':>8} {corner}{floor * width}")
    lines.append(f"{'':>8}  1{last:>{width - 1}}  epoch")
    indent = min(len(line) - len(line.lstrip()) for line in lines)
    cut = min(indent, 4)
    return "\n".join(line[cut:] for line in lines)


def _columns(points: Sequence[tuple[int, float]], count: int, width: int) -> list[float | None]:
    """The last error of the epochs that share a column; a column without an epoch continues the one before."""
    columns: list[float | None] = [None] * width
    for at, error in points:
        columns[at * width // count] = error
    for column in range(1, width):
        if columns[column] is None:
            columns[column] = columns[column - 1]
    return columns


def _place(error: float, low: float, high: float, height: int, logarithmic: bool) -> int:
    """The row of an error, 0 at the top."""
    if high == low:
        return height - 1
    share = log10(error / low) / log10(high / low) if logarithmic else (error - low) / (high - low)
    return round((1 - share) * (height - 1))


def _value(row: int, low: float, high: float, height: int, logarithmic: bool) -> float:
    share = 1 - row / (height - 1)
    return float(low * (high / low) ** share if logarithmic else low + (high - low) * share)
