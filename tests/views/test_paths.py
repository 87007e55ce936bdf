"""The paths view: what lectures 001 and 004 write, counts that are exact, and pages that stay readable."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chainrule import Problem
from chainrule.display import text
from chainrule.errors import ChainruleError
from chainrule.explanation import explain
from chainrule.lectures import lecture_names, lecture_text
from chainrule.problem import loads


def lecture(name: str) -> Problem:
    return loads(lecture_text(name) or "", file=f"{name}.toml")


def page(problem: Problem, *of: str, **options: str) -> str:
    return text(explain(problem), view="paths", of=of, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", lecture_names())
def test_golden(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"lectures/{name}.paths.txt", page(lecture(name)))


def test_both_paths_of_004_and_their_sum() -> None:
    shown = page(lecture("004"), "dE/dw1")
    assert "dE/dw1: 2 paths" in shown
    assert "Path 1: E → E1 → out_o1 → o1 → out_h1 → h1 → w1" in shown
    assert "Path 2: E → E2 → out_o2 → o2 → out_h1 → h1 → w1" in shown
    assert "-(t1 - out_o1) * (out_o1*(1 - out_o1)) * w5 * (out_h1*(1 - out_h1)) * x1" in shown
    assert "dE/dw1 = path 1 + path 2\n" in shown
    assert shown.rstrip().endswith("= 0.000438568")


def chain(layers: int, width: int) -> Problem:
    numbers = ", ".join(["0.5"] * width)
    sizes = ", ".join([str(width)] * (layers + 1))
    return loads(
        f'minimise = "E"\n[network]\nlayers = [{sizes}]\nactivation = "sigmoid"\nloss = "half squared error"\n'
        f'init = "uniform(-1, 1)"\nseed = 1\n[given]\nx = [{numbers}]\nt = [{numbers}]\n'
    )


def test_ten_layers_of_width_four_say_how_many_paths_there_are() -> None:
    shown = page(chain(10, 4), "dE/dW1[1,1]")
    assert "dE/dW1[1,1]: 262,144 paths, the 20 largest are shown" in shown
    assert shown.count("Path ") == 20
    assert "the other 262,124" in shown


def test_the_whole_page_of_ten_layers_stays_short_and_says_so() -> None:
    shown = page(chain(10, 4))
    assert "262,144 paths, the 3 largest are shown" in shown
    assert "at most 3 paths are written out for each here" in shown.replace("\n", " ")
    assert len(shown.splitlines()) < 15_000


def test_largest_paths_come_first() -> None:
    shown = page(chain(4, 3), "dE/dW1[2,1]")
    products = [float(part.split("\n\n")[0].rsplit("= ", 1)[1]) for part in shown.split("\npath ")[1:]]
    assert len(products) == 20
    assert [abs(x) for x in products] == sorted([abs(x) for x in products], reverse=True)


def test_any_pair_of_quantities() -> None:
    shown = page(lecture("004"), "dE1/dout_h1")
    assert "dE1/dout_h1: one path" in shown
    assert "E1 → out_o1 → o1 → out_h1" in shown
    assert "0.055399425" in shown


def test_arrays_are_asked_for_as_a_whole() -> None:
    shown = page(chain(2, 2), "dE/dW2")
    assert [f"dE/dW2[{j},{i}]: one path" in shown for j in (1, 2) for i in (1, 2)] == [True] * 4


def test_a_local_derivative_that_is_not_the_whole_one_is_called_direct() -> None:
    shown = page(lecture("order"))
    assert "path 2 = dc/db (direct) * db/da" in shown
    assert "dc/da = path 1 + path 2\n      = 8 + 2\n      = 10" in shown


def test_symbols_stay_symbols() -> None:
    assert "dy/dt = dy/dx * dx/dt\n      = 5 * (2*t)\n      = 10*t" in page(lecture("001-chain-rule"))


def test_until_ends_the_page() -> None:
    shown = page(lecture("004"), until="dE/dw5")
    assert shown.rstrip().endswith("0.082167041")


def test_nothing_reaches_a_quantity_without_influence() -> None:
    problem = loads('formulas = """\ny = 2*x\nz = 3*x\n"""\n[given]\nx = 1')
    assert "dz/dy: no path" in page(problem, "dz/dy")


@pytest.mark.parametrize("asked", ["h1", "dE/dw5'", "w5'", "E@3", "d(dE/dw1)/dw2"])
def test_what_is_no_first_derivative_is_refused(asked: str) -> None:
    with pytest.raises(ChainruleError):
        page(lecture("004"), asked)


def test_until_what_has_no_paths_is_refused() -> None:
    with pytest.raises(ChainruleError, match="no paths for dE/dt1"):
        page(lecture("004"), until="dE/dt1")


def test_a_derivative_by_itself_is_one() -> None:
    assert "dE/dE is 1" in page(lecture("004"), "dE/dE")
