"""What the table says about kinks and shapes, and that building simplified nodes never changes a value."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import GraphError, ShapeError
from chainrule.evaluate import evaluate
from chainrule.graph import Graph, verify
from chainrule.node import BOOLEAN, Node, const, input_node, name_node, node, type_of
from chainrule.numbers.exact import exact_numbers
from chainrule.numbers.floats import FLOATS
from chainrule.ops import ALL_OPS, TABLE
from chainrule.quantity import Derivative, Name
from chainrule.transforms.reverse import reverse

X, Y, E = Name("x"), Name("y"), Name("E")

# The derivatives by each argument where the switch is zero.
AT_KINK = {
    "relu": ([0], [0]), "leaky_relu": ([0], [Fraction(1, 100)]), "elu": ([0], [1]), "abs": ([0], [0]),
    "sign": ([0], [0]), "step": ([0], [0]),
    "max": ([1, 1], [Fraction(1, 2)] * 2), "min": ([1, 1], [Fraction(1, 2)] * 2),
}  # fmt: skip


def test_every_declared_kink_is_in_this_table() -> None:
    assert {op.name for op in ALL_OPS if op.switch is not None} == AT_KINK.keys()
    assert all(op.kink for op in ALL_OPS if op.switch is not None)


@pytest.mark.parametrize("name", AT_KINK)
def test_the_derivative_at_a_kink_is_the_declared_one(name: str) -> None:
    op, (point, expected) = TABLE[name], AT_KINK[name]
    inputs = [input_node(Name(f"x{k}")) for k in range(len(point))]
    assert op.switch is not None
    values = {Name(f"x{k}"): float(v) for k, v in enumerate(point)}
    assert evaluate([op.switch(*inputs)], values) == [0]
    done = verify(
        reverse(Graph({E: name_node(E, node(op, tuple(inputs)))}), E, [Name(f"x{k}") for k in range(len(point))])
    )
    for k, due in enumerate(expected):
        assert evaluate([done.outputs[Derivative(E, Name(f"x{k}"))]], values) == [float(due)]


@pytest.mark.parametrize(("name", "sign"), [("largest", 1), ("smallest", -1)])
def test_equal_largest_elements_share(name: str, sign: int) -> None:
    x = input_node(X, type_of("real", (4,)))
    done = reverse(Graph({E: name_node(E, node(TABLE[name], (x,), (0,)))}), E)
    values = {X: FLOATS.of_nested([sign * v for v in (1.0, 3.0, 3.0, 2.0)])}
    (found,) = evaluate([done.outputs[Derivative(E, X)]], values)
    assert FLOATS.to_nested(found) == [0.0, 0.5, 0.5, 0.0]


M, V = type_of("real", (2, 3)), type_of("real", (3,))


@pytest.mark.parametrize(
    ("name", "types", "attribute", "text"),
    [
        ("add", [M, type_of("real", (2,))], None, r"the shapes \(2, 3\) and \(2\) do not fit together"),
        ("matmul", [M, M], None, r"cannot take shapes \(2, 3\) and \(2, 3\)"),
        ("matmul", [V, type_of("real")], None, "cannot take shapes"),
        ("dot", [V, M], None, "two vectors of one length"),
        ("sum", [M], (2,), "no such axis"),
        ("softmax", [V], (1,), "no such axis"),
        ("transpose", [M], (0, 0), "order"),
        ("reshape", [M], (4,), "cannot take the shape"),
        ("broadcast", [M], (3,), "cannot be broadcast"),
        ("index", [V], (3,), "found the index 4 where an axis has the size 3"),
        ("index", [V], (0, 0), "found 2 indices"),
        ("index", [V], ((2, 5),), "found the index"),
        ("scatter", [V], ((4,), ((0, 2),)), "do not fit the index"),
        ("concat", [M, V], 0, "cannot be concatenated"),
        ("concat", [M, type_of("real", (2, 2))], 0, "cannot be concatenated"),
        ("stack", [M, V], None, "a list mixes the shapes"),
        ("stack", [], None, "mixes"),
        ("where", [V, V, V], None, "comparison"),
        ("one_hot", [BOOLEAN], 3, "class number"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(name: str, types: list[Any], attribute: Any, text: str) -> None:
    args = tuple([input_node(Name(f"x{k}"), of) for k, of in enumerate(types)])
    with pytest.raises(ShapeError, match=text) as caught:
        node(TABLE[name], args, attribute)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("op", [op for op in ALL_OPS if op.arity is not None], ids=lambda op: op.name)
def test_a_wrong_number_of_arguments_is_refused(op: Any) -> None:
    with pytest.raises(GraphError, match=f"{op.name} takes {op.arity} arguments"):
        node(op, tuple([const(1)] * (op.arity + 1)), None)


# Simplified nodes mean the same.

NUMBERS = st.sampled_from([Fraction(n) for n in (0, 1, -1, 2, -3)] + [Fraction(1, 2), Fraction(-2, 3)])
SMALL_SHAPES = st.sampled_from([(), (2,), (1, 2)])


@st.composite
def pairs(draw: Any) -> tuple[Node, Node]:
    """One expression twice: its plain nodes, and its simplified ones."""
    made: list[tuple[Node, Node]] = []
    for label in (X, Y):
        leaf = input_node(label, type_of("real", draw(SMALL_SHAPES)))
        made.append((leaf, leaf))
    for _ in range(draw(st.integers(1, 7))):
        made.append((const(number := draw(NUMBERS)), const(number)))
        op = TABLE[
            draw(st.sampled_from(["add", "sub", "mul", "div", "neg", "power", "exp", "log", "sqrt", "max", "where"]))
        ]
        if op.name == "power":
            base, exponent = draw(st.sampled_from(made)), const(draw(st.sampled_from([0, 1, 2, 3, -1])))
            chosen = [base, (exponent, exponent)]
        elif op.name == "where":
            a, b = draw(st.sampled_from(made)), draw(st.sampled_from(made))
            plain = node(TABLE["greater"], (a[0], b[0]))
            chosen = [(plain, TABLE["greater"](a[1], b[1])), a, b]
        else:
            chosen = [draw(st.sampled_from(made)) for _ in range(op.arity or 0)]
        made.append((node(op, tuple([p for p, _ in chosen])), op(*[s for _, s in chosen])))
    return made[-1]


@given(pairs())
def test_simplifying_changes_neither_type_nor_value(pair: tuple[Node, Node]) -> None:
    plain, simple = pair
    assert plain.type is simple.type
    exact = exact_numbers(200)
    with exact.s.context():
        inputs = {n.attribute[0]: n.type.shape for p in pair for n in Graph({E: p}).inputs().values()}
        values = {}
        for label, shape in inputs.items():
            ones = exact.broadcast(exact.s.of(Fraction(3, 7) if label is X else Fraction(-5, 11)), shape)
            values[label] = ones
        a, b = evaluate([plain, simple], values, numbers=exact)
        for u, v in zip(getattr(a, "items", [a]), getattr(b, "items", [b]), strict=True):
            # Where the plain form has no value, simplification may give one.
            assert not u.is_finite() or u.overlaps(v)
