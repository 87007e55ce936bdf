"""Paths from the error: counts and best paths agree with listing all of them, and deep networks are quick."""

from __future__ import annotations

import time
from math import comb, prod

from hypothesis import given
from hypothesis import strategies as st

from chainrule.evaluate import evaluate
from chainrule.explanation.routes import Routes, routes
from chainrule.graph import Contribution, Graph
from chainrule.node import Node, input_node, name_node
from chainrule.quantity import Derivative, Name, Quantity
from chainrule.transforms.reverse import reverse

E, A = Name("E"), Name("a")


def by_of(entry: Contribution) -> Quantity:
    assert isinstance(entry.of, Derivative)
    return entry.of.by


def local_value(entry: Contribution, values: dict[Quantity, float]) -> float:
    assert entry.local is not None
    return float(evaluate([entry.local], values)[0])


def layered(weights: list[list[list[float]]]) -> tuple[Graph, dict[Quantity, float]]:
    """A linear network from one input `a` to one output `E`; weights[k][j][i] goes from unit i to unit j."""
    values: dict[Quantity, float] = {A: 1.0}
    layer: list[Node] = [input_node(A)]
    for k, rows in enumerate(weights):
        following: list[Node] = []
        for j, row in enumerate(rows):
            terms: list[Node] = []
            for i, weight in enumerate(row):
                label = Name(f"w{k}_{j}_{i}")
                values[label] = weight
                terms.append(input_node(label) * layer[i])
            total = terms[0]
            for term in terms[1:]:
                total = total + term
            last = k == len(weights) - 1
            following.append(name_node(E if last else Name(f"u{k}_{j}"), total))
        layer = following
    return reverse(Graph({E: layer[0]}), E), values


def found(weights: list[list[list[float]]], most: int = 20) -> tuple[Routes, list[float]]:
    graph, values = layered(weights)
    ways = routes(graph, E, lambda entry: local_value(entry, values), most=most)
    products = [prod(local_value(e, values) for e in route.steps) for route in ways.best(A, most)]
    return ways, products


def all_products(weights: list[list[list[float]]]) -> list[float]:
    """The product along every path, by walking each."""
    paths = [(0, 1.0)]
    for rows in weights:
        paths = [(j, p * row[i]) for i, p in paths for j, row in enumerate(rows)]
    return [p for _, p in paths]


def networks() -> st.SearchStrategy[list[list[list[float]]]]:
    numbers = st.integers(-8, 8).map(lambda n: n / 2)

    def of(widths: list[int]) -> st.SearchStrategy[list[list[list[float]]]]:
        sizes = zip([1, *widths], [*widths, 1], strict=True)
        row = [st.lists(st.lists(numbers, min_size=i, max_size=i), min_size=j, max_size=j) for i, j in sizes]
        return st.tuples(*row).map(list)

    return st.lists(st.integers(1, 3), min_size=0, max_size=4).flatmap(of)


@given(networks(), st.integers(1, 30))
def test_counts_and_best_paths_are_those_of_listing_every_path(weights: list[list[list[float]]], most: int) -> None:
    ways, products = found(weights, most)
    every = all_products(weights)
    assert ways.count(A) == len(every)
    expected = sorted((abs(p) for p in every), reverse=True)[:most]
    assert [abs(p) for p in products] == expected


@given(networks())
def test_all_paths_together_are_the_derivative(weights: list[list[list[float]]]) -> None:
    graph, values = layered(weights)
    total = evaluate([graph.outputs[Derivative(E, A)]], values)[0]
    _, products = found(weights, 10_000)
    assert abs(sum(products) - total) < 1e-9 * (1 + sum(map(abs, products)))


def test_no_path_is_listed_twice_and_each_goes_from_the_error_to_the_quantity() -> None:
    weights = [[[1.0]] * 3, [[1.0] * 3] * 3, [[1.0] * 3]]
    ways, _ = found(weights)
    best = ways.best(A, 20)
    assert len({route.steps for route in best}) == len(best) == ways.count(A) == 9
    for route in best:
        assert route.steps[0].through == E
        assert by_of(route.steps[-1]) == A
        assert all(by_of(x) == y.through for x, y in zip(route.steps, route.steps[1:], strict=False))


def test_the_count_is_exact_when_it_is_astronomical() -> None:
    depth = 100
    weights = [[[0.5]] * 3, *[[[0.5] * 3] * 3] * depth, [[0.5] * 3]]
    start = time.process_time()
    graph, values = layered(weights)
    locals_ = {entry: local_value(entry, values) for entry in graph.ledger}
    ways = routes(graph, E, locals_.__getitem__)
    assert ways.count(A) == 3 ** (depth + 1)
    assert len(ways.best(A, 20)) == 20
    assert time.process_time() - start < 10


def test_products_that_underflow_are_still_ranked() -> None:
    tiny = 1e-200
    weights = [[[tiny], [tiny * 3]], [[tiny, 0.0], [0.0, tiny]], [[tiny, tiny]]]
    ways, products = found(weights)
    assert products[:2] == [0.0, 0.0]  # 1e-600 underflows
    assert by_of(ways.best(A, 1)[0].steps[-2]) == Name("u0_1")  # the branch with 3e-200 comes first


def test_equal_products_stay_in_reading_order() -> None:
    weights = [[[1.0]] * 3, [[1.0, -1.0, 1.0]]]
    ways, _ = found(weights)
    assert [by_of(r.steps[0]) for r in ways.best(A, 3)] == [Name("u0_0"), Name("u0_1"), Name("u0_2")]


def test_steps_of_a_lattice_are_counted_as_binomials() -> None:
    # b(i, j) uses b(i-1, j) and b(i, j-1): paths to the corner are a binomial coefficient.
    size = 12
    grid: dict[tuple[int, int], Node] = {}
    for i in range(size):
        for j in range(size):
            parts = [grid[at] for at in ((i - 1, j), (i, j - 1)) if at in grid]
            body = input_node(A) if not parts else parts[0] * 1 if len(parts) == 1 else parts[0] + parts[1]
            last = i == j == size - 1
            grid[i, j] = name_node(E if last else Name(f"b{i}_{j}"), body)
    graph = reverse(Graph({E: grid[size - 1, size - 1]}), E)
    assert routes(graph, E, lambda entry: 1.0).count(A) == comb(2 * (size - 1), size - 1)


def test_a_quantity_without_influence_has_no_path() -> None:
    graph, values = layered([[[2.0]]])
    ways = routes(graph, E, lambda entry: local_value(entry, values))
    assert ways.count(Name("nobody")) == 0
    assert ways.best(Name("nobody"), 20) == []


def test_unknown_values_leave_reading_order_and_nan_comes_first() -> None:
    graph, values = layered([[[1.0]] * 2, [[1.0, 1.0]]])
    assert len(routes(graph, E, lambda entry: None).best(A, 20)) == 2
    nan = float("nan")
    bad = Name("u0_1")
    ways = routes(graph, E, lambda e: nan if by_of(e) == bad else local_value(e, values))
    assert by_of(ways.best(A, 1)[0].steps[0]) == bad
