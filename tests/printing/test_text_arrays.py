"""Arrays beside each other: brackets line up, columns are aligned, and the page's width is kept."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from chainrule.printing.document import Derivation, Document, Matrices, Piece, Rows
from chainrule.printing.text import render_text
from chainrule.printing.text_arrays import array_lines, bracketed_rows, derivation_lines

CELLS = st.one_of(
    st.integers(-999, 999).map(str), st.decimals(-99, 99, places=3).map(str), st.sampled_from(["0", "-1.5e-07", "..."])
)
SHAPES = st.tuples(st.integers(1, 4), st.integers(1, 4))


@st.composite
def arrays(draw: st.DrawFn) -> Rows:
    rows, columns = draw(SHAPES)
    return tuple([tuple([draw(CELLS) for _ in range(columns)]) for _ in range(rows)])


PIECES: st.SearchStrategy[Piece] = st.one_of(arrays(), st.sampled_from([" + ", " = ", "0.5*", " - ", "sigmoid("]))


@given(arrays())
def test_rows_are_equally_wide_and_keep_their_cells(rows: Rows) -> None:
    lines = bracketed_rows(rows)
    assert len({len(line) for line in lines}) == 1
    assert [tuple(line.strip("[] ").split()) for line in lines] == list(rows)


@given(arrays())
def test_decimal_points_are_below_each_other(rows: Rows) -> None:
    column = bracketed_rows(tuple([(row[0],) for row in rows if "e" not in row[0] and row[0] != "..."]) or (("1",),))
    points = {line.index(".") for line in column if "." in line}
    assert len(points) <= 1


@given(st.lists(PIECES, min_size=1, max_size=6), st.integers(40, 120))
def test_every_cell_is_printed_and_lines_fit_where_blocks_do(pieces: list[Piece], width: int) -> None:
    lines = array_lines("dE/dW1", [tuple(pieces)], width)
    found = " ".join(lines)
    for piece in pieces:
        for cell in (cell for row in piece for cell in row) if isinstance(piece, tuple) else (piece.strip(),):
            assert cell in found
    widest = max(len(bracketed_rows(p)[0]) if isinstance(p, tuple) else len(p) for p in pieces)
    if widest + 9 + 10 <= width:  # a block, what stands left of it, and a sign that stays with it
        assert max(map(len, lines)) <= width


def test_the_sign_stands_at_half_height() -> None:
    rows = (("1",), ("2",), ("3",))
    assert array_lines("x", [(rows,)], 60) == ["    [ 1 ]", "x = [ 2 ]", "    [ 3 ]"]


def test_what_does_not_fit_goes_on_below_the_equals_sign() -> None:
    wide = (("0.123456789", "0.123456789", "0.123456789"),) * 2
    lines = array_lines("z", [(wide, " = ", wide)], 50)
    assert [line.index("[") for line in lines if "[" in line] == [4, 4, 4, 4]
    assert lines[0].startswith("z = [")
    assert lines[3].startswith("  = [")


def test_blocks_in_ascii_and_color() -> None:
    block = Matrices("Δθ", (("½",), ((("θ",), ("1",)),)), note="a note", color="backward")
    plain = render_text(Document((block,)), ascii_only=True)
    assert plain.isascii()
    assert "theta" in plain
    assert "1/2" in plain
    colored = render_text(Document((Matrices("z", (("1",),), color="forward"),)), color=True)
    assert re.sub(r"\x1b\[\d*m", "", colored) == "z = 1\n"
    assert "\x1b[36mz" in colored


def test_reasons_stand_in_a_column_or_below() -> None:
    long = "a*" * 30 + "b"
    lines = derivation_lines("dy/dx", [("d/dx(5*x)", ""), (long, "rule"), ("5", "of itself: 1")], 60)
    assert lines == ["dy/dx = d/dx(5*x)", f"      = {long}", "            rule", "      = 5            of itself: 1"]
    assert "dy/dx = 5    why" in render_text(Document((Derivation("dy/dx", (("5", "why"),)),)))
