"""Tracing: a function's graph reads as it was written, and computes what NumPy computes."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule import functions as fn
from chainrule.errors import ChainruleError
from chainrule.evaluate import evaluate
from chainrule.graph import Graph, verify
from chainrule.node import Node, const
from chainrule.numbers.vectorised import numpy_numbers
from chainrule.quantity import Name, spell
from chainrule.tracing import Traced
from chainrule.tracing.numpy_calls import FUNCTIONS, UFUNCS


def written(current: Node) -> str:
    """A node as nested calls."""
    if current.op.name == "const":
        return str(current.attribute)
    if current.op.name == "input":
        return spell(current.attribute[0])
    about = [] if current.attribute is None or current.op.name == "name" else [str(current.attribute)]
    return f"{current.op.name}({', '.join([*about, *map(written, current.args)])})"


def body(f: Callable[..., Any], *shapes: Any) -> str:
    graph = verify(cr.trace(f, *shapes))
    (output,) = graph.outputs.values()
    return written(output.args[0])


@pytest.mark.parametrize(
    ("f", "text"),
    [
        (lambda x: 1 * x + 0, "add(mul(1, x), 0)"),
        (lambda x: 0 + x - -x, "sub(x, neg(x))"),
        (lambda x: x**2 / 3, "div(power(x, 2), 3)"),
        (lambda x: 2**x, "power(2, x)"),
        (lambda x: 1 / x - 1, "sub(div(1, x), 1)"),
        (lambda x: 1 - +x, "sub(1, x)"),
        (lambda x: abs(x) * 0.1, "mul(abs(x), 1/10)"),
        (lambda x: x * Fraction(1, 3) * Decimal("0.25"), "mul(mul(x, 1/3), 1/4)"),
        (lambda x: np.exp(x) * np.float64(0.5), "mul(exp(x), 1/2)"),
        (lambda x: np.float64(0.5) * np.int64(2) * x, "mul(1, x)"),
        (lambda x: np.where(x > 0, x, -x), "where(greater(x, 0), x, neg(x))"),
        (lambda x: np.maximum(x, 0) + fn.relu(x), "add(max(x, 0), relu(x))"),
        (lambda x: sum([x, x, x]), "add(add(x, x), x)"),
        (lambda x: np.clip(x, -1, 1), "min(max(x, -1), 1)"),
        (lambda x: fn.where(x <= 1, fn.sigmoid(x), 0), "where(less_equal(x, 1), sigmoid(x), 0)"),
    ],
)
def test_the_graph_reads_as_written(f: Callable[..., Any], text: str) -> None:
    assert body(f) == text


def test_arrays_read_as_written_too() -> None:
    assert body(lambda W, x: W @ x + x[0], (2, 2), (2,)) == "add(matmul(W, x), index((0,), x))"
    assert body(lambda x: x.T.sum(0)[-1], (2, 3)) == "index((1,), sum((0,), transpose((1, 0), x)))"
    assert body(lambda x: np.sum(x * [1, 0.5]), (2,)) == "sum((0,), mul(x, stack(1, 1/2)))"
    assert body(lambda x: fn.softmax(x), ("N", 3)) == "softmax((1,), x)"


def test_inputs_and_results_have_names() -> None:
    def net(params: Any, x: Any, *rest: Any) -> Any:
        return {"y": params["W1"] @ x + params["b"][0] + rest[0], "size": x.sum()}

    graph = cr.trace(net, {"W1": (2, 3), "b": [(), ()]}, (3,), 1.0)
    assert [spell(label) for label in graph.outputs] == ["y", "size"]
    assert [spell(label) for label in graph.inputs()] == ["W1", "x", "b_1", "rest_1"]
    assert list(cr.trace(lambda x: x).outputs) == [Name("out")]
    assert list(cr.trace(math.copysign.__class__ and fn.exp).outputs) == [Name("exp")]
    assert [spell(label) for label in cr.trace(lambda a: (a, [a, 2])).outputs] == ["out_1", "out_2_1", "out_2_2"]
    assert list(cr.trace(lambda u: u * 2, names=["w"]).inputs()) == [Name("w")]


def test_a_result_never_takes_the_name_of_an_input() -> None:
    def x(x: Any) -> Any:
        return x * 2

    assert [spell(label) for label in verify(cr.trace(x)).outputs] == ["x_out"]


def test_same_keys_in_two_arguments_get_their_whole_path() -> None:
    graph = cr.trace(lambda a, b: a["w"] * b["w"], {"w": ()}, {"w": ()})
    assert [spell(label) for label in graph.inputs()] == ["a_w", "b_w"]


def test_examples_give_shapes() -> None:
    graph = cr.trace(lambda a, b, c, d=2: a * b * np.sum(c) * d, 1.5, np.zeros((2, 3)), [[1, 2]])
    assert [n.type.shape for n in graph.inputs().values()] == [(), (2, 3), (1, 2)]


def test_named_values_are_quantities() -> None:
    graph = cr.trace(lambda x: fn.named(x * 2, "h") ** 2)
    assert Name("h") in graph.quantities()
    assert fn.named(3.0, "h") == 3.0
    assert list(cr.trace(lambda x: fn.named(x, "h")).outputs) == [Name("h")]
    with pytest.raises(ChainruleError, match="two quantities are called h"):
        cr.trace(lambda x: fn.named(x, "h") + fn.named(2 * x, "h"))
    with pytest.raises(ChainruleError, match="found 'a b' where a name"):
        cr.trace(lambda x: fn.named(x, "a b"))


def test_a_graph_does_not_depend_on_the_run() -> None:
    def f(x: Any, y: Any) -> Any:
        return np.tanh(x @ y)

    assert cr.trace(f, (2, 3), (3,)).outputs == cr.trace(f, (2, 3), (3,)).outputs


# Each function beside NumPy

A = np.array([[0.3, -0.7, 1.2], [0.9, 0.4, -0.1]])
B = np.array([[0.5, 0.25, 2.0], [-0.6, 0.4, 0.8]])
V = np.array([0.4, -0.2, 0.6])


def words(text: str) -> list[str]:
    return text.split()


def along(f: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    return lambda x: f(x, **options)


NUMPY: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    *[(getattr(np, name), (A,)) for name in
      words("negative positive square exp exp2 expm1 sin cos tan sinh cosh tanh absolute fabs sign ravel")],
    *[(getattr(np, name), (abs(A),)) for name in words("sqrt log log2 log10 log1p reciprocal")],
    *[(getattr(np, name), (A, B)) for name in [
      *words("add subtract multiply divide maximum minimum logaddexp greater less greater_equal less_equal"),
      *words("equal not_equal inner vdot")]],
    *[(getattr(np, name), (abs(A), B)) for name in words("power float_power")],
    *[(getattr(np, name), (A,)) for name in words("sum mean max amax min amin var std transpose")],
    *[(along(getattr(np, name), axis=1), (A,)) for name in words("sum mean max min var std")],
    *[(along(getattr(np, name), axis=(0, -1), keepdims=True), (A,)) for name in words("sum mean max min")],
    (np.matmul, (A, V)), (np.dot, (A, V)), (np.dot, (V, V)), (np.dot, (A, 2.0)), (np.dot, (A, B.T)), (np.outer, (V, V)),
    (lambda a, b: np.where(a > b, a, 2), (A, B)), (lambda a: np.where(A > 0, a, 0), (B,)),
    (lambda a: np.clip(a, 0, None), (A,)), (lambda a: np.clip(a, max=0.1, min=None), (A,)),
    (lambda a, b: np.concatenate([a, b, A]), (A, B)), (lambda a, b: np.concatenate((a, b), axis=-1), (A, B)),
    (lambda a, b: np.concatenate((a, b), axis=None), (A, V)),
    (lambda a, b: np.stack([a, b]), (A, B)), (lambda a, b: np.stack([a, b], axis=1), (A, B)),
    (lambda a, b: np.stack([a, b], axis=-1), (A, B)),
    (lambda a, b: np.hstack([a, b]), (A, B)), (lambda a, b: np.vstack([a, b]), (A, V)),
    (lambda a: np.hstack([a, a]), (V,)),
    (lambda a: np.reshape(a, (3, -1)), (A,)), (lambda a: a.reshape(-1), (A,)), (lambda a: a.reshape(3, 2), (A,)),
    (lambda a: a.T @ a, (A,)), (lambda a: a.transpose(1, 0), (A,)), (lambda a: np.swapaxes(a, 0, 1), (A,)),
    (lambda a: np.expand_dims(a, -1), (A,)), (lambda a: np.squeeze(a[:, :1]), (A,)),
    (lambda a: np.squeeze(a[None], axis=0), (A,)),
    (lambda a: np.broadcast_to(a, (2, 3)), (V,)), (lambda a: np.zeros_like(a) + np.ones_like(a) * a, (A,)),
    (lambda a, b: sum(np.broadcast_arrays(a, b)), (A, V)),
    (np.linalg.norm, (V,)), (np.linalg.norm, (A,)), (lambda a: np.linalg.norm(a, axis=1), (A,)),
    (lambda a: np.linalg.norm(a, 1), (V,)), (lambda a: np.linalg.norm(a, ord=2, axis=0, keepdims=True), (A,)),
    (lambda a: a * np.shape(a)[0] + np.ndim(a) + np.size(a) + len(a) + a.size + a.ndim, (A,)),
    (lambda a: a.sum(0) + a.mean(axis=0) + a.max(0) - a.min(0), (A,)),
    (lambda a: a.flatten().dot(a.ravel()), (A,)), (lambda a: list(a)[1], (A,)),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(NUMPY)))
def test_what_numpy_computes(case: int) -> None:
    f, args = NUMPY[case]
    graph = verify(cr.trace(f, *args, names=[f"x{k}" for k in range(len(args))]))
    values = {Name(f"x{k}"): a for k, a in enumerate(args)}
    (found,) = evaluate(list(graph.outputs.values()), values, numbers=numpy_numbers())
    expected = f(*args)
    assert np.shape(found) == np.shape(expected)
    np.testing.assert_allclose(np.asarray(found, float), np.asarray(expected, float), rtol=1e-13, atol=1e-15)


def test_every_numpy_function_of_the_tables_is_tried() -> None:
    source = (name for f, _ in NUMPY for name in [getattr(f, "__name__", "")])
    text = Path(__file__).read_text(encoding="utf-8")
    tried = set(source) | {name for name in [*UFUNCS, *FUNCTIONS] if f"np.{name}(" in text or f"linalg.{name}" in text}
    assert set(UFUNCS) | set(FUNCTIONS) <= tried | {"true_divide"}  # the old name of divide


INDICES: list[Any] = [
    0, -1, (1, 2), (-1, -1), slice(None), slice(0, 1), slice(1, None), (slice(None), 1), (..., 0), (0, ...), ...,
    None, (None, 0), (..., None), (slice(None), None, 1), slice(None, None, -1), (slice(None), slice(None, None, 2)),
    ([0, 0, 1],), (slice(None), [2, 0]), (1, slice(1, 1)), (slice(2, 0), 0), slice(-5, 9), np.int64(1),
    (slice(None), np.array([1, 1])), (None, ..., None),
]  # fmt: skip


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_an_index_is_that_of_numpy(index: Any) -> None:
    graph = verify(cr.trace(lambda x: x[index] * 1, (2, 3)))
    (found,) = evaluate(list(graph.outputs.values()), {Name("x"): A}, numbers=numpy_numbers())
    expected = A[index]
    assert np.shape(found) == expected.shape
    assert np.array_equal(found, expected)


# What is refused

x_ = np.arange(3.0)


@pytest.mark.parametrize(
    ("f", "shape", "text"),
    [
        (lambda x: x if x > 0 else -x, (), "Write where"),
        (lambda x: max(x, 1), (), r"maximum\(a, b\)"),
        (lambda x: 1 if x == 2 else 0, (), "Write where"),
        (lambda x: math.exp(x), (), "not those of math"),
        (lambda x: float(x), (), "no float"),
        (lambda x: int(x), (), "not yet a number"),
        (lambda x: [1, 2][x], (), "not yet a number"),
        (lambda x: round(x), (), "not yet a number"),
        (lambda x: x_[x], (), "cannot become a NumPy array|not yet a number"),
        (lambda x: np.array([x, x]), (), "Write np.stack"),
        (lambda x: np.sort(x), (3,), "np.sort cannot be traced. These can: "),
        (lambda x: np.floor(x), (3,), "np.floor cannot be traced"),
        (lambda x: np.add.reduce(x), (3,), "np.add.reduce cannot be traced"),
        (lambda x: np.exp(x, out=np.zeros(3)), (3,), "with out= cannot be traced"),
        (lambda x: np.sum(x, dtype=float), (3,), "np.sum cannot be traced with these arguments"),
        (lambda x: x.__setitem__(0, 1), (3,), "cannot be set"),
        (lambda x: x[3], (3,), "found the index 3 where axis 0 has the size 3"),
        (lambda x: x[0, 0], (3,), "found 2 indices"),
        (lambda x: x[x > 0], (3,), "must be known"),
        (lambda x: x[0.5], (3,), "found the index 0.5"),
        (lambda x: x[True], (3,), "must be known"),
        (lambda x: x[..., ...], (3,), "more than one"),
        (lambda x: x + "a", (), "found str 'a' where a number"),
        (lambda x: x + 1j, (), "found complex"),
        (lambda x: x + None, (), "found NoneType"),
        (lambda x: x + float("inf"), (), "found the constant inf"),
        (lambda x: x + np.array([1.0, np.nan]), (2,), "found the constant nan"),
        (lambda x: x + np.zeros(10_001), (), "Make it an argument"),
        (lambda x: x + [0] * 10_001, (), "Make it an argument"),
        (lambda x: x + np.zeros(4), (3,), "do not fit together"),
        (lambda x: x @ x, (2, 3), "matrix product"),
        (lambda x: x.sum(2), (3,), "found axis=2"),
        (lambda x: x.sum((0, 0)), (3,), "names an axis twice"),
        (lambda x: x.reshape(2, 2), (3,), "cannot take the shape"),
        (lambda x: None, (), "returned nothing"),
        (lambda x: len(x), ("N",), "its length is not known"),
        (lambda x: x[1:2], ("N",), "is not known"),
    ],
)
def test_what_cannot_be_traced_is_one_clear_line(f: Callable[..., Any], shape: Any, text: str) -> None:
    with pytest.raises(ChainruleError, match=text) as caught:
        cr.trace(f, shape)
    assert "\n" not in str(caught.value)


def test_mistakes_of_the_call() -> None:
    with pytest.raises(ChainruleError, match="takes 1 arguments, found 2"):
        cr.trace(lambda x: x, (), ())
    with pytest.raises(ChainruleError, match="found 2 names for 1 arguments"):
        cr.trace(lambda x: x, names=["a", "b"])
    with pytest.raises(ChainruleError, match="two inputs are called a"):
        cr.trace(lambda x, y: x, names=["a", "a"])
    with pytest.raises(AttributeError):
        Traced(const(1)).node = const(2)
    with pytest.raises(TypeError):
        len(Traced(const(1)))
    with pytest.raises(TypeError):
        hash(Traced(const(1)))


def test_a_value_of_another_trace_is_not_let_in() -> None:
    kept: list[Any] = []
    cr.trace(lambda x: kept.append(x) or x)  # type: ignore[func-returns-value]
    with pytest.raises(ChainruleError, match="x belongs to another traced function"):
        cr.trace(lambda y: y + kept[0])


def test_functions_of_numbers_lists_and_arrays() -> None:
    assert fn.relu(-1) == 0.0
    assert fn.softmax([[1.0, 1.0]]) == [[0.5, 0.5]]
    assert isinstance(fn.sigmoid(np.zeros(2)), np.ndarray)
    assert fn.where([True, False], 1, [2, 3]) == [1.0, 3.0]
    assert fn.where(True, 1, 2) == 1.0
    assert fn.logsumexp([1000.0, 1000.0]) == pytest.approx(1000 + math.log(2))
    assert fn.gelu(0.7) == pytest.approx(0.7 * 0.5 * (1 + math.erf(0.7 / math.sqrt(2))))
    assert fn.stack([1, 2]) == [1.0, 2.0]
    assert fn.concatenate([[1.0], [2.0, 3.0]]) == [1.0, 2.0, 3.0]
    assert fn.dot([1, 2], [3, 4]) == 11.0
    assert fn.transpose([[1, 2], [3, 4]]) == [[1.0, 3.0], [2.0, 4.0]]
    assert fn.elu(-1) == pytest.approx(math.expm1(-1))
    with pytest.raises(ChainruleError, match="where a number or an array was expected"):
        fn.exp([[1], [2, 3]])


def test_a_hundred_thousand_steps_are_traced() -> None:
    def chain(x: Any) -> Any:
        for _ in range(100_000):
            x = x * 2
        return x

    graph = cr.trace(chain)
    assert isinstance(graph, Graph)
    assert len(graph.nodes()) == 100_003
