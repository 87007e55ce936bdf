"""Ink as SVG: one file with its style inside, for light and dark pages, the same bytes for the same picture."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from chainrule.pictures.layout import LINE, Layout, PlacedSpot, PlacedWire

_STYLE = """\
.chainrule-picture { --ink: #1c2430; --paper: #ffffff; --line: #8a94a3; --fill: #eef3fb; --value: #0b6b3a;
 --gradient: #b3261e; --negative: #c2611f; --positive: #2763c4; background: var(--paper);
 font: 12px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace }
@media (prefers-color-scheme: dark) { .chainrule-picture { --ink: #e6e9ef; --paper: #14181f; --line: #6b7686;
 --fill: #232b38; --value: #6fd39b; --gradient: #ff8f85; --negative: #f0a266; --positive: #7fb0ff } }
.chainrule-picture text { fill: var(--ink); text-anchor: middle; stroke: var(--paper); stroke-width: 4px;
 stroke-linejoin: round; paint-order: stroke }
.chainrule-picture .spot text { stroke: none }
.chainrule-picture .title { font-size: 15px; font-weight: 600; text-anchor: start }
.chainrule-picture .value { fill: var(--value) }
.chainrule-picture .gradient { fill: var(--gradient) }
.chainrule-picture circle, .chainrule-picture rect, .chainrule-picture ellipse { fill: var(--fill); stroke: var(--ink) }
.chainrule-picture path { fill: none; stroke: var(--line); stroke-width: 1.4 }
.chainrule-picture .positive { stroke: var(--positive) }
.chainrule-picture .negative { stroke: var(--negative) }"""


def svg(layout: Layout) -> str:
    """A picture as an SVG document.

    Hovering over a wire tells its weight, also where it is not written.
    """
    width, height = _number(layout.width), _number(layout.height)
    strongest = max([abs(w.wire.strength or 0) for w in layout.wires], default=0)
    title = escape(layout.diagram.title or "Network", quote=True)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chainrule-picture" viewBox="0 0 {width} {height}"'
        f' width="{width}" height="{height}" role="img" aria-label="{title}">',
        f"<style>\n{_STYLE}\n</style>",
    ]
    if layout.diagram.title:
        lines.append(f'<text class="title" x="24" y="32">{escape(layout.diagram.title)}</text>')
    lines += [_wire(placed, strongest, layout.diagram.dense) for placed in layout.wires]
    for spot in layout.spots:
        lines += _spot(spot, layout.diagram.dense)
    for placed in layout.wires:
        lines += _label(placed)
    return "\n".join([*lines, "</svg>", ""])


def _wire(placed: PlacedWire, strongest: float, dense: bool) -> str:
    wire = placed.wire
    sign = "" if wire.strength is None else ' class="negative"' if wire.strength < 0 else ' class="positive"'
    width = ""
    if dense and wire.strength is not None:
        part = abs(wire.strength) / strongest if strongest else 0.0
        width = f' style="stroke-width: {_number(0.3 + 2.2 * part)}; opacity: {_number(0.15 + 0.75 * part)}"'
    about = wire.above + (f", gradient {wire.below}" if wire.below else "")
    tip = f"<title>{escape(about)}</title>" if about else ""
    return f'<path d="{_path(placed.points)}"{sign}{width}>{tip}</path>'


def _path(points: tuple[tuple[float, float], ...]) -> str:
    """Straight where a wire joins neighbours; a bend through places where no spot stands otherwise."""
    pairs = [f"{_number(x)},{_number(y)}" for x, y in points]
    return "M" + " L".join(pairs)


def _spot(placed: PlacedSpot, dense: bool) -> Iterator[str]:
    x, y = _number(placed.x), _number(placed.y)
    spot = placed.spot
    yield '<g class="spot">'
    if spot.shape == "circle":
        yield f'<ellipse cx="{x}" cy="{y}" rx="{_number(placed.across)}" ry="{_number(placed.down)}"/>'
    else:
        left, top = _number(placed.x - placed.across), _number(placed.y - placed.down)
        size = f'width="{_number(2 * placed.across)}" height="{_number(2 * placed.down)}"'
        yield f'<rect x="{left}" y="{top}" {size} rx="4"/>'
    yield f'<text x="{x}" y="{_number(placed.y + 4)}">{escape(spot.text)}</text>'
    if dense and spot.captions:
        yield f"<title>{escape('; '.join(text for text, _ in spot.captions))}</title>"
    yield "</g>"
    for number, (text, role) in enumerate(() if dense else spot.captions, 1):
        below = placed.y + placed.down + number * LINE - 2
        yield f'<text class="{role}" x="{x}" y="{_number(below)}">{escape(text)}</text>'


def _label(placed: PlacedWire) -> Iterator[str]:
    if placed.label is None:
        return
    x, y = placed.label
    for text, role, down in ((placed.wire.above, "value", -4.0), (placed.wire.below, "gradient", 13.0)):
        if text:
            yield f'<text class="{role}" x="{_number(x)}" y="{_number(y + down)}">{escape(text)}</text>'


def _number(value: float) -> str:
    """A length to two decimals without idle zeros, so that no machine prints it otherwise."""
    return f"{value + 0.0:.2f}".rstrip("0").rstrip(".")
