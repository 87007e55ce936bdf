"""Batches: every row of a batched graph is the graph of one example, and gradients add up."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import ChainruleError, GradientError, GraphError, ShapeError
from chainrule.evaluate import bind_sizes, evaluate
from chainrule.graph import Graph, verify
from chainrule.node import INTEGER, Node, Type, const, input_node, name_node, node, type_of
from chainrule.numbers.floats import FLOATS
from chainrule.ops import TABLE, choices, functions, matrix, reduction
from chainrule.quantity import Derivative, Example, Name, Quantity
from chainrule.transforms.batch import batch, batch_loss
from chainrule.transforms.reverse import reverse

SIZES = (1, 3, 7)
Y, E = Name("y"), Name("E")


def real(*shape: int) -> Type:
    return type_of("real", shape)


def some(shape: tuple[int, ...], draw: random.Random, kind: str = "real") -> Any:
    """Nested lists of random numbers."""
    if not shape:
        return draw.randrange(3) if kind == "integer" else draw.uniform(0.2, 1.8)
    return [some(shape[1:], draw, kind) for _ in range(shape[0])]


def close(a: Any, b: Any, tolerance: float = 1e-12) -> None:
    x, y = FLOATS.to_nested(a), FLOATS.to_nested(b)
    assert x == pytest.approx(y, rel=tolerance, abs=tolerance) if not isinstance(x, list) else len(x) == len(y)
    if isinstance(x, list):
        for left, right in zip(x, y, strict=True):
            close(FLOATS.of_nested(left), FLOATS.of_nested(right), tolerance)


def check_rows(graph: Graph, batched: list[Quantity], size: int, draw: random.Random, *, symbolic: bool = True) -> None:
    """Row i of the batched outputs is the output for row i of the inputs."""
    many = verify(batch(graph, batched, "N" if symbolic else size))
    rows: dict[Quantity, list[Any]] = {}
    shared: dict[Quantity, Any] = {}
    for label, given_ in graph.inputs().items():
        kind, shape = given_.type.kind, tuple(int(n) for n in given_.type.shape)
        if label in batched:
            rows[label] = [some(shape, draw, kind) for _ in range(size)]
        else:
            shared[label] = FLOATS.of_nested(some(shape, draw, kind))
    values = {**shared, **{label: FLOATS.of_nested(row) for label, row in rows.items()}}
    for label, root in graph.outputs.items():
        found = FLOATS.to_nested(evaluate([many.outputs[label]], values)[0])
        if len(many.outputs[label].type.shape) == len(root.type.shape):
            found = [found] * size  # it does not depend on the example
        assert len(found) == size
        for k in range(size):
            one = {**shared, **{name: FLOATS.of_nested(row[k]) for name, row in rows.items()}}
            close(FLOATS.of_nested(found[k]), evaluate([root], one)[0])


A, B, C = Name("a"), Name("b"), Name("c")

# One call of every op that is not elementwise, and of elementwise ones whose arguments differ in rank.
CALLS: dict[str, tuple[tuple[Type, ...], Callable[..., Node]]] = {
    "matmul 2 2": ((real(2, 3), real(3, 4)), lambda a, b: a @ b),
    "matmul 2 1": ((real(2, 3), real(3)), lambda a, b: a @ b),
    "matmul 1 2": ((real(3), real(3, 2)), lambda a, b: a @ b),
    "matmul 1 1": ((real(3), real(3)), lambda a, b: a @ b),
    "outer": ((real(2), real(3)), lambda a, b: matrix.OUTER(a, b)),
    "dot": ((real(3), real(3)), lambda a, b: matrix.DOT(a, b)),
    "transpose": ((real(2, 3),), lambda a: matrix.transposed(a)),
    "transpose 3": ((real(2, 3, 4),), lambda a: matrix.TRANSPOSE(a, attribute=(2, 0, 1))),
    "reshape": ((real(2, 3),), lambda a: matrix.RESHAPE(a, attribute=(3, 1, 2))),
    "broadcast": ((real(3),), lambda a: matrix.BROADCAST(a, attribute=(4, 2, 3))),
    "broadcast 1": ((real(3, 1),), lambda a: matrix.BROADCAST(a, attribute=(2, 3, 4))),
    "broadcast 0": ((real(),), lambda a: matrix.BROADCAST(a, attribute=(2, 3))),
    "index": ((real(4, 3),), lambda a: matrix.INDEX(a, attribute=(2,))),
    "index slice": ((real(4, 3),), lambda a: matrix.INDEX(a, attribute=(None, (0, 2)))),
    "index both": ((real(4, 3),), lambda a: matrix.INDEX(a, attribute=((1, 3), 2))),
    "scatter": ((real(3),), lambda a: matrix.SCATTER(a, attribute=((4, 3), (2,)))),
    "scatter slice": ((real(4, 2),), lambda a: matrix.SCATTER(a, attribute=((4, 3), (None, (1, 3))))),
    "concat": ((real(2, 3), real(1, 3)), lambda a, b: matrix.CONCAT(a, b, attribute=0)),
    "concat 1": ((real(2, 3), real(2, 1)), lambda a, b: matrix.CONCAT(a, b, attribute=1)),
    "stack 0": ((real(), real(), real()), lambda a, b, c: matrix.STACK(a, b, c)),
    "stack 2": ((real(2, 3), real(2, 3)), lambda a, b: matrix.STACK(a, b)),
    "one_hot": ((INTEGER,), lambda a: matrix.ONE_HOT(a, attribute=4)),
    "one_hot 1": ((type_of("integer", (2,)),), lambda a: matrix.ONE_HOT(a, attribute=3)),
    **{
        f"{name} {axes}": ((real(2, 3),), lambda a, name=name, axes=axes: TABLE[name](a, attribute=axes))
        for name in ("sum", "mean", "norm", "largest", "smallest", "logsumexp", "softmax")
        for axes in ((0,), (1,), (0, 1))
    },
    "softmax_unit": ((real(),) * 3, lambda a, b, c: reduction.SOFTMAX_UNIT(a, b, c, attribute=1)),
    "logsumexp_unit": ((real(),) * 3, lambda a, b, c: reduction.LOGSUMEXP_UNIT(a, b, c)),
    "add 0 1": ((real(), real(3)), lambda a, b: a + b),
    "mul 1 2": ((real(3), real(2, 3)), lambda a, b: a * b),
    "mul 1 2 stretched": ((real(3), real(2, 1)), lambda a, b: a * b),
    "where 0 1 2": ((real(), real(3), real(2, 3)), lambda a, b, c: choices.WHERE(choices.GREATER(a, const(1)), b, c)),
    "where of a comparison": ((real(3), real(2, 3)), lambda a, b: choices.WHERE(choices.LESS(a, b), a, b * b)),
    "power": ((real(2, 1), real(3)), lambda a, b: a**b),
    "count": ((real(2, 3),), lambda a: node(reduction.COUNT, (a,), (0,))),
    "count times": ((real(2, 3),), lambda a: a * node(reduction.COUNT, (a,), (0,))),
}
NO_BATCH = {"const", "input", "name", "pi", "e", "uniform"}


def graph_of(types: tuple[Type, ...], body: Callable[..., Node]) -> Graph:
    nodes = [input_node(label, given_) for label, given_ in zip((A, B, C), types, strict=False)]
    return Graph({Y: name_node(Y, body(*nodes))})


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("size", SIZES)
def test_every_rule_gives_the_rows_of_single_examples(call: str, size: int) -> None:
    draw, (types, body) = random.Random(call), CALLS[call]
    graph = graph_of(types, body)
    labels: list[Quantity] = [A, B, C][: len(types)]
    for chosen in range(1, 2 ** len(types)):
        batched = [label for k, label in enumerate(labels) if chosen >> k & 1]
        check_rows(graph, batched, size, draw)
        check_rows(graph, batched, size, draw, symbolic=False)


def test_every_op_has_a_rule_and_a_call_here() -> None:
    called = {call.split()[0] for call in CALLS}
    for name, op in TABLE.items():
        if name not in NO_BATCH:
            assert op.elementwise or (op.batch is not None and name in called), name


@pytest.mark.parametrize("call", [call for call in CALLS if call != "count"])  # a count forgets its argument
def test_a_batch_of_a_batch(call: str) -> None:
    types, body = CALLS[call]
    draw, graph = random.Random(call), graph_of(types, body)
    twice = verify(batch(batch(graph, [A], 3), [A], "N"))
    shape = tuple(int(n) for n in types[0].shape)
    data = [[some(shape, draw, types[0].kind) for _ in range(3)] for _ in range(2)]
    others = {
        label: FLOATS.of_nested(some(tuple(int(n) for n in t.shape), draw))
        for label, t in zip((B, C), types[1:], strict=False)
    }
    found = FLOATS.to_nested(evaluate([twice.outputs[Y]], {A: FLOATS.of_nested(data), **others})[0])
    for i in range(2):
        for j in range(3):
            one = evaluate([graph.outputs[Y]], {A: FLOATS.of_nested(data[i][j]), **others})[0]
            close(FLOATS.of_nested(found[i][j]), one)


def network(sizes: list[int], activation: str, loss: str) -> Graph:
    """A random dense network with quantities x, W1, b1, z1, a1, ..., t, E."""
    a = input_node(Name("x"), real(sizes[0]))
    for layer, (fan_in, fan_out) in enumerate(pairwise(sizes), 1):
        w = input_node(Name(f"W{layer}"), real(fan_out, fan_in))
        b = input_node(Name(f"b{layer}"), real(fan_out))
        z = name_node(Name(f"z{layer}"), w @ a + b)
        a = name_node(Name(f"a{layer}"), TABLE[activation](z))
    t = input_node(Name("t"), real(sizes[-1]))
    if loss == "squared":
        body = reduction.SUM((a - t) ** 2, attribute=(0,)) / 2
    elif loss == "mean":
        body = reduction.MEAN((a - t) ** 2, attribute=(0,))
    else:
        body = -reduction.SUM(t * functions.LOG(reduction.SOFTMAX(a, attribute=(0,))), attribute=(0,))
    return Graph({E: name_node(E, body)})


networks = st.builds(
    network,
    st.lists(st.integers(1, 4), min_size=2, max_size=4),
    st.sampled_from(["sigmoid", "tanh", "softplus", "relu", "gelu"]),
    st.sampled_from(["squared", "mean", "entropy"]),
)


@given(networks, st.sampled_from(SIZES), st.sampled_from(["sum", "mean"]), st.randoms(use_true_random=False))
def test_the_gradient_of_a_batch_is_the_sum_of_gradients(graph: Graph, size: int, over: Any, draw: Any) -> None:
    x, t = Name("x"), Name("t")
    parameters = [label for label in graph.inputs() if label not in (x, t)]
    single = reverse(graph, E, parameters)
    many = verify(reverse(verify(batch_loss(graph, E, [x, t], over=over)), E, parameters))
    values = {
        label: FLOATS.of_nested(some(tuple(int(n) for n in graph.inputs()[label].type.shape), draw))
        for label in parameters
    }
    shape = {label: tuple(int(n) for n in graph.inputs()[label].type.shape) for label in (x, t)}
    rows = [{label: some(shape[label], draw) for label in (x, t)} for _ in range(size)]
    labels = [E, *[Derivative(E, label) for label in parameters]]
    one_by_one = [
        evaluate(
            [single.outputs[label] for label in labels], {**values, **{k: FLOATS.of_nested(v) for k, v in row.items()}}
        )
        for row in rows
    ]
    stacked = {label: FLOATS.of_nested([row[label] for row in rows]) for label in (x, t)}
    found = evaluate([many.outputs[label] for label in labels], {**values, **stacked})
    bound = bind_sizes([many.outputs[label] for label in labels], {"N": size})
    with_number = evaluate(bound, {**values, **stacked})
    for k in range(len(labels)):
        total = one_by_one[0][k]
        for other in one_by_one[1:]:
            total = FLOATS.elementwise(FLOATS.s.add, FLOATS.shape(total), total, other[k])
        if over == "mean":
            total = FLOATS.elementwise(FLOATS.s.div, FLOATS.shape(total), total, float(size))
        close(found[k], total, 1e-11)
        close(with_number[k], total, 1e-11)


def test_derivatives_of_single_examples_by_a_batch_of_the_backward_pass() -> None:
    graph = reverse(network([3, 2], "tanh", "squared"), E, [Name("W1"), Name("b1")])
    check_rows(graph, [Name("x"), Name("t")], 3, random.Random(1))


def test_batched_by_jax_too() -> None:
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    jnp, draw = jax.numpy, random.Random(5)
    graph = network([3, 4, 2], "sigmoid", "mean")
    x, t = Name("x"), Name("t")
    many = reverse(batch_loss(graph, E, [x, t], over="mean"), E)
    shapes = {label: tuple(int(n) for n in n_.type.shape) for label, n_ in graph.inputs().items()}
    values = {label: some(shape if label not in (x, t) else (5, *shape), draw) for label, shape in shapes.items()}
    ours = evaluate(list(many.outputs.values()), {k: FLOATS.of_nested(v) for k, v in values.items()})

    def loss(p: dict[str, Any], x_: Any, t_: Any) -> Any:
        a1 = jax.nn.sigmoid(p["W1"] @ x_ + p["b1"])
        a2 = jax.nn.sigmoid(p["W2"] @ a1 + p["b2"])
        return jnp.mean((a2 - t_) ** 2)

    p = {label.text: jnp.array(v) for label, v in values.items() if isinstance(label, Name) and label not in (x, t)}
    data = jnp.array(values[x]), jnp.array(values[t])
    value, gradient = jax.value_and_grad(lambda q: jnp.mean(jax.vmap(loss, (None, 0, 0))(q, *data)))(p)
    found = dict(zip(many.outputs, ours, strict=True))
    close(found[E], float(value))
    for name, expected in gradient.items():
        close(found[Derivative(E, Name(name))], FLOATS.of_nested(expected.tolist()))


def test_labels_of_a_batch() -> None:
    graph = network([2, 1], "sigmoid", "squared")
    many = batch_loss(graph, E, [Name("x"), Name("t")])
    assert many.outputs[E].type.shape == ()
    assert many.quantities()[Name("E_each")].type.shape == ("N",)
    assert many.quantities()[Name("a1")].type.shape == ("N", 1)
    assert many.quantities()[Name("W1")].type.shape == (1, 2)


def test_a_name_that_is_taken_is_not_taken_twice() -> None:
    taken = name_node(Name("E_each"), input_node(Name("x")) * 2)
    graph = Graph({E: name_node(E, taken * taken), Name("E_each"): taken})
    many = verify(batch_loss(graph, E, [Name("x")]))
    assert many.outputs[Name("E_each")].type.shape == ("N",)
    assert Name("E_each_") in many.quantities()


def test_an_error_without_a_name_and_one_of_an_example() -> None:
    x = input_node(Name("x"))
    assert verify(batch_loss(Graph({E: x * x}), E, [Name("x")])).outputs[E].type.shape == ()
    label = Example(E, 1)
    assert verify(batch_loss(Graph({label: name_node(label, x * x)}), label, [Name("x")])).outputs[label]


X = input_node(Name("x"))


@pytest.mark.parametrize(
    ("make", "kind", "says"),
    [
        (lambda g: batch(g, [Name("q")], "N"), GraphError, "q among the batched inputs"),
        (lambda g: batch(g, [E], 3), GraphError, "E among the batched inputs"),
        (lambda g: batch(g, [Name("x")], 0), ShapeError, "a batch of 0 examples"),
        (lambda g: batch(batch(g, [Name("x")], "N"), [Name("x")], "N"), GraphError, "size N is in use"),
        (lambda g: batch_loss(g, Name("q"), [Name("x")]), GradientError, "q, which is not a quantity"),
        (lambda g: batch_loss(g, Name("x"), [Name("x")]), GradientError, "x is given"),
        (lambda g: batch_loss(g, E, []), GradientError, "does not depend on the batched inputs (none)"),
        (lambda g: batch_loss(g, E, [Name("x")], over="product"), GraphError, "found over = 'product'"),
        (lambda g: batch_loss(reverse(g, E), E, [Name("x")]), GraphError, "Use batch_loss before reverse"),
        (lambda g: batch_loss(batch(g, [Name("x")], 2), E, [Name("x")]), GradientError, "E is an array"),
    ],
)
def test_what_cannot_be_batched(make: Callable[[Graph], Graph], kind: type[ChainruleError], says: str) -> None:
    with pytest.raises(kind) as caught:
        make(Graph({E: name_node(E, X * X)}))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_uniform_has_no_batch() -> None:
    key, counter = input_node(Name("key"), INTEGER), input_node(Name("counter"), INTEGER)
    graph = Graph({Y: name_node(Y, matrix.UNIFORM(key, counter, attribute=(2,)) * X)})
    verify(batch(graph, [Name("x")], "N"))  # the same mask for all examples
    with pytest.raises(GraphError, match="op uniform has no rule for a batch"):
        batch(graph, [Name("counter")], "N")


def test_an_output_without_the_batch_stays_as_it_is() -> None:
    w = input_node(Name("w"))
    graph = Graph({Y: name_node(Y, w * w), E: name_node(E, w * X)})
    many = batch(graph, [Name("x")], "N")
    assert many.outputs[Y] is graph.outputs[Y]


def test_a_long_chain() -> None:
    chain = X
    for _ in range(20_000):
        chain = functions.SIN(chain)
    assert batch(Graph({Y: name_node(Y, chain)}), [Name("x")], "N").outputs[Y].type.shape == ("N",)
