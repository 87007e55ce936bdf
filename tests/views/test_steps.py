"""The steps view: what is shown in which order, and what is left out when only parts are asked for."""

from __future__ import annotations

from typing import Any

import pytest

from chainrule import Problem
from chainrule.errors import ChainruleError
from chainrule.explanation import explain
from chainrule.lectures import lecture_names, lecture_text
from chainrule.printing.document import Chain, Document, Heading, Items, Prose, Table
from chainrule.problem import loads
from chainrule.views.steps import steps_view


def lecture(name: str) -> Problem:
    return loads(lecture_text(name) or "", file=f"{name}.toml")


def view(name: str, *, steps: int = 1, **options: Any) -> Document:
    return steps_view(explain(lecture(name), steps=steps), **options)


def headings(document: Document) -> list[str]:
    return [block.text for block in document.blocks if isinstance(block, Heading)]


def lefts(document: Document) -> list[str]:
    return [block.left for block in document.blocks if isinstance(block, Chain)]


def chain(document: Document, left: str) -> Chain:
    (found,) = [block for block in document.blocks if isinstance(block, Chain) and block.left == left]
    return found


PASSES = ["Forward pass", "Backward pass", "Update", "Forward pass with the new weights"]


def test_all_four_passes_in_order() -> None:
    assert headings(view("004"))[1:] == PASSES
    assert headings(view("002"))[1:] == PASSES[:2]


def test_the_order_is_that_of_the_lectures() -> None:
    backward = [left for left in lefts(view("002")) if "/" in left]
    assert backward == ["df/du", "df/dz", "df/dw", "df/dv", "df/dx", "df/dy"]
    backward = [left for left in lefts(view("000")) if left.startswith(("delta", "dE"))]
    assert backward[:4] == ["delta2_1", "delta2_2", "dE/dW2_01", "dE/dW2_11"]
    assert set(backward[8:10]) == {"delta1_1", "delta1_2"}


def test_the_board() -> None:
    page = view("004")
    assert chain(page, "dE/dout_h1").rights == (
        "dE/do1 * do1/dout_h1 + dE/do2 * do2/dout_h1",
        "dE/do1 * w5 + dE/do2 * w7",
        "0.138498562 * 0.4 + (-0.038098237) * 0.5",
        "0.036350306",
    )
    assert chain(page, "dE/dw1").rights == (
        "dE/dout_h1 * dout_h1/dh1 * dh1/dw1",
        "dE/dout_h1 * (out_h1*(1 - out_h1)) * x1",
        "0.036350306 * 0.241300709 * 0.05",
        "0.000438568",
    )
    assert chain(page, "w1'").rights == ("w1 - rate*dE/dw1", "0.15 - 0.5*0.000438568", "0.149780716")
    assert "o1 and o2" in chain(page, "dE/dout_h1").note


def test_delta_ends_a_chain_also_for_one_example() -> None:
    source = (lecture_text("000") or "").replace("rate     = 0.5\n", "").replace("[given]", "[examples]")
    source = source.replace("x = [0.7, 1.2]", "x = [[0.7, 1.2], [1, 2]]").replace("t = [1, 0]", "t = [[1, 0], [0, 1]]")
    page = steps_view(explain(loads(source + "\n[training]\nrate = 0.5\nbatch = 1\n")))
    assert chain(page, "dE{1}/dW1_11").rights[:2] == ("delta1_1{1} * dtheta1_1{1}/dW1_11", "delta1_1{1} * x0_1{1}")


@pytest.mark.parametrize("name", lecture_names())
def test_no_derivative_off_the_way_to_a_parameter(name: str) -> None:
    problem = lecture(name)
    if not problem.parameters:
        return
    inputs = {f"d{problem.minimise.text}/d{label}" for label in ("x1", "t1", "rate", "b1x")}  # type: ignore[union-attr]
    assert not inputs & set(lefts(view(name)))


def test_what_is_given_comes_first() -> None:
    items = [block for block in view("004").blocks if isinstance(block, Items)]
    assert [block.title for block in items] == ["Given", "Parameters", "Functions"]
    assert items[0].items[0] == "x1 = 0.05"
    assert "rate = 0.5" in items[0].items
    assert items[1].items == tuple(
        f"w{k} = {value}" for k, value in enumerate((0.15, 0.2, 0.25, 0.3, 0.4, 0.45, 0.5, 0.55), 1)
    )


def test_many_parameters_are_not_all_listed() -> None:
    table = "\n".join(f"w{k} = {k}" for k in range(100))
    source = f'formulas = "E = {" + ".join(f"w{k}^2" for k in range(100))}"\nminimise = "E"\n[parameters]\n{table}\n'
    (items,) = [block for block in steps_view(explain(loads(source))).blocks if isinstance(block, Items)]
    assert len(items.items) == 61
    assert items.items[-1] == "... (100 in all)"


def test_the_table_of_the_error() -> None:
    page = view("004", steps=7)
    (table,) = [block for block in page.blocks if isinstance(block, Table)]
    assert table.header == ("updates", "E")
    assert [row[0] for row in table.rows] == ["0", "1", "2", "5", "7"]
    assert table.rows[0][1] == "0.298371109"
    assert table.rows[-1][1] == chain(page, "E'").rights[-1]
    assert not any(isinstance(block, Table) for block in view("004").blocks)


def test_the_last_update_starts_where_the_one_before_ended() -> None:
    first, second = view("004"), view("004", steps=2)
    before = next(block for block in second.blocks if isinstance(block, Items) and block.title == "Parameters")
    after = chain(first, "w5'").rights[-1]
    assert f"w5 = {after}" in before.items
    assert chain(second, "E").rights[-1] == chain(first, "E'").rights[-1]


def test_the_end_says_how_the_error_went() -> None:
    prose = [block.text for block in view("004").blocks if isinstance(block, Prose)]
    assert prose[-1] == "The error E fell from 0.298371109 to 0.291027774."
    rising = loads('formulas = "E = w^2"\nminimise = "E"\nrate = 2\n[parameters]\nw = 1\n')
    prose = [block.text for block in steps_view(explain(rising)).blocks if isinstance(block, Prose)]
    assert prose[-1] == "The error E rose from 1 to 9."


def test_until_ends_the_page() -> None:
    page = view("004", until="dE/dw5")
    assert lefts(page)[-1] == "dE/dw5"
    assert headings(page)[1:] == PASSES[:2]
    assert lefts(view("004", until="E"))[-1] == "E"
    assert lefts(view("004", until="w3'"))[-1] == "w3'"
    assert lefts(view("004", until="E'"))[-1] == "E'"
    assert lefts(view("000", until="dE/dtheta2_1"))[-1] == "delta2_1"
    assert lefts(view("000", until="delta2_1"))[-1] == "delta2_1"


@pytest.mark.parametrize("until", ["nonsense", "dE/dx1", "E@7", "w1*x1", ""])
def test_until_what_has_no_step_is_refused(until: str) -> None:
    with pytest.raises(ChainruleError):
        view("004", until=until)


def test_of_shows_what_the_quantity_follows_from_and_no_more() -> None:
    found = lefts(view("004", of=["dE/dw5"]))
    assert found[-1] == "dE/dw5"
    assert "out_h1" in found
    assert not {"dE/dw6", "w5'", "E'", "dE/dh1"} & set(found)


@pytest.mark.parametrize("spelled", ["dE/dw5", "∂E/∂w5", "dEdw5", " dE/dw5 "])
def test_of_takes_every_spelling(spelled: str) -> None:
    assert view("004", of=[spelled]) == view("004", of=["dE/dw5"])


def test_of_any_pair_of_quantities() -> None:
    rights = chain(view("004", of=["do1/dw1"]), "do1/dw1").rights
    assert rights[0] == "do1/dout_h1 * dout_h1/dh1 * dh1/dw1"
    assert float(rights[-1]) == pytest.approx(0.4 * 0.2413007086 * 0.05, abs=1e-9)


def test_of_several_without_repetition() -> None:
    found = lefts(view("004", of=["dE/dw5", "dE/dw6", "dE/dw5"]))
    assert len(found) == len(set(found))
    assert {"dE/dw5", "dE/dw6"} <= set(found)


@pytest.mark.parametrize(
    ("asked", "value"),
    [("E@1", "0.291027774"), ("w5'", "0.35891648"), ("w1*x1", "0.0075"), ("d(dE/dw1)/dw2", "-6.043093104e-06")],
)
def test_of_values(asked: str, value: str) -> None:
    page = view("004", of=[asked])
    assert [block.rights[-1] for block in page.blocks if isinstance(block, Chain)][-1] == value
