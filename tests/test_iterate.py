from __future__ import annotations

from fractions import Fraction

import pytest

from chainrule.errors import ChainruleError, GraphError, ShapeError
from chainrule.graph import Graph, Program, State
from chainrule.iterate import as_value, run_program
from chainrule.node import input_node, name_node, type_of
from chainrule.numbers.array import Array
from chainrule.numbers.exact import exact_numbers
from chainrule.numbers.floats import FLOATS
from chainrule.numbers.vectorised import numpy_numbers
from chainrule.quantity import Name, Updated

S, X, C = Name("s"), Name("x"), Name("c")


def sums() -> Program:
    """s' = c*s + x, with x from the example."""
    s, x, c = input_node(S), input_node(X), input_node(C)
    product = name_node(Name("p"), c * s)
    after = name_node(Updated(S), product + x)
    return Program(Graph({Name("p"): product, Updated(S): after}), {S: State(s, after, 1)}, (x,))


ROWS = [{X: 10}, {X: Fraction(1, 2)}, {X: 0.25}]


def by_hand(updates: int, s: float = 1.0, start: int = 0) -> float:
    for n in range(start, start + updates):
        s = 2.0 * s + float(ROWS[n % 3][X])
    return s


@pytest.mark.parametrize("updates", [0, 1, 2, 3, 4, 7])
def test_update_n_takes_row_n_minus_1_mod_d(updates: int) -> None:
    assert run_program(sums(), updates, values={C: 2}, examples=ROWS).state == {S: by_hand(updates)}


def test_it_goes_on_where_it_stopped() -> None:
    first = run_program(sums(), 4, values={C: 2}, examples=ROWS)
    second = run_program(sums(), 4, values={C: 2}, examples=ROWS, state=first.state, start=4)
    assert second.state == {S: by_hand(8)}


def test_what_is_watched_is_seen_before_the_update() -> None:
    run = run_program(sums(), 3, values={C: 2}, examples=ROWS, watch=[Name("p"), S])
    assert run.watched[S] == [by_hand(n) for n in range(3)]
    assert run.watched[Name("p")] == [2 * by_hand(n) for n in range(3)]


def test_two_states_change_at_the_same_time() -> None:
    a, b = input_node(Name("a")), input_node(Name("b"))
    program = Program(Graph({}), {Name("a"): State(a, b, 1), Name("b"): State(b, a + b, 1)})
    assert run_program(program, 9, values={}).state == {Name("a"): 55.0, Name("b"): 89.0}


def test_other_number_systems() -> None:
    exact = exact_numbers(100)
    with exact.s.context():
        state = run_program(sums(), 3, values={C: Fraction(1, 3)}, examples=[{X: Fraction(1, 7)}], numbers=exact).state
        assert state[S].contains(exact.s.of(Fraction(1, 27) + (Fraction(1, 9) + Fraction(1, 3) + 1) / 7))
    assert run_program(sums(), 3, values={C: 2}, examples=ROWS, numbers=numpy_numbers()).state[S] == by_hand(3)


def test_arrays() -> None:
    s, c = input_node(S, type_of("real", (2, 2))), input_node(C, type_of("real", (2,)))
    program = Program(Graph({}), {S: State(s, s + c, [[1, 2], [3, 4]])})
    state = run_program(program, 2, values={C: [Fraction(1, 2), 1]}).state
    assert FLOATS.to_nested(state[S]) == [[2.0, 4.0], [4.0, 6.0]]
    array = as_value(Array((2,), [Fraction(1, 2), 1]), FLOATS)
    assert array.items == [0.5, 1.0]
    assert all(type(item) is float for item in array.items)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"values": {}}, "the input c has no value"),
        ({"examples": []}, "found no examples, expected values of x"),
        ({"examples": [{X: 1}, {}]}, "the input x has no value"),
        ({"values": {C: [1, 2]}}, "c has the shape (2), expected ()"),
        ({"state": {S: [1]}}, "s has the shape (1), expected ()"),
        ({"updates": -1}, "found -1 updates, expected 0 or more"),
        ({"start": -2}, "found -2 updates, expected 0 or more"),
        ({"watch": [Name("q")]}, "q is no quantity of this program"),
    ],
)
def test_what_does_not_fit(options: dict[str, object], found: str) -> None:
    arguments: dict[str, object] = {"updates": 2, "values": {C: 2}, "examples": ROWS} | options
    with pytest.raises(ChainruleError) as caught:
        run_program(sums(), **arguments)  # type: ignore[arg-type]
    assert found in str(caught.value)
    assert isinstance(caught.value, ShapeError | GraphError)


def test_examples_where_nothing_depends_on_them() -> None:
    s = input_node(S)
    program = Program(Graph({}), {S: State(s, s * 2, 1)})
    assert run_program(program, 10, values={}).state[S] == 1024.0
    with pytest.raises(ShapeError, match="nothing in this program depends on the example"):
        run_program(program, 1, values={}, examples=ROWS)
