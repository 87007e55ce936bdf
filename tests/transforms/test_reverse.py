"""Reverse mode: derivatives by hand, the sums of the ledger, names that keep equals apart, and very deep graphs."""

from __future__ import annotations

import copy
import gc
import pickle
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import GradientError
from chainrule.evaluate import evaluate
from chainrule.graph import Graph, verify
from chainrule.node import Node, const, input_node, name_node, node, order, type_of
from chainrule.numbers.exact import exact_numbers
from chainrule.numbers.floats import FLOATS
from chainrule.ops import arithmetic, choices, functions
from chainrule.ops.functions import EXP, SIGMOID, TANH
from chainrule.ops.matrix import BROADCAST
from chainrule.ops.reduction import SUM
from chainrule.quantity import Derivative, Name, Quantity, spell
from chainrule.transforms.reverse import reverse

A, B, C, E = map(Name, "abcE")


def d(by: Name, of: Quantity = E) -> Derivative:
    return Derivative(of, by)


def value_of(graph: Graph, label: Quantity, **values: Any) -> Any:
    given = {Name(name): FLOATS.of_nested(value) for name, value in values.items()}
    (found,) = evaluate([graph.outputs[label]], given)
    return FLOATS.to_nested(found)


def test_equal_quantities_of_different_names_are_kept_apart() -> None:
    a = input_node(A)
    b, c = name_node(B, 2 * a), name_node(C, 2 * a)
    graph = verify(reverse(Graph({E: name_node(E, b * c + 3 * (2 * a))}), E))
    assert graph.outputs[d(B)].args[0] is c
    assert graph.outputs[d(C)].args[0] is b
    assert value_of(graph, d(A), a=5.0) == 2 * 10 + 2 * 10 + 6


def test_why_order_matters() -> None:
    a = input_node(A)
    b = name_node(B, 2 * a)
    graph = verify(reverse(Graph({C: name_node(C, b + b * b)}), C))
    assert value_of(graph, d(A, C), a=1.0) == 10  # passing on b's gradient at each use gets 12


def test_a_local_is_the_direct_derivative() -> None:
    x = input_node(Name("x"))
    u = name_node(Name("u"), x**2)
    v = Name("v")
    graph = verify(reverse(Graph({v: name_node(v, x * u)}), v))
    (direct,) = [e for e in graph.ledger if e.of == d(Name("x"), v) and e.through == v]
    assert direct.local is u
    assert value_of(graph, d(Name("x"), v), x=3.0) == 27


def test_the_order_of_the_ledger_is_that_of_the_lectures() -> None:
    x, w = input_node(Name("x")), input_node(Name("w"))
    h = name_node(Name("h"), w * x)
    out = name_node(Name("out"), SIGMOID(h))
    graph = verify(reverse(Graph({E: name_node(E, (1 - out) ** 2 / 2)}), E, [Name("w")]))
    assert [spell(e.of) for e in graph.ledger] == ["dE/dout", "dE/dh", "dE/dw"]
    assert Derivative(E, Name("x")) not in graph.outputs
    sigmoid = next(e for e in graph.ledger if e.of == d(Name("h")))
    assert sigmoid.local is out * (1 - out)  # in terms of the named quantity


names = st.sampled_from(["add", "sub", "mul", "div", "exp", "tanh", "sigmoid", "sin", "max"])


@st.composite
def graphs(draw: Any) -> Graph:
    """Random graphs of scalars: every value is named or left anonymous by chance, and may be used often."""
    values: list[Node] = [input_node(Name(f"x{k}")) for k in range(3)]
    for k in range(draw(st.integers(1, 12))):
        op = {o.name: o for o in (*arithmetic.OPS, *functions.OPS, *choices.OPS)}[draw(names)]
        args = [draw(st.sampled_from(values)) for _ in range(op.arity or 0)]
        if op.name == "div":
            args[1] = args[1] ** 2 + 2
        if op.name == "exp":
            args[0] = TANH(args[0])
        made = op(*args)
        values.append(name_node(Name(f"q{k}"), made) if draw(st.booleans()) else made)
    total = values[-1]
    for extra in values[:-1]:
        total = total + extra / 7
    return Graph({E: name_node(E, total)})


@given(graphs(), st.lists(st.integers(-40, 40), min_size=3, max_size=3, unique=True))
def test_contributions_add_up_and_derivatives_are_those_of_differences(graph: Graph, point: list[int]) -> None:
    done = verify(reverse(graph, E))
    exact = exact_numbers(250)
    h = Fraction(1, 2**60)
    start = {f"x{k}": Fraction(p, 32) + Fraction(1, 1001) for k, p in enumerate(point)}

    def at(nodes: list[Node], values: dict[str, Fraction]) -> list[Any]:
        with exact.s.context():
            given = {Name(k): exact.s.of(v) for k, v in values.items()}
        return evaluate(nodes, given, numbers=exact)

    with exact.s.context():
        sums: dict[Quantity, Any] = {}
        for entry in done.ledger:
            (value,) = at([entry.value], start)
            sums[entry.of] = sums.get(entry.of, 0) + value
            assert entry.local is not None
            (product,) = at([entry.upstream * entry.local], start)
            assert product.overlaps(value)
        for label, total in sums.items():
            assert at([done.outputs[label]], start)[0].overlaps(total)
        for k in range(3):
            if d(Name(f"x{k}")) not in done.outputs:
                continue
            moved = [{**start, f"x{k}": start[f"x{k}"] + sign * h} for sign in (1, -1)]
            (up,), (down,) = (at([graph.outputs[E]], m) for m in moved)
            (found,) = at([done.outputs[d(Name(f"x{k}"))]], start)
            assert abs(float(found - (up - down) / (2 * exact.s.of(h)))) < 1e-12 * max(1, abs(float(found)))


def test_ties_and_kinks() -> None:
    x, y = input_node(Name("x")), input_node(Name("y"))
    tie = reverse(Graph({E: name_node(E, choices.MAX(x, y))}), E)
    assert value_of(tie, d(Name("x")), x=2.0, y=2.0) == 0.5
    assert value_of(tie, d(Name("y")), x=2.0, y=2.0) == 0.5
    assert value_of(tie, d(Name("y")), x=2.0, y=3.0) == 1
    relu = reverse(Graph({E: name_node(E, functions.RELU(x))}), E)
    assert value_of(relu, d(Name("x")), x=0.0) == 0


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 1), (1, 3), (2, 3), (1, 1), (1, 2, 3)])
@pytest.mark.parametrize("other", [(3,), (2, 3), (2, 1), (4, 2, 3)])
def test_what_was_stretched_is_summed_again(shape: tuple[int, ...], other: tuple[int, ...]) -> None:
    import numpy as np

    x, y = input_node(Name("x"), type_of("real", shape)), input_node(Name("y"), type_of("real", other))
    product = EXP(x) * y
    graph = Graph({E: name_node(E, SUM(product, attribute=tuple(range(len(product.type.shape)))))})
    done = verify(reverse(graph, E))
    assert done.outputs[d(Name("x"))].type.shape == shape
    a, b = np.random.default_rng(1).normal(size=shape), np.random.default_rng(2).normal(size=other)
    full = np.exp(a) * b
    expected = full.sum(axis=tuple(range(full.ndim - a.ndim)))
    for axis, size in enumerate(shape):
        if size == 1:
            expected = expected.sum(axis=axis, keepdims=True)
    found = value_of(done, d(Name("x")), x=a.tolist(), y=b.tolist())
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_an_array_stretched_by_a_named_quantity_keeps_its_shape() -> None:
    x = input_node(Name("x"), type_of("real", (3,)))
    h = name_node(Name("h"), BROADCAST(x, attribute=(2, 3)))
    done = verify(reverse(Graph({E: name_node(E, SUM(h * h, attribute=(0, 1)))}), E))
    assert done.outputs[d(Name("x"))].type.shape == (3,)
    assert value_of(done, d(Name("x")), x=[1.0, 2.0, 3.0]) == [4.0, 8.0, 12.0]


def test_zero_derivatives_and_that_of_itself() -> None:
    x, y = input_node(Name("x")), input_node(Name("y"), type_of("real", (2,)))
    graph = Graph({E: name_node(E, choices.SIGN(x)), Name("z"): name_node(Name("z"), SUM(y, attribute=(0,)) + x)})
    done = verify(reverse(graph, E, [Name("x"), Name("y"), E]))
    assert value_of(done, d(Name("x")), x=1.0) == 0
    assert value_of(done, d(Name("y")), x=1.0, y=[1.0, 2.0]) == [0, 0]
    assert value_of(done, Derivative(E, E), x=1.0) == 1


def test_reverse_of_reverse_needs_nothing_new() -> None:
    x, y = input_node(Name("x")), input_node(Name("y"))
    first = reverse(Graph({E: name_node(E, x**3 * y)}), E)
    second = verify(reverse(first, d(Name("x")), [Name("x"), Name("y")]))
    label = Derivative(d(Name("x")), Name("x"))
    assert value_of(second, label, x=2.0, y=5.0) == 60
    assert value_of(second, Derivative(d(Name("x")), Name("y")), x=2.0, y=5.0) == 12
    assert len(second.ledger) > len(first.ledger)


def test_what_has_no_derivative_is_an_error() -> None:
    x = input_node(Name("x"), type_of("real", (2,)))
    graph = Graph({E: name_node(E, x * 2)})
    with pytest.raises(GradientError, match="E is an array"):
        reverse(graph, E)
    with pytest.raises(GradientError, match="found q, which is not a quantity"):
        reverse(graph, Name("q"))


# Very deep graphs: nothing may recurse.

DEEP = 100_000


@pytest.fixture(scope="module", params=["anonymous", "named"])
def chain(request: pytest.FixtureRequest) -> Graph:
    current = x = input_node(Name("x"))
    for k in range(DEEP // 2):
        current = node(arithmetic.ADD, (current, x))
        if request.param == "named" and k % 10 == 0:
            current = name_node(Name(f"q{k}"), current)
    return Graph({E: name_node(E, current)})


def test_deep_graphs_are_ordered_verified_and_evaluated(chain: Graph) -> None:
    assert len(chain.nodes()) >= DEEP // 2
    verify(chain)
    assert value_of(chain, E, x=1.0) == DEEP // 2 + 1


def test_deep_graphs_are_reversed(chain: Graph) -> None:
    done = verify(reverse(chain, E, [Name("x")]))
    assert value_of(done, d(Name("x")), x=3.0) == DEEP // 2 + 1


def test_deep_graphs_are_pickled_copied_and_shown(chain: Graph) -> None:
    root = chain.outputs[E]
    assert pickle.loads(pickle.dumps(chain)).outputs[E] is root
    assert pickle.loads(pickle.dumps(root)) is root
    assert copy.copy(root) is root
    assert copy.deepcopy(root) is root
    assert copy.deepcopy(chain).outputs[E] is root
    assert len(repr(root)) < 100
    assert len(repr(chain)) < 100
    assert hash(root) == hash(root)
    assert chain.outputs == dict(chain.outputs)


def test_deep_graphs_are_forgotten() -> None:
    x = input_node(Name("forgotten"))
    current = x
    for _ in range(DEEP):
        current = node(arithmetic.MUL, (current, const(3)))
    assert len(order([current])) == DEEP + 2
    del current
    gc.collect()
    fresh = node(arithmetic.MUL, (x, const(3)))
    assert fresh.type is x.type


def test_a_graph_with_a_ledger_pickles_to_itself() -> None:
    x = input_node(Name("x"), type_of("real", (2,)))
    h = name_node(Name("h"), TANH(x))
    graph = reverse(Graph({E: name_node(E, SUM(h * h, attribute=(0,)))}), E)
    again = verify(pickle.loads(pickle.dumps(graph)))
    assert again.outputs == graph.outputs
    assert [(e.of, e.through, e.upstream, e.local, e.value) for e in again.ledger] == [
        (e.of, e.through, e.upstream, e.local, e.value) for e in graph.ledger
    ]
