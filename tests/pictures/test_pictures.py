"""Pictures: nothing overlaps, every value and gradient is there, and the same problem gives the same bytes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from chainrule import Problem
from chainrule.cli import commands
from chainrule.errors import ChainruleError, MissingPartError, ProblemError
from chainrule.explanation import explain
from chainrule.lectures import lecture_names, lecture_text
from chainrule.pictures.diagram import Diagram
from chainrule.pictures.draw import diagram_of, write_picture
from chainrule.pictures.layout import Area, _label_area, arrange, layers_of
from chainrule.pictures.svg import svg
from chainrule.pictures.terminal import picture_text
from chainrule.printing.figures import figure
from chainrule.problem import loads
from chainrule.quantity import Derivative

LARGE = """
minimise = "E"
rate = 0.5
[network]
layers = [20, 16, 10]
activation = "sigmoid"
loss = "half squared error"
init = "glorot uniform"
seed = 1
[given]
x = {x}
t = {t}
"""


def lecture(name: str) -> Problem:
    return loads(lecture_text(name) or "", file=f"{name}.toml")


@pytest.fixture(scope="module")
def large() -> Diagram:
    return diagram_of(loads(LARGE.format(x=[k / 20 for k in range(20)], t=[0] * 10)))


def diagrams() -> list[tuple[str, str]]:
    found = []
    for name in lecture_names():
        for graph in ("network", "gates"):
            try:
                diagram_of(lecture(name), graph)
            except ProblemError:
                continue
            found.append((name, graph))
    return found


def test_most_lectures_have_both_pictures() -> None:
    assert {(name, graph) for name in ("000", "001", "002", "003", "004") for graph in ("network", "gates")} <= set(
        diagrams()
    )


@pytest.mark.parametrize(("name", "graph"), diagrams())
def test_nothing_overlaps_and_all_lies_on_the_page(name: str, graph: str) -> None:
    layout = arrange(diagram_of(lecture(name), graph))
    areas = [spot.area for spot in layout.spots]
    areas += [_label_area(wire.wire, wire.label) for wire in layout.wires if wire.label is not None]
    assert not [pair for pair in combinations(areas, 2) if pair[0].overlaps(pair[1])]
    page = Area(0, 0, layout.width, layout.height)
    for area in areas:
        assert page.left <= area.left <= area.right <= page.right
        assert page.top <= area.top <= area.bottom <= page.bottom


@pytest.mark.parametrize(("name", "graph"), diagrams())
def test_wires_run_from_left_to_right_and_svg_is_xml(name: str, graph: str) -> None:
    diagram = diagram_of(lecture(name), graph)
    layers = layers_of(diagram)
    layout = arrange(diagram)
    for placed in layout.wires:
        across = [x for x, _ in placed.points]
        assert across == sorted(across)
        assert layers[placed.wire.source] < layers[placed.wire.target]
    ElementTree.fromstring(svg(layout))
    assert svg(layout) == svg(arrange(diagram_of(lecture(name), graph)))


@pytest.mark.parametrize("name", ["002", "004", "000", "003"])
def test_every_label_of_a_small_picture_has_its_place(name: str) -> None:
    for graph in ("network", "gates"):
        layout = arrange(diagram_of(lecture(name), graph))
        assert all(w.label is not None for w in layout.wires if w.wire.above or w.wire.below)


def test_golden(golden: Callable[[str, str], None]) -> None:
    golden("pictures/002.gates.svg", svg(arrange(diagram_of(lecture("002"), "gates"))))
    golden("pictures/004.network.svg", svg(arrange(diagram_of(lecture("004"), "network"))))
    golden("pictures/002.gates.txt", picture_text(diagram_of(lecture("002"), "gates")))
    golden("pictures/004.network.txt", picture_text(diagram_of(lecture("004"), "network")))


def test_the_gates_of_002() -> None:
    diagram = diagram_of(lecture("002"), "gates")
    wires = {
        diagram.spots[w.source].text + ">" + diagram.spots[w.target].text: (w.above, w.below) for w in diagram.wires
    }
    assert wires == {
        "x>*": ("3", "8"),
        "y>*": ("2", "12"),
        "w>+": ("5", "4"),
        "*>+": ("v = 6", "4"),
        "z>*": ("4", "11"),
        "+>*": ("u = 11", "4"),
        "*>f": ("f = 44", "1"),
    }


def test_every_value_and_gradient_of_004_is_in_the_picture() -> None:
    problem = lecture("004")
    solution = explain(problem)
    assert solution.passes.of is not None
    shown = svg(arrange(diagram_of(problem)))
    outputs = solution.passes.backward.outputs
    for label in problem.parameters:
        assert f">{figure(solution.table[outputs[Derivative(solution.passes.of, label)]], digits=4)}<" in shown
    for text in ("out_h1 = 0.5933", "dE/do1 = 0.1385", "w5 0.4", "E = 0.2984", "dE/db2 = 0.1004"):
        assert f">{text}<" in shown


def test_the_gradients_on_the_wires_of_a_fork_add_up() -> None:
    diagram = diagram_of(loads("formulas = '''\nu = a*a\nv = 3*a\nf = u*v\n'''\n[given]\na = 2"), "gates")
    parts = [float(w.below) for w in diagram.wires if diagram.spots[w.source].text == "a"]
    assert parts == [24, 12]  # f = 3a^3, df/da = 9a^2 = 36
    assert "3*a" in [spot.text for spot in diagram.spots]


def test_a_large_network_keeps_names_and_drops_labels(large: Diagram) -> None:
    layout = arrange(large)
    assert large.dense
    assert not [pair for pair in combinations([s.area for s in layout.spots], 2) if pair[0].overlaps(pair[1])]
    assert all(wire.label is None for wire in layout.wires)
    shown = svg(layout)
    assert "stroke-width" in shown
    assert shown.count('class="negative"') + shown.count('class="positive"') == 20 * 16 + 16 * 10
    outputs = [s.spot.text for s in sorted(layout.spots, key=lambda s: s.y) if s.spot.text.startswith("a2[")]
    assert outputs == [f"a2[{k}]" for k in range(1, 11)]


def test_a_large_network_in_the_terminal(large: Diagram) -> None:
    assert "(12 more, not shown here, and)" in picture_text(large)


def test_what_people_write_is_escaped() -> None:
    problem = loads("title = '<b> & \"x\"'\nformulas = 'f = a*b'\n[given]\na = 2\nb = 3")
    ElementTree.fromstring(svg(arrange(diagram_of(problem, "gates"))))


def test_symbols_without_values() -> None:
    problem = loads("formulas = '''\nu = a*b\nf = sin(u)\n'''\nsymbols = ['a', 'b']")
    assert "sin" in svg(arrange(diagram_of(problem, "gates")))
    assert "nan" not in picture_text(diagram_of(problem, "network"))


def test_ascii_is_ascii() -> None:
    assert picture_text(diagram_of(lecture("004")), ascii_only=True).isascii()


def test_the_command(tmp_path: Path) -> None:
    run = CliRunner().invoke
    for ending, start in (("svg", b"<svg "), ("png", b"\x89PNG")):
        file = tmp_path / f"x.{ending}"
        found = run(commands, ["draw", "002", "--graph", "gates", "-o", str(file)])
        assert found.exit_code == 0, found.output
        assert file.read_bytes().startswith(start)
    assert "(*)" in run(commands, ["draw", "002", "--graph", "gates"]).output
    wrong = run(commands, ["draw", "002", "-o", str(tmp_path / "x.pdf")])
    assert isinstance(wrong.exception, ProblemError)
    assert isinstance(run(commands, ["draw", "002", "-o", str(tmp_path / "no" / "x.svg")]).exception, ProblemError)


@pytest.mark.parametrize(("library", "ending"), [("igraph", "svg"), ("matplotlib.backends.backend_agg", "png")])
def test_a_missing_part_is_named(library: str, ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingPartError, match=r"chainrule\[draw\]"):
        write_picture(diagram_of(lecture("002")), str(tmp_path / f"x.{ending}"))
    assert picture_text(diagram_of(lecture("002")))


def test_the_picture_in_a_page(tmp_path: Path) -> None:
    run = CliRunner().invoke
    titled = ["explain", "002", "--format", "html"]
    (tmp_path / "bare.toml").write_text("formulas = 'f = a*b'\n[given]\na = 2\nb = 3\n")
    for request in (titled, [*titled, "--fragment"], ["explain", str(tmp_path / "bare.toml"), "--format", "html"]):
        plain = run(commands, request).output
        drawn = run(commands, [*request, "--picture", "gates"])
        assert drawn.exit_code == 0, drawn.output
        before, _, rest = drawn.output.partition("<figure")
        after = rest.partition("</figure>")[2]
        assert (before + after).split() == plain.split()
        ElementTree.fromstring(drawn.output.removeprefix("<!DOCTYPE html>"))
    for wrong in (["--format", "latex"], ["--format", "html", "--by-hand", "3"], []):
        assert isinstance(run(commands, ["explain", "002", "--picture", "gates", *wrong]).exception, ProblemError)


def test_wrong_requests() -> None:
    with pytest.raises(ChainruleError, match="there is no picture of 'tree'"):
        diagram_of(lecture("002"), "tree")
    big = loads("minimise='f'\nformulas = '''\n" + "\n".join(f"u{k} = a*{k}" for k in range(1, 160)) + "\nf = "
                + " + ".join(f"u{k}" for k in range(1, 160)) + "\n'''\n[parameters]\na = 2")  # fmt: skip
    with pytest.raises(ProblemError, match="at most 150"):
        diagram_of(big, "gates")
