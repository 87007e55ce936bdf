"""LLVM instructions as a number system: evaluating a graph with it writes the program that would evaluate it.

So every op whose value rule is written over numbers has native code at once, element by element, and in the order of
the reference evaluator; there is no second table of ops that could differ from the first.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from fractions import Fraction
from math import pi
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from chainrule.numbers.floats import FLOAT_SCALARS
from chainrule.numbers.system import Scalars

DType: TypeAlias = Literal["float64", "float32"]
_READABLE: Final = re.compile(r"-?\d+\.\d+")

# Ops that have no native code, and why. A test demands that all others have.
WITHOUT_NATIVE_CODE: Final = {"uniform": "its key would have to be known while the code is written"}
# Functions of the C library; the `llvm.` ones become instructions.
_LIBRARY: Final = ("exp", "expm1", "log", "log1p", "log10", "sin", "cos", "tanh", "erf")


class Value(NamedTuple):
    """A register or a constant, and whether it is a real number or a condition."""

    text: str
    kind: Literal["real", "condition"] = "real"


@dataclass(frozen=True, slots=True)
class Real:
    """A floating-point type: its name in IR, the ending of C's functions for it, and that of LLVM's."""

    name: str
    c_ending: str
    llvm_ending: str
    size: int


REALS: Final = {"float64": Real("double", "", "f64", 8), "float32": Real("float", "f", "f32", 4)}


class Emitter:
    """The instructions of one basic block; an instruction that is there already is not written again."""

    def __init__(self, dtype: DType) -> None:
        self.real = REALS[dtype]
        self.lines: list[str] = []
        self.declared: dict[str, str] = {}  # function -> its declaration
        self._written: dict[str, Value] = {}

    def constant(self, value: Fraction | int | float) -> Value:
        """A number, rounded once to the type."""
        number = FLOAT_SCALARS.of(value)
        if self.real.size == 4:
            number = _single(number)
        text = repr(number)
        return Value(text if _READABLE.fullmatch(text) else f"0x{struct.pack('>d', number).hex().upper()}")

    def write(self, instruction: str, kind: Literal["real", "condition"] = "real") -> Value:
        """The register that holds the result of an instruction."""
        found = self._written.get(instruction)
        if found is None:
            found = self._written[instruction] = Value(f"%v{len(self._written)}", kind)
            self.lines.append(f"{found.text} = {instruction}")
        return found

    def as_real(self, value: Value | bool) -> Value:
        """A real number; a condition is 1 or 0."""
        value = _lifted(value)
        if value.kind == "real":
            return value
        return self.write(f"uitofp i1 {value.text} to {self.real.name}")

    def binary(self, instruction: str) -> Callable[[Value, Value], Value]:
        """An instruction on two real numbers."""

        def emit(x: Value, y: Value) -> Value:
            return self.write(f"{instruction} {self.real.name} {self.as_real(x).text}, {self.as_real(y).text}")

        return emit

    def compare(self, predicate: str) -> Callable[[Value, Value], Value]:
        """A comparison; it is false where a number is nan."""

        def emit(x: Value, y: Value) -> Value:
            left, right = self.as_real(x).text, self.as_real(y).text
            return self.write(f"fcmp {predicate} {self.real.name} {left}, {right}", "condition")

        return emit

    def call(self, name: str, *args: Value) -> Value:
        """A function of real numbers: one of the C library, or of LLVM itself."""
        type_ = self.real.name
        full = f"{name}.{self.real.llvm_ending}" if name.startswith("llvm.") else name + self.real.c_ending
        self.declared[full] = f"declare {type_} @{full}({', '.join([type_] * len(args))})"
        return self.write(f"call {type_} @{full}({', '.join(f'{type_} {self.as_real(x).text}' for x in args)})")

    def select(self, condition: Value, x: Value | bool, y: Value | bool) -> Value:
        """`x` where the condition holds, else `y`; both are evaluated."""
        one, other = _lifted(x), _lifted(y)
        if one.kind != other.kind:
            one, other = self.as_real(one), self.as_real(other)
        type_ = self.real.name if one.kind == "real" else "i1"
        return self.write(f"select i1 {condition.text}, {type_} {one.text}, {type_} {other.text}", one.kind)


def scalars_of(emitter: Emitter) -> Scalars:
    """The number system whose functions write instructions; each says the same as that of `numbers.floats`."""
    e = emitter
    one, two = e.constant(1), e.constant(2)
    div, mul, greater, less = e.binary("fdiv"), e.binary("fmul"), e.compare("ogt"), e.compare("olt")

    def larger_by(better: Callable[[Value, Value], Value]) -> Callable[[Value, Value], Value]:
        def emit(x: Value, y: Value) -> Value:
            nan = e.compare("uno")(x, x)
            first = e.write(f"or i1 {better(x, y).text}, {nan.text}", "condition")
            return e.select(first, e.as_real(x), e.as_real(y))

        return emit

    def power(x: Value, y: Value) -> Value:
        return mul(x, x) if y == two else e.call("pow", x, y)

    def sigmoid(x: Value) -> Value:
        # e^-|x| never overflows: 1/(1 + it) from zero up, it/(1 + it) below.
        small = e.call("exp", neg(absolute(x)))
        above = e.select(e.compare("oge")(x, e.constant(0)), one, small)
        return div(above, e.binary("fadd")(one, small))

    def neg(x: Value) -> Value:
        return e.write(f"fneg {e.real.name} {e.as_real(x).text}")

    def absolute(x: Value) -> Value:
        return e.call("llvm.fabs", x)

    def function(name: str) -> Callable[[Value], Value]:
        return lambda x: e.call(name, x)

    library: dict[str, Any] = {name: function(name) for name in _LIBRARY}
    return Scalars(
        name="llvm", of=e.constant, add=e.binary("fadd"), sub=e.binary("fsub"), mul=mul, div=div, neg=neg,
        power=power, sqrt=lambda x: e.call("llvm.sqrt", x), sigmoid=sigmoid, abs=absolute, max=larger_by(greater),
        min=larger_by(less), less=less, less_equal=e.compare("ole"), equal=e.compare("oeq"), where=e.select,
        pi=lambda: e.constant(pi), context=nullcontext, **library,
    )  # fmt: skip


def _lifted(value: Value | bool) -> Value:
    return Value("true" if value else "false", "condition") if isinstance(value, bool) else value


def _single(value: float) -> float:
    try:
        result: float = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
    return result
