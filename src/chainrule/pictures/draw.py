"""From a problem to a picture on disk: which diagram, and which ink for the file's name."""

from __future__ import annotations

from pathlib import Path

from chainrule.dataclasses import replace
from chainrule.errors import ProblemError
from chainrule.explanation import explain
from chainrule.pictures.diagram import Diagram
from chainrule.pictures.gates import gates_diagram
from chainrule.pictures.layout import arrange
from chainrule.pictures.network import network_diagram
from chainrule.pictures.svg import svg
from chainrule.problem import Problem

GRAPHS = ("network", "gates")


def diagram_of(problem: Problem, graph: str = "network", *, steps: int = 1, digits: int = 4) -> Diagram:
    """The diagram of a problem's "network" or "gates", at update number `steps`.

    Raises `ProblemError` for another graph, or if there is nothing to draw.
    """
    if graph not in GRAPHS:
        raise ProblemError(f"there is no picture of {graph!r}.", hint=f"There are {' and '.join(GRAPHS)}.")
    make = network_diagram if graph == "network" else gates_diagram
    return make(explain(problem, steps=steps), digits=digits)


def write_picture(diagram: Diagram, path: str) -> None:
    """Write a picture to a file that ends in .svg or .png.

    Raises `ProblemError` for another ending or a file that cannot be written, `MissingPartError` without [draw].
    """
    ending = Path(path).suffix.lower()
    if ending not in (".svg", ".png"):
        raise ProblemError(f"pictures are written as .svg or .png; found {path}.", hint="Name the file so.")
    if ending == ".svg":
        ink = svg(arrange(diagram)).encode()
    else:
        from chainrule.pictures.png import png

        ink = png(arrange(diagram))
    try:
        Path(path).write_bytes(ink)
    except OSError as error:
        raise ProblemError(f"cannot write {path}: {error.strerror}.") from None


def with_picture(page: str, diagram: Diagram) -> str:
    """A page of HTML, or a fragment, with the picture below its heading; a wide picture scrolls by itself.

    Raises `MissingPartError` without igraph.
    """
    drawn = svg(arrange(replace(diagram, title="")))
    figure = f'<figure style="margin: 1em 0; overflow-x: auto">\n{drawn}</figure>\n'
    heading = page.find("</h1>")
    # Without a title the page begins with its own style, and then the first part of the solution.
    start = heading + len("</h1>") if heading >= 0 else _start(page)
    return f"{page[:start]}\n{figure}{page[start:].lstrip()}"


def _start(page: str) -> int:
    main = page.find('<main class="chainrule">')
    return page.index(">", main) + 1 if main >= 0 else page.index("</style>") + len("</style>")
