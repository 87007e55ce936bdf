"""A picture in plain text, for a terminal and for whoever has no drawing library: every unit with what runs into it."""

from __future__ import annotations

from collections.abc import Iterator

from chainrule.pictures.diagram import Diagram, Spot, Wire
from chainrule.printing.text import to_ascii

MOST_WIRES = 8  # shown into one unit: those with the largest weights


def picture_text(diagram: Diagram, *, ascii_only: bool = False) -> str:
    """Every unit or gate with the wires that run into it, gradients in square brackets.

    >>> wires = (Wire(0, 2, "3", "2"), Wire(1, 2, "2", "3"))
    >>> spots = (Spot("x", "box"), Spot("y", "box"), Spot("*"))
    >>> print(picture_text(Diagram("", "gates", spots, wires)), end="")
    x  3 [2] ─┐
    y  2 [3] ─┴─> (*)
    """
    into: dict[int, list[Wire]] = {}
    for wire in diagram.wires:
        into.setdefault(wire.target, []).append(wire)
    parts = ["\n".join(_junction(diagram, diagram.spots[number], wires)) for number, wires in into.items()]
    heading = [f"{diagram.title}\n{'=' * len(diagram.title)}"] if diagram.title else []
    text = "\n\n".join([*heading, *parts]) + "\n"
    if ascii_only:
        text = to_ascii(text.translate(str.maketrans("─┐┤┴", "-+++")))
    return text


def _junction(diagram: Diagram, spot: Spot, wires: list[Wire]) -> Iterator[str]:
    shown = wires
    if len(wires) > MOST_WIRES:
        strongest = sorted(wires, key=lambda wire: -abs(wire.strength or 0))[:MOST_WIRES]
        shown = [wire for wire in wires if wire in strongest]
        yield f"({len(wires) - len(shown)} more, not shown here, and)"
    labels = [_label(diagram, wire) for wire in shown]
    widest = max(map(len, labels))
    for number, label in enumerate(labels, 1):
        line = f"{label} {'─' * (widest - len(label) + 1)}"
        if number < len(labels):
            yield line + ("┐" if number == 1 else "┤")
            continue
        name = f"({spot.text})" if spot.shape == "circle" else f"[{spot.text}]"
        end = f"{line}{'─' if len(labels) == 1 else '┴'}─> {name}"
        yield end
        start = " " * (len(end) - len(name))
        yield from (start + _caption(text, role) for text, role in spot.captions)


def _caption(text: str, role: str) -> str:
    return f"[{text}]" if role == "gradient" else text


def _label(diagram: Diagram, wire: Wire) -> str:
    source = diagram.spots[wire.source]
    gradient = f"[{wire.below}]" if wire.below else ""
    name = source.text if source.shape == "box" or diagram.kind == "network" else ""
    values = [text for text, role in source.captions if role == "value"] if source.shape == "box" else []
    known = f"= {values[0]}" if values and "=" not in values[0] else ""
    head = " ".join(filter(None, [name, known]))
    return "  ".join(filter(None, [head, " ".join(filter(None, [wire.above, gradient]))]))
