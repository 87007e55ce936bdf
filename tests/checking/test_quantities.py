"""The nodes of all quantities: their values against those of `explain`, before and after updates."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

pytest.importorskip("flint")

from chainrule import Problem
from chainrule.checking import quantities as module
from chainrule.checking.expected import value_at
from chainrule.checking.paper import Paper
from chainrule.checking.quantities import Quantities
from chainrule.errors import ChainruleError
from chainrule.explanation.asked import value_of
from chainrule.problem import load, loads
from chainrule.quantity import Derivative, spell

LECTURES: Final = sorted((Path(__file__).parent.parent / "lectures").glob("*.toml"))
MOST: Final = 40  # quantities of a kind that are looked at


def value(problem: Problem, text: str) -> float | None:
    """The value of the node of a quantity; None for what depends on a symbol."""
    paper = Paper(Quantities(problem))
    found = value_at(paper, paper.quantities.node(problem.quantity(text)))
    return None if found is None else float(found)


def agrees(problem: Problem, text: str, *, after: int = 0) -> bool:
    expected = value_of(problem, text, after=after)
    found = value(problem, f"({text})@{after}" if after else text)
    return found == pytest.approx(expected, rel=1e-9, abs=1e-12)


def of_all_kinds(problem: Problem) -> list[str]:
    """Names, derivatives of the error by everything and of names by names, expressions, updates."""
    quantities = Quantities(problem)
    names = [spell(label) for label in quantities.uses][:MOST]
    derivatives = [spell(label) for label in quantities.known_nodes if isinstance(label, Derivative)][:MOST]
    pairs = [f"d({a})/d({b})" for a, b in zip(names, names[3:], strict=False)]
    expressions = [f"{a}*(1 - {b})" for a, b in pairwise(names)]
    return [*names, *derivatives, *pairs[:8], *expressions[:5]]


@pytest.mark.parametrize("path", LECTURES, ids=lambda path: path.stem)
def test_every_quantity_has_the_value_that_explain_gives_it(path: Path) -> None:
    problem = load(path)
    if problem.symbols:
        pytest.skip("it has no values")
    for text in of_all_kinds(problem):
        assert agrees(problem, text), text


NEURON: Final = """
minimise = "E"
formulas = "o = tanh(w*x + b); E = (o - t)^2"
[given]
x = 2
t = 0.5
[parameters]
w = 0.5
b = 0.1
[training]
rate = 0.1
"""


@pytest.mark.parametrize("times", [1, 2, 5, 60, 700])
@pytest.mark.parametrize("options", ["", "momentum = 0.9", 'optimizer = "adam"', 'optimizer = "rprop"'])
def test_updates(options: str, times: int) -> None:
    problem = loads(NEURON + options)
    for text in ("w", "b", "o", "E", "dE/dw", "o*b"):
        assert agrees(problem, text, after=times), text


def test_updates_beyond_what_is_written_out_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Written out as a graph, run in intervals, and run in balls."""
    problem = loads(NEURON)
    found = []
    for most_nodes, most_exact in ((10**6, 500), (0, 500), (0, 0)):
        monkeypatch.setattr(module, "MOST_NODES", most_nodes)
        monkeypatch.setattr(module, "MOST_EXACT", most_exact)
        found.append([value(problem, f"({text})@12") for text in ("w", "E", "dE/dw", "Δw")])
    assert found[0] == pytest.approx(found[1], rel=1e-15)
    assert found[0] == pytest.approx(found[2], rel=1e-15)


def test_examples_take_turns() -> None:
    problem = loads("""minimise = "E"
formulas = "o = w*x; E = (o - t)^2"
[examples]
x = [1, 2, 3]
t = [0, 1, 1]
[parameters]
w = 0.25
[training]
rate = 0.05
batch = 1
""")
    for times in (0, 1, 2, 3, 7):
        for text in ("w", "o{2}", "E{3}", "E"):
            assert agrees(problem, text, after=times), (text, times)


def test_a_state_starts_from_the_decimal_that_was_typed() -> None:
    """rprop's first step is the rate: 1/10, and not the float next to it."""
    paper = Paper(Quantities(loads(NEURON + 'optimizer = "rprop"')))
    exact = paper.exact(paper.quantities.node(paper.quantities.problem.quantity("w'")))
    assert exact is not None
    assert exact.is_point()
    assert exact.bounds[0] is not None
    assert exact.bounds[0].denominator < 1000


def test_what_is_not_in_the_problem() -> None:
    problem = loads(NEURON)
    with pytest.raises(ChainruleError):
        Quantities(problem).node(problem.quantity("q"))
