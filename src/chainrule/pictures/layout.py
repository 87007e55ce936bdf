"""Where everything goes: layers from left to right, placed by igraph's Sugiyama layout, and labels where there is room.

The library decides order and rows; widths, heights and labels, which it knows nothing of, are worked out here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from chainrule.dataclasses import dataclass
from chainrule.errors import MissingPartError
from chainrule.pictures.diagram import Diagram, Spot, Wire

LETTER, LINE = 7.4, 15.0  # width of a letter and height of a line at the size texts are drawn in
RADIUS = 20.0
MARGIN = 24.0
_TITLE = 34.0
_STRETCHES = (1.0, 1.3, 1.7, 2.2)  # how much wider a picture may get until all labels find a place
# Where on a wire its label may stand. The wires between two layers of units cross in the middle.
_ALONG = {
    "gates": (0.5, 0.42, 0.58, 0.34, 0.66, 0.27, 0.73, 0.2, 0.8),
    "network": (0.3, 0.25, 0.36, 0.7, 0.64, 0.76, 0.2, 0.42, 0.5, 0.58, 0.8),
}


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle by its corners."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Area) -> bool:
        """Whether two rectangles share more than an edge.

        >>> Area(0, 0, 2, 2).overlaps(Area(1, 1, 3, 3)), Area(0, 0, 2, 2).overlaps(Area(2, 0, 3, 2))
        (True, False)
        """
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom


@dataclass(frozen=True, slots=True)
class PlacedSpot:
    """A spot with its centre and half its size; captions stand below it, all within `area`."""

    spot: Spot
    x: float
    y: float
    across: float
    down: float
    area: Area


@dataclass(frozen=True, slots=True)
class PlacedWire:
    """A wire with the points it runs through, and the middle of its label, None where there is no room."""

    wire: Wire
    points: tuple[tuple[float, float], ...]
    label: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Layout:
    """A picture ready to be drawn."""

    diagram: Diagram
    width: float
    height: float
    spots: tuple[PlacedSpot, ...]
    wires: tuple[PlacedWire, ...]


def layers_of(diagram: Diagram) -> list[int]:
    """The layer of each spot: one more than what it uses; what uses nothing stands just before its first user."""
    layers = [0] * len(diagram.spots)
    used: set[int] = set()
    for wire in diagram.wires:  # sorted by target, and sources come first
        layers[wire.target] = max(layers[wire.target], layers[wire.source] + 1)
        used.add(wire.target)
    nearest: dict[int, int] = {}
    for wire in diagram.wires:
        if wire.source not in used:
            nearest[wire.source] = min(nearest.get(wire.source, len(layers)), layers[wire.target] - 1)
    return [nearest.get(number, layer) for number, layer in enumerate(layers)]


def arrange(diagram: Diagram) -> Layout:
    """The places of spots, wires and labels.

    Raises `MissingPartError` without igraph.
    """
    layers = layers_of(diagram)
    rows, bends = _sugiyama(diagram, layers)
    for stretch in _STRETCHES:
        layout = _stretched(diagram, layers, rows, bends, stretch)
        if diagram.dense or all(w.label is not None for w in layout.wires if w.wire.above or w.wire.below):
            break
    return layout


def _stretched(
    diagram: Diagram,
    layers: Sequence[int],
    rows: Sequence[float],
    bends: Sequence[Sequence[tuple[float, int]]],
    stretch: float,
) -> Layout:
    """The picture with so much room between its columns and rows."""
    columns = _columns(diagram, layers, stretch)
    tallest = max(_height(spot, diagram.dense) for spot in diagram.spots)
    pitch = tallest + (10 if diagram.dense else 34 * stretch)
    top = MARGIN + (_TITLE if diagram.title else 0)
    spots = [
        _placed(spot, columns[layer], top + row * pitch, diagram.dense)
        for spot, layer, row in zip(diagram.spots, layers, rows, strict=True)
    ]
    wires = []
    for wire, at in zip(diagram.wires, bends, strict=True):
        between = [(columns[layer], top + row * pitch + RADIUS) for row, layer in at]
        wires.append((wire, _points(spots[wire.source], between, spots[wire.target])))
    right = max(spot.area.right for spot in spots) + MARGIN
    width = max(right, len(diagram.title) * LETTER * 1.2 + 2 * MARGIN)
    lowest = max([spot.area.bottom for spot in spots] + [y for _, points in wires for _, y in points])
    return Layout(diagram, width, lowest + MARGIN, tuple(spots), tuple(_labelled(diagram, spots, wires)))


def _sugiyama(diagram: Diagram, layers: Sequence[int]) -> tuple[list[float], list[list[tuple[float, int]]]]:
    """The row of each spot, and for each wire the (row, layer) of its bends."""
    try:
        import igraph
    except ImportError:
        raise MissingPartError("pictures need igraph.", hint="Install it: pip install 'chainrule[draw]'") from None
    # Wires that pass a layer get a spot of their own there, so that they go round what stands in it.
    levels, edges, stops = list(layers), [], []
    for wire in diagram.wires:
        passed = range(layers[wire.source] + 1, layers[wire.target])
        via = list(range(len(levels), len(levels) + len(passed)))
        levels += passed
        chain = [wire.source, *via, wire.target]
        edges += list(pairwise(chain))
        stops.append(via)
    graph = igraph.Graph(n=len(levels), edges=edges, directed=True)
    rows = [float(x) for x, _ in graph.layout_sugiyama(layers=levels, hgap=1, vgap=1, maxiter=200)]
    if diagram.dense:  # every order has crossings: that of the names is easier to find one's way in
        targets = {wire.target for wire in diagram.wires}
        rows = [n + (0.0 if n in targets or not level else len(levels)) for n, level in enumerate(levels)]
    rows = _evenly(rows, levels) if diagram.kind == "network" else _apart(rows, levels)
    first = min(rows)
    bends = [[(rows[number] - first, levels[number]) for number in via] for via in stops]
    return [row - first for row in rows[: len(layers)]], bends


def _apart(rows: Sequence[float], layers: Sequence[int]) -> list[float]:
    """The rows with at least 1 between neighbours: where igraph joins columns, it leaves less."""
    result = list(rows)
    for layer in set(layers):
        members = sorted((n for n, at in enumerate(layers) if at == layer), key=lambda n: (rows[n], n))
        for before, number in pairwise(members):
            result[number] = max(result[number], result[before] + 1)
    return result


def _evenly(rows: Sequence[float], layers: Sequence[int]) -> list[float]:
    """Every layer in the middle, in the order it has: the way networks are drawn."""
    result = [0.0] * len(rows)
    for layer in set(layers):
        members = sorted((n for n, at in enumerate(layers) if at == layer), key=lambda n: (rows[n], n))
        for position, number in enumerate(members):
            result[number] = position - (len(members) - 1) / 2
    return result


def _columns(diagram: Diagram, layers: Sequence[int], stretch: float) -> list[float]:
    """The middle of each layer, far enough from the one before for the labels between them."""
    widest = [0.0] * (max(layers) + 1)
    for spot, layer in zip(diagram.spots, layers, strict=True):
        widest[layer] = max(widest[layer], _width(spot, diagram.dense))
    gaps = [0.0] * len(widest)
    for wire in diagram.wires:
        length = max(len(wire.above), len(wire.below)) * LETTER
        room = 130.0 if diagram.dense else (90 + 2.0 * length if wire.strength is not None else 50 + length)
        gaps[layers[wire.source]] = max(gaps[layers[wire.source]], room * stretch)
    columns, left = [], MARGIN
    for width, gap in zip(widest, gaps, strict=True):
        columns.append(left + width / 2)
        left += width + gap
    return columns


def _half(spot: Spot) -> float:
    """Half the width of a spot itself: its text fits in."""
    return max(RADIUS, len(spot.text) * LETTER / 2 + 8)


def _width(spot: Spot, dense: bool) -> float:
    captions = () if dense else spot.captions
    return max([2 * _half(spot), *[len(text) * LETTER for text, _ in captions]])


def _height(spot: Spot, dense: bool) -> float:
    return 2 * _down(dense) + (0 if dense else LINE * len(spot.captions))


def _down(dense: bool) -> float:
    return RADIUS * 0.55 if dense else RADIUS


def _placed(spot: Spot, x: float, top: float, dense: bool) -> PlacedSpot:
    half = _width(spot, dense) / 2
    down = _down(dense)
    area = Area(x - half, top, x + half, top + _height(spot, dense))
    return PlacedSpot(spot, x, top + down, _half(spot), down, area)


def _points(
    source: PlacedSpot, between: Sequence[tuple[float, float]], target: PlacedSpot
) -> tuple[tuple[float, float], ...]:
    """From the right side of one spot to the left side of another."""
    return (source.x + source.across, source.y), *between, (target.x - target.across, target.y)


def _labelled(
    diagram: Diagram, spots: Sequence[PlacedSpot], wires: Sequence[tuple[Wire, tuple[tuple[float, float], ...]]]
) -> Iterator[PlacedWire]:
    taken = [spot.area for spot in spots]
    for wire, points in wires:
        place = None
        if not diagram.dense and (wire.above or wire.below):
            place = next(
                (p for p in _candidates(points, _ALONG[diagram.kind]) if not _clashes(_label_area(wire, p), taken)),
                None,
            )
            if place is not None:
                taken.append(_label_area(wire, place))
        yield PlacedWire(wire, points, place)


def _clashes(area: Area, taken: Sequence[Area]) -> bool:
    return any(area.overlaps(other) for other in taken)


def _label_area(wire: Wire, at: tuple[float, float]) -> Area:
    half = max(len(wire.above), len(wire.below)) * LETTER / 2
    return Area(at[0] - half, at[1] - LINE - 2, at[0] + half, at[1] + LINE + 2)


def _candidates(points: Sequence[tuple[float, float]], along: Sequence[float]) -> Iterator[tuple[float, float]]:
    """Places on a wire, the best first, its longest piece first."""
    pieces = sorted(pairwise(points), key=lambda piece: (piece[0][0] - piece[1][0], piece[0][0]))
    for (x0, y0), (x1, y1) in pieces:
        for part in (*along, *[k / 50 for k in range(5, 46)]):
            yield x0 + part * (x1 - x0), y0 + part * (y1 - y0)
