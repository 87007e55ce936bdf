"""exp, log and their relatives as instructions, the same for a single number and for a vector of them.

No call leaves the kernel, so that 16 numbers cost as much as one. Results are within a few units in the last place.
Sine and cosine are in `circular`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from fractions import Fraction
from math import inf, log, pi
from typing import Final

from chainrule.numbers.system import Scalars
from chainrule.targets.llvm.circular import circular
from chainrule.targets.llvm.coefficients import DOUBLE, SINGLE
from chainrule.targets.llvm.emit import Emitter, Value
from chainrule.targets.llvm.tables import has_tables, looked_up

_INVERSE_LN2: Final = 1.4426950408889634
_FARTHEST: Final = 6  # erf(6) is 1 in both widths


class Functions:
    """The functions of one emitter, on numbers and vectors alike."""

    def __init__(self, emitter: Emitter, *, vector_bytes: int = 0) -> None:
        self.e = emitter
        self.looks_up = has_tables(vector_bytes, emitter.real.size)
        self.table = DOUBLE if emitter.real.size == 8 else SINGLE
        self.shift = emitter.integer(emitter.real.mantissa)
        magic = 1.5 * 2.0**emitter.real.mantissa  # what is added to it is rounded to a whole number, in its lowest bits
        self.magic = emitter.constant(magic)
        self.magic_bits = emitter.integer(
            (self.table.bias + emitter.real.mantissa << emitter.real.mantissa) | 1 << emitter.real.mantissa - 1
        )
        self.one, self.zero = emitter.constant(1), emitter.constant(0)

    # -- arithmetic

    def add(self, x: Value, y: Value) -> Value:
        """x + y; a product in it is not rounded before it is added; of two, one by a constant."""
        x, y = self.real(x), self.real(y)
        for one, other in ((x, y), (y, x)):
            factors = self.e.products.get(one)
            if factors and (other not in self.e.products or any(number_of(factor) is not None for factor in factors)):
                return self.fma(*factors, other)
        return self.e.write("fadd", x, y)

    def sub(self, x: Value, y: Value) -> Value:
        """x - y, likewise."""
        x, y = self.real(x), self.real(y)
        if y in self.e.products and x not in self.e.products:
            factor, other = self.e.products[y]
            return self.fma(self.neg(factor), other, x)
        if x in self.e.products and y not in self.e.products:
            return self.fma(*self.e.products[x], self.neg(y))
        return self.e.write("fsub", x, y)

    def mul(self, x: Value, y: Value) -> Value:
        """x * y."""
        x, y = self.real(x), self.real(y)
        product = self.e.write("fmul", x, y)
        self.e.products[product] = (x, y)
        return product

    def div(self, x: Value, y: Value) -> Value:
        """x / y; what divides whole vectors, or the same in every round of a loop, is inverted once and multiplied."""
        x, y = self.real(x), self.real(y)
        if y.lanes == 1 and (x.lanes > 1 or x.level > y.level):
            return self.mul(x, self.e.write("fdiv", self.one, y))
        return self.e.write("fdiv", x, y)

    def neg(self, x: Value) -> Value:
        """-x."""
        x = self.real(x)
        low, high = self.bounds(x)
        return self._within(-high, -low, self.e.write("fneg", x))

    def fma(self, x: Value, y: Value, z: Value) -> Value:
        """x * y + z, rounded once where the machine can."""
        return self.e.intrinsic("fmuladd", x, y, z)

    def abs(self, x: Value) -> Value:
        """|x|."""
        return self._within(0, inf, self.e.intrinsic("fabs", self.real(x)))

    def sqrt(self, x: Value) -> Value:
        """The square root; nan below zero."""
        return self.e.intrinsic("sqrt", self.real(x))

    # -- comparisons

    def compare(self, predicate: str, x: Value | bool, y: Value | bool) -> Value:
        """A comparison; an ordered one is false where a number is nan."""
        return self.e.write(f"fcmp {predicate}", self.real(x), self.real(y), kind="condition")

    def where(self, condition: Value, x: Value | bool, y: Value | bool) -> Value:
        """x where the condition holds, else y."""
        one, other = _lifted(x), _lifted(y)
        if one.kind != other.kind:
            one, other = self.real(one), self.real(other)
        return self.e.select(condition, one, other)

    def larger(self, predicate: str, x: Value, y: Value) -> Value:
        """The one of two that compares so with the other, or nan."""
        x, y = self.real(x), self.real(y)
        x, y = (y, x) if number_of(x) is None else (x, y)
        first, limit = self.compare(predicate, x, y), number_of(x)
        if limit is None:
            return self.e.select(self.e.write("or", first, self.compare("uno", x, x)), x, y)
        chosen = self.e.select(first, x, y)  # one instruction
        return self._within(limit, inf, chosen) if predicate == "ogt" else self._within(-inf, limit, chosen)

    # -- bounds

    def bounds(self, x: Value) -> tuple[float, float]:
        """Between which numbers a value surely lies, unless it is nan: where that is little, less has to be done."""
        return self.e.bounds.get(x, (-inf, inf))

    def _within(self, low: float, high: float, x: Value) -> Value:
        self.e.bounds[x] = (low, high)
        return x

    def real(self, value: Value | bool) -> Value:
        """A real number; a condition is 1 or 0."""
        value = _lifted(value)
        return self.e.convert("uitofp", value, "real") if value.kind == "condition" else value

    # -- powers of e

    def exp(self, x: Value) -> Value:
        """e^x = 2^n e^r with x = n ln 2 + r; infinity above the largest, zero below the smallest."""
        x = self.real(x)
        if self.bounds(x)[1] <= 0:
            return self.exp_up_to_zero(x)
        half, rest = self._reduced(x, bounded=False)
        power = self.mul(self.fma(half, rest, half), self.e.constant(2))
        power = self.e.select(self._too_large(x), self.e.constant(inf), power)
        return self.e.select(self._too_small(x), self.zero, power)

    def exp_up_to_zero(self, x: Value) -> Value:
        """e^x for x <= 0, which needs less care."""
        x = self.real(x)
        scale, rest = self._reduced(x, bounded=True)
        return self._within(0, 1, self.e.select(self._too_small(x), self.zero, self.fma(scale, rest, scale)))

    def expm1(self, x: Value) -> Value:
        """e^x - 1 = 2 (h p + h - 1/2) with h = 2^(n-1) and p = e^r - 1: nothing cancels near zero."""
        x = self.real(x)
        if self.bounds(x)[1] <= 0:
            scale, rest = self._reduced(x, bounded=True)
            return self.fma(scale, rest, self.e.write("fsub", scale, self.one))
        half, rest = self._reduced(x, bounded=False)
        lowered = self.e.write("fsub", half, self.e.constant(Fraction(1, 2)))
        result = self.mul(self.e.constant(2), self.fma(half, rest, lowered))
        return self.e.select(self._too_large(x), self.e.constant(inf), result)

    def _too_large(self, x: Value) -> Value:
        return self.compare("ogt", x, self.e.constant(self.table.most))

    def _too_small(self, x: Value) -> Value:
        return self.compare("olt", x, self.e.constant(self.table.least))

    def _reduced(self, x: Value, *, bounded: bool) -> tuple[Value, Value]:
        """2^(n-1) - or 2^n if x is bounded by zero - and e^r - 1 = r + r^2 q(r) for x = n ln 2 + r."""
        e, table = self.e, self.table
        x = e.select(self._too_small(x), e.constant(table.least), x)
        if not bounded:
            x = e.select(self._too_large(x), e.constant(table.most), x)
        shifted = self.fma(x, e.constant(_INVERSE_LN2), self.magic)
        n = e.write("fsub", shifted, self.magic)
        r = self.fma(n, e.constant(-table.ln2_low), self.fma(n, e.constant(-table.ln2_high), x))
        p = self.fma(e.write("fmul", r, r), self.polynomial(r, table.exp), r)
        return self._power_of_two(shifted, table.bias if bounded else table.bias - 1), p

    def _power_of_two(self, shifted: Value, bias: int) -> Value:
        """2^n for the n in the lowest bits of what was rounded by adding `magic`."""
        bits = self.e.write("sub", self.e.convert("bitcast", shifted, "integer"), self.magic_bits)
        return self.e.convert(
            "bitcast", self.e.write("shl", self.e.write("add", bits, self.e.integer(bias)), self.shift), "real"
        )

    def sigmoid(self, x: Value, *, short: bool = False) -> Value:
        """1/(1 + e^-x), by polynomials in registers where the machine has them; a short one is within 2e-7."""
        x = self.real(x)
        if self.looks_up:
            return looked_up(self.e, "sigmoid", x, lambda inner, z: Functions(inner)._sigmoid(z), short=short)
        return self._sigmoid(x)

    def _sigmoid(self, x: Value) -> Value:
        """1/(1 + e^-x), the power as 2^n P(r) with -x = n ln 2 + r, and 1 + it in one step: few ops wait for another.

        Where the power is too small or too large to be a number its parts are replaced before they are joined, beside
        the chain of ops that the result waits for: 1.2 times the updates a second of a network with two layers.
        """
        e, table = self.e, self.table
        shifted = self.fma(x, e.constant(-_INVERSE_LN2), self.magic)
        n = e.write("fsub", shifted, self.magic)
        far = self.compare("ogt", self.abs(x), e.constant(-table.least))
        limit = e.select(self.compare("olt", x, self.zero), e.constant(inf), self.zero)
        scale = e.select(far, limit, self._power_of_two(shifted, table.bias))
        if e.real.size == 4:  # at most 126 times what is missing from ln 2: 2 units in the last place
            r = e.select(far, self.zero, self.fma(n, e.constant(-log(2)), self.neg(x)))
            return self.div(self.one, self.fma(self.polynomial(r, (1, 1, *table.exp)), scale, self.one))
        r = self.fma(n, e.constant(-table.ln2_low), self.fma(n, e.constant(-table.ln2_high), self.neg(x)))
        r = e.select(far, self.one, r)  # not zero, which times an infinite scale is no number
        rest = self.fma(e.write("fmul", r, r), self.polynomial(r, table.exp), r)
        return self.div(self.one, self.fma(scale, rest, e.write("fadd", scale, self.one)))

    def tanh(self, x: Value) -> Value:
        """The hyperbolic tangent, likewise."""
        x = self.real(x)
        if self.looks_up:
            return looked_up(self.e, "tanh", x, lambda inner, z: Functions(inner)._tanh(z))
        return self._tanh(x)

    def _tanh(self, x: Value) -> Value:
        """-m/(2 + m) with m = e^(-2|x|) - 1, and the sign of x."""
        m = self.expm1(self._within(-inf, 0, self.e.write("fmul", self.abs(x), self.e.constant(-2))))
        size = self.div(self.neg(m), self.e.write("fadd", self.e.constant(2), m))
        return self.e.intrinsic("copysign", size, x)

    # -- logarithms

    def log(self, x: Value) -> Value:
        """ln(2^k m) = k ln 2 + ln(1 + f), 1 + f = m between sqrt(1/2) and sqrt(2); s = f/(2 + f)."""
        e, table = self.e, self.table
        x = self.real(x)
        bits = e.convert("bitcast", x, "integer")
        exponent = e.write("ashr", e.write("sub", bits, e.integer(table.root_half)), self.shift)
        m = e.convert("bitcast", e.write("sub", bits, e.write("shl", exponent, self.shift)), "real")
        k = e.write("fsub", e.convert("bitcast", e.write("add", exponent, self.magic_bits), "real"), self.magic)
        f = e.write("fsub", m, self.one)
        s = self.div(f, e.write("fadd", e.constant(2), f))
        z = e.write("fmul", s, s)
        halved = e.write("fmul", e.constant(Fraction(1, 2)), e.write("fmul", f, f))
        series = e.write("fmul", z, self.polynomial(z, table.log))
        inner = self.fma(s, e.write("fadd", halved, series), e.write("fmul", k, e.constant(table.ln2_low)))
        value = self.fma(k, e.constant(table.ln2_high), e.write("fsub", f, e.write("fsub", halved, inner)))
        value = e.select(self.compare("oeq", x, e.constant(inf)), x, value)
        value = e.select(self.compare("oeq", x, self.zero), e.constant(-inf), value)
        return e.select(self.compare("oge", x, self.zero), value, e.constant(float("nan")))

    def log1p(self, x: Value) -> Value:
        """ln(u) + (x - (u - 1))/u with u = 1 + x rounded: the second term is what rounding lost.

        From 0 to 1 it is the series alone, with s = x/(2 + x): that is where softplus needs it.
        """
        e = self.e
        x = self.real(x)
        low, high = self.bounds(x)
        if low >= 0 and high <= 1:
            s = self.div(x, e.write("fadd", e.constant(2), x))
            z = e.write("fmul", s, s)
            series = self.fma(z, self.polynomial(z, self.table.log1p), e.constant(2))
            return e.write("fmul", s, series)
        u = e.write("fadd", self.one, x)
        lost = self.div(e.write("fsub", x, e.write("fsub", u, self.one)), u)
        lost = e.select(self.compare("ord", lost, lost), lost, self.zero)
        return e.write("fadd", self.log(u), lost)

    def log10(self, x: Value) -> Value:
        """ln(x)/ln(10)."""
        return self.mul(self.log(x), self.e.constant(1 / log(10)))

    # -- others

    def erf(self, x: Value) -> Value:
        """x P(x^2) up to 1, from there 1 - e^(-x^2) Q(2/(2 + |x|)), with the sign of x."""
        e, table = self.e, self.table
        x = self.real(x)
        size = self.abs(x)
        inside = e.write("fmul", x, self.polynomial(e.write("fmul", x, x), table.erf))
        far = e.constant(_FARTHEST)
        size = e.select(self.compare("ogt", size, far), far, size)
        two = e.constant(2)
        t = self.div(two, e.write("fadd", two, size))
        power = self.exp_up_to_zero(self.neg(e.write("fmul", size, size)))
        outside = e.write("fsub", self.one, e.write("fmul", power, self.polynomial(t, table.erfc)))
        outside = e.intrinsic("copysign", outside, x)
        return e.select(self.compare("ogt", size, self.one), outside, inside)

    def power(self, x: Value, y: Value) -> Value:
        """e^(y ln|x|), with the sign and the special cases of C's pow; short products for 2, 3, 4, -1 and 1/2."""
        e, x, y = self.e, self.real(x), self.real(y)
        known = {e.constant(k).text: k for k in (2, 3, 4, -1, 1)}
        match known.get(y.text):
            case 1:
                return x
            case 2:
                return self.mul(x, x)
            case 3:
                return self.mul(self.mul(x, x), x)
            case 4:
                square = self.mul(x, x)
                return self.mul(square, square)
            case -1:
                return self.div(self.one, x)
        base = number_of(x)
        if base is not None and base > 0:
            return self.exp(e.write("fmul", y, e.constant(log(base))))
        return self._general_power(x, y)

    def _general_power(self, x: Value, y: Value) -> Value:
        e = self.e
        if e.real.size == 4:  # y ln x has few correct bits left after the point
            wide = Functions(e.wider())
            return e.narrowed(wide._general_power(e.widened(x), e.widened(y)))
        size = self.exp(e.write("fmul", y, self.log(self.abs(x))))
        whole = self.compare("oeq", e.intrinsic("floor", y), y)
        halved = e.write("fmul", y, e.constant(Fraction(1, 2)))
        odd = e.write("and", whole, self.compare("one", e.intrinsic("floor", halved), halved))
        negative = self.compare("olt", e.intrinsic("copysign", self.one, x), self.zero)
        signed = e.select(e.write("and", negative, odd), self.neg(size), size)
        fraction = e.write("and", self.compare("olt", x, self.zero), e.write("xor", whole, Value("true", "condition")))
        finite = self.compare("olt", self.abs(x), e.constant(inf))
        signed = e.select(e.write("and", fraction, finite), e.constant(float("nan")), signed)
        unit = self.compare("oeq", self.abs(x), self.one)
        endless = e.write("and", unit, self.compare("oeq", self.abs(y), e.constant(inf)))
        always = e.write("or", self.compare("oeq", y, self.zero), self.compare("oeq", x, self.one))
        return e.select(e.write("or", always, endless), self.one, signed)

    def polynomial(self, x: Value, coefficients: Sequence[float]) -> Value:
        """By Estrin's scheme: neighbours are joined with x, the pairs with x^2, and so on, side by side."""
        terms = [self.e.constant(c) for c in coefficients]
        while len(terms) > 1:
            joined = [self.fma(terms[k + 1], x, terms[k]) for k in range(0, len(terms) - 1, 2)]
            terms = joined + terms[2 * len(joined) :]
            if len(terms) > 1:
                x = self.e.write("fmul", x, x)
        return terms[0]


def number_of(x: Value) -> float | None:
    """The value of a constant that is written as a decimal number."""
    try:
        return float(x.text)
    except ValueError:
        return None


def scalars_of(emitter: Emitter, *, vector_bytes: int = 0) -> Scalars:
    """The number system whose functions write instructions; each says the same as that of `numbers.floats`.

    With the width of the machine's vectors, some are looked up in its registers.
    """
    f = Functions(emitter, vector_bytes=vector_bytes)
    return Scalars(
        name="llvm", of=emitter.constant, add=f.add, sub=f.sub, mul=f.mul, div=f.div, neg=f.neg, power=f.power,
        exp=f.exp, expm1=f.expm1, log=f.log, log1p=f.log1p, log10=f.log10, sqrt=f.sqrt,
        sin=lambda x: circular(emitter, "sin", f.real(x)), cos=lambda x: circular(emitter, "cos", f.real(x)),
        tanh=f.tanh, sigmoid=f.sigmoid, erf=f.erf, abs=f.abs,
        max=lambda x, y: f.larger("ogt", x, y), min=lambda x, y: f.larger("olt", x, y),
        less=lambda x, y: f.compare("olt", x, y), less_equal=lambda x, y: f.compare("ole", x, y),
        equal=lambda x, y: f.compare("oeq", x, y), where=f.where, pi=lambda: emitter.constant(pi),
        vectorised=True, context=nullcontext,
    )  # fmt: skip


def _lifted(value: Value | bool) -> Value:
    return Value("true" if value else "false", "condition") if isinstance(value, bool) else value
