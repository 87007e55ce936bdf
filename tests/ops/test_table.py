"""Every op of the table against mpmath at 50 digits and JAX in float64: value, first and second derivative, batch rule.

The oracles know nothing of our code: NumPy arrays of mpf for the one, jax.numpy for the other. An op without an oracle
fails `test_every_op_has_an_oracle`. Tolerances: 1e-12 of max(1, |x|) for values and first derivatives in floats, 1e-9
for second ones; in balls of 200 bits 1e-25, which is what the differences in mpmath are good for. Points lie at least
1e-3 from every kink; kinks have tests of their own in test_kinks.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from random import Random
from typing import Any

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.evaluate import evaluate
from chainrule.graph import Graph, verify
from chainrule.node import Node, Op, input_node, name_node, node, type_of
from chainrule.numbers.exact import exact_numbers
from chainrule.numbers.floats import FLOATS
from chainrule.numbers.vectorised import numpy_numbers
from chainrule.ops import ALL_OPS, TABLE
from chainrule.ops.reduction import SUM
from chainrule.quantity import Derivative, Name, Quantity
from chainrule.transforms.batch import batch
from chainrule.transforms.reverse import reverse

jax.config.update("jax_enable_x64", True)
DIGITS = 80  # working digits of mpmath, so that differences are good to more than 25
FIRST, SECOND, BALLS = 1e-12, 1e-9, 1e-25

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Oracle:
    """What an op means, said twice more; the attribute comes first where the op has one."""

    mp: Callable[..., Any]
    jax: Callable[..., Any]


def each(function: Callable[..., Any]) -> Callable[..., Any]:
    return np.frompyfunc(function, function.__code__.co_argcount, 1)


def plain(z: Any) -> Any:
    return np.asarray(z, object).item()


def along(reduction: Callable[..., Any]) -> Callable[..., Any]:
    return lambda axes, x: reduction(x, axis=axes)


def mp_softmax(axes: Shape, x: Any) -> Any:
    powers = each(lambda v: mpmath.exp(v))(x)
    return powers / np.sum(powers, axis=axes, keepdims=True)


def slices(at: Any) -> Any:
    return tuple([i if isinstance(i, int) else slice(*(i or (None,))) for i in at])


def scatter(zeros: Any, at: Any, x: Any) -> Any:
    if isinstance(zeros, jax.Array):
        return zeros.at[slices(at)].set(x)
    zeros[slices(at)] = x
    return zeros


def mp_zeros(shape: Shape) -> Any:
    return np.full(shape, mpmath.mpf(0), dtype=object)


def same(f: Callable[..., Any]) -> Oracle:
    """Arithmetic that reads alike in both."""
    return Oracle(f, f)


ORACLES: dict[str, Oracle] = {
    "add": same(lambda x, y: x + y),
    "sub": same(lambda x, y: x - y),
    "mul": same(lambda x, y: x * y),
    "div": same(lambda x, y: x / y),
    "neg": same(lambda x: -x),
    "power": Oracle(each(lambda x, y: mpmath.power(x, y)), lambda x, y: x**y),
    "pi": Oracle(lambda: mpmath.pi, lambda: jnp.pi),
    "e": Oracle(lambda: mpmath.e, lambda: jnp.e),
    "exp": Oracle(each(lambda x: mpmath.exp(x)), jnp.exp),
    "log": Oracle(each(lambda x: mpmath.log(x)), jnp.log),
    "log10": Oracle(each(lambda x: mpmath.log10(x)), jnp.log10),
    "sqrt": Oracle(each(lambda x: mpmath.sqrt(x)), jnp.sqrt),
    "sin": Oracle(each(lambda x: mpmath.sin(x)), jnp.sin),
    "cos": Oracle(each(lambda x: mpmath.cos(x)), jnp.cos),
    "sigmoid": Oracle(each(lambda x: 1 / (1 + mpmath.exp(-x))), jax.nn.sigmoid),
    "tanh": Oracle(each(lambda x: mpmath.tanh(x)), jnp.tanh),
    "softplus": Oracle(each(lambda x: mpmath.log(1 + mpmath.exp(x))), jax.nn.softplus),
    "erf": Oracle(each(lambda x: mpmath.erf(x)), jax.scipy.special.erf),
    "relu": Oracle(each(lambda x: x if x > 0 else 0 * x), jax.nn.relu),
    "leaky_relu": Oracle(each(lambda x: x if x > 0 else x / 100), lambda x: jax.nn.leaky_relu(x, 0.01)),
    "elu": Oracle(each(lambda x: x if x > 0 else mpmath.exp(x) - 1), jax.nn.elu),
    "gelu": Oracle(each(lambda x: x * mpmath.ncdf(x)), lambda x: jax.nn.gelu(x, approximate=False)),
    "greater": same(lambda x, y: x > y),
    "less": same(lambda x, y: x < y),
    "greater_equal": same(lambda x, y: x >= y),
    "less_equal": same(lambda x, y: x <= y),
    "equal": same(lambda x, y: x == y),
    "not_equal": same(lambda x, y: x != y),
    "where": Oracle(lambda c, x, y: np.where(c, x, y), jnp.where),
    "max": Oracle(each(lambda x, y: x if x > y else y), jnp.maximum),
    "min": Oracle(each(lambda x, y: x if x < y else y), jnp.minimum),
    "abs": Oracle(each(lambda x: x if x > 0 else -x), jnp.abs),
    "sign": Oracle(each(lambda x: (x > 0) - (x < 0)), jnp.sign),
    "step": Oracle(each(lambda x: int(x > 0)), lambda x: jnp.where(x > 0, 1.0, 0.0)),
    "stop_gradient": Oracle(lambda x: x, jax.lax.stop_gradient),
    "sum": Oracle(along(np.sum), along(jnp.sum)),
    "mean": Oracle(along(np.mean), along(jnp.mean)),
    "norm": Oracle(
        lambda axes, x: each(lambda v: mpmath.sqrt(v))(np.sum(x * x, axis=axes)),
        lambda axes, x: jnp.sqrt(jnp.sum(x * x, axis=axes)),
    ),
    "largest": Oracle(along(np.max), along(jnp.max)),
    "smallest": Oracle(along(np.min), along(jnp.min)),
    "logsumexp": Oracle(
        lambda axes, x: each(lambda v: mpmath.log(v))(np.sum(each(lambda v: mpmath.exp(v))(x), axis=axes)),
        lambda axes, x: jax.scipy.special.logsumexp(x, axis=axes),
    ),
    "softmax": Oracle(mp_softmax, lambda axes, x: jax.nn.softmax(x, axis=axes)),
    "count": Oracle(
        lambda axes, x: int(np.prod([x.shape[a] for a in axes])),
        lambda axes, x: float(np.prod([x.shape[a] for a in axes])),
    ),
    "softmax_unit": Oracle(
        lambda unit, *zs: mp_softmax((0,), np.array([plain(z) for z in zs]))[unit],
        lambda unit, *zs: jax.nn.softmax(jnp.stack(zs))[unit],
    ),
    "logsumexp_unit": Oracle(
        lambda *zs: mpmath.log(sum(mpmath.exp(plain(z)) for z in zs)),
        lambda *zs: jax.scipy.special.logsumexp(jnp.stack(zs)),
    ),
    "matmul": same(lambda a, b: a @ b),
    "outer": same(lambda a, b: a[:, None] * b[None, :]),
    "dot": same(lambda a, b: a @ b),
    "transpose": same(lambda permutation, x: x.transpose(permutation)),
    "reshape": same(lambda shape, x: x.reshape(shape)),
    "broadcast": Oracle(lambda shape, x: np.broadcast_to(x, shape), lambda shape, x: jnp.broadcast_to(x, shape)),
    "index": same(lambda at, x: x[slices(at)]),
    "scatter": Oracle(
        lambda attribute, x: scatter(mp_zeros(attribute[0]), attribute[1], x),
        lambda attribute, x: scatter(jnp.zeros(attribute[0]), attribute[1], x),
    ),
    "concat": Oracle(lambda axis, *xs: np.concatenate(xs, axis=axis), lambda axis, *xs: jnp.concatenate(xs, axis=axis)),
    "stack": Oracle(lambda *xs: np.array(xs), lambda *xs: jnp.stack(xs)),
    "one_hot": Oracle(
        lambda size, x: np.array([[int(v == k) for k in range(size)] for v in np.ravel(x)]).reshape(
            (*np.shape(x), size)
        ),
        lambda size, x: (x[..., None] == jnp.arange(size)) * 1.0,
    ),
    "name": same(lambda label, x: x),
}
APART = {
    "const": "has no arguments; test_numbers.py compares every system's constants",
    "input": "is the argument itself",
    "uniform": "test_randomness.py compares its bits with the published generator",
}


def test_every_op_has_an_oracle() -> None:
    assert {*ORACLES, *APART} == set(TABLE)
    assert not ORACLES.keys() & APART.keys()
    assert len(TABLE) == len(ALL_OPS), "two ops have one name"


# Cases: shapes and an attribute for every op.

SHAPES: list[Shape] = [(), (3,), (2, 3)]
ARRAYS: list[Shape] = [(3,), (2, 3), (2, 1, 2)]


@dataclass(frozen=True)
class Case:
    """One op on arguments of certain shapes, at certain values."""

    op: Op
    shapes: tuple[Shape, ...]
    attribute: Any
    seed: int

    def kinds(self) -> list[str]:
        return ["boolean" if self.op.name == "where" and k == 0 else "real" for k in range(len(self.shapes))]

    def inputs(self) -> list[Node]:
        return [
            input_node(Name(f"x{k}"), type_of(kind, shape))
            for k, (kind, shape) in enumerate(zip(self.kinds(), self.shapes, strict=True))
        ]

    def node(self) -> Node:
        return node(self.op, tuple(self.inputs()), self.attribute)

    def points(self, rows: tuple[int, ...] | None = None) -> list[Any]:
        """An array of floats for each argument, with `rows` of them for some: all different, none near 0."""
        random = Random(self.seed)
        shapes = [(*([rows[k]] if rows and rows[k] else []), *shape) for k, shape in enumerate(self.shapes)]
        places = iter(random.sample([k for k in range(997) if k != 498], sum(int(np.prod(s)) for s in shapes)))
        result = []
        for k, (shape, kind) in enumerate(zip(shapes, self.kinds(), strict=True)):
            low, high = self.op.domain[min(k, len(self.op.domain) - 1)]
            values = [low + (high - low) * (next(places) + 0.5) / 997 for _ in range(int(np.prod(shape)))]
            if self.op.name == "one_hot":
                values = [float(int(v)) for v in values]
            array = np.array(values, float).reshape(shape)
            result.append(array > 0 if kind == "boolean" else array)
        return result

    def oracle(self, which: str) -> Callable[..., Any]:
        function = getattr(ORACLES[self.op.name], which)
        return function if self.attribute is None else lambda *args: function(self.attribute, *args)


@st.composite
def cases(draw: Any, op: Op) -> Case:
    shapes, attribute = draw(arguments(op))
    return Case(op, tuple(shapes), attribute, draw(st.integers(0, 10**6)))


@st.composite
def stretched(draw: Any, shape: Shape) -> Shape:
    """A shape that broadcasts to this one."""
    kept = shape[draw(st.integers(0, len(shape))) :]
    return tuple([draw(st.sampled_from([1, size])) for size in kept])


@st.composite
def arguments(draw: Any, op: Op) -> tuple[list[Shape], Any]:
    name = op.name
    shape = draw(st.sampled_from(SHAPES))
    array = draw(st.sampled_from(ARRAYS))
    if op.elementwise:
        full = draw(st.integers(0, op.arity - 1))
        return [shape if k == full else draw(stretched(shape)) for k in range(op.arity)], None
    if name in ("sum", "mean", "norm", "largest", "smallest", "logsumexp", "softmax", "count"):
        axes = draw(st.lists(st.sampled_from(range(len(array))), unique=True, min_size=1))
        return [array], tuple(sorted(axes))
    if name in ("softmax_unit", "logsumexp_unit"):
        size = draw(st.integers(1, 4))
        return [()] * size, draw(st.integers(0, size - 1)) if name == "softmax_unit" else None
    if name == "matmul":
        return draw(st.sampled_from([[(3,), (3,)], [(2, 3), (3,)], [(2,), (2, 3)], [(2, 3), (3, 2)]])), None
    if name == "outer":
        return [(2,), (3,)], None
    if name == "dot":
        return [(3,), (3,)], None
    if name == "transpose":
        return [array], tuple(draw(st.permutations(range(len(array)))))
    if name == "reshape":
        size = int(np.prod(array))
        return [array], draw(st.sampled_from([(size,), (1, size), (size, 1), array[::-1]]))
    if name == "broadcast":
        return [draw(stretched(array))], array
    if name in ("index", "scatter"):
        at = tuple([draw(index(size)) for size in array[: draw(st.integers(1, len(array)))]])
        picked = np.zeros(array)[slices(at)].shape
        return ([array], at) if name == "index" else ([picked], (array, at))
    if name == "concat":
        axis = draw(st.integers(0, len(array) - 1))
        sizes = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
        return [(*array[:axis], size, *array[axis + 1 :]) for size in sizes], axis
    if name == "stack":
        return [shape] * draw(st.integers(1, 3)), None
    if name == "one_hot":
        return [shape], 4
    if name == "name":
        return [shape], Name("q")
    return [], None


@st.composite
def index(draw: Any, size: int) -> Any:
    start = draw(st.integers(0, size - 1))
    return draw(st.sampled_from([None, start, (start, draw(st.integers(start + 1, size)))]))


# The derivatives under test, by the walk that everything uses.

E, S = Name("E"), Name("S")


def weighted(case: Case) -> tuple[Graph, list[Node], Node]:
    """E = the sum of the op's elements times weights w."""
    out = case.node()
    w = input_node(Name("w"), type_of("real", out.type.shape))
    product_ = w * out
    body = SUM(product_, attribute=tuple(range(len(product_.type.shape))))
    return Graph({E: name_node(E, body)}), [x for x in case.inputs() if x.type.kind == "real"], w


def derivatives(case: Case) -> tuple[list[Node], list[Node], list[Node]]:
    """First derivatives of E; directions v; derivatives of v.dE by each argument."""
    graph, inputs, _ = weighted(case)
    first = verify(reverse(graph, E, [x.attribute[0] for x in inputs]))
    firsts = [first.outputs[Derivative(E, x.attribute[0])] for x in inputs]
    directions = [input_node(Name(f"v{k}"), x.type) for k, x in enumerate(inputs)]
    total: Any = 0
    for v, d in zip(directions, firsts, strict=True):
        total = total + SUM(v * d, attribute=tuple(range(len(v.type.shape))))
    again = Graph({S: name_node(S, total)})
    second = verify(reverse(again, S, [x.attribute[0] for x in inputs if x in again.nodes()]))
    zero = Name("zero")
    seconds = [second.outputs.get(Derivative(S, x.attribute[0])) for x in inputs]
    return (
        firsts,
        directions,
        [s if s is not None else name_node(zero, x - x) for s, x in zip(seconds, inputs, strict=True)],
    )


def run(nodes: list[Node], values: dict[Quantity, Any], system: str) -> list[Any]:
    """Values of nodes as NumPy arrays - of floats, or of mpf for exact numbers."""
    numbers = {"float": lambda: FLOATS, "numpy": numpy_numbers, "exact": lambda: exact_numbers(200)}[system]()

    def enter(value: Any) -> Any:
        nested = np.asarray(value).tolist()
        return numbers.of_nested(deep(lambda v: v if isinstance(v, bool) else numbers.s.of(Fraction(v)), nested))

    def leave(value: Any) -> Any:
        nested = numbers.to_nested(value)
        if system != "exact":
            return np.asarray(nested)
        return np.array(deep(lambda v: v if isinstance(v, bool) else mpmath.mpf(v.mid().str(60, radius=False)), nested))

    with numbers.s.context(), mpmath.workdps(DIGITS):
        given = {label: enter(value) for label, value in values.items()}
        return [leave(v) for v in evaluate(nodes, given, numbers=numbers)]


def deep(function: Callable[[Any], Any], nested: Any) -> Any:
    return [deep(function, row) for row in nested] if isinstance(nested, list) else function(nested)


def assert_close(found: Any, expected: Any, tolerance: float, what: str) -> None:
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, what
    for a, b in zip(found.ravel().tolist(), expected.ravel().tolist(), strict=True):
        assert abs(a - b) <= tolerance * max(1, abs(b)), f"{what}: {a} instead of {b}"


def to_mp(array: Any) -> Any:
    return (
        array if array.dtype == bool else np.array([mpmath.mpf(v) for v in array.ravel()], object).reshape(array.shape)
    )


def weights_for(case: Case, like: list[Shape]) -> list[Any]:
    random = Random(case.seed + 1)
    return [
        np.array([random.choice([-1.5, -0.5, 0.75, 1.25]) for _ in range(int(np.prod(s)))]).reshape(s) for s in like
    ]


# mpmath

OPS = [op for op in ALL_OPS if op.name in ORACLES]
SMOOTH = [op for op in OPS if op.vjp is not None and (op.arity is None or op.arity > 0)]
each_op = pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
each_smooth_op = pytest.mark.parametrize("op", SMOOTH, ids=lambda op: op.name)


@each_op
@settings(max_examples=15)
@given(data=st.data())
def test_the_value_is_that_of_mpmath(op: Op, data: st.DataObject) -> None:
    case = data.draw(cases(op))
    points = case.points()
    values: dict[Quantity, Any] = {Name(f"x{k}"): p for k, p in enumerate(points)}
    with mpmath.workdps(DIGITS):
        expected = np.asarray(case.oracle("mp")(*map(to_mp, points)))
        assert expected.shape == case.node().type.shape
        for system, tolerance in (("float", FIRST), ("numpy", FIRST), ("exact", BALLS)):
            (found,) = run([case.node()], values, system)
            assert_close(found, expected, tolerance, f"{op.name} in {system}")


@each_smooth_op
@settings(max_examples=8)
@given(data=st.data())
def test_derivatives_are_those_of_mpmath(op: Op, data: st.DataObject) -> None:
    case = data.draw(cases(op))
    points = case.points()
    (w,) = weights_for(case, [case.node().type.shape])  # type: ignore[list-item]
    real = [k for k, kind in enumerate(case.kinds()) if kind == "real"]
    vs = weights_for(case, [case.shapes[k] for k in real])
    firsts, _, seconds = derivatives(case)
    values: dict[Quantity, Any] = {Name(f"x{k}"): p for k, p in enumerate(points)} | {Name("w"): w}
    values |= {Name(f"v{k}"): v for k, v in enumerate(vs)}
    with mpmath.workdps(DIGITS):
        h = mpmath.mpf(10) ** -20

        def total(steps: dict[int, Any]) -> Any:
            moved = [to_mp(p) + h * steps[k] if k in steps else to_mp(p) for k, p in enumerate(points)]
            return np.sum(np.asarray(case.oracle("mp")(*moved)) * to_mp(w))

        move = {k: to_mp(v) for k, v in zip(real, vs, strict=True)}
        one, two = [], []
        for k in real:
            for at in product(*map(range, case.shapes[k])):
                unit = np.zeros(case.shapes[k], dtype=object)
                unit[at] = mpmath.mpf(1)
                both = [
                    {j: s * m + (t * unit if j == k else 0) for j, m in move.items()} for s in (1, -1) for t in (1, -1)
                ]
                pp, pm, mp_, mm = map(total, both)
                one.append((total({k: unit}) - total({k: -unit})) / (2 * h))
                two.append((pp - pm - mp_ + mm) / (4 * h * h))
        for system, tolerances in (("float", (FIRST, SECOND)), ("exact", (BALLS, BALLS))):
            found = run([*firsts, *seconds], values, system)
            flat = [np.concatenate([f.ravel() for f in part]) for part in (found[: len(real)], found[len(real) :])]
            assert_close(flat[0], one, tolerances[0], f"first derivative of {op.name} in {system}")
            assert_close(flat[1], two, tolerances[1], f"second derivative of {op.name} in {system}")


# JAX


@each_op
@settings(max_examples=2)
@given(data=st.data())
def test_jax_agrees(op: Op, data: st.DataObject) -> None:
    case = data.draw(cases(op))
    points = case.points()
    function = case.oracle("jax")
    values: dict[Quantity, Any] = {Name(f"x{k}"): p for k, p in enumerate(points)}
    (found,) = run([case.node()], values, "numpy")
    assert_close(found, np.asarray(function(*map(jnp.asarray, points))), FIRST, op.name)
    real = [k for k, kind in enumerate(case.kinds()) if kind == "real"]
    if case.node().type.kind != "real" or not real:
        return
    (w,) = weights_for(case, [case.node().type.shape])  # type: ignore[list-item]
    vs = weights_for(case, [case.shapes[k] for k in real])

    def total(*xs: Any) -> Any:
        given = list(map(jnp.asarray, points))
        for k, x in zip(real, xs, strict=True):
            given[k] = x
        return jnp.sum(jnp.asarray(function(*given)) * w)

    chosen = tuple(range(len(real)))
    xs = [jnp.asarray(points[k]) for k in real]
    gradients, second = jax.jvp(jax.grad(total, chosen), xs, [jnp.asarray(v) for v in vs])
    gradients, second = tuple(gradients), tuple(second)
    firsts, _, seconds = derivatives(case)
    values |= {Name("w"): w} | {Name(f"v{k}"): v for k, v in enumerate(vs)}
    for mine, theirs in zip(run(firsts, values, "numpy"), gradients, strict=True):
        assert_close(mine, np.asarray(theirs), FIRST, f"gradient of {op.name}")
    for mine, theirs in zip(run(seconds, values, "numpy"), second, strict=True):
        assert_close(mine, np.asarray(theirs), SECOND, f"second derivative of {op.name}")


# The batch rule


@each_op
@settings(max_examples=8)
@given(data=st.data())
def test_a_batch_is_its_rows(op: Op, data: st.DataObject) -> None:
    case = data.draw(cases(op))
    if not case.shapes:
        return
    size = data.draw(st.integers(1, 3))
    flags = data.draw(st.lists(st.booleans(), min_size=len(case.shapes), max_size=len(case.shapes)).filter(any))
    points = case.points(tuple([size if flag else 0 for flag in flags]))
    out = Name("out")
    # For the op `name` the label is its own; for all others the batched result is called out.
    label = case.attribute if op.name == "name" else out
    graph = Graph({label: case.node() if op.name == "name" else name_node(out, case.node())})
    many = verify(batch(graph, [Name(f"x{k}") for k, flag in enumerate(flags) if flag], size))
    result = many.outputs[label]
    values: dict[Quantity, Any] = {Name(f"x{k}"): p for k, p in enumerate(points)}
    (found,) = run([result], values, "numpy")
    assert found.shape == result.type.shape
    rows = []
    for row in range(size):
        one = {Name(f"x{k}"): p[row] if flag else p for k, (p, flag) in enumerate(zip(points, flags, strict=True))}
        rows.append(run([case.node()], one, "numpy")[0])
    expected = np.stack(rows)
    if found.shape == expected.shape[1:]:  # does not depend on the row, as count
        found = np.broadcast_to(found, expected.shape)
    assert_close(found, expected, FIRST, f"batch of {op.name}")
    if data.draw(st.integers(0, 5)) == 5:
        axes = [0 if flag else None for flag in flags]
        mapped = jax.vmap(case.oracle("jax"), axes)(*map(jnp.asarray, points))
        assert_close(found, np.asarray(mapped), FIRST, f"batch of {op.name} against vmap")
