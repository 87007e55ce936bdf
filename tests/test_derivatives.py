"""grad, value_and_grad, jvp and hessian against JAX and by hand, for functions and for graphs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
from chainrule import functions as fn
from chainrule.errors import ChainruleError
from chainrule.quantity import Derivative, Name
from chainrule.transforms.reverse import reverse

jax.config.update("jax_enable_x64", True)

PARAMS = {"W": np.array([[0.3, -0.8], [1.1, 0.4], [-0.2, 0.9]]), "b": np.array([0.1, -0.3, 0.2])}
X = np.array([0.7, -1.2])


def loss(params: Any, x: Any, np: Any = np) -> Any:
    hidden = np.tanh(params["W"] @ x + params["b"])
    return np.sum(np.log(1 + np.exp(hidden))) + np.sum(hidden * hidden) / 2


def jax_loss(params: Any, x: Any) -> Any:
    return loss(params, x, jnp)


def close(mine: Any, theirs: Any, tolerance: float = 1e-12) -> None:
    if isinstance(theirs, dict):
        assert mine.keys() == theirs.keys()
        for key in theirs:
            close(mine[key], theirs[key], tolerance)
    elif isinstance(theirs, tuple | list):
        for a, b in zip(mine, theirs, strict=True):
            close(a, b, tolerance)
    else:
        assert np.shape(mine) == np.shape(theirs)
        np.testing.assert_allclose(mine, theirs, rtol=tolerance, atol=tolerance)


def test_grad_of_a_dict_and_an_array_is_that_of_jax() -> None:
    close(cr.grad(loss)(PARAMS, X), jax.grad(jax_loss)(PARAMS, X))
    close(cr.grad(loss, 1)(PARAMS, X), jax.grad(jax_loss, 1)(PARAMS, X))
    close(cr.value_and_grad(loss, (0, 1))(PARAMS, X), jax.value_and_grad(jax_loss, (0, 1))(PARAMS, X))
    close(cr.grad(loss, -1)(PARAMS, X), jax.grad(jax_loss, 1)(PARAMS, X))


def test_hessian_is_that_of_jax() -> None:
    close(cr.hessian(loss)(PARAMS, X), jax.hessian(jax_loss)(PARAMS, X), 1e-10)
    close(cr.hessian(loss, (0, 1))(PARAMS, X), jax.hessian(jax_loss, (0, 1))(PARAMS, X), 1e-10)


def test_jvp_is_that_of_jax() -> None:
    def f(x: Any, y: Any, np: Any = np) -> Any:
        return np.outer(np.sin(x), y), np.sum(x * y[0])

    primals, tangents = (X, np.array([1.0, 2.0, 3.0])), (np.array([1.0, -0.5]), np.array([0.1, 0.2, -1.0]))
    close(cr.jvp(f, primals, tangents), jax.jvp(lambda x, y: f(x, y, jnp), primals, tangents))
    close(cr.jvp(lambda x: (x, 2.0), (3.0,), (1.0,)), ((3.0, 2.0), (1.0, 0.0)))


SCALAR: list[tuple[Callable[[Any], Any], Callable[[Any], Any]]] = [
    (lambda x: x**3 - 2 / x, lambda x: x**3 - 2 / x),
    (lambda x: fn.exp(fn.sin(x) * x), lambda x: jnp.exp(jnp.sin(x) * x)),
    (lambda x: fn.tanh(x) ** 2 + fn.sigmoid(x), lambda x: jnp.tanh(x) ** 2 + jax.nn.sigmoid(x)),
    (lambda x: fn.logsumexp(fn.stack([x, x**2, 1])), lambda x: jax.nn.logsumexp(jnp.stack([x, x**2, 1.0]))),
    (lambda x: x**x, lambda x: x**x),
    (lambda x: 2**x, lambda x: 2.0**x),
]


@pytest.mark.parametrize(("mine", "theirs"), SCALAR)
@pytest.mark.parametrize("x", [0.4, 1.7])
def test_four_derivatives_one_inside_the_other(mine: Any, theirs: Any, x: float) -> None:
    for order in range(4):
        np.testing.assert_allclose(mine(x), theirs(x), rtol=1e-11, atol=1e-11, err_msg=f"order {order}")
        mine, theirs = cr.grad(mine), jax.grad(theirs)


def test_derivatives_inside_of_functions() -> None:
    def inner(x: Any) -> Any:
        return cr.grad(lambda y: x * y**3)(2.0) * x  # x comes by closure: 12 x^2

    assert cr.grad(inner)(3.0) == 72.0
    assert cr.grad(lambda x: cr.grad(lambda x: x * x)(x) * x)(3.0) == 12.0  # one name twice
    assert cr.grad(lambda x: cr.hessian(lambda y: fn.sum(x * y**3))(2.0) * x)(3.0) == 72.0
    assert cr.grad(lambda x: cr.jvp(lambda y: y**3 * x, (x,), (1.0,))[1])(2.0) == 36.0  # 3 x^3
    hess = cr.hessian(lambda v: cr.grad(lambda u: fn.sum(u**4))(v)[0])([1.0, 2.0])
    assert hess == [[24.0, 0.0], [0.0, 0.0]]


def test_perturbations_are_not_confused() -> None:
    # d/dx [x * d/dy (x + y)] at x = 1 is 1; a system that confuses the two inputs says 2.
    assert cr.grad(lambda x: x * cr.grad(lambda y: x + y)(1.0))(1.0) == 1.0


@pytest.mark.parametrize(
    ("argument", "gradient"),
    [
        (3, 6.0),
        (3.0, 6.0),
        (Fraction(3), 6.0),
        (np.float64(3), 6.0),
        ([1.0, 2.0], [2.0, 4.0]),
        ([[1, 2], [3, 4]], [[2.0, 4.0], [6.0, 8.0]]),
        ((1.0, [2.0]), (2.0, [4.0])),
        ({"a": 1.0, "b": {"c": [2.0]}}, {"a": 2.0, "b": {"c": [4.0]}}),
        ([[1.0], [2.0, 3.0]], [[2.0], [4.0, 6.0]]),
        ([], []),
    ],
)
def test_a_gradient_has_the_form_of_its_argument(argument: Any, gradient: Any) -> None:
    def squares(x: Any) -> Any:
        if isinstance(x, dict):
            return squares(list(x.values()))
        return sum((squares(v) for v in x), start=0) if isinstance(x, list | tuple) else fn.sum(x * x)

    found = cr.grad(squares)(argument)
    assert found == gradient
    assert type(found) is type(gradient)


def test_arrays_come_back_as_float_arrays() -> None:
    found = cr.grad(lambda x: (x**2).sum())(np.array([[1, 2]]))
    assert isinstance(found, np.ndarray)
    assert found.dtype == float
    found[0, 0] = 5  # a value of one's own, not a read-only view
    value, _ = cr.value_and_grad(lambda x: (x**2).sum())(np.array([3.0]))
    assert type(value) is float


def test_arguments_that_are_not_differentiated_pass_as_they_are() -> None:
    big = np.ones((300, 200))

    def f(w: Any, data: Any, kind: str, n: int, *, scale: Any = 1.0) -> Any:
        assert kind == "sum"
        return sum(fn.sum(data @ w) * scale for _ in range(n))

    found = cr.grad(f)(np.ones(200), big, "sum", 2, scale=np.array(0.5))
    assert found.tolist() == [300.0] * 200
    assert cr.grad(f)(np.ones(200), big, "sum", 1, scale=2.0).tolist() == [600.0] * 200


def test_the_stable_form_is_evaluated() -> None:
    def f(x: Any) -> Any:
        return np.log(1 + np.exp(x))

    assert cr.grad(f)(100.0) == 1.0
    assert cr.grad(f)(1000.0) == 1.0
    assert cr.value_and_grad(f)(1000.0) == (1000.0, 1.0)
    assert cr.grad(cr.grad(f))(1000.0) == 0.0
    assert cr.hessian(f)(-1000.0) == 0.0

    def cross_entropy(z: Any) -> Any:
        p = np.exp(z) / np.sum(np.exp(z))
        return -np.log(p[0])

    assert cr.grad(cross_entropy)(np.array([0.0, 1000.0])).tolist() == [-1.0, 1.0]


def test_unused_arguments_and_constants_have_zero_derivatives() -> None:
    assert cr.grad(lambda x: 3.0)(1.0) == 0.0
    assert cr.grad(lambda x, y: x, (0, 1))(1.0, [1.0, 2.0]) == (1.0, [0.0, 0.0])
    assert cr.grad(lambda x: fn.sign(x) + fn.step(x) + fn.stop_gradient(x))(1.0) == 0.0
    assert cr.hessian(lambda x: 2 * x)(1.0) == 0.0
    assert cr.hessian(lambda x: fn.sum(x))([1.0, 2.0]) == [[0.0, 0.0], [0.0, 0.0]]
    assert cr.grad(lambda x: x)(1.0) == 1.0


@given(st.lists(st.floats(-2, 2), min_size=1, max_size=4))
def test_the_hessian_is_symmetric_and_its_rows_are_jvps_of_the_gradient(x: list[float]) -> None:
    def f(v: Any) -> Any:
        return fn.logsumexp(v * v) + fn.sin(fn.sum(v)) * v[0]

    rows = np.array(cr.hessian(f)(x))
    assert np.allclose(rows, rows.T, atol=1e-12)
    unit = [1.0] + [0.0] * (len(x) - 1)
    assert np.allclose(cr.jvp(cr.grad(f), (x,), (unit,))[1], rows[0], atol=1e-12)


# Graphs


def product_graph() -> Any:
    return cr.trace(lambda a, b: fn.named(a * b, "p") ** 2 + a)


def test_a_graph_gives_values_and_derivatives_by_name() -> None:
    graph = product_graph()
    assert cr.grad(graph)({"a": 2.0, "b": 3.0}) == {"a": 2 * 6 * 3 + 1, "b": 24.0}
    assert cr.grad(graph, by="p")(a=2.0, b=3.0) == {"p": 12.0}
    assert cr.value_and_grad(graph, of="p", by=["b", Name("a")])(a=2.0, b=3.0) == (6.0, {"b": 2.0, "a": 3.0})
    assert cr.hessian(graph)({Name("a"): 2.0, "b": 3.0}) == {"a": {"a": 18.0, "b": 24.0}, "b": {"a": 24.0, "b": 8.0}}
    arrays = cr.trace(lambda w: fn.sum(w**2), (2,))
    assert cr.grad(arrays)(w=[1.0, 2.0]) == {"w": [2.0, 4.0]}


def test_functions_and_reverse_agree() -> None:
    graph = cr.trace(loss, {"W": (3, 2), "b": (3,)}, (2,))
    assert Derivative(Name("loss"), Name("W")) in reverse(graph, Name("loss")).outputs
    found = cr.grad(graph)({**PARAMS, "x": X})
    close({"W": found["W"], "b": found["b"]}, cr.grad(loss)(PARAMS, X))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: cr.grad(lambda x: x * 2)([1.0, 2.0]), "only a single number has a gradient. Sum it"),
        (lambda: cr.hessian(lambda x: x)([1.0]), "only a single number"),
        (lambda: cr.grad(lambda x: (x, x))(1.0), "found 2 results"),
        (lambda: cr.grad(lambda x: x, 1)(1.0), "found argnums=1 for 1 positional arguments"),
        (lambda: cr.grad(lambda x, y: x, (0, -2))(1.0, 2.0), "names an argument twice"),
        (lambda: cr.grad(lambda x: x)("text"), "found str 'text' for argument 1"),
        (lambda: cr.grad(lambda x: x)(None), "found NoneType"),
        (lambda: cr.grad(lambda x: x)(1j), "found complex"),
        (lambda: cr.grad(lambda x: x[0])(np.array(["a"])), "does not hold real numbers"),
        (lambda: cr.grad(lambda x: x if x > 0 else -x)(1.0), "where"),
        (lambda: cr.jvp(lambda x: x, 1.0, 1.0), r"Write jvp\(f, \(x,\), \(v,\)\)"),
        (lambda: cr.jvp(lambda x: x, (1.0,), (1.0, 2.0)), "shapes of the primals"),
        (lambda: cr.jvp(lambda x: x, ([1.0, 2.0],), (1.0,)), "shapes of the primals"),
        (lambda: cr.grad(product_graph(), by="q"), "found q, which is not a quantity"),
        (lambda: cr.grad(product_graph())(a=1.0), "the input b has no value"),
        (lambda: cr.grad(cr.trace(lambda x: (x, x))), "Say of= which"),
        (lambda: cr.hessian(product_graph(), by="p"), "p is computed"),
    ],
)
def test_what_has_no_meaning_is_one_clear_line(call: Callable[[], Any], text: str) -> None:
    with pytest.raises(ChainruleError, match=text) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_numbers_alone_need_no_numpy() -> None:
    code = (
        "import sys, chainrule as cr; from chainrule.functions import sigmoid\n"
        "assert cr.grad(lambda x: sigmoid(x) * 4)(0.0) == 1.0; assert cr.grad(cr.grad(lambda x: x**3))(2) == 12\n"
        "assert 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_long_chain_is_differentiated() -> None:
    def chain(x: Any) -> Any:
        for _ in range(20_000):
            x = x * 0.9999 + 0.001
        return x

    assert cr.grad(chain)(1.0) == pytest.approx(0.9999**20_000, rel=1e-9)
