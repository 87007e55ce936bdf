from __future__ import annotations

import itertools
import math
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.targets.graphs import described, graphs
from tests.targets.networks import network

from chainrule.errors import ChainruleError
from chainrule.evaluate import evaluate
from chainrule.graph import Graph
from chainrule.node import CONST, INPUT, NAME, Node, Op, const, input_node, label_of, name_node, node, order, type_of
from chainrule.numbers.vectorised import numpy_numbers
from chainrule.ops import ALL_OPS, TABLE
from chainrule.ops.choices import GREATER, WHERE
from chainrule.ops.reduction import SUM
from chainrule.quantity import Derivative, Name, Quantity
from chainrule.targets.llvm.emit import DType
from chainrule.targets.llvm.function import Function, compile_function, function_plan, function_text
from chainrule.targets.llvm.machine import AARCH64, object_code, this_machine
from chainrule.targets.llvm.scalar_function import LARGE, ScalarFunction
from chainrule.transforms.reverse import reverse

OUT = Name("out")
BOUNDS = {"float64": 1e-12, "float32": 1e-5}


def inputs_of(root: Node) -> list[Node]:
    return [n for n in order([root]) if n.op is INPUT]


def drawn(root: Node, rows: int, *, seed: int = 0, low: float = -2, high: float = 2) -> dict[Quantity, Any]:
    """Values for all inputs; float32 holds them exactly."""
    numbers = np.random.default_rng(seed)
    return {
        label_of(n): numbers.uniform(low, high, [rows if s == "N" else s for s in n.type.shape])
        .astype("f4")
        .astype(float)
        for n in inputs_of(root)
    }


def largest_gap(root: Node, values: Mapping[Quantity, Any], dtype: DType, function: Function | None = None) -> float:
    """How far native code is from the reference, relative to max(1, magnitude); shapes must be equal."""
    function = function or compile_function({OUT: root}, dtype=dtype)
    found = function(values)[OUT]
    (expected,) = evaluate([root], values, numbers=numpy_numbers())
    assert found.shape == np.shape(expected)
    assert found.dtype == (dtype if root.type.kind == "real" else bool)
    return float(np.max(np.abs(found - expected) / np.maximum(1.0, np.abs(expected)), initial=0.0))


# Every op: single numbers and awkward ones, then shapes.

ELEMENTWISE = [op for op in ALL_OPS if op.elementwise]
AWKWARD = [0.0, 1.0, -1.0, 0.5, 2.0, 3.0, 709.5, -708.0, 800.0, -800.0, 1e30, -1e30, math.inf, -math.inf, math.nan]


def application(op: Op, shape: tuple[Any, ...]) -> Node:
    """The op on inputs x0, x1, ...; a condition is made from a number, and read as one."""
    args: list[Node] = [input_node(Name(f"x{k}"), type_of("real", shape)) for k in range(op.arity or 0)]
    if op.name == "where":
        args[0] = node(GREATER, (args[0], const(0)))
    result = node(op, tuple(args))
    return node(WHERE, (result, const(1), const(0))) if result.type.kind == "boolean" else result


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("op", ELEMENTWISE, ids=lambda op: op.name)
def test_every_elementwise_op_on_awkward_and_on_usual_numbers(op: Op, dtype: DType) -> None:
    arity = op.arity or 0
    numbers = np.random.default_rng(0)
    domains = [op.domain[min(k, len(op.domain) - 1)] for k in range(arity)]
    usual = np.stack([numbers.uniform(*domain, 200) for domain in domains], axis=1)
    wide = numbers.uniform(-40, 40, (200, arity))
    awkward = np.stack(np.meshgrid(*[AWKWARD] * min(arity, 2)), axis=-1).reshape(-1, min(arity, 2))
    awkward = np.concatenate([awkward, awkward[:, :1]], axis=1)[:, :arity]
    points = np.concatenate([usual, wide, awkward]).astype(dtype).astype(float)
    function = compile_function({OUT: application(op, ("N",))}, dtype=dtype)
    found = function({Name(f"x{k}"): points[:, k] for k in range(arity)})[OUT]
    scalar = application(op, ())
    for point, native in zip(points.tolist(), found.astype(float), strict=True):
        (expected,) = evaluate([scalar], {Name(f"x{k}"): x for k, x in enumerate(point)})
        with np.errstate(over="ignore"):
            expected = float(np.dtype(dtype).type(expected))
        if math.isfinite(expected):
            assert abs(native - expected) <= BOUNDS[dtype] * max(1.0, abs(expected)), point
        else:
            assert native == expected or (math.isnan(native) and math.isnan(expected)), point


def array(name: str, *shape: int | str) -> Node:
    return input_node(Name(name), type_of("real", shape))


def along(name: str, axes: tuple[int, ...], *shape: int | str) -> Callable[[], Node]:
    return lambda: node(TABLE[name], (array("a", *shape),), axes)


A, B, V, Y = array("a", 2, 3), array("b", 3, 2), array("v", 3), input_node(Name("y"))
Size = int | str
PRODUCTS: list[tuple[Size, Size, Size]] = [
    (1, 1, 1), (2, 3, 5), (17, 33, 16), (9, 70, 40), ("N", 8, 10), ("N", 33, 64), (5, "N", 20), (64, "N", 10),
    ("N", "N", 3), (3, 4, "N"),
]  # fmt: skip


def applied(name: str, attribute: Any, *args: Node) -> Node:
    return node(TABLE[name], args, attribute)


def product(m: Size, k: Size, n: Size) -> Callable[[], Node]:
    return lambda: array("a", m, k) @ array("b", k, n)


def turned_product(m: Size, k: Size, n: Size) -> Callable[[], Node]:
    return lambda: applied("transpose", (1, 0), array("a", k, m)) @ applied("transpose", (1, 0), array("b", n, k))


OTHERS: dict[str, list[Callable[[], Node]]] = {
    "const": [lambda: const(2), lambda: applied("broadcast", (3, 5), const(2))],
    "input": [lambda: V, lambda: array("a", "N", 3)],
    "name": [lambda: name_node(Name("n"), V)],
    "pi": [lambda: node(TABLE["pi"])],
    "e": [lambda: node(TABLE["e"])],
    **{
        name: [
            along(name, (0,), 7),
            along(name, (1,), 2, 3),
            along(name, (0,), 4, 37),
            along(name, (0, 2), 3, 5, 18),
            along(name, (1,), "N", 10),
            along(name, (0,), "N", 10),
            along(name, (0, 1), "N", 33),
            along(name, (0,), "N"),
            along(name, (), 3),
        ]
        for name in ("sum", "mean", "norm", "largest", "smallest", "logsumexp", "softmax", "count")
    },
    "softmax_unit": [lambda: applied("softmax_unit", 1, Y, Y * Y, Y)],
    "logsumexp_unit": [lambda: node(TABLE["logsumexp_unit"], (Y, Y * Y))],
    "matmul": [
        *[product(m, k, n) for m, k, n in PRODUCTS],
        *[turned_product(m, k, n) for m, k, n in ((2, 3, 5), (17, 33, 16), ("N", 8, 10), (5, "N", 20))],
        lambda: array("a", 10, 32) @ array("b", 32),
        lambda: array("a", 32) @ array("b", 32, 10),
        lambda: array("a", "N", 20) @ array("b", 20),
        lambda: array("a", "N") @ array("b", "N", 5),
        lambda: array("a", 37) @ array("b", 37),
        lambda: array("a", "N") @ array("b", "N"),
        lambda: array("a", 33, 1) @ array("b", 1),
        lambda: array("a", 1, 33) @ array("b", 33),
        lambda: applied("broadcast", (3, 4), const(2)) @ array("b", 4, 5),
    ],
    "outer": [lambda: node(TABLE["outer"], (V, array("w", 20))), lambda: node(TABLE["outer"], (A, V))],
    "dot": [lambda: node(TABLE["dot"], (V, V)), lambda: node(TABLE["dot"], (array("a", "N"), array("b", "N")))],
    "transpose": [
        lambda: applied("transpose", (1, 0), A),
        lambda: applied("transpose", (2, 0, 1), array("a", 3, "N", 20)),
        lambda: applied("transpose", (1, 0), array("a", "N", 20)) * 2,
    ],
    "reshape": [
        lambda: applied("reshape", (3, 2), A),
        lambda: applied("reshape", (1, 4, 9), array("a", 4, 1, 9)),
        lambda: applied("reshape", ("N", 24), array("a", "N", 4, 6)),
        lambda: applied("reshape", (24,), applied("transpose", (1, 0), array("a", 4, 6))),
    ],
    "broadcast": [
        lambda: applied("broadcast", (2, 3), V),
        lambda: applied("broadcast", (4, "N", 40), array("a", "N", 1)),
    ],
    "index": [
        lambda: applied("index", (1, (0, 2)), A),
        lambda: applied("index", (None, (7, 30)), array("a", "N", 40)),
        lambda: applied("index", (2, None, 8), array("a", 5, "N", 9)),
    ],
    "scatter": [
        lambda: applied("scatter", ((2, 3), (1,)), V),
        lambda: applied("scatter", ((7, 3, 40), ((1, 6), 2, (8, 27))), array("a", 5, 19)),
        lambda: applied("scatter", (("N", 9), (None, (2, 5))), array("a", "N", 3)),
    ],
    "concat": [
        lambda: applied("concat", 1, A, A * 2, A),
        lambda: applied("concat", 0, A, array("c", 5, 3)),
        lambda: applied("concat", 1, array("a", "N", 5), array("b", "N", 18)),
    ],
    "stack": [
        lambda: node(TABLE["stack"], (V, V * V)),
        lambda: node(TABLE["stack"], (array("a", "N", 3), array("b", "N", 3))),
        lambda: node(TABLE["stack"], (applied("index", (None, 0), array("a", "N", 2)),) * 2),
    ],
    "one_hot": [lambda: applied("one_hot", 3, node(TABLE["sign"], (array("a", "N"),)) + 1)],
    "uniform": [
        lambda: applied("uniform", (3, 20), const(7), const(3)),
        lambda: applied("uniform", (), const(2**40 + 1), const(2)),
    ],
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", OTHERS)
def test_every_other_op_agrees_with_the_reference(name: str, dtype: DType) -> None:
    for make in OTHERS[name]:
        root = make()
        function = compile_function({OUT: root}, dtype=dtype)
        for rows in (1, 5, 16, 37):
            assert largest_gap(root, drawn(root, rows), dtype, function) <= BOUNDS[dtype], (root, rows)


def test_no_op_is_forgotten() -> None:
    assert {op.name for op in ELEMENTWISE} | set(OTHERS) == {op.name for op in ALL_OPS}
    assert {CONST.name, INPUT.name, NAME.name} <= set(OTHERS)


@pytest.mark.parametrize("rows", range(1, 40))
def test_every_tail_of_rows(rows: int) -> None:
    if "tails" not in FUNCTIONS:
        x, w = array("x", "N", 13), array("w", 7, 13)
        z = x @ node(TABLE["transpose"], (w,), (1, 0))
        a = node(TABLE["softmax"], (z,), (1,))
        FUNCTIONS["tails"] = compile_function({OUT: SUM(a * z, attribute=(1,))}), SUM(a * z, attribute=(1,))
    function, root = FUNCTIONS["tails"]
    assert largest_gap(root, drawn(root, rows), "float64", function) < 1e-12


FUNCTIONS: dict[str, tuple[Function | ScalarFunction, Node]] = {}


# Graphs.


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@given(root=graphs(), rows=st.integers(1, 20), seed=st.integers(0, 99))
def test_random_graphs(root: Node, rows: int, seed: int, dtype: DType) -> None:
    assert largest_gap(root, drawn(root, rows, seed=seed), dtype) <= 4 * BOUNDS[dtype], described(root)


@given(root=graphs(rows=False), seed=st.integers(0, 99))
@settings(max_examples=25)
def test_gradients_of_random_graphs(root: Node, seed: int) -> None:
    total = SUM(root, attribute=tuple(range(len(root.type.shape)))) if root.type.shape else root
    backward = reverse(Graph({OUT: name_node(OUT, total)}), OUT, [label_of(n) for n in inputs_of(root)])
    values = drawn(root, 1, seed=seed)
    function = compile_function(backward)
    found = function(values)
    expected = evaluate(list(backward.outputs.values()), values, numbers=numpy_numbers())
    for (label, native), due in zip(found.items(), expected, strict=True):
        assert np.max(np.abs(native - due) / np.maximum(1, np.abs(due)), initial=0) < 1e-10, label


def test_value_and_gradient_of_a_network() -> None:
    program = network([9, 20, 4], rows=True)
    labels = [label for label in program.step.outputs if isinstance(label, Derivative)]
    function = compile_function(program.step, [Name("E"), *labels])
    values = {label_of(n): v for n in function.inputs.values() for v in [drawn(n, 11)[label_of(n)]]}
    found = function(values)
    roots = [program.step.outputs[label] for label in found]
    for native, due in zip(found.values(), evaluate(roots, values, numbers=numpy_numbers()), strict=True):
        assert np.allclose(native, due, rtol=1e-12, atol=1e-14)


def test_a_chain_of_20000_ops() -> None:
    x = root = input_node(Name("x"))
    for k in range(20_000):
        root = root * x + (k % 3) if k % 2 else root - x
    assert largest_gap(root, {Name("x"): np.float64(0.5)}, "float64") < 1e-12


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("count", [250, 2_000, LARGE])
def test_large_graphs_of_single_numbers(count: int, dtype: DType) -> None:
    numbers = np.random.default_rng(count)
    names = [op.name for op in ELEMENTWISE if op.name not in ("power", "div", "log", "log10", "sqrt")]
    pool: list[Node] = [input_node(Name(f"x{k}")) for k in range(5)]
    for k in range(count):
        args = [pool[numbers.integers(max(0, len(pool) - 60), len(pool))] for _ in range(3)]
        op = TABLE[names[k % len(names)]]
        if op.name == "where":
            args[0] = node(GREATER, (args[0], args[1]))
        made = node(op, tuple(args[: op.arity]))
        pool.append(node(TABLE["tanh"], (made,)))
    root = pool[-1]
    for x in pool[-40:]:
        root = node(TABLE["add"], (root, x))
    function = compile_function({OUT: root, Name("last"): node(GREATER, (root, pool[0]))}, dtype=dtype)
    assert isinstance(function, ScalarFunction)
    assert ("@formula" in function.text) is (count == LARGE)
    values = {label: numbers.uniform(-1, 1) for label in function.inputs}
    values = {label: float(np.float32(value)) for label, value in values.items()}
    found = function(values)
    (expected,) = evaluate([root], values)
    assert abs(found[OUT] - expected) < (1e-12 if dtype == "float64" else 1e-3)
    assert found[Name("last")] == (expected > values[Name("x0")])
    with pytest.raises(ChainruleError, match=r"the input x. has no value"):
        function({})
    with pytest.raises(ChainruleError, match="has the shape"):
        function({label: np.zeros(2) for label in function.inputs})


# Around the code.


def test_llvmlite_is_loaded_only_to_compile() -> None:
    script = "import sys, chainrule.targets.llvm.function, chainrule.targets.llvm.training\n"
    script += "print('llvmlite' in sys.modules, 'numpy' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert found.split() == ["False", "False"]


def test_the_text_does_not_hang_on_the_hash_seed() -> None:
    script = "import hashlib; from tests.targets.networks import network\n"
    script += "from chainrule.targets.llvm.function import function_plan, function_text\n"
    script += "from chainrule.targets.llvm.machine import this_machine\n"
    script += "roots = [s.after for s in network([5, 7, 3], rows=True, optimizer='adam').state.values()]\n"
    script += "plan, memory, _ = function_plan(roots, 'float64', this_machine())\n"
    script += "text = function_text(plan, memory, 'float64', this_machine())\n"
    script += "print(hashlib.sha256(text.encode()).hexdigest())"
    digests = {
        subprocess.run(
            [sys.executable, "-c", script], env={"PYTHONHASHSEED": seed, "PYTHONPATH": "src:."}, capture_output=True,
            text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(digests) == 1


def test_denormal_numbers_are_zero_inside_and_as_before_outside() -> None:
    x = input_node(Name("x"))
    assert compile_function({OUT: x * 2})({Name("x"): 5e-324})[OUT] == 0.0
    assert np.float64(5e-324) * 2 == 1e-323


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_object_code_for_aarch64(dtype: DType) -> None:
    program = network([9, 20, 4], rows=True, optimizer="adam")
    made, memory, _ = function_plan([state.after for state in program.state.values()], dtype, AARCH64)
    code = object_code(function_text(made, memory, dtype, AARCH64), AARCH64)
    assert code[:4] == b"\x7fELF"
    assert int.from_bytes(code[18:20], "little") == 183  # the number of the machine
    assert this_machine().family != "aarch64" or len(code) > 1000


def test_other_threads_go_on_while_native_code_runs() -> None:
    a = array("a", "N", 400)
    function = compile_function({OUT: SUM(node(TABLE["exp"], (a,)), attribute=(0, 1))})
    values = {Name("a"): np.zeros((40_000, 400))}
    ticks, done = 0, threading.Event()

    def run() -> None:
        function(values)
        function(values)
        done.set()

    thread = threading.Thread(target=run)
    thread.start()
    while not done.wait(0.001):
        ticks += 1
    thread.join()
    assert ticks >= 2


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({}, "the input a has no value"),
        ({"a": np.zeros((4, 2))}, "a has the shape (4, 2), expected (4, 3)"),
        ({"a": np.zeros((4, 3)), "b": np.zeros(5)}, "b has the shape (5), expected (4)"),
        ({"a": np.zeros((0, 3)), "b": np.zeros(0)}, "found no rows"),
    ],
)
def test_what_does_not_fit(values: dict[str, Any], found: str) -> None:
    function = compile_function({OUT: SUM(array("a", "N", 3), attribute=(1,)) * array("b", "N")})
    with pytest.raises(ChainruleError) as caught:
        function({Name(name): value for name, value in values.items()})
    assert found in str(caught.value)


def test_an_output_that_is_none_is_named() -> None:
    with pytest.raises(ChainruleError, match="z is no output of this graph"):
        compile_function({OUT: V}, [Name("z")])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layers", [[3, 5, 2], [160, 200, 3]])
def test_memory_for_more_rows_gives_the_bits_of_memory_for_as_many(layers: list[int], dtype: DType) -> None:
    program = network(layers, rows=True, activation=["tanh", "softmax"])
    roots = {name: program.step.quantities()[Name(name)] for name in ("a2", "E")}
    graph: dict[Quantity, Node] = {Name(name): root for name, root in roots.items()}
    kept, sizes = compile_function(graph, dtype=dtype), (100, 37, 100, 1, 64, 200, 199, 1500, 3)
    assert isinstance(kept, Function)
    spaces = []
    for rows in sizes:
        fresh = compile_function(graph, dtype=dtype)
        values = drawn(graph[Name("E")], rows, seed=rows)
        found, due = kept(values), fresh(values)
        assert all(np.array_equal(found[label], due[label]) for label in due)
        assert found[Name("a2")].shape == (rows, layers[-1])
        spaces.append(kept._space)
    assert [one is other for one, other in itertools.pairwise(spaces)] == [True] * 4 + [False, True, False, False]
