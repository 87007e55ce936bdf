"""Nodes as Python source, for programs people read and run: nothing but the standard library is needed.

Quantities become variables (`dEdw1`, `w1_new`), and a program defines exactly the functions it uses.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from fractions import Fraction

from chainrule.dataclasses import dataclass
from chainrule.errors import GraphError, ShapeError
from chainrule.node import Node, is_quantity, label_of, order
from chainrule.ops.types import show_shape
from chainrule.printing.expression import Dialect, Job, Substitute, call, expression, number_text
from chainrule.quantity import Change, Derivative, Element, Example, Memory, Name, Quantity, Updated, spell

_REFUSED = frozenset({*keyword.kwlist, "__debug__"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """What a program must import from `math`, and define, before it can call a function."""

    imports: tuple[str, ...] = ()
    source: str = ""
    builtins: tuple[str, ...] = ()

    def names(self, name: str) -> set[str]:
        """The names that no variable may take."""
        return {name, *self.imports, *self.builtins}


_SOFTPLUS = "max(z, 0) + log1p(exp(-abs(z)))"
_SIGMOID = "1 / (1 + exp(-z)) if z >= 0 else exp(z) / (1 + exp(z))"
# By the op's name. Each definition gives the reference evaluator's value where that is finite.
FUNCTIONS: dict[str, Function] = {
    **{name: Function(imports=(name,)) for name in ("exp", "log10", "sqrt", "sin", "cos", "tanh", "erf", "log", "pi")},
    **{name: Function(builtins=(name,)) for name in ("max", "min", "abs")},
    "e": Function(imports=("e",)),
    "sigmoid": Function(imports=("exp",), source=f"def sigmoid(z):\n    return {_SIGMOID}"),
    "softplus": Function(
        imports=("exp", "log1p"), builtins=("max", "abs"), source=f"def softplus(z):\n    return {_SOFTPLUS}"
    ),
    "relu": Function(builtins=("max",), source="def relu(z):\n    return max(z, 0)"),
    "leaky_relu": Function(builtins=("max",), source="def leaky_relu(z):\n    return max(z, 0.01 * z)"),
    "elu": Function(imports=("expm1",), source="def elu(z):\n    return z if z > 0 else expm1(z)"),
    "gelu": Function(imports=("erf", "sqrt"), source="def gelu(z):\n    return 1/2 * z * (1 + erf(z / sqrt(2)))"),
    "sign": Function(source="def sign(z):\n    return (z > 0) - (z < 0)"),
    "step": Function(source="def step(z):\n    return 1 if z > 0 else 0"),
    "stop_gradient": Function(),
    "softmax_unit": Function(
        imports=("exp",),
        builtins=("max", "sum"),
        source="def softmax(zs):\n    top = max(zs)\n    powers = [exp(z - top) for z in zs]\n"
        "    total = sum(powers)\n    return [power / total for power in powers]",
    ),
    "logsumexp_unit": Function(
        imports=("exp", "log"),
        builtins=("max", "sum"),
        source="def logsumexp(zs):\n    top = max(zs)\n    return top + log(sum([exp(z - top) for z in zs]))",
    ),
}
_OPERATORS = frozenset(
    {"const", "input", "name", "add", "sub", "mul", "div", "neg", "power", "where"}
    | {"greater", "less", "greater_equal", "less_equal", "equal", "not_equal"}
)


def preamble(nodes: Iterable[Node]) -> list[str]:
    """The import line and the functions that a program of these nodes needs, two empty lines apart.

    >>> from chainrule.node import input_node
    >>> from chainrule.ops.functions import TANH
    >>> preamble([TANH(input_node(Name("x")))])
    ['from math import tanh']
    """
    used = _used(nodes)
    imports = sorted({name for op in used for name in FUNCTIONS[op].imports})
    sources = [FUNCTIONS[op].source for op in used if FUNCTIONS[op].source]
    return [*([f"from math import {', '.join(imports)}"] if imports else []), *sources]


def reserved_names(nodes: Iterable[Node]) -> frozenset[str]:
    """The names of functions that a program of these nodes uses: no variable may take them."""
    glyphs = {"softmax_unit": "softmax", "logsumexp_unit": "logsumexp"}
    return frozenset(
        name for op in _used(nodes) for name in FUNCTIONS[op].names(glyphs.get(op, op)) if op != "stop_gradient"
    )


def _used(nodes: Iterable[Node]) -> list[str]:
    """The names of the ops that need a function, sorted; refuses what a program of numbers cannot hold."""
    found: set[str] = set()
    for current in nodes:
        _check(current)
        if current.op.name in FUNCTIONS:
            found.add(current.op.name)
    return sorted(found)


def _check(node: Node) -> None:
    if node.type.shape:
        what = f"{spell(label_of(node))} is" if is_quantity(node) else f"the formula has, in {node.op.name},"
        shape = show_shape(node.type.shape)
        raise ShapeError(
            f"{what} an array of shape {shape}, and the program is written in single numbers.",
            hint="Expand the problem unit by unit first.",
        )
    if node.op.name not in FUNCTIONS and node.op.name not in _OPERATORS:
        raise GraphError(f"found {node.op.glyph or node.op.name}, which the program cannot say in single numbers.")


def identifiers(quantities: Iterable[Quantity], *, reserved: Collection[str] = frozenset()) -> dict[Quantity, str]:
    """A variable for every quantity: readable, valid, different for each, and the same in every run.

    Later quantities give way to earlier ones, plain names come first.

    >>> w = Element(Name("W1"), (2, 1))
    >>> list(identifiers([Name("h1"), w, Derivative(Name("E"), w), Updated(w), Name("lambda")]).values())
    ['h1', 'W1_2_1', 'dEdW1_2_1', 'W1_2_1_new', 'lambda_']
    """
    wanted = list(dict.fromkeys(quantities))
    taken = set(reserved) | _REFUSED
    found: dict[Quantity, str] = {}
    for quantity in sorted(wanted, key=lambda q: not isinstance(q, Name)):  # stable
        name = free_name(identifier(quantity), taken)
        taken.add(name)
        found[quantity] = name
    return {quantity: found[quantity] for quantity in wanted}


def identifier(quantity: Quantity) -> str:
    """The variable a quantity would have if it were alone.

    >>> identifier(Example(Name("o1"), 2)), identifier(Updated(Name("E"), 100)), identifier(Change(Name("w5")))
    ('o1_ex2', 'E_at100', 'change_w5')
    """
    match quantity:
        case Name(text):
            return _valid(text)
        case Element(of, index):
            return "_".join([identifier(of), *map(str, index)])
        case Derivative(of, by, direct):
            return f"d{identifier(of)}d{identifier(by)}" + ("_direct" if direct else "")
        case Updated(of, 1):
            return f"{identifier(of)}_new"
        case Updated(of, -1):
            return f"{identifier(of)}_before"
        case Updated(of, times):
            return f"{identifier(of)}_at{times}"
        case Change(of):
            return f"change_{identifier(of)}"
        case Memory(of, name):
            return f"{name}_{identifier(of)}"
        case Example(of, number):
            return f"{identifier(of)}_ex{number}"


def free_name(name: str, taken: Collection[str]) -> str:
    """The name, or the first of name_, name_2, name_3, ... that is free."""
    if name not in taken:
        return name
    if f"{name}_" not in taken:
        return f"{name}_"
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"


def _valid(text: str) -> str:
    # Python itself reads identifiers in this normal form, so that two spellings could be one variable.
    name = re.sub(r"\W", "_", unicodedata.normalize("NFKC", text))
    return name if name.isidentifier() else f"_{name}"


def python_expression(node: Node, names: Mapping[Quantity, str], *, substitute: Substitute | None = None) -> str:
    """A node as a Python expression in these variables.

    Raises `ShapeError` for arrays and `GraphError` for a quantity without a variable.

    >>> from chainrule.node import input_node
    >>> x = input_node(Name("x"))
    >>> python_expression((1 - x) ** 2 * x / 3, {Name("x"): "x"})
    '(1 - x)**2 * x / 3'
    """
    for current in order([node], cut=lambda n: is_quantity(n)):
        _check(current)
    return expression(node, spell=lambda q: _look_up(names, q), substitute=substitute, dialect=PYTHON)


def python_number(value: Fraction) -> str:
    """A constant as Python writes it.

    >>> python_number(Fraction(1, 2)), python_number(Fraction(1, 100)), python_number(Fraction(-3))
    ('1/2', '0.01', '-3')
    """
    return number_text(value)


def _look_up(names: Mapping[Quantity, str], quantity: Quantity) -> str:
    if quantity not in names:
        raise GraphError(f"the quantity {spell(quantity)} has no variable in this program.")
    return names[quantity]


def _choice(node: Node) -> Sequence[Job]:
    condition, x, y = node.args
    return ["(", (x, 0, False), " if ", (condition, 0, False), " else ", (y, 0, False), ")"]


def _in_list(name: str, node: Node, after: str = "") -> Sequence[Job]:
    return [f"{name}(", *call("", node.args, brackets="[]"), f"){after}"]


PYTHON = Dialect(
    power="**",
    product=" * ",
    quotient=" / ",
    number=python_number,
    layouts={
        "where": _choice,
        "softmax_unit": lambda n: _in_list("softmax", n, f"[{n.attribute}]"),
        "logsumexp_unit": lambda n: _in_list("logsumexp", n),
        "stop_gradient": lambda n: ["(", (n.args[0], 0, False), ")"],
    },
)
