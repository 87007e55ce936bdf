from __future__ import annotations

import hashlib
import math
import os
import subprocess
import sys
import threading
from array import array
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import ChainruleError, ShapeError
from chainrule.evaluate import evaluate
from chainrule.formula import parse_definitions
from chainrule.formula.lowering import Block, define
from chainrule.graph import Graph, Program, State
from chainrule.iterate import run_program
from chainrule.network import layered, network_formulas
from chainrule.node import CONST, INPUT, NAME, Node, Op, const, input_node, name_node, node, type_of
from chainrule.numbers.array import items_of
from chainrule.numbers.floats import FLOATS
from chainrule.ops import ALL_OPS, TABLE
from chainrule.ops.choices import GREATER, WHERE
from chainrule.optimizers import find_optimizer, training_program
from chainrule.quantity import Change, Name, Quantity, Updated
from chainrule.targets.llvm import ir
from chainrule.targets.llvm.emit import WITHOUT_NATIVE_CODE
from chainrule.targets.llvm.ir import program_ir
from chainrule.targets.llvm.kernel import Kernel, compile_code, compile_program

RATE = Name("rate")
VALUES = {RATE: Fraction(1, 2)}
XOR = [{Name("x"): [a, b], Name("t"): [a ^ b]} for a in (0, 1) for b in (0, 1)]


def network_program(layers: list[int], *, optimizer: str = "sgd", **options: Any) -> Program:
    """Online training of a network, from the text of its formulas to a program."""
    text = network_formulas(layered(layers, **options))
    shapes = {**text.inputs, **text.parameters}
    inputs = {name: input_node(Name(name), type_of("real", shape)) for name, shape in shapes.items()}
    named = define([Block(str(text), parse_definitions(str(text)))], inputs)
    graph = Graph({Name(name): root for name, root in named.items()})
    initial = {Name(name): weights(shape, len(name)) for name, shape in text.parameters.items()}
    return training_program(
        graph, minimise=Name("E"), parameters=list(initial), rate=input_node(RATE),
        optimizer=find_optimizer(optimizer), initial=initial, examples=[Name("x"), Name("t")],
    )  # fmt: skip


def weights(shape: tuple[int, ...], seed: int) -> Any:
    """First values that differ from each other, exactly the same everywhere."""
    if not shape:
        return Fraction(seed * 7 % 11 - 5, 10)
    return [weights(shape[1:], 3 * seed + k + 1) for k in range(shape[0])]


def largest_gap(one: dict[Quantity, Any], other: dict[Quantity, Any]) -> float:
    """How far two states are apart, relative to max(1, magnitude)."""
    assert one.keys() == other.keys()
    pairs = [pair for label in one for pair in zip(items_of(one[label]), items_of(other[label]), strict=True)]
    return max(abs(a - b) / max(1.0, abs(b)) for a, b in pairs)


@pytest.mark.parametrize("optimise", [False, True])
@pytest.mark.parametrize("optimizer", ["sgd", "momentum"])
def test_1000_updates_of_xor_agree_with_the_reference(optimizer: str, optimise: bool) -> None:
    program = network_program([2, 2, 1], optimizer=optimizer)
    kernel = compile_program(program, optimise=optimise)
    native = kernel.run(1000, values=VALUES, examples=XOR)
    reference = dict(run_program(program, 1000, values=VALUES, examples=XOR).state)
    assert largest_gap(native, reference) < 1e-12
    assert largest_gap(native, kernel.run(0, values=VALUES, examples=XOR)) > 0.1
    if optimizer == "momentum":
        assert Change(Name("W1")) in native


@pytest.mark.parametrize(
    "options",
    [
        {"layers": [2, 3, 2, 1], "activation": ["tanh", "relu", "linear"], "loss": "huber"},
        {"layers": [2, 3, 1], "activation": ["gelu", "sigmoid"], "loss": "binary cross entropy"},
        {"layers": [2, 1], "activation": ["elu"], "loss": "absolute error"},
        {"layers": [2, 2, 1], "activation": "softplus", "loss": "mean squared error", "bias": False},
        {"layers": [2, 2, 1], "activation": "leaky_relu", "loss": "squared error"},
    ],
)
def test_other_networks_agree_with_the_reference(options: dict[str, Any]) -> None:
    program = network_program(**options)
    values = {RATE: Fraction(1, 50)}
    native = compile_program(program).run(203, values=values, examples=XOR)
    assert largest_gap(native, dict(run_program(program, 203, values=values, examples=XOR).state)) < 1e-12


def test_softmax_and_cross_entropy() -> None:
    program = network_program([2, 3, 3], activation=["tanh", "softmax"], loss="cross entropy")
    rows = [{Name("x"): [a, b], Name("t"): [int(a + b == k) for k in range(3)]} for a in (0, 1) for b in (0, 1)]
    native = compile_program(program).run(400, values=VALUES, examples=rows)
    assert largest_gap(native, dict(run_program(program, 400, values=VALUES, examples=rows).state)) < 1e-12


def test_float32() -> None:
    program = network_program([2, 2, 1])
    native = compile_program(program, dtype="float32").run(100, values=VALUES, examples=XOR)
    gap = largest_gap(native, dict(run_program(program, 100, values=VALUES, examples=XOR).state))
    assert 0 < gap < 1e-5


@given(first=st.integers(0, 9), second=st.integers(0, 9))
def test_it_goes_on_where_it_stopped(first: int, second: int) -> None:
    kernel = KERNELS["xor"]
    half = kernel.run(first, values=VALUES, examples=XOR[:3])
    whole = kernel.run(second, values=VALUES, examples=XOR[:3], state=half, start=first)
    assert largest_gap(whole, kernel.run(first + second, values=VALUES, examples=XOR[:3])) == 0


def test_a_program_without_examples() -> None:
    s, c = input_node(Name("s")), input_node(Name("c"))
    program = Program(Graph({}), {Name("s"): State(s, s + c, 1)})
    assert compile_program(program).run(10, values={Name("c"): Fraction(1, 2)}) == {Name("s"): 6.0}


def test_states_change_at_the_same_time() -> None:
    a, b = input_node(Name("a")), input_node(Name("b"))
    program = Program(Graph({}), {Name("a"): State(a, b, 1), Name("b"): State(b, a + b, 1)})
    assert compile_program(program).run(9, values={}) == {Name("a"): 55.0, Name("b"): 89.0}


def test_conditions_count_as_numbers() -> None:
    s = input_node(Name("s"))
    for after in (GREATER(s, const(1)), WHERE(GREATER(s, const(1)), s, GREATER(s, const(0))) + GREATER(s, const(0))):
        program = Program(Graph({}), {Name("s"): State(s, after, 3)})
        assert compile_program(program).run(1, values={}) == run_program(program, 1, values={}).state


KERNELS = {"xor": compile_program(network_program([2, 2, 1]))}


# The matrix of op x target: no hole but the listed ones.


def one_op(after: Node) -> tuple[Program, list[Node]]:
    """A program whose one update puts `after` in the place of its state."""
    before = input_node(Name("result"), type_of("real", after.type.shape))
    inputs = list(Graph({Name("out"): name_node(Name("out"), after)}).inputs().values())
    zeros: Any = 0
    for size in reversed(after.type.shape):
        zeros = [zeros] * int(size)
    return Program(Graph({}), {Name("result"): State(before, name_node(Updated(Name("result")), after), zeros)}), inputs


ELEMENTWISE = [op for op in ALL_OPS if op.elementwise]
AWKWARD = [0.0, 1.0, -1.0, 0.5, 3.0, 1e-300, 1e300, -1e300, 800.0, -800.0, math.inf, -math.inf, math.nan]
ONE_MINUS_ZERO = {"div", "power"}  # the reference takes 0 and -0 for one there; IEEE arithmetic does not


def application(op: Op) -> Node:
    """The op on inputs x0, x1, ...; a condition is made from a number, and read as one."""
    args: list[Node] = [input_node(Name(f"x{k}")) for k in range(op.arity or 0)]
    if op.name == "where":
        args[0] = node(GREATER, (args[0], const(0)))
    result = node(op, tuple(args))
    return node(WHERE, (result, const(1), const(0))) if result.type.kind == "boolean" else result


OP_KERNELS: dict[str, tuple[Kernel, list[Node], Node]] = {}


def compiled(op: Op) -> tuple[Kernel, list[Node], Node]:
    if op.name not in OP_KERNELS:
        root = application(op)
        program, inputs = one_op(root)
        OP_KERNELS[op.name] = compile_program(program), inputs, root
    return OP_KERNELS[op.name]


def agrees(op: Op, point: list[float]) -> None:
    kernel, inputs, root = compiled(op)
    values = {Name(f"x{k}"): x for k, x in enumerate(point)}
    (expected,) = evaluate([root], values)
    found = kernel.run(1, values=values)[Name("result")]
    assert len(inputs) == len(point)
    if math.isnan(expected) or math.isinf(expected):
        assert math.isnan(found) == math.isnan(expected)
        assert math.isnan(found) or found == expected
    else:
        assert abs(found - expected) <= 1e-12 * max(1.0, abs(expected))


@pytest.mark.parametrize("op", ELEMENTWISE, ids=lambda op: op.name)
@given(data=st.data())
def test_every_elementwise_op_agrees_with_the_reference(op: Op, data: st.DataObject) -> None:
    domains = [op.domain[min(k, len(op.domain) - 1)] for k in range(op.arity or 0)]
    agrees(op, [data.draw(st.floats(*domain)) for domain in domains])
    anything = st.one_of(st.sampled_from(AWKWARD), st.floats(-40, 40, allow_subnormal=False))
    point = [data.draw(anything) for _ in domains]
    agrees(op, [abs(x) if x == 0 and op.name in ONE_MINUS_ZERO else x for x in point])


A = input_node(Name("a"), type_of("real", (2, 3)))
B = input_node(Name("b"), type_of("real", (3, 2)))
V = input_node(Name("v"), type_of("real", (3,)))
X, Y = input_node(Name("x")), input_node(Name("y"))
OTHERS: dict[str, Callable[[], Node]] = {
    "const": lambda: const(Fraction(1, 3)),
    "input": lambda: X,
    "name": lambda: name_node(Name("n"), X),
    "pi": lambda: node(TABLE["pi"]),
    "e": lambda: node(TABLE["e"]),
    **{
        name: lambda name=name: node(TABLE[name], (A,), (1,))  # type: ignore[misc]
        for name in ("sum", "mean", "norm", "largest", "smallest", "logsumexp", "softmax", "count")
    },
    "softmax_unit": lambda: node(TABLE["softmax_unit"], (X, Y, X), 1),
    "logsumexp_unit": lambda: node(TABLE["logsumexp_unit"], (X, Y)),
    "matmul": lambda: node(TABLE["matmul"], (A, B)),
    "outer": lambda: node(TABLE["outer"], (V, V)),
    "dot": lambda: node(TABLE["dot"], (V, V)),
    "transpose": lambda: node(TABLE["transpose"], (A,), (1, 0)),
    "reshape": lambda: node(TABLE["reshape"], (A,), (3, 2)),
    "broadcast": lambda: node(TABLE["broadcast"], (V,), (2, 3)),
    "index": lambda: node(TABLE["index"], (A,), (1, (0, 2))),
    "scatter": lambda: node(TABLE["scatter"], (V,), ((2, 3), (1,))),
    "concat": lambda: node(TABLE["concat"], (A, A), 1),
    "stack": lambda: node(TABLE["stack"], (V, V)),
    "one_hot": lambda: node(TABLE["one_hot"], (V,), 3),
}


@pytest.mark.parametrize("name", OTHERS)
@given(data=st.data())
def test_every_other_op_agrees_with_the_reference(name: str, data: st.DataObject) -> None:
    root = OTHERS[name]()
    program, inputs = one_op(root)
    kernel = KERNELS.setdefault(name, compile_program(program) if name not in KERNELS else KERNELS[name])
    numbers = st.sampled_from([0.0, 1.0, 2.0]) if name == "one_hot" else st.floats(-3, 3)

    def drawn(shape: tuple[Any, ...]) -> Any:
        return [drawn(shape[1:]) for _ in range(shape[0])] if shape else data.draw(numbers)

    values = {n.attribute[0]: FLOATS.of_nested(drawn(n.type.shape)) for n in inputs}
    (expected,) = evaluate([root], values)
    found = kernel.run(1, values=values)[Name("result")]
    assert items_of(found) == pytest.approx(items_of(expected), rel=1e-12, abs=1e-12)


def test_no_op_is_forgotten() -> None:
    covered = {op.name for op in ELEMENTWISE} | set(OTHERS) | set(WITHOUT_NATIVE_CODE)
    assert covered == {op.name for op in ALL_OPS}
    assert not any(TABLE[name].vjp for name in WITHOUT_NATIVE_CODE), "what is differentiable must be native"
    assert {CONST.name, INPUT.name, NAME.name} <= covered


# The text.


def test_the_text_of_online_xor(golden: Callable[[str, str], None]) -> None:
    golden("llvm_online_2_2_1.ll", program_ir(network_program([2, 2, 1])).text)


SCRIPT = """
import hashlib, sys
from importlib.util import module_from_spec, spec_from_file_location
spec = spec_from_file_location("test_llvm", sys.argv[1])
module = module_from_spec(spec)
spec.loader.exec_module(module)
program = module.network_program([2, 2, 1], optimizer="momentum")
print(hashlib.sha256(module.program_ir(program).text.encode()).hexdigest())
"""


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_text_does_not_hang_on_the_hash_seed(seed: str) -> None:
    environment = os.environ | {"PYTHONHASHSEED": seed}
    command = [sys.executable, "-c", SCRIPT, __file__]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()
    text = program_ir(network_program([2, 2, 1], optimizer="momentum")).text
    assert found == hashlib.sha256(text.encode()).hexdigest()


def test_llvmlite_is_loaded_only_to_compile() -> None:
    script = "import sys, chainrule.targets.llvm.kernel; print('llvmlite' in sys.modules, 'numpy' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert found.split() == ["False", "False"]


def test_nothing_is_computed_twice() -> None:
    lines = [
        line.split(" = ", 1)[1] for line in program_ir(network_program([2, 2, 1])).text.splitlines() if "%v" in line[:4]
    ]
    assert len(lines) == len(set(lines)) > 50


# What cannot be compiled, or called.


def test_an_op_without_native_code_is_named() -> None:
    program, _ = one_op(node(TABLE["uniform"], (X, Y), (2,)))
    with pytest.raises(ChainruleError, match="the op uniform has no native code: its key"):
        program_ir(program)


def test_a_size_that_is_not_known_is_named() -> None:
    x = input_node(Name("x"), type_of("real", ("N",)))
    s = input_node(Name("s"))
    program = Program(Graph({}), {Name("s"): State(s, node(TABLE["sum"], (x,), (0,)), 0)})
    with pytest.raises(ShapeError, match="the size N must be a number in native code"):
        program_ir(program)


def test_too_large_a_program_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ir, "LARGEST", 10)
    with pytest.raises(ChainruleError, match="instructions, expected at most 10"):
        program_ir(network_program([2, 2, 1]))


def test_a_function_the_machine_lacks_is_named() -> None:
    program = network_program([2, 2, 1])
    code = replace(program_ir(program), library=("exp", "no_such_function"))
    with pytest.raises(ChainruleError, match="has no function no_such_function"):
        compile_code(program, code)


def numbers(count: int) -> array[float]:
    return array("d", [0.0] * count)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"state": numbers(8)}, "the buffer state has 8 numbers, expected 9 of 8 bytes"),
        ({"examples": numbers(11)}, "the buffer examples has 11 numbers, expected 12"),
        ({"given": numbers(0)}, "the buffer given has 0 numbers, expected 1"),
        ({"state": array("f", [0.0] * 9)}, "expected 9 of 8 bytes"),
        ({"first": 4}, "found the first row 4, expected 0 to 3"),
        ({"first": -1}, "found the first row -1, expected 0 to 3"),
    ],
)
def test_native_code_never_writes_beside_a_buffer(change: dict[str, Any], found: str) -> None:
    fitting: dict[str, Any] = {"state": numbers(9), "examples": numbers(12), "given": numbers(1)}
    arguments = fitting | {"rows": 4, "first": 0, "updates": 1} | change
    with pytest.raises(ChainruleError) as caught:
        KERNELS["xor"].call(**arguments)
    assert found in str(caught.value)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"updates": -1}, "found -1 updates"),
        ({"values": {}}, "the input rate has no value"),
        ({"examples": []}, "found no examples"),
        ({"examples": [{Name("x"): [1], Name("t"): [1]}]}, "x has the shape (1), expected (2)"),
    ],
)
def test_what_does_not_fit(options: dict[str, Any], found: str) -> None:
    with pytest.raises(ChainruleError) as caught:
        KERNELS["xor"].run(**({"updates": 1, "values": VALUES, "examples": XOR} | options))
    assert found in str(caught.value)


def test_other_threads_go_on_while_native_code_runs() -> None:
    kernel, ticks, done = KERNELS["xor"], 0, threading.Event()

    def train() -> None:
        kernel.run(2_000_000, values=VALUES, examples=XOR)
        done.set()

    thread = threading.Thread(target=train)
    thread.start()
    while not done.wait(0.001):
        ticks += 1
    thread.join()
    assert ticks >= 2
